//! The properties of the fuzz targets on bytes made here: noise, and well-formed bytes with damage done to them.

#[path = "../../fuzz/properties.rs"]
mod properties;

use nebulusdb::merge::{Posting, PostingTree, WriteContext, insert};
use nebulusdb::model::{
    Act, Buckets, Bytes, Charter, CharterDigest, Contribution, Delta, Edict, EntryRights, Founding, Given, Head, Hlc,
    PeerId, PostingProof, Run,
};
use nebulusdb::store::{encode_body, encode_contributions};
use nebulusdb::sync::protocol::message::{
    Digests, EpochKey, EpochNews, FetchAnswer, FetchRequest, FetchResponse, Heartbeat, KeysRequest, KeysResponse,
    MemberNews, Members, Message, Operation, ReconcileAnswer, ReconcileAsk, ReconcileRequest, ReconcileResponse,
    Stability, StabilityMark, SyncRequest, Vote, Votes, Want, WireDigest, WireSecret,
};
use nebulusdb::sync::{Assembler, encode};
use nebulusdb::types::Value;

/// Every kind of edict.
fn epoch_news(a: &PeerId, b: &PeerId) -> EpochNews {
    let founding = Founding { founder: a.clone(), nonce: [1; 16], signature: Bytes::new([2; 64]) };
    let acts = [
        Act::AddOwner { peer: b.clone() },
        Act::DropOwner { peer: b.clone(), keeps: vec![[3; 16]], posted: 7 },
        Act::Rights { collection: "notes".into(), rights: EntryRights::default(), before: vec![(b.clone(), 4)] },
        Act::Excuse { peer: b.clone(), is_excused: true },
        Act::Succeed { peer: b.clone() },
        Act::Epoch { number: 2, commitment: [4; 32], removed: vec![b.clone()], known: [5; 16] },
    ];
    let edicts =
        (1..).zip(acts).map(|(number, act)| Edict { number, signer: a.clone(), act, signature: Bytes::new([6; 64]) });
    let secret = Some(EpochKey { epoch: 2, salt: [7; 16], secret: WireSecret("a new secret".into()) });
    EpochNews { charter: Charter { edicts: edicts.collect(), ..Charter::new(founding) }, secret }
}

/// Inputs for each property.
const ROUNDS: u64 = 20_000;

/// xorshift64*: the same inputs in each run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// Some bytes changed, cut off, doubled or put in.
    fn damage(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 if !bytes.is_empty() => bytes[at] = self.next() as u8,
                1 => bytes.truncate(at),
                2 => bytes.insert(at, self.next() as u8),
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    }
}

fn check(property: fn(&[u8]), good: &[Vec<u8>]) {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for each in good {
        property(each);
    }
    for round in 0..ROUNDS {
        let length = noise.below(300);
        let bytes = match round % 4 {
            0 => noise.bytes(length),
            _ => {
                let which = noise.below(good.len());
                noise.damage(&good[which])
            }
        };
        property(&bytes);
    }
}

fn body() -> Vec<u8> {
    let fields = [
        ("name".to_string(), Value::text("one")),
        ("$vector".to_string(), Value::Vector(vec![1.0, 2.0].into())),
        ("tags".to_string(), Value::Json(r#"{"a": [1, null, "x"]}"#.into())),
        ("count".to_string(), Value::Int8(7)),
        ("gone".to_string(), Value::Null),
    ];
    let state = insert(None, fields, &WriteContext { hlc: Hlc::new(10, 0), peer_id: PeerId::new("a") });
    encode_body("memory", b"key", &state).expect("a body")
}

fn messages() -> Vec<Message> {
    let (a, b) = (PeerId::new("a"), PeerId::new("b"));
    let head = Head { origin: a.clone(), seq: 3, hash: [7; 32], signature: Bytes::new(vec![1; 64]) };
    let deltas = (1..4).map(|seq| Delta {
        seq,
        signature: (seq == 3).then(|| Bytes::new(vec![2; 96])),
        body: Bytes::new(body()),
    });
    let run = Run { origin: a.clone(), deltas: deltas.collect() };
    let digest = WireDigest { bucket: 5, key_hash: [1; 8], digest: [2; 16], clock: vec![(0, 9), (1, 2)] };
    vec![
        Message::SyncRequest(SyncRequest {
            number: 1,
            wants: vec![Want { origin: a.clone(), from_seq: 1 }],
            bytes_max: 1 << 20,
        }),
        Message::Operation(Operation { runs: vec![run], pushed_to: vec![1, 2] }),
        Message::Heartbeat(Heartbeat {
            digest: [3; 16],
            heads: vec![head],
            complete: true,
            wants_heads: false,
            collections: 1,
            members: 2,
            charter: CharterDigest { founding: 1, edicts: 2 },
            ask: 3,
            answer: 0,
            clock_ms: 4,
            early: None,
        }),
        Message::Stability(Stability {
            round: 1,
            members: 2,
            contributed: Bytes::new(vec![3]),
            marks: vec![StabilityMark { origin: a.clone(), least: 1, greatest: 2 }],
            whole: vec!["live".into(), "memory".into()],
        }),
        Message::Epoch(epoch_news(&a, &b)),
        Message::ReconcileRequest(ReconcileRequest {
            number: 4,
            ask: ReconcileAsk::Tree { collection: "memory".into(), level: 1, nodes: vec![1, 2, 15] },
        }),
        Message::ReconcileRequest(ReconcileRequest {
            number: 5,
            ask: ReconcileAsk::Digests {
                collection: "memory".into(),
                buckets: Buckets::listed(&[1, 9]),
                after: None,
                until: Some(Bytes::new(vec![4])),
            },
        }),
        Message::ReconcileRequest(ReconcileRequest {
            number: 6,
            ask: ReconcileAsk::NextPage { collection: "memory".into() },
        }),
        Message::ReconcileResponse(ReconcileResponse {
            number: 4,
            answer: ReconcileAnswer::Digests(Digests {
                origins: vec![a, b],
                digests: vec![digest],
                next: Some(Bytes::new(vec![3])),
            }),
        }),
    ]
}

/// Those about entries that others hold.
fn messages_about_fetching() -> Vec<Message> {
    let head = Head { origin: PeerId::new("a"), seq: 3, hash: [7; 32], signature: Bytes::new(vec![1; 64]) };
    vec![
        Message::FetchRequest(FetchRequest {
            number: 5,
            collection: "memory".into(),
            keys: vec![Bytes::new(vec![7, 8])],
        }),
        Message::FetchResponse(FetchResponse {
            number: 5,
            heads: vec![head],
            answers: vec![
                FetchAnswer::Found { body: Bytes::new(vec![9]), contributions: Bytes::new(vec![8]), is_whole: true },
                FetchAnswer::Absent,
                FetchAnswer::Unknown,
            ],
            postings: vec![PostingProof { origin: PeerId::new("a"), last: 3, record: Bytes::new(vec![7; 200]) }],
        }),
        Message::KeysRequest(KeysRequest {
            number: 6,
            collection: "memory".into(),
            members: 7,
            within: Buckets::held_by(&PeerId::new("c"), [PeerId::new("d")].iter(), 1),
            after: Some(Bytes::new(vec![7, 8])),
        }),
        Message::KeysResponse(KeysResponse {
            number: 6,
            copies: Some(2),
            keys: vec![Bytes::new(vec![7, 9]), Bytes::new(vec![8])],
            is_more: true,
        }),
    ]
}

/// Those that members sign.
fn messages_of_members() -> Vec<Message> {
    let signature = Bytes::new(vec![5; 64]);
    let addresses = vec!["/ip4/192.0.2.1/tcp/4001".to_string()];
    vec![
        Message::Members(Members {
            members: vec![MemberNews { peer: PeerId::new("a"), named_ms: 7, addresses, signature: signature.clone() }],
        }),
        Message::Votes(Votes {
            round: 3,
            members: 2,
            digest: [6; 32],
            signers: Bytes::new(vec![3]),
            votes: vec![Vote { position: 1, signature }],
        }),
    ]
}

fn all_messages() -> Vec<Message> {
    [messages(), messages_about_fetching(), messages_of_members()].concat()
}

#[test]
fn messages_hold_against_any_bytes() {
    let frames: Vec<Vec<u8>> = all_messages().iter().flat_map(|message| encode(message).expect("frames")).collect();
    for (frame, message) in frames.iter().zip(all_messages()) {
        assert_eq!(Assembler::new().push(frame).expect("a message"), Some(message));
    }
    check(properties::message, &frames);
}

#[test]
fn streams_of_frames_hold_against_any_bytes() {
    let mut stream = Vec::new();
    for frame in all_messages().iter().flat_map(|message| encode(message).expect("frames")) {
        stream.extend(u16::try_from(frame.len()).expect("a short frame").to_le_bytes());
        stream.extend(frame);
    }
    check(properties::stream, &[stream]);
}

#[test]
fn engines_hold_against_any_conversation() {
    let frames: Vec<Vec<u8>> = all_messages().iter().flat_map(|message| encode(message).expect("frames")).collect();
    let mut conversations = Vec::new();
    for turn in 0..4 {
        let mut conversation = Vec::new();
        for (number, frame) in (turn..).zip(&frames) {
            conversation.push(number);
            conversation.extend(u16::try_from(frame.len()).expect("a short frame").to_le_bytes());
            conversation.extend(frame);
        }
        conversations.push(conversation);
    }
    check(properties::conversation, &conversations);
}

#[test]
fn deltas_hold_against_any_bytes() {
    let fields = [("ratio".to_string(), Value::Float8(f64::NAN)), ("part".to_string(), Value::Float4(-0.0))];
    let state = insert(None, fields, &WriteContext { hlc: Hlc::new(10, 0), peer_id: PeerId::new("a") });
    let not_a_number = encode_body("memory", b"key", &state).expect("a body");
    check(properties::delta, &[body(), not_a_number]);
}

#[test]
fn proofs_hold_against_any_bytes() {
    let leaves = (0..9).map(|number| [number; 32]).collect();
    let tree = PostingTree::new(4, leaves).expect("a tree");
    let whole = Posting { legacy_end: 3, link: [1; 32], root: tree.root(), signature: [2; 64], tree };
    let given = |seq| Contribution {
        origin: PeerId::new("a"),
        seq,
        begins: false,
        causal_length: 1,
        timestamp: Hlc::new(10, 0),
        peer_id: PeerId::new("b"),
        fields: vec![Given::Live("name".to_string()), Given::Overwritten([3; 32])],
    };
    let contributions = encode_contributions(&[given(4), given(9)]).expect("contributions");
    check(properties::proof, &[whole.to_bytes(), whole.prove(&[5, 11]).to_bytes(), contributions]);
}

#[test]
fn statements_hold_against_any_bytes() {
    let golden = include_str!("../golden/knirvql/statements.txt");
    let statements: Vec<Vec<u8>> =
        golden.lines().filter_map(|line| line.strip_prefix("> ")).map(|text| text.as_bytes().to_vec()).collect();
    assert!(statements.len() > 50);
    check(properties::statement, &statements);
}

//! The properties of the fuzz targets on bytes made here: noise, and well-formed bytes with damage done to them.

#[path = "../../fuzz/properties.rs"]
mod properties;

use nebulusdb::merge::{WriteContext, insert};
use nebulusdb::model::{Buckets, Bytes, Delta, Head, Hlc, PeerId, Run, Value};
use nebulusdb::store::encode_body;
use nebulusdb::sync::message::{
    Digests, EpochNews, FetchAnswer, FetchRequest, FetchResponse, Heartbeat, KeysRequest, KeysResponse, Message,
    Operation, ReconcileAnswer, ReconcileAsk, ReconcileRequest, ReconcileResponse, SecretText, Stability,
    StabilityMark, SyncRequest, Want, WireDigest,
};
use nebulusdb::sync::{Assembler, encode};

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
        Message::Epoch(EpochNews { epoch: 2, secret: SecretText("a new secret".into()), removed: vec![b.clone()] }),
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
                FetchAnswer::Found { body: Bytes::new(vec![9]), is_whole: true },
                FetchAnswer::Absent,
                FetchAnswer::Unknown,
            ],
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

fn all_messages() -> Vec<Message> {
    [messages(), messages_about_fetching()].concat()
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
fn deltas_hold_against_any_bytes() {
    let fields = [("ratio".to_string(), Value::Float8(f64::NAN)), ("part".to_string(), Value::Float4(-0.0))];
    let state = insert(None, fields, &WriteContext { hlc: Hlc::new(10, 0), peer_id: PeerId::new("a") });
    let not_a_number = encode_body("memory", b"key", &state).expect("a body");
    check(properties::delta, &[body(), not_a_number]);
}

#[test]
fn statements_hold_against_any_bytes() {
    let golden = include_str!("../golden/knirvql/statements.txt");
    let statements: Vec<Vec<u8>> =
        golden.lines().filter_map(|line| line.strip_prefix("> ")).map(|text| text.as_bytes().to_vec()).collect();
    assert!(statements.len() > 50);
    check(properties::statement, &statements);
}

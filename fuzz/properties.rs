//! What has to hold for any bytes that come from outside: nothing panics, and what could be read can be written again and
//! read as the same. Run by the fuzz targets beside this file, and on made-up bytes by the tests.

use nebulusdb::knirvql;
use nebulusdb::merge::Posting;
use nebulusdb::model::{CharterDigest, NetworkId, NetworkOptions, PeerId, Placement};
use nebulusdb::store::{DeltaBody, decode_contributions, decode_state, encode_body, encode_contributions};
use nebulusdb::sync::{Assembler, Engine, EngineAction, EngineConfig, EngineInput, Tuning, encode};

/// A frame of a message between members, and the message.
pub fn message(bytes: &[u8]) {
    let mut assembler = Assembler::new();
    let Ok(Some(message)) = assembler.push(bytes) else { return };
    let frames = encode(&message).expect("what was read can be written");
    let mut again = Assembler::new();
    let mut read = None;
    for frame in &frames {
        read = again.push(frame).expect("what was written can be read");
    }
    assert_eq!(read.as_ref(), Some(&message));
}

/// Several frames of one stream, one after the other: each two bytes of length, then the frame.
pub fn stream(mut bytes: &[u8]) {
    let mut assembler = Assembler::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (frame, rest) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
        if assembler.push(frame).is_err() {
            return;
        }
        bytes = rest;
    }
}

/// What two members say to an engine: each time a byte that says who speaks and how much later, two bytes of length, and the
/// frame. What the engine says to that can be sent.
pub fn conversation(mut bytes: &[u8]) {
    let peers = ["a", "b"].map(PeerId::new);
    let config = EngineConfig {
        this: PeerId::new("this"),
        network: NetworkId(1),
        options: NetworkOptions::default(),
        epoch: 3,
        removed: Vec::new(),
        charter: CharterDigest::default(),
        is_owner: false,
        owners: Vec::new(),
        excused: Vec::new(),
        awaits_founder: false,
        collections: Vec::new(),
        shapes: Vec::new(),
        partial: Vec::new(),
        placement: Placement::default(),
        is_returning: false,
        tuning: Tuning::default(),
        seed: 1,
    };
    let (mut now_ms, mut actions) = (1_700_000_000_000, Vec::new());
    let mut engine = Engine::new(config, Vec::new(), Vec::new(), now_ms);
    for (peer, epoch) in peers.iter().zip([3, 3]) {
        engine.handle(now_ms, EngineInput::PeerUp { peer: peer.clone(), epoch, addresses: Vec::new() }, &mut actions);
    }
    while let Some((&[who, low, high], rest)) = bytes.split_first_chunk() {
        let (frame, rest) = rest.split_at(usize::from(u16::from_le_bytes([low, high])).min(rest.len()));
        bytes = rest;
        let peer = peers[usize::from(who & 1)].clone();
        let input = match Assembler::new().push(frame) {
            Ok(Some(message)) => EngineInput::Received { peer, message, bytes: frame.len() },
            Ok(None) => continue,
            Err(_) => EngineInput::Malformed { peer },
        };
        now_ms += u64::from(who) * 16;
        engine.handle(now_ms, input, &mut actions);
        assert!(engine.next_tick_ms() > now_ms, "it is woken without end");
        for action in actions.drain(..) {
            if let EngineAction::Send { message, .. } = action {
                encode(&message).expect("what is said can be sent");
            }
        }
    }
}

/// The body of a delta, and the state in it.
pub fn delta(bytes: &[u8]) {
    let Ok(body) = DeltaBody::parse(bytes) else { return };
    let Ok(state) = decode_state(body.state) else { return };
    let written = encode_body(body.collection, body.key, &state).expect("what was read can be written");
    let again = DeltaBody::parse(&written).expect("what was written can be taken apart");
    assert_eq!((again.collection, again.key), (body.collection, body.key));
    let again = decode_state(again.state).expect("what was written can be read");
    assert!(again.has_fields_of(&state), "{again:?} {state:?}");
    assert_eq!(encode_body(body.collection, body.key, &again).expect("what was read can be written"), written);
}

/// What comes with a state: the deltas that it is made of, and what proves a posting.
pub fn proof(bytes: &[u8]) {
    if let Ok(posting) = Posting::parse(bytes) {
        assert_eq!(posting.to_bytes(), bytes, "a posting has one form");
        let last = posting.tree.last();
        let part = posting.prove(&[last]);
        assert_eq!(part.tree.root(), posting.tree.root());
        assert_eq!(part.tree.leaf(last), posting.tree.leaf(last));
    }
    if let Ok(contributions) = decode_contributions(bytes) {
        let written = encode_contributions(&contributions).expect("what was read can be written");
        assert_eq!(decode_contributions(&written).expect("what was written can be read"), contributions);
    }
}

/// A statement of KNIRVQL. Its printed form hides secrets, so that only those without one are read again.
pub fn statement(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(statement) = knirvql::parse(text) else { return };
    let printed = statement.to_string();
    if !printed.contains("[redacted]") {
        let again = knirvql::parse(&printed).expect("what was printed can be read");
        assert_eq!(again.to_string(), printed);
    }
}

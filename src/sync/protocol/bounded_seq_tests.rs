//! What many small parts of a message come to.

use crate::model::{Bytes, Delta, PeerId, Run};
use crate::sync::protocol::compression::compress;
use crate::sync::protocol::encoding::{Assembler, encode, encode_as};
use crate::sync::protocol::message::{
    CLOCK_MAX, CLOCK_PAIRS_MAX, COLLECTIONS_MAX, COLUMNS_MAX, COLUMNS_PER_MESSAGE_MAX, CollectionAnnounce,
    CollectionSchema, ColumnSchema, DELTAS_PER_MESSAGE_MAX, DIGESTS_MAX, Digests, Message, Operation, RUN_DELTAS_MAX,
    RUNS_MAX, ReconcileAnswer, ReconcileResponse, WireDigest,
};
use crate::sync::protocol::versions::{NEWEST, OLDEST};

/// What a decoded message takes beyond what came in, at most.
const DECODED_BYTES_MAX: usize = 8 * 1024 * 1024;

fn comes_through(message: &Message) -> bool {
    let mut assembler = Assembler::new();
    let frames = encode(message).unwrap();
    frames.iter().map(|frame| assembler.push(frame)).all(|result| result.is_ok())
}

fn digests(count: usize, parts: usize) -> Message {
    let digest = WireDigest { bucket: 0, key_hash: [0; 8], digest: [0; 16], clock: vec![(0, 1); parts] };
    let digests = Digests { origins: vec![PeerId::new("a")], digests: vec![digest; count], next: None };
    Message::ReconcileResponse(ReconcileResponse { number: 1, answer: ReconcileAnswer::Digests(digests) })
}

fn runs(count: usize, deltas: usize) -> Message {
    let deltas = (1..).take(deltas).map(|seq| Delta { seq, signature: None, body: Bytes::new([]) });
    let run = Run { origin: PeerId::new("a"), deltas: deltas.collect() };
    Message::Operation(Operation { runs: vec![run; count], pushed_to: Vec::new() })
}

fn collections(count: usize, columns: usize) -> Message {
    let column = ColumnSchema { name: "c".into(), type_name: "t".into(), not_null: false };
    let columns = vec![column; columns];
    let schema = CollectionSchema { name: "n".into(), is_table: true, columns, primary_key: Vec::new() };
    Message::CollectionAnnounce(CollectionAnnounce { collections: vec![schema; count], shapes: Vec::new() })
}

/// The bytes of these are counted as they come, and some of them tell a secret.
#[test]
fn what_brings_no_entries_is_never_compressed() {
    for (message, is_read) in [(collections(100, 5), false), (runs(10, 50), true)] {
        let plain = encode_as(&message, OLDEST).unwrap().remove(0);
        let part = compress(&plain[2..]).unwrap();
        let read = Assembler::new().push(&[&[NEWEST, 2], part.as_slice()].concat());
        assert_eq!(read.is_ok_and(|read| read == Some(message)), is_read);
    }
}

#[test]
fn a_message_of_many_small_parts_is_bounded_by_all_of_them_together() {
    assert!(comes_through(&digests(CLOCK_PAIRS_MAX / CLOCK_MAX, CLOCK_MAX)));
    assert!(!comes_through(&digests(CLOCK_PAIRS_MAX / CLOCK_MAX + 1, CLOCK_MAX)), "33 million parts in 8,192 digests");
    assert!(comes_through(&digests(DIGESTS_MAX, CLOCK_PAIRS_MAX / DIGESTS_MAX)));
    assert!(comes_through(&runs(4, DELTAS_PER_MESSAGE_MAX / 4)) && !comes_through(&runs(5, RUN_DELTAS_MAX)));
    assert!(!comes_through(&runs(RUNS_MAX, RUN_DELTAS_MAX)), "a million deltas");
    let full = COLUMNS_PER_MESSAGE_MAX / COLUMNS_MAX;
    assert!(comes_through(&collections(full, COLUMNS_MAX)));
    assert!(!comes_through(&collections(full + 1, COLUMNS_MAX)) && full < COLLECTIONS_MAX);
}

#[test]
fn what_the_bounds_let_through_stays_small() {
    let parts = CLOCK_PAIRS_MAX * size_of::<(u32, u64)>() + DIGESTS_MAX * size_of::<WireDigest>();
    let deltas = DELTAS_PER_MESSAGE_MAX * (size_of::<Delta>() + 2 * size_of::<usize>());
    let columns = COLUMNS_PER_MESSAGE_MAX * size_of::<ColumnSchema>();
    for bytes in [parts, deltas, columns] {
        // A vector that grows has up to twice as much for a while.
        assert!(bytes <= DECODED_BYTES_MAX, "{bytes}");
    }
}

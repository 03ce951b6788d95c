//! What a member tries that knows the secret and lies: well-formed states and heads that nobody wrote.

use super::*;
use crate::merge::{CAUSAL_LENGTH_MAX, Posting};
use crate::model::{
    Contribution, Delta, FACT_BLOB_HASH, FACT_BLOB_SIZE, Field, Given, Head, HeadAdoption, Hlc, MergedStates, PeerId,
    PublicEntry, Stamp, State,
};
use crate::store::{
    BlobHash, decode_contributions, decode_state, encode_body, encode_contributions, encode_key, encode_state,
};

#[path = "proofs_tests.rs"]
mod proofs;

const MEMORY: &str = "memory";

/// Two nodes that both know one entry, posted by the first.
fn pair() -> (Node, Node) {
    let (a, b) = (Node::new(), Node::new());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    (a, b)
}

impl Node {
    /// An entry as it is told to members, with its proof.
    fn offer(&self, id: &str) -> OfferedStates {
        let view = self.database.replica().public_view(self.network()).unwrap();
        let page = view.entries_of(MEMORY, &[Bytes::new(self.key(id).as_bytes())]).unwrap();
        assert_eq!(page.entries.len(), 1, "{id} is here");
        offered(page)
    }

    fn public_state(&self, id: &str) -> State {
        decode_state(&self.offer(id).entries[0].body).unwrap()
    }

    fn merge(&self, offered: OfferedStates) -> MergedStates {
        let replica = self.database.replica();
        let merged = replica.merge_states(self.network(), MEMORY.to_string(), offered, false);
        self.runtime.block_on(merged).unwrap()
    }

    /// Takes a state that nothing proves.
    fn merge_state(&self, key: &[u8], state: &State) -> MergedStates {
        let (key, body) = (Bytes::new(key), Bytes::new(encode_state(state).unwrap()));
        let entries = vec![PublicEntry { key, body, contributions: Bytes::new([]) }];
        self.merge(OfferedStates { entries, ..OfferedStates::default() })
    }

    /// Posts under its own identity what no program of ours would post.
    fn post_lie(&self, key: &[u8], news: State) {
        self.runtime
            .block_on(self.database.replica().post_raw(self.network(), MEMORY, key.to_vec(), (news, false)))
            .unwrap();
    }

    fn drop_one(&self, heads: &[Head]) -> u64 {
        let keys = vec![Bytes::new(self.key("one").as_bytes())];
        let heads = heads.to_vec();
        let replica = self.database.replica();
        let dropped = replica.drop_collected(self.network(), MEMORY.to_string(), keys, heads);
        self.runtime.block_on(dropped).unwrap()
    }

    fn set_aside(&self) -> Vec<String> {
        let set_aside = self.database.view().set_aside(self.network()).unwrap();
        set_aside.into_iter().map(|entry| entry.reason).collect()
    }
}

/// An offer of one entry with its state changed.
#[test]
fn an_entry_stays_that_a_member_says_was_deleted() {
    let (a, b) = pair();
    let heads = a.database.replica().heads(a.network()).unwrap();
    for node in [&a, &b] {
        assert_eq!(node.drop_one(&heads), 0, "absence is not deletion");
        assert!(node.metadata("one").is_some());
    }
}

#[test]
fn who_returns_under_another_identity_believes_signed_heads_until_it_was_compared() {
    let (a, b) = pair();
    let heads = a.database.replica().heads(a.network()).unwrap();
    b.runtime.block_on(b.database.replica().renew_origin()).unwrap();
    let b = b.restarted();
    assert!(b.database.replica().is_returning(b.network()).unwrap());
    let invented = Head { seq: u64::MAX - 1, ..heads[0].clone() };
    assert_eq!(b.drop_one(&[invented]), 0, "nobody signed that head");
    b.runtime.block_on(b.database.replica().end_return(b.network())).unwrap();
    assert_eq!(b.drop_one(&heads), 0, "it was compared");
    b.runtime.block_on(b.database.replica().renew_origin()).unwrap();
    assert_eq!(b.drop_one(&heads), 1);
    assert!(b.metadata("one").is_none());
}

#[test]
fn a_state_from_the_future_moves_no_clock() {
    let (a, b) = pair();
    let key = b.key("one");
    let state = State { timestamp: Hlc::from_bits(u64::MAX), ..a.public_state("one") };
    let merged = b.merge_state(key.as_bytes(), &state);
    assert_eq!((merged.news, merged.unproven), (0, 1));
    // Its writer itself is ahead of the time.
    let ahead = Node::new();
    ahead.wall.fetch_add(86_400_000, Ordering::Relaxed);
    ahead.write("tomorrow", r#"{"x": 1}"#, Stage::PostPending);
    ahead.post();
    let merged = b.merge(ahead.offer("tomorrow"));
    assert_eq!((merged.news, merged.early), (0, 1));
    let b = b.restarted();
    b.write("two", r#"{"x": 2}"#, Stage::PostPending);
    b.post();
    let written = b.public_state("two").timestamp;
    assert!(written.millis() < START_MS + 60_000, "{written:?}");
    assert_eq!(b.send_to(&a, usize::MAX).last(), Some(&Verdict::Applied), "nobody quarantines it");
}

#[test]
fn naming_the_hash_of_a_private_blob_does_not_publish_it() {
    let (a, b) = (Node::new(), Node::new());
    let (hash, size) = {
        let mut transaction = b.database.begin();
        let collection = Arc::clone(transaction.catalog().expect_collection(MEMORY).unwrap());
        let (hash, size) = transaction.put_blob(b"a diary").unwrap();
        let size = Value::Int8(i64::try_from(size).unwrap());
        let row =
            vec![Some(Value::text("diary")), None, None, Some(Value::text(hash.as_str())), Some(size.clone()), None];
        transaction.insert(&collection, row, OnConflict::Fail).unwrap();
        b.runtime.block_on(transaction.commit()).unwrap();
        (hash, size)
    };
    // A member of its own making names what it does not have.
    a.write("bait", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    let mut bait = a.public_state("bait");
    // It even says that its victim wrote it.
    let stamp = Stamp { peer_id: b.database.peer_id(), ..bait.fields["x"].stamp.clone() };
    bait.peer_id = bait.peer_id.max(stamp.peer_id.clone());
    for (name, value) in [(FACT_BLOB_HASH, Value::text(hash.as_str())), (FACT_BLOB_SIZE, size)] {
        bait.fields.insert(name.to_string(), Field { value: Some(value), stamp: stamp.clone() });
    }
    bait.timestamp = Hlc::new(START_MS + 100, 0);
    a.post_lie(a.key("bait").as_bytes(), bait);
    a.send_to(&b, usize::MAX);
    let hash: BlobHash = hash.parse().unwrap();
    assert!(!b.database.replica().is_blob_public(b.network(), &hash).unwrap(), "it was never posted from here");
    b.define(|transaction| {
        let collection = Arc::clone(transaction.catalog().expect_collection(MEMORY).unwrap());
        let key = transaction.key(&collection, vec![Value::text("diary")]).unwrap();
        transaction.set_stage(&collection, &key, Stage::PostPending).unwrap();
    });
    b.post();
    assert!(b.database.replica().is_blob_public(b.network(), &hash).unwrap(), "its owner has posted it");
    let b = b.restarted();
    assert!(b.database.replica().is_blob_public(b.network(), &hash).unwrap());
}

#[test]
fn an_entry_at_the_limit_of_lives_does_not_keep_others_from_being_posted() {
    let (a, liar) = pair();
    let key = a.key("one");
    let mut state = a.public_state("one");
    state.causal_length = CAUSAL_LENGTH_MAX - 1;
    state.fields.values_mut().for_each(|field| field.stamp.causal_length = CAUSAL_LENGTH_MAX - 1);
    liar.post_lie(key.as_bytes(), state);
    liar.send_to(&a, usize::MAX);
    assert_eq!(a.public_state("one").causal_length, CAUSAL_LENGTH_MAX - 1);
    a.delete("one");
    a.write("one", r#"{"x": 2}"#, Stage::PostPending);
    a.write("two", r#"{"x": 2}"#, Stage::PostPending);
    a.post();
    assert_eq!(a.public_state("two").causal_length, 1);
    let set_aside = a.set_aside();
    assert!(set_aside.len() == 1 && set_aside[0].contains("cannot be posted"), "{set_aside:?}");
    assert!(!set_aside[0].contains("one"), "it names no key: {set_aside:?}");
    a.write("three", r#"{"x": 3}"#, Stage::PostPending);
    a.post();
    assert_eq!(a.public_state("three").causal_length, 1);
    assert_eq!(a.metadata("one").unwrap(), r#"{"x": 2}"#, "it is here as it was written");
}

#[test]
fn a_key_of_another_type_never_reaches_the_table() {
    let (a, b) = pair();
    let mut key = Vec::new();
    encode_key(&[Value::Int8(5), Value::Int8(6)], &mut key).unwrap();
    a.post_lie(&key, a.public_state("one"));
    let before = b.fingerprint();
    a.send_to(&b, usize::MAX);
    assert_eq!(b.fingerprint(), before);
    let invented = State { peer_id: PeerId::new("zz"), ..a.public_state("one") };
    assert_eq!(b.merge_state(&key, &invented).news, 0, "and an invented name is not kept");
    let set_aside = b.set_aside();
    assert!(set_aside.len() == 1 && set_aside[0].contains("primary key"), "{set_aside:?}");
}

/// What one run brings is bounded as what many bring.
#[test]
fn of_many_deltas_that_make_no_sense_some_are_shown() {
    let (a, b) = pair();
    let mut key = Vec::new();
    encode_key(&[Value::Int8(5), Value::Int8(6)], &mut key).unwrap();
    for _ in 0..90 {
        a.post_lie(&key, a.public_state("one"));
    }
    for _ in 0..2 {
        a.send_to(&b, usize::MAX);
        assert_eq!(b.set_aside().len(), 64);
    }
}

#[test]
fn a_delta_from_the_future_that_nobody_signed_does_not_make_its_origin_wait() {
    let (a, b) = pair();
    let origin = a.database.peer_id();
    let mut state = a.public_state("one");
    state.timestamp = Hlc::new(u64::MAX >> 17, 0);
    let body = Bytes::new(encode_body(MEMORY, a.key("one").as_bytes(), &state).unwrap());
    let run = Run { origin: origin.clone(), deltas: vec![Delta { seq: 2, signature: None, body }] };
    let applied = b.runtime.block_on(b.database.replica().apply_run(b.network(), run, None)).unwrap();
    assert_eq!((applied.verdict, applied.head.seq), (Verdict::Applied, 1), "it waits for an end that will not come");
    for id in ["two", "three"] {
        a.write(id, r#"{"x": 2}"#, Stage::PostPending);
        a.post();
    }
    let LogRead::Deltas(deltas) = a.database.replica().read_log(a.network(), &origin, 2, usize::MAX).unwrap() else {
        panic!("the log begins later")
    };
    for _ in 0..2 {
        let run = Run { origin: origin.clone(), deltas: deltas.clone() };
        b.runtime.block_on(b.database.replica().apply_run(b.network(), run, None)).unwrap();
    }
    assert!(b.metadata("two").is_some() && b.metadata("three").is_some());
}

#[test]
fn a_delta_that_nobody_signed_does_not_make_its_origin_a_forger() {
    let (a, b) = pair();
    a.write("two", r#"{"x": 2}"#, Stage::PostPending);
    a.post();
    let origin = a.database.peer_id();
    let LogRead::Deltas(deltas) = a.database.replica().read_log(a.network(), &origin, 2, usize::MAX).unwrap() else {
        panic!("the log begins later")
    };
    // A member passes on the beginning of a posting that the origin never wrote.
    let invented = Delta { signature: None, body: Bytes::new([7; 40]), ..deltas[0].clone() };
    let take = |deltas: Vec<Delta>| {
        let run = Run { origin: origin.clone(), deltas };
        b.runtime.block_on(b.database.replica().apply_run(b.network(), run, None)).unwrap()
    };
    assert_eq!(take(vec![invented]).received, 2);
    a.write("three", r#"{"x": 3}"#, Stage::PostPending);
    a.post();
    let LogRead::Deltas(later) = a.database.replica().read_log(a.network(), &origin, 3, usize::MAX).unwrap() else {
        panic!("the log begins later")
    };
    let refuted = take(later.clone());
    assert_eq!((refuted.verdict, refuted.received), (Verdict::Gap, 1), "what the origin signed speaks against it");
    assert_eq!(take([deltas, later].concat()).verdict, Verdict::Applied);
    assert!(b.metadata("two").is_some() && b.metadata("three").is_some());
}

#[test]
fn what_waits_without_a_signature_goes_where_its_origin_signed_an_end_within() {
    let (a, b) = pair();
    let origin = a.database.peer_id();
    for id in ["two", "three"] {
        a.write(id, r#"{"x": 2}"#, Stage::PostPending);
        a.post();
    }
    let LogRead::Deltas(deltas) = a.database.replica().read_log(a.network(), &origin, 2, usize::MAX).unwrap() else {
        panic!("the log begins later")
    };
    let take = |deltas: Vec<Delta>| {
        let run = Run { origin: origin.clone(), deltas };
        b.runtime.block_on(b.database.replica().apply_run(b.network(), run, None)).unwrap()
    };
    let drop_unsigned = || b.runtime.block_on(b.database.replica().drop_unsigned(b.network(), origin.clone())).unwrap();
    // A member keeps the ends back: bodies as they were posted, and nothing that signs them.
    let endless: Vec<Delta> = deltas.iter().map(|delta| Delta { signature: None, ..delta.clone() }).collect();
    assert_eq!(take(endless.clone()).received, 3);
    let applied = take(deltas.clone());
    assert_eq!((applied.verdict, applied.head.seq, applied.received), (Verdict::Applied, 1, 3), "nothing new is in it");
    assert_eq!(drop_unsigned(), 1);
    assert_eq!(take(deltas.clone()).head.seq, 3);
    assert_eq!(drop_unsigned(), 3, "what is signed stays");
    // Heads that are taken over make no log of what nobody signed.
    let other = Node::new();
    let LogRead::Deltas(first) = a.database.replica().read_log(a.network(), &origin, 1, 1).unwrap() else {
        panic!("the log begins later")
    };
    assert_eq!(other.apply(Run { origin: origin.clone(), deltas: first[..1].to_vec() }), Verdict::Applied);
    let run = Run { origin: origin.clone(), deltas: vec![Delta { body: Bytes::new([7; 40]), ..endless[0].clone() }] };
    assert_eq!(
        other.runtime.block_on(other.database.replica().apply_run(other.network(), run, None)).unwrap().received,
        2
    );
    let heads = a.database.replica().heads(a.network()).unwrap();
    other
        .runtime
        .block_on(
            other.database.replica().adopt_heads(other.network(), HeadAdoption { heads, ..HeadAdoption::default() }),
        )
        .unwrap();
    let read = other.database.replica().read_log(other.network(), &origin, 2, usize::MAX).unwrap();
    assert!(matches!(read, LogRead::Pruned { .. }), "{read:?}");
}

#[test]
fn a_signature_inside_of_a_run_that_does_not_hold_is_not_kept_as_a_proof() {
    let (a, b) = pair();
    let origin = a.database.peer_id();
    for id in ["two", "three"] {
        a.write(id, r#"{"x": 2}"#, Stage::PostPending);
        a.post();
    }
    let LogRead::Deltas(mut deltas) = a.database.replica().read_log(a.network(), &origin, 2, usize::MAX).unwrap()
    else {
        panic!("the log begins later")
    };
    let genuine = deltas.clone();
    // The hash stays right, so that the chain fits; the last signature covers both deltas.
    let mut end = deltas[0].signature.as_deref().unwrap().to_vec();
    end[40] ^= 1;
    deltas[0].signature = Some(Bytes::new(end));
    let verdict = b.apply(Run { origin: origin.clone(), deltas });
    assert!(matches!(verdict, Verdict::Forged { .. }), "{verdict:?}");
    assert_eq!(b.apply(Run { origin, deltas: genuine }), Verdict::Applied);
    let third = Node::new();
    for id in ["two", "three"] {
        let merged = third.merge(b.offer(id));
        assert_eq!(
            (merged.news, merged.unproven, merged.is_forged),
            (1, 0, false),
            "what was kept proves it to others"
        );
    }
}

#[test]
fn an_entry_that_members_made_too_large_together_is_set_aside_alone() {
    let (a, b) = (Node::new(), Node::new());
    let facts = |from: usize| {
        let facts: Vec<String> = (from..from + 3000).map(|number| format!("\"f{number}\": 1")).collect();
        format!("{{{}}}", facts.join(", "))
    };
    a.write("one", &facts(0), Stage::PostPending);
    b.write("one", &facts(3000), Stage::PostPending);
    b.post();
    a.post();
    a.write("two", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    assert!(a.send_to(&b, usize::MAX).iter().all(|verdict| *verdict == Verdict::Applied));
    assert_eq!(b.metadata("two").unwrap(), r#"{"x": 1}"#, "the rest is taken");
    assert!(b.metadata("one").unwrap().contains("f3000"), "it stays as it was");
    let set_aside = b.set_aside();
    assert!(set_aside.len() == 1 && set_aside[0].contains("cannot be written here"), "{set_aside:?}");
    // The same by states.
    let merged = b.merge(a.offer("one"));
    assert!(!merged.is_forged);
    assert_eq!(b.set_aside(), set_aside);
}

#[test]
fn a_blob_whose_hash_is_none_stops_nothing() {
    let (a, b) = pair();
    let mut bait = a.public_state("one");
    bait.timestamp = Hlc::new(START_MS + 100, 0);
    let stamp = Stamp { hlc: bait.timestamp, ..bait.fields["x"].stamp.clone() };
    bait.fields = [(FACT_BLOB_HASH.to_string(), Field { value: Some(Value::text("no hash")), stamp })].into();
    a.post_lie(a.key("one").as_bytes(), bait);
    a.write("two", r#"{"x": 2}"#, Stage::PostPending);
    a.post();
    assert!(a.send_to(&b, usize::MAX).iter().all(|verdict| *verdict == Verdict::Applied));
    assert_eq!(b.metadata("two").unwrap(), r#"{"x": 2}"#, "what comes behind it is taken");
    assert_eq!(b.metadata("one").unwrap(), r#"{"x": 1}"#);
    // It can be written to and deleted here, goes on to others, and a store that has it can be repaired.
    b.write("one", r#"{"x": 3}"#, Stage::Private);
    b.delete("one");
    a.send_to(&b, usize::MAX);
    let third = Node::new();
    b.send_to(&third, usize::MAX);
    let Node { database, directory, .. } = third;
    database.shutdown().unwrap();
    drop(database);
    let options = DatabaseOptions {
        data_directory: directory.path().join("data"),
        key_directory: directory.path().join("keys"),
        key_source: KeySource::File,
        cache_bytes: 8 << 20,
        sync: false,
        clock: Clock::System,
        row_compiler: crate::db::no_row_compiler,
    };
    crate::db::upkeep::repair::repair(&options).unwrap();
}

//! What a member tries that knows the secret and lies: well-formed states and heads that nobody wrote.

use super::*;
use crate::db::post::Drafted;
use crate::db::{MergedStates, PublicEntry};
use crate::merge::{CAUSAL_LENGTH_MAX, Posting};
use crate::model::{Contribution, FACT_BLOB_HASH, FACT_BLOB_SIZE, Field, Given, Head, Hlc, PeerId, Stamp, State};
use crate::store::{BlobHash, decode_contributions, decode_state, encode_contributions, encode_key, encode_state};

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
        let view = self.database.public_view(self.network()).unwrap();
        let page = view.entries_of(MEMORY, &[Bytes::new(self.key(id).as_bytes())]).unwrap();
        assert_eq!(page.entries.len(), 1, "{id} is here");
        offered(page)
    }

    fn public_state(&self, id: &str) -> State {
        decode_state(&self.offer(id).entries[0].body).unwrap()
    }

    fn merge(&self, offered: OfferedStates) -> MergedStates {
        let merged = self.database.merge_states(self.network(), MEMORY.to_string(), offered, false);
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
        let (network, key) = (self.network(), key.to_vec());
        let posted = self.database.shared().encode(move |apply| {
            let network = apply.current_catalog().network_by_id(network).cloned().unwrap();
            let head = apply.head(&network, &apply.shared.peer_id())?;
            apply.log_posting(&network, head, &[Drafted::new(MEMORY, &key, &news)?]).map(drop)
        });
        self.runtime.block_on(posted).unwrap();
    }

    fn drop_one(&self, heads: &[Head]) -> u64 {
        let keys = vec![Bytes::new(self.key("one").as_bytes())];
        let heads = heads.to_vec();
        let dropped = self.database.drop_collected(self.network(), MEMORY.to_string(), keys, heads);
        self.runtime.block_on(dropped).unwrap()
    }

    fn set_aside(&self) -> Vec<String> {
        let set_aside = self.database.view().set_aside(self.network()).unwrap();
        set_aside.into_iter().map(|entry| entry.reason).collect()
    }
}

/// An offer of one entry with its state changed.
fn with_state(offer: &OfferedStates, change: impl FnOnce(&mut State)) -> OfferedStates {
    let mut offer = offer.clone();
    let mut state = decode_state(&offer.entries[0].body).unwrap();
    change(&mut state);
    offer.entries[0].body = Bytes::new(encode_state(&state).unwrap());
    offer
}

/// An offer of one entry with its contributions changed.
fn with_contributions(offer: &OfferedStates, change: impl FnOnce(&mut Vec<Contribution>)) -> OfferedStates {
    let mut offer = offer.clone();
    let mut contributions = decode_contributions(&offer.entries[0].contributions).unwrap();
    change(&mut contributions);
    offer.entries[0].contributions = Bytes::new(encode_contributions(&contributions).unwrap());
    offer
}

fn is_nothing_taken(merged: MergedStates) -> bool {
    merged.news == 0 && (merged.is_forged || merged.unproven == 1)
}

/// What a liar makes of an entry that it was told.
fn changed_states(honest: &OfferedStates, others: [PeerId; 2]) -> Vec<(&'static str, OfferedStates)> {
    let field = |change: &dyn Fn(&mut Field)| with_state(honest, |state| change(state.fields.get_mut("x").unwrap()));
    let whole = |change: &dyn Fn(&mut State)| with_state(honest, change);
    let [writer, other] = others;
    vec![
        ("a forged value", field(&|field| field.value = Some(Value::Int4(666)))),
        ("a removed field", field(&|field| field.value = None)),
        ("another writer", field(&|field| field.stamp.peer_id = PeerId::new("0"))),
        (
            "a forged stamp",
            whole(&|state| {
                state.timestamp = later();
                state.fields.get_mut("x").unwrap().stamp.hlc = later();
            }),
        ),
        (
            "a field more",
            whole(&|state| {
                let field = state.fields["x"].clone();
                state.fields.insert("z".to_string(), field);
            }),
        ),
        ("a field less", whole(&|state| drop(state.fields.remove("x")))),
        ("an inflated clock", whole(&|state| state.clock.set(writer.clone(), 1 << 40))),
        ("a clock of somebody else", whole(&|state| state.clock.set(other.clone(), 7))),
        (
            "another life",
            whole(&|state| {
                state.causal_length = 3;
                state.fields.values_mut().for_each(|field| field.stamp.causal_length = 3);
            }),
        ),
        ("a forged tombstone", with_state(honest, end)),
    ]
}

/// After the last write of a test.
fn later() -> Hlc {
    Hlc::new(START_MS + 10, 0)
}

fn end(state: &mut State) {
    (state.causal_length, state.timestamp) = (2, later());
    state.fields.clear();
}

/// What a liar makes of the proof of an entry that it was told.
fn changed_proofs(honest: &OfferedStates, liar: &PeerId, other_key: &[u8]) -> Vec<(&'static str, OfferedStates)> {
    let offer = |change: &dyn Fn(&mut OfferedStates)| {
        let mut offer = honest.clone();
        change(&mut offer);
        offer
    };
    let each = |change: &dyn Fn(&mut Contribution)| with_contributions(honest, |list| list.iter_mut().for_each(change));
    vec![
        (
            "a tombstone with a proof of its own making",
            with_contributions(&with_state(honest, end), |list| {
                list.truncate(1);
                (list[0].causal_length, list[0].timestamp) = (2, later());
                list[0].fields.clear();
            }),
        ),
        ("another number", each(&|given| given.seq += 1)),
        ("an overwritten field", each(&|given| given.fields[0] = Given::Overwritten([7; 32]))),
        ("a stripped proof", offer(&|offer| offer.entries[0].contributions = Bytes::new([]))),
        ("no posting", offer(&|offer| offer.postings.clear())),
        ("another entry", offer(&|offer| offer.entries[0].key = Bytes::new(other_key))),
        ("another origin", offer(&|offer| offer.postings.iter_mut().for_each(|proof| proof.origin = liar.clone()))),
        (
            "a wrong signature",
            offer(&|offer| {
                for proof in &mut offer.postings {
                    let mut posting = Posting::parse(&proof.record).unwrap();
                    posting.signature[3] ^= 1;
                    proof.record = Bytes::new(posting.to_bytes());
                }
            }),
        ),
    ]
}

#[test]
fn a_state_is_taken_as_its_origin_posted_it_and_not_otherwise() {
    let (a, b) = pair();
    let (key, first) = (a.key("one"), a.public_state("one"));
    a.write("one", r#"{"x": 2, "y": 3}"#, Stage::PostPending);
    a.post();
    let (honest, second) = (a.offer("one"), a.public_state("one"));
    let peers = [a.database.peer_id(), b.database.peer_id()];
    let mut lies = changed_states(&honest, peers.clone());
    lies.extend(changed_proofs(&honest, &peers[1], a.key("two").as_bytes()));
    for (name, lie) in lies {
        for node in [&b, &Node::new()] {
            let before = node.fingerprint();
            let merged = node.merge(lie.clone());
            if is_nothing_taken(merged) {
                assert!(node.fingerprint() == before, "{name}");
                continue;
            }
            // What is left of the proof may still prove a part of what was posted, and nothing else.
            let taken = node.public_state("one");
            let is_posted = |(name, field): (&String, &Field)| {
                [&first, &second].iter().any(|posted| posted.fields.get(name) == Some(field))
            };
            assert!(taken.fields.iter().all(is_posted) && taken.causal_length == 1, "{name}: {taken:?}");
            assert!(taken.clock.iter().all(|(origin, seq)| second.clock.get(origin) >= seq), "{name}: {taken:?}");
            assert!(taken.timestamp <= second.timestamp, "{name}: {taken:?}");
        }
    }
    // And the truth is taken, whatever was tried before, and told on with its proof.
    let (c, d) = (Node::new(), Node::new());
    assert_eq!(c.merge(honest.clone()).news, 1);
    b.merge(honest);
    assert_eq!(d.merge(c.offer("one")).news, 1);
    for node in [&b, &c, &d] {
        assert_eq!(node.fingerprint(), a.fingerprint());
    }
    let id = d.database.catalog().expect_collection(MEMORY).unwrap().id;
    let maker = d.database.entry_maker(id, key.as_bytes()).unwrap().unwrap();
    assert_eq!((maker.origin, maker.seq, maker.causal_length), (a.database.peer_id(), 1, 1));
}

#[test]
fn an_older_state_that_is_played_again_changes_nothing() {
    let (a, b) = pair();
    let older = a.offer("one");
    a.write("one", r#"{"x": 2}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    let before = b.fingerprint();
    assert_eq!(b.merge(older).news, 0);
    assert_eq!((b.fingerprint(), b.metadata("one").unwrap()), (before, r#"{"x": 2}"#.to_string()));
    a.delete("one");
    a.post();
    let living = b.offer("one");
    a.send_to(&b, usize::MAX);
    assert_eq!(b.merge(living).news, 0, "and nothing comes back to life");
    assert!(b.metadata("one").is_none());
    assert_eq!(a.fingerprint(), b.fingerprint());
}

#[test]
fn entries_of_many_writers_are_proven_by_whoever_holds_them() {
    let nodes = [Node::new(), Node::new(), Node::new()];
    for turn in 0..6 {
        for (position, node) in nodes.iter().enumerate() {
            let facts = format!(r#"{{"x": {turn}, "by{position}": {turn}}}"#);
            node.write("shared", &facts, Stage::PostPending);
            node.write(&format!("own {position}"), &facts, Stage::PostPending);
            if turn == 3 && position == 1 {
                node.delete("shared");
            }
            node.post();
        }
        let [a, b, c] = &nodes;
        a.send_to(b, usize::MAX);
        b.send_to(c, usize::MAX);
        c.send_to(a, usize::MAX);
    }
    let [a, b, c] = &nodes;
    for (from, to) in [(a, b), (b, c), (c, a), (a, b), (b, c)] {
        from.send_to(to, usize::MAX);
    }
    // A chain of newcomers, each of whom knows the one before it alone, and none the log.
    let (d, e) = (Node::new(), Node::new());
    for (from, to) in [(a, &d), (&d, &e)] {
        let view = from.database.public_view(from.network()).unwrap();
        let mut after = None;
        loop {
            let page = view.entries_after(MEMORY, &Buckets::all(), after.as_deref(), 1).unwrap();
            after.clone_from(&page.next);
            let merged = to.merge(offered(page));
            assert_eq!((merged.news, merged.unproven, merged.is_forged), (1, 0, false));
            if after.is_none() {
                break;
            }
        }
        assert_eq!(from.fingerprint(), to.fingerprint());
    }
    assert!(e.database.shared().store.check().unwrap().is_sound());
}

#[test]
fn heads_that_nobody_signed_are_told_from_those_that_were() {
    let (a, b) = pair();
    let head = a.database.heads(a.network()).unwrap().remove(0);
    let wrong = Head { signature: Bytes::new([1; 64]), ..head.clone() };
    let ahead = Head { seq: head.seq + 9, ..head.clone() };
    let other = Head { hash: [3; 32], ..head.clone() };
    for lie in [wrong, ahead, other] {
        for _ in 0..2 {
            let verified = b.database.verify_heads(b.network(), vec![head.clone(), lie.clone()]).unwrap();
            assert_eq!((verified.heads, verified.is_forged), (vec![head.clone()], true));
        }
        let adopted = b.runtime.block_on(b.database.adopt_heads(b.network(), vec![lie])).unwrap();
        assert!(adopted.is_empty());
    }
    assert!(b.database.verify_heads(b.network(), vec![head]).unwrap().legacy.is_empty());
}

#[test]
fn an_entry_stays_that_a_member_says_was_deleted() {
    let (a, b) = pair();
    let heads = a.database.heads(a.network()).unwrap();
    for node in [&a, &b] {
        assert_eq!(node.drop_one(&heads), 0, "absence is not deletion");
        assert!(node.metadata("one").is_some());
    }
}

#[test]
fn who_returns_under_another_identity_believes_signed_heads_until_it_was_compared() {
    let (a, b) = pair();
    let heads = a.database.heads(a.network()).unwrap();
    b.runtime.block_on(b.database.renew_origin()).unwrap();
    let b = b.restarted();
    assert!(b.database.is_returning(b.network()).unwrap());
    let invented = Head { seq: u64::MAX - 1, ..heads[0].clone() };
    assert_eq!(b.drop_one(&[invented]), 0, "nobody signed that head");
    b.runtime.block_on(b.database.end_return(b.network())).unwrap();
    assert_eq!(b.drop_one(&heads), 0, "it was compared");
    b.runtime.block_on(b.database.renew_origin()).unwrap();
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
    assert!(!b.database.is_blob_public(b.network(), &hash).unwrap(), "it was never posted from here");
    b.define(|transaction| {
        let collection = Arc::clone(transaction.catalog().expect_collection(MEMORY).unwrap());
        let key = transaction.key(&collection, vec![Value::text("diary")]).unwrap();
        transaction.set_stage(&collection, &key, Stage::PostPending).unwrap();
    });
    b.post();
    assert!(b.database.is_blob_public(b.network(), &hash).unwrap(), "its owner has posted it");
    let b = b.restarted();
    assert!(b.database.is_blob_public(b.network(), &hash).unwrap());
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

//! What proofs are for: states that were changed on their way, and what of the log outlives it to prove them.

use super::*;

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
    let maker = d.database.replica().entry_maker(id, key.as_bytes()).unwrap().unwrap();
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
        let view = from.database.replica().public_view(from.network()).unwrap();
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
fn pages_of_one_long_posting_prove_the_same_one_by_one_and_all_at_once() {
    let nodes = [Node::new(), Node::new(), Node::new()];
    let ids: Vec<String> = (0..300_u32).map(|number| format!("{:04}", number * 7919 % 1000)).collect();
    let entries: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), r#"{"x": 1}"#)).collect();
    nodes[0].write_all(&entries, Stage::PostPending);
    assert_eq!(nodes[0].post(), 300);
    for (from, to) in [(0, 1), (1, 2)] {
        let (from, to) = (&nodes[from], &nodes[to]);
        let view = from.database.replica().public_view(from.network()).unwrap();
        let (mut merging, mut after) = (Vec::new(), None);
        loop {
            let page = view.entries_after(MEMORY, &Buckets::all(), after.as_deref(), 8192).unwrap();
            after.clone_from(&page.next);
            assert_eq!(page.postings.len(), 1);
            let entries = page.entries.len() as u64;
            merging.push(async move {
                let replica = to.database.replica();
                let merged = replica.merge_states(to.network(), MEMORY.to_string(), offered(page), false);
                let merged = merged.await.unwrap();
                assert_eq!((merged.news, merged.unproven, merged.is_forged), (entries, 0, false));
            });
            if after.is_none() {
                break;
            }
        }
        assert!(merging.len() > 3);
        to.runtime.block_on(async {
            futures::future::join_all(merging).await;
        });
        assert_eq!(from.fingerprint(), to.fingerprint());
        assert!(to.database.shared().store.check().unwrap().is_sound());
    }
}

#[test]
fn a_long_posting_goes_as_a_whole_with_the_first_page_that_needs_much_of_it() {
    let (a, b) = (Node::new(), Node::new());
    let ids: Vec<String> = (0..600_u32).map(|number| format!("{number:04}")).collect();
    let entries: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), r#"{"x": 1}"#)).collect();
    a.write_all(&entries, Stage::PostPending);
    assert_eq!(a.post(), 600);
    let stored = |node: &Node| {
        let snapshot = node.database.shared().store.snapshot();
        let mut postings = snapshot.scan(&crate::store::KeyRange::postings_of(node.network(), &a.database.peer_id()));
        postings.next().unwrap().map(|(_, record)| record.to_vec())
    };
    let whole = stored(&a).unwrap();
    let view = a.database.replica().public_view(a.network()).unwrap();
    let (mut after, mut pages) = (None, 0);
    loop {
        let page = view.entries_after(MEMORY, &Buckets::all(), after.as_deref(), 64 * 1024).unwrap();
        after.clone_from(&page.next);
        assert_eq!((page.postings.len(), *page.postings[0].record == *whole), (1, pages == 0), "page {pages}");
        let entries = page.entries.len() as u64;
        let merged = b.merge(offered(page));
        assert_eq!((merged.news, merged.unproven, merged.is_forged), (entries, 0, false));
        assert_eq!(stored(&b).as_ref(), Some(&whole), "and is kept so, whatever comes behind it");
        pages += 1;
        if after.is_none() {
            break;
        }
    }
    assert!(pages > 2 && a.fingerprint() == b.fingerprint());
    // Whoever compares digests is proven what it asks for alone.
    let hashes = [crate::model::hash_of_key(a.key("0003").as_bytes())];
    let some = view.entries_with(MEMORY, &hashes, None, usize::MAX).unwrap();
    assert!(some.entries.len() == 1 && some.postings[0].record.len() < whole.len() / 4);
}

#[test]
fn heads_that_nobody_signed_are_told_from_those_that_were() {
    let (a, b) = pair();
    let head = a.database.replica().heads(a.network()).unwrap().remove(0);
    let wrong = Head { signature: Bytes::new([1; 64]), ..head.clone() };
    let ahead = Head { seq: head.seq + 9, ..head.clone() };
    let other = Head { hash: [3; 32], ..head.clone() };
    for lie in [wrong, ahead, other] {
        for _ in 0..2 {
            let verified = b.database.replica().verify_heads(b.network(), vec![head.clone(), lie.clone()]).unwrap();
            assert_eq!((verified.heads, verified.is_forged), (vec![head.clone()], true));
        }
        let adopted = b
            .runtime
            .block_on(
                b.database
                    .replica()
                    .adopt_heads(b.network(), HeadAdoption { heads: vec![lie], ..HeadAdoption::default() }),
            )
            .unwrap();
        assert!(adopted.heads.is_empty());
    }
    assert!(b.database.replica().verify_heads(b.network(), vec![head]).unwrap().legacy.is_empty());
}

#[test]
fn what_a_late_attachment_takes_from_the_log_is_proven_to_others() {
    let (a, b, c) = (Node::new(), Node::unattached(), Node::new());
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    a.send_to(&b, usize::MAX);
    b.define(|transaction| transaction.attach_collection(MEMORY, "n", None).unwrap());
    let merged = c.merge(b.offer("one"));
    assert_eq!((merged.news, merged.unproven), (1, 0));
    assert_eq!(c.fingerprint(), a.fingerprint());
}

#[test]
fn a_posting_is_kept_longer_than_the_log_and_no_longer_than_an_entry_needs_it() {
    let (a, b) = (Node::new(), Node::new());
    for id in ["gone", "kept"] {
        a.write(id, r#"{"x": 1}"#, Stage::PostPending);
        a.post();
    }
    a.delete("gone");
    assert_eq!(a.post(), 3);
    let postings = || {
        let snapshot = a.database.shared().store.snapshot();
        let mut stored = snapshot.scan(&crate::store::KeyRange::postings(a.network()));
        let mut last = Vec::new();
        while let Some((_, record)) = stored.next().unwrap() {
            last.push(Posting::range_in(record).unwrap().1);
        }
        last
    };
    let options = NetworkOptions { log_bytes_max: 0, ..NetworkOptions::default() };
    a.define(|transaction| transaction.alter_network("n", options).unwrap());
    let stable = vec![(a.database.peer_id(), 3)];
    assert_eq!(a.runtime.block_on(a.database.replica().collect_tombstones(a.network(), stable)).unwrap(), 1);
    assert_eq!(postings(), [1, 2, 3]);
    assert_eq!(a.runtime.block_on(a.database.replica().prune_log(a.network(), Vec::new())).unwrap(), 3);
    assert_eq!(postings(), [2], "nothing is made of the others");
    let merged = b.merge(a.offer("kept"));
    assert_eq!((merged.news, merged.unproven), (1, 0));
    assert!(a.database.shared().store.check().unwrap().is_sound());
}

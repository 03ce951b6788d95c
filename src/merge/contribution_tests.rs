//! The laws of contributions, checked on random histories: whatever the order in which deltas and states meet, the same
//! contributions are kept, they make the same state, and nothing else passes for it.

use proptest::prelude::*;

use super::property_tests::{any_history, run};
use crate::merge::contributions::{contribution_of, maker_of, merge_contributions, proven_state};
use crate::merge::delta_digest::{contribution_digest, delta_digest};
use crate::merge::digest::digest;
use crate::merge::posting_tree::{PostingTree, TreeHashes};
use crate::merge::states::merge;
use crate::model::{Contribution, Given, Hlc, PeerId, State};
use crate::types::Value;

/// A state and what it is made of.
#[derive(Clone, Debug)]
struct Proven {
    state: State,
    contributions: Vec<Contribution>,
}

impl PartialEq for Proven {
    fn eq(&self, other: &Self) -> bool {
        // NaN does not equal itself, its bytes do.
        digest(&self.state) == digest(&other.state) && self.contributions == other.contributions
    }
}

fn join(one: &Proven, other: &Proven) -> Proven {
    let state = merge(&one.state, &other.state);
    let contributions =
        merge_contributions((&one.contributions, &one.state), (&other.contributions, &other.state), &state);
    Proven { state, contributions }
}

/// The deltas of a history, each posted by who wrote it under a number of its own.
fn posted(deltas: Vec<State>) -> Vec<Proven> {
    let mut numbers = std::collections::BTreeMap::new();
    let number = |delta: State| {
        let origin = delta.peer_id.clone();
        let seq = numbers.entry(origin.clone()).and_modify(|seq| *seq += 1).or_insert(1_u64);
        let state = State { clock: [(origin.clone(), *seq)].into_iter().collect(), ..delta };
        Proven { contributions: vec![contribution_of(&origin, *seq, &state, false)], state }
    };
    deltas.into_iter().map(number).collect()
}

fn joined<'a>(parts: impl Iterator<Item = &'a Proven>) -> Option<Proven> {
    parts.cloned().reduce(|one, other| join(&one, &other))
}

proptest! {
    #[test]
    fn the_same_contributions_are_kept_in_any_order(history in any_history(), turn in 0_usize..24) {
        let deltas = posted(run(history).1);
        let Some(forwards) = joined(deltas.iter()) else { return Ok(()) };
        let backwards = joined(deltas.iter().rev()).unwrap();
        prop_assert_eq!(&forwards, &backwards);
        let turn = turn % deltas.len();
        let (one, other) = (joined(deltas[..turn].iter()), joined(deltas[turn..].iter().rev()).unwrap());
        // Whatever both sides know is known twice.
        let halves = one.map_or(other.clone(), |one| join(&join(&other, &one), &one));
        prop_assert_eq!(&forwards, &halves);
        prop_assert_eq!(&forwards, &join(&forwards, &forwards));
    }

    #[test]
    fn contributions_make_the_state_and_hash_as_their_deltas(history in any_history()) {
        let deltas = posted(run(history).1);
        let Some(Proven { state, contributions }) = joined(deltas.iter()) else { return Ok(()) };
        prop_assert_eq!(digest(&proven_state(&contributions, &state)), digest(&state));
        for contribution in &contributions {
            let is_its = |delta: &&Proven| delta.state.clock.get(&contribution.origin) == contribution.seq;
            let delta = deltas.iter().find(is_its).unwrap();
            let expected = delta_digest("c", b"k", &delta.state, false);
            prop_assert_eq!(contribution_digest("c", b"k", contribution, &state), Some(expected));
        }
        let maker = maker_of(&contributions).unwrap();
        prop_assert_eq!(maker.causal_length, state.causal_length);
        let is_earlier = |delta: &Proven| delta.state.causal_length == state.causal_length
            && delta.state.timestamp < maker.written;
        prop_assert!(!deltas.iter().any(is_earlier));
    }
}

/// One posting of two deltas: an entry with two fields, and another one.
fn entry() -> Proven {
    let context = crate::merge::edit::WriteContext { hlc: Hlc::new(9, 0), peer_id: PeerId::new("a") };
    let fields = [("name".to_string(), Value::text("one")), ("age".to_string(), Value::Int4(3))];
    let state = crate::merge::edit::insert(None, fields, &context);
    let state = State { clock: [(PeerId::new("a"), 5)].into_iter().collect(), ..state };
    Proven { contributions: vec![contribution_of(&PeerId::new("a"), 5, &state, true)], state }
}

#[test]
fn whatever_is_changed_of_a_state_its_proof_fails() {
    let Proven { state, contributions } = entry();
    let tree = PostingTree::new(4, vec![[1; 32], delta_digest("c", b"k", &state, true), [3; 32]]).unwrap();
    let proof = tree.prove(&[5], &mut TreeHashes::default());
    let proves = |collection: &str, key: &[u8], contribution: &Contribution, state: &State| {
        let digest = contribution_digest(collection, key, contribution, state);
        digest.is_some() && digest.as_ref() == proof.leaf(contribution.seq)
    };
    let given = &contributions[0];
    assert!(proves("c", b"k", given, &state));
    assert!(!proves("d", b"k", given, &state) && !proves("c", b"l", given, &state));
    let changed = |change: &dyn Fn(&mut State)| {
        let mut other = state.clone();
        change(&mut other);
        other
    };
    let field =
        |change: &dyn Fn(&mut crate::model::Field)| changed(&|state| change(state.fields.get_mut("name").unwrap()));
    for forged in [
        field(&|field| field.value = Some(Value::text("two"))),
        field(&|field| field.value = None),
        field(&|field| field.stamp.hlc = Hlc::new(10, 0)),
        field(&|field| field.stamp.causal_length = 3),
        field(&|field| field.stamp.peer_id = PeerId::new("b")),
        changed(&|state| drop(state.fields.remove("name"))),
    ] {
        assert!(!proves("c", b"k", given, &forged), "{forged:?}");
    }
    for forged in [
        Contribution { seq: 4, ..given.clone() },
        Contribution { seq: 6, ..given.clone() },
        Contribution { begins: false, ..given.clone() },
        Contribution { causal_length: 3, ..given.clone() },
        Contribution { timestamp: Hlc::new(10, 0), ..given.clone() },
        Contribution { peer_id: PeerId::new("b"), ..given.clone() },
        Contribution { fields: given.fields[1..].to_vec(), ..given.clone() },
        Contribution { fields: given.fields.iter().rev().cloned().collect(), ..given.clone() },
        Contribution { fields: vec![given.fields[0].clone(), Given::Overwritten([0; 32])], ..given.clone() },
    ] {
        assert!(!proves("c", b"k", &forged, &state), "{forged:?}");
    }
    // A state that adds to what its deltas said, and a clock that counts more.
    let mut more = state.clone();
    more.fields.insert("more".to_string(), state.fields["name"].clone());
    assert_ne!(proven_state(&contributions, &more), more);
    let mut counted = state.clone();
    counted.clock.set(PeerId::new("a"), 6);
    assert_ne!(proven_state(&contributions, &counted), counted);
}

#[test]
fn two_stories_under_one_number_are_kept_apart() {
    let a = PeerId::new("a");
    let told = |millis, name: &str| {
        let context = crate::merge::edit::WriteContext { hlc: Hlc::new(millis, 0), peer_id: a.clone() };
        let state = crate::merge::edit::insert(None, [(name.to_string(), Value::Int4(1))], &context);
        let state = State { clock: [(a.clone(), 5)].into_iter().collect(), ..state };
        Proven { contributions: vec![contribution_of(&a, 5, &state, false)], state }
    };
    let (one, other) = (told(9, "name"), told(10, "age"));
    let both = join(&one, &other);
    assert_eq!(both, join(&other, &one));
    assert_eq!(both.contributions.len(), 2);
    for (contribution, story) in both.contributions.iter().zip([&one, &other]) {
        let digest = contribution_digest("c", b"k", contribution, &both.state);
        assert_eq!(digest, Some(delta_digest("c", b"k", &story.state, false)));
    }
}

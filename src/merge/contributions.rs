//! Which deltas an entry's state is made of, as far as it still owes them something.
//!
//! A state is the [`merge`](crate::merge::states::merge) of all deltas of its entry. Of these some are enough to have the same state: those that
//! gave a field its value, that began the present life (and the first of each origin that says so), that are the last write, and
//! the last of each origin and the one of the greatest causal length. The others are
//! dropped. Each of these is the extreme of a total order over all deltas, so that peers that have merged the same deltas keep the
//! same ones, whatever the order.
//!
//! A state may hold more than its contributions prove: what was posted before there were proofs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::merge::delta_digest::hash_field;
use crate::model::{Contribution, EntryMaker, Field, Given, PeerId, State};

/// The contribution of a delta that its origin posted under a number.
pub fn contribution_of(origin: &PeerId, seq: u64, delta: &State, begins: bool) -> Contribution {
    Contribution {
        origin: origin.clone(),
        seq,
        begins,
        causal_length: delta.causal_length,
        timestamp: delta.timestamp,
        peer_id: delta.peer_id.clone(),
        fields: delta.fields.keys().cloned().map(Given::Live).collect(),
    }
}

/// The contributions to `merged`, which two states with these contributions have been merged to; in order of origin and number.
pub fn merge_contributions(
    ours: (&[Contribution], &State),
    theirs: (&[Contribution], &State),
    merged: &State,
) -> Vec<Contribution> {
    let settled = [ours, theirs].into_iter().flat_map(|(contributions, state)| {
        contributions.iter().filter_map(|contribution| settle(contribution, state, merged))
    });
    let mut all: Vec<Contribution> = settled.collect();
    all.sort_by(|one, other| one.order().cmp(&other.order()));
    all.dedup_by(|again, first| {
        let is_same = again.order() == first.order();
        if is_same {
            // One side may have it from somebody of whom more was not taken.
            for (known, given) in first.fields.iter_mut().zip(&again.fields) {
                if matches!(given, Given::Live(_)) {
                    known.clone_from(given);
                }
            }
        }
        is_same
    });
    keep_needed(&mut all, merged);
    all
}

/// Leaves out those of some contributions in order without which all of `state` would still be proven.
pub(super) fn keep_needed(all: &mut Vec<Contribution>, state: &State) {
    // The last of an origin is always needed: most entries have one contribution alone.
    if all.len() <= 1 {
        return;
    }
    let kept = needed(all, state);
    let mut position = 0;
    all.retain(|_| {
        position += 1;
        kept.contains(&(position - 1))
    });
}

/// A contribution to `state` as one to `merged`: fields that were written since are hashed.
fn settle(contribution: &Contribution, state: &State, merged: &State) -> Option<Contribution> {
    let fields = contribution.fields.iter().map(|given| match given {
        Given::Overwritten(hash) => Some(Given::Overwritten(*hash)),
        Given::Live(name) => {
            let field = state.fields.get(name)?;
            let is_live = merged.fields.get(name).is_some_and(|kept| is_same(kept, field));
            Some(if is_live { given.clone() } else { Given::Overwritten(hash_field(name, field)) })
        }
    });
    let fields = fields.collect::<Option<Vec<Given>>>()?;
    Some(Contribution { fields, ..contribution.clone() })
}

pub(super) fn is_same(one: &Field, other: &Field) -> bool {
    let is_equal = match (&one.value, &other.value) {
        (Some(one), Some(other)) => one.is_identical(other),
        (None, None) => true,
        _ => false,
    };
    is_equal && one.stamp == other.stamp
}

/// Positions of those without which something of the state would not be proven. They are in order.
fn needed(all: &[Contribution], state: &State) -> BTreeSet<usize> {
    let is_foreign = |contribution: &Contribution| contribution.origin != contribution.peer_id;
    let mut last_of: BTreeMap<&PeerId, usize> = BTreeMap::new();
    let mut highest_of: BTreeMap<&PeerId, (u64, usize)> = BTreeMap::new();
    let mut givers: BTreeMap<&str, (bool, usize)> = BTreeMap::new();
    let mut begun_by: BTreeMap<(u64, &PeerId), usize> = BTreeMap::new();
    for (position, contribution) in all.iter().enumerate() {
        // In order: the last of an origin comes last.
        last_of.insert(&contribution.origin, position);
        // Whoever has ended a life has, whatever it said after that of an earlier one.
        let height = (contribution.causal_length, position);
        highest_of.entry(&contribution.origin).and_modify(|known| *known = height.max(*known)).or_insert(height);
        if contribution.begins {
            begun_by.entry((contribution.causal_length, &contribution.origin)).or_insert(position);
        }
        for given in &contribution.fields {
            let Given::Live(name) = given else { continue };
            let Some(field) = state.fields.get(name) else { continue };
            let rank = (contribution.origin != field.stamp.peer_id, position);
            givers.entry(name).and_modify(|best| *best = rank.min(*best)).or_insert(rank);
        }
    }
    let last_write = all.iter().enumerate().max_by_key(|(position, contribution)| {
        let written = (contribution.timestamp, &contribution.peer_id);
        (written, Reverse((is_foreign(contribution), *position)))
    });
    let first = all.iter().enumerate().min_by_key(|(position, contribution)| (life_order(contribution), *position));
    let ends = [last_write, first].into_iter().flatten().map(|(position, _)| position);
    let givers = givers.into_values().map(|(_, position)| position);
    let highest = highest_of.into_values().map(|(_, position)| position);
    let kept: BTreeSet<usize> = last_of.into_values().chain(highest).chain(givers).chain(ends).collect();
    // Of a life of which a beginning is kept, all are: who its authors are depends on them together.
    let begun = kept.iter().filter_map(|position| all.get(*position)).filter(|kept| kept.begins);
    let lives: BTreeSet<u64> = begun.map(|kept| kept.causal_length).chain([state.causal_length]).collect();
    let begun = begun_by.into_iter().filter(|((life, _), _)| lives.contains(life)).map(|(_, position)| position);
    kept.iter().copied().chain(begun).collect()
}

/// The least of the contributions to an entry, in this order, began the longest life.
fn life_order(contribution: &Contribution) -> impl Ord {
    let is_foreign = contribution.origin != contribution.peer_id;
    (Reverse(contribution.causal_length), contribution.timestamp, is_foreign)
}

/// What contributions prove of `state`, of which they are: the state that their deltas alone make.
pub fn proven_state(contributions: &[Contribution], state: &State) -> State {
    let mut proven = State::empty(state.peer_id.clone());
    proven.causal_length = contributions.iter().map(|contribution| contribution.causal_length).max().unwrap_or(0);
    for contribution in contributions {
        let written = (contribution.timestamp, &contribution.peer_id);
        if proven.clock.is_empty() || written > (proven.timestamp, &proven.peer_id) {
            (proven.timestamp, proven.peer_id) = (contribution.timestamp, contribution.peer_id.clone());
        }
        if contribution.seq > proven.clock.get(&contribution.origin) {
            proven.clock.set(contribution.origin.clone(), contribution.seq);
        }
        for given in contribution.fields.iter().filter(|_| contribution.causal_length == proven.causal_length) {
            if let Given::Live(name) = given
                && let Some(field) = state.fields.get(name)
            {
                proven.fields.insert(name.clone(), field.clone());
            }
        }
    }
    proven
}

/// Who made the last life of an entry that is proven; `None` where none is. That it is the present one shows by its causal length.
///
/// Of several that began it, not knowing of one another, it is the one with the earliest time.
pub fn maker_of(contributions: &[Contribution]) -> Option<EntryMaker> {
    let first = contributions.iter().min_by_key(|contribution| (life_order(contribution), contribution.order()))?;
    Some(EntryMaker {
        origin: first.origin.clone(),
        seq: first.seq,
        causal_length: first.causal_length,
        written: first.timestamp,
    })
}

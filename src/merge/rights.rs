//! What of the deltas of an entry counts: an entry is changed and deleted by those who may, whatever others sign.
//!
//! **The rule.** A delta that begins a life of an entry says so, under its signature. Whoever says it is an *author* of that life;
//! where an owner's edict proves that some said it earlier (`Rights::age_of`), those alone. Lives are gone through in order of
//! causal length:
//!
//! * A life is over once each of its authors has posted a delta of greater causal length, or somebody has who may delete
//!   entries of others: an owner, or anybody where `deleters = 'members'`. Before, no delta of greater causal length counts.
//! * Within a life a delta counts that begins it, that is an author's, or whose origin may change entries of others: an owner, or
//!   anybody where `writers = 'members'`. Where nobody is known to have begun it, all count.
//! * Which rights a delta is judged by follows from its number: those that were set last among those that were set without knowing of
//!   it.
//!
//! So what counts is a function of the set of deltas that are known and of the charter, and of nothing else: not of the order in
//! which they came, nor of times, which are anybody's own word. Who claims falsely to have begun an entry can so
//! keep it from being deleted by its author alone, and may change it where its author may; it cannot delete it. What does not count is kept aside with
//! its values, and weighed again when something more is known. What an entry has lost to a delta that turns out not to count
//! comes back from members that still have it: their entries differ, and are compared.

use std::collections::{BTreeMap, BTreeSet};

use crate::defence::is_down;
use crate::merge::contributions::{is_same, keep_needed, merge_contributions, proven_state};
use crate::merge::delta_digest::hash_field;
use crate::merge::states::merge_into;
use crate::model::{Contribution, Given, Hlc, PeerId, Piece, Rights, State};

/// Deltas of one origin that are kept aside with an entry, at most: the last ones.
const ASIDE_MAX: usize = 8;
/// Deltas of all origins that are kept aside with an entry, and their bytes: keys cost nothing, and whatever is kept aside is read and
/// written with each change of the entry.
const ASIDE_ALL_MAX: usize = 1024;
const ASIDE_BYTES_MAX: usize = 4 << 20;

/// What is known of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// What counts, merged.
    pub state: State,
    /// The deltas that it is made of, as far as they are proven.
    pub contributions: Vec<Contribution>,
    /// Deltas that do not count, in order.
    pub aside: Vec<Piece>,
}

/// What adding a delta has come to.
#[derive(Debug, Default)]
pub struct Joined {
    /// What counts has changed.
    pub is_news: bool,
    /// What was known before, where more than the delta had to be weighed: it may be that less counts now.
    pub weighed: Option<Known>,
}

/// Adds a delta, or a state with what it is made of, to what is known.
pub fn join(rights: &Rights, known: &mut Known, state: &State, given: &[Contribution]) -> Joined {
    if is_plain(rights, known, state, given) {
        if known.state.causal_length == 0 {
            known.contributions = given.to_vec();
            return Joined { is_news: merge_into(&mut known.state, state.clone()), weighed: None };
        }
        let before = known.state.clone();
        let is_news = merge_into(&mut known.state, state.clone());
        known.contributions = merge_contributions((&known.contributions, &before), (given, state), &known.state);
        return Joined { is_news, weighed: None };
    }
    let mut pieces = pieces_of(&known.contributions, &known.state);
    pieces.extend(pieces_of(given, state));
    pieces.extend(known.aside.iter().cloned());
    let unproven = [unproven_of(&known.contributions, &known.state), unproven_of(given, state)];
    let before = std::mem::replace(known, fold(rights, pieces, unproven));
    Joined { is_news: !is_equal(&before.state, &known.state), weighed: Some(before) }
}

/// Weighs anew what is known, under other rights; whether what counts has changed.
pub fn weigh(rights: &Rights, known: &mut Known) -> bool {
    if is_settled(rights, &known.contributions, &known.aside) {
        return false;
    }
    let mut pieces = pieces_of(&known.contributions, &known.state);
    pieces.append(&mut known.aside);
    let unproven = [unproven_of(&known.contributions, &known.state), None];
    let folded = fold(rights, pieces, unproven);
    let is_news = !is_equal(&folded.state, &known.state);
    *known = folded;
    is_news
}

/// Whether weighing changes nothing for sure.
pub fn is_settled(rights: &Rights, contributions: &[Contribution], aside: &[Piece]) -> bool {
    let Some(first) = contributions.first() else { return aside.is_empty() };
    let may_all = |given: &Contribution| {
        given.causal_length == first.causal_length && rights.may_edit_any(&given.origin, given.seq)
    };
    aside.is_empty() && contributions.iter().all(may_all)
}

/// Those who began the life of an entry with this causal length; nobody where that is not known.
pub fn authors_of<'a>(
    rights: &Rights,
    given: impl Iterator<Item = &'a Contribution> + Clone,
    causal_length: u64,
) -> Vec<&'a PeerId> {
    let begun = given.filter(|given| given.begins && given.causal_length == causal_length);
    let age = |given: &Contribution| rights.age_of(&given.origin, given.seq);
    let oldest = begun.clone().map(age).min();
    let mut authors: Vec<&PeerId> =
        begun.filter(|given| Some(age(given)) == oldest).map(|given| &given.origin).collect();
    authors.sort_unstable();
    authors.dedup();
    authors
}

/// Whether merging without further thought comes to the same.
fn is_plain(rights: &Rights, known: &Known, state: &State, given: &[Contribution]) -> bool {
    let is_of_life = known.state.causal_length == 0 || state.causal_length == known.state.causal_length;
    let may_all = |given: &Contribution| {
        given.causal_length == state.causal_length
            && (!state.is_alive() || rights.may_edit_any(&given.origin, given.seq))
    };
    // Whoever has begun the life as well may be an author alone: then others' changes do not count any more.
    let is_settled_before =
        || !given.iter().any(|given| given.begins) || is_settled(rights, &known.contributions, &known.aside);
    known.aside.is_empty() && is_of_life && given.iter().all(may_all) && is_settled_before()
}

/// Contributions with the values that the state of which they are holds.
fn pieces_of(contributions: &[Contribution], state: &State) -> Vec<Piece> {
    let piece = |given: &Contribution| {
        let live = given.fields.iter().filter_map(|field| match field {
            Given::Live(name) => Some(name),
            Given::Overwritten(_) => None,
        });
        let fields = live.map(|name| Some((name.clone(), state.fields.get(name)?.clone())));
        Some(Piece { fields: fields.collect::<Option<BTreeMap<_, _>>>()?, given: given.clone() })
    };
    contributions.iter().filter_map(piece).collect()
}

/// What of a state its contributions do not prove.
fn unproven_of(contributions: &[Contribution], state: &State) -> Option<State> {
    let proven = proven_state(contributions, state);
    let is_known = |name: &String| proven.fields.contains_key(name);
    let fields: BTreeMap<_, _> = state
        .fields
        .iter()
        .filter(|(name, _)| !is_known(name))
        .map(|(name, field)| (name.clone(), field.clone()))
        .collect();
    let is_last_proven = (proven.timestamp, &proven.peer_id) == (state.timestamp, &state.peer_id);
    if proven.causal_length == state.causal_length && fields.is_empty() && is_last_proven {
        return None;
    }
    let stamps = fields.values().map(|field| (field.stamp.hlc, field.stamp.peer_id.clone()));
    let latest = stamps.max().unwrap_or((Hlc::default(), state.peer_id.clone()));
    let (timestamp, peer_id) = if is_last_proven { latest } else { (state.timestamp, state.peer_id.clone()) };
    let counted = state.clock.iter().filter(|(origin, seq)| *seq > proven.clock.get(origin));
    let clock = counted.map(|(origin, seq)| (origin.clone(), seq)).collect();
    Some(State { causal_length: state.causal_length, fields, clock, timestamp, peer_id })
}

fn is_equal(one: &State, other: &State) -> bool {
    one.has_fields_of(other)
        && (one.causal_length, one.timestamp, &one.peer_id) == (other.causal_length, other.timestamp, &other.peer_id)
        && one.clock == other.clock
}

/// The same piece twice is one that has the values of both.
fn without_doubles(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_by(|one, other| one.given.order().cmp(&other.given.order()));
    pieces.dedup_by(|again, first| {
        let is_same = again.given.order() == first.given.order();
        if is_same {
            for (known, given) in first.given.fields.iter_mut().zip(&again.given.fields) {
                if let Given::Live(name) = given
                    && let Some(field) = again.fields.remove(name)
                {
                    known.clone_from(given);
                    first.fields.insert(name.clone(), field);
                }
            }
        }
        is_same
    });
    pieces
}

/// What counts of all that is known. `unproven` comes from a time before there were proofs.
fn fold(rights: &Rights, pieces: Vec<Piece>, unproven: [Option<State>; 2]) -> Known {
    let pieces = without_doubles(pieces);
    let unproven: Vec<State> = unproven.into_iter().flatten().collect();
    let life = life_of(rights, &pieces, &unproven);
    let authors: Vec<PeerId> =
        authors_of(rights, pieces.iter().map(|piece| &piece.given), life).into_iter().cloned().collect();
    let counts = |given: &Contribution| {
        given.causal_length < life
            || (given.causal_length == life
                && (life.is_multiple_of(2)
                    || authors.is_empty()
                    || authors.iter().any(|author| rights.is_author(&given.origin, given.seq, author))
                    || rights.may_edit_any(&given.origin, given.seq)))
    };
    let (counted, aside): (Vec<Piece>, Vec<Piece>) = pieces.into_iter().partition(|piece| counts(&piece.given));
    // The least of all names: whatever counts is later.
    let mut state = State::empty(PeerId::new(""));
    for piece in &counted {
        merge_into(&mut state, piece.state());
    }
    for unproven in unproven.into_iter().filter(|unproven| unproven.causal_length <= life) {
        merge_into(&mut state, unproven);
    }
    let mut contributions: Vec<Contribution> = counted.into_iter().map(|piece| settle(piece, &state)).collect();
    keep_needed(&mut contributions, &state);
    let is_of_author =
        |given: &Contribution| authors.iter().any(|author| rights.is_author(&given.origin, given.seq, author));
    Known { state, contributions, aside: bounded(aside, is_of_author) }
}

/// The causal length of the last life, or end of one, that is reached.
fn life_of(rights: &Rights, pieces: &[Piece], unproven: &[State]) -> u64 {
    let given = || pieces.iter().map(|piece| &piece.given);
    let mut lengths: Vec<u64> = given().map(|given| given.causal_length).collect();
    lengths.extend(unproven.iter().map(|state| state.causal_length));
    lengths.sort_unstable();
    lengths.dedup();
    let mut life = 0;
    for length in lengths {
        if life % 2 == 1 {
            let ends = |given: &Contribution| given.causal_length > life;
            let is_ended = given().any(|given| ends(given) && rights.may_end_any(&given.origin, given.seq));
            let has_ended = |author: &PeerId| {
                given().any(|given| ends(given) && rights.is_author(&given.origin, given.seq, author))
            };
            let authors = authors_of(rights, given(), life);
            let is_given_up = match is_down("all authors") {
                true => authors.into_iter().any(has_ended),
                false => authors.into_iter().all(has_ended),
            };
            if !is_ended && !is_down("rights") && !is_given_up {
                break;
            }
        }
        life = length;
    }
    life
}

/// A piece as a contribution to a state: what it gave and others have overwritten is hashed.
fn settle(piece: Piece, state: &State) -> Contribution {
    let Piece { mut given, fields } = piece;
    for field in &mut given.fields {
        let Given::Live(name) = field else { continue };
        let Some(own) = fields.get(name) else { continue };
        if !state.fields.get(name).is_some_and(|kept| is_same(kept, own)) {
            *field = Given::Overwritten(hash_field(name, own));
        }
    }
    given
}

/// The last of each origin alone; and where all of them are too many, those of the entry's authors first, the smallest first.
fn bounded(mut aside: Vec<Piece>, is_of_author: impl Fn(&Contribution) -> bool) -> Vec<Piece> {
    let mut of_origin: BTreeMap<PeerId, usize> = BTreeMap::new();
    aside.reverse();
    aside.retain(|piece| {
        let count = of_origin.entry(piece.given.origin.clone()).or_default();
        *count += 1;
        *count <= ASIDE_MAX
    });
    aside.reverse();
    let all: usize = aside.iter().map(Piece::bytes).sum();
    if aside.len() <= ASIDE_ALL_MAX && all <= ASIDE_BYTES_MAX {
        return aside;
    }
    let ranked = aside.iter().enumerate();
    let mut ranked: Vec<_> = ranked.map(|(at, piece)| (!is_of_author(&piece.given), piece.bytes(), at)).collect();
    ranked.sort_unstable();
    let (mut kept, mut bytes) = (BTreeSet::new(), 0);
    for (_, size, at) in ranked {
        if kept.len() < ASIDE_ALL_MAX && bytes + size <= ASIDE_BYTES_MAX {
            bytes += size;
            kept.insert(at);
        }
    }
    let mut places = 0..;
    aside.retain(|_| places.next().is_some_and(|place| kept.contains(&place)));
    aside
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;

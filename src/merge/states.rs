//! Joining two versions of an entry, and taking apart what one knows and the other does not.
//!
//! An entry lives while its causal length is odd (Shapiro et al.'s causal-length idea, Yu and Rostad 2020): a delete and an
//! insert after an observed delete each add one, so of two versions the one with the greater length has seen more lives,
//! and a field counts only in the life that it was written in. Within a life the greater stamp wins, field by field.

use std::cmp::Ordering;
use std::collections::btree_map::Entry;

use crate::error::{Error, ErrorKind, Result};
use crate::merge::digest::hash_value;
use crate::model::{Field, State, VectorClock};

/// Greatest causal length or write count that is taken from a peer: far above what writes can reach, far below overflow.
pub const CAUSAL_LENGTH_MAX: u64 = 1 << 62;

/// What two versions mean together: the greater causal length, of each field the greater stamp within that length, and
/// both clocks.
#[must_use]
pub fn merge(a: &State, b: &State) -> State {
    let mut merged = a.clone();
    merge_into(&mut merged, b.clone());
    merged
}

/// As [`merge`], in place of the first; whether the second knew anything that the first did not.
pub fn merge_into(state: &mut State, other: State) -> bool {
    if is_nothing(state) && other.causal_length > 0 && last_write(&other) > last_write(state) && is_of_one_life(&other)
    {
        *state = other;
        return true;
    }
    let mut is_news = other.causal_length > state.causal_length;
    if last_write(&other) > last_write(state) {
        (state.timestamp, state.peer_id) = (other.timestamp, other.peer_id);
        is_news = true;
    }
    state.causal_length = state.causal_length.max(other.causal_length);
    let causal_length = state.causal_length;
    let in_this_life = |field: &Field| field.stamp.causal_length >= causal_length;
    state.fields.retain(|_, field| in_this_life(field));
    for (name, theirs) in other.fields.into_iter().filter(|(_, field)| in_this_life(field)) {
        match state.fields.entry(name) {
            Entry::Occupied(ours) if precedence(ours.get(), &theirs) != Ordering::Less => {}
            Entry::Occupied(mut ours) => {
                ours.insert(theirs);
                is_news = true;
            }
            Entry::Vacant(place) => {
                place.insert(theirs);
                is_news = true;
            }
        }
    }
    if other.clock.iter().any(|(peer, count)| count > state.clock.get(peer)) {
        state.clock.merge(&other.clock);
        is_news = true;
    }
    is_news
}

/// What `state` knows and `base` does not, as a state: `merge(base, delta(base, state)) == merge(base, state)`.
#[must_use]
pub fn delta(base: &State, state: &State) -> State {
    let is_news = |name: &str, field: &Field| match base.fields.get(name) {
        Some(known) => precedence(known, field) == Ordering::Less,
        None => field.stamp.causal_length >= base.causal_length,
    };
    State {
        causal_length: state.causal_length,
        fields: state
            .fields
            .iter()
            .filter(|(name, field)| is_news(name, field))
            .map(|(name, field)| (name.clone(), field.clone()))
            .collect(),
        clock: state
            .clock
            .iter()
            .filter(|(peer, count)| *count > base.clock.get(peer))
            .map(|(peer, count)| (peer.clone(), count))
            .collect::<VectorClock>(),
        timestamp: state.timestamp,
        peer_id: state.peer_id.clone(),
    }
}

/// Refuses a state that no sequence of writes can have made; what comes from outside passes here before [`merge`].
///
/// # Errors
/// 22000 saying what: a count above `CAUSAL_LENGTH_MAX`, a deleted entry with fields, a stamp that does not fit the entry.
pub fn validate(state: &State) -> Result<()> {
    let refuse = |what: String| Err(Error::new(ErrorKind::DataException, what));
    if state.causal_length > CAUSAL_LENGTH_MAX {
        return refuse(format!("causal length {} is above the limit of {CAUSAL_LENGTH_MAX}", state.causal_length));
    }
    if let Some((peer, count)) = state.clock.iter().find(|(_, count)| *count > CAUSAL_LENGTH_MAX) {
        return refuse(format!("the clock counts {count} writes of {peer}, above the limit of {CAUSAL_LENGTH_MAX}"));
    }
    if !state.is_alive() && !state.fields.is_empty() {
        return refuse(format!("a deleted entry carries {} fields; it must carry none", state.fields.len()));
    }
    for (name, field) in &state.fields {
        let stamp = &field.stamp;
        if stamp.causal_length != state.causal_length {
            return refuse(format!(
                "field \"{name}\" is stamped with causal length {}, its entry with {}",
                stamp.causal_length, state.causal_length
            ));
        }
        if (stamp.hlc, &stamp.peer_id) > (state.timestamp, &state.peer_id) {
            return refuse(format!("field \"{name}\" is stamped later than the last write of its entry"));
        }
    }
    Ok(())
}

/// Whether a state is that of an entry of which nothing is known.
fn is_nothing(state: &State) -> bool {
    state.causal_length == 0 && state.fields.is_empty() && state.clock.is_empty()
}

fn is_of_one_life(state: &State) -> bool {
    state.fields.values().all(|field| field.stamp.causal_length >= state.causal_length)
}

/// Orders two writes of one field: by stamp, and where stamps tie (a peer that repeats itself) by the hash of the value.
fn precedence(a: &Field, b: &Field) -> Ordering {
    a.stamp.cmp(&b.stamp).then_with(|| hash_value(a.value.as_ref()).cmp(&hash_value(b.value.as_ref())))
}

fn last_write(state: &State) -> impl Ord + '_ {
    (state.timestamp, &state.peer_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::edit::{WriteContext, delete, insert, update};
    use crate::model::{Hlc, PeerId};
    use crate::types::Value;

    fn by(peer: &str, millis: u64) -> WriteContext {
        WriteContext { hlc: Hlc::new(millis, 0), peer_id: PeerId::new(peer) }
    }

    fn entry(text: &str) -> State {
        insert(None, [("name".to_string(), Value::text(text))], &by("a", 10))
    }

    #[test]
    fn the_empty_state_is_neutral() {
        let state = entry("one");
        let empty = State::empty(PeerId::new("z"));
        assert_eq!(merge(&state, &empty), state);
        assert_eq!(merge(&empty, &state), state);
    }

    #[test]
    fn equal_stamps_fall_back_to_the_hash_of_the_value() {
        let (one, two) = (entry("one"), entry("two"));
        let one_hash = hash_value(one.value("name"));
        let two_hash = hash_value(two.value("name"));
        let expected = if one_hash > two_hash { "one" } else { "two" };
        assert_eq!(merge(&one, &two).value("name"), Some(&Value::text(expected)));
        assert_eq!(merge(&two, &one).value("name"), Some(&Value::text(expected)));
    }

    #[test]
    fn a_removed_field_stays_removed_under_an_older_write() {
        let base = entry("one");
        let removed = update(&base, [("name".to_string(), None)], &by("a", 30));
        let older = update(&base, [("name".to_string(), Some(Value::text("two")))], &by("b", 20));
        let merged = merge(&removed, &older);
        assert_eq!(merged.value("name"), None);
        assert!(merged.fields.contains_key("name"));
        let newer = update(&base, [("name".to_string(), Some(Value::text("three")))], &by("b", 40));
        assert_eq!(merge(&removed, &newer).value("name"), Some(&Value::text("three")));
    }

    #[test]
    fn a_new_life_shows_nothing_of_the_old_one() {
        let base = entry("one");
        let late_update = update(&base, [("age".to_string(), Some(Value::Int4(3)))], &by("b", 900));
        let deleted = delete(&base, &by("a", 20));
        let reborn = insert(Some(&deleted), [("name".to_string(), Value::text("two"))], &by("a", 30));
        let merged = merge(&late_update, &reborn);
        assert_eq!(merged.causal_length, 3);
        assert_eq!(merged.value("name"), Some(&Value::text("two")));
        assert_eq!(merged.value("age"), None);
    }

    #[test]
    fn states_that_no_write_makes_are_refused() {
        let good = entry("one");
        assert!(validate(&good).is_ok());
        let mut huge = good.clone();
        huge.causal_length = u64::MAX;
        let mut haunted = delete(&good, &by("a", 20));
        haunted.fields = good.fields.clone();
        let mut mixed = good.clone();
        mixed.causal_length = 3;
        let mut early = good.clone();
        early.timestamp = Hlc::default();
        let mut counted = good;
        counted.clock.set(PeerId::new("a"), u64::MAX);
        for bad in [huge, haunted, mixed, early, counted] {
            assert_eq!(validate(&bad).map_err(|error| error.kind()), Err(ErrorKind::DataException));
        }
    }
}

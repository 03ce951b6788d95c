//! Local writes as deltas: inserts, updates and deletes of one entry.
//!
//! `insert`, `update` and `delete` return the version after the write; the `_delta` forms return only what the write
//! touched, and merging that into the version gives the same. A write always wins over what it was made on, even when two
//! writes carry the same time: its stamp is moved past the version's last write. Callers let their clock observe the
//! timestamp of what they get back.

use crate::merge::states::merge;
use crate::model::{Field, Hlc, PeerId, Stamp, State, VectorClock};
use crate::types::Value;

/// Who writes, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteContext {
    pub hlc: Hlc,
    pub peer_id: PeerId,
}

/// The version after an insert. A deleted `previous` begins its next life; a living one keeps the fields that are not
/// named (a duplicate key is for the caller to refuse).
#[must_use]
pub fn insert(
    previous: Option<&State>,
    fields: impl IntoIterator<Item = (String, Value)>,
    context: &WriteContext,
) -> State {
    after(previous, insert_delta(previous, fields, context))
}

/// The version after an update; `None` removes a field. A deleted entry stays as it is.
#[must_use]
pub fn update(
    previous: &State,
    changes: impl IntoIterator<Item = (String, Option<Value>)>,
    context: &WriteContext,
) -> State {
    after(Some(previous), update_delta(previous, changes, context))
}

/// The version after a delete. A deleted entry stays as it is.
#[must_use]
pub fn delete(previous: &State, context: &WriteContext) -> State {
    after(Some(previous), delete_delta(previous, context))
}

/// What an insert adds to `previous`; see [`insert`].
#[must_use]
pub fn insert_delta(
    previous: Option<&State>,
    fields: impl IntoIterator<Item = (String, Value)>,
    context: &WriteContext,
) -> State {
    let causal_length = match previous {
        Some(state) if state.is_alive() => state.causal_length,
        Some(state) => state.causal_length.saturating_add(1),
        None => 1,
    };
    write(previous, causal_length, fields.into_iter().map(|(name, value)| (name, Some(value))), context)
}

/// What an update adds to `previous`; see [`update`].
#[must_use]
pub fn update_delta(
    previous: &State,
    changes: impl IntoIterator<Item = (String, Option<Value>)>,
    context: &WriteContext,
) -> State {
    if previous.is_alive() {
        write(Some(previous), previous.causal_length, changes, context)
    } else {
        nothing(previous)
    }
}

/// What a delete adds to `previous`; see [`delete`].
#[must_use]
pub fn delete_delta(previous: &State, context: &WriteContext) -> State {
    if previous.is_alive() {
        write(Some(previous), previous.causal_length.saturating_add(1), [], context)
    } else {
        nothing(previous)
    }
}

fn after(previous: Option<&State>, delta: State) -> State {
    match previous {
        Some(state) => merge(state, &delta),
        None => delta,
    }
}

/// One stamped write; its clock names the writer alone, since a delta brings nothing of other peers.
fn write(
    previous: Option<&State>,
    causal_length: u64,
    changes: impl IntoIterator<Item = (String, Option<Value>)>,
    context: &WriteContext,
) -> State {
    let peer_id = context.peer_id.clone();
    let hlc = match previous {
        Some(state) if state.timestamp >= context.hlc => state.timestamp.next(0),
        _ => context.hlc,
    };
    let seen = previous.map_or(0, |state| state.clock.get(&peer_id));
    let mut clock = VectorClock::new();
    clock.set(peer_id.clone(), seen.saturating_add(1));
    let stamp = Stamp { causal_length, hlc, peer_id: peer_id.clone() };
    let fields = changes.into_iter().map(|(name, value)| (name, Field { value, stamp: stamp.clone() })).collect();
    State { causal_length, fields, clock, timestamp: hlc, peer_id }
}

/// The delta of a write that finds its entry deleted.
fn nothing(previous: &State) -> State {
    State { causal_length: previous.causal_length, ..State::empty(previous.peer_id.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> WriteContext {
        WriteContext { hlc: Hlc::new(millis, 0), peer_id: PeerId::new("a") }
    }

    fn named(text: &str) -> [(String, Value); 1] {
        [("name".to_string(), Value::text(text))]
    }

    fn renamed(text: &str) -> [(String, Option<Value>); 1] {
        [("name".to_string(), Some(Value::text(text)))]
    }

    #[test]
    fn each_delete_and_rebirth_adds_one_to_the_causal_length() {
        let first = insert(None, named("one"), &at(1));
        let gone = delete(&first, &at(2));
        let again = insert(Some(&gone), named("two"), &at(3));
        assert_eq!([first.causal_length, gone.causal_length, again.causal_length], [1, 2, 3]);
        assert_eq!([first.is_alive(), gone.is_alive(), again.is_alive()], [true, false, true]);
        assert!(gone.fields.is_empty());
        assert_eq!(again.clock.get(&PeerId::new("a")), 3);
    }

    #[test]
    fn an_update_stamps_only_what_it_touches() {
        let both = [("name".to_string(), Value::text("one")), ("age".to_string(), Value::Int4(1))];
        let first = insert(None, both, &at(1));
        let second = update(&first, renamed("two"), &at(2));
        assert_eq!(second.fields["age"], first.fields["age"]);
        assert_eq!(second.fields["name"].stamp.hlc, Hlc::new(2, 0));
        assert_eq!(second.timestamp, Hlc::new(2, 0));
    }

    #[test]
    fn a_second_write_at_the_same_time_still_wins() {
        let mut state = insert(None, named("0"), &at(5));
        for text in ["1", "2", "3", "4"] {
            state = update(&state, renamed(text), &at(5));
            assert_eq!(state.value("name"), Some(&Value::text(text)));
        }
        assert_eq!(state.timestamp, Hlc::new(5, 4));
    }

    #[test]
    fn a_write_to_a_deleted_entry_changes_nothing() {
        let gone = delete(&insert(None, named("one"), &at(1)), &at(2));
        assert_eq!(update(&gone, renamed("two"), &at(3)), gone);
        assert_eq!(delete(&gone, &at(3)), gone);
    }
}

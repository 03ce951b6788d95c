//! The laws of merge, checked on random histories of a few peers that write and exchange versions of one entry.
//!
//! Histories, rather than random states, give what can really occur: every state below comes out of the public functions.
//! Clocks jump, stand still and collide across peers on purpose.

use proptest::prelude::*;

use crate::merge::digest::{digest, hash_value};
use crate::merge::edit::{WriteContext, delete, delete_delta, insert, insert_delta, update, update_delta};
use crate::merge::states::{delta, merge, validate};
use crate::model::{Hlc, PeerId, State};
use crate::types::Value;

const PEERS: usize = 3;
const FIELDS: [&str; 3] = ["name", "age", "tags"];

#[derive(Clone, Debug)]
pub(super) enum Action {
    Insert(Vec<(usize, Value)>),
    Update(Vec<(usize, Option<Value>)>),
    Delete,
    /// Takes over what another peer holds.
    Receive(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    peer: usize,
    millis: u64,
    action: Action,
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-2i32..3).prop_map(Value::Int4),
        prop_oneof![Just(0.0f64), Just(-0.0), Just(f64::NAN), Just(1.5)].prop_map(Value::Float8),
        "[a-c]{0,2}".prop_map(Value::text),
        prop::collection::vec(-1.0f32..1.0, 0..3).prop_map(|vector| Value::Vector(vector.into())),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let field = 0..FIELDS.len();
    let action = prop_oneof![
        2 => prop::collection::vec((field.clone(), any_value()), 0..3).prop_map(Action::Insert),
        4 => prop::collection::vec((field, prop::option::weighted(0.8, any_value())), 1..3).prop_map(Action::Update),
        1 => Just(Action::Delete),
        2 => (0..PEERS).prop_map(Action::Receive),
    ];
    (0..PEERS, 1u64..6, action).prop_map(|(peer, millis, action)| Step { peer, millis, action })
}

pub(super) fn any_history() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any_step(), 0..24)
}

fn named<T>(fields: Vec<(usize, T)>) -> impl Iterator<Item = (String, T)> {
    fields.into_iter().map(|(field, value)| (FIELDS[field].to_string(), value))
}

fn context(peer: usize, millis: u64) -> WriteContext {
    WriteContext { hlc: Hlc::new(millis, 0), peer_id: PeerId::new(format!("peer{peer}")) }
}

/// What each peer holds in the end, and the delta of every write on the way. Checks that each write equals its delta.
pub(super) fn run(history: Vec<Step>) -> (Vec<State>, Vec<State>) {
    let mut peers: Vec<State> = (0..PEERS).map(|_| State::empty(PeerId::new(""))).collect();
    let mut deltas = Vec::new();
    for Step { peer, millis, action } in history {
        let before = peers[peer].clone();
        let context = context(peer, millis);
        let (after, written) = match action {
            Action::Insert(fields) => (
                insert(Some(&before), named(fields.clone()), &context),
                insert_delta(Some(&before), named(fields), &context),
            ),
            Action::Update(changes) => {
                (update(&before, named(changes.clone()), &context), update_delta(&before, named(changes), &context))
            }
            Action::Delete => (delete(&before, &context), delete_delta(&before, &context)),
            Action::Receive(from) => {
                peers[peer] = merge(&before, &peers[from]);
                continue;
            }
        };
        assert_same(&merge(&before, &written), &after);
        peers[peer] = after;
        deltas.push(written);
    }
    (peers, deltas)
}

/// Equality by digest: NaN does not equal itself, its bytes do.
fn assert_same(a: &State, b: &State) {
    assert_eq!(digest(a), digest(b), "{a:?} differs from {b:?}");
}

fn merge_all<'a>(states: impl IntoIterator<Item = &'a State>) -> State {
    states.into_iter().fold(State::empty(PeerId::new("")), |sum, state| merge(&sum, state))
}

proptest! {
    #[test]
    fn merge_is_commutative(history in any_history()) {
        let (peers, _) = run(history);
        assert_same(&merge(&peers[0], &peers[1]), &merge(&peers[1], &peers[0]));
    }

    #[test]
    fn merge_is_associative(history in any_history()) {
        let (peers, _) = run(history);
        let left = merge(&merge(&peers[0], &peers[1]), &peers[2]);
        let right = merge(&peers[0], &merge(&peers[1], &peers[2]));
        assert_same(&left, &right);
    }

    // Histories stamped by chance: equal stamps with different values, lives that skip ahead.
    #[test]
    fn merge_is_associative_across_unrelated_histories(
        a in any_history(), b in any_history(), c in any_history()
    ) {
        let [a, b, c] = [a, b, c].map(|history| merge_all(&run(history).0));
        assert_same(&merge(&merge(&a, &b), &c), &merge(&a, &merge(&b, &c)));
        assert_same(&merge(&a, &b), &merge(&b, &a));
    }

    #[test]
    fn merge_is_idempotent(history in any_history()) {
        let (peers, _) = run(history);
        assert_same(&merge(&peers[0], &peers[0]), &peers[0]);
        let merged = merge(&peers[0], &peers[1]);
        assert_same(&merge(&merged, &peers[1]), &merged);
    }

    #[test]
    fn deltas_in_any_order_any_number_of_times_give_the_state_of_all_peers(
        (history, order) in any_history().prop_flat_map(|history| {
            let writes = history.len();
            (Just(history), prop::collection::vec(0..writes.max(1), 0..48))
        })
    ) {
        let (peers, deltas) = run(history);
        let shuffled = order.iter().filter_map(|index| deltas.get(*index));
        let received = merge_all(shuffled.chain(deltas.iter().rev()));
        assert_same(&received, &merge_all(&peers));
    }

    #[test]
    fn a_delta_is_what_one_state_knows_and_the_other_does_not(a in any_history(), b in any_history()) {
        let [base, state] = [a, b].map(|history| merge_all(&run(history).0));
        let news = delta(&base, &state);
        assert_same(&merge(&base, &news), &merge(&base, &state));
        let all_known = delta(&merge(&base, &state), &state);
        prop_assert!(all_known.fields.is_empty() && all_known.clock.is_empty());
    }

    #[test]
    fn writes_and_merges_make_valid_states(history in any_history()) {
        let (peers, deltas) = run(history);
        for state in peers.iter().chain(&deltas).chain([&merge_all(&peers)]) {
            prop_assert!(validate(state).is_ok(), "{:?}: {state:?}", validate(state));
        }
    }

    #[test]
    fn a_write_is_what_its_writer_reads_next(history in any_history(), value in any_value(), millis in 0u64..8) {
        let (peers, _) = run(history);
        let written = insert(Some(&peers[0]), [("name".to_string(), value.clone())], &context(0, millis));
        let read = written.value("name");
        prop_assert_eq!(hash_value(read), hash_value(Some(&value)));
        prop_assert!(peers[0].clock.happens_before(&written.clock));
    }
}

//! Entries and deltas as liars write them: well-formed bytes of states that nobody wrote.

use crate::merge::CAUSAL_LENGTH_MAX;
use crate::model::{Contribution, FACT_BLOB_HASH, Field, Given, Hlc, PeerId, Stamp, State, VectorClock};
use crate::store::{
    DeltaBody, decode_contributions, decode_state, encode_body, encode_contributions, encode_key, encode_state,
};
use crate::sync::protocol::seeded_random::Random;
use crate::types::Value;

/// A year in milliseconds.
const YEAR_MS: u64 = 365 * 24 * 3_600_000;

/// A state, or the body of a delta, with one thing in it changed; `None` for bytes that are neither.
pub(super) fn twisted(bytes: &[u8], peers: &[PeerId], random: &mut Random) -> Option<Vec<u8>> {
    if let Ok(state) = decode_state(bytes) {
        return encode_state(&twist(state, peers, random)).ok();
    }
    let body = DeltaBody::parse(bytes).ok()?;
    let state = twist(decode_state(body.state).ok()?, peers, random);
    encode_body(body.collection, body.key, &state).ok()
}

fn twist(mut state: State, peers: &[PeerId], random: &mut Random) -> State {
    let at = usize::try_from(random.below(peers.len() as u64)).unwrap();
    let peer = peers.get(at).cloned().unwrap_or_else(|| state.peer_id.clone());
    match random.below(8) {
        0 => state.timestamp = Hlc::new(state.timestamp.millis().saturating_add(random.below(YEAR_MS)), 0),
        1 => state.causal_length = [2, 3, 4, CAUSAL_LENGTH_MAX - 1][usize::try_from(random.below(4)).unwrap()],
        2 => {
            // A tombstone.
            state.causal_length = state.causal_length.next_multiple_of(2);
            state.fields.clear();
        }
        3 => state.clock.set(peer, random.next()),
        4 => state.peer_id = peer,
        5 => {
            for field in state.fields.values_mut() {
                field.value = Some(Value::text("a lie"));
                field.stamp.hlc = Hlc::from_bits(field.stamp.hlc.to_bits().saturating_add(1));
                state.timestamp = state.timestamp.max(field.stamp.hlc);
            }
        }
        6 => {
            for field in state.fields.values_mut() {
                field.value = None;
                field.stamp.peer_id = peer.clone();
            }
        }
        _ => drop(state.fields.pop_first()),
    }
    state
}

/// A state and what it is made of, with a later delta by one of its authors that it never posted; `None` for one without values.
pub(super) fn forged(body: &[u8], contributions: &[u8], me: &PeerId) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut state, mut given) = (decode_state(body).ok()?, decode_contributions(contributions).ok()?);
    let is_of_others = |given: &&Contribution| given.origin != *me && !given.fields.is_empty();
    let mut invented = given.iter().rev().find(is_of_others)?.clone();
    let live = |given: &Given| match given {
        Given::Live(name) => Some(name.clone()),
        Given::Overwritten(_) => None,
    };
    let name = invented.fields.iter().find_map(live)?;
    let field = state.fields.get_mut(&name)?;
    let later = Hlc::from_bits(state.timestamp.max(field.stamp.hlc).to_bits().saturating_add(1));
    (field.value, field.stamp.hlc) = (Some(Value::text("a forged value")), later);
    state.timestamp = later;
    (invented.begins, invented.timestamp) = (false, later);
    (invented.fields, invented.seq) = (vec![Given::Live(name)], invented.seq.saturating_add(1));
    state.clock.set(invented.origin.clone(), invented.seq.max(state.clock.get(&invented.origin)));
    given.push(invented);
    given.sort_by(|one, other| one.order().cmp(&other.order()));
    Some((encode_state(&state).ok()?, encode_contributions(&given).ok()?))
}

/// What is wrong with an entry that nobody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bait {
    Future,
    Lives,
    Blob,
    OtherKey,
}

impl Bait {
    pub fn choose(random: &mut Random) -> Bait {
        [Bait::Future, Bait::Lives, Bait::Blob, Bait::OtherKey][usize::try_from(random.below(4)).unwrap()]
    }

    /// The key and the state of such an entry, as bytes. Honest users find it as `bait` and a number.
    pub fn entry(
        self,
        number: u64,
        (author, now_ms): (&PeerId, u64),
        blob: Option<&str>,
        random: &mut Random,
    ) -> (Vec<u8>, Vec<u8>) {
        let timestamp = match self {
            Bait::Future => [Hlc::from_bits(u64::MAX), Hlc::new(now_ms + YEAR_MS, 0)][usize::from(random.below(2) > 0)],
            _ => Hlc::new(now_ms, 0),
        };
        let causal_length = if self == Bait::Lives { CAUSAL_LENGTH_MAX - 1 } else { 1 };
        let stamp = Stamp { causal_length, hlc: timestamp, peer_id: author.clone() };
        let mut fields = vec![("bait".to_string(), Value::text("bait"))];
        if self == Bait::Blob {
            fields.extend(blob.map(|hash| (FACT_BLOB_HASH.to_string(), Value::text(hash))));
        }
        let fields = fields.into_iter().map(|(name, value)| (name, Field { value: Some(value), stamp: stamp.clone() }));
        let clock = VectorClock::new();
        let state = State { causal_length, fields: fields.collect(), clock, timestamp, peer_id: author.clone() };
        let mut key = Vec::new();
        let values = match self {
            Bait::OtherKey => vec![Value::Int8(i64::try_from(number).unwrap_or(0)), Value::Int8(1)],
            _ => vec![Value::text(bait_id(number))],
        };
        encode_key(&values, &mut key).unwrap();
        (key, encode_state(&state).unwrap())
    }
}

/// A delta to an entry of its first life that somebody else made, and whether it says to have begun a life: an end,
/// or where `may_begin` an entry in its place, or that it was this author's before.
pub(super) fn taken_from_others(author: &PeerId, now_ms: u64, may_begin: bool, random: &mut Random) -> (State, bool) {
    let (causal_length, millis) = match random.below(if may_begin { 4 } else { 2 }) {
        0 => (2, now_ms),
        1 => (CAUSAL_LENGTH_MAX - 2, now_ms),
        2 => (3, now_ms),
        _ => (1, now_ms.saturating_sub(YEAR_MS)),
    };
    let timestamp = Hlc::new(millis, 0);
    let stamp = Stamp { causal_length, hlc: timestamp, peer_id: author.clone() };
    let is_alive = causal_length % 2 == 1;
    let field = Field { value: Some(Value::text("taken")), stamp };
    let fields = is_alive.then(|| ("taken".to_string(), field)).into_iter().collect();
    let state = State { causal_length, fields, clock: VectorClock::new(), timestamp, peer_id: author.clone() };
    (state, is_alive)
}

/// The id of an entry that nobody wrote.
pub(super) fn bait_id(number: u64) -> String {
    format!("bait{}", number % BAITS)
}

/// How many there are, so that liars and honest users meet at them.
pub(super) const BAITS: u64 = 4;

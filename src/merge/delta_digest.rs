//! The hash of a delta by its fields, so that a state of an entry shows what a delta said without having all that it said.
//!
//! A field that an entry still has is hashed from the entry itself; of one that has been written since, its hash alone is
//! kept. These bytes are part of the replication protocol: they never change.

use crate::merge::digest::write_value;
use crate::model::{Contribution, DeltaDigest, Field, Given, Hlc, PeerId, State};

const FIELD_KEY: &[u8; 32] = b"nebulusdb 2026 field of a delta.";
const DELTA_KEY: &[u8; 32] = b"nebulusdb 2026 readable delta...";
const UNREADABLE_KEY: &[u8; 32] = b"nebulusdb 2026 unreadable delta.";

/// The hash of a field: its name, its stamp and its value.
pub fn hash_field(name: &str, field: &Field) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(160);
    write(&mut bytes, name.as_bytes());
    bytes.extend_from_slice(&field.stamp.causal_length.to_be_bytes());
    bytes.extend_from_slice(&field.stamp.hlc.to_bits().to_be_bytes());
    write(&mut bytes, field.stamp.peer_id.as_str().as_bytes());
    write_value(field.value.as_ref(), &mut |part| bytes.extend_from_slice(part));
    *blake3::keyed_hash(FIELD_KEY, &bytes).as_bytes()
}

/// What a delta says of an entry as a whole.
struct Whole<'a> {
    causal_length: u64,
    timestamp: Hlc,
    peer_id: &'a PeerId,
    begins: bool,
}

/// The hash of a delta: of which entry it speaks, what it says, and whether it says to have begun a life. Its number is covered by
/// the tree of its posting.
pub fn delta_digest(collection: &str, key: &[u8], state: &State, begins: bool) -> DeltaDigest {
    let State { causal_length, timestamp, .. } = *state;
    let whole = Whole { causal_length, timestamp, peer_id: &state.peer_id, begins };
    let fields = state.fields.iter().map(|(name, field)| hash_field(name, field));
    digest_of((collection, key), &whole, fields.collect())
}

/// The hash of a delta that cannot be read.
pub fn unreadable_digest(body: &[u8]) -> DeltaDigest {
    *blake3::keyed_hash(UNREADABLE_KEY, body).as_bytes()
}

/// The hash that a contribution's delta must have, with the fields that live taken from `state`; `None` where the state lacks
/// one of them.
pub fn contribution_digest(
    collection: &str,
    key: &[u8],
    contribution: &Contribution,
    state: &State,
) -> Option<DeltaDigest> {
    let Contribution { causal_length, timestamp, begins, .. } = *contribution;
    let whole = Whole { causal_length, timestamp, peer_id: &contribution.peer_id, begins };
    let fields = contribution.fields.iter().map(|given| match given {
        Given::Live(name) => state.fields.get(name).map(|field| hash_field(name, field)),
        Given::Overwritten(hash) => Some(*hash),
    });
    Some(digest_of((collection, key), &whole, fields.collect::<Option<_>>()?))
}

fn digest_of((collection, key): (&str, &[u8]), whole: &Whole<'_>, fields: Vec<[u8; 32]>) -> DeltaDigest {
    let mut bytes = Vec::with_capacity(160 + fields.len() * 32);
    write(&mut bytes, collection.as_bytes());
    write(&mut bytes, key);
    bytes.extend_from_slice(&whole.causal_length.to_be_bytes());
    bytes.extend_from_slice(&whole.timestamp.to_bits().to_be_bytes());
    write(&mut bytes, whole.peer_id.as_str().as_bytes());
    bytes.extend_from_slice(&(fields.len() as u64).to_be_bytes());
    fields.iter().for_each(|hash| bytes.extend_from_slice(hash));
    if whole.begins {
        bytes.push(1);
    }
    *blake3::keyed_hash(DELTA_KEY, &bytes).as_bytes()
}

fn write(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

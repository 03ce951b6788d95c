//! BLAKE3 over canonical bytes of values and states.
//!
//! The bytes are injective: fixed-width big-endian numbers, a length before everything of variable size, and values as
//! [`Value::hash_bytes`] gives them (by type and bits, so that two values hash alike exactly when they are stored alike).
//! They are part of the replication protocol: they never change.

use blake3::Hasher;

use crate::model::State;
use crate::types::Value;

const REMOVED: u8 = 0;
const PRESENT: u8 = 1;

/// The hash that decides between two values with equal stamps; `None` is a removed field.
pub fn hash_value(value: Option<&Value>) -> [u8; 32] {
    let mut hasher = Hasher::new();
    write_optional(&mut hasher, value);
    *hasher.finalize().as_bytes()
}

/// The hash of a whole state: equal on two peers exactly when they hold the same version.
pub fn digest(state: &State) -> [u8; 32] {
    let mut hasher = Hasher::new();
    hasher.update(&state.causal_length.to_be_bytes());
    hasher.update(&state.timestamp.to_bits().to_be_bytes());
    write_bytes(&mut hasher, state.peer_id.as_str().as_bytes());
    write_length(&mut hasher, state.clock.len());
    for (peer, count) in state.clock.iter() {
        write_bytes(&mut hasher, peer.as_str().as_bytes());
        hasher.update(&count.to_be_bytes());
    }
    write_length(&mut hasher, state.fields.len());
    for (name, field) in &state.fields {
        write_bytes(&mut hasher, name.as_bytes());
        hasher.update(&field.stamp.causal_length.to_be_bytes());
        hasher.update(&field.stamp.hlc.to_bits().to_be_bytes());
        write_bytes(&mut hasher, field.stamp.peer_id.as_str().as_bytes());
        write_optional(&mut hasher, field.value.as_ref());
    }
    *hasher.finalize().as_bytes()
}

fn write_length(hasher: &mut Hasher, length: usize) {
    hasher.update(&(length as u64).to_be_bytes());
}

fn write_bytes(hasher: &mut Hasher, bytes: &[u8]) {
    write_length(hasher, bytes.len());
    hasher.update(bytes);
}

fn write_optional(hasher: &mut Hasher, value: Option<&Value>) {
    write_value(value, &mut |bytes| {
        hasher.update(bytes);
    });
}

/// The canonical bytes of a value; `None` is a removed field.
pub(super) fn write_value(value: Option<&Value>, write: &mut impl FnMut(&[u8])) {
    match value {
        None => write(&[REMOVED]),
        Some(value) => {
            write(&[PRESENT]);
            value.hash_bytes(write);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::types::Numeric;

    #[test]
    fn types_with_equal_bytes_hash_apart() {
        let values = [Value::text("ab"), Value::Json("ab".into()), Value::Bytea(b"ab".to_vec().into())];
        let hashes: BTreeSet<_> = values.iter().map(|value| hash_value(Some(value))).collect();
        assert_eq!(hashes.len(), values.len());
        assert_ne!(hash_value(None), hash_value(Some(&Value::Null)));
    }

    #[test]
    fn values_that_compare_equal_but_are_stored_apart_hash_apart() {
        assert_ne!(hash_value(Some(&Value::Float8(0.0))), hash_value(Some(&Value::Float8(-0.0))));
        let (short, long) = (Numeric::scaled(1, 0), Numeric::scaled(10, 1));
        assert_eq!(short, long);
        assert_ne!(hash_value(Some(&Value::Numeric(short))), hash_value(Some(&Value::Numeric(long))));
    }

    #[test]
    fn the_hash_of_a_value_never_changes() {
        let hex = blake3::Hash::from_bytes(hash_value(Some(&Value::text("nebulus")))).to_hex();
        let bytes = b"\x01\x08\x00\x00\x00\x00\x00\x00\x00\x07nebulus";
        assert_eq!(hex, blake3::hash(bytes).to_hex());
        // Sign and scale, then the mantissa of 96 bits.
        let hash = hash_value(Some(&Value::Numeric(Numeric::scaled(-150, 2))));
        let bytes = b"\x01\x07\x00\x00\x02\x80\x96\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
        assert_eq!(hash, *blake3::hash(bytes).as_bytes());
    }
}

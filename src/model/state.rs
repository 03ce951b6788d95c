//! One version of an entry: its fields with their stamps, and what it has seen.

use std::collections::BTreeMap;

use crate::model::clock::{Hlc, PeerId, Stamp, VectorClock};
use crate::types::Value;

/// What kind of entry a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryType {
    /// Metadata facts, an optional vector, an optional blob.
    Memory,
    /// An encrypted secret; never staged, never sent.
    Auth,
}

impl EntryType {
    pub fn name(self) -> &'static str {
        match self {
            EntryType::Memory => "MEMORY",
            EntryType::Auth => "AUTH",
        }
    }
}

/// Whether an entry waits to be posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    #[default]
    Private,
    /// Marked for publication; the next sync posts it.
    PostPending,
}

impl Stage {
    /// The text of `_stage`; a private entry has none.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Stage::Private => None,
            Stage::PostPending => Some("post-pending"),
        }
    }
}

/// One field of an entry; a value of `None` is the tombstone of a removed field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub value: Option<Value>,
    pub stamp: Stamp,
}

/// One version of an entry. Alive while `causal_length` is odd.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub causal_length: u64,
    pub fields: BTreeMap<String, Field>,
    pub clock: VectorClock,
    /// Time of the last write that this version has seen.
    pub timestamp: Hlc,
    /// The peer of that write.
    pub peer_id: PeerId,
}

impl State {
    /// A state that has seen nothing: the neutral element of merge.
    pub fn empty(peer_id: PeerId) -> Self {
        State {
            causal_length: 0,
            fields: BTreeMap::new(),
            clock: VectorClock::new(),
            timestamp: Hlc::default(),
            peer_id,
        }
    }

    pub fn is_alive(&self) -> bool {
        self.causal_length % 2 == 1
    }

    /// Whether both have the same fields, with the same stamps and to the bit the same values.
    pub fn has_fields_of(&self, other: &State) -> bool {
        let is_same = |a: &Option<Value>, b: &Option<Value>| match (a, b) {
            (Some(a), Some(b)) => a.is_identical(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.fields.len() == other.fields.len()
            && self.fields.iter().zip(&other.fields).all(|((name, ours), (other_name, theirs))| {
                name == other_name && ours.stamp == theirs.stamp && is_same(&ours.value, &theirs.value)
            })
    }

    /// The value of a field that is present and not removed.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).and_then(|field| field.value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: Option<Value>) -> State {
        let stamp = Stamp { causal_length: 1, hlc: Hlc::new(1, 0), peer_id: PeerId::new("a") };
        let fields = BTreeMap::from([("value".to_string(), Field { value, stamp })]);
        State { causal_length: 1, fields, ..State::empty(PeerId::new("a")) }
    }

    #[test]
    fn fields_are_compared_to_the_bit() {
        let values = [
            None,
            Some(Value::Float8(f64::NAN)),
            Some(Value::Float4(f32::NAN)),
            Some(Value::Float8(0.0)),
            Some(Value::Float8(-0.0)),
            Some(Value::Numeric("1.0".parse().unwrap())),
            Some(Value::Numeric("1.00".parse().unwrap())),
            Some(Value::Vector(vec![1.0, 0.0].into())),
            Some(Value::Vector(vec![1.0, -0.0].into())),
        ];
        for (position, value) in values.iter().enumerate() {
            for (other_position, other) in values.iter().enumerate() {
                let is_same = with(value.clone()).has_fields_of(&with(other.clone()));
                assert_eq!(is_same, position == other_position, "{value:?} {other:?}");
            }
        }
    }
}

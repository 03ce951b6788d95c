//! One version of an entry: its fields with their stamps, and what it has seen.

use std::collections::BTreeMap;

use crate::model::{Hlc, PeerId, Stamp, Value, VectorClock};

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

    /// The value of a field that is present and not removed.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).and_then(|field| field.value.as_ref())
    }
}

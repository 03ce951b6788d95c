//! Which delta gave an entry what: the facts by which a state of an entry is proven to anybody.

use std::collections::BTreeMap;

use crate::model::clock::{Hlc, PeerId};
use crate::model::network::Bytes;
use crate::model::state::{Field, State};
use crate::types::Value;

/// The hash of a delta, by its fields.
pub type DeltaDigest = [u8; 32];

/// What has become of a field that a delta wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// The entry has it, under this name, with this delta's value and stamp.
    Live(String),
    /// It has been written since: the hash of its name, stamp and value.
    Overwritten([u8; 32]),
}

/// A delta that an entry still owes something to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Who posted it, under which number.
    pub origin: PeerId,
    pub seq: u64,
    /// Its origin knew of nobody who had begun the life of the entry that it speaks of: it says that it has begun it.
    pub begins: bool,
    /// What it says of the entry as a whole.
    pub causal_length: u64,
    pub timestamp: Hlc,
    pub peer_id: PeerId,
    /// Its fields, in order of their names.
    pub fields: Vec<Given>,
}

/// What tells a delta from all others, and puts them in order: where an origin told two stories, its number alone does not.
pub type ContributionOrder<'a> = (&'a PeerId, u64, u64, Hlc, &'a PeerId, usize, bool);

impl Contribution {
    pub fn order(&self) -> ContributionOrder<'_> {
        let fields = self.fields.len();
        (&self.origin, self.seq, self.causal_length, self.timestamp, &self.peer_id, fields, self.begins)
    }
}

/// A delta as far as it is kept beside an entry: with the values of those of its fields that have not been overwritten.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    pub given: Contribution,
    /// By name; all that `given` calls live.
    pub fields: BTreeMap<String, Field>,
}

/// What a delta kept beside an entry takes besides its values, and one of its fields besides its name, about.
const PIECE_BYTES: usize = 128;
const GIVEN_BYTES: usize = 40;

impl Piece {
    /// Bytes that it takes, about.
    pub fn bytes(&self) -> usize {
        let value = |field: &Field| field.value.as_ref().map_or(0, Value::bytes);
        let fields = self.fields.iter().map(|(name, field)| name.len() + GIVEN_BYTES + value(field));
        PIECE_BYTES + self.given.fields.len() * GIVEN_BYTES + fields.sum::<usize>()
    }

    /// What it says, as a state.
    pub fn state(&self) -> State {
        State {
            causal_length: self.given.causal_length,
            fields: self.fields.clone(),
            clock: [(self.given.origin.clone(), self.given.seq)].into_iter().collect(),
            timestamp: self.given.timestamp,
            peer_id: self.given.peer_id.clone(),
        }
    }
}

/// Who made the present life of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryMaker {
    /// Whose signature covers it.
    pub origin: PeerId,
    /// The number of the delta.
    pub seq: u64,
    /// The causal length of the life.
    pub causal_length: u64,
    /// When it was written, by the writer's clock.
    pub written: Hlc,
}

/// What proves that an origin posted some deltas: a posting's signature, and the part of its tree that they need.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PostingProof {
    pub origin: PeerId,
    /// The number of the posting's last delta.
    pub last: u64,
    /// As [`Posting`](crate::merge::Posting) writes itself.
    pub record: Bytes,
}

impl PostingProof {
    /// Bytes that it takes in memory and on the wire, about.
    pub fn bytes(&self) -> usize {
        self.record.len() + self.origin.as_str().len() + 16
    }
}

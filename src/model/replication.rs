//! What travels between an engine of sync and the database under it: what is read from the log and of public states, and what
//! became of what peers sent.

use serde::{Deserialize, Serialize};

use crate::model::PeerId;
use crate::model::network::{Bytes, Delta, Head};
use crate::model::placement::KeyHash;

/// What the log holds from a number on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogRead {
    Deltas(Vec<Delta>),
    /// The log begins later: at `floor`.
    Pruned {
        floor: u64,
    },
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub head: Head,
    /// The last delta in the log: at least `head.seq`.
    pub received: u64,
    pub verdict: Verdict,
}

/// Whether a run was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is durable. Entries show with the end of their posting.
    Applied,
    /// It begins behind `received + 1`: ask again from there.
    Gap,
    /// Stamps run ahead of the clock here: nothing from that posting on was taken; ask again when due.
    Early { due_ms: u64 },
    /// A wrong signature or hash: the peer that sent it is lying.
    Forged { reason: String },
    /// The origin signed two continuations of one chain.
    Fork { seq: u64 },
    /// It is this node's own and not in its log: this data directory is an older copy.
    OwnOrigin,
}

/// What became of states that a member vouches for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergedStates {
    /// Entries that changed.
    pub news: u64,
    /// Entries whose last write lies too far ahead of the clock here: nothing was taken of them.
    pub early: u64,
    /// Entries of which something is not proven: that was not taken.
    pub unproven: u64,
    /// A proof does not fit: nothing was taken at all.
    pub is_forged: bool,
}

/// An entry as it travels outside of a delta.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicEntry {
    pub key: Bytes,
    /// Its state, as in a delta.
    pub body: Bytes,
    /// Which deltas it is made of, encoded by `store`; empty where nothing is known of that.
    pub contributions: Bytes,
}

/// An entry by what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryDigest {
    pub bucket: u16,
    pub key_hash: KeyHash,
    pub digest: Fingerprint,
    pub key: Bytes,
    /// The last delta of each origin that touched it.
    pub clock: Vec<(PeerId, u64)>,
}

/// A fingerprint or a digest.
pub type Fingerprint = [u8; 16];

impl PublicEntry {
    /// Bytes that the entry takes in memory and on the wire, about.
    pub fn bytes(&self) -> usize {
        self.key.len() + self.body.len() + self.contributions.len() + 16
    }
}

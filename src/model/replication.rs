//! What travels between an engine of sync and the database under it: what is read from the log and of public states, and what
//! became of what peers sent.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::model::PeerId;
use crate::model::network::{Bytes, ChainHash, Delta, Head};
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
    /// The own head as it stood then; `None` where this node has posted nothing. Whoever goes by what has come has to know what
    /// was posted here before it came.
    pub own: Option<Head>,
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

/// A head with its time, signed by its origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadTime {
    pub origin: PeerId,
    /// The number of its last delta; 0 where it has posted none.
    pub seq: u64,
    pub hash: ChainHash,
    /// When (milliseconds since 1970, its own clock) the origin signed this.
    pub at_ms: u64,
    /// The origin's, over all of this.
    pub signature: Bytes,
}

/// A member of a network as it is kept over restarts: one record each, in JSON, under its [name](Member::record_name).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub peer: PeerId,
    #[serde(default)]
    pub addresses: Vec<String>,
    /// When (milliseconds since 1970, its own clock) it named them; 0 where it has not.
    #[serde(default)]
    pub named_ms: u64,
    /// What it has signed of that; empty where nobody has heard it yet.
    #[serde(default)]
    pub signature: Vec<u8>,
    /// Addresses at which it was reached from here.
    #[serde(default)]
    pub reached: Vec<String>,
    /// The only member that has told of it, where it was never met here.
    #[serde(default)]
    pub introduced_by: Option<PeerId>,
    /// What it was last known to have applied, by origin.
    #[serde(default)]
    pub acknowledged: Vec<(PeerId, u64)>,
    /// Milliseconds since 1970; 0 for never.
    #[serde(default)]
    pub last_seen_ms: u64,
    /// When it last signed how far it had come, and that.
    #[serde(default)]
    pub signed: Option<HeadTime>,
}

impl Member {
    /// What the names of the records of members begin with.
    pub const RECORDS: &str = "member/";
    /// Longest record of a member, in bytes; without room for what it has acknowledged, that is left out.
    const RECORD_BYTES_MAX: usize = 512 * 1024;

    /// Under which name it is kept.
    pub fn record_name(&self) -> String {
        format!("{}{}", Member::RECORDS, self.peer)
    }

    /// What is kept of it.
    ///
    /// # Errors
    /// XX000 where it cannot be written as JSON.
    pub fn to_record(&self) -> Result<Vec<u8>> {
        let json = |member: &Member| serde_json::to_vec(member).map_err(|error| Error::internal(error.to_string()));
        let record = json(self)?;
        if record.len() <= Member::RECORD_BYTES_MAX {
            return Ok(record);
        }
        json(&Member { acknowledged: Vec::new(), ..self.clone() })
    }

    /// Reads what is kept of a member.
    ///
    /// # Errors
    /// XX001 for a damaged record.
    pub fn from_record(json: &[u8]) -> Result<Member> {
        serde_json::from_slice(json)
            .map_err(|_| Error::new(ErrorKind::Corrupted, "the record of a member cannot be read"))
    }

    /// Whether it was met here, or several members tell of it: anybody can make keys and have one member tell of them.
    pub fn is_confirmed(&self) -> bool {
        self.introduced_by.is_none()
    }

    /// Whether neither it nor the only member that has told of it is removed.
    pub fn is_of_now(&self, removed: &[PeerId]) -> bool {
        !removed.contains(&self.peer) && self.introduced_by.as_ref().is_none_or(|by| !removed.contains(by))
    }
}

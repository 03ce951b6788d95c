//! What an engine tells of itself, besides its status.

use crate::model::PeerId;

/// For the log and metrics: numbers and peer ids, nothing of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineEvent {
    /// A member that was not known before.
    MemberMet {
        peer: PeerId,
    },
    Posted {
        seq: u64,
    },
    /// A member has shown that deltas exist and has not given them.
    Withheld {
        peer: PeerId,
        origin: PeerId,
        seq: u64,
    },
    /// An origin has signed that deltas exist which no connected member gives.
    Unavailable {
        origin: PeerId,
        seq: u64,
    },
    /// A run with a wrong signature or hash was refused.
    Forged {
        peer: PeerId,
        origin: PeerId,
    },
    /// The origin signed two deltas with one number; its later deltas are not taken.
    Forked {
        origin: PeerId,
        seq: u64,
    },
    /// Stamps from the future: the origin waits.
    Quarantined {
        origin: PeerId,
        seq: u64,
        due_ms: u64,
    },
    Banned {
        peer: PeerId,
        until_ms: u64,
    },
    ReconciliationBegan {
        peer: PeerId,
    },
    ReconciliationEnded {
        peer: PeerId,
        entries: u64,
        bytes: u64,
        whole: bool,
    },
    /// What a stability round says of everybody is not true of this node: another member has started anew, or lies.
    RoundDisputed {
        round: u64,
    },
    TombstonesCollected {
        count: u64,
    },
    /// Entries outside of this node's share were dropped: others hold them.
    Evicted {
        count: u64,
    },
    /// Members did not give what they say they hold: nothing is dropped for their word.
    HoldersFailed {
        peers: Vec<PeerId>,
    },
    LogPruned {
        count: u64,
    },
    EpochAdopted {
        epoch: u64,
    },
    /// This node's data directory is an old copy; it goes on under a new peer id.
    Renewed {
        peer: PeerId,
    },
    SchemaConflicts {
        count: u64,
    },
    /// The clock here and those of members differ; the words are safe to log.
    ClockOff {
        trouble: String,
    },
    /// A member has been silent for longer than the network waits; the words are safe to log.
    MemberSilent {
        trouble: String,
    },
    /// Work on the database failed; the words are safe to log.
    WorkFailed {
        what: &'static str,
        error: String,
    },
}

//! A reconciliation that is under way: with whom, why, and how far it has come.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::model::{Buckets, Head, PeerId};
use crate::sync::engine::reconcile::collection_walk::CollectionWalk;
use crate::sync::engine::reconcile::log_first::Awaited;

/// Why a reconciliation is under way, the most urgent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Audit,
    /// Collections are partial: what the peer holds of them is taken over, and its deltas are left to the logs.
    Fill,
    /// Something is lacking: what the peer holds is taken over with its heads.
    Needed,
}

/// A request that is not answered yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageRequest {
    pub number: u64,
    /// When it left, or when the one before it was answered.
    pub since_ms: u64,
    /// For a page behind one that may be the last.
    pub is_next_page: bool,
}

/// One under way.
#[derive(Debug)]
pub(super) struct RunningReconciliation {
    pub peer: PeerId,
    pub number: u64,
    pub reason: Reason,
    /// The requests under way: several only while pages follow one another.
    pub requests: VecDeque<PageRequest>,
    pub heads: Vec<Head>,
    /// Origins among them that had not begun to prove what they post.
    pub legacy: Arc<BTreeSet<PeerId>>,
    /// What the peer said with its heads of whole and partial collections, while these are being verified.
    pub opening: Option<(Vec<String>, Vec<String>)>,
    /// Collections that both have attached, with whether the peer holds everything of it that its heads cover.
    pub collections: VecDeque<(String, bool)>,
    /// Of ours those that the peer holds everything of.
    pub whole: Vec<String>,
    /// All of ours when the walk began.
    pub attached: Vec<String>,
    pub walk: Option<CollectionWalk>,
    /// What the logs are to bring before the first walk.
    pub awaited: Option<Awaited>,
    /// Our electorate when it began, and whether it is the peer's.
    pub members: u64,
    pub same_membership: bool,
    /// The buckets that are compared, and those that the peer has to hold.
    pub within: Buckets,
    pub held_there: Buckets,
    /// Writes to the database under way.
    pub writes: usize,
    pub is_adopting: bool,
    pub entries: u64,
    /// Entries from the future, which were left there.
    pub early: u64,
    pub bytes: u64,
}

impl RunningReconciliation {
    /// Numbers by origin that the peer's view covers.
    pub fn covers(&self, clock: &[(PeerId, u64)]) -> bool {
        let seq = |origin: &PeerId| {
            self.heads.binary_search_by(|head| head.origin.cmp(origin)).ok().and_then(|at| self.heads.get(at))
        };
        clock.iter().all(|(origin, number)| seq(origin).is_some_and(|head| head.seq >= *number))
    }
}

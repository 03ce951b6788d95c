//! What an engine keeps in memory because somebody said something, for tests that hold it against bounds.

use crate::sync::engine::dispatch::engine::Engine;

/// Counts of what grows by what peers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Burden {
    pub members: usize,
    /// Heads that the most talkative peer has told.
    pub heads_told: usize,
    pub origins: usize,
    /// Requests that are under way or wait.
    pub requests: usize,
    pub queued_bytes: usize,
}

impl Engine {
    pub fn burden(&self) -> Burden {
        let (origins, queued_bytes) = self.log.kept();
        Burden {
            members: self.core.roster.len(),
            heads_told: self.core.peers.values().map(|session| session.known.len()).max().unwrap_or(0),
            origins,
            requests: self.core.in_flight.len(),
            queued_bytes,
        }
    }

    /// Whether entries may be lacking that this node has to hold.
    pub fn is_filling(&self) -> bool {
        !self.core.config.partial.is_empty()
    }

    /// The buckets that this node has to hold.
    pub fn own_share(&mut self) -> crate::model::Buckets {
        self.core.own_share()
    }
}

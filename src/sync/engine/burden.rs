//! What an engine keeps in memory because somebody said something, for tests that hold it against bounds.

use crate::sync::engine::Engine;

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
        Burden {
            members: self.roster.len(),
            heads_told: self.sessions.values().map(|session| session.known.len()).max().unwrap_or(0),
            origins: self.origins.len().max(self.wanted.len()),
            requests: self.in_flight.len(),
            queued_bytes: self.queue.bytes(),
        }
    }
}

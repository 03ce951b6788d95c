//! The logs first: what they give of a peer's view is here before this node's entries are compared with that view.
//!
//! Deltas are applied posting by posting, so that what was posted together shows together. States come entry by entry: one that
//! counts deltas which this node has not applied would show a part of what they belong to. So an audit, and a comparison that
//! fills what is partial, begin their walk once this node's heads cover those of the view, as far as somebody connected gives
//! the deltas. What is left to the states is then what no log gives. Deltas from the future come by the log as well, but nobody
//! waits for their time: states that count them are left to a later comparison, unless that were to be years ahead, when their
//! origin has long posted them anew under another identity. Where deltas are known to be lacking everywhere
//! ([`Reason::Needed`]), neither is done.

use crate::model::{Head, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::limits::{EARLY_MS_MAX, RECONCILE_TIMEOUT_MS};
use crate::sync::engine::log::pull::OriginPull;
use crate::sync::engine::reconcile::reconcile::Reason;

/// What a view counts and the logs are to bring.
#[derive(Debug)]
pub(in crate::sync::engine) struct Awaited {
    numbers: Vec<(PeerId, u64)>,
    /// A view does not stay open for ever: the comparison ends then, and begins again later with another one.
    until_ms: u64,
}

impl Engine {
    /// The peer has shown the heads of its view, all of them verified: what they count beyond ours is asked for.
    pub(in crate::sync::engine) fn await_log(&mut self) {
        let Some(running) = self.reconciling.running.as_ref() else { return };
        if running.reason == Reason::Needed {
            return;
        }
        let peer = running.peer.clone();
        let is_beyond = |head: &&Head| head.origin != self.config.this && head.seq > self.heads.seq(&head.origin);
        let beyond: Vec<Head> = running.heads.iter().filter(is_beyond).cloned().collect();
        for head in &beyond {
            // It may have told of more since the view was opened.
            if self.sessions.get(&peer).is_some_and(|session| session.known_seq(&head.origin) < head.seq) {
                self.head_shown(&peer, head);
            }
        }
        let numbers: Vec<(PeerId, u64)> = beyond.into_iter().map(|head| (head.origin, head.seq)).collect();
        let until_ms = self.now_ms.saturating_add(RECONCILE_TIMEOUT_MS);
        if let Some(running) = self.reconciling.running.as_mut().filter(|_| !numbers.is_empty()) {
            running.awaited = Some(Awaited { numbers, until_ms });
            self.wake_at(until_ms);
            self.schedule_pulls();
        }
    }

    /// Whether the logs are still to bring something that the view counts.
    pub(in crate::sync::engine) fn awaits_log(&mut self) -> bool {
        let awaited = self.reconciling.running.as_mut().and_then(|running| running.awaited.take());
        let Some(mut awaited) = awaited else { return false };
        // One at a time: there may be tens of thousands, and this is asked for each run that is applied.
        while awaited.numbers.pop_if(|(origin, seq)| !self.is_brought(origin, *seq)).is_some() {}
        let is_awaited = !awaited.numbers.is_empty();
        if let Some(running) = self.reconciling.running.as_mut().filter(|_| is_awaited) {
            running.awaited = Some(awaited);
        }
        is_awaited
    }

    /// Goes on with a comparison that has waited for the logs, once they have brought what they give.
    pub(in crate::sync::engine) fn go_on_after_log(&mut self) {
        let waits = self.reconciling.running.as_ref().is_some_and(|running| running.awaited.is_some());
        if waits && !self.awaits_log() {
            self.step();
        }
    }

    /// Whether the logs have not brought what the view counts in time.
    pub(in crate::sync::engine) fn is_log_late(&self) -> bool {
        let awaited = self.reconciling.running.as_ref().and_then(|running| running.awaited.as_ref());
        awaited.is_some_and(|awaited| awaited.until_ms <= self.now_ms)
    }

    /// Whether the view of the running comparison counts what the logs bring later.
    pub(in crate::sync::engine) fn is_view_ahead(&self) -> bool {
        let running = self.reconciling.running.as_ref().filter(|running| running.reason != Reason::Needed);
        running.is_some_and(|running| running.heads.iter().any(|head| self.comes_later(&head.origin, head.seq)))
    }

    /// Whether a delta of an origin comes soon by the log.
    fn is_brought(&self, origin: &PeerId, seq: u64) -> bool {
        let is_early = self.origins.get(origin).is_some_and(|state| state.quarantine_ms.is_some());
        !is_early && self.comes_later(origin, seq)
    }

    /// Whether a delta of an origin is not applied yet, and waits for its time, is on its way or can be had of somebody.
    pub(in crate::sync::engine) fn comes_later(&self, origin: &PeerId, seq: u64) -> bool {
        let applied = self.heads.seq(origin);
        let state = self.origins.get(origin);
        if applied >= seq || *origin == self.config.this || state.is_some_and(OriginPull::is_stuck) {
            return false;
        }
        if let Some(due_ms) = state.and_then(|state| state.quarantine_ms) {
            return due_ms <= self.now_ms.saturating_add(EARLY_MS_MAX);
        }
        state.is_some_and(|state| state.pull.is_some())
            || self.queue.has(origin)
            || self.sessions.values().any(|session| {
                !session.is_outdated
                    && session.known_seq(origin) > applied
                    && !session.pruned.contains(origin)
                    && session.is_trusted(origin, self.now_ms)
            })
    }
}

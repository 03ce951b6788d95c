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
use crate::sync::engine::core::{EngineCore, EngineEffect};
use crate::sync::engine::limits::RECONCILE_TIMEOUT_MS;
use crate::sync::engine::log::log::Log;
use crate::sync::engine::reconcile::reconcile::Reconciliation;
use crate::sync::engine::reconcile::running::Reason;

/// What a view counts and the logs are to bring.
#[derive(Debug)]
pub(super) struct Awaited {
    numbers: Vec<(PeerId, u64)>,
    /// A view does not stay open for ever: the comparison ends then, and begins again later with another one.
    until_ms: u64,
}

impl Reconciliation {
    /// The peer has shown the heads of its view, all of them verified: what they count beyond ours is asked for.
    pub(super) fn await_log(&mut self, core: &mut EngineCore, log: &mut Log) {
        let Some(running) = self.running.as_ref() else { return };
        if running.reason == Reason::Needed {
            return;
        }
        let peer = running.peer.clone();
        let is_beyond = |head: &&Head| head.origin != core.config.this && head.seq > core.heads.seq(&head.origin);
        let beyond: Vec<Head> = running.heads.iter().filter(is_beyond).cloned().collect();
        for head in &beyond {
            // It may have told of more since the view was opened.
            if core.peers.get(&peer).is_some_and(|session| session.known_seq(&head.origin) < head.seq) {
                log.on_head(core, &peer, head);
            }
        }
        let numbers: Vec<(PeerId, u64)> = beyond.into_iter().map(|head| (head.origin, head.seq)).collect();
        let until_ms = core.now_ms.saturating_add(RECONCILE_TIMEOUT_MS);
        if let Some(running) = self.running.as_mut().filter(|_| !numbers.is_empty()) {
            running.awaited = Some(Awaited { numbers, until_ms });
            core.wake_at(until_ms);
            core.effect(EngineEffect::PullsDue);
        }
    }

    /// Whether the logs are still to bring something that the view counts.
    pub(super) fn awaits_log(&mut self, core: &EngineCore, log: &Log) -> bool {
        let awaited = self.running.as_mut().and_then(|running| running.awaited.take());
        let Some(mut awaited) = awaited else { return false };
        // One at a time: there may be tens of thousands, and this is asked for each run that is applied.
        while awaited.numbers.pop_if(|(origin, seq)| !is_brought(core, log, origin, *seq)).is_some() {}
        let is_awaited = !awaited.numbers.is_empty();
        if let Some(running) = self.running.as_mut().filter(|_| is_awaited) {
            running.awaited = Some(awaited);
        }
        is_awaited
    }

    /// Goes on with a comparison that has waited for the logs, once they have brought what they give.
    pub(super) fn go_on_after_log(&mut self, core: &mut EngineCore, log: &mut Log) {
        let waits = self.running.as_ref().is_some_and(|running| running.awaited.is_some());
        if waits && !self.awaits_log(core, log) {
            self.step(core, log);
        }
    }

    /// Whether the logs have not brought what the view counts in time.
    pub(super) fn is_log_late(&self, core: &EngineCore) -> bool {
        let awaited = self.running.as_ref().and_then(|running| running.awaited.as_ref());
        awaited.is_some_and(|awaited| awaited.until_ms <= core.now_ms)
    }

    /// Whether the view of the running comparison counts what the logs bring later.
    pub(super) fn is_view_ahead(&self, core: &EngineCore, log: &Log) -> bool {
        let running = self.running.as_ref().filter(|running| running.reason != Reason::Needed);
        running.is_some_and(|running| running.heads.iter().any(|head| log.comes_later(core, &head.origin, head.seq)))
    }
}

/// Whether a delta of an origin comes soon by the log.
fn is_brought(core: &EngineCore, log: &Log, origin: &PeerId, seq: u64) -> bool {
    log.early_origin(origin).is_none() && log.comes_later(core, origin, seq)
}

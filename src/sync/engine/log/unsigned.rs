//! Deltas that wait for the end of their posting, which nobody has signed yet.
//!
//! Whoever passes a long posting on sends it in parts, so a part without an end is nothing strange. But it may have been made
//! up, or its end kept back. The head of an origin is always the end of a posting: where the origin has signed one within what
//! waits, that is not what it posted, whatever else it is. It is dropped, asked for again of others, and whoever sent it is named
//! as one that withholds if nobody gives the true one.

use crate::defence::is_down;
use crate::error::Result;
use crate::model::{Applied, PeerId, Verdict};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::limits::{DISTRUST_MS, RETRY_MS, STORY_DISTRUST_MS};
use crate::sync::engine::log::log::Log;
use crate::sync::engine::requests::DropUnsigned;

impl Log {
    /// Remembers who sent what waits for the end of its posting. Where the origin has signed something else, no more of it is
    /// taken from there for a while.
    pub(super) fn note_waiting(&mut self, core: &mut EngineCore, origin: &PeerId, peer: &PeerId, applied: &Applied) {
        let now_ms = core.now_ms;
        let state = self.origin_mut(core, origin);
        let was_dropped = applied.verdict == Verdict::Gap && applied.received < state.received;
        let waits = applied.received > applied.head.seq;
        let from = state.waiting_from.take().filter(|_| waits || was_dropped);
        state.waiting_from = if was_dropped { None } else { from.clone().or_else(|| waits.then(|| peer.clone())) };
        if let Some(session) = from.filter(|_| was_dropped).and_then(|from| core.peers.get_mut(&from)) {
            session.distrusted.insert(origin.clone(), now_ms.saturating_add(DISTRUST_MS));
        }
    }

    /// The origin has signed this head.
    pub fn on_signed_head(&mut self, core: &mut EngineCore, origin: &PeerId, seq: u64) {
        if self.origins.contains_key(origin) || seq > core.heads.seq(origin) {
            let state = self.origin_mut(core, origin);
            state.signed_seq = state.signed_seq.max(seq);
            self.review_unsigned(core, origin);
        }
    }

    /// Whether what waits of an origin is spoken against by a head that the origin signed.
    pub(super) fn is_refuted(&self, core: &EngineCore, origin: &PeerId) -> bool {
        let head_seq = core.heads.seq(origin);
        let within = |seq: u64, received: u64| head_seq < seq && seq <= received;
        self.origins.get(origin).is_some_and(|state| within(state.signed_seq, state.received))
            && !is_down("ends of postings")
    }

    /// The number up to which deltas of an origin are here, as far as they can be what the origin posted.
    pub(super) fn given_seq(&self, core: &EngineCore, origin: &PeerId) -> u64 {
        if self.is_refuted(core, origin) { core.heads.seq(origin) } else { self.received_seq(core, origin) }
    }

    /// Has what waits of an origin dropped where it is not what the origin posted.
    pub(super) fn review_unsigned(&mut self, core: &mut EngineCore, origin: &PeerId) {
        // What is being applied may bring the end.
        if !self.is_refuted(core, origin) || self.queue.has(origin) {
            return;
        }
        let now_ms = core.now_ms;
        let state = self.origin_mut(core, origin);
        if state.is_dropping || state.is_frozen || state.retry_ms > now_ms {
            return;
        }
        state.is_dropping = true;
        let (from, origin) = (state.waiting_from.take(), origin.clone());
        let request = DropUnsigned { origin: origin.clone() };
        core.request(request, move |engine, reply| {
            engine.log.on_drop_unsigned_done(&mut engine.core, &origin, from, reply);
            engine.schedule_pulls();
        });
    }

    fn on_drop_unsigned_done(
        &mut self,
        core: &mut EngineCore,
        origin: &PeerId,
        from: Option<PeerId>,
        result: Result<u64>,
    ) {
        let (now_ms, head_seq) = (core.now_ms, core.heads.seq(origin));
        let state = self.origin_mut(core, origin);
        state.is_dropping = false;
        match result {
            Ok(received) => state.received = received.max(head_seq),
            Err(error) => {
                state.retry_ms = now_ms.saturating_add(RETRY_MS);
                return core.failed("dropping deltas that nobody signed", &error);
            }
        }
        let seq = state.signed_seq;
        if let Some(from) = from {
            if let Some(session) = core.peers.get_mut(&from) {
                session.distrusted.insert(origin.clone(), now_ms.saturating_add(STORY_DISTRUST_MS));
            }
            self.unserved(core, &from, origin, seq);
        }
        self.start_over(core, origin);
        self.start_applies(core);
    }
}

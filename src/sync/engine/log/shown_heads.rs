//! Heads that peers show: what there is to be pulled, and which of them contradict one another.

use crate::model::{Head, PeerId};
use crate::sync::engine::core::{EngineCore, EngineEffect};
use crate::sync::engine::limits::{DISTRUST_MS, HEARTBEAT_MS_MIN};
use crate::sync::engine::log::log::Log;
use crate::sync::engine::requests::CheckOwnHead;

impl Log {
    /// What a peer has applied of one origin, by its own word.
    pub fn on_head(&mut self, core: &mut EngineCore, peer: &PeerId, head: &Head) {
        if !core.takes_word_of(peer, &head.origin) {
            return;
        }
        let our_head = core.heads.get(&head.origin);
        let is_forked = our_head.is_some_and(|ours| ours.seq == head.seq && ours.hash != head.hash);
        let is_news = self.received_seq(core, &head.origin) < head.seq;
        let Some(session) = core.peers.get_mut(peer) else { return };
        session.known.insert(head.origin.clone(), head.seq);
        if session.pushed.get(&head.origin).is_some_and(|pushed| *pushed <= head.seq) {
            session.pushed.remove(&head.origin);
        }
        if head.origin == core.config.this {
            return Log::on_own_head(core, peer, head);
        }
        if is_forked {
            // Its deltas do not follow ours, and that is not its fault. The greater hash is the story that all tell in the end.
            let lost_fork = our_head.is_some_and(|ours| ours.hash < head.hash);
            session.distrusted.insert(head.origin.clone(), core.now_ms.saturating_add(DISTRUST_MS));
            if lost_fork {
                core.effect(EngineEffect::ReconciliationNeeded);
            }
            self.origin_mut(core, &head.origin).lost_fork = lost_fork;
            return self.forked(core, &head.origin, head.seq);
        }
        if is_news {
            self.wanted.insert(head.origin.clone());
        }
        self.on_signed_head(core, &head.origin, head.seq);
    }

    /// A head of our own origin. Nobody can have more of it than we have, unless this is an old copy of a data directory;
    /// a lesser one is looked at once a session, since a copy may have posted anew under used numbers.
    fn on_own_head(core: &mut EngineCore, peer: &PeerId, head: &Head) {
        let our_head = core.heads.get(&head.origin);
        let is_ours = our_head.is_some_and(|ours| ours.seq == head.seq && ours.hash == head.hash);
        let our_seq = our_head.map_or(0, |ours| ours.seq);
        let Some(session) = core.peers.get_mut(peer) else { return };
        let is_checked = session.own_checked >= head.seq || (session.own_checked > 0 && head.seq <= our_seq);
        session.own_checked = session.own_checked.max(head.seq);
        if !is_ours && !is_checked {
            let head = head.clone();
            let peer = peer.clone();
            core.request(CheckOwnHead { head }, move |engine, reply| engine.on_check_own_head_done(&peer, reply));
        }
    }

    /// Forgets origins that only those who have gone have named.
    pub fn forget_strange_origins(&mut self, core: &EngineCore) {
        let (heads, roster, sessions, queue) = (&core.heads, &core.roster, &core.peers, &self.queue);
        let is_any = |origin: &PeerId| heads.get(origin).is_some() || roster.contains(origin);
        let is_named = |origin: &PeerId| sessions.values().any(|session| session.known.contains_key(origin));
        let is_kept = |origin: &PeerId| is_any(origin) || is_named(origin) || queue.has(origin);
        self.origins.retain(|origin, state| state.pull.is_some() || is_kept(origin));
        self.wanted.retain(is_kept);
    }

    /// Takes a head of ours that is further than before; the number it had, if so.
    pub fn advance(&mut self, core: &mut EngineCore, head: Head) -> Option<u64> {
        let (origin, seq) = (head.origin.clone(), head.seq);
        let old_seq = core.heads.advance(head, core.now_ms)?;
        if let Some(state) = self.origins.get_mut(&origin) {
            state.received = state.received.max(seq);
        }
        core.schedule_heartbeats(HEARTBEAT_MS_MIN);
        Some(old_seq)
    }
}

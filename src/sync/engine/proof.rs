//! What peers say that has to be verified before it is believed: heads by their signatures, entries by their proofs.
//!
//! The database verifies, away from the engine; what is known already is not verified again.

use std::sync::Arc;

use crate::error::Result;
use crate::model::{Head, MergedStates, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::io::VerifiedHeads;
use crate::sync::engine::limits::{HEARTBEATS_WAITING_MAX, POINTS_FLOOD, POINTS_FORGED};
use crate::sync::engine::requests::VerifyHeads;
use crate::sync::protocol::message::Heartbeat;

impl Engine {
    /// Takes a heartbeat once its heads are known to be signed. Those of one peer are taken in order.
    pub(super) fn heartbeat_shown(&mut self, peer: &PeerId, heartbeat: Heartbeat) {
        if !self.charter_shown(peer, heartbeat.charter) {
            return;
        }
        let is_known = self.are_known(&heartbeat.heads);
        let Some(session) = self.sessions.get_mut(peer) else { return };
        if session.unverified.is_empty() && is_known {
            return self.heartbeat(peer, heartbeat);
        }
        if session.unverified.len() >= HEARTBEATS_WAITING_MAX {
            return self.strike(peer, POINTS_FLOOD, "sent more heads than can be verified");
        }
        session.unverified.push_back(heartbeat);
        if session.unverified.len() == 1 {
            self.verify_next(peer);
        }
    }

    /// Whether heads are those that are applied here.
    fn are_known(&self, heads: &[Head]) -> bool {
        heads.iter().all(|head| self.heads.get(&head.origin) == Some(head))
    }

    /// Takes waiting heartbeats up to the first whose heads have to be verified.
    fn verify_next(&mut self, peer: &PeerId) {
        loop {
            let Some(heads) = self.sessions.get(peer).and_then(|session| session.unverified.front()) else { return };
            let heads = heads.heads.clone();
            if !self.are_known(&heads) {
                let number = self.next_number();
                if let Some(session) = self.sessions.get_mut(peer) {
                    session.verifying = number;
                }
                let peer = peer.clone();
                let done = move |engine: &mut Engine, reply| engine.on_verify_heads_done(&peer, number, reply);
                return self.request(VerifyHeads { heads }, done);
            }
            let heartbeat = self.sessions.get_mut(peer).and_then(|session| session.unverified.pop_front());
            let Some(heartbeat) = heartbeat else { return };
            self.heartbeat(peer, heartbeat);
        }
    }

    fn on_verify_heads_done(&mut self, peer: &PeerId, number: u64, result: Result<VerifiedHeads>) {
        let session = self.sessions.get_mut(peer).filter(|session| session.verifying == number);
        let Some(mut heartbeat) = session.and_then(|session| session.unverified.pop_front()) else { return };
        match result {
            Ok(verified) => {
                heartbeat.heads = verified.heads;
                if verified.is_forged {
                    self.strike(peer, POINTS_FORGED, "showed heads that their origins did not sign");
                }
                self.heartbeat(peer, heartbeat);
            }
            Err(error) => self.failed("verifying heads", &error),
        }
        self.verify_next(peer);
    }

    /// The peer has pinned a view, and shown heads; false where nobody signed some of them.
    pub(super) fn on_verify_view_done(&mut self, result: Result<VerifiedHeads>) -> bool {
        let Some(verified) = self.compared(result) else { return false };
        let Some(running) = self.reconciling.running.as_mut() else { return false };
        let Some((whole, partial)) = running.opening.take() else { return false };
        if verified.is_forged {
            let peer = running.peer.clone();
            self.strike(&peer, POINTS_FORGED, "showed heads that their origins did not sign");
            return false;
        }
        let mut heads = verified.heads;
        heads.sort_by(|a, b| a.origin.cmp(&b.origin));
        (running.heads, running.legacy) = (heads, Arc::new(verified.legacy));
        for ours in &self.config.collections {
            let is_whole = whole.contains(&ours.name);
            if is_whole {
                running.whole.push(ours.name.clone());
            }
            if is_whole || partial.contains(&ours.name) {
                running.collections.push_back((ours.name.clone(), is_whole));
            }
        }
        self.await_log();
        true
    }

    /// What became of entries that the peer sent; false where they cannot be relied on.
    pub(super) fn on_merge_states_done(&mut self, result: Result<MergedStates>) -> bool {
        if let (Ok(merged), Some(running)) = (&result, self.reconciling.running.as_mut()) {
            if merged.is_forged {
                // Of an origin that signed two stories an honest peer may hold a mixture that no one of them proves: it is not
                // taken, and another peer is asked, but nobody is banned for it.
                let told = format!("entries that {} sent are not as their origins posted them", running.peer);
                self.counters.last_error = Some(told);
                return false;
            }
            running.early = running.early.saturating_add(merged.early);
            if merged.unproven > 0 {
                let (count, peer) = (merged.unproven, &running.peer);
                let told = format!("{count} entries that {peer} sent are not proven, and that was not taken of them");
                self.counters.last_error = Some(told);
            }
            if merged.news > 0 {
                // Tombstones among them are to go again.
                self.round.unsettle();
            }
        }
        self.on_write_done(result.map(|merged| merged.news))
    }
}

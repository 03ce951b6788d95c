//! What peers say that has to be verified before it is believed: heads by their signatures, entries by their proofs.
//!
//! The database verifies, away from the engine; what is known already is not verified again.

use crate::error::Result;
use crate::model::{Head, PeerId};
use crate::sync::engine::dispatch::engine::Engine;
use crate::sync::engine::limits::{HEARTBEATS_WAITING_MAX, POINTS_FLOOD, POINTS_FORGED};
use crate::sync::engine::requests::VerifiedHeads;
use crate::sync::engine::requests::VerifyHeads;
use crate::sync::protocol::message::Heartbeat;

impl Engine {
    /// Takes a heartbeat once its heads are known to be signed. Those of one peer are taken in order.
    pub(in crate::sync::engine) fn on_heartbeat(&mut self, peer: &PeerId, heartbeat: Heartbeat) {
        if !self.epochs.charter_shown(&mut self.core, peer, heartbeat.charter) {
            return;
        }
        let is_known = self.are_known(&heartbeat.heads);
        let Some(session) = self.core.peers.get_mut(peer) else { return };
        if session.unverified.is_empty() && is_known {
            return self.on_signed_heartbeat(peer, heartbeat);
        }
        if session.unverified.len() >= HEARTBEATS_WAITING_MAX {
            return self.core.penalise(peer, POINTS_FLOOD, "sent more heads than can be verified");
        }
        session.unverified.push_back(heartbeat);
        if session.unverified.len() == 1 {
            self.verify_next(peer);
        }
    }

    /// Whether heads are those that are applied here.
    fn are_known(&self, heads: &[Head]) -> bool {
        heads.iter().all(|head| self.core.heads.get(&head.origin) == Some(head))
    }

    /// Takes waiting heartbeats up to the first whose heads have to be verified.
    fn verify_next(&mut self, peer: &PeerId) {
        loop {
            let Some(heads) = self.core.peers.get(peer).and_then(|session| session.unverified.front()) else { return };
            let heads = heads.heads.clone();
            if !self.are_known(&heads) {
                let number = self.core.next_number();
                if let Some(session) = self.core.peers.get_mut(peer) {
                    session.verifying = number;
                }
                let peer = peer.clone();
                let done = move |engine: &mut Engine, reply| engine.on_verify_heads_done(&peer, number, reply);
                return self.core.request(VerifyHeads { heads }, done);
            }
            let heartbeat = self.core.peers.get_mut(peer).and_then(|session| session.unverified.pop_front());
            let Some(heartbeat) = heartbeat else { return };
            self.on_signed_heartbeat(peer, heartbeat);
        }
    }

    fn on_verify_heads_done(&mut self, peer: &PeerId, number: u64, result: Result<VerifiedHeads>) {
        let session = self.core.peers.get_mut(peer).filter(|session| session.verifying == number);
        let Some(mut heartbeat) = session.and_then(|session| session.unverified.pop_front()) else { return };
        match result {
            Ok(verified) => {
                heartbeat.heads = verified.heads;
                if verified.is_forged {
                    self.core.penalise(peer, POINTS_FORGED, "showed heads that their origins did not sign");
                }
                self.on_signed_heartbeat(peer, heartbeat);
            }
            Err(error) => {
                self.core.failed("verifying heads", &error);
                // What else it says holds all the same. Its sender will not say again of its own accord what it has told.
                (heartbeat.heads, heartbeat.complete) = (Vec::new(), false);
                if let Some(session) = self.core.peers.get_mut(peer) {
                    session.has_lost_heads = true;
                }
                self.on_signed_heartbeat(peer, heartbeat);
            }
        }
        self.verify_next(peer);
    }
}

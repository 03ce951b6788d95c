//! Members that are silent for long: saying so, not waiting for those whom an owner has excused, and calling them back.
//!
//! Whoever is excused may lack what the others have collected since. When it comes back it is compared with a member as a whole
//! and drops what that has seen deleted, as a node does that returns under another identity; what it wrote itself nobody has
//! seen, and it stays. Once an owner's node sees that it has all that is here, it calls it back: from then on its vote counts again.

use crate::error::Result;
use crate::model::PeerId;
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::requests::CallMemberBack;

/// Between two looks for members that are silent, in milliseconds: a network may have very many members.
const LOOK_MS: u64 = 60_000;

/// What is known of silent members besides the roster.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Excuses {
    is_calling: bool,
    /// The member that was last told of in the log, and when it is looked for the next one.
    told: Option<PeerId>,
    look_ms: u64,
}

impl Engine {
    pub(in crate::sync::engine) fn is_excused(&self, peer: &PeerId) -> bool {
        self.config.excused.contains(peer)
    }

    /// Calls an excused member back that is here again and lacks nothing.
    pub(super) fn consider_calling_back(&mut self, peer: &PeerId) {
        if !self.config.is_owner || !self.is_excused(peer) || self.excuses.is_calling {
            return;
        }
        let Some(session) = self.sessions.get(peer).filter(|session| !session.is_outdated) else { return };
        let (behind, _) = self.heads.behind(&session.known, self.now_ms);
        if behind == 0 && self.heads.ahead(&session.known) == 0 {
            self.excuses.is_calling = true;
            self.request(CallMemberBack { peer: peer.clone() }, Engine::on_call_member_back_done);
        }
    }

    fn on_call_member_back_done(&mut self, result: Result<()>) {
        self.excuses.is_calling = false;
        if let Err(error) = result {
            self.failed("calling a member back", &error);
        }
    }

    /// An excused node that nobody talks to misses what the others collect.
    pub(in crate::sync::engine) fn return_again(&mut self) {
        if self.sessions.is_empty() && self.is_excused(&self.config.this) {
            self.config.is_returning = true;
        }
    }

    /// The member that has been silent for the longest time, where that is longer than the network waits.
    fn silent_member(&self) -> Option<(PeerId, u64)> {
        let timeout_ms = self.config.options.stability_timeout_s.saturating_mul(1_000);
        let is_waited_for =
            |peer: &&PeerId| **peer != self.config.this && !self.sessions.contains_key(*peer) && !self.is_excused(peer);
        let silent = self.roster.peers().filter(is_waited_for).filter_map(|peer| {
            let silent_ms = self.now_ms.saturating_sub(self.roster.last_seen_ms(peer)?);
            (silent_ms >= timeout_ms).then(|| (peer.clone(), silent_ms))
        });
        silent.max_by(|(one, one_ms), (other, other_ms)| (one_ms, other).cmp(&(other_ms, one)))
    }

    /// Which member is waited for in vain, for people.
    pub fn silence(&self) -> Option<String> {
        let (peer, silent_ms) = self.silent_member()?;
        Some(format!(
            "{peer} has been silent for {} days, and what was deleted is kept until it has heard of it: an owner excuses it by \
             ALTER NETWORK … EXCUSE PEER '{peer}', or removes it",
            silent_ms / (24 * 3_600_000)
        ))
    }

    pub(in crate::sync::engine) fn tick_silence(&mut self) {
        if self.now_ms < self.excuses.look_ms {
            return;
        }
        self.excuses.look_ms = self.now_ms.saturating_add(LOOK_MS);
        let silent = self.silent_member().map(|(peer, _)| peer);
        if silent == self.excuses.told {
            return;
        }
        self.excuses.told = silent;
        if let Some(trouble) = self.silence() {
            self.event(EngineEvent::MemberSilent { trouble });
        }
    }
}

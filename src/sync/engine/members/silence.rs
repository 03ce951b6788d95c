//! Members that are silent for long: saying so, not waiting for those whom an owner has excused, and calling them back.
//!
//! Whoever is excused may lack what the others have collected since. When it comes back it is compared with a member as a whole
//! and drops what that has seen deleted, as a node does that returns under another identity; what it wrote itself nobody has
//! seen, and it stays. Once an owner's node sees that it has all that is here, it calls it back: from then on its vote counts again.

use crate::error::Result;
use crate::model::PeerId;
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::requests::CallMemberBack;

/// Between two looks for members that are silent, in milliseconds: a network may have very many members.
const LOOK_MS: u64 = 60_000;

/// What is known of silent members besides the roster.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Silence {
    is_calling: bool,
    /// The member that was last told of in the log, and when it is looked for the next one.
    told: Option<PeerId>,
    look_ms: u64,
}

impl Silence {
    /// Calls an excused member back that is here again and lacks nothing.
    pub fn consider_calling_back(&mut self, core: &mut EngineCore, peer: &PeerId) {
        if !core.config.is_owner || !core.is_excused(peer) || self.is_calling {
            return;
        }
        let Some(session) = core.active(peer) else { return };
        let (behind, _) = core.heads.behind(&session.known, core.now_ms);
        if behind == 0 && core.heads.ahead(&session.known) == 0 {
            self.is_calling = true;
            core.request(CallMemberBack { peer: peer.clone() }, |engine, reply| {
                engine.silence.on_call_member_back_done(&mut engine.core, reply)
            });
        }
    }

    fn on_call_member_back_done(&mut self, core: &mut EngineCore, result: Result<()>) {
        self.is_calling = false;
        if let Err(error) = result {
            core.failed("calling a member back", &error);
        }
    }

    /// An excused node that nobody talks to misses what the others collect.
    pub fn on_peer_down(&self, core: &mut EngineCore) {
        if core.peers.is_empty() && core.is_excused(&core.config.this) {
            core.config.is_returning = true;
        }
    }

    /// The member that has been silent for the longest time, where that is longer than the network waits.
    fn silent_member(&self, core: &EngineCore) -> Option<(PeerId, u64)> {
        let timeout_ms = core.config.options.stability_timeout_s.saturating_mul(1_000);
        let is_waited_for =
            |peer: &&PeerId| **peer != core.config.this && !core.peers.contains_key(*peer) && !core.is_excused(peer);
        let silent = core.roster.peers().filter(is_waited_for).filter_map(|peer| {
            let silent_ms = core.now_ms.saturating_sub(core.roster.last_seen_ms(peer)?);
            (silent_ms >= timeout_ms).then(|| (peer.clone(), silent_ms))
        });
        silent.max_by(|(one, one_ms), (other, other_ms)| (one_ms, other).cmp(&(other_ms, one)))
    }

    /// Which member is waited for in vain, for people.
    pub fn silence(&self, core: &EngineCore) -> Option<String> {
        let (peer, silent_ms) = self.silent_member(core)?;
        Some(format!(
            "{peer} has been silent for {} days, and what was deleted is kept until it has heard of it: an owner excuses it by \
             ALTER NETWORK … EXCUSE PEER '{peer}', or removes it",
            silent_ms / (24 * 3_600_000)
        ))
    }

    pub fn tick_silence(&mut self, core: &mut EngineCore) {
        if core.now_ms < self.look_ms {
            return;
        }
        self.look_ms = core.now_ms.saturating_add(LOOK_MS);
        let silent = self.silent_member(core).map(|(peer, _)| peer);
        if silent == self.told {
            return;
        }
        self.told = silent;
        if let Some(trouble) = self.silence(core) {
            core.event(EngineEvent::MemberSilent { trouble });
        }
    }
}

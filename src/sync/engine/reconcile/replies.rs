//! What the database says to the requests of a reconciliation: heads that are verified, entries that are merged.

use std::sync::Arc;

use crate::error::Result;
use crate::model::MergedStates;
use crate::sync::engine::core::{EngineCore, EngineEffect};
use crate::sync::engine::limits::POINTS_FORGED;
use crate::sync::engine::log::log::Log;
use crate::sync::engine::reconcile::reconcile::Reconciliation;
use crate::sync::engine::requests::VerifiedHeads;

impl Reconciliation {
    /// The peer has pinned a view, and shown heads; false where nobody signed some of them.
    pub(super) fn on_verify_view_done(
        &mut self,
        core: &mut EngineCore,
        log: &mut Log,
        result: Result<VerifiedHeads>,
    ) -> bool {
        let Some(verified) = self.compared(core, result) else { return false };
        let Some(running) = self.running.as_mut() else { return false };
        let Some((whole, partial)) = running.opening.take() else { return false };
        if verified.is_forged {
            let peer = running.peer.clone();
            core.penalise(&peer, POINTS_FORGED, "showed heads that their origins did not sign");
            return false;
        }
        let mut heads = verified.heads;
        heads.sort_by(|a, b| a.origin.cmp(&b.origin));
        (running.heads, running.legacy) = (heads, Arc::new(verified.legacy));
        running.attached = core.config.collections.iter().map(|ours| ours.name.clone()).collect();
        for ours in &core.config.collections {
            let is_whole = whole.contains(&ours.name);
            if is_whole {
                running.whole.push(ours.name.clone());
            }
            if is_whole || partial.contains(&ours.name) {
                running.collections.push_back((ours.name.clone(), is_whole));
            }
        }
        self.await_log(core, log);
        true
    }

    /// What became of entries that the peer sent; false where they cannot be relied on.
    pub(super) fn on_merge_states_done(
        &mut self,
        core: &mut EngineCore,
        log: &mut Log,
        result: Result<MergedStates>,
    ) -> bool {
        if let (Ok(merged), Some(running)) = (&result, self.running.as_mut()) {
            if merged.is_forged {
                // Of an origin that signed two stories an honest peer may hold a mixture that no one of them proves: it is not
                // taken, and another peer is asked, but nobody is banned for it.
                let told = format!("entries that {} sent are not as their origins posted them", running.peer);
                core.counters.last_error = Some(told);
                return false;
            }
            running.early = running.early.saturating_add(merged.early);
            if merged.unproven > 0 {
                let (count, peer) = (merged.unproven, &running.peer);
                let told = format!("{count} entries that {peer} sent are not proven, and that was not taken of them");
                core.counters.last_error = Some(told);
            }
            if merged.news > 0 {
                // Tombstones among them are to go again.
                core.effect(EngineEffect::RoundsUnsettled);
            }
        }
        self.on_write_done(core, log, result.map(|merged| merged.news))
    }
}

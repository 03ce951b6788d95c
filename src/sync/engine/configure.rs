//! What changes while an engine runs: options, epoch, removed peers, attached collections.

use crate::model::PeerId;
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineConfig;
use crate::sync::engine::members::penalties::TokenBucket;

impl Engine {
    pub(super) fn reconfigured(&mut self, config: EngineConfig) {
        let old = std::mem::replace(&mut self.config, config);
        // What was read of the database may be older than what this engine has found out since.
        for name in old.partial {
            let is_attached = self.config.collections.iter().any(|collection| collection.name == name);
            if is_attached && !self.config.partial.contains(&name) {
                self.config.partial.push(name);
            }
        }
        let is_newly_excused = self.is_excused(&self.config.this) && !old.excused.contains(&self.config.this);
        self.config.is_returning &= old.is_returning || is_newly_excused;
        let mut placement = old.placement;
        placement.collections.retain(|name| self.config.collections.iter().any(|collection| collection.name == *name));
        self.place(placement);
        let is_attached = |name: &String| self.config.collections.iter().any(|collection| collection.name == *name);
        if !old.collections.iter().all(|collection| is_attached(&collection.name)) {
            // It may be comparing what is no longer compared.
            self.reconcile_failed();
        }
        self.reconciling.forget_gaps_of_detached(&self.config.collections);
        let (now_ms, rate) = (self.now_ms, self.config.options.messages_per_second_max);
        if old.options.messages_per_second_max != rate {
            for session in self.sessions.values_mut() {
                session.messages = TokenBucket::new(u64::from(rate), now_ms);
            }
        }
        if old.options.sync_interval_ms != self.config.options.sync_interval_ms {
            self.post_if_due();
        }
        let mut removed = self.config.removed.clone();
        removed.retain(|peer| !old.removed.contains(peer));
        // All of them first: nothing begins with one while another is let go.
        for peer in &removed {
            if *peer != self.config.this && self.sessions.contains_key(peer) {
                self.disconnect(peer, u64::MAX, "removed from the network");
            }
        }
        removed.iter().for_each(|peer| self.removed(peer));
        if !removed.is_empty() {
            self.forget_head_times();
            self.schedule_pulls();
        }
        if old.charter != self.config.charter {
            self.charter_changed();
        }
        if old.awaits_founder && !self.config.awaits_founder {
            self.founder_met();
        }
        if self.config.removed != old.removed {
            self.review_shapes();
        }
        self.outdate_sessions();
        self.collections_changed();
        self.consider_reconciling();
    }

    fn removed(&mut self, peer: &PeerId) {
        if *peer == self.config.this {
            return;
        }
        self.roster.remove(peer);
        self.take_over_share();
        self.membership.forget(peer);
        self.forget_schemas_of(peer);
        self.check_exchanges();
    }

    /// Peers that messages of every kind go to.
    pub(super) fn active_peers(&self) -> Vec<PeerId> {
        let active = self.sessions.iter().filter(|(_, session)| !session.is_outdated);
        active.map(|(peer, _)| peer.clone()).collect()
    }
}

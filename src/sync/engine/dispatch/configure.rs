//! What changes while an engine runs: options, epoch, removed peers, attached collections.

use crate::model::PeerId;
use crate::sync::engine::core::TokenBucket;
use crate::sync::engine::dispatch::engine::Engine;
use crate::sync::engine::io::EngineConfig;

impl Engine {
    pub(in crate::sync::engine) fn on_reconfigured(&mut self, config: EngineConfig) {
        let old = std::mem::replace(&mut self.core.config, config);
        // What was read of the database may be older than what this engine has found out since.
        for name in old.partial {
            let is_attached = self.core.has_attached(&name);
            if is_attached && !self.core.config.partial.contains(&name) {
                self.core.config.partial.push(name);
            }
        }
        let is_newly_excused =
            self.core.is_excused(&self.core.config.this) && !old.excused.contains(&self.core.config.this);
        self.core.config.is_returning &= old.is_returning || is_newly_excused;
        let mut placement = old.placement;
        placement.collections.retain(|name| self.core.has_attached(name));
        self.core.place(placement);
        let is_attached = |name: &String| self.core.has_attached(name);
        if !old.collections.iter().all(|collection| is_attached(&collection.name)) {
            // It may be comparing what is no longer compared.
            self.reconcile_failed();
        }
        self.reconciliation.forget_gaps_of_detached(&self.core.config.collections);
        let was_attached = |name: &str| old.collections.iter().any(|collection| collection.name == name);
        if !self.core.config.collections.iter().all(|collection| was_attached(&collection.name)) {
            self.reconciliation.collections_attached();
        }
        let (now_ms, rate) = (self.core.now_ms, self.core.config.options.messages_per_second_max);
        if old.options.messages_per_second_max != rate {
            for session in self.core.peers.values_mut() {
                session.messages = TokenBucket::new(u64::from(rate), now_ms);
            }
        }
        if old.options.sync_interval_ms != self.core.config.options.sync_interval_ms {
            self.post_if_due();
        }
        let mut removed = self.core.config.removed.clone();
        removed.retain(|peer| !old.removed.contains(peer));
        // All of them first: nothing begins with one while another is let go.
        for peer in &removed {
            if *peer != self.core.config.this && self.core.peers.contains_key(peer) {
                self.core.disconnect(peer, u64::MAX, "removed from the network");
            }
        }
        removed.iter().for_each(|peer| self.member_removed(peer));
        if !removed.is_empty() {
            self.head_times.forget_removed(&self.core);
            self.schedule_pulls();
        }
        if old.charter != self.core.config.charter {
            self.epochs.charter_changed(&mut self.core);
        }
        if old.awaits_founder && !self.core.config.awaits_founder {
            self.founder_met();
        }
        if self.core.config.removed != old.removed {
            self.schemas.review_shapes(&mut self.core);
        }
        self.epochs.outdate_sessions(&mut self.core);
        self.collections_changed();
        self.consider_reconciling();
    }

    fn member_removed(&mut self, peer: &PeerId) {
        if *peer == self.core.config.this {
            return;
        }
        self.core.roster.remove(peer);
        self.take_over_share();
        self.membership.forget(peer);
        self.schemas.on_session_ended(&self.core, peer);
        self.check_exchanges();
    }

    /// A member is gone: this node has to hold a part of what that one held.
    fn take_over_share(&mut self) {
        // What was going to be dropped belonged to others by the old list.
        self.eviction.check(&mut self.core);
        if self.core.copies().is_none() {
            return;
        }
        if self.reconciliation.is_running() {
            // It compares by the old share.
            self.reconcile_failed();
        }
        for name in self.core.config.placement.collections.clone() {
            if self.core.has_attached(&name) && !self.core.config.partial.contains(&name) {
                self.core.config.partial.push(name.clone());
            }
            self.reconciliation.forget_compared(&name);
        }
    }

    /// Collections were attached, detached or altered here.
    fn collections_changed(&mut self) {
        if self.schemas.update(&mut self.core) {
            // What is attached may have waited on the stage, and the log may have brought tombstones back that all others
            // have forgotten.
            self.on_staged();
            self.stability.unsettle();
            self.schemas.announce(&mut self.core);
        }
    }

    /// The charter of the founder has come: members are told what they were not.
    fn founder_met(&mut self) {
        self.schemas.announce(&mut self.core);
        self.push.push_own(&mut self.core);
    }
}

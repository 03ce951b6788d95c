//! Eviction: dropping what others hold, where replication is partial.
//!
//! All members log all deltas; a node with a share merges only those of entries that it holds. Entries outside of the
//! share are dropped when a stability round over the present members has found that all of them have their shares. What a
//! node has to hold only grows when a member is removed (and with its own options): until it has compared itself with
//! everybody after that, its collections count as partial, and it vouches for nothing in a round.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::model::{Buckets, PeerId, Placement};
use crate::sync::engine::core::{EngineCore, EngineEffect};
use crate::sync::engine::core::{HoldingsKey, holdings_key};
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::limits::GATHERED_MS_MIN;
use crate::sync::engine::partial::challenges::Challenge;
use crate::sync::engine::requests::{EvictEntries, KeepPlacement};

/// What is being dropped, for one list of members.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Eviction {
    key: HoldingsKey,
    /// What is going to be dropped once the placement is kept and no run is being applied by an older one.
    planned: Option<PlannedEviction>,
    /// What is going to be dropped once those have shown that they hold it who say so.
    pub(super) challenge: Option<Challenge>,
    /// Requests under way that keep a placement, draw entries or drop them.
    pub(super) requests: usize,
    /// Statements are reading what others hold: nothing is dropped until then.
    kept_until_ms: u64,
    /// A round has found everybody whole and what it covers has been dropped, or nothing need be.
    pub(super) is_settled: bool,
}

/// Entries that go because all members hold their shares.
#[derive(Debug)]
pub(super) struct PlannedEviction {
    pub placement: Placement,
    pub shares: Vec<(String, Buckets)>,
    pub stable: Vec<(PeerId, u64)>,
    /// Origins of runs that are being applied by an older placement.
    applying: BTreeSet<PeerId>,
}

impl Eviction {
    /// What was going to be dropped by another list of members belonged to others by that list: it stays.
    pub fn check(&mut self, core: &mut EngineCore) {
        let key = holdings_key(&core.config, &core.roster);
        if self.key == key {
            return;
        }
        let was_evicting = self.is_evicting();
        let (kept_until_ms, requests) = (self.kept_until_ms, self.requests);
        let is_settled = core.copies().is_none();
        *self = Eviction { key, planned: None, challenge: None, requests, kept_until_ms, is_settled };
        if was_evicting && !self.is_evicting() {
            core.effect(EngineEffect::EvictionEnded);
        }
    }

    pub fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// What is brought here for a statement that reads all of a collection must not go before it has been read.
    pub fn keep_what_is_read(&mut self, core: &EngineCore) {
        self.kept_until_ms = core.now_ms.saturating_add(GATHERED_MS_MIN);
    }

    /// Attached collections that this node holds its whole share of, as far as its heads go.
    pub fn whole_collections(&self, core: &EngineCore) -> Vec<String> {
        if self.is_evicting() {
            return Vec::new();
        }
        let names = core.config.collections.iter().map(|collection| &collection.name);
        let mut whole: Vec<String> = names.filter(|name| !core.config.partial.contains(name)).cloned().collect();
        whole.sort_unstable();
        whole
    }

    pub fn is_evicting(&self) -> bool {
        self.planned.is_some() || self.challenge.is_some() || self.requests > 0
    }

    /// All members hold their shares of these collections up to `stable`: what others hold can go, but while this node
    /// compares its entries with those of a peer.
    pub fn evict(
        &mut self,
        core: &mut EngineCore,
        stable: &BTreeMap<PeerId, u64>,
        whole: &[String],
        is_comparing: bool,
    ) {
        self.check(core);
        let Some(copies) = core.copies() else { return };
        let names = core.config.collections.iter().map(|collection| &collection.name);
        let spread: Vec<String> =
            names.filter(|name| whole.contains(name) && !core.config.partial.contains(name)).cloned().collect();
        let is_read = core.now_ms < self.kept_until_ms;
        let is_busy = self.is_evicting() || is_comparing || is_read;
        self.is_settled = !is_busy && spread.len() == core.config.collections.len();
        let share = core.own_share();
        if spread.is_empty() || is_busy || share.are_all() {
            return;
        }
        let known = &core.config.placement.collections;
        let new = spread.iter().filter(|name| !known.contains(name));
        let placement = Placement {
            peer: Some(core.config.this.clone()),
            copies,
            members: core.roster.peers().cloned().collect(),
            collections: known.iter().chain(new).cloned().collect(),
        };
        let shares = spread.into_iter().map(|name| (name, share.clone())).collect();
        let stable = stable.iter().map(|(origin, seq)| (origin.clone(), *seq)).collect();
        let applying = BTreeSet::new();
        self.planned = Some(PlannedEviction { placement: placement.clone(), shares, stable, applying });
        // First of all it is kept: a node that forgot it would take what it has left out for what is nowhere.
        self.requests += 1;
        let kept = placement.clone();
        core.request(KeepPlacement { placement }, |engine, reply| {
            let applying = engine.log.applying();
            engine.eviction.on_keep_placement_done(&mut engine.core, applying, kept, reply);
        });
    }

    /// The placement is kept: from now on deltas are merged by it. Entries go when no run is being applied by the one before,
    /// which might bring a part of one back.
    fn on_keep_placement_done(
        &mut self,
        core: &mut EngineCore,
        applying: BTreeSet<PeerId>,
        placement: Placement,
        result: Result<()>,
    ) {
        self.requests -= 1;
        self.check(core);
        if let Err(error) = result {
            self.planned = None;
            self.is_settled = false;
            core.failed("keeping how collections are spread", &error);
            return core.effect(EngineEffect::EvictionEnded);
        }
        core.place(placement);
        match &mut self.planned {
            Some(planned) => planned.applying = applying,
            None => return core.effect(EngineEffect::EvictionEnded),
        }
        self.evict_if_quiet(core);
    }

    /// A run of this origin has been applied, or has failed.
    pub fn on_run_applied(&mut self, core: &mut EngineCore, origin: &PeerId) {
        self.check(core);
        if let Some(planned) = &mut self.planned {
            planned.applying.remove(origin);
            self.evict_if_quiet(core);
        }
    }

    fn evict_if_quiet(&mut self, core: &mut EngineCore) {
        let is_placed = |planned: &PlannedEviction| planned.placement == core.config.placement;
        let ready = self.planned.take_if(|planned| is_placed(planned) && planned.applying.is_empty());
        if let Some(planned) = ready {
            self.challenge_holders(core, planned);
        }
    }

    /// Drops entries that others hold.
    pub(super) fn evict_entries(
        &mut self,
        core: &mut EngineCore,
        shares: Vec<(String, Buckets)>,
        stable: Vec<(PeerId, u64)>,
    ) {
        self.requests += 1;
        core.request(EvictEntries { shares, stable }, |engine, reply| {
            engine.eviction.on_evict_entries_done(&mut engine.core, reply)
        });
    }

    fn on_evict_entries_done(&mut self, core: &mut EngineCore, result: Result<u64>) {
        self.requests -= 1;
        self.end(core, result);
    }

    /// What others hold has been dropped, or is not: whoever has waited for that goes on.
    pub(super) fn end(&mut self, core: &mut EngineCore, result: Result<u64>) {
        match result {
            Ok(0) => {}
            Ok(count) => core.event(EngineEvent::Evicted { count }),
            Err(error) => {
                self.is_settled = false;
                core.failed("dropping what others hold", &error);
            }
        }
        core.effect(EngineEffect::EvictionEnded);
    }
}

#[cfg(test)]
#[path = "eviction_tests.rs"]
mod tests;

//! Shares: which buckets of its collections this node and its peers hold where replication is partial, and dropping what
//! others hold.
//!
//! All members log all deltas; a node with a share merges only those of entries that it holds. Entries outside of the
//! share are dropped when a stability round over the present members has found that all of them have their shares. What a
//! node has to hold only grows when a member is removed (and with its own options): until it has compared itself with
//! everybody after that, its collections count as partial, and it vouches for nothing in a round.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::Result;
use crate::model::{Buckets, PeerId, Placement, Shares};
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::partial::challenges::Challenge;
use crate::sync::engine::requests::{EvictEntries, KeepPlacement};

/// What has been worked out of shares; good for one list of members.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Share {
    /// Over the members, the copies, and whether what was written here is kept.
    key: (u64, Option<u32>, bool),
    own: Option<Buckets>,
    placed: Option<Buckets>,
    merged: Option<Shares>,
    /// What is going to be dropped once the placement is kept and no run is being applied by an older one.
    eviction: Option<Eviction>,
    /// What is going to be dropped once those have shown that they hold it who say so.
    pub challenge: Option<Challenge>,
    /// Requests under way that keep a placement, draw entries or drop them.
    pub requests: usize,
    /// Statements are reading what others hold: nothing is dropped until then.
    pub kept_until_ms: u64,
    /// A round has found everybody whole and what it covers has been dropped, or nothing need be.
    pub is_settled: bool,
}

/// Entries that go because all members hold their shares.
#[derive(Debug)]
pub(super) struct Eviction {
    pub placement: Placement,
    pub shares: Vec<(String, Buckets)>,
    pub stable: Vec<(PeerId, u64)>,
    /// Origins of runs that are being applied by an older placement.
    applying: BTreeSet<PeerId>,
}

impl Engine {
    /// Copies of each entry of which this node holds its share; `None` where it holds all.
    pub(in crate::sync::engine) fn copies(&self) -> Option<u32> {
        self.config.options.copies()
    }

    /// The buckets that a member holds at least, of so many copies; 0 for all.
    pub(in crate::sync::engine) fn share_of(&self, peer: &PeerId, copies: u32) -> Buckets {
        if copies == 0 { Buckets::all() } else { Buckets::held_by(peer, self.roster.peers(), copies) }
    }

    fn check_share(&mut self) {
        let key = (self.roster.digest(), self.copies(), self.config.options.keep_own);
        if self.share.key != key {
            let (kept_until_ms, requests) = (self.share.kept_until_ms, self.share.requests);
            self.share =
                Share { key, kept_until_ms, requests, is_settled: self.copies().is_none(), ..Share::default() };
        }
    }

    /// The buckets that this node has to hold.
    pub fn own_share(&mut self) -> Buckets {
        self.check_share();
        if let Some(own) = &self.share.own {
            return own.clone();
        }
        let own = self.share_of(&self.config.this.clone(), self.copies().unwrap_or(0));
        self.share.own = Some(own.clone());
        own
    }

    /// What incoming deltas are merged by: of collections that are spread, the share of today and that of the last round,
    /// since others may go by either.
    pub(in crate::sync::engine) fn shares(&mut self) -> Option<Shares> {
        self.check_share();
        if self.copies().is_none() || self.config.placement.collections.is_empty() {
            return None;
        }
        if let Some(merged) = &self.share.merged {
            return Some(Arc::clone(merged));
        }
        let buckets = self.own_share().or(&self.placed_share());
        let collections = self.config.placement.collections.iter();
        let merged: Shares = Arc::new(collections.map(|name| (name.clone(), buckets.clone())).collect());
        self.share.merged = Some(Arc::clone(&merged));
        Some(merged)
    }

    /// The buckets that this node held of the members of the last round.
    pub(super) fn placed_share(&mut self) -> Buckets {
        self.check_share();
        if let Some(placed) = &self.share.placed {
            return placed.clone();
        }
        let placement = &self.config.placement;
        let placed = Buckets::held_by(&self.config.this, placement.members.iter(), placement.copies);
        self.share.placed = Some(placed.clone());
        placed
    }

    /// Takes over how collections are spread.
    pub(in crate::sync::engine) fn place(&mut self, placement: Placement) {
        self.config.placement = placement;
        (self.share.placed, self.share.merged) = (None, None);
    }

    /// Whether an entry of a collection that is not here is nowhere.
    pub(super) fn would_hold(&mut self, collection: &str, key: &[u8]) -> bool {
        let is_in = |names: &[String]| names.iter().any(|name| name == collection);
        let (is_partial, is_spread) = (is_in(&self.config.partial), is_in(&self.config.placement.collections));
        !is_partial && (!is_spread || self.placed_share().hold(key))
    }

    /// Attached collections that this node holds its whole share of, as far as its heads go.
    pub(in crate::sync::engine) fn whole_collections(&self) -> Vec<String> {
        if self.is_evicting() {
            return Vec::new();
        }
        let names = self.config.collections.iter().map(|collection| &collection.name);
        let mut whole: Vec<String> = names.filter(|name| !self.config.partial.contains(name)).cloned().collect();
        whole.sort_unstable();
        whole
    }

    /// Whether entries may be lacking that this node has to hold.
    #[cfg(test)]
    pub fn is_filling(&self) -> bool {
        !self.config.partial.is_empty()
    }

    pub(in crate::sync::engine) fn is_evicting(&self) -> bool {
        self.share.eviction.is_some() || self.share.challenge.is_some() || self.share.requests > 0
    }

    /// All members hold their shares of these collections up to `stable`: what others hold can go.
    pub(in crate::sync::engine) fn evict(&mut self, stable: &BTreeMap<PeerId, u64>, whole: &[String]) {
        self.check_share();
        let Some(copies) = self.copies() else { return };
        let names = self.config.collections.iter().map(|collection| &collection.name);
        let spread: Vec<String> =
            names.filter(|name| whole.contains(name) && !self.config.partial.contains(name)).cloned().collect();
        let is_read = self.now_ms < self.share.kept_until_ms;
        let is_busy = self.is_evicting() || self.reconciling.is_running() || is_read;
        self.share.is_settled = !is_busy && spread.len() == self.config.collections.len();
        let share = self.own_share();
        if spread.is_empty() || is_busy || share.are_all() {
            return;
        }
        let known = &self.config.placement.collections;
        let new = spread.iter().filter(|name| !known.contains(name));
        let placement = Placement {
            peer: Some(self.config.this.clone()),
            copies,
            members: self.roster.peers().cloned().collect(),
            collections: known.iter().chain(new).cloned().collect(),
        };
        let shares = spread.into_iter().map(|name| (name, share.clone())).collect();
        let stable = stable.iter().map(|(origin, seq)| (origin.clone(), *seq)).collect();
        let eviction = Eviction { placement: placement.clone(), shares, stable, applying: BTreeSet::new() };
        self.share.eviction = Some(eviction);
        // First of all it is kept: a node that forgot it would take what it has left out for what is nowhere.
        self.share.requests += 1;
        let kept = placement.clone();
        self.request(KeepPlacement { placement }, |engine, reply| engine.on_keep_placement_done(kept, reply));
    }

    /// The placement is kept: from now on deltas are merged by it. Entries go when no run is being applied by the one before,
    /// which might bring a part of one back.
    fn on_keep_placement_done(&mut self, placement: Placement, result: Result<()>) {
        self.share.requests -= 1;
        if let Err(error) = result {
            self.share.eviction = None;
            self.share.is_settled = false;
            self.failed("keeping how collections are spread", &error);
            self.resume_listings();
            return self.consider_reconciling();
        }
        self.place(placement);
        let applying = self.queue.applying().cloned().collect();
        if let Some(eviction) = &mut self.share.eviction {
            eviction.applying = applying;
        }
        self.evict_if_quiet();
    }

    /// A run of this origin has been applied, or has failed.
    pub(in crate::sync::engine) fn applied_by_older(&mut self, origin: &PeerId) {
        if let Some(eviction) = &mut self.share.eviction {
            eviction.applying.remove(origin);
            self.evict_if_quiet();
        }
    }

    fn evict_if_quiet(&mut self) {
        let is_placed = |eviction: &Eviction| eviction.placement == self.config.placement;
        let ready = self.share.eviction.take_if(|eviction| is_placed(eviction) && eviction.applying.is_empty());
        if let Some(eviction) = ready {
            self.challenge_holders(eviction);
        }
    }

    /// Drops entries that others hold.
    pub(super) fn evict_entries(&mut self, shares: Vec<(String, Buckets)>, stable: Vec<(PeerId, u64)>) {
        self.share.requests += 1;
        self.request(EvictEntries { shares, stable }, Engine::on_evict_entries_done);
    }

    fn on_evict_entries_done(&mut self, result: Result<u64>) {
        self.share.requests -= 1;
        self.end_eviction(result);
    }

    /// What others hold has been dropped, or is not: whoever has waited for that goes on.
    pub(super) fn end_eviction(&mut self, result: Result<u64>) {
        match result {
            Ok(0) => {}
            Ok(count) => self.event(EngineEvent::Evicted { count }),
            Err(error) => {
                self.share.is_settled = false;
                self.failed("dropping what others hold", &error);
            }
        }
        self.resume_listings();
        self.consider_reconciling();
    }

    /// A member is gone: this node has to hold a part of what that one held.
    pub(in crate::sync::engine) fn take_over_share(&mut self) {
        // What was going to be dropped belonged to others by the old list.
        self.check_share();
        if self.copies().is_none() {
            return;
        }
        if self.reconciling.is_running() {
            // It compares by the old share.
            self.reconcile_failed();
        }
        for name in self.config.placement.collections.clone() {
            let is_attached = self.config.collections.iter().any(|collection| collection.name == name);
            if is_attached && !self.config.partial.contains(&name) {
                self.config.partial.push(name.clone());
            }
            self.reconciling.forget_compared(&name);
        }
    }

    /// The placement as it is once everything lacking has been filled in; `None` where that changes nothing.
    pub(in crate::sync::engine) fn placement_when_whole(&self, partial: &[String]) -> Option<Placement> {
        let placement = &self.config.placement;
        let is_spread = !placement.collections.is_empty();
        let is_whole = !placement.collections.iter().any(|name| partial.contains(name));
        let is_current = placement.covers_share_of(&self.config.this, self.copies(), &self.config.removed);
        if !is_spread || !is_whole || is_current {
            return None;
        }
        Some(match self.copies() {
            None => Placement::default(),
            Some(copies) => Placement {
                peer: Some(self.config.this.clone()),
                copies,
                members: self.roster.peers().cloned().collect(),
                collections: placement.collections.clone(),
            },
        })
    }
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;

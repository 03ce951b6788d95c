//! Filling partial collections: what may be missing of them, and with whom they have been compared since.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::PeerId;
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::log::log::Log;
use crate::sync::engine::reconcile::reconcile::Reconciliation;
use crate::sync::protocol::message::CollectionSchema;

/// What may be missing of a partial collection.
#[derive(Debug, Default)]
pub(super) struct Lacking {
    /// Numbers by origin up to which deltas may be missing.
    gap: BTreeMap<PeerId, u64>,
    /// Members with which it has been compared since, all of them beyond the gap.
    compared: BTreeSet<PeerId>,
}

impl Reconciliation {
    /// A collection that is attached again later may have greater gaps by then.
    pub fn forget_gaps_of_detached(&mut self, attached: &[CollectionSchema]) {
        self.lacking.retain(|name, _| attached.iter().any(|collection| collection.name == *name));
    }

    /// The collection has to be compared with everybody anew.
    pub fn forget_compared(&mut self, name: &str) {
        self.lacking.remove(name);
    }

    /// Whether nothing is to be had of a peer for these partial collections any more.
    pub fn is_compared(&self, name: &str, peer: &PeerId) -> bool {
        self.lacking.get(name).is_some_and(|lacking| lacking.compared.contains(peer))
    }
}

impl Reconciliation {
    /// The peer has been compared with: it has nothing more of those partial collections whose gap its heads cover.
    pub(super) fn note_compared(&mut self, peer: &PeerId) {
        let Some(running) = self.running.as_ref().filter(|running| running.same_membership) else { return };
        for lacking in self.lacking.values_mut() {
            let gap: Vec<(PeerId, u64)> = lacking.gap.iter().map(|(origin, seq)| (origin.clone(), *seq)).collect();
            if running.covers(&gap) {
                lacking.compared.insert(peer.clone());
            }
        }
    }

    /// Whether nothing is missing any more of a partial collection: the peer of the running comparison holds all that this
    /// node has to, beyond the gap; or everybody has been compared with, and together they do.
    pub(super) fn is_filled(&self, core: &EngineCore, name: &String, has_share: &[String]) -> bool {
        let (Some(running), Some(lacking)) = (&self.running, self.lacking.get(name)) else {
            return false;
        };
        let gap: Vec<(PeerId, u64)> = lacking.gap.iter().map(|(origin, seq)| (origin.clone(), *seq)).collect();
        let mut others = core.roster.peers().filter(|peer| **peer != core.config.this);
        (has_share.contains(name) && running.covers(&gap)) || others.all(|peer| lacking.compared.contains(peer))
    }

    /// Remembers how far partial collections may have gaps: up to where the heads stand when they become so, or `has_moved` by
    /// adoption.
    pub(super) fn note_lacking(&mut self, core: &EngineCore, log: &Log, has_moved: bool) {
        let partial = &core.config.partial;
        self.lacking.retain(|name, _| partial.contains(name) && !has_moved);
        let gap = log.coming_heads(core);
        for name in partial {
            let lacking = || Lacking { gap: gap.clone(), compared: BTreeSet::new() };
            self.lacking.entry(name.clone()).or_insert_with(lacking);
        }
    }
}

//! Heads that were taken over on the word of one member are confirmed by others before this node signs that it holds what they count.
//!
//! Whoever gives its entries with its heads may keep some back: nothing in what it sends shows that. A living entry that is lacking
//! comes with the next comparison. But were a tombstone kept back, and this node signed in a stability round that it holds what
//! the heads count, all others would drop that tombstone, and the entry would live here for ever. So after such a comparison this
//! node compares itself with each member that it is connected with and that shows as much, with one other at least, and votes
//! no more until then. It is kept in memory alone: whoever starts anew meanwhile goes by what it has.

use std::collections::{BTreeMap, BTreeSet};

use crate::defence::is_down;
use crate::model::{Head, PeerId};
use crate::sync::engine::core::{EngineCore, EngineEffect};
use crate::sync::engine::limits::RECONCILE_TIMEOUT_MS;
use crate::sync::engine::reconcile::reconcile::Reconciliation;

/// What one member alone has vouched for.
#[derive(Debug)]
pub(super) struct Unconfirmed {
    /// Numbers by origin up to which this node took its word.
    heads: BTreeMap<PeerId, u64>,
    /// Members that were compared with and count as much, that one among them.
    compared: BTreeSet<PeerId>,
}

impl Reconciliation {
    /// The heads of a member were taken over.
    pub(super) fn note_adopted(&mut self, core: &mut EngineCore, peer: &PeerId, adopted: &[Head]) {
        if adopted.is_empty() || is_down("confirmed heads") {
            return;
        }
        let mut heads = self.unconfirmed.take().map(|before| before.heads).unwrap_or_default();
        heads.extend(adopted.iter().map(|head| (head.origin.clone(), head.seq)));
        self.unconfirmed = Some(Unconfirmed { heads, compared: BTreeSet::from([peer.clone()]) });
        core.is_unconfirmed = true;
        self.review_confirmation(core);
    }

    /// The peer of the running comparison has been compared with, to the end.
    pub(super) fn note_confirmed(&mut self, core: &mut EngineCore) {
        let (Some(running), Some(unconfirmed)) = (&self.running, &mut self.unconfirmed) else { return };
        let heads: Vec<(PeerId, u64)> = unconfirmed.heads.iter().map(|(origin, seq)| (origin.clone(), *seq)).collect();
        let peer = running.peer.clone();
        if running.covers(&heads) {
            unconfirmed.compared.insert(peer);
        } else {
            // It shows more than it had when its view was made.
            self.avoid(core, &peer, core.now_ms.saturating_add(RECONCILE_TIMEOUT_MS));
        }
        self.review_confirmation(core);
    }

    /// Whether all have been heard that can be.
    pub(super) fn review_confirmation(&mut self, core: &mut EngineCore) {
        let Some(unconfirmed) = &self.unconfirmed else { return };
        let waited_for =
            core.roster.peers().filter(|peer| **peer != core.config.this && !core.is_excused(peer)).count();
        let has_another = unconfirmed.compared.len() > 1 || waited_for <= 1;
        let are_all = Self::witnesses(core).all(|peer| unconfirmed.compared.contains(peer));
        if has_another && are_all {
            self.unconfirmed = None;
            core.is_unconfirmed = false;
            core.effect(EngineEffect::RoundsUnsettled);
        }
    }

    /// A member to be compared with, since its word is still lacking.
    pub(super) fn witness(&self, core: &mut EngineCore) -> Option<PeerId> {
        let unconfirmed = self.unconfirmed.as_ref()?;
        let covers = |peer: &PeerId| {
            let session = core.peers.get(peer);
            let knows =
                |(origin, seq): (&PeerId, &u64)| session.is_some_and(|session| session.known_seq(origin) >= *seq);
            unconfirmed.heads.iter().all(knows)
        };
        let able = Self::witnesses(core)
            .filter(|peer| !unconfirmed.compared.contains(*peer) && !self.is_avoided(core, peer) && covers(peer));
        let mut able: Vec<PeerId> = able.cloned().collect();
        core.random.choose(&mut able, 1);
        able.pop()
    }

    /// Connected members that hold a collection of ours.
    fn witnesses(core: &EngineCore) -> impl Iterator<Item = &PeerId> {
        let shares = move |names: &[String]| names.iter().any(|name| core.has_attached(name));
        let able = core.peers.iter().filter(move |(_, session)| !session.is_outdated && shares(&session.collections));
        able.map(|(peer, _)| peer)
    }
}

//! The steps of a reconciliation through one collection.
//!
//! Where this node holds nothing of it, it asks for pages in order of key. Otherwise it walks down the tree of fingerprints
//! where sums differ, compares the digests of the entries in the differing buckets part by part in order of key, so that both
//! sides go through their entries once, fetches entries that it lacks or that are newer there. That the peer lacks an entry takes nothing away here, unless this node
//! [returns](crate::sync::engine::io::EngineConfig) under another identity. Of an origin that told two stories the numbers say nothing: what
//! the peer lacks of the one that was known here is posted once more.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::defence::is_down;
use crate::error::Result;
use crate::model::{EntryDigest, Fingerprint, PeerId};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::limits::{MERGES_MAX, PAGES_ASKED_MAX};
use crate::sync::engine::log::log::Log;
use crate::sync::engine::reconcile::collection_walk::{CollectionWalk, EntryClock, Judge};
use crate::sync::engine::reconcile::fingerprint_tree::Tree;
use crate::sync::engine::reconcile::reconcile::Reconciliation;
use crate::sync::engine::reconcile::running::Reason;
use crate::sync::engine::requests::{DropCollected, EngineOffer, MergeStates, ReadFingerprints, RepostEntries};
use crate::sync::protocol::message::{Digests, ReconcileAnswer, ReconcileAsk};

impl Reconciliation {
    /// Goes on with the reconciliation under way as far as it goes without waiting.
    pub(super) fn step(&mut self, core: &mut EngineCore, log: &mut Log) {
        if self.awaits_log(core, log) {
            return;
        }
        loop {
            let Some(running) = self.running.as_mut() else { return };
            if running.is_adopting || running.opening.is_some() || running.writes >= MERGES_MAX {
                return;
            }
            if !running.requests.is_empty() {
                let walk = running.walk.as_ref().filter(|walk| walk.is_paging());
                let Some(walk) = walk.filter(|_| running.requests.len() < PAGES_ASKED_MAX) else { return };
                let collection = walk.collection().to_string();
                self.send_reconcile_request(core, ReconcileAsk::NextPage { collection });
                continue;
            }
            if let Some(walk) = running.walk.as_mut().filter(|walk| !walk.is_done()) {
                let mut read = None;
                let ask = walk.next_ask(core.config.tuning.digests_at_once(), &mut read);
                if let Some(read) = read {
                    self.request(core, read, Reconciliation::on_read_digests_done);
                }
                match ask {
                    Some(ask) => self.send_reconcile_request(core, ask),
                    None => return,
                }
                continue;
            }
            match running.collections.pop_front() {
                Some((collection, is_whole)) => {
                    running.walk = Some(CollectionWalk::new(collection.clone(), is_whole));
                    let request = ReadFingerprints { view: None, collection };
                    self.request(core, request, Reconciliation::on_read_fingerprints_done);
                }
                None if running.writes > 0 => return,
                None => return self.adopt(core, log),
            }
        }
    }

    /// What the peer answered to the first request; false where it is of no use. Behind the last page there is nothing.
    pub(super) fn on_step_answered(
        &mut self,
        core: &mut EngineCore,
        log: &mut Log,
        answer: ReconcileAnswer,
        is_next_page: bool,
    ) -> bool {
        let Some(walk) = self.running.as_mut().and_then(|running| running.walk.as_mut()) else {
            return false;
        };
        match answer {
            ReconcileAnswer::Tree { children } => walk.descend(&children),
            ReconcileAnswer::Digests(digests) => self.compare(core, log, digests),
            ReconcileAnswer::Entries { entries, postings, next } => {
                if !walk.take_entries(&entries, next, is_next_page) {
                    return false;
                }
                self.merge_entries(core, EngineOffer { entries, postings });
                true
            }
            ReconcileAnswer::Refused | ReconcileAnswer::View { .. } => false,
        }
    }

    fn merge_entries(&mut self, core: &mut EngineCore, offer: EngineOffer) {
        let Some(running) = self.running.as_mut() else { return };
        let Some(collection) = running.walk.as_ref().map(|walk| walk.collection().to_string()) else { return };
        if offer.entries.is_empty() {
            return;
        }
        running.writes += 1;
        let legacy = Arc::clone(&running.legacy);
        let is_partial = core.config.partial.contains(&collection);
        let request = MergeStates { collection, offer, legacy, is_partial };
        self.request(core, request, Reconciliation::on_merge_states_done);
    }

    /// Our own fingerprints of the collection.
    fn on_read_fingerprints_done(
        &mut self,
        core: &mut EngineCore,
        log: &mut Log,
        result: Result<Vec<Fingerprint>>,
    ) -> bool {
        let Some(buckets) = self.compared(core, result) else { return false };
        let is_ahead = self.is_view_ahead(core, log);
        let Some(running) = self.running.as_mut() else { return false };
        let Some(walk) = running.walk.as_mut() else { return false };
        let tree = Tree::new(buckets, &running.within);
        walk.begin(tree, is_ahead);
        true
    }

    /// Our own digests of the part to be compared next.
    fn on_read_digests_done(
        &mut self,
        core: &mut EngineCore,
        _: &mut Log,
        result: Result<(Vec<EntryDigest>, bool)>,
    ) -> bool {
        let Some((digests, is_more)) = self.compared(core, result) else { return false };
        if let Some(walk) = self.running.as_mut().and_then(|running| running.walk.as_mut()) {
            walk.take_own_digests(digests, is_more);
        }
        true
    }

    /// The peer's digests of what was asked for; false where they do not fit.
    fn compare(&mut self, core: &mut EngineCore, log: &mut Log, theirs: Digests) -> bool {
        let forked: BTreeSet<PeerId> = log.forked_origins();
        let is_ambiguous = |clock: &[(PeerId, u64)]| clock.iter().any(|(origin, _)| forked.contains(origin));
        let walk = self.running.as_mut().and_then(|running| running.walk.take());
        let (Some(mut walk), Some(running)) = (walk, self.running.as_ref()) else { return false };
        let comes_later = |clock: &EntryClock| {
            running.reason != Reason::Needed && clock.iter().any(|(origin, seq)| log.comes_later(core, origin, *seq))
        };
        let is_partial = core.config.partial.iter().any(|name| name == walk.collection());
        let was_seen_there =
            |bucket: u16, clock: &[(PeerId, u64)]| running.held_there.contains(bucket) && running.covers(clock);
        let judge = Judge {
            is_partial,
            is_ambiguous: &is_ambiguous,
            changes_story: running.reason == Reason::Needed,
            is_returning: core.config.is_returning || is_down("absence"),
            comes_later: &comes_later,
            was_seen_there: &was_seen_there,
        };
        let Some(difference) = walk.compare(theirs, &judge) else { return false };
        let (collection, heads) = (walk.collection().to_string(), running.heads.clone());
        let Some(running) = self.running.as_mut() else { return false };
        running.walk = Some(walk);
        running.early = running.early.saturating_add(difference.later);
        if !difference.drop.is_empty() {
            running.writes += 1;
            let request = DropCollected { collection: collection.clone(), keys: difference.drop, heads };
            self.request(core, request, Reconciliation::on_write_done);
        }
        if !difference.repost.is_empty()
            && let Some(running) = self.running.as_mut()
        {
            running.writes += 1;
            let request = RepostEntries { collection, keys: difference.repost };
            self.request(core, request, Reconciliation::on_write_done);
        }
        true
    }
}

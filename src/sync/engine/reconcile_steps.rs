//! The steps of a reconciliation through one collection.
//!
//! Where this node holds nothing of it, it asks for pages in order of key. Otherwise it walks down the tree of fingerprints
//! where sums differ, compares the digests of the entries in the differing buckets, fetches entries that it lacks or that
//! are newer there, and drops those that the peer has seen and collected. Of an origin that told two stories the numbers
//! say nothing: what the peer lacks of the one that was known here is posted once more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::model::{Bytes, KeyHash, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::limits::{DIGEST_BUCKETS, DIGESTS_WANTED, FETCH_ENTRIES, MERGES_MAX};
use crate::sync::engine::reconcile::Reason;
use crate::sync::engine::tree::Tree;
use crate::sync::message::{
    Digests, Fingerprint, PublicEntry, REQUEST_BUCKETS_MAX, ReconcileAnswer, ReconcileAsk, TREE_DEPTH, TREE_FANOUT,
    TREE_NODES_MAX,
};
use crate::sync::work::{EntryDigest, Work};

/// How far one collection is through.
#[derive(Debug)]
pub(super) struct Walk {
    collection: String,
    /// The peer holds everything of it that its heads cover.
    is_whole: bool,
    /// `None` while our own entries are being counted.
    tree: Option<Tree>,
    /// Where nothing is here: the key to go on after.
    page: Option<Option<Bytes>>,
    /// Nodes of the tree to ask for, with their level; those asked for last are the last.
    nodes: Vec<(u8, Vec<u16>)>,
    /// Buckets to compare.
    buckets: Vec<u16>,
    /// How many of them at a time.
    buckets_at_once: usize,
    comparing: Option<Comparing>,
    /// Entries to ask for.
    fetches: VecDeque<Fetch>,
}

/// Buckets being compared: what each side holds in them.
#[derive(Debug)]
struct Comparing {
    buckets: Vec<u16>,
    ours: Option<Vec<EntryDigest>>,
    theirs: Option<Digests>,
}

#[derive(Debug)]
struct Fetch {
    key_hashes: Vec<KeyHash>,
    after: Option<Bytes>,
}

/// A clock: the last delta of each origin.
type Clock = [(PeerId, u64)];

/// What the two sides of a comparison have seen.
struct Judge<'a> {
    /// Deltas may be missing here that our heads cover.
    is_partial: bool,
    /// Whether a clock counts deltas of an origin that told two stories.
    is_ambiguous: &'a dyn Fn(&Clock) -> bool,
    /// What was known here of those is going to be forgotten.
    changes_story: bool,
    /// Whether everything that a clock counts has been applied here.
    was_seen_here: &'a dyn Fn(&Clock) -> bool,
    /// Whether it has been applied there, by somebody who holds this bucket.
    was_seen_there: &'a dyn Fn(u16, &Clock) -> bool,
}

/// What comes of a comparison.
#[derive(Debug, Default)]
struct Difference {
    fetch: Vec<KeyHash>,
    drop: Vec<Bytes>,
    repost: Vec<Bytes>,
}

impl Walk {
    fn new(collection: String, is_whole: bool) -> Self {
        Walk {
            collection,
            is_whole,
            tree: None,
            page: None,
            nodes: Vec::new(),
            buckets: Vec::new(),
            buckets_at_once: DIGEST_BUCKETS,
            comparing: None,
            fetches: VecDeque::new(),
        }
    }

    fn is_done(&self) -> bool {
        self.tree.is_some()
            && self.page.is_none()
            && self.nodes.is_empty()
            && self.buckets.is_empty()
            && self.comparing.is_none()
            && self.fetches.is_empty()
    }

    /// The request that comes next. Work of our own that goes with it is added.
    fn next_ask(&mut self, works: &mut Vec<Work>) -> Option<ReconcileAsk> {
        let collection = self.collection.clone();
        if self.tree.is_none() || self.comparing.is_some() {
            return None;
        }
        if let Some(Fetch { key_hashes, after }) = self.fetches.front() {
            let (key_hashes, after) = (key_hashes.clone(), after.clone());
            return Some(ReconcileAsk::Entries { collection, key_hashes, after });
        }
        if let Some(after) = &self.page {
            return Some(ReconcileAsk::Page { collection, after: after.clone() });
        }
        if let Some((level, nodes)) = self.nodes.last() {
            return Some(ReconcileAsk::Tree { collection, level: *level, nodes: nodes.clone() });
        }
        let rest = self.buckets.len().saturating_sub(self.buckets_at_once.max(1));
        let buckets = self.buckets.split_off(rest);
        if buckets.is_empty() {
            return None;
        }
        self.comparing = Some(Comparing { buckets: buckets.clone(), ours: None, theirs: None });
        works.push(Work::DigestsIn { view: None, collection: collection.clone(), buckets: buckets.clone() });
        Some(ReconcileAsk::Digests { collection, buckets })
    }

    /// The peer's fingerprints of the children of the last nodes; false where they do not fit.
    fn descend(&mut self, children: &[Fingerprint]) -> bool {
        let (Some(tree), Some((level, nodes))) = (&self.tree, self.nodes.pop()) else { return false };
        if children.len() != nodes.len() * TREE_FANOUT {
            return false;
        }
        let pairs = nodes.iter().zip(children.chunks(TREE_FANOUT));
        let differing: Vec<u16> = pairs.flat_map(|(node, theirs)| tree.differing(level, *node, theirs)).collect();
        if level + 1 == TREE_DEPTH {
            self.buckets.extend(differing);
        } else {
            self.nodes.extend(differing.chunks(TREE_NODES_MAX).map(|nodes| (level + 1, nodes.to_vec())));
        }
        true
    }

    /// Fewer buckets at a time, after the peer found them too full; false where it was one.
    fn narrow(&mut self) -> bool {
        let Some(comparing) = self.comparing.take() else { return false };
        let is_narrower = comparing.buckets.len() > 1;
        self.buckets_at_once = (comparing.buckets.len() / 2).max(1);
        self.buckets.extend(comparing.buckets);
        is_narrower
    }

    /// Once both sides are known, what they differ in.
    fn compare(&mut self, judge: &Judge<'_>) -> Option<Difference> {
        let ready = self.comparing.take_if(|comparing| comparing.ours.is_some() && comparing.theirs.is_some())?;
        let (Some(ours), Some(theirs)) = (ready.ours, ready.theirs) else { return None };
        if ours.len().max(theirs.digests.len()) < DIGESTS_WANTED {
            self.buckets_at_once = self.buckets_at_once.saturating_mul(2).min(REQUEST_BUCKETS_MAX);
        }
        let mut ours: BTreeMap<KeyHash, EntryDigest> = ours.into_iter().map(|entry| (entry.key_hash, entry)).collect();
        let mut difference = Difference::default();
        for entry in theirs.digests {
            let origin = |position: &u32| usize::try_from(*position).ok().and_then(|at| theirs.origins.get(at));
            let clock: Vec<(PeerId, u64)> = entry
                .clock
                .iter()
                .filter_map(|(position, seq)| origin(position).map(|origin| (origin.clone(), *seq)))
                .collect();
            let is_wanted = match ours.remove(&entry.key_hash) {
                Some(our) if our.digest == entry.digest => false,
                Some(our) if (judge.is_ambiguous)(&our.clock) => {
                    difference.repost.extend(judge.changes_story.then_some(our.key));
                    true
                }
                // What is newer here may lack what came before.
                Some(our) => judge.is_partial || !is_newer(&our.clock, &clock),
                // Seen here and not here any more: it was collected.
                None => {
                    let was_seen = (judge.was_seen_here)(&clock) && !(judge.is_ambiguous)(&clock);
                    clock.is_empty() || judge.is_partial || !was_seen
                }
            };
            if is_wanted {
                difference.fetch.push(entry.key_hash);
            }
        }
        if self.is_whole {
            let was_seen = |our: &EntryDigest| !our.clock.is_empty() && (judge.was_seen_there)(our.bucket, &our.clock);
            for our in ours.into_values().filter(was_seen) {
                match (judge.is_ambiguous)(&our.clock) {
                    false => difference.drop.push(our.key),
                    true if judge.changes_story => difference.repost.push(our.key),
                    true => {}
                }
            }
        }
        Some(difference)
    }
}

/// Whether everything that the other clock counts is in this one, and more.
fn is_newer(clock: &[(PeerId, u64)], other: &[(PeerId, u64)]) -> bool {
    let own: BTreeMap<&PeerId, u64> = clock.iter().map(|(origin, seq)| (origin, *seq)).collect();
    let covers = other.iter().all(|(origin, seq)| own.get(origin).is_some_and(|known| known >= seq));
    let is_same = own.len() == other.len() && other.iter().all(|(origin, seq)| own.get(origin) == Some(seq));
    covers && !is_same
}

impl Engine {
    /// Goes on with the reconciliation under way as far as it goes without waiting.
    pub(super) fn step(&mut self) {
        loop {
            let Some(running) = self.reconciling.running.as_mut() else { return };
            if running.request.is_some() || running.is_adopting || running.writes >= MERGES_MAX {
                return;
            }
            if let Some(walk) = running.walk.as_mut().filter(|walk| !walk.is_done()) {
                let mut works = Vec::new();
                let ask = walk.next_ask(&mut works);
                for work in works {
                    self.reconcile_work(work);
                }
                if let Some(ask) = ask {
                    self.reconcile_ask(ask);
                }
                return;
            }
            match running.collections.pop_front() {
                Some((collection, is_whole)) => {
                    running.walk = Some(Walk::new(collection.clone(), is_whole));
                    self.reconcile_work(Work::Fingerprints { view: None, collection });
                }
                None if running.writes > 0 => return,
                None => return self.adopt(),
            }
        }
    }

    /// What the peer answered to the last request; false where it is of no use.
    pub(super) fn step_answered(&mut self, answer: ReconcileAnswer) -> bool {
        let Some(walk) = self.reconciling.running.as_mut().and_then(|running| running.walk.as_mut()) else {
            return false;
        };
        match answer {
            ReconcileAnswer::Tree { children } => walk.descend(&children),
            ReconcileAnswer::Digests(digests) => {
                let Some(comparing) = walk.comparing.as_mut() else { return false };
                comparing.theirs = Some(digests);
                self.compared();
                true
            }
            ReconcileAnswer::Entries { entries, next } => {
                // What does not go on would never end.
                let has_ended = entries.is_empty() || next.is_none();
                let next = next.filter(|_| !has_ended);
                if let Some(fetch) = walk.fetches.front_mut() {
                    match next {
                        Some(next) if fetch.after.as_ref().is_some_and(|after| next <= *after) => return false,
                        Some(next) => fetch.after = Some(next),
                        None => drop(walk.fetches.pop_front()),
                    }
                } else if let Some(page) = walk.page.as_mut() {
                    match next {
                        Some(next) if page.as_ref().is_some_and(|after| next <= *after) => return false,
                        Some(next) => *page = Some(next),
                        None => walk.page = None,
                    }
                } else {
                    return false;
                }
                self.merge_entries(entries);
                true
            }
            ReconcileAnswer::Refused => walk.narrow(),
            ReconcileAnswer::View { .. } => false,
        }
    }

    fn merge_entries(&mut self, entries: Vec<PublicEntry>) {
        let Some(running) = self.reconciling.running.as_mut() else { return };
        let Some(collection) = running.walk.as_ref().map(|walk| walk.collection.clone()) else { return };
        if entries.is_empty() {
            return;
        }
        running.writes += 1;
        self.reconcile_work(Work::MergeStates { collection, entries });
    }

    /// Our own fingerprints of the collection.
    pub(super) fn counted(&mut self, buckets: Vec<Fingerprint>) -> bool {
        let Some(running) = self.reconciling.running.as_mut() else { return false };
        let Some(walk) = running.walk.as_mut() else { return false };
        let tree = Tree::new(buckets, &running.within);
        if tree.is_empty() {
            walk.page = Some(None);
        } else {
            walk.nodes.push((0, vec![0]));
        }
        walk.tree = Some(tree);
        true
    }

    /// Our own digests of the buckets being compared. Those of buckets that were too many for the peer come to nothing.
    pub(super) fn digested(&mut self, digests: Vec<EntryDigest>) -> bool {
        let walk = self.reconciling.running.as_mut().and_then(|running| running.walk.as_mut());
        if let Some(comparing) = walk.and_then(|walk| walk.comparing.as_mut()) {
            let buckets: BTreeSet<u16> = comparing.buckets.iter().copied().collect();
            let is_of_these = digests.iter().all(|entry| buckets.contains(&entry.bucket));
            if is_of_these {
                comparing.ours = Some(digests);
                self.compared();
            }
        }
        true
    }

    fn compared(&mut self) {
        let forked: BTreeSet<PeerId> = self.forked_origins();
        let is_ambiguous = |clock: &[(PeerId, u64)]| clock.iter().any(|(origin, _)| forked.contains(origin));
        let Some(running) = self.reconciling.running.as_mut() else { return };
        let Some(mut walk) = running.walk.take() else { return };
        let is_partial = self.config.partial.contains(&walk.collection);
        let was_seen_here = |clock: &[(PeerId, u64)]| self.heads.cover(clock);
        let was_seen_there =
            |bucket: u16, clock: &[(PeerId, u64)]| running.held_there.contains(bucket) && running.covers(clock);
        let judge = Judge {
            is_partial,
            is_ambiguous: &is_ambiguous,
            changes_story: running.reason == Reason::Needed,
            was_seen_here: &was_seen_here,
            was_seen_there: &was_seen_there,
        };
        let difference = walk.compare(&judge).unwrap_or_default();
        let fetches = difference.fetch.chunks(FETCH_ENTRIES);
        walk.fetches.extend(fetches.map(|key_hashes| Fetch { key_hashes: key_hashes.to_vec(), after: None }));
        let (collection, heads) = (walk.collection.clone(), running.heads.clone());
        running.walk = Some(walk);
        if !difference.drop.is_empty() {
            running.writes += 1;
            self.reconcile_work(Work::DropCollected { collection: collection.clone(), keys: difference.drop, heads });
        }
        if !difference.repost.is_empty()
            && let Some(running) = self.reconciling.running.as_mut()
        {
            running.writes += 1;
            self.reconcile_work(Work::Repost { collection, keys: difference.repost });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock_of(origin: &str, seq: u64) -> Vec<(PeerId, u64)> {
        vec![(PeerId::new(origin), seq)]
    }

    fn ours(number: u8, clock: &Clock) -> EntryDigest {
        EntryDigest {
            bucket: 7,
            key_hash: [number; 8],
            digest: [number; 16],
            key: Bytes::new(vec![number]),
            clock: clock.to_vec(),
        }
    }

    /// What comes of three entries here and none there, by one origin that told two stories and by one that did not.
    fn compare(changes_story: bool) -> Difference {
        let mut walk = Walk::new("memory".to_string(), true);
        let origins = [(1, "two stories"), (2, "one story"), (3, "unseen")];
        let entries = origins.map(|(number, origin)| ours(number, &clock_of(origin, 3))).to_vec();
        let theirs = Some(Digests { origins: Vec::new(), digests: Vec::new() });
        walk.comparing = Some(Comparing { buckets: vec![7], ours: Some(entries), theirs });
        let was_seen = |clock: &Clock| clock.iter().all(|(origin, _)| origin.as_str() != "unseen");
        let judge = Judge {
            is_partial: false,
            is_ambiguous: &|clock| clock.iter().any(|(origin, _)| origin.as_str() == "two stories"),
            changes_story,
            was_seen_here: &was_seen,
            was_seen_there: &|_, clock| was_seen(clock),
        };
        walk.compare(&judge).unwrap()
    }

    #[test]
    fn what_only_one_story_told_is_posted_once_more_and_never_dropped() {
        let difference = compare(true);
        assert_eq!(difference.repost, [Bytes::new(vec![1])]);
        assert_eq!(difference.drop, [Bytes::new(vec![2])], "it was collected there");
        let difference = compare(false);
        assert!(difference.repost.is_empty(), "an audit changes no story");
        assert_eq!(difference.drop, [Bytes::new(vec![2])]);
    }
}

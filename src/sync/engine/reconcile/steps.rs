//! The steps of a reconciliation through one collection.
//!
//! Where this node holds nothing of it, it asks for pages in order of key. Otherwise it walks down the tree of fingerprints
//! where sums differ, compares the digests of the entries in the differing buckets part by part in order of key, so that both
//! sides go through their entries once, fetches entries that it lacks or that are newer there. That the peer lacks an entry takes nothing away here, unless this node
//! [returns](crate::sync::engine::io::EngineConfig) under another identity. Of an origin that told two stories the numbers say nothing: what
//! the peer lacks of the one that was known here is posted once more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::defence::is_down;
use crate::error::Result;
use crate::model::{Buckets, Bytes, EntryDigest, Fingerprint, KeyHash, PeerId, hash_of_key};
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineOffer;
use crate::sync::engine::limits::{FETCH_ENTRIES, MERGES_MAX, PAGES_ASKED_MAX};
use crate::sync::engine::reconcile::fingerprint_tree::Tree;
use crate::sync::engine::reconcile::reconcile::Reason;
use crate::sync::engine::requests::{DropCollected, MergeStates, ReadDigests, ReadFingerprints, RepostEntries};
use crate::sync::protocol::message::{Digests, ReconcileAnswer, ReconcileAsk, TREE_DEPTH, TREE_FANOUT, TREE_NODES_MAX};

/// How far one collection is through.
#[derive(Debug)]
pub(in crate::sync::engine) struct CollectionWalk {
    collection: String,
    /// The peer holds everything of it that its heads cover.
    is_whole: bool,
    /// `None` while our own entries are being counted.
    tree: Option<Tree>,
    /// Where nothing is here: the key to go on after.
    page: Option<Option<Bytes>>,
    /// Nodes of the tree to ask for, with their level; those asked for last are the last.
    nodes: Vec<(u8, Vec<u16>)>,
    /// Buckets to compare, once all nodes are known.
    buckets: Vec<u16>,
    comparing: Option<Comparing>,
    /// Entries to ask for.
    fetches: VecDeque<Fetch>,
}

/// Buckets being compared, in order of key.
#[derive(Debug)]
struct Comparing {
    buckets: Buckets,
    /// Up to and with this key they are compared.
    after: Option<Bytes>,
    ours: Ours,
}

/// What this node holds of the next part.
#[derive(Debug)]
enum Ours {
    Wanted,
    BeingRead,
    /// Everything up to and with `until`, or to the end.
    Read {
        digests: Vec<EntryDigest>,
        until: Option<Bytes>,
    },
}

/// Entries to ask for, all behind a key.
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
    /// This node returns under another identity: what the peer has collected goes here, too.
    is_returning: bool,
    /// Whether a clock counts deltas that the logs bring later: the entry would show a part of what they belong to.
    comes_later: &'a dyn Fn(&Clock) -> bool,
    /// Whether it has been applied there, by somebody who holds this bucket.
    was_seen_there: &'a dyn Fn(u16, &Clock) -> bool,
}

/// What comes of a comparison.
#[derive(Debug, Default)]
struct Difference {
    fetch: Vec<KeyHash>,
    /// Entries that are left to another time.
    later: u64,
    drop: Vec<Bytes>,
    repost: Vec<Bytes>,
}

impl CollectionWalk {
    fn new(collection: String, is_whole: bool) -> Self {
        CollectionWalk {
            collection,
            is_whole,
            tree: None,
            page: None,
            nodes: Vec::new(),
            buckets: Vec::new(),
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

    /// The request that comes next. What is to be read here along with it is put into `read`.
    fn next_ask(&mut self, digests_at_once: usize, read: &mut Option<ReadDigests>) -> Option<ReconcileAsk> {
        let collection = self.collection.clone();
        self.tree.as_ref()?;
        if self.nodes.is_empty() && !self.buckets.is_empty() {
            let buckets = Buckets::listed(&std::mem::take(&mut self.buckets));
            self.comparing = Some(Comparing { buckets, after: None, ours: Ours::Wanted });
        }
        if let Some(comparing) = &mut self.comparing
            && matches!(comparing.ours, Ours::Wanted)
        {
            // Read while entries of the part before are on their way.
            comparing.ours = Ours::BeingRead;
            let (buckets, after) = (comparing.buckets.clone(), comparing.after.clone());
            let (view, until, count_max) = (None, None, digests_at_once);
            *read = Some(ReadDigests { view, collection: collection.clone(), buckets, after, until, count_max });
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
        match &self.comparing {
            Some(Comparing { buckets, after, ours: Ours::Read { until, .. } }) => Some(ReconcileAsk::Digests {
                collection,
                buckets: buckets.clone(),
                after: after.clone(),
                until: until.clone(),
            }),
            _ => None,
        }
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

    /// What both sides differ in, as far as the peer's digests go; `None` where they do not fit what was asked for.
    fn compare(&mut self, theirs: Digests, judge: &Judge<'_>) -> Option<Difference> {
        let mut comparing = self.comparing.take()?;
        let Ours::Read { mut digests, until } = comparing.ours else { return None };
        let start = comparing.after.clone();
        let ours = match &theirs.next {
            // What does not go on would never end.
            Some(next) if start.as_ref().is_some_and(|start| next <= start) => return None,
            Some(next) if until.as_ref().is_some_and(|until| next > until) => return None,
            Some(next) => {
                let rest = digests.split_off(digests.partition_point(|entry| entry.key <= *next));
                (comparing.after, comparing.ours) = (Some(next.clone()), Ours::Read { digests: rest, until });
                self.comparing = Some(comparing);
                digests
            }
            None => {
                if until.is_some() {
                    (comparing.after, comparing.ours) = (until, Ours::Wanted);
                    self.comparing = Some(comparing);
                }
                digests
            }
        };
        let difference = self.difference(ours, theirs, judge);
        let fetches = difference.fetch.chunks(FETCH_ENTRIES);
        let fetches = fetches.map(|key_hashes| Fetch { key_hashes: key_hashes.to_vec(), after: start.clone() });
        self.fetches.extend(fetches);
        Some(difference)
    }

    /// What two sides differ in that hold these of one part.
    fn difference(&self, ours: Vec<EntryDigest>, theirs: Digests, judge: &Judge<'_>) -> Difference {
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
                // Where it was deleted and its tombstone removed here, the database takes the tombstone alone.
                None => true,
            };
            if is_wanted && (judge.comes_later)(&clock) {
                difference.later += 1;
            } else if is_wanted {
                difference.fetch.push(entry.key_hash);
            }
        }
        if self.is_whole {
            let was_seen = |our: &EntryDigest| !our.clock.is_empty() && (judge.was_seen_there)(our.bucket, &our.clock);
            for our in ours.into_values().filter(was_seen) {
                match (judge.is_ambiguous)(&our.clock) {
                    false => difference.drop.extend(judge.is_returning.then_some(our.key)),
                    true if judge.changes_story => difference.repost.push(our.key),
                    true => {}
                }
            }
        }
        difference
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
    pub(in crate::sync::engine) fn step(&mut self) {
        if self.awaits_log() {
            return;
        }
        loop {
            let Some(running) = self.reconciling.running.as_mut() else { return };
            if running.is_adopting || running.opening.is_some() || running.writes >= MERGES_MAX {
                return;
            }
            if !running.requests.is_empty() {
                let walk = running.walk.as_ref().filter(|walk| walk.page.is_some());
                let Some(walk) = walk.filter(|_| running.requests.len() < PAGES_ASKED_MAX) else { return };
                let collection = walk.collection.clone();
                self.reconcile_ask(ReconcileAsk::NextPage { collection });
                continue;
            }
            if let Some(walk) = running.walk.as_mut().filter(|walk| !walk.is_done()) {
                let mut read = None;
                let ask = walk.next_ask(self.config.tuning.digests_at_once(), &mut read);
                if let Some(read) = read {
                    self.request_for_reconciliation(read, Engine::on_read_digests_done);
                }
                match ask {
                    Some(ask) => self.reconcile_ask(ask),
                    None => return,
                }
                continue;
            }
            match running.collections.pop_front() {
                Some((collection, is_whole)) => {
                    running.walk = Some(CollectionWalk::new(collection.clone(), is_whole));
                    let request = ReadFingerprints { view: None, collection };
                    self.request_for_reconciliation(request, Engine::on_read_fingerprints_done);
                }
                None if running.writes > 0 => return,
                None => return self.adopt(),
            }
        }
    }

    /// What the peer answered to the first request; false where it is of no use. Behind the last page there is nothing.
    pub(super) fn step_answered(&mut self, answer: ReconcileAnswer, is_next_page: bool) -> bool {
        let Some(walk) = self.reconciling.running.as_mut().and_then(|running| running.walk.as_mut()) else {
            return false;
        };
        match answer {
            ReconcileAnswer::Tree { children } => walk.descend(&children),
            ReconcileAnswer::Digests(digests) => self.compare(digests),
            ReconcileAnswer::Entries { entries, postings, next } => {
                // What does not go on would never end.
                let has_ended = entries.is_empty() || next.is_none();
                let next = next.filter(|_| !has_ended);
                if let Some(fetch) = walk.fetches.front_mut() {
                    // Whoever looks for what has come already looks through everything.
                    let come: BTreeSet<KeyHash> = entries.iter().map(|entry| hash_of_key(&entry.key)).collect();
                    fetch.key_hashes.retain(|hash| !come.contains(hash));
                    match next.filter(|_| !fetch.key_hashes.is_empty()) {
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
                } else if !is_next_page || !entries.is_empty() {
                    return false;
                }
                self.merge_entries(EngineOffer { entries, postings });
                true
            }
            ReconcileAnswer::Refused | ReconcileAnswer::View { .. } => false,
        }
    }

    fn merge_entries(&mut self, offer: EngineOffer) {
        let Some(running) = self.reconciling.running.as_mut() else { return };
        let Some(collection) = running.walk.as_ref().map(|walk| walk.collection.clone()) else { return };
        if offer.entries.is_empty() {
            return;
        }
        running.writes += 1;
        let legacy = Arc::clone(&running.legacy);
        let is_partial = self.config.partial.contains(&collection);
        let request = MergeStates { collection, offer, legacy, is_partial };
        self.request_for_reconciliation(request, Engine::on_merge_states_done);
    }

    /// Our own fingerprints of the collection.
    fn on_read_fingerprints_done(&mut self, result: Result<Vec<Fingerprint>>) -> bool {
        let Some(buckets) = self.compared(result) else { return false };
        let is_ahead = self.is_view_ahead();
        let Some(running) = self.reconciling.running.as_mut() else { return false };
        let Some(walk) = running.walk.as_mut() else { return false };
        let tree = Tree::new(buckets, &running.within);
        // Pages come without the clocks by which entries could be left out.
        if tree.is_empty() && !is_ahead {
            walk.page = Some(None);
        } else {
            walk.nodes.push((0, vec![0]));
        }
        walk.tree = Some(tree);
        true
    }

    /// Our own digests of the part to be compared next.
    fn on_read_digests_done(&mut self, result: Result<(Vec<EntryDigest>, bool)>) -> bool {
        let Some((digests, is_more)) = self.compared(result) else { return false };
        let walk = self.reconciling.running.as_mut().and_then(|running| running.walk.as_mut());
        if let Some(comparing) = walk.and_then(|walk| walk.comparing.as_mut())
            && matches!(comparing.ours, Ours::BeingRead)
        {
            let until = digests.last().map(|entry| entry.key.clone()).filter(|_| is_more);
            comparing.ours = Ours::Read { digests, until };
        }
        true
    }

    /// The peer's digests of what was asked for; false where they do not fit.
    fn compare(&mut self, theirs: Digests) -> bool {
        let forked: BTreeSet<PeerId> = self.forked_origins();
        let is_ambiguous = |clock: &[(PeerId, u64)]| clock.iter().any(|(origin, _)| forked.contains(origin));
        let walk = self.reconciling.running.as_mut().and_then(|running| running.walk.take());
        let (Some(mut walk), Some(running)) = (walk, self.reconciling.running.as_ref()) else { return false };
        let comes_later = |clock: &Clock| {
            running.reason != Reason::Needed && clock.iter().any(|(origin, seq)| self.comes_later(origin, *seq))
        };
        let is_partial = self.config.partial.contains(&walk.collection);
        let was_seen_there =
            |bucket: u16, clock: &[(PeerId, u64)]| running.held_there.contains(bucket) && running.covers(clock);
        let judge = Judge {
            is_partial,
            is_ambiguous: &is_ambiguous,
            changes_story: running.reason == Reason::Needed,
            is_returning: self.config.is_returning || is_down("absence"),
            comes_later: &comes_later,
            was_seen_there: &was_seen_there,
        };
        let Some(difference) = walk.compare(theirs, &judge) else { return false };
        let (collection, heads) = (walk.collection.clone(), running.heads.clone());
        let Some(running) = self.reconciling.running.as_mut() else { return false };
        running.walk = Some(walk);
        running.early = running.early.saturating_add(difference.later);
        if !difference.drop.is_empty() {
            running.writes += 1;
            let request = DropCollected { collection: collection.clone(), keys: difference.drop, heads };
            self.request_for_reconciliation(request, Engine::on_write_done);
        }
        if !difference.repost.is_empty()
            && let Some(running) = self.reconciling.running.as_mut()
        {
            running.writes += 1;
            let request = RepostEntries { collection, keys: difference.repost };
            self.request_for_reconciliation(request, Engine::on_write_done);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::protocol::message::WireDigest;

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
    fn compare(changes_story: bool, is_returning: bool) -> Difference {
        compare_with(Vec::new(), &|_| false, (changes_story, is_returning))
    }

    /// The same with what is there, of which a part is left to the logs.
    fn compare_with(
        theirs: Vec<WireDigest>,
        comes_later: &dyn Fn(&Clock) -> bool,
        (changes_story, is_returning): (bool, bool),
    ) -> Difference {
        let mut walk = CollectionWalk::new("memory".to_string(), true);
        let origins = [(1, "two stories"), (2, "one story"), (3, "unseen")];
        let entries = origins.map(|(number, origin)| ours(number, &clock_of(origin, 3))).to_vec();
        let ours = Ours::Read { digests: entries, until: None };
        walk.comparing = Some(Comparing { buckets: Buckets::listed(&[7]), after: None, ours });
        let theirs = Digests { origins: vec![PeerId::new("one story")], digests: theirs, next: None };
        let was_seen = |clock: &Clock| clock.iter().all(|(origin, _)| origin.as_str() != "unseen");
        let judge = Judge {
            is_partial: false,
            is_ambiguous: &|clock| clock.iter().any(|(origin, _)| origin.as_str() == "two stories"),
            changes_story,
            is_returning,
            comes_later,
            was_seen_there: &|_, clock| was_seen(clock),
        };
        walk.compare(theirs, &judge).unwrap()
    }

    #[test]
    fn what_the_logs_bring_later_is_not_taken_before_it() {
        let theirs = |number: u8, seq: u64| WireDigest {
            bucket: 7,
            key_hash: [number; 8],
            digest: [100; 16],
            clock: vec![(0, seq)],
        };
        let comes_later = |clock: &Clock| clock.iter().any(|(_, seq)| *seq > 4);
        let difference = compare_with(vec![theirs(2, 5), theirs(8, 4), theirs(9, 5)], &comes_later, (false, true));
        assert_eq!((difference.fetch, difference.later), (vec![[8; 8]], 2));
        assert_eq!(difference.drop, Vec::<Bytes>::new(), "what is newer there is no less there");
    }

    #[test]
    fn what_only_one_story_told_is_posted_once_more_and_never_dropped() {
        let difference = compare(true, true);
        assert_eq!(difference.repost, [Bytes::new(vec![1])]);
        assert_eq!(difference.drop, [Bytes::new(vec![2])], "it was collected there");
        let difference = compare(false, true);
        assert!(difference.repost.is_empty(), "an audit changes no story");
        assert_eq!(difference.drop, [Bytes::new(vec![2])]);
        assert!(compare(true, false).drop.is_empty(), "absence is not deletion");
    }
}

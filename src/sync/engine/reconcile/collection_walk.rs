//! The walk of a reconciliation through one collection: what is asked for next, and what both sides differ in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::model::{Buckets, Bytes, EntryDigest, Fingerprint, KeyHash, PeerId, PublicEntry, hash_of_key};
use crate::sync::engine::limits::FETCH_ENTRIES;
use crate::sync::engine::reconcile::fingerprint_tree::Tree;
use crate::sync::engine::requests::ReadDigests;
use crate::sync::protocol::message::{Digests, ReconcileAsk, TREE_DEPTH, TREE_FANOUT, TREE_NODES_MAX};

/// How far one collection is through.
#[derive(Debug)]
pub(super) struct CollectionWalk {
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
pub(super) type EntryClock = [(PeerId, u64)];

/// What the two sides of a comparison have seen.
pub(super) struct Judge<'a> {
    /// Deltas may be missing here that our heads cover.
    pub is_partial: bool,
    /// Whether a clock counts deltas of an origin that told two stories.
    pub is_ambiguous: &'a dyn Fn(&EntryClock) -> bool,
    /// What was known here of those is going to be forgotten.
    pub changes_story: bool,
    /// This node returns under another identity: what the peer has collected goes here, too.
    pub is_returning: bool,
    /// Whether a clock counts deltas that the logs bring later: the entry would show a part of what they belong to.
    pub comes_later: &'a dyn Fn(&EntryClock) -> bool,
    /// Whether it has been applied there, by somebody who holds this bucket.
    pub was_seen_there: &'a dyn Fn(u16, &EntryClock) -> bool,
}

/// What comes of a comparison.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub fetch: Vec<KeyHash>,
    /// Entries that are left to another time.
    pub later: u64,
    pub drop: Vec<Bytes>,
    pub repost: Vec<Bytes>,
}

impl CollectionWalk {
    pub fn new(collection: String, is_whole: bool) -> Self {
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

    pub fn is_done(&self) -> bool {
        self.tree.is_some()
            && self.page.is_none()
            && self.nodes.is_empty()
            && self.buckets.is_empty()
            && self.comparing.is_none()
            && self.fetches.is_empty()
    }

    /// The shared name.
    pub fn collection(&self) -> &str {
        &self.collection
    }

    /// Whether everything is taken, page by page, since nothing is here.
    pub fn is_paging(&self) -> bool {
        self.page.is_some()
    }

    /// Our own entries have been counted. Pages come without the clocks by which entries could be left out, so where the view
    /// `is_ahead` of the logs digests are compared.
    pub fn begin(&mut self, tree: Tree, is_ahead: bool) {
        if tree.is_empty() && !is_ahead {
            self.page = Some(None);
        } else {
            self.nodes.push((0, vec![0]));
        }
        self.tree = Some(tree);
    }

    /// Our own digests of the part to be compared next.
    pub fn take_own_digests(&mut self, digests: Vec<EntryDigest>, is_more: bool) {
        if let Some(comparing) = self.comparing.as_mut().filter(|comparing| matches!(comparing.ours, Ours::BeingRead)) {
            let until = digests.last().map(|entry| entry.key.clone()).filter(|_| is_more);
            comparing.ours = Ours::Read { digests, until };
        }
    }

    /// Entries that the peer has sent, and the key to go on after; false where they do not fit what was asked for. Behind the
    /// last page there is nothing.
    pub fn take_entries(&mut self, entries: &[PublicEntry], next: Option<Bytes>, is_next_page: bool) -> bool {
        // What does not go on would never end.
        let has_ended = entries.is_empty() || next.is_none();
        let next = next.filter(|_| !has_ended);
        if let Some(fetch) = self.fetches.front_mut() {
            // Whoever looks for what has come already looks through everything.
            let come: BTreeSet<KeyHash> = entries.iter().map(|entry| hash_of_key(&entry.key)).collect();
            fetch.key_hashes.retain(|hash| !come.contains(hash));
            match next.filter(|_| !fetch.key_hashes.is_empty()) {
                Some(next) if fetch.after.as_ref().is_some_and(|after| next <= *after) => return false,
                Some(next) => fetch.after = Some(next),
                None => drop(self.fetches.pop_front()),
            }
        } else if let Some(page) = self.page.as_mut() {
            match next {
                Some(next) if page.as_ref().is_some_and(|after| next <= *after) => return false,
                Some(next) => *page = Some(next),
                None => self.page = None,
            }
        } else if !is_next_page || !entries.is_empty() {
            return false;
        }
        true
    }

    /// The request that comes next. What is to be read here along with it is put into `read`.
    pub fn next_ask(&mut self, digests_at_once: usize, read: &mut Option<ReadDigests>) -> Option<ReconcileAsk> {
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
    pub fn descend(&mut self, children: &[Fingerprint]) -> bool {
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
    pub fn compare(&mut self, theirs: Digests, judge: &Judge<'_>) -> Option<Difference> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::protocol::message::WireDigest;

    fn clock_of(origin: &str, seq: u64) -> Vec<(PeerId, u64)> {
        vec![(PeerId::new(origin), seq)]
    }

    fn ours(number: u8, clock: &EntryClock) -> EntryDigest {
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
        comes_later: &dyn Fn(&EntryClock) -> bool,
        (changes_story, is_returning): (bool, bool),
    ) -> Difference {
        let mut walk = CollectionWalk::new("memory".to_string(), true);
        let origins = [(1, "two stories"), (2, "one story"), (3, "unseen")];
        let entries = origins.map(|(number, origin)| ours(number, &clock_of(origin, 3))).to_vec();
        let ours = Ours::Read { digests: entries, until: None };
        walk.comparing = Some(Comparing { buckets: Buckets::listed(&[7]), after: None, ours });
        let theirs = Digests { origins: vec![PeerId::new("one story")], digests: theirs, next: None };
        let was_seen = |clock: &EntryClock| clock.iter().all(|(origin, _)| origin.as_str() != "unseen");
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
        let comes_later = |clock: &EntryClock| clock.iter().any(|(_, seq)| *seq > 4);
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

//! What the users of all nodes did, and what they may therefore expect of everybody in the end.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::PeerId;

/// A collection and the id of an entry.
pub(super) type Place = (&'static str, String);

/// What one user did on one node; goes back with its data directory when that is restored.
#[derive(Clone, Debug, Default)]
pub(super) struct Local {
    /// Facts that were written here and not posted, by entry.
    pub unposted: BTreeMap<Place, Vec<usize>>,
    pub staged: BTreeSet<Place>,
    /// Entries that carry a canary here: they are never staged again.
    pub guarded: BTreeSet<Place>,
    /// Entries deleted here whose tombstone was not posted yet.
    pub deleted: BTreeSet<Place>,
    /// Entries that were seen dead here after they had been alive: they never come back.
    pub dead: BTreeSet<Place>,
    /// Entries that were seen alive here.
    pub alive: BTreeSet<Place>,
    /// Entries that were known by a network which the node, or their collection, has left: private copies, which the network
    /// may have deleted and forgotten since.
    pub kept: BTreeSet<Place>,
}

/// One fact that somebody wrote.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub place: Place,
    pub name: String,
    pub value: String,
    pub posted: Option<Posting>,
}

/// Under which number something went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Posting {
    pub origin: PeerId,
    /// It has this number or a smaller one.
    pub seq: u64,
    /// The node, and the life of it, that posted it.
    pub posted_by: (usize, u64),
    /// The only copy may have been lost with a restored directory.
    pub is_uncertain: bool,
}

/// What everybody may expect.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub facts: Vec<Fact>,
    /// Deletions that were posted.
    pub deleted: BTreeMap<Place, Posting>,
    /// Entries that somebody may have posted anew from a private copy after their deletion was forgotten.
    pub revived: BTreeSet<Place>,
    /// Hashes of all blobs, and of those that must not be known elsewhere.
    pub blobs: BTreeSet<String>,
    pub secrets: Vec<String>,
    /// Entries that are made once and may be deleted.
    pub mortals: Vec<Place>,
    /// Entries that are only ever written together, by group.
    pub groups: BTreeMap<u64, Vec<Place>>,
}

impl Ledger {
    /// A fact that was committed and not posted.
    pub fn write(&mut self, local: &mut Local, place: &Place, name: String, value: String) {
        local.unposted.entry(place.clone()).or_default().push(self.facts.len());
        self.facts.push(Fact { place: place.clone(), name, value, posted: None });
    }

    /// Everything on the stage of a node has gone out, under numbers up to `seq`.
    pub fn posted(&mut self, local: &mut Local, origin: &PeerId, seq: u64, posted_by: (usize, u64)) {
        let posting = Posting { origin: origin.clone(), seq, posted_by, is_uncertain: false };
        for place in std::mem::take(&mut local.staged) {
            for fact in local.unposted.remove(&place).unwrap_or_default() {
                self.facts[fact].posted = Some(posting.clone());
            }
        }
        for place in std::mem::take(&mut local.deleted) {
            self.deleted.insert(place, posting.clone());
        }
    }

    /// Everybody who posted something.
    pub fn origins(&self) -> BTreeSet<PeerId> {
        let facts = self.facts.iter().filter_map(|fact| fact.posted.as_ref());
        facts.chain(self.deleted.values()).map(|posting| posting.origin.clone()).collect()
    }

    /// What was posted in this life of a node went out again, under another identity.
    pub fn posted_again(&mut self, posted_by: (usize, u64), origin: &PeerId, seq: u64) {
        let facts = self.facts.iter_mut().filter_map(|fact| fact.posted.as_mut());
        for posting in facts.chain(self.deleted.values_mut()).filter(|posting| posting.posted_by == posted_by) {
            (posting.origin, posting.seq) = (origin.clone(), seq);
        }
    }

    /// What an origin posted above a number is uncertain from now on.
    pub fn doubt(&mut self, origin: &PeerId, above_seq: u64) {
        let facts = self.facts.iter_mut().filter_map(|fact| fact.posted.as_mut());
        for posting in facts.chain(self.deleted.values_mut()) {
            posting.is_uncertain |= posting.origin == *origin && posting.seq > above_seq;
        }
    }
}

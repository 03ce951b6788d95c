//! What a transaction knows of references between entries: those that its statement has still to look at, and what its commit
//! depends on.
//!
//! A statement notes which entries it has written that refer to others, and which keys went that others may refer to. Both are
//! looked at when it ends. For the commit, each reference becomes a key that is held, and each key that went one that is
//! freed: whoever comes second of two transactions that hold and free the same key fails.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::db::pending::write_set::EntryKey;
use crate::model::{CheckTime, CollectionId, ForeignKey, UniqueKey};
use crate::types::Value;

/// Keys whose latest reference is remembered, at most.
const RECENT_MAX: usize = 65_536;

/// References of a transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    /// Entries that the present statement has written.
    written: BTreeSet<(CollectionId, EntryKey)>,
    /// Keys that it has taken away.
    gone: VecDeque<GoneKey>,
    /// Entries that the transaction has written.
    all_written: BTreeSet<(CollectionId, EntryKey)>,
    /// Keys that it has taken away.
    all_gone: Vec<GoneKey>,
    /// What SET CONSTRAINTS has said of all that are deferrable, and of some since: whether they wait for the commit.
    deferred: Option<bool>,
    deferred_keys: BTreeMap<CollectionId, bool>,
    /// What the commit depends on.
    pub held: BTreeSet<HeldKey>,
    pub freed: Vec<FreedKey>,
}

/// A key that an entry had and has no more, for one of the foreign keys that refer to it.
#[derive(Clone, Debug)]
pub(crate) struct GoneKey {
    /// The collection that refers, and its foreign key.
    pub child: CollectionId,
    pub foreign_key: CollectionId,
    /// The values of the columns that are referred to.
    pub values: Vec<Value>,
    /// Those that the entry has by now, where it is still there.
    pub becomes: Option<Vec<Value>>,
    /// The last commit that whoever looked at it saw for certain.
    pub seen: u64,
}

/// A key that must be there when the transaction commits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HeldKey {
    pub parent: CollectionId,
    pub key: UniqueKey,
    /// As it lies in the store.
    pub bytes: Vec<u8>,
    pub reference: ReferenceKey,
}

/// A key that nobody may have come to refer to since.
#[derive(Clone, Debug)]
pub(crate) struct FreedKey {
    pub reference: ReferenceKey,
    pub seen: u64,
}

/// A foreign key and the encoded values of its columns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReferenceKey {
    pub foreign_key: CollectionId,
    pub bytes: Vec<u8>,
}

impl References {
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.gone.is_empty() && self.all_written.is_empty() && self.all_gone.is_empty()
    }

    /// Has foreign keys wait for the commit, or not any more; `None` for all of them.
    pub fn defer(&mut self, foreign_key: Option<CollectionId>, is_deferred: bool) {
        match foreign_key {
            Some(foreign_key) => {
                self.deferred_keys.insert(foreign_key, is_deferred);
            }
            None => {
                self.deferred_keys.clear();
                self.deferred = Some(is_deferred);
            }
        }
    }

    /// Whether a foreign key waits for the commit.
    pub fn is_deferred(&self, foreign_key: &ForeignKey) -> bool {
        let said = || self.deferred_keys.get(&foreign_key.id).copied().or(self.deferred);
        match foreign_key.timing {
            CheckTime::Statement => false,
            CheckTime::Deferrable => said().unwrap_or(false),
            CheckTime::Deferred => said().unwrap_or(true),
        }
    }

    /// What the transaction has written and taken away by now.
    pub fn all(&self) -> (BTreeSet<(CollectionId, EntryKey)>, Vec<GoneKey>) {
        (self.all_written.clone(), self.all_gone.clone())
    }

    /// Whether the present statement has left something to look at.
    pub fn is_settled(&self) -> bool {
        self.written.is_empty() && self.gone.is_empty()
    }

    pub fn note_written(&mut self, collection: CollectionId, key: EntryKey) {
        self.all_written.insert((collection, key.clone()));
        self.written.insert((collection, key));
    }

    pub fn note_gone(&mut self, gone: GoneKey) {
        self.all_gone.push(gone.clone());
        self.gone.push_back(gone);
    }

    /// Notes a key whose references go with it in the same statement.
    pub fn note_gone_with_references(&mut self, gone: GoneKey) {
        self.all_gone.push(gone);
    }

    /// The next key that went in this statement.
    pub fn next_gone(&mut self) -> Option<GoneKey> {
        self.gone.pop_front()
    }

    /// The entries that this statement has written, once.
    pub fn take_written(&mut self) -> BTreeSet<(CollectionId, EntryKey)> {
        std::mem::take(&mut self.written)
    }

    /// Everything that the transaction has written and taken away, once.
    pub fn take_all(&mut self) -> (BTreeSet<(CollectionId, EntryKey)>, Vec<GoneKey>) {
        (std::mem::take(&mut self.all_written), std::mem::take(&mut self.all_gone))
    }
}

/// Which keys were referred to lately, and by which commit: what a transaction that frees one did not see.
#[derive(Debug, Default)]
pub(crate) struct RecentReferences {
    latest: HashMap<ReferenceKey, u64>,
    order: VecDeque<(ReferenceKey, u64)>,
    /// The last commit of those that are forgotten.
    forgotten: u64,
}

impl RecentReferences {
    /// Notes what a commit refers to.
    pub fn note(&mut self, held: &BTreeSet<HeldKey>, version: u64) {
        for held in held {
            self.latest.insert(held.reference.clone(), version);
            self.order.push_back((held.reference.clone(), version));
        }
        while self.order.len() > RECENT_MAX {
            let Some((reference, version)) = self.order.pop_front() else { break };
            self.forgotten = self.forgotten.max(version);
            if self.latest.get(&reference) == Some(&version) {
                self.latest.remove(&reference);
            }
        }
    }

    /// Whether a key may have been referred to by a commit after the one of a number.
    pub fn is_referred_to(&self, freed: &FreedKey) -> bool {
        self.forgotten > freed.seen || self.latest.get(&freed.reference).is_some_and(|version| *version > freed.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(number: u32) -> BTreeSet<HeldKey> {
        let reference = ReferenceKey { foreign_key: CollectionId(7), bytes: number.to_be_bytes().to_vec() };
        let bytes = reference.bytes.clone();
        BTreeSet::from([HeldKey { parent: CollectionId(6), key: UniqueKey::Primary, bytes, reference }])
    }

    fn freed(number: u32, seen: u64) -> FreedKey {
        FreedKey {
            reference: ReferenceKey { foreign_key: CollectionId(7), bytes: number.to_be_bytes().to_vec() },
            seen,
        }
    }

    #[test]
    fn what_was_forgotten_counts_as_referred_to() {
        let mut recent = RecentReferences::default();
        recent.note(&held(1), 5);
        assert!(recent.is_referred_to(&freed(1, 4)) && !recent.is_referred_to(&freed(1, 5)));
        assert!(!recent.is_referred_to(&freed(2, 0)));
        for number in 0..u32::try_from(RECENT_MAX).unwrap() {
            recent.note(&held(10 + number), 6 + u64::from(number));
        }
        assert_eq!(recent.order.len(), RECENT_MAX);
        assert!(recent.is_referred_to(&freed(1, 4)), "its commit is among those that are forgotten");
        assert!(recent.is_referred_to(&freed(2, 4)) && !recent.is_referred_to(&freed(2, 5)));
    }
}

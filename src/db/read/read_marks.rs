//! What a serializable transaction has read: entries by their keys, and whole collections wherever it looked for entries in another way.
//!
//! The committer compares the marks with what was committed since the transaction's snapshot. Where nothing of it has changed, the
//! transaction has seen what it would have seen at the moment of its commit.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

use crate::error::Result;
use crate::model::CollectionId;

/// Keys of one transaction that are marked by themselves; beyond, their collections are.
const KEYS_MAX: usize = 10_000;

/// The marks of a transaction.
#[derive(Debug, Default)]
pub(crate) struct ReadMarks(Mutex<Marks>);

#[derive(Debug, Default)]
struct Marks {
    collections: BTreeSet<CollectionId>,
    /// Each with the version that was read; `None` where there was no entry.
    keys: BTreeMap<(CollectionId, Vec<u8>), Option<u64>>,
}

impl ReadMarks {
    /// Entries of a collection were looked for.
    pub fn note_collection(&self, collection: CollectionId) {
        self.0.lock().collections.insert(collection);
    }

    /// An entry was looked at, in this version.
    pub fn note_key(&self, collection: CollectionId, key: &[u8], version: Option<u64>) {
        let mut marks = self.0.lock();
        if marks.collections.contains(&collection) {
            return;
        }
        if marks.keys.len() < KEYS_MAX {
            marks.keys.insert((collection, key.to_vec()), version);
        } else {
            marks.collections.insert(collection);
        }
    }

    /// Whether something that was read is another now.
    ///
    /// # Errors
    /// Those of `version_now`.
    pub fn is_stale(
        &self,
        is_changed: impl Fn(CollectionId) -> bool,
        version_now: impl Fn(CollectionId, &[u8]) -> Result<Option<u64>>,
    ) -> Result<bool> {
        let marks = self.0.lock();
        if marks.collections.iter().any(|collection| is_changed(*collection)) {
            return Ok(true);
        }
        for ((collection, key), version) in &marks.keys {
            if version_now(*collection, key)? != *version {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_compared_with_what_is_there() {
        let (read, other) = (CollectionId(7), CollectionId(8));
        let marks = ReadMarks::default();
        let stale = |changed: CollectionId, version: Option<u64>| {
            marks.is_stale(|collection| collection == changed, |_, _| Ok(version)).unwrap()
        };
        assert!(!stale(read, Some(1)), "nothing was read");
        marks.note_key(read, b"a", Some(3));
        assert!(!stale(read, Some(3)) && stale(read, Some(4)) && stale(read, None));
        marks.note_collection(other);
        assert!(stale(other, Some(3)) && !stale(read, Some(3)));
        for number in 0..KEYS_MAX {
            marks.note_key(read, &number.to_be_bytes(), Some(3));
        }
        assert!(stale(read, Some(3)), "there are too many to be looked at one by one");
    }
}

//! Which commit has changed each collection last.
//!
//! What a transaction has checked in its snapshot, that no other entry has its unique values and that nobody has changed its
//! entries, still holds at its commit where no commit has changed the collection since: then it is not looked up again.

use std::collections::HashMap;

use crate::db::pending::write_set::WriteSet;
use crate::db::write::commit::commit_group::CommitGroup;
use crate::model::CollectionId;

/// Collections that are told apart; with more, all those before count as changed by the last of their commits.
const COLLECTIONS_MAX: usize = 4096;

/// The last commits that have changed entries.
#[derive(Debug)]
pub(crate) struct LastChanges {
    /// No commit after this one has changed a collection that is not listed.
    rest: u64,
    listed: HashMap<CollectionId, u64>,
}

impl LastChanges {
    /// Nothing is known of commits up to `version`, the last one so far.
    pub fn after(version: u64) -> LastChanges {
        LastChanges { rest: version, listed: HashMap::new() }
    }

    /// Commit `version` is about to change entries of a collection.
    pub fn note(&mut self, collection: CollectionId, version: u64) {
        if self.listed.len() >= COLLECTIONS_MAX && !self.listed.contains_key(&collection) {
            self.rest = self.listed.values().copied().fold(self.rest, u64::max);
            self.listed.clear();
        }
        self.listed.insert(collection, version);
    }

    /// The collections of a transaction that no commit after `seen`, and none of the group before it, has changed, where its rows
    /// are all as it has checked them.
    pub fn untouched(&self, writes: &WriteSet, seen: u64, group: &CommitGroup) -> impl Iterator<Item = CollectionId> {
        let is_plain = writes.catalog.is_empty() && writes.dimensions.is_empty();
        let collections = writes.rows.iter().filter(move |(id, rows)| {
            is_plain
                && !group.changed.contains(id)
                && self.is_untouched_since(**id, seen)
                && rows.values().all(|pending| !pending.reverted)
        });
        collections.map(|(id, _)| *id)
    }

    /// Whether no commit after `version` has changed a collection.
    pub fn is_untouched_since(&self, collection: CollectionId, version: u64) -> bool {
        self.listed.get(&collection).copied().unwrap_or(self.rest) <= version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_counts_as_changed_by_the_last_that_is_known() {
        let mut changes = LastChanges::after(7);
        assert!(!changes.is_untouched_since(CollectionId(1), 6) && changes.is_untouched_since(CollectionId(1), 7));
        changes.note(CollectionId(1), 9);
        assert!(!changes.is_untouched_since(CollectionId(1), 8) && changes.is_untouched_since(CollectionId(1), 9));
        assert!(changes.is_untouched_since(CollectionId(2), 7), "another one has changed");
        for id in 0..=u32::try_from(COLLECTIONS_MAX).unwrap() {
            changes.note(CollectionId(id + 10), 20 + u64::from(id));
        }
        assert!(changes.listed.len() <= COLLECTIONS_MAX);
        assert!(!changes.is_untouched_since(CollectionId(2), 19) && !changes.is_untouched_since(CollectionId(10), 19));
        assert!(changes.is_untouched_since(CollectionId(10), 20 + COLLECTIONS_MAX as u64));
    }
}

//! What a commit comes with besides its changes: who waits for it, which rows it has locked, and what it has read.

use std::collections::HashMap;
use std::sync::Arc;

use crate::db::locks::row_locks::RowLocks;
use crate::db::read::read_marks::ReadMarks;
use crate::db::state::cancel::Cancel;
use crate::db::write::commit::commit_group::CommitGroup;
use crate::db::write::commit::encoder::version_of;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CollectionId, CollectionKind};
use crate::store::Key;

/// The terms of a commit.
pub(crate) struct CommitTerms {
    /// Set when whoever waits for it gives it up: it ends with an error then, as long as it was not written.
    pub cancel: Cancel,
    /// The rows that it has locked, until it is visible or has failed.
    pub locks: RowLocks,
    /// What a serializable transaction has read, and in the snapshot of which commit.
    pub reads: Option<(Arc<ReadMarks>, u64)>,
}

/// The last commit that changed each collection, since the start.
#[derive(Debug, Default)]
pub(crate) struct ChangedCollections(HashMap<CollectionId, u64>);

impl ChangedCollections {
    /// Notes what a group changes, which is about to be written.
    pub fn note(&mut self, group: &CommitGroup) {
        let mut last = None;
        for (collection, _) in group.overlay.records.keys() {
            if last.replace(*collection) != Some(*collection) {
                self.0.insert(*collection, group.version);
            }
        }
        if !group.overlay.secrets.is_empty() {
            let secrets = group.catalog.collections().filter(|collection| collection.kind == CollectionKind::Auth);
            self.0.extend(secrets.map(|collection| (collection.id, group.version)));
        }
    }
}

impl CommitTerms {
    /// Refuses a serializable transaction whose reads were changed by commits since its snapshot, those of the group among them.
    ///
    /// # Errors
    /// 40001; 58030 where the store cannot be read, XX001 for a damaged record.
    pub fn check_reads(&self, changed: &ChangedCollections, group: &CommitGroup) -> Result<()> {
        let Some((reads, since)) = &self.reads else { return Ok(()) };
        let records = &group.overlay.records;
        let is_secret = |id| {
            let known = group.catalog.collection_by_id(id);
            known.is_some_and(|collection| collection.kind == CollectionKind::Auth)
        };
        let is_changed = |id: CollectionId| {
            changed.0.get(&id).is_some_and(|version| version > since)
                || records.keys().any(|(collection, _)| *collection == id)
                || (!group.overlay.secrets.is_empty() && is_secret(id))
        };
        let version_now = |id: CollectionId, key: &[u8]| match records.get(&(id, key.to_vec())) {
            Some(record) => version_of(record.as_deref()),
            None => version_of(group.snapshot.get(&Key::Entry(id, key))?.as_deref()),
        };
        if !reads.is_stale(is_changed, version_now)? {
            return Ok(());
        }
        let message = "could not serialize access due to read/write dependencies among transactions";
        Err(Error::new(ErrorKind::SerializationFailure, message)
            .with_detail("Reason code: Canceled on identification as a pivot, during commit attempt.")
            .with_hint("The transaction might succeed if retried."))
    }
}

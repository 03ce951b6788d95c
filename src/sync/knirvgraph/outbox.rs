//! What the poster needs of a database: the staged entries of a network, and a place to say which of them are out.

use crate::db::{EntryKey, StagedForPosting};
use crate::error::Result;
use crate::model::{CollectionId, NetworkId};

/// The staged entries of the networks of one node. Implemented by the database; in tests, by a map.
pub trait Outbox: Clone + Send + 'static {
    /// Staged entries of the collections attached to a network, in order of (collection, key), behind `after`, at most
    /// `limit`. Blocking.
    fn staged_entries(
        &self,
        network: NetworkId,
        after: Option<(CollectionId, EntryKey)>,
        limit: usize,
    ) -> Result<Vec<StagedForPosting>>;

    /// Remembers that these versions are out, and clears the stage of the entries that still have them; how many those
    /// were. An entry that was written again stays staged, and its next transaction updates. Blocking.
    fn mark_posted(&self, network: NetworkId, posted: Vec<(CollectionId, EntryKey, u64)>) -> Result<u64>;
}

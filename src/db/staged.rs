//! A staged entry as it waits for its posting.

use crate::db::EntryKey;
use crate::model::{CollectionId, State};

/// What a posting network takes of a staged entry.
#[derive(Clone, Debug)]
pub struct StagedForPosting {
    pub collection: CollectionId,
    /// The collection's name in the network.
    pub collection_name: String,
    pub key: EntryKey,
    /// The primary key as text.
    pub id: String,
    /// The version of the record: every write of the entry changes it.
    pub version: u64,
    /// All that the posting makes public.
    pub state: State,
    /// Whether an earlier version has been posted to this network.
    pub was_posted: bool,
}

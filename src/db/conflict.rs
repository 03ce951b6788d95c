//! What an INSERT does about a key that exists, and what came of it.

use crate::db::EntryKey;

/// What to do about an entry whose key exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// 23505.
    Fail,
    /// Report the existing entry, so that the caller can leave or update it.
    Report,
}

/// What came of an insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    New(EntryKey),
    /// The entry with this key is in the way, by its primary key or by the unique index of this name.
    Conflict {
        key: EntryKey,
        constraint: String,
    },
}

//! What an INSERT does about a key that exists, and what came of it.

use crate::db::pending::write_set::EntryKey;
use crate::model::{Collection, CollectionId};
use crate::types::Value;

/// What to do about an entry whose key exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict<'a> {
    /// 23505.
    Fail,
    /// Report the existing entry where these constraints refuse the new one, so that the caller can leave or update it.
    Report(&'a Arbiters),
}

/// The unique constraints that an ON CONFLICT clause is about. Any other one fails as it does without the clause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arbiters {
    pub primary_key: bool,
    pub indexes: Vec<CollectionId>,
}

impl Arbiters {
    /// Every unique constraint of a collection.
    pub fn all(collection: &Collection) -> Arbiters {
        let unique = collection.indexes.iter().filter(|index| index.is_enforced());
        Arbiters { primary_key: !collection.primary_key.is_empty(), indexes: unique.map(|index| index.id).collect() }
    }
}

impl OnConflict<'_> {
    pub(crate) fn is_about_key(self) -> bool {
        matches!(self, OnConflict::Report(arbiters) if arbiters.primary_key)
    }

    /// Whether it is about a unique index, whichever.
    pub(crate) fn is_about_indexes(self) -> bool {
        matches!(self, OnConflict::Report(arbiters) if !arbiters.indexes.is_empty())
    }

    pub(crate) fn is_about(self, index: CollectionId) -> bool {
        matches!(self, OnConflict::Report(arbiters) if arbiters.indexes.contains(&index))
    }
}

/// What came of an insert.
#[derive(Clone, Debug, PartialEq)]
pub enum Inserted {
    New(EntryKey),
    /// The entry with this key is in the way, by its primary key or by the unique index of this name.
    Conflict {
        key: EntryKey,
        constraint: String,
        /// The row that was to be inserted, with the numbers that its defaults drew and with what is computed of it; `None` where it
        /// is as it was given.
        row: Option<Vec<Value>>,
    },
}

impl Inserted {
    /// The same, where it is a conflict, of this row.
    pub(crate) fn of_row(self, proposed: Vec<Value>) -> Inserted {
        match self {
            Inserted::Conflict { key, constraint, .. } => Inserted::Conflict { key, constraint, row: Some(proposed) },
            new @ Inserted::New(_) => new,
        }
    }
}

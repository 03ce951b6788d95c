//! An entry that gets another primary key: one that goes, and one that comes with all that it had.

use std::sync::Arc;

use crate::db::pending::on_conflict::OnConflict;
use crate::db::pending::write_set::EntryKey;
use crate::db::read::cursor::Row;
use crate::db::read::entry_view::key_part;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::Result;
use crate::model::{Collection, CollectionKind};
use crate::types::Value;

impl Transaction {
    /// Gives an entry another key: all its fields go along, declared or not, and the mark of its stage.
    pub(in crate::db::write) fn move_entry(
        &mut self,
        collection: &Arc<Collection>,
        key: &EntryKey,
        moved: EntryKey,
        (row, old): (Row, &[Value]),
    ) -> Result<bool> {
        if self.view.exists(collection, &moved)? {
            self.conflict_with(collection, moved, &row, OnConflict::Fail)?;
            return Ok(false);
        }
        let before = self.pending(collection, key)?;
        let entry = self.entry_view(collection, key, &before);
        let (mut changes, stage) = (entry.fields(&|_| true)?, entry.stage());
        for (position, value) in row.into_iter().enumerate() {
            // A vector lies beside the fields.
            if matches!(value, Value::Vector(_)) || old.get(position) != Some(&value) {
                self.put_column(collection, position, value, old.get(position), &mut changes)?;
            }
        }
        // Every column is named, as where a row is inserted: that tells an entry from one that was written before a column came.
        let fields = (0..collection.columns.len())
            .filter(|position| collection.kind == CollectionKind::Table && key_part(collection, *position).is_none())
            .filter_map(|position| collection.field_name(position));
        for field in fields {
            changes.entry(field.to_string()).or_default();
        }
        self.remove(collection, key)?;
        let pending = self.pending(collection, &moved)?.renewed(changes, stage.unwrap_or_default());
        self.change_row(collection, &moved, pending, &|_| true)?;
        Ok(true)
    }
}

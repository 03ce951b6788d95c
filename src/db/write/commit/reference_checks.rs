//! FOREIGN KEY at commit: what a transaction refers to is still there, and what it has taken away nobody refers to.
//!
//! The statements looked in the transaction's snapshot ([`foreign_keys`](crate::db::write::foreign_keys)). Of what others have
//! committed since, each kind of look has its own: keys that are referred to are read once more at this point of the group; of
//! keys that went, the committer remembers who has referred to them lately. So of two transactions of which one takes a key and
//! the other refers to it the second fails, whichever it is.

use crate::db::pending::references::HeldKey;
use crate::db::write::commit::encoder::{CommitEncoder, conflict};
use crate::db::write::define::column_rules::changed_meanwhile;
use crate::db::write::transaction::foreign_keys::{key_bytes, picked};
use crate::error::Result;
use crate::model::{Collection, ForeignKey, UniqueKey};
use crate::store::RecordView;
use crate::types::Value;

impl CommitEncoder<'_> {
    /// Compares what the transaction refers to, and what it has taken away, with what others have committed.
    ///
    /// # Errors
    /// 40001 where a key has gone, or was referred to, since the transaction looked.
    pub fn check_references(&mut self) -> Result<()> {
        let references = &self.view.writes.references;
        for held in &references.held {
            if !self.is_there(held)? {
                return Err(conflict("another transaction deleted or changed a row that it refers to"));
            }
        }
        let recent = self.shared.recent_references.lock();
        if references.freed.iter().any(|freed| recent.is_referred_to(freed)) {
            return Err(conflict("another transaction refers to a row that it deleted or changed"));
        }
        Ok(())
    }

    fn is_there(&self, held: &HeldKey) -> Result<bool> {
        let Some(parent) = self.current_catalog().collection_by_id(held.parent) else { return Ok(false) };
        match held.key {
            UniqueKey::Primary => {
                let record = self.current(parent.id, &held.bytes)?;
                let record = record.as_deref().map(RecordView::parse).transpose()?;
                Ok(record.is_some_and(|record| record.is_alive()))
            }
            UniqueKey::Index(index) => {
                let Some(index) = parent.index(index) else { return Ok(false) };
                let rules = self.view.index_rules(parent, index)?;
                Ok(self.other_holder(parent, index, &rules, &held.bytes, &[])?.is_some())
            }
        }
    }

    /// Foreign keys that hold from this commit on: nobody may have committed an entry that refers to nothing since the statement
    /// looked, or taken away what entries refer to.
    ///
    /// # Errors
    /// 40001 when somebody has.
    pub fn check_new_references(&mut self) -> Result<()> {
        let changed = self.view.writes.standings().clone();
        for (id, seen) in &changed {
            let Some(child) = self.current_catalog().collection_by_id(*id).cloned() else { continue };
            let known = seen.collection.as_ref().map_or(&[][..], |seen| &seen.foreign_keys);
            for foreign_key in child.foreign_keys.iter().filter(|key| key.validated) {
                if known.iter().any(|known| known.id == foreign_key.id && known.validated) {
                    continue;
                }
                if self.has_entry(&child, &|entry| {
                    let row = (0..child.columns.len()).map(|position| entry.column(position));
                    self.refers_to_nothing(&child, foreign_key, &row.collect::<Result<Vec<_>>>()?)
                })? {
                    return Err(changed_meanwhile(&child));
                }
            }
        }
        Ok(())
    }

    fn refers_to_nothing(&self, child: &Collection, foreign_key: &ForeignKey, row: &[Value]) -> Result<bool> {
        let Some(values) = picked(child, &foreign_key.columns, row) else { return Ok(false) };
        let Some(parent) = self.current_catalog().collection_by_id(foreign_key.parent) else { return Ok(true) };
        let Some((key, bytes)) = key_bytes(parent, &foreign_key.parent_columns, &values)? else { return Ok(true) };
        match key {
            UniqueKey::Primary => {
                let record = self.current(parent.id, &bytes)?;
                let record = record.as_deref().map(RecordView::parse).transpose()?;
                Ok(!record.is_some_and(|record| record.is_alive()))
            }
            UniqueKey::Index(index) => {
                let Some(index) = parent.index(index) else { return Ok(true) };
                let rules = self.view.index_rules(parent, index)?;
                Ok(self.other_holder(parent, index, &rules, &bytes, &[])?.is_none())
            }
        }
    }

    /// Whatever the catalog becomes: each foreign key has a collection and a key of it to refer to.
    ///
    /// # Errors
    /// 40001 where another transaction has made one that refers to what this one drops, or dropped what this one refers to.
    pub fn check_referred(&self) -> Result<()> {
        let catalog = self.current_catalog();
        for child in catalog.referring() {
            for foreign_key in &child.foreign_keys {
                let parent = catalog.collection_by_id(foreign_key.parent);
                if parent.is_none_or(|parent| parent.unique_key_over(&foreign_key.parent_columns).is_none()) {
                    return Err(changed_meanwhile(child));
                }
            }
        }
        Ok(())
    }

    /// Entries of collections whose constraints, or references to them, have changed since the transaction began were written by
    /// other rules.
    ///
    /// # Errors
    /// 40001: run again, the statement is planned anew.
    pub fn check_bindings(&self, catalog_version: u64) -> Result<()> {
        let catalog = &self.group.catalog;
        if catalog.bound_version() <= catalog_version {
            return Ok(());
        }
        for collection in self.view.writes.rows.keys().filter_map(|id| catalog.collection_by_id(*id)) {
            if collection.has_conditions() || !catalog.references_to(collection.id).is_empty() {
                return Err(changed_meanwhile(collection));
            }
        }
        Ok(())
    }
}

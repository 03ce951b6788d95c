//! Temporary relations: what a commit does with their rows, and their end with the session that made them.
//!
//! They lie in the store like all others, since their entries are read, indexed and locked like all others. Nobody but their session
//! finds them, and what a crash leaves of them a start removes.

use std::sync::Arc;

use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::write::define::sequence_definitions::SequenceUses;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, OnCommit, SchemaId, Sequence};
use crate::types::limits::TEMPORARY_RELATIONS_MAX;

impl Transaction {
    /// Refuses one more temporary relation than a session can have.
    ///
    /// # Errors
    /// 54000.
    pub(in crate::db::write) fn check_room_for(&self, schema: SchemaId) -> Result<()> {
        if !schema.is_temporary() {
            return Ok(());
        }
        let catalog = self.catalog();
        let relations = catalog.collections_of(schema).count() + catalog.views_in(schema).count();
        if relations + catalog.sequences_in(schema).count() < TEMPORARY_RELATIONS_MAX {
            return Ok(());
        }
        let message = format!("a session can have at most {TEMPORARY_RELATIONS_MAX} temporary relations");
        Err(Error::new(ErrorKind::LimitExceeded, message).with_hint("DISCARD TEMP drops them."))
    }

    /// What a commit does with the temporary tables of its session: it empties those that are declared ON COMMIT DELETE ROWS, and
    /// drops those that are declared ON COMMIT DROP.
    ///
    /// # Errors
    /// 0A000 where tables that refer to one another do not have the same ON COMMIT.
    pub fn settle_temporary(&mut self, schema: SchemaId) -> Result<()> {
        if !self.catalog().has_relations(schema) {
            return Ok(());
        }
        let catalog = Arc::clone(self.catalog());
        let settled: Vec<&Arc<Collection>> =
            catalog.collections_of(schema).filter(|table| table.on_commit != OnCommit::PreserveRows).collect();
        if settled.is_empty() {
            return Ok(());
        }
        for table in settled.iter().filter(|table| table.on_commit == OnCommit::DeleteRows) {
            for (child, _) in catalog.references_to(table.id) {
                if child.on_commit != table.on_commit {
                    let message = "unsupported ON COMMIT and foreign key combination";
                    return Err(Error::new(ErrorKind::Unsupported, message).with_detail(format!(
                        "Table \"{}\" references \"{}\", but they do not have the same ON COMMIT setting.",
                        child.name, table.name
                    )));
                }
            }
        }
        let has_rows = settled.iter().any(|table| self.view.writes.rows.contains_key(&table.id));
        if has_rows && !self.view.writes.references.is_empty() {
            // What they refer to, and what refers to them, is looked at before they go.
            let cancel = self.client.cancel.clone();
            self.settle_references(&cancel)?;
        }
        let dropped: Vec<CollectionId> =
            settled.iter().filter(|table| table.on_commit == OnCommit::Drop).map(|table| table.id).collect();
        // No commit has left rows in them: there are none but this transaction's own.
        if has_rows {
            settled.iter().for_each(|table| drop(self.writes().rows.remove(&table.id)));
        }
        self.drop_temporary(&dropped)
    }

    /// Drops all temporary relations of a session.
    ///
    /// # Errors
    /// None that an intact catalog gives rise to.
    pub fn drop_all_temporary(&mut self, schema: SchemaId) -> Result<()> {
        let catalog = Arc::clone(self.catalog());
        let views = catalog.views_in(schema).map(|view| view.id);
        let ids: Vec<CollectionId> = catalog.collections_of(schema).map(|table| table.id).chain(views).collect();
        self.drop_temporary(&ids)?;
        let told = self.notices.len();
        // Those that go with columns are gone with them.
        let left: Vec<Arc<Sequence>> = self.catalog().sequences_in(schema).cloned().collect();
        for sequence in left {
            self.remove_sequence(&sequence, None, &SequenceUses::default(), true)?;
        }
        self.notices.truncate(told);
        Ok(())
    }

    /// Drops relations along with the views above them, and says nothing of these.
    fn drop_temporary(&mut self, ids: &[CollectionId]) -> Result<()> {
        let catalog = Arc::clone(self.catalog());
        let told = self.notices.len();
        self.drop_above(ids, true)?;
        // A view stays in nobody's way when it is gone.
        for id in ids.iter().filter(|id| catalog.view_by_id(**id).is_some()) {
            self.change_catalog(CatalogChange::DropView(*id));
        }
        for id in ids {
            if let Some(table) = self.catalog().collection_by_id(*id).cloned() {
                self.drop_collection(&table.relation(), ids, true)?;
            }
        }
        self.notices.truncate(told);
        Ok(())
    }
}

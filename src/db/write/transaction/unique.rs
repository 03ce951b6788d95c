//! Ordered indexes as a transaction sees them: the entries that its own changes bring, and unique values that are taken.
//!
//! The write set remembers what each ordered index has for the rows that were changed, so that the own rows with a value are
//! found as quickly as the committed ones are in the store. The committer checks everything once more, against what others
//! have committed since.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::db::pending::deed::Deed;
use crate::db::pending::on_conflict::OnConflict;
use crate::db::pending::write_set::{EntryKey, Pending};
use crate::db::read::ordered_keys::{index_prefixes, unique_prefix};
use crate::db::read::scan::visit_key;
use crate::db::state::cancel::Cancel;
use crate::db::state::row_rules::IndexRules;
use crate::db::write::define::column_rules::writes_all_anew;
use crate::db::write::index::backfill::check_duplicates;
use crate::db::write::index::index_build::IndexBuild;
use crate::db::write::index::ordered_indexes::{not_unique, unique_violation};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, Result};
use crate::model::{Collection, CollectionId, Index};
use crate::store::{KeyRange, Probe, Snapshot, has_null_part, skip_key_parts};

/// Unique indexes that are looked into by iterators which stay for the next row, at most.
const PROBES_MAX: usize = 16;

/// What an ordered index has for a row.
pub(crate) struct Indexed<'c> {
    index: &'c Index,
    rules: IndexRules,
    /// The row's encoded columns: one, or as many as its value has terms.
    columns: Vec<Vec<u8>>,
    /// The index is unique, and no column is NULL where those differ from one another.
    is_unique: bool,
}

impl Transaction {
    /// What the ordered indexes of a collection that `concerns` names have for a row.
    pub(crate) fn indexed<'c>(
        &self,
        collection: &'c Collection,
        key: &EntryKey,
        pending: &Pending,
        concerns: &dyn Fn(&Index) -> bool,
    ) -> Result<Vec<Indexed<'c>>> {
        let entry = self.entry_view(collection, key, pending);
        let mut all = Vec::new();
        for index in collection.indexes.iter().filter(|index| index.is_ordered_and_followed() && concerns(index)) {
            let rules = self.view.index_rules(collection, index)?;
            let columns = index_prefixes(&entry, &rules)?;
            let Some(first) = columns.first() else { continue };
            let is_unique =
                index.kind.is_unique() && (index.kind.counts_nulls() || !has_null_part(first, rules.operands.len())?);
            all.push(Indexed { index, rules, columns, is_unique });
        }
        Ok(all)
    }

    /// Another row that has the same values in one of the unique indexes that `concerns` names; `row` is the key of the row
    /// itself, where it is there already.
    pub(crate) fn unique_conflict<'c>(
        &mut self,
        collection: &Collection,
        indexed: &[Indexed<'c>],
        row: Option<&EntryKey>,
        concerns: &dyn Fn(CollectionId) -> bool,
    ) -> Result<Option<(EntryKey, &'c Index)>> {
        let unique = indexed.iter().filter(|each| each.is_unique && concerns(each.index.id));
        for (each, columns) in
            unique.flat_map(|each| each.columns.iter().map(move |columns| (each, columns.as_slice())))
        {
            let is_taken_by = |other: &[u8]| {
                let columns = Some(columns);
                let has = visit_key(&self.view, collection, other, |entry| {
                    Ok(unique_prefix(entry, &each.rules, each.index.kind.counts_nulls())?.as_deref() == columns)
                })?;
                Ok::<bool, Error>(has == Some(true) && row.is_none_or(|row| row.as_bytes() != other))
            };
            let range = KeyRange::index(each.index.id).starting_with(columns);
            for suffix in self.view.writes.index_suffixes(&range) {
                let other = skip_key_parts(suffix, each.rules.operands.len())?;
                if is_taken_by(other)? {
                    return Ok(Some((EntryKey::from_bytes(other), each.index)));
                }
            }
            let mut probe = match self.probes.remove(&each.index.id) {
                Some(probe) => probe,
                None => Probe::new(self.index_snapshot(each.index.id), &range)?,
            };
            let mut found = None;
            probe.visit(&range, &mut |suffix| {
                let other = skip_key_parts(suffix, each.rules.operands.len())?;
                if !is_taken_by(other)? {
                    return Ok(ControlFlow::Continue(()));
                }
                found = Some((EntryKey::from_bytes(other), each.index));
                Ok(ControlFlow::Break(()))
            })?;
            self.keep_probe(each.index.id, probe);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Keeps what looks into an index for the next row of the statement.
    fn keep_probe(&mut self, index: CollectionId, probe: Probe) {
        if self.probes.len() >= PROBES_MAX {
            self.probes.clear();
        }
        self.probes.insert(index, probe);
    }

    /// The snapshot that holds the entries of an index: a later one than the transaction's for an index that it has built.
    pub(in crate::db::write) fn index_snapshot(&self, index: CollectionId) -> &Snapshot {
        let built = self.builds.iter().find(|build| build.index() == index);
        built.and_then(IndexBuild::filled).unwrap_or(&self.view.snapshot)
    }

    /// Keeps a changed row, with what the ordered indexes have for it.
    pub(crate) fn put_indexed(
        &mut self,
        collection: &Collection,
        key: &EntryKey,
        pending: Pending,
        indexed: &[Indexed<'_>],
    ) -> Result<()> {
        let writes = self.writes();
        for (each, columns) in indexed.iter().flat_map(|each| each.columns.iter().map(move |columns| (each, columns))) {
            writes.note_index_key(each.index.id, columns, key);
        }
        writes.put(collection.id, key.clone(), pending)
    }

    /// Keeps a row that was there before and is changed; `concerns` names the indexes that the change may move it in.
    ///
    /// # Errors
    /// 23505, 54000.
    pub(crate) fn change_row(
        &mut self,
        collection: &Collection,
        key: &EntryKey,
        pending: Pending,
        concerns: &dyn Fn(&Index) -> bool,
    ) -> Result<()> {
        self.check_right(collection, key, &pending, Deed::Change)?;
        let indexed = self.indexed(collection, key, &pending, concerns)?;
        if let Some((other, index)) = self.unique_conflict(collection, &indexed, Some(key), &|_| true)? {
            self.in_the_way = Some(other);
            let entry = self.entry_view(collection, key, &pending);
            return unique_violation(index, &self.view.index_rules(collection, index)?.operands, &entry);
        }
        self.put_indexed(collection, key, pending, &indexed)
    }

    /// Notes under which unique values ON CONFLICT inserts a row.
    pub(crate) fn note_arbitrated(&mut self, indexed: &[Indexed<'_>], on_conflict: OnConflict<'_>) {
        for each in indexed.iter().filter(|each| each.is_unique && on_conflict.is_about(each.index.id)) {
            for columns in &each.columns {
                self.writes().note_arbitrated(each.index.id, columns);
            }
        }
    }

    /// Fills an ordered index that the transaction has just made: with what is committed, in the store, and with its own
    /// changes.
    ///
    /// # Errors
    /// 23505 where several entries have the same values in a unique index; 54000, 57014, 57P01, 53100.
    pub(crate) async fn fill_index(
        &mut self,
        collection: &Arc<Collection>,
        index: &Index,
        cancel: &Cancel,
    ) -> Result<()> {
        // Its expressions are compiled here, where planning may take its time, and not by the committer.
        self.view.index_rules(collection, index)?;
        // A table that got a primary key, or a column of another type, in this transaction has no other entries than it has written.
        let committed = self.shared.catalog();
        let committed = committed.collection_by_id(collection.id);
        let is_rewritten = committed.is_some_and(|committed| writes_all_anew(committed, collection));
        if !is_rewritten && !self.view.writes.has_made(collection.id) {
            self.writes().note_unfilled(index.id);
            let build = IndexBuild::run(&self.queue, collection, index, cancel).await?;
            if build.build().is_unique() {
                self.check_filled(collection, index, &build, cancel).await?;
            }
            self.builds.push(build);
            self.probes.clear();
        }
        self.index_own_rows(collection, index)
    }

    /// Looks through all entries of a unique index, on another thread.
    async fn check_filled(
        &self,
        collection: &Arc<Collection>,
        index: &Index,
        held: &IndexBuild,
        cancel: &Cancel,
    ) -> Result<()> {
        let Some(filled) = held.filled().cloned() else { return Err(Error::internal("an index was not filled")) };
        let (view, collection, index) = (self.view.clone(), Arc::clone(collection), index.clone());
        let (build, cancel) = (Arc::clone(held.build()), cancel.clone());
        let look = move || {
            let suspect = &mut |columns: &[u8]| build.suspect(columns);
            check_duplicates(&view, &collection, &index, &filled, &cancel, suspect)
        };
        let looked = tokio::task::spawn_blocking(look).await;
        looked.map_err(|error| Error::internal(format!("looking for duplicates stopped: {error}")))?
    }

    /// Notes what an index has for the rows of this transaction.
    ///
    /// # Errors
    /// 23505 where several have the same values in a unique index; 54000 for values too long for it.
    pub(crate) fn index_own_rows(&mut self, collection: &Arc<Collection>, index: &Index) -> Result<()> {
        let view = self.view.clone();
        let is_it = |other: &Index| other.id == index.id;
        for (key, pending) in view.writes.rows_of(collection.id).into_iter().flatten() {
            if !pending.alive {
                continue;
            }
            let indexed = self.indexed(collection, key, pending, &is_it)?;
            if self.unique_conflict(collection, &indexed, Some(key), &|_| true)?.is_some() {
                let entry = self.entry_view(collection, key, pending);
                return Err(not_unique(index, &self.view.index_rules(collection, index)?.operands, &entry)?);
            }
            for each in &indexed {
                for columns in &each.columns {
                    self.writes().note_index_key(each.index.id, columns, key);
                }
            }
        }
        Ok(())
    }
}

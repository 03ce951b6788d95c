//! FOREIGN KEY inside a transaction: what a statement has written is looked at when it ends, as in PostgreSQL.
//!
//! An entry that refers to others is looked for in their unique keys; for a key that went, those who refer to it are found by
//! an ordered index over their columns, by their primary key where it begins with them, or by looking at all entries. What
//! ON DELETE and ON UPDATE say is done by the same functions that statements use, and noted in turn. `reference_checks`
//! repeats at the commit what others may have changed.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::pending::references::{FreedKey, GoneKey, HeldKey, ReferenceKey};
use crate::db::pending::write_set::EntryKey;
use crate::db::read::entry_view::EntryView;
use crate::db::read::ordered_keys::stored_prefixes;
use crate::db::read::scan::{ScanSpan, visit_entries, visit_key};
use crate::db::state::cancel::Cancel;
use crate::db::write::transaction::foreign_key_errors::{not_present, restricted, still_referenced};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::ValueRow;
use crate::model::{
    Collection, CollectionId, Column, ColumnId, DefaultValue, ForeignKey, IndexKind, ReferentialAction, UniqueKey,
};
use crate::store::{KeyRange, encode_key, skip_key_parts};
use crate::types::Value;

impl Transaction {
    /// Notes an entry that was written, where its collection refers to others.
    pub(in crate::db::write) fn note_written(&mut self, collection: &Collection, key: &EntryKey) {
        if !collection.foreign_keys.is_empty() {
            self.writes().note_written(collection.id, key);
        }
    }

    /// Notes what a change of an entry means for references from it and to it.
    pub(in crate::db::write) fn note_changed(
        &mut self,
        collection: &Collection,
        key: &EntryKey,
        old: &[Value],
        new: &[Value],
    ) {
        let differs = |columns: &[ColumnId]| {
            collection.positions_of(columns).into_iter().any(|position| old.get(position) != new.get(position))
        };
        if collection.foreign_keys.iter().any(|foreign_key| differs(&foreign_key.columns)) {
            self.note_written(collection, key);
        }
        for (child, foreign_key) in self.catalog().references_to(collection.id) {
            if differs(&foreign_key.parent_columns) {
                self.note_gone_key(&child, &foreign_key, collection, (old, Some(new)));
            }
        }
    }

    /// Notes that an entry goes, where others may refer to it.
    pub(in crate::db::write) fn note_deleted(&mut self, collection: &Collection, key: &EntryKey) -> Result<()> {
        let referring = self.catalog().references_to(collection.id);
        if referring.is_empty() {
            return Ok(());
        }
        let Some(old) = self.view.row(collection, key)? else { return Ok(()) };
        for (child, foreign_key) in referring {
            self.note_gone_key(&child, &foreign_key, collection, (&old, None));
        }
        Ok(())
    }

    fn note_gone_key(
        &mut self,
        child: &Collection,
        foreign_key: &ForeignKey,
        parent: &Collection,
        (old, new): (&[Value], Option<&[Value]>),
    ) {
        let picked = |row: &[Value]| picked(parent, &foreign_key.parent_columns, row);
        let Some(values) = picked(old) else { return };
        let becomes = new.and_then(picked);
        let seen = self.view.version;
        let gone = GoneKey { child: child.id, foreign_key: foreign_key.id, values, becomes, seen };
        self.writes().references.note_gone(gone);
    }

    /// Deletes an entry whose references go in the same statement: TRUNCATE.
    ///
    /// # Errors
    /// As [`Transaction::delete`].
    pub fn delete_with_references(&mut self, collection: &Arc<Collection>, key: &EntryKey) -> Result<bool> {
        let old = match self.catalog().references_to(collection.id).is_empty() {
            true => None,
            false => self.view.row(collection, key)?,
        };
        let is_there = self.remove(collection, key)?;
        for (child, foreign_key) in self.catalog().references_to(collection.id) {
            let Some(values) = old.as_deref().and_then(|old| picked(collection, &foreign_key.parent_columns, old))
            else {
                continue;
            };
            let seen = self.view.version;
            let gone = GoneKey { child: child.id, foreign_key: foreign_key.id, values, becomes: None, seen };
            self.writes().references.note_gone_with_references(gone);
        }
        Ok(is_there)
    }

    /// Whether the statement that ends has left references to be looked at.
    pub fn has_open_references(&self) -> bool {
        !self.view.writes.references.is_settled()
    }

    /// Ends a statement: does what ON DELETE and ON UPDATE say, and looks for what it has referred to.
    ///
    /// # Errors
    /// 23503 and 23001 in PostgreSQL's words; what changing an entry that refers to others reports; 57014.
    pub fn end_statement(&mut self, cancel: &Cancel) -> Result<()> {
        loop {
            while let Some(gone) = self.writes().references.next_gone() {
                cancel.check()?;
                self.follow_gone(&gone, cancel)?;
            }
            let written = self.writes().references.take_written();
            if written.is_empty() {
                return Ok(());
            }
            for (collection, key) in written {
                cancel.check()?;
                self.check_entry(collection, &key, |own, foreign_key| !own.is_deferred(foreign_key))?;
            }
        }
    }

    /// Looks at what was put off, and notes what the commit depends on.
    ///
    /// # Errors
    /// As [`Transaction::end_statement`].
    pub(in crate::db::write) fn settle_references(&mut self, cancel: &Cancel) -> Result<()> {
        self.end_statement(cancel)?;
        let (written, gone) = self.writes().references.take_all();
        for (collection, key) in written {
            self.check_entry(collection, &key, |own, foreign_key| own.is_deferred(foreign_key))?;
            self.hold_keys(collection, &key)?;
        }
        for gone in gone {
            let Some((child, foreign_key, parent)) = self.reference(&gone) else { continue };
            if self.has_key(&parent, &foreign_key.parent_columns, &gone.values)? {
                continue;
            }
            let is_put_off = self.is_deferred(&foreign_key);
            if is_put_off && !self.referring(&child, &foreign_key, &gone.values, cancel)?.is_empty() {
                return Err(still_referenced(&child, &foreign_key, &parent, &gone.values));
            }
            if let Some(bytes) = reference_bytes(&child, &foreign_key, &gone.values)? {
                let reference = ReferenceKey { foreign_key: foreign_key.id, bytes };
                self.writes().references.freed.push(FreedKey { reference, seen: gone.seen });
            }
        }
        Ok(())
    }

    /// The foreign key that a key is gone for, as it is defined now.
    pub(in crate::db::write) fn reference(
        &self,
        gone: &GoneKey,
    ) -> Option<(Arc<Collection>, ForeignKey, Arc<Collection>)> {
        let child = self.catalog().collection_by_id(gone.child)?;
        let foreign_key = child.foreign_keys.iter().find(|known| known.id == gone.foreign_key)?;
        let parent = self.catalog().collection_by_id(foreign_key.parent)?;
        Some((Arc::clone(child), foreign_key.clone(), Arc::clone(parent)))
    }

    /// Does what a foreign key says for a key that went.
    fn follow_gone(&mut self, gone: &GoneKey, cancel: &Cancel) -> Result<()> {
        let Some((child, foreign_key, parent)) = self.reference(gone) else { return Ok(()) };
        let action = if gone.becomes.is_some() { foreign_key.on_update } else { foreign_key.on_delete };
        if action == ReferentialAction::NoAction {
            // Another entry may have the key by now; what is put off is looked at when the transaction commits.
            if self.is_deferred(&foreign_key) || self.has_key(&parent, &foreign_key.parent_columns, &gone.values)? {
                return Ok(());
            }
        }
        let referring = self.referring(&child, &foreign_key, &gone.values, cancel)?;
        if referring.is_empty() {
            return Ok(());
        }
        match action {
            ReferentialAction::NoAction => {
                return Err(still_referenced(&child, &foreign_key, &parent, &gone.values));
            }
            ReferentialAction::Restrict => return Err(restricted(&child, &foreign_key, &parent, &gone.values)),
            ReferentialAction::Cascade | ReferentialAction::SetNull | ReferentialAction::SetDefault => {}
        }
        for key in referring {
            cancel.check()?;
            if action == ReferentialAction::Cascade && gone.becomes.is_none() {
                self.delete(&child, &key)?;
                continue;
            }
            let positions = child.positions_of(&foreign_key.columns);
            let mut changes = Vec::with_capacity(positions.len());
            for (place, position) in positions.into_iter().enumerate() {
                let value = match (action, &gone.becomes) {
                    (ReferentialAction::Cascade, Some(becomes)) => becomes.get(place).cloned().unwrap_or_default(),
                    (ReferentialAction::SetDefault, _) => self.default_value(&child, position)?,
                    _ => Value::Null,
                };
                changes.push((position, value));
            }
            self.update(&child, &key, changes)?;
        }
        // The default may be the very key that went.
        if action == ReferentialAction::SetDefault
            && !self.has_key(&parent, &foreign_key.parent_columns, &gone.values)?
            && !self.referring(&child, &foreign_key, &gone.values, cancel)?.is_empty()
        {
            return Err(still_referenced(&child, &foreign_key, &parent, &gone.values));
        }
        Ok(())
    }

    /// What a column has where nobody gives it a value.
    fn default_value(&mut self, collection: &Collection, position: usize) -> Result<Value> {
        let Some(column) = collection.columns.get(position) else { return Ok(Value::Null) };
        match &column.default {
            Some(DefaultValue::GeneratedId | DefaultValue::Computed(_)) => Ok(Value::Null),
            None if column.default_text().is_none() => Ok(Value::Null),
            Some(DefaultValue::Sequence | DefaultValue::Identity) => {
                self.next_number_of(collection, position).map(Value::Int8)
            }
            Some(DefaultValue::Drawn(sequence)) => Value::Int8(self.next_number(*sequence)?).cast(&column.ty, false),
            Some(DefaultValue::Expression(_)) | None => {
                let text = column.default_text().unwrap_or_default();
                let compiled = self.shared.row_rules.compile(&self.view, collection, text)?;
                let value = compiled.value(&self.view.stored_environment(), &ValueRow::default())?;
                value.cast(&column.ty, false)
            }
        }
    }

    /// Looks for what an entry refers to, by the foreign keys that are wanted.
    pub(in crate::db::write) fn check_entry(
        &self,
        collection: CollectionId,
        key: &EntryKey,
        is_wanted: impl Fn(&Self, &ForeignKey) -> bool,
    ) -> Result<()> {
        let Some(child) = self.catalog().collection_by_id(collection).cloned() else { return Ok(()) };
        if !child.foreign_keys.iter().any(|foreign_key| is_wanted(self, foreign_key)) {
            return Ok(());
        }
        let Some(row) = self.view.row(&child, key)? else { return Ok(()) };
        for foreign_key in child.foreign_keys.iter().filter(|foreign_key| is_wanted(self, foreign_key)) {
            self.check_reference(&child, foreign_key, &row)?;
        }
        Ok(())
    }

    /// Looks for what a row refers to; a NULL refers to nothing.
    ///
    /// # Errors
    /// 23503 where it is not there.
    pub(in crate::db::write) fn check_reference(
        &self,
        child: &Collection,
        foreign_key: &ForeignKey,
        row: &[Value],
    ) -> Result<()> {
        let Some(values) = picked(child, &foreign_key.columns, row) else { return Ok(()) };
        let Some(parent) = self.catalog().collection_by_id(foreign_key.parent) else { return Ok(()) };
        match self.has_key(parent, &foreign_key.parent_columns, &values)? {
            true => Ok(()),
            false => Err(not_present(child, foreign_key, parent, &values)),
        }
    }

    /// Whether an entry has these values in columns that are a key of its collection.
    pub(in crate::db::write) fn has_key(
        &self,
        parent: &Collection,
        columns: &[ColumnId],
        values: &[Value],
    ) -> Result<bool> {
        let Some((key, bytes)) = key_bytes(parent, columns, values)? else { return Ok(false) };
        match key {
            UniqueKey::Primary => self.view.exists(parent, &EntryKey::from_bytes(bytes)),
            UniqueKey::Index(index) => {
                let Some(index) = parent.index(index) else { return Ok(false) };
                let (rules, mut found) = (self.view.index_rules(parent, index)?, false);
                self.visit_index(index.id, &bytes, rules.operands.len(), &mut |other| {
                    let has = visit_key(&self.view, parent, other, |entry| {
                        Ok(stored_prefixes(entry, &rules)?.contains(&bytes))
                    })?;
                    found = has == Some(true);
                    Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })?;
                Ok(found)
            }
        }
    }

    /// The entries of a collection that refer to a key.
    pub(in crate::db::write) fn referring(
        &self,
        child: &Collection,
        foreign_key: &ForeignKey,
        values: &[Value],
        cancel: &Cancel,
    ) -> Result<Vec<EntryKey>> {
        let Some(wanted) = reference_bytes(child, foreign_key, values)? else { return Ok(Vec::new()) };
        let positions = child.positions_of(&foreign_key.columns);
        let mut found = Vec::new();
        let refers = |entry: &EntryView<'_>| -> Result<bool> {
            let values = positions.iter().map(|position| entry.column(*position)).collect::<Result<Vec<_>>>()?;
            let mut bytes = Vec::new();
            encode_key(&values, &mut bytes)?;
            Ok(bytes == wanted)
        };
        if let Some((index, places)) = leading_index(child, &positions) {
            let prefix = encoded_in_order(child, &positions, values, &places)?;
            let keys = child.index(index).map_or(0, |index| index.kind.key_positions().len());
            let mut candidates = BTreeSet::new();
            self.visit_index(index, &prefix, keys, &mut |other| {
                candidates.insert(EntryKey::from_bytes(other));
                Ok(ControlFlow::Continue(()))
            })?;
            for key in candidates {
                cancel.check()?;
                if visit_key(&self.view, child, key.as_bytes(), |entry| refers(entry))? == Some(true) {
                    found.push(key);
                }
            }
            return Ok(found);
        }
        let places = leading_places(&child.primary_key, &positions);
        let prefix = places.map(|places| encoded_in_order(child, &positions, values, &places)).transpose()?;
        let lower = prefix.clone().map_or(Bound::Unbounded, Bound::Included);
        let span = ScanSpan { lower, upper: Bound::Unbounded, reverse: false };
        visit_entries(&self.view, child, &span, cancel, &mut |entry| {
            if prefix.as_ref().is_some_and(|prefix| !entry.key.starts_with(prefix)) {
                return Ok(ControlFlow::Break(()));
            }
            if refers(entry)? {
                found.push(EntryKey::from_bytes(entry.key));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Visits the keys of the entries that an ordered index has under a prefix, own changes first; some may be there no more.
    fn visit_index(
        &self,
        index: CollectionId,
        prefix: &[u8],
        parts: usize,
        visit: &mut dyn FnMut(&[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let range = KeyRange::index(index).starting_with(prefix);
        for suffix in self.view.writes.index_suffixes(&range) {
            if visit(skip_key_parts(suffix, parts)?)?.is_break() {
                return Ok(());
            }
        }
        let mut committed = self.index_snapshot(index).scan(&range);
        while let Some((suffix, _)) = committed.next()? {
            if visit(skip_key_parts(suffix, parts)?)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Notes the keys that an entry refers to: they have to be there when the transaction commits.
    fn hold_keys(&mut self, collection: CollectionId, key: &EntryKey) -> Result<()> {
        let Some(child) = self.catalog().collection_by_id(collection).cloned() else { return Ok(()) };
        let Some(row) = self.view.row(&child, key)? else { return Ok(()) };
        for foreign_key in &child.foreign_keys {
            let Some(values) = picked(&child, &foreign_key.columns, &row) else { continue };
            let Some(parent) = self.catalog().collection_by_id(foreign_key.parent).cloned() else { continue };
            let Some((key, bytes)) = key_bytes(&parent, &foreign_key.parent_columns, &values)? else { continue };
            let Some(own) = reference_bytes(&child, foreign_key, &values)? else { continue };
            let reference = ReferenceKey { foreign_key: foreign_key.id, bytes: own };
            self.writes().references.held.insert(HeldKey { parent: parent.id, key, bytes, reference });
        }
        Ok(())
    }
}

/// The values that a row has in columns; `None` where one is NULL.
pub(in crate::db::write) fn picked(collection: &Collection, columns: &[ColumnId], row: &[Value]) -> Option<Vec<Value>> {
    let values = collection.positions_of(columns).into_iter().map(|position| row.get(position).cloned());
    let values: Option<Vec<Value>> = values.collect();
    values.filter(|values| values.len() == columns.len() && !values.iter().any(Value::is_null))
}

/// Values of columns as a key of their collection lies in the store; `None` where it can have no such key.
pub(in crate::db::write) fn key_bytes(
    parent: &Collection,
    columns: &[ColumnId],
    values: &[Value],
) -> Result<Option<(UniqueKey, Vec<u8>)>> {
    let Some((key, places)) = parent.unique_key_over(columns) else { return Ok(None) };
    if let UniqueKey::Index(index) = key
        && let Some(index) = parent.index(index).filter(|index| !index.is_enforced())
    {
        let message = format!("index \"{}\" is not valid, and rows refer to what it holds", index.name);
        return Err(Error::new(ErrorKind::NotInPrerequisiteState, message)
            .with_hint(format!("REINDEX INDEX {} builds it again.", index.name)));
    }
    let positions = parent.positions_of(columns);
    let Some(values) = in_types(parent, &positions, values) else { return Ok(None) };
    let ordered: Vec<Value> = places.iter().filter_map(|place| values.get(*place)).cloned().collect();
    let mut bytes = Vec::new();
    encode_key(&ordered, &mut bytes)?;
    Ok(Some((key, bytes)))
}

/// Values in the types of columns; `None` where one has no like there.
fn in_types(collection: &Collection, positions: &[usize], values: &[Value]) -> Option<Vec<Value>> {
    let typed = positions.iter().zip(values).map(|(position, value)| {
        let column: &Column = collection.columns.get(*position)?;
        let cast = value.clone().cast(&column.ty, false).ok()?;
        // A number that the type would round is none of its values.
        (!column.ty.is_number() || cast.equals(value)).then_some(cast)
    });
    typed.collect()
}

/// What entries have in the columns of a foreign key that refer to a key, encoded; `None` where none can.
fn reference_bytes(child: &Collection, foreign_key: &ForeignKey, values: &[Value]) -> Result<Option<Vec<u8>>> {
    let Some(values) = in_types(child, &child.positions_of(&foreign_key.columns), values) else { return Ok(None) };
    let mut bytes = Vec::new();
    encode_key(&values, &mut bytes)?;
    Ok(Some(bytes))
}

fn encoded_in_order(child: &Collection, positions: &[usize], values: &[Value], places: &[usize]) -> Result<Vec<u8>> {
    let values = in_types(child, positions, values).unwrap_or_default();
    let ordered: Vec<Value> = places.iter().filter_map(|place| values.get(*place)).cloned().collect();
    let mut bytes = Vec::new();
    encode_key(&ordered, &mut bytes)?;
    Ok(bytes)
}

/// An index that can be searched by columns, with the order that it has them in.
fn leading_index(child: &Collection, positions: &[usize]) -> Option<(CollectionId, Vec<usize>)> {
    child.indexes.iter().filter(|index| index.state.is_ready()).find_map(|index| match &index.kind {
        IndexKind::Ordered { columns, .. } => leading_places(columns, positions).map(|places| (index.id, places)),
        IndexKind::Keys(_) | IndexKind::Fact { .. } | IndexKind::Nearest { .. } => None,
    })
}

/// The places of the first parts of a key among columns, where it begins with all of them.
fn leading_places(key: &[usize], positions: &[usize]) -> Option<Vec<usize>> {
    let first = key.get(..positions.len())?;
    first.iter().map(|part| positions.iter().position(|position| position == part)).collect()
}

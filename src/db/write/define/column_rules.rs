//! Rules for columns that exist: NOT NULL, defaults, and a primary key for a table that has none, under which all entries and
//! ordered indexes are written anew. What is there has to keep a new rule, and so has what is written at the same moment.
//!
//! The statement looks at every entry. What others commit before the change does is looked at by the committer, and so is
//! what was prepared without the rule and commits after it. What peers send is taken as it is: they may not have the rule.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::catalog::catalog::check_identifier;
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::row_ids::check_draws_apart;
use crate::db::catalog::sequences::{check_own_sequences, name_own_sequences};
use crate::db::pending::on_conflict::{Arbiters, Inserted, OnConflict};
use crate::db::pending::write_set::{EntryKey, Pending};
use crate::db::read::cursor::Row;
use crate::db::read::entry_view::{EntryView, key_part};
use crate::db::read::scan::{ScanSpan, visit_entries};
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::db::write::commit::encoder::CommitEncoder;
use crate::db::write::commit::entry_states::fits;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Collection, CollectionId, CollectionKind, Column, DefaultValue, IdentityKind, IndexState, Numbering, RelationName,
    RelationRef, Sequence,
};
use crate::store::RecordView;
use crate::types::{Value, split_object};

impl Transaction {
    /// Makes a column forbid NULL, or allow it again.
    ///
    /// # Errors
    /// 42703; 23502 where an entry has a NULL there; 42P16 for a column of the primary key and 42601 for an identity column,
    /// which always forbid it; 0A000 for a default collection.
    pub fn set_not_null(&mut self, table: &RelationName, column: &str, not_null: bool, cancel: &Cancel) -> Result<()> {
        let collection = Arc::clone(self.catalog().expect_collection(table)?);
        let position = changeable(&collection, column)?;
        let is_key = collection.primary_key.contains(&position);
        let is_identity = collection.columns.get(position).is_some_and(|column| column.identity().is_some());
        match not_null {
            false if is_key => {
                let message = format!("column \"{column}\" is in a primary key");
                return Err(Error::new(ErrorKind::InvalidTableDefinition, message));
            }
            false if is_identity => return Err(is_an_identity(&table.name, column)),
            true if !is_key => check_no_null(self.view(), &collection, position, cancel)?,
            _ => {}
        }
        self.change_column(&collection, position, |column| column.not_null = not_null);
        Ok(())
    }

    /// Gives a column another default for entries to come, or none.
    ///
    /// # Errors
    /// 42703; 42601 for an identity column; 0A000 for a default collection.
    pub fn set_default(&mut self, table: &RelationName, column: &str, default: Option<DefaultValue>) -> Result<()> {
        let collection = Arc::clone(self.catalog().expect_collection(table)?);
        let position = changeable(&collection, column)?;
        if collection.columns.get(position).is_some_and(|column| column.identity().is_some()) {
            let error = is_an_identity(&table.name, column);
            return Err(match default {
                Some(_) => error,
                None => error.with_hint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead."),
            });
        }
        if collection.columns.get(position).is_some_and(|column| column.computation().is_some()) {
            let message = format!("column \"{column}\" of relation \"{table}\" is a generated column");
            return Err(Error::syntax(message, None));
        }
        if let Some(known) =
            collection.columns.get(position).filter(|_| self.catalog().network_of(collection.id).is_some())
        {
            check_draws_apart(&table.name, &Column { default: default.clone(), ..known.clone() })?;
        }
        // The sequence of a serial column goes with the column, not with its default.
        let sequence = Sequence::of_column(&collection, position).map(|sequence| sequence.name);
        self.change_column(&collection, position, |column| {
            (column.default, column.sequence) = (default, sequence);
        });
        Ok(())
    }

    /// Makes a column draw its numbers from a sequence of its own, which begins anew.
    ///
    /// # Errors
    /// 42703; 42P07 where the sequence would have the name of another relation; 0A000 for a default collection, for a column that
    /// has a sequence already, and for a sequence of less than eight bytes in an attached one.
    pub fn set_identity(&mut self, table: &RelationName, column: &str, identity: &Column) -> Result<()> {
        let collection = Arc::clone(self.catalog().expect_collection(table)?);
        let position = changeable(&collection, column)?;
        if self.catalog().network_of(collection.id).is_some() {
            check_draws_apart(&table.name, identity)?;
        }
        if let Some(known) = Sequence::of_column(&collection, position) {
            let message =
                format!("column \"{column}\" of relation \"{table}\" has the sequence \"{}\" already", known.name);
            return Err(Error::unsupported(message, "DROP SEQUENCE first, which its default does not need any more."));
        }
        let mut changed = (*collection).clone();
        if let Some(column) = changed.columns.get_mut(position) {
            column.default.clone_from(&identity.default);
            column.sequence.clone_from(&identity.sequence);
            (column.numbering, column.is_identity_by_default) = (identity.numbering, identity.is_identity_by_default);
        }
        let others = self.catalog().without(collection.id);
        name_own_sequences(&others, &mut changed);
        check_own_sequences(&others, &changed)?;
        if let Some(sequence) = Sequence::of_column(&changed, position) {
            self.restart_sequence(sequence.place(), sequence.numbers.beginning());
        }
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
    }

    /// Has an identity column take values of the user's always, or by default.
    ///
    /// # Errors
    /// 42703; 55000 for a column that is no identity column; 0A000 for a default collection.
    pub fn set_generated(&mut self, table: &RelationName, column: &str, kind: IdentityKind) -> Result<()> {
        let (collection, position) = self.identity_column(table, column)?;
        self.change_column(&collection, position, |column| {
            column.is_identity_by_default = kind == IdentityKind::ByDefault;
            column.default = Some(match kind {
                IdentityKind::Always => DefaultValue::Identity,
                IdentityKind::ByDefault => DefaultValue::Sequence,
            });
        });
        Ok(())
    }

    /// Makes an identity column one as any other, without its sequence.
    ///
    /// # Errors
    /// As [`Transaction::set_generated`].
    pub fn drop_identity(&mut self, table: &RelationName, column: &str) -> Result<()> {
        let (collection, position) = self.identity_column(table, column)?;
        self.forget_sequence(&collection, position);
        Ok(())
    }

    /// Drops the sequence that a column has of its own, with its default where that draws from it.
    pub fn forget_sequence(&mut self, collection: &Collection, position: usize) {
        if let Some(sequence) = Sequence::of_column(collection, position) {
            self.writes().restarts.remove(&sequence.place());
        }
        self.change_column(collection, position, |column| {
            if column.draws_own() {
                column.default = None;
            }
            (column.sequence, column.is_identity_by_default) = (None, false);
            column.numbering = Numbering::default();
        });
    }

    /// Gives the sequence that a column has of its own another name.
    ///
    /// # Errors
    /// 42P07 for one that another relation has, 54000 for one that is too long.
    pub fn rename_own_sequence(&mut self, collection: &Collection, position: usize, name: &str) -> Result<()> {
        check_identifier(name)?;
        if self.catalog().is_taken(RelationRef { schema: collection.schema, name }) {
            return Err(Error::new(ErrorKind::DuplicateTable, format!("relation \"{name}\" already exists")));
        }
        self.change_column(collection, position, |column| column.sequence = Some(name.to_string()));
        Ok(())
    }

    /// The name of the sequence of an identity column.
    ///
    /// # Errors
    /// As [`Transaction::set_generated`].
    pub fn identity_sequence(&self, table: &RelationName, column: &str) -> Result<RelationName> {
        let (collection, position) = self.identity_column(table, column)?;
        let sequence = Sequence::of_column(&collection, position);
        sequence
            .map(|sequence| sequence.relation())
            .ok_or_else(|| Error::internal("an identity column has no sequence"))
    }

    fn identity_column(&self, table: &RelationName, column: &str) -> Result<(Arc<Collection>, usize)> {
        let collection = Arc::clone(self.catalog().expect_collection(table)?);
        let position = changeable(&collection, column)?;
        if collection.columns.get(position).is_none_or(|column| column.identity().is_none()) {
            let message = format!("column \"{column}\" of relation \"{table}\" is not an identity column");
            return Err(Error::new(ErrorKind::NotInPrerequisiteState, message));
        }
        Ok((collection, position))
    }

    /// Has the sequence of a column give other numbers than before.
    pub fn set_numbering(&mut self, collection: &Arc<Collection>, position: usize, numbering: Numbering) {
        self.change_column(collection, position, |column| column.numbering = numbering);
    }

    /// Makes columns the primary key of a table that has none: every entry moves to its new key, and into new indexes.
    ///
    /// # Errors
    /// 42P16 where there is one; 23502 and 23505 for entries that have no key or share one; 0A000 for a default collection
    /// and for one that is attached to a network.
    pub fn add_primary_key(&mut self, table: &RelationName, columns: &[usize], cancel: &Cancel) -> Result<()> {
        let old = Arc::clone(self.catalog().expect_collection(table)?);
        self.check_takes_key(&old)?;
        for position in columns {
            if key_part(&Collection { primary_key: columns.to_vec(), ..(*old).clone() }, *position).is_none() {
                // It lies in the entry besides its key, so that nobody could tell an entry that has no key yet.
                let hint = "Declare it with the table, then INSERT ... SELECT.";
                return Err(Error::unsupported("adding a primary key over a numeric column is not offered", hint));
            }
            check_no_null(self.view(), &old, *position, cancel)?;
        }
        let entries = whole_entries(self.view(), &old, cancel)?;
        // The entries stay what others refer to and what they refer to.
        let references = self.view.writes.references.clone();
        for (key, ..) in &entries {
            self.remove(&old, key)?;
        }
        let mut changed = (*old).clone();
        changed.primary_key = columns.to_vec();
        // The old ones are of the old keys: their entries go with their numbers, and the commit fills the new ones.
        for index in changed.indexes.iter_mut().filter(|index| index.kind.is_ordered()) {
            (index.id, index.state) = (self.new_id(), IndexState::Ready);
        }
        for position in columns {
            if let Some(column) = changed.columns.get_mut(*position) {
                column.not_null = true;
            }
        }
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        let new = Arc::clone(self.catalog().expect_collection(table)?);
        let key = Arbiters { primary_key: true, indexes: Vec::new() };
        for (_, row, facts) in entries {
            cancel.check()?;
            let key_values: Vec<Value> = columns.iter().filter_map(|position| row.get(*position)).cloned().collect();
            let row = row.into_iter().map(Some).collect();
            match self.insert(&new, row, OnConflict::Report(&key))? {
                Inserted::New(key) if facts.is_empty() => drop(key),
                Inserted::New(key) => {
                    self.set_facts(&new, &key, facts.into_iter().map(|(name, value)| (name, Some(value))).collect())?;
                }
                Inserted::Conflict { constraint, .. } => return Err(not_unique(&new, &constraint, &key_values)),
            }
        }
        self.writes().references = references;
        Ok(())
    }

    fn check_takes_key(&self, collection: &Collection) -> Result<()> {
        let name = &collection.name;
        if !collection.primary_key.is_empty() {
            let message = format!("multiple primary keys for table \"{name}\" are not allowed");
            return Err(Error::new(ErrorKind::InvalidTableDefinition, message));
        }
        if collection.kind != CollectionKind::Table {
            let message = format!("the key of \"{name}\" cannot be changed");
            return Err(Error::unsupported(message, "It is a default collection."));
        }
        if self.catalog().network_of(collection.id).is_some() {
            let message = format!("collection \"{name}\" is attached to a network and cannot get a primary key");
            return Err(Error::unsupported(message, "Its members know the entries by the keys they have."));
        }
        Ok(())
    }

    fn change_column(&mut self, collection: &Collection, position: usize, change: impl FnOnce(&mut Column)) {
        let mut changed = collection.clone();
        if let Some(column) = changed.columns.get_mut(position) {
            change(column);
        }
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
    }
}

/// The position of a column whose rules may be changed.
///
/// # Errors
/// 42703; 0A000 for a default collection.
pub(crate) fn changeable(collection: &Collection, column: &str) -> Result<usize> {
    changeable_rows(collection)?;
    collection.column(column).ok_or_else(|| {
        let message = format!("column \"{column}\" of relation \"{}\" does not exist", collection.name);
        Error::new(ErrorKind::UndefinedColumn, message)
    })
}

/// # Errors
/// 0A000 for a default collection, whose rows are as they are everywhere.
pub(crate) fn changeable_rows(collection: &Collection) -> Result<()> {
    if collection.kind != CollectionKind::Table {
        let message = format!("the columns of \"{}\" cannot be changed", collection.name);
        return Err(Error::unsupported(message, "It is a default collection."));
    }
    Ok(())
}

/// Whether a change of a collection writes all of its entries, and its ordered indexes with them: it gets another key, or a
/// column another type.
pub(crate) fn writes_all_anew(old: &Collection, new: &Collection) -> bool {
    let is_retyped = |column: &Column| {
        let before = old.position_of(column.id).and_then(|position| old.columns.get(position));
        // A vector column changes its dimension alone.
        before.is_some_and(|before| before.ty != column.ty && !column.ty.is_dense_vector())
    };
    old.key_columns() != new.key_columns() || new.columns.iter().any(is_retyped)
}

/// Whether a change of a collection adds a column whose default its entries get.
fn adds_filled_column(old: &Collection, new: &Collection) -> bool {
    new.columns.iter().any(|column| is_filled(column) && old.position_of(column.id).is_none())
}

/// Whether entries that are there get a value of a new column.
fn is_filled(column: &Column) -> bool {
    let default = column.default.as_ref();
    default.is_some_and(|default| match default {
        DefaultValue::Expression(_)
        | DefaultValue::Sequence
        | DefaultValue::Identity
        | DefaultValue::Drawn(_)
        | DefaultValue::Computed(_) => true,
        DefaultValue::GeneratedId => false,
    })
}

fn is_an_identity(table: &str, column: &str) -> Error {
    Error::syntax(format!("column \"{column}\" of relation \"{table}\" is an identity column"), None)
}

/// An entry with its declared columns and its undeclared facts.
type WholeEntry = (EntryKey, Row, Vec<(String, Value)>);

fn whole_entries(view: &ReadView, collection: &Collection, cancel: &Cancel) -> Result<Vec<WholeEntry>> {
    let span = ScanSpan { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false };
    let mut entries = Vec::new();
    visit_entries(view, collection, &span, cancel, &mut |entry| {
        let row = (0..collection.columns.len()).map(|position| entry.column(position)).collect::<Result<Row>>()?;
        let facts = match entry.metadata()? {
            Value::Json(text) => split_object(&text),
            _ => Ok(Vec::new()),
        };
        entries.push((EntryKey::from_bytes(entry.key), row, facts?));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(entries)
}

fn not_unique(collection: &Collection, constraint: &str, values: &[Value]) -> Error {
    let names = collection.primary_key.iter().filter_map(|position| collection.columns.get(*position));
    let names: Vec<&str> = names.map(|column| column.name.as_str()).collect();
    let shown: Vec<String> = values.iter().map(Value::to_text).collect();
    Error::new(ErrorKind::UniqueViolation, format!("could not create unique index \"{constraint}\""))
        .with_detail(format!("Key ({})=({}) is duplicated.", names.join(", "), shown.join(", ")))
        .of_constraint(collection, constraint)
}

fn check_no_null(view: &ReadView, collection: &Collection, position: usize, cancel: &Cancel) -> Result<()> {
    match has_null(view, collection, position, cancel)? {
        false => Ok(()),
        true => {
            let column = collection.columns.get(position).map_or("", |column| column.name.as_str());
            let message = format!("column \"{column}\" of relation \"{}\" contains null values", collection.name);
            Err(Error::new(ErrorKind::NotNullViolation, message).of_column(collection, column))
        }
    }
}

fn has_null(view: &ReadView, collection: &Collection, position: usize, cancel: &Cancel) -> Result<bool> {
    is_somewhere(view, collection, cancel, &|entry| Ok(entry.column(position)?.is_null()))
}

/// Whether a view has a wanted entry.
fn is_somewhere(
    view: &ReadView,
    collection: &Collection,
    cancel: &Cancel,
    is_wanted: &dyn Fn(&EntryView<'_>) -> Result<bool>,
) -> Result<bool> {
    let span = ScanSpan { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false };
    let mut found = false;
    visit_entries(view, collection, &span, cancel, &mut |entry| {
        found = is_wanted(entry)?;
        Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}

impl CommitEncoder<'_> {
    /// Columns that forbid NULL from this commit on: nobody may have committed one since the statement looked; nor an entry that lacks
    /// the default of a new column, or its new key or type.
    ///
    /// # Errors
    /// 40001 when somebody has.
    pub fn check_new_rules(&mut self, old: Option<&Collection>, new: &Collection) -> Result<()> {
        let Some(old) = old else { return Ok(()) };
        if writes_all_anew(old, new) {
            if self.has_foreign_entry(new)? {
                return Err(changed_meanwhile(new));
            }
            self.effects.rekeyed.insert(new.id);
        } else if adds_filled_column(old, new) && self.has_foreign_entry(new)? {
            return Err(changed_meanwhile(new));
        }
        let is_new = |position: &usize| {
            let Some(column) = new.columns.get(*position) else { return false };
            let before = old.position_of(column.id).and_then(|position| old.columns.get(position));
            let did_forbid = before.is_some_and(|before| before.not_null);
            column.not_null && !did_forbid && key_part(new, *position).is_none()
        };
        for position in (0..new.columns.len()).filter(is_new) {
            if self.has_entry(new, &|entry| Ok(entry.column(position)?.is_null()))? {
                return Err(changed_meanwhile(new));
            }
        }
        Ok(())
    }

    /// Whether somebody else has committed an entry that this commit does not move to its new key.
    fn has_foreign_entry(&self, collection: &Collection) -> Result<bool> {
        let span = ScanSpan { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false };
        let mut found = false;
        visit_entries(&self.view, collection, &span, &Cancel::new(), &mut |entry| {
            found = entry.pending.is_none();
            Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        let is_foreign =
            |(id, key): &(CollectionId, Vec<u8>)| *id == collection.id && self.view.writes.row(*id, key).is_none();
        let mut group = self.group.overlay.records.iter();
        Ok(found || group.any(|(place, record)| record.is_some() && is_foreign(place)))
    }

    /// Whether there is a wanted entry, by this commit or by those before it, of which some are in no snapshot yet.
    ///
    /// # Errors
    /// What `is_wanted` reports; XX001 for a damaged record, 58030 where the store cannot be read.
    pub fn has_entry(
        &self,
        collection: &Collection,
        is_wanted: &dyn Fn(&EntryView<'_>) -> Result<bool>,
    ) -> Result<bool> {
        if is_somewhere(&self.view, collection, &Cancel::new(), is_wanted)? {
            return Ok(true);
        }
        for ((id, key), record) in &self.group.overlay.records {
            let Some(record) = record.as_deref().filter(|_| *id == collection.id) else { continue };
            let pending = self.view.writes.row(*id, key);
            let entry =
                EntryView { view: &self.view, collection, key, record: Some(RecordView::parse(record)?), pending };
            if entry.is_alive() && is_wanted(&entry)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// An entry that was prepared with an older catalog keeps the rules of the present one.
    ///
    /// # Errors
    /// 40001 for a NULL where one is forbidden by now, no value for a column that has come since with a default, a value of another type than its column has by now, and one for a column
    /// that is no more: run again, the statement is planned anew.
    pub fn check_rules(&self, collection: &Collection, key: &EntryKey, pending: &Pending) -> Result<()> {
        if !pending.alive || collection.kind != CollectionKind::Table {
            return Ok(());
        }
        let has_dropped = usize::from(collection.next_column) > collection.columns.len();
        let is_out_of_place = |(name, value): (&String, &Option<Value>)| match value {
            None | Some(Value::Vector(_)) => false,
            Some(value) if collection.column_of_field(name).is_some() => !fits(collection, name, Some(value)),
            // It may have been one of those.
            Some(_) => has_dropped,
        };
        if pending.changes.iter().any(is_out_of_place) {
            return Err(changed_meanwhile(collection));
        }
        let record = pending.base.as_deref().map(RecordView::parse).transpose()?;
        let entry = EntryView { view: &self.view, collection, key: key.as_bytes(), record, pending: Some(pending) };
        for (position, column) in collection.columns.iter().enumerate() {
            // A part of the key that is written as a field: there was no such key when the entry was prepared.
            let breaks_rule = match key_part(collection, position) {
                Some(_) => pending.changes.contains_key(&column.field),
                // What is written as a whole names every column that there was.
                None if pending.replaced && is_filled(column) && !pending.changes.contains_key(&column.field) => true,
                None => column.not_null && entry.column(position)?.is_null(),
            };
            if breaks_rule {
                return Err(changed_meanwhile(collection));
            }
        }
        Ok(())
    }
}

pub(crate) fn changed_meanwhile(collection: &Collection) -> Error {
    let message = format!("could not serialize access: the columns of \"{}\" were changed meanwhile", collection.name);
    Error::new(ErrorKind::SerializationFailure, message).with_hint("Run the transaction again.")
}

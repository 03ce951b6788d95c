//! A transaction: its snapshot with its own writes over it, kept from everybody else until it commits. See `row_locking` for how it
//! waits for others.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::db::catalog::catalog::Catalog;
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::search_path::SearchPath;
use crate::db::locks::row_locks::RowLocks;
use crate::db::pending::deed::Deed;
use crate::db::pending::isolation::Isolation;
use crate::db::pending::on_conflict::{Inserted, OnConflict};
use crate::db::pending::write_set::{EntryKey, Pending, WriteSet};
use crate::db::read::cursor::Row;
use crate::db::read::entry_view::{EntryView, fact_name};
use crate::db::read::view::{ReadView, Sought};
use crate::db::state::cancel::{Cancel, CommitClient};
use crate::db::state::state::DbState;
use crate::db::state::turns::{Passed, Turn};
use crate::db::write::commit::commit_queue::{CommitQueue, Job};
use crate::db::write::commit::commit_terms::CommitTerms;
use crate::db::write::index::index_build::IndexBuild;
use crate::db::write::index::ordered_indexes::{check_not_null, duplicate_key, unique_violation};
use crate::db::write::transaction::savepoint::Savepoint;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::metrics;
use crate::model::{
    Collection, CollectionId, CollectionKind, DefaultValue, DrawnNumbers, Notification, Rights, RoleId, Stage,
};
use crate::store::{Key, Pin, Probe, RecordView, check_one_dimension, encode_key};
use crate::telemetry::{Attribute, Span, SpanName};
use crate::types::Value;
use crate::vector::check_finite;

/// An open transaction. Dropping it rolls it back.
///
/// Its methods lie by subject in the files of `transaction` (rows), `define` (the catalog) and `replica` (networks): whatever a statement
/// does reads the same snapshot, sees what it did before, and adds to one write set, which is a rollback's to drop. The fields are seen by
/// `db` alone.
pub struct Transaction {
    pub(crate) shared: Arc<DbState>,
    pub(in crate::db) queue: CommitQueue,
    pub(crate) view: ReadView,
    /// The committed catalog that its snapshot was taken with; the one of its view has its own definitions.
    pub(in crate::db::write) committed: Arc<Catalog>,
    /// Blobs stored by this transaction, kept from being collected until it ends.
    pins: Vec<Pin>,
    /// Ordered indexes that it has built over collections that were there before it.
    pub(crate) builds: Vec<IndexBuild>,
    /// How messages name relations.
    pub(in crate::db) naming: Option<SearchPath>,
    /// Whose what it makes is.
    pub(in crate::db::write) acting: RoleId,
    /// What the client is told when the present statement has ended, well or not.
    pub notices: Vec<Notice>,
    /// Entries that the present statement wanted off the stage and that are public already.
    pub(in crate::db) public_already: u64,
    /// Who waits for its commit.
    pub(in crate::db) client: CommitClient,
    /// The turn that it has where statements before it came too late.
    turn: Option<Arc<Turn>>,
    /// What looks into its unique indexes for the rows of the present statement.
    pub(in crate::db) probes: BTreeMap<CollectionId, Probe>,
    /// Who may do what with entries of attached collections, as far as it was asked for.
    pub(in crate::db) rights: BTreeMap<CollectionId, Arc<Rights>>,
    pub(in crate::db::write) isolation: Isolation,
    /// The rows that it has locked.
    pub(in crate::db::write) locks: RowLocks,
    /// The row that had the values of a unique index which the last one was refused for.
    pub(in crate::db::write) in_the_way: Option<EntryKey>,
    /// The snapshot in which its first change was checked; a statement of READ COMMITTED has a newer one than those before it.
    checked: Option<u64>,
}

impl Transaction {
    pub(crate) fn begin(queue: &CommitQueue, (hides_secrets, drawn): (bool, DrawnNumbers), connection: i32) -> Self {
        let shared = Arc::clone(queue.state());
        let locks = RowLocks::new(&shared.locks, connection);
        let view = ReadView { hides_secrets, drawn, ..ReadView::of(&shared, Arc::new(WriteSet::default())) };
        let committed = Arc::clone(&view.catalog);
        Transaction {
            shared,
            queue: queue.clone(),
            view,
            committed,
            pins: Vec::new(),
            builds: Vec::new(),
            naming: None,
            acting: RoleId::BOOTSTRAP,
            notices: Vec::new(),
            public_already: 0,
            client: CommitClient::default(),
            turn: None,
            probes: BTreeMap::new(),
            rights: BTreeMap::new(),
            isolation: Isolation::RepeatableRead,
            locks,
            in_the_way: None,
            checked: None,
        }
    }

    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.view.catalog
    }

    /// What others see now of the catalog.
    pub fn committed_catalog(&self) -> Arc<Catalog> {
        self.shared.catalog()
    }

    /// What this transaction sees.
    pub fn view(&self) -> &ReadView {
        &self.view
    }

    /// Entries that the next statement has asked other members for in vain.
    pub fn know(&mut self, sought: Option<&Arc<Sought>>) {
        self.view.sought = sought.cloned();
    }

    /// Whether it has changed nothing so far.
    pub fn is_read_only(&self) -> bool {
        self.view.writes.is_empty()
    }

    /// Gives up the locks taken since a savepoint, or all: a statement has failed, and what was done since goes.
    pub fn unlock_since(&mut self, savepoint: Option<&Savepoint>) {
        self.locks.release_to(savepoint.map_or(0, |savepoint| savepoint.locks));
    }

    /// Sends messages to those who listen when it commits, in this order.
    pub fn notify(&mut self, notifications: Vec<Notification>) {
        if !notifications.is_empty() {
            self.writes().notifications = notifications.into();
        }
    }

    /// Its commit, for a connection, ends with an error where the flag is set before the changes are written.
    pub fn heed(&mut self, cancel: &Cancel, connection: i32) {
        self.client = CommitClient { connection: Some(connection), cancel: cancel.clone() };
    }

    /// Its commit is the one that others wait for.
    pub(crate) fn hold(&mut self, turn: Option<&Arc<Turn>>) {
        self.turn = turn.cloned();
    }

    /// Makes the changes durable and visible, all of them or none; gives back the changes of the catalog among them, from which
    /// more may follow.
    ///
    /// # Errors
    /// As `commit`, which everybody else calls.
    pub(in crate::db) async fn commit_writes(mut self) -> Result<Vec<CatalogChange>> {
        if !self.view.writes.references.is_empty() {
            let cancel = self.client.cancel.clone();
            self.settle_references(&cancel)?;
        }
        let is_heard = !self.view.writes.notifications.is_empty() && self.shared.feed.listened_to().0;
        if self.is_read_only() && !is_heard {
            return Ok(Vec::new());
        }
        let Transaction { shared, queue, view, committed, pins, builds, turn, client, locks, checked, .. } = self;
        let (cancel, reads) = (client.cancel, view.reads.clone().map(|reads| (reads, view.version)));
        let (writes, seen) = (Arc::clone(&view.writes), checked.unwrap_or(view.version));
        drop(view);
        // Whoever has a turn waits for nobody: two that have one cannot wait for each other.
        let passed = match &turn {
            Some(_) => Passed::new(),
            None => cancel.guard(async { Ok(shared.turns.pass(writes.collections()).await) }).await?,
        };
        let changes = writes.catalog.clone();
        {
            let _timer = metrics::COMMIT_SECONDS.start();
            let span = Span::begin(SpanName::Commit);
            let terms = Box::new(CommitTerms { cancel, locks, reads });
            let catalog_version = committed.version();
            let done = queue.ask(|reply| Job::Commit { writes, seen, catalog_version, builds, terms, reply }).await;
            done.inspect_err(|error| span.say(Attribute::Failed(error.sqlstate())))?;
        }
        drop((pins, passed));
        Ok(changes)
    }

    pub(crate) fn writes(&mut self) -> &mut WriteSet {
        self.checked.get_or_insert(self.view.version);
        Arc::make_mut(&mut self.view.writes)
    }

    /// Inserts one entry: a value for each declared column, `None` for its default (an expression default is evaluated by
    /// the caller, and NULL here).
    ///
    /// # Errors
    /// 23502, 23505 (with [`OnConflict::Fail`]), 22000 for a vector, 22P02 for metadata that is no object, 54000.
    pub fn insert(
        &mut self,
        collection: &Arc<Collection>,
        row: Vec<Option<Value>>,
        on_conflict: OnConflict<'_>,
    ) -> Result<Inserted> {
        let row = self.complete(collection, row, None)?;
        if collection.kind == CollectionKind::Auth {
            return self.insert_secret(collection, &row, on_conflict);
        }
        let key = self.key_of(collection, &row)?;
        self.insert_complete(collection, key, row, on_conflict)
    }

    /// Inserts a row that has all its values.
    pub(in crate::db::write) fn insert_complete(
        &mut self,
        collection: &Arc<Collection>,
        key: EntryKey,
        row: Row,
        on_conflict: OnConflict<'_>,
    ) -> Result<Inserted> {
        let pending = self.pending(collection, &key)?;
        let is_taken = pending.alive;
        if is_taken && (on_conflict == OnConflict::Fail || on_conflict.is_about_key()) {
            return self.conflict_with(collection, key, &row, on_conflict).map(|conflict| conflict.of_row(row));
        }
        let proposed = on_conflict.is_about_indexes().then(|| row.clone());
        let taken_by = is_taken.then(|| row.clone());
        let mut changes = BTreeMap::new();
        for (position, value) in row.into_iter().enumerate() {
            self.put_column(collection, position, value, None, &mut changes)?;
        }
        let pending = pending.renewed(changes, Stage::Private);
        let indexed = self.indexed(collection, &key, &pending, &|_| true)?;
        if let Some((other, index)) =
            self.unique_conflict(collection, &indexed, None, &|id| on_conflict.is_about(id))?
        {
            self.in_the_way = Some(other.clone());
            return Ok(Inserted::Conflict { key: other, constraint: index.name.clone(), row: proposed });
        }
        if let Some(row) = taken_by {
            return self.conflict_with(collection, key, &row, OnConflict::Fail);
        }
        if let Some((other, index)) =
            self.unique_conflict(collection, &indexed, None, &|id| !on_conflict.is_about(id))?
        {
            self.in_the_way = Some(other);
            let entry = self.entry_view(collection, &key, &pending);
            return unique_violation(index, &self.view.index_rules(collection, index)?.operands, &entry);
        }
        self.note_arbitrated(&indexed, on_conflict);
        self.put_indexed(collection, &key, pending, &indexed)?;
        self.note_written(collection, &key);
        Ok(Inserted::New(key))
    }

    /// Changes declared columns of an entry; nothing happens when it does not exist. A changed primary key moves the entry.
    ///
    /// # Errors
    /// As [`Transaction::insert`] and [`Transaction::set_facts`]; 42704 for a blob that is not here; 0A000 for another key of an
    /// AUTH entry, 42501 for hidden secrets.
    pub fn update(
        &mut self,
        collection: &Arc<Collection>,
        key: &EntryKey,
        changes: Vec<(usize, Value)>,
    ) -> Result<bool> {
        if collection.kind == CollectionKind::Auth {
            return self.update_secret(collection, key, &changes);
        }
        let mut pending = self.pending(collection, key)?;
        if !pending.alive {
            return Ok(false);
        }
        let old = self.entry_view(collection, key, &pending).row()?;
        let mut row = old.clone();
        for (position, value) in &changes {
            if let Some(slot) = row.get_mut(*position) {
                slot.clone_from(value);
            }
        }
        let row = self.complete(collection, row.into_iter().map(Some).collect(), Some(&changes))?;
        let moved = self.key_of_existing(collection, &row, key)?;
        if moved != *key {
            let is_moved = self.move_entry(collection, key, moved.clone(), (row.clone(), &old))?;
            self.note_changed(collection, &moved, &old, &row);
            return Ok(is_moved);
        }
        let computed = collection.columns.iter().enumerate().filter(|(_, column)| column.computation().is_some());
        let changes: Vec<usize> =
            changes.iter().map(|(position, _)| *position).chain(computed.map(|(position, _)| position)).collect();
        for position in &changes {
            let value = row.get(*position).cloned().unwrap_or_default();
            self.put_column(collection, *position, value, old.get(*position), &mut pending.changes)?;
        }
        let is_changed = |key: &Option<usize>| key.is_none_or(|key| changes.contains(&key));
        self.change_row(collection, key, pending, &|index| {
            index.kind.is_computed() || index.kind.key_positions().iter().any(is_changed)
        })?;
        self.note_changed(collection, key, &old, &row);
        Ok(true)
    }

    /// Sets (`Some`) or removes (`None`) facts by their metadata key.
    ///
    /// # Errors
    /// 42501 for an entry of others, 42701 for a fact of the name that a column has in states, 23505, 54000 for a value too long for
    /// an index; 54000 and 53200 for a transaction that holds
    /// too much; XX001 for a damaged record, 58030 where the store cannot be read.
    pub fn set_facts(
        &mut self,
        collection: &Arc<Collection>,
        key: &EntryKey,
        facts: Vec<(String, Option<Value>)>,
    ) -> Result<bool> {
        collection.check_changeable()?;
        let mut pending = self.pending(collection, key)?;
        if !pending.alive {
            return Ok(false);
        }
        let facts: Vec<(String, Option<Value>)> =
            facts.into_iter().map(|(name, value)| (fact_name(&name), value)).collect();
        let is_taken = |(name, _): &&(String, Option<Value>)| {
            let is_shown = collection.column(name).is_some() || collection.is_undeclared(name);
            collection.kind == CollectionKind::Table && !is_shown
        };
        if let Some((name, _)) = facts.iter().find(is_taken) {
            let message = format!("\"{name}\" is the name of a column of \"{}\" in its entries", collection.name);
            return Err(Error::new(ErrorKind::DuplicateColumn, message)
                .with_hint("The column has another name by now, or was dropped here: give the fact another one."));
        }
        pending.changes.extend(facts);
        self.change_row(collection, key, pending, &|_| true)?;
        Ok(true)
    }

    /// Marks an entry for publication or takes the mark back.
    ///
    /// # Errors
    /// 42501 for AUTH entries; 54000 and 53200 for a transaction that holds too much; XX001 for a damaged record, 58030 where the
    /// store cannot be read.
    pub fn set_stage(&mut self, collection: &Arc<Collection>, key: &EntryKey, stage: Stage) -> Result<bool> {
        if collection.kind == CollectionKind::Auth {
            return Err(Error::new(ErrorKind::InsufficientPrivilege, "AUTH entries are never staged"));
        }
        collection.check_changeable()?;
        let mut pending = self.pending(collection, key)?;
        if !pending.alive {
            return Ok(false);
        }
        pending.stage = Some(stage);
        self.writes().put(collection.id, key.clone(), pending)?;
        Ok(true)
    }

    /// Deletes an entry; whether there was one.
    ///
    /// # Errors
    /// 42501 for an entry of others and for hidden secrets; 54000 and 53200 for a transaction that holds too much; XX001 for a
    /// damaged record, 58030 where the store cannot be read.
    pub fn delete(&mut self, collection: &Arc<Collection>, key: &EntryKey) -> Result<bool> {
        collection.check_changeable()?;
        if collection.kind == CollectionKind::Auth {
            return self.delete_secret(collection, key);
        }
        self.note_deleted(collection, key)?;
        self.remove(collection, key)
    }

    /// Deletes an entry, whatever refers to it.
    pub(in crate::db::write) fn remove(&mut self, collection: &Collection, key: &EntryKey) -> Result<bool> {
        let pending = self.pending(collection, key)?;
        if !pending.alive {
            return Ok(false);
        }
        self.check_right(collection, key, &pending, Deed::Delete)?;
        let deleted = Pending {
            alive: false,
            replaced: true,
            changes: BTreeMap::new(),
            stage: None,
            reverted: false,
            base: pending.base,
        };
        self.writes().put(collection.id, key.clone(), deleted)?;
        Ok(true)
    }

    /// Stores a blob in its file and gives its hash and size; an entry that names the hash keeps it.
    ///
    /// # Errors
    /// 53100 and 58030 where its file cannot be written, XX000 where the system has no randomness.
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<(String, u64)> {
        let pin = self.shared.blobs.put(bytes)?;
        let stored = (pin.hash().to_string(), pin.size());
        self.pins.push(pin);
        Ok(stored)
    }

    /// The key of an entry from the values of its primary key, in their order.
    ///
    /// # Errors
    /// As [`Value::cast`] for a value of another type; 0A000 for a type that no key has, 54000 for a key that is too long.
    pub fn key(&self, collection: &Collection, values: Vec<Value>) -> Result<EntryKey> {
        let types = collection.key_types();
        let values =
            values.into_iter().zip(&types).map(|(value, ty)| value.cast(ty, false)).collect::<Result<Vec<_>>>()?;
        let mut key = Vec::new();
        encode_key(&values, &mut key)?;
        Ok(EntryKey::from_bytes(key))
    }

    /// Fills in generated defaults, brings values into their column's type and checks them, by domains those `written` or all.
    pub(in crate::db::write) fn complete(
        &mut self,
        collection: &Collection,
        row: Vec<Option<Value>>,
        written: Option<&[(usize, Value)]>,
    ) -> Result<Row> {
        collection.check_changeable()?;
        let mut complete = Vec::with_capacity(row.len());
        for (position, (column, value)) in collection.columns.iter().zip(row).enumerate() {
            let value = match (value, &column.default) {
                (None, Some(DefaultValue::Sequence | DefaultValue::Identity)) => {
                    Value::Int8(self.next_number_of(collection, position)?)
                }
                (None, Some(DefaultValue::Drawn(sequence))) => Value::Int8(self.next_number(*sequence)?),
                (None, Some(DefaultValue::GeneratedId)) => Value::text(Uuid::now_v7().to_string()),
                (None, _) => Value::Null,
                (Some(value), _) => value,
            };
            let value = if value.is_of(&column.ty) { value } else { value.cast(&column.ty, false)? };
            if let Value::Vector(vector) = &value {
                check_finite(vector)?;
                self.check_vector(collection, position, vector)?;
            }
            if let Value::Array(_, elements) = &value {
                check_one_dimension(elements)?;
            }
            complete.push(value);
        }
        self.compute_columns(collection, &mut complete)?;
        self.check_domains(collection, &complete, written)?;
        check_not_null(collection, &complete)?;
        self.check_conditions(collection, &complete)?;
        Ok(complete)
    }

    pub(crate) fn key_of(&self, collection: &Collection, row: &[Value]) -> Result<EntryKey> {
        let mut key = Vec::new();
        if collection.primary_key.is_empty() {
            encode_key(&[Value::text(Uuid::now_v7().to_string())], &mut key)?;
        } else {
            let parts: Vec<Value> =
                collection.primary_key.iter().filter_map(|position| row.get(*position)).cloned().collect();
            encode_key(&parts, &mut key)?;
        }
        Ok(EntryKey::from_bytes(key))
    }

    fn key_of_existing(&self, collection: &Collection, row: &[Value], key: &EntryKey) -> Result<EntryKey> {
        if collection.primary_key.is_empty() { Ok(key.clone()) } else { self.key_of(collection, row) }
    }

    /// The entry as this transaction has it now, ready to be changed.
    pub(crate) fn pending(&self, collection: &Collection, key: &EntryKey) -> Result<Pending> {
        if let Some(pending) = self.view.writes.row(collection.id, key.as_bytes()) {
            return Ok(pending.clone());
        }
        let base: Option<Arc<[u8]>> =
            self.view.snapshot.get(&Key::Entry(collection.id, key.as_bytes()))?.map(|bytes| Arc::from(&*bytes));
        let alive = base.as_deref().map(RecordView::parse).transpose()?.is_some_and(|record| record.is_alive());
        Ok(Pending { base, alive, replaced: false, changes: BTreeMap::new(), stage: None, reverted: false })
    }

    pub(crate) fn entry_view<'a>(
        &'a self,
        collection: &'a Collection,
        key: &'a EntryKey,
        pending: &'a Pending,
    ) -> EntryView<'a> {
        let record = pending.base.as_deref().and_then(|bytes| RecordView::parse(bytes).ok());
        EntryView { view: &self.view, collection, key: key.as_bytes(), record, pending: Some(pending) }
    }

    pub(crate) fn conflict_with(
        &self,
        collection: &Collection,
        key: EntryKey,
        row: &[Value],
        on_conflict: OnConflict<'_>,
    ) -> Result<Inserted> {
        let constraint = format!("{}_pkey", collection.name);
        if on_conflict.is_about_key() {
            return Ok(Inserted::Conflict { key, constraint, row: None });
        }
        let part =
            |position: &usize| Some((collection.columns.get(*position)?.name.as_str(), row.get(*position)?.clone()));
        let (names, values): (Vec<&str>, Vec<Value>) = collection.primary_key.iter().filter_map(part).unzip();
        Err(duplicate_key(collection, &constraint, &names, &values))
    }
}

//! How a transaction comes to a row that others write as well: it locks the row, waits for whoever has it, and looks at what it
//! has become.
//!
//! Under READ COMMITTED the transaction then takes a newer snapshot, with its own writes over it, and decides by that; at the
//! other levels a row that has changed since its snapshot ends the statement with 40001. Nothing is read where nothing was
//! committed between the snapshot and the lock.

use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::db::locks::lock_mode::LockMode;
use crate::db::locks::row_locks::BusyRow;
use crate::db::pending::isolation::Isolation;
use crate::db::pending::on_conflict::{Inserted, OnConflict};
use crate::db::pending::write_set::{EntryKey, WriteSet};
use crate::db::read::cursor::Row;
use crate::db::state::cancel::Cancel;
use crate::db::write::commit::encoder::version_of;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Operand;
use crate::model::{Collection, CollectionId, CollectionKind, Index};
use crate::settings::Settings;
use crate::store::{Key, RecordView, encode_key};
use crate::types::Value;

/// How often a row is tried anew where others keep giving its unique values up and taking them. Each time somebody has committed.
const TRIES_MAX: usize = 1_000;

/// How a statement waits for rows.
#[derive(Clone, Copy, Debug)]
pub struct LockWaits<'a> {
    pub busy: BusyRow,
    /// Has `lock_timeout`.
    pub settings: &'a Settings,
    pub cancel: &'a Cancel,
}

impl LockWaits<'_> {
    /// The same, for rows that are treated so where others have locked them.
    #[must_use]
    pub fn for_busy(self, busy: BusyRow) -> Self {
        LockWaits { busy, ..self }
    }
}

/// What came of locking a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowLocked {
    /// The transaction had the lock already.
    Before,
    /// It has it now.
    Now,
    /// Somebody else has it, and the statement goes on without the row.
    Skipped,
}

impl Transaction {
    /// The collection that it has changed, where it is one.
    pub(crate) fn changed_collection(&self) -> Option<CollectionId> {
        let mut changed = self.view.writes.collections();
        changed.next().filter(|_| changed.next().is_none())
    }

    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// From now on it sees what this level lets it see.
    pub fn isolate(&mut self, isolation: Isolation) {
        // What it has read by then stays noted.
        if self.isolation == isolation {
            return;
        }
        self.isolation = isolation;
        self.view.reads = (isolation == Isolation::Serializable).then(Arc::default);
    }

    /// Whether something was committed since its snapshot was taken.
    pub fn is_behind(&self) -> bool {
        self.shared.version() != self.view.version
    }

    /// Takes a newer snapshot for the next statement of READ COMMITTED, over which its own writes stay. A transaction that has changed
    /// definitions, or rows of a table whose definition others have changed meanwhile, stays with the old one. Whether it sees the
    /// newest now.
    pub fn refresh(&mut self) -> bool {
        self.move_on(&|writes, before, now| {
            writes.collections().all(|id| before.collection_by_id(id) == now.collection_by_id(id))
        })
    }

    /// As [`Transaction::refresh`], for the statement that runs, which was planned with the present catalog: where that has changed,
    /// the transaction stays with the old snapshot.
    pub fn renew(&mut self) -> bool {
        self.move_on(&|_, before, now| before.version() == now.version())
    }

    fn move_on(&mut self, admits: &dyn Fn(&WriteSet, &Catalog, &Catalog) -> bool) -> bool {
        if !self.is_behind() {
            return true;
        }
        if self.view.writes.defines() || !self.builds.is_empty() {
            return false;
        }
        let (catalog, snapshot, version) = self.shared.moment();
        if !admits(&self.view.writes, &self.view.catalog, &catalog) {
            return false;
        }
        self.committed = Arc::clone(&catalog);
        self.view.catalog = catalog;
        self.view.snapshot = Arc::new(snapshot);
        self.view.version = version;
        self.rights.clear();
        true
    }

    /// Locks an entry, or the place where one is going to be, and waits for whoever has it. Secrets are not locked.
    ///
    /// # Errors
    /// 40P01 for the last of those that wait in a circle; 55P03 after `lock_timeout`, and at once with [`BusyRow::Refuse`]; 53200 where too
    /// many locks are held; 57014, 57P01 and 08006 when the statement is stopped.
    pub async fn lock_entry(
        &mut self,
        collection: &Collection,
        key: &EntryKey,
        mode: LockMode,
        waits: &LockWaits<'_>,
    ) -> Result<RowLocked> {
        if collection.kind == CollectionKind::Auth {
            return Ok(RowLocked::Before);
        }
        let mark = self.locks.mark();
        if self.locks.try_take((collection.id, key.as_bytes()), mode)? {
            return Ok(if self.locks.mark() > mark { RowLocked::Now } else { RowLocked::Before });
        }
        match waits.busy {
            BusyRow::Skip => return Ok(RowLocked::Skipped),
            BusyRow::Refuse => {
                let message = format!("could not obtain lock on row in relation \"{}\"", collection.name);
                return Err(Error::new(ErrorKind::LockNotAvailable, message));
            }
            BusyRow::Wait => {}
        }
        self.wait_for_lock((collection.id, key.as_bytes()), mode, waits).await?;
        Ok(RowLocked::Now)
    }

    async fn wait_for_lock(
        &mut self,
        place: (CollectionId, &[u8]),
        mode: LockMode,
        waits: &LockWaits<'_>,
    ) -> Result<()> {
        waits.cancel.guard(self.locks.wait(place, mode, waits.settings.lock_timeout())).await
    }

    /// Takes the lock of an entry where nobody is in the way.
    ///
    /// # Errors
    /// 53200 where too many locks are held.
    pub fn try_lock_entry(&mut self, collection: &Collection, key: &EntryKey, mode: LockMode) -> Result<bool> {
        if collection.kind == CollectionKind::Auth {
            return Ok(true);
        }
        self.locks.try_take((collection.id, key.as_bytes()), mode)
    }

    /// A point to give locks up to, of rows that a statement does not change after all.
    pub fn lock_mark(&self) -> usize {
        self.locks.mark()
    }

    /// Gives up the locks taken since a mark.
    pub fn unlock_to(&mut self, mark: usize) {
        self.locks.release_to(mark);
    }

    /// Sees a locked entry as it is now.
    ///
    /// # Errors
    /// 40001 where somebody else has changed it since the snapshot, and the level of isolation does not let the transaction see it.
    pub fn see_newest(&mut self, collection: &Collection, key: &EntryKey) -> Result<()> {
        if !self.is_behind() || (self.isolation == Isolation::ReadCommitted && self.renew()) {
            return Ok(());
        }
        match self.is_changed(collection, key)? {
            false => Ok(()),
            true if self.is_alive_now(collection, key)? => Err(concurrent("update")),
            true => Err(concurrent("delete")),
        }
    }

    /// Whether somebody else has committed another version of an entry since the snapshot.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged record.
    pub fn is_changed(&self, collection: &Collection, key: &EntryKey) -> Result<bool> {
        let is_own = self.view.writes.row(collection.id, key.as_bytes()).is_some();
        if is_own || collection.kind == CollectionKind::Auth || !self.is_behind() {
            return Ok(false);
        }
        let place = Key::Entry(collection.id, key.as_bytes());
        let snapshot = self.shared.store.snapshot();
        let now = snapshot.get(&place)?;
        Ok(version_of(now.as_deref())? != version_of(self.view.snapshot.get(&place)?.as_deref())?)
    }

    fn is_alive_now(&self, collection: &Collection, key: &EntryKey) -> Result<bool> {
        let snapshot = self.shared.store.snapshot();
        let now = snapshot.get(&Key::Entry(collection.id, key.as_bytes()))?;
        Ok(now.as_deref().map(RecordView::parse).transpose()?.is_some_and(|record| record.is_alive()))
    }

    /// As [`Transaction::insert`], after whoever inserts the same key or the same unique values has ended.
    ///
    /// # Errors
    /// As [`Transaction::insert`], [`Transaction::lock_entry`] and [`Transaction::see_newest`].
    pub async fn insert_waiting(
        &mut self,
        collection: &Arc<Collection>,
        row: Vec<Option<Value>>,
        on_conflict: OnConflict<'_>,
        waits: &LockWaits<'_>,
    ) -> Result<Inserted> {
        let row = self.complete(collection, row, None)?;
        if collection.kind == CollectionKind::Auth {
            return self.insert_secret(collection, &row, on_conflict);
        }
        let key = self.key_of(collection, &row)?;
        // A row without a primary key has a key that nobody else can have.
        if !collection.primary_key.is_empty() {
            self.lock_entry(collection, &key, LockMode::Update, waits).await?;
            let seen = self.see_newest(collection, &key);
            if seen.is_err() && on_conflict == OnConflict::Fail && self.is_alive_now(collection, &key)? {
                return self.conflict_with(collection, key, &row, on_conflict);
            }
            seen?;
        }
        if !unique_indexes(collection).any(|_| true) {
            return self.insert_complete(collection, key, row, on_conflict);
        }
        for _ in 0..TRIES_MAX {
            self.lock_values(collection, &row, None, waits).await?;
            let inserted = self.insert_complete(collection, key.clone(), row.clone(), on_conflict);
            let is_refused = match &inserted {
                Ok(Inserted::New(_)) => false,
                Ok(Inserted::Conflict { .. }) => true,
                Err(error) => error.kind() == ErrorKind::UniqueViolation,
            };
            if !is_refused || !self.has_way_cleared(collection, waits).await? {
                return inserted;
            }
        }
        Err(concurrent("update"))
    }

    /// As [`Transaction::update`], for an entry that is locked, after whoever takes the same key or the same unique values has ended.
    ///
    /// # Errors
    /// As [`Transaction::update`], [`Transaction::lock_entry`] and [`Transaction::see_newest`].
    pub async fn update_waiting(
        &mut self,
        collection: &Arc<Collection>,
        key: &EntryKey,
        changes: Vec<(usize, Value)>,
        waits: &LockWaits<'_>,
    ) -> Result<bool> {
        let positions: Vec<usize> = changes.iter().map(|(position, _)| *position).collect();
        if collection.kind == CollectionKind::Auth || mode_of_update(collection, &positions) != LockMode::Update {
            return self.update(collection, key, changes);
        }
        for _ in 0..TRIES_MAX {
            let Some(mut row) = self.view.row(collection, key)? else { return Ok(false) };
            for (position, value) in &changes {
                if let Some(slot) = row.get_mut(*position) {
                    slot.clone_from(value);
                }
            }
            let is_whole =
                collection.primary_key.iter().all(|position| row.get(*position).is_some_and(|part| !part.is_null()));
            if is_whole && !collection.primary_key.is_empty() {
                let moved = self.key_of(collection, &row)?;
                if moved != *key {
                    self.lock_entry(collection, &moved, LockMode::Update, waits).await?;
                    self.see_newest(collection, &moved)?;
                }
            }
            self.lock_values(collection, &row, Some(&positions), waits).await?;
            let updated = self.update(collection, key, changes.clone());
            let is_refused = updated.as_ref().is_err_and(|error| error.kind() == ErrorKind::UniqueViolation);
            if !is_refused || !self.has_way_cleared(collection, waits).await? {
                return updated;
            }
        }
        Err(concurrent("update"))
    }

    /// Locks the values that a row is to have in the unique indexes over columns; `changed` names those that are new.
    async fn lock_values(
        &mut self,
        collection: &Collection,
        row: &Row,
        changed: Option<&[usize]>,
        waits: &LockWaits<'_>,
    ) -> Result<()> {
        for index in unique_indexes(collection) {
            let positions = index.kind.key_positions();
            let is_concerned = |at: &Option<usize>| at.is_none_or(|at| changed.is_none_or(|all| all.contains(&at)));
            if !positions.iter().any(is_concerned) {
                continue;
            }
            let operands = self.view.index_rules(collection, index)?.operands;
            let value = |operand: &Operand| match operand {
                Operand::Column(at) => row.get(*at).filter(|value| !value.is_null()).cloned(),
                _ => None,
            };
            // Two NULLs are no duplicates; what only the record tells is compared at COMMIT.
            let values: Option<Vec<Value>> = operands.iter().map(value).collect();
            let Some(values) = values else { continue };
            let mut columns = Vec::new();
            encode_key(&values, &mut columns)?;
            if !self.locks.try_take((index.id, &columns), LockMode::Update)? {
                self.wait_for_lock((index.id, &columns), LockMode::Update, waits).await?;
            }
        }
        if self.is_behind() && self.isolation == Isolation::ReadCommitted {
            self.renew();
        }
        Ok(())
    }

    /// A row was refused because of another one: waits for whoever changes that one, and says whether to try again.
    async fn has_way_cleared(&mut self, collection: &Collection, waits: &LockWaits<'_>) -> Result<bool> {
        let Some(other) = self.in_the_way.take() else { return Ok(false) };
        let mark = self.locks.mark();
        let place = (collection.id, other.as_bytes());
        let waited = !self.locks.try_take(place, LockMode::KeyShare)?;
        if waited {
            self.wait_for_lock(place, LockMode::KeyShare, waits).await?;
        }
        let is_changed = self.is_changed(collection, &other)?;
        self.locks.release_to(mark);
        if !is_changed {
            return Ok(false);
        }
        if self.isolation == Isolation::ReadCommitted && self.renew() {
            return Ok(true);
        }
        Err(concurrent("update"))
    }
}

/// The unique indexes of a collection besides its primary key.
fn unique_indexes(collection: &Collection) -> impl Iterator<Item = &Index> {
    collection.indexes.iter().filter(|index| index.is_ordered_and_followed() && index.kind.is_unique())
}

/// How an UPDATE of these columns locks its rows: those of a key, or of a unique index, change what others may refer to.
pub fn mode_of_update(collection: &Collection, positions: &[usize]) -> LockMode {
    let is_changed = |at: &usize| positions.contains(at);
    let is_key = collection.primary_key.iter().any(is_changed)
        || unique_indexes(collection).any(|index| index.kind.key_positions().iter().flatten().any(is_changed));
    if is_key { LockMode::Update } else { LockMode::NoKeyUpdate }
}

/// Somebody else has changed a row since the transaction's snapshot.
pub fn concurrent(what: &str) -> Error {
    Error::new(ErrorKind::SerializationFailure, format!("could not serialize access due to concurrent {what}"))
}

//! The columns that a node holds: one store for each collection of which a statement wanted some, all within one budget.
//!
//! A store is a cache that may go at any time. What it must not do is miss a change: [`ColumnStores::begin_write`] notes the keys
//! of a group of commits in every store that listens before the group is written. One that begins to listen while a group is
//! being written may have missed that group, so that it knows of changes from the end of that group on only.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::db::columns::changed_keys::ChangedKeys;
use crate::db::columns::columns::Columns;
use crate::db::columns::selected_cache::SelectedCache;
use crate::expr::Operand;
use crate::model::{Collection, CollectionId};

/// Bytes that the columns of all collections may take together. Beyond that the operands go that were not asked for the longest.
pub(crate) const COLUMNS_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Operands of one collection that have columns or could not have them, at most.
pub(crate) const OPERANDS_MAX: usize = 256;

/// Collections that have stores, at most; the one goes that was not asked for the longest.
const STORES_MAX: usize = 32;

/// An operand that statements have asked for.
#[derive(Clone, Debug)]
struct WantedOperand {
    operand: Operand,
    /// When it was asked for last, by the clock of the stores.
    used: u64,
    /// Too many of its values are of kinds that do not go into one column.
    is_mixed: bool,
}

/// The columns of one collection.
#[derive(Debug)]
pub(crate) struct ColumnStore {
    changed: ChangedKeys,
    columns: RwLock<Option<Arc<Columns>>>,
    wanted: Mutex<Vec<WantedOperand>>,
    /// When it was asked for last, by the clock of the stores.
    used: AtomicU64,
    /// Held by whoever makes columns or brings them up to date.
    work: Mutex<()>,
    /// Somebody makes columns in the background.
    is_filling: AtomicBool,
    /// It has more entries than are read while a statement waits.
    is_large: AtomicBool,
    /// Entries that were read by an index since columns were put, where columns that were missing would have spared it.
    rent: AtomicUsize,
    /// What filters have selected lately.
    pub selected: SelectedCache,
}

impl ColumnStore {
    fn new() -> ColumnStore {
        ColumnStore {
            changed: ChangedKeys::new(),
            columns: RwLock::new(None),
            wanted: Mutex::default(),
            used: AtomicU64::new(0),
            work: Mutex::default(),
            is_filling: AtomicBool::new(false),
            is_large: AtomicBool::new(false),
            rent: AtomicUsize::new(0),
            selected: SelectedCache::default(),
        }
    }

    /// The keys that commits have changed.
    pub fn changed(&self) -> &ChangedKeys {
        &self.changed
    }

    /// The columns as they are now, where the definition that they were read by is as good as `collection`.
    pub fn columns(&self, collection: &Arc<Collection>) -> Option<Arc<Columns>> {
        let columns = self.columns.read().clone();
        columns.filter(|columns| is_read_alike(columns.collection(), collection))
    }

    /// Puts columns in the place of those that are there.
    pub fn put(&self, columns: Arc<Columns>) {
        self.forget_rent();
        *self.columns.write() = Some(columns);
    }

    /// Ends it: whoever has it still is not told of changes any more, and gets no columns of it.
    fn close(&self) {
        self.changed.close();
        self.clear();
    }

    /// Lets all columns go.
    pub fn clear(&self) {
        *self.columns.write() = None;
        self.changed.stop();
        self.selected.clear();
    }

    /// The right to make columns; `None` while somebody else has it.
    pub fn try_work(&self) -> Option<MutexGuard<'_, ()>> {
        self.work.try_lock()
    }

    /// Whether the caller is to fill columns in the background; it says when it is done by [`ColumnStore::end_filling`].
    pub fn begin_filling(&self) -> bool {
        !self.is_filling.swap(true, Ordering::AcqRel)
    }

    pub fn end_filling(&self) {
        self.is_filling.store(false, Ordering::Release);
    }

    pub fn is_large(&self) -> bool {
        self.is_large.load(Ordering::Relaxed)
    }

    pub fn set_large(&self, is_large: bool) {
        self.is_large.store(is_large, Ordering::Relaxed);
    }

    /// Notes that operands are wanted now; gives those back that columns can be had of.
    fn want<'o>(&self, operands: &[&'o Operand], now: u64) -> Vec<&'o Operand> {
        self.used.store(now, Ordering::Relaxed);
        let mut wanted = self.wanted.lock();
        let mut to_be_had = Vec::with_capacity(operands.len());
        for operand in operands {
            let known = wanted.iter_mut().find(|known| known.operand == **operand);
            if known.as_ref().is_none_or(|known| !known.is_mixed) {
                to_be_had.push(*operand);
            }
            if let Some(known) = known {
                known.used = now;
                continue;
            }
            if wanted.len() >= OPERANDS_MAX
                && let Some(oldest) = (0..wanted.len()).min_by_key(|place| wanted.get(*place).map(|one| one.used))
            {
                wanted.swap_remove(oldest);
            }
            wanted.push(WantedOperand { operand: (*operand).clone(), used: now, is_mixed: false });
        }
        to_be_had
    }

    /// Whether a column of an operand can be had, as far as is known.
    pub fn may_have(&self, operand: &Operand) -> bool {
        !self.wanted.lock().iter().any(|known| known.is_mixed && known.operand == *operand)
    }

    /// Notes that so many entries were read by an index for want of columns; how many there were since columns were put.
    pub fn pay_rent(&self, entries: usize) -> usize {
        self.rent.fetch_add(entries, Ordering::Relaxed).saturating_add(entries)
    }

    /// Begins to count such entries anew.
    pub fn forget_rent(&self) {
        self.rent.store(0, Ordering::Relaxed);
    }

    /// Notes that an operand has values of too many kinds for a column.
    pub fn set_mixed(&self, operand: &Operand) {
        let mut wanted = self.wanted.lock();
        wanted.iter_mut().filter(|known| known.operand == *operand).for_each(|known| known.is_mixed = true);
    }

    /// When an operand was asked for last.
    fn used(&self, operand: &Operand) -> u64 {
        self.wanted.lock().iter().find(|known| known.operand == *operand).map_or(0, |known| known.used)
    }

    /// Bytes of memory.
    fn bytes(&self) -> usize {
        let columns = self.columns.read().as_ref().map_or(0, |columns| columns.bytes());
        columns + self.changed.bytes() + self.selected.bytes()
    }
}

/// Whether entries have the same operands by two definitions of their collection.
pub(crate) fn is_read_alike(one: &Arc<Collection>, other: &Arc<Collection>) -> bool {
    Arc::ptr_eq(one, other)
        || (one.id == other.id
            && one.kind == other.kind
            && one.primary_key == other.primary_key
            && one.columns == other.columns
            && one.dropped == other.dropped)
}

/// What all columns take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnsStatus {
    /// Collections that have columns.
    pub collections: u64,
    pub columns: u64,
    /// Bytes of memory.
    pub bytes: u64,
}

/// The columns of all collections.
#[derive(Debug, Default)]
pub(crate) struct ColumnStores {
    stores: RwLock<HashMap<CollectionId, Arc<ColumnStore>>>,
    /// Number of the last commit of the group that is being written; 0 while none is.
    writing: AtomicU64,
    clock: AtomicU64,
}

impl ColumnStores {
    /// Notes the keys that a group of commits changes, the last of which has the number `version`: before it is written.
    pub fn begin_write<'k>(&self, version: u64, places: impl Iterator<Item = (CollectionId, &'k [u8])>) {
        // Before the stores are looked at: one that is not among them is made by somebody who sees this.
        self.writing.store(version, Ordering::SeqCst);
        let stores = self.stores.read();
        if stores.is_empty() {
            return;
        }
        let mut keys: BTreeMap<CollectionId, Vec<&[u8]>> = BTreeMap::new();
        for (collection, key) in places.filter(|(collection, _)| stores.contains_key(collection)) {
            keys.entry(collection).or_default().push(key);
        }
        for (collection, keys) in keys {
            if let Some(store) = stores.get(&collection) {
                store.changed.note(version, keys.into_iter());
            }
        }
    }

    /// The group of commits is written and visible, or was given up.
    pub fn end_write(&self) {
        self.writing.store(0, Ordering::SeqCst);
    }

    /// The store of a collection, if any.
    pub fn get(&self, collection: CollectionId) -> Option<Arc<ColumnStore>> {
        self.stores.read().get(&collection).cloned()
    }

    /// The store of a collection, which is made where there is none.
    pub fn store(&self, collection: CollectionId) -> Arc<ColumnStore> {
        if let Some(store) = self.get(collection) {
            return store;
        }
        let mut stores = self.stores.write();
        if stores.len() >= STORES_MAX && !stores.contains_key(&collection) {
            let oldest = stores.iter().min_by_key(|(_, store)| store.used.load(Ordering::Relaxed));
            if let Some(oldest) = oldest.map(|(id, _)| *id)
                && let Some(store) = stores.remove(&oldest)
            {
                store.close();
            }
        }
        Arc::clone(stores.entry(collection).or_insert_with(|| Arc::new(ColumnStore::new())))
    }

    /// As [`ColumnStores::store`], where no other one has to go for it.
    pub fn store_if_room(&self, collection: CollectionId) -> Option<Arc<ColumnStore>> {
        if let Some(store) = self.get(collection) {
            return Some(store);
        }
        let has_room = self.stores.read().len() < STORES_MAX;
        has_room.then(|| self.store(collection))
    }

    /// Has the changes of a collection noted from now on, before columns of it are made; `version` gives the number of the last
    /// visible commit.
    pub fn listen(&self, store: &ColumnStore, version: impl FnOnce() -> u64) {
        if store.changed.listen() {
            // A group that has begun before it listened is in none of its notes; one that has ended is visible.
            let writing = self.writing.load(Ordering::SeqCst);
            store.changed.begin(writing.max(version()));
        }
    }

    /// Drops the columns of collections that are no more.
    pub fn retain(&self, is_there: impl Fn(CollectionId) -> bool) {
        let gone = self.stores.read().keys().any(|collection| !is_there(*collection));
        if gone {
            self.stores.write().retain(|collection, store| {
                let is_there = is_there(*collection);
                if !is_there {
                    store.close();
                }
                is_there
            });
        }
    }

    /// Notes that operands of a collection are wanted; gives those back that columns can be had of.
    pub fn want<'o>(&self, store: &ColumnStore, operands: &[&'o Operand]) -> Vec<&'o Operand> {
        store.want(operands, self.clock.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Lets columns go until all take no more than the budget, those first that were not asked for the longest, and `kept` not:
    /// it was just made for somebody.
    pub fn keep_to_budget(&self, kept: &Arc<ColumnStore>) {
        let stores: Vec<Arc<ColumnStore>> = self.stores.read().values().cloned().collect();
        let mut bytes: usize = stores.iter().map(|store| store.bytes()).sum();
        let newest = self.clock.load(Ordering::Relaxed);
        let mut operands: Vec<(u64, usize, Operand)> = Vec::new();
        for (place, store) in stores.iter().enumerate() {
            if let Some(columns) = store.columns.read().as_ref() {
                operands.extend(columns.operands().map(|operand| (store.used(operand), place, operand.clone())));
            }
        }
        operands.sort_by_key(|(used, place, _)| (*used, *place));
        for (used, place, operand) in operands {
            let Some(store) = stores.get(place) else { continue };
            if bytes <= COLUMNS_BYTES_MAX || (used == newest && Arc::ptr_eq(store, kept)) {
                break;
            }
            let before = store.bytes();
            let mut columns = store.columns.write();
            let rest = columns.as_ref().map(|columns| columns.without(&|known| *known == operand));
            *columns = rest.filter(|columns| columns.operands().next().is_some()).map(Arc::new);
            let is_empty = columns.is_none();
            drop(columns);
            if is_empty {
                store.clear();
            }
            store.selected.clear();
            bytes = bytes.saturating_sub(before.saturating_sub(store.bytes()));
        }
    }

    /// What all columns take.
    pub fn status(&self) -> ColumnsStatus {
        let mut status = ColumnsStatus::default();
        for store in self.stores.read().values() {
            let columns = store.columns.read().clone();
            status.collections += u64::from(columns.is_some());
            status.columns += columns.map_or(0, |columns| columns.operands().count() as u64);
            status.bytes += store.bytes() as u64;
        }
        status
    }
}

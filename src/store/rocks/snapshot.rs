//! Reading the store as it was at one moment: single keys, many keys, ranges.
//!
//! A [`Snapshot`] owns all it needs, is shared by cloning, and never changes. Point reads of entries allocate nothing but
//! what RocksDB pins.

use std::cmp::Ordering;
use std::ops::Deref;
use std::sync::Arc;

use rocksdb::{DB, DBPinnableSlice, DBRawIterator, ReadOptions, SnapshotWithThreadMode};

use crate::error::Result;
use crate::store::key::family::Family;
use crate::store::key::key::{Key, KeyRange};
use crate::store::rocks::column_families::{RocksDatabase, store_error};

/// Keys that a walk steps over before it looks for the next one anew.
const STEPS_MAX: usize = 4;

/// The store at one moment. Clones share it.
#[derive(Clone)]
pub struct Snapshot {
    held: Arc<Held>,
}

/// Fields are dropped from top to bottom: the options point at the snapshot, the snapshot at the database.
struct Held {
    options: ReadOptions,
    snapshot: SnapshotWithThreadMode<'static, DB>,
    database: Arc<RocksDatabase>,
}

/// Bytes of the store, pinned where they lie.
pub struct PinnedBytes<'a>(DBPinnableSlice<'a>);

impl Deref for PinnedBytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for PinnedBytes<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Snapshot {
    pub(in crate::store) fn new(database: Arc<RocksDatabase>) -> Snapshot {
        let db: *const DB = &raw const database.db;
        // SAFETY: `db` lies in the allocation of `database`, which does not move and of which `Held` keeps a counted
        // reference. `Held` drops `snapshot` before that reference and lends neither beyond its own lifetime, so the
        // database outlives every use of this reference. Nobody has `&mut` access to a `RocksDatabase` inside an `Arc`.
        let db: &'static DB = unsafe { &*db };
        let snapshot = db.snapshot();
        let mut options = ReadOptions::default();
        options.set_snapshot(&snapshot);
        Snapshot { held: Arc::new(Held { options, snapshot, database }) }
    }

    /// RocksDB's number of the last write that the snapshot sees.
    pub fn sequence_number(&self) -> u64 {
        self.held.snapshot.sequence_number()
    }

    pub(super) fn database(&self) -> &RocksDatabase {
        &self.held.database
    }

    pub(super) fn rocksdb(&self) -> &SnapshotWithThreadMode<'static, DB> {
        &self.held.snapshot
    }

    /// Whether the store has a family: one of an older format that is only read may lack some.
    pub(super) fn has_family(&self, family: Family) -> bool {
        self.held.database.has_family(family)
    }

    /// The value of a key, without copying it.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged block, XX000 for a family that an older store lacks.
    pub fn get(&self, key: &Key<'_>) -> Result<Option<PinnedBytes<'_>>> {
        let family = self.held.database.family(key.family())?;
        key.with_bytes(|bytes| self.held.database.db.get_pinned_cf_opt(family, bytes, &self.held.options))
            .map(|found| found.map(PinnedBytes))
            .map_err(|error| store_error(&error))
    }

    /// Walks a range; see [`ScanIter::next`].
    pub fn scan<'a>(&'a self, range: &KeyRange) -> ScanIter<'a> {
        ScanIter { iterator: self.raw_iterator(range), state: ScanState::new(range) }
    }

    fn raw_iterator(&self, range: &KeyRange) -> Result<DBRawIterator<'_>> {
        let family = self.held.database.family(range.family())?;
        let mut options = ReadOptions::default();
        options.set_snapshot(&self.held.snapshot);
        options.set_iterate_lower_bound(range.lower());
        if let Some(upper) = range.upper() {
            options.set_iterate_upper_bound(upper);
        }
        options.fill_cache(range.keeps_cached());
        Ok(self.held.database.db.raw_iterator_cf_opt(family, options))
    }
}

/// A walk over a range, forward or in reverse.
pub struct ScanIter<'a> {
    iterator: Result<DBRawIterator<'a>>,
    state: ScanState,
}

struct ScanState {
    prefix: Vec<u8>,
    reverse: bool,
    at: Place,
}

#[derive(PartialEq, Eq)]
enum Place {
    BeforeFirst,
    Inside,
    End,
}

impl ScanState {
    fn new(range: &KeyRange) -> Self {
        let at = if range.is_empty() { Place::End } else { Place::BeforeFirst };
        ScanState { prefix: range.prefix().to_vec(), reverse: range.is_reversed(), at }
    }
}

impl ScanIter<'_> {
    /// The next key, without the prefix of the range, and its value.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    #[expect(clippy::should_implement_trait, reason = "what it returns borrows from it, which Iterator cannot say")]
    pub fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let iterator = self.iterator.as_mut().map_err(|error| error.clone())?;
        match (&self.state.at, self.state.reverse) {
            (Place::End, _) => return Ok(None),
            (Place::BeforeFirst, false) => iterator.seek_to_first(),
            (Place::BeforeFirst, true) => iterator.seek_to_last(),
            (Place::Inside, false) => iterator.next(),
            (Place::Inside, true) => iterator.prev(),
        }
        if iterator.valid() {
            self.state.at = Place::Inside;
            let prefix_len = self.state.prefix.len();
            Ok(iterator.item().map(|(key, value)| (key.get(prefix_len..).unwrap_or_default(), value)))
        } else {
            self.state.at = Place::End;
            iterator.status().map_err(|error| store_error(&error))?;
            Ok(None)
        }
    }

    /// The value of a key, given without the prefix of the range, in a walk forward: for keys that grow from call to call.
    /// What lies between is stepped over, or skipped where it is more than a few keys.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    pub fn find(&mut self, key: &[u8]) -> Result<Option<&[u8]>> {
        let iterator = self.iterator.as_mut().map_err(|error| error.clone())?;
        let prefix = &self.state.prefix;
        let mut steps = if self.state.at == Place::BeforeFirst { STEPS_MAX } else { 0 };
        let order = loop {
            let found = iterator.key().filter(|_| self.state.at != Place::BeforeFirst);
            match found.map(|found| found.get(prefix.len()..).unwrap_or_default().cmp(key)) {
                Some(order @ (Ordering::Equal | Ordering::Greater)) => break order,
                None if self.state.at == Place::End => return Ok(None),
                _ if steps < STEPS_MAX => iterator.next(),
                _ => iterator.seek([prefix.as_slice(), key].concat()),
            }
            steps += 1;
            self.state.at = if iterator.valid() { Place::Inside } else { Place::End };
            iterator.status().map_err(|error| store_error(&error))?;
        };
        Ok(iterator.value().filter(|_| order == Ordering::Equal))
    }
}

//! The door to RocksDB: open, snapshot, write, close.
//!
//! A write is one atomic batch, on disk when it returns unless the store was opened otherwise. RocksDB joins the batches
//! of concurrent writers into one fsync. Snapshots are cheap: as long as nothing is written, all readers share one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use rocksdb::checkpoint::Checkpoint;
use rocksdb::{FlushOptions, WriteBatch, WriteOptions};

use crate::error::{Error, ErrorKind, Result};
use crate::model::Collection;
use crate::store::files::disk::file_bytes;
use crate::store::key::family::Family;
use crate::store::key::key::{Key, KeyRange};
use crate::store::rocks::batch::{Batch, BatchChange};
use crate::store::rocks::check::{CheckReport, check_snapshot};
use crate::store::rocks::column_families::{
    FORMAT_KEY, LEGACY_STORE, PROVEN_FORMAT, RocksDatabase, STORE_FORMAT, store_error,
};
use crate::store::rocks::poison::Poison;
use crate::store::rocks::snapshot::Snapshot;

/// Bytes of the block cache, where nothing else is configured.
const CACHE_BYTES_DEFAULT: usize = 256 * 1024 * 1024;
/// Bytes that RocksDB adds to one change of a batch, at most.
const CHANGE_BYTES: usize = 16;
/// Written to find out whether the disk works again.
const ATTEMPT_KEY: Key<'static> = Key::Meta("write_attempt");

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Takes no lock and refuses writes.
    pub read_only: bool,
    /// Bytes of the block cache that all column families share.
    pub cache_bytes: usize,
    /// Whether a write waits until it is on disk. Without it, power loss may take the last writes; a killed process loses
    /// none.
    pub sync: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions { read_only: false, cache_bytes: CACHE_BYTES_DEFAULT, sync: true }
    }
}

/// The store of one data directory. Clones share it; the last one to go, snapshots included, releases the directory.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    database: Arc<RocksDatabase>,
    options: StoreOptions,
    synced: WriteOptions,
    unsynced: WriteOptions,
    poison: Poison,
    closed: AtomicBool,
    /// The snapshot of everything written so far, until the next write.
    current: Mutex<Option<Snapshot>>,
}

/// Estimates of what the store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStatistics {
    /// Keys in all column families.
    pub keys: u64,
    /// Keys of each column family.
    pub families: Vec<(&'static str, u64)>,
}

impl Store {
    /// Opens a data directory, or makes a new one.
    ///
    /// # Errors
    /// `ObjectInUse` when another server holds it, `Configuration` for a newer format, `Corrupted`, `DiskFull`, `Io`.
    pub fn open(dir: &Path, options: &StoreOptions) -> Result<Store> {
        let database = Arc::new(RocksDatabase::open(dir, options)?);
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        let store = Store {
            shared: Arc::new(Shared {
                database,
                options: options.clone(),
                synced,
                unsynced: WriteOptions::default(),
                poison: Poison::default(),
                closed: AtomicBool::new(false),
                current: Mutex::new(None),
            }),
        };
        let format = store.snapshot().get(&FORMAT_KEY)?.map(|bytes| bytes.to_vec());
        match format {
            Some(stored) => {
                let format = store.shared.database.check_format(&stored)?;
                if format < STORE_FORMAT && !options.read_only {
                    store.take_over(format)?;
                }
            }
            None if options.read_only => {}
            None => {
                let mut batch = Batch::new();
                batch.put(&FORMAT_KEY, STORE_FORMAT.to_string().as_bytes());
                store.write(batch)?;
            }
        }
        Ok(store)
    }

    /// Brings a store of an older format to this one, whole or not at all: definitions get the ids of their columns.
    fn take_over(&self, format: u32) -> Result<()> {
        let mut batch = Batch::new();
        batch.put(&FORMAT_KEY, STORE_FORMAT.to_string().as_bytes());
        if format < PROVEN_FORMAT {
            batch.put(&LEGACY_STORE, &[]);
        }
        let snapshot = self.snapshot();
        let mut stored = snapshot.scan(&KeyRange::collections());
        while let Some((_, json)) = stored.next()? {
            let damaged = |error| Error::new(ErrorKind::Corrupted, format!("the catalog cannot be read: {error}"));
            let collection: Collection = serde_json::from_slice(json).map_err(damaged)?;
            let json = serde_json::to_vec(&collection).map_err(|error| Error::internal(error.to_string()))?;
            batch.put(&Key::Collection(collection.id), &json);
        }
        drop(stored);
        self.write(batch)
    }

    /// The store as it is now: sees every write that has returned.
    pub fn snapshot(&self) -> Snapshot {
        // Made under the lock: otherwise a write could end between making and keeping it, and be missed by later readers.
        let mut current = self.shared.current.lock();
        current.get_or_insert_with(|| Snapshot::new(Arc::clone(&self.shared.database))).clone()
    }

    /// Applies a batch whole or not at all; on disk when it returns, if the store syncs.
    ///
    /// # Errors
    /// `DiskFull` or `Io`; from then on writes are refused until the disk works again. A failed fsync may leave the batch
    /// in the log, so that it shows after a restart.
    pub fn write(&self, batch: Batch) -> Result<()> {
        self.shared.apply(&batch, self.shared.options.sync)
    }

    /// As [`write`](Self::write), but power loss may take it: for what can be built again.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_unsynced(&self, batch: Batch) -> Result<()> {
        self.shared.apply(&batch, false)
    }

    /// Reads everything and verifies it; see [`CheckReport`].
    ///
    /// # Errors
    /// None today; what is damaged or cannot be read stands in the report.
    pub fn check(&self) -> Result<CheckReport> {
        check_snapshot(&self.snapshot())
    }

    /// Makes a second copy of RocksDB's files, as of one moment between two writes, in `folder`, which must not exist. On the
    /// same file system it costs next to nothing: files that never change are hard links.
    ///
    /// # Errors
    /// `DiskFull` or `Io`.
    pub fn checkpoint(&self, folder: &Path) -> Result<()> {
        Checkpoint::new(&self.shared.database.db)
            .and_then(|checkpoint| checkpoint.create_checkpoint(folder))
            .map_err(|error| store_error(&error))
    }

    /// Bytes of RocksDB's files: tables, also those that wait to be removed, and the log of what is in no table yet. Blobs
    /// and saved graphs lie beside them. It asks for the size of each file and reads none.
    ///
    /// # Errors
    /// `Io` where the directory cannot be read.
    pub fn file_bytes(&self) -> Result<u64> {
        Ok(file_bytes(&self.shared.database.folder())?)
    }

    pub fn directory(&self) -> &Path {
        &self.shared.database.directory
    }

    pub fn options(&self) -> &StoreOptions {
        &self.shared.options
    }

    /// Refuses writes from now on and moves what only the log holds into tables, so that the next start is quick.
    /// Snapshots stay readable.
    pub fn close(&self) {
        if self.shared.closed.swap(true, Ordering::AcqRel) || self.shared.options.read_only {
            return;
        }
        drop(self.shared.current.lock().take());
        if let Err(error) = self.shared.flush() {
            tracing::warn!(%error, "could not flush at shutdown; the next start replays the log instead");
        }
        self.shared.database.db.cancel_all_background_work(true);
    }

    /// Why it does not write now: its last write has failed.
    pub fn failure(&self) -> Option<Error> {
        self.shared.poison.failure()
    }

    pub fn statistics(&self) -> StoreStatistics {
        let number = |family: Family, property: &str| {
            let handle = self.shared.database.family(family).ok()?;
            self.shared.database.db.property_int_value_cf(handle, property).ok().flatten()
        };
        let mut statistics = StoreStatistics::default();
        for family in Family::ALL {
            let keys = number(family, "rocksdb.estimate-num-keys").unwrap_or(0);
            statistics.keys = statistics.keys.saturating_add(keys);
            statistics.families.push((family.name(), keys));
        }
        statistics
    }
}

impl Shared {
    fn apply(&self, batch: &Batch, sync: bool) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        if self.options.read_only {
            return Err(Error::new(ErrorKind::InsufficientPrivilege, "the store is open for reading only"));
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Shutdown, "the store is closed"));
        }
        self.poison.check(Instant::now(), || self.attempt())?;
        let result = self.write(batch, sync);
        // Whatever came of it, the next reader looks again. Dropped outside of the lock, as releasing takes a while.
        let outdated = self.current.lock().take();
        drop(outdated);
        result.map_err(|error| self.poison.record(Instant::now(), error))
    }

    /// A small durable write, to see whether the disk works.
    fn attempt(&self) -> Result<()> {
        let mut batch = Batch::new();
        batch.put(&ATTEMPT_KEY, b"");
        self.write(&batch, true)
    }

    fn write(&self, batch: &Batch, sync: bool) -> Result<()> {
        let mut changes = WriteBatch::with_capacity_bytes(batch.bytes() + batch.len() * CHANGE_BYTES);
        for (family, change) in batch.changes() {
            let family = self.database.family(family)?;
            match change {
                BatchChange::Put { key, value } => changes.put_cf(family, key, value),
                BatchChange::Delete { key } => changes.delete_cf(family, key),
                BatchChange::DeleteRange { from, to } => changes.delete_range_cf(family, from, to),
            }
        }
        let options = if sync { &self.synced } else { &self.unsynced };
        self.database.db.write_opt(changes, options).map_err(|error| store_error(&error))
    }

    fn flush(&self) -> Result<()> {
        let families =
            Family::ALL.into_iter().map(|family| self.database.family(family)).collect::<Result<Vec<_>>>()?;
        self.database.db.flush_cfs_opt(&families, &FlushOptions::default()).map_err(|error| store_error(&error))
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;

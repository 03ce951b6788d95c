//! The RocksDB database behind the store: opening it, its format, and what its errors mean to a client.
//!
//! Everything lies in the folder `rocksdb` of the data directory. RocksDB's own lock keeps a second server out.

use std::path::{Path, PathBuf};

use rocksdb::{ColumnFamily, DB, Options};

use crate::error::{Error, ErrorKind, Result};
use crate::store::files::private_directory;
use crate::store::key::family::Family;
use crate::store::key::key::Key;
use crate::store::rocks::store::StoreOptions;
use crate::store::rocks::tuning::{database_options, descriptors};

/// The format of keys and values that this program writes.
pub const STORE_FORMAT: u32 = 3;
/// From this one on public states are proven.
pub(super) const PROVEN_FORMAT: u32 = 2;
/// The oldest format that this program takes over.
const STORE_FORMAT_MIN: u32 = 1;
/// Holds the format, in decimal.
pub(super) const FORMAT_KEY: Key<'static> = Key::Meta("format");
/// Set when a store of a format without proofs is taken over, until that is dealt with.
pub const LEGACY_STORE: Key<'static> = Key::Meta("legacy");
const FOLDER: &str = "rocksdb";

/// An open database.
pub(in crate::store) struct RocksDatabase {
    pub(super) db: DB,
    pub(in crate::store) directory: PathBuf,
}

impl RocksDatabase {
    pub(in crate::store) fn open(directory: &Path, options: &StoreOptions) -> Result<RocksDatabase> {
        let folder = directory.join(FOLDER);
        let exists = folder.join("CURRENT").exists();
        if options.read_only && !exists {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!("there is no database in {}", directory.display()),
            )
            .with_hint("Name the data directory of a server with --data-dir."));
        }
        if !options.read_only {
            private_directory::make_or_close(&folder)?;
        }
        let fail = |error: rocksdb::Error| open_error(directory, &error);
        let others = if exists { DB::list_cf(&Options::default(), &folder).map_err(fail)? } else { Vec::new() };
        let mut families = descriptors(options.cache_bytes, &others);
        if options.read_only {
            families.retain(|family| others.iter().any(|other| other == family.name()));
        }
        let db = if options.read_only {
            DB::open_cf_descriptors_read_only(&database_options(options), &folder, families, false)
        } else {
            DB::open_cf_descriptors(&database_options(options), &folder, families)
        };
        Ok(RocksDatabase { db: db.map_err(fail)?, directory: directory.to_path_buf() })
    }

    /// Where RocksDB's files lie.
    pub(in crate::store) fn folder(&self) -> PathBuf {
        self.directory.join(FOLDER)
    }

    pub(in crate::store) fn family(&self, family: Family) -> Result<&ColumnFamily> {
        self.db
            .cf_handle(family.name())
            .ok_or_else(|| Error::internal(format!("the column family {} is not open", family.name())))
    }

    /// Whether a store has a family: one of an older format that is only read may lack some.
    pub(super) fn has_family(&self, family: Family) -> bool {
        self.db.cf_handle(family.name()).is_some()
    }

    /// The number of a stored format that this program reads.
    pub(super) fn check_format(&self, stored: &[u8]) -> Result<u32> {
        let format: Option<u32> = std::str::from_utf8(stored).ok().and_then(|text| text.parse().ok());
        match format {
            Some(format @ STORE_FORMAT_MIN..=STORE_FORMAT) => Ok(format),
            Some(newer) if newer > STORE_FORMAT => Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "the data directory {} has format {newer}, this program reads up to {STORE_FORMAT}",
                    self.directory.display()
                ),
            )
            .with_hint("Start the newer nebulusdb that wrote it, or name another directory with --data-dir.")),
            _ => Err(Error::new(
                ErrorKind::Corrupted,
                format!("the data directory {} has an unknown format", self.directory.display()),
            )),
        }
    }
}

fn open_error(directory: &Path, error: &rocksdb::Error) -> Error {
    let text = error.as_ref();
    if text.contains("While lock file") || text.contains("lock hold by current process") {
        return Error::new(
            ErrorKind::ObjectInUse,
            format!("another server holds the data directory {}", directory.display()),
        )
        .with_hint("Stop that server, or name another directory with --data-dir.");
    }
    let error = store_error(error);
    let otherwise = match error.kind() {
        ErrorKind::DiskFull => "Free at least 100 MiB there, and start again.",
        _ => "Check that the directory belongs to this user and its disk works.",
    };
    Error::new(error.kind(), format!("cannot open the data directory {}: {}", directory.display(), error.message()))
        .with_hint(error.hint().unwrap_or(otherwise))
}

/// What a RocksDB error means to a client.
pub(super) fn store_error(error: &rocksdb::Error) -> Error {
    let text = error.as_ref();
    let full = ["No space left", "Disk quota exceeded", "Space limit reached"].iter().any(|sign| text.contains(sign));
    match error.kind() {
        _ if full => Error::new(ErrorKind::DiskFull, "the disk of the data directory is full").with_detail(text),
        rocksdb::ErrorKind::Corruption => Error::damaged("stored data is damaged").with_detail(text),
        rocksdb::ErrorKind::Busy | rocksdb::ErrorKind::TryAgain => {
            Error::new(ErrorKind::ObjectInUse, "the store is busy").with_detail(text).with_hint("Try again.")
        }
        rocksdb::ErrorKind::ShutdownInProgress => Error::new(ErrorKind::Shutdown, "the store is closed"),
        _ => Error::new(ErrorKind::Io, "reading or writing the data directory failed").with_detail(text),
    }
}

//! Backups: a consistent copy of a data directory among others in one place, and the way back. A place is a folder, or with the
//! feature `s3` a prefix of a bucket (`bucket`), where the same objects have the same names.
//!
//! ```text
//! DIR/nebulusdb-backup.json   says that this is a folder of backups, and in which format
//! DIR/lock                    held by who writes to it
//! DIR/manifests/ID.json       one backup: each of its files with size and BLAKE3 hash, written last
//! DIR/objects/ab/HASH         what files hold, by hash; what several backups share is there once
//! ```
//!
//! Making one takes a checkpoint of RocksDB (hard links, at once), keeps the blobs of that moment from being collected, copies
//! what the folder does not have yet, and writes the manifest last: a backup that was interrupted is none, and what it had
//! copied is of use to the next. Restoring verifies every byte on the way into a temporary folder and renames that as a whole.
//! Saved graphs are a cache and not in it; the vault's key is only where it was asked for. So is the node's own, under the name
//! of an old one, since a restored node must be another origin: it only certifies who goes on. Who may do so, and what a
//! restored store still needs, is left to `db`.

#[cfg(feature = "s3")]
mod bucket;
mod copy;
mod folder;
#[cfg(feature = "s3")]
mod lease;
mod manifest;
mod place;
mod progress;
mod repository;
mod restore;
#[cfg(feature = "s3")]
mod s3_requests;
mod storage;
mod take;

pub use manifest::{BackupFile, Manifest};
pub use place::{BackupPlace, BucketPlace};
pub use progress::{BackupPhase, BackupProgress};
pub use repository::Repository;
pub use restore::{RestoreTarget, restore_files};
pub use take::{BackupOptions, BackupReport, BackupSource, remove_left_over, take_backup};

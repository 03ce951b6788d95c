//! Making a data directory of a backup: verified on the way, whole or not at all.
//!
//! The files go into a folder beside the wanted one, which takes its name when everything is there. One that was killed leaves
//! that folder, and the next restore to the same place removes it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::backup::manifest::Manifest;
use crate::backup::progress::{BackupPhase, BackupProgress};
use crate::backup::repository::Repository;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{STORE_FORMAT, create_file_in_private, file_error, make_private_folder, sync_folder};

/// What is put behind the name of the wanted directory until it is complete.
const UNFINISHED: &str = ".restoring";
/// Tells a folder that a restore made from any other, and is held by it.
const LOCK_FILE: &str = "nebulusdb-restore.lock";

/// Where a backup is restored to.
#[derive(Clone, Debug)]
pub struct RestoreTarget {
    pub data_directory: PathBuf,
    /// Where the vault's keys go, where they are in the backup.
    pub key_directory: PathBuf,
}

/// Restores one backup. `finish` is given the complete directory before it takes its name, and makes of it what can be opened.
///
/// # Errors
/// XX001 naming the file that is damaged or missing, F0000 for a target that is not empty and for a newer format, 55006 while
/// another restore goes there, 53100, 58030, and what `progress` stops with. The target is as it was then.
pub fn restore_files<T>(
    repository: &Repository,
    manifest: &Manifest,
    target: &RestoreTarget,
    progress: &BackupProgress,
    finish: impl FnOnce(&Path) -> Result<T>,
) -> Result<T> {
    if manifest.store_format > STORE_FORMAT {
        let message = format!(
            "backup {} has the store format {}, this program reads up to {STORE_FORMAT}",
            manifest.id, manifest.store_format
        );
        return Err(Error::new(ErrorKind::Configuration, message).with_hint("Use the newer nebulusdb that made it."));
    }
    refuse_occupied(&target.data_directory)?;
    let unfinished = with_suffix(&target.data_directory);
    let _lock = begin(&unfinished)?;
    let restored = fill(repository, manifest, target, &unfinished, progress)
        .and_then(|()| finish(&unfinished))
        .and_then(|finished| complete(&unfinished, &target.data_directory).map(|()| finished));
    if restored.is_err() {
        // What cannot be removed now is removed by the next restore to this place.
        drop(fs::remove_dir_all(&unfinished));
    }
    restored
}

fn fill(
    repository: &Repository,
    manifest: &Manifest,
    target: &RestoreTarget,
    unfinished: &Path,
    progress: &BackupProgress,
) -> Result<()> {
    progress.expect(manifest.bytes());
    progress.enter(BackupPhase::Copying);
    let own_keys = target.data_directory.join("keys") == target.key_directory;
    let mut folders = BTreeSet::new();
    let mut apart = Vec::new();
    for file in &manifest.files {
        let place = file.place()?;
        let path = unfinished.join(&place);
        let folder = path.parent().unwrap_or(unfinished);
        make_private_folder(folder)?;
        folders.extend(folder.ancestors().take_while(|each| each.starts_with(unfinished)).map(Path::to_path_buf));
        repository.fetch(file, &path, progress).map_err(|error| match error.kind() {
            ErrorKind::Corrupted => damaged(manifest, error.message()),
            _ => error,
        })?;
        progress.advance(file.bytes);
        if file.is_key() && !own_keys {
            apart.push(path);
        }
    }
    progress.enter(BackupPhase::Finishing);
    for path in apart {
        move_key(&path, &target.key_directory)?;
    }
    for folder in folders {
        sync_folder(&folder).map_err(|error| file_error(&folder, error))?;
    }
    Ok(())
}

/// Puts a key into the directory of keys; one that is there already must be the same.
fn move_key(path: &Path, directory: &Path) -> Result<()> {
    make_private_folder(directory)?;
    let target = directory.join(path.file_name().unwrap_or_default());
    let key = zeroize::Zeroizing::new(fs::read(path).map_err(|error| file_error(path, error))?);
    match fs::read(&target).map(zeroize::Zeroizing::new) {
        Ok(known) if known == key => {}
        Ok(_) => {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!("{} is there and is another key", target.display()),
            )
            .with_hint("Name another directory with --key-dir: a directory of keys belongs to one data directory."));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => crate::store::create_private_file(&target, &key)?,
        Err(error) => return Err(file_error(&target, error)),
    }
    fs::remove_file(path).map_err(|error| file_error(path, error))
}

fn damaged(manifest: &Manifest, what: &str) -> Error {
    Error::new(ErrorKind::Corrupted, format!("backup {} cannot be restored: {what}", manifest.id))
        .with_hint("Restore another backup of this folder: see `nebulusdb backup --list`. Nothing was restored.")
}

/// A directory that has something in it is somebody's.
fn refuse_occupied(directory: &Path) -> Result<()> {
    let is_empty = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        read => read.map_err(|error| file_error(directory, error))?.next().is_none(),
    };
    if is_empty {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Configuration, format!("{} is not empty", directory.display()))
        .with_hint("Name an empty directory with --data-dir, or one that does not exist: it is made."))
}

fn with_suffix(directory: &Path) -> PathBuf {
    let mut name: OsString = directory.file_name().unwrap_or_default().to_os_string();
    name.push(UNFINISHED);
    directory.with_file_name(name)
}

/// Makes the unfinished directory, in place of one that was left.
fn begin(unfinished: &Path) -> Result<File> {
    let lock_path = unfinished.join(LOCK_FILE);
    if unfinished.exists() && !lock_path.exists() {
        refuse_occupied(unfinished)?;
    }
    make_private_folder(unfinished)?;
    let lock = create_file_in_private(&lock_path).map_err(|error| file_error(&lock_path, error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Error::new(ErrorKind::ObjectInUse, "another restore to this place is under way"));
        }
        Err(TryLockError::Error(error)) => return Err(file_error(&lock_path, error)),
    }
    for entry in fs::read_dir(unfinished).map_err(|error| file_error(unfinished, error))? {
        let path = entry.map_err(|error| file_error(unfinished, error))?.path();
        if path != lock_path {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|error| file_error(&path, error))?;
        }
    }
    Ok(lock)
}

/// Gives the complete directory its name.
fn complete(unfinished: &Path, wanted: &Path) -> Result<()> {
    let parent = wanted.parent().unwrap_or(Path::new("."));
    sync_folder(unfinished).map_err(|error| file_error(unfinished, error))?;
    fs::rename(unfinished, wanted).map_err(|error| file_error(wanted, error))?;
    sync_folder(parent).map_err(|error| file_error(parent, error))?;
    // Only now: without it, what a crash leaves would be taken for somebody's folder.
    let lock_path = wanted.join(LOCK_FILE);
    fs::remove_file(&lock_path).map_err(|error| file_error(&lock_path, error))
}

//! Making a backup of an open store.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::backup::copy::hash_file;
use crate::backup::manifest::{BACKUP_FORMAT, BackupFile, Manifest};
use crate::backup::place::BackupPlace;
use crate::backup::progress::{BackupPhase, BackupProgress};
use crate::backup::repository::Repository;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{BlobStore, KeyDirectory, STORE_FORMAT, Store, file_error};

/// Where the checkpoint lies while it is copied: beside the store, so that its files can be hard links.
const CHECKPOINT_FOLDER: &str = "checkpoint.tmp";

/// What a backup is made of.
pub struct BackupSource<'a> {
    pub store: &'a Store,
    pub blobs: &'a BlobStore,
    pub keys: &'a KeyDirectory,
    /// The peer id of the node.
    pub origin: String,
    /// The files of the keys that the node has had, the present one first, each under the name that it has once it is an old one.
    pub identities: Vec<(PathBuf, String)>,
}

/// What is asked of a backup.
#[derive(Clone, Debug, Default)]
pub struct BackupOptions {
    /// Whether the vault's key and the node's own are in it.
    pub with_keys: bool,
    /// How many backups are kept, this one included; `None`: all.
    pub keep: Option<usize>,
}

/// What a backup is, once it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    pub id: String,
    pub files: usize,
    pub bytes: u64,
    /// Those that were not there from an earlier backup.
    pub new_files: usize,
    pub new_bytes: u64,
    pub has_keys: bool,
    /// The backups that are no longer kept.
    pub removed: Vec<String>,
}

/// A file that goes into the backup; the hash of a blob is its name.
struct Found {
    source: PathBuf,
    path: String,
    bytes: u64,
    hash: Option<String>,
}

/// Makes a backup in `place`. Blocks for as long as reading and copying takes; writes go on meanwhile.
///
/// # Errors
/// F0000 for a place that cannot be one of backups, 55006 while another backup writes to it, XX001 for a damaged blob, 53100,
/// 58030, and what `progress` stops with. Nothing of a backup that failed shows.
pub fn take_backup(
    source: &BackupSource<'_>,
    place: &BackupPlace,
    options: &BackupOptions,
    progress: &BackupProgress,
) -> Result<BackupReport> {
    if let BackupPlace::Folder(folder) = place {
        refuse_own_folder(source.store.directory(), folder)?;
    }
    if options.keep == Some(0) {
        return Err(Error::new(ErrorKind::InvalidParameterValue, "keep is 0; it must be at least 1"));
    }
    let repository = Repository::open_for_writing(place, &source.origin)?;
    remove_left_over(source.store.directory())?;
    let checkpoint = source.store.directory().join(CHECKPOINT_FOLDER);
    let taken = take_into(&repository, source, &checkpoint, options, progress);
    let removed = remove_left_over(source.store.directory());
    let mut report = taken?;
    removed?;
    if let Some(keep) = options.keep {
        report.removed = repository.prune(keep)?;
    }
    Ok(report)
}

fn take_into(
    repository: &Repository,
    source: &BackupSource<'_>,
    checkpoint: &Path,
    options: &BackupOptions,
    progress: &BackupProgress,
) -> Result<BackupReport> {
    progress.enter(BackupPhase::Checkpoint);
    // From before the checkpoint on, so that what it refers to is there until it is copied.
    let _held = source.blobs.hold();
    source.store.checkpoint(checkpoint)?;
    let now = chrono::Utc::now();
    let mut found = files_of(checkpoint, "rocksdb")?;
    for (hash, path, bytes) in source.blobs.files()? {
        let hash = hash.to_string();
        let place = blob_place(&hash);
        found.push(Found { source: path, path: place, bytes, hash: Some(hash) });
    }
    for key in source.keys.files()? {
        if options.with_keys || !key.is_secret {
            let name = key.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = size(&key.path)?;
            found.push(Found { source: key.path, path: format!("keys/{name}"), bytes, hash: None });
        }
    }
    for (path, name) in source.identities.iter().filter(|_| options.with_keys) {
        found.push(Found { source: path.clone(), path: name.clone(), bytes: size(path)?, hash: None });
    }
    progress.expect(found.iter().map(|file| file.bytes).sum());
    progress.enter(BackupPhase::Copying);
    let (mut files, mut new_files, mut new_bytes) = (Vec::with_capacity(found.len()), 0, 0);
    for file in found {
        let (entry, is_new) = keep_file(repository, file, progress)?;
        if is_new {
            new_files += 1;
            new_bytes += entry.bytes;
        }
        files.push(entry);
    }
    progress.enter(BackupPhase::Finishing);
    let manifest = Manifest {
        format: BACKUP_FORMAT,
        id: repository.next_id(now)?,
        made: now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        program: env!("CARGO_PKG_VERSION").to_string(),
        store_format: STORE_FORMAT,
        origin: source.origin.clone(),
        has_keys: options.with_keys,
        files,
    };
    repository.publish(&manifest)?;
    let (files, bytes) = (manifest.files.len(), manifest.bytes());
    Ok(BackupReport {
        id: manifest.id,
        files,
        bytes,
        new_files,
        new_bytes,
        has_keys: options.with_keys,
        removed: Vec::new(),
    })
}

/// Sees to it that the folder has what a file holds; whether it had to be copied.
fn keep_file(repository: &Repository, file: Found, progress: &BackupProgress) -> Result<(BackupFile, bool)> {
    let (bytes, blake3) = match file.hash {
        Some(hash) => (file.bytes, hash),
        None => {
            let (bytes, hash) = hash_file(&file.source, progress)?;
            (bytes, hash.to_hex().to_string())
        }
    };
    let entry = BackupFile { path: file.path, bytes, blake3 };
    let is_new = !repository.has(&entry)?;
    if is_new {
        repository.put(&file.source, &entry, progress)?;
    }
    progress.advance(entry.bytes);
    Ok((entry, is_new))
}

/// Removes what a backup that was killed has left beside the store.
///
/// # Errors
/// 58030 naming what cannot be removed.
pub fn remove_left_over(data_directory: &Path) -> Result<()> {
    let checkpoint = data_directory.join(CHECKPOINT_FOLDER);
    match fs::remove_dir_all(&checkpoint) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file_error(&checkpoint, error)),
        _ => Ok(()),
    }
}

/// Backups that lie in the data directory would go with it.
fn refuse_own_folder(data: &Path, folder: &Path) -> Result<()> {
    if !folder.is_absolute() {
        return Err(Error::new(
            ErrorKind::InvalidParameterValue,
            format!("\"{}\" is no absolute path", folder.display()),
        )
        .with_hint("The server does not know your working directory: name the folder from the root."));
    }
    let real = |path: &Path| fs::canonicalize(path).map_err(|error| file_error(path, error));
    let nearest = folder.ancestors().find(|part| part.exists()).unwrap_or(folder);
    if real(nearest)?.starts_with(real(data)?) {
        return Err(Error::new(
            ErrorKind::Configuration,
            format!("{} lies in the data directory, and would go with it", folder.display()),
        )
        .with_hint("Name a folder elsewhere, best on another disk."));
    }
    Ok(())
}

fn files_of(folder: &Path, name: &str) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| file_error(folder, error))? {
        let path = entry.map_err(|error| file_error(folder, error))?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.push(Found { bytes: size(&path)?, path: format!("{name}/{file}"), source: path, hash: None });
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn size(path: &Path) -> Result<u64> {
    fs::metadata(path).map(|metadata| metadata.len()).map_err(|error| file_error(path, error))
}

/// Where a blob lies in a data directory.
fn blob_place(hash: &str) -> String {
    let part = |range| hash.get(range).unwrap_or_default();
    format!("blobs/{}/{}/{hash}", part(0..2), part(2..4))
}

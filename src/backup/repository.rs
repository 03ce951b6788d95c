//! A folder of backups: its lock, its manifests, and the objects that they share.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::backup::copy::{copy_file, hash_file, write_file};
use crate::backup::manifest::{BACKUP_FORMAT, newer, number_of};
use crate::backup::{BackupFile, BackupProgress, Manifest};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{create_file_in_private, file_error, make_private_folder, sync_folder};

const MARK_FILE: &str = "nebulusdb-backup.json";
const LOCK_FILE: &str = "lock";
const MANIFESTS: &str = "manifests";
const OBJECTS: &str = "objects";
/// Where objects are written before they have their name.
const TEMPORARY: &str = "tmp";

/// A folder of backups.
pub struct Repository {
    folder: PathBuf,
    /// Held while it is written to.
    _lock: Option<File>,
}

#[derive(Serialize, Deserialize)]
struct Mark {
    format: u64,
}

impl Repository {
    /// A folder that is there, for reading.
    ///
    /// # Errors
    /// F0000 for a folder that holds no backups, or those of a newer program.
    pub fn open(folder: &Path) -> Result<Repository> {
        let mark = folder.join(MARK_FILE);
        let bytes = match fs::read(&mark) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::new(
                    ErrorKind::Configuration,
                    format!("there are no backups in {}", folder.display()),
                )
                .with_hint("Name the folder that `nebulusdb backup` was given."));
            }
            read => read.map_err(|error| file_error(&mark, error))?,
        };
        let known: Mark = serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(ErrorKind::Corrupted, format!("{} is damaged: {error}", mark.display())))?;
        if known.format > u64::from(BACKUP_FORMAT) {
            return Err(newer(&mark, known.format));
        }
        Ok(Repository { folder: folder.to_path_buf(), _lock: None })
    }

    /// A folder for writing, which is made where there is none.
    ///
    /// # Errors
    /// F0000 for a folder that holds something else, 55006 while somebody else writes to it.
    pub fn open_for_writing(folder: &Path) -> Result<Repository> {
        make_private_folder(folder)?;
        let mark = folder.join(MARK_FILE);
        if !mark.exists() {
            let lock_only = |name: &str| name == LOCK_FILE || name.starts_with(MARK_FILE);
            if names(folder)?.iter().any(|name| !lock_only(name)) {
                return Err(Error::new(
                    ErrorKind::Configuration,
                    format!("{} is not empty, and no folder of backups", folder.display()),
                )
                .with_hint("Name an empty folder, or one that does not exist: it is made."));
            }
        }
        let lock = lock(folder)?;
        if !mark.exists() {
            let json = serde_json::to_vec(&Mark { format: u64::from(BACKUP_FORMAT) });
            write_file(&mark, &json.map_err(|error| Error::internal(error.to_string()))?)?;
        }
        let repository = Repository { _lock: Some(lock), ..Repository::open(folder)? };
        let temporary = repository.temporary();
        make_private_folder(&repository.folder.join(MANIFESTS))?;
        make_private_folder(&temporary)?;
        for name in names(&temporary)? {
            remove(&temporary.join(name))?;
        }
        Ok(repository)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All backups, oldest first, each or what is wrong with it.
    pub fn list(&self) -> Result<Vec<(String, Result<Manifest>)>> {
        if !self.folder.join(MANIFESTS).exists() {
            // The first backup was interrupted at its beginning.
            return Ok(Vec::new());
        }
        let mut ids: Vec<String> = names(&self.folder.join(MANIFESTS))?
            .into_iter()
            .filter_map(|name| name.strip_suffix(".json").map(str::to_string))
            .collect();
        ids.sort_by_key(|id| (number_of(id), id.clone()));
        Ok(ids.into_iter().map(|id| (id.clone(), self.read(&id))).collect())
    }

    /// The backup with this id, or the latest one.
    ///
    /// # Errors
    /// 42704 where there is none, XX001 where its manifest is damaged.
    pub fn find(&self, id: Option<&str>) -> Result<Manifest> {
        let mut known = self.list()?;
        let ids: Vec<String> = known.iter().map(|(id, _)| id.clone()).collect();
        let found = match id {
            None => known.pop(),
            Some(wanted) => known.into_iter().find(|(id, _)| id == wanted),
        };
        let none = || match id {
            None => Error::new(ErrorKind::UndefinedObject, format!("there is no backup in {}", self.folder.display())),
            Some(id) => Error::new(
                ErrorKind::UndefinedObject,
                format!("there is no backup \"{id}\" in {}", self.folder.display()),
            )
            .with_hint(format!("There are: {}", ids.join(", "))),
        };
        found.ok_or_else(none)?.1
    }

    /// Reads every object of a backup and compares it with its hash; what is wrong, by file.
    pub fn verify(&self, manifest: &Manifest, progress: &BackupProgress) -> Result<Vec<String>> {
        progress.expect(manifest.bytes());
        let mut problems = Vec::new();
        for file in &manifest.files {
            let object = self.object(&file.blake3);
            let read = match hash_file(&object, progress) {
                Err(error) if !matches!(error.kind(), ErrorKind::Io) => return Err(error),
                read => read,
            };
            if let Err(error) = read.and_then(|found| compare(file, &object, found)) {
                problems.push(error.message().to_string());
            }
            progress.advance(file.bytes);
        }
        Ok(problems)
    }

    /// Whether an object of this size is there.
    pub(super) fn has(&self, file: &BackupFile) -> bool {
        fs::metadata(self.object(&file.blake3)).is_ok_and(|found| found.is_file() && found.len() == file.bytes)
    }

    pub(super) fn object(&self, hash: &str) -> PathBuf {
        self.folder.join(OBJECTS).join(hash.get(..2).unwrap_or_default()).join(hash)
    }

    /// Copies a file to its place among the objects.
    ///
    /// # Errors
    /// XX001 where it has another hash than expected, 53100, 58030.
    pub(super) fn put(&self, source: &Path, file: &BackupFile, progress: &BackupProgress) -> Result<()> {
        let object = self.object(&file.blake3);
        let temporary = self.temporary().join(&file.blake3);
        let copied = copy_file(source, &temporary, progress).and_then(|found| compare(file, source, found));
        let placed = copied.and_then(|()| {
            let folder = object.parent().unwrap_or(&self.folder);
            make_private_folder(folder)?;
            fs::rename(&temporary, &object).map_err(|error| file_error(&object, error))?;
            sync_folder(folder).map_err(|error| file_error(folder, error))
        });
        if placed.is_err() {
            // What cannot be removed now is removed by the next backup.
            drop(fs::remove_file(&temporary));
        }
        placed
    }

    /// Writes the manifest: from then on the backup is there.
    pub(super) fn publish(&self, manifest: &Manifest) -> Result<()> {
        // The names of the objects first.
        for folder in [self.folder.join(OBJECTS), self.folder.clone()] {
            sync_folder(&folder).map_err(|error| file_error(&folder, error))?;
        }
        write_file(&self.manifest(&manifest.id), &manifest.encode()?)
    }

    /// Number and id of the next backup.
    pub(super) fn next_id(&self, now: chrono::DateTime<chrono::Utc>) -> Result<String> {
        let last = self.list()?.iter().filter_map(|(id, _)| number_of(id)).max().unwrap_or(0);
        Ok(format!("{:06}-{}", last + 1, now.format("%Y%m%dT%H%M%SZ")))
    }

    /// Removes all backups but the last `keep`, and the objects that no backup has; the ids of those that went.
    ///
    /// # Errors
    /// XX001 where a manifest cannot be read: what it needs is not known, so nothing is removed.
    pub(super) fn prune(&self, keep: usize) -> Result<Vec<String>> {
        let mut known = Vec::new();
        for (id, manifest) in self.list()? {
            let manifest = manifest.map_err(|error| {
                let message = format!("the backup is made; older ones stay, since {}", error.message());
                Error::new(error.kind(), message).with_hint(format!("Remove the manifest of {id}, and back up again."))
            })?;
            known.push(manifest);
        }
        known.sort_by_key(Manifest::number);
        let kept = known.split_off(known.len().saturating_sub(keep));
        for manifest in &known {
            remove(&self.manifest(&manifest.id))?;
        }
        let manifests = self.folder.join(MANIFESTS);
        sync_folder(&manifests).map_err(|error| file_error(&manifests, error))?;
        let needed: HashSet<&str> =
            kept.iter().flat_map(|manifest| &manifest.files).map(|file| file.blake3.as_str()).collect();
        let objects = self.folder.join(OBJECTS);
        for first in names(&objects)?.into_iter().filter(|name| name != TEMPORARY) {
            let folder = objects.join(first);
            for name in names(&folder)? {
                // What is not named by a hash was not put here by us.
                if blake3::Hash::from_hex(&name).is_ok() && !needed.contains(name.as_str()) {
                    remove(&folder.join(name))?;
                }
            }
        }
        Ok(known.into_iter().map(|manifest| manifest.id).collect())
    }

    fn read(&self, id: &str) -> Result<Manifest> {
        let path = self.manifest(id);
        let manifest = Manifest::decode(&path, &fs::read(&path).map_err(|error| file_error(&path, error))?)?;
        if manifest.id != id {
            let message = format!("the manifest {} is that of backup {}", path.display(), manifest.id);
            return Err(Error::new(ErrorKind::Corrupted, message));
        }
        Ok(manifest)
    }

    fn manifest(&self, id: &str) -> PathBuf {
        self.folder.join(MANIFESTS).join(format!("{id}.json"))
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join(OBJECTS).join(TEMPORARY)
    }
}

/// Compares what was read from `place` with what the file must hold.
pub(super) fn compare(file: &BackupFile, place: &Path, (bytes, hash): (u64, blake3::Hash)) -> Result<()> {
    let what = match () {
        () if bytes != file.bytes => format!("it has {bytes} bytes, not {}", file.bytes),
        () if hash.to_hex().as_str() != file.blake3 => format!("it has the hash {hash}, not {}", file.blake3),
        () => return Ok(()),
    };
    Err(Error::new(ErrorKind::Corrupted, format!("{} in {} is damaged: {what}", file.path, place.display())))
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK_FILE);
    let file = create_file_in_private(&path).map_err(|error| file_error(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::new(ErrorKind::ObjectInUse, format!("another backup to {} is under way", folder.display()))
                .with_hint("Wait until it has ended."))
        }
        Err(TryLockError::Error(error)) => Err(file_error(&path, error)),
    }
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| file_error(path, error))
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|error| file_error(folder, error))?;
    let name = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().to_string_lossy().into_owned());
    entries.map(|entry| name(entry).map_err(|error| file_error(folder, error))).collect()
}

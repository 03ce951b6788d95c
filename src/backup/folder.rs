//! Backups in a folder: objects are files, which appear by a rename and are on the disk then.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::backup::copy::{copy_file, read_file, write_file};
use crate::backup::manifest::BackupFile;
use crate::backup::progress::BackupProgress;
use crate::backup::repository::{MANIFESTS, MARK_FILE, OBJECTS, compare};
use crate::backup::storage::{Sink, Storage};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{create_file_in_private, file_error, make_private_folder, sync_folder};

const LOCK_FILE: &str = "lock";
/// Where objects are written before they have their name.
const TEMPORARY: &str = "tmp";

/// A folder of backups.
pub(super) struct Folder {
    folder: PathBuf,
    /// Held while it is written to.
    lock: Option<File>,
}

impl Folder {
    pub fn new(folder: &Path) -> Folder {
        Folder { folder: folder.to_path_buf(), lock: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join(OBJECTS).join(TEMPORARY)
    }
}

impl Storage for Folder {
    fn shown(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn begin_writing(&mut self, _holder: &str) -> Result<()> {
        make_private_folder(&self.folder)?;
        self.lock = Some(lock(&self.folder)?);
        // Before anything lies in it, so that its own name is on the disk with those of the objects.
        make_private_folder(&self.path(MANIFESTS))?;
        let temporary = self.temporary();
        make_private_folder(&temporary)?;
        for name in names(&temporary)? {
            remove(&temporary.join(name))?;
        }
        Ok(())
    }

    fn is_foreign(&self) -> Result<bool> {
        let ours = |name: &str| [LOCK_FILE, OBJECTS, MANIFESTS].contains(&name) || name.starts_with(MARK_FILE);
        // What is no folder is told when it is to be one.
        if !self.folder.is_dir() {
            return Ok(false);
        }
        Ok(names(&self.folder)?.iter().any(|name| !ours(name)))
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(name);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(|error| file_error(&path, error)),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(name);
        make_private_folder(path.parent().unwrap_or(&self.folder))?;
        write_file(&path, bytes)
    }

    fn names(&self, folder: &str) -> Result<Vec<String>> {
        let path = self.path(folder);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        for name in names(&path)? {
            let below = path.join(&name);
            if name == TEMPORARY {
                continue;
            }
            if below.is_dir() {
                all.extend(names(&below)?.into_iter().map(|inner| format!("{name}/{inner}")));
            } else {
                all.push(name);
            }
        }
        Ok(all)
    }

    fn size(&self, name: &str) -> Result<Option<u64>> {
        let path = self.path(name);
        match fs::metadata(&path) {
            Ok(found) => Ok(found.is_file().then_some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(file_error(&path, error)),
        }
    }

    fn put(&self, name: &str, source: &Path, file: &BackupFile, progress: &BackupProgress) -> Result<()> {
        let object = self.path(name);
        let temporary = self.temporary().join(&file.blake3);
        let copied = copy_file(source, &temporary, progress);
        let copied = copied.and_then(|found| compare(file, &source.display().to_string(), found));
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

    fn get(&self, name: &str, progress: &BackupProgress, sink: &mut Sink<'_>) -> Result<Option<(u64, blake3::Hash)>> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(None);
        }
        read_file(&path, progress, sink).map(Some)
    }

    fn remove(&self, name: &str) -> Result<()> {
        remove(&self.path(name))
    }

    fn settle(&self) -> Result<()> {
        for folder in [self.path(OBJECTS), self.path(MANIFESTS), self.folder.clone()] {
            sync_folder(&folder).map_err(|error| file_error(&folder, error))?;
        }
        Ok(())
    }
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

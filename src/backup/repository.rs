//! Backups in one place: their manifests, and the objects that they share.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::backup::manifest::{BACKUP_FORMAT, BackupFile, Manifest, newer, number_of};
use crate::backup::place::BackupPlace;
use crate::backup::progress::BackupProgress;
use crate::backup::storage::{Storage, storage};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{create_file_in_private, file_error};

pub(super) const MARK_FILE: &str = "nebulusdb-backup.json";
pub(super) const OBJECTS: &str = "objects";
pub(super) const MANIFESTS: &str = "manifests";

/// A place of backups.
pub struct Repository {
    place: BackupPlace,
    storage: Box<dyn Storage>,
}

#[derive(Serialize, Deserialize)]
struct Mark {
    format: u64,
}

impl Repository {
    /// A place that is there, for reading.
    ///
    /// # Errors
    /// F0000 for a place that holds no backups, or those of a newer program.
    pub fn open(place: &BackupPlace) -> Result<Repository> {
        Repository::of(place, storage(place)?)
    }

    fn of(place: &BackupPlace, storage: Box<dyn Storage>) -> Result<Repository> {
        let Some(bytes) = storage.read(MARK_FILE)? else {
            return Err(Error::new(ErrorKind::Configuration, format!("there are no backups in {place}"))
                .with_hint("Name the place that `nebulusdb backup` was given."));
        };
        let mark = storage.shown(MARK_FILE);
        let known: Mark = serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(ErrorKind::Corrupted, format!("{mark} is damaged: {error}")))?;
        if known.format > u64::from(BACKUP_FORMAT) {
            return Err(newer(&mark, known.format));
        }
        Ok(Repository { place: place.clone(), storage })
    }

    /// A place for writing by the node `holder`, which is made where there is none.
    ///
    /// # Errors
    /// F0000 for a place that holds something else, 55006 while somebody else writes to it.
    pub fn open_for_writing(place: &BackupPlace, holder: &str) -> Result<Repository> {
        let mut storage = storage(place)?;
        if storage.size(MARK_FILE)?.is_none() && storage.is_foreign()? {
            return Err(Error::new(ErrorKind::Configuration, format!("{place} is not empty, and no place of backups"))
                .with_hint("Name an empty folder or prefix, or one that does not exist: it is made."));
        }
        storage.begin_writing(holder)?;
        if storage.size(MARK_FILE)?.is_none() {
            let json = serde_json::to_vec(&Mark { format: u64::from(BACKUP_FORMAT) });
            storage.write(MARK_FILE, &json.map_err(|error| Error::internal(error.to_string()))?)?;
        }
        Repository::of(place, storage)
    }

    /// All backups, oldest first, each or what is wrong with it.
    ///
    /// # Errors
    /// 58030 where the place cannot be read, F0000 where a bucket refuses; what is wrong with one backup stands beside its id.
    pub fn list(&self) -> Result<Vec<(String, Result<Manifest>)>> {
        let names = self.storage.names(MANIFESTS)?;
        let mut ids: Vec<String> =
            names.into_iter().filter_map(|name| name.strip_suffix(".json").map(str::to_string)).collect();
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
            None => Error::new(ErrorKind::UndefinedObject, format!("there is no backup in {}", self.place)),
            Some(id) => {
                Error::new(ErrorKind::UndefinedObject, format!("there is no backup \"{id}\" in {}", self.place))
                    .with_hint(format!("There are: {}", ids.join(", ")))
            }
        };
        found.ok_or_else(none)?.1
    }

    /// Reads every object of a backup and compares it with its hash; what is wrong, by file.
    ///
    /// # Errors
    /// What `progress` stops with, and F0000 where a bucket refuses; an object that cannot be read is among what is wrong.
    pub fn verify(&self, manifest: &Manifest, progress: &BackupProgress) -> Result<Vec<String>> {
        progress.expect(manifest.bytes());
        let mut problems = Vec::new();
        for file in &manifest.files {
            let object = object(&file.blake3);
            let place = self.storage.shown(&object);
            let read = match self.storage.get(&object, progress, &mut |_| Ok(())) {
                Err(error) if !matches!(error.kind(), ErrorKind::Io) => return Err(error),
                read => read,
            };
            let missing = || Error::new(ErrorKind::Corrupted, format!("{} is missing: there is no {place}", file.path));
            let compared =
                read.and_then(|found| found.ok_or_else(missing)).and_then(|found| compare(file, &place, found));
            if let Err(error) = compared {
                problems.push(error.message().to_string());
            }
            progress.advance(file.bytes);
        }
        Ok(problems)
    }

    /// Whether an object of this size is there.
    pub(super) fn has(&self, file: &BackupFile) -> Result<bool> {
        Ok(self.storage.size(&object(&file.blake3))? == Some(file.bytes))
    }

    /// Copies a file to its place among the objects.
    ///
    /// # Errors
    /// XX001 where it has another hash than expected, 53100, 58030.
    pub(super) fn put(&self, source: &Path, file: &BackupFile, progress: &BackupProgress) -> Result<()> {
        self.storage.put(&object(&file.blake3), source, file, progress)
    }

    /// Copies what a file holds into a new one, which is on the disk then.
    ///
    /// # Errors
    /// XX001 saying what is missing or damaged, 53100, 58030.
    pub(super) fn fetch(&self, file: &BackupFile, to: &Path, progress: &BackupProgress) -> Result<()> {
        let object = object(&file.blake3);
        let place = self.storage.shown(&object);
        let named = |error| file_error(to, error);
        let mut target = create_file_in_private(to).map_err(named)?;
        let found = self.storage.get(&object, progress, &mut |piece| target.write_all(piece).map_err(named))?;
        let found = found.ok_or_else(|| {
            Error::new(ErrorKind::Corrupted, format!("{} is missing: there is no {place}", file.path))
        })?;
        compare(file, &place, found)?;
        target.sync_all().map_err(named)
    }

    /// Writes the manifest: from then on the backup is there.
    pub(super) fn publish(&self, manifest: &Manifest) -> Result<()> {
        // The names of the objects first.
        self.storage.settle()?;
        self.storage.write(&manifest_name(&manifest.id), &manifest.encode()?)
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
        self.storage.settle()?;
        for manifest in &known {
            self.storage.remove(&manifest_name(&manifest.id))?;
        }
        self.storage.settle()?;
        let needed: HashSet<&str> =
            kept.iter().flat_map(|manifest| &manifest.files).map(|file| file.blake3.as_str()).collect();
        for name in self.storage.names(OBJECTS)? {
            let hash = name.rsplit('/').next().unwrap_or_default();
            // What is not named by a hash was not put here by us.
            if blake3::Hash::from_hex(hash).is_ok() && !needed.contains(hash) {
                self.storage.remove(&format!("{OBJECTS}/{name}"))?;
            }
        }
        Ok(known.into_iter().map(|manifest| manifest.id).collect())
    }

    fn read(&self, id: &str) -> Result<Manifest> {
        let name = manifest_name(id);
        let place = self.storage.shown(&name);
        let bytes = self.storage.read(&name)?;
        let bytes = bytes.ok_or_else(|| Error::new(ErrorKind::Corrupted, format!("there is no {place} any more")))?;
        let manifest = Manifest::decode(&place, &bytes)?;
        if manifest.id != id {
            let message = format!("the manifest {place} is that of backup {}", manifest.id);
            return Err(Error::new(ErrorKind::Corrupted, message));
        }
        Ok(manifest)
    }
}

/// Where what has this hash lies.
fn object(hash: &str) -> String {
    format!("{OBJECTS}/{}/{hash}", hash.get(..2).unwrap_or_default())
}

fn manifest_name(id: &str) -> String {
    format!("{MANIFESTS}/{id}.json")
}

/// Compares what was read from `place` with what the file must hold.
pub(super) fn compare(file: &BackupFile, place: &str, (bytes, hash): (u64, blake3::Hash)) -> Result<()> {
    let what = match () {
        () if bytes != file.bytes => format!("it has {bytes} bytes, not {}", file.bytes),
        () if hash.to_hex().as_str() != file.blake3 => format!("it has the hash {hash}, not {}", file.blake3),
        () => return Ok(()),
    };
    Err(Error::new(ErrorKind::Corrupted, format!("{} in {place} is damaged: {what}", file.path)))
}

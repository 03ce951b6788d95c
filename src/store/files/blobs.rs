//! Blobs: content-addressed files, named by the BLAKE3 hash of what they hold.
//!
//! A blob is written to a temporary name, fsynced, renamed into its place (`ab/cd/abcd…`) and its directory fsynced, so a
//! name that exists holds the whole blob, and a failed write leaves nothing behind. How often a blob is referenced is
//! recorded in the database; until the transaction that does so has committed, a [`Pin`] keeps the blob from being
//! collected.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::store::files::private_directory;
use crate::store::files::private_file::{at, sync_directory};

/// Where blobs are written before they have their name.
const TEMPORARY_DIRECTORY: &str = "tmp";
/// Bytes read at once when a blob is verified.
const READ_BYTES: usize = 64 * 1024;

/// The BLAKE3 hash of a blob; its text form is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobHash([u8; 32]);

impl BlobHash {
    pub fn of(bytes: &[u8]) -> BlobHash {
        BlobHash(*blake3::hash(bytes).as_bytes())
    }

    pub fn from_bytes(bytes: [u8; 32]) -> BlobHash {
        BlobHash(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for BlobHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<BlobHash> {
        blake3::Hash::from_hex(text)
            .map(|hash| BlobHash(*hash.as_bytes()))
            .map_err(|_| Error::new(ErrorKind::InvalidTextRepresentation, "a blob hash must be 64 hexadecimal digits"))
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The blobs under one directory. Clones share it; no two processes may.
#[derive(Clone, Debug)]
pub struct BlobStore {
    root: PathBuf,
    in_use: Arc<Mutex<InUse>>,
}

/// What collection has to leave alone.
#[derive(Debug, Default)]
struct InUse {
    pins: HashMap<BlobHash, usize>,
    temporary: HashSet<PathBuf>,
    /// How many want that no blob goes at all.
    holds: usize,
}

impl InUse {
    fn keeps(&self, hash: &BlobHash) -> bool {
        self.holds > 0 || self.pins.contains_key(hash)
    }
}

/// Keeps all blobs from being removed while it lives; what would have been is left for the next collection.
#[derive(Debug)]
pub struct BlobHold {
    in_use: Arc<Mutex<InUse>>,
}

impl Drop for BlobHold {
    fn drop(&mut self) {
        self.in_use.lock().holds -= 1;
    }
}

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub blobs: u64,
    pub temporary_files: u64,
    pub bytes: u64,
}

impl BlobStore {
    /// The blobs under `root`, which is made where it is missing.
    ///
    /// # Errors
    /// 58030 naming a directory that cannot be made, closed to others or synced; 53100.
    pub fn open_directory(root: impl Into<PathBuf>) -> Result<BlobStore> {
        let root = root.into();
        let temporary = root.join(TEMPORARY_DIRECTORY);
        private_directory::make_or_close(&root)?;
        private_directory::make(&temporary)?;
        sync_directory(&root).map_err(|error| at(&root, error))?;
        Ok(BlobStore { root, in_use: Arc::default() })
    }

    /// Stores `bytes` durably.
    ///
    /// # Errors
    /// As [`BlobStore::writer`] and [`BlobWriter::finish`].
    pub fn put(&self, bytes: &[u8]) -> Result<Pin> {
        let mut writer = self.writer()?;
        writer.write_all(bytes).map_err(|error| at(&writer.temporary, error))?;
        writer.finish()
    }

    /// Begins a blob whose bytes come in pieces.
    ///
    /// # Errors
    /// 53100 and 58030 where its file cannot be made, XX000 where the system gives no randomness.
    pub fn writer(&self) -> Result<BlobWriter> {
        let unique = getrandom::u64().map_err(|error| Error::internal(format!("no randomness: {error}")))?;
        let temporary = self.root.join(TEMPORARY_DIRECTORY).join(format!("{unique:016x}"));
        self.in_use.lock().temporary.insert(temporary.clone());
        match private_directory::create_new_file(&temporary) {
            Ok(file) => Ok(BlobWriter { store: self.clone(), temporary, file, hasher: blake3::Hasher::new(), size: 0 }),
            Err(error) => {
                self.in_use.lock().temporary.remove(&temporary);
                Err(at(&temporary, error))
            }
        }
    }

    /// Keeps a stored blob from being collected, for a transaction that is about to reference it.
    ///
    /// # Errors
    /// As [`BlobStore::size`].
    pub fn pin(&self, hash: &BlobHash) -> Result<Pin> {
        // Pinned before it is looked at, so that it cannot go in between.
        let mut pin = self.pin_unseen(*hash);
        pin.size = self.size(hash)?;
        Ok(pin)
    }

    /// The bytes of a blob, as a stream.
    ///
    /// # Errors
    /// 42704 where there is no such blob, 58030 where it cannot be read.
    pub fn open(&self, hash: &BlobHash) -> Result<File> {
        let path = self.path(hash);
        File::open(&path).map_err(|error| missing(hash, &path, error))
    }

    /// The size of a blob in bytes.
    ///
    /// # Errors
    /// 42704 where there is no such blob, 58030 where its file cannot be looked at.
    pub fn size(&self, hash: &BlobHash) -> Result<u64> {
        let path = self.path(hash);
        fs::metadata(&path).map(|metadata| metadata.len()).map_err(|error| missing(hash, &path, error))
    }

    /// Whether there is such a blob.
    ///
    /// # Errors
    /// 58030 where its file cannot be looked at.
    pub fn is_here(&self, hash: &BlobHash) -> Result<bool> {
        match self.size(hash) {
            Err(error) if error.kind() == ErrorKind::UndefinedObject => Ok(false),
            size => size.map(|_| true),
        }
    }

    /// Reads a blob to its end and compares its hash; [`ErrorKind::Corrupted`] where it holds something else.
    ///
    /// # Errors
    /// XX001 where it does; as [`BlobStore::open`].
    pub fn verify(&self, hash: &BlobHash) -> Result<()> {
        let path = self.path(hash);
        let mut file = self.open(hash)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = file.read(&mut buffer).map_err(|error| at(&path, error))?;
            match buffer.get(..count) {
                Some([]) | None => break,
                Some(bytes) => hasher.update(bytes),
            };
        }
        let found = BlobHash(*hasher.finalize().as_bytes());
        if found == *hash {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Corrupted, format!("blob {hash} holds bytes with the hash {found}"))
            .with_hint(format!("Restore {} from a backup, or store the blob again.", path.display())))
    }

    /// Keeps every blob that is there from being removed.
    pub fn hold(&self) -> BlobHold {
        self.in_use.lock().holds += 1;
        BlobHold { in_use: Arc::clone(&self.in_use) }
    }

    /// All blobs that are here, with the place and the size of each.
    ///
    /// # Errors
    /// 58030 where a directory cannot be read, 42704 for a blob that goes while it is looked at.
    pub fn files(&self) -> Result<Vec<(BlobHash, PathBuf, u64)>> {
        let mut found = Vec::new();
        for first in fan_out(&self.root)? {
            for second in fan_out(&first)? {
                for path in children(&second)? {
                    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    let Ok(hash) = name.parse::<BlobHash>() else { continue };
                    found.push((hash, self.path(&hash), self.size(&hash)?));
                }
            }
        }
        found.sort_unstable_by_key(|(hash, ..)| *hash);
        Ok(found)
    }

    /// Removes a blob; false where there is none or a [`Pin`] or [`BlobHold`] keeps it.
    ///
    /// # Errors
    /// 58030 where its file cannot be removed.
    pub fn remove(&self, hash: &BlobHash) -> Result<bool> {
        let in_use = self.in_use.lock();
        if in_use.keeps(hash) {
            return Ok(false);
        }
        remove_file(&self.path(hash))
    }

    /// Removes every blob that is neither pinned nor referenced, and what interrupted writes left. `is_referenced` reads the
    /// latest committed state; it is called under the lock that pins take, so it must not call this store.
    ///
    /// # Errors
    /// What `is_referenced` returns; 58030 where a directory cannot be read or a file cannot be removed.
    pub fn collect(&self, mut is_referenced: impl FnMut(&BlobHash) -> Result<bool>) -> Result<Collected> {
        let mut collected = Collected::default();
        for path in children(&self.root.join(TEMPORARY_DIRECTORY))? {
            let in_use = self.in_use.lock();
            let bytes = file_bytes(&path);
            if !in_use.temporary.contains(&path) && remove_file(&path)? {
                collected.temporary_files += 1;
                collected.bytes += bytes;
            }
        }
        for first in fan_out(&self.root)? {
            for second in fan_out(&first)? {
                for path in children(&second)? {
                    self.collect_one(&path, &mut is_referenced, &mut collected)?;
                }
            }
        }
        Ok(collected)
    }

    fn collect_one(
        &self,
        path: &Path,
        is_referenced: &mut impl FnMut(&BlobHash) -> Result<bool>,
        collected: &mut Collected,
    ) -> Result<()> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // What is not a blob was not put here by us, so it is not ours to remove.
        let Ok(hash) = name.parse::<BlobHash>() else {
            return Ok(());
        };
        let in_use = self.in_use.lock();
        // A pin that is gone has committed before, so the reference is asked for after the pin, under the lock.
        if in_use.keeps(&hash) || is_referenced(&hash)? {
            return Ok(());
        }
        let bytes = file_bytes(path);
        if remove_file(path)? {
            collected.blobs += 1;
            collected.bytes += bytes;
        }
        Ok(())
    }

    fn path(&self, hash: &BlobHash) -> PathBuf {
        let [first, second, ..] = hash.0;
        self.root.join(format!("{first:02x}")).join(format!("{second:02x}")).join(hash.to_string())
    }

    fn pin_unseen(&self, hash: BlobHash) -> Pin {
        *self.in_use.lock().pins.entry(hash).or_insert(0) += 1;
        Pin { in_use: Arc::clone(&self.in_use), hash, size: 0 }
    }

    /// Gives a complete temporary file its name, and every directory on the way its place on the disk.
    fn publish(&self, temporary: &Path, hash: &BlobHash) -> io::Result<()> {
        let path = self.path(hash);
        let second = path.parent().unwrap_or(&self.root);
        let first = second.parent().unwrap_or(&self.root);
        private_directory::create(second)?;
        fs::rename(temporary, &path)?;
        // All of them each time, since another writer may have made a directory and not have synced it yet; syncing one
        // that has not changed costs next to nothing.
        [second, first, &self.root].into_iter().try_for_each(sync_directory)
    }
}

/// Takes a blob in pieces. Dropped without [`finish`](BlobWriter::finish) it leaves nothing.
#[derive(Debug)]
pub struct BlobWriter {
    store: BlobStore,
    temporary: PathBuf,
    file: File,
    hasher: blake3::Hasher,
    size: u64,
}

impl BlobWriter {
    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Brings to disk what was written so far, so that finishing has less to wait for.
    ///
    /// # Errors
    /// 53100 and 58030 where it cannot be written.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| at(&self.temporary, error))
    }

    /// Like [`finish`](BlobWriter::finish) where what was written is the blob with this hash; [`ErrorKind::Corrupted`]
    /// where it is not, and then nothing is left of it.
    ///
    /// # Errors
    /// XX001 for another hash; as [`BlobWriter::finish`].
    pub fn finish_as(self, expected: &BlobHash) -> Result<Pin> {
        let found = BlobHash(*self.hasher.finalize().as_bytes());
        if found != *expected {
            return Err(Error::new(ErrorKind::Corrupted, format!("what came as blob {expected} has the hash {found}")));
        }
        self.finish()
    }

    /// Makes the blob durable under its hash. One that is stored already is written over, which heals a damaged copy.
    ///
    /// # Errors
    /// 53100 and 58030 where the blob cannot be written or its name not be made durable.
    pub fn finish(self) -> Result<Pin> {
        self.file.sync_all().map_err(|error| at(&self.temporary, error))?;
        let hash = BlobHash(*self.hasher.finalize().as_bytes());
        let mut pin = self.store.pin_unseen(hash);
        pin.size = self.size;
        self.store.publish(&self.temporary, &hash).map_err(|error| at(&self.store.path(&hash), error))?;
        Ok(pin)
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        if let Some(written) = bytes.get(..count) {
            self.hasher.update(written);
            self.size += written.len() as u64;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        // After a rename the file is gone; one that cannot be removed now is left for the next collection.
        drop(fs::remove_file(&self.temporary));
        self.store.in_use.lock().temporary.remove(&self.temporary);
    }
}

/// Keeps one blob from being collected for as long as it lives: until the commit that references it.
#[derive(Debug)]
pub struct Pin {
    in_use: Arc<Mutex<InUse>>,
    hash: BlobHash,
    size: u64,
}

impl Pin {
    pub fn hash(&self) -> BlobHash {
        self.hash
    }

    /// The size of the blob in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut in_use = self.in_use.lock();
        if let Some(count) = in_use.pins.get_mut(&self.hash) {
            *count -= 1;
            if *count == 0 {
                in_use.pins.remove(&self.hash);
            }
        }
    }
}

fn missing(hash: &BlobHash, path: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(ErrorKind::UndefinedObject, format!("there is no blob {hash}")),
        _ => at(path, error),
    }
}

/// False where there was no such file.
fn remove_file(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(at(path, error)),
    }
}

fn file_bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The directories of the next level: names of two hexadecimal digits.
fn fan_out(directory: &Path) -> Result<Vec<PathBuf>> {
    let is_level = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.len() == 2 && name.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    Ok(children(directory)?.into_iter().filter(is_level).collect())
}

fn children(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).map_err(|error| at(directory, error))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| at(directory, error))).collect()
}

#[cfg(test)]
#[path = "blobs_tests.rs"]
mod tests;

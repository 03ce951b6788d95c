//! What a repository of backups asks of the place where it lies. Names have slashes and begin at that place.

use std::path::Path;

use crate::backup::manifest::BackupFile;
use crate::backup::place::BackupPlace;
use crate::backup::progress::BackupProgress;
use crate::error::Result;

/// Takes what is read, piece by piece.
pub(super) type Sink<'a> = dyn FnMut(&[u8]) -> Result<()> + 'a;

/// A place of backups: a folder, or a bucket.
pub(super) trait Storage: Send + Sync {
    /// How an object is called in messages.
    fn shown(&self, name: &str) -> String;

    /// Keeps others from writing here for as long as this lives, and removes what an interrupted writer has left. `holder` is
    /// the node that writes, which may take its own place back.
    ///
    /// # Errors
    /// 55006 while somebody else writes, 58030.
    fn begin_writing(&mut self, holder: &str) -> Result<()>;

    /// Whether there is anything that is no repository's.
    fn is_foreign(&self) -> Result<bool>;

    /// A small object as a whole; `None` where it is not there.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// Writes a small object as a whole: it is there and durable when this returns, or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<()>;

    /// The names of all objects below a folder, without the folder's own.
    fn names(&self, folder: &str) -> Result<Vec<String>>;

    /// The size of an object; `None` where it is not there.
    fn size(&self, name: &str) -> Result<Option<u64>>;

    /// Copies a file here, durable when this returns. What does not hold what `file` says appears under no name.
    ///
    /// # Errors
    /// XX001 for a file with another hash, 53100, 58030, and what `progress` stops with.
    fn put(&self, name: &str, source: &Path, file: &BackupFile, progress: &BackupProgress) -> Result<()>;

    /// Reads an object to its end: its size and hash; `None` where it is not there.
    fn get(&self, name: &str, progress: &BackupProgress, sink: &mut Sink<'_>) -> Result<Option<(u64, blake3::Hash)>>;

    fn remove(&self, name: &str) -> Result<()>;

    /// What was put here keeps its name from now on, whatever happens; and nobody else has begun to write meanwhile.
    ///
    /// # Errors
    /// 55006 where somebody has, 58030.
    fn settle(&self) -> Result<()>;
}

/// The storage of a place.
///
/// # Errors
/// F0000 for a bucket without credentials.
pub(super) fn storage(place: &BackupPlace) -> Result<Box<dyn Storage>> {
    match place {
        BackupPlace::Folder(folder) => Ok(Box::new(crate::backup::folder::Folder::new(folder))),
        #[cfg(feature = "s3")]
        BackupPlace::Bucket(place) => Ok(Box::new(crate::backup::bucket::Bucket::of_environment(place)?)),
        #[cfg(not(feature = "s3"))]
        BackupPlace::Bucket(place) => {
            Err(crate::error::Error::internal(format!("this build has no way to the bucket {place}")))
        }
    }
}

//! A file that was written once and never changes, mapped into memory: what is read of it lies in the page cache, and the system
//! takes it back when memory runs short.
//!
//! A page that the disk cannot give ends the process (SIGBUS) where it is read through the map. So what is read first is read by
//! [`MappedFile::read`], which gives an error, and through the map only afterwards.

use std::fs::File;
use std::sync::Arc;

use memmap2::Mmap;

use crate::error::Result;

/// Bytes read at once to be hashed.
const PIECE_BYTES: usize = 256 * 1024;

pub struct MappedFile {
    map: Mmap,
    #[cfg_attr(not(unix), expect(dead_code, reason = "it is read at a position only where the system can do that"))]
    file: File,
}

impl MappedFile {
    /// Maps a file that nobody changes any more.
    ///
    /// # Errors
    /// 58030 where the system does not map it.
    pub fn open(file: File) -> Result<Arc<MappedFile>> {
        // SAFETY: the bytes of a map must not change while it is there. Files come here that were written under another
        // name, synced and then renamed to one that holds the hash of their content; nothing in this program writes to such a name
        // or cuts such a file short. They lie in a folder that only the owner of the process may enter, as those of the store do,
        // and the data directory is locked against a second server. Removing one leaves the map as it is: on Unix the file lives
        // as long as it is mapped, on Windows it cannot be removed before.
        let map = unsafe { Mmap::map(&file) }?;
        Ok(Arc::new(MappedFile { map, file }))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Reads bytes from a position, not through the map.
    ///
    /// # Errors
    /// 58030 where the disk does not give them or the file ends before.
    #[cfg(unix)]
    pub fn read(&self, start: usize, into: &mut [u8]) -> Result<()> {
        Ok(std::os::unix::fs::FileExt::read_exact_at(&self.file, into, start as u64)?)
    }

    /// Reads bytes from a position.
    ///
    /// # Errors
    /// 58030 where the file ends before.
    #[cfg(not(unix))]
    pub fn read(&self, start: usize, into: &mut [u8]) -> Result<()> {
        let found = self.map.get(start..start.saturating_add(into.len()));
        into.copy_from_slice(found.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    /// The hash of so many bytes from a position, read one after the other.
    ///
    /// # Errors
    /// As [`MappedFile::read`].
    pub fn hash(&self, start: usize, length: usize) -> Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; PIECE_BYTES.min(length)];
        let (mut at, end) = (start, start.saturating_add(length));
        while at < end {
            buffer.truncate(end - at);
            self.read(at, &mut buffer)?;
            hasher.update(&buffer);
            at += buffer.len();
        }
        Ok(hasher.finalize())
    }
}

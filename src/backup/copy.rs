//! Reading a file to its end: its hash, and a durable copy of it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use crate::backup::progress::BackupProgress;
use crate::backup::storage::Sink;
use crate::error::Result;
use crate::store::{create_file_in_private, file_error, sync_folder};

/// Bytes that are read at once.
pub(super) const PIECE_BYTES: usize = 256 * 1024;

/// The size and the hash of a file.
pub(super) fn hash_file(path: &Path, progress: &BackupProgress) -> Result<(u64, blake3::Hash)> {
    read_file(path, progress, &mut |_| Ok(()))
}

/// Copies a file into a new one, which is on the disk then; size and hash of what was copied.
pub(super) fn copy_file(from: &Path, to: &Path, progress: &BackupProgress) -> Result<(u64, blake3::Hash)> {
    let named = |error| file_error(to, error);
    let mut target = create_file_in_private(to).map_err(named)?;
    let copied = read_file(from, progress, &mut |piece| target.write_all(piece).map_err(named))?;
    target.sync_all().map_err(named)?;
    Ok(copied)
}

/// Writes a small file as a whole: under another name first, and on the disk when this returns. Hard links are not needed, since a
/// folder of backups may lie on a file system that has none.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".tmp");
    let (temporary, folder) = (path.with_file_name(name), path.parent().unwrap_or(Path::new(".")));
    let written = create_file_in_private(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        sync_folder(folder)
    });
    written.map_err(|error| {
        // What cannot be removed now is written over by the next backup.
        drop(std::fs::remove_file(&temporary));
        file_error(path, error)
    })
}

/// Reads a file to its end: size and hash of what it gave.
pub(super) fn read_file(path: &Path, progress: &BackupProgress, sink: &mut Sink<'_>) -> Result<(u64, blake3::Hash)> {
    let named = |error| file_error(path, error);
    let mut file = File::open(path).map_err(named)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; PIECE_BYTES];
    let mut bytes = 0;
    loop {
        progress.check()?;
        let count = file.read(&mut buffer).map_err(named)?;
        match buffer.get(..count) {
            None | Some([]) => return Ok((bytes, hasher.finalize())),
            Some(piece) => {
                hasher.update(piece);
                sink(piece)?;
                bytes += piece.len() as u64;
            }
        }
    }
}

//! Part of a mapped file whose bytes are checked in chunks when they are first read.
//!
//! Checking all of it would read all of it, of which a search wants a few rows. A chunk that is not what was written is noticed
//! when the first of its bytes is asked for, and remembered: whoever reads looks afterwards whether what came was sound.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::flat_array::FlatArray;
use super::mapped_file::MappedFile;

/// Bytes of a chunk: as few as BLAKE3 hashes at full speed, some 4 us of work, and ten rows of 384 components.
pub const CHUNK_BYTES: usize = 16 * 1024;

pub struct CheckedChunks {
    file: Arc<MappedFile>,
    start: usize,
    length: usize,
    sums: FlatArray<u64>,
    /// A bit for each chunk that was found sound.
    sound: Box<[AtomicU64]>,
    is_damaged: AtomicBool,
}

impl CheckedChunks {
    /// So many bytes of a file from a position, with a sum for each chunk; `None` where the sums are not as many.
    pub fn new(file: Arc<MappedFile>, start: usize, length: usize, sums: FlatArray<u64>) -> Option<CheckedChunks> {
        let count = length.div_ceil(CHUNK_BYTES);
        let sound = (0..count.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let is_damaged = AtomicBool::new(false);
        (sums.len() == count).then_some(CheckedChunks { file, start, length, sums, sound, is_damaged })
    }

    /// Sees to it that a part of it was checked before it is read.
    #[inline(always)]
    pub fn check(&self, bytes: Range<usize>) {
        for chunk in bytes.start / CHUNK_BYTES..bytes.end.div_ceil(CHUNK_BYTES) {
            if self.sound[chunk / 64].load(Ordering::Relaxed) & (1 << (chunk % 64)) == 0 {
                self.check_chunk(chunk);
            }
        }
    }

    #[cold]
    fn check_chunk(&self, chunk: usize) {
        let mut buffer = [0; CHUNK_BYTES];
        let first = chunk * CHUNK_BYTES;
        let bytes = &mut buffer[..CHUNK_BYTES.min(self.length - first)];
        let reason = match self.file.read(self.start + first, bytes) {
            Ok(()) if sum_of(bytes) == self.sums[chunk] => {
                self.sound[chunk / 64].fetch_or(1 << (chunk % 64), Ordering::Relaxed);
                return;
            }
            Ok(()) => "its checksum is wrong".to_owned(),
            Err(error) => error.to_string(),
        };
        if !self.is_damaged.swap(true, Ordering::AcqRel) {
            tracing::error!(
                reason,
                position = self.start + first,
                "a vector index file is damaged and is not used any more"
            );
        }
    }

    /// Whether anything that was read was not what had been written.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Acquire)
    }
}

/// The sums of all chunks of what is written.
pub fn sums_of(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks(CHUNK_BYTES).map(sum_of).collect()
}

/// The first eight bytes of the hash: what is looked for is chance, not malice.
fn sum_of(bytes: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(bytes).as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

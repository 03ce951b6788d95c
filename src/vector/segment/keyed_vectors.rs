//! Keys with their vectors and deletion marks: what the tail's blocks and the sealed segments have in common.
//!
//! Rows are only ever added while the owner is alone with them; marks may be set at any time through a shared reference.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::error::Result;
use crate::vector::rows::aligned_vectors::VectorRows;
use crate::vector::rows::distance::Metric;

/// A user key, shared between the map of keys and the rows.
pub type VectorKey = Arc<[u8]>;

/// Rows of one dimension; row numbers start at 0.
pub struct Entries {
    pub rows: VectorRows,
    pub keys: Vec<VectorKey>,
    pub deleted: Tombstones,
}

impl Entries {
    /// Room for `capacity` rows.
    ///
    /// # Errors
    /// As [`VectorRows::with_capacity`].
    pub fn with_capacity(metric: Metric, dimension: usize, capacity: usize) -> Result<Entries> {
        Ok(Entries {
            rows: VectorRows::with_capacity(metric, dimension, capacity)?,
            keys: Vec::with_capacity(capacity),
            deleted: Tombstones::new(capacity),
        })
    }

    /// Adds a row; the caller stays within the capacity.
    pub fn push(&mut self, key: VectorKey, vector: &[f32]) {
        self.rows.push(vector);
        self.keys.push(key);
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn live(&self) -> usize {
        self.len().saturating_sub(self.deleted.count())
    }

    #[inline(always)]
    pub fn is_live(&self, row: u32) -> bool {
        !self.deleted.is_set(row)
    }

    /// The rows that are not deleted.
    pub fn live_rows(&self) -> impl Iterator<Item = u32> {
        (0u32..).take(self.len()).filter(|row| self.is_live(*row))
    }

    pub fn key(&self, row: u32) -> &VectorKey {
        &self.keys[row as usize]
    }

    /// Bytes held, without the keys, which the map of keys owns as well.
    pub fn bytes(&self) -> usize {
        self.rows.bytes() + self.keys.capacity() * size_of::<VectorKey>() + self.deleted.words.len() * size_of::<u64>()
    }
}

impl Clone for Entries {
    fn clone(&self) -> Entries {
        let mut keys = Vec::with_capacity(self.keys.capacity());
        keys.extend_from_slice(&self.keys);
        Entries { rows: self.rows.clone(), keys, deleted: self.deleted.clone() }
    }
}

/// A bit for each row, set once and never cleared. A reader may see a mark late, never a wrong one; whoever must see it
/// at once synchronises through the lock of the index.
pub struct Tombstones {
    words: Box<[AtomicU64]>,
    count: AtomicUsize,
}

impl Tombstones {
    pub fn new(rows: usize) -> Tombstones {
        Tombstones::from_words(vec![0; rows.div_ceil(64)])
    }

    pub fn from_words(words: Vec<u64>) -> Tombstones {
        let count = words.iter().map(|word| word.count_ones() as usize).sum();
        Tombstones { words: words.into_iter().map(AtomicU64::new).collect(), count: AtomicUsize::new(count) }
    }

    /// The marks of 64 rows a word, as they are when each is looked at.
    pub fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.words.iter().map(|word| word.load(Ordering::Relaxed))
    }

    pub fn to_words(&self) -> Vec<u64> {
        self.words().collect()
    }

    pub fn set(&self, row: u32) {
        let bit = 1u64 << (row % 64);
        if self.words[row as usize / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[inline(always)]
    pub fn is_set(&self, row: u32) -> bool {
        self.words[row as usize / 64].load(Ordering::Relaxed) & (1 << (row % 64)) != 0
    }

    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl Clone for Tombstones {
    fn clone(&self) -> Tombstones {
        Tombstones::from_words(self.to_words())
    }
}

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
use crate::vector::mapped::flat_array::FlatArray;
use crate::vector::rows::aligned_vectors::{QueryVector, VectorRows};
use crate::vector::rows::copies::Copies;
use crate::vector::rows::distance::Metric;

/// A user key, as it is given out.
pub type VectorKey = Arc<[u8]>;

/// Keys one after the other; row numbers start at 0.
#[derive(Clone, Default)]
pub struct PackedKeys {
    /// Where each ends, and the next begins.
    ends: FlatArray<u64>,
    bytes: FlatArray<u8>,
}

impl PackedKeys {
    pub fn with_capacity(rows: usize) -> PackedKeys {
        PackedKeys { ends: Vec::with_capacity(rows).into(), bytes: FlatArray::default() }
    }

    /// Keys of a file; `None` where some do not lie in order within the bytes.
    pub fn stored(ends: FlatArray<u64>, bytes: FlatArray<u8>) -> Option<PackedKeys> {
        let is_sound = ends.is_sorted() && ends.last().copied().unwrap_or(0) == bytes.len() as u64;
        is_sound.then_some(PackedKeys { ends, bytes })
    }

    pub fn push(&mut self, key: &[u8]) {
        let bytes = self.bytes.to_mut();
        bytes.extend_from_slice(key);
        let end = bytes.len() as u64;
        self.ends.to_mut().push(end);
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    #[expect(clippy::cast_possible_truncation, reason = "ends are lengths of an array")]
    pub fn key(&self, row: u32) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        &self.bytes[start as usize..self.ends[row as usize] as usize]
    }

    /// Where each ends, and all bytes, as a file has them.
    pub fn parts(&self) -> (&[u64], &[u8]) {
        (&self.ends, &self.bytes)
    }
}

/// Rows of one dimension; row numbers start at 0. Rows that are copies have their vectors from their nodes.
#[derive(Clone)]
pub struct Entries {
    /// The vectors of the nodes.
    pub rows: VectorRows,
    pub keys: PackedKeys,
    /// Which rows are nodes: all of them in a tail.
    pub copies: Copies,
    pub deleted: Tombstones,
}

impl Entries {
    /// Room for `capacity` rows without copies.
    ///
    /// # Errors
    /// As [`VectorRows::with_capacity`].
    pub fn with_capacity(metric: Metric, dimension: usize, capacity: usize) -> Result<Entries> {
        let rows = VectorRows::with_capacity(metric, dimension, capacity)?;
        let (keys, deleted) = (PackedKeys::with_capacity(capacity), Tombstones::new(capacity));
        Ok(Entries { rows, keys, copies: Copies::none(), deleted })
    }

    /// Adds a row that is no copy; the caller stays within the capacity.
    pub fn push(&mut self, key: &[u8], vector: &[f32]) {
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

    #[inline(always)]
    pub fn key(&self, row: u32) -> &[u8] {
        self.keys.key(row)
    }

    /// The keys in the order of the rows.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        (0u32..).take(self.len()).map(|row| self.key(row))
    }

    /// The row among the vectors that holds the vector of a row.
    #[inline(always)]
    pub fn node(&self, row: u32) -> u32 {
        self.copies.node(row)
    }

    /// The vector of a row.
    pub fn vector(&self, row: u32) -> &[f32] {
        self.rows.vector(self.node(row))
    }

    /// As [`VectorRows::closeness`], of any row.
    #[inline(always)]
    pub fn closeness(&self, query: &QueryVector, row: u32) -> f32 {
        self.rows.closeness(query, self.node(row))
    }

    /// Bytes of memory held, those of a mapped file not counted.
    pub fn heap_bytes(&self) -> usize {
        let keys = self.keys.ends.heap_bytes() + self.keys.bytes.heap_bytes();
        let marks = self.deleted.words.len() * size_of::<u64>();
        self.rows.heap_bytes() + self.copies.heap_bytes() + keys + marks
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

//! The tail: recent entries that are in no graph yet and are found by scanning.
//!
//! It grows in blocks of 64 rows. Searches hold the blocks they started with, so an insert copies the last block when a
//! search is still reading it, and never waits.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::vector::rows::distance::Metric;
use crate::vector::segment::keyed_vectors::Entries;

/// Rows a block holds: few enough that copying one is cheap, and one word of deletion marks.
pub const BLOCK_ROWS: u32 = 64;

/// Row numbers run through the blocks.
pub struct Tail {
    /// The unit number by which the map of keys refers to this tail.
    pub unit: u32,
    pub blocks: Vec<Arc<Entries>>,
    len: u32,
}

impl Tail {
    pub fn new(unit: u32) -> Tail {
        Tail { unit, blocks: Vec::new(), len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len as usize
    }

    pub fn live(&self) -> usize {
        self.blocks.iter().map(|block| block.live()).sum()
    }

    /// Adds a row and returns its number.
    ///
    /// # Errors
    /// As [`Entries::with_capacity`].
    pub fn push(&mut self, metric: Metric, key: &[u8], vector: &[f32]) -> Result<u32> {
        if self.len.is_multiple_of(BLOCK_ROWS) {
            self.blocks.push(Arc::new(Entries::with_capacity(metric, vector.len(), BLOCK_ROWS as usize)?));
        }
        let last = self.blocks.last_mut().ok_or_else(|| Error::internal("the tail of a vector index has no block"))?;
        Arc::make_mut(last).push(key, vector);
        let row = self.len;
        self.len += 1;
        Ok(row)
    }

    /// The block that holds a row, and the row's number in it.
    pub fn block(&self, row: u32) -> Option<(&Arc<Entries>, u32)> {
        self.blocks.get((row / BLOCK_ROWS) as usize).map(|block| (block, row % BLOCK_ROWS))
    }

    /// Bytes of memory held.
    pub fn heap_bytes(&self) -> usize {
        self.blocks.iter().map(|block| block.heap_bytes()).sum()
    }
}

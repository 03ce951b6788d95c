//! Numbers of `bigserial` and identity columns: increasing, never given twice, not rolled back.
//!
//! Numbers are reserved on disk in blocks before they are given out, so that a crash skips at most a block and repeats
//! nothing. Blocks grow while a load goes on.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::model::CollectionId;
use crate::store::{Batch, Key, Store};

/// Numbers reserved at first, and at most at once.
const BLOCK: (i64, i64) = (32, 8192);

/// The sequences of all columns.
#[derive(Default)]
pub(crate) struct Sequences(Mutex<HashMap<(CollectionId, u16), Block>>);

struct Block {
    next: i64,
    /// First number that is not reserved on disk.
    end: i64,
    size: i64,
}

impl Sequences {
    /// The next number of a column, from 1.
    pub fn next(&self, store: &Store, collection: CollectionId, column: u16) -> Result<i64> {
        let mut sequences = self.0.lock();
        let key = Key::Sequence(collection, column);
        let block = match sequences.entry((collection, column)) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let next = match store.snapshot().get(&key)? {
                    None => 1,
                    Some(bytes) => decode(&bytes)?,
                };
                entry.insert(Block { next, end: next, size: BLOCK.0 })
            }
        };
        if block.next >= block.end {
            let end = block.next.checked_add(block.size).ok_or_else(|| {
                Error::new(ErrorKind::NumericOutOfRange, "nextval: reached maximum value of sequence")
            })?;
            let mut batch = Batch::new();
            batch.put(&key, &end.to_le_bytes());
            store.write(batch)?;
            block.end = end;
            block.size = (block.size * 2).min(BLOCK.1);
        }
        let number = block.next;
        block.next += 1;
        Ok(number)
    }

    /// Gives the reserved numbers back at a clean stop.
    pub fn release(&self, batch: &mut Batch) {
        for ((collection, column), block) in self.0.lock().drain() {
            batch.put(&Key::Sequence(collection, column), &block.next.to_le_bytes());
        }
    }
}

fn decode(bytes: &[u8]) -> Result<i64> {
    bytes
        .try_into()
        .map(i64::from_le_bytes)
        .map_err(|_| Error::new(ErrorKind::Corrupted, format!("a sequence is stored in {} bytes", bytes.len())))
}

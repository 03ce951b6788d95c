//! Numbers of `bigserial` and identity columns: never given twice, not rolled back.
//!
//! Numbers are reserved on disk in blocks before they are given out, so that a crash skips at most a block and repeats
//! nothing. Blocks grow while a load goes on. TRUNCATE … RESTART IDENTITY alone goes back, and belongs to its transaction:
//! until that commits, its rows take their numbers from a count of its own.
//!
//! A reservation is written here and not by the committer, since a statement waits for it. Nothing can come between: whoever
//! writes a sequence, the committer that begins one anew as well, holds the lock on all of them until it is durable. What is
//! reserved for a table that is dropped meanwhile is never read: its number is not given again.
//!
//! While a table is attached to a network its columns draw from [`RowIds`](crate::db::catalog::row_ids::RowIds) instead, and its own
//! sequences stand still.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::db::pending::write_set::{Restarts, SequencePlace};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Numbering;
use crate::store::{Batch, Key, Store};

/// Numbers reserved at first, and at most at once.
const BLOCK: (i64, i64) = (32, 8192);

/// The sequences of all columns.
#[derive(Default)]
pub(crate) struct Sequences(Mutex<HashMap<SequencePlace, Block>>);

/// Wider than the numbers: behind the last one there is another place.
struct Block {
    next: i128,
    /// First number that is not reserved on disk.
    end: i128,
    /// Numbers that the next reservation takes.
    size: i64,
}

impl Sequences {
    /// The next number of a column.
    ///
    /// # Errors
    /// 22003 at the end of the numbers.
    pub fn next(&self, store: &Store, place: SequencePlace, numbering: Numbering) -> Result<i64> {
        let mut sequences = self.0.lock();
        let key = Key::Sequence(place.0, place.1);
        let block = match sequences.entry(place) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let next = match store.snapshot().get(&key)? {
                    None => i128::from(numbering.start),
                    Some(bytes) => decode(&bytes)?,
                };
                entry.insert(Block { next, end: next, size: BLOCK.0 })
            }
        };
        let number = i64::try_from(block.next).map_err(|_| exhausted())?;
        if block.next == block.end {
            let end = block.next + i128::from(block.size) * i128::from(numbering.increment);
            let mut batch = Batch::new();
            batch.put(&key, &encode(end));
            store.write(batch)?;
            block.end = end;
            block.size = (block.size * 2).min(BLOCK.1);
        }
        block.next += i128::from(numbering.increment);
        Ok(number)
    }

    /// Gives the reserved numbers back at a clean stop.
    pub fn release(&self, batch: &mut Batch) {
        for ((collection, column), block) in self.0.lock().drain() {
            batch.put(&Key::Sequence(collection, column), &encode(block.next));
        }
    }

    /// Begins sequences anew with the commits that say so: nobody takes a number while `write` makes them durable.
    ///
    /// # Errors
    /// What `write` returns; none begins anew then.
    pub fn restart(&self, restarts: &Restarts, write: impl FnOnce() -> Result<()>) -> Result<()> {
        if restarts.is_empty() {
            return write();
        }
        let mut sequences = self.0.lock();
        write()?;
        for (place, next) in restarts {
            let next = i128::from(*next);
            sequences.insert(*place, Block { next, end: next, size: BLOCK.0 });
        }
        Ok(())
    }
}

/// The number behind one that was given out.
///
/// # Errors
/// 22003 behind the last number.
pub(in crate::db) fn number_after(number: i64, numbering: Numbering) -> Result<i64> {
    number.checked_add(numbering.increment).ok_or_else(exhausted)
}

fn exhausted() -> Error {
    Error::new(ErrorKind::NumericOutOfRange, "nextval: the sequence has given out its last number")
}

/// The next number of a sequence as it is stored: in 16 bytes where it lies behind the last one, in 8 everywhere else.
fn encode(next: i128) -> Vec<u8> {
    match i64::try_from(next) {
        Ok(next) => next.to_le_bytes().to_vec(),
        Err(_) => next.to_le_bytes().to_vec(),
    }
}

fn decode(bytes: &[u8]) -> Result<i128> {
    let damaged = |_| Error::new(ErrorKind::Corrupted, format!("a sequence is stored in {} bytes", bytes.len()));
    match bytes.try_into() {
        Ok(next) => Ok(i128::from(i64::from_le_bytes(next))),
        Err(_) => bytes.try_into().map(i128::from_le_bytes).map_err(damaged),
    }
}

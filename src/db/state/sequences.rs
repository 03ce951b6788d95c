//! Numbers of sequences: never given twice, not rolled back.
//!
//! Numbers are reserved on disk in blocks before they are given out, so that a crash skips at most a block and repeats
//! nothing. Blocks grow while a load goes on. TRUNCATE … RESTART IDENTITY, ALTER SEQUENCE … RESTART and a new sequence alone belong to
//! their transaction: until that commits, its rows take their numbers from a count of its own.
//!
//! A reservation is written here and not by the committer, since a statement waits for it. Nothing can come between: whoever
//! writes a sequence, the committer that begins one anew as well, holds the lock on all of them until it is durable. What is
//! reserved for a table that is dropped meanwhile is never read: its number is not given again.
//!
//! While a table is attached to a network its columns draw from [`RowIds`](crate::db::catalog::row_ids::RowIds) instead, and its own
//! sequences stand still.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::db::pending::write_set::Restarts;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Sequence, SequenceCount, SequencePlace};
use crate::store::{Batch, Key, Store};

/// Numbers reserved at first, and at most at once.
const BLOCK: (u32, u32) = (32, 8192);

/// The counts of all sequences from which numbers were drawn.
#[derive(Default)]
pub(crate) struct Sequences(Mutex<HashMap<SequencePlace, Drawing>>);

struct Drawing {
    count: SequenceCount,
    /// Numbers behind the count that are reserved on disk, as far as the increment is this one.
    reserved: u32,
    increment: i64,
    /// Numbers that the next reservation takes.
    size: u32,
}

impl Drawing {
    fn at(count: SequenceCount) -> Drawing {
        Drawing { count, reserved: 0, increment: 0, size: BLOCK.0 }
    }
}

impl Sequences {
    /// The next number of a sequence.
    ///
    /// # Errors
    /// 2200H at the end of its numbers; 58030 where the store cannot be read or written, XX001 for a damaged count.
    pub fn next(&self, store: &Store, sequence: &Sequence) -> Result<i64> {
        let (place, numbers) = (sequence.place(), &sequence.numbers);
        let mut sequences = self.0.lock();
        let drawing = match sequences.entry(place) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let count = stored_count(store, place)?.unwrap_or(numbers.beginning());
                entry.insert(Drawing::at(count))
            }
        };
        let next = drawing.count.next(numbers).ok_or_else(|| exhausted(sequence))?;
        let is_behind = drawing.count.last.checked_add(numbers.increment) == Some(next);
        if drawing.reserved > 0 && drawing.increment == numbers.increment && is_behind {
            drawing.reserved -= 1;
        } else {
            let reserved = numbers.room_behind(next, drawing.size.saturating_sub(1));
            let ahead = i128::from(next) + i128::from(reserved) * i128::from(numbers.increment);
            let last = i64::try_from(ahead).map_err(|_| exhausted(sequence))?;
            put(store, place, SequenceCount { last, is_called: true })?;
            *drawing = Drawing {
                count: drawing.count,
                reserved,
                increment: numbers.increment,
                size: drawing.size.saturating_mul(2).min(BLOCK.1),
            };
        }
        drawing.count = SequenceCount { last: next, is_called: true };
        Ok(next)
    }

    /// Has a sequence go on from a count, for everybody and at once.
    ///
    /// # Errors
    /// 58030 where the store cannot be written.
    pub fn set(&self, store: &Store, place: SequencePlace, count: SequenceCount) -> Result<()> {
        let mut sequences = self.0.lock();
        put(store, place, count)?;
        sequences.insert(place, Drawing::at(count));
        Ok(())
    }

    /// How far a sequence has come; `None` where no number of it was drawn.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged count.
    pub fn count(&self, store: &Store, place: SequencePlace) -> Result<Option<SequenceCount>> {
        let sequences = self.0.lock();
        match sequences.get(&place) {
            Some(drawing) => Ok(Some(drawing.count)),
            None => stored_count(store, place),
        }
    }

    /// Gives the reserved numbers back at a clean stop.
    pub fn release(&self, batch: &mut Batch) {
        for ((collection, column), drawing) in self.0.lock().drain() {
            batch.put(&Key::Sequence(collection, column), &encode(drawing.count));
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
        for (place, own) in restarts {
            sequences.insert(*place, Drawing::at(own.count()));
        }
        Ok(())
    }
}

/// A sequence cannot give another number, as PostgreSQL says it.
pub(in crate::db) fn exhausted(sequence: &Sequence) -> Error {
    let (what, bound) = match sequence.numbers.increment < 0 {
        true => ("minimum", sequence.numbers.min),
        false => ("maximum", sequence.numbers.max),
    };
    let message = format!("nextval: reached {what} value of sequence \"{}\" ({bound})", sequence.name);
    Error::new(ErrorKind::SequenceExhausted, message)
}

fn stored_count(store: &Store, place: SequencePlace) -> Result<Option<SequenceCount>> {
    store.snapshot().get(&Key::Sequence(place.0, place.1))?.map(|bytes| decode(&bytes)).transpose()
}

fn put(store: &Store, place: SequencePlace, count: SequenceCount) -> Result<()> {
    let mut batch = Batch::new();
    batch.put(&Key::Sequence(place.0, place.1), &encode(count));
    store.write(batch)
}

/// A count as it is stored: eight bytes of the last number, and whether it was given out.
pub(in crate::db) fn encode(count: SequenceCount) -> Vec<u8> {
    let mut bytes = count.last.to_le_bytes().to_vec();
    bytes.push(u8::from(count.is_called));
    bytes
}

/// Reads a count. Servers before had the number that comes next, in 16 bytes where it lies behind the last one there is.
fn decode(bytes: &[u8]) -> Result<SequenceCount> {
    if let Ok(next) = bytes.try_into() {
        return Ok(SequenceCount { last: i64::from_le_bytes(next), is_called: false });
    }
    if bytes.len() == size_of::<i128>() {
        return Ok(SequenceCount { last: i64::MAX, is_called: true });
    }
    let damaged = || Error::new(ErrorKind::Corrupted, format!("a sequence is stored in {} bytes", bytes.len()));
    let (last, is_called) = bytes.split_first_chunk().ok_or_else(damaged)?;
    match is_called {
        [is_called @ (0 | 1)] => Ok(SequenceCount { last: i64::from_le_bytes(*last), is_called: *is_called == 1 }),
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_they_were_written_and_as_servers_before_wrote_them() {
        for count in [(i64::MIN, true), (0, false), (i64::MAX, true)] {
            let count = SequenceCount { last: count.0, is_called: count.1 };
            assert_eq!(decode(&encode(count)).unwrap(), count);
        }
        assert_eq!(decode(&7_i64.to_le_bytes()).unwrap(), SequenceCount { last: 7, is_called: false });
        let behind = (i128::from(i64::MAX) + 1).to_le_bytes();
        assert_eq!(decode(&behind).unwrap(), SequenceCount { last: i64::MAX, is_called: true });
        assert!(decode(&[1; 5]).is_err() && decode(&[2; 9]).is_err());
    }
}

//! Numbers of `bigserial` and identity columns: never given twice, not rolled back.
//!
//! Numbers are reserved on disk in blocks before they are given out, so that a crash skips at most a block and repeats
//! nothing. Blocks grow while a load goes on. TRUNCATE … RESTART IDENTITY alone goes back, and belongs to its transaction:
//! until that commits, its rows take their numbers from a count of its own.
//!
//! While a table is attached to a network its columns draw from [`RowIds`](crate::db::catalog::row_ids::RowIds) instead, and its own
//! sequences stand still.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;

use crate::db::catalog::row_ids::check_room;
use crate::db::write::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, Numbering};
use crate::store::{Batch, Key, Store};

/// Numbers reserved at first, and at most at once.
const BLOCK: (i64, i64) = (32, 8192);

/// A column with a sequence: its collection and its slot.
pub(crate) type SequencePlace = (CollectionId, u16);

/// Sequences that a transaction has begun anew, each with its next number.
pub(crate) type Restarts = BTreeMap<SequencePlace, i64>;

/// The sequences of all columns.
#[derive(Default)]
pub(crate) struct Sequences(Mutex<HashMap<SequencePlace, Block>>);

struct Block {
    next: i64,
    /// First number that is not reserved on disk.
    end: i64,
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
                    None => numbering.start,
                    Some(bytes) => decode(&bytes)?,
                };
                entry.insert(Block { next, end: next, size: BLOCK.0 })
            }
        };
        if block.next == block.end {
            let step = block.size.checked_mul(numbering.increment).ok_or_else(exhausted)?;
            let end = block.next.checked_add(step).ok_or_else(exhausted)?;
            let mut batch = Batch::new();
            batch.put(&key, &end.to_le_bytes());
            store.write(batch)?;
            block.end = end;
            block.size = (block.size * 2).min(BLOCK.1);
        }
        let number = block.next;
        block.next = after(number, numbering)?;
        Ok(number)
    }

    /// Gives the reserved numbers back at a clean stop.
    pub fn release(&self, batch: &mut Batch) {
        for ((collection, column), block) in self.0.lock().drain() {
            batch.put(&Key::Sequence(collection, column), &block.next.to_le_bytes());
        }
    }

    /// Begins sequences anew with the commits that say so: nobody takes a number while `write` makes them durable.
    pub fn restart(&self, restarts: &Restarts, write: impl FnOnce() -> Result<()>) -> Result<()> {
        if restarts.is_empty() {
            return write();
        }
        let mut sequences = self.0.lock();
        write()?;
        for (place, next) in restarts {
            sequences.insert(*place, Block { next: *next, end: *next, size: BLOCK.0 });
        }
        Ok(())
    }
}

impl Transaction {
    /// The next number of a column that draws from a sequence of its own; of an attached table one that no other node gives out.
    ///
    /// # Errors
    /// 22003 behind the last number, 0A000 for a column of an attached table with less than eight bytes, and 58030 where the
    /// store cannot be written.
    pub fn next_number_of(&mut self, collection: &Collection, position: usize) -> Result<i64> {
        let slot = crate::db::read::view::vector_slot(position)?;
        let column = collection.columns.get(position);
        if let Some(column) = column.filter(|_| self.catalog().network_of(collection.id).is_some()) {
            check_room(&collection.name, &column.name, &column.ty)?;
            let shared = &self.shared;
            return shared.row_ids.next(&shared.store, shared.clock.millis(), &shared.peer_id());
        }
        let numbering = column.map(|column| column.numbering).unwrap_or_default();
        let place = (collection.id, slot);
        let Some(number) = self.view.writes.restarts.get(&place).copied() else {
            return self.shared.sequences.next(&self.shared.store, place, numbering);
        };
        self.writes().restarts.insert(place, after(number, numbering)?);
        Ok(number)
    }

    /// TRUNCATE … RESTART IDENTITY: the sequences of a collection begin anew, for everybody once this commits.
    pub fn restart_sequences(&mut self, collection: &Collection) -> Result<()> {
        for (position, column) in collection.columns.iter().enumerate().filter(|(_, column)| column.has_sequence()) {
            let slot = crate::db::read::view::vector_slot(position)?;
            self.writes().restarts.insert((collection.id, slot), column.numbering.start);
        }
        Ok(())
    }
}

fn after(number: i64, numbering: Numbering) -> Result<i64> {
    number.checked_add(numbering.increment).ok_or_else(exhausted)
}

fn exhausted() -> Error {
    Error::new(ErrorKind::NumericOutOfRange, "nextval: the sequence has given out its last number")
}

fn decode(bytes: &[u8]) -> Result<i64> {
    bytes
        .try_into()
        .map(i64::from_le_bytes)
        .map_err(|_| Error::new(ErrorKind::Corrupted, format!("a sequence is stored in {} bytes", bytes.len())))
}

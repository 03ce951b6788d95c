//! Numbers drawn from sequences: by columns and their defaults, and by `nextval` and `setval`. They are given out at once and for good,
//! whatever becomes of the transaction.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::db::catalog::row_ids::check_room;
use crate::db::pending::write_set::OwnCount;
use crate::db::read::view::ReadView;
use crate::db::state::sequences::exhausted;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, Sequence, SequenceCount};

impl ReadView {
    /// Draws the next number of a sequence. A column of an attached table gets one that no other node gives out.
    ///
    /// # Errors
    /// 2200H at its end, 0A000 for a column of an attached table with less than eight bytes; 58030 where the store cannot be written.
    pub fn draw(&self, sequence: &Sequence) -> Result<i64> {
        let shared = &self.database;
        let number = if self.draws_row_ids(sequence)? {
            shared.row_ids.next(&shared.store, shared.clock.millis(), &shared.peer_id())?
        } else if let Some(own) = self.writes.restarts.get(&sequence.place()) {
            own.draw(sequence)?
        } else {
            shared.sequences.next(&shared.store, sequence)?
        };
        self.drawn.note(sequence.place(), number);
        Ok(number)
    }

    /// Draws the next number of a column's own sequence.
    ///
    /// # Errors
    /// As [`ReadView::draw`].
    pub fn draw_for_column(&self, collection: &Collection, position: usize) -> Result<i64> {
        let sequence = Sequence::of_column(collection, position);
        let none = || Error::internal(format!("column {position} of {} has no sequence", collection.name));
        self.draw(&sequence.ok_or_else(none)?)
    }

    /// Whether a sequence is of a column of an attached table, whose numbers are of time and node.
    fn draws_row_ids(&self, sequence: &Sequence) -> Result<bool> {
        let Some(column) = sequence.column.filter(|_| self.catalog.network_of(sequence.id).is_some()) else {
            return Ok(false);
        };
        let Some(collection) = self.catalog.collection_by_id(sequence.id) else { return Ok(false) };
        let position = collection.position_of(column);
        if let Some(column) = position.and_then(|position| collection.columns.get(position)) {
            check_room(&collection.name, &column.name, &column.ty)?;
        }
        Ok(true)
    }

    /// Has a sequence go on behind a number, or with it where it does not count as drawn: for everybody, and at once.
    ///
    /// # Errors
    /// 22003 for a number out of its bounds, 0A000 for a column of an attached table; 58030 where the store cannot be written.
    pub fn set_sequence(&self, sequence: &Sequence, number: i64, is_called: bool) -> Result<()> {
        let numbers = &sequence.numbers;
        if !numbers.holds(number) {
            let (name, min, max) = (&sequence.name, numbers.min, numbers.max);
            let message = format!("setval: value {number} is out of bounds for sequence \"{name}\" ({min}..{max})");
            return Err(Error::new(ErrorKind::NumericOutOfRange, message));
        }
        if self.draws_row_ids(sequence)? {
            return Err(Error::unsupported(
                format!("sequence \"{}\" is of an attached table and counts by time", sequence.name),
                "DETACH COLLECTION first.",
            ));
        }
        let count = SequenceCount { last: number, is_called };
        match self.writes.restarts.get(&sequence.place()) {
            Some(own) => own.set(count),
            None => self.database.sequences.set(&self.database.store, sequence.place(), count)?,
        }
        if is_called {
            self.drawn.note_set(sequence.place(), number);
        }
        Ok(())
    }

    /// How far a sequence has come.
    ///
    /// # Errors
    /// 58030 where the store cannot be read, XX001 for a damaged count.
    pub fn sequence_count(&self, sequence: &Sequence) -> Result<SequenceCount> {
        let count = match self.writes.restarts.get(&sequence.place()) {
            Some(own) => Some(own.count()),
            None => self.database.sequences.count(&self.database.store, sequence.place())?,
        };
        Ok(count.unwrap_or(sequence.numbers.beginning()))
    }

    /// What the session has drawn.
    pub fn drawn(&self) -> &crate::model::DrawnNumbers {
        &self.drawn
    }
}

impl OwnCount {
    /// A transaction begins a sequence anew.
    pub fn new(count: SequenceCount) -> OwnCount {
        OwnCount(Arc::new(Mutex::new(count)))
    }

    pub fn count(&self) -> SequenceCount {
        *self.0.lock()
    }

    fn set(&self, count: SequenceCount) {
        *self.0.lock() = count;
    }

    fn draw(&self, sequence: &Sequence) -> Result<i64> {
        let mut count = self.0.lock();
        let next = count.next(&sequence.numbers).ok_or_else(|| exhausted(sequence))?;
        *count = SequenceCount { last: next, is_called: true };
        Ok(next)
    }
}

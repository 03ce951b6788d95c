//! Numbers for columns that draw them: from a sequence of their own, or, of an attached table, such that no other node gives out.

use crate::db::pending::write_set::OwnCount;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, Result};
use crate::model::{Collection, CollectionId, Sequence, SequenceCount, SequencePlace};

impl Transaction {
    /// The next number of a column that draws from a sequence of its own; of an attached table one that no other node gives out.
    ///
    /// # Errors
    /// As [`ReadView::draw`](crate::db::ReadView::draw).
    pub fn next_number_of(&self, collection: &Collection, position: usize) -> Result<i64> {
        self.view.draw_for_column(collection, position)
    }

    /// The next number of a sequence that was made by itself.
    ///
    /// # Errors
    /// As [`ReadView::draw`](crate::db::ReadView::draw).
    pub fn next_number(&self, sequence: CollectionId) -> Result<i64> {
        let Some(sequence) = self.catalog().sequence_by_id(sequence) else {
            return Err(Error::internal(format!("a default draws from the sequence {} that is not there", sequence.0)));
        };
        self.view.draw(sequence)
    }

    /// TRUNCATE … RESTART IDENTITY: the sequences of a collection, and those that go with its columns, begin anew, for everybody once
    /// this commits.
    pub fn restart_sequences(&mut self, collection: &Collection) {
        let of_columns = (0..collection.columns.len()).filter_map(|column| Sequence::of_column(collection, column));
        let owned = self.catalog().sequences_owned_by(collection.id).map(|sequence| sequence.as_ref().clone());
        let all: Vec<Sequence> = of_columns.chain(owned).collect();
        for sequence in all {
            self.restart_sequence(sequence.place(), sequence.numbers.beginning());
        }
    }

    /// A sequence goes on from a count: for this transaction at once, for everybody once it commits.
    pub fn restart_sequence(&mut self, place: SequencePlace, count: SequenceCount) {
        self.writes().restarts.insert(place, OwnCount::new(count));
    }
}

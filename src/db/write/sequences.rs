//! Numbers for columns that draw them: from a sequence of their own, or, of an attached table, such that no other node gives out.

use crate::db::catalog::row_ids::check_room;
use crate::db::state::sequences::number_after;
use crate::db::write::transaction::Transaction;
use crate::error::Result;
use crate::model::Collection;

impl Transaction {
    /// The next number of a column that draws from a sequence of its own; of an attached table one that no other node gives out.
    ///
    /// # Errors
    /// 22003 behind the last number, 0A000 for a column of an attached table with less than eight bytes, and 58030 where the
    /// store cannot be written.
    pub fn next_number_of(&mut self, collection: &Collection, position: usize) -> Result<i64> {
        let id = collection.column_id(position)?;
        let column = collection.columns.get(position);
        if let Some(column) = column.filter(|_| self.catalog().network_of(collection.id).is_some()) {
            check_room(&collection.name, &column.name, &column.ty)?;
            let shared = &self.shared;
            return shared.row_ids.next(&shared.store, shared.clock.millis(), &shared.peer_id());
        }
        let numbering = column.map(|column| column.numbering).unwrap_or_default();
        let place = (collection.id, id);
        let Some(number) = self.view.writes.restarts.get(&place).copied() else {
            return self.shared.sequences.next(&self.shared.store, place, numbering);
        };
        self.writes().restarts.insert(place, number_after(number, numbering)?);
        Ok(number)
    }

    /// TRUNCATE … RESTART IDENTITY: the sequences of a collection begin anew, for everybody once this commits.
    pub fn restart_sequences(&mut self, collection: &Collection) {
        for column in collection.columns.iter().filter(|column| column.has_sequence()) {
            self.writes().restarts.insert((collection.id, column.id), column.numbering.start);
        }
    }
}

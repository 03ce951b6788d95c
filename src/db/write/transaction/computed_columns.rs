//! Generated columns: what is computed of the other columns of a row, whenever the row is written here.
//!
//! The value is kept with the row, whether the column is declared STORED or VIRTUAL, and goes to the members of a network like
//! every other: where changes of two members meet in one row it is that of the later one until the row is written again.

use crate::db::state::cancel::Cancel;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::expr::ValueRow;
use crate::model::{Collection, Column, ColumnId};
use crate::types::Value;

impl Transaction {
    /// Fills in the generated columns of a row.
    ///
    /// # Errors
    /// What computing a value reports, and bringing it into the column's type.
    pub(in crate::db::write) fn compute_columns(&self, collection: &Collection, row: &mut [Value]) -> Result<()> {
        if !collection.columns.iter().any(|column| column.computation().is_some()) {
            return Ok(());
        }
        let rules = self.shared.row_rules.of(&self.view, collection)?;
        let environment = self.view.stored_environment();
        for (position, expression) in &rules.computed {
            let value = expression.value(&environment, &ValueRow { row, ..ValueRow::default() })?;
            let Some(column) = collection.columns.get(*position) else { continue };
            let value = if value.is_of(&column.ty) { value } else { value.cast(&column.ty, false)? };
            if let Some(slot) = row.get_mut(*position) {
                *slot = value;
            }
        }
        Ok(())
    }

    /// Generated columns that are computed of a column go with it, or it stays.
    ///
    /// # Errors
    /// 2BP01 where there are some and `cascade` is not said; as [`Transaction::drop_column`].
    pub(in crate::db::write) fn drop_computed(
        &mut self,
        collection: &Collection,
        column: ColumnId,
        cascade: bool,
        cancel: &Cancel,
    ) -> Result<()> {
        let names = |other: &&Column| other.computation().is_some_and(|computed| computed.columns.contains(&column));
        let computed: Vec<String> = collection.columns.iter().filter(names).map(|other| other.name.clone()).collect();
        if computed.is_empty() {
            return Ok(());
        }
        let (table, relation) = (&collection.name, collection.relation());
        let name = collection.position_of(column).and_then(|position| collection.columns.get(position));
        let name = name.map_or("", |column| column.name.as_str());
        if !cascade {
            let lines = computed
                .iter()
                .map(|other| format!("column {other} of table {table} depends on column {name} of table {table}"));
            let message = format!("cannot drop column {name} of table {table} because other objects depend on it");
            return Err(Error::new(ErrorKind::DependentObjects, message)
                .with_detail(lines.collect::<Vec<_>>().join("\n"))
                .with_hint("Use DROP ... CASCADE to drop the dependent objects too."));
        }
        for other in computed {
            self.notices.push(Notice::new(format!("drop cascades to column {other} of table {table}")));
            self.drop_column(&relation, &other, cascade, cancel)?;
        }
        Ok(())
    }
}

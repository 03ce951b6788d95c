//! SHOW NETWORKS, PEERS and SYNC: rows of the tables of the schema `nebulus`.

use tokio::task::block_in_place;

use crate::db::{NetworkTable, ReadView, Row, RowStream};
use crate::error::Result;
use crate::statement::{ReadRun, RowSource, Work, at_once};

/// These columns of a table.
#[derive(Debug)]
pub struct NetworkRows {
    pub table: NetworkTable,
    pub positions: Vec<usize>,
}

impl NetworkRows {
    fn rows(&self, view: &ReadView) -> Result<Vec<Row>> {
        let rows = block_in_place(|| self.table.rows(view))?.into_iter();
        let kept = |row: Row| self.positions.iter().filter_map(|position| row.get(*position).cloned()).collect();
        Ok(rows.map(kept).collect())
    }
}

impl RowSource for NetworkRows {
    fn open<'a>(&'a self, run: ReadRun<'a>) -> Work<'a, RowStream> {
        at_once(self.rows(run.view).map(RowStream::from_rows))
    }

    fn explain<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(Ok(vec![format!("Scan on nebulus.{}", self.table.name())]))
    }
}

//! What comes of a statement, and the rows of a result while they are fetched.

use std::future::Future;
use std::sync::Arc;

use crate::db::{Cancel, Row, RowStream};
use crate::error::Result;
use crate::model::{OutputColumn, Reservation};
use crate::session::statement::copy::{SessionCopyIn, SessionCopyOut};
use crate::statement::{CommandTag, RowsTag};

/// What came of a statement.
pub enum StatementOutcome {
    Rows {
        rows: ResultRows,
        tag: RowsTag,
    },
    /// With its command tag.
    Done {
        tag: CommandTag,
    },
    Empty,
    /// The client is to send data.
    CopyIn(SessionCopyIn),
    CopyOut(SessionCopyOut),
}

/// The rows of a result. Dropping them stops the work behind them.
pub struct ResultRows {
    columns: Arc<[OutputColumn]>,
    /// Rows that were read already and come first.
    first: Option<Vec<Row>>,
    /// What those take of the session's memory.
    first_memory: Option<Reservation>,
    stream: RowStream,
    cancel: Cancel,
}

impl ResultRows {
    pub(in crate::session) fn new(columns: Arc<[OutputColumn]>, stream: RowStream, cancel: &Cancel) -> Self {
        ResultRows { columns, first: None, first_memory: None, stream, cancel: cancel.clone() }
    }

    /// These rows behind others, with what the others take of the session's memory.
    pub(in crate::session) fn behind(mut self, first: std::vec::IntoIter<Row>, memory: Reservation) -> Self {
        self.first = Some(first.collect()).filter(|rows: &Vec<Row>| !rows.is_empty());
        self.first_memory = Some(memory);
        self
    }

    pub fn columns(&self) -> Arc<[OutputColumn]> {
        Arc::clone(&self.columns)
    }

    /// The next rows, `None` at the end.
    ///
    /// # Errors
    /// 57014 when the statement was cancelled or ran into its timeout while it waited.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<Row>>> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => {
                self.first_memory = None;
                cancellable(self.stream.next_chunk(), &self.cancel).await
            }
        }
    }
}

/// Waits for work, and gives it up when the statement is cancelled.
pub(super) async fn cancellable<T>(work: impl Future<Output = Result<T>>, cancel: &Cancel) -> Result<T> {
    cancel.guard(work).await
}

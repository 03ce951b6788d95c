//! SQL cursors: DECLARE, FETCH, CLOSE. They go forward only and read as they are fetched.

use std::sync::Arc;

use crate::db::{Row, RowStream};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{OutputColumn, quote_identifier};
use crate::session::rows::{Outcome, Rows, RowsTag};
use crate::session::session::{Session, in_failed_transaction};
use crate::session::transaction::TransactionStatus;

/// Most open cursors of one session.
const CURSORS_MAX: usize = 1000;
/// Most rows of one FETCH with a count.
const FETCH_ROWS_MAX: u64 = 100_000;

/// An open cursor.
pub(super) struct Cursor {
    pub columns: Arc<[OutputColumn]>,
    /// Lives on after its transaction.
    pub is_held: bool,
    rows: Rows,
    waiting: std::vec::IntoIter<Row>,
}

impl Cursor {
    async fn next(&mut self) -> Result<Option<Row>> {
        loop {
            if let Some(row) = self.waiting.next() {
                return Ok(Some(row));
            }
            match self.rows.next_chunk().await? {
                Some(chunk) => self.waiting = chunk.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

impl Session {
    /// # Errors
    /// 42710 (PostgreSQL: 42P03) for a name that is taken, 54000 over the limit.
    pub(super) fn open_cursor(&mut self, name: &str, rows: Rows, is_held: bool) -> Result<()> {
        if self.cursors.contains_key(name) {
            return Err(Error::new(ErrorKind::DuplicateObject, format!("cursor \"{name}\" already exists")));
        }
        if self.cursors.len() >= CURSORS_MAX {
            return Err(Error::new(ErrorKind::LimitExceeded, format!("more than {CURSORS_MAX} open cursors"))
                .with_hint("CLOSE cursors that are no longer needed."));
        }
        let cursor = Cursor { columns: rows.columns(), is_held, rows, waiting: Vec::new().into_iter() };
        self.cursors.insert(name.to_string(), cursor);
        Ok(())
    }

    /// The columns of a cursor; `None` when there is none of that name.
    pub fn cursor_columns(&self, name: &str) -> Option<Arc<[OutputColumn]>> {
        self.cursors.get(name).map(|cursor| Arc::clone(&cursor.columns))
    }

    /// Reads on in a cursor that the wire names as a portal, as FETCH does; `None` when there is none of that name.
    ///
    /// # Errors
    /// 25P02 in a failed transaction, 54000 for a count over FETCH's limit, and what reading fails with.
    pub async fn run_cursor(&mut self, name: &str, count: Option<u64>) -> Result<Option<Rows>> {
        if !self.cursors.contains_key(name) {
            return Ok(None);
        }
        if self.status() == TransactionStatus::Failed {
            return Err(in_failed_transaction());
        }
        self.begin_statement(&format!("FETCH FROM {}", quote_identifier(name)).into());
        self.fetch_rows(name, count).await.map(Some)
    }

    /// Closes a cursor; whether there was one of that name.
    pub fn drop_cursor(&mut self, name: &str) -> bool {
        self.cursors.remove(name).is_some()
    }

    pub(super) async fn fetch(&mut self, name: &str, count: Option<u64>) -> Result<Outcome> {
        let rows = self.fetch_rows(name, count).await?;
        Ok(Outcome::Rows { rows, tag: RowsTag::Counted("FETCH") })
    }

    /// Reads on; `None` reads to the end.
    async fn fetch_rows(&mut self, name: &str, count: Option<u64>) -> Result<Rows> {
        let cancel = self.cancel.clone();
        let cursor = self.cursors.get_mut(name).ok_or_else(|| no_cursor(name))?;
        let columns = Arc::clone(&cursor.columns);
        let Some(count) = count else {
            // Everything that is left is streamed; the cursor stays, at its end.
            let nothing = Rows::new(Arc::clone(&columns), RowStream::from_rows(Vec::new()), &cancel);
            let rest = std::mem::replace(&mut cursor.rows, nothing);
            let waiting = std::mem::replace(&mut cursor.waiting, Vec::new().into_iter());
            return Ok(rest.behind(waiting));
        };
        if count > FETCH_ROWS_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("FETCH of {count} rows is over the limit of {FETCH_ROWS_MAX}"),
            )
            .with_hint("FETCH fewer rows at a time, or FETCH ALL."));
        }
        let mut rows = Vec::new();
        for _ in 0..count {
            let Some(row) = cursor.next().await? else { break };
            rows.push(row);
        }
        Ok(Rows::new(columns, RowStream::from_rows(rows), &cancel))
    }

    pub(super) fn close_cursor(&mut self, name: &str) -> Result<()> {
        if self.drop_cursor(name) { Ok(()) } else { Err(no_cursor(name)) }
    }

    /// The transaction is over: its cursors are closed.
    pub(super) fn end_cursors(&mut self) {
        self.cursors.retain(|_, cursor| cursor.is_held);
    }
}

pub(super) fn no_cursor(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedCursor, format!("cursor \"{name}\" does not exist"))
}

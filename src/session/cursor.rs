//! SQL cursors: DECLARE, FETCH, CLOSE. They go forward only and read as they are fetched.
//!
//! One WITH HOLD is read to its end when its transaction commits, as in PostgreSQL: what it fails with fails the COMMIT, and
//! afterwards it stands on nothing but its rows, which are drawn from the session's memory.

use std::collections::HashMap;
use std::sync::Arc;

use crate::db::{ActivityHandle, Gathered, ListedCursor, Row, RowStream};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{OutputColumn, Reservation};
use crate::session::session::{Session, in_failed_transaction};
use crate::session::statement::outcome::{ResultRows, StatementOutcome};
use crate::session::transaction::TransactionStatus;
use crate::statement::RowsTag;
use crate::types::{Value, quote_identifier};

/// Most open cursors of one session.
const CURSORS_MAX: usize = 1000;
/// Bytes that a cursor takes besides its rows.
const CURSOR_BYTES: usize = 1024;
/// Bytes that a stored row takes besides its values.
const ROW_BYTES: usize = size_of::<Row>();
/// Most rows of one FETCH with a count.
const FETCH_ROWS_MAX: u64 = 100_000;

/// An open cursor.
pub(super) struct SqlCursor {
    columns: Arc<[OutputColumn]>,
    /// Its place among all that the session opened.
    number: u64,
    /// Lives on after its transaction.
    is_held: bool,
    rows: ResultRows,
    /// Rows that were read and not fetched; `rows` accounts for them, unless they are stored.
    waiting: std::vec::IntoIter<Row>,
    /// What it takes besides its rows, and its stored rows.
    memory: Reservation,
    /// All of its rows wait: nothing stands behind them any more.
    is_stored: bool,
    _listed: ListedCursor,
}

impl SqlCursor {
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

    /// Reads everything that is left.
    async fn store(&mut self) -> Result<()> {
        let mut rows: Vec<Row> = std::mem::take(&mut self.waiting).collect();
        let mut bytes: usize = rows.iter().flatten().map(Value::bytes).sum();
        while let Some(chunk) = self.rows.next_chunk().await? {
            bytes += chunk.iter().flatten().map(Value::bytes).sum::<usize>() + chunk.len() * ROW_BYTES;
            self.memory.resize(CURSOR_BYTES + bytes)?;
            rows.extend(chunk);
        }
        self.waiting = rows.into_iter();
        self.is_stored = true;
        Ok(())
    }
}

/// The open cursors of a session.
#[derive(Default)]
pub(super) struct Cursors {
    open: HashMap<String, SqlCursor>,
    /// How many were opened so far.
    opened: u64,
    /// How many of them before the present transaction.
    settled: u64,
}

/// A moment of a transaction: the cursors that were open then are older.
#[derive(Clone, Copy)]
pub(super) struct CursorMark(u64);

impl Cursors {
    /// # Errors
    /// 42P03 for a name that is taken, 54000 over the limit.
    fn insert(
        &mut self,
        name: &str,
        rows: ResultRows,
        is_held: bool,
        (memory, activity): (Reservation, &ActivityHandle),
    ) -> Result<()> {
        if self.open.contains_key(name) {
            return Err(Error::new(ErrorKind::DuplicateCursor, format!("cursor \"{name}\" already exists")));
        }
        if self.open.len() >= CURSORS_MAX {
            return Err(Error::new(ErrorKind::LimitExceeded, format!("more than {CURSORS_MAX} open cursors"))
                .with_hint("CLOSE cursors that are no longer needed."));
        }
        self.opened = self.opened.saturating_add(1);
        let (columns, number) = (rows.columns(), self.opened);
        let waiting = Vec::new().into_iter();
        let listed = activity.list_cursor(number, name, is_held);
        let cursor = SqlCursor { columns, number, is_held, rows, waiting, memory, is_stored: false, _listed: listed };
        self.open.insert(name.to_string(), cursor);
        Ok(())
    }

    /// Whether one of them still reads from the data.
    pub fn hold_snapshot(&self) -> bool {
        self.open.values().any(|cursor| !cursor.is_stored)
    }

    /// The transaction is about to commit: those WITH HOLD are read to their end.
    ///
    /// # Errors
    /// What reading fails with, and 53200 where the rows are more than the session may hold; the transaction cannot commit
    /// then.
    pub async fn store_held(&mut self) -> Result<()> {
        for cursor in self.open.values_mut().filter(|cursor| cursor.is_held && !cursor.is_stored) {
            cursor.store().await?;
        }
        Ok(())
    }

    pub fn clear(&mut self) {
        self.open.clear();
    }

    pub fn mark(&self) -> CursorMark {
        CursorMark(self.opened)
    }

    /// The transaction is about to commit: the others end, and with them the work behind them.
    pub fn close_others(&mut self) {
        self.open.retain(|_, cursor| cursor.is_held);
    }

    /// The transaction has committed: those WITH HOLD live on.
    pub fn commit(&mut self) {
        self.open.retain(|_, cursor| cursor.is_held);
        self.settled = self.opened;
    }

    /// The transaction was rolled back: of those WITH HOLD its own are gone as well.
    pub fn roll_back(&mut self) {
        self.open.retain(|_, cursor| cursor.is_held && cursor.number <= self.settled);
        self.settled = self.opened;
    }

    /// What came after `mark` was rolled back, the transaction goes on.
    pub fn close_since(&mut self, mark: CursorMark) {
        self.open.retain(|_, cursor| cursor.number <= mark.0);
    }
}

impl Session {
    /// # Errors
    /// 42P03 for a name that is taken, 54000 over the limit.
    pub(super) fn open_cursor(&mut self, name: &str, rows: ResultRows, is_held: bool) -> Result<()> {
        let memory = self.memory.reserve(CURSOR_BYTES)?;
        self.cursors.insert(name, rows, is_held, (memory, &self.activity))
    }

    /// The columns of a cursor; `None` when there is none of that name.
    pub fn cursor_columns(&self, name: &str) -> Option<Arc<[OutputColumn]>> {
        self.cursors.open.get(name).map(|cursor| Arc::clone(&cursor.columns))
    }

    /// Reads on in a cursor that the wire names as a portal, as FETCH does; `None` when there is none of that name.
    ///
    /// # Errors
    /// 25P02 in a failed transaction, 54000 for a count over FETCH's limit, and what reading fails with.
    pub async fn run_cursor(&mut self, name: &str, count: Option<u64>) -> Result<Option<ResultRows>> {
        if !self.cursors.open.contains_key(name) {
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
        self.cursors.open.remove(name).is_some()
    }

    pub(super) async fn fetch(&mut self, name: &str, count: Option<u64>) -> Result<StatementOutcome> {
        let rows = self.fetch_rows(name, count).await?;
        Ok(StatementOutcome::Rows { rows, tag: RowsTag::Counted("FETCH") })
    }

    /// Reads on; `None` reads to the end.
    async fn fetch_rows(&mut self, name: &str, count: Option<u64>) -> Result<ResultRows> {
        let cancel = self.cancel.clone();
        let cursor = self.cursors.open.get_mut(name).ok_or_else(|| no_cursor(name))?;
        let columns = Arc::clone(&cursor.columns);
        let Some(count) = count else {
            // Everything that is left is streamed; the cursor stays, at its end.
            let nothing = ResultRows::new(Arc::clone(&columns), RowStream::from_rows(Vec::new()), &cancel);
            let rest = std::mem::replace(&mut cursor.rows, nothing);
            let waiting = std::mem::replace(&mut cursor.waiting, Vec::new().into_iter());
            return Ok(rest.behind(waiting, cursor.memory.split_above(CURSOR_BYTES)));
        };
        if count > FETCH_ROWS_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("FETCH of {count} rows is over the limit of {FETCH_ROWS_MAX}"),
            )
            .with_hint("FETCH fewer rows at a time, or FETCH ALL."));
        }
        let mut rows = Gathered::new(&self.memory);
        for _ in 0..count {
            let next = match cursor.next().await {
                Ok(next) => next,
                Err(error) => {
                    // What comes behind a row that cannot be computed is nothing that anybody may take for the rest.
                    self.cursors.open.remove(name);
                    return Err(error);
                }
            };
            let Some(row) = next else { break };
            if let Err(error) = rows.push(row) {
                self.cursors.open.remove(name);
                return Err(error);
            }
        }
        Ok(ResultRows::new(columns, RowStream::from_gathered(rows), &cancel))
    }

    pub(super) fn close_cursor(&mut self, name: &str) -> Result<()> {
        if self.drop_cursor(name) { Ok(()) } else { Err(no_cursor(name)) }
    }
}

pub(super) fn no_cursor(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedCursor, format!("cursor \"{name}\" does not exist"))
}

//! One connection to the server, as a client of its own, and one statement text at a time over it.
//!
//! Results are kept up to a number of rows and bytes. What is beyond them is read and thrown away, or cancelled where the
//! statement only reads: to cancel one that writes would undo it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures::TryStreamExt;
use parking_lot::Mutex;
use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage, SimpleQueryRow};

use crate::client::{Canceller, Route};
use crate::console::answer::{AnswerColumn, AnswerOutcome, Report, ResultSet};

/// Notices that an answer carries.
const NOTICES_MAX: usize = 100;
/// Results that an answer carries: one for each statement of a text.
const RESULTS_MAX: usize = 100;
/// SQLSTATE of a statement that was cancelled.
const QUERY_CANCELED: &str = "57014";
/// What a row takes besides its bytes, counted for each cell.
const CELL_BYTES: usize = 32;

/// How much of a result is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub rows: usize,
    pub bytes: usize,
}

/// An open connection.
pub(super) struct ConsoleLink {
    client: Client,
    canceller: Canceller,
    notices: Arc<Mutex<Vec<Report>>>,
    driver: AbortHandle,
}

impl ConsoleLink {
    /// # Errors
    /// Those of connecting and of logging in.
    pub async fn open(route: &Route) -> Result<ConsoleLink, tokio_postgres::Error> {
        let (client, mut connection) = route.connect().await?;
        let notices: Arc<Mutex<Vec<Report>>> = Arc::default();
        let kept = Arc::clone(&notices);
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                let mut kept = kept.lock();
                match message {
                    AsyncMessage::Notice(notice) if kept.len() < NOTICES_MAX => kept.push(Report::of_server(&notice)),
                    // Who listens has a connection of its own.
                    _ => {}
                }
            }
        });
        let canceller = route.canceller(&client);
        Ok(ConsoleLink { client, canceller, notices, driver: driver.abort_handle() })
    }

    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs a text of one or more statements, and finds out the types of the columns where that is wanted and there is one. The
    /// server's errors are a part of the outcome.
    pub async fn run(&self, text: &str, limits: Limits, is_typed: bool) -> AnswerOutcome {
        let began = Instant::now();
        self.notices.lock().clear();
        let mut gathered = Gathered::new(limits);
        let failure = self.run_into(text, is_typed, &mut gathered).await.err();
        let cancelled = gathered.was_cut_short;
        let failure =
            failure.filter(|error| !(cancelled && error.code().is_some_and(|code| code.code() == QUERY_CANCELED)));
        AnswerOutcome {
            // COPY begins a conversation that this page cannot lead.
            lost_track: failure.as_ref().is_some_and(|error| error.as_db_error().is_none()),
            results: gathered.results,
            notices: std::mem::take(&mut *self.notices.lock()),
            error: failure.as_ref().map(Report::of),
            milliseconds: began.elapsed().as_secs_f64() * 1000.0,
        }
    }

    async fn run_into(&self, text: &str, is_typed: bool, gathered: &mut Gathered) -> Result<(), tokio_postgres::Error> {
        if is_typed && is_single(text) {
            // For the types of its columns; what is wrong with the statement is said here already.
            let prepared = self.client.prepare(text).await?;
            gathered.types = prepared.columns().iter().map(|column| column.type_().name().to_string()).collect();
        }
        let mut messages = pin!(self.client.simple_query_raw(text).await?);
        while let Some(message) = messages.try_next().await? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => gathered.begin(columns.iter().map(|each| each.name())),
                SimpleQueryMessage::Row(row) => {
                    let is_full = !gathered.add(&row);
                    if is_full && !gathered.was_cut_short && is_single(text) && only_reads(text) {
                        gathered.was_cut_short = true;
                        self.canceller.cancel().await?;
                    }
                }
                SimpleQueryMessage::CommandComplete(count) => gathered.end(count),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for ConsoleLink {
    fn drop(&mut self) {
        // Closes the connection, which rolls back what is open in it.
        self.driver.abort();
    }
}

/// Results that come in.
struct Gathered {
    results: Vec<ResultSet>,
    /// Types of the columns, where one statement runs.
    types: Vec<String>,
    /// A description of rows has come, and not the end of its statement.
    is_open: bool,
    limits: Limits,
    was_cut_short: bool,
}

impl Gathered {
    fn new(limits: Limits) -> Gathered {
        Gathered { results: Vec::new(), types: Vec::new(), is_open: false, limits, was_cut_short: false }
    }

    fn begin<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        let types = &self.types;
        let columns = names
            .enumerate()
            .map(|(position, name)| AnswerColumn { name: name.to_string(), ty: types.get(position).cloned() })
            .collect();
        self.push(ResultSet { columns, ..ResultSet::default() });
        self.is_open = true;
    }

    fn push(&mut self, result: ResultSet) {
        if self.results.len() < RESULTS_MAX {
            self.results.push(result);
        }
    }

    /// Takes a row; whether there was room for it.
    fn add(&mut self, row: &SimpleQueryRow) -> bool {
        let Some(result) = self.results.last_mut() else { return true };
        result.count += 1;
        let cells = || (0..row.len()).map(|position| row.try_get(position).ok().flatten());
        let bytes = cells().map(|cell| CELL_BYTES + cell.map_or(0, str::len)).sum();
        match (self.limits.rows.checked_sub(1), self.limits.bytes.checked_sub(bytes)) {
            (Some(rows), Some(bytes)) if !result.truncated => {
                self.limits = Limits { rows, bytes };
                result.rows.push(cells().map(|cell| cell.map(str::to_string)).collect());
                true
            }
            _ => {
                result.truncated = true;
                false
            }
        }
    }

    fn end(&mut self, count: u64) {
        if !self.is_open {
            self.push(ResultSet::default());
        }
        self.is_open = false;
        if let Some(result) = self.results.last_mut() {
            result.count = result.count.max(count);
        }
    }
}

/// Whether the text is one statement, as far as can be told without parsing it: it may hold a `;` at its end only. A text with
/// one in a string is taken for several, and then only the types of its columns are not known.
fn is_single(text: &str) -> bool {
    !text.trim_end().trim_end_matches(';').contains(';')
}

/// Whether the first word says that nothing is written.
fn only_reads(text: &str) -> bool {
    let word: String = text.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    ["SELECT", "GET", "TABLE", "VALUES", "SHOW"].iter().any(|read| word.eq_ignore_ascii_case(read))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        assert!(is_single("SELECT 1") && is_single(" SELECT 1 ;\n"));
        assert!(!is_single("SELECT 1; SELECT 2") && !is_single("SELECT ';' AS x"));
        assert!(only_reads("  select 1") && only_reads("GET MEMORY"));
        assert!(
            !only_reads("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a") && !only_reads("UPDATE t SET a = 1")
        );
    }
}

//! Runs a text with statements and prints what comes back: what `nebulusdb query` and `nebulusdb shell` share.
//!
//! The protocol layer of the client library gives the number of rows a command touched, not its tag, so `OK` stands for the
//! tag.

#![expect(clippy::print_stderr, reason = "a command speaks to the person who ran it")]

use std::io::Write;
use std::pin::pin;

use futures::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::Type;

use crate::cli::output::Format;
use crate::cli::table::Table;
use crate::client::{ClientSession, describe, reason};
use crate::error::{Error, ErrorKind, Result};
use crate::session::statements_of;

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub struct Printing {
    pub format: Format,
    /// Characters that a cell of a table may have, if limited.
    pub width_max: Option<usize>,
}

/// What the server said against a statement, or what became of the connection.
type Answer<T> = std::result::Result<T, tokio_postgres::Error>;

/// Runs a text, which may hold several statements, and prints each result as it is complete, and an error if there is one.
/// True when there was none.
///
/// # Errors
/// Those of writing the output.
pub async fn run_text(session: &ClientSession, text: &str, printing: Printing) -> Result<bool> {
    // Types are asked for statement by statement; a text that cannot be cut is the server's to refuse.
    let cut = if printing.format.needs_types() { statements_of(text).ok() } else { None };
    let statements: Vec<&str> = match &cut {
        Some(ranges) => ranges.iter().filter_map(|range| text.get(range.clone())).collect(),
        None => vec![text],
    };
    for statement in statements {
        if let Err(error) = run_one(session, statement, printing).await? {
            match error.as_db_error() {
                Some(report) => eprintln!("{}", describe(report, statement)),
                None => eprintln!("ERROR:  {}", reason(&error)),
            }
            return Ok(false);
        }
    }
    Ok(true)
}

async fn run_one(session: &ClientSession, statement: &str, printing: Printing) -> Result<Answer<()>> {
    let mut types = Vec::new();
    if printing.format.needs_types() {
        match session.client.prepare(statement).await {
            Ok(prepared) => {
                types = prepared.columns().iter().map(|column| column.type_().clone()).collect::<Vec<Type>>()
            }
            Err(error) => return Ok(Err(error)),
        }
    }
    let stream = match session.client.simple_query_raw(statement).await {
        Ok(stream) => stream,
        Err(error) => return Ok(Err(error)),
    };
    let mut messages = pin!(stream);
    let mut table: Option<Table> = None;
    loop {
        match messages.try_next().await {
            Ok(Some(SimpleQueryMessage::RowDescription(columns))) => {
                let columns = columns.iter().map(|column| column.name().to_string()).collect();
                table = Some(Table { columns, rows: Vec::new() });
            }
            Ok(Some(SimpleQueryMessage::Row(row))) => {
                let Some(table) = &mut table else {
                    return Err(Error::new(ErrorKind::ProtocolViolation, "the server sent a row without its columns"));
                };
                table.rows.push((0..row.len()).map(|index| row.get(index).map(str::to_string)).collect());
            }
            Ok(Some(SimpleQueryMessage::CommandComplete(count))) => print(table.take(), &types, count, printing)?,
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
    }
}

fn print(table: Option<Table>, types: &[Type], count: u64, printing: Printing) -> Result<()> {
    let text = match (table, printing.format) {
        (Some(table), format) => format.print(&table, types, printing.width_max)?,
        (None, Format::Table) => match count {
            0 => "OK\n".to_string(),
            1 => "OK, 1 row\n".to_string(),
            _ => format!("OK, {count} rows\n"),
        },
        (None, _) => return Ok(()),
    };
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}

//! `nebulusdb query "…"`: the small client, so that psql is not needed to look.
//!
//! Runs each statement by the simple query protocol, in either language, and prints what psql would print: a table on
//! standard output, notices and errors on standard error. Stops at the first error with exit status 1. The protocol
//! layer of the client library gives the number of rows a command touched, not its tag, so `OK` stands for the tag.

#![expect(clippy::print_stderr, reason = "a command speaks to the person who ran it")]

use std::io::Write;
use std::pin::pin;
use std::process::ExitCode;

use futures::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;

use crate::cli::client::{Session, URL_DEFAULT, describe, reason};
use crate::cli::table::Table;
use crate::error::{Error, ErrorKind, Result};

/// The options of `nebulusdb query`.
#[derive(Debug, clap::Args)]
pub struct QueryArgs {
    /// Statements to run, one after the other, in KNIRVQL or SQL
    #[arg(required = true)]
    pub statements: Vec<String>,
    /// The server; a missing password is taken from NEBULUSDB_PASSWORD
    #[arg(long, env = "NEBULUSDB_URL", hide_env_values = true, default_value = URL_DEFAULT)]
    pub url: String,
    /// Cut cells longer than this many characters
    #[arg(long, value_name = "CHARS")]
    pub width: Option<usize>,
    /// Print values only, separated by tabs
    #[arg(long, conflicts_with = "width")]
    pub plain: bool,
}

/// Runs the statements; the exit status is 0 when all of them succeeded.
pub async fn run(args: &QueryArgs) -> Result<ExitCode> {
    let session = Session::connect(&args.url).await?;
    for statement in &args.statements {
        if let Err(error) = run_one(&session, statement, args).await? {
            match error.as_db_error() {
                Some(report) => eprintln!("{}", describe(report, statement)),
                None => eprintln!("ERROR:  {}", reason(&error)),
            }
            return Ok(ExitCode::FAILURE);
        }
    }
    session.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// Runs one text, which may hold several statements, and prints each result as it is complete. The outer error is one of
/// writing the output, the inner one of the server.
async fn run_one(
    session: &Session,
    statement: &str,
    args: &QueryArgs,
) -> Result<std::result::Result<(), tokio_postgres::Error>> {
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
            Ok(Some(SimpleQueryMessage::CommandComplete(count))) => print(table.take(), count, args)?,
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
    }
}

fn print(table: Option<Table>, count: u64, args: &QueryArgs) -> Result<()> {
    let text = match table {
        Some(table) if args.plain => table.plain(),
        Some(table) => table.aligned(args.width) + "\n",
        None if args.plain => String::new(),
        None => match count {
            0 => "OK\n".to_string(),
            1 => "OK, 1 row\n".to_string(),
            _ => format!("OK, {count} rows\n"),
        },
    };
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}

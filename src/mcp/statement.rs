//! Running statements on a connection, and what the server says against them.
//!
//! Answers come as text, with the types of their columns where these matter. Values of one's own statements go as parameters,
//! as text too: the server knows what they are to be.

use std::error::Error as StdError;
use std::pin::pin;

use bytes::BytesMut;
use futures::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

use crate::client::{describe, reason};
use crate::error::{Error, ErrorKind, Result};
use crate::mcp::pool::ConnectionLease;

/// The most that is read of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub rows: usize,
    /// Of the values as text.
    pub bytes: usize,
}

/// What a statement answered, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub columns: Vec<(String, Type)>,
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows that it changed, or sent.
    pub affected: u64,
    /// There are more rows than were read.
    pub is_cut: bool,
}

/// A parameter in the form of its text.
#[derive(Debug)]
pub(super) struct StatementText(pub String);

impl ToSql for StatementText {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.to_sql(ty, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }
}

/// Runs one statement of an agent's, and reads its answer within bounds. The server takes it apart before it runs: a text
/// of several statements is refused.
///
/// # Errors
/// What the server says, with the place in the statement.
pub(super) async fn read_one(lease: &ConnectionLease, statement: &str, bounds: Bounds) -> Result<Answered> {
    let refused = |error| refusal(&error, Some(statement));
    let prepared = lease.client().prepare(statement).await.map_err(refused)?;
    let columns = prepared.columns().iter().map(|column| (column.name().to_string(), column.type_().clone()));
    let mut answered = Answered { columns: columns.collect(), ..Answered::default() };
    drop(prepared);
    let mut messages = pin!(lease.client().simple_query_raw(statement).await.map_err(refused)?);
    let mut bytes = 0;
    while let Some(message) = messages.try_next().await.map_err(refused)? {
        match message {
            SimpleQueryMessage::Row(row) => {
                let values: Vec<Option<String>> = (0..row.len()).map(|at| row.get(at).map(str::to_string)).collect();
                bytes += values.iter().flatten().map(String::len).sum::<usize>();
                if answered.rows.len() >= bounds.rows || bytes > bounds.bytes {
                    answered.is_cut = true;
                    lease.stop().await;
                    break;
                }
                answered.rows.push(values);
            }
            SimpleQueryMessage::CommandComplete(count) => answered.affected = count,
            _ => {}
        }
    }
    Ok(answered)
}

/// The rows of a statement of one's own, which has few of them.
///
/// # Errors
/// What the server says.
pub(super) async fn rows(lease: &ConnectionLease, statement: &str) -> Result<Vec<Vec<Option<String>>>> {
    let messages = lease.client().simple_query(statement).await.map_err(|error| refusal(&error, None))?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(str::to_string)).collect()),
        _ => None,
    });
    Ok(rows.collect())
}

/// Runs a statement of one's own; how many entries it touched.
///
/// # Errors
/// What the server says.
pub(super) async fn run(lease: &ConnectionLease, statement: &str) -> Result<u64> {
    let messages = lease.client().simple_query(statement).await.map_err(|error| refusal(&error, None))?;
    let counts = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::CommandComplete(count) => Some(*count),
        _ => None,
    });
    Ok(counts.last().unwrap_or(0))
}

/// Runs a statement of one's own with parameters; how many entries it touched.
///
/// # Errors
/// What the server says.
pub(super) async fn run_with(lease: &ConnectionLease, statement: &str, values: &[StatementText]) -> Result<u64> {
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    lease.client().execute(statement, &values).await.map_err(|error| refusal(&error, None))
}

/// What the server says against a statement, or what became of the connection. `statement`: the agent's own, of which the
/// place of the error is shown.
fn refusal(error: &tokio_postgres::Error, statement: Option<&str>) -> Error {
    let Some(report) = error.as_db_error() else {
        let lost = Error::new(ErrorKind::Io, format!("the connection to the server was lost: {}", reason(error)));
        return lost.with_hint(
            "The server may have been stopped or started again. Try again; before repeating a write, look whether it was kept.",
        );
    };
    let code = report.code();
    let kind = match code.code() {
        "40001" => ErrorKind::SerializationFailure,
        "25006" => ErrorKind::ReadOnlyTransaction,
        "42501" => ErrorKind::InsufficientPrivilege,
        "57014" => ErrorKind::QueryCanceled,
        _ => ErrorKind::InvalidParameterValue,
    };
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return Error::new(kind, report.message())
            .with_hint("The owner of the database has not let agents have secrets (nebulusdb mcp --allow-secrets).");
    }
    if let Some(statement) = statement
        && kind == ErrorKind::InvalidParameterValue
    {
        return Error::new(kind, format!("{}\nSQLSTATE: {}", describe(report, statement), code.code()));
    }
    let mut refusal = Error::new(kind, report.message());
    if let Some(detail) = report.detail() {
        refusal = refusal.with_detail(detail);
    }
    match report.hint() {
        Some(hint) => refusal.with_hint(hint),
        None => refusal,
    }
}

/// A name in SQL's quotes.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in the single quotes of both languages.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

//! `query`: one statement of an agent's, in SQL or KNIRVQL. Read-only unless the owner allowed more and the call asks for it.
//!
//! The server judges what is a read: the statement runs inside of a READ ONLY transaction that is rolled back behind it, and
//! it goes through the extended protocol first, which takes one statement only, so that it cannot end the transaction and
//! begin another.

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::mcp::answer::{ANSWER_BYTES_MAX, Answer, DATA_NOTICE, answer, fill, notices};
use crate::mcp::arguments::{ToolArguments, refused};
use crate::mcp::json::{json_of, shorten};
use crate::mcp::pool::ConnectionLease;
use crate::mcp::rules::Rules;
use crate::mcp::statement::{Answered, Bounds, read_one, run};

pub(super) const ROWS_DEFAULT: u64 = 50;
pub(super) const ROWS_MAX: u64 = 1_000;
/// Longest statement, in bytes.
const STATEMENT_BYTES_MAX: usize = 1024 * 1024;
/// Most characters of one value.
const VALUE_CHARS_MAX: usize = 20_000;
/// The most that is read of an answer before it is shortened.
const READ_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Runs a statement.
///
/// # Errors
/// 22023 for arguments, 25006 for a write that is not allowed, and what the server says.
pub(super) async fn query(arguments: &ToolArguments, rules: Rules, lease: &ConnectionLease) -> Result<Answer> {
    let Some(statement) = arguments.text("statement", STATEMENT_BYTES_MAX)? else {
        return Err(refused("statement is missing").with_hint("Give one statement in SQL or KNIRVQL."));
    };
    let limit = arguments.count("limit", 1..=ROWS_MAX)?.unwrap_or(ROWS_DEFAULT);
    let writes = arguments.flag("write")?;
    if writes && !rules.writes_by_query() {
        return Err(Error::new(ErrorKind::ReadOnlyTransaction, "this agent's queries may only read").with_hint(
            "The owner has not started it with --allow-writes. remember, forget and share write, where the owner lets them.",
        ));
    }
    if !writes {
        run(lease, "BEGIN READ ONLY").await?;
    }
    let bounds = Bounds { rows: usize::try_from(limit).unwrap_or(usize::MAX), bytes: READ_BYTES_MAX };
    let answered = read_one(lease, statement, bounds).await.map_err(|error| explained(error, rules))?;
    Ok(told(answered, limit, lease))
}

/// What a refused write means here.
fn explained(error: Error, rules: Rules) -> Error {
    if error.kind() != ErrorKind::ReadOnlyTransaction {
        return error;
    }
    let hint = if rules.writes_by_query() {
        "Call query with write = true to let the statement write."
    } else {
        "This tool reads. remember, forget and share write; other statements the owner runs by hand."
    };
    Error::new(error.kind(), error.message()).with_hint(hint)
}

fn told(answered: Answered, limit: u64, lease: &ConnectionLease) -> Answer {
    let Answered { columns, rows, affected, is_cut } = answered;
    if columns.is_empty() {
        return answer([
            ("done", json!(true)),
            ("entries", json!(affected)),
            ("server_says", notices(lease.take_notices())),
        ]);
    }
    let mut cut = Vec::new();
    let mut is_shortened = false;
    let row = |row: Vec<Option<String>>| {
        let values = columns.iter().zip(row).map(|((_, ty), value)| {
            let mut value = json_of(value.as_deref(), ty);
            is_shortened |= shorten(&mut value, VALUE_CHARS_MAX);
            value
        });
        Value::Array(values.collect())
    };
    let (rows, left_out) = fill(rows.into_iter().map(row).collect());
    if is_cut {
        cut.push(format!("there are more than the {} rows that were read (limit {limit}): narrow the statement, or use LIMIT and OFFSET", rows.len() + left_out));
    }
    if left_out > 0 {
        cut.push(format!("{left_out} rows were left out: the answer would have more than {ANSWER_BYTES_MAX} bytes"));
    }
    if is_shortened {
        cut.push(format!("values of more than {VALUE_CHARS_MAX} characters or elements were cut"));
    }
    answer([
        ("notice", if rows.is_empty() { Value::Null } else { json!(DATA_NOTICE) }),
        ("columns", columns.iter().map(|(name, ty)| json!({"name": name, "type": ty.name()})).collect()),
        ("count", json!(rows.len())),
        ("rows", Value::Array(rows)),
        ("cut", if cut.is_empty() { Value::Null } else { json!(cut) }),
        ("server_says", notices(lease.take_notices())),
    ])
}

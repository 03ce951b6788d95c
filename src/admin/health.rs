//! Whether the server does its work: `ok`, or a line for each thing that is wrong.
//!
//! What other members can bring about is no fault of the server, and must not have a supervisor restart it: it is told below the `ok`.

use axum::http::StatusCode;

use crate::db::Database;

/// The status of the answer to `/healthz`, and its body: `ok` and a line for each thing that waits for the owner's word, or
/// `name: what is wrong` line by line under 503.
pub(super) fn answer(database: &Database) -> (StatusCode, String) {
    let mut problems = database.problems();
    let awaited = database.awaited_words().unwrap_or_else(|error| {
        problems.push(("store", error.to_string()));
        Vec::new()
    });
    let lines = problems.iter().map(|(name, problem)| format!("{name}: {problem}\n"));
    let awaited = awaited.iter().map(|word| format!("waits for you: {word}\n"));
    if problems.is_empty() {
        return (StatusCode::OK, std::iter::once("ok\n".to_string()).chain(awaited).collect());
    }
    (StatusCode::SERVICE_UNAVAILABLE, lines.chain(awaited).collect())
}

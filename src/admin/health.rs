//! Whether the server does its work: `ok`, or a line for each thing that is wrong.

use axum::http::StatusCode;

use crate::db::Database;

/// The status of the answer to `/healthz`, and its body: `ok`, or `name: what is wrong` line by line under 503.
pub(super) fn answer(database: &Database) -> (StatusCode, String) {
    let problems = database.problems();
    if problems.is_empty() {
        return (StatusCode::OK, "ok\n".to_string());
    }
    let lines = problems.iter().map(|(name, problem)| format!("{name}: {problem}\n"));
    (StatusCode::SERVICE_UNAVAILABLE, lines.collect())
}

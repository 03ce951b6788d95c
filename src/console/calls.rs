//! What a page that is logged in may ask for: statements, their end, and the log.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::client::Route;
use crate::console::answer::{AnswerOutcome, AnswerRefusal};
use crate::console::link::Limits;
use crate::console::router::{Authenticated, Console};
use crate::console::sessions::BrowserSession;
use crate::console::slot::{Slot, SlotWork};

/// Rows of an answer, where the page does not ask for fewer.
const ROWS_MAX: usize = 10_000;
/// Bytes of an answer's rows.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How the connection of the pages is opened: it cannot write, and nothing it does takes long.
const PAGES_OPTIONS: &str = "-c default_transaction_read_only=on -c statement_timeout=30000";
/// How the connection of one action is opened.
const ACTION_OPTIONS: &str = "-c statement_timeout=60000";

/// Whose connection runs a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Channel {
    /// The query page's.
    Editor,
    /// That of what the pages show: it only reads.
    #[default]
    Pages,
    /// One of its own, for what a button does.
    Action,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunRequest {
    statement: String,
    #[serde(default)]
    channel: Channel,
    rows: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelRequest {}

#[derive(Serialize)]
pub(super) struct SessionAnswer {
    user: String,
    version: &'static str,
}

#[derive(Serialize)]
pub(super) struct Cancelled {
    was_running: bool,
}

#[derive(Deserialize)]
pub(super) struct LogRequest {
    #[serde(default)]
    after: u64,
}

#[derive(Serialize)]
pub(super) struct LogAnswer {
    /// Number of the first line.
    first: u64,
    lines: Vec<String>,
}

pub(super) async fn session(
    Authenticated { session, .. }: Authenticated,
) -> Result<Json<SessionAnswer>, AnswerRefusal> {
    Ok(Json(SessionAnswer { user: session.user.clone(), version: env!("CARGO_PKG_VERSION") }))
}

/// Runs a text of statements.
///
/// # Errors
/// 401 without a session, 400 for a text that cannot be sent, 503 where too much runs already.
pub(super) async fn run(
    Authenticated { session, .. }: Authenticated,
    State(console): State<Console>,
    Json(request): Json<RunRequest>,
) -> Result<Json<AnswerOutcome>, AnswerRefusal> {
    let limits = Limits { rows: request.rows.unwrap_or(ROWS_MAX).min(ROWS_MAX), bytes: ANSWER_BYTES_MAX };
    run_within(&console, &session, request.channel, request.statement, limits).await.map(Json)
}

/// Runs a statement of the pages, for a handler that does something with its rows.
pub(super) async fn read(
    console: &Console,
    session: &BrowserSession,
    statement: String,
    limits: Limits,
) -> Result<AnswerOutcome, AnswerRefusal> {
    run_within(console, session, Channel::Pages, statement, limits).await
}

async fn run_within(
    console: &Console,
    session: &BrowserSession,
    channel: Channel,
    text: String,
    limits: Limits,
) -> Result<AnswerOutcome, AnswerRefusal> {
    if text.contains('\0') {
        return Err(AnswerRefusal::new(StatusCode::BAD_REQUEST, "a statement cannot hold a NUL character"));
    }
    let acquired = Arc::clone(&console.statements).acquire_owned().await;
    let place = acquired.map_err(|_| AnswerRefusal::busy("statements"))?;
    let work = SlotWork { text, limits, is_typed: channel == Channel::Editor, place };
    match channel {
        Channel::Editor => session.editor.run(&session.route, work).await,
        Channel::Pages => session.pages.run(&with_options(&session.route, PAGES_OPTIONS), work).await,
        Channel::Action => Slot::default().run(&with_options(&session.route, ACTION_OPTIONS), work).await,
    }
}

fn with_options(route: &Route, options: &str) -> Route {
    let mut route = route.clone();
    route.config.options(options);
    route
}

/// Cancels what the query page runs.
///
/// # Errors
/// 401 without a session.
pub(super) async fn cancel(
    Authenticated { session, .. }: Authenticated,
    Json(CancelRequest {}): Json<CancelRequest>,
) -> Result<Json<Cancelled>, AnswerRefusal> {
    Ok(Json(Cancelled { was_running: session.editor.cancel().await? }))
}

/// The lines of the log that came after the one of this number.
///
/// # Errors
/// 401 without a session, 403 for a role that is no superuser.
pub(super) async fn log(
    Authenticated { session, .. }: Authenticated,
    State(console): State<Console>,
    Query(request): Query<LogRequest>,
) -> Result<Json<LogAnswer>, AnswerRefusal> {
    let limits = Limits { rows: 1, bytes: ANSWER_BYTES_MAX };
    let shown = read(&console, &session, "SHOW is_superuser".to_string(), limits).await?;
    if !shown.is_single("on") {
        return Err(AnswerRefusal::new(StatusCode::FORBIDDEN, "the log is for roles with the SUPERUSER attribute"));
    }
    let (first, lines) = console.log.after(request.after);
    Ok(Json(LogAnswer { first, lines }))
}

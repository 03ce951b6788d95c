//! What the console's page is told: results, errors of statements, and refusals of requests.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio_postgres::error::{DbError, ErrorPosition};

use crate::client::reason;

/// What a request for a statement is answered.
#[derive(Debug, Default, Serialize)]
pub(super) struct AnswerOutcome {
    pub results: Vec<ResultSet>,
    pub notices: Vec<Report>,
    /// Why the last statement failed; results of those before it are there all the same.
    pub error: Option<Report>,
    pub milliseconds: f64,
    /// The connection speaks of something else than what was asked: it must not be used again.
    #[serde(skip)]
    pub lost_track: bool,
}

impl AnswerOutcome {
    /// Whether it is one row with this one value.
    pub fn is_single(&self, value: &str) -> bool {
        let [ResultSet { rows, .. }] = self.results.as_slice() else { return false };
        matches!(rows.as_slice(), [row] if matches!(row.as_slice(), [Some(cell)] if cell == value))
            && self.error.is_none()
    }
}

/// The result of one statement.
#[derive(Debug, Default, Serialize)]
pub(super) struct ResultSet {
    pub columns: Vec<AnswerColumn>,
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows that the statement returned or changed, as far as it went.
    pub count: u64,
    /// There were more rows than an answer may have; the rest was not kept.
    pub truncated: bool,
}

/// A column of a result. The type is not known where several statements ran at once.
#[derive(Debug, Serialize)]
pub(super) struct AnswerColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: Option<String>,
}

/// An error or a notice of the server.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub severity: String,
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// The character of the statement that it is about, from 1.
    pub position: Option<u32>,
}

impl Report {
    pub fn of_server(report: &DbError) -> Report {
        let position = match report.position() {
            Some(ErrorPosition::Original(position)) => Some(*position),
            Some(ErrorPosition::Internal { .. }) | None => None,
        };
        Report {
            severity: report.severity().to_string(),
            code: report.code().code().to_string(),
            message: report.message().to_string(),
            detail: report.detail().map(str::to_string),
            hint: report.hint().map(str::to_string),
            position,
        }
    }

    /// The report of a failure: the server's own words where it has said any.
    pub fn of(error: &tokio_postgres::Error) -> Report {
        match error.as_db_error() {
            Some(report) => Report::of_server(report),
            None => Report {
                severity: "ERROR".to_string(),
                code: "08006".to_string(),
                message: reason(error),
                detail: None,
                hint: Some("The connection to the server was opened anew; what was open in it is gone.".to_string()),
                position: None,
            },
        }
    }
}

/// Why a request is not answered.
#[derive(Debug)]
pub(super) struct AnswerRefusal {
    status: StatusCode,
    message: String,
    hint: Option<String>,
}

#[derive(Serialize)]
struct RefusalBody {
    message: String,
    hint: Option<String>,
}

impl AnswerRefusal {
    pub fn new(status: StatusCode, message: impl Into<String>) -> AnswerRefusal {
        AnswerRefusal { status, message: message.into(), hint: None }
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> AnswerRefusal {
        self.hint = Some(hint.into());
        self
    }

    pub fn no_session() -> AnswerRefusal {
        AnswerRefusal::new(StatusCode::UNAUTHORIZED, "there is no session, or it has ended").with_hint("Log in again.")
    }

    /// Too much is going on; the browser may ask again.
    pub fn busy(what: &str) -> AnswerRefusal {
        AnswerRefusal::new(StatusCode::SERVICE_UNAVAILABLE, format!("too many {what} at the same time"))
            .with_hint("Try again in a moment.")
    }

    pub fn internal(what: impl Into<String>) -> AnswerRefusal {
        AnswerRefusal::new(StatusCode::INTERNAL_SERVER_ERROR, what)
    }
}

impl IntoResponse for AnswerRefusal {
    fn into_response(self) -> Response {
        (self.status, Json(RefusalBody { message: self.message, hint: self.hint })).into_response()
    }
}

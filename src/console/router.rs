//! The routes of the console and what its handlers share.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::console::answer::AnswerRefusal;
use crate::console::guard::{HostRule, guard};
use crate::console::log_lines::LogLines;
use crate::console::sessions::{BrowserSession, Sessions};
use crate::console::{calls, events, files, login, map};
use crate::pg::Door;

/// Longest body of a request: a statement with a vector of 16,000 components has some 200 KB.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Logins that are checked at the same time.
const LOGINS_MAX: usize = 4;
/// Statements of all sessions that run at the same time. Each holds its answer, which bounds them all together.
const STATEMENTS_MAX: usize = 16;

/// What the console stands on.
pub struct ConsoleOptions {
    /// The way to the server.
    pub door: Door,
    /// Where it listens for browsers, as the option says it.
    pub listen: String,
    /// The port that browsers come to.
    pub port: u16,
    /// Users of this machine need no password.
    pub trust_local: bool,
    pub log: LogLines,
}

/// What all requests share.
#[derive(Clone)]
pub(super) struct Console(Arc<RouterState>);

pub(super) struct RouterState {
    pub door: Door,
    pub port: u16,
    pub trust_local: bool,
    pub hosts: HostRule,
    pub sessions: Sessions,
    pub logins: Semaphore,
    pub statements: Arc<Semaphore>,
    pub projections: Semaphore,
    pub log: LogLines,
}

impl std::ops::Deref for Console {
    type Target = RouterState;

    fn deref(&self) -> &RouterState {
        &self.0
    }
}

impl Console {
    /// Ports share their cookies, so that each server's has its own name.
    pub fn cookie_name(&self) -> String {
        format!("nebulusdb_console_{}", self.port)
    }
}

/// The session of a request, which handlers take before anything else: of a request that nobody is logged in for nothing is
/// read but its headers.
pub(super) struct Authenticated {
    pub session: Arc<BrowserSession>,
    /// The secret of its cookie.
    pub cookie: String,
}

impl FromRequestParts<Console> for Authenticated {
    type Rejection = AnswerRefusal;

    /// # Errors
    /// 401 where there is none.
    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Authenticated, AnswerRefusal> {
        let secrets = login::secrets(&parts.headers, &console.cookie_name());
        let (cookie, token) = secrets.ok_or_else(AnswerRefusal::no_session)?;
        let session = console.sessions.find(&cookie, &token, Instant::now()).ok_or_else(AnswerRefusal::no_session)?;
        Ok(Authenticated { session, cookie })
    }
}

/// The console's pages below `/console/`, and `/`, which leads there.
///
/// Its requests need the address of their client as `ConnectInfo<SocketAddr>`.
pub fn router(options: ConsoleOptions) -> Router {
    let console = Console(Arc::new(RouterState {
        door: options.door,
        port: options.port,
        trust_local: options.trust_local,
        hosts: HostRule::new(&options.listen),
        sessions: Sessions::default(),
        logins: Semaphore::new(LOGINS_MAX),
        statements: Arc::new(Semaphore::new(STATEMENTS_MAX)),
        projections: Semaphore::new(1),
        log: options.log,
    }));
    Router::new()
        .route("/", get(async || Redirect::temporary("/console/")))
        .route("/console", get(async || Redirect::temporary("/console/")))
        .route("/console/", get(files::index))
        .route("/console/{file}", get(files::file))
        .route("/console/api/hello", get(login::hello))
        .route("/console/api/login", post(login::login))
        .route("/console/api/logout", post(login::logout))
        .route("/console/api/session", get(calls::session))
        .route("/console/api/run", post(calls::run))
        .route("/console/api/cancel", post(calls::cancel))
        .route("/console/api/map", post(map::map))
        .route("/console/api/log", get(calls::log))
        .route("/console/api/events", get(events::events))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(console.clone(), guard))
        .with_state(console)
}

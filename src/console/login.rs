//! Logging in and out: the server checks the password, with its limits on guesses.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio_postgres::Config;

use crate::client::{Route, reason};
use crate::console::answer::AnswerRefusal;
use crate::console::link::ConsoleLink;
use crate::console::router::{Authenticated, Console};

/// The database that there is.
const DATABASE: &str = "nebulus";
/// Longest name and password.
const CREDENTIAL_BYTES_MAX: usize = 1024;
/// The header that carries the token of the page.
const TOKEN_HEADER: &str = "x-console-token";

/// What the login page is told of the server.
#[derive(Serialize)]
pub(super) struct Greeting {
    version: &'static str,
    /// Users of this machine need no password.
    is_trusted: bool,
}

#[derive(Deserialize)]
pub(super) struct LoginCredentials {
    user: String,
    password: String,
}

#[derive(Serialize)]
struct LoggedIn {
    user: String,
    token: String,
}

pub(super) async fn hello(
    State(console): State<Console>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
) -> Json<Greeting> {
    let is_trusted = console.trust_local && is_near(peer.ip());
    Json(Greeting { version: env!("CARGO_PKG_VERSION"), is_trusted })
}

/// Opens a session for whoever knows the password.
///
/// # Errors
/// 403 for a wrong password and for browsers of other machines, 400 for what can be none.
pub(super) async fn login(
    State(console): State<Console>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Json(credentials): Json<LoginCredentials>,
) -> Result<Response, AnswerRefusal> {
    if !is_near(peer.ip()) {
        return Err(AnswerRefusal::new(StatusCode::FORBIDDEN, "the console is for browsers of this machine").with_hint(
            "A password would cross the network unencrypted: open a tunnel, ssh -L 8433:127.0.0.1:8433 HOST, and go to \
             http://127.0.0.1:8433/.",
        ));
    }
    let LoginCredentials { user, password } = credentials;
    if [&user, &password].iter().any(|text| text.len() > CREDENTIAL_BYTES_MAX || text.contains('\0')) {
        let text = format!("a user and a password have {CREDENTIAL_BYTES_MAX} bytes at most, and no NUL");
        return Err(AnswerRefusal::new(StatusCode::BAD_REQUEST, text));
    }
    let place = console.logins.acquire().await.map_err(|_| AnswerRefusal::busy("logins"))?;
    let mut config = Config::new();
    config.dbname(DATABASE).user(&user).password(&password).application_name("nebulusdb console");
    let route = Route::inside(config, console.door.clone());
    let checked = ConsoleLink::open(&route).await.map_err(|error| refused(&error))?;
    drop((checked, place));
    let secrets = console
        .sessions
        .open(&user, route, Instant::now())
        .map_err(|error| AnswerRefusal::internal(error.message()))?;
    // Not Secure: the page is on this machine, and a browser would not send it over plain HTTP.
    let cookie = format!("{}={}; Path=/console; HttpOnly; SameSite=Strict", console.cookie_name(), secrets.cookie);
    Ok(([(SET_COOKIE, cookie)], Json(LoggedIn { user, token: secrets.token })).into_response())
}

fn refused(error: &tokio_postgres::Error) -> AnswerRefusal {
    match error.as_db_error() {
        Some(report) => {
            let refusal = AnswerRefusal::new(StatusCode::FORBIDDEN, report.message());
            match (report.hint(), report.code().code()) {
                (Some(hint), _) => refusal.with_hint(hint),
                (None, "28P01") => refusal.with_hint(
                    "The first start wrote a password into the file `password` of its key directory, and said where it is.",
                ),
                (None, _) => refusal,
            }
        }
        None => AnswerRefusal::new(StatusCode::FORBIDDEN, format!("the server did not let you in: {}", reason(error))),
    }
}

/// Ends the session.
pub(super) async fn logout(
    Authenticated { cookie, .. }: Authenticated,
    State(console): State<Console>,
) -> Result<Response, AnswerRefusal> {
    console.sessions.close(&cookie);
    let gone = format!("{}=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0", console.cookie_name());
    Ok(([(SET_COOKIE, gone)], Json(serde_json::json!({}))).into_response())
}

/// The secrets of a request: that of its cookie and that of its header.
pub(super) fn secrets(headers: &HeaderMap, cookie_name: &str) -> Option<(String, String)> {
    let cookie = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(cookie_name)?.strip_prefix('='))?;
    let token = headers.get(TOKEN_HEADER)?.to_str().ok()?;
    Some((cookie.to_string(), token.to_string()))
}

fn is_near(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

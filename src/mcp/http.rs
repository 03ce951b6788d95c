//! Agents over HTTP: the protocol's streamable transport at `/mcp`, behind a door that knows who comes.
//!
//! The door lets in requests of this machine only, whose Host and Origin no foreign page can have forged (DNS rebinding), and
//! whose user and password the server itself accepts: they open the connections that the request's statements run on. The
//! door keeps no passwords but those of open connections. A session answers to the user who began it and to nobody else.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_postgres::Config;

use crate::client::Route;
use crate::error::{Error, ErrorKind, Result};
use crate::mcp::credentials::AgentCredentials;
use crate::mcp::handler::{McpHandler, Source};
use crate::mcp::pool::Pool;
use crate::mcp::rules::Rules;
use crate::pg::Door as ServerDoor;

/// Where agents are.
const PATH: &str = "/mcp";
const DATABASE: &str = "nebulus";
const SESSION_HEADER: &str = "mcp-session-id";
/// Longest request, in bytes: what the port takes of any.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Sessions at the same time: fewer than the streams that the port sends at once, of which each may hold one.
const SESSIONS_MAX: usize = 24;
/// How long a session may be silent.
const SESSION_IDLE_MAX: Duration = Duration::from_secs(10 * 60);
/// Users with different passwords at the same time; beyond them the one goes that was silent longest.
const USERS_MAX: usize = 16;
/// How long a user's password is taken without asking the server again.
const USER_IDLE_MAX: Duration = Duration::from_secs(5 * 60);
/// How long a new connection to the server may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(15);

/// What agents over HTTP are served with.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// The way to the server.
    pub door: ServerDoor,
    pub rules: Rules,
}

type Fingerprint = [u8; 32];

/// Who comes in.
struct Door {
    options: HttpOptions,
    /// Of the hashes that stand for passwords.
    key: [u8; 32],
    users: Mutex<HashMap<Fingerprint, (Arc<Pool>, Instant)>>,
    /// Who began each session.
    sessions: Mutex<HashMap<String, Fingerprint>>,
    manager: Arc<LocalSessionManager>,
}

/// The route `/mcp`. The router has to be served with the addresses of its peers (`ConnectInfo<SocketAddr>`): whose address
/// it does not know it lets nobody in.
///
/// # Errors
/// XX000 where the system has no random numbers.
pub fn router(options: HttpOptions) -> Result<Router> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| Error::internal(format!("no random numbers: {error}")))?;
    let mut manager = LocalSessionManager::default();
    manager.session_config.keep_alive = Some(SESSION_IDLE_MAX);
    let manager = Arc::new(manager);
    let rules = options.rules;
    let door =
        Door { options, key, users: Mutex::default(), sessions: Mutex::default(), manager: Arc::clone(&manager) };
    // The door has looked at Host and Origin.
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_max_request_body_bytes(REQUEST_BYTES_MAX);
    let handler = McpHandler { source: Source::Request, rules };
    let service = StreamableHttpService::new(move || Ok(handler.clone()), manager, config);
    Ok(Router::new().route_service(PATH, service).route_layer(middleware::from_fn_with_state(Arc::new(door), let_in)))
}

/// A refusal at the door.
fn refuse(status: StatusCode, text: impl Into<String>) -> Response {
    (status, text.into() + "\n").into_response()
}

/// Lets a request in whose sender is known.
async fn let_in(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    if let Some(why) = forged(&request) {
        return refuse(StatusCode::FORBIDDEN, why);
    }
    let Some(credentials) = AgentCredentials::of(request.headers()) else {
        let text = "name the user and the password of the database: Authorization: Basic base64(user:password)";
        return ([(WWW_AUTHENTICATE, "Basic realm=\"nebulusdb\"")], refuse(StatusCode::UNAUTHORIZED, text))
            .into_response();
    };
    let fingerprint = credentials.fingerprint(&door.key);
    let pool = match door.pool(&credentials, fingerprint).await {
        Ok(pool) => pool,
        Err(error) if error.kind() == ErrorKind::InvalidAuthorization => {
            let refusal = refuse(StatusCode::UNAUTHORIZED, error.message());
            return ([(WWW_AUTHENTICATE, "Basic realm=\"nebulusdb\"")], refusal).into_response();
        }
        Err(error) => return refuse(StatusCode::SERVICE_UNAVAILABLE, error.message()),
    };
    let session = request.headers().get(SESSION_HEADER).and_then(|id| id.to_str().ok()).map(str::to_string);
    if let Some(id) = &session {
        let is_own = door.sessions.lock().get(id) == Some(&fingerprint);
        if !is_own {
            return refuse(StatusCode::NOT_FOUND, "there is no such session: begin anew with initialize");
        }
    } else if door.manager.sessions.read().await.len() >= SESSIONS_MAX {
        let text = format!("{SESSIONS_MAX} sessions are open: end one with DELETE, or wait until a silent one ends");
        return refuse(StatusCode::SERVICE_UNAVAILABLE, text);
    }
    request.extensions_mut().insert(pool);
    let response = next.run(request).await;
    if session.is_none()
        && let Some(id) = response.headers().get(SESSION_HEADER).and_then(|id| id.to_str().ok())
    {
        let open = door.manager.sessions.read().await;
        let mut sessions = door.sessions.lock();
        sessions.retain(|id, _| open.contains_key(id.as_str()));
        sessions.insert(id.to_string(), fingerprint);
    }
    response
}

/// Why a request may not come in: it is not from this machine, or a page of another site has sent it.
fn forged(request: &Request) -> Option<&'static str> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if !peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback()) {
        return Some(
            "agents come in from this machine only, since nothing here is encrypted: use ssh -L, or nebulusdb mcp --url …",
        );
    }
    let headers = request.headers();
    let Some(host) = header(headers, HOST.as_str()).filter(|host| is_own_host(host)) else {
        return Some("the Host of the request has to be localhost or an address");
    };
    let is_own_page = |origin: &str| {
        let site = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        site.is_some_and(|site| site.eq_ignore_ascii_case(host))
    };
    if headers.contains_key(ORIGIN) && !header(headers, ORIGIN.as_str()).is_some_and(is_own_page) {
        return Some("a page of another site has sent the request (Origin)");
    }
    None
}

/// The one value of a header.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether a host, with or without a port, is a name that no name server can give to somebody else.
fn is_own_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => name.eq_ignore_ascii_case("localhost") || name.parse::<Ipv4Addr>().is_ok(),
    }
}

impl Door {
    /// The connections of a user whose password the server accepts.
    ///
    /// # Errors
    /// 28000 where it does not, 58030 where it cannot be reached.
    async fn pool(&self, credentials: &AgentCredentials, fingerprint: Fingerprint) -> Result<Arc<Pool>> {
        if let Some(pool) = self.known(fingerprint) {
            return Ok(pool);
        }
        let pool = Pool::new(self.route(credentials), self.options.rules);
        let entering = tokio::time::timeout(CONNECT_TIME_MAX, pool.lease()).await;
        let lease = entering.map_err(|_| Error::new(ErrorKind::Io, "the server does not answer in time"))??;
        pool.give_back(lease).await;
        let mut users = self.users.lock();
        if users.len() >= USERS_MAX
            && let Some(oldest) = users.iter().min_by_key(|(_, (_, used))| *used).map(|(fingerprint, _)| *fingerprint)
        {
            users.remove(&oldest);
        }
        Ok(Arc::clone(&users.entry(fingerprint).or_insert((pool, Instant::now())).0))
    }

    fn known(&self, fingerprint: Fingerprint) -> Option<Arc<Pool>> {
        let mut users = self.users.lock();
        users.retain(|_, (_, used)| used.elapsed() < USER_IDLE_MAX);
        let (pool, used) = users.get_mut(&fingerprint)?;
        *used = Instant::now();
        Some(Arc::clone(pool))
    }

    fn route(&self, credentials: &AgentCredentials) -> Route {
        let mut config = Config::new();
        config.dbname(DATABASE).user(&credentials.user).password(credentials.password.as_bytes());
        Route::inside(config, self.options.door.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_nobody_can_forge() {
        for host in ["localhost", "LOCALHOST:9433", "127.0.0.1:9433", "192.0.2.7", "[::1]", "[::1]:9433"] {
            assert!(is_own_host(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:9433",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "[::1",
            "::1:x",
        ] {
            assert!(!is_own_host(host), "{host}");
        }
    }
}

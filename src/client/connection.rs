//! Connecting to a server as a client. Addresses and user names may appear in errors, passwords never do.

#![expect(clippy::print_stderr, reason = "a command speaks to the person who ran it")]

use std::future::poll_fn;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, Client, Config};
use tokio_rustls::rustls::{self, CertificateError};
use zeroize::Zeroizing;

use crate::client::report::{describe, reason};
use crate::client::route::{Canceller, Route};
use crate::client::tls::ClientTls;
use crate::client::tls_options::TlsOptions;
use crate::config::{PASSWORD_FILE, PlaceFlags, StorePaths};
use crate::error::{Error, ErrorKind, Result};
use crate::store::RunningServer;

/// The address a client uses when none is given: the one `make demo` serves on.
pub const URL_DEFAULT: &str = "postgresql://nebulus@127.0.0.1:5433/nebulus";
/// How long connecting may take before it is called a failure.
const CONNECT_TIMEOUT_SECONDS: u64 = 10;

/// What to do about a server that was not believed.
const CERTIFICATE_HINT: &str = "sslrootcert=FILE names the certificate of the server, or of whoever signed it; sslmode=verify-full \
                                wants the host's name in it, sslmode=verify-ca does not";

/// An open connection: the client, and the task that moves its bytes and prints the server's notices.
pub struct ClientSession {
    pub client: Client,
    canceller: Canceller,
    driver: JoinHandle<()>,
}

impl ClientSession {
    /// Connects to `postgresql://user:password@host:port/database`. A URL without a password takes the one in the
    /// environment variable `NEBULUSDB_PASSWORD`, or for a server of this machine the one that its first start has left in a
    /// file of this user's.
    ///
    /// # Errors
    /// As [`route`] and [`ClientSession::through`].
    pub async fn connect(url: &str) -> Result<ClientSession> {
        ClientSession::through(&route(url)?).await
    }

    /// Connects by a route; the notices of the server go to standard error.
    ///
    /// # Errors
    /// 58030 with a hint where nobody answers, or the server does not let this client in.
    pub async fn through(route: &Route) -> Result<ClientSession> {
        ClientSession::open(route, |notice: DbError| eprintln!("{}", describe(&notice, ""))).await
    }

    /// Connects by a route; `on_notice` is called with each notice of the server.
    ///
    /// # Errors
    /// 58030 with a hint where nobody answers, or the server does not let this client in.
    pub async fn open(route: &Route, mut on_notice: impl FnMut(DbError) + Send + 'static) -> Result<ClientSession> {
        let (client, mut connection) = route.connect().await.map_err(|error| cannot_connect(route, &error))?;
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    on_notice(notice);
                }
            }
        });
        let canceller = route.canceller(&client);
        Ok(ClientSession { client, canceller, driver })
    }

    /// What ends the statements of this connection.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Says goodbye to the server and waits until the connection is closed.
    ///
    /// # Errors
    /// XX000 where the connection's task has panicked. What the connection broke with is told to its statements, not here.
    pub async fn close(self) -> Result<()> {
        drop(self.client);
        self.driver.await.map_err(|error| Error::internal(format!("the connection's task failed: {error}")))
    }
}

/// The URL that was given; otherwise that of the server which holds the data directory of this user and environment, and where
/// none does the usual one.
pub fn url_or_near(given: Option<&str>) -> String {
    let near = || {
        let paths = StorePaths::resolve(&near_place().into()).ok()?;
        url_of_holder(&paths.data_directory)
    };
    given.map(str::to_string).or_else(near).unwrap_or_else(|| URL_DEFAULT.to_string())
}

/// The way to the server that holds a data directory, with the password that its first start has left among the keys there;
/// `None` where no server is known to hold it.
///
/// # Errors
/// F0000 for a configuration file that cannot be read.
pub fn route_to_holder(place: &PlaceFlags) -> Result<Option<Route>> {
    let paths = StorePaths::resolve(&place.clone().into())?;
    url_of_holder(&paths.data_directory).map(|url| route_near(&url, place)).transpose()
}

fn url_of_holder(data_directory: &Path) -> Option<String> {
    let server = RunningServer::of(data_directory)?;
    Some(format!("postgresql://nebulus@{}/nebulus", server.address()))
}

/// Where the environment says that the data lies.
fn near_place() -> PlaceFlags {
    let path = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    PlaceFlags {
        data_dir: path("NEBULUSDB_DATA_DIR"),
        key_dir: path("NEBULUSDB_KEY_DIR"),
        config: path("NEBULUSDB_CONFIG"),
    }
}

/// How to connect to `postgresql://user:password@host:port/database`, with the password of this machine where it has none.
/// `sslmode` and `sslrootcert`, or PGSSLMODE and PGSSLROOTCERT, mean what they mean for psql.
///
/// # Errors
/// F0000 for what is no such URL, and for authorities of TLS that cannot be read.
pub fn route(url: &str) -> Result<Route> {
    route_near(url, &near_place())
}

/// The way to a server whose keys lie at `place`, where it is one of this machine.
fn route_near(url: &str, place: &PlaceFlags) -> Result<Route> {
    let (tls, rest) = TlsOptions::take(url)?;
    let mut config: Config = rest.parse().map_err(|error: tokio_postgres::Error| {
        let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        Error::new(ErrorKind::Configuration, format!("the server's URL cannot be read: {why}"))
            .with_hint("write it as postgresql://nebulus@127.0.0.1:5433/nebulus")
    })?;
    config.connect_timeout(std::time::Duration::from_secs(CONNECT_TIMEOUT_SECONDS)).ssl_mode(tls.mode);
    if config.get_password().is_none()
        && let Some(password) = password_of_this_machine(&config, place)
    {
        config.password(password.as_str());
    }
    Ok(Route::over_network(config, ClientTls::new(&tls)?))
}

/// The password in the environment, or in the file of a server on this machine.
fn password_of_this_machine(config: &Config, place: &PlaceFlags) -> Option<Zeroizing<String>> {
    if let Ok(password) = std::env::var("NEBULUSDB_PASSWORD") {
        return Some(Zeroizing::new(password));
    }
    let is_near = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        Host::Unix(_) => true,
    });
    // Without one the server says what it wants.
    let paths = StorePaths::resolve(&place.clone().into()).ok().filter(|_| is_near)?;
    let file = paths.key_directory.join(PASSWORD_FILE);
    let password = Zeroizing::new(std::fs::read_to_string(file).ok()?);
    Some(Zeroizing::new(password.trim_end().to_string()))
}

/// Where a password that does not hold came from.
fn password_hint(config: &Config) -> String {
    let place = match config.get_password() {
        _ if std::env::var_os("NEBULUSDB_PASSWORD").is_some() => "in the URL or in NEBULUSDB_PASSWORD",
        Some(_) => "in the URL, or in the file that the first start of a server of this machine has left",
        None => "in NEBULUSDB_PASSWORD",
    };
    format!("check the user, and the password {place}")
}

fn cannot_connect(route: &Route, error: &tokio_postgres::Error) -> Error {
    let config = &route.config;
    let addresses: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .zip(config.get_ports().iter().chain(std::iter::repeat(&5432)))
        .map(|(host, port)| format!("{host}:{port}"))
        .collect();
    let is_refused = error.code().is_some_and(|code| code.code().starts_with("28"));
    let kind = if is_refused { ErrorKind::InvalidAuthorization } else { ErrorKind::Io };
    let server = if route.is_inside() { "the server".to_string() } else { addresses.join(", ") };
    let unbelieved = certificate_trouble(error);
    let why = unbelieved.clone().unwrap_or_else(|| reason(error));
    let failure = Error::new(kind, format!("cannot connect to {server}: {why}"));
    let hint = match error.as_db_error() {
        // The server knows best.
        Some(report) => report.hint().map(str::to_string).or_else(|| is_refused.then(|| password_hint(config))),
        None if unbelieved.is_some() => Some(CERTIFICATE_HINT.to_string()),
        None => Some(network_hint(config, error).to_string()),
    };
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// What to do about a server that was not reached.
fn network_hint(config: &Config, error: &tokio_postgres::Error) -> &'static str {
    let cause = std::error::Error::source(error);
    let told = cause.map(ToString::to_string).unwrap_or_default();
    let is_unreachable = cause.is_some_and(|cause| cause.is::<std::io::Error>());
    match () {
        // An answer of another kind, that of the console's port for example, is read as a message that never ends.
        () if told.contains("bytes remaining on stream") => {
            "what answers there does not speak PostgreSQL's protocol; a server prints the address for clients when it starts, with \
             port 5433 unless --listen says another"
        }
        () if told.contains("does not support TLS") => {
            "start the server with --tls-cert and --tls-key; sslmode=prefer does without, where nobody can listen"
        }
        () if told.contains("lookup address") => "is the host's name right, and the network up?",
        () if config.get_password().is_none() && !is_unreachable => {
            "set NEBULUSDB_PASSWORD, or NEBULUSDB_DATA_DIR to the directory of a server whose first password was not changed"
        }
        () => "start a server with: nebulusdb serve",
    }
}

/// Why a server was not believed, where that is what went wrong.
fn certificate_trouble(error: &tokio_postgres::Error) -> Option<String> {
    let handshake = std::error::Error::source(error)?.downcast_ref::<std::io::Error>()?;
    let rustls::Error::InvalidCertificate(trouble) = handshake.get_ref()?.downcast_ref::<rustls::Error>()? else {
        return None;
    };
    let why = match trouble {
        CertificateError::UnknownIssuer => "sslrootcert names neither it nor whoever signed it".to_string(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is one for another name".to_string()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_string(),
        CertificateError::Other(_) => "it signs itself, or is no certificate of a server".to_string(),
        other => rustls::Error::InvalidCertificate(other.clone()).to_string(),
    };
    Some(format!("the server's certificate is not believed: {why}"))
}

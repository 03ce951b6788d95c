//! Connecting to a server as a client. The connection is plain TCP: it is for a server on this machine. Addresses and user
//! names may appear in errors, passwords never do.

#![expect(clippy::print_stderr, reason = "a command speaks to the person who ran it")]

use std::future::poll_fn;
use std::net::IpAddr;
use std::path::PathBuf;

use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};
use zeroize::Zeroizing;

use crate::client::report::reason;
use crate::config::{PASSWORD_FILE, StoreFlags, StorePaths};
use crate::error::{Error, ErrorKind, Result};
use crate::store::RunningServer;

/// The address a client uses when none is given: the one `make demo` serves on.
pub const URL_DEFAULT: &str = "postgresql://nebulus@127.0.0.1:5433/nebulus";
/// How long connecting may take before it is called a failure.
const CONNECT_TIMEOUT_SECONDS: u64 = 10;

/// An open connection: the client, and the task that moves its bytes and prints the server's notices.
pub struct Session {
    pub client: Client,
    driver: JoinHandle<()>,
}

impl Session {
    /// Connects to `postgresql://user:password@host:port/database`. A URL without a password takes the one in the
    /// environment variable `NEBULUSDB_PASSWORD`, or for a server of this machine the one that its first start has left in a
    /// file of this user's.
    pub async fn connect(url: &str) -> Result<Session> {
        let print = |notice: DbError| eprintln!("{}:  {}", notice.severity(), notice.message());
        Session::open(&configuration(url)?, print).await
    }

    /// Connects by a [`configuration`]; `on_notice` is called with each notice of the server.
    ///
    /// # Errors
    /// 58030 with a hint where nobody answers, or the server does not let this client in.
    pub async fn open(config: &Config, mut on_notice: impl FnMut(DbError) + Send + 'static) -> Result<Session> {
        let (client, mut connection) = config.connect(NoTls).await.map_err(|error| cannot_connect(config, &error))?;
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    on_notice(notice);
                }
            }
        });
        Ok(Session { client, driver })
    }

    /// Says goodbye to the server and waits until the connection is closed.
    pub async fn close(self) -> Result<()> {
        drop(self.client);
        self.driver.await.map_err(|error| Error::internal(format!("the connection's task failed: {error}")))
    }
}

/// The URL that was given; otherwise that of the server which holds the data directory of this user and environment, and where
/// none does the usual one.
pub fn url_or_near(given: Option<&str>) -> String {
    let near = || {
        let paths = StorePaths::resolve(&store_flags()).ok()?;
        let server = RunningServer::of(&paths.data_directory)?;
        Some(format!("postgresql://nebulus@{}/nebulus", server.address()))
    };
    given.map(str::to_string).or_else(near).unwrap_or_else(|| URL_DEFAULT.to_string())
}

/// Where the environment says that the data lies.
fn store_flags() -> StoreFlags {
    let path = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    StoreFlags {
        data_dir: path("NEBULUSDB_DATA_DIR"),
        key_dir: path("NEBULUSDB_KEY_DIR"),
        config: path("NEBULUSDB_CONFIG"),
        ..StoreFlags::default()
    }
}

/// How to connect to `postgresql://user:password@host:port/database`, with the password of this machine where it has none.
///
/// # Errors
/// F0000 for what is no such URL.
pub fn configuration(url: &str) -> Result<Config> {
    let mut config: Config = url.parse().map_err(|_| {
        Error::new(ErrorKind::Configuration, "the server's URL cannot be read")
            .with_hint("write it as postgresql://nebulus@127.0.0.1:5433/nebulus")
    })?;
    config.connect_timeout(std::time::Duration::from_secs(CONNECT_TIMEOUT_SECONDS));
    if config.get_password().is_none()
        && let Some(password) = password_of_this_machine(&config)
    {
        config.password(password.as_str());
    }
    Ok(config)
}

/// The password in the environment, or in the file of a server on this machine.
fn password_of_this_machine(config: &Config) -> Option<Zeroizing<String>> {
    if let Ok(password) = std::env::var("NEBULUSDB_PASSWORD") {
        return Some(Zeroizing::new(password));
    }
    let is_near = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        Host::Unix(_) => true,
    });
    // Without one the server says what it wants.
    let file = StorePaths::resolve(&store_flags()).ok().filter(|_| is_near)?.key_directory.join(PASSWORD_FILE);
    let password = Zeroizing::new(std::fs::read_to_string(file).ok()?);
    Some(Zeroizing::new(password.trim_end().to_string()))
}

fn cannot_connect(config: &Config, error: &tokio_postgres::Error) -> Error {
    let address: Vec<String> = config
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
    let failure = Error::new(kind, format!("cannot connect to {}: {}", address.join(", "), reason(error)));
    let is_unreachable = std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>());
    match error.as_db_error() {
        Some(_) => failure.with_hint("check the user, and the password in NEBULUSDB_PASSWORD"),
        None if config.get_password().is_none() && !is_unreachable => failure.with_hint(
            "set NEBULUSDB_PASSWORD, or NEBULUSDB_DATA_DIR to the directory of a server whose first password was not changed",
        ),
        None => failure.with_hint("start a server with: nebulusdb serve"),
    }
}

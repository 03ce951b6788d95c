//! Where the server is, with which password, and connections to it.
//!
//! A URL comes from the argument, from `NEBULUSDB_URL`, or is that of a server of this machine. Its password comes from the URL, from
//! `NEBULUSDB_PASSWORD`, or for a server of this machine from the file in which its first start has left one.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::poll_fn;
use tokio::sync::mpsc;
use tokio_postgres::config::Host;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};

use crate::error::{Error, Result};

const URL_DEFAULT: &str = "postgresql://nebulus@127.0.0.1:5433/nebulus";
const CONNECT_SECONDS_MAX: u64 = 10;
/// Messages that nobody has read yet; a connection that has more reads on when some were.
const MESSAGES_MAX: usize = 1024;

type Opening = Pin<Box<dyn Future<Output = Result<Opened>> + Send>>;

/// A connection, and what the server says on it without being asked.
pub(crate) struct Opened {
    pub(crate) client: Client,
    pub(crate) messages: mpsc::Receiver<AsyncMessage>,
}

/// Makes connections to one server.
#[derive(Clone)]
pub(crate) struct Connector {
    open: Arc<dyn Fn() -> Opening + Send + Sync>,
}

impl Connector {
    pub(crate) fn new(url: Option<&str>) -> Result<Self> {
        Ok(Self::with(configuration(url)?, NoTls))
    }

    pub(crate) fn with<T>(config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
    {
        let open = move || -> Opening {
            let (config, tls) = (config.clone(), tls.clone());
            Box::pin(async move {
                let (client, mut connection) = config.connect(tls).await?;
                let (sender, messages) = mpsc::channel(MESSAGES_MAX);
                tokio::spawn(async move {
                    // An error of the connection reaches whoever waits for an answer on it.
                    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                        // Where nobody listens any more the connection still has to go on for its answers.
                        if sender.send(message).await.is_err() {
                            while let Some(Ok(_)) = poll_fn(|context| connection.poll_message(context)).await {}
                            return;
                        }
                    }
                });
                Ok(Opened { client, messages })
            })
        };
        Connector { open: Arc::new(open) }
    }

    pub(crate) async fn open(&self) -> Result<Opened> {
        (self.open)().await
    }
}

/// The parameters of a connection.
pub(crate) fn configuration(url: Option<&str>) -> Result<Config> {
    let from_environment = std::env::var("NEBULUSDB_URL").ok();
    let url = url.or(from_environment.as_deref()).unwrap_or(URL_DEFAULT);
    // Not quoted, since it may hold a password.
    let mut config: Config =
        url.parse().map_err(|_| Error::input(format!("the server's URL cannot be read: write it as {URL_DEFAULT}")))?;
    if config.get_user().is_none() {
        config.user("nebulus");
    }
    if config.get_dbname().is_none() {
        config.dbname("nebulus");
    }
    if config.get_application_name().is_none() {
        config.application_name("nebulusdb-rust");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(std::time::Duration::from_secs(CONNECT_SECONDS_MAX));
    }
    if config.get_password().is_none() {
        if let Ok(password) = std::env::var("NEBULUSDB_PASSWORD") {
            config.password(password);
        } else if config.get_hosts().iter().all(is_near)
            && let Some(password) = key_directory().and_then(|keys| password_in(&keys))
        {
            config.password(password);
        }
    }
    Ok(config)
}

fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// The password that a first start has left in a directory of keys, if there is one that this user can read.
pub(crate) fn password_in(keys: &std::path::Path) -> Option<String> {
    let text = std::fs::read_to_string(keys.join("password")).ok()?;
    Some(text.trim().to_string()).filter(|password| !password.is_empty())
}

/// Where a server of this machine keeps its keys, by its own rules.
fn key_directory() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME");
    variable("NEBULUSDB_KEY_DIR").or_else(|| variable("NEBULUSDB_DATA_DIR").map(|data| data.join("keys"))).or_else(
        || {
            let configuration = if cfg!(target_os = "macos") {
                home?.join("Library").join("Application Support")
            } else {
                variable("XDG_CONFIG_HOME").or_else(|| Some(home?.join(".config")))?
            };
            Some(configuration.join("nebulusdb").join("keys"))
        },
    )
}

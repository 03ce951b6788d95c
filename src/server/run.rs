//! Serving until a signal, then draining: connections end, peers are left, commits finish, graphs are saved.

use std::io::Write;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::admin;
use crate::config::Options;
use crate::db::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{self, ServerContext, load_tls};
use crate::server::first_start::ensure_password;
use crate::sync::{self, SyncOptions};

/// Runs a server with these options until SIGTERM or SIGINT.
///
/// # Errors
/// Whatever keeps it from starting; nothing is served then.
pub async fn run(options: Options) -> Result<()> {
    let tls = options.tls.as_ref().map(|(certificate, key)| load_tls(certificate, key)).transpose()?;
    let listener = bind(&options.listen).await?;
    let address = listener.local_addr()?;
    let p2p_listen = sync::listen_addresses(&options.p2p_listen)?;
    let database_options = options.database()?;
    let database_clock = database_options.clock.clone();
    let database = tokio::task::spawn_blocking(move || Database::open(&database_options))
        .await
        .map_err(|error| Error::internal(format!("opening the database stopped: {error}")))??;
    ensure_password(&database, &options.password_file())?;
    let (stop, stopping) = watch::channel(false);
    let context = ServerContext::new(database.clone(), tls, options.trust_local, options.max_connections);
    let admin_page = match &options.admin {
        None => None,
        Some(listen) => {
            let listener = bind(listen).await?;
            tracing::info!(address = %listener.local_addr()?, "health and metrics page");
            Some(tokio::spawn(admin::serve(listener, database.clone(), stopping.clone())))
        }
    };
    // Before anybody is told that the server is there: a signal right after it must drain as well.
    let signals = Signals::listen()?;
    let (stop_sync, sync_stopping) = watch::channel(false);
    let sync_options = SyncOptions { listen: p2p_listen, clock: database_clock };
    let syncing = sync::start(database.clone(), sync_options, sync_stopping);
    announce(address)?;
    let mut serving = tokio::spawn(pg::serve(listener, context, stopping));
    tokio::select! {
        () = signals.wait() => tracing::info!("stopping: no new connections, running statements are ended"),
        // Before anybody asked for it: a server that nobody can reach is none.
        ended = &mut serving => return Err(listener_error(ended)),
    }
    stop.send_replace(true);
    let served = serving.await.map_err(|error| Error::internal(format!("the listener stopped: {error}")))?;
    if let Some(page) = admin_page {
        // It keeps nothing, and whoever asks it may be slow.
        page.abort();
    }
    // A statement that waited for peers has had its answer by now.
    stop_sync.send_replace(true);
    syncing.await.map_err(|error| Error::internal(format!("the networks stopped: {error}")))?;
    tokio::task::spawn_blocking(move || database.shutdown())
        .await
        .map_err(|error| Error::internal(format!("closing the database stopped: {error}")))??;
    tracing::info!("stopped");
    served
}

/// Why the listener ended while the server was to go on.
fn listener_error(ended: std::result::Result<Result<()>, tokio::task::JoinError>) -> Error {
    match ended {
        Ok(Err(error)) => error,
        Ok(Ok(())) => Error::internal("the listener ended by itself"),
        Err(error) => Error::internal(format!("the listener stopped: {error}")),
    }
}

async fn bind(listen: &str) -> Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| {
        Error::new(ErrorKind::Configuration, format!("cannot listen on {listen}: {error}"))
            .with_hint("Choose another address, or port 0 for a free one.")
    })
}

/// The one line on standard output: scripts wait for it.
fn announce(address: SocketAddr) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready postgresql://nebulus@{address}/nebulus")?;
    out.flush()?;
    Ok(())
}

/// What ends the server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Signals> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

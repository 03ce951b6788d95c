//! Serving until a signal, then draining: connections end, peers are left, commits finish, graphs are saved.

use std::io::Write;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
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
    let (stop_sync, sync_stopping) = watch::channel(false);
    let sync_options = SyncOptions { listen: p2p_listen, clock: database_clock };
    let syncing = sync::start(database.clone(), sync_options, sync_stopping);
    announce(address)?;
    let serving = tokio::spawn(pg::serve(listener, context, stopping));
    wait_for_signal().await?;
    tracing::info!("stopping: no new connections, running statements may finish");
    stop.send_replace(true);
    let served = serving.await.map_err(|error| Error::internal(format!("the listener stopped: {error}")))?;
    if let Some(page) = admin_page {
        page.await.map_err(|error| Error::internal(format!("the metrics page stopped: {error}")))?;
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

async fn wait_for_signal() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

//! Serving until a signal, then draining: connections end, peers are left, commits finish, graphs are saved. SIGHUP has the
//! options read again.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::admin::{self, Phase};
use crate::config::{Flags, Options};
use crate::console::ConsoleOptions;
use crate::db::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Budget;
use crate::pg::{self, AdmissionSlot, PLACES_RESERVED, ServerContext, TlsSlot, load_tls};
use crate::server::admission::admission;
use crate::server::bind::bind;
use crate::server::first_start::ensure_password;
use crate::server::logging::LogFilter;
use crate::server::pages;
use crate::server::reload::Reload;
use crate::server::trim::trim_after_peaks;
use crate::session::SlowLog;
use crate::store::{RunningFile, RunningServer};
use crate::sync::{self, SyncOptions};
use crate::telemetry::Exporting;

/// Runs a server with the options that `flags` lead to until SIGTERM or SIGINT. SIGHUP has them read again.
///
/// # Errors
/// Whatever keeps it from starting; nothing is served then.
pub async fn run(flags: &Flags, options: Options, log: LogFilter) -> Result<()> {
    // Before anything else: a supervisor may tell a server to read its configuration again at any time.
    let hangup = signal(SignalKind::hangup())?;
    let tls = options.tls.as_ref().map(|(certificate, key)| load_tls(certificate, key)).transpose()?;
    let data_directory = options.paths.data_directory.clone();
    let listener = bind("--listen", &options.listen).await.map_err(|error| of_holder(error, &data_directory))?;
    let address = listener.local_addr()?;
    let pages_listener = pages::listen(options.admin.as_ref()).await?;
    let p2p_listen = sync::listen_addresses(&options.p2p_listen)?;
    let database_options = options.database()?;
    let database_clock = database_options.clock.clone();
    let database = tokio::task::spawn_blocking(move || Database::open(&database_options))
        .await
        .map_err(|error| Error::internal(format!("opening the database stopped: {error}")))?
        .map_err(|error| of_holder(error, &data_directory))?;
    ensure_password(&database, &options.password_file())?;
    let exporting = options.otlp_endpoint.as_deref().map(Exporting::start).transpose()?;
    let (stop, stopping) = watch::channel(false);
    let context = context(&options, database.clone(), TlsSlot::new(tls));
    context.slow_log.set(options.slow_statement_ms);
    let log_lines = log.lines.clone();
    let reload = Reload::new(flags, &options, (&context.tls, &context.admission), &context.slow_log, log);
    let (phase, phases) = watch::channel(Phase::Starting);
    let (stop_pages, pages_stopping) = watch::channel(false);
    let subject = admin::PageSubject { database: database.clone(), memory: Arc::clone(&context.memory), phase: phases };
    let (door, visitors) = pg::door();
    let admin_address = pages_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let serving_pages = match pages_listener {
        None => None,
        Some(listener) => {
            let console = ConsoleOptions {
                door: door.clone(),
                listen: options.admin.as_ref().map(|admin| admin.address.clone()).unwrap_or_default(),
                port: listener.local_addr()?.port(),
                trust_local: options.trust_local,
                log: log_lines,
            };
            let pages = pages::pages(subject, console)?;
            Some(tokio::spawn(admin::serve(listener, pages, pages_stopping)))
        }
    };
    // Before anybody is told that the server is there: a signal right after it must drain as well.
    let signals = Signals::listen(hangup)?;
    let (stop_sync, sync_stopping) = watch::channel(false);
    let sync_options = SyncOptions { listen: p2p_listen, clock: database_clock };
    let syncing = sync::start(database.clone(), sync_options, sync_stopping);
    phase.send_replace(Phase::Serving);
    let running = tell(&data_directory, address, admin_address);
    announce(address)?;
    let trimming = tokio::spawn(trim_after_peaks());
    let mut serving = tokio::spawn(pg::serve(listener, visitors, context, stopping));
    tokio::select! {
        () = signals.wait(reload) => tracing::info!("stopping: no new connections, running statements are ended"),
        // Before anybody asked for it: a server that nobody can reach is none.
        ended = &mut serving => return Err(listener_error(ended)),
    }
    phase.send_replace(Phase::Stopping);
    stop.send_replace(true);
    let served = serving.await.map_err(|error| Error::internal(format!("the listener stopped: {error}")))?;
    trimming.abort();
    // Until here they said that the server stops. They keep nothing.
    stop_pages.send_replace(true);
    if let Some(serving) = serving_pages {
        serving.await.map_err(|error| Error::internal(format!("the pages stopped: {error}")))?;
    }
    // A statement that waited for peers has had its answer by now.
    stop_sync.send_replace(true);
    syncing.await.map_err(|error| Error::internal(format!("the networks stopped: {error}")))?;
    // Before the next server can hold the directory and tell of itself.
    drop(running);
    close(database, exporting).await?;
    tracing::info!("stopped");
    served
}

/// Closes the store, and sends the spans of that.
async fn close(database: Database, exporting: Option<Exporting>) -> Result<()> {
    tokio::task::spawn_blocking(move || {
        let closed = database.shutdown();
        if let Some(exporting) = exporting {
            exporting.stop();
        }
        closed
    })
    .await
    .map_err(|error| Error::internal(format!("closing the database stopped: {error}")))?
}

/// Tells programs of this user where the server is. Without the file they have to be told.
fn tell(data_directory: &Path, listen: SocketAddr, admin: Option<SocketAddr>) -> Option<RunningFile> {
    let server = RunningServer { pid: std::process::id(), listen, admin };
    server
        .tell(data_directory)
        .inspect_err(|error| tracing::warn!(%error, "clients on this machine are not told where this server listens"))
        .ok()
}

/// The error of a start that another server stands in the way of, with the name of that one.
fn of_holder(error: Error, data_directory: &Path) -> Error {
    let Some(holder) = RunningServer::of(data_directory).filter(|_| error.kind() == ErrorKind::ObjectInUse) else {
        return error;
    };
    let RunningServer { pid, listen, .. } = holder;
    let text = format!(
        "another server holds the data directory {}: process {pid}, which listens on {listen}",
        data_directory.display()
    );
    Error::new(ErrorKind::ObjectInUse, text)
        .with_hint("Use that server, stop it, or name another directory with --data-dir.")
}

/// Why the listener ended while the server was to go on.
fn listener_error(ended: std::result::Result<Result<()>, tokio::task::JoinError>) -> Error {
    match ended {
        Ok(Err(error)) => error,
        Ok(Ok(())) => Error::internal("the listener ended by itself"),
        Err(error) => Error::internal(format!("the listener stopped: {error}")),
    }
}

/// What connections are served with under these options.
fn context(options: &Options, database: Database, tls: TlsSlot) -> ServerContext {
    ServerContext {
        database,
        tls,
        admission: AdmissionSlot::new(admission(options)),
        connections_max: options.max_connections,
        slow_log: SlowLog::default(),
        memory: Budget::new(options.memory_bytes, options.max_connections + PLACES_RESERVED),
    }
}

/// The one line on standard output: scripts wait for it.
fn announce(address: SocketAddr) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready postgresql://nebulus@{address}/nebulus")?;
    out.flush()?;
    Ok(())
}

/// What ends the server, and what has it read its options again.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen(hangup: Signal) -> Result<Signals> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Signals { terminate, interrupt, hangup })
    }

    /// Waits for the end.
    async fn wait(mut self, mut reload: Reload) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => reload.run(),
            }
        }
    }
}

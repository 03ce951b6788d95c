//! Accepting connections, bounding their number, and draining them when the server goes down.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use crate::db::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::cancel::CancelRegistry;
use crate::pg::startup;
use crate::pg::tls::Tls;
use crate::session::Activity;
use crate::session::fill_random;

/// Connections that are served at once, unless configured otherwise.
pub const CONNECTIONS_MAX_DEFAULT: usize = 200;
/// Connections beyond those served that are told so, or that bring a cancel request; further ones are dropped at once.
const CONNECTIONS_TURNED_AWAY_MAX: usize = 64;
/// Time that running statements have to finish when the server goes down; then they are cancelled.
const DRAIN: Duration = Duration::from_millis(300);
/// Time that they have to notice and to tell their clients after that.
const CANCEL: Duration = Duration::from_secs(1);
/// Pause after a failure to accept, which is mostly a lack of file descriptors.
const ACCEPT_RETRY_MILLIS: u64 = 50;

/// What connections are served with.
#[derive(Clone)]
pub struct ServerContext {
    pub database: Database,
    /// Certificate and key; `None` leaves connections in plaintext.
    pub tls: Option<Tls>,
    /// Whether connections over the loopback interface need no password.
    pub trust_local: bool,
    pub connections_max: usize,
    pub activity: Activity,
}

impl ServerContext {
    pub fn new(database: Database, tls: Option<Tls>, trust_local: bool, connections_max: usize) -> Self {
        ServerContext { database, tls, trust_local, connections_max, activity: Activity::default() }
    }
}

/// What all connections share.
pub(super) struct Shared {
    pub context: ServerContext,
    pub cancels: CancelRegistry,
    /// Makes mock verifiers that stay the same while the server runs.
    pub mock_secret: [u8; 32],
    pub shutdown: watch::Receiver<bool>,
}

/// Serves connections until `shutdown` turns true (or its sender is gone), then drains them.
pub async fn serve(listener: TcpListener, context: ServerContext, shutdown: watch::Receiver<bool>) -> Result<()> {
    let mut mock_secret = [0; 32];
    fill_random(&mut mock_secret)?;
    let room = Arc::new(Semaphore::new(context.connections_max));
    let door = Arc::new(Semaphore::new(context.connections_max.saturating_add(CONNECTIONS_TURNED_AWAY_MAX)));
    let mut stop = shutdown.clone();
    let shared = Arc::new(Shared { context, cancels: CancelRegistry::default(), mock_secret, shutdown });
    let mut connections = JoinSet::new();
    let cancels = shared.cancels.clone();
    let mut looking = pin!(cancels.look_after_clients());
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if let Ok(entry) = Arc::clone(&door).try_acquire_owned() {
                        let place = Arc::clone(&room).try_acquire_owned().ok();
                        connections.spawn(connection(stream, peer, Arc::clone(&shared), place, entry));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MILLIS)).await;
                }
            },
            Some(ended) = connections.join_next() => report(ended),
            () = &mut looking => {}
        }
    }
    drop(listener);
    drain(connections, &shared).await;
    Ok(())
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    place: Option<OwnedSemaphorePermit>,
    _entry: OwnedSemaphorePermit,
) {
    let Some(mut connection) = startup::start(stream, peer, &shared, place.is_some()).await else { return };
    // A panic is a defect of one statement: its connection ends with an error, the others go on.
    let ended = AssertUnwindSafe(connection.run()).catch_unwind().await;
    let told = match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            let error = Error::internal("the statement ran into a defect of the server")
                .with_hint("The connection is closed; nothing of its transaction remains. Please report the defect.");
            connection.end(ErrorKind::Internal.sqlstate(), &error).await
        }
    };
    if let Err(error) = told {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

/// Waits until the server is to go down, or nobody is left who could say so.
pub(super) async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    drop(shutdown.wait_for(|stop| *stop).await);
}

/// Lets running statements finish within a moment, then cancels them, then leaves what has not noticed.
async fn drain(mut connections: JoinSet<()>, shared: &Shared) {
    for patience in [DRAIN, CANCEL] {
        let all = async {
            while let Some(ended) = connections.join_next().await {
                report(ended);
            }
        };
        if tokio::time::timeout(patience, all).await.is_ok() {
            return;
        }
        shared.cancels.shut_down();
    }
    tracing::warn!(connections = connections.len(), "connections were dropped while their statements ran");
    // Not waited for: what computes and cannot be interrupted would keep the server from ending.
    connections.abort_all();
    connections.detach_all();
}

fn report(ended: std::result::Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection's task failed");
    }
}

//! Accepting connections, letting in those that log in, and draining them when the server goes down.

use std::net::{Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::error::{Error, ErrorKind, Result};
use crate::metrics;
use crate::pg::accept::startup;
use crate::pg::accept::startup::Started;
use crate::pg::auth::cancel::CancelRegistry;
use crate::pg::auth::guesses::Guesses;
use crate::pg::auth::server::{ServerContext, ServerState, stopped};
use crate::pg::transport::door::Visitors;
use crate::pg::transport::places::Places;
use crate::pg::transport::transport::{Socket, Transport};
use crate::pg::transport::waiting::{Ticket, WaitingRoom};
use crate::session::fill_random;

/// Time that running statements have to finish when the server goes down; then they are cancelled.
const DRAIN: Duration = Duration::from_millis(300);
/// Time that they have to notice and to tell their clients after that.
const CANCEL: Duration = Duration::from_secs(1);
/// Connections that wait to be logged in on, for each one that can be served; half of them from one address.
const WAITING_FACTOR: usize = 2;
/// Waiting connections of a small server.
const WAITING_LEAST: usize = 128;
/// Pause after a failure to accept, which is mostly a lack of file descriptors.
const ACCEPT_RETRY_MILLIS: u64 = 50;

/// What those are called who come from inside of this process: clients of this machine, at no port.
const INSIDE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Serves connections of the network and of `visitors` until `shutdown` turns true (or its sender is gone), then drains them.
///
/// # Errors
/// XX000 where the system gives no randomness; a connection that fails ends by itself.
pub async fn serve(
    listener: TcpListener,
    mut visitors: Visitors,
    context: ServerContext,
    shutdown: watch::Receiver<bool>,
) -> Result<()> {
    let mut mock_secret = [0; 32];
    fill_random(&mut mock_secret)?;
    let waiting_max = context.connections_max.max(WAITING_LEAST) * WAITING_FACTOR;
    let waiting = WaitingRoom::new(waiting_max, waiting_max / 2);
    let mut stop = shutdown.clone();
    let (places, guesses) = (Places::new(context.connections_max), Guesses::default());
    let shared =
        Arc::new(ServerState { context, cancels: CancelRegistry::default(), places, guesses, mock_secret, shutdown });
    let mut connections = JoinSet::new();
    let cancels = shared.cancels.clone();
    let mut looking = pin!(cancels.look_after_clients());
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    metrics::CONNECTIONS.add(1);
                    let ticket = waiting.enter(peer.ip());
                    match Socket::new(stream) {
                        Ok(socket) => {
                            connections.spawn(connection(Transport::Plain(socket), peer, Arc::clone(&shared), ticket));
                        }
                        Err(error) => tracing::debug!(%peer, %error, "a connection ended before its first statement"),
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    waiting.dismiss_one();
                    tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MILLIS)).await;
                }
            },
            Some(visitor) = visitors.next() => {
                metrics::CONNECTIONS.add(1);
                let ticket = waiting.enter(INSIDE.ip());
                connections.spawn(connection(Transport::Inner(visitor), INSIDE, Arc::clone(&shared), ticket));
            }
            Some(ended) = connections.join_next() => report(ended),
            () = &mut looking => {}
        }
    }
    drop((listener, visitors));
    drain(connections, &shared).await;
    Ok(())
}

async fn connection(transport: Transport, peer: SocketAddr, shared: Arc<ServerState>, ticket: Ticket) {
    let mut stop = shared.shutdown.clone();
    let started = tokio::select! {
        biased;
        started = startup::start(transport, peer, (&shared, &ticket)) => started,
        () = ticket.dismissed() => {
            metrics::CONNECTIONS_DISMISSED.add(1);
            None
        }
        () = stopped(&mut stop) => None,
    };
    drop(ticket);
    let Some(Started { mut connection, place: _place }) = started else { return };
    metrics::CLIENTS.add(1);
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
    metrics::CLIENTS.subtract(1);
    if let Err(error) = told {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

/// Lets running statements finish within a moment, then cancels them, then leaves what has not noticed.
async fn drain(mut connections: JoinSet<()>, shared: &ServerState) {
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

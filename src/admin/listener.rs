//! Accepts connections to the pages and keeps their number bounded: where there are too many, the one goes that has been idle
//! for longest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};

use crate::admin::connection::{RequestActivity, converse};

/// Connections at the same time; beyond them the one goes that has been idle for longest.
const CONNECTIONS_MAX: usize = 64;
/// Connections at the same time, where all are being answered: those beyond wait in the system's queue.
const CONNECTIONS_BUSY_MAX: usize = 2 * CONNECTIONS_MAX;
/// Streams of events at the same time, which end when their clients like to.
const STREAMS_MAX: usize = 32;
/// Pause after a failure to accept, which is mostly a lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// A connection that is open.
struct Visitor {
    activity: Arc<RequestActivity>,
    task: AbortHandle,
}

/// Makes room for a connection: the one goes that has been idle for longest. Without effect where all are being answered.
fn make_room(visitors: &mut VecDeque<Visitor>) {
    visitors.retain(|visitor| !visitor.task.is_finished());
    if visitors.len() < CONNECTIONS_MAX {
        return;
    }
    let idle = visitors.iter().enumerate();
    let idle = idle.filter_map(|(position, visitor)| Some((visitor.activity.idle_since()?, position)));
    if let Some(visitor) = idle.min().and_then(|(_, position)| visitors.remove(position)) {
        visitor.task.abort();
    }
}

/// Serves pages over HTTP/1.1 until told to stop; open connections end then, with what they are in the middle of.
///
/// The head of a request is bounded in size and time, its body too. Connections may be used again. An answer of the type
/// `text/event-stream` may go on for as long as its client stays, but only so many of them do at a time; every answer must get
/// on within a minute, so that streams send a comment now and then. Handlers find the client's address as
/// `ConnectInfo<SocketAddr>`.
pub async fn serve(listener: TcpListener, pages: Router, mut stopping: watch::Receiver<bool>) {
    let streams = Arc::new(Semaphore::new(STREAMS_MAX));
    let mut visitors = VecDeque::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            Some(ended) = connections.join_next() => {
                report(ended);
                continue;
            }
            accepted = listener.accept(), if connections.len() < CONNECTIONS_BUSY_MAX => accepted,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, address)) => {
                make_room(&mut visitors);
                let activity = Arc::new(RequestActivity::new());
                let (pages, streams) = (pages.clone(), Arc::clone(&streams));
                let task = connections.spawn(converse(stream, address, pages, streams, Arc::clone(&activity)));
                visitors.push_back(Visitor { activity, task });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the pages could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

fn report(ended: Result<(), JoinError>) {
    // Those that were sent away were cancelled.
    if let Err(error) = ended
        && !error.is_cancelled()
    {
        tracing::error!(%error, "a page could not be made");
    }
}

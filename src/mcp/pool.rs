//! An agent's connections to the server: opened when they are needed, used by one call at a time, kept for the next.
//!
//! A connection goes back only when its call has come to an end, and then as new: no open transaction, no settings, locks or
//! prepared statements of the call before. Where a call was cancelled or stopped reading, the connection is closed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Client;

use crate::client::{Canceller, ClientSession, Route};
use crate::error::{Error, ErrorKind, Result};
use crate::mcp::rules::Rules;

/// Calls of one agent that run at the same time; others wait.
const CALLS_MAX: usize = 8;
/// Connections that are kept for later calls.
const IDLE_MAX: usize = 2;
/// How long a connection is kept.
const IDLE_TIME_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether one was kept for too long.
const SWEEP_INTERVAL: Duration = Duration::from_secs(15);
/// Notices of one call that are told.
const NOTICES_MAX: usize = 20;
/// How long a request to cancel may take. The connection is closed behind it, so that nothing runs on for long.
const CANCEL_TIME_MAX: Duration = Duration::from_secs(5);

/// The connections of one agent.
pub(super) struct Pool {
    route: Route,
    idle: Mutex<Vec<(PoolLink, Instant)>>,
    places: Arc<Semaphore>,
}

/// One open connection, with what the server had to say beside its answers.
pub(super) struct PoolLink {
    session: ClientSession,
    notices: Arc<Mutex<Vec<String>>>,
}

/// A connection in the hands of one call. Dropping it closes the connection.
pub(super) struct ConnectionLease {
    link: PoolLink,
    /// Something of its call may still be under way.
    is_spent: AtomicBool,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool that connects by `route`, held to `rules`. It must be made inside of a Tokio runtime.
    pub fn new(mut route: Route, rules: Rules) -> Arc<Pool> {
        rules.apply(&mut route.config);
        let places = Arc::new(Semaphore::new(CALLS_MAX));
        let pool = Arc::new(Pool { route, idle: Mutex::default(), places });
        tokio::spawn(sweep(Arc::downgrade(&pool)));
        pool
    }

    /// A connection for one call: one that was kept, if it still lives, or a new one.
    ///
    /// # Errors
    /// 58030 where the server cannot be reached or does not let the agent in.
    pub async fn lease(&self) -> Result<ConnectionLease> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| Error::internal("the agent's connections are closed"))?;
        loop {
            let kept = self.idle.lock().pop();
            let link = match kept {
                Some((link, _)) if link.lives().await => link,
                Some(_) => continue,
                None => self.open().await?,
            };
            link.take_notices();
            return Ok(ConnectionLease { link, is_spent: AtomicBool::new(false), _place: place });
        }
    }

    async fn open(&self) -> Result<PoolLink> {
        let notices = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&notices);
        let session = ClientSession::open(&self.route, move |notice| {
            let mut kept = kept.lock();
            if kept.len() < NOTICES_MAX {
                kept.push(notice.message().to_string());
            }
        });
        Ok(PoolLink { session: session.await?, notices })
    }

    /// Takes a connection back whose call has come to an end.
    pub async fn give_back(&self, lease: ConnectionLease) {
        if lease.is_spent.load(Ordering::Relaxed) {
            return;
        }
        let client = lease.client();
        let is_as_new =
            client.batch_execute("ROLLBACK").await.is_ok() && client.batch_execute("DISCARD ALL").await.is_ok();
        let mut idle = self.idle.lock();
        if is_as_new && idle.len() < IDLE_MAX {
            idle.push((lease.link, Instant::now()));
        }
    }
}

impl PoolLink {
    /// Whether the server still answers on it.
    async fn lives(&self) -> bool {
        !self.session.client.is_closed() && self.session.client.batch_execute("").await.is_ok()
    }

    fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock())
    }
}

impl ConnectionLease {
    pub fn client(&self) -> &Client {
        &self.link.session.client
    }

    /// What the server said beside its answers since it was asked last.
    pub fn take_notices(&self) -> Vec<String> {
        self.link.take_notices()
    }

    /// Has the server end what runs, and the connection closed when the call is over.
    pub async fn stop(&self) {
        self.is_spent.store(true, Ordering::Relaxed);
        cancel(&self.canceller()).await;
    }

    pub fn canceller(&self) -> Canceller {
        self.link.session.canceller()
    }
}

/// Has the server end what runs. The connection has to be closed then: the request may come late.
pub(super) async fn cancel(canceller: &Canceller) {
    match tokio::time::timeout(CANCEL_TIME_MAX, canceller.cancel()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a statement could not be cancelled; its connection is closed"),
        Err(_) => tracing::debug!("cancelling a statement takes too long; its connection is closed"),
    }
}

/// The error of a call that its client has cancelled.
pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::QueryCanceled, "the call was cancelled")
}

/// Closes what was kept for too long, for as long as there is a pool.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.idle.lock().retain(|(_, since)| since.elapsed() < IDLE_TIME_MAX);
    }
}

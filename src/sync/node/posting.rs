//! Networks that are HTTP endpoints, as a node runs them: one poster for each, fed from the database's stage.

use std::future::Future;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use crate::db::{Database, EntryKey, NetworkStatus, StagedForPosting};
use crate::error::{Error, ErrorKind, Result};
use crate::health::answered;
use crate::model::{CollectionId, NetworkId};
use crate::sync::knirvgraph::{
    BackOffTimes, EndpointOptions, Outbox, POST_REQUESTS_MAX, PostNow, Poster, PosterOptions, PosterStatus,
};
use crate::sync::node::load_networks::LoadedPosting;
use crate::sync::node::running_network::Done;

/// A poster that runs; it stops when this is dropped.
pub struct EndpointPosting {
    name: String,
    options: LoadedPosting,
    requests: mpsc::Sender<PostNow>,
    status: watch::Receiver<PosterStatus>,
    task: AbortHandle,
}

impl Drop for EndpointPosting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl EndpointPosting {
    /// # Errors
    /// 22023 for a URL that cannot be an endpoint's.
    pub fn start(
        database: &Database,
        id: NetworkId,
        name: &str,
        options: LoadedPosting,
        seed: u64,
    ) -> Result<EndpointPosting> {
        let poster = PosterOptions {
            network: id,
            network_name: name.to_string(),
            url: options.url.clone(),
            interval_ms: options.interval_ms,
            endpoint: EndpointOptions::default(),
            back_off: BackOffTimes::default(),
            seed,
        };
        let poster = Poster::new(poster, Stage(database.clone()), database.replica().identity())?;
        let status = poster.status();
        let (requests, asked) = mpsc::channel(POST_REQUESTS_MAX);
        let (staged, vital) = (database.replica().changes().staged, database.health().watch("posting").abortable());
        let posting = async move {
            poster.run(staged, asked).await;
            vital.end();
        };
        let task = tokio::spawn(posting).abort_handle();
        Ok(EndpointPosting { name: name.to_string(), options, requests, status, task })
    }

    /// The name of its network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it goes on as it is with these options.
    pub fn is_as(&self, options: &LoadedPosting) -> bool {
        self.options == *options
    }

    /// Asks for a round now; [`Done::Posted`] with this number follows.
    pub fn post_now(&self, network: NetworkId, number: u64, done: &mpsc::Sender<Done>) {
        let (requests, done) = (self.requests.clone(), done.clone());
        tokio::spawn(async move {
            let stopped = || Error::new(ErrorKind::Shutdown, "the poster is stopping");
            let (reply, answer) = oneshot::channel();
            let result = match requests.send(PostNow { reply }).await {
                Ok(()) => answered(&requests, answer).await.unwrap_or_else(|| Err(stopped())),
                Err(_) => Err(stopped()),
            };
            // The node's task may have stopped meanwhile; whoever asked was answered then.
            drop(done.send(Done::Posted { network, number, result }).await);
        });
    }

    pub fn status(&self, network: NetworkId) -> NetworkStatus {
        let status = self.status.borrow();
        NetworkStatus {
            network,
            connected_peers: 0,
            total_peers: 1,
            deltas_sent: status.accepted,
            deltas_received: 0,
            bytes_sent: status.bytes_sent,
            bytes_received: 0,
            messages_sent: status.accepted.saturating_add(status.refused),
            messages_received: 0,
            average_latency_ms: None,
            last_sync_ms: status.last_sync_ms,
            sync_in_progress: status.in_progress,
            last_error: status.last_error.clone(),
            quarantine: Vec::new(),
            schema_conflicts: Vec::new(),
            clock_trouble: None,
        }
    }

    pub fn has_changed(&self) -> bool {
        self.status.has_changed().unwrap_or(false)
    }
}

/// The database's stage, for a thread that may block.
#[derive(Clone)]
struct Stage(Database);

impl Outbox for Stage {
    fn staged_entries(
        &self,
        network: NetworkId,
        after: Option<(CollectionId, EntryKey)>,
        limit: usize,
    ) -> Result<Vec<StagedForPosting>> {
        wait(self.0.replica().staged_entries(network, after, limit))
    }

    fn mark_posted(&self, network: NetworkId, posted: Vec<(CollectionId, EntryKey, u64)>) -> Result<u64> {
        wait(self.0.replica().mark_posted(network, posted))
    }
}

fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Handle::current().block_on(work)
}

//! The task of one posting network: when a round begins, and what is shown of it.
//!
//! Rounds run on a thread that may block. While the task lives, one is begun when the network's interval has passed and
//! something was staged since, when something that failed is due again, and when a SYNC asks for one, which makes no
//! difference between due and not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::error::{Error, Result};
use crate::model::NetworkId;
use crate::store::Identity;
use crate::sync::knirvgraph::round::PostingRound;
use crate::sync::knirvgraph::{BackOff, BackOffTimes, Endpoint, EndpointOptions, Outbox, PostingReport};
use crate::telemetry::{Attribute, Span, SpanName};

/// Requests that wait for a round, at most; senders wait beyond that.
pub const POST_REQUESTS_MAX: usize = 64;

/// Shortest pause between two rounds that nobody asked for, in milliseconds.
const PAUSE_MS_MIN: u64 = 10;

/// A SYNC of this network: one round that tries everything, and its report.
#[derive(Debug)]
pub struct PostNow {
    pub reply: oneshot::Sender<Result<PostingReport>>,
}

/// A posting network.
#[derive(Clone, Debug)]
pub struct PosterOptions {
    pub network: NetworkId,
    pub network_name: String,
    /// The network's `posting_url`.
    pub url: String,
    /// The network's `sync_interval_ms`.
    pub interval_ms: u64,
    pub endpoint: EndpointOptions,
    pub back_off: BackOffTimes,
    /// Of the jitter.
    pub seed: u64,
}

/// What is shown of a posting network; counts are since the start of the task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PosterStatus {
    pub accepted: u64,
    pub refused: u64,
    pub bytes_sent: u64,
    /// Entries that wait for another try, as of the last round.
    pub waiting: u64,
    pub in_progress: bool,
    /// Milliseconds since 1970 of the last round that left nothing behind.
    pub last_sync_ms: Option<u64>,
    /// Of the last round, for people; `None` where all went well.
    pub last_error: Option<String>,
}

/// The task of one posting network.
pub struct Poster<O> {
    interval_ms: u64,
    network: NetworkId,
    /// Locked by a round while it runs, and by the task between rounds.
    round: Arc<Mutex<PostingRound<O>>>,
    status: watch::Sender<PosterStatus>,
    /// Something may be staged that no round has looked at.
    is_behind: bool,
    /// Last, so that it is dropped with the task.
    _stop: StopOnDrop,
}

/// Ends a round whose task is gone.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<O: Outbox> Poster<O> {
    /// # Errors
    /// 22023 for a URL that cannot be an endpoint's.
    pub fn new(options: PosterOptions, outbox: O, identity: Arc<Identity>) -> Result<Poster<O>> {
        let stop = Arc::new(AtomicBool::new(false));
        let round = PostingRound {
            outbox,
            endpoint: Endpoint::new(&options.url, &options.endpoint)?,
            identity,
            network: options.network,
            network_name: options.network_name,
            back_off: BackOff::new(options.back_off, options.seed),
            stop: Arc::clone(&stop),
        };
        Ok(Poster {
            interval_ms: options.interval_ms.max(PAUSE_MS_MIN),
            network: options.network,
            round: Arc::new(Mutex::new(round)),
            status: watch::Sender::new(PosterStatus::default()),
            is_behind: true,
            _stop: StopOnDrop(stop),
        })
    }

    pub fn status(&self) -> watch::Receiver<PosterStatus> {
        self.status.subscribe()
    }

    /// Runs until all senders of `requests` are gone, or until it is dropped; then the transaction on its way is the last.
    /// `staged` changes whenever something was staged.
    pub async fn run(mut self, mut staged: watch::Receiver<u64>, mut requests: mpsc::Receiver<PostNow>) {
        loop {
            let mut asked = Vec::new();
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => asked.push(request),
                    None => return,
                },
                () = sleep(self.pause()) => {}
            }
            while let Ok(request) = requests.try_recv() {
                asked.push(request);
            }
            // Where the sender is gone nothing is staged any more; requests and retries remain.
            if staged.has_changed().unwrap_or(false) {
                staged.borrow_and_update();
                self.is_behind = true;
            }
            if asked.is_empty() && !self.is_round_due() {
                continue;
            }
            let outcome = self.run_round(!asked.is_empty()).await;
            for request in asked {
                drop(request.reply.send(outcome.clone()));
            }
        }
    }

    fn pause(&self) -> Duration {
        let due_ms = self.round.lock().back_off.next_due_ms();
        let until_due_ms = due_ms.map_or(u64::MAX, |due_ms| due_ms.saturating_sub(now_ms()));
        Duration::from_millis(until_due_ms.clamp(PAUSE_MS_MIN, self.interval_ms))
    }

    fn is_round_due(&self) -> bool {
        let now_ms = now_ms();
        let round = self.round.lock();
        let is_retry_due = round.back_off.next_due_ms().is_some_and(|due_ms| due_ms <= now_ms);
        round.back_off.is_endpoint_due(now_ms) && (self.is_behind || is_retry_due)
    }

    async fn run_round(&mut self, force: bool) -> Result<PostingReport> {
        self.status.send_modify(|status| status.in_progress = true);
        let span = Span::begin(SpanName::EndpointPost);
        let round = Arc::clone(&self.round);
        let joined = spawn_blocking(move || round.lock().run(now_ms(), force)).await;
        let outcome =
            joined.unwrap_or_else(|error| Err(Error::internal(format!("a posting round broke off: {error}"))));
        match &outcome {
            Ok(report) => {
                span.say(Attribute::Deltas(report.accepted));
                self.is_behind = !report.complete;
                if report.accepted > 0 || report.refused > 0 {
                    tracing::info!(
                        network = self.network.0,
                        accepted = report.accepted,
                        refused = report.refused,
                        waiting = report.waiting,
                        error = report.last_error.as_deref(),
                        "posted staged entries"
                    );
                }
            }
            Err(error) => {
                span.say(Attribute::Failed(error.sqlstate()));
                self.is_behind = true;
                self.round.lock().back_off.endpoint_failed(now_ms(), 0);
                tracing::warn!(network = self.network.0, %error, "posting staged entries failed; it is tried again");
            }
        }
        self.show(&outcome);
        outcome
    }

    fn show(&self, outcome: &Result<PostingReport>) {
        self.status.send_modify(|status| {
            status.in_progress = false;
            match outcome {
                Ok(report) => {
                    status.accepted += report.accepted;
                    status.refused += report.refused;
                    status.bytes_sent += report.bytes_sent;
                    status.waiting = report.waiting + report.refused;
                    if report.complete && status.waiting == 0 {
                        status.last_sync_ms = Some(now_ms());
                    }
                    if report.complete || report.last_error.is_some() {
                        status.last_error.clone_from(&report.last_error);
                    }
                }
                Err(error) => status.last_error = Some(error.message().to_string()),
            }
        });
    }
}

/// Milliseconds since 1970; 0 on a clock before that.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

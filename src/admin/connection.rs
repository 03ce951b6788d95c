//! One connection to the pages: its requests one after another, and what it is doing, so that its owner sees whether it is idle
//! and an answer that nobody reads comes to an end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::admin::bodies::{AnswerBody, bounded_answer, bounded_request};

/// Longest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long the head of a request may take, and how long a connection may wait for its next one.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long an answer may go without the client taking anything of it.
const STALL_TIME_MAX: Duration = Duration::from_secs(60);

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// It waits for a request, or reads the head of one.
    Idle,
    /// A handler works.
    Handling,
    /// The body of an answer goes out.
    Sending,
}

/// What a connection does, and since when it has made no progress.
#[derive(Debug)]
pub(super) struct RequestActivity(Mutex<(Doing, Instant)>);

impl RequestActivity {
    pub fn new() -> RequestActivity {
        RequestActivity(Mutex::new((Doing::Idle, Instant::now())))
    }

    fn set(&self, doing: Doing) {
        *self.0.lock() = (doing, Instant::now());
    }

    /// Since when it has been waiting for a request; `None` while one is being answered.
    pub fn idle_since(&self) -> Option<Instant> {
        let (doing, since) = *self.0.lock();
        (doing == Doing::Idle).then_some(since)
    }

    /// Comes back when an answer has been stuck for too long.
    async fn stalled(&self) {
        loop {
            let (doing, since) = *self.0.lock();
            let limit = since + STALL_TIME_MAX;
            if doing == Doing::Sending && limit <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(limit.max(Instant::now() + STALL_TIME_MAX / 4)).await;
        }
    }
}

/// Held while a request is answered.
#[derive(Debug)]
pub(super) struct RequestTurn(Arc<RequestActivity>);

impl RequestTurn {
    fn begin(activity: &Arc<RequestActivity>) -> RequestTurn {
        activity.set(Doing::Handling);
        RequestTurn(Arc::clone(activity))
    }

    /// The client has taken another part of the answer.
    pub fn advance(&self) {
        self.0.set(Doing::Sending);
    }
}

impl Drop for RequestTurn {
    fn drop(&mut self) {
        self.0.set(Doing::Idle);
    }
}

/// Answers the requests of one connection until either side closes it.
pub(super) async fn converse(
    stream: TcpStream,
    address: SocketAddr,
    pages: Router,
    streams: Arc<Semaphore>,
    activity: Arc<RequestActivity>,
) {
    // Events are small, and shall come at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection to the pages has gone already");
        return;
    }
    let service = service_fn(|mut request: Request<Incoming>| {
        let turn = RequestTurn::begin(&activity);
        request.extensions_mut().insert(ConnectInfo(address));
        answer(request, pages.clone(), Arc::clone(&streams), turn)
    });
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).max_buf_size(HEAD_BYTES_MAX);
    let ended = tokio::select! {
        ended = protocol.serve_connection(TokioIo::new(stream), service) => ended,
        () = activity.stalled() => {
            tracing::debug!(%address, "an answer was given up: its client took nothing of it for {STALL_TIME_MAX:?}");
            return;
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%address, %error, "a connection to the pages ended early");
    }
}

async fn answer(
    request: Request<Incoming>,
    pages: Router,
    streams: Arc<Semaphore>,
    turn: RequestTurn,
) -> Result<Response<AnswerBody>, Infallible> {
    let answer = match bounded_request(request) {
        Ok(request) => TowerToHyperService::new(pages).call(request).await?,
        Err(refusal) => *refusal,
    };
    Ok(bounded_answer(answer, turn, streams))
}

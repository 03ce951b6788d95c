//! Sending spans to a collector: OTLP in JSON over HTTP, in batches, from a thread of its own. What the collector does not take
//! is lost, counted, and said once in the log until it takes spans again.
//!
//! The form is that of the OpenTelemetry protocol, version 1: <https://opentelemetry.io/docs/specs/otlp/>.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use crate::error::{Error, Result};
use crate::metrics::SPANS_LOST;
use crate::telemetry::span::{SpanMessage, collect};

/// Where a collector takes traces, below its address.
const PATH: &str = "/v1/traces";
/// How long one batch may take to be sent.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the last batches may take when the server stops.
const STOP_TIME_MAX: Duration = Duration::from_secs(3);
/// Spans that wait to be sent; beyond them new ones are lost.
const QUEUE_SPANS_MAX: usize = 8192;
const BATCH_SPANS_MAX: usize = 512;
/// How long a span waits for others.
const BATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Spans are sent until it stops.
#[derive(Debug)]
pub struct Exporting {
    sender: SyncSender<SpanMessage>,
    ended: Receiver<()>,
}

impl Exporting {
    /// Has all spans of this process sent to the collector at `endpoint`, `http://host:4318` as a rule.
    ///
    /// # Errors
    /// XX000 where spans are sent already, 58030 where there is no thread for it.
    pub fn start(endpoint: &str) -> Result<Exporting> {
        let (sender, spans) = sync_channel(QUEUE_SPANS_MAX);
        let (end, ended) = sync_channel(1);
        if !collect(sender.clone()) {
            return Err(Error::internal("spans are collected already"));
        }
        let mut collector = Collector::new(endpoint);
        std::thread::Builder::new().name("nebulus-spans".to_string()).spawn(move || {
            collector.run(&spans);
            // Whoever stops it may have lost patience.
            end.send(()).ok();
        })?;
        tracing::info!(endpoint, "spans of statements, commits and sync go to a collector");
        Ok(Exporting { sender, ended })
    }

    /// Sends what waits, and no more after it. Blocks for some seconds at most.
    pub fn stop(self) {
        // Where the queue is full, what is in it cannot be sent in time either.
        let is_told = self.sender.try_send(SpanMessage::Stop).is_ok();
        if !is_told || self.ended.recv_timeout(STOP_TIME_MAX).is_err() {
            tracing::warn!("the last spans were not sent");
        }
    }
}

/// A collector over HTTP.
struct Collector {
    agent: Agent,
    url: String,
    is_failing: bool,
}

impl Collector {
    fn new(endpoint: &str) -> Collector {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("nebulusdb/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(SEND_TIME_MAX))
            .build();
        let url = format!("{}{PATH}", endpoint.trim_end_matches('/'));
        Collector { agent: Agent::new_with_config(config), url, is_failing: false }
    }

    /// Sends batches until it is told to stop.
    fn run(&mut self, messages: &Receiver<SpanMessage>) {
        let (mut batch, mut is_over) = (Vec::new(), false);
        while !is_over {
            let due = Instant::now() + BATCH_INTERVAL;
            while batch.len() < BATCH_SPANS_MAX {
                match messages.recv_timeout(due.saturating_duration_since(Instant::now())) {
                    Ok(SpanMessage::Ended(span)) => batch.push(span),
                    Err(RecvTimeoutError::Timeout) => break,
                    Ok(SpanMessage::Stop) | Err(RecvTimeoutError::Disconnected) => {
                        is_over = true;
                        break;
                    }
                }
            }
            if !batch.is_empty() {
                self.send(std::mem::take(&mut batch));
            }
        }
    }

    /// Sends a batch, and says in the log when spans begin to be lost, and when they are taken again.
    fn send(&mut self, spans: Vec<Value>) {
        let count = spans.len() as u64;
        let body = request(spans).to_string();
        let answer = self.agent.post(&self.url).header("content-type", "application/json").send(body.as_bytes());
        let failure = match answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers with status {}", answer.status().as_u16())),
            Err(error) => Some(error.to_string()),
        };
        match failure {
            None if self.is_failing => tracing::info!("the collector takes spans again"),
            None => {}
            Some(failure) => {
                SPANS_LOST.add(count);
                if !self.is_failing {
                    tracing::warn!(failure, "the collector takes no spans; they are lost");
                }
                self.is_failing = true;
                return;
            }
        }
        self.is_failing = false;
    }
}

/// The body of one request.
fn request(spans: Vec<Value>) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let resource = json!({"attributes": [text("service.name", "nebulusdb"), text("service.version", version)]});
    let scope = json!({"name": "nebulusdb", "version": version});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}]})
}

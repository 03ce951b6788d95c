//! Spans: what they say, which of them are parts of which, and their way to the collector's thread.

use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::metrics::SPANS_LOST;
use crate::telemetry::said::{Attribute, SpanName};

/// Where ended spans go, once somebody collects them.
static COLLECTED: OnceLock<SyncSender<SpanMessage>> = OnceLock::new();

tokio::task_local! {
    /// The span that a task is in.
    static CURRENT: Ids;
}

/// What the collector's thread is sent.
pub(super) enum SpanMessage {
    Ended(Value),
    Stop,
}

/// Which span of which trace.
#[derive(Clone, Copy)]
struct Ids {
    trace: u128,
    span: u64,
}

/// A span, which ends when it is dropped. It is nothing while nobody collects.
pub struct Span(Option<Box<Begun>>);

struct Begun {
    ids: Ids,
    parent: Option<u64>,
    name: SpanName,
    at_ns: u128,
    said: Mutex<Vec<Attribute>>,
}

/// From now on spans go there. False where they go elsewhere already.
pub(super) fn collect(sender: SyncSender<SpanMessage>) -> bool {
    COLLECTED.set(sender).is_ok()
}

impl Span {
    /// Begins a span within the one that this task is in.
    #[must_use]
    pub fn begin(name: SpanName) -> Span {
        if COLLECTED.get().is_none() {
            return Span(None);
        }
        let parent = CURRENT.try_with(|ids| *ids).ok();
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        // Without randomness there are no ids that mean anything to others.
        if getrandom::fill(&mut trace).and_then(|()| getrandom::fill(&mut span)).is_err() {
            return Span(None);
        }
        let trace = parent.map_or_else(|| u128::from_be_bytes(trace), |parent| parent.trace);
        let ids = Ids { trace, span: u64::from_be_bytes(span) };
        let parent = parent.map(|parent| parent.span);
        Span(Some(Box::new(Begun { ids, parent, name, at_ns: now_ns(), said: Mutex::default() })))
    }

    /// Whether anybody collects it: what is said to it has to be found out otherwise for nothing.
    pub fn is_traced(&self) -> bool {
        self.0.is_some()
    }

    pub fn say(&self, attribute: Attribute) {
        if let Some(begun) = &self.0 {
            begun.said.lock().push(attribute);
        }
    }

    /// Does the work within the span: spans that begin in it are parts of this one.
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        match &self.0 {
            None => work.await,
            Some(begun) => CURRENT.scope(begun.ids, work).await,
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let (Some(begun), Some(sender)) = (&self.0, COLLECTED.get())
            && let Err(TrySendError::Full(_)) = sender.try_send(SpanMessage::Ended(begun.ended()))
        {
            SPANS_LOST.add(1);
        }
    }
}

impl Begun {
    /// The span as OTLP has it in JSON: ids in hexadecimal digits, long numbers as texts.
    fn ended(&self) -> Value {
        let (mut attributes, mut status) = (Vec::new(), json!({}));
        let mut put = |key: &str, value: Value| attributes.push(json!({"key": key, "value": value}));
        for attribute in self.said.lock().iter() {
            match attribute {
                Attribute::Kind(kind) => put("db.operation.name", json!({"stringValue": kind})),
                Attribute::Rows(rows) => put("db.response.returned_rows", json!({"intValue": rows.to_string()})),
                Attribute::Deltas(deltas) => put("nebulusdb.deltas", json!({"intValue": deltas.to_string()})),
                Attribute::Failed(sqlstate) => {
                    put("db.response.status_code", json!({"stringValue": sqlstate}));
                    status = json!({"code": 2, "message": sqlstate});
                }
            }
        }
        json!({
            "traceId": format!("{:032x}", self.ids.trace),
            "spanId": format!("{:016x}", self.ids.span),
            "parentSpanId": self.parent.map(|parent| format!("{parent:016x}")).unwrap_or_default(),
            "name": self.name.text(),
            "kind": if self.name == SpanName::Statement { 2 } else { 1 },
            "startTimeUnixNano": self.at_ns.to_string(),
            "endTimeUnixNano": now_ns().max(self.at_ns).to_string(),
            "attributes": attributes,
            "status": status,
        })
    }
}

fn now_ns() -> u128 {
    // A clock from before 1970 gives spans of then.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

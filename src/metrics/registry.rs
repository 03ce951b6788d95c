//! All numbers of the process by name.

use crate::metrics::instruments::{Counter, Gauge, Histogram};
use crate::metrics::page::Page;

/// Clients that have logged in and are served now.
pub static CLIENTS: Gauge = Gauge::new("nebulusdb_clients", "Clients that have logged in and are served now.");
/// Connections that went before anybody logged in, to make room for others.
pub static CONNECTIONS_DISMISSED: Counter = Counter::new(
    "nebulusdb_connections_dismissed_total",
    "Connections that went before anybody logged in, to make room for others.",
);
/// Logins with a wrong password, or with one that was not looked at after too many wrong ones.
pub static LOGINS_REFUSED: Counter =
    Counter::new("nebulusdb_logins_refused_total", "Logins with a wrong password, or with one that was not looked at.");
/// Connections accepted since the start.
pub static CONNECTIONS: Counter = Counter::new("nebulusdb_connections_total", "Connections accepted.");
/// Statements that ended well.
pub static STATEMENTS: Counter = Counter::new("nebulusdb_statements_total", "Statements that ended well.");
/// Statements that ended with an error.
pub static ERRORS: Counter = Counter::new("nebulusdb_errors_total", "Statements that ended with an error.");
/// Commits that wrote something.
pub static COMMITS: Counter = Counter::new("nebulusdb_commits_total", "Commits that wrote something.");
/// Spans that no collector took.
pub static SPANS_LOST: Counter =
    Counter::new("nebulusdb_spans_lost_total", "Spans for a collector of traces that were not taken.");
/// Statements that took longer than the slow-statement log allows.
pub static SLOW_STATEMENTS: Counter =
    Counter::new("nebulusdb_slow_statements_total", "Statements that took longer than slow_statement_ms.");
/// Batches written, each with one fsync: fewer than commits when commits share one.
pub static BATCHES: Counter = Counter::new("nebulusdb_batches_total", "Batches written to the store.");

/// Messages sent to peers.
pub static SYNC_MESSAGES_SENT: Counter =
    Counter::new("nebulusdb_sync_messages_sent_total", "Messages sent to members of networks.");
/// Messages received from peers.
pub static SYNC_MESSAGES_RECEIVED: Counter =
    Counter::new("nebulusdb_sync_messages_received_total", "Messages received from members of networks.");
/// Bytes of messages sent to peers, before sealing.
pub static SYNC_BYTES_SENT: Counter =
    Counter::new("nebulusdb_sync_bytes_sent_total", "Bytes of messages sent to members of networks.");
/// Bytes of messages received from peers, after opening.
pub static SYNC_BYTES_RECEIVED: Counter =
    Counter::new("nebulusdb_sync_bytes_received_total", "Bytes of messages received from members of networks.");
/// Bytes of blobs served to peers.
pub static SYNC_BLOB_BYTES_SENT: Counter =
    Counter::new("nebulusdb_sync_blob_bytes_sent_total", "Bytes of blobs sent to members of networks.");
/// Bytes of blobs fetched from peers.
pub static SYNC_BLOB_BYTES_RECEIVED: Counter =
    Counter::new("nebulusdb_sync_blob_bytes_received_total", "Bytes of blobs fetched from members of networks.");
/// Deltas sent to peers.
pub static SYNC_DELTAS_SENT: Counter =
    Counter::new("nebulusdb_sync_deltas_sent_total", "Deltas sent to members of networks.");
/// Deltas received from peers.
pub static SYNC_DELTAS_RECEIVED: Counter =
    Counter::new("nebulusdb_sync_deltas_received_total", "Deltas received from members of networks.");
/// Peers that did not prove a network's key.
pub static SYNC_PROOFS_REJECTED: Counter =
    Counter::new("nebulusdb_sync_proofs_rejected_total", "Streams whose opener proved no network's key.");
/// Times that a peer was kept out for a while.
pub static SYNC_BANS: Counter =
    Counter::new("nebulusdb_sync_bans_total", "Times that a peer was kept out for a while.");

/// Of which kind a statement is, for the one label of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    Select,
    /// A search for the nearest entries.
    Nearest,
    Insert,
    Update,
    Delete,
    Merge,
    /// DDL.
    Define,
    Copy,
    /// Of networks: staging, syncing, joining.
    Network,
    Explain,
    /// Transactions, settings, cursors.
    Other,
}

impl StatementKind {
    const ALL: [StatementKind; 11] = [
        StatementKind::Select,
        StatementKind::Nearest,
        StatementKind::Insert,
        StatementKind::Update,
        StatementKind::Delete,
        StatementKind::Merge,
        StatementKind::Define,
        StatementKind::Copy,
        StatementKind::Network,
        StatementKind::Explain,
        StatementKind::Other,
    ];

    pub fn name(self) -> &'static str {
        match self {
            StatementKind::Select => "select",
            StatementKind::Nearest => "nearest",
            StatementKind::Insert => "insert",
            StatementKind::Update => "update",
            StatementKind::Delete => "delete",
            StatementKind::Merge => "merge",
            StatementKind::Define => "define",
            StatementKind::Copy => "copy",
            StatementKind::Network => "network",
            StatementKind::Explain => "explain",
            StatementKind::Other => "other",
        }
    }

    /// How long statements of this kind took.
    pub fn seconds(self) -> &'static Histogram {
        match self {
            StatementKind::Select => &SELECT_SECONDS,
            StatementKind::Nearest => &NEAREST_STATEMENT_SECONDS,
            StatementKind::Insert => &INSERT_SECONDS,
            StatementKind::Update => &UPDATE_SECONDS,
            StatementKind::Delete => &DELETE_SECONDS,
            StatementKind::Merge => &MERGE_SECONDS,
            StatementKind::Define => &DEFINE_SECONDS,
            StatementKind::Copy => &COPY_SECONDS,
            StatementKind::Network => &NETWORK_SECONDS,
            StatementKind::Explain => &EXPLAIN_SECONDS,
            StatementKind::Other => &OTHER_SECONDS,
        }
    }
}

static SELECT_SECONDS: Histogram = Histogram::new();
static NEAREST_STATEMENT_SECONDS: Histogram = Histogram::new();
static INSERT_SECONDS: Histogram = Histogram::new();
static UPDATE_SECONDS: Histogram = Histogram::new();
static DELETE_SECONDS: Histogram = Histogram::new();
static MERGE_SECONDS: Histogram = Histogram::new();
static DEFINE_SECONDS: Histogram = Histogram::new();
static COPY_SECONDS: Histogram = Histogram::new();
static NETWORK_SECONDS: Histogram = Histogram::new();
static EXPLAIN_SECONDS: Histogram = Histogram::new();
static OTHER_SECONDS: Histogram = Histogram::new();

/// From a commit that is handed to the committer to its answer.
pub static COMMIT_SECONDS: Histogram = Histogram::new();
/// One batch: from the write to the store to the end of its fsync.
pub static BATCH_SECONDS: Histogram = Histogram::new();
/// One search for the nearest entries, by a graph or by measuring.
pub static NEAREST_SECONDS: Histogram = Histogram::new();
/// A run of deltas of a peer: from its arrival at the committer to its answer.
pub static SYNC_APPLY_SECONDS: Histogram = Histogram::new();

/// Writes all of them.
pub fn write_numbers(page: &mut Page) {
    page.gauged(&CLIENTS);
    for counter in [
        &CONNECTIONS,
        &CONNECTIONS_DISMISSED,
        &LOGINS_REFUSED,
        &STATEMENTS,
        &ERRORS,
        &SLOW_STATEMENTS,
        &SPANS_LOST,
        &COMMITS,
        &BATCHES,
        &SYNC_MESSAGES_SENT,
        &SYNC_MESSAGES_RECEIVED,
        &SYNC_BYTES_SENT,
        &SYNC_BYTES_RECEIVED,
        &SYNC_BLOB_BYTES_SENT,
        &SYNC_BLOB_BYTES_RECEIVED,
        &SYNC_DELTAS_SENT,
        &SYNC_DELTAS_RECEIVED,
        &SYNC_PROOFS_REJECTED,
        &SYNC_BANS,
    ] {
        page.counted(counter);
    }
    let kinds = StatementKind::ALL.map(|kind| (kind.name(), kind.seconds()));
    page.histograms(
        "nebulusdb_statement_seconds",
        "How long statements took, with the sending of their rows.",
        "kind",
        &kinds,
    );
    for (name, help, histogram) in [
        ("nebulusdb_commit_seconds", "How long commits waited until they were durable.", &COMMIT_SECONDS),
        ("nebulusdb_batch_write_seconds", "How long batches took to be written, fsync included.", &BATCH_SECONDS),
        ("nebulusdb_nearest_seconds", "How long searches for the nearest entries took.", &NEAREST_SECONDS),
        (
            "nebulusdb_sync_apply_seconds",
            "How long runs of deltas took to be verified, merged and durable.",
            &SYNC_APPLY_SECONDS,
        ),
    ] {
        page.histograms(name, help, "", &[("", histogram)]);
    }
}

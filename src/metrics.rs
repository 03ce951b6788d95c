//! Numbers of the whole process, in Prometheus' text form. Numbers only, never a name or a value of a user's.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
pub struct Counter {
    name: &'static str,
    help: &'static str,
    value: AtomicU64,
}

impl Counter {
    const fn new(name: &'static str, help: &'static str) -> Self {
        Counter { name, help, value: AtomicU64::new(0) }
    }

    pub fn add(&self, count: u64) {
        self.value.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
pub struct Gauge(Counter);

impl Gauge {
    const fn new(name: &'static str, help: &'static str) -> Self {
        Gauge(Counter::new(name, help))
    }

    pub fn add(&self, count: u64) {
        self.0.value.fetch_add(count, Ordering::Relaxed);
    }

    pub fn subtract(&self, count: u64) {
        self.0.value.fetch_sub(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

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

/// All numbers as a Prometheus page.
pub fn render() -> String {
    let mut page = String::new();
    let Gauge(clients) = &CLIENTS;
    let (name, help, value) = (clients.name, clients.help, clients.get());
    writeln!(page, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}").unwrap_or_default();
    let counters = [
        &CONNECTIONS,
        &CONNECTIONS_DISMISSED,
        &LOGINS_REFUSED,
        &STATEMENTS,
        &ERRORS,
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
    ];
    for counter in counters {
        let (name, help, value) = (counter.name, counter.help, counter.get());
        writeln!(page, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}").unwrap_or_default();
    }
    page
}

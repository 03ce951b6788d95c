//! Counters of the whole process, in Prometheus' text form. Numbers only, never a name or a value of a user's.

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

/// All counters as a Prometheus page.
pub fn render() -> String {
    let mut page = String::new();
    for counter in [&CONNECTIONS, &STATEMENTS, &ERRORS, &COMMITS, &BATCHES] {
        let (name, help, value) = (counter.name, counter.help, counter.get());
        writeln!(page, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}").unwrap_or_default();
    }
    page
}

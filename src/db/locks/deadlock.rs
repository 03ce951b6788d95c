//! Transactions that wait for one another in a circle: found when the last of them begins to wait, which then gets the error.
//!
//! Edges only begin where somebody begins to wait, and lead from or to it: whoever waits for a lock waits for all who hold it or
//! stand before it in its queue in a mode that conflicts. So a circle goes through the newcomer, and one look from there finds it.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::db::locks::lock_table::{LockOwner, LockedRows};
use crate::error::{Error, ErrorKind};

/// One transaction waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub waiting: LockOwner,
    pub blocking: LockOwner,
}

/// The circle, beginning with who came last.
#[derive(Debug)]
pub(super) struct Deadlock(pub Vec<Edge>);

impl From<Deadlock> for Error {
    fn from(deadlock: Deadlock) -> Error {
        let mut detail = String::new();
        for Edge { waiting, blocking } in &deadlock.0 {
            let line = if detail.is_empty() { "" } else { "\n" };
            // Writing to a string does not fail.
            write!(
                detail,
                "{line}Process {} waits for ShareLock on transaction {}; blocked by process {}.",
                waiting.connection, blocking.transaction, blocking.connection
            )
            .ok();
        }
        Error::new(ErrorKind::Deadlock, "deadlock detected").with_detail(detail).with_hint(
            "Run the transaction again. Transactions that lock the same rows in one order do not wait for each other in a circle.",
        )
    }
}

/// Those that a transaction waits for.
pub(super) fn blockers(table: &LockedRows, transaction: u64) -> Vec<Edge> {
    let Some(row) = table.waits.get(&transaction).and_then(|key| table.rows.get(key)) else { return Vec::new() };
    let is_it = |owner: &LockOwner| owner.transaction == transaction;
    let Some(wanted) = row.queue().map(|waiter| waiter.wanted).find(|wanted| is_it(&wanted.owner)) else {
        return Vec::new();
    };
    let before = row.queue().map(|waiter| waiter.wanted).take_while(|other| !is_it(&other.owner));
    let all = row.holders().copied().chain(before);
    all.filter(|other| !is_it(&other.owner) && other.mode.conflicts_with(wanted.mode))
        .map(|other| Edge { waiting: wanted.owner, blocking: other.owner })
        .collect()
}

/// The circle that a transaction waits in. Each transaction that waits is looked at once.
pub(super) fn find_circle(table: &LockedRows, transaction: u64) -> Option<Vec<Edge>> {
    let mut seen = HashSet::from([transaction]);
    let mut path: Vec<Edge> = Vec::new();
    // The edges still to be followed of each transaction on the path.
    let edges_of = |transaction| blockers(table, transaction).into_iter().rev().collect::<Vec<Edge>>();
    let mut open = vec![edges_of(transaction)];
    while let Some(edges) = open.last_mut() {
        let Some(edge) = edges.pop() else {
            open.pop();
            path.pop();
            continue;
        };
        if edge.blocking.transaction == transaction {
            path.push(edge);
            return Some(path);
        }
        if seen.insert(edge.blocking.transaction) {
            path.push(edge);
            open.push(edges_of(edge.blocking.transaction));
        }
    }
    None
}

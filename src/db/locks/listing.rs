//! What the table of locks holds, for `pg_locks` and `pg_stat_activity`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use crate::db::locks::deadlock::blockers;
use crate::db::locks::lock_mode::LockMode;
use crate::db::locks::lock_table::{LockOwner, LockTable};
use crate::model::CollectionId;

/// One transaction that has locked rows, or waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockingTransaction {
    pub transaction: u64,
    /// The number of its connection; 0 where it belongs to none.
    pub connection: i32,
    /// The collections of which it has locked entries, each with its strongest lock.
    pub collections: BTreeMap<CollectionId, LockMode>,
    pub waiting: Option<AwaitedLock>,
}

/// What a transaction waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitedLock {
    pub collection: CollectionId,
    pub mode: LockMode,
    pub since: SystemTime,
    /// Transactions that are in its way with their connections, those that hold the row first.
    pub blocked_by: Vec<(u64, i32)>,
}

impl LockTable {
    /// The connections that wait.
    pub fn waiting_connections(&self) -> BTreeSet<i32> {
        let table = self.table();
        let rows = table.waits.values().filter_map(|key| table.rows.get(key));
        rows.flat_map(|row| row.queue().map(|waiter| waiter.wanted.owner.connection)).collect()
    }

    /// All transactions that have locked rows or wait for one, by number.
    pub fn transactions(&self) -> Vec<LockingTransaction> {
        let table = self.table();
        let mut all: BTreeMap<u64, LockingTransaction> = BTreeMap::new();
        let entry = |owner: LockOwner| LockingTransaction {
            transaction: owner.transaction,
            connection: owner.connection,
            collections: BTreeMap::new(),
            waiting: None,
        };
        for row in table.rows.values() {
            for holder in row.holders() {
                let known = all.entry(holder.owner.transaction).or_insert_with(|| entry(holder.owner));
                let mode = known.collections.entry(row.collection).or_insert(holder.mode);
                *mode = (*mode).max(holder.mode);
            }
            for waiter in row.queue() {
                let owner = waiter.wanted.owner;
                let edges = blockers(&table, owner.transaction).into_iter();
                all.entry(owner.transaction).or_insert_with(|| entry(owner)).waiting = Some(AwaitedLock {
                    collection: row.collection,
                    mode: waiter.wanted.mode,
                    since: waiter.since,
                    blocked_by: edges.map(|edge| (edge.blocking.transaction, edge.blocking.connection)).collect(),
                });
            }
        }
        all.into_values().collect()
    }
}

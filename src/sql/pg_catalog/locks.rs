//! `pg_locks`: rows that transactions have locked or wait for, and advisory locks.
//!
//! As in PostgreSQL a locked row is no line of its own: a transaction is locked by itself, and whoever wants one of its rows waits for
//! it. Of the tables of its rows it shows the lock that PostgreSQL takes for such locks.

use crate::db::{LockMode, ReadView};
use crate::sql::functions::held_advisory_locks;
use crate::sql::pg_catalog::oids::{DATABASE_OID, Object};
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text};
use crate::sql::pg_catalog::statistics::moment;
use crate::types::Value;

/// What is locked, and who waits.
pub fn locks(view: &ReadView) -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for transaction in view.locking_transactions() {
        let number = |number: u64| Value::Int8(i64::try_from(number).unwrap_or(i64::MAX));
        let common = |kind: &str, mode: &str, is_granted: bool| {
            vec![
                ("locktype", text(kind)),
                ("virtualtransaction", text(format!("{}/{}", transaction.connection, transaction.transaction))),
                ("pid", Value::Int4(transaction.connection)),
                ("mode", text(mode)),
                ("granted", Value::Bool(is_granted)),
                ("fastpath", Value::Bool(false)),
            ]
        };
        for (collection, mode) in &transaction.collections {
            // What is locked of a unique index are values that are going to be in it.
            let Some(collection) = view.catalog().collection_by_id(*collection) else { continue };
            let mode = if mode.is_exclusive() { "RowExclusiveLock" } else { "RowShareLock" };
            let mut row = common("relation", mode, true);
            row.push(("database", oid(DATABASE_OID)));
            row.push(("relation", oid(Object::Table(collection.clone()).oid())));
            rows.push(row);
        }
        let mut own = common("transactionid", "ExclusiveLock", true);
        own.push(("transactionid", number(transaction.transaction)));
        rows.push(own);
        if let Some(waiting) = &transaction.waiting {
            let is_shared = waiting.mode < LockMode::NoKeyUpdate;
            let mut row = common("transactionid", if is_shared { "ShareLock" } else { "ExclusiveLock" }, false);
            let blocker = waiting.blocked_by.first().map(|(blocker, _)| *blocker);
            row.push(("transactionid", blocker.map_or(Value::Null, number)));
            row.push(("waitstart", moment(waiting.since)));
            rows.push(row);
        }
    }
    for ((first, second), session) in held_advisory_locks() {
        let half = |bits: i64| Value::Int8(bits & i64::from(u32::MAX));
        let (class, object, kind) = match second {
            None => (half(first >> 32), half(first), 1),
            Some(second) => (half(first), half(second), 2),
        };
        rows.push(vec![
            ("locktype", text("advisory")),
            ("database", oid(DATABASE_OID)),
            ("classid", class),
            ("objid", object),
            ("objsubid", Value::Int2(kind)),
            ("pid", Value::Int4(session)),
            ("mode", text("ExclusiveLock")),
            ("granted", Value::Bool(true)),
            ("fastpath", Value::Bool(false)),
        ]);
    }
    rows
}

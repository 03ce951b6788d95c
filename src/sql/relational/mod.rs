//! DataFusion as this server uses it: the engine, collections as its tables, conditions pushed into scans, rules, worker threads.

pub(super) mod append_exec;
pub(super) mod collection_table;
pub(super) mod engine;
pub(super) mod given_rows;
pub(super) mod like_rule;
pub(super) mod nearest_rule;
pub(super) mod physical;
pub(super) mod pushdown;
pub(super) mod query_scan;
pub(super) mod row_order_rule;
pub(super) mod sending;
pub(super) mod spill;
pub(super) mod worker_threads;

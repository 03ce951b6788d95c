//! The integration tests: one binary, since each one links RocksDB and DataFusion again.
//!
//! Tests go through the door a user uses, the wire, unless the thing is pure. Each starts a server of its own.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its own functions and in those it shares with others"
)]

mod aggregates;
mod alter;
mod auth_conflicts;
mod backup;
mod bad_input;
mod client;
mod column_reads;
mod columns;
mod commits;
mod config;
mod console;
mod constraints;
mod crash;
mod decoders;
mod dimensions;
mod documents;
mod domains;
mod door;
mod enums;
mod first_steps;
mod full_disk;
mod functions;
mod golden;
mod harness;
mod health;
mod histories;
mod index_builds;
mod index_states;
mod isolation;
mod kept_plans;
mod knirvql;
mod materialized_views;
mod mcp;
mod memory;
mod merge;
mod nearest;
mod nearest_close;
mod nearest_range;
mod nearest_recall;
mod network_statements;
mod notifications;
mod pages;
mod portals;
mod psql;
mod remote_numbers;
mod result_types;
mod roles;
mod running;
mod schemas;
mod secrets;
mod segments;
mod session;
mod slow_statements;
mod spill;
mod sql;
mod stopped_drop;
mod sync;
mod taken_over;
mod tidy;
mod tls;
mod tls_client;
mod transfer;
mod views;
mod wire;

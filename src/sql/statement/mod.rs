//! From a parsed statement to what a session runs: the entry point for every kind of SQL statement, EXPLAIN and COPY.

mod copy_plan;
pub(super) mod explain;
pub(super) mod locking_parts;
pub(super) mod network_call;
pub(super) mod plan;
pub(super) mod session_statement;
#[cfg(test)]
pub(super) mod session_statement_tests;
pub(super) mod tree;

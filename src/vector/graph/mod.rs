//! Neighbour graphs: made by leaves or by `hnsw_rs`, frozen into flat arrays, connected, measured, and walked.

pub(super) mod build;
pub(super) mod built;
pub(super) mod connect;
pub(super) mod graph;
mod leaves;
pub(super) mod parameters;
pub(super) mod progress;
mod recall;
mod row_distance;
pub(super) mod walk;

//! Neighbour graphs: made by `hnsw_rs`, frozen into flat arrays, connected, and walked.

pub(super) mod build;
pub(super) mod connect;
pub(super) mod graph;
pub(super) mod parameters;
pub(super) mod walk;

//! Anti-entropy: comparing public states with a peer, by a tree of fingerprints, and taking what no log can give any more.

mod collection_walk;
mod confirm;
mod fill;
mod fingerprint_tree;
mod log_first;
pub(super) mod reconcile;
mod replies;
mod running;
pub(super) mod serve_views;
mod steps;

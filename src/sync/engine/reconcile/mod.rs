//! Anti-entropy: comparing public states with a peer, by a tree of fingerprints, and taking what no log can give any more.

pub(super) mod fill;
pub(super) mod fingerprint_tree;
pub(super) mod reconcile;
pub(super) mod serve_views;
pub(super) mod steps;

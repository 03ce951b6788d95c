//! Posting: staged entries become numbered, signed deltas in the log, and public; and what keeps the own numbers from being given
//! out twice, after a copy was put back or a network was left.

pub(in crate::db) mod left_networks;
pub(in crate::db) mod own_chain;
pub(in crate::db) mod own_stamps;
pub(in crate::db) mod post;
pub(in crate::db) mod preview;
pub(in crate::db) mod prove_own;
pub(in crate::db) mod prune;
#[cfg(test)]
pub(in crate::db) mod raw_posting;
pub(in crate::db) mod repost;
pub(in crate::db) mod repost_floor;
pub(in crate::db) mod stage_listing;

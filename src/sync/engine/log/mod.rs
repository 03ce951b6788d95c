//! Shipping the log: heads, pushes and pulls of deltas, runs that wait for the database, posting, and SYNC.

pub(super) mod exchange;
pub(super) mod heads;
pub(super) mod incoming;
pub(super) mod log_first;
pub(super) mod pull;
pub(super) mod push;
pub(super) mod serve;
pub(super) mod unsigned;

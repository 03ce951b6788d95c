//! Shipping the log: pushes and pulls of deltas, runs that wait for the database, and deltas that nobody gives.

mod incoming;
pub(super) mod log;
pub(super) mod push;
pub(super) mod serve;
mod shown_heads;
mod unsigned;
mod withheld;

//! Locks of rows: who holds which, who waits for whom, and what is done where they wait in a circle.
//!
//! A transaction locks an entry before it decides what to do with it, and keeps the lock until it has ended: others that want
//! the same entry wait then and go on with what it has become. Nothing depends on it that is kept: the committer compares the
//! versions of entries all the same, which is what counts for whoever writes without a lock, as the deltas of peers are written.

pub(super) mod deadlock;
pub(super) mod listing;
pub(super) mod lock_mode;
pub(super) mod lock_table;
pub(super) mod row_locks;
#[cfg(test)]
mod tests;

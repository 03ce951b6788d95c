//! Accepting connections: from the first byte to the first ReadyForQuery, and draining them when the server goes down.

pub(super) mod listener;
pub(super) mod startup;

//! Who a client is: SCRAM-SHA-256, bound to the channel, and slower for whoever guesses.

pub(super) mod authentication;
pub(super) mod cancel;
pub(super) mod guesses;
pub(super) mod scram;
pub(super) mod server;

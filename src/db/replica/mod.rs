//! What a database does as a replica: it posts what is staged, takes what peers posted, and keeps what it owes to them.
//!
//! `posting` numbers and signs what leaves; `receiving` verifies and merges what comes; `rights` weighs who may change what;
//! `networks` makes, joins, leaves and attaches; `holdings` decides what is kept here. [`handle`] is the door of sync to
//! all of it.

pub(super) mod commit;
pub(super) mod handle;
pub(super) mod holdings;
pub(super) mod networks;
pub(super) mod posting;
pub(super) mod receiving;
pub(super) mod replica;
pub(super) mod rights;

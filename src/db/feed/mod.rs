//! The change feed: events of commits and networks on one bounded line, signals for those who look for themselves, and what LISTEN
//! and NOTIFY make of it.

pub(super) mod event;
pub(super) mod feed;
pub(super) mod signals;

//! Rights: owners of networks and what they have decreed, authors and their keys, and which deltas count by them.

pub(in crate::db) mod authors;
pub(in crate::db) mod charter;
pub(in crate::db) mod excuse;
pub(in crate::db) mod revert_peer;
pub(in crate::db) mod rights;
pub(in crate::db) mod rights_follow;

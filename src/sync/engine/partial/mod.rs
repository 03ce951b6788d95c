//! Partial replication: shares of collections, entries fetched from others, and challenges to those who say they hold them.

pub(super) mod challenges;
pub(super) mod fetch;
pub(super) mod key_listing;
pub(super) mod share;

//! Partial replication: dropping what others hold, fetching it from them, and challenges to those who say they hold it.

mod challenges;
pub(super) mod eviction;
pub(super) mod fetch;
pub(super) mod key_listing;

//! What a transaction holds until it commits: its changed entries, the facts that they bring, and what INSERT does about a key that exists.

pub(super) mod deed;
pub(super) mod fact_types;
pub(super) mod isolation;
pub(super) mod on_conflict;
pub(super) mod references;
pub(super) mod write_set;

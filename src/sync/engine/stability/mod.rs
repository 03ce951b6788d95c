//! Stability: rounds in which all members say once what they hold, so that tombstones and old deltas can go.

pub(super) mod stability;
pub(super) mod votes;

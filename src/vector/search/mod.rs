//! Searching all parts of an index together, with the caller's filter inside.

pub(super) mod candidates;
pub(super) mod order;
mod ranking;
pub(super) mod search;
pub(super) mod selected;
pub(super) mod selection;

//! The members of a network: who they are, what they said and when.

pub(super) mod clocks;
pub(super) mod epochs;
pub(super) mod head_times;
pub(super) mod members;
pub(super) mod schemas;
pub(super) mod silence;

//! The members of a network: who they are, what they said and when, what they may cost.

pub(super) mod clocks;
pub(super) mod epochs;
pub(super) mod excuse;
pub(super) mod head_times;
pub(super) mod heartbeat;
pub(super) mod members;
pub(super) mod peer;
pub(super) mod penalties;
pub(super) mod roster;
pub(super) mod withheld;

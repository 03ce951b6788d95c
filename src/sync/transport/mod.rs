//! Connections between peers: the swarm, whom to dial, whom to let in, and the sealed links of members over raw streams.

pub(super) mod address;
pub(super) mod backoff;
pub(super) mod behaviour;
pub(super) mod connections;
pub(super) mod dialer;
pub(super) mod knocking;
pub(super) mod link_table;
pub(super) mod link_tasks;
pub(super) mod listeners;
pub(super) mod member_gate;
pub(super) mod named_dials;
pub(super) mod proof_limiter;
pub(super) mod raw_streams;
pub(super) mod reach;
pub(super) mod swarm;
pub(super) mod visitors;

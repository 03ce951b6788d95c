//! The node of a server: one task that owns the swarm and drives an engine for each network.
//!
//! `supervisor` runs it while there is a network; `node` is its state and loop; `follow_catalog` begins and ends networks; `drive` carries
//! out what engines ask for, on the database by `executor`; `link_events` and `swarm_events` bring what peers and the swarm tell;
//! `commands` answers statements; `publish_status` shows it all.

#[cfg(test)]
pub(super) mod attack_tests;
#[cfg(test)]
pub(super) mod attacker;
pub(super) mod commands;
pub(super) mod database_status;
pub(super) mod drive;
pub(super) mod executor;
pub(super) mod follow_catalog;
pub(super) mod link_events;
pub(super) mod load_networks;
pub(super) mod node;
#[cfg(test)]
pub(super) mod older_peer_tests;
pub(super) mod posting;
pub(super) mod publish_status;
pub(super) mod running_network;
pub(super) mod supervisor;
pub(super) mod swarm_events;
pub(super) mod troubles;

//! A peer's day: networks and what goes through them.
//!
//! [`start`] begins the task of a server that watches the catalog. While there is a network, it runs a node: one task
//! (`node`) that owns the swarm, with a protocol machine (`engine`) for each network. What the engine wants of the database
//! the `executor` does, what it says to a peer goes through a `link`. A network that is an HTTP endpoint has a poster of
//! [`knirvgraph`] in place of an engine.

mod address;
#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod attacker;
mod backoff;
mod behaviour;
mod blob_fetch;
mod blob_serve;
mod blob_wire;
mod bounded;
mod commands;
mod conduct;
mod connections;
mod dial;
mod doorkeeper;
mod encoding;
mod engine;
mod event;
mod executor;
mod frames;
pub mod knirvgraph;
mod knocking;
mod link;
mod link_events;
mod links;
mod listening;
mod member;
mod members_only;
mod membership;
pub mod message;
mod named_dials;
mod network;
mod node;
#[cfg(test)]
mod older_peer_tests;
mod posting;
mod proof;
mod publish;
mod random;
mod reach;
mod reload;
mod seal;
#[cfg(test)]
mod simulation;
mod state_message;
mod statement;
mod status;
mod streams;
mod supervisor;
mod swarm;
mod swarm_events;
mod troubles;
mod versions;
mod visitors;
mod work;

pub use encoding::{Assembler, PROTOCOL_VERSION, encode};
pub use engine::{EAGER_PEERS_MAX, Engine, EnginePeer, EngineStatus, EngineWait, SYNC_WAIT_MS_MAX, Tuning};
pub use executor::Executor;
pub use message::{Message, MessageType};
pub use status::database_status;
pub use supervisor::{SyncOptions, start};
pub use swarm::listen_addresses;
pub use work::{
    Action, Applied, EngineConfig, EntryDigest, Event, ExchangeReport, Input, LogRead, Member, Outcome, OwnHead,
    Verdict, View, Work,
};

//! A peer's day: networks and what goes through them.
//!
//! [`start`] begins the task of a server that watches the catalog. While there is a network, it runs a node: one task
//! (`node`) that owns the swarm, with a protocol machine (`engine`) for each network. What the engine wants of the database
//! the `executor` does, what it says to a peer goes through links (`transport`). A network that is an HTTP endpoint has a poster of
//! [`knirvgraph`] in place of an engine.

mod blobs;
mod engine;
pub mod knirvgraph;
mod node;
pub mod protocol;
#[cfg(test)]
mod simulation;
mod transport;

pub use engine::io::{
    CompletedRequest, EngineAction, EngineConfig, EngineEvent, EngineInput, ExchangeReport, Member, PendingRequest,
};
pub use engine::requests::{EngineView, OwnHead};
pub use engine::{EAGER_PEERS_MAX, Engine, EnginePeer, EngineStatus, EngineWait, SYNC_WAIT_MS_MAX, Tuning};
pub use node::database_status::database_status;
pub use node::executor::Executor;
pub use node::supervisor::{SyncOptions, start};
pub use protocol::encoding::{Assembler, PROTOCOL_VERSION, encode};
pub use protocol::message::{Message, MessageType};
pub use transport::swarm::listen_addresses;

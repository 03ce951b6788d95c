//! A peer's day: networks and what goes through them.

mod address;
mod backoff;
mod behaviour;
mod blob_fetch;
mod blob_serve;
mod blob_wire;
mod bounded;
mod connections;
mod dial;
mod doorkeeper;
mod encoding;
mod frames;
pub mod knirvgraph;
mod link;
mod links;
mod members_only;
mod message;
mod proof;
mod seal;
mod streams;
mod swarm;
mod work;

pub use encoding::{Assembler, PROTOCOL_VERSION, encode};
pub use message::{Message, MessageType};
pub use work::{
    Action, Applied, EngineConfig, EntryDigest, Event, ExchangeReport, Input, LogRead, Member, Outcome, OwnHead, Verdict,
    View, Work,
};

//! A peer's day: networks and what goes through them.

mod bounded;
mod encoding;
mod engine;
mod executor;
pub mod knirvgraph;
pub mod message;
mod random;
#[cfg(test)]
mod simulation;
mod status;
mod work;

pub use encoding::{Assembler, PROTOCOL_VERSION, encode};
pub use engine::{EAGER_PEERS_MAX, Engine, EnginePeer, EngineStatus, EngineWait, SYNC_WAIT_MS_MAX, Tuning};
pub use executor::Executor;
pub use message::{Message, MessageType};
pub use status::database_status;
pub use work::{
    Action, Applied, EngineConfig, EntryDigest, Event, ExchangeReport, Input, LogRead, Member, Outcome, OwnHead,
    Verdict, View, Work,
};

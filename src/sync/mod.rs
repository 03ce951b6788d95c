//! A peer's day: networks and what goes through them.

mod bounded;
mod encoding;
mod engine;
mod executor;
pub mod knirvgraph;
mod message;
mod random;
#[cfg(test)]
mod simulation;
mod work;

pub use encoding::{Assembler, PROTOCOL_VERSION, encode};
pub use executor::Executor;
pub use message::{Message, MessageType};
pub use work::{
    Action, Applied, EngineConfig, EntryDigest, Event, ExchangeReport, Input, LogRead, Member, Outcome, OwnHead, Verdict,
    View, Work,
};

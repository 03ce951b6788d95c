//! The protocol of a network as a synchronous state machine: inputs in, actions out, no I/O, no clock of its own.
//!
//! One posted delta: [`Input::HeadsMoved`](crate::sync::EngineInput) or the outcome of a posting moves a head in `heads`; `push`
//! has the deltas read from the log and sends them to connected members known to lack exactly them, and tells a few others
//! that the head moved. At the receiver `pull` checks that they follow what is there (else it asks for what lies between),
//! `incoming` has the database verify and commit them, and the applied head goes on: as deltas where few peers are
//! connected, as a heads message where many are. `heartbeat` repeats heads until both sides are known to be equal.
//!
//! One member that was away: its first heartbeat shows what it lacks, `pull` asks for it in batches, one request under way
//! for each origin, and `serve` on the other side reads the log. What the log does not hold any more, `reconcile` takes
//! from the public states themselves, answered by `serve_views`; afterwards the peer's heads are adopted. What the log does hold it
//! gives first (`log_first`), since states show what was posted together in parts.
//!
//! In the background `stability` agrees with all members on what every one of them holds, so that tombstones and the old
//! part of the log can go; `roster` and `epochs` keep who belongs to the network; `penalties` keeps peers within bounds.

#[macro_use]
mod invariant;

mod core;
mod dispatch;
pub(super) mod event;
pub(super) mod io;
mod limits;
mod log;
mod members;
mod partial;
mod reconcile;
pub(super) mod requests;
mod stability;

#[cfg(test)]
mod tests;

pub use dispatch::engine::Engine;
pub use io::{EnginePeer, EngineStatus, EngineWait};
pub use limits::{EAGER_PEERS_MAX, SYNC_WAIT_MS_MAX, Tuning};

//! The protocol of a network as a synchronous state machine: inputs in, actions out, no I/O, no clock of its own.
//!
//! [`Engine`] (`dispatch`) takes each input and hands it to the machine whose it is: `log` (deltas), `reconcile` (public states),
//! `partial` (shares of collections), `stability` (what all hold) and `members` (who takes part). A machine owns its fields and is
//! handed what all share (`core`) by `&mut`: `on_…` takes what arrives, `on_…_done` the reply to a request of the database
//! (`requests`), `send_…` is what leaves, `tick_…` what is due. What one machine does that others have to follow is an effect in
//! `core`, which the engine carries out once the machine has returned. Who says what in which case stands in
//! `tests/golden/protocol`.
//!
//! One posted delta: [`EngineInput::HeadsMoved`](crate::sync::EngineInput) or the reply to a posting moves a head in `core`; `push`
//! has the deltas read from the log and sends them to connected members known to lack exactly them, and tells a few others
//! that the head moved. At the receiver `log` checks that they follow what is there (else it asks for what lies between),
//! `incoming` has the database verify and commit them, and the applied head goes on: as deltas where few peers are
//! connected, as a heads message where many are. `heartbeat` repeats heads until both sides are known to be equal.
//!
//! One member that was away: its first heartbeat shows what it lacks, `log` asks for it in batches, one request under way
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

//! The engine itself: which machine takes which input, and what several of them do together.

#[cfg(test)]
mod burden;
mod configure;
pub(super) mod engine;
mod exchange;
mod heartbeat;
mod status;
mod verified_heartbeats;

//! What all machines of an engine share.

mod counters;
mod engine_core;
mod heads;
mod holdings;
mod in_service;
mod peer;
mod penalties;
mod roster;

pub(super) use engine_core::{EngineCore, EngineEffect, is_before_founding};
pub(super) use heads::Heads;
pub(super) use holdings::{HoldingsKey, holdings_key};
pub(super) use in_service::InService;
pub(super) use peer::ConnectedPeer;
pub(super) use penalties::TokenBucket;
pub(super) use roster::{MemberUpdate, Roster};

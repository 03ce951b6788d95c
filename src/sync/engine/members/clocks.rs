//! Clocks: noticing that the own one and those of members differ, and mending what was posted under a wrong one.
//!
//! Each heartbeat tells the sender's clock, and whether deltas of the peer that it goes to wait there for that clock. The word
//! of others only makes this node look: what it does about its postings it decides by its own clock and log.

use crate::error::Result;
use crate::model::PeerId;
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::requests::RenewEarlyOrigin;
use crate::sync::protocol::message::Heartbeat;

/// What is due so soon, in milliseconds, is waited for.
const DUE_SOON_MS: u64 = 10 * 60 * 1000;
/// Between two looks at the own postings, in milliseconds.
const LOOK_AGAIN_MS: u64 = 60 * 1000;

/// What is known of clocks besides what each session has told.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Clocks {
    /// When own postings were last looked at.
    looked_ms: u64,
    is_looking: bool,
    /// The trouble that was last logged.
    told: Option<String>,
}

impl Clocks {
    pub fn on_heartbeat(&mut self, core: &mut EngineCore, peer: &PeerId, heartbeat: &Heartbeat) {
        let now_ms = core.now_ms;
        let Some(session) = core.peers.get_mut(peer) else { return };
        session.clock_ahead_ms = Some(difference(now_ms, heartbeat.clock_ms));
        session.early = heartbeat.early;
        // Where the clock here is as far as those stamps, it still stands wrong, or the peer's does.
        let is_early_here = heartbeat.early.is_some_and(|early| early.due_ms > now_ms.saturating_add(DUE_SOON_MS));
        let is_time = self.looked_ms == 0 || now_ms >= self.looked_ms.saturating_add(LOOK_AGAIN_MS);
        if is_early_here && is_time && !self.is_looking {
            (self.looked_ms, self.is_looking) = (now_ms, true);
            core.request(RenewEarlyOrigin {}, |engine, reply| {
                if let Some(renewed) = engine.clocks.on_renew_early_origin_done(&mut engine.core, reply) {
                    engine.renewed(renewed);
                }
            });
        }
        let trouble = clock_trouble(core);
        let is_news = trouble.is_some() != self.told.is_some();
        if is_news {
            self.told = trouble.clone();
        }
        if let Some(trouble) = trouble.filter(|_| is_news) {
            core.event(EngineEvent::ClockOff { trouble });
        }
    }

    /// The new peer id, where this node has got one.
    fn on_renew_early_origin_done(&mut self, core: &mut EngineCore, result: Result<Option<PeerId>>) -> Option<PeerId> {
        self.is_looking = false;
        result.inspect_err(|error| core.failed("posting anew what was stamped in the future", error)).ok().flatten()
    }
}

/// What is wrong with the clock here or those of connected members, for people.
pub(in crate::sync::engine) fn clock_trouble(core: &EngineCore) -> Option<String> {
    let mut aheads: Vec<i64> = core.peers.values().filter_map(|session| session.clock_ahead_ms).collect();
    aheads.sort_unstable();
    let (drift_ms, count) = (core.config.options.max_clock_drift_ms, aheads.len());
    let middle = aheads.get(count / 2).copied();
    if let Some(ahead_ms) = middle.filter(|ahead_ms| ahead_ms.unsigned_abs() > drift_ms) {
        let seconds = ahead_ms.unsigned_abs() / 1000;
        return Some(match ahead_ms {
            0.. => format!(
                "the clock of this node is {seconds} s ahead of those of {count} connected members, who set aside what is \
                 posted here"
            ),
            ..0 => format!(
                "the clock of this node is {seconds} s behind those of {count} connected members, and what they post waits \
                 here"
            ),
        });
    }
    let waits = core.peers.values().filter_map(|session| session.early);
    let early = waits.max_by_key(|early| early.due_ms)?;
    Some(format!(
        "members set aside what was posted here from number {} on: its stamps lie {} s or more in the future",
        early.seq,
        early.due_ms.saturating_sub(core.now_ms) / 1000
    ))
}

/// `ours - theirs`, as far as it goes.
fn difference(ours: u64, theirs: u64) -> i64 {
    let distance = i64::try_from(ours.abs_diff(theirs)).unwrap_or(i64::MAX);
    if ours >= theirs { distance } else { distance.saturating_neg() }
}

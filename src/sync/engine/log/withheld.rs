//! Withholding shows: a member that says it has deltas and does not give them is named, and deltas that nobody gives are told of.
//!
//! The head of an origin is signed by that origin, so whoever shows one proves that the deltas up to it exist. A member that
//! shows one and answers a request for them with nothing, with something else, or not at all, is remembered with the gap; where the
//! gap stays for [`WITHHELD_MS`], the log and the status say who has withheld what. A head with its time
//! ([`head_times`](crate::sync::engine::members::head_times)) proves as much of deltas that no connected member shows: then those are told of who passed
//! the time on, which is no fault of theirs. A gap closes when the deltas come, from whomever.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::PeerId;
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::io::EngineWait;
use crate::sync::engine::limits::{GAPS_MAX, WITHHELD_MS, WITHHOLDERS_MAX};
use crate::sync::engine::log::log::Log;

/// Deltas that are known to exist and that nobody has given, by origin.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    gaps: BTreeMap<PeerId, Gap>,
}

#[derive(Debug)]
struct Gap {
    /// The greatest number that was shown.
    seq: u64,
    since_ms: u64,
    /// Members that have shown it and not given it.
    withholders: BTreeSet<PeerId>,
    /// Members that have passed on what the origin has signed of it.
    tellers: BTreeSet<PeerId>,
    is_told: bool,
}

impl Gap {
    fn new(now_ms: u64) -> Gap {
        Gap { seq: 0, since_ms: now_ms, withholders: BTreeSet::new(), tellers: BTreeSet::new(), is_told: false }
    }
}

impl Gaps {
    /// When the next gap has been there for long enough to be told of.
    fn due_ms(&self) -> Option<u64> {
        let untold = self.gaps.values().filter(|gap| !gap.is_told);
        untold.map(|gap| gap.since_ms.saturating_add(WITHHELD_MS)).min()
    }
}

impl Log {
    /// A peer was asked for deltas of an origin that it has shown the head of, up to `shown`, and has not given any.
    pub(super) fn unserved(&mut self, core: &mut EngineCore, peer: &PeerId, origin: &PeerId, shown: u64) {
        let Some(gap) = self.gap(core, origin, shown) else { return };
        let is_new = gap.withholders.len() < WITHHOLDERS_MAX && gap.withholders.insert(peer.clone());
        if is_new && gap.is_told {
            let (origin, seq) = (origin.clone(), gap.seq);
            core.event(EngineEvent::Withheld { peer: peer.clone(), origin, seq });
        }
    }

    /// A peer has passed on that an origin has come as far as `seq`.
    pub fn not_given(&mut self, core: &mut EngineCore, peer: &PeerId, origin: &PeerId, seq: u64) {
        let Some(gap) = self.gap(core, origin, seq) else { return };
        if gap.tellers.len() < WITHHOLDERS_MAX {
            gap.tellers.insert(peer.clone());
        }
    }

    /// The gap up to `seq`, where there is one.
    fn gap(&mut self, core: &mut EngineCore, origin: &PeerId, seq: u64) -> Option<&mut Gap> {
        let has_room = self.gaps.gaps.len() < GAPS_MAX || self.gaps.gaps.contains_key(origin);
        if seq <= self.given_seq(core, origin) || !has_room {
            return None;
        }
        let now_ms = core.now_ms;
        core.wake_at(now_ms.saturating_add(WITHHELD_MS));
        let gap = self.gaps.gaps.entry(origin.clone()).or_insert_with(|| Gap::new(now_ms));
        gap.seq = gap.seq.max(seq);
        Some(gap)
    }

    pub fn tick_gaps(&mut self, core: &mut EngineCore) {
        let now_ms = core.now_ms;
        let mut gaps = std::mem::take(&mut self.gaps);
        gaps.gaps.retain(|origin, gap| self.given_seq(core, origin) < gap.seq && !self.is_forked(origin));
        for (origin, gap) in &mut gaps.gaps {
            if gap.is_told || now_ms < gap.since_ms.saturating_add(WITHHELD_MS) {
                continue;
            }
            gap.is_told = true;
            if gap.withholders.is_empty() {
                core.event(EngineEvent::Unavailable { origin: origin.clone(), seq: gap.seq });
            }
            for peer in &gap.withholders {
                let (peer, origin, seq) = (peer.clone(), origin.clone(), gap.seq);
                core.event(EngineEvent::Withheld { peer, origin, seq });
            }
        }
        if let Some(due_ms) = gaps.due_ms() {
            core.wake_at(due_ms);
        }
        self.gaps = gaps;
    }

    /// Gaps that have been there for a while, for people.
    pub fn withheld(&self, core: &EngineCore) -> Vec<EngineWait> {
        let told = self.gaps.gaps.iter().filter(|(_, gap)| gap.is_told);
        let show = |(origin, gap): (&PeerId, &Gap)| {
            let names = |peers: &BTreeSet<PeerId>| peers.iter().map(PeerId::as_str).collect::<Vec<_>>().join(", ");
            let seq = self.given_seq(core, origin).saturating_add(1);
            let reason = if gap.withholders.is_empty() {
                let tellers = names(&gap.tellers);
                format!(
                    "its origin has signed deltas up to {} that no connected member gives; told by {tellers}",
                    gap.seq
                )
            } else {
                format!("withheld: shown up to {} and not given by {}", gap.seq, names(&gap.withholders))
            };
            EngineWait { origin: origin.clone(), seq, reason: reason.into(), due_ms: None }
        };
        told.filter(|(origin, gap)| self.given_seq(core, origin) < gap.seq).map(show).collect()
    }
}

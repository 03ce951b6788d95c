//! Applying: runs that wait for the database, and what it makes of them.

use std::collections::{BTreeMap, VecDeque};

use crate::error::Result;
use crate::model::{Applied, PeerId, Run, Verdict};
use crate::sync::engine::core::ConnectedPeer;
use crate::sync::engine::core::{EngineCore, EngineEffect};
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::limits::{
    ACKNOWLEDGE_MS, APPLIES_MAX, DISTRUST_MS, POINTS_FORGED, RETRY_MS, STORY_DISTRUST_MS,
};
use crate::sync::engine::log::log::Log;
use crate::sync::engine::requests::ApplyRun;
use crate::sync::protocol::message::RUN_DELTAS_MAX;

/// Runs on their way into the database: of each origin one at a time, in order.
#[derive(Debug, Default)]
pub(super) struct IncomingRuns {
    waiting: BTreeMap<PeerId, VecDeque<QueuedRun>>,
    applying: BTreeMap<PeerId, QueuedRun>,
    /// Origins with something waiting and nothing being applied, in the order in which they became so.
    ready: VecDeque<PeerId>,
    bytes: usize,
}

/// A run and where it came from.
#[derive(Clone, Debug)]
pub(in crate::sync::engine) struct QueuedRun {
    pub peer: PeerId,
    pub run: Run,
    /// Short names of other peers that have been sent it.
    pub pushed_to: Vec<u32>,
}

impl IncomingRuns {
    /// Bytes of all runs that wait or are being applied.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Origins of the runs being applied.
    pub fn applying(&self) -> impl Iterator<Item = &PeerId> {
        self.applying.keys()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.applying.is_empty()
    }

    /// Whether anything that a peer sent is not applied yet.
    pub fn waits_for(&self, peer: &PeerId) -> bool {
        self.applying.values().chain(self.waiting.values().flatten()).any(|waiting| waiting.peer == *peer)
    }

    pub fn has(&self, origin: &PeerId) -> bool {
        self.waiting.contains_key(origin) || self.applying.contains_key(origin)
    }

    /// Whether the bytes counted are those of all runs that wait or are being applied.
    fn is_counted(&self) -> bool {
        let runs = self.applying.values().chain(self.waiting.values().flatten());
        runs.map(|queued| queued.run.bytes()).sum::<usize>() == self.bytes
    }

    pub fn push(&mut self, waiting: QueuedRun) {
        self.bytes += waiting.run.bytes();
        let origin = waiting.run.origin.clone();
        let runs = self.waiting.entry(origin.clone()).or_default();
        if runs.is_empty() && !self.applying.contains_key(&origin) {
            self.ready.push_back(origin);
        }
        runs.push_back(waiting);
    }

    /// The next runs to apply, joined while they are of the same origin and peer and within `bytes_max`.
    fn start(&mut self, bytes_max: usize) -> Option<Run> {
        if self.applying.len() >= APPLIES_MAX {
            return None;
        }
        let origin = self.ready.pop_front()?;
        let runs = self.waiting.get_mut(&origin)?;
        let mut first = runs.pop_front()?;
        while let Some(next) = runs.front() {
            let fits = first.run.bytes() + next.run.bytes() <= bytes_max
                && first.run.deltas.len() + next.run.deltas.len() <= RUN_DELTAS_MAX;
            if !fits || next.peer != first.peer {
                break;
            }
            let Some(next) = runs.pop_front() else { break };
            first.run.deltas.extend(next.run.deltas);
            first.pushed_to = next.pushed_to;
        }
        if runs.is_empty() {
            self.waiting.remove(&origin);
        }
        let run = first.run.clone();
        self.applying.insert(origin, first);
        Some(run)
    }

    fn end(&mut self, origin: &PeerId) -> Option<QueuedRun> {
        let applied = self.applying.remove(origin)?;
        self.bytes = self.bytes.saturating_sub(applied.run.bytes());
        if self.waiting.contains_key(origin) {
            self.ready.push_back(origin.clone());
        }
        invariant!(self.is_counted(), "queued bytes are the sum of all runs");
        Some(applied)
    }

    /// Drops what waits of an origin; what is being applied goes on.
    fn clear(&mut self, origin: &PeerId) {
        for dropped in self.waiting.remove(origin).unwrap_or_default() {
            self.bytes = self.bytes.saturating_sub(dropped.run.bytes());
        }
        self.ready.retain(|ready| ready != origin);
        invariant!(self.is_counted(), "queued bytes are the sum of all runs");
    }
}

impl Log {
    pub fn start_applies(&mut self, core: &mut EngineCore) {
        while let Some(run) = self.queue.start(core.config.tuning.batch_bytes) {
            let shares = core.shares();
            let origin = run.origin.clone();
            core.request(ApplyRun { run, shares }, move |engine, reply| engine.on_apply_run_done(&origin, reply));
        }
    }

    /// Numbers of the last deltas that are applied or being applied.
    pub fn coming_heads(&self, core: &EngineCore) -> BTreeMap<PeerId, u64> {
        let mut coming: BTreeMap<PeerId, u64> = core.heads.iter().map(|head| (head.origin.clone(), head.seq)).collect();
        for (origin, waiting) in &self.queue.applying {
            let last = waiting.run.deltas.last().map_or(0, |delta| delta.seq);
            let seq = coming.entry(origin.clone()).or_default();
            *seq = (*seq).max(last);
        }
        coming
    }

    /// What the database has made of a run. Where it moved a head, the run is to be passed on, with the numbers before and after.
    pub fn on_apply_run_done(
        &mut self,
        core: &mut EngineCore,
        origin: &PeerId,
        result: Result<Applied>,
    ) -> Option<(QueuedRun, u64, u64)> {
        let waiting = self.queue.end(origin)?;
        let moved = match result {
            Ok(applied) => self.on_applied(core, origin, &waiting, applied),
            Err(error) => {
                core.failed("applying deltas", &error);
                let retry_ms = core.now_ms.saturating_add(RETRY_MS);
                self.origin_mut(core, origin).retry_ms = retry_ms;
                self.start_over(core, origin);
                core.wake_at(retry_ms);
                None
            }
        };
        self.start_applies(core);
        moved.map(|(old_seq, new_seq)| (waiting, old_seq, new_seq))
    }

    fn on_applied(
        &mut self,
        core: &mut EngineCore,
        origin: &PeerId,
        waiting: &QueuedRun,
        applied: Applied,
    ) -> Option<(u64, u64)> {
        invariant!(applied.received >= applied.head.seq, "what is applied is in the log");
        let last = waiting.run.deltas.last().map_or(0, |delta| delta.seq);
        let head_seq = applied.head.seq;
        self.note_waiting(core, origin, &waiting.peer, &applied);
        self.origin_mut(core, origin).received = applied.received;
        let old_seq = self.advance(core, applied.head);
        let mut moved = None;
        match applied.verdict {
            Verdict::Applied => {
                self.origin_mut(core, origin).accused_by = None;
                core.counters.deltas_received += u64::try_from(waiting.run.deltas.len()).unwrap_or(0);
                if applied.received < last {
                    self.start_over(core, origin);
                }
                if old_seq.is_some() {
                    core.schedule_heartbeat(&waiting.peer, ACKNOWLEDGE_MS);
                }
                moved = old_seq.map(|old_seq| (old_seq, head_seq));
            }
            // Of the own origin nothing is taken: the engine hears of it by heads.
            Verdict::Gap | Verdict::OwnOrigin => self.start_over(core, origin),
            Verdict::Early { due_ms } => {
                // The clock that stamps are compared with may be behind this one.
                let due_ms = due_ms.max(core.now_ms.saturating_add(RETRY_MS));
                let seq = applied.received.saturating_add(1);
                self.origin_mut(core, origin).quarantine_ms = Some(due_ms);
                core.event(EngineEvent::Quarantined { origin: origin.clone(), seq, due_ms });
                core.schedule_heartbeat(origin, ACKNOWLEDGE_MS);
                self.start_over(core, origin);
                core.wake_at(due_ms);
            }
            Verdict::Forged { .. } => {
                core.event(EngineEvent::Forged { peer: waiting.peer.clone(), origin: origin.clone() });
                if let Some(session) = core.peers.get_mut(&waiting.peer) {
                    session.distrusted.insert(origin.clone(), core.now_ms.saturating_add(DISTRUST_MS));
                }
                self.start_over(core, origin);
                core.penalise(&waiting.peer, POINTS_FORGED, "sent deltas that their origin did not sign");
            }
            Verdict::Fork { seq } => self.story_told(core, origin, &waiting.peer, seq),
        }
        self.review_unsigned(core, origin);
        moved
    }

    /// A peer has sent deltas that do not lead to the end that their origin signed. Either the origin tells two stories, or who
    /// passes them on has changed them: the origin is accused once another peer sends the like, or nobody else can be asked.
    fn story_told(&mut self, core: &mut EngineCore, origin: &PeerId, peer: &PeerId, seq: u64) {
        let now_ms = core.now_ms;
        let accuser = self.origin_mut(core, origin).accused_by.replace(peer.clone());
        let is_confirmed = accuser.is_some_and(|accuser| accuser != *peer);
        let knows_better = |(other, session): (&PeerId, &ConnectedPeer)| {
            other != peer
                && !session.is_outdated
                && session.known_seq(origin) >= seq
                && !session.has_pruned(origin, seq)
                && session.is_trusted(origin, now_ms)
        };
        if !is_confirmed && core.peers.iter().any(knows_better) {
            if let Some(session) = core.peers.get_mut(peer) {
                session.distrusted.insert(origin.clone(), now_ms.saturating_add(STORY_DISTRUST_MS));
            }
            return self.start_over(core, origin);
        }
        self.forked(core, origin, seq);
        self.origin_mut(core, origin).is_frozen = true;
        self.start_over(core, origin);
        // Deltas of both stories cannot meet, states can.
        core.effect(EngineEffect::ReconciliationNeeded);
    }

    /// What waits of an origin does not follow what the database holds: it is asked for again.
    pub(super) fn start_over(&mut self, core: &EngineCore, origin: &PeerId) {
        self.queue.clear(origin);
        let state = self.origin_mut(core, origin);
        state.next = state.received.saturating_add(1);
        self.wanted.insert(origin.clone());
    }
}

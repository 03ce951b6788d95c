//! Applying: runs that wait for the database, and what it makes of them.

use std::collections::{BTreeMap, VecDeque};

use crate::error::Result;
use crate::model::{Applied, PeerId, Run, Verdict};
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::limits::{
    ACKNOWLEDGE_MS, APPLIES_MAX, DISTRUST_MS, POINTS_FORGED, RETRY_MS, STORY_DISTRUST_MS,
};
use crate::sync::engine::members::peer::ConnectedPeer;
use crate::sync::engine::requests::ApplyRun;
use crate::sync::protocol::message::RUN_DELTAS_MAX;

/// Runs on their way into the database: of each origin one at a time, in order.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct IncomingRuns {
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
        Some(applied)
    }

    /// Drops what waits of an origin; what is being applied goes on.
    fn clear(&mut self, origin: &PeerId) {
        for dropped in self.waiting.remove(origin).unwrap_or_default() {
            self.bytes = self.bytes.saturating_sub(dropped.run.bytes());
        }
        self.ready.retain(|ready| ready != origin);
    }
}

impl Engine {
    pub(in crate::sync::engine) fn start_applies(&mut self) {
        while let Some(run) = self.queue.start(self.config.tuning.batch_bytes) {
            let shares = self.shares();
            let origin = run.origin.clone();
            self.request(ApplyRun { run, shares }, move |engine, reply| engine.on_apply_run_done(&origin, reply));
        }
    }

    /// Numbers of the last deltas that are applied or being applied.
    pub(in crate::sync::engine) fn coming_heads(&self) -> BTreeMap<PeerId, u64> {
        let mut coming: BTreeMap<PeerId, u64> = self.heads.iter().map(|head| (head.origin.clone(), head.seq)).collect();
        for (origin, waiting) in &self.queue.applying {
            let last = waiting.run.deltas.last().map_or(0, |delta| delta.seq);
            let seq = coming.entry(origin.clone()).or_default();
            *seq = (*seq).max(last);
        }
        coming
    }

    fn on_apply_run_done(&mut self, origin: &PeerId, result: Result<Applied>) {
        let Some(waiting) = self.queue.end(origin) else { return };
        self.applied_by_older(origin);
        match result {
            Ok(applied) => self.judge(origin, &waiting, applied),
            Err(error) => {
                self.failed("applying deltas", &error);
                let retry_ms = self.now_ms.saturating_add(RETRY_MS);
                self.origin_mut(origin).retry_ms = retry_ms;
                self.start_over(origin);
                self.wake_at(retry_ms);
            }
        }
        self.start_applies();
        let unanswered: Vec<PeerId> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.unanswered.is_some())
            .map(|(peer, _)| peer.clone())
            .collect();
        for peer in unanswered {
            self.answer_if_applied(&peer);
        }
        self.schedule_pulls();
        self.check_exchanges();
    }

    fn judge(&mut self, origin: &PeerId, waiting: &QueuedRun, applied: Applied) {
        let last = waiting.run.deltas.last().map_or(0, |delta| delta.seq);
        let head_seq = applied.head.seq;
        self.note_waiting(origin, &waiting.peer, &applied);
        self.origin_mut(origin).received = applied.received;
        let old_seq = self.advance(applied.head);
        match applied.verdict {
            Verdict::Applied => {
                self.origin_mut(origin).accused_by = None;
                self.counters.deltas_received += u64::try_from(waiting.run.deltas.len()).unwrap_or(0);
                if applied.received < last {
                    self.start_over(origin);
                }
                if let Some(old_seq) = old_seq {
                    self.beat_within(&waiting.peer, ACKNOWLEDGE_MS);
                    self.relay(waiting, old_seq, head_seq);
                }
            }
            // Of the own origin nothing is taken: the engine hears of it by heads.
            Verdict::Gap | Verdict::OwnOrigin => self.start_over(origin),
            Verdict::Early { due_ms } => {
                // The clock that stamps are compared with may be behind this one.
                let due_ms = due_ms.max(self.now_ms.saturating_add(RETRY_MS));
                let seq = applied.received.saturating_add(1);
                self.origin_mut(origin).quarantine_ms = Some(due_ms);
                self.event(EngineEvent::Quarantined { origin: origin.clone(), seq, due_ms });
                self.beat_within(origin, ACKNOWLEDGE_MS);
                self.start_over(origin);
                self.wake_at(due_ms);
            }
            Verdict::Forged { .. } => {
                self.event(EngineEvent::Forged { peer: waiting.peer.clone(), origin: origin.clone() });
                if let Some(session) = self.sessions.get_mut(&waiting.peer) {
                    session.distrusted.insert(origin.clone(), self.now_ms.saturating_add(DISTRUST_MS));
                }
                self.start_over(origin);
                self.strike(&waiting.peer, POINTS_FORGED, "sent deltas that their origin did not sign");
            }
            Verdict::Fork { seq } => self.story_told(origin, &waiting.peer, seq),
        }
        self.review_unsigned(origin);
    }

    /// A peer has sent deltas that do not lead to the end that their origin signed. Either the origin tells two stories, or who
    /// passes them on has changed them: the origin is accused once another peer sends the like, or nobody else can be asked.
    fn story_told(&mut self, origin: &PeerId, peer: &PeerId, seq: u64) {
        let now_ms = self.now_ms;
        let accuser = self.origin_mut(origin).accused_by.replace(peer.clone());
        let is_confirmed = accuser.is_some_and(|accuser| accuser != *peer);
        let knows_better = |(other, session): (&PeerId, &ConnectedPeer)| {
            other != peer
                && !session.is_outdated
                && session.known_seq(origin) >= seq
                && !session.pruned.contains(origin)
                && session.is_trusted(origin, now_ms)
        };
        if !is_confirmed && self.sessions.iter().any(knows_better) {
            if let Some(session) = self.sessions.get_mut(peer) {
                session.distrusted.insert(origin.clone(), now_ms.saturating_add(STORY_DISTRUST_MS));
            }
            return self.start_over(origin);
        }
        self.forked(origin, seq);
        self.origin_mut(origin).is_frozen = true;
        self.start_over(origin);
        // Deltas of both stories cannot meet, states can.
        self.reconciling.is_needed = true;
        self.consider_reconciling();
    }

    /// What waits of an origin does not follow what the database holds: it is asked for again.
    pub(in crate::sync::engine) fn start_over(&mut self, origin: &PeerId) {
        self.queue.clear(origin);
        let state = self.origin_mut(origin);
        state.next = state.received.saturating_add(1);
        self.wanted.insert(origin.clone());
    }
}

//! Reconciliation: taking from a peer's public states what no log can give any more.
//!
//! One at a time. It begins where pulling found the logs of all connected peers pruned below what is needed, where this
//! node holds nothing and a peer a great deal, where a collection was attached late, and now and then as an audit. The
//! peer pins a view; each collection that both have attached is walked ([`reconcile_steps`](super::reconcile_steps)); at
//! the end the peer's heads are adopted: everything that they count is here now.

use std::collections::{BTreeMap, VecDeque};

use crate::error::Result;
use crate::model::{Head, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::limits::{RECONCILE_RETRY_MS, RECONCILE_TIMEOUT_MS, Tuning};
use crate::sync::engine::machine::Task;
use crate::sync::engine::pull::Origin;
use crate::sync::engine::reconcile_steps::Walk;
use crate::sync::message::{
    CollectionSchema, Message, ReconcileAnswer, ReconcileAsk, ReconcileRequest, ReconcileResponse,
};
use crate::sync::random::Random;
use crate::sync::work::{Event, Outcome, Work};

/// Whether one is under way, and when the next may begin.
#[derive(Debug)]
pub(super) struct Reconciling {
    pub(super) running: Option<Running>,
    /// Deltas are lacking that no connected peer's log holds.
    pub is_needed: bool,
    /// Not before then, after a failure.
    retry_ms: u64,
    audit_ms: u64,
    /// Of each partial collection the numbers up to which deltas may be missing.
    lacking: BTreeMap<String, BTreeMap<PeerId, u64>>,
    /// Peers that were of no use, until when.
    avoided: BTreeMap<PeerId, u64>,
}

/// Why one is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Something is lacking: what the peer holds is taken over with its heads.
    Needed,
    Audit,
}

/// One under way.
#[derive(Debug)]
pub(super) struct Running {
    pub peer: PeerId,
    pub number: u64,
    pub reason: Reason,
    /// The request under way, and when it left.
    pub request: Option<(u64, u64)>,
    pub heads: Vec<Head>,
    /// Collections that both have attached, with whether the peer holds everything of it that its heads cover.
    pub collections: VecDeque<(String, bool)>,
    /// Of ours those that the peer holds everything of.
    pub whole: Vec<String>,
    pub walk: Option<Walk>,
    /// Writes to the database under way.
    pub writes: usize,
    pub is_adopting: bool,
    pub entries: u64,
    pub bytes: u64,
}

impl Running {
    /// Numbers by origin that the peer's view covers.
    pub fn covers(&self, clock: &[(PeerId, u64)]) -> bool {
        let seq = |origin: &PeerId| {
            self.heads.binary_search_by(|head| head.origin.cmp(origin)).ok().and_then(|at| self.heads.get(at))
        };
        clock.iter().all(|(origin, number)| seq(origin).is_some_and(|head| head.seq >= *number))
    }
}

impl Reconciling {
    pub fn new(tuning: &Tuning, random: &mut Random, now_ms: u64) -> Self {
        // Spread out, so that the nodes of a network do not all audit at once.
        let first_ms = tuning.audit_interval_ms / 2 + random.below(tuning.audit_interval_ms.max(1));
        Reconciling {
            running: None,
            is_needed: false,
            retry_ms: 0,
            audit_ms: now_ms.saturating_add(first_ms),
            lacking: BTreeMap::new(),
            avoided: BTreeMap::new(),
        }
    }

    /// A collection that is attached again later may have greater gaps by then.
    pub fn forget_gaps_of_detached(&mut self, attached: &[CollectionSchema]) {
        self.lacking.retain(|name, _| attached.iter().any(|collection| collection.name == *name));
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub fn is_with(&self, peer: &PeerId) -> bool {
        self.running.as_ref().is_some_and(|running| running.peer == *peer)
    }

    /// Whether pulling waits for it: what is being taken over as states need not come as deltas as well.
    pub fn holds_pulls(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.reason == Reason::Needed)
    }
}

impl Engine {
    /// Begins one where there is reason to.
    pub(super) fn consider_reconciling(&mut self) {
        let now_ms = self.now_ms;
        if self.reconciling.is_running() || self.is_retired {
            return;
        }
        if now_ms < self.reconciling.retry_ms {
            return self.wake_at(self.reconciling.retry_ms);
        }
        let found = self.candidate().map(|peer| (peer, Reason::Needed)).or_else(|| self.auditee());
        if let Some((peer, reason)) = found {
            self.reconcile_with(peer, reason);
        }
    }

    /// A peer to take over from what is lacking.
    fn candidate(&mut self) -> Option<PeerId> {
        let is_newcomer = self.heads.iter().all(|head| head.origin == self.config.this);
        let is_partial = !self.config.partial.is_empty();
        if !self.reconciling.is_needed && !is_newcomer && !is_partial {
            return None;
        }
        let is_stuck = |state: &Origin| state.is_held || state.is_frozen || state.is_outdone;
        let held: Vec<(&PeerId, u64)> = self
            .origins
            .iter()
            .filter(|(_, state)| is_stuck(state))
            .map(|(origin, state)| (origin, self.received_seq(origin) + u64::from(!state.is_outdone)))
            .collect();
        self.reconciling.is_needed &= !held.is_empty();
        let mut candidates = Vec::new();
        for (peer, session) in self.sessions.iter().filter(|(_, session)| !session.is_outdated) {
            let is_avoided = self.reconciling.avoided.get(peer).is_some_and(|until_ms| *until_ms > self.now_ms);
            let has_held = held.iter().any(|(origin, least)| session.known_seq(origin) >= *least);
            let of_others = session.known.iter().filter(|(origin, _)| **origin != self.config.this);
            let deltas = of_others.fold(0, |sum: u64, (_, seq)| sum.saturating_add(*seq));
            let is_far_ahead = is_newcomer && session.has_told_all && deltas >= self.config.tuning.snapshot_deltas_min;
            let has_partial = self.config.partial.iter().any(|name| session.collections.contains(name));
            let is_of_use = has_held || is_far_ahead || (has_partial && session.has_told_all);
            if is_of_use && !is_avoided {
                let shared = self.config.collections.iter().filter(|ours| session.collections.contains(&ours.name));
                candidates.push((shared.count(), peer.clone()));
            }
        }
        let most = candidates.iter().map(|(shared, _)| *shared).max()?;
        candidates.retain(|(shared, _)| *shared == most);
        self.random.choose(&mut candidates, 1);
        candidates.pop().map(|(_, peer)| peer)
    }

    /// A second story that nobody here tells any more keeps nothing back: ours is the one that all know. What clocks say of the
    /// origin stays in doubt.
    fn thaw(&mut self) {
        let sessions = &self.sessions;
        for (origin, state) in self.origins.iter_mut().filter(|(_, state)| state.is_frozen) {
            let mut active = sessions.values().filter(|session| !session.is_outdated);
            state.is_frozen = active.any(|session| session.known_seq(origin) > state.received);
        }
    }

    /// A peer to compare with when it is time to and nothing else is to be done.
    fn auditee(&mut self) -> Option<(PeerId, Reason)> {
        let is_idle = self.wanted.is_empty() && self.queue.is_empty() && self.pulls.is_empty();
        if self.now_ms < self.reconciling.audit_ms || !is_idle {
            return None;
        }
        let mut peers = self.active_peers();
        self.random.choose(&mut peers, 1);
        self.reconciling.audit_ms = self.now_ms.saturating_add(self.config.tuning.audit_interval_ms);
        peers.pop().map(|peer| (peer, Reason::Audit))
    }

    fn reconcile_with(&mut self, peer: PeerId, reason: Reason) {
        self.note_lacking(false);
        let number = self.next_number();
        self.event(Event::ReconciliationBegan { peer: peer.clone() });
        self.reconciling.running = Some(Running {
            peer,
            number,
            reason,
            request: None,
            heads: Vec::new(),
            collections: VecDeque::new(),
            whole: Vec::new(),
            walk: None,
            writes: 0,
            is_adopting: false,
            entries: 0,
            bytes: 0,
        });
        self.reconcile_ask(ReconcileAsk::Open);
    }

    /// Sends the next request of the one under way.
    pub(super) fn reconcile_ask(&mut self, ask: ReconcileAsk) {
        let (now_ms, number) = (self.now_ms, self.next_number());
        let Some(running) = self.reconciling.running.as_mut() else { return };
        running.request = Some((number, now_ms));
        let peer = running.peer.clone();
        self.wake_at(now_ms.saturating_add(RECONCILE_TIMEOUT_MS));
        self.send(&peer, Message::ReconcileRequest(ReconcileRequest { number, ask }));
    }

    /// Has the database do something for the one under way.
    pub(super) fn reconcile_work(&mut self, work: Work) {
        if let Some(run) = self.reconciling.running.as_ref().map(|running| running.number) {
            self.work(Task::Reconcile { run }, work);
        }
    }

    pub(super) fn reconcile_response(&mut self, peer: &PeerId, response: ReconcileResponse, bytes: usize) {
        let Some(running) = self.reconciling.running.as_mut().filter(|running| running.peer == *peer) else { return };
        if running.request.is_none_or(|(number, _)| number != response.number) {
            return;
        }
        running.request = None;
        running.bytes = running.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        match response.answer {
            ReconcileAnswer::View { heads, whole, partial } if running.walk.is_none() && running.heads.is_empty() => {
                self.view_opened(heads, &whole, &partial);
            }
            answer => {
                if !self.step_answered(answer) {
                    return self.reconcile_failed();
                }
            }
        }
        self.step();
    }

    /// The peer has pinned a view.
    fn view_opened(&mut self, mut heads: Vec<Head>, whole: &[String], partial: &[String]) {
        heads.sort_by(|a, b| a.origin.cmp(&b.origin));
        let Some(running) = self.reconciling.running.as_mut() else { return };
        running.heads = heads;
        for ours in &self.config.collections {
            let is_whole = whole.contains(&ours.name);
            if is_whole {
                running.whole.push(ours.name.clone());
            }
            if is_whole || partial.contains(&ours.name) {
                running.collections.push_back((ours.name.clone(), is_whole));
            }
        }
    }

    pub(super) fn reconcile_worked(&mut self, run: u64, outcome: Outcome) {
        if self.reconciling.running.as_ref().is_none_or(|running| running.number != run) {
            return;
        }
        let is_well = match outcome {
            Outcome::Merged(result) | Outcome::Dropped(result) => self.written(result),
            Outcome::HeadsAdopted(result) => return self.adopted(result),
            Outcome::Fingerprints(Ok(buckets)) => self.counted(buckets),
            Outcome::Digests(Ok(digests)) => self.digested(digests),
            Outcome::Fingerprints(Err(error)) | Outcome::Digests(Err(error)) => {
                self.failed("comparing with a peer", &error);
                false
            }
            _ => false,
        };
        if !is_well {
            return self.reconcile_failed();
        }
        self.step();
    }

    fn written(&mut self, result: Result<u64>) -> bool {
        match result {
            Ok(count) => {
                if let Some(running) = self.reconciling.running.as_mut() {
                    running.writes = running.writes.saturating_sub(1);
                    running.entries = running.entries.saturating_add(count);
                }
                true
            }
            Err(error) => {
                self.failed("taking over a peer's entries", &error);
                false
            }
        }
    }

    /// All collections are through: the peer's heads are ours now. An audit leaves them to pulling, which fills the log.
    pub(super) fn adopt(&mut self) {
        let this = self.config.this.clone();
        if let Some(running) = self.reconciling.running.as_mut() {
            running.is_adopting = true;
        }
        let Some(running) = self.reconciling.running.as_ref() else { return };
        let heads = if running.reason == Reason::Audit { Vec::new() } else { running.heads.clone() };
        let heads: Vec<Head> = heads.into_iter().filter(|head| head.origin != this).collect();
        let moves = heads.iter().any(|head| head.seq > self.heads.seq(&head.origin));
        let names = self.config.collections.iter().map(|collection| &collection.name);
        // What the peer does not hold either is not covered by its heads here; nor does a peer fill a gap that is whole as far
        // as its heads go, and those do not reach as far as the gap.
        let lacking = &self.reconciling.lacking;
        let is_filled = |name: &String| {
            let gap: Vec<(PeerId, u64)> =
                lacking.get(name).into_iter().flatten().map(|(origin, seq)| (origin.clone(), *seq)).collect();
            running.whole.contains(name) && running.covers(&gap)
        };
        let is_partial = |name: &&String| {
            if self.config.partial.contains(name) { !is_filled(name) } else { moves && !running.whole.contains(name) }
        };
        let partial: Vec<String> = names.filter(is_partial).cloned().collect();
        let peer = running.peer.clone();
        let number = self.next_number();
        self.send(&peer, Message::ReconcileRequest(ReconcileRequest { number, ask: ReconcileAsk::Close }));
        self.reconcile_work(Work::AdoptHeads { heads, partial: partial.clone() });
        self.config.partial = partial;
    }

    fn adopted(&mut self, result: Result<Vec<Head>>) {
        let heads = match result {
            Ok(heads) => heads,
            Err(error) => {
                self.failed("adopting heads", &error);
                return self.reconcile_failed();
            }
        };
        let Some(running) = self.reconciling.running.take() else { return };
        let mut moved = Vec::new();
        for head in heads {
            let origin = head.origin.clone();
            if self.advance(head).is_some() {
                moved.push(origin);
            }
        }
        for origin in &moved {
            let state = self.origin_mut(origin);
            (state.fork, state.is_frozen, state.is_outdone) = (None, false, false);
            self.start_over(origin);
            for session in self.sessions.values_mut() {
                session.pruned.remove(origin);
            }
        }
        self.note_lacking(!moved.is_empty());
        let (entries, bytes, whole) = (running.entries, running.bytes, self.config.partial.is_empty());
        if running.reason == Reason::Needed && moved.is_empty() {
            // The same again would come to the same.
            self.avoid(&running.peer, self.now_ms.saturating_add(RECONCILE_RETRY_MS));
        }
        if !whole {
            // Somebody else may hold the rest; the same peer has no more of it for now.
            let until_ms = self.now_ms.saturating_add(self.config.tuning.audit_interval_ms);
            self.avoid(&running.peer, until_ms);
        }
        self.event(Event::ReconciliationEnded { peer: running.peer, entries, bytes, whole });
        self.reconciling.is_needed = false;
        self.reconciling.audit_ms = self.now_ms.saturating_add(self.config.tuning.audit_interval_ms);
        self.release_held();
        self.schedule_pulls();
        self.check_exchanges();
    }

    /// Remembers how far partial collections may have gaps: up to where the heads stand when they become so, or `has_moved` by
    /// adoption.
    fn note_lacking(&mut self, has_moved: bool) {
        let partial = &self.config.partial;
        self.reconciling.lacking.retain(|name, _| partial.contains(name) && !has_moved);
        for name in partial {
            let heads = self.heads.iter().map(|head| (head.origin.clone(), head.seq));
            self.reconciling.lacking.entry(name.clone()).or_insert_with(|| heads.collect());
        }
    }

    fn avoid(&mut self, peer: &PeerId, until_ms: u64) {
        let now_ms = self.now_ms;
        self.reconciling.avoided.retain(|_, until_ms| *until_ms > now_ms);
        self.reconciling.avoided.insert(peer.clone(), until_ms);
    }

    /// The one under way ends; it is tried again later, with another peer where there is one.
    pub(super) fn reconcile_failed(&mut self) {
        let Some(running) = self.reconciling.running.take() else { return };
        self.reconciling.retry_ms = self.now_ms.saturating_add(RECONCILE_RETRY_MS);
        self.wake_at(self.reconciling.retry_ms);
        self.avoid(&running.peer, self.now_ms.saturating_add(RECONCILE_RETRY_MS.saturating_mul(2)));
        if self.sessions.get(&running.peer).is_some_and(|session| !session.is_outdated) {
            let number = self.next_number();
            self.send(&running.peer, Message::ReconcileRequest(ReconcileRequest { number, ask: ReconcileAsk::Close }));
        }
        self.release_held();
    }

    /// Looks anew for peers whose logs reach back far enough: others are connected now, or less is needed.
    pub(super) fn release_held(&mut self) {
        for (origin, state) in self.origins.iter_mut().filter(|(_, state)| state.is_held) {
            state.is_held = false;
            self.wanted.insert(origin.clone());
        }
    }

    pub(super) fn tick_reconciling(&mut self) {
        self.thaw();
        let late = self.reconciling.running.as_ref().and_then(|running| running.request);
        if let Some((_, sent_ms)) = late {
            let late_ms = sent_ms.saturating_add(RECONCILE_TIMEOUT_MS);
            if self.now_ms >= late_ms {
                self.reconcile_failed();
            } else {
                self.wake_at(late_ms);
            }
        }
        self.consider_reconciling();
        if !self.reconciling.is_running() {
            let now_ms = self.now_ms;
            let timers =
                self.reconciling.avoided.values().chain([&self.reconciling.audit_ms, &self.reconciling.retry_ms]);
            if let Some(next_ms) = timers.copied().filter(|at_ms| *at_ms > now_ms).min() {
                self.wake_at(next_ms);
            }
        }
    }
}

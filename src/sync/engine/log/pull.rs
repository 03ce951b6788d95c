//! Pulling: asking connected peers for the deltas that they have and this node lacks.
//!
//! For each origin one request is under way at a time, to one peer; the next one leaves when the response has come, while
//! that response is being applied. A peer that does not answer, goes away, or has dropped that part of its log is replaced
//! by another. What no log holds any more is left to reconciliation.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{PeerId, Run};
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::limits::{PULL_TIMEOUT_MS, PULLS_PER_PEER_MAX, RETRY_MS};
use crate::sync::engine::log::incoming::QueuedRun;
use crate::sync::protocol::message::{Message, Operation, SyncRequest, SyncResponse, WANTS_MAX, Want};

/// How far the deltas of an origin have come here, and what keeps them.
#[derive(Debug)]
pub(in crate::sync::engine) struct OriginPull {
    /// The last delta in the log.
    pub received: u64,
    /// The delta after the last one in the log or waiting to be applied.
    pub next: u64,
    /// The request under way.
    pub pull: Option<u64>,
    /// Stamps from the future: nothing is asked for until then.
    pub quarantine_ms: Option<u64>,
    /// The number that the origin has used twice, as a peer's head says or as the database has proved.
    pub fork: Option<u64>,
    /// The database has proved it: no more deltas are taken until a reconciliation has gone beyond it.
    pub is_frozen: bool,
    /// A peer's story of the same length goes before ours.
    pub is_outdone: bool,
    /// No connected peer's log reaches back far enough.
    pub is_held: bool,
    /// Not before then, after a failure.
    pub retry_ms: u64,
    /// The greatest head that somebody has shown and that the origin has signed.
    pub signed_seq: u64,
    /// What waits in the log is being dropped, since the origin has signed something else.
    pub is_dropping: bool,
    /// Who sent what waits in the log for the end of its posting, and is not signed yet.
    pub waiting_from: Option<PeerId>,
    /// Who has last sent deltas that do not lead to what the origin signed.
    pub accused_by: Option<PeerId>,
}

/// A request under way.
#[derive(Debug)]
pub(in crate::sync::engine) struct Pull {
    peer: PeerId,
    wants: Vec<Want>,
    sent_ms: u64,
}

impl OriginPull {
    fn new(received: u64) -> Self {
        OriginPull {
            received,
            next: received.saturating_add(1),
            pull: None,
            quarantine_ms: None,
            fork: None,
            is_frozen: false,
            is_outdone: false,
            is_held: false,
            retry_ms: 0,
            signed_seq: 0,
            is_dropping: false,
            waiting_from: None,
            accused_by: None,
        }
    }

    /// Whether only a reconciliation can go on with it.
    pub fn is_stuck(&self) -> bool {
        self.is_held || self.is_frozen || self.is_outdone
    }

    /// Whether deltas are neither asked for nor taken.
    pub fn waits(&self) -> bool {
        self.quarantine_ms.is_some() || self.is_frozen || self.is_held || self.is_dropping
    }
}

impl Engine {
    /// A second story that nobody here tells any more keeps nothing back: ours is the one that all know. What clocks say of the
    /// origin stays in doubt.
    pub(in crate::sync::engine) fn thaw(&mut self) {
        let sessions = &self.sessions;
        for (origin, state) in self.origins.iter_mut().filter(|(_, state)| state.is_frozen) {
            let mut active = sessions.values().filter(|session| !session.is_outdated);
            state.is_frozen = active.any(|session| session.known_seq(origin) > state.received);
        }
    }

    /// The number of the last delta of an origin in the log here.
    pub(in crate::sync::engine) fn received_seq(&self, origin: &PeerId) -> u64 {
        self.origins.get(origin).map_or_else(|| self.heads.seq(origin), |state| state.received)
    }

    pub(in crate::sync::engine) fn origin_mut(&mut self, origin: &PeerId) -> &mut OriginPull {
        let received = self.heads.seq(origin);
        self.origins.entry(origin.clone()).or_insert_with(|| OriginPull::new(received))
    }

    /// Sends the requests for which there is a peer and room.
    pub(in crate::sync::engine) fn schedule_pulls(&mut self) {
        // A newcomer that is far behind takes a snapshot before it begins to pull.
        self.consider_reconciling();
        if self.config.awaits_founder || self.wanted.is_empty() || self.reconciling.holds_pulls() {
            return;
        }
        let under_way = self.pulls.len().saturating_mul(self.config.tuning.batch_bytes);
        let room = self.config.tuning.apply_queue_bytes.saturating_sub(self.queue.bytes());
        let mut free = room.saturating_sub(under_way).div_ceil(self.config.tuning.batch_bytes.max(1));
        let mut requests: BTreeMap<PeerId, Vec<Want>> = BTreeMap::new();
        let wanted: Vec<PeerId> = self.wanted.iter().cloned().collect();
        for origin in wanted {
            let state = self.origin_mut(&origin);
            let from_seq = state.next;
            if state.pull.is_some() || state.waits() || state.retry_ms > self.now_ms {
                continue;
            }
            match self.source_of(&origin, from_seq, &requests, free) {
                Source::Nobody => {
                    self.wanted.remove(&origin);
                }
                Source::Pruned => {
                    self.origin_mut(&origin).is_held = true;
                    self.reconciling.is_needed = true;
                }
                Source::Busy => {}
                Source::Peer(peer) => {
                    let wants = requests.entry(peer).or_default();
                    free = free.saturating_sub(usize::from(wants.is_empty()));
                    wants.push(Want { origin, from_seq });
                }
            }
        }
        for (peer, wants) in requests {
            self.send_sync_request(peer, wants);
        }
        self.consider_reconciling();
    }

    /// Who is asked for the deltas of an origin from a number on: of those who have them the one with the fewest requests.
    fn source_of(
        &mut self,
        origin: &PeerId,
        from_seq: u64,
        requests: &BTreeMap<PeerId, Vec<Want>>,
        free: usize,
    ) -> Source {
        let has_more = self
            .sessions
            .iter()
            .filter(|(_, session)| !session.is_outdated && session.known_seq(origin) >= from_seq)
            .collect::<Vec<_>>();
        if has_more.is_empty() || *origin == self.config.this {
            return Source::Nobody;
        }
        if has_more.iter().all(|(_, session)| session.pruned.contains(origin)) {
            return Source::Pruned;
        }
        let able = has_more.into_iter().filter(|(peer, session)| {
            let asked = requests.get(*peer).map_or(0, Vec::len);
            let has_room = if asked > 0 { asked < WANTS_MAX } else { free > 0 && session.pulls < PULLS_PER_PEER_MAX };
            has_room && !session.pruned.contains(origin) && session.is_trusted(origin, self.now_ms)
        });
        // A peer that is being asked anyway comes first: one request can want much.
        let cost = |(peer, session): &(&PeerId, &_)| (!requests.contains_key(*peer), pulls_of(session));
        let mut able: Vec<_> = able.map(|candidate| (cost(&candidate), candidate.0.clone())).collect();
        let Some(least) = able.iter().map(|(cost, _)| *cost).min() else { return Source::Busy };
        able.retain(|(cost, _)| *cost == least);
        self.random.choose(&mut able, 1);
        able.pop().map_or(Source::Busy, |(_, peer)| Source::Peer(peer))
    }

    fn send_sync_request(&mut self, peer: PeerId, wants: Vec<Want>) {
        let number = self.next_number();
        for want in &wants {
            self.origin_mut(&want.origin).pull = Some(number);
        }
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.pulls += 1;
        }
        let bytes_max = u32::try_from(self.config.tuning.batch_bytes).unwrap_or(u32::MAX);
        self.send(&peer, Message::SyncRequest(SyncRequest { number, wants: wants.clone(), bytes_max }));
        self.wake_at(self.now_ms.saturating_add(PULL_TIMEOUT_MS));
        self.pulls.insert(number, Pull { peer, wants, sent_ms: self.now_ms });
    }

    /// Takes a request off the books; what it wanted may be asked for again.
    fn end_pull(&mut self, number: u64) -> Option<Pull> {
        let pull = self.pulls.remove(&number)?;
        if let Some(session) = self.sessions.get_mut(&pull.peer) {
            session.pulls = session.pulls.saturating_sub(1);
        }
        for want in &pull.wants {
            if let Some(state) = self.origins.get_mut(&want.origin).filter(|state| state.pull == Some(number)) {
                state.pull = None;
            }
        }
        Some(pull)
    }

    pub(in crate::sync::engine) fn drop_pulls_of(&mut self, peer: &PeerId) {
        let numbers: Vec<u64> =
            self.pulls.iter().filter(|(_, pull)| pull.peer == *peer).map(|(number, _)| *number).collect();
        for number in numbers {
            self.end_pull(number);
        }
    }

    pub(in crate::sync::engine) fn sync_response(&mut self, peer: &PeerId, response: SyncResponse) {
        // A response that comes too late is as good as a push.
        let pull = self.pulls.get(&response.number).is_some_and(|pull| pull.peer == *peer);
        let pull = if pull { self.end_pull(response.number) } else { None };
        let wants = pull.map(|pull| pull.wants).unwrap_or_default();
        let served = usize::try_from(response.served).unwrap_or(usize::MAX);
        for want in wants.iter().take(served) {
            let has_some = response.runs.iter().any(|run| run.origin == want.origin);
            let is_pruned = response.pruned.iter().any(|pruned| pruned.origin == want.origin);
            let Some(session) = self.sessions.get_mut(peer) else { return };
            if is_pruned {
                session.pruned.insert(want.origin.clone());
            } else if !has_some {
                // It has not what it announced; should it get it, it will say so.
                let shown = session.known.insert(want.origin.clone(), want.from_seq.saturating_sub(1));
                self.unserved(peer, &want.origin, shown.unwrap_or(0));
            }
        }
        for run in response.runs {
            if self.takes_word_of(peer, &run.origin) {
                self.accept(peer, run, Vec::new());
            }
        }
        self.start_applies();
        self.schedule_pulls();
        self.check_exchanges();
    }

    pub(in crate::sync::engine) fn operation(&mut self, peer: &PeerId, operation: Operation) {
        self.count_strange_origins(peer);
        for run in operation.runs {
            if !self.takes_word_of(peer, &run.origin) {
                continue;
            }
            let last = run.deltas.last().map_or(0, |delta| delta.seq);
            if let Some(session) = self.sessions.get_mut(peer) {
                let known = session.known.entry(run.origin.clone()).or_default();
                *known = (*known).max(last);
            }
            self.accept(peer, run, operation.pushed_to.clone());
        }
        self.start_applies();
        self.schedule_pulls();
        self.check_exchanges();
    }

    /// Queues those deltas of a run that follow what is here.
    fn accept(&mut self, peer: &PeerId, mut run: Run, pushed_to: Vec<u32>) {
        let origin = run.origin.clone();
        let is_trusted = self.sessions.get(peer).is_some_and(|session| session.is_trusted(&origin, self.now_ms));
        if origin == self.config.this || !is_trusted || self.config.awaits_founder {
            return;
        }
        let queue_bytes_max = self.config.tuning.apply_queue_bytes.saturating_mul(2);
        let has_room = self.queue.bytes() + run.bytes() <= queue_bytes_max || self.queue.bytes() == 0;
        let state = self.origin_mut(&origin);
        run.deltas.retain(|delta| delta.seq >= state.next);
        let (Some(first), Some(last)) = (run.deltas.first(), run.deltas.last()) else { return };
        if state.waits() || first.seq > state.next || !has_room {
            self.wanted.insert(origin);
            return;
        }
        state.next = last.seq.saturating_add(1);
        self.queue.push(QueuedRun { peer: peer.clone(), run, pushed_to });
    }

    pub(in crate::sync::engine) fn tick_pulls(&mut self) {
        let now_ms = self.now_ms;
        let is_late = |pull: &Pull| now_ms >= pull.sent_ms.saturating_add(PULL_TIMEOUT_MS);
        let late: Vec<u64> = self.pulls.iter().filter(|(_, pull)| is_late(pull)).map(|(number, _)| *number).collect();
        for number in late {
            let Some(pull) = self.end_pull(number) else { continue };
            for want in pull.wants {
                let Some(session) = self.sessions.get_mut(&pull.peer) else { break };
                let shown = session.known_seq(&want.origin);
                session.distrusted.entry(want.origin.clone()).or_insert(now_ms.saturating_add(RETRY_MS));
                self.unserved(&pull.peer, &want.origin, shown);
            }
        }
        for session in self.sessions.values_mut() {
            session.distrusted.retain(|_, until_ms| *until_ms > now_ms);
        }
        let mut wake_ms = self.pulls.values().map(|pull| pull.sent_ms.saturating_add(PULL_TIMEOUT_MS)).min();
        for (origin, state) in &mut self.origins {
            if state.quarantine_ms.is_some_and(|due_ms| due_ms <= now_ms) {
                state.quarantine_ms = None;
                self.wanted.insert(origin.clone());
            }
            let due_ms = state.quarantine_ms.or((state.retry_ms > now_ms).then_some(state.retry_ms));
            wake_ms = wake_ms.into_iter().chain(due_ms).min();
        }
        let refuted: Vec<PeerId> = self.origins.keys().filter(|origin| self.is_refuted(origin)).cloned().collect();
        refuted.iter().for_each(|origin| self.review_unsigned(origin));
        self.schedule_pulls();
        if !self.wanted.is_empty() {
            wake_ms = Some(wake_ms.unwrap_or(u64::MAX).min(now_ms.saturating_add(RETRY_MS)));
        }
        if let Some(wake_ms) = wake_ms {
            self.wake_at(wake_ms);
        }
    }

    /// Origins whose numbers say nothing: they may count other deltas at a peer than here.
    pub(in crate::sync::engine) fn forked_origins(&self) -> BTreeSet<PeerId> {
        self.origins.keys().filter(|origin| self.is_forked(origin)).cloned().collect()
    }

    pub(in crate::sync::engine) fn is_forked(&self, origin: &PeerId) -> bool {
        self.origins.get(origin).is_some_and(|state| state.fork.is_some() || state.is_frozen)
    }

    /// The origin has signed two deltas with one number.
    pub(in crate::sync::engine) fn forked(&mut self, origin: &PeerId, seq: u64) {
        let state = self.origin_mut(origin);
        if state.fork.replace(seq) != Some(seq) {
            self.event(EngineEvent::Forked { origin: origin.clone(), seq });
        }
    }
}

/// Where deltas can be had.
enum Source {
    Peer(PeerId),
    /// Those who have them have too much to do.
    Busy,
    /// Those who have them have dropped that part of their logs.
    Pruned,
    Nobody,
}

fn pulls_of(session: &crate::sync::engine::members::peer::ConnectedPeer) -> usize {
    session.pulls
}

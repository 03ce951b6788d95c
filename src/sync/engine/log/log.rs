//! Pulling: asking connected peers for the deltas that they have and this node lacks.
//!
//! For each origin one request is under way at a time, to one peer; the next one leaves when the response has come, while
//! that response is being applied. A peer that does not answer, goes away, or has dropped that part of its log is replaced
//! by another. What no log holds any more is left to reconciliation.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{PeerId, Run};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::io::EngineWait;
use crate::sync::engine::limits::{EARLY_MS_MAX, PULL_TIMEOUT_MS, PULLS_PER_PEER_MAX, RETRY_MS};
use crate::sync::engine::log::incoming::{IncomingRuns, QueuedRun};
use crate::sync::engine::log::withheld::Gaps;
use crate::sync::protocol::message::{EarlyOrigin, Message, Operation, SyncRequest, SyncResponse, WANTS_MAX, Want};

/// How far the deltas of an origin have come here, and what keeps them.
#[derive(Debug)]
pub(super) struct OriginPull {
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
    pub lost_fork: bool,
    /// No connected peer's log reaches back far enough.
    pub log_unavailable: bool,
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
struct Pull {
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
            lost_fork: false,
            log_unavailable: false,
            retry_ms: 0,
            signed_seq: 0,
            is_dropping: false,
            waiting_from: None,
            accused_by: None,
        }
    }

    /// Whether only a reconciliation can go on with it.
    pub fn is_stuck(&self) -> bool {
        self.log_unavailable || self.is_frozen || self.lost_fork
    }

    /// Whether deltas are neither asked for nor taken.
    pub fn is_paused(&self) -> bool {
        self.quarantine_ms.is_some() || self.is_frozen || self.log_unavailable || self.is_dropping
    }
}

/// How far the deltas of each origin have come, and those on their way here.
///
/// It has many methods, by subject in the files of this folder: all that is known of an origin decides together whether deltas of
/// it are asked for, taken, waited for or left to a reconciliation. The fields are seen by this folder alone.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Log {
    pub(super) origins: BTreeMap<PeerId, OriginPull>,
    /// Origins that somebody connected has more of.
    pub(super) wanted: BTreeSet<PeerId>,
    pulls: BTreeMap<u64, Pull>,
    pub(super) queue: IncomingRuns,
    pub(super) gaps: Gaps,
}

impl Log {
    /// A second story that nobody here tells any more keeps nothing back: ours is the one that all know. What clocks say of the
    /// origin stays in doubt.
    pub fn thaw(&mut self, core: &EngineCore) {
        let sessions = &core.peers;
        for (origin, state) in self.origins.iter_mut().filter(|(_, state)| state.is_frozen) {
            let mut active = sessions.values().filter(|session| !session.is_outdated);
            state.is_frozen = active.any(|session| session.known_seq(origin) > state.received);
        }
    }

    /// The number of the last delta of an origin in the log here.
    pub fn received_seq(&self, core: &EngineCore, origin: &PeerId) -> u64 {
        self.origins.get(origin).map_or_else(|| core.heads.seq(origin), |state| state.received)
    }

    pub(super) fn origin_mut(&mut self, core: &EngineCore, origin: &PeerId) -> &mut OriginPull {
        let received = core.heads.seq(origin);
        self.origins.entry(origin.clone()).or_insert_with(|| OriginPull::new(received))
    }

    /// Sends the requests for which there is a peer and room; whether something is lacking that no log gives.
    pub fn schedule_pulls(&mut self, core: &mut EngineCore) -> bool {
        if core.config.awaits_founder || self.wanted.is_empty() {
            return false;
        }
        let mut is_lacking = false;
        let under_way = self.pulls.len().saturating_mul(core.config.tuning.batch_bytes);
        let room = core.config.tuning.apply_queue_bytes.saturating_sub(self.queue.bytes());
        let mut free = room.saturating_sub(under_way).div_ceil(core.config.tuning.batch_bytes.max(1));
        let mut requests: BTreeMap<PeerId, Vec<Want>> = BTreeMap::new();
        let wanted: Vec<PeerId> = self.wanted.iter().cloned().collect();
        for origin in wanted {
            let state = self.origin_mut(core, &origin);
            let from_seq = state.next;
            if state.pull.is_some() || state.is_paused() || state.retry_ms > core.now_ms {
                continue;
            }
            match self.source_of(core, &origin, from_seq, &requests, free) {
                Source::Nobody => {
                    self.wanted.remove(&origin);
                }
                Source::Pruned => {
                    self.origin_mut(core, &origin).log_unavailable = true;
                    is_lacking = true;
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
            self.send_sync_request(core, peer, wants);
        }
        is_lacking
    }

    /// Who is asked for the deltas of an origin from a number on: of those who have them the one with the fewest requests.
    fn source_of(
        &mut self,
        core: &mut EngineCore,
        origin: &PeerId,
        from_seq: u64,
        requests: &BTreeMap<PeerId, Vec<Want>>,
        free: usize,
    ) -> Source {
        let has_more = core
            .peers
            .iter()
            .filter(|(_, session)| !session.is_outdated && session.known_seq(origin) >= from_seq)
            .collect::<Vec<_>>();
        if has_more.is_empty() || *origin == core.config.this {
            return Source::Nobody;
        }
        if has_more.iter().all(|(_, session)| session.has_pruned(origin, from_seq)) {
            return Source::Pruned;
        }
        let able = has_more.into_iter().filter(|(peer, session)| {
            let asked = requests.get(*peer).map_or(0, Vec::len);
            let has_room = if asked > 0 { asked < WANTS_MAX } else { free > 0 && session.pulls < PULLS_PER_PEER_MAX };
            has_room && !session.has_pruned(origin, from_seq) && session.is_trusted(origin, core.now_ms)
        });
        // A peer that is being asked anyway comes first: one request can want much.
        let cost = |(peer, session): &(&PeerId, &_)| (!requests.contains_key(*peer), pulls_of(session));
        let mut able: Vec<_> = able.map(|candidate| (cost(&candidate), candidate.0.clone())).collect();
        let Some(least) = able.iter().map(|(cost, _)| *cost).min() else { return Source::Busy };
        able.retain(|(cost, _)| *cost == least);
        core.random.choose(&mut able, 1);
        able.pop().map_or(Source::Busy, |(_, peer)| Source::Peer(peer))
    }

    fn send_sync_request(&mut self, core: &mut EngineCore, peer: PeerId, wants: Vec<Want>) {
        let number = core.next_number();
        for want in &wants {
            self.origin_mut(core, &want.origin).pull = Some(number);
        }
        if let Some(session) = core.peers.get_mut(&peer) {
            session.pulls += 1;
        }
        let bytes_max = u32::try_from(core.config.tuning.batch_bytes).unwrap_or(u32::MAX);
        core.send(&peer, Message::SyncRequest(SyncRequest { number, wants: wants.clone(), bytes_max }));
        core.wake_at(core.now_ms.saturating_add(PULL_TIMEOUT_MS));
        self.pulls.insert(number, Pull { peer, wants, sent_ms: core.now_ms });
    }

    /// Takes a request off the books; what it wanted may be asked for again.
    fn end_pull(&mut self, core: &mut EngineCore, number: u64) -> Option<Pull> {
        let pull = self.pulls.remove(&number)?;
        if let Some(session) = core.peers.get_mut(&pull.peer) {
            invariant!(session.pulls > 0, "a request that ends was counted");
            session.pulls = session.pulls.saturating_sub(1);
        }
        for want in &pull.wants {
            if let Some(state) = self.origins.get_mut(&want.origin).filter(|state| state.pull == Some(number)) {
                state.pull = None;
            }
        }
        Some(pull)
    }

    pub fn drop_pulls_of(&mut self, core: &mut EngineCore, peer: &PeerId) {
        let numbers: Vec<u64> =
            self.pulls.iter().filter(|(_, pull)| pull.peer == *peer).map(|(number, _)| *number).collect();
        for number in numbers {
            self.end_pull(core, number);
        }
    }

    pub fn on_sync_response(&mut self, core: &mut EngineCore, peer: &PeerId, response: SyncResponse) {
        // A response that comes too late is as good as a push.
        let pull = self.pulls.get(&response.number).is_some_and(|pull| pull.peer == *peer);
        let pull = if pull { self.end_pull(core, response.number) } else { None };
        let wants = pull.map(|pull| pull.wants).unwrap_or_default();
        let served = usize::try_from(response.served).unwrap_or(usize::MAX);
        for want in wants.iter().take(served) {
            let has_some = response.runs.iter().any(|run| run.origin == want.origin);
            let floor = response.pruned.iter().find(|pruned| pruned.origin == want.origin);
            let Some(session) = core.peers.get_mut(peer) else { return };
            if let Some(floor) = floor {
                // Whatever else it says, what was asked for is not there.
                let floor = floor.from_seq.max(want.from_seq.saturating_add(1));
                session.log_floors.insert(want.origin.clone(), floor);
            } else if !has_some {
                // It has not what it announced; should it get it, it will say so.
                let shown = session.known.insert(want.origin.clone(), want.from_seq.saturating_sub(1));
                self.unserved(core, peer, &want.origin, shown.unwrap_or(0));
            }
        }
        for run in response.runs {
            if core.takes_word_of(peer, &run.origin) {
                self.accept(core, peer, run, Vec::new());
            }
        }
        self.start_applies(core);
    }

    pub fn on_operation(&mut self, core: &mut EngineCore, peer: &PeerId, operation: Operation) {
        core.count_strange_origins(peer);
        for run in operation.runs {
            if !core.takes_word_of(peer, &run.origin) {
                continue;
            }
            let last = run.deltas.last().map_or(0, |delta| delta.seq);
            if let Some(session) = core.peers.get_mut(peer) {
                let known = session.known.entry(run.origin.clone()).or_default();
                *known = (*known).max(last);
            }
            self.accept(core, peer, run, operation.pushed_to.clone());
        }
        self.start_applies(core);
    }

    /// Queues those deltas of a run that follow what is here.
    fn accept(&mut self, core: &mut EngineCore, peer: &PeerId, mut run: Run, pushed_to: Vec<u32>) {
        let origin = run.origin.clone();
        let is_trusted = core.peers.get(peer).is_some_and(|session| session.is_trusted(&origin, core.now_ms));
        if origin == core.config.this || !is_trusted || core.config.awaits_founder {
            return;
        }
        let queue_bytes_max = core.config.tuning.apply_queue_bytes.saturating_mul(2);
        let has_room = self.queue.bytes() + run.bytes() <= queue_bytes_max || self.queue.bytes() == 0;
        let state = self.origin_mut(core, &origin);
        run.deltas.retain(|delta| delta.seq >= state.next);
        let (Some(first), Some(last)) = (run.deltas.first(), run.deltas.last()) else { return };
        if state.is_paused() || first.seq > state.next || !has_room {
            self.wanted.insert(origin);
            return;
        }
        state.next = last.seq.saturating_add(1);
        self.queue.push(QueuedRun { peer: peer.clone(), run, pushed_to });
    }

    pub fn tick_pulls(&mut self, core: &mut EngineCore) {
        let now_ms = core.now_ms;
        let is_late = |pull: &Pull| now_ms >= pull.sent_ms.saturating_add(PULL_TIMEOUT_MS);
        let late: Vec<u64> = self.pulls.iter().filter(|(_, pull)| is_late(pull)).map(|(number, _)| *number).collect();
        for number in late {
            let Some(pull) = self.end_pull(core, number) else { continue };
            for want in pull.wants {
                let Some(session) = core.peers.get_mut(&pull.peer) else { break };
                let shown = session.known_seq(&want.origin);
                session.distrusted.entry(want.origin.clone()).or_insert(now_ms.saturating_add(RETRY_MS));
                self.unserved(core, &pull.peer, &want.origin, shown);
            }
        }
        for session in core.peers.values_mut() {
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
        let refuted: Vec<PeerId> =
            self.origins.keys().filter(|origin| self.is_refuted(core, origin)).cloned().collect();
        refuted.iter().for_each(|origin| self.review_unsigned(core, origin));
        if let Some(wake_ms) = wake_ms {
            core.wake_at(wake_ms);
        }
    }

    /// What could not be asked for is looked at again soon.
    pub fn wake_for_wanted(&self, core: &mut EngineCore) {
        if self.is_wanting() {
            core.wake_at(core.now_ms.saturating_add(RETRY_MS));
        }
    }

    /// Whether a delta of an origin is not applied yet, and waits for its time, is on its way or can be had of somebody.
    pub fn comes_later(&self, core: &EngineCore, origin: &PeerId, seq: u64) -> bool {
        let applied = core.heads.seq(origin);
        let state = self.origins.get(origin);
        let next = state.map_or(applied.saturating_add(1), |state| state.next);
        if applied >= seq || *origin == core.config.this || state.is_some_and(OriginPull::is_stuck) {
            return false;
        }
        if let Some(due_ms) = state.and_then(|state| state.quarantine_ms) {
            return due_ms <= core.now_ms.saturating_add(EARLY_MS_MAX);
        }
        state.is_some_and(|state| state.pull.is_some())
            || self.queue.has(origin)
            || core.peers.values().any(|session| {
                !session.is_outdated
                    && session.known_seq(origin) > applied
                    && !session.has_pruned(origin, next)
                    && session.is_trusted(origin, core.now_ms)
            })
    }

    /// Origins of the runs that are being applied.
    pub fn applying(&self) -> BTreeSet<PeerId> {
        self.queue.applying().cloned().collect()
    }

    /// Whether anything that a peer sent is not applied yet.
    pub fn awaits_runs_of(&self, peer: &PeerId) -> bool {
        self.queue.waits_for(peer)
    }

    /// Whether nothing is asked for, on its way or being applied.
    pub fn is_idle(&self) -> bool {
        self.pulls.is_empty() && self.queue.is_empty()
    }

    /// Whether somebody connected has deltas that are not here.
    pub fn is_wanting(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Origins that only a reconciliation can go on with, each with the least number that a peer has to hold for that.
    pub fn stuck_origins(&self, core: &EngineCore) -> Vec<(PeerId, u64)> {
        let stuck = self.origins.iter().filter(|(_, state)| state.is_stuck());
        stuck
            .map(|(origin, state)| (origin.clone(), self.received_seq(core, origin) + u64::from(!state.lost_fork)))
            .collect()
    }

    pub fn is_stuck(&self) -> bool {
        self.origins.values().any(OriginPull::is_stuck)
    }

    /// Where deltas of an origin wait for the clock here.
    pub fn early_origin(&self, origin: &PeerId) -> Option<EarlyOrigin> {
        let state = self.origins.get(origin)?;
        Some(EarlyOrigin { seq: state.received.saturating_add(1), due_ms: state.quarantine_ms? })
    }

    /// Whether the database has proved that an origin signed two deltas with one number.
    pub fn is_frozen(&self, origin: &PeerId) -> bool {
        self.origins.get(origin).is_some_and(|state| state.is_frozen)
    }

    /// A head was taken over from a peer, with everything that it counts: what kept the origin back is over.
    pub fn head_adopted(&mut self, core: &mut EngineCore, origin: &PeerId) {
        let state = self.origin_mut(core, origin);
        (state.fork, state.is_frozen, state.lost_fork) = (None, false, false);
        self.start_over(core, origin);
        for session in core.peers.values_mut() {
            session.log_floors.remove(origin);
        }
    }

    /// Looks anew for peers whose logs reach back far enough: others are connected now, or less is needed.
    pub fn retry_unavailable(&mut self) {
        for (origin, state) in self.origins.iter_mut().filter(|(_, state)| state.log_unavailable) {
            state.log_unavailable = false;
            self.wanted.insert(origin.clone());
        }
    }

    /// Origins whose deltas are not taken for now, for people.
    pub fn paused(&self) -> Vec<EngineWait> {
        let waiting = self.origins.iter().filter_map(|(origin, state)| {
            let reason = if state.fork.is_some() || state.is_frozen {
                "its origin signed two deltas with one number"
            } else if state.quarantine_ms.is_some() {
                "its stamps lie in the future"
            } else if state.log_unavailable {
                "no connected member's log reaches back so far"
            } else {
                return None;
            };
            let (seq, due_ms) = (state.received.saturating_add(1), state.quarantine_ms);
            let seq = state.fork.unwrap_or(seq);
            Some(EngineWait { origin: origin.clone(), seq, reason: reason.into(), due_ms })
        });
        waiting.collect()
    }

    /// Whether deltas up to a number are here, or cannot be had now.
    pub fn is_pulled(&self, core: &EngineCore, origin: &PeerId, seq: u64) -> bool {
        if core.heads.seq(origin) >= seq {
            return true;
        }
        let state = self.origins.get(origin);
        let is_blocked = state.is_some_and(|state| state.quarantine_ms.is_some() || state.is_frozen);
        let has_source = core.peers.values().any(|session| {
            session.known_seq(origin) >= seq && !session.is_outdated && session.is_trusted(origin, core.now_ms)
        });
        is_blocked || !has_source
    }

    /// How many origins are kept, the bytes of runs that wait, for tests that hold them against bounds.
    #[cfg(test)]
    pub fn kept(&self) -> (usize, usize) {
        (self.origins.len().max(self.wanted.len()), self.queue.bytes())
    }

    /// Queues a run as if a peer had pushed it.
    #[cfg(test)]
    pub fn queue_run(&mut self, core: &mut EngineCore, peer: &PeerId, run: Run) {
        self.queue.push(QueuedRun { peer: peer.clone(), run, pushed_to: Vec::new() });
        self.start_applies(core);
    }

    /// Origins whose numbers say nothing: they may count other deltas at a peer than here.
    pub fn forked_origins(&self) -> BTreeSet<PeerId> {
        self.origins.keys().filter(|origin| self.is_forked(origin)).cloned().collect()
    }

    pub fn is_forked(&self, origin: &PeerId) -> bool {
        self.origins.get(origin).is_some_and(|state| state.fork.is_some() || state.is_frozen)
    }

    /// The origin has signed two deltas with one number.
    pub(super) fn forked(&mut self, core: &mut EngineCore, origin: &PeerId, seq: u64) {
        let state = self.origin_mut(core, origin);
        if state.fork.replace(seq) != Some(seq) {
            core.event(EngineEvent::Forked { origin: origin.clone(), seq });
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

fn pulls_of(session: &crate::sync::engine::core::ConnectedPeer) -> usize {
    session.pulls
}

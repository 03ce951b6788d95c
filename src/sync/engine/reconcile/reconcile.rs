//! Reconciliation: taking from a peer's public states what no log can give any more.
//!
//! One at a time. It begins where pulling found the logs of all connected peers pruned below what is needed, where this
//! node holds nothing and a peer a great deal, where a collection was attached late, and now and then as an audit. The
//! peer pins a view; the logs bring what they give of it (`log::log_first`); each collection that both have attached is walked
//! (`steps`); at the end the peer's heads are adopted: everything that they count is here now.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::error::Result;
use crate::model::{AdoptedHeads, Buckets, Head, HeadAdoption, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::limits::{
    BUSY_AUDITS, RECONCILE_RETRY_MS, RECONCILE_TIMEOUT_MS, RETURN_MS_MAX, STORY_DISTRUST_MS, Tuning,
};
use crate::sync::engine::log::log_first::Awaited;
use crate::sync::engine::log::pull::OriginPull;
use crate::sync::engine::reconcile::fill::Lacking;
use crate::sync::engine::reconcile::steps::CollectionWalk;
use crate::sync::engine::requests::{AdoptHeads, Request, VerifyHeads};
use crate::sync::protocol::message::{Message, ReconcileAnswer, ReconcileAsk, ReconcileRequest, ReconcileResponse};
use crate::sync::protocol::seeded_random::Random;

/// Why a reconciliation is under way, the most urgent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sync::engine) enum Reason {
    Audit,
    /// Collections are partial: what the peer holds of them is taken over, and its deltas are left to the logs.
    Fill,
    /// Something is lacking: what the peer holds is taken over with its heads.
    Needed,
}

/// Whether one is under way, and when the next may begin.
#[derive(Debug)]
pub(in crate::sync::engine) struct Reconciling {
    pub(in crate::sync::engine) running: Option<Reconciliation>,
    /// Deltas are lacking that no connected peer's log holds.
    pub is_needed: bool,
    /// Not before then, after a failure.
    retry_ms: u64,
    audit_ms: u64,
    /// Of each partial collection the numbers up to which deltas may be missing.
    pub(in crate::sync::engine) lacking: BTreeMap<String, Lacking>,
    /// Peers that were of no use, until when.
    avoided: BTreeMap<PeerId, u64>,
    /// Until then a node that returns gives nothing away.
    pub(super) return_ms: u64,
}

/// A request that is not answered yet.
#[derive(Clone, Copy, Debug)]
pub(in crate::sync::engine) struct PageRequest {
    number: u64,
    /// When it left, or when the one before it was answered.
    since_ms: u64,
    /// For a page behind one that may be the last.
    is_next_page: bool,
}

/// One under way.
#[derive(Debug)]
pub(in crate::sync::engine) struct Reconciliation {
    pub peer: PeerId,
    pub number: u64,
    pub reason: Reason,
    /// The requests under way: several only while pages follow one another.
    pub requests: VecDeque<PageRequest>,
    pub heads: Vec<Head>,
    /// Origins among them that had not begun to prove what they post.
    pub legacy: Arc<BTreeSet<PeerId>>,
    /// What the peer said with its heads of whole and partial collections, while these are being verified.
    pub opening: Option<(Vec<String>, Vec<String>)>,
    /// Collections that both have attached, with whether the peer holds everything of it that its heads cover.
    pub collections: VecDeque<(String, bool)>,
    /// Of ours those that the peer holds everything of.
    pub whole: Vec<String>,
    pub walk: Option<CollectionWalk>,
    /// What the logs are to bring before the first walk.
    pub awaited: Option<Awaited>,
    /// Our electorate when it began, and whether it is the peer's.
    pub members: u64,
    pub is_of_one_mind: bool,
    /// The buckets that are compared, and those that the peer has to hold.
    pub within: Buckets,
    pub held_there: Buckets,
    /// Writes to the database under way.
    pub writes: usize,
    pub is_adopting: bool,
    pub entries: u64,
    /// Entries from the future, which were left there.
    pub early: u64,
    pub bytes: u64,
}

impl Reconciliation {
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
            return_ms: now_ms.saturating_add(RETURN_MS_MAX),
        }
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
    pub(in crate::sync::engine) fn consider_reconciling(&mut self) {
        let now_ms = self.now_ms;
        if self.reconciling.is_running() {
            return self.go_on_after_log();
        }
        // What others hold is being dropped by a list of members that may not be the present one.
        if self.is_retired || self.is_evicting() || self.config.awaits_founder {
            return;
        }
        if now_ms < self.reconciling.retry_ms {
            return self.wake_at(self.reconciling.retry_ms);
        }
        let found = self.candidate().or_else(|| self.auditee());
        if let Some((peer, reason)) = found {
            self.reconcile_with(peer, reason);
        }
    }

    /// A peer to take over from what is lacking, first of all what keeps deltas from being pulled.
    fn candidate(&mut self) -> Option<(PeerId, Reason)> {
        let is_newcomer = self.heads.iter().all(|head| head.origin == self.config.this);
        let is_partial = !self.config.partial.is_empty();
        let is_returning = self.config.is_returning;
        if !self.reconciling.is_needed && !is_newcomer && !is_partial && !is_returning {
            return None;
        }
        let held: Vec<(&PeerId, u64)> = self
            .origins
            .iter()
            .filter(|(_, state)| state.is_stuck())
            .map(|(origin, state)| (origin, self.received_seq(origin) + u64::from(!state.is_outdone)))
            .collect();
        self.reconciling.is_needed &= !held.is_empty();
        let mut candidates = Vec::new();
        for (peer, session) in self.sessions.iter().filter(|(_, session)| !session.is_outdated) {
            let is_avoided = self.reconciling.avoided.get(peer).is_some_and(|until_ms| *until_ms > self.now_ms);
            let has_held = held.iter().any(|(origin, least)| session.known_seq(origin) >= *least);
            let of_others = session.known.iter().filter(|(origin, _)| **origin != self.config.this);
            let deltas = of_others.fold(0, |sum: u64, (_, seq)| sum.saturating_add(*seq));
            let ours = &self.config.collections;
            let shared = ours.iter().filter(|ours| session.collections.contains(&ours.name)).count();
            // The log gives what the peer has posted of a collection that it has detached since; its states do not.
            let has_all = session.has_told_all && shared == ours.len();
            let is_far_ahead = is_newcomer && has_all && deltas >= self.config.tuning.snapshot_deltas_min;
            let has_more = |name: &String| !self.reconciling.is_compared(name, peer);
            let fills = session.has_told_all && self.config.partial.iter().any(has_more);
            let reason = match has_held || is_far_ahead {
                true => Some(Reason::Needed),
                false if fills => Some(Reason::Fill),
                false => (is_returning && has_all).then_some(Reason::Audit),
            };
            if let Some(reason) = reason.filter(|_| !is_avoided) {
                candidates.push((reason, shared, peer.clone()));
            }
        }
        let most = candidates.iter().map(|(reason, shared, _)| (*reason, *shared)).max()?;
        candidates.retain(|(reason, shared, _)| (*reason, *shared) == most);
        self.random.choose(&mut candidates, 1);
        candidates.pop().map(|(reason, _, peer)| (peer, reason))
    }

    /// A peer to compare with when it is time to and nothing else is to be done.
    fn auditee(&mut self) -> Option<(PeerId, Reason)> {
        let is_idle = self.wanted.is_empty() && self.queue.is_empty() && self.pulls.is_empty();
        // Whoever shows what it never gives must not keep this node from comparing itself with others.
        let patience_ms = self.config.tuning.audit_interval_ms.saturating_mul(if is_idle { 0 } else { BUSY_AUDITS });
        if self.now_ms < self.reconciling.audit_ms.saturating_add(patience_ms) {
            return None;
        }
        let mut peers = self.active_peers();
        self.random.choose(&mut peers, 1);
        self.reconciling.audit_ms = self.now_ms.saturating_add(self.config.tuning.audit_interval_ms);
        peers.pop().map(|peer| (peer, Reason::Audit))
    }

    fn reconcile_with(&mut self, peer: PeerId, reason: Reason) {
        self.note_lacking(false);
        let (number, members) = (self.next_number(), self.electorate());
        self.event(EngineEvent::ReconciliationBegan { peer: peer.clone() });
        self.reconciling.running = Some(Reconciliation {
            peer,
            number,
            reason,
            requests: VecDeque::new(),
            heads: Vec::new(),
            legacy: Arc::default(),
            opening: None,
            collections: VecDeque::new(),
            whole: Vec::new(),
            walk: None,
            awaited: None,
            members,
            is_of_one_mind: false,
            within: Buckets::all(),
            held_there: Buckets::all(),
            writes: 0,
            is_adopting: false,
            entries: 0,
            early: 0,
            bytes: 0,
        });
        let copies = self.copies().unwrap_or(0);
        self.reconcile_ask(ReconcileAsk::Open { members, copies, is_filling: reason != Reason::Audit });
    }

    /// Sends the next request of the one under way.
    pub(super) fn reconcile_ask(&mut self, ask: ReconcileAsk) {
        let (now_ms, number) = (self.now_ms, self.next_number());
        let Some(running) = self.reconciling.running.as_mut() else { return };
        let is_next_page = matches!(ask, ReconcileAsk::NextPage { .. });
        running.requests.push_back(PageRequest { number, since_ms: now_ms, is_next_page });
        let peer = running.peer.clone();
        self.wake_at(now_ms.saturating_add(RECONCILE_TIMEOUT_MS));
        self.send(&peer, Message::ReconcileRequest(ReconcileRequest { number, ask }));
    }

    /// Asks something of the database for the one under way, which goes on with the reply unless `done` says that it cannot.
    pub(super) fn request_for_reconciliation<R: Request>(
        &mut self,
        request: R,
        done: impl FnOnce(&mut Engine, R::Reply) -> bool + Send + 'static,
    ) {
        let number = |engine: &Engine| engine.reconciling.running.as_ref().map(|running| running.number);
        let run = number(self);
        if run.is_none() {
            return;
        }
        self.request(request, move |engine, reply| {
            // Not of one that has ended meanwhile.
            if number(engine) != run {
                return;
            }
            if !done(engine, reply) {
                return engine.reconcile_failed();
            }
            engine.step();
        });
    }

    pub(in crate::sync::engine) fn reconcile_response(
        &mut self,
        peer: &PeerId,
        response: ReconcileResponse,
        bytes: usize,
    ) {
        let Some(running) = self.reconciling.running.as_mut().filter(|running| running.peer == *peer) else { return };
        // A peer answers in the order in which it was asked.
        let Some(request) = running.requests.pop_front_if(|request| request.number == response.number) else { return };
        if let Some(next) = running.requests.front_mut() {
            next.since_ms = self.now_ms;
        }
        running.bytes = running.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        match response.answer {
            ReconcileAnswer::View { heads, whole, partial, members, copies }
                if running.walk.is_none() && running.heads.is_empty() && running.opening.is_none() =>
            {
                running.opening = Some((whole, partial));
                if !self.spread_known(members, copies) {
                    return self.reconcile_failed();
                }
                self.request_for_reconciliation(VerifyHeads { heads }, Engine::on_verify_view_done);
            }
            answer => {
                if !self.step_answered(answer, request.is_next_page) {
                    return self.reconcile_failed();
                }
            }
        }
        self.step();
    }

    /// Works out which buckets are compared, and which the peer has to hold; false where that cannot be known and would have
    /// to be.
    fn spread_known(&mut self, members: u64, copies: u32) -> bool {
        let own = self.own_share();
        let Some(running) = self.reconciling.running.as_ref() else { return false };
        let (reason, is_of_one_mind) = (running.reason, running.members == members);
        let is_spread = copies > 0 || self.copies().is_some();
        // Where the lists of members differ, nobody knows the other's share: only what cannot wait goes on, with everything.
        if is_spread && !is_of_one_mind && reason != Reason::Needed {
            return false;
        }
        let theirs = self.share_of(&running.peer.clone(), copies);
        let Some(running) = self.reconciling.running.as_mut() else { return false };
        running.is_of_one_mind = is_of_one_mind;
        if is_of_one_mind {
            running.within = if reason == Reason::Audit { own.and(&theirs) } else { own };
            running.held_there = theirs;
        } else if is_spread {
            running.held_there = if copies == 0 { Buckets::all() } else { Buckets::none() };
        }
        true
    }

    /// What was read to be compared; nothing where that failed.
    pub(in crate::sync::engine) fn compared<T>(&mut self, result: Result<T>) -> Option<T> {
        result.inspect_err(|error| self.failed("comparing with a peer", error)).ok()
    }

    /// Something was written for the one under way.
    pub(in crate::sync::engine) fn on_write_done(&mut self, result: Result<u64>) -> bool {
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
        if self.reconciling.running.as_ref().is_some_and(|running| running.early > 0) {
            // Not all that its heads count is here; what is early may come when it is due.
            return self.reconcile_failed();
        }
        let this = self.config.this.clone();
        if let Some(running) = self.reconciling.running.as_mut() {
            running.is_adopting = true;
        }
        let own_share = self.own_share();
        let Some(running) = self.reconciling.running.as_ref() else { return };
        let heads = if running.reason == Reason::Needed { running.heads.clone() } else { Vec::new() };
        let heads: Vec<Head> = heads.into_iter().filter(|head| head.origin != this).collect();
        let moves = heads.iter().any(|head| head.seq > self.heads.seq(&head.origin));
        let names = self.config.collections.iter().map(|collection| &collection.name);
        let names: Vec<String> = names.cloned().collect();
        let peer = running.peer.clone();
        let is_compared_whole = running.whole.len() == names.len();
        let has_share: Vec<String> = match running.held_there.cover(&own_share) {
            true => running.whole.clone(),
            false => Vec::new(),
        };
        self.note_compared(&peer);
        // What the peer does not hold either is not covered by its heads here.
        let is_partial = |name: &String| match self.config.partial.contains(name) {
            true => !self.is_filled(name, &has_share),
            false => moves && !has_share.contains(name),
        };
        let partial: Vec<String> = names.iter().filter(|name| is_partial(name)).cloned().collect();
        let number = self.next_number();
        self.send(&peer, Message::ReconcileRequest(ReconcileRequest { number, ask: ReconcileAsk::Close }));
        let placement = self.placement_when_whole(&partial);
        if let Some(placement) = &placement {
            self.place(placement.clone());
        }
        let ends_return = self.config.is_returning && is_compared_whole;
        let adoption = HeadAdoption { heads, partial: partial.clone(), known: names };
        let request = AdoptHeads { adoption, placement, ends_return };
        self.request_for_reconciliation(request, Engine::on_adopt_heads_done);
        self.config.partial = partial;
    }

    fn on_adopt_heads_done(&mut self, result: Result<AdoptedHeads>) -> bool {
        let AdoptedHeads { heads, partial } = match result {
            Ok(adopted) => adopted,
            Err(error) => {
                self.failed("adopting heads", &error);
                return false;
            }
        };
        let Some(running) = self.reconciling.running.take() else { return true };
        self.config.is_returning &= running.whole.len() != self.config.collections.len();
        // Something may have been attached since, which this engine has not heard of yet.
        self.config
            .partial
            .extend(partial.into_iter().filter(|name| !self.config.partial.contains(name)).collect::<Vec<_>>());
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
        let is_stuck = self.origins.values().any(OriginPull::is_stuck);
        if running.reason == Reason::Needed && moved.is_empty() {
            // The same again would come to the same.
            let wait_ms = if is_stuck { STORY_DISTRUST_MS } else { RECONCILE_RETRY_MS };
            self.avoid(&running.peer, self.now_ms.saturating_add(wait_ms));
        }
        if !whole {
            // Somebody else may hold the rest.
            let knows_all = self.config.partial.iter().all(|name| self.reconciling.is_compared(name, &running.peer));
            let wait_ms = if knows_all { self.config.tuning.audit_interval_ms } else { RECONCILE_RETRY_MS };
            self.avoid(&running.peer, self.now_ms.saturating_add(wait_ms));
        }
        self.event(EngineEvent::ReconciliationEnded { peer: running.peer, entries, bytes, whole });
        // What this peer did not have somebody else may.
        self.reconciling.is_needed = is_stuck;
        self.reconciling.audit_ms = self.now_ms.saturating_add(self.config.tuning.audit_interval_ms);
        self.release_held();
        self.schedule_pulls();
        self.check_exchanges();
        true
    }

    fn avoid(&mut self, peer: &PeerId, until_ms: u64) {
        let now_ms = self.now_ms;
        self.reconciling.avoided.retain(|_, until_ms| *until_ms > now_ms);
        self.reconciling.avoided.insert(peer.clone(), until_ms);
    }

    /// The one under way ends; it is tried again later, with another peer where there is one.
    pub(in crate::sync::engine) fn reconcile_failed(&mut self) {
        let Some(running) = self.reconciling.running.take() else { return };
        self.reconciling.retry_ms = self.now_ms.saturating_add(RECONCILE_RETRY_MS);
        self.wake_at(self.reconciling.retry_ms);
        self.avoid(&running.peer, self.now_ms.saturating_add(RECONCILE_RETRY_MS.saturating_mul(2)));
        let is_member = !self.config.removed.contains(&running.peer);
        if is_member && self.sessions.get(&running.peer).is_some_and(|session| !session.is_outdated) {
            let number = self.next_number();
            self.send(&running.peer, Message::ReconcileRequest(ReconcileRequest { number, ask: ReconcileAsk::Close }));
        }
        self.release_held();
    }

    /// Looks anew for peers whose logs reach back far enough: others are connected now, or less is needed.
    pub(in crate::sync::engine) fn release_held(&mut self) {
        for (origin, state) in self.origins.iter_mut().filter(|(_, state)| state.is_held) {
            state.is_held = false;
            self.wanted.insert(origin.clone());
        }
    }

    pub(in crate::sync::engine) fn tick_reconciling(&mut self) {
        self.thaw();
        if self.is_log_late() {
            self.reconcile_failed();
        }
        let late = self.reconciling.running.as_ref().and_then(|running| running.requests.front().copied());
        if let Some(PageRequest { since_ms, .. }) = late {
            let late_ms = since_ms.saturating_add(RECONCILE_TIMEOUT_MS);
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

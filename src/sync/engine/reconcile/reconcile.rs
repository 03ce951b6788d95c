//! RunningReconciliation: taking from a peer's public states what no log can give any more.
//!
//! One at a time. It begins where pulling found the logs of all connected peers pruned below what is needed, where this
//! node holds nothing and a peer a great deal, where a collection was attached late, and now and then as an audit. The
//! peer pins a view; the logs bring what they give of it (`log::log_first`); each collection that both have attached is walked
//! (`steps`); at the end the peer's heads are adopted: everything that they count is here now.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::error::Result;
use crate::model::{AdoptedHeads, Buckets, Head, HeadAdoption, PeerId, Placement};
use crate::sync::engine::core::{EngineCore, EngineEffect};
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::limits::{
    BUSY_AUDITS, RECONCILE_RETRY_MS, RECONCILE_TIMEOUT_MS, RETURN_MS_MAX, STORY_DISTRUST_MS, Tuning,
};
use crate::sync::engine::log::log::Log;
use crate::sync::engine::reconcile::confirm::Unconfirmed;
use crate::sync::engine::reconcile::fill::Lacking;
use crate::sync::engine::reconcile::running::{PageRequest, Reason, RunningReconciliation};
use crate::sync::engine::requests::{AdoptHeads, Request, VerifyHeads};
use crate::sync::protocol::message::{Message, ReconcileAnswer, ReconcileAsk, ReconcileRequest, ReconcileResponse};
use crate::sync::protocol::seeded_random::Random;

/// Whether one is under way, and when the next may begin. Its methods lie by subject in the files of this folder, which alone
/// sees the fields; the engine uses a dozen of them.
#[derive(Debug)]
pub(in crate::sync::engine) struct Reconciliation {
    pub(super) running: Option<RunningReconciliation>,
    /// Deltas are lacking that no connected peer's log holds.
    is_needed: bool,
    /// Not before then, after a failure.
    retry_ms: u64,
    audit_ms: u64,
    /// Of each partial collection the numbers up to which deltas may be missing.
    pub(super) lacking: BTreeMap<String, Lacking>,
    /// What one member alone has vouched for.
    pub(super) unconfirmed: Option<Unconfirmed>,
    /// Peers that were of no use, until when.
    avoided: BTreeMap<PeerId, u64>,
    /// Until then a node that returns gives nothing away.
    return_ms: u64,
}

impl Reconciliation {
    pub fn new(tuning: &Tuning, random: &mut Random, now_ms: u64) -> Self {
        // Spread out, so that the nodes of a network do not all audit at once.
        let first_ms = tuning.audit_interval_ms / 2 + random.below(tuning.audit_interval_ms.max(1));
        Reconciliation {
            running: None,
            is_needed: false,
            retry_ms: 0,
            audit_ms: now_ms.saturating_add(first_ms),
            lacking: BTreeMap::new(),
            unconfirmed: None,
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

    /// Something is lacking that no log can bring.
    pub fn need(&mut self) {
        self.is_needed = true;
    }

    /// Whether a node that returns gives nothing away, since it has not been compared with a member.
    pub fn is_closed(&self, core: &EngineCore) -> bool {
        core.config.is_returning && core.now_ms < self.return_ms
    }

    /// Whether pulling waits for it: what is being taken over as states need not come as deltas as well.
    pub fn holds_pulls(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.reason == Reason::Needed)
    }
}

impl Reconciliation {
    /// Begins one where there is reason to, but while what others hold `is_evicting` here.
    pub fn consider_reconciling(&mut self, core: &mut EngineCore, log: &mut Log, is_evicting: bool) {
        let now_ms = core.now_ms;
        if self.is_running() {
            return self.go_on_after_log(core, log);
        }
        // What others hold is being dropped by a list of members that may not be the present one.
        if core.is_retired || is_evicting || core.config.awaits_founder {
            return;
        }
        if now_ms < self.retry_ms {
            return core.wake_at(self.retry_ms);
        }
        let found = self.candidate(core, log).or_else(|| self.auditee(core, log));
        if let Some((peer, reason)) = found {
            self.reconcile_with(core, log, peer, reason);
        }
    }

    /// A peer to take over from what is lacking, first of all what keeps deltas from being pulled.
    fn candidate(&mut self, core: &mut EngineCore, log: &Log) -> Option<(PeerId, Reason)> {
        let is_newcomer = core.heads.iter().all(|head| head.origin == core.config.this);
        let is_partial = !core.config.partial.is_empty();
        let is_returning = core.config.is_returning;
        if !self.is_needed && !is_newcomer && !is_partial && !is_returning {
            return None;
        }
        let held = log.stuck_origins(core);
        self.is_needed &= !held.is_empty();
        let mut candidates = Vec::new();
        for (peer, session) in core.peers.iter().filter(|(_, session)| !session.is_outdated) {
            let is_avoided = self.is_avoided(core, peer);
            let has_held = held.iter().any(|(origin, least)| session.known_seq(origin) >= *least);
            let of_others = session.known.iter().filter(|(origin, _)| **origin != core.config.this);
            let deltas = of_others.fold(0, |sum: u64, (_, seq)| sum.saturating_add(*seq));
            let ours = &core.config.collections;
            let shared = ours.iter().filter(|ours| session.collections.contains(&ours.name)).count();
            // The log gives what the peer has posted of a collection that it has detached since; its states do not.
            let has_all = session.has_told_all && shared == ours.len();
            let is_far_ahead = is_newcomer && has_all && deltas >= core.config.tuning.snapshot_deltas_min;
            let has_more = |name: &String| !self.is_compared(name, peer);
            let is_heard_of = |name: &&String| core.has_attached(name);
            let fills = session.has_told_all && core.config.partial.iter().filter(is_heard_of).any(has_more);
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
        core.random.choose(&mut candidates, 1);
        candidates.pop().map(|(reason, _, peer)| (peer, reason))
    }

    /// A peer to compare with when it is time to and nothing else is to be done.
    fn auditee(&mut self, core: &mut EngineCore, log: &Log) -> Option<(PeerId, Reason)> {
        if let Some(witness) = self.witness(core) {
            return Some((witness, Reason::Audit));
        }
        let is_idle = log.is_idle() && !log.is_wanting();
        // Whoever shows what it never gives must not keep this node from comparing itself with others.
        let patience_ms = core.config.tuning.audit_interval_ms.saturating_mul(if is_idle { 0 } else { BUSY_AUDITS });
        if core.now_ms < self.audit_ms.saturating_add(patience_ms) {
            return None;
        }
        let mut peers = core.active_peers();
        core.random.choose(&mut peers, 1);
        self.audit_ms = core.now_ms.saturating_add(core.config.tuning.audit_interval_ms);
        peers.pop().map(|peer| (peer, Reason::Audit))
    }

    fn reconcile_with(&mut self, core: &mut EngineCore, log: &Log, peer: PeerId, reason: Reason) {
        self.note_lacking(core, log, false);
        let (number, members) = (core.next_number(), core.electorate());
        core.event(EngineEvent::ReconciliationBegan { peer: peer.clone() });
        self.running = Some(RunningReconciliation {
            peer,
            number,
            reason,
            requests: VecDeque::new(),
            heads: Vec::new(),
            legacy: Arc::default(),
            opening: None,
            collections: VecDeque::new(),
            whole: Vec::new(),
            attached: Vec::new(),
            walk: None,
            awaited: None,
            members,
            same_membership: false,
            within: Buckets::all(),
            held_there: Buckets::all(),
            writes: 0,
            is_adopting: false,
            entries: 0,
            early: 0,
            bytes: 0,
        });
        let copies = core.copies().unwrap_or(0);
        self.send_reconcile_request(core, ReconcileAsk::Open { members, copies, is_filling: reason != Reason::Audit });
    }

    /// Sends the next request of the one under way.
    pub(super) fn send_reconcile_request(&mut self, core: &mut EngineCore, ask: ReconcileAsk) {
        let (now_ms, number) = (core.now_ms, core.next_number());
        let Some(running) = self.running.as_mut() else { return };
        let is_next_page = matches!(ask, ReconcileAsk::NextPage { .. });
        running.requests.push_back(PageRequest { number, since_ms: now_ms, is_next_page });
        let peer = running.peer.clone();
        core.wake_at(now_ms.saturating_add(RECONCILE_TIMEOUT_MS));
        core.send(&peer, Message::ReconcileRequest(ReconcileRequest { number, ask }));
    }

    /// Asks something of the database for the one under way, which goes on with the reply unless `done` says that it cannot.
    pub(super) fn request<R: Request>(
        &mut self,
        core: &mut EngineCore,
        request: R,
        done: fn(&mut Reconciliation, &mut EngineCore, &mut Log, R::Reply) -> bool,
    ) {
        let Some(run) = self.running.as_ref().map(|running| running.number) else { return };
        core.request(request, move |engine, reply| {
            let done = |this: &mut Reconciliation, core: &mut _, log: &mut _| done(this, core, log, reply);
            engine.reconciliation.on_request_done(&mut engine.core, &mut engine.log, run, done);
        });
    }

    fn on_request_done(
        &mut self,
        core: &mut EngineCore,
        log: &mut Log,
        run: u64,
        done: impl FnOnce(&mut Reconciliation, &mut EngineCore, &mut Log) -> bool,
    ) {
        // Not of one that has ended meanwhile.
        if self.running.as_ref().is_none_or(|running| running.number != run) {
            return;
        }
        if !done(self, core, log) {
            return self.reconcile_failed(core, log);
        }
        self.step(core, log);
    }

    pub fn on_reconcile_response(
        &mut self,
        core: &mut EngineCore,
        log: &mut Log,
        peer: &PeerId,
        response: ReconcileResponse,
        bytes: usize,
    ) {
        let Some(running) = self.running.as_mut().filter(|running| running.peer == *peer) else { return };
        // A peer answers in the order in which it was asked.
        let Some(request) = running.requests.pop_front_if(|request| request.number == response.number) else { return };
        if let Some(next) = running.requests.front_mut() {
            next.since_ms = core.now_ms;
        }
        running.bytes = running.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        match response.answer {
            ReconcileAnswer::View { heads, whole, partial, members, copies }
                if running.walk.is_none() && running.heads.is_empty() && running.opening.is_none() =>
            {
                running.opening = Some((whole, partial));
                if !self.spread_known(core, members, copies) {
                    return self.reconcile_failed(core, log);
                }
                self.request(core, VerifyHeads { heads }, Reconciliation::on_verify_view_done);
            }
            answer => {
                if !self.on_step_answered(core, log, answer, request.is_next_page) {
                    return self.reconcile_failed(core, log);
                }
            }
        }
        self.step(core, log);
    }

    /// Works out which buckets are compared, and which the peer has to hold; false where that cannot be known and would have
    /// to be.
    fn spread_known(&mut self, core: &mut EngineCore, members: u64, copies: u32) -> bool {
        let own = core.own_share();
        let Some(running) = self.running.as_ref() else { return false };
        let (reason, same_membership) = (running.reason, running.members == members);
        let is_spread = copies > 0 || core.copies().is_some();
        // Where the lists of members differ, nobody knows the other's share: only what cannot wait goes on, with everything.
        if is_spread && !same_membership && reason != Reason::Needed {
            return false;
        }
        let theirs = core.share_of(&running.peer.clone(), copies);
        let Some(running) = self.running.as_mut() else { return false };
        running.same_membership = same_membership;
        if same_membership {
            running.within = if reason == Reason::Audit { own.and(&theirs) } else { own };
            running.held_there = theirs;
        } else if is_spread {
            running.held_there = if copies == 0 { Buckets::all() } else { Buckets::none() };
        }
        true
    }

    /// What was read to be compared; nothing where that failed.
    pub(super) fn compared<T>(&mut self, core: &mut EngineCore, result: Result<T>) -> Option<T> {
        result.inspect_err(|error| core.failed("comparing with a peer", error)).ok()
    }

    /// Something was written for the one under way.
    pub(super) fn on_write_done(&mut self, core: &mut EngineCore, _: &mut Log, result: Result<u64>) -> bool {
        match result {
            Ok(count) => {
                if let Some(running) = self.running.as_mut() {
                    invariant!(running.writes > 0, "what is written was begun");
                    running.writes = running.writes.saturating_sub(1);
                    running.entries = running.entries.saturating_add(count);
                }
                true
            }
            Err(error) => {
                core.failed("taking over a peer's entries", &error);
                false
            }
        }
    }

    /// All collections are through: the peer's heads are ours now. An audit leaves them to pulling, which fills the log.
    pub(super) fn adopt(&mut self, core: &mut EngineCore, log: &mut Log) {
        if self.running.as_ref().is_some_and(|running| running.early > 0) {
            // Not all that its heads count is here; what is early may come when it is due.
            return self.reconcile_failed(core, log);
        }
        let this = core.config.this.clone();
        if let Some(running) = self.running.as_mut() {
            running.is_adopting = true;
        }
        let own_share = core.own_share();
        let Some(running) = self.running.as_ref() else { return };
        let mut heads = if running.reason == Reason::Needed { running.heads.clone() } else { Vec::new() };
        let mut strangers = core.origins_left();
        let is_taken = |head: &Head| {
            let is_any = core.is_any(&head.origin);
            let has_room = is_any || strangers > 0;
            strangers = strangers.saturating_sub(usize::from(!is_any));
            head.origin != this && has_room
        };
        heads.retain(is_taken);
        let moves = heads.iter().any(|head| head.seq > core.heads.seq(&head.origin));
        let names = core.config.collections.iter().map(|collection| &collection.name);
        let names: Vec<String> = names.cloned().collect();
        let peer = running.peer.clone();
        let is_compared_whole = running.whole.len() == names.len();
        let has_share: Vec<String> = match running.held_there.cover(&own_share) {
            true => running.whole.clone(),
            false => Vec::new(),
        };
        self.note_compared(&peer);
        self.note_confirmed(core);
        // What the peer does not hold either is not covered by its heads here.
        let is_partial = |name: &String| match core.config.partial.contains(name) {
            true => !self.is_filled(core, name, &has_share),
            false => moves && !has_share.contains(name),
        };
        let partial: Vec<String> = names.iter().filter(|name| is_partial(name)).cloned().collect();
        let number = core.next_number();
        core.send(&peer, Message::ReconcileRequest(ReconcileRequest { number, ask: ReconcileAsk::Close }));
        let placement = placement_when_whole(core, &partial);
        if let Some(placement) = &placement {
            core.place(placement.clone());
        }
        let ends_return = core.config.is_returning && is_compared_whole;
        let adoption = HeadAdoption { heads, partial: partial.clone(), known: names };
        let request = AdoptHeads { adoption, placement, ends_return };
        self.request(core, request, Reconciliation::on_adopt_heads_done);
        core.config.partial = partial;
    }

    fn on_adopt_heads_done(&mut self, core: &mut EngineCore, log: &mut Log, result: Result<AdoptedHeads>) -> bool {
        let AdoptedHeads { heads, partial } = match result {
            Ok(adopted) => adopted,
            Err(error) => {
                core.failed("adopting heads", &error);
                return false;
            }
        };
        let Some(running) = self.running.take() else { return true };
        core.config.is_returning &= running.whole.len() != core.config.collections.len();
        // Something may have been attached since, which this engine has not heard of yet.
        core.config
            .partial
            .extend(partial.into_iter().filter(|name| !core.config.partial.contains(name)).collect::<Vec<_>>());
        let mut moved = Vec::new();
        let is_adopted = |head: &&Head| running.reason == Reason::Needed && head.seq > core.heads.seq(&head.origin);
        let adopted: Vec<Head> = heads.iter().filter(is_adopted).cloned().collect();
        self.note_adopted(core, &running.peer, &adopted);
        for head in heads {
            let origin = head.origin.clone();
            if log.advance(core, head).is_some() {
                moved.push(origin);
            }
        }
        for origin in &moved {
            log.head_adopted(core, origin);
        }
        self.note_lacking(core, log, !moved.is_empty());
        let (entries, bytes, whole) = (running.entries, running.bytes, core.config.partial.is_empty());
        let is_stuck = log.is_stuck();
        if running.reason == Reason::Needed && moved.is_empty() {
            // The same again would come to the same.
            let wait_ms = if is_stuck { STORY_DISTRUST_MS } else { RECONCILE_RETRY_MS };
            self.avoid(core, &running.peer, core.now_ms.saturating_add(wait_ms));
        }
        // What was attached meanwhile nobody has been asked for: that need not wait. What this engine never hears of, since its shape is
        // not the network's, gives no reason.
        let is_new = |name: &String| core.has_attached(name) && !running.attached.contains(name);
        let is_overtaken = core.config.partial.iter().any(is_new);
        if !whole && !is_overtaken {
            // Somebody else may hold the rest.
            let knows_all = core.config.partial.iter().all(|name| self.is_compared(name, &running.peer));
            let wait_ms = if knows_all { core.config.tuning.audit_interval_ms } else { RECONCILE_RETRY_MS };
            self.avoid(core, &running.peer, core.now_ms.saturating_add(wait_ms));
        }
        core.event(EngineEvent::ReconciliationEnded { peer: running.peer, entries, bytes, whole });
        // What this peer did not have somebody else may.
        self.is_needed = is_stuck;
        self.audit_ms = core.now_ms.saturating_add(core.config.tuning.audit_interval_ms);
        log.retry_unavailable();
        core.effect(EngineEffect::PullsDue);
        core.effect(EngineEffect::ExchangesDue);
        true
    }

    /// Whoever was of no use may hold something of what has been attached since.
    pub fn collections_attached(&mut self) {
        self.avoided.clear();
    }

    pub(super) fn is_avoided(&self, core: &EngineCore, peer: &PeerId) -> bool {
        self.avoided.get(peer).is_some_and(|until_ms| *until_ms > core.now_ms)
    }

    pub(super) fn avoid(&mut self, core: &EngineCore, peer: &PeerId, until_ms: u64) {
        let now_ms = core.now_ms;
        self.avoided.retain(|_, until_ms| *until_ms > now_ms);
        self.avoided.insert(peer.clone(), until_ms);
    }

    /// The one under way ends; it is tried again later, with another peer where there is one.
    pub fn reconcile_failed(&mut self, core: &mut EngineCore, log: &mut Log) {
        let Some(running) = self.running.take() else { return };
        self.retry_ms = core.now_ms.saturating_add(RECONCILE_RETRY_MS);
        core.wake_at(self.retry_ms);
        self.avoid(core, &running.peer, core.now_ms.saturating_add(RECONCILE_RETRY_MS.saturating_mul(2)));
        let is_member = !core.config.removed.contains(&running.peer);
        if is_member && core.active(&running.peer).is_some() {
            let number = core.next_number();
            core.send(&running.peer, Message::ReconcileRequest(ReconcileRequest { number, ask: ReconcileAsk::Close }));
        }
        log.retry_unavailable();
    }

    pub fn tick_reconciling(&mut self, core: &mut EngineCore, log: &mut Log, is_evicting: bool) {
        log.thaw(core);
        self.review_confirmation(core);
        if self.is_log_late(core) {
            self.reconcile_failed(core, log);
        }
        let late = self.running.as_ref().and_then(|running| running.requests.front().copied());
        if let Some(PageRequest { since_ms, .. }) = late {
            let late_ms = since_ms.saturating_add(RECONCILE_TIMEOUT_MS);
            if core.now_ms >= late_ms {
                self.reconcile_failed(core, log);
            } else {
                core.wake_at(late_ms);
            }
        }
        self.consider_reconciling(core, log, is_evicting);
        if !self.is_running() {
            let now_ms = core.now_ms;
            let timers = self.avoided.values().chain([&self.audit_ms, &self.retry_ms]);
            if let Some(next_ms) = timers.copied().filter(|at_ms| *at_ms > now_ms).min() {
                core.wake_at(next_ms);
            }
        }
    }
}

/// The placement as it is once everything lacking has been filled in; `None` where that changes nothing.
fn placement_when_whole(core: &EngineCore, partial: &[String]) -> Option<Placement> {
    let placement = &core.config.placement;
    let is_spread = !placement.collections.is_empty();
    let is_whole = !placement.collections.iter().any(|name| partial.contains(name));
    let is_current = placement.covers_share_of(&core.config.this, core.copies(), &core.config.removed);
    if !is_spread || !is_whole || is_current {
        return None;
    }
    Some(match core.copies() {
        None => Placement::default(),
        Some(copies) => Placement {
            peer: Some(core.config.this.clone()),
            copies,
            members: core.roster.peers().cloned().collect(),
            collections: placement.collections.clone(),
        },
    })
}

//! The engine itself: which machine takes which input, and what machines have done that others follow.

use crate::error::Result;
use crate::model::{Applied, Head, PeerId};
use crate::sync::engine::core::ConnectedPeer;
use crate::sync::engine::core::Heads;
use crate::sync::engine::core::Roster;
use crate::sync::engine::core::{EngineCore, EngineEffect, is_before_founding};
use crate::sync::engine::dispatch::exchange::SyncExchange;
use crate::sync::engine::io::{CompletedRequest, EngineAction, EngineConfig, EngineInput, ExchangeReport, Member};
use crate::sync::engine::limits::{HEARTBEAT_MS_MIN, PEER_SILENT_MS_MAX, POINTS_FLOOD, POINTS_MALFORMED};
use crate::sync::engine::log::log::Log;
use crate::sync::engine::log::push::Push;
use crate::sync::engine::log::serve::Serving;
use crate::sync::engine::members::clocks::Clocks;
use crate::sync::engine::members::epochs::Epochs;
use crate::sync::engine::members::head_times::SignedTimes;
use crate::sync::engine::members::members::Membership;
use crate::sync::engine::members::schemas::Schemas;
use crate::sync::engine::members::silence::Silence;
use crate::sync::engine::partial::eviction::Eviction;
use crate::sync::engine::partial::fetch::{Fetches, interrupted};
use crate::sync::engine::partial::key_listing::Listings;
use crate::sync::engine::reconcile::reconcile::Reconciliation;
use crate::sync::engine::reconcile::serve_views::ServedViews;
use crate::sync::engine::stability::stability::StabilityRounds;
use crate::sync::protocol::encoding::bytes_of_entries;
use crate::sync::protocol::message::Message;
use crate::sync::protocol::seeded_random::Random;

/// The protocol state of one network on one node: the machines, and what they share. The machines are seen by the folder,
/// since what is done with a reply to a request runs on the engine as a whole; what is in them is not.
///
/// Its methods say which machine an input is for and what several of them do together; they lie by subject in the files of this folder.
pub struct Engine {
    pub(in crate::sync::engine) core: EngineCore,
    pub(in crate::sync::engine) stability: StabilityRounds,
    pub(in crate::sync::engine) eviction: Eviction,
    pub(in crate::sync::engine) fetches: Fetches,
    pub(in crate::sync::engine) listings: Listings,
    pub(in crate::sync::engine) log: Log,
    pub(in crate::sync::engine) serving: Serving,
    pub(in crate::sync::engine) head_times: SignedTimes,
    pub(in crate::sync::engine) push: Push,
    pub(in crate::sync::engine) reconciliation: Reconciliation,
    pub(in crate::sync::engine) views: ServedViews,
    pub(in crate::sync::engine) schemas: Schemas,
    pub(in crate::sync::engine) exchange: SyncExchange,
    pub(in crate::sync::engine) clocks: Clocks,
    pub(in crate::sync::engine) silence: Silence,
    pub(in crate::sync::engine) epochs: Epochs,
    pub(in crate::sync::engine) membership: Membership,
}

impl Engine {
    /// `heads` are those of the database, `members` what it kept of them.
    pub fn new(config: EngineConfig, heads: Vec<Head>, members: Vec<Member>, now_ms: u64) -> Engine {
        let mut random = Random::new(config.seed);
        let head_times = SignedTimes::new(&members);
        let roster = Roster::new(&config.this, members, &config.removed);
        let heads = Heads::new(heads, now_ms);
        Engine {
            push: Push::new(heads.seq(&config.this)),
            reconciliation: Reconciliation::new(&config.tuning, &mut random, now_ms),
            stability: StabilityRounds::new(&config.tuning, now_ms),
            schemas: Schemas::new(&config.collections, &config.shapes),
            exchange: SyncExchange::new(now_ms),
            eviction: Eviction::default(),
            fetches: Fetches::default(),
            listings: Listings::default(),
            log: Log::default(),
            serving: Serving::default(),
            head_times,
            views: ServedViews::default(),
            epochs: Epochs::default(),
            clocks: Clocks::default(),
            silence: Silence::default(),
            membership: Membership::new(now_ms),
            core: EngineCore::new(config, random, roster, heads, now_ms),
        }
    }

    /// Takes an input at `now_ms` (milliseconds since 1970); what is to be done is added to `actions`, in order.
    pub fn handle(&mut self, now_ms: u64, input: EngineInput, actions: &mut Vec<EngineAction>) {
        // A wall clock may go back; the engine's timers do not.
        self.core.now_ms = self.core.now_ms.max(now_ms);
        std::mem::swap(&mut self.core.actions, actions);
        if self.core.is_retired {
            self.refuse(input);
            self.core.wake_ms = u64::MAX;
            return std::mem::swap(&mut self.core.actions, actions);
        }
        match input {
            EngineInput::Tick => {}
            EngineInput::PeerUp { peer, epoch, addresses } => self.on_peer_up(peer, epoch, addresses),
            EngineInput::PeerDown { peer } => self.on_peer_down(&peer),
            EngineInput::Addresses { addresses } => self.membership.on_addresses(&mut self.core, addresses),
            EngineInput::Received { peer, message, bytes } => self.on_received(&peer, message, bytes),
            EngineInput::Malformed { peer } => self.on_malformed(&peer),
            EngineInput::Sent { bytes, .. } => self.core.counters.sent(bytes),
            EngineInput::HeadsMoved { heads } => self.on_heads_moved(heads),
            EngineInput::Staged => self.on_staged(),
            EngineInput::Reconfigured(config) => self.on_reconfigured(*config),
            EngineInput::SyncRequested { number } => self.on_sync_requested(number),
            EngineInput::FetchRequested { number, collection, keys, holder } => {
                self.fetches.on_fetch_requested(&mut self.core, &mut self.eviction, number, collection, keys, holder);
            }
            EngineInput::KeysRequested { number, collection, place } => {
                self.listings.on_keys_requested(&mut self.core, &mut self.eviction, number, collection, place);
            }
            EngineInput::Done(completed) => self.on_done(completed),
        }
        self.settle();
        if self.core.now_ms >= self.core.wake_ms {
            self.tick();
        }
        std::mem::swap(&mut self.core.actions, actions);
    }

    /// After this node has got another peer id, only those who wait are answered.
    fn refuse(&mut self, input: EngineInput) {
        match input {
            EngineInput::SyncRequested { number } => {
                self.core.actions.push(EngineAction::SyncDone { number, report: ExchangeReport::default() });
            }
            EngineInput::FetchRequested { number, .. } => {
                self.core.actions.push(EngineAction::FetchDone { number, result: Err(interrupted()) });
            }
            EngineInput::KeysRequested { number, collection, place } => {
                self.listings.on_keys_requested(&mut self.core, &mut self.eviction, number, collection, place);
            }
            _ => {}
        }
    }

    /// When [`EngineInput::Tick`] is wanted next, in milliseconds since 1970.
    pub fn next_tick_ms(&self) -> u64 {
        self.core.wake_ms
    }

    /// Everything that is due. Each subject says when it wants to be woken again.
    fn tick(&mut self) {
        self.core.wake_ms = u64::MAX;
        self.tick_sessions();
        self.settle();
        self.tick_pulls();
        self.settle();
        self.tick_exchange();
        self.tick_reconciling();
        self.settle();
        self.views.tick_views(&mut self.core);
        self.silence.tick_silence(&mut self.core);
        self.stability.tick_stability(&mut self.core, &self.eviction);
        self.fetches.tick_fetches(&mut self.core);
        self.eviction.tick_eviction(&mut self.core);
        self.settle();
        self.listings.tick_listings(&mut self.core);
        self.membership.tick_members(&mut self.core, &self.head_times);
        self.log.tick_gaps(&mut self.core);
        self.head_times.tick_head_times(&mut self.core);
        self.settle();
        // Never spins, whatever a subject asked for.
        self.core.wake_ms = self.core.wake_ms.max(self.core.now_ms.saturating_add(1));
    }

    fn on_done(&mut self, completed: CompletedRequest) {
        let (number, reply) = completed.into_parts();
        if let Some(completion) = self.core.in_flight.remove(&number) {
            completion(self, reply);
        }
    }

    fn on_peer_up(&mut self, peer: PeerId, epoch: u64, addresses: Vec<String>) {
        if peer == self.core.config.this {
            return;
        }
        if self.core.config.removed.contains(&peer) {
            return self.core.disconnect(&peer, u64::MAX, "removed from the network");
        }
        if let Some(until_ms) = self.core.penalties.banned_until(&peer, self.core.now_ms) {
            return self.core.disconnect(&peer, until_ms, "banned");
        }
        self.core.end_session(&peer);
        self.settle();
        let session = ConnectedPeer::new(epoch, self.core.config.options.messages_per_second_max, self.core.now_ms);
        self.core.peers.insert(peer.clone(), session);
        self.membership.upsert_member(&mut self.core, &peer, addresses);
        self.core.roster.seen(&peer, self.core.now_ms);
        self.membership.sign_own(&mut self.core);
        self.core.wake_at(self.core.now_ms.saturating_add(HEARTBEAT_MS_MIN));
        if epoch != self.core.config.epoch {
            return self.epochs.outdate(&mut self.core, &peer);
        }
        self.send_members(&peer);
        self.schemas.send_collections(&mut self.core, &peer);
        self.send_first_heartbeat(&peer);
        self.log.retry_unavailable();
    }

    fn on_peer_down(&mut self, peer: &PeerId) {
        self.core.end_session(peer);
        self.settle();
        self.silence.on_peer_down(&mut self.core);
        self.schedule_pulls();
        self.check_exchanges();
    }

    /// Carries out what machines have done that others have to follow.
    fn settle(&mut self) {
        while let Some(effect) = self.core.next_effect() {
            match effect {
                EngineEffect::SessionEnded(peer) => {
                    self.session_ended(&peer);
                    self.core.effect(EngineEffect::PullsDue);
                }
                EngineEffect::SessionOutdated(peer) => self.end_exchange_with(&peer),
                EngineEffect::RoundsUnsettled => self.stability.unsettle(),
                EngineEffect::PullsDue => self.schedule_pulls(),
                EngineEffect::ExchangesDue => self.check_exchanges(),
                EngineEffect::ReconciliationNeeded => {
                    self.reconciliation.need();
                    self.consider_reconciling();
                }
                EngineEffect::EvictionEnded => {
                    self.listings.resume_listings(&mut self.core, &mut self.eviction);
                    self.consider_reconciling();
                }
            }
        }
    }

    /// Forgets what was under way with a peer.
    fn session_ended(&mut self, peer: &PeerId) {
        self.membership.touch(peer);
        self.end_exchange_with(peer);
        self.log.forget_strange_origins(&self.core);
        self.schemas.on_session_ended(&self.core, peer);
        self.stability.forget_peer(peer);
        self.fetches.on_session_ended(&mut self.core, peer);
        self.listings.on_session_ended(&mut self.core, peer);
    }

    /// Ends what is under way with a peer of deltas and states.
    fn end_exchange_with(&mut self, peer: &PeerId) {
        self.log.drop_pulls_of(&mut self.core, peer);
        self.serving.forget_peer(peer);
        self.views.drop_view(&mut self.core, peer);
        if self.reconciliation.is_with(peer) {
            self.reconcile_failed();
        }
    }

    /// Asks for deltas where there is a peer and room. A newcomer that is far behind takes a snapshot before it begins to pull.
    pub(in crate::sync::engine) fn schedule_pulls(&mut self) {
        self.consider_reconciling();
        if self.reconciliation.holds_pulls() {
            return;
        }
        if self.log.schedule_pulls(&mut self.core) {
            self.reconciliation.need();
        }
        self.consider_reconciling();
    }

    fn tick_pulls(&mut self) {
        self.log.tick_pulls(&mut self.core);
        self.schedule_pulls();
        self.log.wake_for_wanted(&mut self.core);
    }

    /// Begins a reconciliation where there is reason to, or goes on with one.
    pub(in crate::sync::engine) fn consider_reconciling(&mut self) {
        let is_evicting = self.eviction.is_evicting();
        self.reconciliation.consider_reconciling(&mut self.core, &mut self.log, is_evicting);
    }

    fn tick_reconciling(&mut self) {
        let is_evicting = self.eviction.is_evicting();
        self.reconciliation.tick_reconciling(&mut self.core, &mut self.log, is_evicting);
    }

    /// The reconciliation under way cannot go on.
    pub(in crate::sync::engine) fn reconcile_failed(&mut self) {
        self.reconciliation.reconcile_failed(&mut self.core, &mut self.log);
    }

    /// The database has applied a run, or refused it.
    pub(in crate::sync::engine) fn on_apply_run_done(&mut self, origin: &PeerId, result: Result<Applied>) {
        // What was posted here before the run was taken may not have been told yet, and a round of stability must never know of
        // a deletion that came and not of a delta that was posted before: that would wake the entry once its tombstone is gone.
        if let Ok(Applied { own: Some(own), .. }) = &result
            && own.origin == self.core.config.this
        {
            self.on_heads_moved(vec![own.clone()]);
        }
        let moved = self.log.on_apply_run_done(&mut self.core, origin, result);
        self.eviction.on_run_applied(&mut self.core, origin);
        if let Some((run, old_seq, new_seq)) = moved {
            self.push.relay(&mut self.core, &run, old_seq, new_seq);
        }
        self.answer_asks();
        self.schedule_pulls();
        self.check_exchanges();
    }

    /// Everybody has signed a stability round.
    pub(in crate::sync::engine) fn round_completed(&mut self) {
        let (acknowledged, whole) = (self.stability.acknowledged(), self.stability.whole());
        self.eviction.evict(&mut self.core, acknowledged, whole, self.reconciliation.is_running());
        self.stability.act_on_round(&mut self.core);
    }

    fn on_received(&mut self, peer: &PeerId, message: Message, bytes: usize) {
        let now_ms = self.core.now_ms;
        let Some(session) = self.core.peers.get_mut(peer) else { return };
        session.seen_ms = now_ms;
        // What was compressed counts for what it expands to: whoever sends it has hardly had any work with it.
        let size = u64::try_from(bytes.max(bytes_of_entries(&message))).unwrap_or(u64::MAX);
        let is_within = session.messages.take(1, now_ms) && session.bytes.take(size, now_ms);
        let is_outdated = session.is_outdated;
        self.core.counters.received(bytes);
        if !is_within {
            // A dropped message may be one that others rely on, so the session starts anew.
            self.core.penalise(peer, POINTS_FLOOD, "sent too much");
            if self.core.peers.contains_key(peer) {
                self.core.disconnect(peer, now_ms, "sent too much");
            }
            return;
        }
        if is_outdated && !matches!(message, Message::Epoch(_)) {
            return;
        }
        if self.core.config.awaits_founder && !is_before_founding(&message) {
            return;
        }
        match message {
            Message::Heartbeat(heartbeat) => self.on_heartbeat(peer, heartbeat),
            Message::SyncRequest(request) => self.serving.on_sync_request(&mut self.core, peer, request),
            Message::SyncResponse(response) => {
                self.log.on_sync_response(&mut self.core, peer, response);
                self.schedule_pulls();
                self.check_exchanges();
            }
            Message::Operation(operation) => {
                self.log.on_operation(&mut self.core, peer, operation);
                self.schedule_pulls();
                self.check_exchanges();
            }
            Message::CollectionAnnounce(announce) => {
                self.schemas.on_collection_announce(&mut self.core, peer, announce);
                self.consider_reconciling();
            }
            Message::CollectionRequest => self.schemas.send_collections(&mut self.core, peer),
            Message::Members(members) => self.membership.on_members(&mut self.core, peer, members),
            Message::Votes(votes) => self.stability.on_votes(&mut self.core, peer, votes),
            Message::HeadTimes(told) => self.head_times.on_head_times(&mut self.core, peer, told),
            Message::Stability(stability) => {
                self.stability.on_stability(&mut self.core, &self.eviction, peer, stability);
            }
            Message::Epoch(news) => self.epochs.on_epoch(&mut self.core, peer, news),
            Message::ReconcileRequest(request) => {
                let is_closed = self.reconciliation.is_closed(&self.core);
                self.views.on_reconcile_request(&mut self.core, peer, request, is_closed);
            }
            Message::ReconcileResponse(response) => {
                self.reconciliation.on_reconcile_response(&mut self.core, &mut self.log, peer, response, bytes);
            }
            Message::FetchRequest(request) => {
                let is_closed = self.reconciliation.is_closed(&self.core);
                self.fetches.on_fetch_request(&mut self.core, peer, request, is_closed);
            }
            Message::FetchResponse(response) => {
                self.fetches.on_fetch_response(&mut self.core, &mut self.eviction, peer, response);
            }
            Message::KeysRequest(request) => {
                let is_closed = self.reconciliation.is_closed(&self.core);
                self.listings.on_keys_request(&mut self.core, &self.eviction, peer, (request, is_closed));
            }
            Message::KeysResponse(response) => self.listings.on_keys_response(&mut self.core, peer, response),
        }
    }

    fn on_malformed(&mut self, peer: &PeerId) {
        self.core.penalise(peer, POINTS_MALFORMED, "sent what is no message");
        if self.core.peers.contains_key(peer) {
            self.core.disconnect(peer, self.core.now_ms, "sent what is no message");
        }
    }

    fn tick_sessions(&mut self) {
        let now_ms = self.core.now_ms;
        let peers: Vec<PeerId> = self.core.peers.keys().cloned().collect();
        for peer in peers {
            let Some(session) = self.core.peers.get(&peer) else { continue };
            let silent_ms = session.seen_ms.saturating_add(PEER_SILENT_MS_MAX);
            if now_ms >= session.end_ms {
                self.core.disconnect(&peer, now_ms, "its epoch is over");
            } else if now_ms >= silent_ms {
                self.core.disconnect(&peer, now_ms, "silent");
            } else if !session.is_outdated && now_ms >= session.heartbeat_ms {
                self.send_heartbeat(&peer);
            }
            if let Some(session) = self.core.peers.get(&peer) {
                let heartbeat_ms = if session.is_outdated { u64::MAX } else { session.heartbeat_ms };
                self.core
                    .wake_at(heartbeat_ms.min(session.end_ms).min(session.seen_ms.saturating_add(PEER_SILENT_MS_MAX)));
            }
        }
    }
}

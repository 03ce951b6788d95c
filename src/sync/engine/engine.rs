//! The engine itself: its state, and which subject takes which input.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;
use crate::model::{Head, PeerId};
use crate::sync::engine::io::{
    CompletedRequest, EngineAction, EngineConfig, EngineEvent, EngineInput, ExchangeReport, Member, PendingRequest,
};
use crate::sync::engine::limits::{HEARTBEAT_MS_MIN, PEER_SILENT_MS_MAX};
use crate::sync::engine::log::exchange::SyncExchange;
use crate::sync::engine::log::heads::Heads;
use crate::sync::engine::log::incoming::IncomingRuns;
use crate::sync::engine::log::pull::{OriginPull, Pull};
use crate::sync::engine::log::push::Push;
use crate::sync::engine::members::clocks::Clocks;
use crate::sync::engine::members::epochs::is_before_founding;
use crate::sync::engine::members::excuse::Excuses;
use crate::sync::engine::members::head_times::SignedTimes;
use crate::sync::engine::members::members::Membership;
use crate::sync::engine::members::peer::ConnectedPeer;
use crate::sync::engine::members::penalties::Penalties;
use crate::sync::engine::members::roster::Roster;
use crate::sync::engine::members::withheld::Gaps;
use crate::sync::engine::partial::fetch::Fetches;
use crate::sync::engine::partial::key_listing::Listings;
use crate::sync::engine::partial::share::Share;
use crate::sync::engine::reconcile::reconcile::Reconciling;
use crate::sync::engine::reconcile::serve_views::ServedViews;
use crate::sync::engine::requests::{EngineReply, Request};
use crate::sync::engine::schemas::Schemas;
use crate::sync::engine::stability::stability::StabilityRound;
use crate::sync::engine::status::Counters;
use crate::sync::protocol::message::Message;
use crate::sync::protocol::seeded_random::Random;

/// What is done with the reply to a request.
type Completion = Box<dyn FnOnce(&mut Engine, EngineReply) + Send>;

/// The protocol state of one network on one node.
pub struct Engine {
    pub(super) config: EngineConfig,
    pub(super) now_ms: u64,
    pub(super) random: Random,
    pub(super) actions: Vec<EngineAction>,
    /// When the next thing is due.
    pub(super) wake_ms: u64,
    /// What is done with the replies to requests that are under way, by their number.
    pub(super) in_flight: BTreeMap<u64, Completion>,
    /// The last number given to a request, of the database or a peer, or an ask.
    pub(super) last_number: u64,
    pub(super) heads: Heads,
    pub(super) roster: Roster,
    pub(super) sessions: BTreeMap<PeerId, ConnectedPeer>,
    pub(super) strikes: Penalties,
    pub(super) origins: BTreeMap<PeerId, OriginPull>,
    /// Origins that somebody connected has more of.
    pub(super) wanted: BTreeSet<PeerId>,
    pub(super) pulls: BTreeMap<u64, Pull>,
    pub(super) queue: IncomingRuns,
    pub(super) gaps: Gaps,
    pub(super) signed_times: SignedTimes,
    pub(super) push: Push,
    pub(super) reconciling: Reconciling,
    pub(super) views: ServedViews,
    pub(super) round: StabilityRound,
    pub(super) share: Share,
    pub(super) fetches: Fetches,
    pub(super) listings: Listings,
    pub(super) schemas: Schemas,
    pub(super) exchange: SyncExchange,
    pub(super) clocks: Clocks,
    pub(super) excuses: Excuses,
    pub(super) counters: Counters,
    pub(super) membership: Membership,
    /// This node goes on under another peer id: nothing is done any more.
    pub(super) is_retired: bool,
}

impl Engine {
    /// `heads` are those of the database, `members` what it kept of them.
    pub fn new(config: EngineConfig, heads: Vec<Head>, members: Vec<Member>, now_ms: u64) -> Engine {
        let mut random = Random::new(config.seed);
        let signed_times = SignedTimes::new(&members);
        let roster = Roster::new(&config.this, members, &config.removed);
        let heads = Heads::new(heads, now_ms);
        Engine {
            push: Push::new(heads.seq(&config.this)),
            reconciling: Reconciling::new(&config.tuning, &mut random, now_ms),
            round: StabilityRound::new(&config.tuning, now_ms),
            schemas: Schemas::new(&config.collections, &config.shapes),
            exchange: SyncExchange::new(now_ms),
            config,
            now_ms,
            random,
            actions: Vec::new(),
            wake_ms: now_ms,
            in_flight: BTreeMap::new(),
            last_number: 0,
            heads,
            roster,
            sessions: BTreeMap::new(),
            strikes: Penalties::default(),
            origins: BTreeMap::new(),
            wanted: BTreeSet::new(),
            pulls: BTreeMap::new(),
            queue: IncomingRuns::default(),
            gaps: Gaps::default(),
            signed_times,
            views: ServedViews::default(),
            share: Share::default(),
            fetches: Fetches::default(),
            listings: Listings::default(),
            clocks: Clocks::default(),
            excuses: Excuses::default(),
            counters: Counters::default(),
            membership: Membership::new(now_ms),
            is_retired: false,
        }
    }

    /// Takes an input at `now_ms` (milliseconds since 1970); what is to be done is added to `actions`, in order.
    pub fn handle(&mut self, now_ms: u64, input: EngineInput, actions: &mut Vec<EngineAction>) {
        // A wall clock may go back; the engine's timers do not.
        self.now_ms = self.now_ms.max(now_ms);
        std::mem::swap(&mut self.actions, actions);
        if self.is_retired {
            self.refuse(input);
            self.wake_ms = u64::MAX;
            return std::mem::swap(&mut self.actions, actions);
        }
        match input {
            EngineInput::Tick => {}
            EngineInput::PeerUp { peer, epoch, addresses } => self.peer_up(peer, epoch, addresses),
            EngineInput::PeerDown { peer } => self.peer_down(&peer),
            EngineInput::Addresses { addresses } => self.own_addresses(addresses),
            EngineInput::Received { peer, message, bytes } => self.received(&peer, message, bytes),
            EngineInput::Malformed { peer } => self.malformed(&peer),
            EngineInput::Sent { bytes, .. } => self.counters.sent(bytes),
            EngineInput::HeadsMoved { heads } => self.heads_moved(heads),
            EngineInput::Staged => self.staged(),
            EngineInput::Reconfigured(config) => self.reconfigured(*config),
            EngineInput::SyncRequested { number } => self.sync_requested(number),
            EngineInput::FetchRequested { number, collection, keys, holder } => {
                self.fetch_requested(number, collection, keys, holder);
            }
            EngineInput::KeysRequested { number, collection, place } => self.keys_requested(number, collection, place),
            EngineInput::Done(completed) => self.done(completed),
        }
        if self.now_ms >= self.wake_ms {
            self.tick();
        }
        std::mem::swap(&mut self.actions, actions);
    }

    /// After this node has got another peer id, only those who wait are answered.
    fn refuse(&mut self, input: EngineInput) {
        match input {
            EngineInput::SyncRequested { number } => {
                self.actions.push(EngineAction::SyncDone { number, report: ExchangeReport::default() });
            }
            EngineInput::FetchRequested { number, .. } => {
                self.actions.push(EngineAction::FetchDone {
                    number,
                    result: Err(crate::sync::engine::partial::fetch::interrupted()),
                });
            }
            EngineInput::KeysRequested { number, collection, place } => self.keys_requested(number, collection, place),
            _ => {}
        }
    }

    /// When [`EngineInput::Tick`] is wanted next, in milliseconds since 1970.
    pub fn next_tick_ms(&self) -> u64 {
        self.wake_ms
    }

    /// Asks to be woken no later than then.
    pub(super) fn wake_at(&mut self, at_ms: u64) {
        self.wake_ms = self.wake_ms.min(at_ms);
    }

    /// Everything that is due. Each subject says when it wants to be woken again.
    fn tick(&mut self) {
        self.wake_ms = u64::MAX;
        self.tick_sessions();
        self.tick_pulls();
        self.tick_exchange();
        self.tick_reconciling();
        self.tick_views();
        self.tick_stability();
        self.tick_fetches();
        self.tick_challenge();
        self.tick_listings();
        self.tick_members();
        self.tick_gaps();
        self.tick_head_times();
        // Never spins, whatever a subject asked for.
        self.wake_ms = self.wake_ms.max(self.now_ms.saturating_add(1));
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(super) fn send(&mut self, peer: &PeerId, message: Message) {
        if self.config.awaits_founder && !is_before_founding(&message) {
            return;
        }
        self.counters.sending();
        self.actions.push(EngineAction::Send { peer: peer.clone(), message });
    }

    /// Asks something of the database; `done` is told the reply.
    pub(super) fn request<R: Request>(
        &mut self,
        request: R,
        done: impl FnOnce(&mut Engine, R::Reply) + Send + 'static,
    ) {
        let number = self.next_number();
        let completion = move |engine: &mut Engine, reply: EngineReply| match R::reply_of(reply) {
            Some(reply) => done(engine, reply),
            None => debug_assert!(false, "a completed request has the reply of its kind"),
        };
        self.in_flight.insert(number, Box::new(completion));
        self.actions.push(EngineAction::Request(PendingRequest::new(number, request.into())));
    }

    pub(super) fn event(&mut self, event: EngineEvent) {
        self.actions.push(EngineAction::Event(event));
    }

    pub(super) fn failed(&mut self, what: &'static str, error: &Error) {
        let error = error.to_string();
        self.counters.last_error = Some(format!("{what} failed: {error}"));
        self.event(EngineEvent::WorkFailed { what, error });
    }

    fn done(&mut self, completed: CompletedRequest) {
        let (number, reply) = completed.into_parts();
        if let Some(completion) = self.in_flight.remove(&number) {
            completion(self, reply);
        }
    }

    fn peer_up(&mut self, peer: PeerId, epoch: u64, addresses: Vec<String>) {
        if peer == self.config.this {
            return;
        }
        if self.config.removed.contains(&peer) {
            return self.disconnect(&peer, u64::MAX, "removed from the network");
        }
        if let Some(until_ms) = self.strikes.banned_until(&peer, self.now_ms) {
            return self.disconnect(&peer, until_ms, "banned");
        }
        self.end_session(&peer);
        let session = ConnectedPeer::new(epoch, self.config.options.messages_per_second_max, self.now_ms);
        self.sessions.insert(peer.clone(), session);
        self.meet(&peer, addresses);
        self.roster.seen(&peer, self.now_ms);
        self.sign_own();
        self.wake_at(self.now_ms.saturating_add(HEARTBEAT_MS_MIN));
        if epoch != self.config.epoch {
            return self.outdate(&peer);
        }
        self.tell_members(&peer);
        self.announce_collections(&peer);
        self.greet(&peer);
        self.release_held();
    }

    fn peer_down(&mut self, peer: &PeerId) {
        self.end_session(peer);
        self.return_again();
        self.schedule_pulls();
        self.check_exchanges();
    }

    /// Forgets what was under way with a peer.
    pub(super) fn end_session(&mut self, peer: &PeerId) {
        if !self.sessions.contains_key(peer) {
            return;
        }
        self.acknowledge(peer);
        self.membership.touch(peer);
        self.sessions.remove(peer);
        self.drop_pulls_of(peer);
        self.forget_strange_origins();
        self.drop_view(peer);
        self.forget_schemas_of(peer);
        self.fetches_end_with(peer);
        self.listings_end_with(peer);
        if self.reconciling.is_with(peer) {
            self.reconcile_failed();
        }
    }

    /// Ends a session and tells the driver so.
    pub(super) fn disconnect(&mut self, peer: &PeerId, until_ms: u64, reason: &'static str) {
        self.end_session(peer);
        self.actions.push(EngineAction::Disconnect { peer: peer.clone(), until_ms, reason });
    }

    /// Counts points against a peer; enough of them end the session for a while.
    pub(super) fn strike(&mut self, peer: &PeerId, points: u64, reason: &'static str) {
        if let Some(until_ms) = self.strikes.add(peer, points, self.now_ms) {
            self.event(EngineEvent::Banned { peer: peer.clone(), until_ms });
            self.disconnect(peer, until_ms, reason);
            self.schedule_pulls();
        }
    }

    fn received(&mut self, peer: &PeerId, message: Message, bytes: usize) {
        let now_ms = self.now_ms;
        let Some(session) = self.sessions.get_mut(peer) else { return };
        session.seen_ms = now_ms;
        let size = u64::try_from(bytes).unwrap_or(u64::MAX);
        let is_within = session.messages.take(1, now_ms) && session.bytes.take(size, now_ms);
        let is_outdated = session.is_outdated;
        self.counters.received(bytes);
        if !is_within {
            // A dropped message may be one that others rely on, so the session starts anew.
            self.strike(peer, crate::sync::engine::limits::POINTS_FLOOD, "sent too much");
            if self.sessions.contains_key(peer) {
                self.disconnect(peer, now_ms, "sent too much");
            }
            return;
        }
        if is_outdated && !matches!(message, Message::Epoch(_)) {
            return;
        }
        if self.config.awaits_founder && !is_before_founding(&message) {
            return;
        }
        match message {
            Message::Heartbeat(heartbeat) => self.heartbeat_shown(peer, heartbeat),
            Message::SyncRequest(request) => self.sync_request(peer, request),
            Message::SyncResponse(response) => self.sync_response(peer, response),
            Message::Operation(operation) => self.operation(peer, operation),
            Message::CollectionAnnounce(announce) => self.collections_announced(peer, announce),
            Message::CollectionRequest => self.announce_collections(peer),
            Message::Members(members) => self.members_told(peer, members),
            Message::Votes(votes) => self.votes(peer, votes),
            Message::HeadTimes(told) => self.head_times_told(peer, told),
            Message::Stability(stability) => self.stability(peer, stability),
            Message::Epoch(news) => self.epoch_news(peer, news),
            Message::ReconcileRequest(request) => self.reconcile_request(peer, request),
            Message::ReconcileResponse(response) => self.reconcile_response(peer, response, bytes),
            Message::FetchRequest(request) => self.fetch_request(peer, request),
            Message::FetchResponse(response) => self.fetch_response(peer, response),
            Message::KeysRequest(request) => self.keys_request(peer, request),
            Message::KeysResponse(response) => self.keys_response(peer, response),
        }
    }

    fn tick_sessions(&mut self) {
        let now_ms = self.now_ms;
        let peers: Vec<PeerId> = self.sessions.keys().cloned().collect();
        for peer in peers {
            let Some(session) = self.sessions.get(&peer) else { continue };
            let silent_ms = session.seen_ms.saturating_add(PEER_SILENT_MS_MAX);
            if now_ms >= session.end_ms {
                self.disconnect(&peer, now_ms, "its epoch is over");
            } else if now_ms >= silent_ms {
                self.disconnect(&peer, now_ms, "silent");
                self.schedule_pulls();
            } else if !session.is_outdated && now_ms >= session.heartbeat_ms {
                self.beat(&peer);
            }
            if let Some(session) = self.sessions.get(&peer) {
                let heartbeat_ms = if session.is_outdated { u64::MAX } else { session.heartbeat_ms };
                self.wake_at(heartbeat_ms.min(session.end_ms).min(session.seen_ms.saturating_add(PEER_SILENT_MS_MAX)));
            }
        }
    }
}

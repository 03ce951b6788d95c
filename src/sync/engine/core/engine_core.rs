//! What all machines of an engine share: its configuration, the time, who is a member and who is connected, how far this node
//! has come, and what is to be done.
//!
//! The engine hands it to one machine after the other. A machine owns its own state and says here what leaves: messages,
//! requests of the database, and [`EngineEffect`]s for other machines, which the engine carries out when the machine has returned.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::error::Error;
use crate::model::{Buckets, PeerId, Placement, Shares};
use crate::sync::engine::core::counters::Counters;
use crate::sync::engine::core::heads::Heads;
use crate::sync::engine::core::holdings::Holdings;
use crate::sync::engine::core::peer::ConnectedPeer;
use crate::sync::engine::core::penalties::Penalties;
use crate::sync::engine::core::roster::Roster;
use crate::sync::engine::dispatch::engine::Engine;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::io::{EngineAction, EngineConfig, PendingRequest};
use crate::sync::engine::limits::{HEARTBEAT_MS_MIN, ORIGINS_MAX, STRANGE_ORIGINS_MAX};
use crate::sync::engine::requests::{EngineReply, Request};
use crate::sync::protocol::message::Message;
use crate::sync::protocol::seeded_random::Random;

/// What is done with the reply to a request.
type Completion = Box<dyn FnOnce(&mut Engine, EngineReply) + Send>;

/// What one machine has done that others have to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sync::engine) enum EngineEffect {
    /// The session with a peer has ended: nothing of it is under way any more.
    SessionEnded(PeerId),
    /// The peer of a session has proved another epoch than the present one: it is told that one, and nothing else goes on.
    SessionOutdated(PeerId),
    /// Another stability round may come to something new, although no head has moved.
    RoundsUnsettled,
    /// Deltas may be asked for now, or may be had of somebody else.
    PullsDue,
    /// SYNCs may have come further.
    ExchangesDue,
    /// Something is lacking that no log can bring.
    ReconciliationNeeded,
    /// What others hold has been dropped, or is not: what has waited for that goes on.
    EvictionEnded,
}

/// What machines share. The fields are what each of them reads, and there are as many methods as there are things that several
/// machines do; what leaves the engine goes through methods.
pub(in crate::sync::engine) struct EngineCore {
    pub config: EngineConfig,
    /// The time of the input that is being handled. It never goes back.
    pub now_ms: u64,
    pub random: Random,
    pub roster: Roster,
    pub peers: BTreeMap<PeerId, ConnectedPeer>,
    pub penalties: Penalties,
    pub heads: Heads,
    pub counters: Counters,
    /// This node goes on under another peer id: nothing is done any more.
    pub is_retired: bool,
    /// Heads were taken over on one member's word: this node signs in no round that it holds what they count.
    pub is_unconfirmed: bool,
    pub actions: Vec<EngineAction>,
    /// When the next thing is due.
    pub wake_ms: u64,
    /// What is done with the replies to requests that are under way, by their number.
    pub in_flight: BTreeMap<u64, Completion>,
    effects: VecDeque<EngineEffect>,
    holdings: Holdings,
    /// The last number given to a request, of the database or a peer, or an ask.
    last_number: u64,
}

impl EngineCore {
    pub fn new(config: EngineConfig, random: Random, roster: Roster, heads: Heads, now_ms: u64) -> EngineCore {
        EngineCore {
            config,
            now_ms,
            random,
            roster,
            peers: BTreeMap::new(),
            penalties: Penalties::default(),
            heads,
            counters: Counters::default(),
            is_retired: false,
            is_unconfirmed: false,
            actions: Vec::new(),
            wake_ms: now_ms,
            in_flight: BTreeMap::new(),
            effects: VecDeque::new(),
            holdings: Holdings::default(),
            last_number: 0,
        }
    }

    /// Asks to be woken no later than then.
    pub fn wake_at(&mut self, at_ms: u64) {
        self.wake_ms = self.wake_ms.min(at_ms);
    }

    pub fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Says something to a peer. Whose session has ended meanwhile, and who may be of another network, is told nothing.
    pub fn send(&mut self, peer: &PeerId, message: Message) {
        if !self.peers.contains_key(peer) || (self.config.awaits_founder && !is_before_founding(&message)) {
            return;
        }
        self.counters.sending();
        self.actions.push(EngineAction::Send { peer: peer.clone(), message });
    }

    /// Asks something of the database; `done` is told the reply.
    pub fn request<R: Request>(&mut self, request: R, done: impl FnOnce(&mut Engine, R::Reply) + Send + 'static) {
        let number = self.next_number();
        let completion = move |engine: &mut Engine, reply: EngineReply| {
            let reply = R::reply_of(reply);
            invariant!(reply.is_some(), "a completed request has the reply of its kind");
            if let Some(reply) = reply {
                done(engine, reply);
            }
        };
        self.in_flight.insert(number, Box::new(completion));
        self.actions.push(EngineAction::Request(PendingRequest::new(number, request.into())));
    }

    pub fn event(&mut self, event: EngineEvent) {
        self.actions.push(EngineAction::Event(event));
    }

    pub fn failed(&mut self, what: &'static str, error: &Error) {
        let error = error.to_string();
        self.counters.last_error = Some(format!("{what} failed: {error}"));
        self.event(EngineEvent::WorkFailed { what, error });
    }

    /// Tells the engine what other machines have to follow.
    pub fn effect(&mut self, effect: EngineEffect) {
        self.effects.push_back(effect);
    }

    pub fn next_effect(&mut self) -> Option<EngineEffect> {
        self.effects.pop_front()
    }

    /// Ends the session with a peer and tells the driver so.
    pub fn disconnect(&mut self, peer: &PeerId, until_ms: u64, reason: &'static str) {
        self.end_session(peer);
        self.actions.push(EngineAction::Disconnect { peer: peer.clone(), until_ms, reason });
    }

    /// Forgets a peer that is gone.
    pub fn end_session(&mut self, peer: &PeerId) {
        if self.peers.contains_key(peer) {
            self.acknowledge(peer);
            self.peers.remove(peer);
            self.effect(EngineEffect::SessionEnded(peer.clone()));
        }
    }

    /// Counts points against a peer; enough of them end the session for a while.
    pub fn penalise(&mut self, peer: &PeerId, points: u64, reason: &'static str) {
        if let Some(until_ms) = self.penalties.add(peer, points, self.now_ms) {
            self.event(EngineEvent::Banned { peer: peer.clone(), until_ms });
            self.disconnect(peer, until_ms, reason);
        }
    }

    /// What a connected member has told of itself is what is known of it.
    pub fn acknowledge(&mut self, peer: &PeerId) {
        let Some(session) = self.peers.get(peer) else { return };
        // Origins that nobody has proved to be any are forgotten with the session.
        let known = session.known.iter().filter(|(origin, _)| self.is_any(origin));
        let known = known.map(|(origin, seq)| (origin.clone(), *seq)).collect();
        let seen_ms = session.seen_ms;
        self.roster.acknowledge(peer, known);
        self.roster.seen(peer, seen_ms);
    }

    /// A connected peer that messages of every kind go to.
    pub fn active(&self, peer: &PeerId) -> Option<&ConnectedPeer> {
        self.peers.get(peer).filter(|session| !session.is_outdated)
    }

    /// Peers that messages of every kind go to.
    pub fn active_peers(&self) -> Vec<PeerId> {
        let active = self.peers.iter().filter(|(_, session)| !session.is_outdated);
        active.map(|(peer, _)| peer.clone()).collect()
    }

    /// A heartbeat to a peer no later than in so many milliseconds.
    pub fn schedule_heartbeat(&mut self, peer: &PeerId, delay_ms: u64) {
        let at_ms = self.now_ms.saturating_add(delay_ms);
        if let Some(session) = self.peers.get_mut(peer) {
            session.heartbeat_ms = session.heartbeat_ms.min(at_ms);
            session.heartbeat_interval_ms = HEARTBEAT_MS_MIN;
            self.wake_at(at_ms);
        }
    }

    pub fn schedule_heartbeats(&mut self, delay_ms: u64) {
        let at_ms = self.now_ms.saturating_add(delay_ms);
        for session in self.peers.values_mut() {
            session.heartbeat_ms = session.heartbeat_ms.min(at_ms);
            session.heartbeat_interval_ms = HEARTBEAT_MS_MIN;
        }
        self.wake_at(at_ms);
    }

    /// Whether something is here of an origin, or it is a member.
    pub fn is_any(&self, origin: &PeerId) -> bool {
        self.heads.get(origin).is_some() || self.roster.contains(origin)
    }

    /// How many more origins that are no members may come to be known here.
    pub fn origins_left(&self) -> usize {
        ORIGINS_MAX.saturating_add(self.roster.len()).saturating_sub(self.heads.len())
    }

    /// Whether what a peer says of an origin is remembered: of a member, of an origin of which something is here, and of a
    /// bounded number of others. An honest peer's are pulled, and others have room then.
    pub fn takes_word_of(&mut self, peer: &PeerId, origin: &PeerId) -> bool {
        let is_any = self.is_any(origin);
        if !is_any && self.origins_left() == 0 {
            self.counters.last_error =
                Some(format!("deltas of {origin} are not taken: there are too many origins that are no members"));
            return false;
        }
        let Some(session) = self.peers.get_mut(peer) else { return false };
        if is_any || session.known.contains_key(origin) {
            return true;
        }
        let has_room = session.strange < STRANGE_ORIGINS_MAX;
        session.strange += usize::from(has_room);
        has_room
    }

    /// Origins that a peer has named and that have become known since have left room for others.
    pub fn count_strange_origins(&mut self, peer: &PeerId) {
        let (heads, roster) = (&self.heads, &self.roster);
        if let Some(session) = self.peers.get_mut(peer).filter(|session| session.strange >= STRANGE_ORIGINS_MAX) {
            let is_strange = |origin: &&PeerId| heads.get(origin).is_none() && !roster.contains(origin);
            session.strange = session.known.keys().filter(is_strange).count();
        }
    }

    /// Over epoch and member list: what is agreed on by different ones does not mix.
    pub fn electorate(&self) -> u64 {
        self.roster.digest() ^ self.config.epoch.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// As [`electorate`](EngineCore::electorate), and over those of them who are waited for: rounds in which others are excused do
    /// not mix.
    pub fn round_members(&self) -> u64 {
        let excused = self.config.excused.iter().filter(|peer| self.roster.contains(peer));
        excused.fold(self.electorate(), |digest, peer| digest ^ excused_hash(peer))
    }

    /// Whether nobody waits for a member, because an owner has excused it.
    pub fn is_excused(&self, peer: &PeerId) -> bool {
        self.config.excused.contains(peer)
    }

    pub fn has_attached(&self, name: &str) -> bool {
        self.config.collections.iter().any(|collection| collection.name == name)
    }

    /// Copies of each entry of which this node holds its share; `None` where it holds all.
    pub fn copies(&self) -> Option<u32> {
        self.config.options.copies()
    }

    /// The buckets that a member holds at least, of so many copies; 0 for all.
    pub fn share_of(&self, peer: &PeerId, copies: u32) -> Buckets {
        if copies == 0 { Buckets::all() } else { Buckets::held_by(peer, self.roster.peers(), copies) }
    }

    /// The buckets that this node has to hold.
    pub fn own_share(&mut self) -> Buckets {
        self.holdings.own(&self.config, &self.roster)
    }

    /// The buckets that this node held of the members of the last round.
    pub fn placed_share(&mut self) -> Buckets {
        self.holdings.placed(&self.config, &self.roster)
    }

    /// What incoming deltas are merged by: of collections that are spread, the share of today and that of the last round,
    /// since others may go by either.
    pub fn shares(&mut self) -> Option<Shares> {
        self.holdings.merged(&self.config, &self.roster).map(Arc::clone)
    }

    /// Takes over how collections are spread.
    pub fn place(&mut self, placement: Placement) {
        self.config.placement = placement;
        self.holdings.forget_placed();
    }

    /// Whether an entry of a collection that is not here is nowhere.
    pub fn would_hold(&mut self, collection: &str, key: &[u8]) -> bool {
        let is_in = |names: &[String]| names.iter().any(|name| name == collection);
        let (is_partial, is_spread) = (is_in(&self.config.partial), is_in(&self.config.placement.collections));
        !is_partial && (!is_spread || self.placed_share().hold(key))
    }
}

/// Stands for an excused member in [`EngineCore::round_members`].
fn excused_hash(peer: &PeerId) -> u64 {
    let hash = blake3::derive_key("nebulusdb 2026 excused member", peer.as_str().as_bytes());
    u64::from_le_bytes(*hash.first_chunk().unwrap_or(&[0; 8]))
}

/// Whether a node takes a message that does not know yet whether it has met the network whose founder it was told: its charter,
/// and who else might have it. Nothing else is taken or answered, and nothing told of what is here.
pub(in crate::sync::engine) fn is_before_founding(message: &Message) -> bool {
    matches!(message, Message::Heartbeat(_) | Message::Epoch(_) | Message::Members(_))
}

//! Heartbeats: telling a peer what is here, and learning what is there.

use crate::error::Result;
use crate::model::{Head, PeerId};
use crate::sync::engine::dispatch::engine::Engine;
use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::io::EngineAction;
use crate::sync::engine::limits::{
    GREETING_HEADS_MAX, HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN, POINTS_FORGED, REPEAT_MS_MIN,
};
use crate::sync::engine::requests::OwnHead;
use crate::sync::protocol::message::{HEADS_MAX, Heartbeat, MEMBERS_PER_MESSAGE_MAX, Members, Message};

/// What a heartbeat says besides heads.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sync::engine) struct Asides {
    pub wants_heads: bool,
    pub ask: u64,
    pub answer: u64,
}

impl Engine {
    /// The first heartbeat to a peer. Where there are many heads it has none of them: most peers that meet again hold the
    /// same, and the others ask.
    pub(in crate::sync::engine) fn send_first_heartbeat(&mut self, peer: &PeerId) {
        let latest_move = self.core.heads.latest_move();
        if self.core.heads.len() <= GREETING_HEADS_MAX {
            return self.send_heads(peer, Asides::default());
        }
        let heartbeat = self.heartbeat_with(peer, Vec::new(), false, Asides::default());
        if let Some(session) = self.core.peers.get_mut(peer) {
            session.told_moves = latest_move;
            session.heartbeat_ms = self.core.now_ms.saturating_add(HEARTBEAT_MS_MIN);
        }
        self.core.send(peer, Message::Heartbeat(heartbeat));
    }

    /// A heartbeat that is due. It asks for an answer, which measures the latency.
    pub(in crate::sync::engine) fn send_heartbeat(&mut self, peer: &PeerId) {
        let (now_ms, our_digest, number) = (self.core.now_ms, self.core.heads.digest(), self.core.next_number());
        let Some(session) = self.core.peers.get_mut(peer) else { return };
        let is_quiet = session.told_moves == self.core.heads.latest_move() && session.digest == Some(our_digest);
        let longer_ms = session.heartbeat_interval_ms.saturating_mul(2).min(HEARTBEAT_MS_MAX);
        session.heartbeat_interval_ms = if is_quiet { longer_ms } else { HEARTBEAT_MS_MIN };
        session.ask = Some((number, now_ms));
        self.head_times.send_head_times(&mut self.core, peer);
        self.send_heads(peer, Asides { ask: number, ..Asides::default() });
    }

    /// Tells a peer all heads that it has not been told, in as many heartbeats as that takes.
    pub(in crate::sync::engine) fn send_heads(&mut self, peer: &PeerId, asides: Asides) {
        if self.core.config.awaits_founder {
            return self.send_charter_digest(peer, asides);
        }
        // Members first: what a node acknowledges must not outrun whom it knew at that time.
        self.send_members(peer);
        let latest_move = self.core.heads.latest_move();
        let mut asides = asides;
        loop {
            let Some(session) = self.core.peers.get_mut(peer) else { return };
            let moved = self.core.heads.moved_since(session.told_moves).take(HEADS_MAX);
            let (numbers, heads): (Vec<u64>, Vec<Head>) = moved.map(|(number, head)| (number, head.clone())).unzip();
            session.told_moves = numbers.last().copied().unwrap_or(latest_move);
            session.heartbeat_ms = self.core.now_ms.saturating_add(session.heartbeat_interval_ms);
            let (wake_ms, is_complete) = (session.heartbeat_ms, session.told_moves >= latest_move);
            let heartbeat = self.heartbeat_with(peer, heads, is_complete, asides);
            self.core.wake_at(wake_ms);
            self.core.send(peer, Message::Heartbeat(heartbeat));
            if is_complete {
                return;
            }
            asides = Asides::default();
        }
    }

    /// A heartbeat to a peer that may be of another network.
    fn send_charter_digest(&mut self, peer: &PeerId, asides: Asides) {
        let heartbeat = self.heartbeat_with(peer, Vec::new(), false, asides);
        let Some(session) = self.core.peers.get_mut(peer) else { return };
        session.heartbeat_ms = self.core.now_ms.saturating_add(session.heartbeat_interval_ms);
        let wake_ms = session.heartbeat_ms;
        self.core.wake_at(wake_ms);
        self.core.send(peer, Message::Heartbeat(heartbeat));
    }

    fn heartbeat_with(&self, peer: &PeerId, heads: Vec<Head>, complete: bool, asides: Asides) -> Heartbeat {
        Heartbeat {
            digest: self.core.heads.digest(),
            heads,
            complete,
            wants_heads: asides.wants_heads,
            collections: self.schemas.digest(),
            members: self.core.roster.digest(),
            charter: self.core.config.charter,
            ask: asides.ask,
            answer: asides.answer,
            clock_ms: self.core.now_ms,
            early: self.log.early_origin(peer),
        }
    }

    /// Tells a peer all members that it has not been told.
    pub(in crate::sync::engine) fn send_members(&mut self, peer: &PeerId) {
        loop {
            let Some(session) = self.core.peers.get_mut(peer) else { return };
            let changed = self.core.roster.changed_since(session.told_members).take(MEMBERS_PER_MESSAGE_MAX);
            let (numbers, members): (Vec<_>, Vec<_>) = changed.unzip();
            let Some(last) = numbers.last() else { return };
            session.told_members = *last;
            self.core.send(peer, Message::Members(Members { members }));
        }
    }

    pub(in crate::sync::engine) fn on_signed_heartbeat(&mut self, peer: &PeerId, heartbeat: Heartbeat) {
        self.core.count_strange_origins(peer);
        for head in &heartbeat.heads {
            self.log.on_head(&mut self.core, peer, head);
        }
        self.clocks.on_heartbeat(&mut self.core, peer, &heartbeat);
        let is_equal = heartbeat.digest == self.core.heads.digest();
        let Some(session) = self.core.peers.get_mut(peer) else { return };
        session.digest = Some(heartbeat.digest);
        let had_strange = is_equal && std::mem::take(&mut session.strange) > 0;
        if is_equal {
            session.has_lost_heads = false;
            session.known = self.core.heads.iter().map(|head| (head.origin.clone(), head.seq)).collect();
            session.pushed.clear();
            self.core.counters.last_sync_ms = Some(self.core.now_ms);
        }
        session.has_told_all |= is_equal || heartbeat.complete;
        if heartbeat.wants_heads {
            session.told_moves = 0;
        }
        if had_strange {
            self.log.forget_strange_origins(&self.core);
        }
        self.silence.consider_calling_back(&mut self.core, peer);
        let wants_heads = !is_equal && self.wants_heads_of(peer, heartbeat.complete);
        if heartbeat.wants_heads || wants_heads {
            self.send_heads(peer, Asides { wants_heads, ..Asides::default() });
        }
        self.repeat_what_differs(peer, &heartbeat);
        if heartbeat.answer > 0 {
            self.on_answer(peer, heartbeat.answer);
        }
        if heartbeat.ask > 0 {
            if let Some(session) = self.core.peers.get_mut(peer) {
                session.unanswered = Some(heartbeat.ask);
            }
            self.answer_if_applied(peer);
        }
        self.schedule_pulls();
        self.consider_reconciling();
        self.check_exchanges();
    }

    /// Whether to ask a peer for all its heads: it told fewer than differ, what it told could not be looked at, or nothing that was
    /// told explains why its digest differs from ours.
    fn wants_heads_of(&mut self, peer: &PeerId, is_complete: bool) -> bool {
        let Some(session) = self.core.peers.get(peer) else { return false };
        let is_explained = if session.has_lost_heads {
            false
        } else if session.has_told_all {
            let (behind, _) = self.core.heads.behind(&session.known, self.core.now_ms);
            behind > 0 || self.core.heads.ahead(&session.known) > 0
        } else {
            is_complete
        };
        let is_time =
            session.asked_heads_ms == 0 || self.core.now_ms >= session.asked_heads_ms.saturating_add(REPEAT_MS_MIN);
        let wants = !is_explained && is_time;
        if let Some(session) = self.core.peers.get_mut(peer).filter(|_| wants) {
            session.asked_heads_ms = self.core.now_ms;
            session.has_lost_heads = false;
        }
        wants
    }

    pub(in crate::sync::engine) fn on_check_own_head_done(&mut self, peer: &PeerId, result: Result<OwnHead>) {
        match result {
            Ok(OwnHead::Known(heads)) => self.on_heads_moved(heads),
            Ok(OwnHead::Forged) => self.core.penalise(peer, POINTS_FORGED, "showed a head that this node never signed"),
            Ok(OwnHead::Renewed(renewed)) => self.renewed(renewed),
            Err(error) => {
                self.core.failed("checking an own head", &error);
                if let Some(session) = self.core.peers.get_mut(peer) {
                    session.own_checked = 0;
                }
            }
        }
    }

    /// This node has another peer id: its swarm and engines begin anew.
    pub(in crate::sync::engine) fn renewed(&mut self, renewed: PeerId) {
        self.core.event(EngineEvent::Renewed { peer: renewed.clone() });
        self.core.actions.push(EngineAction::Renewed { peer: renewed });
        self.retire();
    }

    /// Collections and members, where the peer's digests say that one side has missed something.
    fn repeat_what_differs(&mut self, peer: &PeerId, heartbeat: &Heartbeat) {
        let now_ms = self.core.now_ms;
        let differs = heartbeat.members != self.core.roster.digest();
        let latest_change = self.core.roster.latest_change();
        let Some(session) = self.core.peers.get_mut(peer) else { return };
        let is_time = |last_ms: u64| now_ms >= last_ms.saturating_add(REPEAT_MS_MIN);
        let wants_collections =
            heartbeat.collections != session.collections_digest && is_time(session.requested_collections_ms);
        if wants_collections {
            session.requested_collections_ms = now_ms;
        }
        let repeats = differs && session.told_members == latest_change && is_time(session.repeated_members_ms);
        if repeats {
            session.repeated_members_ms = now_ms;
            session.told_members = 0;
        }
        if wants_collections {
            self.core.send(peer, Message::CollectionRequest);
        }
        if repeats {
            self.send_members(peer);
        }
    }

    /// Answers a peer's `ask` once nothing that it sent waits to be applied.
    pub(in crate::sync::engine) fn answer_if_applied(&mut self, peer: &PeerId) {
        if self.log.awaits_runs_of(peer) {
            return;
        }
        let answer = self.core.peers.get_mut(peer).and_then(|session| session.unanswered.take());
        if let Some(answer) = answer {
            self.send_heads(peer, Asides { answer, ..Asides::default() });
        }
    }

    /// Answers the asks of peers of whom nothing waits any more.
    pub(in crate::sync::engine) fn answer_asks(&mut self) {
        let peers = self.core.peers.iter().filter(|(_, session)| session.unanswered.is_some());
        for peer in peers.map(|(peer, _)| peer.clone()).collect::<Vec<PeerId>>() {
            self.answer_if_applied(&peer);
        }
    }

    fn on_answer(&mut self, peer: &PeerId, number: u64) {
        let now_ms = self.core.now_ms;
        let Some(session) = self.core.peers.get_mut(peer) else { return };
        if let Some((_, sent_ms)) = session.ask.take_if(|(ask, _)| *ask == number) {
            let measured_ms = u32::try_from(now_ms.saturating_sub(sent_ms)).map_or(f64::MAX, f64::from);
            // Smoothed as TCP does it (RFC 6298).
            session.latency_ms = Some(session.latency_ms.map_or(measured_ms, |old| old + (measured_ms - old) / 8.0));
        }
        self.exchange.answered(peer, number);
    }

    /// A member has passed on that an origin has come as far as `seq`, with its signature.
    pub(in crate::sync::engine) fn head_time_shown(&mut self, teller: &PeerId, origin: &PeerId, seq: u64) {
        self.membership.touch(origin);
        self.log.on_signed_head(&mut self.core, origin, seq);
        self.log.not_given(&mut self.core, teller, origin, seq);
    }

    /// Heads that moved without this engine.
    pub(in crate::sync::engine) fn on_heads_moved(&mut self, heads: Vec<Head>) {
        let mut has_moved = false;
        for head in heads {
            has_moved |= self.log.advance(&mut self.core, head).is_some();
        }
        if has_moved {
            self.push.push_own(&mut self.core);
            self.schedule_pulls();
            self.check_exchanges();
        }
    }
}

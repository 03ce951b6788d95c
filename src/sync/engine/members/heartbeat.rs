//! Heartbeats: telling a peer what is here, and learning what is there.

use crate::error::Result;
use crate::model::{Head, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::io::{EngineAction, EngineEvent, OwnHead};
use crate::sync::engine::limits::{
    ACKNOWLEDGE_MS, DISTRUST_MS, GREETING_HEADS_MAX, HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN, POINTS_FORGED, REPEAT_MS_MIN,
    SMALL_NETWORK_MAX, STRANGE_ORIGINS_MAX,
};
use crate::sync::engine::requests::CheckOwnHead;
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
    pub(in crate::sync::engine) fn greet(&mut self, peer: &PeerId) {
        let latest_move = self.heads.latest_move();
        if self.heads.len() <= GREETING_HEADS_MAX {
            return self.tell_heads(peer, Asides::default());
        }
        let heartbeat = self.heartbeat_with(peer, Vec::new(), false, Asides::default());
        if let Some(session) = self.sessions.get_mut(peer) {
            session.told_moves = latest_move;
            session.heartbeat_ms = self.now_ms.saturating_add(HEARTBEAT_MS_MIN);
        }
        self.send(peer, Message::Heartbeat(heartbeat));
    }

    /// A heartbeat that is due. It asks for an answer, which measures the latency.
    pub(in crate::sync::engine) fn beat(&mut self, peer: &PeerId) {
        let (now_ms, our_digest, number) = (self.now_ms, self.heads.digest(), self.next_number());
        let Some(session) = self.sessions.get_mut(peer) else { return };
        let is_quiet = session.told_moves == self.heads.latest_move() && session.digest == Some(our_digest);
        let longer_ms = session.heartbeat_interval_ms.saturating_mul(2).min(HEARTBEAT_MS_MAX);
        session.heartbeat_interval_ms = if is_quiet { longer_ms } else { HEARTBEAT_MS_MIN };
        session.ask = Some((number, now_ms));
        self.tell_head_times(peer);
        self.tell_heads(peer, Asides { ask: number, ..Asides::default() });
    }

    /// Tells a peer all heads that it has not been told, in as many heartbeats as that takes.
    pub(in crate::sync::engine) fn tell_heads(&mut self, peer: &PeerId, asides: Asides) {
        if self.config.awaits_founder {
            return self.show_charter(peer, asides);
        }
        // Members first: what a node acknowledges must not outrun whom it knew at that time.
        self.tell_members(peer);
        let latest_move = self.heads.latest_move();
        let mut asides = asides;
        loop {
            let Some(session) = self.sessions.get_mut(peer) else { return };
            let moved = self.heads.moved_since(session.told_moves).take(HEADS_MAX);
            let (numbers, heads): (Vec<u64>, Vec<Head>) = moved.map(|(number, head)| (number, head.clone())).unzip();
            session.told_moves = numbers.last().copied().unwrap_or(latest_move);
            session.heartbeat_ms = self.now_ms.saturating_add(session.heartbeat_interval_ms);
            let (wake_ms, is_complete) = (session.heartbeat_ms, session.told_moves >= latest_move);
            let heartbeat = self.heartbeat_with(peer, heads, is_complete, asides);
            self.wake_at(wake_ms);
            self.send(peer, Message::Heartbeat(heartbeat));
            if is_complete {
                return;
            }
            asides = Asides::default();
        }
    }

    /// A heartbeat to a peer that may be of another network.
    fn show_charter(&mut self, peer: &PeerId, asides: Asides) {
        let heartbeat = self.heartbeat_with(peer, Vec::new(), false, asides);
        let Some(session) = self.sessions.get_mut(peer) else { return };
        session.heartbeat_ms = self.now_ms.saturating_add(session.heartbeat_interval_ms);
        let wake_ms = session.heartbeat_ms;
        self.wake_at(wake_ms);
        self.send(peer, Message::Heartbeat(heartbeat));
    }

    fn heartbeat_with(&self, peer: &PeerId, heads: Vec<Head>, complete: bool, asides: Asides) -> Heartbeat {
        Heartbeat {
            digest: self.heads.digest(),
            heads,
            complete,
            wants_heads: asides.wants_heads,
            collections: self.schemas.digest(),
            members: self.roster.digest(),
            charter: self.config.charter,
            ask: asides.ask,
            answer: asides.answer,
            clock_ms: self.now_ms,
            early: self.early_news_for(peer),
        }
    }

    /// A heartbeat to a peer no later than in so many milliseconds.
    pub(in crate::sync::engine) fn beat_within(&mut self, peer: &PeerId, delay_ms: u64) {
        let at_ms = self.now_ms.saturating_add(delay_ms);
        if let Some(session) = self.sessions.get_mut(peer) {
            session.heartbeat_ms = session.heartbeat_ms.min(at_ms);
            session.heartbeat_interval_ms = HEARTBEAT_MS_MIN;
            self.wake_at(at_ms);
        }
    }

    pub(super) fn beat_all_within(&mut self, delay_ms: u64) {
        let at_ms = self.now_ms.saturating_add(delay_ms);
        for session in self.sessions.values_mut() {
            session.heartbeat_ms = session.heartbeat_ms.min(at_ms);
            session.heartbeat_interval_ms = HEARTBEAT_MS_MIN;
        }
        self.wake_at(at_ms);
    }

    /// At once in a small network, so that its members find each other; in a large one many newcomers are told together.
    pub(super) fn tell_members_soon(&mut self) {
        let is_small = self.roster.len() <= SMALL_NETWORK_MAX;
        self.beat_all_within(if is_small { ACKNOWLEDGE_MS } else { HEARTBEAT_MS_MIN });
    }

    /// Tells a peer all members that it has not been told.
    pub(in crate::sync::engine) fn tell_members(&mut self, peer: &PeerId) {
        loop {
            let Some(session) = self.sessions.get_mut(peer) else { return };
            let changed = self.roster.changed_since(session.told_members).take(MEMBERS_PER_MESSAGE_MAX);
            let (numbers, members): (Vec<_>, Vec<_>) = changed.unzip();
            let Some(last) = numbers.last() else { return };
            session.told_members = *last;
            self.send(peer, Message::Members(Members { members }));
        }
    }

    pub(in crate::sync::engine) fn heartbeat(&mut self, peer: &PeerId, heartbeat: Heartbeat) {
        self.count_strange_origins(peer);
        for head in &heartbeat.heads {
            self.head_shown(peer, head);
        }
        self.clock_told(peer, &heartbeat);
        let is_equal = heartbeat.digest == self.heads.digest();
        let Some(session) = self.sessions.get_mut(peer) else { return };
        session.digest = Some(heartbeat.digest);
        let had_strange = is_equal && std::mem::take(&mut session.strange) > 0;
        if is_equal {
            session.known = self.heads.iter().map(|head| (head.origin.clone(), head.seq)).collect();
            session.pushed.clear();
            self.counters.last_sync_ms = Some(self.now_ms);
        }
        session.has_told_all |= is_equal || heartbeat.complete;
        if heartbeat.wants_heads {
            session.told_moves = 0;
        }
        if had_strange {
            self.forget_strange_origins();
        }
        self.consider_calling_back(peer);
        let wants_heads = !is_equal && self.wants_heads_of(peer, heartbeat.complete);
        if heartbeat.wants_heads || wants_heads {
            self.tell_heads(peer, Asides { wants_heads, ..Asides::default() });
        }
        self.repeat_what_differs(peer, &heartbeat);
        if heartbeat.answer > 0 {
            self.answered(peer, heartbeat.answer);
        }
        if heartbeat.ask > 0 {
            if let Some(session) = self.sessions.get_mut(peer) {
                session.unanswered = Some(heartbeat.ask);
            }
            self.answer_if_applied(peer);
        }
        self.schedule_pulls();
        self.consider_reconciling();
        self.check_exchanges();
    }

    /// Whether to ask a peer for all its heads: it told fewer than differ, or nothing that was told explains why its
    /// digest differs from ours.
    fn wants_heads_of(&mut self, peer: &PeerId, is_complete: bool) -> bool {
        let Some(session) = self.sessions.get(peer) else { return false };
        let is_explained = if session.has_told_all {
            let (behind, _) = self.heads.behind(&session.known, self.now_ms);
            behind > 0 || self.heads.ahead(&session.known) > 0
        } else {
            is_complete
        };
        let is_time =
            session.asked_heads_ms == 0 || self.now_ms >= session.asked_heads_ms.saturating_add(REPEAT_MS_MIN);
        let wants = !is_explained && is_time;
        if let Some(session) = self.sessions.get_mut(peer).filter(|_| wants) {
            session.asked_heads_ms = self.now_ms;
        }
        wants
    }

    /// What a peer has applied of one origin, by its own word.
    pub(in crate::sync::engine) fn head_shown(&mut self, peer: &PeerId, head: &Head) {
        if !self.takes_word_of(peer, &head.origin) {
            return;
        }
        let our_head = self.heads.get(&head.origin);
        let is_forked = our_head.is_some_and(|ours| ours.seq == head.seq && ours.hash != head.hash);
        let is_news = self.received_seq(&head.origin) < head.seq;
        let Some(session) = self.sessions.get_mut(peer) else { return };
        session.known.insert(head.origin.clone(), head.seq);
        if session.pushed.get(&head.origin).is_some_and(|pushed| *pushed <= head.seq) {
            session.pushed.remove(&head.origin);
        }
        if head.origin == self.config.this {
            return self.own_head_shown(peer, head);
        }
        if is_forked {
            // Its deltas do not follow ours, and that is not its fault. The greater hash is the story that all tell in the end.
            let is_outdone = our_head.is_some_and(|ours| ours.hash < head.hash);
            session.distrusted.insert(head.origin.clone(), self.now_ms.saturating_add(DISTRUST_MS));
            self.reconciling.is_needed |= is_outdone;
            self.origin_mut(&head.origin).is_outdone = is_outdone;
            return self.forked(&head.origin, head.seq);
        }
        if is_news {
            self.wanted.insert(head.origin.clone());
        }
        self.signed_head_shown(&head.origin, head.seq);
    }

    /// Whether what a peer says of an origin is remembered: of a member, of an origin of which something is here, and of a
    /// bounded number of others. An honest peer's are pulled, and others have room then.
    pub(in crate::sync::engine) fn takes_word_of(&mut self, peer: &PeerId, origin: &PeerId) -> bool {
        let is_any = self.heads.get(origin).is_some() || self.roster.contains(origin);
        let Some(session) = self.sessions.get_mut(peer) else { return false };
        if is_any || session.known.contains_key(origin) {
            return true;
        }
        let has_room = session.strange < STRANGE_ORIGINS_MAX;
        session.strange += usize::from(has_room);
        has_room
    }

    /// Origins that a peer has named and that have become known since have left room for others.
    pub(in crate::sync::engine) fn count_strange_origins(&mut self, peer: &PeerId) {
        let (heads, roster) = (&self.heads, &self.roster);
        if let Some(session) = self.sessions.get_mut(peer).filter(|session| session.strange >= STRANGE_ORIGINS_MAX) {
            let is_strange = |origin: &&PeerId| heads.get(origin).is_none() && !roster.contains(origin);
            session.strange = session.known.keys().filter(is_strange).count();
        }
    }

    /// Forgets origins that only those who have gone have named.
    pub(in crate::sync::engine) fn forget_strange_origins(&mut self) {
        let (heads, roster, sessions, queue) = (&self.heads, &self.roster, &self.sessions, &self.queue);
        let is_any = |origin: &PeerId| heads.get(origin).is_some() || roster.contains(origin);
        let is_named = |origin: &PeerId| sessions.values().any(|session| session.known.contains_key(origin));
        let is_kept = |origin: &PeerId| is_any(origin) || is_named(origin) || queue.has(origin);
        self.origins.retain(|origin, state| state.pull.is_some() || is_kept(origin));
        self.wanted.retain(is_kept);
    }

    /// A head of our own origin. Nobody can have more of it than we have, unless this is an old copy of a data directory;
    /// a lesser one is looked at once a session, since a copy may have posted anew under used numbers.
    fn own_head_shown(&mut self, peer: &PeerId, head: &Head) {
        let our_head = self.heads.get(&head.origin);
        let is_ours = our_head.is_some_and(|ours| ours.seq == head.seq && ours.hash == head.hash);
        let our_seq = our_head.map_or(0, |ours| ours.seq);
        let Some(session) = self.sessions.get_mut(peer) else { return };
        let is_checked = session.own_checked >= head.seq || (session.own_checked > 0 && head.seq <= our_seq);
        session.own_checked = session.own_checked.max(head.seq);
        if !is_ours && !is_checked {
            let head = head.clone();
            let peer = peer.clone();
            self.request(CheckOwnHead { head }, move |engine, reply| engine.on_check_own_head_done(&peer, reply));
        }
    }

    fn on_check_own_head_done(&mut self, peer: &PeerId, result: Result<OwnHead>) {
        match result {
            Ok(OwnHead::Known(heads)) => self.heads_moved(heads),
            Ok(OwnHead::Forged) => self.strike(peer, POINTS_FORGED, "showed a head that this node never signed"),
            Ok(OwnHead::Renewed(renewed)) => self.renewed(renewed),
            Err(error) => {
                self.failed("checking an own head", &error);
                if let Some(session) = self.sessions.get_mut(peer) {
                    session.own_checked = 0;
                }
            }
        }
    }

    /// This node has another peer id: its swarm and engines begin anew.
    pub(in crate::sync::engine) fn renewed(&mut self, renewed: PeerId) {
        self.event(EngineEvent::Renewed { peer: renewed.clone() });
        self.actions.push(EngineAction::Renewed { peer: renewed });
        self.retire();
    }

    /// Collections and members, where the peer's digests say that one side has missed something.
    fn repeat_what_differs(&mut self, peer: &PeerId, heartbeat: &Heartbeat) {
        let now_ms = self.now_ms;
        let differs = heartbeat.members != self.roster.digest();
        let latest_change = self.roster.latest_change();
        let Some(session) = self.sessions.get_mut(peer) else { return };
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
            self.send(peer, Message::CollectionRequest);
        }
        if repeats {
            self.tell_members(peer);
        }
    }

    /// Answers a peer's `ask` once nothing that it sent waits to be applied.
    pub(in crate::sync::engine) fn answer_if_applied(&mut self, peer: &PeerId) {
        if self.queue.waits_for(peer) {
            return;
        }
        let answer = self.sessions.get_mut(peer).and_then(|session| session.unanswered.take());
        if let Some(answer) = answer {
            self.tell_heads(peer, Asides { answer, ..Asides::default() });
        }
    }

    fn answered(&mut self, peer: &PeerId, number: u64) {
        let now_ms = self.now_ms;
        let Some(session) = self.sessions.get_mut(peer) else { return };
        if let Some((_, sent_ms)) = session.ask.take_if(|(ask, _)| *ask == number) {
            let measured_ms = u32::try_from(now_ms.saturating_sub(sent_ms)).map_or(f64::MAX, f64::from);
            // Smoothed as TCP does it (RFC 6298).
            session.latency_ms = Some(session.latency_ms.map_or(measured_ms, |old| old + (measured_ms - old) / 8.0));
        }
        self.exchange.answered(peer, number);
    }

    /// Heads that moved without this engine.
    pub(in crate::sync::engine) fn heads_moved(&mut self, heads: Vec<Head>) {
        let mut has_moved = false;
        for head in heads {
            has_moved |= self.advance(head).is_some();
        }
        if has_moved {
            self.push_own();
            self.schedule_pulls();
            self.check_exchanges();
        }
    }

    /// Takes a head of ours that is further than before; the number it had, if so.
    pub(in crate::sync::engine) fn advance(&mut self, head: Head) -> Option<u64> {
        let (origin, seq) = (head.origin.clone(), head.seq);
        let old_seq = self.heads.advance(head, self.now_ms)?;
        if let Some(state) = self.origins.get_mut(&origin) {
            state.received = state.received.max(seq);
        }
        self.beat_all_within(HEARTBEAT_MS_MIN);
        Some(old_seq)
    }
}

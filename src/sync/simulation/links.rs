//! Sessions between nodes: frames in order on each, late and lost on the way, and searched for what must not travel.

use crate::model::PeerId;
use crate::sync::engine::io::EngineInput;
use crate::sync::protocol::encoding::{Assembler, encode, encode_as};
use crate::sync::protocol::message::Message;
use crate::sync::protocol::versions::OLDEST;
use crate::sync::simulation::holders::hollow;
use crate::sync::simulation::node::START_MS;
use crate::sync::simulation::plan::between;
use crate::sync::simulation::story::{gist, short};
use crate::sync::simulation::workload::CANARY;
use crate::sync::simulation::world::{Event, World};

/// A session between two nodes, as their transports see it.
pub(super) struct Session {
    pub nodes: [usize; 2],
    peers: [PeerId; 2],
    /// What both sides proved.
    epoch: u64,
    /// Frames still flow.
    is_open: bool,
    /// When the last frame arrives at each end: none overtakes another.
    last_ms: [u64; 2],
    assemblers: [Assembler; 2],
}

impl World {
    /// Two nodes try to make a session in a while, where they have none.
    pub fn try_soon(&mut self, pair: (usize, usize)) {
        if !self.linked.contains_key(&pair) && self.connecting.insert(pair) {
            let in_ms = self.between(50, 2_000);
            self.schedule(in_ms, Event::Connect { pair });
        }
    }

    pub fn connect(&mut self, pair: (usize, usize)) {
        self.connecting.remove(&pair);
        if self.linked.contains_key(&pair) {
            return;
        }
        let (a, b) = pair;
        let epoch = self.common_epoch(a, b).filter(|_| self.parts[a] == self.parts[b] && self.may_meet(a, b));
        let (Some(one), Some(two)) = (&self.nodes[a].running, &self.nodes[b].running) else { return };
        let Some(epoch) = epoch else { return self.try_soon(pair) };
        let peers = [one.peer.clone(), two.peer.clone()];
        self.last_session += 1;
        let session = self.last_session;
        self.linked.insert(pair, session);
        let up_ms = [0, 1].map(|_| self.now_ms + between(&mut self.random, 1, 50));
        let open = Session {
            nodes: [a, b],
            peers,
            epoch,
            is_open: true,
            last_ms: up_ms,
            assemblers: [Assembler::new(), Assembler::new()],
        };
        self.sessions.insert(session, open);
        for (end, at_ms) in up_ms.into_iter().enumerate() {
            self.schedule_at(at_ms, Event::Up { session, end });
        }
    }

    /// The newest epoch that both can prove and let each other in by. Where one of them counts it differently, the lower
    /// number.
    pub fn common_epoch(&self, a: usize, b: usize) -> Option<u64> {
        let (ours, theirs) = (self.nodes[a].epochs(), self.nodes[b].epochs());
        let shared = ours.iter().filter_map(|(secret, epoch)| Some((*secret, *epoch, *theirs.get(secret)?)));
        let admits = |node: usize, secret: &str, other: usize| {
            let other = self.nodes[other].running.as_ref().map(|running| &running.peer);
            other.is_some_and(|other| self.nodes[node].admits(secret, other))
        };
        let shared = shared.filter(|(secret, ..)| admits(a, secret, b) && admits(b, secret, a));
        shared.map(|(_, ours, theirs)| ours.min(theirs)).max()
    }

    /// Whether neither has been told by its engine to keep away.
    fn may_meet(&self, a: usize, b: usize) -> bool {
        let allows = |node: usize, other: usize| {
            let (Some(running), Some(other)) = (&self.nodes[node].running, &self.nodes[other].running) else {
                return false;
            };
            let engine_ms = (START_MS + self.now_ms).checked_add_signed(running.engine_ahead_ms).unwrap();
            let is_banned = running.banned.get(&other.peer).is_some_and(|until_ms| *until_ms > engine_ms);
            !is_banned && !self.nodes[node].has_removed(&other.peer)
        };
        allows(a, b) && allows(b, a)
    }

    pub fn session_up(&mut self, session: u64, end: usize) {
        let Some(open) = self.sessions.get(&session) else { return };
        let (node, peer, epoch) = (open.nodes[end], open.peers[1 - end].clone(), open.epoch);
        let is_same = |running: &crate::sync::simulation::node::Running| running.peer == open.peers[end];
        let Some(running) = self.nodes[node].running.as_mut().filter(|running| is_same(running)) else { return };
        running.sessions.insert(peer.clone(), session);
        self.tell(|world| format!("{} meets {} in epoch {epoch}", world.name(node), short(&peer)));
        self.handle(node, EngineInput::PeerUp { peer, epoch, addresses: Vec::new() });
    }

    pub fn session_down(&mut self, session: u64, end: usize) {
        let Some(open) = self.sessions.get(&session) else { return };
        let (node, peer) = (open.nodes[end], open.peers[1 - end].clone());
        let Some(running) = &mut self.nodes[node].running else { return };
        if running.sessions.get(&peer) == Some(&session) {
            running.sessions.remove(&peer);
            self.tell(|world| format!("{} loses {}", world.name(node), short(&peer)));
            self.handle(node, EngineInput::PeerDown { peer });
        }
    }

    /// Nothing arrives on a session any more; both ends notice sooner or later, and try again.
    pub fn break_session(&mut self, session: u64) {
        let Some(open) = self.sessions.get_mut(&session).filter(|open| open.is_open) else { return };
        open.is_open = false;
        let pair = (open.nodes[0], open.nodes[1]);
        self.linked.remove(&pair);
        for end in [0, 1] {
            let in_ms = self.between(0, 3_000);
            self.schedule(in_ms, Event::Down { session, end });
        }
        self.try_soon(pair);
    }

    pub fn end_sessions_of(&mut self, node: usize) {
        let broken: Vec<u64> =
            self.linked.iter().filter(|((a, b), _)| *a == node || *b == node).map(|(_, session)| *session).collect();
        broken.into_iter().for_each(|session| self.break_session(session));
    }

    /// An engine wants no more of a peer.
    pub fn disconnect(&mut self, node: usize, peer: &PeerId, until_ms: u64) {
        let Some(running) = &mut self.nodes[node].running else { return };
        running.banned.insert(peer.clone(), until_ms);
        if let Some(session) = running.sessions.remove(peer) {
            self.break_session(session);
        }
    }

    /// Puts a message on its way.
    pub fn send(&mut self, node: usize, peer: &PeerId, message: &Message) {
        let hollow = self.nodes[node].is_hollow.then(|| hollow(message)).flatten();
        let message = hollow.as_ref().unwrap_or(message);
        let frames = encode(message).unwrap();
        let Some(running) = &self.nodes[node].running else { return };
        let Some(session) = running.sessions.get(peer).copied() else { return };
        if self.nodes[node].is_liar {
            return self.send_lies(node, peer, message, (session, frames));
        }
        assert!(!self.nodes[node].has_removed(peer), "a {} goes to a peer that was removed", gist(message));
        self.tell(|world| format!("{} -> {} {}", world.name(node), short(peer), gist(message)));
        self.overhear(peer, message, &frames);
        // Nothing is compressed in these.
        for frame in encode_as(message, OLDEST).unwrap() {
            assert!(find(&frame, CANARY.as_bytes()).is_none(), "a private byte travels in a {}", gist(message));
            let mut secrets = self.ledger.secrets.iter();
            assert!(
                secrets.all(|secret| find(&frame, secret.as_bytes()).is_none()),
                "the name of a private blob travels"
            );
        }
        let mut bytes = 0;
        for frame in frames {
            self.frames += 1;
            bytes += frame.len();
            self.put_on_way(session, node, frame);
        }
        self.bytes += u64::try_from(bytes).unwrap();
        self.handle(node, EngineInput::Sent { peer: peer.clone(), bytes });
    }

    pub fn put_on_way(&mut self, session: u64, node: usize, bytes: Vec<u8>) {
        let is_lost = self.random.below(10_000) < self.plan.loss;
        let delay_ms = between(&mut self.random, 0, self.plan.delay_ms);
        let Some(open) = self.sessions.get_mut(&session).filter(|open| open.is_open) else { return };
        if is_lost {
            return self.break_session(session);
        }
        let end = usize::from(open.nodes[0] == node);
        let at_ms = (self.now_ms + delay_ms).max(open.last_ms[end]);
        open.last_ms[end] = at_ms;
        self.schedule_at(at_ms, Event::Frame { session, end, bytes });
    }

    pub fn frame(&mut self, session: u64, end: usize, bytes: &[u8]) {
        let Some(open) = self.sessions.get_mut(&session).filter(|open| open.is_open) else { return };
        let (node, peer) = (open.nodes[end], open.peers[1 - end].clone());
        let is_here = |running: &crate::sync::simulation::node::Running| running.sessions.get(&peer) == Some(&session);
        if !self.nodes[node].running.as_ref().is_some_and(is_here) {
            return;
        }
        let sender = open.nodes[1 - end];
        let message = match open.assemblers[end].push(bytes) {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(_) if self.nodes[sender].is_liar => return self.handle(node, EngineInput::Malformed { peer }),
            Err(error) => panic!("an honest node sent what is no message: {error}"),
        };
        let is_twice = matches!(message, Message::Operation(_)) && self.random.below(10_000) < self.plan.duplicates;
        for _ in 0..=usize::from(is_twice) {
            let input = EngineInput::Received { peer: peer.clone(), message: message.clone(), bytes: bytes.len() };
            self.handle(node, input);
        }
    }
}

/// Where some bytes stand in others.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(place) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        if bytes[from + place..].starts_with(wanted) {
            return Some(from + place);
        }
        from += place + 1;
    }
    None
}

//! A thousand engines without databases: what membership in a large network costs each node in messages and bytes.
//!
//! Nodes keep deltas in memory and believe each other. Each is connected to a few others, some of them post at a steady
//! rate, and the frames of a while are counted when the network has come to know itself.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::{
    AdoptedHeads, Applied, Bytes, CharterDigest, Delta, Head, LogRead, NetworkId, NetworkOptions, PeerId, Placement,
    Run, Verdict,
};
use crate::sync::engine::io::{CompletedRequest, EngineAction, EngineConfig, EngineInput};
use crate::sync::engine::requests::{AdoptHeads, EngineReply, EngineRequest, ReadLog, VerifyHeads};
use crate::sync::engine::requests::{MergedSchema, VerifiedHeads};
use crate::sync::engine::{Engine, Tuning};
use crate::sync::protocol::encoding::encode;
use crate::sync::protocol::message::{END_SIGNATURE_BYTES, HEAD_SIGNATURE_BYTES, Message};
use crate::sync::protocol::seeded_random::Random;
use crate::sync::protocol::statement::STATEMENT_SIGNATURE_BYTES;
use crate::sync::simulation::node::START_MS;

/// Connections that each node makes; it has about twice as many.
const CONNECTIONS: u64 = 4;
/// Bytes of a delta.
const DELTA_BYTES: usize = 300;
/// Nodes that post, and how often each of them does.
const POSTERS: usize = 10;
const POST_MS: u64 = 2_000;
/// Time in which members become known, and time that is measured.
const WARM_UP_MS: u64 = 60_000;
const MEASURED_MS: u64 = 60_000;
/// Way of a frame.
const DELAY_MS: (u64, u64) = (5, 40);

enum Event {
    Up { node: usize, other: usize },
    Frame { node: usize, from: usize, message: Rc<Message>, bytes: usize },
    Done { node: usize, completed: CompletedRequest },
    Tick { node: usize, at_ms: u64 },
    Post { node: usize },
}

struct Member {
    engine: Engine,
    heads: BTreeMap<PeerId, Head>,
    logs: BTreeMap<PeerId, Vec<Delta>>,
    tick_ms: u64,
}

struct Crowd {
    random: Random,
    now_ms: u64,
    events: BTreeMap<(u64, u64), Event>,
    last_event: u64,
    members: Vec<Member>,
    peers: Vec<PeerId>,
    nodes: BTreeMap<PeerId, usize>,
    frames: u64,
    bytes: u64,
    deltas: u64,
    applied: u64,
    /// Sum of the times from a posting to its receipt, and when each was posted.
    spread_ms: u64,
    posted_ms: BTreeMap<(PeerId, u64), u64>,
}

/// What one node has to do with a network of some size.
struct Cost {
    frames_per_second: f64,
    bytes_per_second: f64,
    frames_per_delta: f64,
    spread_ms: f64,
}

impl Crowd {
    fn new(count: usize, seed: u64) -> Crowd {
        let peers: Vec<PeerId> = (0..count).map(|number| PeerId::new(format!("peer{number}"))).collect();
        let member = |(number, peer): (usize, &PeerId)| {
            let config = EngineConfig {
                this: peer.clone(),
                network: NetworkId(1),
                options: NetworkOptions::default(),
                epoch: 1,
                removed: Vec::new(),
                charter: CharterDigest::default(),
                excused: Vec::new(),
                is_owner: false,
                owners: Vec::new(),
                awaits_founder: false,
                collections: Vec::new(),
                shapes: Vec::new(),
                partial: Vec::new(),
                placement: Placement::default(),
                is_returning: false,
                tuning: Tuning::default(),
                seed: seed + number as u64,
            };
            let engine = Engine::new(config, Vec::new(), Vec::new(), START_MS);
            Member { engine, heads: BTreeMap::new(), logs: BTreeMap::new(), tick_ms: u64::MAX }
        };
        let members = peers.iter().enumerate().map(member).collect();
        let nodes = peers.iter().enumerate().map(|(number, peer)| (peer.clone(), number)).collect();
        Crowd {
            random: Random::new(seed),
            now_ms: 0,
            events: BTreeMap::new(),
            last_event: 0,
            members,
            peers,
            nodes,
            frames: 0,
            bytes: 0,
            deltas: 0,
            applied: 0,
            spread_ms: 0,
            posted_ms: BTreeMap::new(),
        }
    }

    fn schedule(&mut self, in_ms: u64, event: Event) {
        self.last_event += 1;
        self.events.insert((self.now_ms + in_ms, self.last_event), event);
    }

    /// Connects each node with a few others.
    fn connect(&mut self) {
        let count = self.members.len();
        for node in 0..count {
            for _ in 0..CONNECTIONS {
                let other = usize::try_from(self.random.below(count as u64)).unwrap();
                if other != node {
                    let in_ms = self.random.below(5_000);
                    self.schedule(in_ms, Event::Up { node, other });
                    self.schedule(in_ms, Event::Up { node: other, other: node });
                }
            }
        }
    }

    fn play_until(&mut self, until_ms: u64) {
        while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= until_ms) {
            let ((at_ms, _), event) = entry.remove_entry();
            self.now_ms = at_ms;
            match event {
                Event::Up { node, other } => {
                    let peer = self.peers[other].clone();
                    self.handle(node, EngineInput::PeerUp { peer, epoch: 1, addresses: Vec::new() });
                }
                Event::Frame { node, from, message, bytes } => {
                    let (peer, message) = (self.peers[from].clone(), (*message).clone());
                    self.handle(node, EngineInput::Received { peer, message, bytes });
                }
                Event::Done { node, completed } => self.handle(node, EngineInput::Done(completed)),
                Event::Tick { node, at_ms } => {
                    if self.members[node].tick_ms == at_ms {
                        self.members[node].tick_ms = u64::MAX;
                        self.handle(node, EngineInput::Tick);
                    }
                }
                Event::Post { node } => self.post(node),
            }
        }
        self.now_ms = until_ms;
    }

    fn handle(&mut self, node: usize, input: EngineInput) {
        let mut actions = Vec::new();
        self.members[node].engine.handle(START_MS + self.now_ms, input, &mut actions);
        for action in actions {
            match action {
                EngineAction::Send { peer, message } => self.send(node, self.nodes[&peer], message),
                EngineAction::Request(pending) => {
                    let completed = pending.answer_with(|request| self.answer(node, request));
                    self.schedule(1, Event::Done { node, completed });
                }
                EngineAction::Disconnect { reason, .. } => panic!("a session ends: {reason}"),
                EngineAction::SyncDone { .. }
                | EngineAction::FetchDone { .. }
                | EngineAction::KeysListed { .. }
                | EngineAction::Renewed { .. }
                | EngineAction::Event(_) => {}
            }
        }
        let at_ms = self.members[node].engine.next_tick_ms().saturating_sub(START_MS).max(self.now_ms);
        if at_ms < self.members[node].tick_ms {
            self.members[node].tick_ms = at_ms;
            self.schedule(at_ms - self.now_ms, Event::Tick { node, at_ms });
        }
    }

    fn send(&mut self, from: usize, node: usize, message: Message) {
        let bytes = encode(&message).unwrap().iter().map(Vec::len).sum();
        self.frames += 1;
        self.bytes += bytes as u64;
        let delay_ms = DELAY_MS.0 + self.random.below(DELAY_MS.1 - DELAY_MS.0);
        self.schedule(delay_ms, Event::Frame { node, from, message: Rc::new(message), bytes });
    }

    /// A new delta, and the wish to post again later.
    fn post(&mut self, node: usize) {
        let peer = self.peers[node].clone();
        let member = &mut self.members[node];
        let log = member.logs.entry(peer.clone()).or_default();
        let seq = log.len() as u64 + 1;
        let signature = Some(Bytes::new(vec![0; END_SIGNATURE_BYTES[1]]));
        log.push(Delta { seq, signature, body: Bytes::new(vec![0; DELTA_BYTES]) });
        let head = head_of(&peer, seq);
        member.heads.insert(peer.clone(), head.clone());
        self.deltas += 1;
        self.posted_ms.insert((peer, seq), self.now_ms);
        self.handle(node, EngineInput::HeadsMoved { heads: vec![head] });
        self.schedule(POST_MS, Event::Post { node });
    }

    fn answer(&mut self, node: usize, request: EngineRequest) -> EngineReply {
        let member = &mut self.members[node];
        match request {
            EngineRequest::PostStaged(_) => EngineReply::PostStaged(Ok(None)),
            EngineRequest::VerifyHeads(VerifyHeads { heads }) => {
                EngineReply::VerifyHeads(Ok(VerifiedHeads { heads, ..VerifiedHeads::default() }))
            }
            EngineRequest::ReadLog(ReadLog { origin, from_seq, bytes_max }) => {
                let log = member.logs.get(&origin).map(Vec::as_slice).unwrap_or_default();
                let from = usize::try_from(from_seq - 1).unwrap();
                let count = (bytes_max / DELTA_BYTES).max(1);
                EngineReply::ReadLog(Ok(LogRead::Deltas(log.iter().skip(from).take(count).cloned().collect())))
            }
            EngineRequest::ApplyRun(request) => EngineReply::ApplyRun(Ok(self.apply(node, request.run))),
            EngineRequest::SaveMembers(_) => EngineReply::SaveMembers(Ok(())),
            EngineRequest::SignStatement(_) => {
                EngineReply::SignStatement(Ok(Bytes::new([0; STATEMENT_SIGNATURE_BYTES])))
            }
            EngineRequest::VerifyStatements(request) => {
                EngineReply::VerifyStatements(Ok(vec![true; request.signed.len()]))
            }
            EngineRequest::CollectTombstones(_) => EngineReply::CollectTombstones(Ok(0)),
            EngineRequest::PruneLog(_) => EngineReply::PruneLog(Ok(0)),
            EngineRequest::MergeSchemas(_) => EngineReply::MergeSchemas(Ok(MergedSchema::default())),
            EngineRequest::AdoptHeads(AdoptHeads { adoption, .. }) => {
                let heads = member.heads.values().cloned().collect();
                EngineReply::AdoptHeads(Ok(AdoptedHeads { heads, partial: adoption.partial }))
            }
            EngineRequest::CloseView(_) => EngineReply::CloseView(()),
            other => panic!("nothing of this kind is needed: {other:?}"),
        }
    }

    fn apply(&mut self, node: usize, run: Run) -> Applied {
        let member = &mut self.members[node];
        let log = member.logs.entry(run.origin.clone()).or_default();
        let mut verdict = Verdict::Applied;
        for delta in run.deltas {
            let next = log.len() as u64 + 1;
            if delta.seq > next {
                verdict = Verdict::Gap;
                break;
            }
            if delta.seq == next {
                self.applied += 1;
                self.spread_ms += self.now_ms - self.posted_ms[&(run.origin.clone(), next)];
                log.push(delta);
            }
        }
        let seq = log.len() as u64;
        let head = head_of(&run.origin, seq);
        member.heads.insert(run.origin, head.clone());
        Applied { head, received: seq, verdict, own: None }
    }
}

fn head_of(origin: &PeerId, seq: u64) -> Head {
    let hash = *blake3::hash(&[origin.as_str().as_bytes(), &seq.to_le_bytes()].concat()).as_bytes();
    Head { origin: origin.clone(), seq, hash, signature: Bytes::new(vec![0; HEAD_SIGNATURE_BYTES]) }
}

fn measure(count: usize) -> Cost {
    let mut crowd = Crowd::new(count, 1);
    crowd.connect();
    for node in 0..count {
        crowd.handle(node, EngineInput::Tick);
    }
    crowd.play_until(WARM_UP_MS);
    for node in 0..POSTERS.min(count) {
        let in_ms = crowd.random.below(POST_MS);
        crowd.schedule(in_ms, Event::Post { node });
    }
    let (frames, bytes) = (crowd.frames, crowd.bytes);
    crowd.play_until(WARM_UP_MS + MEASURED_MS);
    let (frames, bytes) = ((crowd.frames - frames) as f64, (crowd.bytes - bytes) as f64);
    // Everything posted a while before the end is everywhere.
    let early = crowd.posted_ms.iter().filter(|(_, at_ms)| **at_ms + 10_000 < crowd.now_ms);
    for ((origin, seq), _) in early {
        let lacking = crowd.members.iter().filter(|member| member.heads.get(origin).is_none_or(|head| head.seq < *seq));
        assert_eq!(lacking.count(), 0, "{seq} of {origin} has not come everywhere");
    }
    let seconds = MEASURED_MS as f64 / 1_000.0;
    Cost {
        frames_per_second: frames / count as f64 / seconds,
        bytes_per_second: bytes / count as f64 / seconds,
        frames_per_delta: frames / count as f64 / crowd.deltas as f64,
        spread_ms: crowd.spread_ms as f64 / crowd.applied as f64,
    }
}

#[test]
#[ignore = "minutes: see `make soak`"]
#[expect(clippy::print_stderr, reason = "the measurement is what the test is for")]
fn soak_a_thousand_nodes_and_what_they_cost() {
    let mut costs = Vec::new();
    for count in [10, 100, 1_000] {
        let cost = measure(count);
        eprintln!(
            "{count} nodes: {:.1} messages/s and {:.0} bytes/s a node, {:.2} messages a node and delta, {:.0} ms to a node",
            cost.frames_per_second, cost.bytes_per_second, cost.frames_per_delta, cost.spread_ms
        );
        costs.push(cost);
    }
    let [_, hundred, thousand] = costs.as_slice() else { panic!("three sizes were measured") };
    assert!(thousand.frames_per_second < 2.0 * hundred.frames_per_second, "messages grow with the network");
}

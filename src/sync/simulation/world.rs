//! The world of one simulation: true time, the events to come, and what each of them does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::db::Database;
use crate::model::{PeerId, Verdict};
use crate::sync::engine::io::{CompletedRequest, EngineAction, EngineEvent, EngineInput, PendingRequest};
use crate::sync::engine::requests::EngineReply;
use crate::sync::protocol::seeded_random::Random;
use crate::sync::simulation::departures::Step;
use crate::sync::simulation::faults::Fault;
use crate::sync::simulation::ledger::Ledger;
use crate::sync::simulation::liars::Liars;
use crate::sync::simulation::links::Session;
use crate::sync::simulation::node::{Node, START_MS};
use crate::sync::simulation::plan::{Plan, between};
use crate::sync::simulation::story::{brief, note_of, short, what};
use crate::sync::simulation::{excuses, shares};

/// Events for each pair of nodes after which a simulation is taken for one that never comes to rest.
const EVENTS_PER_PAIR_MAX: u64 = 100_000;
/// Lines of the story that are kept for a failure.
const STORY_LINES: usize = 400;
/// Longest time between the answer to a request and the engine hearing of it.
const ANSWER_MS: u64 = 3;

/// Something that is going to happen.
#[derive(Debug)]
pub(super) enum Event {
    /// A user does something.
    Operation,
    Fault(Fault),
    Departure(Step),
    Silence(excuses::Step),
    /// A liar does something of its own accord.
    Lie {
        node: usize,
    },
    /// Two nodes try to make a session.
    Connect {
        pair: (usize, usize),
    },
    Up {
        session: u64,
        end: usize,
    },
    Down {
        session: u64,
        end: usize,
    },
    Frame {
        session: u64,
        end: usize,
        bytes: Vec<u8>,
    },
    Request {
        node: usize,
        boot: u64,
        pending: Box<PendingRequest>,
    },
    Done {
        node: usize,
        boot: u64,
        completed: Box<CompletedRequest>,
    },
    Tick {
        node: usize,
        boot: u64,
        at_ms: u64,
    },
}

/// Everything there is.
pub(super) struct World {
    pub seed: u64,
    pub plan: Plan,
    pub random: Random,
    /// Milliseconds since the start.
    pub now_ms: u64,
    events: BTreeMap<(u64, u64), Event>,
    last_event: u64,
    pub nodes: Vec<Node>,
    /// Open sessions by number.
    pub sessions: BTreeMap<u64, Session>,
    pub last_session: u64,
    /// Pairs that have a session, or are going to try.
    pub linked: BTreeMap<(usize, usize), u64>,
    pub connecting: BTreeSet<(usize, usize)>,
    /// Nodes of different parts do not reach each other.
    pub parts: Vec<usize>,
    pub ledger: Ledger,
    pub liars: Liars,
    /// Somebody had missed a new secret for good, and has joined the network once more.
    pub has_strangers: bool,
    pub operations_left: u32,
    /// Numbers the names of entries, facts and values.
    pub last_name: u64,
    pub runtime: tokio::runtime::Runtime,
    pub frames: u64,
    /// Things that have happened.
    pub steps: u64,
    pub bytes: u64,
    /// How often something of note happened.
    pub happened: BTreeMap<&'static str, u64>,
    story: Vec<String>,
    is_loud: bool,
}

impl World {
    pub fn new(seed: u64, nodes: Option<usize>, directory: &Path, is_loud: bool) -> World {
        let mut random = Random::new(seed);
        let mut plan = Plan::new(&mut random, nodes);
        let copies = shares::choose(seed, &mut plan);
        plan.has_silence = excuses::choose(seed, &mut plan);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let count = plan.nodes;
        let make = |number: usize| {
            let skew_ms = i64::try_from(random.below(2 * plan.skew_ms + 1)).unwrap();
            let skew_ms = skew_ms - i64::try_from(plan.skew_ms).unwrap();
            Node::new(directory.join(format!("node{number}")), random.next(), skew_ms)
        };
        let mut nodes: Vec<Node> = (0..count).map(make).collect();
        nodes.iter_mut().zip(copies).for_each(|(node, copies)| node.copies = copies);
        nodes[count - 1 - usize::from(plan.has_newcomer)].is_founder = true;
        let mut world = World {
            seed,
            operations_left: plan.operations,
            plan,
            random,
            now_ms: 0,
            events: BTreeMap::new(),
            last_event: 0,
            nodes,
            sessions: BTreeMap::new(),
            last_session: 0,
            linked: BTreeMap::new(),
            connecting: BTreeSet::new(),
            parts: vec![0; count],
            ledger: Ledger::default(),
            liars: Liars::default(),
            has_strangers: false,
            last_name: 0,
            runtime,
            frames: 0,
            steps: 0,
            bytes: 0,
            happened: BTreeMap::new(),
            story: Vec::new(),
            is_loud,
        };
        world.tell(|world| format!("{:?}", world.plan));
        world
    }

    /// Adds a line to the story.
    #[expect(clippy::print_stderr, reason = "the story of one seed, for who reads a failing test")]
    pub fn tell(&mut self, line: impl FnOnce(&World) -> String) {
        let line = format!("{:>8} {}", self.now_ms, line(self));
        if self.is_loud {
            eprintln!("{line}");
        }
        if self.story.len() == STORY_LINES {
            self.story.drain(..STORY_LINES / 2);
        }
        self.story.push(line);
    }

    /// The last lines of the story.
    pub fn story(&self) -> String {
        self.story.join("\n")
    }

    pub fn schedule(&mut self, in_ms: u64, event: Event) {
        self.schedule_at(self.now_ms + in_ms, event);
    }

    pub fn schedule_at(&mut self, at_ms: u64, event: Event) {
        self.last_event += 1;
        self.events.insert((at_ms, self.last_event), event);
    }

    /// Lets things happen until a time.
    pub fn play_until(&mut self, until_ms: u64) {
        let pairs = self.nodes.len() * self.nodes.len().saturating_sub(1) / 2;
        let events_max = EVENTS_PER_PAIR_MAX * u64::try_from(pairs).unwrap();
        while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= until_ms) {
            let ((at_ms, number), event) = entry.remove_entry();
            assert!(number < events_max, "there is no end of events");
            self.now_ms = self.now_ms.max(at_ms);
            self.steps += 1;
            self.happen(event);
        }
        self.now_ms = until_ms;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Operation => self.operate(),
            Event::Fault(fault) => self.befall(fault),
            Event::Departure(step) => self.depart(step),
            Event::Silence(step) => self.keep_silent(step),
            Event::Lie { node } => self.lie(node),
            Event::Connect { pair } => self.connect(pair),
            Event::Up { session, end } => self.session_up(session, end),
            Event::Down { session, end } => self.session_down(session, end),
            Event::Frame { session, end, bytes } => self.frame(session, end, &bytes),
            Event::Request { node, boot, pending } => self.answer(node, boot, *pending),
            Event::Done { node, boot, completed } => {
                if self.is_running(node, boot) {
                    self.handle(node, EngineInput::Done(*completed));
                }
            }
            Event::Tick { node, boot, at_ms } => {
                let is_boot = self.is_running(node, boot);
                let running = self.nodes[node].running.as_mut();
                if let Some(running) = running.filter(|running| is_boot && running.tick_ms == at_ms) {
                    running.tick_ms = u64::MAX;
                    self.handle(node, EngineInput::Tick);
                }
            }
        }
    }

    fn is_running(&self, node: usize, boot: u64) -> bool {
        self.nodes[node].running.is_some() && self.nodes[node].boot == boot
    }

    /// Starts a node; all others try to reach it.
    pub fn start(&mut self, node: usize) {
        let seed = self.random.next();
        self.nodes[node].invitation = self.newest_secret();
        self.nodes[node].start(self.now_ms, &self.plan, seed, &self.runtime);
        self.tell(|world| format!("node {node} runs as {}", world.name(node)));
        self.after_start(node);
    }

    fn after_start(&mut self, node: usize) {
        self.plan_tick(node);
        for other in 0..self.nodes.len() {
            if other != node {
                self.try_soon((node.min(other), node.max(other)));
            }
        }
    }

    /// The last characters of a peer id tell peers apart.
    pub fn name(&self, node: usize) -> String {
        let peer = self.nodes[node].running.as_ref().map(|running| running.peer.to_string()).unwrap_or_default();
        peer.get(peer.len().saturating_sub(5)..).unwrap_or_default().to_string()
    }

    /// Gives a node's engine something and carries out what it wants.
    pub fn handle(&mut self, node: usize, input: EngineInput) {
        let mut actions = Vec::new();
        let now_ms = self.now_ms;
        self.nodes[node].set_time(now_ms);
        let Some(running) = &mut self.nodes[node].running else { return };
        let engine_ms = (START_MS + now_ms).checked_add_signed(running.engine_ahead_ms).unwrap();
        running.engine.handle(engine_ms, input, &mut actions);
        self.check_burden(node);
        for action in actions {
            self.act(node, action);
        }
        self.plan_tick(node);
    }

    fn plan_tick(&mut self, node: usize) {
        let Some(running) = &mut self.nodes[node].running else { return };
        let at_ms = running.engine.next_tick_ms().saturating_sub(START_MS);
        let at_ms = at_ms.checked_add_signed(-running.engine_ahead_ms).unwrap_or(0).max(self.now_ms);
        if at_ms < running.tick_ms {
            running.tick_ms = at_ms;
            let boot = self.nodes[node].boot;
            self.schedule_at(at_ms, Event::Tick { node, boot, at_ms });
        }
    }

    fn act(&mut self, node: usize, action: EngineAction) {
        match action {
            EngineAction::Send { peer, message } => self.send(node, &peer, &message),
            EngineAction::Request(pending) => {
                let boot = self.nodes[node].boot;
                let in_ms = self.random.below(self.plan.work_ms + 1);
                self.schedule(in_ms, Event::Request { node, boot, pending: Box::new(pending) });
            }
            EngineAction::Disconnect { peer, until_ms, reason } => {
                self.tell(|world| format!("{} ends the session with {}: {reason}", world.name(node), short(&peer)));
                self.disconnect(node, &peer, until_ms);
            }
            EngineAction::SyncDone { .. } => {}
            EngineAction::FetchDone { number, result } => self.fetched(node, number, &result),
            EngineAction::KeysListed { number, result } => self.listed(node, number, result),
            EngineAction::Renewed { peer } => self.renew(node, &peer),
            EngineAction::Event(event) => self.engine_event(node, &event),
        }
    }

    fn engine_event(&mut self, node: usize, event: &EngineEvent) {
        self.tell(|world| format!("{} says {event:?}", world.name(node)));
        if let Some((name, count)) = note_of(event) {
            *self.happened.entry(name).or_default() += count;
        }
        if self.has_liars() {
            return self.bear_with(node, event);
        }
        match event {
            EngineEvent::WorkFailed { .. } => panic!("work failed on node {node}: {event:?}"),
            EngineEvent::Forged { .. } | EngineEvent::Banned { .. } => panic!("honest nodes quarrel: {event:?}"),
            EngineEvent::Forked { .. }
                if self.plan.restores == 0 && !self.plan.departures.comes_back() && !self.has_strangers =>
            {
                panic!("nobody forked: {event:?}")
            }
            _ => {}
        }
    }

    /// A node goes on under another peer id.
    fn renew(&mut self, node: usize, peer: &PeerId) {
        self.end_sessions_of(node);
        self.nodes[node].is_unaware = false;
        let seed = self.random.next();
        let Some(running) = self.nodes[node].running.take() else { return };
        assert_eq!(running.database.peer_id(), *peer);
        let heads = running.heads();
        let own_seq = heads.iter().find(|head| head.origin == *peer).map_or(0, |head| head.seq);
        self.ledger.posted_again((node, self.nodes[node].life), peer, own_seq);
        self.nodes[node].life += 1;
        let database: Database = running.database;
        self.nodes[node].boot += 1;
        let tuning = self.plan.tuning.clone();
        self.nodes[node].run(database, &tuning, seed);
        self.liar_renewed(node);
        self.tell(|world| format!("node {node} goes on as {}", world.name(node)));
        self.after_start(node);
    }

    /// Has a node's database answer a request.
    fn answer(&mut self, node: usize, boot: u64, pending: PendingRequest) {
        if !self.is_running(node, boot) {
            return;
        }
        let now_ms = self.now_ms;
        self.nodes[node].set_time(now_ms);
        let what = what(pending.request());
        let Some(running) = &self.nodes[node].running else { return };
        let completed = {
            let _guard = self.runtime.enter();
            pending.answer(&running.executor)
        };
        self.tell(|world| format!("{} {what} -> {}", world.name(node), brief(completed.reply())));
        self.answered(node, completed.reply());
        let in_ms = self.random.below(ANSWER_MS + 1);
        self.schedule(in_ms, Event::Done { node, boot, completed: Box::new(completed) });
        self.follow_changes(node);
    }

    fn answered(&mut self, node: usize, reply: &EngineReply) {
        match reply {
            EngineReply::PostStaged(Ok(head)) => {
                let (origin, seq) = match head {
                    Some(head) => (head.origin.clone(), head.seq),
                    None => {
                        let running = self.nodes[node].running.as_ref().unwrap();
                        (running.peer.clone(), running.own_seq())
                    }
                };
                self.posted(node, &origin, seq);
            }
            EngineReply::ApplyRun(Ok(applied)) => {
                *self.happened.entry("runs applied").or_default() += 1;
                *self.happened.entry("gaps").or_default() += u64::from(applied.verdict == Verdict::Gap);
                self.look(node);
            }
            EngineReply::MergeStates(Ok(merged)) => {
                *self.happened.entry("states merged").or_default() += merged.news;
                *self.happened.entry("states from the future").or_default() += merged.early;
                self.look(node);
            }
            EngineReply::DropCollected(Ok(count)) => {
                *self.happened.entry("entries dropped").or_default() += count;
                self.look(node);
            }
            _ => {}
        }
    }

    /// Tells the engine what its driver sees change in the database.
    pub fn follow_changes(&mut self, node: usize) {
        let Some(running) = &mut self.nodes[node].running else { return };
        let mut inputs = Vec::new();
        if running.changes.catalog.has_changed().unwrap() {
            running.changes.catalog.mark_unchanged();
            let config = running.executor.config(self.plan.tuning.clone(), self.seed).unwrap();
            inputs.push(EngineInput::Reconfigured(Box::new(config)));
        }
        if running.changes.posted.has_changed().unwrap() {
            running.changes.posted.mark_unchanged();
            let mut heads = running.heads();
            heads.retain(|head| head.origin == running.peer);
            inputs.push(EngineInput::HeadsMoved { heads });
        }
        if running.changes.staged.has_changed().unwrap() {
            running.changes.staged.mark_unchanged();
            inputs.push(EngineInput::Staged);
        }
        if matches!(inputs.first(), Some(EngineInput::Reconfigured(_))) {
            self.nodes[node].note_secret();
        }
        for input in inputs {
            self.handle(node, input);
        }
        let Some(running) = &self.nodes[node].running else { return };
        let shut_out = |(peer, _): &(&PeerId, &u64)| self.nodes[node].has_removed(peer);
        let shut_out: Vec<u64> = running.sessions.iter().filter(shut_out).map(|(_, session)| *session).collect();
        shut_out.into_iter().for_each(|session| self.break_session(session));
    }

    /// A random number within bounds.
    pub fn between(&mut self, least: u64, greatest: u64) -> u64 {
        between(&mut self.random, least, greatest)
    }

    /// A number that no other entry, fact or value has.
    pub fn new_name(&mut self) -> u64 {
        self.last_name += 1;
        self.last_name
    }
}

//! Pushing: fresh deltas go to peers without being asked for.
//!
//! In a small network every peer that is known to stand right before a run gets it at once, from its origin or from whoever
//! had it first, and a hint in the message says who else did. In a large one the origin pushes to a few, everybody tells
//! a few others that the head moved, and those pull: each delta travels about once to each node, and each node sends a number of
//! small messages that does not grow with the network.

use crate::error::Result;
use crate::model::{LogRead, PeerId, Run};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::limits::{ANNOUNCE_MS, EAGER_PEERS_MAX, PUSH_BYTES_MAX, RELAY_FANOUT};
use crate::sync::engine::log::incoming::QueuedRun;
use crate::sync::engine::requests::ReadLog;
use crate::sync::protocol::message::{Message, Operation, PUSHED_MAX, RUN_DELTAS_MAX, short_name};

/// How far the own postings have gone out.
#[derive(Debug)]
pub(in crate::sync::engine) struct Push {
    /// The last own delta that was read for pushing, or that nobody was there to be pushed to.
    sent_seq: u64,
    is_reading: bool,
}

impl Push {
    pub fn new(sent_seq: u64) -> Self {
        Push { sent_seq, is_reading: false }
    }
}

impl Push {
    /// Has own deltas that have not gone out read from the log, one batch at a time: what is posted meanwhile goes with
    /// the next.
    pub fn push_own(&mut self, core: &mut EngineCore) {
        let to_seq = core.heads.seq(&core.config.this);
        if self.is_reading || to_seq <= self.sent_seq || core.config.awaits_founder {
            return;
        }
        if core.peers.values().all(|session| session.is_outdated) {
            self.sent_seq = to_seq;
            return;
        }
        self.is_reading = true;
        let from_seq = self.sent_seq + 1;
        let request = ReadLog { origin: core.config.this.clone(), from_seq, bytes_max: PUSH_BYTES_MAX };
        core.request(request, move |engine, reply| {
            engine.push.on_read_pushed_done(&mut engine.core, to_seq, reply);
            engine.check_exchanges();
        });
    }

    fn on_read_pushed_done(&mut self, core: &mut EngineCore, to_seq: u64, result: Result<LogRead>) {
        self.is_reading = false;
        let before_seq = std::mem::replace(&mut self.sent_seq, to_seq);
        let deltas = match result {
            Ok(LogRead::Deltas(deltas)) => deltas,
            Ok(LogRead::Pruned { .. }) => Vec::new(),
            Err(error) => {
                core.failed("reading the log", &error);
                Vec::new()
            }
        };
        let last_seq = deltas.last().map_or(0, |delta| delta.seq);
        let run = Run { origin: core.config.this.clone(), deltas };
        if last_seq >= to_seq {
            // The log may have been ahead of what this engine had heard.
            self.sent_seq = last_seq;
            self.relay(
                core,
                &QueuedRun { peer: core.config.this.clone(), run, pushed_to: Vec::new() },
                before_seq,
                last_seq,
            );
        } else {
            self.announce_head(core, &core.config.this.clone(), to_seq, &[], EAGER_PEERS_MAX);
        }
        self.push_own(core);
    }

    /// Whether own deltas up to this number have gone out.
    pub fn has_pushed(&self, seq: u64) -> bool {
        self.sent_seq >= seq
    }

    /// Sends a run that moved a head from `old_seq` to `new_seq` to those who lack exactly it, and tells others of it.
    pub fn relay(&mut self, core: &mut EngineCore, waiting: &QueuedRun, old_seq: u64, new_seq: u64) {
        let origin = &waiting.run.origin;
        let is_own = *origin == core.config.this;
        let lacking = self.lacking(core, origin, new_seq, &waiting.peer, &waiting.pushed_to);
        let connected = core.peers.values().filter(|session| !session.is_outdated).count();
        let run = &waiting.run;
        let first_seq = run.deltas.first().map_or(0, |delta| delta.seq);
        let last_seq = run.deltas.last().map_or(0, |delta| delta.seq);
        let is_whole = first_seq <= old_seq.saturating_add(1)
            && last_seq == new_seq
            && run.bytes() <= PUSH_BYTES_MAX
            && run.deltas.len() <= RUN_DELTAS_MAX;
        if !is_whole || (!is_own && connected > EAGER_PEERS_MAX) {
            let fanout = if connected > EAGER_PEERS_MAX { RELAY_FANOUT } else { EAGER_PEERS_MAX };
            return self.announce_head(core, origin, new_seq, &waiting.pushed_to_and(&waiting.peer), fanout);
        }
        let is_right_before =
            |peer: &PeerId| core.peers.get(peer).is_some_and(|session| session.expected_seq(origin) + 1 >= first_seq);
        let mut targets: Vec<PeerId> = lacking.into_iter().filter(is_right_before).collect();
        core.random.choose(&mut targets, EAGER_PEERS_MAX);
        let mut pushed_to = waiting.pushed_to_and(&waiting.peer);
        pushed_to.extend(targets.iter().map(short_name));
        pushed_to.truncate(PUSHED_MAX);
        for peer in &targets {
            if let Some(session) = core.peers.get_mut(peer) {
                session.pushed.insert(origin.clone(), new_seq);
            }
            core.counters.deltas_sent += u64::try_from(run.deltas.len()).unwrap_or(0);
            let operation = Operation { runs: vec![run.clone()], pushed_to: pushed_to.clone() };
            core.send(peer, Message::Operation(operation));
        }
        self.announce_head(core, origin, new_seq, &pushed_to, if is_own { EAGER_PEERS_MAX } else { RELAY_FANOUT });
    }

    /// Connected peers that are not known to have a delta and were not sent it.
    fn lacking(&self, core: &EngineCore, origin: &PeerId, seq: u64, source: &PeerId, pushed_to: &[u32]) -> Vec<PeerId> {
        let lacks = |peer: &PeerId| {
            core.peers.get(peer).is_some_and(|session| !session.is_outdated && session.expected_seq(origin) < seq)
                && peer != source
                && peer != origin
                && !pushed_to.contains(&short_name(peer))
        };
        core.peers.keys().filter(|peer| lacks(peer)).cloned().collect()
    }

    /// Tells some of the peers that lack a delta at once that the head moved; the others hear it with their next heartbeat.
    fn announce_head(&mut self, core: &mut EngineCore, origin: &PeerId, seq: u64, pushed_to: &[u32], count: usize) {
        let mut others = self.lacking(core, origin, seq, &core.config.this, pushed_to);
        core.random.choose(&mut others, count);
        for peer in others {
            core.schedule_heartbeat(&peer, ANNOUNCE_MS);
        }
    }
}

impl QueuedRun {
    /// Short names of everybody who has this run.
    fn pushed_to_and(&self, source: &PeerId) -> Vec<u32> {
        let mut names = self.pushed_to.clone();
        names.push(short_name(source));
        names
    }
}

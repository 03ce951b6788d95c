//! One network of a running node: its engine, its members, and the work that the engine has asked for.
//!
//! Work that writes is done one piece after the other, in the order in which it was asked for; chores that may take long
//! have a line of their own, so that deltas do not wait for them. Reading happens at once, side by side. The engine bounds
//! how much of each it asks for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use libp2p::Multiaddr;
use tokio::sync::mpsc;

use crate::db::{Database, NetworkKey};
use crate::error::Result;
use crate::model::{Head, NetworkId, PeerId};
use crate::sync::engine::Engine;
use crate::sync::engine::io::{EngineConfig, EngineOutcome, EngineWork, Member};
use crate::sync::knirvgraph::PostingReport;
use crate::sync::node::executor::Executor;
use crate::sync::node::load_networks::LoadedPeering;

/// A network that runs.
pub struct RunningNetwork {
    /// The same on all members.
    pub name: String,
    pub engine: Engine,
    pub config: EngineConfig,
    /// Of all epochs, newest first.
    pub keys: Vec<NetworkKey>,
    pub bootstrap: Vec<Multiaddr>,
    /// This node is not among them.
    pub members: BTreeMap<PeerId, Member>,
    /// Number of the own head that the engine knows.
    pub own_seq: u64,
    /// Postings under way, whose outcome tells of the own head.
    pub posting: usize,
    executor: Arc<Executor>,
    writes: Line,
    chores: Line,
}

/// Work that waits its turn.
#[derive(Default)]
struct Line {
    waiting: VecDeque<(u64, EngineWork)>,
    is_busy: bool,
}

/// In which line a piece of work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Writes,
    Chores,
    /// In none.
    Reads,
}

/// What other tasks have finished.
pub enum Done {
    /// Work of an engine; without an outcome where its thread panicked.
    Work { network: NetworkId, number: u64, lane: Lane, outcome: Option<EngineOutcome> },
    /// A round of a poster that SYNC asked for.
    Posted { network: NetworkId, number: u64, result: Result<PostingReport> },
}

impl RunningNetwork {
    pub fn new(database: &Database, loaded: LoadedPeering, now_ms: u64) -> RunningNetwork {
        let LoadedPeering { name, config, keys, bootstrap, heads, members } = loaded;
        let own_seq = own_seq(&heads, &config.this);
        let executor = Arc::new(Executor::new(database.replica(), config.network));
        let kept = members.iter().map(|member| (member.peer.clone(), member.clone())).collect();
        let engine = Engine::new(config.clone(), heads, members, now_ms);
        RunningNetwork {
            name,
            engine,
            config,
            keys,
            bootstrap,
            members: kept,
            own_seq,
            posting: 0,
            executor,
            writes: Line::default(),
            chores: Line::default(),
        }
    }

    /// Has work done, now or when its turn comes.
    pub fn begin(&mut self, number: u64, work: EngineWork, done: &mpsc::Sender<Done>) {
        let lane = lane_of(&work);
        self.posting += usize::from(matches!(work, EngineWork::Post));
        if let Some(line) = self.line(lane) {
            if line.is_busy {
                line.waiting.push_back((number, work));
                return;
            }
            line.is_busy = true;
        }
        self.run(number, work, lane, done);
    }

    /// A piece of work is done: the next one of its line begins.
    pub fn ended(&mut self, lane: Lane, done: &mpsc::Sender<Done>) {
        let Some(line) = self.line(lane) else { return };
        match line.waiting.pop_front() {
            Some((number, work)) => self.run(number, work, lane, done),
            None => line.is_busy = false,
        }
    }

    fn line(&mut self, lane: Lane) -> Option<&mut Line> {
        match lane {
            Lane::Writes => Some(&mut self.writes),
            Lane::Chores => Some(&mut self.chores),
            Lane::Reads => None,
        }
    }

    fn run(&self, number: u64, work: EngineWork, lane: Lane, done: &mpsc::Sender<Done>) {
        let executor = Arc::clone(&self.executor);
        let report = Report { network: self.config.network, number, lane, outcome: None, done: done.clone() };
        // Its thread reports by itself, even where it panics.
        drop(tokio::task::spawn_blocking(move || {
            let mut report = report;
            report.outcome = Some(executor.run(work));
            drop(report);
        }));
    }
}

/// Tells the node's task of finished work when it is dropped.
struct Report {
    network: NetworkId,
    number: u64,
    lane: Lane,
    outcome: Option<EngineOutcome>,
    done: mpsc::Sender<Done>,
}

impl Drop for Report {
    fn drop(&mut self) {
        let outcome = self.outcome.take();
        let done = Done::Work { network: self.network, number: self.number, lane: self.lane, outcome };
        // The task is gone when the node has stopped. On a thread of the runtime, where work that never began is dropped
        // while the runtime ends, nobody waits either.
        match self.done.try_send(done) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(done)) => drop(self.done.blocking_send(done)),
        }
    }
}

fn lane_of(work: &EngineWork) -> Lane {
    match work {
        EngineWork::Post
        | EngineWork::Apply { .. }
        | EngineWork::DropUnsigned { .. }
        | EngineWork::MergeStates { .. }
        | EngineWork::DropCollected { .. }
        | EngineWork::Repost { .. }
        | EngineWork::MergeFetched { .. }
        | EngineWork::AdoptHeads { .. } => Lane::Writes,
        EngineWork::CollectTombstones { .. }
        | EngineWork::Place { .. }
        | EngineWork::Evict { .. }
        | EngineWork::PruneLog { .. }
        | EngineWork::SaveMembers(_)
        | EngineWork::SaveEpoch { .. }
        | EngineWork::CheckOwnHead { .. }
        | EngineWork::RenewEarly
        | EngineWork::CallBack { .. }
        | EngineWork::MergeSchema { .. } => Lane::Chores,
        EngineWork::ReadLog { .. }
        | EngineWork::OpenView { .. }
        | EngineWork::CloseView { .. }
        | EngineWork::Fingerprints { .. }
        | EngineWork::DigestsIn { .. }
        | EngineWork::Entries { .. }
        | EngineWork::ReadEntries { .. }
        | EngineWork::ListKeys { .. }
        | EngineWork::Draw { .. }
        | EngineWork::ReadEpoch
        | EngineWork::Sign { .. }
        | EngineWork::VerifyHeads { .. }
        | EngineWork::Verify { .. } => Lane::Reads,
    }
}

/// The number of the own last delta.
pub fn own_seq(heads: &[Head], this: &PeerId) -> u64 {
    heads.iter().find(|head| head.origin == *this).map_or(0, |head| head.seq)
}

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
use crate::sync::engine::io::{CompletedRequest, EngineConfig, Member, PendingRequest};
use crate::sync::engine::requests::{EngineRequest, Lane};
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

/// Requests that wait their turn.
#[derive(Default)]
struct Line {
    waiting: VecDeque<PendingRequest>,
    is_busy: bool,
}

/// What other tasks have finished.
pub enum Done {
    /// A request of an engine; nothing where the thread that was to answer it panicked.
    Request { network: NetworkId, lane: Lane, completed: Option<CompletedRequest> },
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

    /// Has a request answered, now or when its turn comes.
    pub fn begin(&mut self, pending: PendingRequest, done: &mpsc::Sender<Done>) {
        let lane = pending.request().lane();
        self.posting += usize::from(matches!(pending.request(), EngineRequest::PostStaged(_)));
        if let Some(line) = self.line(lane) {
            if line.is_busy {
                line.waiting.push_back(pending);
                return;
            }
            line.is_busy = true;
        }
        self.run(pending, lane, done);
    }

    /// A request has been answered: the next one of its lane begins.
    pub fn ended(&mut self, lane: Lane, done: &mpsc::Sender<Done>) {
        let Some(line) = self.line(lane) else { return };
        match line.waiting.pop_front() {
            Some(pending) => self.run(pending, lane, done),
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

    fn run(&self, pending: PendingRequest, lane: Lane, done: &mpsc::Sender<Done>) {
        let executor = Arc::clone(&self.executor);
        let report = Report { network: self.config.network, lane, completed: None, done: done.clone() };
        // Its thread reports by itself, even where it panics.
        drop(tokio::task::spawn_blocking(move || {
            let mut report = report;
            report.completed = Some(pending.answer(&*executor));
            drop(report);
        }));
    }
}

/// Tells the node's task of an answered request when it is dropped.
struct Report {
    network: NetworkId,
    lane: Lane,
    completed: Option<CompletedRequest>,
    done: mpsc::Sender<Done>,
}

impl Drop for Report {
    fn drop(&mut self) {
        let done = Done::Request { network: self.network, lane: self.lane, completed: self.completed.take() };
        // The task is gone when the node has stopped. On a thread of the runtime, where a request that never began is dropped
        // while the runtime ends, nobody waits either.
        match self.done.try_send(done) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(done)) => drop(self.done.blocking_send(done)),
        }
    }
}

/// The number of the own last delta.
pub fn own_seq(heads: &[Head], this: &PeerId) -> u64 {
    heads.iter().find(|head| head.origin == *this).map_or(0, |head| head.seq)
}

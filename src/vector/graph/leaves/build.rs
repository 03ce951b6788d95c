//! A graph by overlapping leaves: rounds of cutting and comparing, then links, then what they are worth.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::all_pairs::{LeafNeighbour, LeafPairs};
use super::candidates::{Candidates, Found, FoundByStretch};
use super::partition::{Cut, Leaves};
use super::prune::Pruner;
use super::tiles::Kernel;
use crate::error::{Error, Result};
use crate::vector::graph::built::{BuiltGraph, finish};
use crate::vector::graph::graph::{Graph, NO_LINK};
use crate::vector::graph::parameters::Parameters;
use crate::vector::graph::progress::{BuildPhase, BuildReport};
use crate::vector::graph::row_distance::RowDistances;
use crate::vector::rows::aligned_vectors::out_of_memory;
use crate::vector::workers::Workers;

/// Leaders that a node joins in each round.
const FANOUT: usize = 2;

/// Nodes, counted once for each of their leaves, whose neighbours are held beside the lists of candidates: some 16 MB of them.
const NODES_AT_ONCE: usize = 1 << 16;

/// Nodes whose links one task chooses.
const NODES_PER_TASK: usize = 256;

/// The recall below which leaves get more rounds.
const RECALL_FLOOR: f64 = 0.9;

/// Times that a build goes for more rounds, each time as many as it was to have: data may have no graph that reaches the floor.
const EXTENSIONS_MAX: usize = 1;

/// How the parameters of an index shape its leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafPlan {
    pub rounds: usize,
    /// Nearest nodes of a leaf among which the neighbours of a node are chosen.
    pub nearest: usize,
    /// Neighbours of a node that are kept in each of its leaves, at most.
    pub kept: usize,
    /// Candidates of a node among which its links are chosen.
    pub candidates: usize,
    /// Links of a node.
    pub degree: usize,
}

impl LeafPlan {
    /// Measured with 62,666 sentence embeddings of 384 dimensions and the defaults, a walk 40 wide finds .968 of the ten nearest with
    /// 815 distances and one 128 wide .986 with 1,917. With two in place of four that are kept in any case (`all_pairs`), 2 rounds made
    /// it .944 with 875 (of 244 seeds), 4 rounds .973 with 990; of 16,000 rows it was .962 with 789 and .984 with 1,099, in a graph of
    /// `hnsw_rs` .941 with 741 and .971 with 974.
    ///
    /// `m` decides how many links a node has and may get from a leaf, `ef_construction` among how many they are chosen and how
    /// often. The defaults make 3 rounds, 24 nearest, 10 kept and 48 candidates.
    pub fn of(parameters: Parameters) -> LeafPlan {
        let Parameters { m, ef_construction } = parameters;
        let doublings = (ef_construction / 16).checked_ilog2().unwrap_or(0) as usize;
        LeafPlan {
            rounds: 1 + doublings,
            nearest: (ef_construction * 3 / 8).max(m),
            kept: (m * 5 / 8).max(2),
            candidates: 3 * m,
            degree: 2 * m,
        }
    }
}

/// Builds the graph of the first `nodes` rows; where it finds too little of what is near, by more leaves.
///
/// # Errors
/// 57014 when the build is to stop, 53200 where the system has no memory for it, XX000 where it gives no threads.
pub fn by_leaves(
    distances: &RowDistances<'_>,
    kernel: Kernel,
    nodes: usize,
    plan: LeafPlan,
    workers: Workers,
    report: &mut BuildReport<'_>,
) -> Result<BuiltGraph> {
    let mut build = LeafBuild::new(distances, kernel, nodes, plan, workers)?;
    let mut extensions = 0;
    loop {
        build.run(plan.rounds, report)?;
        let built = finish(build.graph(report)?, nodes, distances, kernel, workers, report)?;
        if built.recall >= RECALL_FLOOR || extensions == EXTENSIONS_MAX {
            return Ok(built);
        }
        extensions += 1;
        tracing::info!(nodes, recall = built.recall, extensions, "a graph finds little, and is built by more leaves");
    }
}

/// A build between two rounds.
pub struct LeafBuild<'a> {
    distances: &'a RowDistances<'a>,
    kernel: Kernel,
    nodes: usize,
    plan: LeafPlan,
    workers: Workers,
    candidates: Candidates,
    rounds: usize,
}

impl<'a> LeafBuild<'a> {
    /// Of the first `nodes` rows.
    ///
    /// # Errors
    /// As [`Candidates::new`].
    pub fn new(
        distances: &'a RowDistances<'a>,
        kernel: Kernel,
        nodes: usize,
        plan: LeafPlan,
        workers: Workers,
    ) -> Result<LeafBuild<'a>> {
        let candidates = Candidates::new(nodes, distances.rows.dimension(), plan.candidates)?;
        Ok(LeafBuild { distances, kernel, nodes, plan, workers, candidates, rounds: 0 })
    }

    /// So many rounds more.
    ///
    /// # Errors
    /// 57014 when the build is to stop, XX000 where the system gives no threads.
    pub fn run(&mut self, rounds: usize, report: &mut BuildReport<'_>) -> Result<()> {
        report.begin(BuildPhase::Neighbours, self.nodes * rounds)?;
        for round in 0..rounds {
            let seed = self.rounds as u64 + 1;
            let cut = Cut { distances: self.distances, kernel: self.kernel, fanout: FANOUT, seed };
            let leaves = cut.leaves(self.nodes, self.workers, &mut || report.check())?;
            self.compare(&leaves, round * self.nodes, report)?;
            self.rounds += 1;
        }
        Ok(())
    }

    /// Finds the neighbours in all leaves, a few leaves at a time.
    fn compare(&mut self, leaves: &Leaves, before: usize, report: &mut BuildReport<'_>) -> Result<()> {
        let total = leaves.places().max(1);
        let done = AtomicUsize::new(0);
        let (distances, kernel, plan, candidates) = (self.distances, self.kernel, self.plan, &mut self.candidates);
        let mut next = 0;
        while next < leaves.len() {
            let first = next;
            let mut nodes = 0;
            while next < leaves.len() && (nodes == 0 || nodes + leaves.leaf(next).len() <= NODES_AT_ONCE) {
                nodes += leaves.leaf(next).len();
                next += 1;
            }
            let mut found: Vec<FoundByStretch> = (first..next).map(|_| candidates.stretches()).collect();
            let lists = &*candidates;
            self.workers.run(
                (first..next).zip(&mut found),
                || LeafPairs::new(distances, kernel, plan.nearest, plan.kept),
                |pairs, (at, found)| {
                    let leaf = leaves.leaf(at);
                    pairs.find(leaf, |node, neighbour| {
                        let back = LeafNeighbour { distance: neighbour.distance, node };
                        found[lists.stretch_of(node)].push(Found { of: node, neighbour });
                        found[lists.stretch_of(neighbour.node)].push(Found { of: neighbour.node, neighbour: back });
                    });
                    done.fetch_add(leaf.len(), Ordering::Relaxed);
                },
                &mut || {
                    // In rows of the segment, however many leaves each is in.
                    let share = done.load(Ordering::Relaxed) as u128 * self.nodes as u128 / total as u128;
                    report.done(before + usize::try_from(share).unwrap_or(0))
                },
            )?;
            candidates.add(&found, self.workers, &mut || report.check())?;
        }
        Ok(())
    }

    /// The graph that the candidates make.
    ///
    /// # Errors
    /// 53200 where the system has no memory for it, 57014 when the build is to stop, XX000 where the system gives no threads.
    pub fn graph(&self, report: &mut BuildReport<'_>) -> Result<Graph> {
        report.begin(BuildPhase::Links, self.nodes)?;
        let stride = self.plan.degree;
        let mut links: Vec<u32> = Vec::new();
        let wanted = self.nodes * stride;
        links.try_reserve_exact(wanted).map_err(|_| out_of_memory(self.nodes, self.distances.rows.dimension()))?;
        links.resize(wanted, NO_LINK);
        let done = AtomicUsize::new(0);
        self.workers.run(
            links.chunks_mut(NODES_PER_TASK * stride).enumerate(),
            || Pruner::new(self.distances, self.kernel),
            |pruner, (task, links)| {
                for (at, links) in links.chunks_exact_mut(stride).enumerate() {
                    pruner.choose(task * NODES_PER_TASK + at, &self.candidates, links);
                }
                done.fetch_add(links.len() / stride, Ordering::Relaxed);
            },
            &mut || report.done(done.load(Ordering::Relaxed)),
        )?;
        Graph::new(links.into(), stride, 0).ok_or_else(|| Error::internal("the links of leaves are no graph"))
    }
}

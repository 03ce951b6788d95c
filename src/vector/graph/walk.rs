//! Best-first walk over layer 0 of a graph, which can be widened afterwards and goes on where it stopped.
//!
//! A walk of width `ef` keeps a pool, in order, of the `ef` nearest live nodes met and of the others between them, which are
//! passed through and do not count. It expands the nearest node of the pool that it has not expanded, and ends when there is
//! none. Every node met is noted, so that a greater width loses nothing and compares nothing twice.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use parking_lot::Mutex;

use super::graph::{Graph, NO_LINK};
use crate::vector::rows::aligned_vectors::order_of;
use crate::vector::rows::kernels;
use crate::vector::rows::quantized_vectors::Estimate;

/// Walk memories kept for later searches; more are made when more searches run at once, and dropped afterwards.
const POOLED_MAX: usize = 64;

/// How many of a graph's seeds a walk starts from.
pub const STARTS: usize = 4;

/// Nodes whose links are on their way from memory while one before them is expanded.
const PREFETCHED: usize = 3;

/// The memory of one walk, reused between searches because allocating it costs as much as a short walk.
#[derive(Default)]
pub struct GraphWalk {
    /// One bit a node: already met.
    visited: Vec<u64>,
    met: Vec<Met>,
    /// In order of their distance, the last one live where the pool is full.
    pool: Vec<Pooled>,
    /// Live nodes in the pool.
    live: usize,
    /// All nodes of the pool before this one are expanded.
    next: usize,
    ef: usize,
    fresh: Vec<u32>,
    arrivals: Vec<Pooled>,
    scratch: Scratch,
}

/// A node compared with the query.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Met {
    pub order: u32,
    pub node: u32,
    /// The least order that its vector may have.
    pub least: u32,
}

#[derive(Clone, Copy, Default)]
struct Pooled {
    met: Met,
    live: bool,
    expanded: bool,
}

/// Room for what comparing several nodes at once gives.
#[derive(Default)]
pub struct Scratch {
    pub sums: Vec<i32>,
    pub estimates: Vec<Estimate>,
}

/// What a walk asks about the rows under the graph.
pub trait Terrain {
    fn closeness(&self, node: u32) -> f32;

    fn is_live(&self, node: u32) -> bool;

    fn prefetch(&self, node: u32);

    /// Puts an estimate for each of these nodes into the scratch.
    fn estimate(&self, nodes: &[u32], scratch: &mut Scratch) {
        scratch.estimates.clear();
        for first in nodes.iter().take(PREFETCHED) {
            self.prefetch(*first);
        }
        for (at, node) in nodes.iter().enumerate() {
            if let Some(ahead) = nodes.get(at + PREFETCHED) {
                self.prefetch(*ahead);
            }
            scratch.estimates.push(Estimate { closeness: self.closeness(*node), error: 0.0 });
        }
    }
}

/// The seeds of a graph that are nearest by some measure, from which to walk.
pub fn nearest_seeds(graph: &Graph, measure: impl Fn(u32) -> f32) -> Vec<u32> {
    let mut seeds: Vec<(u32, u32)> = graph.seeds().iter().map(|seed| (order_of(measure(*seed)), *seed)).collect();
    seeds.sort_unstable();
    seeds.iter().take(STARTS).map(|(_, seed)| *seed).collect()
}

impl GraphWalk {
    /// Starts from these nodes of so many.
    pub fn start_at(&mut self, seeds: &[u32], nodes: usize, terrain: &impl Terrain) {
        self.visited.resize(nodes.div_ceil(64), 0);
        self.fresh.clear();
        for seed in seeds {
            if self.visit(*seed) {
                self.fresh.push(*seed);
            }
        }
        self.meet_fresh(terrain);
        self.arrivals.clear();
    }

    /// Widens the walk to `ef` and goes on until it ends.
    pub fn widen(&mut self, graph: &Graph, ef: usize, terrain: &impl Terrain) {
        self.widen_within(graph, ef, usize::MAX, terrain);
    }

    /// As [`GraphWalk::widen`], unless the walk would meet more than so many nodes; false where it was stopped for that.
    pub fn widen_within(&mut self, graph: &Graph, ef: usize, met_max: usize, terrain: &impl Terrain) -> bool {
        self.ef = ef;
        self.refill(terrain);
        while let Some(pooled) = self.pool.get_mut(self.next) {
            if pooled.expanded {
                self.next += 1;
                continue;
            }
            if self.met.len() > met_max {
                return false;
            }
            pooled.expanded = true;
            let node = pooled.met.node;
            self.expand(graph, node, terrain);
        }
        true
    }

    /// Makes the pool of the width anew from all that was met.
    fn refill(&mut self, terrain: &impl Terrain) {
        let mut expanded: Vec<Met> = self.pool.iter().filter(|old| old.expanded).map(|old| old.met).collect();
        expanded.sort_unstable();
        self.arrivals.clear();
        self.arrivals.extend(self.met.iter().map(|met| Pooled {
            met: *met,
            live: terrain.is_live(met.node),
            // One that left the pool is expanded again, which meets nobody.
            expanded: expanded.binary_search(met).is_ok(),
        }));
        self.pool.clear();
        (self.live, self.next) = (0, 0);
        self.take_arrivals();
    }

    fn expand(&mut self, graph: &Graph, node: u32, terrain: &impl Terrain) {
        self.fresh.clear();
        for neighbour in graph.neighbours(node) {
            if *neighbour == NO_LINK {
                break;
            }
            if self.visit(*neighbour) {
                self.fresh.push(*neighbour);
            }
        }
        if self.fresh.is_empty() {
            return;
        }
        self.meet_fresh(terrain);
        self.take_arrivals();
        let waiting = self.pool[self.next.min(self.pool.len())..].iter().filter(|pooled| !pooled.expanded);
        for pooled in waiting.take(PREFETCHED) {
            kernels::prefetch(graph.neighbours(pooled.met.node));
        }
    }

    /// Compares the fresh nodes with the query. Those that are near enough arrive.
    fn meet_fresh(&mut self, terrain: &impl Terrain) {
        terrain.estimate(&self.fresh, &mut self.scratch);
        let farthest = self.farthest();
        self.arrivals.clear();
        for (node, estimate) in self.fresh.iter().zip(&self.scratch.estimates) {
            let met = Met { order: order_of(estimate.closeness), node: *node, least: estimate.least_order() };
            self.met.push(met);
            if met.order <= farthest {
                self.arrivals.push(Pooled { met, live: terrain.is_live(*node), expanded: false });
            }
        }
    }

    /// Puts what arrived into its places in the pool, and cuts the pool behind its last live node.
    fn take_arrivals(&mut self) {
        self.arrivals.sort_unstable_by_key(|arrival| arrival.met);
        let mut unmoved = self.pool.len();
        let mut hole = unmoved + self.arrivals.len();
        self.pool.resize(hole, Pooled::default());
        for arrival in self.arrivals.iter().rev() {
            let place = self.pool[..unmoved].partition_point(|pooled| pooled.met < arrival.met);
            hole -= unmoved - place;
            self.pool.copy_within(place..unmoved, hole);
            hole -= 1;
            self.pool[hole] = *arrival;
            unmoved = place;
            self.live += usize::from(arrival.live);
            self.next = self.next.min(hole);
        }
        while self.live > self.ef || (self.live == self.ef && self.pool.last().is_some_and(|farthest| !farthest.live)) {
            let Some(farthest) = self.pool.pop() else { break };
            self.live -= usize::from(farthest.live);
        }
    }

    /// The greatest order that a node may have to be taken into the pool.
    #[inline(always)]
    fn farthest(&self) -> u32 {
        match self.pool.last() {
            Some(farthest) if self.live >= self.ef => farthest.met.order,
            _ => u32::MAX,
        }
    }

    #[inline(always)]
    fn visit(&mut self, node: u32) -> bool {
        let (word, bit) = (node as usize / 64, 1u64 << (node % 64));
        let fresh = self.visited[word] & bit == 0;
        self.visited[word] |= bit;
        fresh
    }

    /// The live nodes within the width, nearest first.
    pub fn nearest(&self) -> impl Iterator<Item = Met> {
        self.pool.iter().filter(|pooled| pooled.live).map(|pooled| pooled.met)
    }

    /// Whether a greater width would find no more live nodes.
    pub fn is_exhausted(&self) -> bool {
        self.live < self.ef
    }

    /// All nodes that were compared with the query, with their orders.
    pub fn all_met(&self) -> impl Iterator<Item = (u32, u32)> {
        self.met.iter().map(|met| (met.order, met.node))
    }

    /// How many nodes were compared with the query.
    pub fn met(&self) -> usize {
        self.met.len()
    }

    /// Forgets the walk in time proportional to its length.
    pub fn reset(&mut self) {
        for met in &self.met {
            self.visited[met.node as usize / 64] = 0;
        }
        self.met.clear();
        self.pool.clear();
        (self.live, self.next) = (0, 0);
    }
}

/// Walk memories at rest.
#[derive(Default)]
pub struct WalkPool(Mutex<Vec<GraphWalk>>);

impl WalkPool {
    pub fn take(&self) -> GraphWalk {
        self.0.lock().pop().unwrap_or_default()
    }

    pub fn put_back(&self, mut walk: GraphWalk) {
        walk.reset();
        let mut pool = self.0.lock();
        if pool.len() < POOLED_MAX {
            pool.push(walk);
        }
    }
}

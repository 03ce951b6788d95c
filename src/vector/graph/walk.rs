//! Best-first walk over layer 0 of a graph, which can be widened afterwards and goes on where it stopped.
//!
//! A walk of width `ef` ends when the nearest node not yet expanded is farther than the `ef`-th nearest live node found,
//! or when nothing is left to expand. Deleted nodes are passed through but do not count. Every node met is kept, so that
//! a greater width loses nothing and pays nothing twice.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use parking_lot::Mutex;

use super::graph::{Graph, NO_LINK};
use crate::vector::rows::aligned_vectors::order_of;
use crate::vector::rows::kernels;

/// Walk memories kept for later searches; more are made when more searches run at once, and dropped afterwards.
const POOLED_MAX: usize = 64;

/// Nodes whose rows are on their way from memory while one is compared.
const PREFETCHED: usize = 4;

/// The memory of one walk, reused between searches because allocating it costs as much as a short walk.
#[derive(Default)]
pub struct GraphWalk {
    /// One bit a node: already met.
    visited: Vec<u64>,
    met: Vec<Met>,
    /// Nodes to expand, nearest first: (order, position in `met`) in one word.
    frontier: BinaryHeap<Reverse<u64>>,
    /// The orders of the `ef` nearest live nodes, farthest first.
    nearest: BinaryHeap<u32>,
    fresh: Vec<u32>,
    ef: usize,
}

#[derive(Clone, Copy)]
struct Met {
    order: u32,
    node: u32,
    live: bool,
    expanded: bool,
}

/// What a walk asks about the rows under the graph.
pub trait Terrain {
    fn closeness(&self, node: u32) -> f32;
    fn is_live(&self, node: u32) -> bool;
    fn prefetch(&self, node: u32);
}

impl GraphWalk {
    /// Starts from the graph's seeds.
    pub fn start(&mut self, graph: &Graph, terrain: &impl Terrain) {
        let seeds = graph.seeds(|node| terrain.closeness(node));
        self.start_at(&seeds, graph.nodes(), terrain);
    }

    /// Starts from these nodes of so many.
    pub fn start_at(&mut self, seeds: &[u32], nodes: usize, terrain: &impl Terrain) {
        self.visited.resize(nodes.div_ceil(64), 0);
        self.ef = 1;
        for seed in seeds {
            if self.visit(*seed) {
                self.meet(*seed, terrain);
            }
        }
    }

    /// Widens the walk to `ef` and goes on until it ends.
    pub fn widen(&mut self, graph: &Graph, ef: usize, terrain: &impl Terrain) {
        self.widen_within(graph, ef, usize::MAX, terrain);
    }

    /// As [`GraphWalk::widen`], unless the walk would meet more than so many nodes; false where it was stopped for that.
    pub fn widen_within(&mut self, graph: &Graph, ef: usize, met_max: usize, terrain: &impl Terrain) -> bool {
        self.ef = ef;
        self.nearest.clear();
        self.frontier.clear();
        for at in 0..self.met.len() {
            let met = self.met[at];
            if met.live {
                self.hold(met.order);
            }
        }
        for at in 0..self.met.len() {
            if !self.met[at].expanded && !self.is_beyond(self.met[at].order) {
                self.frontier.push(Reverse(pack(self.met[at].order, at)));
            }
        }
        while let Some(Reverse(next)) = self.frontier.peek().copied() {
            let (order, at) = unpack(next);
            if self.is_beyond(order) {
                break;
            }
            if self.met.len() > met_max {
                return false;
            }
            self.frontier.pop();
            self.met[at].expanded = true;
            self.expand(graph, self.met[at].node, terrain);
        }
        true
    }

    fn expand(&mut self, graph: &Graph, node: u32, terrain: &impl Terrain) {
        let mut fresh = std::mem::take(&mut self.fresh);
        for neighbour in graph.neighbours(node) {
            if *neighbour == NO_LINK {
                break;
            }
            if self.visit(*neighbour) {
                fresh.push(*neighbour);
            }
        }
        for first in fresh.iter().take(PREFETCHED) {
            terrain.prefetch(*first);
        }
        for at in 0..fresh.len() {
            if let Some(next) = fresh.get(at + PREFETCHED) {
                terrain.prefetch(*next);
            }
            if self.meet(fresh[at], terrain) {
                kernels::prefetch(graph.neighbours(fresh[at]));
            }
        }
        fresh.clear();
        self.fresh = fresh;
    }

    /// Compares a node with the query. True if it is near enough to be expanded.
    #[inline(always)]
    fn meet(&mut self, node: u32, terrain: &impl Terrain) -> bool {
        let order = order_of(terrain.closeness(node));
        let at = self.met.len();
        let live = terrain.is_live(node);
        self.met.push(Met { order, node, live, expanded: false });
        if self.is_beyond(order) {
            return false;
        }
        self.frontier.push(Reverse(pack(order, at)));
        if live {
            self.hold(order);
        }
        true
    }

    fn hold(&mut self, order: u32) {
        if self.nearest.len() < self.ef {
            self.nearest.push(order);
        } else if let Some(mut farthest) = self.nearest.peek_mut()
            && order < *farthest
        {
            *farthest = order;
        }
    }

    #[inline(always)]
    fn is_beyond(&self, order: u32) -> bool {
        self.nearest.len() >= self.ef && self.nearest.peek().is_some_and(|farthest| order > *farthest)
    }

    #[inline(always)]
    fn visit(&mut self, node: u32) -> bool {
        let (word, bit) = (node as usize / 64, 1u64 << (node % 64));
        let fresh = self.visited[word] & bit == 0;
        self.visited[word] |= bit;
        fresh
    }

    /// The live nodes within the width, in no order.
    pub fn nearest(&self) -> impl Iterator<Item = u32> {
        self.met.iter().filter(|met| met.live && !self.is_beyond(met.order)).map(|met| met.node)
    }

    /// Whether a greater width would find no more live nodes.
    pub fn is_exhausted(&self) -> bool {
        self.nearest.len() < self.ef
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
        self.frontier.clear();
        self.nearest.clear();
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

fn pack(order: u32, at: usize) -> u64 {
    u64::from(order) << 32 | at as u64
}

#[expect(clippy::cast_possible_truncation, reason = "takes the two halves of the word apart")]
fn unpack(word: u64) -> (u32, usize) {
    ((word >> 32) as u32, word as u32 as usize)
}

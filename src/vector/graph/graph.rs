//! A finished neighbour graph in one flat array: the read-only form that searches walk.
//!
//! Every node has its links side by side at a fixed stride. Of the layers above, which builds by insertion make, nothing is kept but a
//! node of the highest: walks begin with the seeds of a segment, which are nearer than a descent gets. Hierarchical navigable small
//! worlds are described in Malkov and Yashunin, <https://arxiv.org/abs/1603.09320>.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use crate::error::{Error, ErrorKind, Result};
use crate::vector::mapped::flat_array::FlatArray;

/// Fills the unused end of a node's links.
pub const NO_LINK: u32 = u32::MAX;

/// Nodes for each of the seeds, and bounds of their number. Twice and four times as many were no better for 62,666 nodes.
const NODES_PER_SEED: usize = 1_024;
const SEEDS_MIN: usize = 64;
const SEEDS_MAX: usize = 512;

#[derive(Debug, PartialEq)]
pub struct Graph {
    /// `stride` links for each node.
    links: FlatArray<u32>,
    stride: usize,
    /// Where builds begin their walks.
    root: u32,
}

impl Graph {
    /// A graph of links, `stride` for each node; `None` where they are no whole number of nodes, or the root is none of these.
    pub fn new(links: FlatArray<u32>, stride: usize, root: u32) -> Option<Graph> {
        let graph = Graph { links, stride, root };
        let nodes = graph.nodes();
        let is_whole = stride.checked_mul(nodes) == Some(graph.links.len()) && (root as usize) < nodes.max(1);
        is_whole.then_some(graph)
    }

    /// Lays out adjacency lists: `lists[node]` holds the node's neighbours by layer, the lowest first. `degree` is the number of links
    /// of an upper layer, half that of the lowest.
    pub fn from_lists(lists: &[Vec<Vec<u32>>], degree: usize) -> Graph {
        let stride = 2 * degree;
        let mut links = vec![NO_LINK; lists.len() * stride];
        for (layers, slots) in lists.iter().zip(links.chunks_exact_mut(stride)) {
            for (slot, neighbour) in slots.iter_mut().zip(layers.first().into_iter().flatten()) {
                *slot = *neighbour;
            }
        }
        let height = lists.iter().map(Vec::len).max().unwrap_or(0);
        let highest = lists.iter().position(|layers| layers.len() == height);
        let root = highest.and_then(|node| u32::try_from(node).ok()).unwrap_or(0);
        Graph { links: links.into(), stride, root }
    }

    pub fn nodes(&self) -> usize {
        self.links.len().checked_div(self.stride).unwrap_or(0)
    }

    /// Links of a node, free ones counted.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All links, `stride` for each node.
    pub fn links(&self) -> &[u32] {
        &self.links
    }

    /// Where builds begin their walks; none where there is no node.
    pub fn root(&self) -> Option<u32> {
        (self.nodes() > 0).then_some(self.root)
    }

    /// Nodes to compare with a query before a walk, which begins with the nearest of them: one out of each of as many equal
    /// stretches, always the same.
    pub fn seeds(&self) -> Vec<u32> {
        let nodes = self.nodes();
        let count = (nodes / NODES_PER_SEED).clamp(SEEDS_MIN, SEEDS_MAX).min(nodes);
        // Not the first of each: the order of the nodes may have a rhythm of its own.
        let seed = |at: usize| {
            let (start, end) = (at * nodes / count, (at + 1) * nodes / count);
            start + at * 618 % (end - start)
        };
        (0..count).filter_map(|at| u32::try_from(seed(at)).ok()).collect()
    }

    /// Puts a link of a node into a place, which is behind no free one.
    pub fn set_link(&mut self, node: u32, at: usize, target: u32) {
        self.links.to_mut()[node as usize * self.stride + at] = target;
    }

    /// The neighbours of a node; [`NO_LINK`] ends them early.
    #[inline(always)]
    pub fn neighbours(&self, node: u32) -> &[u32] {
        let at = node as usize * self.stride;
        &self.links[at..at + self.stride]
    }

    /// Refuses a graph read from outside whose links lead out of it.
    ///
    /// # Errors
    /// XX001 where one does.
    pub fn check(&self) -> Result<()> {
        let nodes = self.nodes();
        if self.links.iter().all(|link| *link == NO_LINK || (*link as usize) < nodes) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Corrupted, "vector index: a link leads out of the graph"))
    }

    /// Bytes of memory held, those of a mapped file not counted.
    pub fn heap_bytes(&self) -> usize {
        self.links.heap_bytes()
    }
}

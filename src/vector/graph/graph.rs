//! A finished neighbour graph in flat arrays: the read-only form that searches walk.
//!
//! Layer 0 holds every node, its links side by side at a fixed stride. The layers above are small and hold their own
//! numbering; walks do not use them, since the seeds of a segment are nearer than a descent gets. Hierarchical navigable small worlds are
//! described in Malkov and Yashunin, <https://arxiv.org/abs/1603.09320>.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use crate::error::{Error, ErrorKind, Result};

/// Fills the unused end of a node's links.
pub const NO_LINK: u32 = u32::MAX;

/// Nodes for each of the seeds, and bounds of their number. Twice and four times as many were no better for 62,666 nodes.
const NODES_PER_SEED: usize = 1_024;
const SEEDS_MIN: usize = 64;
const SEEDS_MAX: usize = 512;

/// Layers a graph may have; `hnsw_rs` makes 16.
const LAYERS_MAX: usize = 16;

#[derive(Debug, PartialEq)]
pub struct Graph {
    /// Links of layer 0, `stride` for each node.
    pub(in crate::vector) links: Vec<u32>,
    pub(in crate::vector) stride: usize,
    /// The layers above, the sparsest last.
    pub(in crate::vector) upper: Vec<Layer>,
}

/// One layer above layer 0. Positions are local to the layer.
#[derive(Debug, Default, PartialEq)]
pub struct Layer {
    /// For each position, the position of the same node one layer down (in layer 0: the node itself).
    pub(in crate::vector) below: Vec<u32>,
    /// Positions of neighbours, `stride` for each position.
    pub(in crate::vector) links: Vec<u32>,
    pub(in crate::vector) stride: usize,
}

impl Graph {
    /// Lays out adjacency lists: `lists[node]` holds the node's neighbours by layer, layer 0 first. `degree` is the number of links of an upper layer, half that of layer 0.
    pub fn from_lists(lists: &[Vec<Vec<u32>>], degree: usize) -> Graph {
        let layer_of = |node: u32, layer: usize| lists[node as usize].get(layer).map_or(&[][..], Vec::as_slice);
        let height = lists.iter().map(Vec::len).max().unwrap_or(0);
        let stride = 2 * degree;
        let mut links = vec![NO_LINK; lists.len() * stride];
        for (node, slots) in (0u32..).zip(links.chunks_exact_mut(stride)) {
            fill(slots, layer_of(node, 0));
        }
        // Members of each layer: the nodes that reach it and whatever they link to, which then lie in all layers below.
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); height];
        for layer in (1..height).rev() {
            let mut nodes: Vec<u32> = members.get(layer + 1).cloned().unwrap_or_default();
            for (node, layers) in (0u32..).zip(lists) {
                if layers.len() > layer {
                    nodes.push(node);
                    nodes.extend_from_slice(&layers[layer]);
                }
            }
            nodes.sort_unstable();
            nodes.dedup();
            members[layer] = nodes;
        }
        let position = |layer: usize, node: u32| -> u32 {
            if layer == 0 {
                return node;
            }
            let found = members[layer].partition_point(|member| *member < node);
            u32::try_from(found).unwrap_or(NO_LINK)
        };
        let mut upper = Vec::with_capacity(height.saturating_sub(1));
        for (layer, nodes) in members.iter().enumerate().skip(1) {
            let mut built = Layer { below: Vec::new(), links: vec![NO_LINK; nodes.len() * degree], stride: degree };
            for (node, slots) in nodes.iter().zip(built.links.chunks_exact_mut(degree)) {
                built.below.push(position(layer - 1, *node));
                let neighbours: Vec<u32> = layer_of(*node, layer).iter().map(|other| position(layer, *other)).collect();
                fill(slots, &neighbours);
            }
            upper.push(built);
        }
        Graph { links, stride, upper }
    }

    pub fn nodes(&self) -> usize {
        self.links.len().checked_div(self.stride).unwrap_or(0)
    }

    /// A node of the highest layer; none where there is no node.
    pub fn root(&self) -> Option<u32> {
        (self.nodes() > 0).then(|| self.node(self.upper.len(), 0))
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

    /// Puts a link of a node in layer 0 into a place, which is behind no free one.
    pub fn set_link(&mut self, node: u32, at: usize, target: u32) {
        self.links[node as usize * self.stride + at] = target;
    }

    /// The neighbours of a node in layer 0; [`NO_LINK`] ends them early.
    #[inline(always)]
    pub fn neighbours(&self, node: u32) -> &[u32] {
        let at = node as usize * self.stride;
        &self.links[at..at + self.stride]
    }

    /// The node at a position of the layer at a height; layer 0 is at height 0.
    fn node(&self, height: usize, position: u32) -> u32 {
        self.upper[..height].iter().rev().fold(position, |at, layer| layer.below[at as usize])
    }

    /// Refuses a graph of so many nodes read from outside whose links lead out of it.
    ///
    /// # Errors
    /// XX001 where one does.
    pub fn check(&self, nodes: usize) -> Result<()> {
        let inside = |links: &[u32], size: usize| links.iter().all(|link| *link == NO_LINK || (*link as usize) < size);
        let mut sound = self.upper.len() < LAYERS_MAX && self.stride.checked_mul(nodes) == Some(self.links.len());
        sound = sound && inside(&self.links, nodes);
        let mut size = nodes;
        for layer in &self.upper {
            let count = layer.below.len();
            sound = sound && layer.below.iter().all(|position| (*position as usize) < size);
            sound = sound && layer.stride.checked_mul(count) == Some(layer.links.len()) && inside(&layer.links, count);
            size = count;
        }
        if sound {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Corrupted, "vector index: a link leads out of the graph"))
    }

    pub fn bytes(&self) -> usize {
        let upper: usize = self.upper.iter().map(|layer| layer.links.len() + layer.below.len()).sum();
        (self.links.len() + upper) * size_of::<u32>()
    }
}

fn fill(slots: &mut [u32], neighbours: &[u32]) {
    for (slot, neighbour) in slots.iter_mut().zip(neighbours) {
        *slot = *neighbour;
    }
}

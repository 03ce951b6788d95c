//! The neighbours of every node of a leaf within it: all distances at once, the nearest of each node, and of those the ones that
//! no other one already leads to.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::gathered::GatheredRows;
use super::tiles::{BLOCK, Kernel};
use crate::vector::graph::row_distance::RowDistances;

/// A neighbour of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeafNeighbour {
    pub distance: f32,
    pub node: u32,
}

impl LeafNeighbour {
    /// Nearest first, and by number where distances are equal.
    #[inline(always)]
    pub fn order(&self) -> (u32, u32) {
        // Distances are not negative, so that their bits have their order.
        (self.distance.to_bits(), self.node)
    }
}

/// Neighbours of a node that are kept even where one leads to the others, as in a crowd of near duplicates.
const KEPT_MIN: usize = 4;

/// Least distances that are taken of stretches of a row, for each of the nearest that are wanted: the more, the closer is the bound
/// that they give.
const LEASTS_PER_NEAREST: usize = 3;

/// The memory in which one worker finds the neighbours in a leaf.
pub struct LeafPairs<'a> {
    gathered: GatheredRows<'a>,
    matrix: Vec<f32>,
    /// The least distances of stretches of a row.
    leasts: Leasts,
    /// The nearest of one node, as places in the leaf.
    nearest: Vec<LeafNeighbour>,
    /// Those of them that are kept.
    kept: Vec<LeafNeighbour>,
    nearest_max: usize,
    kept_max: usize,
}

impl<'a> LeafPairs<'a> {
    /// Of the `nearest_max` nearest of a node, up to `kept_max` are kept.
    pub fn new(distances: &'a RowDistances<'a>, kernel: Kernel, nearest_max: usize, kept_max: usize) -> LeafPairs<'a> {
        let gathered = GatheredRows::new(distances, kernel);
        let (nearest, kept) = (Vec::new(), Vec::with_capacity(kept_max));
        LeafPairs { gathered, matrix: Vec::new(), leasts: Leasts::default(), nearest, kept, nearest_max, kept_max }
    }

    /// Tells `link` every pair of a node of the leaf and a neighbour that it keeps.
    pub fn find(&mut self, leaf: &[u32], mut link: impl FnMut(u32, LeafNeighbour)) {
        self.gathered.gather(leaf.iter().copied());
        let width = self.gathered.width();
        // Every place is written below.
        self.matrix.resize(leaf.len() * width, 0.0);
        self.gathered.measure(leaf, &mut self.matrix[..leaf.len() * width]);
        for (at, node) in leaf.iter().enumerate() {
            self.matrix[at * width + at] = f32::INFINITY;
            self.select(at, width);
            self.prune(width);
            for kept in &self.kept {
                link(*node, LeafNeighbour { distance: kept.distance, node: leaf[kept.node as usize] });
            }
        }
    }

    /// The nearest of the node at a place, in order.
    fn select(&mut self, at: usize, width: usize) {
        let row = &self.matrix[at * width..(at + 1) * width];
        let bound = self.leasts.bound(row, self.nearest_max);
        // Every one is written, and the next one over it unless it is near enough: there is no branch to guess.
        self.nearest.clear();
        self.nearest.resize(width + 1, LeafNeighbour { distance: 0.0, node: 0 });
        let mut len = 0;
        for (place, distance) in (0u32..).zip(row) {
            self.nearest[len] = LeafNeighbour { distance: *distance, node: place };
            len += usize::from(*distance <= bound);
        }
        self.nearest.truncate(len);
        // Of those that are equally far the next in the leaf come first, so that a crowd that codes cannot tell apart becomes a
        // ring and not a star.
        let next = u32::try_from(at).unwrap_or(0);
        self.nearest.sort_unstable_by_key(|near| (near.order().0, near.node.wrapping_sub(next)));
        self.nearest.truncate(self.nearest_max);
    }

    /// Keeps a near one unless a kept one is nearer to it than the node is: the rule of relative neighbourhood graphs.
    fn prune(&mut self, width: usize) {
        self.kept.clear();
        for candidate in &self.nearest {
            let row = &self.matrix[candidate.node as usize * width..][..width];
            if self.kept.iter().all(|kept| row[kept.node as usize] > candidate.distance) {
                self.kept.push(*candidate);
                if self.kept.len() == self.kept_max {
                    return;
                }
            }
        }
        for candidate in &self.nearest {
            if self.kept.len() >= KEPT_MIN.min(self.kept_max) {
                return;
            }
            if !self.kept.contains(candidate) {
                self.kept.push(*candidate);
            }
        }
    }
}

/// The least distances of stretches of a row. Where more stretches have one below some bound than there are to be nearest,
/// the nearest are all below it.
#[derive(Default)]
struct Leasts(Vec<f32>);

impl Leasts {
    /// A distance that at least `wanted` of a row have or are below, not many more where the row is long. Finite, so that
    /// what is infinitely far is never among them.
    fn bound(&mut self, row: &[f32], wanted: usize) -> f32 {
        let blocks = row.as_chunks::<BLOCK>().0;
        let stretches = (wanted * LEASTS_PER_NEAREST).div_ceil(BLOCK);
        self.0.clear();
        for stretch in blocks.chunks(blocks.len().div_ceil(stretches).max(1)) {
            let mut least = [f32::INFINITY; BLOCK];
            for block in stretch {
                for (least, distance) in least.iter_mut().zip(block) {
                    *least = if *distance < *least { *distance } else { *least };
                }
            }
            self.0.extend_from_slice(&least);
        }
        if self.0.len() <= wanted {
            return f32::MAX;
        }
        let (_, bound, _) = self.0.select_nth_unstable_by(wanted - 1, f32::total_cmp);
        bound.min(f32::MAX)
    }
}

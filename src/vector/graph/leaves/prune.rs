//! The links of every node out of its candidates: near ones that lead in different directions (the robust prune of DiskANN,
//! Subramanya et al. 2019), and where these are too few the nearest of the others.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::all_pairs::LeafNeighbour;
use super::candidates::Candidates;
use super::gathered::GatheredRows;
use super::tiles::Kernel;
use crate::vector::graph::graph::NO_LINK;
use crate::vector::graph::row_distance::RowDistances;

/// A candidate gives way to a chosen one that is nearer to it than the node by this factor, of lengths: above 1 it leaves longer
/// links, which make paths short.
const ALPHA: f32 = 1.2;

/// The memory in which one worker chooses links.
pub struct Pruner<'a> {
    gathered: GatheredRows<'a>,
    candidates: Vec<LeafNeighbour>,
    is_out: Vec<bool>,
    distances: Vec<f32>,
    factor: f32,
}

impl<'a> Pruner<'a> {
    pub fn new(distances: &'a RowDistances<'a>, kernel: Kernel) -> Pruner<'a> {
        let gathered = GatheredRows::new(distances, kernel);
        let factor = distances.factor(ALPHA);
        Pruner { gathered, candidates: Vec::new(), is_out: Vec::new(), distances: Vec::new(), factor }
    }

    /// Writes the links of a node, chosen ones first.
    pub fn choose(&mut self, node: usize, candidates: &Candidates, links: &mut [u32]) {
        candidates.of(node, &mut self.candidates);
        let count = self.candidates.len();
        links.fill(NO_LINK);
        if count <= links.len() {
            for (link, candidate) in links.iter_mut().zip(&self.candidates) {
                *link = candidate.node;
            }
            return;
        }
        self.gathered.gather(self.candidates.iter().map(|candidate| candidate.node));
        self.is_out.clear();
        self.is_out.resize(count, false);
        self.distances.resize(self.gathered.width(), 0.0);
        let mut len = 0;
        for at in 0..count {
            if self.is_out[at] {
                continue;
            }
            let chosen = self.candidates[at].node;
            links[len] = chosen;
            len += 1;
            if len == links.len() {
                return;
            }
            self.is_out[at] = true;
            self.gathered.measure_one(chosen, &mut self.distances);
            for ((is_out, candidate), distance) in self.is_out.iter_mut().zip(&self.candidates).zip(&self.distances) {
                *is_out |= candidate.node != chosen && self.factor * distance <= candidate.distance;
            }
        }
        fill_up(&self.candidates, links, len);
    }
}

/// The nearest that were not chosen.
fn fill_up(candidates: &[LeafNeighbour], links: &mut [u32], chosen: usize) {
    let (chosen, free) = links.split_at_mut(chosen);
    let others = candidates.iter().filter(|candidate| !chosen.contains(&candidate.node));
    for (link, candidate) in free.iter_mut().zip(others) {
        *link = candidate.node;
    }
}

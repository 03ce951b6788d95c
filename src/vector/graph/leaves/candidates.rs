//! The candidates for the links of every node: the nearest of those that the leaves of all rounds have found, in bounded memory.
//!
//! A list takes what comes until it is full, and then keeps the nearest half of it. What it keeps in the end are the nearest of all
//! that ever came, whatever their order, so that neither the number of threads nor the size of batches changes a graph.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::all_pairs::LeafNeighbour;
use crate::error::Result;
use crate::vector::rows::aligned_vectors::out_of_memory;
use crate::vector::workers::Workers;

/// Stretches of nodes whose lists one task fills, at most, and nodes of a stretch at least.
const STRETCHES_MAX: usize = 64;
const STRETCH_MIN: usize = 4096;

/// A neighbour found for a node.
#[derive(Clone, Copy)]
pub struct Found {
    pub of: u32,
    pub neighbour: LeafNeighbour,
}

/// What one leaf has found, by the stretch of nodes that it is for.
pub type FoundByStretch = Vec<Vec<Found>>;

pub struct Candidates {
    nodes: usize,
    /// Nodes of a stretch.
    stretch: usize,
    /// Places of a list.
    room: usize,
    /// Places that a list keeps when it is full: the nearest.
    kept: usize,
    lists: Vec<LeafNeighbour>,
    lens: Vec<u16>,
}

impl Candidates {
    /// Empty lists, `kept` candidates for each node and half as much room again: 12 bytes a candidate.
    ///
    /// # Errors
    /// 53200 where the system has no memory for them.
    pub fn new(nodes: usize, dimension: usize, kept: usize) -> Result<Candidates> {
        let room = kept + kept / 2;
        let mut lists: Vec<LeafNeighbour> = Vec::new();
        let wanted = nodes.checked_mul(room).ok_or_else(|| out_of_memory(nodes, dimension))?;
        lists.try_reserve_exact(wanted).map_err(|_| out_of_memory(nodes, dimension))?;
        lists.resize(wanted, LeafNeighbour { distance: 0.0, node: 0 });
        let stretch = nodes.div_ceil(STRETCHES_MAX).max(STRETCH_MIN);
        Ok(Candidates { nodes, stretch, room, kept, lists, lens: vec![0; nodes] })
    }

    /// What a leaf has found before it has found anything.
    pub fn stretches(&self) -> FoundByStretch {
        vec![Vec::new(); self.nodes.div_ceil(self.stretch)]
    }

    /// The stretch that a node is in.
    #[inline(always)]
    pub fn stretch_of(&self, node: u32) -> usize {
        node as usize / self.stretch
    }

    /// Takes what some leaves have found.
    ///
    /// # Errors
    /// XX000 where the system gives no threads; what `check` says, which is asked now and then.
    pub fn add(
        &mut self,
        found: &[FoundByStretch],
        workers: Workers,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let (room, kept, nodes) = (self.room, self.kept, self.stretch);
        let lists = self.lists.chunks_mut(nodes * room).zip(self.lens.chunks_mut(nodes)).enumerate();
        let fill = |(): &mut (), (stretch, (lists, lens)): (usize, (&mut [LeafNeighbour], &mut [u16]))| {
            for found in found.iter().filter_map(|found| found.get(stretch)).flatten() {
                let at = found.of as usize % nodes;
                let list = &mut lists[at * room..(at + 1) * room];
                if usize::from(lens[at]) == room {
                    lens[at] = compact(list, kept);
                }
                list[usize::from(lens[at])] = found.neighbour;
                lens[at] += 1;
            }
        };
        workers.run(lists, || (), fill, check)
    }

    /// The candidates of a node, nearest first, each once.
    pub fn of(&self, node: usize, into: &mut Vec<LeafNeighbour>) {
        into.clear();
        into.extend_from_slice(&self.lists[node * self.room..][..usize::from(self.lens[node])]);
        let len = compact(into, self.kept);
        into.truncate(usize::from(len));
    }
}

/// Brings the nearest to the front, in order and each once; how many of them are kept.
fn compact(list: &mut [LeafNeighbour], kept: usize) -> u16 {
    list.sort_unstable_by_key(LeafNeighbour::order);
    let mut len = 0;
    for at in 0..list.len() {
        if len == 0 || list[len - 1].node != list[at].node {
            if len == kept {
                break;
            }
            list[len] = list[at];
            len += 1;
        }
    }
    u16::try_from(len).unwrap_or(u16::MAX)
}

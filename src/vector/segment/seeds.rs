//! Where the walks of a segment start: nodes that lie all over it, their codes side by side.
//!
//! A query is compared with all of them in about a microsecond, and the walk starts from the nearest. They replace the
//! descent through the upper layers of a graph, which reads memory all over, and are the same each time a segment is made
//! or loaded.

use crate::vector::graph::graph::Graph;
use crate::vector::graph::walk::{STARTS, Scratch};
use crate::vector::rows::aligned_vectors::order_of;
use crate::vector::rows::quantized_vectors::{Codes, QueryCode};

pub struct Seeds {
    nodes: Vec<u32>,
    /// Their codes.
    codes: Codes,
    numbers: Vec<u32>,
}

impl Seeds {
    /// The seeds of a graph, with codes of its nodes.
    pub fn of(graph: &Graph, codes: &Codes) -> Seeds {
        let nodes = graph.seeds();
        let codes = codes.gather(&nodes);
        Seeds { numbers: (0u32..).take(nodes.len()).collect(), nodes, codes }
    }

    /// The nodes nearest to a query, from which to walk.
    pub fn nearest(&self, code: &QueryCode, scratch: &mut Scratch) -> Vec<u32> {
        scratch.estimates.clear();
        self.codes.estimate(code, &self.numbers, &mut scratch.sums, &mut scratch.estimates);
        let mut best = [(u32::MAX, u32::MAX); STARTS];
        for (node, estimate) in self.nodes.iter().zip(&scratch.estimates) {
            let mut candidate = (order_of(estimate.closeness), *node);
            for place in &mut best {
                if candidate < *place {
                    std::mem::swap(place, &mut candidate);
                }
            }
        }
        best.iter().take(self.nodes.len()).map(|(_, node)| *node).collect()
    }

    /// Bytes of memory held.
    pub fn heap_bytes(&self) -> usize {
        (self.nodes.capacity() + self.numbers.capacity()) * size_of::<u32>() + self.codes.heap_bytes()
    }
}

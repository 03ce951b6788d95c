//! Where the walks of a segment start: nodes that lie all over it, their codes side by side.
//!
//! A query is compared with all of them in about a microsecond, and the walk starts from the nearest. They replace the
//! descent through the upper layers of a graph, which reads memory all over, and are the same each time a segment is made
//! or loaded.

use crate::vector::graph::graph::Graph;
use crate::vector::graph::walk::{STARTS, Scratch};
use crate::vector::rows::aligned_vectors::{QueryVector, VectorRows, order_of};
use crate::vector::rows::quantized_vectors::{Codes, Estimate, QueryCode};

pub struct Seeds {
    nodes: Vec<u32>,
    /// Their codes; none where the metric has none.
    codes: Option<Codes>,
    numbers: Vec<u32>,
}

impl Seeds {
    /// The seeds of a graph, with codes of its nodes.
    pub fn of(graph: &Graph, codes: Option<&Codes>) -> Seeds {
        let nodes = graph.seeds();
        let codes = codes.map(|codes| codes.gather(&nodes));
        Seeds { numbers: (0u32..).take(nodes.len()).collect(), nodes, codes }
    }

    /// The nodes nearest to a query, from which to walk.
    pub fn nearest(
        &self,
        rows: &VectorRows,
        query: &QueryVector,
        code: Option<&QueryCode>,
        scratch: &mut Scratch,
    ) -> Vec<u32> {
        scratch.estimates.clear();
        match (&self.codes, code) {
            (Some(codes), Some(code)) => {
                codes.estimate(code, &self.numbers, &mut scratch.sums, &mut scratch.estimates);
            }
            _ => scratch
                .estimates
                .extend(self.nodes.iter().map(|node| Estimate { closeness: rows.closeness(query, *node), error: 0.0 })),
        }
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

    pub fn bytes(&self) -> usize {
        (self.nodes.capacity() + self.numbers.capacity()) * size_of::<u32>()
            + self.codes.as_ref().map_or(0, Codes::bytes)
    }
}

//! A sealed segment: entries that will not grow any more, with the graph to find them by.

use crate::error::Result;
use crate::vector::graph::built::BuiltGraph;
use crate::vector::graph::graph::Graph;
use crate::vector::graph::walk::{GraphWalk, Scratch, Terrain};
use crate::vector::rows::aligned_vectors::QueryVector;
use crate::vector::rows::copies::Copies;
use crate::vector::rows::distance::Metric;
use crate::vector::rows::kernels;
use crate::vector::rows::quantized_vectors::{Codes, Estimate, QueryCode};
use crate::vector::segment::keyed_vectors::Entries;
use crate::vector::segment::seeds::Seeds;

/// Immutable but for deletion marks.
pub struct Segment {
    /// The unit number by which the map of keys refers to this segment.
    pub unit: u32,
    pub entries: Entries,
    /// Which rows are the nodes of the graph.
    pub copies: Copies,
    pub graph: Graph,
    /// The share of what is near that walks in the graph find, measured when it was built.
    pub recall: f64,
    /// None where the metric has no codes; walks compare vectors then.
    codes: Option<Codes>,
    seeds: Seeds,
}

impl Segment {
    /// A segment of entries and their graph. The codes are not kept in files: making them takes as long as reading them.
    ///
    /// # Errors
    /// As [`Codes::of`].
    pub fn new(unit: u32, entries: Entries, copies: Copies, built: BuiltGraph, metric: Metric) -> Result<Segment> {
        let codes = Codes::of(&entries.rows, metric)?;
        Ok(Segment::with_codes(unit, entries, copies, built, codes))
    }

    /// A segment whose codes are there already.
    pub fn with_codes(unit: u32, entries: Entries, copies: Copies, built: BuiltGraph, codes: Option<Codes>) -> Segment {
        let BuiltGraph { graph, recall } = built;
        let seeds = Seeds::of(&graph, codes.as_ref());
        Segment { unit, entries, copies, graph, recall, codes, seeds }
    }

    /// The segment seen from a query.
    pub fn seen_from<'a>(&'a self, query: &'a QueryVector) -> SegmentView<'a> {
        let code = self.codes.as_ref().map(|codes| (codes, codes.encode(query.vector())));
        SegmentView { segment: self, query, code }
    }

    pub fn bytes(&self) -> usize {
        let made = self.codes.as_ref().map_or(0, Codes::bytes) + self.seeds.bytes();
        self.entries.bytes() + self.copies.bytes() + self.graph.bytes() + made
    }
}

/// A segment seen from a query.
pub struct SegmentView<'a> {
    segment: &'a Segment,
    query: &'a QueryVector,
    code: Option<(&'a Codes, QueryCode)>,
}

impl SegmentView<'_> {
    /// Starts a walk in a terrain, which is this segment or what is left of it, from the seeds nearest to the query.
    pub fn start(&self, walk: &mut GraphWalk, scratch: &mut Scratch, terrain: &impl Terrain) {
        let Segment { entries, seeds, graph, .. } = self.segment;
        let code = self.code.as_ref().map(|(_, code)| code);
        let starts = seeds.nearest(&entries.rows, self.query, code, scratch);
        walk.start_at(&starts, graph.nodes(), terrain);
    }
}

impl Terrain for SegmentView<'_> {
    #[inline(always)]
    fn closeness(&self, node: u32) -> f32 {
        self.segment.entries.rows.closeness(self.query, node)
    }

    #[inline(always)]
    fn is_live(&self, node: u32) -> bool {
        let Segment { entries, copies, .. } = self.segment;
        entries.is_live(node) || copies.of(node).any(|row| entries.is_live(row))
    }

    #[inline(always)]
    fn prefetch(&self, node: u32) {
        kernels::prefetch(self.segment.entries.rows.padded(node));
    }

    /// By the codes where there are some. Estimates any rows, not just nodes.
    #[inline(always)]
    fn estimate(&self, nodes: &[u32], scratch: &mut Scratch) {
        scratch.estimates.clear();
        match &self.code {
            Some((codes, code)) => codes.estimate(code, nodes, &mut scratch.sums, &mut scratch.estimates),
            None => {
                let exact = |node: &u32| Estimate { closeness: self.closeness(*node), error: 0.0 };
                scratch.estimates.extend(nodes.iter().map(exact));
            }
        }
    }
}

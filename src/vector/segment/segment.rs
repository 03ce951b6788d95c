//! A sealed segment: entries that will not grow any more, with the graph to find them by.

use crate::error::Result;
use crate::vector::graph::built::BuiltGraph;
use crate::vector::graph::graph::Graph;
use crate::vector::graph::walk::Terrain;
use crate::vector::rows::aligned_vectors::QueryVector;
use crate::vector::rows::copies::Copies;
use crate::vector::rows::distance::Metric;
use crate::vector::rows::kernels;
use crate::vector::rows::quantized_vectors::{Codes, QueryCode};
use crate::vector::segment::keyed_vectors::Entries;

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
        Segment { unit, entries, copies, graph, recall, codes }
    }

    /// The segment seen from a query.
    pub fn seen_from<'a>(&'a self, query: &'a QueryVector) -> SegmentView<'a> {
        let code = self.codes.as_ref().map(|codes| (codes, codes.encode(query.vector())));
        SegmentView { entries: &self.entries, copies: &self.copies, query, code }
    }

    pub fn bytes(&self) -> usize {
        self.entries.bytes() + self.copies.bytes() + self.graph.bytes() + self.codes.as_ref().map_or(0, Codes::bytes)
    }
}

/// A segment seen from a query.
pub struct SegmentView<'a> {
    entries: &'a Entries,
    copies: &'a Copies,
    query: &'a QueryVector,
    code: Option<(&'a Codes, QueryCode)>,
}

impl Terrain for SegmentView<'_> {
    #[inline(always)]
    fn closeness(&self, node: u32) -> f32 {
        match &self.code {
            Some((codes, query)) => codes.closeness(query, node),
            None => self.entries.rows.closeness(self.query, node),
        }
    }

    #[inline(always)]
    fn is_live(&self, node: u32) -> bool {
        self.entries.is_live(node) || self.copies.of(node).any(|row| self.entries.is_live(row))
    }

    #[inline(always)]
    fn prefetch(&self, node: u32) {
        match &self.code {
            Some((codes, _)) => codes.prefetch(node),
            None => kernels::prefetch(self.entries.rows.padded(node)),
        }
    }
}

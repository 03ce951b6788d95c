//! A sealed segment: entries that will not grow any more, with the graph to find them by.

use crate::vector::graph::built::BuiltGraph;
use crate::vector::graph::graph::Graph;
use crate::vector::graph::walk::{GraphWalk, Scratch, Terrain};
use crate::vector::rows::aligned_vectors::QueryVector;
use crate::vector::rows::quantized_vectors::{Codes, QueryCode};
use crate::vector::segment::keyed_vectors::Entries;
use crate::vector::segment::seeds::Seeds;
use crate::vector::segment::segment_file::SegmentId;

/// Immutable but for deletion marks.
pub struct Segment {
    /// The unit number by which the map of keys refers to this segment.
    pub unit: u32,
    /// Their copies say which rows are the nodes of the graph.
    pub entries: Entries,
    pub graph: Graph,
    /// The share of what is near that walks in the graph find, measured when it was built.
    pub recall: f64,
    codes: Codes,
    seeds: Seeds,
    /// The file that it is read from; none where it lies in memory.
    pub file: Option<SegmentId>,
}

impl Segment {
    /// A segment of entries with their graph and codes, in memory.
    pub fn new(unit: u32, entries: Entries, built: BuiltGraph, codes: Codes) -> Segment {
        let BuiltGraph { graph, recall } = built;
        let seeds = Seeds::of(&graph, &codes);
        Segment { unit, entries, graph, recall, codes, seeds, file: None }
    }

    pub fn codes(&self) -> &Codes {
        &self.codes
    }

    /// Whether something was read that its file does not hold as it was written.
    pub fn is_damaged(&self) -> bool {
        self.entries.rows.is_damaged()
    }

    /// The segment seen from a query.
    pub fn seen_from<'a>(&'a self, query: &'a QueryVector) -> SegmentView<'a> {
        SegmentView { segment: self, query, code: self.codes.encode(query.vector()) }
    }

    /// Bytes of memory held, those of a mapped file not counted.
    pub fn heap_bytes(&self) -> usize {
        let made = self.codes.heap_bytes() + self.seeds.heap_bytes();
        self.entries.heap_bytes() + self.graph.heap_bytes() + made
    }
}

/// A segment seen from a query.
pub struct SegmentView<'a> {
    segment: &'a Segment,
    query: &'a QueryVector,
    code: QueryCode,
}

impl SegmentView<'_> {
    /// The node that has the vector of a row.
    #[inline(always)]
    pub fn node(&self, row: u32) -> u32 {
        self.segment.entries.node(row)
    }

    /// Starts a walk in a terrain, which is this segment or what is left of it, from the seeds nearest to the query.
    pub fn start(&self, walk: &mut GraphWalk, scratch: &mut Scratch, terrain: &impl Terrain) {
        let Segment { seeds, graph, .. } = self.segment;
        let starts = seeds.nearest(&self.code, scratch);
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
        let entries = &self.segment.entries;
        entries.is_live(node) || entries.copies.of(node).any(|row| entries.is_live(row))
    }

    #[inline(always)]
    fn prefetch(&self, node: u32) {
        self.segment.entries.rows.prefetch(node);
    }

    /// By the codes.
    #[inline(always)]
    fn estimate(&self, nodes: &[u32], scratch: &mut Scratch) {
        scratch.estimates.clear();
        self.segment.codes.estimate(&self.code, nodes, &mut scratch.sums, &mut scratch.estimates);
    }
}

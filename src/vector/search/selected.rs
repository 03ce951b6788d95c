//! Search among rows that the caller selected beforehand, as a bitmap for each part.
//!
//! How many rows are selected is known exactly, so each segment is served in the way that costs less: every selected row
//! is measured, or the graph is walked through all nodes while only selected ones count. A walk that turns out to meet more
//! nodes than measuring would have cost gives way to measuring, so that the worst case is bounded by the better way, and `k`
//! rows come whenever `k` are selected. Tails are measured. What is found gets its exact distance, and only then is cut.

use std::collections::BinaryHeap;

use super::candidates::{
    IndexParts, MET_AT_START, MET_PER_WIDTH, NODE_NANOS, ROWS_PER_NODE, WIDTH_MAX, WalkOffer, estimate_rows, offers_of,
    walk_width,
};
use super::ranking::Ranking;
use super::search::{Candidate, measure_exactly, nearest_of};
use super::selection::{PartKeys, RowBitmap};
use crate::error::Result;
use crate::vector::graph::walk::{GraphWalk, Scratch, Terrain, WalkPool};
use crate::vector::index::NearestIndex;
use crate::vector::rows::aligned_vectors::{QueryVector, order_of};
use crate::vector::rows::distance::check_dimension;
use crate::vector::rows::quantized_vectors::Estimate;
use crate::vector::segment::segment::{Segment, SegmentView};

/// How far a walk may overrun the cost of measuring every selected row, before it gives way to that.
const BUDGET_FACTOR: usize = 2;

/// How many times as many nodes as it was expected to a walk may meet, before it gives way: where it was wrong so far, what is
/// selected lies somewhere else than what is near.
const OVERRUN_MAX: usize = 4;

/// Selected rows of a part up to which their vectors are compared without a look at the codes.
const VECTORS_MAX: usize = 64;

/// How a search among selected rows went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchWay {
    /// Every selected row was measured: the answer is exact.
    Exact,
    /// At least one segment was walked.
    Walk,
}

/// What a search among selected rows found.
#[derive(Debug)]
pub struct SelectedSearch {
    /// As [`NearestIndex::search`] returns them.
    pub candidates: Vec<Candidate>,
    pub way: SearchWay,
    /// Rows and nodes compared with the query.
    pub measured: usize,
    /// Of these, nodes that a walk passed through without their being selected.
    pub rejected: usize,
}

impl NearestIndex {
    /// The `k` nearest of the rows that `select` picks, and those that are as far away as the last of them, nearest first, keys
    /// in order where distances are equal. `select` is called once for each part, which together hold every key once; rows
    /// that are not live any more do no harm. `ef` is the least width of a walk. `k` rows come where so many are selected.
    /// Keys that are replaced or deleted while the search runs may be missing; a caller that must not miss them looks for
    /// changes afterwards.
    ///
    /// # Errors
    /// 22000 for a query of another dimension.
    ///
    /// # Panics
    /// When a bitmap is not as long as its part.
    pub fn search_selected(
        &self,
        query: &[f32],
        k: usize,
        ef: usize,
        select: &mut dyn FnMut(&PartKeys<'_>) -> RowBitmap,
    ) -> Result<SelectedSearch> {
        check_dimension(query, self.dimension())?;
        let mut outcome = SelectedSearch { candidates: Vec::new(), way: SearchWay::Exact, measured: 0, rejected: 0 };
        if k == 0 {
            return Ok(outcome);
        }
        let parts = IndexParts::of(&self.view.read());
        let query = QueryVector::new(self.metric(), query);
        let width = parts.walk_width(k, ef);
        let mut found = Found { k, waiting: Vec::new(), ranked: Vec::new(), greatest: BinaryHeap::new() };
        for part in parts.numbers() {
            let entries = parts.entries(part);
            let mut selection = select(&parts.keys(part));
            assert_eq!(selection.rows(), entries.len(), "a selection is as long as its part");
            selection.keep_live(entries);
            let mut look = PartSearch { parts: &parts, part, query: &query, selection, found: &mut found, ef };
            look.run(width, &self.walks, &mut outcome);
        }
        let mut ranking = found.into_ranking();
        let nearest = nearest_of(&mut ranking, &parts, &query, k, |_| true);
        outcome.candidates = measure_exactly(&parts, &query, nearest, k);
        Ok(outcome)
    }
}

/// What may be among the nearest rows.
struct Found {
    k: usize,
    /// By the least orders that they may have.
    waiting: Vec<WalkOffer>,
    /// By their orders.
    ranked: Vec<WalkOffer>,
    /// The `k` least of the greatest orders that rows may have: no row whose least order is above them is among the nearest.
    greatest: BinaryHeap<u32>,
}

impl Found {
    fn border(&self) -> u32 {
        self.greatest.peek().filter(|_| self.greatest.len() >= self.k).map_or(u32::MAX, |border| *border)
    }

    fn offer(&mut self, part: u32, row: u32, estimate: Estimate) {
        let order = estimate.least_order();
        if order > self.border() {
            return;
        }
        self.waiting.push(WalkOffer { order, part, row });
        self.note(estimate.greatest_order());
    }

    fn note(&mut self, greatest: u32) {
        if self.greatest.len() < self.k {
            self.greatest.push(greatest);
        } else if let Some(mut border) = self.greatest.peek_mut()
            && greatest < *border
        {
            *border = greatest;
        }
    }

    fn into_ranking(mut self) -> Ranking {
        let border = self.border();
        self.waiting.retain(|offer| offer.order <= border);
        Ranking::of(self.waiting, self.ranked)
    }
}

/// The search of one part.
struct PartSearch<'a> {
    parts: &'a IndexParts,
    part: u32,
    query: &'a QueryVector,
    /// Live rows only.
    selection: RowBitmap,
    found: &'a mut Found,
    /// Rows that a walk has to find where so many are selected, whatever is wanted: so answers to a lesser `k` are the beginning
    /// of those to a greater one, up to it.
    ef: usize,
}

impl PartSearch<'_> {
    fn run(&mut self, width: usize, pool: &WalkPool, outcome: &mut SelectedSearch) {
        let selected = self.selection.count();
        let Some(segment) = self.parts.segment(self.part).filter(|_| selected > VECTORS_MAX) else {
            self.measure();
            outcome.measured += selected;
            return;
        };
        let view = segment.seen_from(self.query);
        let cost = walk_cost(width, segment.entries.copies.nodes(), selected);
        if selected > self.found.k && cost < selected {
            let terrain = SelectedNodes::of(view, segment, &self.selection);
            let mut walk = pool.take();
            let met_max = (selected * BUDGET_FACTOR).min(cost * OVERRUN_MAX) / ROWS_PER_NODE;
            let is_enough = self.walk(segment, &terrain, width, met_max, &mut walk);
            outcome.measured += walk.met();
            outcome.rejected += walk.all_met().filter(|(_, node)| !terrain.nodes.is_set(*node)).count();
            pool.put_back(walk);
            if is_enough {
                outcome.way = SearchWay::Walk;
                return;
            }
            self.estimate(&terrain.view);
        } else {
            self.estimate(&view);
        }
        outcome.measured += selected;
    }

    /// Offers what a walk finds; false where it met too many nodes or found too few rows.
    fn walk(
        &mut self,
        segment: &Segment,
        terrain: &SelectedNodes<'_>,
        width: usize,
        met_max: usize,
        walk: &mut GraphWalk,
    ) -> bool {
        terrain.view.start(walk, &mut Scratch::default(), terrain);
        if !walk.widen_within(&segment.graph, width, met_max, terrain) {
            return false;
        }
        let rows = offers_of(walk, self.part).flat_map(|node| self.parts.rows_of(node));
        let offers: Vec<WalkOffer> = rows.filter(|offer| self.selection.is_set(offer.row)).collect();
        let is_enough = offers.len() >= self.found.k.max(self.ef.min(self.selection.count()));
        if is_enough {
            self.found.waiting.extend(offers);
        }
        is_enough
    }

    /// Offers the selected rows by their codes.
    fn estimate(&mut self, view: &SegmentView<'_>) {
        let (part, found) = (self.part, &mut *self.found);
        estimate_rows(view, self.selection.selected(), |row, estimate| found.offer(part, row, estimate));
    }

    /// Offers the selected rows by their vectors.
    fn measure(&mut self) {
        let entries = self.parts.entries(self.part);
        for row in self.selection.selected() {
            let order = order_of(entries.closeness(self.query, row));
            self.found.ranked.push(WalkOffer { order, part: self.part, row });
            self.found.note(order);
        }
    }
}

/// What a walk of a width costs when so many of the nodes are selected, in comparisons of rows in their order. The pool of
/// the walk holds the others as well, so that it is that much wider.
fn walk_cost(width: usize, nodes: usize, selected: usize) -> usize {
    let pool = width.saturating_mul(nodes.max(selected)) / selected.max(1);
    if pool > WIDTH_MAX {
        return usize::MAX;
    }
    (pool * MET_PER_WIDTH + MET_AT_START) * ROWS_PER_NODE
}

/// Microseconds that a search for so many among `selected` of so many rows is expected to take, with walks of this width at
/// least. One that expects wrongly takes at most [`OVERRUN_MAX`] times as long, and what measuring every selected row takes.
pub fn selected_micros(k: usize, ef: usize, selected: usize, rows: usize) -> usize {
    let cost = walk_cost(walk_width(k, ef), rows, selected).min(selected);
    cost.saturating_mul(NODE_NANOS / ROWS_PER_NODE) / 1_000
}

/// A segment in which only nodes with a selected row count.
struct SelectedNodes<'a> {
    view: SegmentView<'a>,
    nodes: RowBitmap,
}

impl<'a> SelectedNodes<'a> {
    fn of(view: SegmentView<'a>, segment: &Segment, selection: &RowBitmap) -> SelectedNodes<'a> {
        let mut nodes = selection.clone();
        let behind = (0u32..).skip(segment.entries.copies.nodes());
        for (row, node) in behind.zip(segment.entries.copies.as_slice()) {
            if selection.is_set(row) {
                nodes.set(*node);
            }
        }
        SelectedNodes { view, nodes }
    }
}

impl Terrain for SelectedNodes<'_> {
    #[inline(always)]
    fn closeness(&self, node: u32) -> f32 {
        self.view.closeness(node)
    }

    #[inline(always)]
    fn is_live(&self, node: u32) -> bool {
        self.nodes.is_set(node)
    }

    #[inline(always)]
    fn prefetch(&self, node: u32) {
        self.view.prefetch(node);
    }

    #[inline(always)]
    fn estimate(&self, nodes: &[u32], scratch: &mut Scratch) {
        self.view.estimate(nodes, scratch);
    }
}

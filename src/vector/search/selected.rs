//! Search among rows that the caller selected beforehand, as a bitmap for each part.
//!
//! How many rows are selected is known exactly, so each segment is served in the way that costs less: every selected row
//! is measured, or the graph is walked through all nodes while only selected ones count. A walk that turns out to meet more
//! nodes than measuring would have cost gives way to measuring, so that the worst case is bounded by the better way, and `k`
//! rows come whenever `k` are selected. Tails are measured. What is found gets its exact distance, and only then is cut.

use super::candidates::{IndexParts, WIDTH_PER_DEPTH_HALVES, WalkOffer};
use super::search::{Candidate, measure_exactly};
use super::selection::{PartKeys, RowBitmap};
use crate::error::Result;
use crate::vector::graph::walk::{GraphWalk, Terrain, WalkPool};
use crate::vector::index::NearestIndex;
use crate::vector::rows::aligned_vectors::{QueryVector, order_of};
use crate::vector::rows::distance::check_dimension;
use crate::vector::segment::segment::{Segment, SegmentView};

/// What one comparison of a walk costs, in comparisons of rows in their order.
const WALK_COST: usize = 4;

/// Nodes that a walk meets at its start, and for each step of its width where every node is selected.
const MET_AT_START: usize = 64;
const MET_PER_WIDTH: usize = 16;

/// How far a walk may overrun the cost of measuring every selected row, before it gives way to that.
const BUDGET_FACTOR: usize = 2;

/// Selected rows of a segment up to which nothing is thought about.
const MEASURED_MIN: usize = 64;

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
        let ef = if k <= ef { ef } else { k.saturating_mul(WIDTH_PER_DEPTH_HALVES) / 2 };
        let mut offers = Vec::new();
        for part in parts.numbers() {
            let entries = parts.entries(part);
            let mut selection = select(&parts.keys(part));
            assert_eq!(selection.rows(), entries.len(), "a selection is as long as its part");
            selection.keep_live(entries);
            let mut look = PartSearch { parts: &parts, part, query: &query, selection, offers: &mut offers };
            look.run(ef, k, &self.walks, &mut outcome);
        }
        outcome.candidates = measure_exactly(&parts, &query, nearest_offers(&parts, &query, offers, k), k);
        Ok(outcome)
    }
}

/// The offers that may be among the `k` nearest, in no order.
fn nearest_offers(parts: &IndexParts, query: &QueryVector, mut offers: Vec<WalkOffer>, k: usize) -> Vec<WalkOffer> {
    if offers.len() > k {
        let (_, last, _) = offers.select_nth_unstable(k - 1);
        let border = parts.rounding(query).border(last.order);
        offers.retain(|offer| offer.order <= border);
    }
    offers
}

/// The search of one part.
struct PartSearch<'a> {
    parts: &'a IndexParts,
    part: u32,
    query: &'a QueryVector,
    /// Live rows only.
    selection: RowBitmap,
    offers: &'a mut Vec<WalkOffer>,
}

impl PartSearch<'_> {
    fn run(&mut self, ef: usize, k: usize, pool: &WalkPool, outcome: &mut SelectedSearch) {
        let selected = self.selection.count();
        if let Some(segment) = self.parts.segment(self.part)
            && selected > MEASURED_MIN.max(k)
        {
            let met_expected = ef.saturating_mul(MET_PER_WIDTH).saturating_mul(segment.entries.len()) / selected;
            if (MET_AT_START + met_expected).saturating_mul(WALK_COST) < selected {
                let mut walk = pool.take();
                let is_enough = self.walk(segment, ef, k, selected, &mut walk, outcome);
                pool.put_back(walk);
                if is_enough {
                    outcome.way = SearchWay::Walk;
                    return;
                }
            }
        }
        self.measure();
        outcome.measured += selected;
    }

    /// Offers what a walk finds; false where it met too many nodes or found too few rows.
    fn walk(
        &mut self,
        segment: &Segment,
        ef: usize,
        k: usize,
        selected: usize,
        walk: &mut GraphWalk,
        outcome: &mut SelectedSearch,
    ) -> bool {
        let terrain = SelectedNodes::of(segment, self.query, &self.selection);
        walk.start(&segment.graph, &terrain);
        let is_done = walk.widen_within(&segment.graph, ef, selected * BUDGET_FACTOR / WALK_COST, &terrain);
        outcome.measured += walk.met();
        outcome.rejected += walk.all_met().filter(|(_, node)| !terrain.nodes.is_set(*node)).count();
        if !is_done {
            return false;
        }
        let before = self.offers.len();
        for node in walk.nearest() {
            let order = order_of(segment.entries.rows.closeness(self.query, node));
            let rows = self.parts.rows_of(WalkOffer { order, part: self.part, row: node });
            self.offers.extend(rows.filter(|offer| self.selection.is_set(offer.row)));
        }
        let is_enough = self.offers.len() - before >= k;
        if !is_enough {
            self.offers.truncate(before);
        }
        is_enough
    }

    /// Offers every selected row.
    fn measure(&mut self) {
        let rows = &self.parts.entries(self.part).rows;
        let offer = |row| WalkOffer { order: order_of(rows.closeness(self.query, row)), part: self.part, row };
        self.offers.extend(self.selection.selected().map(offer));
    }
}

/// A segment in which only nodes with a selected row count.
struct SelectedNodes<'a> {
    view: SegmentView<'a>,
    nodes: RowBitmap,
}

impl<'a> SelectedNodes<'a> {
    fn of(segment: &'a Segment, query: &'a QueryVector, selection: &RowBitmap) -> SelectedNodes<'a> {
        let mut nodes = selection.clone();
        let behind = (0u32..).skip(segment.copies.nodes());
        for (row, node) in behind.zip(segment.copies.as_slice()) {
            if selection.is_set(row) {
                nodes.set(*node);
            }
        }
        SelectedNodes { view: segment.seen_from(query), nodes }
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
}

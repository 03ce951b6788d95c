//! What a search draws candidates from: one walk for each segment, one scan for the tails.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::collections::HashMap;
use std::sync::Arc;

use super::ranking::Ranking;
use super::search::Accept;
use super::selection::{PartId, PartKeys};
use crate::vector::graph::walk::{GraphWalk, Scratch, Terrain, WalkPool};
use crate::vector::rows::aligned_vectors::{QueryVector, Rounding, order_of};
use crate::vector::rows::quantized_vectors::Estimate;
use crate::vector::segment::keyed_vectors::Entries;
use crate::vector::segment::segment::{Segment, SegmentView};
use crate::vector::segment::segment_set;
use crate::vector::segment::tail::Tail;

/// How much wider than the depth it is asked for a walk has to be to be trusted there, in halves.
const WIDTH_PER_DEPTH_HALVES: usize = 3;

/// Walks are wider than they are asked to be by one in this many: seeds lie nearer than the ends of the descents that other
/// implementations make, so that less is met on the way, and recall at the same width was lower by half a percent without.
const WIDTH_ADDED: usize = 8;

/// Width above which no walk is tried: each node that comes into a pool moves those behind it.
pub const WIDTH_MAX: usize = 4_096;

/// Nodes that a walk meets for each step of its width, and before.
pub const MET_PER_WIDTH: usize = 12;
pub const MET_AT_START: usize = 64;

/// The most a walk is widened at once, as a factor: the estimate it rests on is rough.
const WIDENING_MAX: usize = 8;

/// A walk that would meet more than one in this many of all rows gives way to a scan, which reads memory in order.
const SCAN_SHARE: usize = 3;

/// Rows estimated at once.
const BATCH_ROWS: usize = 256;

/// How wide walks are that are asked for so many rows, and for this width at least.
pub fn walk_width(k: usize, ef: usize) -> usize {
    let width = if k <= ef { ef } else { k.saturating_mul(WIDTH_PER_DEPTH_HALVES) / 2 };
    width.saturating_add(width / WIDTH_ADDED)
}

/// What comparing a node on the way of a walk costs, in comparisons of rows in their order.
pub const ROWS_PER_NODE: usize = 4;

/// The recall of a graph, as it was measured when it was built, below which walks are wider than they are asked to be.
const RECALL_WANTED: f64 = 0.95;

/// How many times its width a walk is widened by for all that is missing at that recall, and the most it is.
const WIDTH_PER_RECALL: f64 = 20.0;
const WIDTH_PER_RECALL_MAX: f64 = 3.0;

/// A width in graphs of such a recall.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a width is at most some thousands, the factor between 0 and 3"
)]
fn width_by_recall(width: usize, recall: f64) -> usize {
    let missing = (RECALL_WANTED - recall).max(0.0);
    width.saturating_add((width as f64 * (missing * WIDTH_PER_RECALL).min(WIDTH_PER_RECALL_MAX)).round() as usize)
}

/// What comparing a node takes on the way of a walk, with all that belongs to it: 55 to 90 ns were measured with 384 components.
pub const NODE_NANOS: usize = 80;

/// Microseconds that a search for so many rows is expected to take, with walks of this width at least, where all are accepted.
pub fn walk_micros(k: usize, ef: usize) -> usize {
    let met = walk_width(k, ef).saturating_mul(MET_PER_WIDTH).saturating_add(MET_AT_START);
    met.saturating_mul(NODE_NANOS) / 1_000
}

/// A row that some part offers, or a node with all its rows. Ordered by distance; part and row decide ties.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalkOffer {
    pub order: u32,
    pub part: u32,
    pub row: u32,
}

/// What a search looks through: segments first, then the blocks of the tails, in one numbering.
pub struct IndexParts {
    segments: Vec<Arc<Segment>>,
    blocks: Vec<Arc<Entries>>,
    /// The names of the blocks.
    block_ids: Vec<PartId>,
}

impl IndexParts {
    /// A snapshot: copies pointers only.
    pub fn of(view: &segment_set::IndexView) -> IndexParts {
        let tails = || view.building.iter().chain(std::iter::once(&view.tail));
        let ids = |tail: &Tail| {
            let unit = tail.unit;
            (0u32..).take(tail.blocks.len()).map(move |block| PartId { unit, block })
        };
        IndexParts {
            segments: view.segments.clone(),
            blocks: tails().flat_map(|tail| tail.blocks.iter().cloned()).collect(),
            block_ids: tails().flat_map(ids).collect(),
        }
    }

    /// The segment of this number, unless it is a block.
    pub fn segment(&self, part: u32) -> Option<&Segment> {
        self.segments.get(part as usize).map(|segment| &**segment)
    }

    /// The keys of a part, for a caller that selects among them.
    pub fn keys(&self, part: u32) -> PartKeys<'_> {
        match self.segments.get(part as usize) {
            Some(segment) => PartKeys::new(PartId { unit: segment.unit, block: 0 }, true, &segment.entries),
            None => PartKeys::new(self.block_ids[part as usize - self.segments.len()], false, self.entries(part)),
        }
    }

    /// The segments and the blocks, in the order of their numbers.
    pub fn into_inner(self) -> (Vec<Arc<Segment>>, Vec<Arc<Entries>>) {
        (self.segments, self.blocks)
    }

    pub fn entries(&self, part: u32) -> &Entries {
        let part = part as usize;
        match self.segments.get(part) {
            Some(segment) => &segment.entries,
            None => &self.blocks[part - self.segments.len()],
        }
    }

    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        (0u32..).take(self.segments.len() + self.blocks.len())
    }

    /// The live rows that an offer stands for: those of a node of a graph, or the row of a tail.
    pub fn rows_of(&self, offer: WalkOffer) -> impl Iterator<Item = WalkOffer> {
        let segment = self.segments.get(offer.part as usize);
        let copies = segment.map_or(0..0, |segment| segment.entries.copies.of(offer.row));
        let entries = self.entries(offer.part);
        let live = std::iter::once(offer.row).chain(copies).filter(|row| entries.is_live(*row));
        live.map(move |row| WalkOffer { row, ..offer })
    }

    /// How wide walks are for so many rows, and for this width at least: wider where a graph is known to find little.
    pub fn walk_width(&self, k: usize, ef: usize) -> usize {
        let recall = self.segments.iter().map(|segment| segment.recall).fold(1.0, f64::min);
        width_by_recall(walk_width(k, ef), recall)
    }

    /// By how much the closeness of rows may be wrong.
    pub fn rounding(&self, query: &QueryVector) -> Rounding {
        query.rounding(self.numbers().map(|part| self.entries(part).rows.longest()).fold(0.0, f64::max))
    }

    pub fn live(&self) -> usize {
        self.numbers().map(|part| self.entries(part).live()).sum()
    }

    /// Every live row of a part with its order.
    pub fn offer_all(&self, part: u32, query: &QueryVector, mut take: impl FnMut(WalkOffer)) {
        let entries = self.entries(part);
        for row in entries.live_rows() {
            take(WalkOffer { order: order_of(entries.closeness(query, row)), part, row });
        }
    }

    /// All live rows, to be given out nearest first.
    pub fn rank_all(&self, query: &QueryVector) -> Ranking {
        let (mut waiting, mut ranked) = (Vec::with_capacity(self.live()), Vec::new());
        for part in self.numbers() {
            match self.segment(part) {
                Some(segment) => {
                    let view = segment.seen_from(query);
                    estimate_rows(&view, segment.entries.live_rows(), |row, estimate| {
                        waiting.push(WalkOffer { order: estimate.least_order(), part, row });
                    });
                }
                None => self.offer_all(part, query, |offer| ranked.push(offer)),
            }
        }
        Ranking::of(waiting, ranked)
    }
}

/// Estimates rows of a segment, many at a time.
pub fn estimate_rows(view: &SegmentView<'_>, rows: impl Iterator<Item = u32>, mut take: impl FnMut(u32, Estimate)) {
    let mut batch: Vec<u32> = Vec::with_capacity(BATCH_ROWS);
    let mut nodes: Vec<u32> = Vec::with_capacity(BATCH_ROWS);
    let mut scratch = Scratch::default();
    let mut rows = rows;
    loop {
        batch.clear();
        batch.extend(rows.by_ref().take(BATCH_ROWS));
        if batch.is_empty() {
            return;
        }
        nodes.clear();
        nodes.extend(batch.iter().map(|row| view.node(*row)));
        view.estimate(&nodes, &mut scratch);
        for (row, estimate) in batch.iter().zip(&scratch.estimates) {
            take(*row, *estimate);
        }
    }
}

/// Rows that must have been asked about before the share of accepted ones means anything.
const ASKED_TO_TELL: usize = 64;

/// The filter, and what it said: it is asked once about each row.
pub struct Verdicts<'v, 'a> {
    accept: &'v mut Accept<'a>,
    /// What it said of each row, in the order it was asked.
    asked: Vec<((u32, u32), bool)>,
    accepted: usize,
    /// How many of these are known by their row: none before a row may come up again.
    mapped: usize,
    known: HashMap<(u32, u32), bool>,
}

impl<'v, 'a> Verdicts<'v, 'a> {
    pub fn new(accept: &'v mut Accept<'a>) -> Verdicts<'v, 'a> {
        Verdicts { accept, asked: Vec::new(), accepted: 0, mapped: 0, known: HashMap::new() }
    }

    /// The share of rows that are accepted, as far as they were asked about; `None` where those are too few to tell.
    pub fn share(&self) -> Option<f64> {
        let asked = self.asked.len();
        (asked >= ASKED_TO_TELL).then(|| (self.accepted + 1) as f64 / (asked + 2) as f64)
    }

    /// Has to be called before rows come up that were asked about.
    pub fn remember(&mut self) {
        self.known.extend(self.asked.iter().skip(self.mapped).copied());
        self.mapped = self.asked.len();
    }

    /// Asks about a row, which comes up once between two calls of [`Verdicts::remember`].
    pub fn accepts(&mut self, parts: &IndexParts, offer: WalkOffer) -> bool {
        if self.mapped > 0
            && let Some(verdict) = self.known.get(&(offer.part, offer.row))
        {
            return *verdict;
        }
        let verdict = (self.accept)(parts.entries(offer.part).key(offer.row));
        self.asked.push(((offer.part, offer.row), verdict));
        self.accepted += usize::from(verdict);
        verdict
    }
}

/// All sources of one search.
pub struct Sources<'p> {
    parts: &'p IndexParts,
    query: &'p QueryVector,
    /// The width every walk has at least.
    ef: usize,
    rounding: Rounding,
    sources: Vec<Source<'p>>,
}

/// Offers in order that can be made more.
struct Source<'p> {
    /// None for the scan of the tails.
    walk: Option<(GraphWalk, SegmentView<'p>)>,
    part: u32,
    width: usize,
    /// For the scan all rows.
    scanned: Vec<WalkOffer>,
    /// How many of the offers the last merge used before it had as many rows as are wanted.
    depth: usize,
}

impl Source<'_> {
    /// What it offers, nearest first.
    fn ranking(&self) -> Ranking {
        match &self.walk {
            Some((walk, _)) => Ranking::of(offers_of(walk, self.part).collect(), Vec::new()),
            None => Ranking::of(Vec::new(), self.scanned.clone()),
        }
    }

    /// Whether a greater width would bring nothing more.
    fn is_exhausted(&self) -> bool {
        self.walk.as_ref().is_none_or(|(walk, _)| walk.is_exhausted())
    }
}

/// The nodes within the width of a walk, with the least orders that they may have.
pub fn offers_of(walk: &GraphWalk, part: u32) -> impl Iterator<Item = WalkOffer> {
    walk.nearest().map(move |met| WalkOffer { order: met.least, part, row: met.node })
}

impl<'p> Sources<'p> {
    /// Starts every walk at width `ef`.
    pub fn open(parts: &'p IndexParts, query: &'p QueryVector, ef: usize, pool: &WalkPool) -> Sources<'p> {
        let mut sources = Vec::with_capacity(parts.segments.len() + 1);
        let mut scratch = Scratch::default();
        for (part, segment) in (0u32..).zip(&parts.segments) {
            let mut walk = pool.take();
            let view = segment.seen_from(query);
            view.start(&mut walk, &mut scratch, &view);
            sources.push(Source { walk: Some((walk, view)), part, width: 0, scanned: Vec::new(), depth: 0 });
        }
        let mut scanned = Vec::new();
        for part in parts.numbers().skip(parts.segments.len()) {
            parts.offer_all(part, query, |offer| scanned.push(offer));
        }
        sources.push(Source { walk: None, part: 0, width: ef, scanned, depth: 0 });
        let mut opened = Sources { parts, query, ef, rounding: parts.rounding(query), sources };
        for at in 0..opened.sources.len() {
            opened.widen(at, ef);
        }
        opened
    }

    pub fn close(self, pool: &WalkPool) {
        for (walk, _) in self.sources.into_iter().filter_map(|source| source.walk) {
            pool.put_back(walk);
        }
    }

    /// The `k` nearest rows the filter accepts, and those that may be as near as the last of them; none when a scan is the better
    /// or the only way to find them.
    pub fn find(&mut self, k: usize, verdicts: &mut Verdicts<'_, '_>, met_max: usize) -> Option<Vec<WalkOffer>> {
        loop {
            let accepted = self.merge(k, verdicts);
            let wanted: Vec<usize> =
                self.sources.iter().map(|source| self.width_wanted(source, k, accepted.len())).collect();
            let narrow = |(source, width): (&Source<'_>, &usize)| *width > source.width;
            if !self.sources.iter().zip(&wanted).any(narrow) {
                let complete = accepted.len() >= k || self.offered() >= self.parts.live();
                return complete.then_some(accepted);
            }
            if self.is_scan_cheaper(&wanted, met_max) {
                return None;
            }
            verdicts.remember();
            for (at, width) in wanted.into_iter().enumerate() {
                self.widen(at, width);
            }
        }
    }

    /// Shows offers to the filter in order of distance until `k` are accepted and no other may be as near as the last.
    fn merge(&mut self, k: usize, verdicts: &mut Verdicts<'_, '_>) -> Vec<WalkOffer> {
        let mut accepted = Vec::with_capacity(k.min(self.ef));
        let mut rankings: Vec<Ranking> = self.sources.iter().map(Source::ranking).collect();
        self.sources.iter_mut().for_each(|source| source.depth = 0);
        let mut border = None;
        loop {
            let heads = rankings.iter_mut().enumerate();
            let nearest =
                heads.filter_map(|(at, ranking)| ranking.peek(self.parts, self.query).map(|offer| (offer, at))).min();
            let Some((offer, at)) = nearest else {
                break;
            };
            if border.is_some_and(|border| offer.order > border) {
                break;
            }
            rankings[at].pop();
            self.sources[at].depth += usize::from(border.is_none());
            accepted.extend(self.parts.rows_of(offer).filter(|row| verdicts.accepts(self.parts, *row)));
            if border.is_none() && accepted.len() >= k {
                border = Some(self.rounding.border(offer.order));
            }
        }
        accepted
    }

    /// The width at which a source's answer can be trusted, given how many were accepted at its present one.
    fn width_wanted(&self, source: &Source<'_>, k: usize, accepted: usize) -> usize {
        if source.is_exhausted() {
            return source.width;
        }
        if accepted >= k {
            return self.ef + source.depth.saturating_sub(k) * WIDTH_PER_DEPTH_HALVES / 2;
        }
        let depth_expected = source.depth.saturating_mul(k) / accepted.max(1);
        (self.ef + depth_expected * WIDTH_PER_DEPTH_HALVES / 2).clamp(source.width * 2, source.width * WIDENING_MAX)
    }

    /// Rows offered so far.
    fn offered(&self) -> usize {
        let rows = |source: &Source<'_>| match &source.walk {
            Some((walk, _)) => offers_of(walk, source.part).map(|offer| self.parts.rows_of(offer).count()).sum(),
            None => source.scanned.len(),
        };
        self.sources.iter().map(rows).sum()
    }

    /// Whether walks of the wanted widths would meet too large a share of all rows, or more nodes than they may.
    fn is_scan_cheaper(&self, wanted: &[usize], met_max: usize) -> bool {
        if wanted.iter().zip(&self.sources).any(|(width, source)| *width > WIDTH_MAX && source.walk.is_some()) {
            return true;
        }
        let met = |source: &Source<'_>, width: usize| match &source.walk {
            Some((walk, _)) if width > source.width => walk.met().saturating_mul(width) / source.width,
            _ => 0,
        };
        let expected: usize = self.sources.iter().zip(wanted).map(|(source, width)| met(source, *width)).sum();
        expected > met_max || expected.saturating_mul(SCAN_SHARE) > self.parts.live()
    }

    fn widen(&mut self, at: usize, width: usize) {
        let source = &mut self.sources[at];
        if width <= source.width {
            return;
        }
        source.width = width;
        if let Some((walk, view)) = &mut source.walk {
            walk.widen(&self.parts.segments[source.part as usize].graph, width, view);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_that_find_little_are_walked_wider() {
        assert_eq!(width_by_recall(90, 1.0), 90);
        assert_eq!(width_by_recall(90, 0.95), 90);
        assert_eq!(width_by_recall(100, 0.90), 200);
        assert_eq!((width_by_recall(100, 0.5), width_by_recall(100, 0.0)), (400, 400));
        assert!((0..=100).map(|percent| width_by_recall(64, f64::from(percent) / 100.0)).is_sorted_by(|a, b| a >= b));
    }
}

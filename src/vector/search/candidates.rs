//! What a search draws candidates from: one walk for each segment, one scan for the tails.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::collections::HashMap;
use std::sync::Arc;

use super::search::Accept;
use super::selection::{PartId, PartKeys};
use crate::vector::graph::walk::{GraphWalk, WalkPool};
use crate::vector::rows::aligned_vectors::{QueryVector, Rounding, VectorRows, order_of};
use crate::vector::rows::kernels;
use crate::vector::segment::keyed_vectors::Entries;
use crate::vector::segment::segment::{Segment, SegmentView};
use crate::vector::segment::segment_set;
use crate::vector::segment::tail::Tail;

/// How much wider than the depth it is asked for a walk has to be to be trusted there, in halves.
pub const WIDTH_PER_DEPTH_HALVES: usize = 3;

/// The most a walk is widened at once, as a factor: the estimate it rests on is rough.
const WIDENING_MAX: usize = 8;

/// A walk that would meet more than one in this many of all rows gives way to a scan, which reads memory in order.
const SCAN_SHARE: usize = 3;

/// Rows on their way from memory while one is compared.
const PREFETCHED: usize = 2;

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
        let copies = segment.map_or(0..0, |segment| segment.copies.of(offer.row));
        let entries = self.entries(offer.part);
        let live = std::iter::once(offer.row).chain(copies).filter(|row| entries.is_live(*row));
        live.map(move |row| WalkOffer { row, ..offer })
    }

    /// By how much the closeness of rows may be wrong.
    pub fn rounding(&self, query: &QueryVector) -> Rounding {
        query.rounding(self.numbers().map(|part| self.entries(part).rows.longest()).fold(0.0, f64::max))
    }

    pub fn live(&self) -> usize {
        self.numbers().map(|part| self.entries(part).live()).sum()
    }

    /// Offers every live row of a part.
    pub fn offer_all(&self, part: u32, query: &QueryVector, mut take: impl FnMut(WalkOffer)) {
        let entries = self.entries(part);
        for row in entries.live_rows() {
            take(WalkOffer { order: order_of(entries.rows.closeness(query, row)), part, row });
        }
    }
}

/// Rows that must have been asked about before the share of accepted ones means anything.
const ASKED_TO_TELL: usize = 64;

/// The filter, and what it said: it is asked once about each row.
pub struct Verdicts<'v, 'a> {
    accept: &'v mut Accept<'a>,
    known: HashMap<(u32, u32), bool>,
}

impl<'v, 'a> Verdicts<'v, 'a> {
    pub fn new(accept: &'v mut Accept<'a>) -> Verdicts<'v, 'a> {
        Verdicts { accept, known: HashMap::new() }
    }

    /// The share of rows that are accepted, as far as they were asked about; `None` where those are too few to tell.
    pub fn share(&self) -> Option<f64> {
        let asked = self.known.len();
        let accepted = self.known.values().filter(|verdict| **verdict).count();
        (asked >= ASKED_TO_TELL).then(|| (accepted + 1) as f64 / (asked + 2) as f64)
    }

    /// Asks about a row that may come up again.
    pub fn accepts(&mut self, parts: &IndexParts, offer: WalkOffer) -> bool {
        let verdict = self.accepts_last(parts, offer);
        self.known.insert((offer.part, offer.row), verdict);
        verdict
    }

    /// Asks about a row that will not come up again.
    pub fn accepts_last(&mut self, parts: &IndexParts, offer: WalkOffer) -> bool {
        match self.known.get(&(offer.part, offer.row)) {
            Some(verdict) => *verdict,
            None => (self.accept)(parts.entries(offer.part).key(offer.row)),
        }
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

/// One sorted list of offers that can be made longer.
struct Source<'p> {
    /// None for the scan of the tails.
    walk: Option<(GraphWalk, SegmentView<'p>)>,
    part: u32,
    width: usize,
    /// For a walk, the nearest nodes it found. For the scan all rows, of which the nearest `width` are in order.
    offers: Vec<WalkOffer>,
    /// How many of the offers the last merge used before it had as many rows as are wanted, and in all.
    depth: usize,
    used: usize,
}

impl Source<'_> {
    /// The offers in order.
    fn sorted(&self) -> &[WalkOffer] {
        match self.walk {
            Some(_) => &self.offers,
            None => &self.offers[..self.offers.len().min(self.width)],
        }
    }

    /// Whether a greater width would bring nothing more.
    fn is_exhausted(&self) -> bool {
        match &self.walk {
            Some((walk, _)) => walk.is_exhausted(),
            None => self.offers.len() <= self.width,
        }
    }
}

impl<'p> Sources<'p> {
    /// Starts every walk at width `ef`.
    pub fn open(parts: &'p IndexParts, query: &'p QueryVector, ef: usize, pool: &WalkPool) -> Sources<'p> {
        let mut sources = Vec::with_capacity(parts.segments.len() + 1);
        for (part, segment) in (0u32..).zip(&parts.segments) {
            let mut walk = pool.take();
            let view = segment.seen_from(query);
            walk.start(&segment.graph, &view);
            sources.push(Source { walk: Some((walk, view)), part, width: 0, offers: Vec::new(), depth: 0, used: 0 });
        }
        let mut scanned = Vec::new();
        for part in parts.numbers().skip(parts.segments.len()) {
            parts.offer_all(part, query, |offer| scanned.push(offer));
        }
        sources.push(Source { walk: None, part: 0, width: 0, offers: scanned, depth: 0, used: 0 });
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

    /// The `k` nearest rows the filter accepts, and those that may be as near as the last of them; none when a scan is the better or the only way to find them.
    pub fn find(&mut self, k: usize, verdicts: &mut Verdicts<'_, '_>) -> Option<Vec<WalkOffer>> {
        loop {
            let accepted = self.merge(k, verdicts);
            let wanted: Vec<usize> =
                self.sources.iter().map(|source| self.width_wanted(source, k, accepted.len())).collect();
            let narrow = |(source, width): (&Source<'_>, &usize)| *width > source.width;
            if !self.sources.iter().zip(&wanted).any(narrow) {
                let complete = accepted.len() >= k || self.offered() >= self.parts.live();
                return complete.then_some(accepted);
            }
            if self.is_scan_cheaper(&wanted) {
                return None;
            }
            for (at, width) in wanted.into_iter().enumerate() {
                self.widen(at, width);
            }
        }
    }

    /// Shows offers to the filter in order of distance until `k` are accepted and no other may be as near as the last.
    fn merge(&mut self, k: usize, verdicts: &mut Verdicts<'_, '_>) -> Vec<WalkOffer> {
        let mut accepted = Vec::with_capacity(k.min(self.ef));
        for source in &mut self.sources {
            (source.depth, source.used) = (0, 0);
        }
        let mut border = None;
        loop {
            let heads = self.sources.iter().enumerate();
            let nearest =
                heads.filter_map(|(at, source)| source.sorted().get(source.used).map(|offer| (*offer, at))).min();
            let Some((offer, at)) = nearest else {
                break;
            };
            if border.is_some_and(|border| offer.order > border) {
                break;
            }
            let source = &mut self.sources[at];
            source.used += 1;
            source.depth += usize::from(border.is_none());
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
            let is_used_up = source.used == source.sorted().len();
            return match source.walk {
                Some(_) => self.ef + source.depth.saturating_sub(k) * WIDTH_PER_DEPTH_HALVES / 2,
                None if is_used_up => source.width * 2,
                None => source.width,
            };
        }
        let depth_expected = source.depth.saturating_mul(k) / accepted.max(1);
        (self.ef + depth_expected * WIDTH_PER_DEPTH_HALVES / 2).clamp(source.width * 2, source.width * WIDENING_MAX)
    }

    /// Rows offered so far.
    fn offered(&self) -> usize {
        let rows = |source: &Source<'_>| match source.walk {
            Some(_) => source.offers.iter().map(|offer| self.parts.rows_of(*offer).count()).sum(),
            None => source.offers.len(),
        };
        self.sources.iter().map(rows).sum()
    }

    /// Whether walks of the wanted widths would meet too large a share of all rows.
    fn is_scan_cheaper(&self, wanted: &[usize]) -> bool {
        let met = |source: &Source<'_>, width: usize| match &source.walk {
            Some((walk, _)) if width > source.width => walk.met().saturating_mul(width) / source.width,
            _ => 0,
        };
        let expected: usize = self.sources.iter().zip(wanted).map(|(source, width)| met(source, *width)).sum();
        expected.saturating_mul(SCAN_SHARE) > self.parts.live()
    }

    fn widen(&mut self, at: usize, width: usize) {
        let source = &mut self.sources[at];
        if width <= source.width {
            return;
        }
        source.width = width;
        match &mut source.walk {
            Some((walk, view)) => {
                let segment = &self.parts.segments[source.part as usize];
                walk.widen(&segment.graph, width, view);
                // The walk went by codes; what it found is offered in the order of the vectors.
                source.offers.clear();
                order_by_vectors(&segment.entries.rows, self.query, source.part, walk, &mut source.offers);
                source.offers.sort_unstable();
            }
            None => {
                if width < source.offers.len() {
                    source.offers.select_nth_unstable(width);
                }
                let sorted = width.min(source.offers.len());
                source.offers[..sorted].sort_unstable();
            }
        }
    }
}

/// Offers what a walk found, with the closeness of the vectors themselves.
fn order_by_vectors(rows: &VectorRows, query: &QueryVector, part: u32, walk: &GraphWalk, offers: &mut Vec<WalkOffer>) {
    offers.extend(walk.nearest().map(|row| WalkOffer { order: 0, part, row }));
    for at in 0..offers.len() {
        if let Some(ahead) = offers.get(at + PREFETCHED) {
            kernels::prefetch(rows.padded(ahead.row));
        }
        offers[at].order = order_of(rows.closeness(query, offers[at].row));
    }
}

//! Search: all parts of the index together, with the caller's filter inside.
//!
//! Each part offers candidates in order of distance: a segment by a walk of width `ef`, a tail by a scan. They are merged
//! and shown to the filter one by one until `k` are accepted, so that the filter is asked as rarely as possible, and on to
//! where rounding can no longer hide that one is as near as the k-th. The accepted ones are measured exactly, and only then
//! cut. When the k-th accepted candidate lies deep in a part's list, that part's walk was too narrow to be trusted at that
//! depth: it is widened and goes on. A filter that rejects so much that the walk would touch a large share of the index is served by
//! an exact scan instead, which is then the cheaper way; so is one that exhausts a graph. Either way `k` rows are found
//! whenever there are `k`.

use crate::error::{Error, Result};
use crate::vector::index::NearestIndex;
use crate::vector::rows::aligned_vectors::QueryVector;
use crate::vector::rows::distance::check_dimension;
use crate::vector::search::candidates::{
    IndexParts, MET_AT_START, MET_PER_WIDTH, ROWS_PER_NODE, Sources, Verdicts, WIDTH_MAX, WalkOffer, walk_width,
};
use crate::vector::search::ranking::Ranking;
use crate::vector::segment::keyed_vectors::VectorKey;

/// What one comparison of a walk costs, in rows that a scan estimates and puts in order.
const WALK_COST: usize = 2;

/// A key and its exact distance to the query.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub key: VectorKey,
    pub distance: f64,
}

/// When walks that were widened give way to something better.
pub struct WalkBounds<'a> {
    /// Nodes that they may meet, about.
    pub met_max: usize,
    /// Whether the caller finds the few that its filter accepts sooner, told the share of rows that were accepted.
    pub is_too_choosy: &'a dyn Fn(f64) -> bool,
}

/// The caller's filter. True for keys that may be returned.
pub type Accept<'a> = dyn FnMut(&[u8]) -> bool + 'a;

impl NearestIndex {
    /// The `k` nearest keys that `accept` lets through, and those that are as far away as the last of them, nearest first,
    /// keys in order where distances are equal. `ef` is the least width of the walks: more is slower and misses less. Any `k`
    /// up to it is answered from one and the same walk where all are accepted, so that answers to a lesser `k` are the
    /// beginning of those to a greater one. `accept` is called at most once for each row. Keys that are replaced or deleted
    /// while the search runs may be missing; a caller that must not miss them looks for changes afterwards.
    ///
    /// # Errors
    /// 22000 for a query of another dimension.
    pub fn search(&self, query: &[f32], k: usize, ef: usize, accept: &mut Accept<'_>) -> Result<Vec<Candidate>> {
        let bounds = WalkBounds { met_max: usize::MAX, is_too_choosy: &|_| false };
        let found = self.search_unless(query, k, ef, accept, &bounds)?;
        found.ok_or_else(|| Error::internal("a search gave up that must not"))
    }

    /// As [`NearestIndex::search`]; `None` where the caller has a better way to find the few that its filter accepts: where the
    /// walks find too few and `is_too_choosy` says so of the share of rows that were accepted. Walks that would meet more nodes than
    /// `met_max` because of what the filter rejects give way to a scan.
    ///
    /// # Errors
    /// As [`NearestIndex::search`].
    pub fn search_unless(
        &self,
        query: &[f32],
        k: usize,
        ef: usize,
        accept: &mut Accept<'_>,
        bounds: &WalkBounds<'_>,
    ) -> Result<Option<Vec<Candidate>>> {
        check_dimension(query, self.dimension)?;
        if k == 0 {
            return Ok(Some(Vec::new()));
        }
        let parts = IndexParts::of(&self.view.read());
        let query = QueryVector::new(self.metric, query);
        let width = parts.walk_width(k, ef);
        let mut verdicts = Verdicts::new(accept);
        let found = if width <= WIDTH_MAX && width * MET_PER_WIDTH * WALK_COST < parts.live() {
            let mut sources = Sources::open(&parts, &query, width, &self.walks);
            let found = sources.find(k, &mut verdicts, bounds.met_max);
            sources.close(&self.walks);
            found
        } else {
            None
        };
        let found = match found {
            Some(found) => found,
            None if verdicts.share().is_some_and(bounds.is_too_choosy) => return Ok(None),
            None => scan(&parts, &query, k, &mut verdicts),
        };
        Ok(Some(measure_exactly(&parts, &query, found, k)))
    }

    /// Whether a walk for `k` rows costs less than a look at every row. One for more rows than `ef` is widened, and has to meet no
    /// more than `met_max` nodes.
    pub fn prefers_walk(&self, k: usize, ef: usize, met_max: usize) -> bool {
        let width = walk_width(k, ef);
        let met = width.saturating_mul(MET_PER_WIDTH).saturating_add(MET_AT_START);
        width <= WIDTH_MAX && (k <= ef || met <= met_max) && met.saturating_mul(ROWS_PER_NODE) < self.len()
    }

    /// Like [`NearestIndex::search`], by comparing the query with every row.
    ///
    /// # Errors
    /// As [`NearestIndex::search`].
    pub fn search_exact(&self, query: &[f32], k: usize, accept: &mut Accept<'_>) -> Result<Vec<Candidate>> {
        check_dimension(query, self.dimension)?;
        if k == 0 {
            return Ok(Vec::new());
        }
        let parts = IndexParts::of(&self.view.read());
        let query = QueryVector::new(self.metric, query);
        let found = scan(&parts, &query, k, &mut Verdicts::new(accept));
        Ok(measure_exactly(&parts, &query, found, k))
    }
}

/// Estimates every live row and asks the filter in order of distance, until `k` are accepted and no other may be as near as
/// the last.
fn scan(parts: &IndexParts, query: &QueryVector, k: usize, verdicts: &mut Verdicts<'_, '_>) -> Vec<WalkOffer> {
    verdicts.remember();
    let mut ranking = parts.rank_all(query);
    nearest_of(&mut ranking, parts, query, k, |offer| verdicts.accepts(parts, offer))
}

/// The `k` nearest of the offers that are accepted, and those that may be as near as the last of them, in order.
pub fn nearest_of(
    ranking: &mut Ranking,
    parts: &IndexParts,
    query: &QueryVector,
    k: usize,
    mut accepts: impl FnMut(WalkOffer) -> bool,
) -> Vec<WalkOffer> {
    let rounding = parts.rounding(query);
    let mut accepted = Vec::new();
    let mut border = u32::MAX;
    while let Some(offer) = ranking.peek(parts, query)
        && offer.order <= border
    {
        ranking.pop();
        if accepts(offer) {
            accepted.push(offer);
            if accepted.len() == k {
                border = rounding.border(offer.order);
            }
        }
    }
    accepted
}

/// Puts exact distances to the rows found, and keeps the `k` nearest.
pub fn measure_exactly(parts: &IndexParts, query: &QueryVector, offers: Vec<WalkOffer>, k: usize) -> Vec<Candidate> {
    let found = offers
        .into_iter()
        .map(|offer| {
            let entries = parts.entries(offer.part);
            let distance = query.distance(entries.vector(offer.row));
            Candidate { key: entries.key(offer.row).into(), distance }
        })
        .collect();
    nearest(found, k)
}

/// The `k` nearest and those that are as far away as the last of them, in order.
fn nearest(mut found: Vec<Candidate>, k: usize) -> Vec<Candidate> {
    found.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance).then_with(|| a.key.cmp(&b.key)));
    if let Some(last) = k.checked_sub(1).and_then(|last| found.get(last)) {
        let farthest = last.distance;
        found.truncate(found.partition_point(|candidate| candidate.distance.total_cmp(&farthest).is_le()));
    }
    found
}

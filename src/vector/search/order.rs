//! All rows of an index, or those that the caller selects, in the order of their exact distance, given out part by part.
//!
//! Every row is estimated by its code once, at the beginning; vectors are read of those alone that may be next. What is given
//! out does not change any more, whatever is written to the index meanwhile: the order is that of the rows that were live when
//! it was made.

use super::candidates::{IndexParts, WalkOffer, estimate_rows};
use super::ranking::Ranking;
use super::search::{Accept, Candidate};
use super::selection::{PartKeys, RowBitmap};
use crate::error::Result;
use crate::vector::index::NearestIndex;
use crate::vector::rows::aligned_vectors::{QueryVector, Rounding, order_of};
use crate::vector::rows::distance::check_dimension;

/// Says which rows of a part are wanted.
pub type Select<'a> = dyn FnMut(&PartKeys<'_>) -> RowBitmap + 'a;

/// The rows of an index that were not given out yet.
pub struct NearestOrder {
    parts: IndexParts,
    query: QueryVector,
    rounding: Rounding,
    ranking: Ranking,
    /// Accepted rows, one of which may be farther away than a row that was not looked at yet; by their orders.
    held: Vec<Held>,
    rows: usize,
}

struct Held {
    order: u32,
    candidate: Candidate,
}

impl NearestIndex {
    /// All rows, or those that `select` picks of each part, in the order of their distance to `query`.
    ///
    /// # Errors
    /// 22000 for a query of another dimension.
    ///
    /// # Panics
    /// When a bitmap is not as long as its part.
    pub fn order(&self, query: &[f32], select: Option<&mut Select<'_>>) -> Result<NearestOrder> {
        check_dimension(query, self.dimension())?;
        let parts = IndexParts::of(&self.view.read());
        let query = QueryVector::new(self.metric(), query);
        let (mut select, mut waiting, mut ranked) = (select, Vec::new(), Vec::new());
        for part in parts.numbers() {
            let entries = parts.entries(part);
            let mut rows = match &mut select {
                Some(select) => select(&parts.keys(part)),
                None => RowBitmap::all(entries.len()),
            };
            assert_eq!(rows.rows(), entries.len(), "a selection is as long as its part");
            rows.keep_live(entries);
            match parts.segment(part) {
                Some(segment) => estimate_rows(&segment.seen_from(&query), rows.selected(), |row, estimate| {
                    waiting.push(WalkOffer { order: estimate.least_order(), part, row });
                }),
                None => ranked.extend(rows.selected().map(|row| {
                    let order = order_of(entries.rows.closeness(&query, row));
                    WalkOffer { order, part, row }
                })),
            }
        }
        let (rounding, rows) = (parts.rounding(&query), waiting.len() + ranked.len());
        let ranking = Ranking::of(waiting, ranked);
        Ok(NearestOrder { parts, query, rounding, ranking, held: Vec::new(), rows })
    }
}

impl NearestOrder {
    /// The next `n` rows that `accept` lets through, in order, keys in order where distances are equal; fewer at the end, and
    /// where the next one is so far away that `in_reach` is false, which it then has to be of all that are farther. `accept` is
    /// asked once about each row that is in reach.
    pub fn next(&mut self, n: usize, in_reach: &dyn Fn(f64) -> bool, accept: &mut Accept<'_>) -> Vec<Candidate> {
        let NearestOrder { parts, query, rounding, ranking, held, .. } = self;
        let mut found = std::mem::take(held);
        let mut border = u32::MAX;
        let mut is_full = false;
        loop {
            // No row behind the border can be as near as the last one wanted.
            if !is_full && let Some(last) = n.checked_sub(1).and_then(|last| found.get(last)) {
                border = border.min(rounding.border(last.order));
                is_full = true;
            }
            let Some(offer) = ranking.peek(parts, query).filter(|offer| offer.order <= border) else { break };
            ranking.pop();
            let entries = parts.entries(offer.part);
            let (key, distance) = (entries.key(offer.row), query.distance(entries.vector(offer.row)));
            if !in_reach(distance) {
                border = border.min(rounding.border(offer.order));
            } else if accept(key) {
                found.push(Held { order: offer.order, candidate: Candidate { key: key.into(), distance } });
            }
        }
        found.sort_unstable_by(|a, b| {
            let (a, b) = (&a.candidate, &b.candidate);
            (a.distance + 0.0).total_cmp(&(b.distance + 0.0)).then_with(|| a.key.cmp(&b.key))
        });
        *held = found.split_off(n.min(found.len()));
        held.sort_unstable_by_key(|held| held.order);
        found.into_iter().map(|held| held.candidate).collect()
    }

    /// Rows that it began with.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of memory that it takes besides the index.
    pub fn bytes(&self) -> usize {
        self.rows * 2 * size_of::<WalkOffer>() + size_of::<Self>()
    }
}

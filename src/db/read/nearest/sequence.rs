//! The one order that pages are cut from.
//!
//! A graph misses some rows, others for one width of its walks than for another. So that pages of one snapshot neither repeat nor
//! skip a row, what LIMIT and OFFSET count in does not depend on them: the nearest `ef` as one walk finds them, then those that
//! one for twice as many adds, and so on; where a walk is dearer than looking at every row, all others in their exact order.
//! Each of these is a tier. A page is a stretch of this order, and sorted by itself.

use std::collections::HashSet;

use crate::db::read::nearest::neighbour::{Neighbour, compare_distances};
use crate::db::read::nearest::search::{GraphSearch, Search, SearchFound};
use crate::db::read::nearest::stream::NearestStream;
use crate::error::Result;

/// How many times as many rows the next tier holds.
const TIER_FACTOR: usize = 2;

/// Rows and the tier they are found in, as far as they were asked for.
#[derive(Default)]
struct Sequence {
    rows: Vec<Neighbour>,
    given: HashSet<Vec<u8>>,
    tiers: u32,
}

impl Sequence {
    fn add(&mut self, search: &Search<'_>, found: Vec<Neighbour>) {
        let tier = self.tiers;
        self.tiers += 1;
        for neighbour in found {
            if search.reach.holds_row(neighbour.distance) && self.given.insert(neighbour.key.clone()) {
                self.rows.push(Neighbour { tier, ..neighbour });
            }
        }
    }

    /// The first `wanted`, and where ties are to be kept those that are as far away as the last of them.
    fn cut(mut self, search: &Search<'_>) -> Vec<Neighbour> {
        cut(&mut self.rows, search.wanted, search.keeps_ties);
        self.rows
    }
}

/// Keeps the first `wanted`, and with `keeps_ties` those that are as far away as the last of them.
pub(super) fn cut(rows: &mut Vec<Neighbour>, wanted: usize, keeps_ties: bool) {
    let last = wanted.checked_sub(1).and_then(|last| rows.get(last)).map(|last| (last.tier, last.distance));
    let ties = match last.filter(|_| keeps_ties) {
        None => 0,
        Some((tier, distance)) => {
            let is_tie = |row: &&Neighbour| row.tier == tier && compare_distances(row.distance, distance).is_eq();
            rows.iter().skip(wanted).take_while(is_tie).count()
        }
    };
    rows.truncate(wanted.saturating_add(ties));
}

impl Search<'_> {
    /// As many as are wanted, which are more than one walk of the width asked for gives, or all in reach.
    pub(super) fn by_tiers(&self, graph: &GraphSearch<'_>) -> Result<SearchFound> {
        let mut sequence = Sequence::default();
        let mut wanted = graph.ef;
        while sequence.rows.len() < self.wanted && (sequence.tiers == 0 || graph.prefers_walk(wanted)) {
            let Some(found) = self.nearest_of(graph, wanted)? else { break };
            let is_last = self.is_all(&found, wanted);
            sequence.add(self, found);
            if is_last {
                return Ok(self.whole(sequence.cut(self)));
            }
            wanted = wanted.saturating_mul(TIER_FACTOR);
        }
        let missing = self.wanted.saturating_sub(sequence.rows.len());
        if missing == 0 {
            return Ok(self.whole(sequence.cut(self)));
        }
        let walks = match sequence.tiers {
            1 => "1 walk".to_string(),
            walks => format!("{walks} walks"),
        };
        self.report.note(format!("Search: {walks}, then every row in exact order"));
        let rest = match NearestStream::open(self, graph, std::mem::take(&mut sequence.given))? {
            Some(mut stream) => stream.next_with_ties(self, missing)?,
            None => self.by_measuring_all()?.neighbours,
        };
        sequence.given = sequence.rows.iter().map(|row| row.key.clone()).collect();
        sequence.add(self, rest);
        Ok(self.whole(sequence.cut(self)))
    }

    /// All rows, where there is no LIMIT: those in reach by a walk as long as that is the cheaper way, else in exact order, one
    /// after the other as they are asked for.
    pub(super) fn without_limit(&self, graph: &GraphSearch<'_>) -> Result<SearchFound> {
        if self.reach.is_bounded() {
            let mut wanted = graph.ef;
            while graph.prefers_walk(wanted) {
                let Some(mut found) = self.nearest_of(graph, wanted)? else { break };
                if self.is_all(&found, wanted) {
                    found.retain(|neighbour| self.reach.holds_row(neighbour.distance));
                    return Ok(self.whole(found));
                }
                wanted = wanted.saturating_mul(TIER_FACTOR);
            }
            self.report.clear();
        }
        let mut first = Sequence::default();
        if graph.is_relaxed
            && !self.reach.is_bounded()
            && let Some(found) = self.nearest_of(graph, graph.ef)?
        {
            first.add(self, found);
        }
        let given = first.given;
        let Some(mut stream) = NearestStream::open(self, graph, given)? else { return self.by_measuring_all() };
        self.report.note("Search: every row in exact order, as it is asked for".to_string());
        if !self.query.order.is_empty() {
            let all = stream.next(self, usize::MAX)?;
            return Ok(SearchFound { neighbours: all, rest: None, memory: stream.into_memory() });
        }
        let memory = self.account.nothing();
        Ok(SearchFound { neighbours: first.rows, rest: Some(Box::new(stream)), memory })
    }

    /// All rows in exact order, one after the other as they are asked for: none in reach is missing.
    pub(super) fn in_exact_order(&self, graph: &GraphSearch<'_>) -> Result<SearchFound> {
        let Some(stream) = NearestStream::open(self, graph, HashSet::new())? else { return self.by_measuring_all() };
        self.report.note("Search: every row in reach, in exact order".to_string());
        Ok(SearchFound { neighbours: Vec::new(), rest: Some(Box::new(stream)), memory: self.account.nothing() })
    }

    /// Whether the nearest `wanted` that were found are all there are in reach.
    fn is_all(&self, found: &[Neighbour], wanted: usize) -> bool {
        found.len() < wanted || found.last().is_some_and(|farthest| !self.reach.holds_row(farthest.distance))
    }
}

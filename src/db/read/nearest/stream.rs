//! The rest of an order by distance, for a reader that goes on as long as it likes.
//!
//! The index gives all its rows in exact order, as they were when it was asked (`vector::NearestOrder`); entries that the reader's
//! snapshot or its own transaction see otherwise were measured then, and are merged in. Behind all of them come the entries
//! that no index holds: those at the distance NaN, and those without a vector.

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::db::read::access_path::Access;
use crate::db::read::column_reading::select_by_columns;
use crate::db::read::cursor::visit_access;
use crate::db::read::nearest::neighbour::{Neighbour, compare_distances};
use crate::db::read::nearest::search::{GraphSearch, SEARCHES_MAX, Search};
use crate::db::vectors::vector_indexes::VectorIndex;
use crate::error::Result;
use crate::model::Reservation;
use crate::vector::{Metric, NearestOrder, PartKeys};

/// Rows taken of the order at once where one more tie is looked for.
const TIES_STEP: usize = 16;

/// What of an order by distance was not given out yet.
pub(crate) struct NearestStream {
    index: Arc<VectorIndex>,
    /// `None` where the index never held a vector.
    order: Option<NearestOrder>,
    /// The rows of the order are those that the filter lets through.
    is_selected: bool,
    /// Keys of entries that are not taken from the index.
    changed: HashSet<Box<[u8]>>,
    /// Keys of entries that were given out before.
    given: HashSet<Vec<u8>>,
    /// Taken from the order and not given out yet.
    ahead: VecDeque<Neighbour>,
    /// Entries that were measured, in order.
    measured: VecDeque<Neighbour>,
    /// Those that no index holds; `None` before they were looked for.
    unplaced: Option<VecDeque<Neighbour>>,
    memory: Reservation,
}

impl NearestStream {
    /// What comes behind the entries in `given`; `None` where too much was changed since the snapshot, or keeps changing.
    ///
    /// # Errors
    /// 53200 where there is no memory for the order; as `search`.
    pub(super) fn open(
        search: &Search<'_>,
        graph: &GraphSearch<'_>,
        given: HashSet<Vec<u8>>,
    ) -> Result<Option<NearestStream>> {
        let index = &graph.index;
        let mut memory = search.account.nothing();
        let selected = match search.filter.filter(|_| search.reads_columns) {
            Some(filter) => select_by_columns(search.view, &search.query.collection, filter, search.cancel)?,
            None => None,
        };
        let mut selected = selected.filter(|(_, selected)| !selected.has_rest);
        for _ in 0..SEARCHES_MAX {
            let Some(changed) = index.changed_since(search.view.version) else { return Ok(None) };
            if let Some((reading, selected)) = &mut selected {
                for ordinal in changed.iter().filter_map(|key| reading.columns.ordinal(key)) {
                    selected.rows.remove(ordinal);
                    selected.shared = None;
                }
            }
            let order = match (index.graph(), &selected) {
                (None, _) => None,
                (Some(vectors), None) => Some(vectors.order(graph.target, None)?),
                (Some(vectors), Some((reading, selected))) => {
                    let mut select =
                        |part: &PartKeys<'_>| index.ordinals.select(part, &reading.columns, selected.selection());
                    Some(vectors.order(graph.target, Some(&mut select))?)
                }
            };
            memory.resize(order.as_ref().map_or(0, NearestOrder::bytes))?;
            if index.changed_since(search.view.version).is_none_or(|now| now.len() != changed.len()) {
                continue;
            }
            let mut measured = Vec::new();
            match &selected {
                Some((_, selected)) => {
                    let by_row: HashSet<&[u8]> = selected.by_row.iter().chain(&changed).map(|key| &**key).collect();
                    search.add_measured(by_row.into_iter(), &mut measured)?;
                }
                None => search.add_changed(&changed, &mut measured)?,
            }
            // Those at the distance NaN come with the others that no index holds.
            let is_placed = |row: &Neighbour| row.distance.is_some_and(|distance| !distance.is_nan());
            measured.retain(|row| is_placed(row) && search.reach.holds_row(row.distance) && !given.contains(&row.key));
            measured.sort_unstable();
            return Ok(Some(NearestStream {
                index: Arc::clone(index),
                order,
                is_selected: selected.is_some(),
                changed,
                given,
                ahead: VecDeque::new(),
                measured: measured.into(),
                unplaced: None,
                memory,
            }));
        }
        Ok(None)
    }

    /// The next `n`; fewer at the end.
    ///
    /// # Errors
    /// As `search`.
    pub(super) fn next(&mut self, search: &Search<'_>, n: usize) -> Result<Vec<Neighbour>> {
        self.take_ahead(search, n)?;
        let mut rows = Vec::with_capacity(n.min(self.ahead.len() + self.measured.len()));
        while rows.len() < n {
            let from_index = match (self.ahead.front(), self.measured.front()) {
                (Some(ahead), Some(measured)) => ahead <= measured,
                (ahead, _) => ahead.is_some(),
            };
            let next = if from_index { self.ahead.pop_front() } else { self.measured.pop_front() };
            let Some(next) = next else { break };
            rows.push(next);
        }
        if rows.len() < n {
            let unplaced = match self.unplaced.take() {
                Some(unplaced) => unplaced,
                None => self.find_unplaced(search)?,
            };
            let unplaced = self.unplaced.insert(unplaced);
            let more = unplaced.len().min(n - rows.len());
            rows.extend(unplaced.drain(..more));
        }
        Ok(rows)
    }

    /// The next `n`, and those that are as far away as the last of them.
    pub(super) fn next_with_ties(&mut self, search: &Search<'_>, n: usize) -> Result<Vec<Neighbour>> {
        let mut rows = self.next(search, n)?;
        while let Some(last) = rows.last().filter(|_| search.keeps_ties && rows.len() >= n) {
            let farthest = last.distance;
            let more = self.next(search, TIES_STEP)?;
            let ties = more.partition_point(|row| compare_distances(row.distance, farthest).is_le());
            let is_end = ties < TIES_STEP;
            rows.extend(more.into_iter().take(ties));
            if is_end {
                break;
            }
        }
        Ok(rows)
    }

    /// Gives up everything but what its rows take.
    pub(super) fn into_memory(self) -> Reservation {
        self.memory
    }

    /// Takes so many of the index that the next `n` are among them and the measured ones.
    fn take_ahead(&mut self, search: &Search<'_>, n: usize) -> Result<()> {
        let missing = n.saturating_sub(self.ahead.len());
        let Some(order) = self.order.as_mut().filter(|_| missing > 0) else { return Ok(()) };
        let mut failure = None;
        let (changed, given, index, is_selected) = (&self.changed, &self.given, &*self.index, self.is_selected);
        let mut accept = |key: &[u8]| {
            if failure.is_some() || changed.contains(key) || given.contains(key) {
                return false;
            }
            let accepted = match is_selected {
                true => search.is_in_snapshot(index, key),
                false => search.accepts(index, key, true),
            };
            accepted.unwrap_or_else(|error| {
                failure = Some(error);
                false
            })
        };
        let found = order.next(missing, &|distance| search.reach.holds(distance), &mut accept);
        if let Some(error) = failure {
            return Err(error);
        }
        if missing == usize::MAX {
            let bytes = found.iter().map(|candidate| candidate.key.len() + size_of::<Neighbour>()).sum::<usize>();
            self.memory.resize(self.memory.bytes().saturating_add(bytes))?;
        }
        self.ahead.extend(found.into_iter().map(Neighbour::from));
        Ok(())
    }

    /// Entries at the distance NaN and, where they are wanted, those without a vector: what no index holds.
    fn find_unplaced(&mut self, search: &Search<'_>) -> Result<VecDeque<Neighbour>> {
        let is_open = !search.has_limit && !search.reach.is_bounded();
        let (has_nan, keeps_missing) = (search.nearest.metric == Metric::Cosine, search.nearest.keeps_missing);
        if !is_open || !has_nan && !keeps_missing {
            return Ok(VecDeque::new());
        }
        let (given, memory) = (&self.given, &mut self.memory);
        let (mut unplaced, mut bytes) = (Vec::new(), memory.bytes());
        let (view, collection) = (search.view, &search.query.collection);
        visit_access(view, collection, &Access::everything(), search.cancel, &mut |entry| {
            if !search.passes(entry)? {
                return Ok(ControlFlow::Continue(()));
            }
            let distance = search.measure(entry)?;
            if distance.map_or(keeps_missing, f64::is_nan) && !given.contains(entry.key) {
                let neighbour = Neighbour { distance, key: entry.key.to_vec(), tier: 0 };
                bytes = bytes.saturating_add(neighbour.bytes());
                unplaced.push(neighbour);
                if bytes > memory.bytes() {
                    memory.resize(bytes.saturating_mul(2))?;
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        unplaced.sort_unstable();
        Ok(unplaced.into())
    }
}

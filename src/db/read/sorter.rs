//! Sorting rows: as many as LIMIT keeps, within a bound of bytes and of the statement's account.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::db::read::cursor::{Row, row_bytes, rows_bytes};
use crate::db::read::entry_view::EntryView;
use crate::db::read::nearest::neighbour::Neighbour;
use crate::db::read::query::{Order, OrderBy, Output};
use crate::db::read::sort_order::sort_order;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Reservation;
use crate::types::Value;

/// Most bytes that a sort may hold.
const SORT_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Bytes that a sort takes of its account's memory at a time.
const SORT_BYTES_TAKEN: usize = 64 * 1024;

/// Rows that were sorted, and what they take of their account's memory.
pub(super) struct SortedRows {
    pub rows: std::vec::IntoIter<Row>,
    pub memory: Reservation,
}

/// The row that an entry shows.
pub(super) fn show(entry: &EntryView<'_>, output: &[Output], distance: Option<f64>) -> Result<Row> {
    output
        .iter()
        .map(|output| match output {
            Output::Operand(operand) => entry.operand(operand),
            Output::Distance => Ok(distance.map_or(Value::Null, Value::Float8)),
            Output::LinearDistance { constant, factor } => {
                Ok(distance.map_or(Value::Null, |distance| Value::float8(constant + factor * distance)))
            }
            Output::Constant(scalar) => scalar.bind(&[]),
        })
        .collect()
}

/// Sorts rows by the query's order; keeps only the first `keep`. Rows of a later tier come behind those of one before where it
/// is decided which are kept and skipped; what is left is in the query's order alone.
pub(super) struct Sorter<'a> {
    order: &'a [Order],
    output: &'a [Output],
    skip: usize,
    keep: usize,
    rows: BinaryHeap<Sorted<'a>>,
    arrived: usize,
    bytes: usize,
    memory: Reservation,
}

/// A row with the values it is ordered by. The greatest comes last in the result, and out of the heap first.
struct Sorted<'a> {
    order: &'a [Order],
    tier: u32,
    keys: Row,
    /// Arrival, so that the sort is stable.
    number: usize,
    row: Row,
}

impl<'a> Sorter<'a> {
    /// Of rows that show `output`; the first `skip` are left out in the end, and `keep` are sorted, those included.
    pub fn new(order: &'a [Order], output: &'a [Output], (skip, keep): (usize, usize), memory: Reservation) -> Self {
        Sorter { order, output, skip, keep, rows: BinaryHeap::new(), arrived: 0, bytes: 0, memory }
    }

    /// Adds an entry; `neighbour` tells its distance where there is one.
    ///
    /// # Errors
    /// 54000 over [`SORT_BYTES_MAX`], 53200 where memory runs short; as [`EntryView::operand`].
    pub fn add(&mut self, entry: &EntryView<'_>, neighbour: Option<&Neighbour>) -> Result<()> {
        let distance = neighbour.and_then(|neighbour| neighbour.distance);
        let keys = self.order.iter().map(|order| match &order.operand {
            OrderBy::Operand(operand) => entry.operand(operand),
            OrderBy::Distance => Ok(distance.map_or(Value::Null, Value::Float8)),
        });
        let keys = keys.collect::<Result<Row>>()?;
        let row = show(entry, self.output, distance)?;
        self.push(neighbour.map_or(0, |neighbour| neighbour.tier), keys, row)
    }

    fn push(&mut self, tier: u32, keys: Row, row: Row) -> Result<()> {
        self.bytes = self.bytes.saturating_add(row_bytes(&keys)).saturating_add(row_bytes(&row));
        self.arrived += 1;
        self.rows.push(Sorted { order: self.order, tier, keys, number: self.arrived, row });
        if self.rows.len() > self.keep
            && let Some(last) = self.rows.pop()
        {
            self.bytes = self.bytes.saturating_sub(row_bytes(&last.keys)).saturating_sub(row_bytes(&last.row));
        }
        if self.bytes > SORT_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("the sort of this query needs more than {SORT_BYTES_MAX} bytes"),
            )
            .with_hint("Select fewer columns, or add a LIMIT."));
        }
        if self.bytes > self.memory.bytes() {
            self.memory.resize(self.bytes.saturating_add(SORT_BYTES_TAKEN))?;
        }
        Ok(())
    }

    /// The rows in order.
    ///
    /// # Errors
    /// 53200 where memory runs short.
    pub fn finish(self) -> Result<SortedRows> {
        let (skip, mut memory) = (self.skip, self.memory);
        let mut rows: Vec<Sorted<'_>> = self.rows.into_sorted_vec().into_iter().skip(skip).collect();
        rows.sort_by(Sorted::compare_keys);
        let rows: Vec<Row> = rows.into_iter().map(|sorted| sorted.row).collect();
        memory.resize(rows_bytes(&rows).min(memory.bytes()))?;
        Ok(SortedRows { rows: rows.into_iter(), memory })
    }
}

impl Sorted<'_> {
    fn compare_keys(&self, other: &Self) -> Ordering {
        for ((order, left), right) in self.order.iter().zip(&self.keys).zip(&other.keys) {
            let ordering = sort_order(left, right, order.descending, order.nulls_first);
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        Ordering::Equal
    }
}

impl Ord for Sorted<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_tier = self.tier.cmp(&other.tier);
        by_tier.then_with(|| self.compare_keys(other)).then_with(|| self.number.cmp(&other.number))
    }
}

impl PartialOrd for Sorted<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sorted<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sorted<'_> {}

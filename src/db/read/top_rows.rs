//! The first rows of an order, found by columns: `ORDER BY … LIMIT n` over a collection without an index in that order.
//!
//! Of all rows that the filter selects, a heap keeps the best ones by what columns have of them; most are passed over by their
//! first value alone (`first_key`). Rows that are equal in all values come in order of their keys, as a scan brings them. Entries
//! that the view may not take from columns, and those with a value that is in none, are read one by one and take part. Only the
//! rows that are shown are read by their keys then.
//!
//! Where columns are no help, or say nothing certain of the order, the rows are sorted one by one.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Bound;

use crate::db::columns::bitmap::Bitmap;
use crate::db::columns::changed_keys::KeySet;
use crate::db::columns::column_chunk::CHUNK_ROWS;
use crate::db::columns::columns::Columns;
use crate::db::columns::value_column::ValueColumn;
use crate::db::read::access_path::Access;
use crate::db::read::column_reading::{ColumnReading, LOOK_UP_COST, is_columnar};
use crate::db::read::entry_view::EntryView;
use crate::db::read::first_key::FirstKey;
use crate::db::read::query::{BoundQuery, Order, OrderBy};
use crate::db::read::run_report::RunReport;
use crate::db::read::scan::visit_key;
use crate::db::read::sort_order::{is_undecided, sort_order};
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::error::{Error, Result};
use crate::expr::{Operand, Program};
use crate::model::{MemoryAccount, Reservation};
use crate::types::{ALLOCATION_BYTES, Value};

/// LIMIT and OFFSET together up to which rows are kept in a heap.
pub(super) const KEPT_ROWS_MAX: usize = 65_536;
/// Rows that are shown up to which they are read on the thread they were asked on.
const SHORT_SHOWN_MAX: usize = 16;
/// Rows of columns up to which the first of them are found in less than a millisecond.
const SHORT_ROWS_MAX: usize = 131_072;
/// Bytes that the heap takes of its account's memory at a time.
const HEAP_BYTES_TAKEN: usize = 64 * 1024;

/// Which rows of an order are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopRows {
    skip: usize,
    shown: usize,
}

impl TopRows {
    /// The rows that LIMIT and OFFSET name of a scan whose end is open; `None` of any other, and of too many.
    pub fn of(access: &Access, skip: usize, shown: usize) -> Option<TopRows> {
        let Access::Range { lower, upper, .. } = access else { return None };
        let is_wide = *lower == Bound::Unbounded || *upper == Bound::Unbounded;
        (is_wide && skip.saturating_add(shown) <= KEPT_ROWS_MAX).then_some(TopRows { skip, shown })
    }

    /// Whether the columns of a query are there, and the rows come in microseconds.
    pub fn is_short(self, view: &ReadView, query: &BoundQuery) -> bool {
        let Some(operands) = operands_of(query).filter(|_| self.shown <= SHORT_SHOWN_MAX) else { return false };
        let at_hand = ColumnReading::at_hand(view, &query.collection, &operands, SHORT_ROWS_MAX);
        let Some(columns) = at_hand.filter(|columns| self.is_worth_it(columns, 0)) else { return false };
        operands.iter().all(|operand| {
            columns.column(operand).is_some_and(|column| column.dictionary().is_some() || !column.kind().is_text())
        })
    }

    /// The keys of the rows, in order; `None` where they have to be found entry by entry.
    ///
    /// # Errors
    /// As [`ColumnReading::open`]; 53200 where memory runs short.
    pub fn keys(
        self,
        view: &ReadView,
        query: &BoundQuery,
        (cancel, report): (&Cancel, &RunReport),
        account: &MemoryAccount,
    ) -> Result<Option<Vec<Vec<u8>>>> {
        let Some(operands) = operands_of(query) else { return Ok(None) };
        let Some(reading) = ColumnReading::open(view, &query.collection, &operands, cancel)? else { return Ok(None) };
        let Some((rows, by_row)) = reading.exact_rows(query.filter.as_ref(), &operands) else { return Ok(None) };
        if !self.is_worth_it(&reading.columns, by_row.len()) {
            return Ok(None);
        }
        let ranking = Ranking { order: &query.order, columns: &reading.columns, is_undecided: Cell::new(false) };
        let mut found = match Found::new(&ranking, self, account) {
            Some(found) => found,
            None => return Ok(None),
        };
        match found.take_all(view, query, (&rows, &by_row), cancel) {
            Ok(()) => {}
            // Which row comes first to an error is for the way through all of them to say.
            Err(error) if error.sqlstate().starts_with("22") => return Ok(None),
            Err(error) => return Err(error),
        }
        if ranking.is_undecided.get() {
            return Ok(None);
        }
        report.note(format!("Sort: first rows of {} by {} columns", rows.count(), operands.len()));
        report.note(format!("Rows Read One by One: {} ({} changed since)", by_row.len(), reading.patch.len()));
        Ok(Some(found.into_keys(self.skip)))
    }

    /// Whether looking up so many entries is better than going through all.
    fn is_worth_it(self, columns: &Columns, by_row: usize) -> bool {
        self.shown.saturating_add(by_row).saturating_mul(LOOK_UP_COST) <= columns.len()
    }
}

/// The operands that decide which rows come first; `None` where some of them do not go into columns.
pub(super) fn operands_of(query: &BoundQuery) -> Option<Vec<&Operand>> {
    let mut operands: Vec<&Operand> = Vec::new();
    let filtered = query.filter.as_ref().map(Program::operands).unwrap_or_default();
    let ordered = query.order.iter().map(|order| match &order.operand {
        OrderBy::Operand(operand) => Some(operand),
        OrderBy::Distance => None,
    });
    for operand in ordered.chain(filtered.into_iter().map(Some)) {
        let operand = operand.filter(|operand| is_columnar(&query.collection, operand))?;
        if !operands.contains(&operand) {
            operands.push(operand);
        }
    }
    (!query.order.is_empty()).then_some(operands)
}

/// How rows are ordered.
struct Ranking<'a> {
    order: &'a [Order],
    columns: &'a Columns,
    /// Whether two values were compared whose order depends on where they stand.
    is_undecided: Cell<bool>,
}

/// A row that may be among the first ones. The greatest comes last in the result, and out of the heap first.
struct Candidate<'a> {
    ranking: &'a Ranking<'a>,
    values: Vec<Value>,
    place: Place,
}

/// Where a candidate stands.
enum Place {
    Ordinal(u32),
    Key(Box<[u8]>),
}

/// The best rows so far.
struct Found<'a> {
    ranking: &'a Ranking<'a>,
    columns: Vec<&'a ValueColumn>,
    keep: usize,
    rows: BinaryHeap<Candidate<'a>>,
    bytes: usize,
    memory: Reservation,
}

impl Ranking<'_> {
    fn compare(&self, order: &Order, left: &Value, right: &Value) -> Ordering {
        if is_undecided(left, right) {
            self.is_undecided.set(true);
        }
        sort_order(left, right, order.descending, order.nulls_first)
    }

    fn key<'k>(&'k self, place: &'k Place) -> &'k [u8] {
        match place {
            Place::Ordinal(ordinal) => self.columns.key(*ordinal).unwrap_or_default(),
            Place::Key(key) => key,
        }
    }
}

impl<'a> Found<'a> {
    fn new(ranking: &'a Ranking<'a>, wanted: TopRows, account: &MemoryAccount) -> Option<Found<'a>> {
        let columns = ranking.order.iter().map(|order| match &order.operand {
            OrderBy::Operand(operand) => ranking.columns.column(operand).map(|column| &**column),
            OrderBy::Distance => None,
        });
        let columns = columns.collect::<Option<Vec<_>>>()?;
        let keep = wanted.skip.saturating_add(wanted.shown);
        Some(Found { ranking, columns, keep, rows: BinaryHeap::new(), bytes: 0, memory: account.nothing() })
    }

    /// Takes the selected rows of columns, then the entries that are read one by one.
    fn take_all(
        &mut self,
        view: &ReadView,
        query: &BoundQuery,
        (rows, by_row): (&Bitmap, &KeySet),
        cancel: &Cancel,
    ) -> Result<()> {
        let (Some(order), Some(column)) = (self.ranking.order.first(), self.columns.first().copied()) else {
            return Err(Error::internal("rows are ordered by nothing"));
        };
        let mut first = FirstKey::new(column, order);
        self.grow(first.bytes())?;
        let in_key_order = self.ranking.columns.in_key_order();
        for number in 0..self.ranking.columns.len().div_ceil(CHUNK_ROWS) {
            let selected = rows.chunk(number);
            if selected.iter().all(|word| *word == 0) {
                continue;
            }
            cancel.check()?;
            let base = number * CHUNK_ROWS;
            let is_strict = self.ranking.order.len() == 1 && base + CHUNK_ROWS <= in_key_order;
            first.each_passing(number, selected, is_strict, &mut |row| {
                let ordinal = u32::try_from(base + row).map_err(|_| Error::internal("an ordinal is too large"))?;
                Ok(if self.offer(ordinal)? { self.first_limit() } else { None })
            })?;
        }
        for key in by_row {
            cancel.check()?;
            visit_key(view, &query.collection, key, |entry| {
                if !query.filter.as_ref().map_or(Ok(true), |filter| filter.accepts(entry))? {
                    return Ok(());
                }
                self.offer_entry(entry, key)
            })?;
        }
        Ok(())
    }

    /// The first value of the row that has to be outdone, once as many are there as are wanted.
    fn first_limit(&self) -> Option<Value> {
        let last = self.rows.peek().filter(|_| self.rows.len() >= self.keep)?;
        last.values.first().cloned()
    }

    /// Takes a row of columns where it is among the best; whether it is.
    fn offer(&mut self, ordinal: u32) -> Result<bool> {
        let missing = || Error::internal("a row is ordered by a value that no column has");
        let mut values = Vec::new();
        if let Some(last) = self.rows.peek().filter(|_| self.rows.len() >= self.keep) {
            let mut order = Ordering::Equal;
            let pairs = self.ranking.order.iter().zip(&self.columns).zip(&last.values);
            for ((by, column), other) in pairs {
                let value = column.value(ordinal).ok_or_else(missing)?;
                order = self.ranking.compare(by, &value, other);
                values.push(value);
                if order != Ordering::Equal {
                    break;
                }
            }
            let place = Place::Ordinal(ordinal);
            let order = order.then_with(|| self.ranking.key(&place).cmp(self.ranking.key(&last.place)));
            if order != Ordering::Less {
                return Ok(false);
            }
        }
        for column in self.columns.iter().skip(values.len()) {
            values.push(column.value(ordinal).ok_or_else(missing)?);
        }
        self.insert(values, Place::Ordinal(ordinal))?;
        Ok(true)
    }

    /// Takes an entry where it is among the best.
    fn offer_entry(&mut self, entry: &EntryView<'_>, key: &[u8]) -> Result<()> {
        let values = self.ranking.order.iter().map(|order| match &order.operand {
            OrderBy::Operand(operand) => entry.operand(operand),
            OrderBy::Distance => Err(Error::internal("entries without a distance are ordered by it")),
        });
        self.insert(values.collect::<Result<_>>()?, Place::Key(key.into()))
    }

    fn insert(&mut self, values: Vec<Value>, place: Place) -> Result<()> {
        let candidate = Candidate { ranking: self.ranking, values, place };
        let more = candidate.bytes();
        self.rows.push(candidate);
        let less = match self.rows.len() > self.keep {
            true => self.rows.pop().map_or(0, |last| last.bytes()),
            false => 0,
        };
        self.bytes = self.bytes.saturating_sub(less);
        self.grow(more)
    }

    fn grow(&mut self, more: usize) -> Result<()> {
        self.bytes = self.bytes.saturating_add(more);
        if self.bytes > self.memory.bytes() {
            self.memory.resize(self.bytes.saturating_add(HEAP_BYTES_TAKEN))?;
        }
        Ok(())
    }

    fn into_keys(self, skip: usize) -> Vec<Vec<u8>> {
        let sorted = self.rows.into_sorted_vec();
        sorted.iter().skip(skip).map(|row| row.ranking.key(&row.place).to_vec()).collect()
    }
}

impl Candidate<'_> {
    /// Bytes of memory.
    fn bytes(&self) -> usize {
        let key = if let Place::Key(key) = &self.place { key.len() + ALLOCATION_BYTES } else { 0 };
        let values = self.values.iter().map(Value::held_bytes).fold(ALLOCATION_BYTES, usize::saturating_add);
        size_of::<Candidate<'_>>().saturating_add(key).saturating_add(values)
    }
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let ranking = self.ranking;
        let values = ranking.order.iter().zip(self.values.iter().zip(&other.values));
        let order = values.fold(Ordering::Equal, |known, (order, (left, right))| {
            known.then_with(|| ranking.compare(order, left, right))
        });
        order.then_with(|| ranking.key(&self.place).cmp(ranking.key(&other.place)))
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate<'_> {}

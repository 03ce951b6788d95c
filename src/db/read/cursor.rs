//! Running a plan: entries from the access path, filtered, ordered, cut, and shown as rows in chunks.
//!
//! A plan whose order is the wanted one streams: a chunk is read when it is asked for, and the scan goes on behind the last
//! key. One that must sort reads everything first and keeps only the best rows where there is a LIMIT.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::read::access_path::{Access, AccessPlan};
use crate::db::read::column_reading::few_selected_keys;
use crate::db::read::entry_view::EntryView;
use crate::db::read::nearest::Neighbour;
use crate::db::read::query::{BoundQuery, Order, OrderBy, Output};
use crate::db::read::run_report::RunReport;
use crate::db::read::scan::{ScanSpan, visit_entries, visit_key};
use crate::db::read::search_rows::{is_short_search, shows_keys};
use crate::db::read::sort_order::sort_order;
use crate::db::read::top_rows::TopRows;
use crate::db::read::view::ReadView;
use crate::db::read::{nearest, secrets};
use crate::db::state::cancel::Cancel;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, MemoryAccount, Reservation};
use crate::types::limits::{CHUNK_BYTES_MAX, ROWS_PER_CHUNK};
use crate::types::{ALLOCATION_BYTES, Value};

/// One row of a result, in the order of [`BoundQuery::output`].
pub type Row = Vec<Value>;

/// Bytes of memory that a row takes.
fn row_bytes(row: &Row) -> usize {
    let own = size_of::<Row>() + ALLOCATION_BYTES;
    row.iter().map(Value::held_bytes).fold(own, usize::saturating_add)
}

/// Bytes of memory that rows take.
pub fn rows_bytes(rows: &[Row]) -> usize {
    rows.iter().map(row_bytes).fold(0, usize::saturating_add)
}

/// Most bytes that a sort may hold.
const SORT_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Bytes that a sort takes of its account's memory at a time.
const SORT_BYTES_TAKEN: usize = 64 * 1024;
/// Reads of so many keys are done on the thread they were asked on, as are short searches.
const SHORT_KEYS: usize = 16;

/// A running query. Blocking: see [`Cursor::is_short`].
pub struct Cursor {
    view: ReadView,
    query: Arc<BoundQuery>,
    plan: AccessPlan,
    cancel: Cancel,
    /// What its rows are taken from.
    account: MemoryAccount,
    /// Rows still to be left out, and still to be shown.
    skip: usize,
    remaining: usize,
    state: State,
    /// How it went, for EXPLAIN ANALYZE.
    report: Arc<RunReport>,
}

enum State {
    NotStarted,
    /// Entries by key, with their distance where there is one.
    Keys(std::vec::IntoIter<Neighbour>),
    /// A scan that goes on behind the last key.
    Span(ScanSpan),
    Sorted(SortedRows),
    Done,
}

/// Rows that were sorted, and what they take of their account's memory.
struct SortedRows {
    rows: std::vec::IntoIter<Row>,
    memory: Reservation,
}

/// Rows that are gathered for one answer.
#[derive(Default)]
struct Chunk {
    rows: Vec<Row>,
    bytes: usize,
}

impl Chunk {
    fn push(&mut self, row: Row) {
        self.bytes = self.bytes.saturating_add(row_bytes(&row));
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= ROWS_PER_CHUNK || self.bytes >= CHUNK_BYTES_MAX
    }
}

impl SortedRows {
    /// Moves rows into a chunk; whether there are more.
    fn give(&mut self, chunk: &mut Chunk) -> Result<bool> {
        while !chunk.is_full() {
            let Some(row) = self.rows.next() else { break };
            chunk.push(row);
        }
        self.memory.resize(self.memory.bytes().saturating_sub(chunk.bytes))?;
        Ok(self.rows.len() > 0)
    }
}

impl Access {
    /// A scan of the whole collection.
    pub fn everything() -> Access {
        Access::Range { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false }
    }
}

impl Cursor {
    pub(crate) fn open(
        view: ReadView,
        query: Arc<BoundQuery>,
        plan: AccessPlan,
        cancel: Cancel,
        account: MemoryAccount,
    ) -> Result<Cursor> {
        let (limit, offset) = query.window()?;
        let state = if limit == Some(0) { State::Done } else { State::NotStarted };
        let keeps_ties = query.nearest.as_ref().is_some_and(|nearest| nearest.keeps_ties);
        // The search has cut already.
        let remaining = limit.filter(|_| !keeps_ties).unwrap_or(usize::MAX);
        Ok(Cursor { view, query, plan, cancel, account, skip: offset, remaining, state, report: Arc::default() })
    }

    /// Whether a chunk takes microseconds, so that it may be read on an async thread.
    pub fn is_short(&self) -> bool {
        match &self.plan.access {
            Access::Keys(keys) | Access::Index { keys, .. } => keys.len() <= SHORT_KEYS,
            Access::Graph { ef, .. } => is_short_search(&self.query, *ef, self.remaining.saturating_add(self.skip)),
            Access::Range { .. } => self.top_rows().is_some_and(|wanted| wanted.is_short(&self.view, &self.query)),
            Access::Secrets { .. } => false,
        }
    }

    /// The first rows of an order that columns may know of.
    fn top_rows(&self) -> Option<TopRows> {
        let may_read = self.plan.reads_columns && !self.plan.ordered && self.query.nearest.is_none();
        TopRows::of(&self.plan.access, self.skip, self.remaining).filter(|_| may_read)
    }

    /// Whether all rows were read, so that nobody has to ask for the end.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// How it goes, as far as only running it tells.
    pub(crate) fn report(&self) -> &Arc<RunReport> {
        &self.report
    }

    /// What its rows are to be taken from.
    pub fn account(&self) -> &MemoryAccount {
        &self.account
    }

    /// The next rows, at most [`ROWS_PER_CHUNK`] and about [`CHUNK_BYTES_MAX`]; `None` at the end.
    ///
    /// # Errors
    /// As [`Cancel::check`]; 54000 for a sort over `SORT_BYTES_MAX`, 53200 where memory runs short; 42704 for a nearest entry
    /// without a vector, 22000 for a target of another dimension; 22025 for a pattern that ends in a backslash; 42501 for hidden
    /// secrets; 58030, XX001 and F0000 where stored entries cannot be read, are damaged or of a newer format.
    pub fn next_chunk(&mut self) -> Result<Option<Vec<Row>>> {
        self.cancel.check()?;
        if matches!(self.state, State::NotStarted) {
            self.state = self.start()?;
        }
        let mut state = std::mem::replace(&mut self.state, State::Done);
        let mut chunk = Chunk::default();
        let more = match &mut state {
            State::NotStarted | State::Done => false,
            State::Sorted(rows) => rows.give(&mut chunk)?,
            State::Keys(keys) => self.read_keys(keys, &mut chunk)? && keys.len() > 0,
            State::Span(span) => self.read_span(span, &mut chunk)?,
        };
        if more {
            self.state = state;
        }
        Ok(Some(chunk.rows).filter(|rows| !rows.is_empty()))
    }

    /// All remaining rows.
    ///
    /// # Errors
    /// As [`Cursor::next_chunk`].
    pub fn collect(mut self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        while let Some(chunk) = self.next_chunk()? {
            rows.extend(chunk);
        }
        Ok(rows)
    }

    fn start(&mut self) -> Result<State> {
        if self.query.nearest.is_some() {
            let mut neighbours = nearest::search(&self.view, &self.query, &self.plan, (&self.cancel, &self.report))?;
            if self.query.order.is_empty() {
                return Ok(State::Keys(neighbours.into_iter()));
            }
            if !self.query.orders_ties() {
                // A page is a part of the nearest rows, so that pages neither repeat nor skip any, and sorted by itself.
                neighbours.drain(..self.skip.min(neighbours.len()));
                self.skip = 0;
            }
            return self.sort_neighbours(neighbours);
        }
        self.narrow()?;
        if let Some(wanted) = self.top_rows() {
            let run = (&self.cancel, &*self.report);
            if let Some(keys) = wanted.keys(&self.view, &self.query, run, &self.account)? {
                self.skip = 0;
                return Ok(State::Keys(unmeasured(keys)));
            }
        }
        if !self.plan.ordered || matches!(self.plan.access, Access::Secrets { .. }) {
            return self.sort_entries();
        }
        Ok(match &self.plan.access {
            Access::Keys(keys) | Access::Index { keys, .. } => State::Keys(unmeasured(keys.clone())),
            Access::Range { lower, upper, reverse } => {
                State::Span(ScanSpan { lower: lower.clone(), upper: upper.clone(), reverse: *reverse })
            }
            Access::Graph { .. } | Access::Secrets { .. } => State::Done,
        })
    }

    /// Puts the keys of the few entries that columns select into the place of a scan that would go through all of them. The filter
    /// is asked of each one again.
    fn narrow(&mut self) -> Result<()> {
        let Access::Range { reverse, .. } = self.plan.access else { return Ok(()) };
        // One that may stop early is not worth the columns.
        let may_stop = self.plan.ordered && self.remaining < usize::MAX;
        let Some(filter) = self.query.filter.as_ref().filter(|_| self.plan.reads_columns && !may_stop) else {
            return Ok(());
        };
        let run = (&self.cancel, &*self.report);
        if let Some(mut keys) = few_selected_keys(&self.view, &self.query.collection, filter, run)? {
            if reverse {
                keys.reverse();
            }
            self.plan.access = Access::Keys(keys);
        }
        Ok(())
    }

    /// Fills a chunk from keys; whether there may be more.
    fn read_keys(&mut self, keys: &mut std::vec::IntoIter<Neighbour>, chunk: &mut Chunk) -> Result<bool> {
        // Neighbours were filtered inside the search.
        let filter = if self.query.nearest.is_some() { None } else { self.query.filter.as_ref() };
        let (view, collection, shows_keys) = (&self.view, &*self.query.collection, shows_keys(&self.query));
        while self.remaining > 0 && !chunk.is_full() {
            let Some(neighbour) = keys.next() else { return Ok(false) };
            let show_entry = |entry: &EntryView<'_>| {
                if filter.map_or(Ok(true), |filter| filter.accepts(entry))? {
                    show(entry, &self.query.output, neighbour.distance).map(Some)
                } else {
                    Ok(None)
                }
            };
            let row = match shows_keys {
                true => show_entry(&EntryView { view, collection, key: &neighbour.key, record: None, pending: None })?,
                false => visit_key(view, collection, &neighbour.key, show_entry)?.flatten(),
            };
            let Some(row) = row else { continue };
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.remaining -= 1;
            chunk.push(row);
        }
        Ok(self.remaining > 0)
    }

    /// Fills a chunk from a scan and moves the span behind it; whether there may be more.
    fn read_span(&mut self, span: &mut ScanSpan, chunk: &mut Chunk) -> Result<bool> {
        let (skip, remaining) = (&mut self.skip, &mut self.remaining);
        let (filter, output) = (self.query.filter.as_ref(), &self.query.output);
        let mut last_key = None;
        visit_entries(&self.view, &self.query.collection, span, &self.cancel, &mut |entry| {
            if !filter.map_or(Ok(true), |filter| filter.accepts(entry))? {
                return Ok(ControlFlow::Continue(()));
            }
            if *skip > 0 {
                *skip -= 1;
                return Ok(ControlFlow::Continue(()));
            }
            chunk.push(show(entry, output, None)?);
            *remaining -= 1;
            if *remaining == 0 || chunk.is_full() {
                last_key = Some(entry.key.to_vec());
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let Some(key) = last_key else { return Ok(false) };
        if span.reverse {
            span.upper = Bound::Excluded(key);
        } else {
            span.lower = Bound::Excluded(key);
        }
        Ok(self.remaining > 0)
    }

    fn sort_neighbours(&self, neighbours: Vec<Neighbour>) -> Result<State> {
        let mut sorter = self.sorter();
        for neighbour in neighbours {
            visit_key(&self.view, &self.query.collection, &neighbour.key, |entry| {
                sorter.add(entry, neighbour.distance)
            })?;
        }
        Ok(State::Sorted(sorter.finish()?))
    }

    fn sort_entries(&self) -> Result<State> {
        let mut sorter = self.sorter();
        let filter = self.query.filter.as_ref();
        visit_access(&self.view, &self.query.collection, &self.plan.access, &self.cancel, &mut |entry| {
            if filter.map_or(Ok(true), |filter| filter.accepts(entry))? {
                sorter.add(entry, None)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(State::Sorted(sorter.finish()?))
    }

    fn sorter(&self) -> Sorter<'_> {
        Sorter {
            order: &self.query.order,
            output: &self.query.output,
            skip: self.skip,
            keep: self.remaining.saturating_add(self.skip),
            rows: BinaryHeap::new(),
            arrived: 0,
            bytes: 0,
            memory: self.account.nothing(),
        }
    }
}

fn unmeasured(keys: Vec<Vec<u8>>) -> std::vec::IntoIter<Neighbour> {
    keys.into_iter().map(|key| Neighbour { distance: None, key }).collect::<Vec<_>>().into_iter()
}

/// Calls `visit` with each live entry that an access path yields.
pub(crate) fn visit_access(
    view: &ReadView,
    collection: &Collection,
    access: &Access,
    cancel: &Cancel,
    visit: &mut dyn FnMut(&EntryView<'_>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let keys = match access {
        Access::Keys(keys) | Access::Index { keys, .. } => keys,
        Access::Range { lower, upper, reverse } => {
            let span = ScanSpan { lower: lower.clone(), upper: upper.clone(), reverse: *reverse };
            return visit_entries(view, collection, &span, cancel, visit);
        }
        Access::Secrets { key } => return secrets::visit(view, collection, key.as_deref(), visit),
        Access::Graph { .. } => {
            return Err(Error::internal("this access path does not visit entries one by one"));
        }
    };
    for key in keys {
        cancel.check()?;
        if visit_key(view, collection, key, &mut *visit)?.is_some_and(|flow| flow.is_break()) {
            break;
        }
    }
    Ok(())
}

/// The row that an entry shows.
fn show(entry: &EntryView<'_>, output: &[Output], distance: Option<f64>) -> Result<Row> {
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

/// Sorts rows by the query's order; keeps only the first `keep`.
struct Sorter<'a> {
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
    keys: Row,
    /// Arrival, so that the sort is stable.
    number: usize,
    row: Row,
}

impl<'a> Sorter<'a> {
    fn add(&mut self, entry: &EntryView<'_>, distance: Option<f64>) -> Result<()> {
        let keys = self.order.iter().map(|order| match &order.operand {
            OrderBy::Operand(operand) => entry.operand(operand),
            OrderBy::Distance => Ok(distance.map_or(Value::Null, Value::Float8)),
        });
        let keys = keys.collect::<Result<Row>>()?;
        let row = show(entry, self.output, distance)?;
        self.push(keys, row)
    }

    fn push(&mut self, keys: Row, row: Row) -> Result<()> {
        self.bytes = self.bytes.saturating_add(row_bytes(&keys)).saturating_add(row_bytes(&row));
        self.arrived += 1;
        self.rows.push(Sorted { order: self.order, keys, number: self.arrived, row });
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

    fn finish(self) -> Result<SortedRows> {
        let (skip, mut memory) = (self.skip, self.memory);
        let rows: Vec<Row> = self.rows.into_sorted_vec().into_iter().skip(skip).map(|sorted| sorted.row).collect();
        memory.resize(rows_bytes(&rows).min(memory.bytes()))?;
        Ok(SortedRows { rows: rows.into_iter(), memory })
    }
}

impl Ord for Sorted<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        for ((order, left), right) in self.order.iter().zip(&self.keys).zip(&other.keys) {
            let ordering = sort_order(left, right, order.descending, order.nulls_first);
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        self.number.cmp(&other.number)
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

//! Running a plan: entries from the access path, filtered, ordered, cut, and shown as rows in chunks.
//!
//! A plan whose order is the wanted one streams: a chunk is read when it is asked for, and the scan goes on behind the last
//! key. One that must sort reads everything first and keeps only the best rows where there is a LIMIT.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::read::access_path::{Access, AccessPlan};
use crate::db::read::column_reading::few_selected_keys;
use crate::db::read::entry_view::EntryView;
use crate::db::read::nearest::neighbour::Neighbour;
use crate::db::read::nearest::rows::{is_short_search, shows_keys};
use crate::db::read::nearest::search::{SearchFound, SearchRun, search_on};
use crate::db::read::nearest::stream::NearestStream;
use crate::db::read::query::BoundQuery;
use crate::db::read::run_report::RunReport;
use crate::db::read::scan::{ScanSpan, visit_entries, visit_key};
use crate::db::read::sorter::{SortedRows, Sorter, show};
use crate::db::read::top_rows::TopRows;
use crate::db::read::view::ReadView;
use crate::db::read::{nearest, secrets};
use crate::db::state::cancel::Cancel;
use crate::error::{Error, Result};
use crate::model::{Collection, MemoryAccount, Reservation};
use crate::types::limits::{CHUNK_BYTES_MAX, ROWS_PER_CHUNK};
use crate::types::{ALLOCATION_BYTES, Value};

/// One row of a result, in the order of [`BoundQuery::output`].
pub type Row = Vec<Value>;

/// Bytes of memory that a row takes.
pub(super) fn row_bytes(row: &Row) -> usize {
    let own = size_of::<Row>() + ALLOCATION_BYTES;
    row.iter().map(Value::held_bytes).fold(own, usize::saturating_add)
}

/// Bytes of memory that rows take.
pub fn rows_bytes(rows: &[Row]) -> usize {
    rows.iter().map(row_bytes).fold(0, usize::saturating_add)
}

/// Entries that are taken at first of an order without an end.
const STREAMED_ROWS: usize = 64;
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
    Keys(KeysAhead),
    /// A scan that goes on behind the last key.
    Span(ScanSpan),
    Sorted(SortedRows),
    Done,
}

/// Entries that are read one after the other.
struct KeysAhead {
    keys: std::vec::IntoIter<Neighbour>,
    /// What comes behind them.
    rest: Option<Box<NearestStream>>,
    /// How many of those are taken next.
    step: usize,
    /// What they take.
    _memory: Reservation,
}

/// Rows that are gathered for one answer.
#[derive(Default)]
struct Chunk {
    rows: Vec<Row>,
    bytes: usize,
}

impl KeysAhead {
    fn new(keys: std::vec::IntoIter<Neighbour>, rest: Option<Box<NearestStream>>, memory: Reservation) -> KeysAhead {
        KeysAhead { keys, rest, step: STREAMED_ROWS, _memory: memory }
    }
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
            Access::Graph { .. } => {
                is_short_search(&self.view, &self.query, &self.plan, self.remaining.saturating_add(self.skip))
            }
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
            State::Keys(keys) => self.read_keys(keys, &mut chunk)?,
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
            return self.start_nearest();
        }
        self.narrow()?;
        if let Some(wanted) = self.top_rows() {
            let run = (&self.cancel, &*self.report);
            if let Some(keys) = wanted.keys(&self.view, &self.query, run, &self.account)? {
                self.skip = 0;
                return Ok(State::Keys(KeysAhead::new(unmeasured(keys), None, self.account.nothing())));
            }
        }
        if !self.plan.ordered || matches!(self.plan.access, Access::Secrets { .. }) {
            return self.sort_entries();
        }
        Ok(match &self.plan.access {
            Access::Keys(keys) | Access::Index { keys, .. } => {
                State::Keys(KeysAhead::new(unmeasured(keys.clone()), None, self.account.nothing()))
            }
            Access::Range { lower, upper, reverse } => {
                State::Span(ScanSpan { lower: lower.clone(), upper: upper.clone(), reverse: *reverse })
            }
            Access::Graph { .. } | Access::Secrets { .. } => State::Done,
        })
    }

    fn start_nearest(&mut self) -> Result<State> {
        let run = SearchRun { cancel: &self.cancel, report: &self.report, account: &self.account };
        let SearchFound { mut neighbours, rest, memory } =
            nearest::search::search(&self.view, &self.query, &self.plan, run)?;
        let is_whole = self.query.orders_ties() || self.query.sorts_within_reach();
        if rest.is_none() && !is_whole {
            // A page is a part of the nearest rows, so that pages neither repeat nor skip any, and sorted by itself.
            neighbours.drain(..self.skip.min(neighbours.len()));
            self.skip = 0;
            neighbours.sort_unstable();
        }
        if self.query.order.is_empty() {
            return Ok(State::Keys(KeysAhead::new(neighbours.into_iter(), rest, memory)));
        }
        self.sort_neighbours(&neighbours)
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
    fn read_keys(&mut self, ahead: &mut KeysAhead, chunk: &mut Chunk) -> Result<bool> {
        // Neighbours were filtered inside the search.
        let filter = if self.query.nearest.is_some() { None } else { self.query.filter.as_ref() };
        let (view, collection, shows_keys) = (&self.view, &*self.query.collection, shows_keys(&self.query));
        while self.remaining > 0 && !chunk.is_full() {
            let Some(neighbour) = ahead.keys.next() else {
                let Some(rest) = &mut ahead.rest else { return Ok(false) };
                if !chunk.rows.is_empty() {
                    // Who asks for few rows does not wait for many.
                    return Ok(true);
                }
                self.cancel.check()?;
                let run = SearchRun { cancel: &self.cancel, report: &self.report, account: &self.account };
                let more = search_on(view, &self.query, &self.plan, run, (rest, ahead.step))?;
                ahead.step = ahead.step.saturating_mul(2).min(ROWS_PER_CHUNK);
                if more.is_empty() {
                    return Ok(false);
                }
                ahead.keys = more.into_iter();
                continue;
            };
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
        Ok(self.remaining > 0 && (ahead.rest.is_some() || ahead.keys.len() > 0))
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

    fn sort_neighbours(&self, neighbours: &[Neighbour]) -> Result<State> {
        let mut sorter = self.sorter();
        for neighbour in neighbours {
            visit_key(&self.view, &self.query.collection, &neighbour.key, |entry| sorter.add(entry, Some(neighbour)))?;
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
        let keep = self.remaining.saturating_add(self.skip);
        Sorter::new(&self.query.order, &self.query.output, (self.skip, keep), self.account.nothing())
    }
}

fn unmeasured(keys: Vec<Vec<u8>>) -> std::vec::IntoIter<Neighbour> {
    keys.into_iter().map(|key| Neighbour { distance: None, key, tier: 0 }).collect::<Vec<_>>().into_iter()
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

//! Running a query of groups: all entries are read into groups first, then the groups are shown in chunks.
//!
//! Entries come from the access path that the filter allows, in the view of the statement. AUTH entries are not for groups: no
//! query over them is made.

use std::cmp::Ordering;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::read::access_path::{Access, AccessPlan, choose_for};
use crate::db::read::aggregate::column_run;
use crate::db::read::aggregate::column_run::ColumnRun;
use crate::db::read::aggregate::groups::GroupTable;
use crate::db::read::aggregate::query::{AggregateQuery, BoundAggregate, BoundOrder};
use crate::db::read::column_choice::ColumnDemand;
use crate::db::read::cursor::{Row, rows_bytes, visit_access};
use crate::db::read::entry_view::EntryView;
use crate::db::read::nearest::search::{SearchFound, SearchRun, search_all, search_on};
use crate::db::read::run_report::RunReport;
use crate::db::read::scan::visit_key;
use crate::db::read::sort_order::sort_order;
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::error::{Error, Result};
use crate::expr::ValueRow;
use crate::model::{CollectionKind, MemoryAccount};
use crate::settings::Settings;
use crate::types::Value;
use crate::types::limits::{CHUNK_BYTES_MAX, ROWS_PER_CHUNK};

/// Reads of so many keys are done on the thread they were asked on.
const SHORT_KEYS: usize = 16;
/// Groups between two looks at the cancel flag.
const GROUPS_PER_CHECK: usize = 256;

/// A running query of groups. Blocking: see [`AggregateCursor::is_short`].
pub struct AggregateCursor {
    view: ReadView,
    query: BoundAggregate,
    plan: AccessPlan,
    cancel: Cancel,
    /// What its groups and rows are taken from.
    account: MemoryAccount,
    state: State,
    /// How it goes, for EXPLAIN ANALYZE.
    report: Arc<RunReport>,
    is_short: bool,
}

enum State {
    NotStarted,
    Groups(Box<GroupRows>),
    Done,
}

/// Groups to be shown, in order.
struct GroupRows {
    table: GroupTable,
    places: std::vec::IntoIter<usize>,
}

impl AggregateCursor {
    /// # Errors
    /// XX000 for a query over secrets, a defect of who made it.
    pub(crate) fn open(
        view: ReadView,
        query: BoundAggregate,
        plan: AccessPlan,
        cancel: Cancel,
        account: MemoryAccount,
    ) -> Result<AggregateCursor> {
        if query.scan.collection.kind == CollectionKind::Auth {
            return Err(Error::internal("secrets are grouped"));
        }
        let state = if query.limit == Some(0) { State::Done } else { State::NotStarted };
        let is_short = match &plan.access {
            Access::Keys(keys) | Access::Index { keys, .. } => keys.len() <= SHORT_KEYS,
            _ => reads_columns(&query, &plan) && column_run::is_short(&view, &query),
        };
        Ok(AggregateCursor { view, query, plan, cancel, account, state, report: Arc::default(), is_short })
    }

    /// Whether it takes microseconds, so that it may be read on an async thread.
    pub fn is_short(&self) -> bool {
        match &self.state {
            State::Done => true,
            State::NotStarted => self.is_short,
            State::Groups(groups) => groups.places.len() <= SHORT_KEYS,
        }
    }

    /// Whether all rows were read, so that nobody has to ask for the end.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// What its rows are to be taken from.
    pub fn account(&self) -> &MemoryAccount {
        &self.account
    }

    /// How it goes, as far as only running it tells.
    pub(crate) fn report(&self) -> &Arc<RunReport> {
        &self.report
    }

    /// The next rows, at most [`ROWS_PER_CHUNK`] and about [`CHUNK_BYTES_MAX`]; `None` at the end.
    ///
    /// # Errors
    /// As [`Cancel::check`]; 53200 where memory runs short; 22003 for a sum out of range and what else expressions fail with;
    /// 58030, XX001 and F0000 where stored entries cannot be read, are damaged or of a newer format.
    pub fn next_chunk(&mut self) -> Result<Option<Vec<Row>>> {
        self.cancel.check()?;
        let mut groups = match std::mem::replace(&mut self.state, State::Done) {
            State::NotStarted => Box::new(self.start()?),
            State::Groups(groups) => groups,
            State::Done => return Ok(None),
        };
        let (mut rows, mut bytes) = (Vec::new(), 0_usize);
        while rows.len() < ROWS_PER_CHUNK && bytes < CHUNK_BYTES_MAX {
            let Some(place) = groups.places.next() else { break };
            let values = groups.table.row(&self.query, place)?;
            let row = self.shown(&values)?;
            bytes = bytes.saturating_add(rows_bytes(std::slice::from_ref(&row)));
            rows.push(row);
        }
        if groups.places.len() > 0 {
            self.state = State::Groups(groups);
        }
        Ok(Some(rows).filter(|rows| !rows.is_empty()))
    }

    /// The row that a group shows.
    fn shown(&self, values: &[Value]) -> Result<Row> {
        let row = ValueRow { row: values, ..ValueRow::default() };
        self.query.output.iter().map(|output| output.value(&row)).collect()
    }

    fn start(&self) -> Result<GroupRows> {
        let mut table = self.gathered()?;
        self.report.note(format!("Groups: {}", table.len()));
        let places = self.arranged(&mut table)?;
        Ok(GroupRows { table, places: places.into_iter() })
    }

    /// All entries in their groups.
    fn gathered(&self) -> Result<GroupTable> {
        if reads_columns(&self.query, &self.plan) {
            let mut table = self.no_entries()?;
            match column_run::add_columns(&self.view, &self.query, &mut table, &self.cancel) {
                Ok(Some(run)) => {
                    self.add_keys(&run, &mut table)?;
                    return Ok(table);
                }
                Ok(None) => {}
                // Which row comes first to an error is for the way through all of them to say.
                Err(error) if error.sqlstate().starts_with("22") => {}
                Err(error) => return Err(error),
            }
        }
        let mut table = self.no_entries()?;
        let rows = match self.query.scan.nearest {
            Some(_) => self.add_in_reach(&mut table)?,
            None => self.add_rows(&mut table)?,
        };
        self.report.note(format!("Rows Aggregated: {rows}"));
        Ok(table)
    }

    /// The groups that there are before the first entry.
    fn no_entries(&self) -> Result<GroupTable> {
        let mut table = GroupTable::new(&self.account);
        if self.query.groups.is_empty() {
            table.place(&self.query, &[], || Ok(Vec::new()))?;
        }
        Ok(table)
    }

    /// Reads the entries that columns do not have as the view does.
    fn add_keys(&self, run: &ColumnRun, table: &mut GroupTable) -> Result<()> {
        let mut rows = 0_u64;
        for (number, key) in run.by_row.iter().enumerate() {
            if number.is_multiple_of(GROUPS_PER_CHECK) {
                self.cancel.check()?;
            }
            let added = visit_key(&self.view, &self.query.scan.collection, key, |entry| self.add(entry, table))?;
            rows += u64::from(added == Some(true));
        }
        let threads = if run.is_halved { " on two threads" } else { "" };
        self.report
            .note(format!("Rows Aggregated: {} by {} columns{threads}, {rows} one by one", run.rows, run.columns));
        self.report.note(format!("Rows Read One by One: {} ({} changed since)", run.by_row.len(), run.patch));
        Ok(())
    }

    /// Reads the entries of the access path into their groups; how many they were.
    fn add_rows(&self, table: &mut GroupTable) -> Result<u64> {
        let mut rows = 0;
        visit_access(&self.view, &self.query.scan.collection, &self.plan.access, &self.cancel, &mut |entry| {
            rows += u64::from(self.add(entry, table)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// Reads the entries within reach of a search into their groups; how many they were. Where nothing of them is asked for, none is
    /// read: the search has seen to it that each one is there and passes the filter.
    fn add_in_reach(&self, table: &mut GroupTable) -> Result<u64> {
        let (view, scan) = (&self.view, &self.query.scan);
        let run = SearchRun { cancel: &self.cancel, report: &self.report, account: &self.account };
        let SearchFound { mut neighbours, mut rest, memory: _memory } = search_all(view, scan, &self.plan, run)?;
        let reads_entries = self.query.reads_entries();
        let mut rows = 0;
        loop {
            for neighbour in &neighbours {
                self.cancel.check()?;
                let (collection, key) = (&*scan.collection, &*neighbour.key);
                if reads_entries {
                    visit_key(view, collection, key, |entry| table.add(&self.query, entry))?;
                } else {
                    table.add(&self.query, &EntryView { view, collection, key, record: None, pending: None })?;
                }
                rows += 1;
            }
            let Some(rest) = &mut rest else { break };
            neighbours = search_on(view, scan, &self.plan, run, (rest, ROWS_PER_CHUNK))?;
            if neighbours.is_empty() {
                break;
            }
        }
        Ok(rows)
    }

    /// Adds an entry that passes the filter; whether it does.
    fn add(&self, entry: &EntryView<'_>, table: &mut GroupTable) -> Result<bool> {
        let filter = self.query.scan.filter.as_ref();
        let passes = filter.map_or(Ok(true), |filter| filter.accepts(entry))?;
        if passes {
            table.add(&self.query, entry)?;
        }
        Ok(passes)
    }

    /// The groups that HAVING leaves, in order, cut by LIMIT and OFFSET.
    fn arranged(&self, table: &mut GroupTable) -> Result<Vec<usize>> {
        let query = &self.query;
        let end = query.limit.map_or(usize::MAX, |limit| limit.saturating_add(query.offset));
        let mut kept = Vec::new();
        for place in 0..table.len() {
            if place.is_multiple_of(GROUPS_PER_CHECK) {
                self.cancel.check()?;
            }
            if query.order.is_empty() && kept.len() >= end {
                break;
            }
            let Some(keys) = self.order_keys(table, place)? else { continue };
            table.grow(size_of::<(Row, usize)>() + rows_bytes(std::slice::from_ref(&keys)))?;
            kept.push((keys, place));
        }
        if !query.order.is_empty() {
            kept.sort_by(|(left, _), (right, _)| compare(&query.order, left, right));
        }
        kept.truncate(end);
        Ok(kept.into_iter().skip(query.offset).map(|(_, place)| place).collect())
    }

    /// What a group is ordered by; `None` where HAVING leaves it out.
    fn order_keys(&self, table: &GroupTable, place: usize) -> Result<Option<Row>> {
        let query = &self.query;
        if query.having.is_none() && query.order.is_empty() {
            return Ok(Some(Row::new()));
        }
        let values = table.row(query, place)?;
        let row = ValueRow { row: &values, ..ValueRow::default() };
        if !query.having.as_ref().map_or(Ok(true), |having| having.accepts(&row))? {
            return Ok(None);
        }
        query.order.iter().map(|order| order.value.value(&row)).collect::<Result<Row>>().map(Some)
    }
}

fn compare(order: &[BoundOrder], left: &[Value], right: &[Value]) -> Ordering {
    let orders = order.iter().zip(left.iter().zip(right));
    orders.fold(Ordering::Equal, |known, (order, (left, right))| {
        known.then_with(|| sort_order(left, right, order.descending, order.nulls_first))
    })
}

/// Chooses the access path of a query of groups.
///
/// # Errors
/// As [`ReadView::explain`].
pub(crate) fn choose(view: &ReadView, query: &BoundAggregate, settings: &Settings) -> Result<AccessPlan> {
    let operands = column_run::operands_of(query);
    let demand = match operands.is_empty() {
        true => ColumnDemand::Nothing,
        false => ColumnDemand::Whole { operands: operands.iter().collect(), shown: 0 },
    };
    choose_for(view, &query.scan, settings, &demand)
}

/// Whether columns are asked for: where a part of the collection has to be gone through whose end is open.
fn reads_columns(query: &BoundAggregate, plan: &AccessPlan) -> bool {
    let is_wide = match &plan.access {
        Access::Range { lower, upper, .. } => *lower == Bound::Unbounded || *upper == Bound::Unbounded,
        _ => false,
    };
    plan.reads_columns && is_wide && query.scan.nearest.is_none() && column_run::is_columnar(query)
}

/// The lines of EXPLAIN, outermost first.
pub(crate) fn describe(query: &AggregateQuery, bound: &BoundAggregate, plan: &AccessPlan) -> Vec<String> {
    let mut lines = Vec::new();
    if bound.limit.is_some() || bound.offset > 0 {
        lines.push("Limit".to_string());
    }
    if !bound.order.is_empty() {
        lines.push("Sort".to_string());
    }
    let by_columns = reads_columns(bound, plan);
    lines.push(format!("Aggregate on {}", if by_columns { "columns" } else { "rows" }));
    if let Some(groups) = query.shown_groups() {
        lines.push(format!("  Group By: {groups}"));
    }
    if bound.having.is_some() {
        lines.push("  Filter: on each group".to_string());
    }
    let mut below = plan.lines(&bound.scan, by_columns).into_iter();
    let scan = below.next().map(|line| match by_columns {
        true => format!("Column Scan on {}", bound.scan.collection.name),
        // No graph is walked, so that no row is missing.
        false => line.split(" (ef_search").next().unwrap_or_default().to_string(),
    });
    lines.extend(scan.into_iter().chain(below));
    lines
}

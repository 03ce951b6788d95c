//! A scan by columns: the rows that a filter selects, in order of their keys as any scan has them, in batches of values that lie
//! side by side. Whoever computes with columns (the planner of SQL) reads a collection so.
//!
//! Entries that the view may not take from columns, and those with a value that is in none, are read one by one before the first
//! batch, and stand in the batches where their keys belong.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::db::columns::bitmap::Bitmap;
use crate::db::columns::column_chunk::CHUNK_ROWS;
use crate::db::columns::columns::Columns;
use crate::db::columns::value_column::ValueColumn;
use crate::db::read::access_path::{Access, AccessPlan, choose_for, indent};
use crate::db::read::column_batch::{BatchRow, BatchRows, ColumnValues};
use crate::db::read::column_choice::ColumnDemand;
use crate::db::read::column_reading::{ColumnReading, is_columnar};
use crate::db::read::cursor::{Row, rows_bytes};
use crate::db::read::entry_view::EntryView;
use crate::db::read::query::{BoundQuery, Output};
use crate::db::read::scan::{ScanSpan, visit_entries, visit_key};
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::error::{Error, Result};
use crate::expr::{Operand, Program};
use crate::model::Reservation;
use crate::settings::Settings;
use crate::types::{ColumnType, Value};

/// Entries of a collection below which it is read entry by entry: columns would be made for nothing.
const ROWS_MIN: usize = 512;
/// Longest texts that are made columns of where they are only shown.
const SHORT_TEXT_CHARACTERS: u32 = 32;
/// Outputs of a scan, at most: one of more is better read entry by entry than kept in columns.
const OUTPUTS_MAX: usize = 32;
/// Entries that are read one by one beside columns, at most.
const BY_ROW_MAX: usize = 16_384;

/// A scan by columns that goes on.
pub struct ColumnScan {
    columns: Arc<Columns>,
    outputs: Vec<(Operand, ColumnType)>,
    /// Ordinals in order of their keys, as far as they are not among `others`.
    rows: Bitmap,
    /// The ordinal that comes next, at least.
    next: usize,
    /// Rows whose ordinals do not say where they belong, in order of their keys, each with the ordinal before which it comes.
    others: std::iter::Peekable<std::vec::IntoIter<(usize, BatchRow)>>,
    entries: Vec<Row>,
    remaining: usize,
    cancel: Cancel,
    _memory: Reservation,
}

/// What is known of all rows of a scan before it runs.
#[derive(Clone, Debug)]
pub struct ScanSummary {
    /// Exactly how many rows there are.
    pub rows: usize,
    pub outputs: Vec<OutputSummary>,
}

/// What is known of an output of a scan.
#[derive(Clone, Debug, Default)]
pub struct OutputSummary {
    /// Exactly how many rows are NULL.
    pub nulls: Option<usize>,
    /// No value is less than the first or greater than the second; it may be that none is as little or as great.
    pub bounds: Option<(Value, Value)>,
}

impl ReadView {
    /// Opens a scan by columns of a query without an order and a search, whose outputs have these types; `None` where it has to be
    /// read entry by entry. Blocking: columns that are missing are made.
    ///
    /// # Errors
    /// As [`ReadView::query`]; 53200 where memory runs short.
    pub fn column_scan(
        &self,
        query: &BoundQuery,
        types: &[ColumnType],
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<Option<ColumnScan>> {
        let Some(operands) = scanned_operands(query) else { return Ok(None) };
        let plan = choose(self, query, &operands, settings)?;
        if !plan.reads_columns || !is_wide(&plan.access) {
            return Ok(None);
        }
        self.check_held(query, &plan, settings)?;
        if !is_worth_columns(self, query, &operands, cancel)? {
            return Ok(None);
        }
        self.mark_reads(&query.collection, &plan.access)?;
        ColumnScan::open(self, query, types, (settings, cancel), &operands)
    }

    /// What columns that are there tell of the rows of such a scan, within microseconds.
    ///
    /// # Errors
    /// As [`ReadView::column_scan`].
    pub fn scan_summary(
        &self,
        query: &BoundQuery,
        types: &[ColumnType],
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<Option<ScanSummary>> {
        let Some(operands) = scanned_operands(query) else { return Ok(None) };
        let plan = choose(self, query, &operands, settings)?;
        let is_read = plan.reads_columns && is_wide(&plan.access);
        if !is_read || ColumnReading::at_hand(self, &query.collection, &operands, usize::MAX).is_none() {
            return Ok(None);
        }
        self.mark_reads(&query.collection, &plan.access)?;
        let scan = ColumnScan::open(self, query, types, (settings, cancel), &operands)?;
        Ok(scan.map(|scan| scan.summary()))
    }

    /// The lines of EXPLAIN of such a query, outermost step first; `None` where it would be read entry by entry now.
    ///
    /// # Errors
    /// As [`ReadView::column_scan`].
    pub fn explain_column_scan(
        &self,
        query: &BoundQuery,
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<Option<Vec<String>>> {
        let Some(operands) = scanned_operands(query) else { return Ok(None) };
        let plan = choose(self, query, &operands, settings)?;
        if !plan.reads_columns || !is_wide(&plan.access) || !is_worth_columns(self, query, &operands, cancel)? {
            return Ok(None);
        }
        let name = &query.collection.name;
        let (scan, column_scan) = (format!("Seq Scan on {name}"), format!("Column Scan on {name}"));
        let lines = plan.lines(query, true).into_iter().map(|line| line.replace(&scan, &column_scan));
        Ok(Some(indent(lines.collect())))
    }
}

/// The access path of a scan of which columns of these operands have all.
fn choose(view: &ReadView, query: &BoundQuery, operands: &[&Operand], settings: &Settings) -> Result<AccessPlan> {
    let demand = ColumnDemand::Whole { operands: operands.to_vec(), shown: 0 };
    choose_for(view, query, settings, &demand)
}

/// The operands of a query that is nothing but a scan with a filter; `None` where some of them do not go into columns.
fn scanned_operands(query: &BoundQuery) -> Option<Vec<&Operand>> {
    if query.nearest.is_some() || !query.order.is_empty() || query.offset.is_some() || query.output.len() > OUTPUTS_MAX
    {
        return None;
    }
    let mut operands: Vec<&Operand> = Vec::new();
    let shown = query.output.iter().map(|output| match output {
        Output::Operand(operand) => Some(operand),
        Output::Distance | Output::LinearDistance { .. } | Output::Constant(_) => None,
    });
    let filtered = query.filter.as_ref().map(Program::operands).unwrap_or_default();
    for operand in shown.chain(filtered.into_iter().map(Some)) {
        let operand = operand.filter(|operand| is_columnar(&query.collection, operand))?;
        if !operands.contains(&operand) {
            operands.push(operand);
        }
    }
    (!operands.is_empty()).then_some(operands)
}

/// Whether an access path goes through a part of the collection whose end is open.
fn is_wide(access: &Access) -> bool {
    match access {
        Access::Range { lower, upper, .. } => *lower == Bound::Unbounded || *upper == Bound::Unbounded,
        _ => false,
    }
}

/// Whether the columns are there, or are to be made: those of what a filter asks for, and of what takes little; texts that are only
/// shown may take more than all columns together have.
fn is_worth_columns(view: &ReadView, query: &BoundQuery, operands: &[&Operand], cancel: &Cancel) -> Result<bool> {
    if ColumnReading::are_there(view, &query.collection, operands) {
        return Ok(true);
    }
    let filtered = query.filter.as_ref().map(Program::operands).unwrap_or_default();
    let is_made = |operand: &&Operand| {
        let is_known = ColumnReading::are_there(view, &query.collection, &[*operand]);
        let is_short = match operand {
            Operand::Column(position) => {
                query.collection.columns.get(*position).is_some_and(|column| is_short_type(&column.ty))
            }
            Operand::Path { .. } => true,
            Operand::System(_) | Operand::Key | Operand::Computed(_) => false,
        };
        is_known || is_short || filtered.contains(operand)
    };
    Ok(operands.iter().all(is_made) && has_many_entries(view, query, cancel)?)
}

/// Whether values of a type take little: numbers, times, and texts that are declared to be short.
fn is_short_type(ty: &ColumnType) -> bool {
    match ty {
        ColumnType::Char(length) | ColumnType::Varchar(Some(length)) => *length <= SHORT_TEXT_CHARACTERS,
        other => !other.is_text(),
    }
}

fn has_many_entries(view: &ReadView, query: &BoundQuery, cancel: &Cancel) -> Result<bool> {
    let mut entries = 0;
    let everything = ScanSpan { lower: Bound::Unbounded, upper: Bound::Unbounded, reverse: false };
    visit_entries(view, &query.collection, &everything, cancel, &mut |_| {
        entries += 1;
        Ok(if entries < ROWS_MIN { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(entries >= ROWS_MIN)
}

impl ColumnScan {
    fn open(
        view: &ReadView,
        query: &BoundQuery,
        types: &[ColumnType],
        (settings, cancel): (&Settings, &Cancel),
        operands: &[&Operand],
    ) -> Result<Option<ColumnScan>> {
        let Some(reading) = ColumnReading::open(view, &query.collection, operands, cancel)? else { return Ok(None) };
        let exact = reading.exact_rows(query.filter.as_ref(), operands);
        let Some((mut rows, by_row)) = exact.filter(|(_, by_row)| by_row.len() <= BY_ROW_MAX) else { return Ok(None) };
        let columns = Arc::clone(&reading.columns);
        let mut memory = settings.memory.nothing();
        let mut entries: Vec<Row> = Vec::new();
        let mut others: Vec<(Box<[u8]>, BatchRow)> = Vec::new();
        let mut bytes = 0_usize;
        for key in by_row {
            cancel.check()?;
            let row = visit_key(view, &query.collection, &key, |entry| shown(entry, query))?.flatten();
            let Some(row) = row else { continue };
            bytes = bytes.saturating_add(rows_bytes(std::slice::from_ref(&row)));
            memory.resize(bytes)?;
            others.push((key, BatchRow::Entry(entries.len())));
            entries.push(row);
        }
        let behind: Vec<u32> = rows.ordinals_from(columns.in_key_order()).collect();
        for ordinal in behind {
            rows.remove(ordinal);
            let key = columns.key(ordinal).ok_or_else(|| Error::internal("an ordinal has no key"))?;
            others.push((key.into(), BatchRow::Ordinal(ordinal)));
        }
        others.sort_by(|(left, _), (right, _)| left.cmp(right));
        let placed: Vec<(usize, BatchRow)> =
            others.into_iter().map(|(key, row)| (columns.place_of(&key), row)).collect();
        let (limit, _) = query.window()?;
        let outputs = query.output.iter().zip(types).filter_map(|(output, ty)| match output {
            Output::Operand(operand) => Some((operand.clone(), ty.clone())),
            Output::Distance | Output::LinearDistance { .. } | Output::Constant(_) => None,
        });
        Ok(Some(ColumnScan {
            outputs: outputs.collect(),
            columns,
            rows,
            next: 0,
            others: placed.into_iter().peekable(),
            entries,
            remaining: limit.unwrap_or(usize::MAX),
            cancel: cancel.clone(),
            _memory: memory,
        }))
    }

    /// The next rows, at most so many: how many there are, and the values of each output; `None` at the end.
    ///
    /// # Errors
    /// As [`Cancel::check`].
    pub fn next_batch(&mut self, rows_max: usize) -> Result<Option<(usize, Vec<ColumnValues>)>> {
        self.cancel.check()?;
        let wanted = rows_max.min(self.remaining);
        let mut rows = Vec::with_capacity(wanted.min(CHUNK_ROWS));
        while rows.len() < wanted {
            let Some(row) = self.next_row() else { break };
            rows.push(row);
        }
        self.remaining -= rows.len();
        if rows.is_empty() {
            return Ok(None);
        }
        let values = self.outputs.iter().enumerate().map(|(position, (operand, ty))| {
            let batch = BatchRows { rows: &rows, entries: &self.entries, position };
            batch.values(self.column(operand)?, ty)
        });
        let values = values.collect::<Result<_>>()?;
        Ok(Some((rows.len(), values)))
    }

    fn next_row(&mut self) -> Option<BatchRow> {
        let ordinal = self.rows.first_from(self.next);
        let is_before = |(place, _): &(usize, BatchRow)| ordinal.is_none_or(|ordinal| *place <= ordinal as usize);
        if let Some((_, other)) = self.others.next_if(is_before) {
            return Some(other);
        }
        let ordinal = ordinal?;
        self.next = ordinal as usize + 1;
        Some(BatchRow::Ordinal(ordinal))
    }

    fn column(&self, operand: &Operand) -> Result<&ValueColumn> {
        let column = self.columns.column(operand).map(|column| &**column);
        column.ok_or_else(|| Error::internal("an output has no column"))
    }

    /// What is known of its rows. It has not begun.
    fn summary(&self) -> ScanSummary {
        let mut others = self.others.clone();
        let all = self.rows.count() + others.len();
        if self.remaining < all {
            return ScanSummary { rows: self.remaining, outputs: vec![OutputSummary::default(); self.outputs.len()] };
        }
        let mut rows = self.rows.clone();
        let mut entries = Vec::new();
        others.by_ref().for_each(|(_, row)| match row {
            BatchRow::Ordinal(ordinal) => rows.insert(ordinal),
            BatchRow::Entry(number) => entries.push(number),
        });
        let outputs = self.outputs.iter().enumerate().map(|(position, (operand, _))| {
            let Some(column) = self.columns.column(operand) else { return OutputSummary::default() };
            let value = |number: &usize| self.entries.get(*number).and_then(|entry| entry.get(position));
            let own = entries.iter().filter(|number| value(number).is_none_or(Value::is_null)).count();
            let bounds = if entries.is_empty() { bounds_of(column) } else { None };
            OutputSummary { nulls: Some(own + nulls_among(column, &rows)), bounds }
        });
        ScanSummary { rows: all, outputs: outputs.collect() }
    }
}

/// The row that an entry shows where it passes the filter.
fn shown(entry: &EntryView<'_>, query: &BoundQuery) -> Result<Option<Row>> {
    if !query.filter.as_ref().map_or(Ok(true), |filter| filter.accepts(entry))? {
        return Ok(None);
    }
    let values = query.output.iter().map(|output| match output {
        Output::Operand(operand) => entry.operand(operand),
        Output::Distance | Output::LinearDistance { .. } | Output::Constant(_) => Ok(Value::Null),
    });
    values.collect::<Result<Row>>().map(Some)
}

/// How many of these rows have no value in a column.
fn nulls_among(column: &ValueColumn, rows: &Bitmap) -> usize {
    let chunks = column.chunks().iter().enumerate();
    chunks
        .map(|(number, chunk)| {
            let words = rows.chunk(number).iter().zip(chunk.valid());
            words.map(|(selected, valid)| (selected & !valid).count_ones() as usize).sum::<usize>()
        })
        .sum()
}

/// What no value of a column is less or greater than.
fn bounds_of(column: &ValueColumn) -> Option<(Value, Value)> {
    if column.dictionary().is_some() || !column.kind().is_int() {
        return None;
    }
    let zones = column.chunks().iter().filter_map(|chunk| chunk.zone().ints);
    let (least, greatest) = zones.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))?;
    Some((column.kind().unpacked(least), column.kind().unpacked(greatest)))
}

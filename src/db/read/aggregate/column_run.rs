//! Reading groups from columns: what the filter selects of them goes by chunks into sums by slots, and the rest entry by entry.
//!
//! The rest are entries that the view may not take from columns (`column_reading`), and those with a value that is in none. They
//! are left out before anything is added, so that no sum has to give something back. Where columns are no help the whole
//! query is read entry by entry; an error of the data on the way is for that way to find or not, too.

use std::ops::Range;

use crate::db::columns::bitmap::Bitmap;
use crate::db::columns::changed_keys::KeySet;
use crate::db::columns::column_chunk::{CHUNK_ROWS, CHUNK_WORDS};
use crate::db::read::aggregate::column_groups::ColumnGroups;
use crate::db::read::aggregate::column_sums::{ColumnSums, count_rows};
use crate::db::read::aggregate::group_key::encode;
use crate::db::read::aggregate::groups::GroupTable;
use crate::db::read::aggregate::query::BoundAggregate;
use crate::db::read::column_reading::{ColumnReading, is_columnar as goes_into_column};
use crate::db::read::view::ReadView;
use crate::db::state::cancel::Cancel;
use crate::error::{Error, Result};
use crate::expr::{Operand, Program};
use crate::model::Collection;
use crate::types::ColumnType;

/// Entries that are read one by one beside columns, at most; with more, all are.
const BY_ROW_MAX: usize = 16_384;
/// Rows between two looks at the cancel flag where they are added one by one.
const ROWS_PER_CHECK: u32 = 1024;
/// Rows of columns up to which sums by slots take less than a millisecond.
const SHORT_ROWS_MAX: usize = 131_072;

/// Rows of columns above which two threads add them up: a count and a sum take about 1.1 ns a row, starting and ending a thread 27 us
/// and at worst 83 us, measured on two cores.
const TWO_THREADS_ROWS_MIN: u64 = if cfg!(test) { 2_000 } else { 500_000 };

/// What columns gave to the groups, and what remains.
pub(super) struct ColumnRun {
    /// Keys of entries to be read one by one, by the whole filter.
    pub by_row: KeySet,
    /// Entries that were added from columns.
    pub rows: u64,
    /// How many columns were read.
    pub columns: usize,
    /// How many of the keys are those of entries that have changed since the columns.
    pub patch: usize,
    /// Whether two threads added them up.
    pub is_halved: bool,
}

/// The columns that a query reads; empty where it is read entry by entry.
pub(super) fn operands_of(query: &BoundAggregate) -> Vec<Operand> {
    let collection = &query.scan.collection;
    let filters = query.scan.filter.iter().chain(query.calls.iter().filter_map(|call| call.filter.as_ref()));
    let arguments = query.calls.iter().filter_map(|call| call.argument.as_ref());
    let values = query.groups.iter().chain(arguments).map(|typed| &typed.program);
    let mut operands: Vec<Operand> = Vec::new();
    for operand in filters.chain(values).flat_map(Program::operands) {
        if !goes_into_column(collection, operand) {
            return Vec::new();
        }
        if !operands.contains(operand) {
            operands.push(operand.clone());
        }
    }
    if operands.is_empty() {
        operands.extend(counted_operand(collection));
    }
    operands
}

/// What tells that an entry is there: the column that takes the least.
fn counted_operand(collection: &Collection) -> Option<Operand> {
    let is_small = |ty: &ColumnType| {
        matches!(ty, ColumnType::Bool | ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Date)
    };
    let small = collection.columns.iter().position(|column| is_small(&column.ty));
    let key = || collection.primary_key.first().copied();
    small.or_else(key).map(Operand::Column).filter(|operand| goes_into_column(collection, operand))
}

/// Whether all that a query reads goes into columns.
pub(super) fn is_columnar(query: &BoundAggregate) -> bool {
    !operands_of(query).is_empty()
}

/// Whether the columns of a query are there, and reading them takes microseconds: few rows, no texts beside dictionaries, and all
/// of it by slots.
pub(super) fn is_short(view: &ReadView, query: &BoundAggregate) -> bool {
    let operands = operands_of(query);
    let operands: Vec<&Operand> = operands.iter().collect();
    let at_hand = ColumnReading::at_hand(view, &query.scan.collection, &operands, SHORT_ROWS_MAX);
    let Some(columns) = at_hand else { return false };
    let is_packed = |operand: &&Operand| {
        columns.column(operand).is_some_and(|column| column.dictionary().is_some() || !column.kind().is_text())
    };
    let Some(groups) = ColumnGroups::of(query, &columns) else { return false };
    operands.iter().all(is_packed)
        && groups.dense_slots().is_some()
        && query.calls.iter().all(|call| ColumnSums::of(call, &columns, &groups).is_some())
}

/// Adds what columns have of a query to the groups; `None` where all has to be read entry by entry, and nothing was added.
///
/// # Errors
/// As [`ColumnReading::open`]; 53200 where there is no memory for another group; what expressions fail with, of entries that the
/// view has.
pub(super) fn add_columns(
    view: &ReadView,
    query: &BoundAggregate,
    table: &mut GroupTable,
    cancel: &Cancel,
) -> Result<Option<ColumnRun>> {
    let operands = operands_of(query);
    let operands: Vec<&Operand> = operands.iter().collect();
    let Some(reading) = ColumnReading::open(view, &query.scan.collection, &operands, cancel)? else { return Ok(None) };
    let exact = reading.exact_rows(query.scan.filter.as_ref(), &operands);
    let Some((rows, by_row)) = exact.filter(|(_, by_row)| by_row.len() <= BY_ROW_MAX) else { return Ok(None) };
    let count = rows.count() as u64;
    let run = Run { query, reading: &reading, rows: &rows, cancel };
    let mut is_halved = false;
    match run.by_slots() {
        Some(slots) if count > TWO_THREADS_ROWS_MIN && slots.may_be_halved() => {
            is_halved = true;
            run.add_halves(slots, table)?;
        }
        Some(slots) => {
            let all = 0..reading.columns.len().div_ceil(CHUNK_ROWS);
            let (slots, counts) = run.summed(slots, all, &mut |more| table.grow(more))?;
            run.give(&slots, &counts, table)?;
        }
        None => run.add_one_by_one(table)?,
    }
    let patch = reading.patch.len();
    Ok(Some(ColumnRun { by_row, rows: count, columns: operands.len(), patch, is_halved }))
}

/// Rows of columns on their way into groups.
struct Run<'a> {
    query: &'a BoundAggregate,
    reading: &'a ColumnReading,
    rows: &'a Bitmap,
    cancel: &'a Cancel,
}

/// The sums of all groups by slots.
struct Slots<'a> {
    groups: ColumnGroups<'a>,
    /// Each aggregate, with the rows that its own filter selects.
    sums: Vec<(ColumnSums<'a>, Option<Bitmap>)>,
}

impl Slots<'_> {
    /// Whether the same comes out where two halves are added up each by itself: sums of floats depend on the order.
    fn may_be_halved(&self) -> bool {
        self.groups.dense_slots().is_some() && self.sums.iter().all(|(sums, _)| sums.is_exact())
    }

    /// Bytes that it takes where each number of a group is a slot.
    fn bytes(&self) -> usize {
        let slots = self.groups.dense_slots().and_then(|slots| usize::try_from(slots).ok()).unwrap_or_default();
        let own: usize = self.sums.iter().map(|(sums, _)| sums.bytes()).sum();
        own.saturating_add(slots.saturating_mul(size_of::<u64>() + self.sums.len() * ColumnSums::SLOT_BYTES))
    }
}

impl<'a> Run<'a> {
    /// What is needed to add by slots; `None` where some part of the query needs its rows one by one.
    fn by_slots(&self) -> Option<Slots<'a>> {
        let columns = &self.reading.columns;
        let groups = ColumnGroups::of(self.query, columns)?;
        let sums = self.query.calls.iter().map(|call| {
            let rows = match &call.filter {
                None => None,
                Some(filter) => Some(self.reading.select(filter).filter(|selected| !selected.has_rest)?.rows),
            };
            Some((ColumnSums::of(call, columns, &groups)?, rows))
        });
        let sums = sums.collect::<Option<Vec<_>>>()?;
        Some(Slots { groups, sums })
    }

    /// Adds the rows of some chunks by slots; how many rows each slot has met, too. Memory is taken by `grow`.
    fn summed<'s>(
        &self,
        mut slots: Slots<'s>,
        chunks: Range<usize>,
        grow: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<(Slots<'s>, Vec<u64>)> {
        let Slots { groups, sums } = &mut slots;
        let is_whole = groups.is_whole();
        let slot_bytes = size_of::<u64>() + sums.len() * ColumnSums::SLOT_BYTES;
        grow(sums.iter().map(|(sums, _)| sums.bytes()).sum())?;
        let (mut counts, mut found) = (Vec::new(), [0_u32; CHUNK_ROWS]);
        for number in chunks {
            let selected = self.rows.chunk(number);
            if selected.iter().all(|word| *word == 0) {
                continue;
            }
            self.cancel.check()?;
            groups.fill(number, selected, &mut found)?;
            let new = groups.slots().saturating_sub(counts.len());
            if new > 0 {
                grow(new.saturating_mul(slot_bytes))?;
                counts.resize(groups.slots(), 0);
                sums.iter_mut().for_each(|(sums, _)| sums.grow(counts.len()));
            }
            count_rows(selected.iter().copied(), &found, is_whole, &mut counts);
            for (sums, own) in sums.iter_mut() {
                match own {
                    None => sums.add(number, selected, &found, is_whole)?,
                    Some(own) => {
                        let mut both = [0_u64; CHUNK_WORDS];
                        let words = selected.iter().zip(own.chunk(number)).map(|(selected, own)| selected & own);
                        both.iter_mut().zip(words).for_each(|(both, word)| *both = word);
                        sums.add(number, &both, &found, is_whole)?;
                    }
                }
            }
        }
        Ok((slots, counts))
    }

    /// Adds the rows on two threads, each half of the chunks. Slots are numbers of groups, so that both have the same.
    fn add_halves(&self, slots: Slots<'_>, table: &mut GroupTable) -> Result<()> {
        let Some(others) = self.by_slots() else { return Err(Error::internal("groups by slots have none")) };
        let chunks = self.reading.columns.len().div_ceil(CHUNK_ROWS);
        let middle = chunks / 2;
        let free = &mut |_: usize| Ok(());
        // Both have few slots, and are small.
        table.grow(2 * slots.bytes())?;
        let (first, second) = std::thread::scope(|scope| {
            let second = scope.spawn(|| self.summed(others, middle..chunks, &mut |_| Ok(())));
            (self.summed(slots, 0..middle, free), second.join())
        });
        let second = second.map_err(|_| Error::internal("a thread that adds up groups has ended"))?;
        for (slots, counts) in [first?, second?] {
            self.give(&slots, &counts, table)?;
        }
        Ok(())
    }

    /// Gives the sums of the slots that rows were met of to their groups.
    fn give(&self, slots: &Slots<'_>, counts: &[u64], table: &mut GroupTable) -> Result<()> {
        let Slots { groups, sums } = slots;
        let mut key = Vec::new();
        for (slot, _) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let values = groups.values(slot)?;
            key.clear();
            values.iter().try_for_each(|value| encode(value, &mut key))?;
            let place = table.place(self.query, &key, || Ok(values))?;
            for (position, ((sums, _), call)) in sums.iter().zip(&self.query.calls).enumerate() {
                let more = sums.give(slot, call, table.accumulator(self.query, place, position)?)?;
                table.grow(more)?;
            }
        }
        Ok(())
    }

    fn add_one_by_one(&self, table: &mut GroupTable) -> Result<()> {
        for (row, ordinal) in (0_u32..).zip(self.rows.ordinals()) {
            if row.is_multiple_of(ROWS_PER_CHECK) {
                self.cancel.check()?;
            }
            table.add(self.query, &self.reading.columns.row(ordinal))?;
        }
        Ok(())
    }
}

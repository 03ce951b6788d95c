//! Aggregates over columns: the packed values of a chunk are counted, added and compared where they lie, by the slots of groups.
//!
//! What comes out is given to the groups' accumulators at the end, slot by slot, so that rows which are read one by one add to
//! the same. Sums of whole numbers are exact.

use crate::db::columns::bitmap::{WORD_BITS, ones};
use crate::db::columns::column_chunk::{ChunkData, ColumnChunk, PackedCodes, order_floats};
use crate::db::columns::columns::Columns;
use crate::db::columns::dictionary::ColumnDictionary;
use crate::db::columns::value_column::ValueColumn;
use crate::db::columns::value_kind::ValueKind;
use crate::db::read::aggregate::accumulator::{Accumulator, plus};
use crate::db::read::aggregate::column_groups::{ChunkSlots, ColumnCodes, ColumnGroups};
use crate::db::read::aggregate::group_key::encode;
use crate::db::read::aggregate::query::{AggregateFunction, BoundCall, TypedProgram};
use crate::error::Result;
use crate::types::{ColumnType, Value};

/// Most cells of a histogram.
const HISTOGRAM_CELLS_MAX: u64 = 1 << 20;
/// The code of no value.
const NO_CODE: u32 = u32::MAX;

/// One aggregate of all slots.
pub(super) struct ColumnSums<'a> {
    /// `None` counts entries.
    argument: Option<(&'a ValueColumn, &'a TypedProgram)>,
    state: SumState,
    /// Entries that were counted, or values that were taken, by slot.
    counts: Vec<u64>,
}

enum SumState {
    /// Entries or values are counted, nothing else.
    Counts,
    Ints(Vec<i128>),
    Floats(Vec<f64>),
    LeastInts(Vec<i64>),
    GreatestInts(Vec<i64>),
    LeastFloats(Vec<f64>),
    GreatestFloats(Vec<f64>),
    /// Codes of the least or the greatest value of a dictionary.
    LeastCodes(Vec<u32>),
    GreatestCodes(Vec<u32>),
    /// How often each code of a column occurs, slot by slot: what an expression makes of a code is computed once.
    Histogram {
        codes: usize,
        cells: Vec<u32>,
    },
}

impl<'a> ColumnSums<'a> {
    /// Bytes that a slot takes, at most.
    pub const SLOT_BYTES: usize = size_of::<u64>() + size_of::<i128>();

    /// What a call needs of columns with groups of so many numbers; `None` where it is computed row by row.
    pub fn of(call: &'a BoundCall, columns: &'a Columns, groups: &ColumnGroups<'_>) -> Option<ColumnSums<'a>> {
        let Some(program) = &call.argument else {
            return Some(ColumnSums { argument: None, state: SumState::Counts, counts: Vec::new() });
        };
        let column: &ValueColumn = columns.column(program.program.only_operand()?)?;
        let plain = program.program.operand().and_then(|_| SumState::of(call.function, &program.ty, column));
        let state = plain.or_else(|| {
            let codes = ColumnCodes::of(column)?.count;
            let cells = codes.checked_mul(groups.dense_slots()?).filter(|cells| *cells <= HISTOGRAM_CELLS_MAX)?;
            let (codes, cells) = (usize::try_from(codes).ok()?, usize::try_from(cells).ok()?);
            Some(SumState::Histogram { codes, cells: vec![0; cells] })
        })?;
        Some(ColumnSums { argument: Some((column, program)), state, counts: Vec::new() })
    }

    /// Whether what comes out does not depend on the order of the rows: neither rounding nor which of equal values was the last.
    pub fn is_exact(&self) -> bool {
        matches!(self.state, SumState::Counts | SumState::Ints(_) | SumState::LeastInts(_) | SumState::GreatestInts(_))
    }

    /// Bytes that it takes whatever slots there are.
    pub fn bytes(&self) -> usize {
        if let SumState::Histogram { cells, .. } = &self.state { size_of_val(cells.as_slice()) } else { 0 }
    }

    /// Makes room for so many slots.
    pub fn grow(&mut self, slots: usize) {
        self.counts.resize(slots, 0);
        match &mut self.state {
            SumState::Counts | SumState::Histogram { .. } => {}
            SumState::Ints(sums) => sums.resize(slots, 0),
            // What changes no value that it is added to.
            SumState::Floats(sums) => sums.resize(slots, -0.0),
            SumState::LeastInts(best) => best.resize(slots, i64::MAX),
            SumState::GreatestInts(best) => best.resize(slots, i64::MIN),
            // NaN is above all.
            SumState::LeastFloats(best) => best.resize(slots, f64::NAN),
            SumState::GreatestFloats(best) => best.resize(slots, f64::NEG_INFINITY),
            SumState::LeastCodes(best) | SumState::GreatestCodes(best) => best.resize(slots, NO_CODE),
        }
    }

    /// Takes the selected rows of a chunk by its number; `is_whole` says that all have one slot.
    ///
    /// # Errors
    /// 22003 where a sum of floats is beyond them.
    pub fn add(&mut self, number: usize, selected: &[u64], slots: &ChunkSlots, is_whole: bool) -> Result<()> {
        let Some((column, _)) = self.argument else {
            count_rows(selected.iter().copied(), slots, is_whole, &mut self.counts);
            return Ok(());
        };
        let Some(chunk) = column.chunks().get(number) else { return Ok(()) };
        let rows = || selected.iter().zip(chunk.valid()).map(|(selected, valid)| selected & valid);
        count_rows(rows(), slots, is_whole, &mut self.counts);
        match &mut self.state {
            SumState::Counts => {}
            SumState::Ints(sums) => each_int(chunk, rows(), slots, sums, |sum, number| *sum += i128::from(number)),
            SumState::LeastInts(best) => each_int(chunk, rows(), slots, best, |best, number| *best = number.min(*best)),
            SumState::GreatestInts(best) => {
                each_int(chunk, rows(), slots, best, |best, number| *best = number.max(*best));
            }
            SumState::Floats(sums) => {
                let mut result = Ok(());
                each_float(chunk, rows(), slots, sums, |sum, number| match plus(*sum, number) {
                    Ok(more) => *sum = more,
                    Err(error) => result = Err(error),
                });
                result?;
            }
            SumState::LeastFloats(best) => each_float(chunk, rows(), slots, best, |best, number| {
                if !order_floats(*best, number).is_lt() {
                    *best = number;
                }
            }),
            SumState::GreatestFloats(best) => each_float(chunk, rows(), slots, best, |best, number| {
                if !order_floats(*best, number).is_gt() {
                    *best = number;
                }
            }),
            SumState::LeastCodes(best) => each_code(chunk, rows(), slots, best, column, |order| order.is_lt()),
            SumState::GreatestCodes(best) => each_code(chunk, rows(), slots, best, column, |order| order.is_gt()),
            SumState::Histogram { codes, cells } => count_codes(chunk, rows(), slots, column, *codes, cells),
        }
        Ok(())
    }

    /// Gives what was taken for a slot to an accumulator; the bytes that it holds more by it.
    ///
    /// # Errors
    /// 22003 for a sum out of range; what the argument fails with.
    pub fn give(&self, slot: usize, call: &BoundCall, accumulator: &mut Accumulator) -> Result<usize> {
        if let (SumState::Histogram { codes, cells }, Some((column, program))) = (&self.state, self.argument) {
            let own = cells.get(slot * codes..(slot + 1) * codes).unwrap_or_default();
            return give_codes(own, column, program, call, accumulator);
        }
        let before = accumulator.held_bytes();
        self.give_plain(slot, call, accumulator)?;
        Ok(accumulator.held_bytes().saturating_sub(before))
    }

    fn give_plain(&self, slot: usize, call: &BoundCall, accumulator: &mut Accumulator) -> Result<()> {
        let count = self.counts.get(slot).copied().unwrap_or_default();
        let Some((column, program)) = self.argument.filter(|_| count > 0) else {
            accumulator.add_count(count);
            return Ok(());
        };
        let int = |number: i64| column.kind().unpacked(number);
        let code = |code: u32| column.dictionary().and_then(|dictionary| dictionary.value(code)).cloned();
        let best = match &self.state {
            SumState::Counts | SumState::Histogram { .. } => {
                accumulator.add_count(count);
                return Ok(());
            }
            SumState::Ints(sums) => {
                let scale = if let ValueKind::Numeric { scale } = column.kind() { scale } else { 0 };
                return accumulator.add_exact(sums.get(slot).copied().unwrap_or_default(), scale, count);
            }
            SumState::Floats(sums) => {
                return accumulator.add_floats(sums.get(slot).copied().unwrap_or_default(), count);
            }
            SumState::LeastInts(best) | SumState::GreatestInts(best) => best.get(slot).copied().map(int),
            SumState::LeastFloats(best) | SumState::GreatestFloats(best) => {
                let float = |number: f64| match column.kind() {
                    #[expect(clippy::cast_possible_truncation, reason = "it was widened from a float4")]
                    ValueKind::Float4 => Value::float4(number as f32),
                    _ => Value::float8(number),
                };
                best.get(slot).copied().map(float)
            }
            SumState::LeastCodes(best) | SumState::GreatestCodes(best) => best.get(slot).copied().and_then(code),
        };
        match best {
            Some(best) => accumulator.add(call, program.typed(best)?),
            None => Ok(()),
        }
    }
}

impl SumState {
    /// How a function takes the values of a column; `None` where they do not lie in it as the argument's type has them.
    fn of(function: AggregateFunction, ty: &ColumnType, column: &ValueColumn) -> Option<SumState> {
        let kind = column.kind();
        let is_float = matches!(kind, ValueKind::Float4 | ValueKind::Float8)
            && matches!(ty, ColumnType::Float4 | ColumnType::Float8);
        let is_int = match kind {
            ValueKind::Int2 | ValueKind::Int4 | ValueKind::Int8 => ty.is_integer(),
            ValueKind::Numeric { .. } => matches!(ty, ColumnType::Numeric(_)),
            _ => false,
        };
        let is_dictionary = column.dictionary().is_some();
        Some(match function {
            AggregateFunction::Count => SumState::Counts,
            AggregateFunction::Sum | AggregateFunction::Average if is_int => SumState::Ints(Vec::new()),
            AggregateFunction::Sum | AggregateFunction::Average if is_float => SumState::Floats(Vec::new()),
            AggregateFunction::Min if is_dictionary && ty.is_text() => SumState::LeastCodes(Vec::new()),
            AggregateFunction::Max if is_dictionary && ty.is_text() => SumState::GreatestCodes(Vec::new()),
            AggregateFunction::Min if kind.is_int() && !is_dictionary => SumState::LeastInts(Vec::new()),
            AggregateFunction::Max if kind.is_int() && !is_dictionary => SumState::GreatestInts(Vec::new()),
            AggregateFunction::Min if is_float => SumState::LeastFloats(Vec::new()),
            AggregateFunction::Max if is_float => SumState::GreatestFloats(Vec::new()),
            _ => return None,
        })
    }
}

/// Counts rows by their slots.
pub(super) fn count_rows(rows: impl Iterator<Item = u64>, slots: &ChunkSlots, is_whole: bool, counts: &mut [u64]) {
    if is_whole {
        let count = rows.map(|word| u64::from(word.count_ones())).sum::<u64>();
        counts.iter_mut().take(1).for_each(|counted| *counted += count);
        return;
    }
    each_row(rows, slots, counts, |_, count| *count += 1);
}

/// Calls `take` for each row with the state of its slot.
fn each_row<S>(
    rows: impl Iterator<Item = u64>,
    slots: &ChunkSlots,
    states: &mut [S],
    mut take: impl FnMut(usize, &mut S),
) {
    let mut base = 0;
    for word in rows {
        let mut rest = word;
        while rest != 0 {
            let row = base + rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if let Some(state) = slots.get(row).and_then(|slot| states.get_mut(*slot as usize)) {
                take(row, state);
            }
        }
        base += u64::BITS as usize;
    }
}

/// As [`each_row`], with the row's packed whole number.
fn each_int<S>(
    chunk: &ColumnChunk,
    rows: impl Iterator<Item = u64>,
    slots: &ChunkSlots,
    states: &mut [S],
    mut take: impl FnMut(&mut S, i64),
) {
    let ChunkData::Ints { base, codes } = chunk.data() else { return };
    let mut take = |state: &mut S, code: u64| take(state, base.wrapping_add_unsigned(code));
    match codes {
        PackedCodes::U8(codes) => each_packed(codes, rows, slots, states, &mut take),
        PackedCodes::U16(codes) => each_packed(codes, rows, slots, states, &mut take),
        PackedCodes::U32(codes) => each_packed(codes, rows, slots, states, &mut take),
        PackedCodes::U64(codes) => each_packed(codes, rows, slots, states, &mut take),
    }
}

fn each_packed<S, T: Copy + Into<u64>>(
    codes: &[T],
    rows: impl Iterator<Item = u64>,
    slots: &ChunkSlots,
    states: &mut [S],
    take: &mut impl FnMut(&mut S, u64),
) {
    each_row(rows, slots, states, |row, state| {
        if let Some(code) = codes.get(row) {
            take(state, (*code).into());
        }
    });
}

/// As [`each_row`], with the row's float.
fn each_float<S>(
    chunk: &ColumnChunk,
    rows: impl Iterator<Item = u64>,
    slots: &ChunkSlots,
    states: &mut [S],
    mut take: impl FnMut(&mut S, f64),
) {
    match chunk.data() {
        ChunkData::Float4(numbers) => each_row(rows, slots, states, |row, state| {
            if let Some(number) = numbers.get(row) {
                take(state, f64::from(*number));
            }
        }),
        ChunkData::Float8(numbers) => each_row(rows, slots, states, |row, state| {
            if let Some(number) = numbers.get(row) {
                take(state, *number);
            }
        }),
        _ => {}
    }
}

/// Keeps the code of the value that `is_better` prefers to the best so far.
fn each_code(
    chunk: &ColumnChunk,
    rows: impl Iterator<Item = u64>,
    slots: &ChunkSlots,
    best: &mut [u32],
    column: &ValueColumn,
    is_better: impl Fn(std::cmp::Ordering) -> bool,
) {
    let (ChunkData::Dictionary(codes), Some(dictionary)) = (chunk.data(), column.dictionary()) else { return };
    each_row(rows, slots, best, |row, best| {
        let code = u32::try_from(codes.get(row)).unwrap_or(NO_CODE);
        if code != *best && (*best == NO_CODE || order(dictionary, code, *best).is_some_and(&is_better)) {
            *best = code;
        }
    });
}

/// Counts the codes of rows.
fn count_codes(
    chunk: &ColumnChunk,
    rows: impl Iterator<Item = u64>,
    slots: &ChunkSlots,
    column: &ValueColumn,
    codes: usize,
    cells: &mut [u32],
) {
    let Some((first, packed)) = ColumnCodes::of(column).and_then(|codes| codes.of_chunk(chunk)) else { return };
    let mut base = 0;
    for word in rows {
        for bit in ones(word) {
            let row = base + bit as usize;
            let code = usize::try_from(first.wrapping_add(packed.get(row))).unwrap_or(usize::MAX);
            let slot = slots.get(row).copied().unwrap_or_default() as usize;
            if let Some(cell) = cells.get_mut((slot * codes).saturating_add(code)) {
                *cell += 1;
            }
        }
        base += WORD_BITS;
    }
}

/// Gives an accumulator what an expression makes of each code, as often as it occurs; the bytes that it holds more by it.
fn give_codes(
    cells: &[u32],
    column: &ValueColumn,
    program: &TypedProgram,
    call: &BoundCall,
    accumulator: &mut Accumulator,
) -> Result<usize> {
    let Some(codes) = ColumnCodes::of(column) else { return Ok(0) };
    let (mut more, mut key) = (0, Vec::new());
    for (code, times) in cells.iter().enumerate().filter(|(_, times)| **times > 0) {
        let value = codes.computed(code as u64, program)?;
        if value.is_null() {
            continue;
        }
        if call.function == AggregateFunction::CountDistinct {
            key.clear();
            encode(&value, &mut key)?;
            more += accumulator.add_key(&key);
        } else {
            let before = accumulator.held_bytes();
            accumulator.add_times(call, value, u64::from(*times))?;
            more += accumulator.held_bytes().saturating_sub(before);
        }
    }
    Ok(more)
}

fn order(dictionary: &ColumnDictionary, left: u32, right: u32) -> Option<std::cmp::Ordering> {
    dictionary.value(left)?.compare(dictionary.value(right)?)
}

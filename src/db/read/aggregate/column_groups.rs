//! The groups of rows of columns: each row of a chunk gets the slot of its group.
//!
//! What is grouped by, or the one operand that it is computed of, has codes: those of a dictionary, or how far a whole number
//! is from the least one. Codes of several columns are one number together. Where there are few such numbers each is a slot
//! itself; of many, those that occur get slots in the order in which they are met.

use std::collections::HashMap;

use crate::db::columns::column_chunk::{CHUNK_ROWS, ChunkData, ColumnChunk, PackedCodes};
use crate::db::columns::columns::Columns;
use crate::db::columns::value_column::ValueColumn;
use crate::db::read::aggregate::query::{BoundAggregate, TypedProgram};
use crate::error::{Error, Result};
use crate::expr::{Operand, RowAccess};
use crate::types::Value;

/// Most numbers of groups that are slots themselves.
const DENSE_SLOTS_MAX: u64 = 4096;
/// Most slots of one query, as ordinals are the most rows.
const SLOTS_MAX: usize = u32::MAX as usize;

/// A slot for each row of a chunk.
pub(super) type ChunkSlots = [u32; CHUNK_ROWS];

/// The groups of columns.
pub(super) struct ColumnGroups<'a> {
    parts: Vec<GroupPart<'a>>,
    /// How many numbers of groups there are.
    total: u64,
    /// The slots of numbers, where there are too many for slots of their own, and the numbers of slots.
    found: HashMap<u64, u32>,
    numbers: Vec<u64>,
}

/// One of the columns that is grouped by.
struct GroupPart<'a> {
    codes: ColumnCodes<'a>,
    program: &'a TypedProgram,
    /// How many codes there are, that of NULL as the last.
    size: u64,
    /// What a code counts in the number of a group.
    stride: u64,
}

impl<'a> ColumnGroups<'a> {
    /// The groups of a query; `None` where it groups by something without codes.
    pub fn of(query: &'a BoundAggregate, columns: &'a Columns) -> Option<ColumnGroups<'a>> {
        let (mut parts, mut total) = (Vec::with_capacity(query.groups.len()), 1_u64);
        for program in &query.groups {
            let codes = ColumnCodes::of(columns.column(program.program.only_operand()?)?)?;
            let size = codes.count.checked_add(1)?;
            parts.push(GroupPart { codes, program, size, stride: total });
            total = total.checked_mul(size)?;
        }
        Some(ColumnGroups { parts, total, found: HashMap::new(), numbers: Vec::new() })
    }

    /// Whether all rows are one group.
    pub fn is_whole(&self) -> bool {
        self.parts.is_empty()
    }

    /// Slots that there may be now.
    pub fn slots(&self) -> usize {
        if self.is_dense() { usize::try_from(self.total).unwrap_or(usize::MAX) } else { self.numbers.len() }
    }

    /// How many slots there will be, where that is known before.
    pub fn dense_slots(&self) -> Option<u64> {
        self.is_dense().then_some(self.total)
    }

    fn is_dense(&self) -> bool {
        self.total <= DENSE_SLOTS_MAX
    }

    /// Finds the slots of the selected rows of a chunk; what stands at the others means nothing.
    ///
    /// # Errors
    /// XX000 for more groups than there are slots.
    pub fn fill(&mut self, chunk: usize, selected: &[u64], slots: &mut ChunkSlots) -> Result<()> {
        if self.is_whole() {
            slots.fill(0);
            return Ok(());
        }
        let mut numbers = [0_u64; CHUNK_ROWS];
        for part in &self.parts {
            if let Some(chunk) = part.codes.column.chunks().get(chunk) {
                part.add_to(chunk, &mut numbers);
            }
        }
        if self.is_dense() {
            for (slot, number) in slots.iter_mut().zip(&numbers) {
                *slot = *number as u32;
            }
            return Ok(());
        }
        let mut last = (u64::MAX, 0_u32);
        for (word, base) in selected.iter().zip((0..).step_by(u64::BITS as usize)) {
            let mut rest = *word;
            while rest != 0 {
                let row = base + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let (Some(number), Some(slot)) = (numbers.get(row), slots.get_mut(row)) else { continue };
                if last.0 != *number {
                    last = (*number, slot_of(&mut self.found, &mut self.numbers, *number)?);
                }
                *slot = last.1;
            }
        }
        Ok(())
    }

    /// What a slot is grouped by.
    ///
    /// # Errors
    /// As [`Value::cast`]; XX000 for a slot that there is not.
    pub fn values(&self, slot: usize) -> Result<Vec<Value>> {
        let number = match self.is_dense() {
            true => slot as u64,
            false => *self.numbers.get(slot).ok_or_else(|| Error::internal("a group has no number"))?,
        };
        self.parts.iter().map(|part| part.value(number / part.stride % part.size)).collect()
    }
}

/// The slot of a number, the next one where it is new.
fn slot_of(found: &mut HashMap<u64, u32>, numbers: &mut Vec<u64>, number: u64) -> Result<u32> {
    if let Some(slot) = found.get(&number) {
        return Ok(*slot);
    }
    let slot = u32::try_from(numbers.len()).ok().filter(|_| numbers.len() < SLOTS_MAX);
    let slot = slot.ok_or_else(|| Error::internal("more groups than rows"))?;
    numbers.push(number);
    found.insert(number, slot);
    Ok(slot)
}

/// The codes of the values of a column: those of its dictionary, or how far its whole numbers are from the least.
#[derive(Clone, Copy)]
pub(super) struct ColumnCodes<'a> {
    pub column: &'a ValueColumn,
    /// The least whole number; 0 for codes of a dictionary.
    least: i64,
    /// How many codes there are.
    pub count: u64,
}

impl<'a> ColumnCodes<'a> {
    /// The codes of a column; `None` for one without.
    pub fn of(column: &'a ValueColumn) -> Option<ColumnCodes<'a>> {
        if let Some(dictionary) = column.dictionary() {
            return Some(ColumnCodes { column, least: 0, count: dictionary.len() as u64 });
        }
        if !column.kind().is_int() {
            return None;
        }
        let (mut least, mut greatest) = (i64::MAX, i64::MIN);
        for (low, high) in column.chunks().iter().filter_map(|chunk| chunk.zone().ints) {
            (least, greatest) = (least.min(low), greatest.max(high));
        }
        if least > greatest {
            return Some(ColumnCodes { column, least: 0, count: 0 });
        }
        let count = greatest.checked_sub(least)?.checked_add(1)?.cast_unsigned();
        Some(ColumnCodes { column, least, count })
    }

    /// The packed codes of a chunk, and what each has to be added to; `None` where no row has a value.
    pub fn of_chunk<'c>(&self, chunk: &'c ColumnChunk) -> Option<(u64, &'c PackedCodes)> {
        match chunk.data() {
            ChunkData::Dictionary(codes) => Some((0, codes)),
            ChunkData::Ints { base, codes } => Some((base.wrapping_sub(self.least).cast_unsigned(), codes)),
            _ => None,
        }
    }

    /// What an expression makes of the value of a code.
    ///
    /// # Errors
    /// As [`TypedProgram::value`]; XX000 for a code that there is not.
    pub fn computed(&self, code: u64, program: &TypedProgram) -> Result<Value> {
        let value = match self.column.dictionary() {
            Some(dictionary) => u32::try_from(code).ok().and_then(|code| dictionary.value(code)).cloned(),
            None => Some(self.column.kind().unpacked(self.least.wrapping_add_unsigned(code))),
        };
        let value = value.ok_or_else(|| Error::internal("a code of a column has no value"))?;
        program.value(&OneValue(value))
    }
}

/// A row of which one operand is asked.
struct OneValue(Value);

impl RowAccess for OneValue {
    fn value(&self, _operand: &Operand) -> Result<Value> {
        Ok(self.0.clone())
    }
}

impl GroupPart<'_> {
    /// Adds what its codes count to the numbers of the rows of a chunk.
    fn add_to(&self, chunk: &ColumnChunk, numbers: &mut [u64; CHUNK_ROWS]) {
        let null = self.size - 1;
        let Some((first, codes)) = self.codes.of_chunk(chunk) else {
            numbers.iter_mut().for_each(|number| *number = number.wrapping_add(null.wrapping_mul(self.stride)));
            return;
        };
        match codes {
            PackedCodes::U8(codes) => self.add_codes(first, codes, numbers),
            PackedCodes::U16(codes) => self.add_codes(first, codes, numbers),
            PackedCodes::U32(codes) => self.add_codes(first, codes, numbers),
            PackedCodes::U64(codes) => self.add_codes(first, codes, numbers),
        }
        for (word, base) in chunk.valid().iter().zip((0..).step_by(u64::BITS as usize)) {
            let mut rest = !*word;
            while rest != 0 {
                let row = base + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                // Rows without a value have the code 0.
                if let Some(number) = numbers.get_mut(row) {
                    *number = number.wrapping_add(null.wrapping_sub(first).wrapping_mul(self.stride));
                }
            }
        }
    }

    fn add_codes<T: Copy + Into<u64>>(&self, first: u64, codes: &[T], numbers: &mut [u64; CHUNK_ROWS]) {
        for (number, code) in numbers.iter_mut().zip(codes) {
            *number = number.wrapping_add(first.wrapping_add((*code).into()).wrapping_mul(self.stride));
        }
    }

    /// The value of a code.
    fn value(&self, code: u64) -> Result<Value> {
        if code == self.size - 1 {
            self.program.value(&OneValue(Value::Null))
        } else {
            self.codes.computed(code, self.program)
        }
    }
}

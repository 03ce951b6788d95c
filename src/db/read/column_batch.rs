//! The values of one output for the rows of a batch, copied from a column and from entries that were read one by one.

use crate::db::columns::column_chunk::{CHUNK_ROWS, ChunkData, ColumnChunk};
use crate::db::columns::value_column::ValueColumn;
use crate::db::columns::value_kind::ValueKind;
use crate::db::read::cursor::Row;
use crate::error::{Error, Result};
use crate::types::{ColumnType, Value};

/// The values of one output, by row. What stands where `valid` is false means nothing.
#[derive(Clone, Debug)]
pub enum ColumnValues {
    /// Booleans as 0 and 1, integers, days of dates, microseconds of times and timestamps, and the digits of decimals with `scale` of
    /// them behind the point; of the output's own type.
    Ints {
        numbers: Vec<i64>,
        scale: u32,
        valid: Vec<bool>,
    },
    Float4 {
        numbers: Vec<f32>,
        valid: Vec<bool>,
    },
    Float8 {
        numbers: Vec<f64>,
        valid: Vec<bool>,
    },
    /// Where each text ends in the bytes of all, which are UTF-8.
    Texts {
        ends: Vec<i32>,
        bytes: Vec<u8>,
        valid: Vec<bool>,
    },
    /// Any others.
    Values(Vec<Value>),
}

/// A row of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) enum BatchRow {
    /// Of columns.
    Ordinal(u32),
    /// Of those that were read one by one, by number.
    Entry(usize),
}

/// The rows of a batch, and the entries among them.
pub(super) struct BatchRows<'a> {
    pub rows: &'a [BatchRow],
    pub entries: &'a [Row],
    /// The position of the output in an entry's row.
    pub position: usize,
}

impl BatchRows<'_> {
    /// The values of an output of a type, from its column.
    ///
    /// # Errors
    /// XX000 for a row that the column does not have, a defect of whoever chose the rows.
    pub fn values(&self, column: &ValueColumn, ty: &ColumnType) -> Result<ColumnValues> {
        let packed = match (column.kind(), column.dictionary()) {
            (ValueKind::Float4, None) if *ty == ColumnType::Float4 => self.floats4(column),
            (ValueKind::Float8, None) if *ty == ColumnType::Float8 => self.floats8(column),
            (kind, None) if holds(kind, ty) => self.ints(column),
            (kind, _) if kind.is_text() && is_shown_as_text(ty) => self.texts(column),
            _ => None,
        };
        match packed {
            Some(values) => Ok(values),
            None => self.any(column),
        }
    }

    /// Calls `take` with the row of a chunk where a row is of columns and has a value, with the entry's value, or with neither for
    /// NULL; `None` where `take` gives up.
    fn each<'v>(
        &'v self,
        column: &'v ValueColumn,
        mut take: impl FnMut(Option<(&'v ColumnChunk, usize)>, &'v Value) -> Option<()>,
    ) -> Option<()> {
        const NULL: &Value = &Value::Null;
        for row in self.rows {
            match row {
                BatchRow::Ordinal(ordinal) => {
                    let (number, row) = (*ordinal as usize / CHUNK_ROWS, *ordinal as usize % CHUNK_ROWS);
                    let chunk = column.chunks().get(number).filter(|chunk| chunk.is_valid(row));
                    take(chunk.map(|chunk| (&**chunk, row)), NULL)?;
                }
                BatchRow::Entry(number) => {
                    let value = self.entries.get(*number).and_then(|entry| entry.get(self.position));
                    take(None, value.unwrap_or(NULL))?;
                }
            }
        }
        Some(())
    }

    fn ints(&self, column: &ValueColumn) -> Option<ColumnValues> {
        let kind = column.kind();
        let scale = if let ValueKind::Numeric { scale } = kind { scale } else { 0 };
        let (mut numbers, mut valid) = (Vec::with_capacity(self.rows.len()), Vec::with_capacity(self.rows.len()));
        self.each(column, |packed, value| {
            let number = match (packed, value) {
                (Some((chunk, row)), _) => match chunk.data() {
                    ChunkData::Ints { base, codes } => Some(base.wrapping_add_unsigned(codes.get(row))),
                    _ => return None,
                },
                (None, Value::Null) => None,
                (None, value) => Some(kind.packed(value)?),
            };
            numbers.push(number.unwrap_or_default());
            valid.push(number.is_some());
            Some(())
        })?;
        Some(ColumnValues::Ints { numbers, scale, valid })
    }

    fn floats4(&self, column: &ValueColumn) -> Option<ColumnValues> {
        let (mut numbers, mut valid) = (Vec::with_capacity(self.rows.len()), Vec::with_capacity(self.rows.len()));
        self.each(column, |packed, value| {
            let number = match (packed, value) {
                (Some((chunk, row)), _) => match chunk.data() {
                    ChunkData::Float4(numbers) => Some(*numbers.get(row)?),
                    _ => return None,
                },
                (None, Value::Null) => None,
                (None, Value::Float4(number)) => Some(*number),
                (None, _) => return None,
            };
            numbers.push(number.unwrap_or_default());
            valid.push(number.is_some());
            Some(())
        })?;
        Some(ColumnValues::Float4 { numbers, valid })
    }

    fn floats8(&self, column: &ValueColumn) -> Option<ColumnValues> {
        let (mut numbers, mut valid) = (Vec::with_capacity(self.rows.len()), Vec::with_capacity(self.rows.len()));
        self.each(column, |packed, value| {
            let number = match (packed, value) {
                (Some((chunk, row)), _) => match chunk.data() {
                    ChunkData::Float8(numbers) => Some(*numbers.get(row)?),
                    _ => return None,
                },
                (None, Value::Null) => None,
                (None, Value::Float8(number)) => Some(*number),
                (None, _) => return None,
            };
            numbers.push(number.unwrap_or_default());
            valid.push(number.is_some());
            Some(())
        })?;
        Some(ColumnValues::Float8 { numbers, valid })
    }

    fn texts(&self, column: &ValueColumn) -> Option<ColumnValues> {
        let dictionary = column.dictionary();
        let (mut ends, mut valid) = (Vec::with_capacity(self.rows.len()), Vec::with_capacity(self.rows.len()));
        let mut bytes = Vec::new();
        self.each(column, |packed, value| {
            let text = match (packed, value) {
                (Some((chunk, row)), _) => match chunk.data() {
                    ChunkData::Dictionary(codes) => {
                        let code = u32::try_from(codes.get(row)).ok()?;
                        Some(text_of(dictionary?.value(code)?)?)
                    }
                    ChunkData::Text { .. } => Some(chunk.text(row)?),
                    _ => return None,
                },
                (None, Value::Null) => None,
                (None, value) => Some(text_of(value)?),
            };
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
            ends.push(i32::try_from(bytes.len()).ok()?);
            valid.push(text.is_some());
            Some(())
        })?;
        Some(ColumnValues::Texts { ends, bytes, valid })
    }

    fn any(&self, column: &ValueColumn) -> Result<ColumnValues> {
        let value = |row: &BatchRow| match row {
            BatchRow::Ordinal(ordinal) => column.value(*ordinal),
            BatchRow::Entry(number) => self.entries.get(*number).and_then(|entry| entry.get(self.position)).cloned(),
        };
        let missing = || Error::internal("a row is read of columns that do not have it");
        let values = self.rows.iter().map(|row| value(row).ok_or_else(missing));
        Ok(ColumnValues::Values(values.collect::<Result<_>>()?))
    }
}

/// Whether packed whole numbers of a kind are values of a type as they are.
fn holds(kind: ValueKind, ty: &ColumnType) -> bool {
    matches!(
        (kind, ty),
        (ValueKind::Bool, ColumnType::Bool)
            | (ValueKind::Int2, ColumnType::Int2)
            | (ValueKind::Int4, ColumnType::Int4)
            | (ValueKind::Int8, ColumnType::Int8)
            | (ValueKind::Date, ColumnType::Date)
            | (ValueKind::Time, ColumnType::Time)
            | (ValueKind::Timestamp, ColumnType::Timestamp)
            | (ValueKind::TimestampTz, ColumnType::TimestampTz)
            | (ValueKind::Numeric { .. }, ColumnType::Numeric(_))
    )
}

fn is_shown_as_text(ty: &ColumnType) -> bool {
    ty.is_text() || matches!(ty, ColumnType::Json | ColumnType::Jsonb)
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Json(text) => Some(text),
        _ => None,
    }
}

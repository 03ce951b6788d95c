//! A chunk while its values come or change, before it is packed.

use std::borrow::Cow;

use crate::db::columns::bitmap::WORD_BITS;
use crate::db::columns::column_chunk::{
    CHUNK_WORDS, ChunkBits, ChunkData, ChunkZone, ColumnChunk, PackedCodes, has, order_floats,
};
use crate::db::columns::value_kind::ValueKind;
use crate::types::Value;

/// Bytes of a value in a column, at most; what is longer is read from its entry.
const VALUE_BYTES_MAX: usize = 1024;

/// The values of a chunk, unpacked. A row without one is NULL or apart.
pub(crate) struct ChunkDraft<'a> {
    kind: ValueKind,
    rows: usize,
    valid: ChunkBits,
    apart: ChunkBits,
    values: DraftValues<'a>,
}

enum DraftValues<'a> {
    Ints(Vec<i64>),
    Float4(Vec<f32>),
    Float8(Vec<f64>),
    Codes(Vec<u64>),
    Text(Vec<Cow<'a, str>>),
}

impl<'a> ChunkDraft<'a> {
    /// So many rows that are NULL, of a column of a kind, with or without a dictionary.
    pub fn nothing(kind: ValueKind, has_dictionary: bool, rows: usize) -> ChunkDraft<'a> {
        let values = match kind {
            _ if has_dictionary => DraftValues::Codes(vec![0; rows]),
            ValueKind::Float4 => DraftValues::Float4(vec![0.0; rows]),
            ValueKind::Float8 => DraftValues::Float8(vec![0.0; rows]),
            kind if kind.is_int() => DraftValues::Ints(vec![0; rows]),
            _ => DraftValues::Text(vec![Cow::Borrowed(""); rows]),
        };
        ChunkDraft { kind, rows, valid: [0; CHUNK_WORDS], apart: [0; CHUNK_WORDS], values }
    }

    /// The rows of a chunk of such a column, and NULLs behind them where `rows` are more.
    pub fn of(chunk: &'a ColumnChunk, kind: ValueKind, has_dictionary: bool, rows: usize) -> ChunkDraft<'a> {
        let mut draft = ChunkDraft::nothing(kind, has_dictionary, rows);
        draft.valid = *chunk.valid();
        draft.apart = chunk.apart().copied().unwrap_or([0; CHUNK_WORDS]);
        match (&mut draft.values, chunk.data()) {
            (DraftValues::Ints(numbers), ChunkData::Ints { base, codes }) => {
                for (row, number) in numbers.iter_mut().enumerate() {
                    *number = base.wrapping_add_unsigned(codes.get(row));
                }
            }
            (DraftValues::Float4(numbers), ChunkData::Float4(old)) => {
                numbers.iter_mut().zip(old).for_each(|(number, old)| *number = *old);
            }
            (DraftValues::Float8(numbers), ChunkData::Float8(old)) => {
                numbers.iter_mut().zip(old).for_each(|(number, old)| *number = *old);
            }
            (DraftValues::Codes(codes), ChunkData::Dictionary(old)) => {
                codes.iter_mut().enumerate().for_each(|(row, code)| *code = old.get(row));
            }
            (DraftValues::Text(texts), ChunkData::Text { .. }) => {
                for (row, text) in texts.iter_mut().enumerate() {
                    *text = Cow::Borrowed(chunk.text(row).unwrap_or_default());
                }
            }
            // None of its rows has a value.
            _ => {}
        }
        draft
    }

    /// Gives a row a value; it is apart where the column cannot hold it. `code` gives the code of a value in the column's
    /// dictionary, and takes it in where it is new.
    pub fn put(&mut self, row: usize, value: &Value, code: &mut dyn FnMut(&Value) -> Option<u32>) {
        let is_packed = self.place(row, value, code).is_some();
        mark(&mut self.valid, row, is_packed);
        mark(&mut self.apart, row, !is_packed && !value.is_null());
    }

    /// Says of a row that its value does not fit.
    pub fn set_apart(&mut self, row: usize) {
        mark(&mut self.valid, row, false);
        mark(&mut self.apart, row, true);
    }

    /// Puts a value into its place; `None` where it is NULL or does not fit.
    fn place(&mut self, row: usize, value: &Value, code: &mut dyn FnMut(&Value) -> Option<u32>) -> Option<()> {
        match (&mut self.values, value) {
            (_, Value::Null | Value::Vector(_) | Value::Sparse(_) | Value::Array(..)) => return None,
            (_, Value::TsVector(_) | Value::TsQuery(_) | Value::Enum(_)) => return None,
            (_, Value::Range(_) | Value::Multirange(_)) => return None,
            (_, value) if value.bytes() > VALUE_BYTES_MAX => return None,
            (DraftValues::Ints(numbers), value) => *numbers.get_mut(row)? = self.kind.packed(value)?,
            (DraftValues::Float4(numbers), Value::Float4(number)) => *numbers.get_mut(row)? = *number,
            (DraftValues::Float8(numbers), Value::Float8(number)) => *numbers.get_mut(row)? = *number,
            (DraftValues::Codes(codes), value) => {
                let fits = self.kind == ValueKind::Any || ValueKind::of(value) == Some(self.kind);
                *codes.get_mut(row)? = u64::from(if fits { code(value)? } else { return None });
            }
            (DraftValues::Text(texts), value) if ValueKind::of(value) == Some(self.kind) => {
                *texts.get_mut(row)? = Cow::Owned(value.as_str()?.to_string());
            }
            _ => return None,
        }
        Some(())
    }

    /// The chunk.
    pub fn pack(mut self) -> ColumnChunk {
        let mut zone = ChunkZone::default();
        let data = match std::mem::replace(&mut self.values, DraftValues::Codes(Vec::new())) {
            DraftValues::Ints(numbers) => {
                zone.ints = self.bounds(numbers.iter().copied(), |left, right| left < right);
                let base = zone.ints.map_or(0, |(least, _)| least);
                let distance = |(row, number): (usize, &i64)| {
                    if has(&self.valid, row) { number.wrapping_sub(base).cast_unsigned() } else { 0 }
                };
                let codes: Vec<u64> = numbers.iter().enumerate().map(distance).collect();
                ChunkData::Ints { base, codes: PackedCodes::of(&codes) }
            }
            DraftValues::Float4(numbers) => {
                zone.floats = self.float_bounds(numbers.iter().map(|number| f64::from(*number)));
                ChunkData::Float4(numbers.into())
            }
            DraftValues::Float8(numbers) => {
                zone.floats = self.float_bounds(numbers.iter().copied());
                ChunkData::Float8(numbers.into())
            }
            DraftValues::Codes(mut codes) => {
                codes.iter_mut().enumerate().filter(|(row, _)| !has(&self.valid, *row)).for_each(|(_, code)| *code = 0);
                ChunkData::Dictionary(PackedCodes::of(&codes))
            }
            DraftValues::Text(texts) => self.pack_texts(&texts),
        };
        ColumnChunk::new(self.rows, self.valid, self.apart, zone, data)
    }

    fn pack_texts(&mut self, texts: &[Cow<'_, str>]) -> ChunkData {
        let mut bytes = String::new();
        let mut ends = Vec::with_capacity(texts.len());
        let mut end = 0;
        for (row, text) in texts.iter().enumerate().take(self.rows) {
            if has(&self.valid, row) {
                // Ends are numbers of 32 bits: a text behind that is apart.
                match u32::try_from(bytes.len() + text.len()) {
                    Ok(next) => {
                        bytes.push_str(text);
                        end = next;
                    }
                    Err(_) => {
                        mark(&mut self.valid, row, false);
                        mark(&mut self.apart, row, true);
                    }
                }
            }
            ends.push(end);
        }
        ChunkData::Text { ends: ends.into(), bytes: bytes.into() }
    }

    fn float_bounds(&self, numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
        self.bounds(numbers, |left, right| order_floats(left, right).is_lt())
    }

    /// The least and the greatest of the valid numbers.
    fn bounds<T: Copy>(&self, numbers: impl Iterator<Item = T>, is_less: impl Fn(T, T) -> bool) -> Option<(T, T)> {
        let mut bounds: Option<(T, T)> = None;
        for (_, number) in numbers.enumerate().filter(|(row, _)| has(&self.valid, *row)) {
            let (least, greatest) = bounds.unwrap_or((number, number));
            let least = if is_less(number, least) { number } else { least };
            let greatest = if is_less(greatest, number) { number } else { greatest };
            bounds = Some((least, greatest));
        }
        bounds
    }
}

fn mark(bits: &mut ChunkBits, row: usize, is_set: bool) {
    if let Some(word) = bits.get_mut(row / WORD_BITS) {
        let bit = 1 << (row % WORD_BITS);
        *word = if is_set { *word | bit } else { *word & !bit };
    }
}

//! The values of one column for 4,096 ordinals, packed, with what is known of all of them.

use std::cmp::Ordering;

use crate::db::columns::bitmap::WORD_BITS;
use crate::db::columns::dictionary::ColumnDictionary;
use crate::db::columns::int_range::mark_all;
use crate::db::columns::value_kind::ValueKind;
use crate::types::Value;

/// Ordinals of a chunk; the last one of a column may have fewer.
pub(crate) const CHUNK_ROWS: usize = 4096;
/// Words of a chunk's bits.
pub(crate) const CHUNK_WORDS: usize = CHUNK_ROWS / WORD_BITS;

/// The bits of a chunk.
pub(crate) type ChunkBits = [u64; CHUNK_WORDS];

/// The values of one column for a chunk of ordinals.
#[derive(Clone, Debug)]
pub(crate) struct ColumnChunk {
    rows: usize,
    zone: ChunkZone,
    valid: ChunkBits,
    /// Rows whose value does not fit in the column: it is read from the entry. `None` where there are none.
    apart: Option<Box<ChunkBits>>,
    data: ChunkData,
}

/// What is known of all values of a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ChunkZone {
    /// Rows that are NULL, those without an entry among them.
    pub nulls: usize,
    pub apart: usize,
    /// The least and the greatest of packed whole numbers.
    pub ints: Option<(i64, i64)>,
    /// The least and the greatest of floats, NaN above all.
    pub floats: Option<(f64, f64)>,
}

/// The values of a chunk by row. What stands where a row is not valid means nothing.
#[derive(Clone, Debug)]
pub(crate) enum ChunkData {
    /// No row has a value.
    Nothing,
    /// Whole numbers as their distance from a base, which is the least.
    Ints {
        base: i64,
        codes: PackedCodes,
    },
    Float4(Box<[f32]>),
    Float8(Box<[f64]>),
    /// Codes of the column's dictionary.
    Dictionary(PackedCodes),
    /// Where each text ends in the bytes, and the bytes of all.
    Text {
        ends: Box<[u32]>,
        bytes: Box<str>,
    },
}

/// Numbers from 0 in as few bytes as the greatest of them takes.
#[derive(Clone, Debug)]
pub(crate) enum PackedCodes {
    U8(Box<[u8]>),
    U16(Box<[u16]>),
    U32(Box<[u32]>),
    U64(Box<[u64]>),
}

impl PackedCodes {
    /// Packs numbers.
    pub fn of(codes: &[u64]) -> PackedCodes {
        match codes.iter().copied().max().unwrap_or_default() {
            0..=0xff => PackedCodes::U8(codes.iter().map(|code| *code as u8).collect()),
            0x100..=0xffff => PackedCodes::U16(codes.iter().map(|code| *code as u16).collect()),
            0x1_0000..=0xffff_ffff => PackedCodes::U32(codes.iter().map(|code| *code as u32).collect()),
            _ => PackedCodes::U64(codes.into()),
        }
    }

    /// The number of a row; 0 behind the last.
    pub fn get(&self, row: usize) -> u64 {
        match self {
            PackedCodes::U8(codes) => codes.get(row).map_or(0, |code| u64::from(*code)),
            PackedCodes::U16(codes) => codes.get(row).map_or(0, |code| u64::from(*code)),
            PackedCodes::U32(codes) => codes.get(row).map_or(0, |code| u64::from(*code)),
            PackedCodes::U64(codes) => codes.get(row).copied().unwrap_or_default(),
        }
    }

    /// Sets the bits of the rows whose number is wanted.
    pub fn mark(&self, bits: &mut ChunkBits, is_wanted: impl Fn(usize) -> bool) {
        match self {
            PackedCodes::U8(codes) => mark_all(codes, bits, |code| is_wanted(usize::from(code))),
            PackedCodes::U16(codes) => mark_all(codes, bits, |code| is_wanted(usize::from(code))),
            PackedCodes::U32(codes) => mark_all(codes, bits, |code| is_wanted(code as usize)),
            PackedCodes::U64(codes) => mark_all(codes, bits, |code| usize::try_from(code).is_ok_and(&is_wanted)),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            PackedCodes::U8(codes) => codes.len(),
            PackedCodes::U16(codes) => size_of_val::<[u16]>(codes),
            PackedCodes::U32(codes) => size_of_val::<[u32]>(codes),
            PackedCodes::U64(codes) => size_of_val::<[u64]>(codes),
        }
    }
}

impl ColumnChunk {
    /// The chunk of a draft; what `data` says of rows that are not valid means nothing.
    pub fn new(rows: usize, valid: ChunkBits, apart: ChunkBits, zone: ChunkZone, data: ChunkData) -> ColumnChunk {
        let (valid_rows, apart_rows) = (count(&valid), count(&apart));
        let zone = ChunkZone { nulls: rows.saturating_sub(valid_rows + apart_rows), apart: apart_rows, ..zone };
        ColumnChunk {
            rows,
            zone,
            valid,
            apart: (apart_rows > 0).then(|| Box::new(apart)),
            data: if valid_rows > 0 { data } else { ChunkData::Nothing },
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn zone(&self) -> &ChunkZone {
        &self.zone
    }

    /// The rows whose value is here: neither NULL nor apart.
    pub fn valid(&self) -> &ChunkBits {
        &self.valid
    }

    /// The rows whose value has to be read from the entry.
    pub fn apart(&self) -> Option<&ChunkBits> {
        self.apart.as_deref()
    }

    pub fn data(&self) -> &ChunkData {
        &self.data
    }

    pub fn is_valid(&self, row: usize) -> bool {
        has(&self.valid, row)
    }

    pub fn is_apart(&self, row: usize) -> bool {
        self.apart.as_ref().is_some_and(|apart| has(apart, row))
    }

    /// The text of a valid row of a column whose texts lie in its chunks.
    pub fn text(&self, row: usize) -> Option<&str> {
        let ChunkData::Text { ends, bytes } = &self.data else { return None };
        let end = *ends.get(row)? as usize;
        let start = row.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| *end as usize);
        bytes.get(start..end)
    }

    /// The value of a row, as it was to the bit; `None` for one that is apart.
    pub fn value(&self, row: usize, kind: ValueKind, dictionary: Option<&ColumnDictionary>) -> Option<Value> {
        if !self.is_valid(row) {
            return (!self.is_apart(row)).then_some(Value::Null);
        }
        match &self.data {
            ChunkData::Nothing => Some(Value::Null),
            ChunkData::Ints { base, codes } => Some(kind.unpacked(base.wrapping_add_unsigned(codes.get(row)))),
            ChunkData::Float4(numbers) => numbers.get(row).copied().map(Value::Float4),
            ChunkData::Float8(numbers) => numbers.get(row).copied().map(Value::Float8),
            ChunkData::Dictionary(codes) => {
                let code = u32::try_from(codes.get(row)).ok()?;
                dictionary.and_then(|dictionary| dictionary.value(code)).cloned()
            }
            ChunkData::Text { .. } if kind == ValueKind::Json => self.text(row).map(|text| Value::Json(text.into())),
            ChunkData::Text { .. } => self.text(row).map(Value::text),
        }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let data = match &self.data {
            ChunkData::Nothing => 0,
            ChunkData::Ints { codes, .. } | ChunkData::Dictionary(codes) => codes.bytes(),
            ChunkData::Float4(numbers) => size_of_val::<[f32]>(numbers),
            ChunkData::Float8(numbers) => size_of_val::<[f64]>(numbers),
            ChunkData::Text { ends, bytes } => size_of_val::<[u32]>(ends) + bytes.len(),
        };
        size_of::<ColumnChunk>() + data + self.apart.as_ref().map_or(0, |_| size_of::<ChunkBits>())
    }
}

/// The order of floats as values: NaN is one and above all, the zeros are equal.
pub(crate) fn order_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

/// Whether the bit of a row is set.
pub(crate) fn has(bits: &ChunkBits, row: usize) -> bool {
    bits.get(row / WORD_BITS).is_some_and(|word| word >> (row % WORD_BITS) & 1 == 1)
}

fn count(bits: &ChunkBits) -> usize {
    bits.iter().map(|word| word.count_ones() as usize).sum()
}

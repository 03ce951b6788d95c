//! Bytes of one field of a record: a tag, then the value, little-endian, up to the end of the field.
//!
//! A [`ValueRef`] reads texts and bytes where they lie, so that a scan over one field of many records copies nothing. Tags
//! never change.

use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::types::full_text::wire::{read_query_bytes, read_vector_bytes, write_query_bytes, write_vector_bytes};
use crate::types::ranges::ordered_bytes::value_of_bytes;
use crate::types::{Bits, ColumnType, EnumValue, Interval, Numeric, SparseVector, Value, bytes_of};

const REMOVED: u8 = 0;
const VECTOR_ELSEWHERE: u8 = 1;
const NULL: u8 = 2;
const FALSE: u8 = 3;
const TRUE: u8 = 4;
const INT2: u8 = 5;
const INT4: u8 = 6;
const INT8: u8 = 7;
const FLOAT4: u8 = 8;
const FLOAT8: u8 = 9;
const NUMERIC: u8 = 10;
const TEXT: u8 = 11;
const BYTEA: u8 = 12;
const JSON: u8 = 13;
const DATE: u8 = 14;
const TIME: u8 = 15;
const TIMESTAMP: u8 = 16;
const TIMESTAMP_TZ: u8 = 17;
const INTERVAL: u8 = 18;
const UUID: u8 = 19;
const VECTOR: u8 = 20;
const ARRAY: u8 = 21;
const SPARSE: u8 = 22;
const BITS: u8 = 23;
const TSVECTOR: u8 = 24;
const TSQUERY: u8 = 25;
const ENUM: u8 = 26;
/// A range or a multirange, which its bytes tell.
const RANGE: u8 = 27;

/// What a record holds under a name.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    Value(Value),
    /// The components lie in the vectors family.
    Vector {
        dimension: u32,
    },
    /// The tombstone of a removed field.
    Removed,
}

/// A stored value read where it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    Removed,
    /// The components lie in the vectors family.
    Vector {
        dimension: u32,
    },
    Null,
    Bool(bool),
    Int2(i16),
    Int4(i32),
    Int8(i64),
    Float4(f32),
    Float8(f64),
    /// The bytes of a number, not yet looked at.
    Numeric(&'a [u8]),
    Text(&'a str),
    Bytea(&'a [u8]),
    Json(&'a str),
    Date(i32),
    Time(i64),
    Timestamp(i64),
    TimestampTz(i64),
    Interval(Interval),
    Uuid(Uuid),
    /// Raw little-endian components of a vector that lies in the record itself.
    InlineVector(&'a [u8]),
    /// The type of the elements and the elements, not yet looked at.
    Array(&'a [u8]),
    /// The dimension, then places and components, not yet looked at.
    Sparse(&'a [u8]),
    /// The number of bits, then their bytes, not yet looked at.
    Bits(&'a [u8]),
    /// A document of full text in its binary form, not yet looked at.
    TsVector(&'a [u8]),
    /// A query of full text in its binary form, not yet looked at.
    TsQuery(&'a [u8]),
    /// A range or a multirange in its ordered bytes, not yet looked at.
    Range(&'a [u8]),
    /// The position of a label, whose type the column knows.
    Enum(i64),
}

impl ValueRef<'_> {
    /// The value on its own.
    ///
    /// # Errors
    /// XX001 for a damaged number, and for a damaged element of an array.
    pub fn to_stored(self) -> Result<Stored> {
        Ok(match self {
            ValueRef::Removed => Stored::Removed,
            ValueRef::Vector { dimension } => Stored::Vector { dimension },
            ValueRef::Null => Stored::Value(Value::Null),
            ValueRef::Bool(b) => Stored::Value(Value::Bool(b)),
            ValueRef::Int2(n) => Stored::Value(Value::Int2(n)),
            ValueRef::Int4(n) => Stored::Value(Value::Int4(n)),
            ValueRef::Int8(n) => Stored::Value(Value::Int8(n)),
            ValueRef::Float4(n) => Stored::Value(Value::Float4(n)),
            ValueRef::Float8(n) => Stored::Value(Value::Float8(n)),
            ValueRef::Numeric(bytes) => Stored::Value(Value::Numeric(decode_numeric(bytes)?)),
            ValueRef::Text(text) => Stored::Value(Value::Text(text.into())),
            ValueRef::Bytea(bytes) => Stored::Value(Value::Bytea(bytes.into())),
            ValueRef::Json(text) => Stored::Value(Value::Json(text.into())),
            ValueRef::Date(days) => Stored::Value(Value::Date(days)),
            ValueRef::Time(micros) => Stored::Value(Value::Time(micros)),
            ValueRef::Timestamp(micros) => Stored::Value(Value::Timestamp(micros)),
            ValueRef::TimestampTz(micros) => Stored::Value(Value::TimestampTz(micros)),
            ValueRef::Interval(interval) => Stored::Value(Value::Interval(interval)),
            ValueRef::Uuid(uuid) => Stored::Value(Value::Uuid(uuid)),
            ValueRef::InlineVector(bytes) => Stored::Value(Value::Vector(components(bytes))),
            ValueRef::Array(bytes) => Stored::Value(decode_array(bytes)?),
            ValueRef::Sparse(bytes) => Stored::Value(decode_sparse(bytes)?),
            ValueRef::Bits(bytes) => Stored::Value(decode_bits(bytes)?),
            ValueRef::Range(bytes) => Stored::Value(value_of_bytes(bytes).ok_or_else(|| corrupted("a range is none"))?),
            ValueRef::Enum(position) => Stored::Value(Value::Enum(EnumValue::unresolved(position))),
            ValueRef::TsVector(bytes) => {
                Stored::Value(Value::TsVector(Arc::new(read_vector_bytes(bytes).map_err(|error| damaged(&error))?)))
            }
            ValueRef::TsQuery(bytes) => {
                Stored::Value(Value::TsQuery(Arc::new(read_query_bytes(bytes).map_err(|error| damaged(&error))?)))
            }
        })
    }
}

/// The components of raw little-endian bytes, as the vectors family holds them.
///
/// # Errors
/// XX001 for bytes that are no whole number of components.
pub fn vector_of_bytes(bytes: &[u8]) -> Result<Arc<[f32]>> {
    if !bytes.len().is_multiple_of(size_of::<f32>()) {
        return Err(corrupted("a vector is cut off"));
    }
    Ok(components(bytes))
}

/// A vector as the vectors family holds it: raw little-endian components.
pub fn bytes_of_vector(vector: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of_val(vector));
    append_components(vector, &mut bytes);
    bytes
}

fn append_components(vector: &[f32], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + size_of_val(vector), 0);
    let (slots, _) = out.get_mut(start..).unwrap_or_default().as_chunks_mut();
    for (slot, component) in slots.iter_mut().zip(vector) {
        *slot = component.to_le_bytes();
    }
}

fn components(bytes: &[u8]) -> Arc<[f32]> {
    bytes.as_chunks().0.iter().map(|component| f32::from_le_bytes(*component)).collect()
}

/// Appends tag and value.
///
/// # Errors
/// `Unsupported` for an array of more than one dimension, 54000 for one with more elements or longer ones than lengths can tell.
pub(super) fn encode_stored(stored: &Stored, out: &mut Vec<u8>) -> Result<()> {
    match stored {
        Stored::Removed => out.push(REMOVED),
        Stored::Vector { dimension } => put(VECTOR_ELSEWHERE, &dimension.to_le_bytes(), out),
        Stored::Value(value) => encode_value(value, out)?,
    }
    Ok(())
}

fn encode_value(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(b) => out.push(if *b { TRUE } else { FALSE }),
        Value::Int2(n) => put(INT2, &n.to_le_bytes(), out),
        Value::Int4(n) => put(INT4, &n.to_le_bytes(), out),
        Value::Int8(n) => put(INT8, &n.to_le_bytes(), out),
        Value::Float4(n) => put(FLOAT4, &n.to_le_bytes(), out),
        Value::Float8(n) => put(FLOAT8, &n.to_le_bytes(), out),
        Value::Numeric(n) => {
            put(NUMERIC, &n.to_bytes(), out);
        }
        Value::Text(text) => put(TEXT, text.as_bytes(), out),
        Value::Bytea(bytes) => put(BYTEA, bytes, out),
        Value::Json(text) => put(JSON, text.as_bytes(), out),
        Value::Date(days) => put(DATE, &days.to_le_bytes(), out),
        Value::Time(micros) => put(TIME, &micros.to_le_bytes(), out),
        Value::Timestamp(micros) => put(TIMESTAMP, &micros.to_le_bytes(), out),
        Value::TimestampTz(micros) => put(TIMESTAMP_TZ, &micros.to_le_bytes(), out),
        Value::Interval(interval) => {
            put(INTERVAL, &interval.months.to_le_bytes(), out);
            out.extend_from_slice(&interval.days.to_le_bytes());
            out.extend_from_slice(&interval.micros.to_le_bytes());
        }
        Value::Uuid(uuid) => put(UUID, uuid.as_bytes(), out),
        Value::Vector(vector) => {
            out.push(VECTOR);
            append_components(vector, out);
        }
        Value::Sparse(vector) => {
            put(SPARSE, &vector.dimension().to_le_bytes(), out);
            for (place, component) in vector.elements() {
                out.extend_from_slice(&place.to_le_bytes());
                out.extend_from_slice(&component.to_le_bytes());
            }
        }
        Value::Bits(bits) => {
            put(BITS, &bits.length().to_le_bytes(), out);
            out.extend_from_slice(bits.bytes());
        }
        Value::Range(range) => put(RANGE, &range.to_bytes(), out),
        Value::Multirange(multirange) => put(RANGE, &multirange.to_bytes(), out),
        Value::Enum(value) => put(ENUM, &value.position.to_le_bytes(), out),
        Value::TsVector(vector) => {
            out.push(TSVECTOR);
            write_vector_bytes(vector, out);
        }
        Value::TsQuery(query) => {
            out.push(TSQUERY);
            write_query_bytes(query, out);
        }
        Value::Array(element, values) => {
            out.push(ARRAY);
            encode_array(element, values, out)?;
        }
    }
    Ok(())
}

/// Refuses the elements of an array that no column stores.
///
/// # Errors
/// 0A000 for an array of more than one dimension.
pub fn check_one_dimension(elements: &[Value]) -> Result<()> {
    if elements.iter().any(|element| matches!(element, Value::Array(..))) {
        return Err(Error::unsupported(
            "an array of more than one dimension cannot be stored",
            "Store it as jsonb, or its elements in one dimension.",
        ));
    }
    Ok(())
}

/// The name of the elements' type behind its length, then each element behind its own.
fn encode_array(element: &ColumnType, values: &[Value], out: &mut Vec<u8>) -> Result<()> {
    let too_long = || Error::new(ErrorKind::LimitExceeded, "an array has an element that is too long to be stored");
    let name = element.stored_name();
    out.push(u8::try_from(name.len()).map_err(|_| too_long())?);
    out.extend_from_slice(name.as_bytes());
    check_one_dimension(values)?;
    for value in values {
        let place = out.len();
        out.extend_from_slice(&[0; size_of::<u32>()]);
        encode_value(value, out)?;
        let length = out.len().saturating_sub(place).saturating_sub(size_of::<u32>());
        let length = u32::try_from(length).map_err(|_| too_long())?;
        if let Some(slot) = out.get_mut(place..).and_then(|rest| rest.first_chunk_mut()) {
            *slot = length.to_le_bytes();
        }
    }
    Ok(())
}

fn put(tag: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(payload);
}

pub(super) fn decode_stored(bytes: &[u8]) -> Result<ValueRef<'_>> {
    let (&tag, payload) = bytes.split_first().ok_or_else(|| corrupted("a field has no value"))?;
    Ok(match tag {
        REMOVED => ValueRef::Removed,
        VECTOR_ELSEWHERE => ValueRef::Vector { dimension: u32::from_le_bytes(fixed(payload)?) },
        NULL => ValueRef::Null,
        FALSE => ValueRef::Bool(false),
        TRUE => ValueRef::Bool(true),
        INT2 => ValueRef::Int2(i16::from_le_bytes(fixed(payload)?)),
        INT4 => ValueRef::Int4(i32::from_le_bytes(fixed(payload)?)),
        INT8 => ValueRef::Int8(i64::from_le_bytes(fixed(payload)?)),
        FLOAT4 => ValueRef::Float4(f32::from_le_bytes(fixed(payload)?)),
        FLOAT8 => ValueRef::Float8(f64::from_le_bytes(fixed(payload)?)),
        NUMERIC => ValueRef::Numeric(payload),
        TEXT => ValueRef::Text(text(payload)?),
        BYTEA => ValueRef::Bytea(payload),
        JSON => ValueRef::Json(text(payload)?),
        DATE => ValueRef::Date(i32::from_le_bytes(fixed(payload)?)),
        TIME => ValueRef::Time(i64::from_le_bytes(fixed(payload)?)),
        TIMESTAMP => ValueRef::Timestamp(i64::from_le_bytes(fixed(payload)?)),
        TIMESTAMP_TZ => ValueRef::TimestampTz(i64::from_le_bytes(fixed(payload)?)),
        INTERVAL => ValueRef::Interval(decode_interval(payload)?),
        UUID => ValueRef::Uuid(Uuid::from_bytes(fixed(payload)?)),
        VECTOR if payload.len().is_multiple_of(size_of::<f32>()) => ValueRef::InlineVector(payload),
        VECTOR => return Err(corrupted("a vector is cut off")),
        ARRAY => ValueRef::Array(payload),
        SPARSE => ValueRef::Sparse(payload),
        BITS => ValueRef::Bits(payload),
        TSVECTOR => ValueRef::TsVector(payload),
        TSQUERY => ValueRef::TsQuery(payload),
        RANGE => ValueRef::Range(payload),
        ENUM => ValueRef::Enum(i64::from_le_bytes(fixed(payload)?)),
        _ => return Err(corrupted(&format!("a field has the unknown tag {tag}"))),
    })
}

/// The elements of an array, each of the type that it names.
fn decode_array(payload: &[u8]) -> Result<Value> {
    let cut_off = || corrupted("an array is cut off");
    let (&length, rest) = payload.split_first().ok_or_else(cut_off)?;
    let (name, mut rest) = rest.split_at_checked(usize::from(length)).ok_or_else(cut_off)?;
    let element = ColumnType::parse(text(name)?).map_err(|_| corrupted("an array is of no type"))?;
    let mut values = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk().ok_or_else(cut_off)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut_off())?;
        let (value, after) = after.split_at_checked(length).ok_or_else(cut_off)?;
        rest = after;
        // An element that is an array is refused before it is looked at: nothing here goes deeper than once.
        if value.first() == Some(&ARRAY) {
            return Err(corrupted("an array holds an array"));
        }
        match decode_stored(value)?.to_stored()? {
            Stored::Value(value) if value.is_of(&element) => values.push(value),
            _ => return Err(corrupted("an array holds an element of another type")),
        }
    }
    Ok(Value::Array(Box::new(element), values))
}

fn decode_sparse(payload: &[u8]) -> Result<Value> {
    let (dimension, rest) = payload.split_first_chunk().ok_or_else(|| corrupted("a sparse vector is cut off"))?;
    let (elements, []) = rest.as_chunks::<{ size_of::<(u32, f32)>() }>() else {
        return Err(corrupted("a sparse vector is cut off"));
    };
    let element = |[a, b, c, d, e, f, g, h]: &[u8; 8]| {
        (u32::from_le_bytes([*a, *b, *c, *d]), f32::from_le_bytes([*e, *f, *g, *h]))
    };
    let vector = SparseVector::new(u32::from_le_bytes(*dimension), elements.iter().map(element).collect())
        .map_err(|error| corrupted(&format!("a sparse vector is none: {}", error.message())))?;
    if vector.count() != elements.len() {
        return Err(corrupted("a sparse vector keeps a component that is 0"));
    }
    Ok(Value::Sparse(Arc::new(vector)))
}

fn damaged(error: &Error) -> Error {
    corrupted(error.message())
}

fn decode_bits(payload: &[u8]) -> Result<Value> {
    let (length, bytes) = payload.split_first_chunk().ok_or_else(|| corrupted("a bit string is cut off"))?;
    let length = u32::from_le_bytes(*length);
    if bytes.len() != bytes_of(length) {
        return Err(corrupted("a bit string has another length than it says"));
    }
    let bits = Bits::new(bytes, length);
    if bits.bytes() != bytes {
        return Err(corrupted("a bit string has bits behind its end"));
    }
    Ok(Value::Bits(Box::new(bits)))
}

fn decode_numeric(payload: &[u8]) -> Result<Numeric> {
    Numeric::from_bytes(payload).ok_or_else(|| corrupted("a numeric is out of range"))
}

fn decode_interval(payload: &[u8]) -> Result<Interval> {
    let (months, rest) = payload.split_first_chunk().ok_or_else(|| corrupted("an interval is cut off"))?;
    let (days, micros) = rest.split_first_chunk().ok_or_else(|| corrupted("an interval is cut off"))?;
    Ok(Interval {
        months: i32::from_le_bytes(*months),
        days: i32::from_le_bytes(*days),
        micros: i64::from_le_bytes(fixed(micros)?),
    })
}

fn fixed<const N: usize>(payload: &[u8]) -> Result<[u8; N]> {
    payload.try_into().map_err(|_| corrupted(&format!("a value has {} bytes instead of {N}", payload.len())))
}

fn text(payload: &[u8]) -> Result<&str> {
    std::str::from_utf8(payload).map_err(|_| corrupted("a text is not UTF-8"))
}

pub(in crate::store) fn corrupted(what: &str) -> Error {
    Error::damaged(format!("a stored record is damaged: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode_value(value, &mut bytes).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Stored> {
        decode_stored(bytes)?.to_stored()
    }

    fn kinds() -> Vec<Value> {
        ["text[]", "bit varying[]", "vector[]", "interval[]", "sparsevec", "bit varying", "numeric(10,2)[]"]
            .into_iter()
            .zip(["{a,NULL,\"\"}", "{101,\"\"}", "{\"[1,2]\"}", "{1 mon}", "{1:2,5:-1}/9", "1011", "{1.50}"])
            .chain([
                ("numrange", "[1.50,2)"),
                ("datemultirange", "{(,2020-01-01),[2020-02-01,)}"),
                ("int8range[]", "{empty}"),
            ])
            .map(|(ty, text)| Value::parse_text(&ColumnType::parse(ty).unwrap(), text).unwrap())
            .collect()
    }

    #[test]
    fn arrays_sparse_vectors_and_bits_come_back() {
        for value in kinds() {
            assert_eq!(read(&written(&value)).unwrap(), Stored::Value(value));
        }
    }

    #[test]
    fn whatever_is_cut_or_changed_is_read_or_refused() {
        for value in kinds() {
            let bytes = written(&value);
            for end in 0..bytes.len() {
                let _read_or_refused = read(&bytes[..end]);
                for bit in 0..8 {
                    let mut damaged = bytes.clone();
                    damaged[end] ^= 1 << bit;
                    let _read_or_refused = read(&damaged);
                }
            }
        }
        let bits = written(&Value::parse_text(&ColumnType::Varbit(None), "101").unwrap());
        let mut behind = bits.clone();
        *behind.last_mut().unwrap() |= 1;
        assert_eq!(read(&behind).unwrap_err().kind(), ErrorKind::Corrupted);
    }

    #[test]
    fn an_array_in_an_array_is_not_stored() {
        let nested = Value::parse_text(&ColumnType::parse("int[]").unwrap(), "{{1},{2}}").unwrap();
        assert_eq!(encode_value(&nested, &mut Vec::new()).unwrap_err().sqlstate(), "0A000");
    }
}

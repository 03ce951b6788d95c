//! Parameters of a Bind message, in text or binary format, as values of the parameter's type.
//!
//! A parameter has no length or precision of its own, so a `char` arrives unlimited and without its padding. Fields of
//! COPY, which belong to declared columns, are read with [`Value::parse_text`] or cast afterwards.

use std::sync::Arc;

use half::f16;
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::codec::encode::{EPOCH_DAYS, EPOCH_MICROS, JSONB_VERSION};
use crate::pg::codec::numeric::read_numeric;
use crate::pg::codec::ranges::{read_multirange, read_range};
use crate::pg::codec::reader::Reader;
use crate::types::full_text::wire::{read_query_bytes, read_vector_bytes};
use crate::types::limits::BITS_MAX;
use crate::types::{
    ARRAY_DIMENSIONS_MAX, Bits, ColumnType, DATE_INFINITY, DATE_MINUS_INFINITY, Interval, MICROS_PER_DAY, SparseVector,
    TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, TextStyle, Value, bytes_of, check_dimension, check_text_bytes,
    check_vector, is_date, is_timestamp,
};

/// Reads a parameter in text format.
///
/// # Errors
/// 22021 for bytes that are not UTF-8 and for a NUL; as [`Value::parse_text`].
pub fn decode_text(ty: &ColumnType, bytes: &[u8], style: &TextStyle) -> Result<Value> {
    let text = check_text(bytes)?;
    match ty {
        ColumnType::Char(_) => Ok(Value::text(text.trim_end_matches(' '))),
        _ => style.parse(ty, text),
    }
}

/// Reads a parameter in binary format.
///
/// # Errors
/// 22P03 for bytes that are no such value, 22003 for a numeric and 22008 for a time out of range, 42804 for an array of another
/// type, 54000 for one of too many dimensions or digits; texts as [`decode_text`], vectors as `check_vector` and `check_dimension`.
pub fn decode_binary(ty: &ColumnType, bytes: &[u8]) -> Result<Value> {
    let mut reader = Reader::new(bytes, ty);
    let value = read_value(ty, &mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// UTF-8 without NUL, which no PostgreSQL text may hold.
fn check_text(bytes: &[u8]) -> Result<&str> {
    let invalid = |bytes: &[u8]| {
        let shown: Vec<String> = bytes.iter().take(4).map(|byte| format!("0x{byte:02x}")).collect();
        let message = format!("invalid byte sequence for encoding \"UTF8\": {}", shown.join(" "));
        Error::new(ErrorKind::InvalidEncoding, message)
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let length = error.error_len().unwrap_or(bytes.len() - start);
        invalid(bytes.get(start..start + length).unwrap_or_default())
    })?;
    if bytes.contains(&0) { Err(invalid(&[0])) } else { Ok(text) }
}

fn read_value(ty: &ColumnType, reader: &mut Reader<'_>) -> Result<Value> {
    let value = match ty {
        ColumnType::Bool => Value::Bool(reader.u8()? != 0),
        ColumnType::Int2 => Value::Int2(reader.i16()?),
        ColumnType::Int4 => Value::Int4(reader.i32()?),
        ColumnType::Int8 => Value::Int8(reader.i64()?),
        ColumnType::Oid | ColumnType::Reg(_) => Value::Int8(i64::from(reader.u32()?)),
        ColumnType::Float4 => Value::float4(f32::from_be_bytes(reader.array()?)),
        ColumnType::Float8 => Value::float8(f64::from_be_bytes(reader.array()?)),
        ColumnType::Numeric(_) => Value::Numeric(read_numeric(reader)?).cast(ty, false)?,
        ColumnType::Text
        | ColumnType::Varchar(_)
        | ColumnType::Char(_)
        | ColumnType::Name
        | ColumnType::CatalogChar
        | ColumnType::Unknown
        | ColumnType::Enum(_)
        | ColumnType::Json => decode_text(ty, reader.rest(), TextStyle::CANONICAL)?,
        ColumnType::Bytea => Value::Bytea(reader.rest().into()),
        ColumnType::Jsonb | ColumnType::Jsonpath => {
            let version = reader.u8()?;
            if version != JSONB_VERSION {
                let message = format!("unsupported {ty} version number {version}");
                return Err(Error::new(ErrorKind::InvalidBinaryRepresentation, message));
            }
            decode_text(ty, reader.rest(), TextStyle::CANONICAL)?
        }
        ColumnType::Date => Value::Date(match reader.i32()? {
            infinity @ (DATE_INFINITY | DATE_MINUS_INFINITY) => infinity,
            days => days.checked_add(EPOCH_DAYS).filter(is_date).ok_or_else(|| out_of_range("date"))?,
        }),
        ColumnType::Time => match reader.i64()? {
            micros @ 0..=MICROS_PER_DAY => Value::Time(micros),
            _ => return Err(out_of_range("time")),
        },
        ColumnType::Timestamp => Value::Timestamp(read_timestamp(reader)?),
        ColumnType::TimestampTz => Value::TimestampTz(read_timestamp(reader)?),
        ColumnType::Interval => {
            let (micros, days, months) = (reader.i64()?, reader.i32()?, reader.i32()?);
            Value::Interval(Interval { months, days, micros })
        }
        ColumnType::Uuid => Value::Uuid(Uuid::from_bytes(reader.array()?)),
        ColumnType::Vector(declared) => Value::Vector(read_vector(*declared, reader)?),
        ColumnType::Halfvec(_) => read_halves(reader)?.cast(ty, false)?,
        ColumnType::Sparsevec(_) => read_sparse(reader)?.cast(ty, false)?,
        ColumnType::Bit(_) | ColumnType::Varbit(_) => read_bits(reader)?.cast(ty, false)?,
        ColumnType::Range(kind) => Value::Range(Box::new(read_range(*kind, reader)?)),
        ColumnType::Multirange(kind) => Value::Multirange(Box::new(read_multirange(*kind, reader)?)),
        ColumnType::TsVector => Value::TsVector(Arc::new(read_vector_bytes(reader.rest())?)),
        ColumnType::TsQuery => Value::TsQuery(Arc::new(read_query_bytes(reader.rest())?)),
        ColumnType::Array(element) => read_array(element, reader)?,
        ColumnType::Int2Vector => read_array(&ColumnType::Int2, reader)?.cast(ty, true)?,
        ColumnType::OidVector => read_array(&ColumnType::Oid, reader)?.cast(ty, true)?,
        ColumnType::Void => Value::text(""),
    };
    Ok(value)
}

fn out_of_range(name: &str) -> Error {
    Error::new(ErrorKind::DatetimeOutOfRange, format!("{name} out of range"))
}

fn read_timestamp(reader: &mut Reader<'_>) -> Result<i64> {
    match reader.i64()? {
        infinity @ (TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY) => Ok(infinity),
        micros => micros.checked_add(EPOCH_MICROS).filter(is_timestamp).ok_or_else(|| out_of_range("timestamp")),
    }
}

fn read_vector(declared: Option<u32>, reader: &mut Reader<'_>) -> Result<Arc<[f32]>> {
    let dimension = usize::from(reader.u16()?);
    let unused = reader.i16()?;
    if unused != 0 {
        let message = format!("expected unused to be 0, not {unused}");
        return Err(Error::new(ErrorKind::InvalidBinaryRepresentation, message));
    }
    let (components, _) = reader.take(dimension * 4)?.as_chunks::<4>();
    let components: Arc<[f32]> = components.iter().map(|bytes| f32::from_be_bytes(*bytes)).collect();
    check_vector(&components)?;
    check_dimension(&components, declared)?;
    Ok(components)
}

fn read_halves(reader: &mut Reader<'_>) -> Result<Value> {
    let dimension = usize::from(reader.u16()?);
    let unused = reader.i16()?;
    if unused != 0 {
        let message = format!("expected unused to be 0, not {unused}");
        return Err(Error::new(ErrorKind::InvalidBinaryRepresentation, message));
    }
    let (components, _) = reader.take(dimension * 2)?.as_chunks::<2>();
    Ok(Value::Vector(components.iter().map(|bytes| f16::from_be_bytes(*bytes).to_f32()).collect()))
}

fn read_sparse(reader: &mut Reader<'_>) -> Result<Value> {
    let (dimension, count, unused) = (reader.u32()?, reader.u32()?, reader.i32()?);
    if unused != 0 {
        let message = format!("expected unused to be 0, not {unused}");
        return Err(Error::new(ErrorKind::InvalidBinaryRepresentation, message));
    }
    // Four bytes each of places and components bound what is allocated.
    let count = usize::try_from(count).ok().filter(|count| *count <= reader.remaining() / 8);
    let bytes = count.ok_or_else(|| reader.malformed())?.saturating_mul(4);
    let (places, _) = reader.take(bytes)?.as_chunks::<4>();
    let places: Vec<u32> = places.iter().map(|place| u32::from_be_bytes(*place)).collect();
    let (components, _) = reader.take(bytes)?.as_chunks::<4>();
    let components = components.iter().map(|component| f32::from_be_bytes(*component));
    Ok(Value::Sparse(Arc::new(SparseVector::new(dimension, places.into_iter().zip(components).collect())?)))
}

fn read_bits(reader: &mut Reader<'_>) -> Result<Value> {
    let length = reader.u32()?;
    let bytes = reader.rest();
    if length > BITS_MAX || bytes.len() != bytes_of(length) {
        return Err(Error::new(ErrorKind::InvalidBinaryRepresentation, "invalid length in external bit string"));
    }
    Ok(Value::Bits(Box::new(Bits::new(bytes, length))))
}

fn read_array(declared: &ColumnType, reader: &mut Reader<'_>) -> Result<Value> {
    let dimensions = reader.i32()?;
    let flags = reader.i32()?;
    let oid = reader.u32()?;
    if !(0..=1).contains(&flags) {
        return Err(reader.malformed());
    }
    if declared.oid() != oid {
        let found = ColumnType::from_oid(oid).map_or_else(|| "unknown".to_string(), |ty| ty.to_string());
        let message = format!(
            "binary data has array element type {oid} ({found}) instead of expected {} ({declared})",
            declared.oid()
        );
        return Err(Error::new(ErrorKind::DatatypeMismatch, message));
    }
    let dimensions = usize::try_from(dimensions).map_err(|_| reader.malformed())?;
    if dimensions > ARRAY_DIMENSIONS_MAX {
        let message =
            format!("number of array dimensions ({dimensions}) exceeds the maximum allowed ({ARRAY_DIMENSIONS_MAX})");
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(reader.i32()?).map_err(|_| reader.malformed())?);
        reader.i32()?;
    }
    if lengths.is_empty() || lengths.contains(&0) {
        return Ok(Value::Array(Box::new(declared.clone()), Vec::new()));
    }
    // Each element takes at least the four bytes of its length, which bounds what is allocated.
    let elements = lengths.iter().try_fold(1usize, |product, length| product.checked_mul(*length));
    if elements.is_none_or(|elements| elements > reader.remaining() / 4) {
        return Err(reader.malformed());
    }
    read_dimension(declared, &lengths, reader)
}

/// Recursion goes as deep as `lengths` is long.
fn read_dimension(element: &ColumnType, lengths: &[usize], reader: &mut Reader<'_>) -> Result<Value> {
    let (length, inner) = lengths.split_first().ok_or_else(|| reader.malformed())?;
    let mut values = Vec::with_capacity(*length);
    for _ in 0..*length {
        values.push(if inner.is_empty() {
            read_element(element, reader)?
        } else {
            read_dimension(element, inner, reader)?
        });
    }
    check_text_bytes(&values)?;
    Ok(Value::Array(Box::new(element.clone()), values))
}

fn read_element(element: &ColumnType, reader: &mut Reader<'_>) -> Result<Value> {
    match reader.i32()? {
        -1 => Ok(Value::Null),
        length => {
            let length = usize::try_from(length).map_err(|_| reader.malformed())?;
            decode_binary(element, reader.take(length)?)
        }
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;

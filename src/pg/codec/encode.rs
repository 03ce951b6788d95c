//! Values as the fields of a DataRow: an `i32` length and the bytes, -1 for NULL.
//!
//! RowDescription has promised the column's type, so a value of another type is first converted to it. On an error the
//! buffer is as it was.

use bytes::{BufMut, BytesMut};
use half::f16;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::codec::numeric::write_numeric;
use crate::pg::codec::ranges::{write_multirange, write_range};
use crate::types::full_text::wire::{write_query_bytes, write_vector_bytes};
use crate::types::{
    ARRAY_DIMENSIONS_MAX, ColumnType, DATE_INFINITY, DATE_MINUS_INFINITY, Interval, TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY, TextStyle, Value,
};

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL's wire counts from.
pub(super) const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
pub(super) const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// The one version of binary `jsonb`.
pub(super) const JSONB_VERSION: u8 = 1;

const NULL_LENGTH: i32 = -1;
/// Bytes of the length in front of a field.
const LENGTH_BYTES: usize = 4;

/// Appends a field in text format.
///
/// # Errors
/// As [`Value::cast`] where the value is not of the type; 54000 for a field above 2 GB.
pub fn encode_text(value: &Value, ty: &ColumnType, style: &TextStyle, out: &mut BytesMut) -> Result<()> {
    encode(value, ty, style, out, |value, out| {
        style.write(value, out);
        pad(value, ty, out);
        Ok(())
    })
}

/// Appends a field in binary format.
///
/// # Errors
/// As [`encode_text`]; 42804 for the name of a `regclass` and the like, 22003 for an OID out of range, 22000 for an array whose
/// rows differ in length, 54000 for one of too many dimensions and a vector above `u16::MAX` components.
pub fn encode_binary(value: &Value, ty: &ColumnType, out: &mut BytesMut) -> Result<()> {
    encode(value, ty, TextStyle::CANONICAL, out, |value, out| write_binary(value, ty, out))
}

fn encode(
    value: &Value,
    ty: &ColumnType,
    style: &TextStyle,
    out: &mut BytesMut,
    write: impl Fn(&Value, &mut BytesMut) -> Result<()>,
) -> Result<()> {
    if value.is_null() {
        out.put_i32(NULL_LENGTH);
        return Ok(());
    }
    // No client may take a position for a text.
    if value.lacks_labels() {
        return Err(Error::internal("a value of an enumerated type has come without its type"));
    }
    let start = out.len();
    out.put_i32(NULL_LENGTH);
    let written = if value.is_of(ty) {
        write(value, out)
    } else {
        match value.clone().cast_in(style, ty, true) {
            // A cast may end in NULL, whose length is in place already.
            Ok(Value::Null) => return Ok(()),
            Ok(converted) => write(&converted, out),
            Err(error) => Err(error),
        }
    };
    if let Err(error) = written.and_then(|()| fill_length(start, out)) {
        out.truncate(start);
        return Err(error);
    }
    Ok(())
}

/// Puts the length of what was written behind `start` into the four bytes there.
fn fill_length(start: usize, out: &mut BytesMut) -> Result<()> {
    let length = i32::try_from(out.len() - start - LENGTH_BYTES)
        .map_err(|_| Error::new(ErrorKind::LimitExceeded, "a field cannot exceed 2 GB"))?;
    if let Some(slot) = out.get_mut(start..start + LENGTH_BYTES) {
        slot.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// Adds the blanks of a `char(n)`, which values are kept without.
fn pad(value: &Value, ty: &ColumnType, out: &mut BytesMut) {
    if let (ColumnType::Char(length), Some(text)) = (ty, value.as_str()) {
        let wanted = usize::try_from(*length).unwrap_or(0);
        out.put_bytes(b' ', wanted.saturating_sub(text.chars().count()));
    }
}

fn write_binary(value: &Value, ty: &ColumnType, out: &mut BytesMut) -> Result<()> {
    match value {
        Value::Null => {}
        Value::Bool(is_true) => out.put_u8(u8::from(*is_true)),
        Value::Int2(number) => out.put_i16(*number),
        Value::Int4(number) => out.put_i32(*number),
        Value::Int8(number) => match ty {
            ColumnType::Oid | ColumnType::Reg(_) => out.put_u32(oid(*number)?),
            _ => out.put_i64(*number),
        },
        Value::Float4(number) => out.put_f32(*number),
        Value::Float8(number) => out.put_f64(*number),
        Value::Numeric(number) => write_numeric(number, out),
        Value::Text(text) => match ty {
            ColumnType::Reg(_) => out.put_u32(oid(reg_number(text, ty)?)?),
            ColumnType::Void => {}
            ColumnType::Jsonpath => {
                out.put_u8(JSONB_VERSION);
                out.put_slice(text.as_bytes());
            }
            _ => {
                out.put_slice(text.as_bytes());
                pad(value, ty, out);
            }
        },
        Value::Bytea(bytes) => out.put_slice(bytes),
        Value::Json(text) => {
            if *ty == ColumnType::Jsonb {
                out.put_u8(JSONB_VERSION);
            }
            out.put_slice(text.as_bytes());
        }
        Value::Date(days) => out.put_i32(match *days {
            infinity @ (DATE_INFINITY | DATE_MINUS_INFINITY) => infinity,
            days => days.saturating_sub(EPOCH_DAYS),
        }),
        Value::Time(micros) => out.put_i64(*micros),
        Value::Timestamp(micros) | Value::TimestampTz(micros) => out.put_i64(match *micros {
            infinity @ (TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY) => infinity,
            micros => micros.saturating_sub(EPOCH_MICROS),
        }),
        Value::Interval(interval) => write_interval(*interval, out),
        Value::Uuid(uuid) => out.put_slice(uuid.as_bytes()),
        Value::Vector(components) if matches!(ty, ColumnType::Halfvec(_)) => {
            out.put_u16(dimension_of(components)?);
            out.put_u16(0);
            components.iter().for_each(|number| out.put_u16(f16::from_f32(*number).to_bits()));
        }
        Value::Sparse(vector) => {
            let most = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
            out.put_u32(vector.dimension());
            out.put_i32(most(vector.count()));
            out.put_i32(0);
            vector.elements().for_each(|(place, _)| out.put_u32(place));
            vector.elements().for_each(|(_, component)| out.put_f32(component));
        }
        Value::TsVector(vector) => write_vector_bytes(vector, out),
        Value::TsQuery(query) => write_query_bytes(query, out),
        Value::Enum(value) => out.put_slice(value.label().as_bytes()),
        Value::Range(range) => write_range(range, out)?,
        Value::Multirange(multirange) => write_multirange(multirange, out)?,
        Value::Bits(bits) => {
            out.put_u32(bits.length());
            out.put_slice(bits.bytes());
        }
        Value::Vector(components) => write_vector(components, out)?,
        Value::Array(_, values) => write_array(values, ty, out)?,
    }
    Ok(())
}

fn write_vector(components: &[f32], out: &mut BytesMut) -> Result<()> {
    let dimension = dimension_of(components)?;
    out.reserve(4 + 4 * components.len());
    out.put_u16(dimension);
    out.put_u16(0);
    components.iter().for_each(|number| out.put_f32(*number));
    Ok(())
}

fn write_interval(interval: Interval, out: &mut BytesMut) {
    out.put_i64(interval.micros);
    out.put_i32(interval.days);
    out.put_i32(interval.months);
}

fn dimension_of(components: &[f32]) -> Result<u16> {
    u16::try_from(components.len()).map_err(|_| Error::new(ErrorKind::LimitExceeded, "vector has too many dimensions"))
}

fn oid(number: i64) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::new(ErrorKind::NumericOutOfRange, "OID out of range"))
}

/// The OID of a `regclass` and the like, where the value holds its digits; a name has no number here.
fn reg_number(text: &str, ty: &ColumnType) -> Result<i64> {
    text.parse().map_err(|_| {
        Error::new(ErrorKind::DatatypeMismatch, format!("a name of type {ty} has no binary form"))
            .with_hint("ask for the text format, or cast to text")
    })
}

/// Header (dimensions, whether there are NULLs, OID of the elements, length and lower bound of each dimension), then the
/// elements row by row.
fn write_array(values: &[Value], ty: &ColumnType, out: &mut BytesMut) -> Result<()> {
    // Of whatever dimension an array is, its elements are what stands in the innermost braces.
    let element = &ty.element().map_or_else(|| ty.clone(), |element| element.base().clone());
    let first_position = if ty.is_number_vector() { 0 } else { 1 };
    let mut lengths = Vec::new();
    let mut level = values;
    while !level.is_empty() {
        if lengths.len() == ARRAY_DIMENSIONS_MAX {
            let message = format!("number of array dimensions exceeds the maximum allowed ({ARRAY_DIMENSIONS_MAX})");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        lengths.push(level.len());
        level = match level.first() {
            Some(Value::Array(_, inner)) => inner,
            _ => &[],
        };
    }
    let length = |length: usize| {
        i32::try_from(length).map_err(|_| Error::new(ErrorKind::LimitExceeded, "an array has too many elements"))
    };
    out.put_i32(length(lengths.len())?);
    let flags = out.len();
    out.put_i32(0);
    out.put_u32(element.oid());
    for &dimension in &lengths {
        out.put_i32(length(dimension)?);
        out.put_i32(first_position);
    }
    let mut has_null = false;
    write_elements(values, &lengths, element, out, &mut has_null)?;
    if let (true, Some(slot)) = (has_null, out.get_mut(flags..flags + LENGTH_BYTES)) {
        slot.copy_from_slice(&1i32.to_be_bytes());
    }
    Ok(())
}

/// Recursion goes as deep as `lengths` is long.
fn write_elements(
    values: &[Value],
    lengths: &[usize],
    element: &ColumnType,
    out: &mut BytesMut,
    has_null: &mut bool,
) -> Result<()> {
    let Some((&length, inner_lengths)) = lengths.split_first() else { return Ok(()) };
    let uneven = || {
        let message = "multidimensional arrays must have array expressions with matching dimensions";
        Error::new(ErrorKind::DataException, message)
    };
    if values.len() != length {
        return Err(uneven());
    }
    for value in values {
        match value {
            Value::Array(_, inner) if !inner_lengths.is_empty() => {
                write_elements(inner, inner_lengths, element, out, has_null)?;
            }
            _ if !inner_lengths.is_empty() => return Err(uneven()),
            value => {
                *has_null |= value.is_null();
                encode_binary(value, element, out)?;
            }
        }
    }
    Ok(())
}

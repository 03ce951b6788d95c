//! Order-preserving bytes of primary keys and index keys.
//!
//! A tuple is the concatenation of its elements; each element is a tag and a payload that says where it ends, so that the
//! bytes of a tuple compare as the tuple does, and the tuples that begin with given values are a range of bytes. NULL
//! sorts last, as in PostgreSQL's ascending B-trees. Integers of all widths share one order, and so do both float types;
//! `-0` is stored as `0` and every NaN as one NaN, since they are equal. Numerics drop trailing zeros, which a declared
//! scale brings back. Tags never change: the fixture in the tests decodes for ever.

use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::types::limits::KEY_BYTES_MAX;
use crate::types::ranges::ordered_bytes::value_of_key;
use crate::types::{ColumnType, EnumValue, Numeric, Value};

const FALSE: u8 = 0x10;
const TRUE: u8 = 0x11;
/// Zero; `INTEGER + n` is followed by the `n` bytes of a positive number, `INTEGER - n` by those of a negative one.
const INTEGER: u8 = 0x28;
const INTEGER_BYTES_MAX: u8 = 8;
const FLOAT: u8 = 0x40;
const NUMERIC: u8 = 0x48;
const TEXT: u8 = 0x60;
const BYTEA: u8 = 0x68;
const DATE: u8 = 0x70;
const TIME: u8 = 0x71;
const TIMESTAMP: u8 = 0x72;
const TIMESTAMP_TZ: u8 = 0x73;
const UUID: u8 = 0x78;
/// The position of a label of an enumerated type.
const ENUM: u8 = 0x7c;
/// A range or a multirange, whose ordered bytes lie as those of BYTEA do.
const RANGE: u8 = 0x7d;
/// Last of all tags, and below [`ESCAPED_ZERO`].
const NULL: u8 = 0xf0;
/// Ends a text; a zero byte inside is followed by `ESCAPED_ZERO`, which is above every tag.
const END: u8 = 0x00;
const ESCAPED_ZERO: u8 = 0xff;

const SIGN_64: u64 = 1 << 63;
const SIGN_32: u32 = 1 << 31;

/// Appends the bytes of a tuple.
///
/// # Errors
/// `Unsupported` for a type without an order here (json, interval, vector, array); `LimitExceeded` over `KEY_BYTES_MAX`.
pub fn encode_key(values: &[Value], out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    for value in values {
        encode_element(value, out)?;
        let bytes = out.len().saturating_sub(start);
        if bytes > KEY_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("a key of at least {bytes} bytes exceeds the maximum of {KEY_BYTES_MAX}"),
            )
            .with_hint("Index a shorter column, or a hash of this one."));
        }
    }
    Ok(())
}

/// As [`encode_key`], whatever the length.
///
/// # Errors
/// `Unsupported` for a type without an order here.
pub fn encode_key_unbounded(values: &[Value], out: &mut Vec<u8>) -> Result<()> {
    values.iter().try_for_each(|value| encode_element(value, out))
}

/// Appends the bytes of a tuple that is only looked for: one that is too long to be stored is cut behind the longest that is.
/// What is left stands at the same place among the stored ones and is equal to none of them.
///
/// # Errors
/// `Unsupported` as [`encode_key`].
pub fn encode_sought(values: &[Value], out: &mut Vec<u8>) -> Result<()> {
    let longest = out.len() + KEY_BYTES_MAX;
    for value in values {
        encode_element(value, out)?;
        if out.len() > longest {
            out.truncate(longest + 1);
            break;
        }
    }
    Ok(())
}

/// Whether a tuple of [`encode_sought`] may be stored.
pub fn is_storable(key: &[u8]) -> bool {
    key.len() <= KEY_BYTES_MAX
}

/// Appends the bytes that every text beginning with `prefix` starts with.
pub fn encode_text_prefix(prefix: &str, out: &mut Vec<u8>) {
    out.push(TEXT);
    escape(prefix.as_bytes(), out);
}

fn encode_element(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Int2(n) => encode_integer(i64::from(*n), out),
        Value::Int4(n) => encode_integer(i64::from(*n), out),
        Value::Int8(n) => encode_integer(*n, out),
        Value::Float4(n) => encode_float(f64::from(*n), out),
        Value::Float8(n) => encode_float(*n, out),
        Value::Numeric(n) => {
            out.push(NUMERIC);
            n.encode_ordered(out);
        }
        Value::Text(text) => encode_bytes(TEXT, text.as_bytes(), out),
        Value::Bytea(bytes) => encode_bytes(BYTEA, bytes, out),
        Value::Date(days) => {
            out.push(DATE);
            out.extend_from_slice(&(days.cast_unsigned() ^ SIGN_32).to_be_bytes());
        }
        Value::Time(micros) => encode_micros(TIME, *micros, out),
        Value::Timestamp(micros) => encode_micros(TIMESTAMP, *micros, out),
        Value::TimestampTz(micros) => encode_micros(TIMESTAMP_TZ, *micros, out),
        Value::Enum(value) => encode_micros(ENUM, value.position, out),
        Value::Range(range) => encode_bytes(RANGE, &range.sort_key(), out),
        Value::Multirange(multirange) => encode_bytes(RANGE, &multirange.sort_key(), out),
        Value::Uuid(uuid) => {
            out.push(UUID);
            out.extend_from_slice(uuid.as_bytes());
        }
        Value::Json(_)
        | Value::Interval(_)
        | Value::Vector(_)
        | Value::Sparse(_)
        | Value::Bits(_)
        | Value::TsVector(_)
        | Value::TsQuery(_)
        | Value::Array(..) => {
            return Err(Error::unsupported(
                format!("type {} cannot be part of a key or an ordered index", value.column_type()),
                "Use a column of a scalar type, or an index over one fact.",
            ));
        }
    }
    Ok(())
}

fn encode_micros(tag: u8, micros: i64, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(micros.cast_unsigned() ^ SIGN_64).to_be_bytes());
}

fn encode_integer(n: i64, out: &mut Vec<u8>) {
    let magnitude = n.unsigned_abs();
    let length = INTEGER_BYTES_MAX - u8::try_from(magnitude.leading_zeros() / 8).unwrap_or(0);
    let payload = if n < 0 {
        out.push(INTEGER - length);
        (!magnitude).to_be_bytes()
    } else {
        out.push(INTEGER + length);
        magnitude.to_be_bytes()
    };
    out.extend(payload.iter().skip(usize::from(INTEGER_BYTES_MAX - length)));
}

fn encode_float(n: f64, out: &mut Vec<u8>) {
    let canonical = if n.is_nan() {
        f64::NAN.abs()
    } else if n == 0.0 {
        0.0
    } else {
        n
    };
    let bits = canonical.to_bits();
    out.push(FLOAT);
    out.extend_from_slice(&(if bits & SIGN_64 == 0 { bits | SIGN_64 } else { !bits }).to_be_bytes());
}

fn encode_bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    escape(bytes, out);
    out.push(END);
}

fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 1);
    for (position, part) in bytes.split(|byte| *byte == 0).enumerate() {
        if position > 0 {
            out.extend_from_slice(&[0, ESCAPED_ZERO]);
        }
        out.extend_from_slice(part);
    }
}

/// Reads a whole tuple; `types` are the declared types of its elements.
///
/// # Errors
/// XX001 for bytes that are no key, for an element that is not of its type, and for bytes behind the last one.
pub fn decode_key(types: &[ColumnType], bytes: &[u8]) -> Result<Vec<Value>> {
    let mut rest = bytes;
    let mut values = Vec::with_capacity(types.len());
    for ty in types {
        let element = take_element(&mut rest)?;
        values.push(element.value(ty)?);
    }
    if rest.is_empty() { Ok(values) } else { Err(corrupted("bytes follow its last element")) }
}

/// Reads only the element at `position`, whose declared type is `ty`.
///
/// # Errors
/// XX001 for bytes that are no key, and for an element that is not of its type.
pub fn decode_key_part(bytes: &[u8], position: usize, ty: &ColumnType) -> Result<Value> {
    let mut rest = skip_key_parts(bytes, position)?;
    take_element(&mut rest)?.value(ty)
}

/// What follows the first `count` elements: the primary key at the end of an index key, for one.
///
/// # Errors
/// XX001 for bytes that are no key, and for one of fewer elements.
pub fn skip_key_parts(bytes: &[u8], count: usize) -> Result<&[u8]> {
    let mut rest = bytes;
    for _ in 0..count {
        take_element(&mut rest)?;
    }
    Ok(rest)
}

/// Whether one of the first `count` elements is NULL.
///
/// # Errors
/// XX001 for bytes that are no key, and for one of fewer elements.
pub fn has_null_part(bytes: &[u8], count: usize) -> Result<bool> {
    let mut rest = bytes;
    for _ in 0..count {
        if take_element(&mut rest)?.tag == NULL {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One element as it lies in the key.
struct Element<'a> {
    tag: u8,
    payload: &'a [u8],
}

fn take_element<'a>(rest: &mut &'a [u8]) -> Result<Element<'a>> {
    let (&tag, tail) = rest.split_first().ok_or_else(|| corrupted("it ends before its last element"))?;
    let length = match tag {
        NULL | FALSE | TRUE => 0,
        FLOAT | TIME | TIMESTAMP | TIMESTAMP_TZ | ENUM => 8,
        DATE => 4,
        UUID => 16,
        TEXT | BYTEA | RANGE => escaped_length(tail)?,
        NUMERIC => Numeric::decode_ordered(tail).ok_or_else(|| corrupted("a numeric is not terminated"))?.1,
        _ if tag.abs_diff(INTEGER) <= INTEGER_BYTES_MAX => usize::from(tag.abs_diff(INTEGER)),
        _ => return Err(corrupted(&format!("an element has the unknown tag {tag:#04x}"))),
    };
    let (payload, after) = tail.split_at_checked(length).ok_or_else(|| corrupted("an element is cut off"))?;
    *rest = if matches!(tag, TEXT | BYTEA | RANGE) { after.get(1..).unwrap_or_default() } else { after };
    Ok(Element { tag, payload })
}

/// Bytes before the end mark.
fn escaped_length(bytes: &[u8]) -> Result<usize> {
    let mut from = 0;
    loop {
        let tail = bytes.get(from..).unwrap_or_default();
        let zero = tail.iter().position(|byte| *byte == END).ok_or_else(|| corrupted("a text is not terminated"))?;
        let position = from + zero;
        if bytes.get(position + 1) != Some(&ESCAPED_ZERO) {
            return Ok(position);
        }
        from = position + 2;
    }
}

fn unescape(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len());
    let mut after_zero = false;
    for byte in payload {
        if !(after_zero && *byte == ESCAPED_ZERO) {
            bytes.push(*byte);
        }
        after_zero = *byte == END;
    }
    bytes
}

impl Element<'_> {
    fn value(&self, ty: &ColumnType) -> Result<Value> {
        let mismatch = || corrupted(&format!("an element with tag {:#04x} is not a value of type {ty}", self.tag));
        Ok(match (self.tag, ty) {
            (NULL, _) => Value::Null,
            (FALSE, ColumnType::Bool) => Value::Bool(false),
            (TRUE, ColumnType::Bool) => Value::Bool(true),
            (FLOAT, ColumnType::Float8) => Value::Float8(self.float()?),
            (FLOAT, ColumnType::Float4) => Value::Float4(narrow(self.float()?)),
            (NUMERIC, ColumnType::Numeric(declared)) => self.numeric(*declared)?,
            (TEXT, _) if ty.is_text() => Value::Text(self.text()?),
            (BYTEA, ColumnType::Bytea) => Value::Bytea(unescape(self.payload).into_boxed_slice()),
            (DATE, ColumnType::Date) => Value::Date((u32::from_be_bytes(self.fixed()?) ^ SIGN_32).cast_signed()),
            (TIME, ColumnType::Time) => Value::Time(self.micros()?),
            (TIMESTAMP, ColumnType::Timestamp) => Value::Timestamp(self.micros()?),
            (TIMESTAMP_TZ, ColumnType::TimestampTz) => Value::TimestampTz(self.micros()?),
            (ENUM, ColumnType::Enum(ty)) => {
                let position = self.micros()?;
                Value::Enum(EnumValue { ty: Arc::clone(ty), position }.of(ty)?)
            }
            (RANGE, ColumnType::Range(_) | ColumnType::Multirange(_)) => {
                self.range().filter(|value| value.is_of(ty)).ok_or_else(mismatch)?
            }
            (UUID, ColumnType::Uuid) => Value::Uuid(Uuid::from_bytes(self.fixed()?)),
            (tag, _) if tag.abs_diff(INTEGER) <= INTEGER_BYTES_MAX => {
                let n = self.integer().ok_or_else(mismatch)?;
                match ty {
                    ColumnType::Int2 => Value::Int2(i16::try_from(n).map_err(|_| mismatch())?),
                    ColumnType::Int4 => Value::Int4(i32::try_from(n).map_err(|_| mismatch())?),
                    ColumnType::Int8 | ColumnType::Oid => Value::Int8(n),
                    _ => return Err(mismatch()),
                }
            }
            _ => return Err(mismatch()),
        })
    }

    fn fixed<const N: usize>(&self) -> Result<[u8; N]> {
        self.payload.try_into().map_err(|_| corrupted("an element has the wrong length"))
    }

    fn micros(&self) -> Result<i64> {
        Ok((u64::from_be_bytes(self.fixed()?) ^ SIGN_64).cast_signed())
    }

    fn float(&self) -> Result<f64> {
        let bits = u64::from_be_bytes(self.fixed()?);
        Ok(f64::from_bits(if bits & SIGN_64 == 0 { !bits } else { bits & !SIGN_64 }))
    }

    /// `None` for bytes that the encoder does not write: padded, or outside 64 bits.
    fn integer(&self) -> Option<i64> {
        let negative = self.tag < INTEGER;
        let padding = if negative { 0xff } else { 0 };
        let mut bytes = [padding; INTEGER_BYTES_MAX as usize];
        let start = bytes.len().checked_sub(self.payload.len())?;
        bytes.get_mut(start..)?.copy_from_slice(self.payload);
        if self.payload.first() == Some(&padding) {
            return None;
        }
        let raw = u64::from_be_bytes(bytes);
        if negative { 0_i64.checked_sub_unsigned(!raw) } else { i64::try_from(raw).ok() }
    }

    fn numeric(&self, declared: Option<(u16, i16)>) -> Result<Value> {
        let (number, _) = Numeric::decode_ordered(self.payload).ok_or_else(|| corrupted("a numeric has bad digits"))?;
        match declared {
            Some((_, scale)) if i64::from(scale) > i64::from(number.scale()) => {
                number.rounded(i32::from(scale)).map(Value::Numeric)
            }
            _ => Ok(Value::Numeric(number)),
        }
    }

    /// Of numbers with the least digits, as numbers themselves; `None` for bytes of no range.
    fn range(&self) -> Option<Value> {
        value_of_key(&unescape(self.payload))
    }

    fn text(&self) -> Result<Box<str>> {
        String::from_utf8(unescape(self.payload))
            .map(String::into_boxed_str)
            .map_err(|_| corrupted("a text is not UTF-8"))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the number was a float4 when it was written, so nothing is lost")]
fn narrow(wide: f64) -> f32 {
    wide as f32
}

fn corrupted(what: &str) -> Error {
    Error::damaged(format!("a stored key is damaged: {what}"))
}

#[cfg(test)]
#[path = "key_codec_tests.rs"]
mod tests;

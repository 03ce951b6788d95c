//! JSON as text: the canonical form of `jsonb`, and the way between JSON and values.
//!
//! Canonical means: keys unique (the last one wins), ordered by length and then by bytes, `": "` and `", "` as separators,
//! strings with the fewest escapes, numbers without an exponent and with all the digits they came with. Two texts of one
//! value are then the same bytes, up to trailing zeros of numbers. A fact of an entry is one member of such an object.

use std::borrow::Cow;
use std::cmp::Ordering;

use bytes::BufMut;

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::calendar::{MICROS_PER_HOUR, is_timestamp, write_timestamp};
use crate::types::datetime::styled_text::write_offset;
use crate::types::json::scan::{JsonMembers, JsonScanner, invalid, unescape};
use crate::types::limits::ENTRY_BYTES_MAX;
use crate::types::numeric::{Numeric, expand_exponent};
use crate::types::{TextStyle, Value};

/// The longest number of a document that becomes a `numeric` fact: 28 digits, a sign and a point. It never changes, since the same
/// document makes the same facts on every node.
const FACT_TEXT_MAX: usize = 30;

/// Checks that `text` is one JSON value within the depth limit.
///
/// # Errors
/// 22P02 for what is none, 22P05 for the escape of U+0000, 54001 above `JSON_DEPTH_MAX`.
pub fn check_json(text: &str) -> Result<()> {
    let mut scanner = JsonScanner::new(text);
    scanner.skip_value(0)?;
    scanner.finish()
}

/// Checks the nesting alone, of text that may be no JSON at all.
///
/// # Errors
/// 54001 above `JSON_DEPTH_MAX`.
pub fn check_json_depth(text: &str) -> Result<()> {
    let mut depth = 0usize;
    let mut in_string = false;
    let mut is_escaped = false;
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                JsonScanner::check_depth(depth)?;
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// The canonical text of a JSON value.
///
/// # Errors
/// As [`check_json`]; 54000 above `ENTRY_BYTES_MAX`.
pub fn jsonb_text(text: &str) -> Result<Box<str>> {
    let mut writer =
        Canonical { scanner: JsonScanner::new(text), out: Vec::with_capacity(text.len() + text.len() / 8) };
    writer.value(0)?;
    writer.scanner.finish()?;
    let canonical = String::from_utf8(writer.out).map_err(|_| Error::internal("canonical JSON is not UTF-8"))?;
    Ok(canonical.into())
}

/// The order of keys in an object: by length in bytes, then by bytes.
pub(super) fn compare_keys(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

struct Canonical<'a> {
    scanner: JsonScanner<'a>,
    out: Vec<u8>,
}

impl Canonical<'_> {
    /// Copies one value. Recursion is bounded by the scanner's depth limit.
    fn value(&mut self, depth: usize) -> Result<()> {
        match self.scanner.peek() {
            Some(b'{') => self.object(depth + 1)?,
            Some(b'[') => self.array(depth + 1)?,
            Some(b'"') => write_string(&self.scanner.string()?, &mut self.out),
            _ => {
                let token = self.scanner.scalar()?;
                self.out.extend_from_slice(canonical_scalar(token).as_bytes());
            }
        }
        if self.out.len() > ENTRY_BYTES_MAX {
            let message = format!("a jsonb value cannot exceed {ENTRY_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<()> {
        JsonScanner::check_depth(depth)?;
        self.scanner.take(b'[');
        self.out.push(b'[');
        if !self.scanner.take(b']') {
            loop {
                self.value(depth)?;
                if self.scanner.take(b']') {
                    break;
                }
                if !self.scanner.take(b',') {
                    return Err(self.scanner.unexpected());
                }
                self.out.extend_from_slice(b", ");
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<()> {
        JsonScanner::check_depth(depth)?;
        self.scanner.take(b'{');
        self.out.push(b'{');
        let start = self.out.len();
        let mut members: Vec<(Cow<'_, str>, std::ops::Range<usize>)> = Vec::new();
        let mut is_ordered = true;
        if !self.scanner.take(b'}') {
            loop {
                let key = self.scanner.key()?;
                let member = self.out.len();
                write_string(&key, &mut self.out);
                self.out.extend_from_slice(b": ");
                self.value(depth)?;
                is_ordered &= members.last().is_none_or(|(last, _)| compare_keys(last, &key).is_lt());
                members.push((key, member..self.out.len()));
                if self.scanner.take(b'}') {
                    break;
                }
                if !self.scanner.take(b',') {
                    return Err(self.scanner.unexpected());
                }
                self.out.extend_from_slice(b", ");
            }
        }
        if !is_ordered {
            // Stable, so that of equal keys the last stays last.
            members.sort_by(|(left, _), (right, _)| compare_keys(left, right));
            let written = self.out.get(start..).unwrap_or_default().to_vec();
            self.out.truncate(start);
            for (position, (key, range)) in members.iter().enumerate() {
                if members.get(position + 1).is_some_and(|(next, _)| next == key) {
                    continue;
                }
                if self.out.len() > start {
                    self.out.extend_from_slice(b", ");
                }
                self.out.extend_from_slice(written.get(range.start - start..range.end - start).unwrap_or_default());
            }
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// A checked number without exponent and without negative zero; other scalars stay.
fn canonical_scalar(token: &str) -> Cow<'_, str> {
    let plain = match token.bytes().any(|byte| matches!(byte, b'e' | b'E')) && !matches!(token, "true" | "false") {
        // Beyond the digits that are worth writing out the text stays as it came.
        true => expand_exponent(token).map_or(Cow::Borrowed(token), Cow::Owned),
        false => Cow::Borrowed(token),
    };
    match plain.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|byte| matches!(byte, b'0' | b'.')) => Cow::Owned(digits.to_string()),
        _ => plain,
    }
}

/// Appends a string with its quotes and the escapes that PostgreSQL writes.
pub(super) fn write_string(text: &str, out: &mut impl BufMut) {
    let bytes = text.as_bytes();
    out.put_u8(b'"');
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.put_slice(bytes.get(copied..at).unwrap_or_default());
        copied = at + 1;
        match byte {
            b'"' | b'\\' => out.put_slice(&[b'\\', byte]),
            0x08 => out.put_slice(b"\\b"),
            0x0c => out.put_slice(b"\\f"),
            b'\n' => out.put_slice(b"\\n"),
            b'\r' => out.put_slice(b"\\r"),
            b'\t' => out.put_slice(b"\\t"),
            _ => out.put_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
    out.put_slice(bytes.get(copied..).unwrap_or_default());
    out.put_u8(b'"');
}

/// The value of one fact, given its canonical JSON: a string is text, a number the narrowest of `int8`, `numeric` and
/// `float8` that prints as the same digits, and everything else stays JSON.
///
/// # Errors
/// 22P02 and 22P05 for a string with escapes that canonical JSON does not have.
pub fn value_of_json_text(json: &str) -> Result<Value> {
    let value = match json.as_bytes() {
        [b'"', .., b'"'] if json.len() >= 2 => {
            Value::text(unescape(json.get(1..json.len() - 1).unwrap_or_default())?.as_ref())
        }
        b"true" => Value::Bool(true),
        b"false" => Value::Bool(false),
        [b'-' | b'0'..=b'9', ..] => value_of_number(json),
        _ => Value::Json(json.into()),
    };
    Ok(value)
}

fn value_of_number(digits: &str) -> Value {
    if let Ok(number) = digits.parse::<i64>() {
        return Value::Int8(number);
    }
    if digits.len() <= FACT_TEXT_MAX
        && let Ok(number) = digits.parse::<Numeric>()
        && is_fact(&number)
        && number.to_string() == digits
    {
        return Value::Numeric(number);
    }
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() && canonical_float(number) == digits => Value::Float8(number),
        _ => Value::Json(digits.into()),
    }
}

/// Whether a number has a mantissa of 96 bits and at most 28 digits behind the point, as numerics of documents always had.
fn is_fact(number: &Numeric) -> bool {
    const MANTISSA_BITS: u32 = 96;
    const SCALE_MAX: u32 = 28;
    let is_short = |(mantissa, scale): (i128, u32)| mantissa.unsigned_abs() >> MANTISSA_BITS == 0 && scale <= SCALE_MAX;
    number.as_small().is_some_and(is_short)
}

/// The shortest digits of a finite float, without an exponent.
fn canonical_float(number: f64) -> String {
    let shortest = format!("{number:e}");
    let plain = expand_exponent(&shortest).unwrap_or(shortest);
    canonical_scalar(&plain).into_owned()
}

/// The value of a parsed JSON value; see [`value_of_json_text`].
///
/// # Errors
/// As [`jsonb_text`].
pub fn value_of_json(json: &serde_json::Value) -> Result<Value> {
    let text = serde_json::to_string(json).map_err(|error| invalid(error.to_string()))?;
    value_of_json_text(&jsonb_text(&text)?)
}

/// The JSON of a value, parsed; numbers beyond 64 bits lose digits. [`json_text_of_value`] loses nothing.
pub fn json_of_value(value: &Value) -> serde_json::Value {
    let text = json_text_of_value(value);
    serde_json::from_str(&text).unwrap_or_else(|_| serde_json::Value::String(text.into()))
}

/// The canonical JSON text of a value, as PostgreSQL's `to_jsonb`; a vector becomes an array of numbers.
pub fn json_text_of_value(value: &Value) -> Box<str> {
    json_text_in(TextStyle::CANONICAL, value)
}

/// As [`json_text_of_value`], in the zone and the style of a session.
pub fn json_text_in(style: &TextStyle, value: &Value) -> Box<str> {
    let mut out = Vec::new();
    write_json(value, style, &mut out);
    String::from_utf8(out).unwrap_or_default().into()
}

/// The text of a value as the key of a member, as PostgreSQL's `json_build_object`: times are those of JSON.
pub fn json_key_in(style: &TextStyle, value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Date(_) | Value::Timestamp(_) | Value::TimestampTz(_) => {
            json_text_in(style, value).trim_matches('"').to_string()
        }
        value => style.text_of(value),
    }
}

fn write_json(value: &Value, style: &TextStyle, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(is_true) => out.extend_from_slice(if *is_true { b"true" } else { b"false" }),
        // NaN and the infinities are no numbers in JSON.
        Value::Numeric(number) if number.special().is_some() => {
            out.push(b'"');
            value.write_text(out);
            out.push(b'"');
        }
        Value::Int2(_) | Value::Int4(_) | Value::Int8(_) | Value::Numeric(_) => value.write_text(out),
        Value::Float4(number) if number.is_finite() && style.float_digits > 0 => {
            write_float_digits(&format!("{number:e}"), out)
        }
        Value::Float8(number) if number.is_finite() && style.float_digits > 0 => {
            write_float_digits(&format!("{number:e}"), out)
        }
        Value::Json(text) => out.extend_from_slice(text.as_bytes()),
        Value::Text(text) => write_string(text, out),
        Value::Timestamp(micros) => {
            out.push(b'"');
            write_timestamp(*micros, b'T', b"", out);
            out.push(b'"');
        }
        Value::TimestampTz(micros) => {
            out.push(b'"');
            let offset = style.zone.offset_from(*micros);
            let local = if is_timestamp(micros) { micros.saturating_add(offset) } else { *micros };
            let mut zone = Vec::new();
            write_offset(offset, &mut zone);
            if offset % MICROS_PER_HOUR == 0 {
                zone.extend_from_slice(b":00");
            }
            write_timestamp(local, b'T', &zone, out);
            out.push(b'"');
        }
        Value::Vector(components) => {
            write_list(components.iter(), |number, out| write_float_digits(&format!("{number:e}"), out), out);
        }
        Value::Array(_, values) => write_list(values.iter(), |value, out| write_json(value, style, out), out),
        Value::Float4(number) if number.is_finite() => write_float_digits(&style.text_of(value), out),
        Value::Float8(number) if number.is_finite() => write_float_digits(&style.text_of(value), out),
        Value::Date(_) => write_string(&value.to_text(), out),
        Value::Float4(_)
        | Value::Float8(_)
        | Value::Bytea(_)
        | Value::Time(_)
        | Value::Interval(_)
        | Value::Uuid(_)
        | Value::Sparse(_)
        | Value::Bits(_)
        | Value::TsVector(_)
        | Value::TsQuery(_)
        | Value::Range(_)
        | Value::Multirange(_)
        | Value::Enum(_) => write_string(&style.text_of(value), out),
    }
}

fn write_list<T>(items: impl Iterator<Item = T>, write: impl Fn(T, &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(b'[');
    for (position, item) in items.enumerate() {
        if position > 0 {
            out.extend_from_slice(b", ");
        }
        write(item, out);
    }
    out.push(b']');
}

fn write_float_digits(shortest: &str, out: &mut Vec<u8>) {
    let plain = expand_exponent(shortest);
    out.extend_from_slice(canonical_scalar(plain.as_deref().unwrap_or(shortest)).as_bytes());
}

/// The facts of a canonical object: its members with their values. [`join_object`] is the exact inverse.
///
/// # Errors
/// 42804 for what is no object; as [`value_of_json_text`].
pub fn split_object(jsonb: &str) -> Result<Vec<(String, Value)>> {
    if !jsonb.trim_ascii_start().starts_with('{') {
        let message = format!("metadata must be a JSON object, not {}", crate::types::json::jsonb::type_name(jsonb));
        return Err(Error::new(ErrorKind::DatatypeMismatch, message));
    }
    JsonMembers::new(jsonb).map(|(key, value)| Ok((unescape(key)?.into_owned(), value_of_json_text(value)?))).collect()
}

/// The canonical object of facts in any order; of equal keys the last wins. A JSON value must be canonical already.
pub fn join_object<'a>(facts: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Box<str> {
    let mut facts: Vec<(&str, &Value)> = facts.into_iter().collect();
    if !facts.is_sorted_by(|(left, _), (right, _)| compare_keys(left, right).is_lt()) {
        facts.sort_by(|(left, _), (right, _)| compare_keys(left, right));
    }
    let mut out = Vec::with_capacity(facts.iter().map(|(key, value)| key.len() + value.bytes() + 8).sum());
    out.push(b'{');
    for (position, (key, value)) in facts.iter().enumerate() {
        if facts.get(position + 1).is_some_and(|(next, _)| next == key) {
            continue;
        }
        if out.len() > 1 {
            out.extend_from_slice(b", ");
        }
        write_string(key, &mut out);
        out.extend_from_slice(b": ");
        write_json(value, TextStyle::CANONICAL, &mut out);
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default().into()
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;

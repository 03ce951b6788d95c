//! Values in PostgreSQL's text form: reading what a client sends, printing what it gets.
//!
//! Reading takes the declared type and enforces its modifiers, with PostgreSQL's messages and SQLSTATEs. Printing gives the
//! bytes PostgreSQL would send with its default settings and the time zone UTC, or with those of a session ([`TextStyle`]). A `char(n)` is kept without the blanks that
//! pad it, since they mean nothing to comparison or length; who knows the column's type adds them on the way out.

use std::sync::Arc;

use bytes::BufMut;
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::calendar::write_time;
use crate::types::datetime::datetime_text::{parse_date, parse_time, parse_timestamp, parse_timestamptz};
use crate::types::datetime::interval_text::parse_interval;
use crate::types::datetime::styled_text::{
    write_styled_date, write_styled_interval, write_styled_moment, write_styled_timestamp,
};
use crate::types::full_text::query_text::{parse_query_text, write_query_text};
use crate::types::full_text::vector_text::{parse_vector_text, write_vector_text};
use crate::types::json::convert::{check_json, jsonb_text};
use crate::types::json::path::JsonPath;
use crate::types::limits::IDENTIFIER_BYTES_MAX;
use crate::types::numbers::{
    invalid_syntax, parse_float4, parse_float8, parse_integer, write_float4, write_float8, write_integer,
    write_significant,
};
use crate::types::numeric::{parse_numeric, write_numeric};
use crate::types::ranges::multirange_text::{parse_multirange, write_multirange};
use crate::types::ranges::range_text::{parse_range, write_range};
use crate::types::text::arrays::{parse_array, parse_number_vector, write_array, write_number_vector};
use crate::types::text::sparse::{parse_sparse, write_sparse};
use crate::types::text::vectors::{check_dimension, parse_dense, parse_vector, write_vector};
use crate::types::{Bits, ColumnType, TextStyle, Value};

/// Decimal digits that a float surely has: `FLT_DIG` and `DBL_DIG` of C.
const FLOAT4_DIGITS: i8 = 6;
const FLOAT8_DIGITS: i8 = 15;

impl Value {
    /// Reads a value of type `ty` from PostgreSQL's input syntax, and applies the type's modifiers.
    ///
    /// # Errors
    /// 22P02 for text that is no such value (22007 for dates, times and intervals, 22023 for hex digits), 22003 and 22008 for
    /// what is out of range, 22001 for what is too long, 54000 for an array of too many dimensions; JSON as `check_json` and
    /// `jsonb_text`, vectors as `parse_vector` and `check_dimension`.
    pub fn parse_text(ty: &ColumnType, text: &str) -> Result<Value> {
        Value::parse_in(TextStyle::CANONICAL, ty, text)
    }

    /// As [`Value::parse_text`], in the style of a session.
    ///
    /// # Errors
    /// As [`Value::parse_text`].
    pub(in crate::types) fn parse_in(style: &TextStyle, ty: &ColumnType, text: &str) -> Result<Value> {
        let value = match ty {
            ColumnType::Bool => Value::Bool(parse_bool(text)?),
            ColumnType::Int2 => Value::Int2(narrowed(text, "smallint", i16::MIN, i16::MAX)?),
            ColumnType::Int4 => Value::Int4(narrowed(text, "integer", i32::MIN, i32::MAX)?),
            ColumnType::Int8 => Value::Int8(parse_integer(text, "bigint", i64::MIN, i64::MAX)?),
            ColumnType::Oid => Value::Int8(parse_integer(text, "oid", 0, i64::from(u32::MAX))?),
            ColumnType::Float4 => Value::Float4(parse_float4(text)?),
            ColumnType::Float8 => Value::Float8(parse_float8(text)?),
            ColumnType::Numeric(declared) => Value::Numeric(parse_numeric(text, *declared)?),
            ColumnType::Text | ColumnType::Unknown | ColumnType::Reg(_) => Value::text(text),
            ColumnType::Varchar(None) => Value::text(text),
            ColumnType::Varchar(Some(length)) => Value::text(fit_varchar(text, *length)?),
            ColumnType::Char(length) => Value::text(fit_char(text, *length)?),
            ColumnType::Name => Value::text(truncated(text, IDENTIFIER_BYTES_MAX)),
            ColumnType::CatalogChar => Value::text(catalog_char(text)),
            ColumnType::Jsonpath => Value::text(JsonPath::parse(text)?.to_string()),
            ColumnType::Bytea => Value::Bytea(parse_bytea(text)?.into()),
            ColumnType::Json => {
                check_json(text)?;
                Value::Json(text.into())
            }
            ColumnType::Jsonb => Value::Json(jsonb_text(text)?),
            ColumnType::Date => Value::Date(parse_date(text, style)?),
            ColumnType::Time => Value::Time(parse_time(text, style)?),
            ColumnType::Timestamp => Value::Timestamp(parse_timestamp(text, style)?),
            ColumnType::TimestampTz => Value::TimestampTz(parse_timestamptz(text, style)?),
            ColumnType::Interval => Value::Interval(parse_interval(text, style)?),
            ColumnType::Uuid => {
                Value::Uuid(Uuid::try_parse(text.trim_ascii()).map_err(|_| invalid_syntax("uuid", text))?)
            }
            ColumnType::Vector(declared) => {
                let vector = parse_vector(text)?;
                check_dimension(&vector, *declared)?;
                Value::Vector(vector)
            }
            ColumnType::Halfvec(_) => return Value::Vector(parse_dense(text, "halfvec")?).cast(ty, false),
            ColumnType::Sparsevec(_) => return Value::Sparse(Arc::new(parse_sparse(text)?)).cast(ty, false),
            ColumnType::Bit(_) | ColumnType::Varbit(_) => {
                return Value::Bits(Box::new(Bits::parse(text)?)).cast(ty, false);
            }
            ColumnType::TsVector => Value::TsVector(Arc::new(parse_vector_text(text)?)),
            ColumnType::Enum(ty) => Value::Enum(ty.read(text)?),
            ColumnType::Range(kind) => Value::Range(Box::new(parse_range(*kind, text, style)?)),
            ColumnType::Multirange(kind) => Value::Multirange(Box::new(parse_multirange(*kind, text, style)?)),
            ColumnType::TsQuery => Value::TsQuery(Arc::new(parse_query_text(text)?)),
            ColumnType::Array(element) => parse_array(element, text, style)?,
            ColumnType::Int2Vector | ColumnType::OidVector => parse_number_vector(ty, text)?,
            ColumnType::Void => Value::text(""),
        };
        Ok(value)
    }

    /// Appends the text form. A NULL has none and appends nothing: the caller says NULL in its own way.
    pub fn write_text(&self, out: &mut impl BufMut) {
        self.write_in(TextStyle::CANONICAL, out);
    }

    /// As [`Value::write_text`], in the style of a session.
    pub(in crate::types) fn write_in(&self, style: &TextStyle, out: &mut impl BufMut) {
        match self {
            Value::Null => {}
            Value::Bool(true) => out.put_u8(b't'),
            Value::Bool(false) => out.put_u8(b'f'),
            Value::Int2(number) => write_integer(i64::from(*number), out),
            Value::Int4(number) => write_integer(i64::from(*number), out),
            Value::Int8(number) => write_integer(*number, out),
            Value::Float4(number) if style.float_digits > 0 => write_float4(*number, out),
            Value::Float8(number) if style.float_digits > 0 => write_float8(*number, out),
            Value::Float4(number) => write_rounded(f64::from(*number), FLOAT4_DIGITS, style, out),
            Value::Float8(number) => write_rounded(*number, FLOAT8_DIGITS, style, out),
            Value::Numeric(number) => write_numeric(number, out),
            Value::Text(text) | Value::Json(text) => out.put_slice(text.as_bytes()),
            Value::Bytea(bytes) if style.escapes_bytes => write_escaped_bytea(bytes, out),
            Value::Bytea(bytes) => write_bytea(bytes, out),
            Value::Date(days) => write_styled_date(*days, style, out),
            Value::Time(micros) => write_time(*micros, out),
            Value::Timestamp(micros) => write_styled_timestamp(*micros, style, out),
            Value::TimestampTz(micros) => write_styled_moment(*micros, style, out),
            Value::Interval(interval) => write_styled_interval(*interval, style.intervals, out),
            Value::Uuid(uuid) => {
                let mut buffer = Uuid::encode_buffer();
                out.put_slice(uuid.hyphenated().encode_lower(&mut buffer).as_bytes());
            }
            Value::Vector(components) => write_vector(components, out),
            Value::Sparse(vector) => write_sparse(vector, out),
            Value::Bits(bits) => bits.iter().for_each(|bit| out.put_u8(if bit { b'1' } else { b'0' })),
            Value::TsVector(vector) => write_vector_text(vector, out),
            Value::TsQuery(query) => write_query_text(query, out),
            Value::Enum(value) => out.put_slice(value.label().as_bytes()),
            Value::Range(range) => write_range(range, style, out),
            Value::Multirange(multirange) => write_multirange(multirange, style, out),
            Value::Array(element, values) if element.is_number_vector() => write_number_vector(values, out),
            Value::Array(_, values) => write_array(values, style, out),
        }
    }

    /// The text form; empty for NULL.
    pub fn to_text(&self) -> String {
        TextStyle::CANONICAL.text_of(self)
    }
}

fn narrowed<N: TryFrom<i64> + Into<i64>>(text: &str, type_name: &str, min: N, max: N) -> Result<N> {
    let number = parse_integer(text, type_name, min.into(), max.into())?;
    N::try_from(number).map_err(|_| invalid_syntax(type_name, text))
}

/// Any beginning of true, false, yes, no, on and off that names only one of them, 1 and 0.
fn parse_bool(text: &str) -> Result<bool> {
    let word = text.trim_ascii().to_ascii_lowercase();
    let begins = |full: &str, least: usize| word.len() >= least && full.starts_with(&word);
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || word == "1" {
        Ok(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0" {
        Ok(false)
    } else {
        Err(invalid_syntax("boolean", text))
    }
}

/// The byte where the first `length` characters end, when there are more.
fn end_of_chars(text: &str, length: u32) -> Option<usize> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if text.len() <= length {
        return None;
    }
    text.char_indices().nth(length).map(|(end, _)| end)
}

/// Refuses a text longer than declared, except for blanks at its end, which are cut.
pub(crate) fn fit_varchar(text: &str, length: u32) -> Result<&str> {
    fit(text, length, "character varying")
}

/// As [`fit_varchar`], and the blanks that pad a `char(n)` are dropped.
pub(crate) fn fit_char(text: &str, length: u32) -> Result<&str> {
    Ok(fit(text, length, "character")?.trim_end_matches(' '))
}

fn fit<'a>(text: &'a str, length: u32, type_name: &str) -> Result<&'a str> {
    let Some((kept, excess)) = end_of_chars(text, length).and_then(|end| text.split_at_checked(end)) else {
        return Ok(text);
    };
    if excess.bytes().all(|byte| byte == b' ') {
        return Ok(kept);
    }
    Err(Error::new(ErrorKind::StringTooLong, format!("value too long for type {type_name}({length})")))
}

/// The first `length` characters.
pub(crate) fn first_chars(text: &str, length: u32) -> &str {
    end_of_chars(text, length).and_then(|end| text.get(..end)).unwrap_or(text)
}

/// A `"char"`: the first byte of a text, or that of three octal digits behind a backslash, which is also how a byte is written
/// that is no character of ASCII.
pub(crate) fn catalog_char(text: &str) -> String {
    let byte = match *text.as_bytes() {
        [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7'] => (a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'),
        [byte, ..] => byte,
        [] => 0,
    };
    match byte {
        0 => String::new(),
        byte if byte.is_ascii() => char::from(byte).to_string(),
        byte => format!("\\{byte:03o}"),
    }
}

/// At most `bytes` bytes, cut between characters.
pub(crate) fn truncated(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// The hex format, and the older escape format.
fn parse_bytea(text: &str) -> Result<Vec<u8>> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidParameterValue, message);
    let Some(hex) = text.strip_prefix("\\x") else {
        return parse_escaped_bytea(text);
    };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(hex.len() / 2);
    let mut high = None;
    for (at, byte) in hex.bytes().enumerate() {
        let Some(low) = digit(byte) else {
            if byte.is_ascii_whitespace() && high.is_none() {
                continue;
            }
            let character = hex.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('?');
            return Err(invalid(format!("invalid hexadecimal digit: \"{character}\"")));
        };
        match high.take() {
            None => high = Some(low),
            Some(high) => bytes.push(high << 4 | low),
        }
    }
    match high {
        Some(_) => Err(invalid("invalid hexadecimal data: odd number of digits".to_string())),
        None => Ok(bytes),
    }
}

fn parse_escaped_bytea(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        match *rest {
            [b'\\', ref after @ ..] => {
                bytes.push(b'\\');
                rest = after;
            }
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ref after @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => return Err(Error::new(ErrorKind::InvalidTextRepresentation, "invalid input syntax for type bytea")),
        }
    }
    Ok(bytes)
}

/// Appends a float of the digits that `extra_float_digits` leaves it.
fn write_rounded(number: f64, digits: i8, style: &TextStyle, out: &mut impl BufMut) {
    write_significant(number, usize::try_from(digits.saturating_add(style.float_digits)).unwrap_or(0).max(1), out);
}

/// The older form of bytes: what is printable as it is, anything else in octal digits.
fn write_escaped_bytea(bytes: &[u8], out: &mut impl BufMut) {
    let digit = |number: u8| b'0' + (number & 7);
    for &byte in bytes {
        match byte {
            b'\\' => out.put_slice(b"\\\\"),
            0x20..=0x7e => out.put_u8(byte),
            _ => out.put_slice(&[b'\\', digit(byte >> 6), digit(byte >> 3), digit(byte)]),
        }
    }
}

fn write_bytea(bytes: &[u8], out: &mut impl BufMut) {
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
    out.put_slice(b"\\x");
    for byte in bytes {
        out.put_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}

/// A name as SQL must spell it: in quotes when it is not a lower-case word.
pub fn quote_identifier(name: &str) -> String {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let is_word = starts && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_word && !RESERVED.contains(&name) {
        return name.to_string();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// PostgreSQL's reserved key words (documentation, appendix C), which are names only in quotes.
const RESERVED: [&str; 96] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn round(ty: ColumnType, text: &str) -> String {
        Value::parse_text(&ty, text).unwrap().to_text()
    }

    fn refused(ty: ColumnType, text: &str) -> (&'static str, String) {
        let error = Value::parse_text(&ty, text).unwrap_err();
        (error.sqlstate(), error.message().to_string())
    }

    #[test]
    fn values_print_as_in_postgresql() {
        for (ty, text, expected) in [
            (ColumnType::Bool, " YES ", "t"),
            (ColumnType::Bool, "of", "f"),
            (ColumnType::Int2, "-32768", "-32768"),
            (ColumnType::Int8, "9223372036854775807", "9223372036854775807"),
            (ColumnType::Float8, "1e20", "1e+20"),
            (ColumnType::Numeric(Some((10, 2))), "1.005", "1.01"),
            (ColumnType::Varchar(Some(3)), "abc  ", "abc"),
            (ColumnType::Varchar(Some(3)), "äöü", "äöü"),
            (ColumnType::Char(5), "ab ", "ab"),
            (ColumnType::Bytea, "\\xDEAD beef", "\\xdeadbeef"),
            (ColumnType::Bytea, "a\\\\b\\001", "\\x615c6201"),
            (ColumnType::Date, "Jan 2, 2024", "2024-01-02"),
            (ColumnType::Time, "4:05:06.70", "04:05:06.7"),
            (ColumnType::Timestamp, "2024-01-02T03:04:05.6", "2024-01-02 03:04:05.6"),
            (ColumnType::TimestampTz, "2024-01-02 03:04:05+01", "2024-01-02 02:04:05+00"),
            (ColumnType::Uuid, "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            (ColumnType::Vector(Some(3)), "[1,2.50,3]", "[1,2.5,3]"),
            (ColumnType::Jsonb, "{\"b\":1,\"a\":[ ]}", "{\"a\": [], \"b\": 1}"),
            (ColumnType::Json, "{\"b\":1}", "{\"b\":1}"),
            (ColumnType::Oid, "4294967295", "4294967295"),
        ] {
            assert_eq!(round(ty, text), expected, "{text}");
        }
    }

    #[test]
    fn errors_are_postgresqls() {
        let syntax = |ty: &str, text: &str| ("22P02", format!("invalid input syntax for type {ty}: \"{text}\""));
        assert_eq!(refused(ColumnType::Bool, "o"), syntax("boolean", "o"));
        assert_eq!(refused(ColumnType::Int4, "x"), syntax("integer", "x"));
        assert_eq!(refused(ColumnType::Uuid, "x"), syntax("uuid", "x"));
        assert_eq!(
            refused(ColumnType::Int2, "40000"),
            ("22003", "value \"40000\" is out of range for type smallint".to_string())
        );
        assert_eq!(
            refused(ColumnType::Varchar(Some(3)), "abcd"),
            ("22001", "value too long for type character varying(3)".to_string())
        );
        assert_eq!(refused(ColumnType::Char(3), "äöüß").0, "22001");
        assert_eq!(
            refused(ColumnType::Vector(Some(3)), "[1,2]"),
            ("22000", "expected 3 dimensions, not 2".to_string())
        );
        assert_eq!(
            refused(ColumnType::Bytea, "\\x1"),
            ("22023", "invalid hexadecimal data: odd number of digits".to_string())
        );
        assert_eq!(refused(ColumnType::Bytea, "\\x1é").1, "invalid hexadecimal digit: \"é\"");
    }

    #[test]
    fn identifiers_are_quoted_where_they_must_be() {
        assert_eq!(quote_identifier("memory"), "memory");
        assert_eq!(quote_identifier("My\"T"), "\"My\"\"T\"");
        assert_eq!(quote_identifier("select"), "\"select\"");
        assert_eq!(quote_identifier("1a"), "\"1a\"");
        assert_eq!(quote_identifier(""), "\"\"");
    }
}

//! Conversions of values between types, as PostgreSQL's casts do them, with the target's modifiers applied.
//!
//! An explicit cast (`::`, CAST) cuts a text to its declared length; an assignment refuses one that is too long. Text
//! converts to every type by its input syntax, every type to text by its output, and numbers round and are checked.

use std::sync::Arc;

use half::f16;

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::calendar::{
    DATE_INFINITY, DATE_MINUS_INFINITY, MICROS_PER_DAY, TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, join_timestamp,
    split_timestamp,
};
use crate::types::json::convert::{json_text_in, jsonb_text};
use crate::types::json::jsonb;
use crate::types::limits::{IDENTIFIER_BYTES_MAX, VECTOR_DIMENSION_MAX};
use crate::types::numeric::{apply_modifier, float_of_numeric, numeric_of_float};
use crate::types::text::text::{catalog_char, first_chars, fit_char, fit_varchar, truncated};
use crate::types::text::vectors::{check_dense, check_dimension, half_components, parse_vector};
use crate::types::{Bits, ColumnType, Interval, Multirange, Numeric, SparseVector, TextStyle, Value};

/// Decimal digits that a `double precision` and a `real` hold for certain.
const FLOAT8_DIGITS: usize = 15;
const FLOAT4_DIGITS: usize = 6;

impl Value {
    /// Whether the value is in the form that type `ty` keeps, its modifiers aside. NULL fits every type.
    pub fn is_of(&self, ty: &ColumnType) -> bool {
        match (self, ty) {
            (Value::Null, _)
            | (Value::Bool(_), ColumnType::Bool)
            | (Value::Int2(_), ColumnType::Int2)
            | (Value::Int4(_), ColumnType::Int4)
            | (Value::Int8(_), ColumnType::Int8 | ColumnType::Oid | ColumnType::Reg(_))
            | (Value::Float4(_), ColumnType::Float4)
            | (Value::Float8(_), ColumnType::Float8)
            | (Value::Numeric(_), ColumnType::Numeric(_))
            | (Value::Bytea(_), ColumnType::Bytea)
            | (Value::Json(_), ColumnType::Json | ColumnType::Jsonb)
            | (Value::Date(_), ColumnType::Date)
            | (Value::Time(_), ColumnType::Time)
            | (Value::Timestamp(_), ColumnType::Timestamp)
            | (Value::TimestampTz(_), ColumnType::TimestampTz)
            | (Value::Interval(_), ColumnType::Interval)
            | (Value::Uuid(_), ColumnType::Uuid)
            | (Value::Vector(_), ColumnType::Vector(_))
            | (Value::Sparse(_), ColumnType::Sparsevec(_))
            | (Value::TsVector(_), ColumnType::TsVector)
            | (Value::TsQuery(_), ColumnType::TsQuery)
            | (Value::Bits(_), ColumnType::Bit(_) | ColumnType::Varbit(_)) => true,
            (Value::Range(range), ColumnType::Range(kind)) => range.kind() == *kind,
            (Value::Multirange(multirange), ColumnType::Multirange(kind)) => multirange.kind() == *kind,
            (Value::Enum(value), ColumnType::Enum(ty)) => value.ty == *ty || !value.ty.is_resolved(),
            (Value::Vector(components), ColumnType::Halfvec(_)) => {
                components.iter().all(|component| f16::from_f32(*component).to_f32().to_bits() == component.to_bits())
            }
            (
                Value::Text(_),
                ColumnType::CatalogChar | ColumnType::Jsonpath | ColumnType::Reg(_) | ColumnType::Void,
            ) => true,
            (Value::Text(_), ty) => ty.is_text(),
            (Value::Array(element, _), ColumnType::Int2Vector | ColumnType::OidVector) => **element == *ty,
            (Value::Array(element, values), ColumnType::Array(wanted)) => values.iter().all(|value| match value {
                _ if element.is_number_vector() => false,
                Value::Array(..) => value.is_of(ty),
                value => value.is_of(wanted.base()),
            }),
            _ => false,
        }
    }

    /// Converts to type `to` and applies its modifiers.
    ///
    /// # Errors
    /// 42846 where no cast leads there, 22003 and 22008 for what is out of range, 22001 for a text that is too long, 22023 for
    /// JSON of another kind, 22000 for a NULL in a vector; vectors as `check_vector` and `check_dimension`, texts as
    /// [`Value::parse_text`].
    pub fn cast(self, to: &ColumnType, explicit: bool) -> Result<Value> {
        self.cast_in(TextStyle::CANONICAL, to, explicit)
    }

    /// As [`Value::cast`], in the time zone and the style of a session.
    ///
    /// # Errors
    /// As [`Value::cast`].
    pub fn cast_in(self, style: &TextStyle, to: &ColumnType, explicit: bool) -> Result<Value> {
        match (self, to) {
            (Value::Null, _) => Ok(Value::Null),
            (value, ColumnType::Text | ColumnType::Unknown | ColumnType::Varchar(None)) => {
                Ok(Value::Text(into_text(value, style)))
            }
            (value, ColumnType::Varchar(_) | ColumnType::Char(_) | ColumnType::Name | ColumnType::CatalogChar) => {
                cast_to_fitted_text(&into_text(value, style), to, explicit)
            }
            (Value::Text(text), ColumnType::Reg(_) | ColumnType::Void) => Ok(Value::Text(text)),
            (Value::Text(text), ColumnType::Bit(_) | ColumnType::Varbit(_)) => {
                fitted_bits(Bits::parse(&text)?, to, explicit)
            }
            (Value::Text(text), _) => Value::parse_in(style, to, &text),
            (Value::Bits(bits), ColumnType::Bit(_) | ColumnType::Varbit(_)) => fitted_bits(*bits, to, explicit),
            (Value::Bits(bits), ColumnType::Int4 | ColumnType::Int8) if explicit => number_of_bits(&bits, to),
            (value @ (Value::Int4(_) | Value::Int8(_)), ColumnType::Bit(length)) if explicit => {
                Ok(Value::Bits(Box::new(Bits::of_number(value.as_i64().unwrap_or_default(), length.unwrap_or(1)))))
            }
            (value, ColumnType::Bool) => cast_to_bool(value, explicit),
            (value, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid | ColumnType::Reg(_)) => {
                cast_to_integer(value, to, explicit)
            }
            (value, ColumnType::Float4 | ColumnType::Float8) => cast_to_float(value, to),
            (value, ColumnType::Numeric(declared)) => {
                Ok(Value::Numeric(apply_modifier(numeric_of(value, to)?, *declared)?))
            }
            (value, ColumnType::Json | ColumnType::Jsonb) => cast_to_json(value, style, to),
            (value, ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_)) => {
                cast_to_vector(value, to, explicit)
            }
            (Value::Array(_, values), ColumnType::Array(element)) => {
                let base = element.base();
                let cast = |value: Value| match value {
                    inner @ Value::Array(..) => inner.cast_in(style, to, explicit),
                    value => value.cast_in(style, base, explicit),
                };
                Ok(Value::Array(Box::new(base.clone()), values.into_iter().map(cast).collect::<Result<_>>()?))
            }
            (Value::Array(_, values), ColumnType::Int2Vector | ColumnType::OidVector) => {
                let element = to.element().unwrap_or(ColumnType::Int2);
                let values = values.into_iter().map(|value| value.cast(&element, explicit)).collect::<Result<_>>()?;
                Ok(Value::Array(Box::new(to.clone()), values))
            }
            (Value::Vector(components), ColumnType::Array(element)) => {
                let values = components.iter().map(|number| Value::Float4(*number).cast(element, explicit));
                Ok(Value::Array(element.clone(), values.collect::<Result<_>>()?))
            }
            (Value::Enum(value), ColumnType::Enum(ty)) if value.ty == *ty || !value.ty.is_resolved() => {
                Ok(Value::Enum(value.of(ty)?))
            }
            (Value::Range(range), ColumnType::Multirange(kind)) if explicit && range.kind() == *kind => {
                Ok(Value::Multirange(Box::new(Multirange::of_range(*range))))
            }
            (value, _) if value.is_of(to) => Ok(value),
            (value, _) => cast_time(value, style, to),
        }
    }
}

/// Into one of pgvector's kinds of vectors, of the dimension that it declares.
fn cast_to_vector(value: Value, to: &ColumnType, explicit: bool) -> Result<Value> {
    if let ColumnType::Sparsevec(declared) = to {
        let vector = match value {
            Value::Sparse(vector) => vector,
            other => Arc::new(SparseVector::of_dense(&dense(other, to, explicit)?)?),
        };
        return match declared {
            Some(dimension) if *dimension != vector.dimension() => {
                let message = format!("expected {dimension} dimensions, not {}", vector.dimension());
                Err(Error::new(ErrorKind::DataException, message))
            }
            _ => Ok(Value::Sparse(vector)),
        };
    }
    let components = dense(value, to, explicit)?;
    let is_half = matches!(to, ColumnType::Halfvec(_));
    check_dense(&components, if is_half { "halfvec" } else { "vector" })?;
    check_dimension(&components, to.dimension())?;
    Ok(Value::Vector(if is_half { half_components(&components)? } else { components }))
}

/// The components of what becomes a vector.
fn dense(value: Value, to: &ColumnType, explicit: bool) -> Result<Arc<[f32]>> {
    match value {
        Value::Vector(components) => Ok(components),
        Value::Sparse(vector) => match usize::try_from(vector.dimension()) {
            Ok(dimension) if dimension <= VECTOR_DIMENSION_MAX => Ok(vector.to_dense()),
            _ => {
                let message = format!("{} cannot have more than {VECTOR_DIMENSION_MAX} dimensions", to.base_name());
                Err(Error::new(ErrorKind::LimitExceeded, message))
            }
        },
        Value::Array(_, values) => values.iter().map(component).collect(),
        Value::Json(text) if explicit => parse_vector(&text),
        other => Err(cannot_cast(&other, to)),
    }
}

/// Bits of the declared length: an explicit cast cuts them or fills them up with zeros, an assignment does not.
fn fitted_bits(bits: Bits, to: &ColumnType, explicit: bool) -> Result<Value> {
    let length = bits.length();
    let fitted = match to {
        ColumnType::Bit(Some(declared)) if *declared != length && explicit => bits.resized(*declared),
        ColumnType::Bit(Some(declared)) if *declared != length => {
            let message = format!("bit string length {length} does not match type bit({declared})");
            return Err(Error::new(ErrorKind::StringLengthMismatch, message));
        }
        ColumnType::Varbit(Some(declared)) if *declared < length && explicit => bits.resized(*declared),
        ColumnType::Varbit(Some(declared)) if *declared < length => {
            let message = format!("bit string too long for type bit varying({declared})");
            return Err(Error::new(ErrorKind::StringTooLong, message));
        }
        _ => bits,
    };
    Ok(Value::Bits(Box::new(fitted)))
}

fn number_of_bits(bits: &Bits, to: &ColumnType) -> Result<Value> {
    let width = if *to == ColumnType::Int4 { i32::BITS } else { i64::BITS };
    let number = bits.number(width).ok_or_else(|| out_of_range(to))?;
    Value::Int8(number).cast(to, true)
}

fn cannot_cast(value: &Value, to: &ColumnType) -> Error {
    Error::new(ErrorKind::CannotCoerce, format!("cannot cast type {} to {to}", value.column_type()))
}

fn out_of_range(to: &ColumnType) -> Error {
    Error::new(ErrorKind::NumericOutOfRange, format!("{to} out of range"))
}

/// The text that a cast gives, which differs from the output form for booleans alone.
fn into_text(value: Value, style: &TextStyle) -> Box<str> {
    match value {
        Value::Text(text) | Value::Json(text) => text,
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        other => style.text_of(&other).into(),
    }
}

fn cast_to_fitted_text(text: &str, to: &ColumnType, explicit: bool) -> Result<Value> {
    let fitted = match to {
        ColumnType::Varchar(Some(length)) if explicit => first_chars(text, *length),
        ColumnType::Varchar(Some(length)) => fit_varchar(text, *length)?,
        ColumnType::Char(length) if explicit => first_chars(text, *length).trim_end_matches(' '),
        ColumnType::Char(length) => fit_char(text, *length)?,
        ColumnType::Name => truncated(text, IDENTIFIER_BYTES_MAX),
        ColumnType::CatalogChar => return Ok(Value::text(catalog_char(text))),
        _ => text,
    };
    Ok(Value::text(fitted))
}

/// The JSON scalar of the wanted kind, or PostgreSQL's refusal.
fn json_scalar<'a>(json: &'a str, wanted: &str, to: &ColumnType) -> Result<&'a str> {
    match jsonb::type_name(json) {
        kind if kind == wanted => Ok(json),
        kind => {
            let message = format!("cannot cast jsonb {kind} to type {to}");
            Err(Error::new(ErrorKind::InvalidParameterValue, message))
        }
    }
}

fn cast_to_bool(value: Value, explicit: bool) -> Result<Value> {
    match value {
        Value::Bool(_) => Ok(value),
        Value::Int4(number) if explicit => Ok(Value::Bool(number != 0)),
        Value::Int2(number) if explicit => Ok(Value::Bool(number != 0)),
        Value::Int8(number) if explicit => Ok(Value::Bool(number != 0)),
        Value::Json(json) if explicit => {
            Ok(Value::Bool(json_scalar(&json, "boolean", &ColumnType::Bool)?.trim_ascii() == "true"))
        }
        other => Err(cannot_cast(&other, &ColumnType::Bool)),
    }
}

fn cast_to_integer(value: Value, to: &ColumnType, explicit: bool) -> Result<Value> {
    let number = match value {
        Value::Int2(number) => i64::from(number),
        Value::Int4(number) => i64::from(number),
        Value::Int8(number) => number,
        Value::Float4(number) => rounded(f64::from(number)).ok_or_else(|| out_of_range(to))?,
        Value::Float8(number) => rounded(number).ok_or_else(|| out_of_range(to))?,
        Value::Numeric(number) if number.special().is_some() => {
            let what = if number.is_nan() { "NaN" } else { "infinity" };
            return Err(Error::new(ErrorKind::Unsupported, format!("cannot convert {what} to {to}")));
        }
        Value::Numeric(number) => number.to_i64().ok_or_else(|| out_of_range(to))?,
        Value::Bool(is_true) if explicit => i64::from(is_true),
        Value::Json(json) if explicit => {
            let digits = json_scalar(&json, "number", to)?;
            return Value::parse_text(&ColumnType::Numeric(None), digits)?.cast(to, explicit);
        }
        other => return Err(cannot_cast(&other, to)),
    };
    let narrowed = match to {
        ColumnType::Int2 => i16::try_from(number).map(Value::Int2),
        ColumnType::Int4 => i32::try_from(number).map(Value::Int4),
        ColumnType::Int8 => return Ok(Value::Int8(number)),
        _ => u32::try_from(number).map(|number| Value::Int8(i64::from(number))),
    };
    narrowed.map_err(|_| match to {
        ColumnType::Oid | ColumnType::Reg(_) => Error::new(ErrorKind::NumericOutOfRange, "OID out of range"),
        _ => out_of_range(to),
    })
}

/// The nearest whole number, ties to even, as PostgreSQL rounds floats.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked, and -2^63 and 2^63 are exact floats")]
fn rounded(number: f64) -> Option<i64> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    let whole = number.round_ties_even();
    (-BOUND..BOUND).contains(&whole).then_some(whole as i64)
}

fn cast_to_float(value: Value, to: &ColumnType) -> Result<Value> {
    let wants_float4 = *to == ColumnType::Float4;
    match value {
        Value::Float4(number) if wants_float4 => Ok(Value::Float4(number)),
        Value::Float4(number) => Ok(Value::Float8(f64::from(number))),
        Value::Float8(number) if wants_float4 => narrowed_float(number).map(Value::Float4),
        Value::Float8(number) => Ok(Value::Float8(number)),
        // Through the digits, so that the number is rounded once.
        Value::Numeric(number) if wants_float4 => Value::parse_text(to, &number.to_string()),
        Value::Numeric(number) if is_far(&number) => Value::parse_text(to, &number.to_string()),
        Value::Numeric(number) => Ok(Value::Float8(float_of_numeric(&number))),
        Value::Json(json) => Value::parse_text(to, json_scalar(&json, "number", to)?),
        other => match other.as_i64() {
            Some(number) if wants_float4 => Ok(Value::Float4(float4_of_integer(number))),
            Some(number) => Ok(Value::Float8(float8_of_integer(number))),
            None => Err(cannot_cast(&other, to)),
        },
    }
}

/// Whether a number may be out of the range of floats.
fn is_far(number: &Numeric) -> bool {
    /// Digits behind the point of numbers that are surely in range.
    const NEAR_SCALE_MAX: u32 = 250;
    number.special().is_none() && (number.as_small().is_none() || number.scale() > NEAR_SCALE_MAX)
}

#[expect(clippy::cast_precision_loss, reason = "PostgreSQL's cast rounds to the nearest float")]
fn float8_of_integer(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "PostgreSQL's cast rounds to the nearest float")]
fn float4_of_integer(number: i64) -> f32 {
    number as f32
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest, and what left the range is refused")]
fn narrowed_float(number: f64) -> Result<f32> {
    let narrow = number as f32;
    let problem = if narrow.is_infinite() && number.is_finite() {
        "overflow"
    } else if narrow == 0.0 && number != 0.0 {
        "underflow"
    } else {
        return Ok(narrow);
    };
    Err(Error::new(ErrorKind::NumericOutOfRange, format!("value out of range: {problem}")))
}

fn numeric_of(value: Value, to: &ColumnType) -> Result<Numeric> {
    match value {
        Value::Numeric(number) => Ok(number),
        Value::Float4(number) => numeric_of_float(f64::from(number), FLOAT4_DIGITS),
        Value::Float8(number) => numeric_of_float(number, FLOAT8_DIGITS),
        Value::Json(json) => match Value::parse_text(to, json_scalar(&json, "number", to)?)? {
            Value::Numeric(number) => Ok(number),
            other => Err(cannot_cast(&other, to)),
        },
        other => other.as_i64().map(Numeric::from).ok_or_else(|| cannot_cast(&other, to)),
    }
}

/// Between `json` and `jsonb`; other values become JSON as by `to_jsonb`.
fn cast_to_json(value: Value, style: &TextStyle, to: &ColumnType) -> Result<Value> {
    match (value, to) {
        (Value::Json(text), ColumnType::Jsonb) => Ok(Value::Json(jsonb_text(&text)?)),
        (Value::Json(text), _) => Ok(Value::Json(text)),
        (value, _) => Ok(Value::Json(json_text_in(style, &value))),
    }
}

/// An element of an array on its way into a vector.
fn component(value: &Value) -> Result<f32> {
    match value {
        Value::Float4(number) => Ok(*number),
        Value::Null => Err(Error::new(ErrorKind::NullNotAllowed, "array must not contain nulls")),
        Value::Array(..) => Err(Error::new(ErrorKind::DataException, "array must be 1-D")),
        // As pgvector narrows them: an infinity is refused as a component, and what is too small is 0.
        #[expect(clippy::cast_possible_truncation, reason = "components are f32 by definition")]
        Value::Float8(number) => Ok(*number as f32),
        Value::Int2(_) | Value::Int4(_) | Value::Int8(_) | Value::Numeric(_) => {
            match cast_to_float(value.clone(), &ColumnType::Float4)? {
                Value::Float4(number) => Ok(number),
                other => Err(cannot_cast(&other, &ColumnType::Float4)),
            }
        }
        other => Err(cannot_cast(other, &ColumnType::Vector(None))),
    }
}

fn cast_time(value: Value, style: &TextStyle, to: &ColumnType) -> Result<Value> {
    // A moment is a local time of the zone of the session wherever its date or its time is asked for.
    let value = match (value, to) {
        (Value::TimestampTz(micros), ColumnType::Timestamp | ColumnType::Date | ColumnType::Time) => {
            Value::Timestamp(style.zone.local_time(micros)?)
        }
        (Value::Date(days), ColumnType::Timestamp | ColumnType::TimestampTz) => {
            let out_of_range = |_| Error::new(ErrorKind::DatetimeOutOfRange, "date out of range for timestamp");
            Value::Timestamp(join_timestamp(days, 0).map_err(out_of_range)?)
        }
        (value, _) => value,
    };
    match (value, to) {
        (value @ Value::Timestamp(_), ColumnType::Timestamp) => Ok(value),
        (Value::Timestamp(micros), ColumnType::TimestampTz) => Ok(Value::TimestampTz(style.zone.moment_of(micros)?)),
        (Value::Timestamp(micros), ColumnType::Date) => Ok(Value::Date(match micros {
            TIMESTAMP_INFINITY => DATE_INFINITY,
            TIMESTAMP_MINUS_INFINITY => DATE_MINUS_INFINITY,
            micros => split_timestamp(micros).0,
        })),
        (Value::Timestamp(TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY), ColumnType::Time) => Ok(Value::Null),
        (Value::Timestamp(micros), ColumnType::Time) => Ok(Value::Time(split_timestamp(micros).1)),
        (Value::Interval(interval), ColumnType::Time) if interval.is_infinite() => {
            Err(Error::new(ErrorKind::DatetimeOutOfRange, "cannot convert infinite interval to time"))
        }
        (Value::Interval(interval), ColumnType::Time) => Ok(Value::Time(interval.micros.rem_euclid(MICROS_PER_DAY))),
        (Value::Time(micros), ColumnType::Interval) => Ok(Value::Interval(Interval { micros, ..Interval::default() })),
        (value, _) => Err(cannot_cast(&value, to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explicit(value: Value, to: &str) -> String {
        value.cast(&ColumnType::parse(to).unwrap(), true).unwrap().to_text()
    }

    fn refused(value: Value, to: &str, explicit: bool) -> (&'static str, String) {
        let error = value.cast(&ColumnType::parse(to).unwrap(), explicit).unwrap_err();
        (error.sqlstate(), error.message().to_string())
    }

    #[test]
    fn casts_round_and_cut_as_in_postgresql() {
        let numeric = |text: &str| Value::Numeric(text.parse().unwrap());
        for (value, to, expected) in [
            (Value::Float8(2.5), "integer", "2"),
            (Value::Float8(-3.5), "bigint", "-4"),
            (numeric("2.5"), "integer", "3"),
            (numeric("-2.5"), "smallint", "-3"),
            (Value::Float8(0.1), "numeric", "0.1"),
            (Value::Int4(7), "numeric(5,2)", "7.00"),
            (numeric("1.005"), "numeric(5,2)", "1.01"),
            (Value::Bool(true), "text", "true"),
            (Value::Bool(true), "integer", "1"),
            (Value::Int4(0), "boolean", "f"),
            (Value::text("abcdef"), "varchar(3)", "abc"),
            (Value::text("42"), "integer", "42"),
            (Value::Date(0), "timestamptz", "1970-01-01 00:00:00+00"),
            (Value::Timestamp(-1), "date", "1969-12-31"),
            (Value::Json("1.5".into()), "integer", "2"),
            (Value::Json("true".into()), "boolean", "t"),
            (Value::Json("[1,2]".into()), "vector(2)", "[1,2]"),
            (Value::Vector([1.0, 2.5].into()), "real[]", "{1,2.5}"),
            (Value::Vector([1.0, 2.5].into()), "text", "[1,2.5]"),
            (Value::Float4(0.1), "double precision", "0.10000000149011612"),
            (Value::Json("{\"b\":1, \"a\":2}".into()), "jsonb", "{\"a\": 2, \"b\": 1}"),
            (Value::Int8(5), "oid", "5"),
            (Value::Time(1_000_000), "interval", "00:00:01"),
        ] {
            assert_eq!(explicit(value, to), expected, "{to}");
        }
        let array = Value::Array(Box::new(ColumnType::Int4), vec![Value::Int4(1), Value::Int4(2)]);
        assert_eq!(explicit(array.clone(), "vector(2)"), "[1,2]");
        assert_eq!(explicit(array, "text[]"), "{1,2}");
        assert_eq!(Value::Null.cast(&ColumnType::Int4, false).unwrap(), Value::Null);
    }

    #[test]
    fn casts_out_of_range_are_refused() {
        assert_eq!(refused(Value::Int8(1 << 40), "integer", true), ("22003", "integer out of range".to_string()));
        assert_eq!(refused(Value::Float8(f64::NAN), "bigint", true), ("22003", "bigint out of range".to_string()));
        assert_eq!(refused(Value::Float8(1e300), "real", true), ("22003", "value out of range: overflow".to_string()));
        assert_eq!(refused(Value::Int8(-1), "oid", true), ("22003", "OID out of range".to_string()));
        assert_eq!(
            refused(Value::text("abcd"), "varchar(3)", false),
            ("22001", "value too long for type character varying(3)".to_string())
        );
        assert_eq!(
            refused(Value::Vector([1.0].into()), "vector(3)", false),
            ("22000", "expected 3 dimensions, not 1".to_string())
        );
        assert_eq!(refused(Value::Date(0), "integer", true), ("42846", "cannot cast type date to integer".to_string()));
        assert_eq!(
            refused(Value::Json("\"x\"".into()), "integer", true),
            ("22023", "cannot cast jsonb string to type integer".to_string())
        );
        assert_eq!(refused(Value::Bool(true), "integer", false).0, "42846");
    }
}

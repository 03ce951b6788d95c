//! Keys of groups: bytes that are equal where PostgreSQL holds values equal for GROUP BY and DISTINCT.
//!
//! NULL equals NULL, 0 equals -0, NaN equals NaN, 1.0 equals 1.00, documents as `jsonb` does. Values at one place of a key have one type; each is written
//! so that no key is the beginning of another one.

use crate::error::{Error, Result};
use crate::types::{Value, sort_key};

const NULL: u8 = 0;
const VALUE: u8 = 1;

/// Appends a value of a type that groups may have.
///
/// # Errors
/// XX000 for another type, a defect of who made the query.
pub(super) fn encode(value: &Value, key: &mut Vec<u8>) -> Result<()> {
    key.push(if value.is_null() { NULL } else { VALUE });
    match value {
        Value::Null => {}
        Value::Bool(truth) => key.push(u8::from(*truth)),
        Value::Int2(_) | Value::Int4(_) | Value::Int8(_) => {
            key.extend_from_slice(&value.as_i64().unwrap_or_default().to_le_bytes());
        }
        Value::Float4(number) => encode_float(f64::from(*number), key),
        Value::Float8(number) => encode_float(*number, key),
        Value::Numeric(number) => number.encode_ordered(key),
        Value::Text(text) => encode_bytes(text.as_bytes(), key),
        Value::Bytea(bytes) => encode_bytes(bytes, key),
        Value::Date(days) => key.extend_from_slice(&days.to_le_bytes()),
        Value::Time(micros) | Value::Timestamp(micros) | Value::TimestampTz(micros) => {
            key.extend_from_slice(&micros.to_le_bytes());
        }
        Value::Enum(value) => key.extend_from_slice(&value.position.to_le_bytes()),
        Value::Range(range) => encode_bytes(&range.sort_key(), key),
        Value::Multirange(multirange) => encode_bytes(&multirange.sort_key(), key),
        Value::Uuid(uuid) => key.extend_from_slice(uuid.as_bytes()),
        Value::Json(text) => encode_bytes(&sort_key(text), key),
        Value::Interval(_)
        | Value::Vector(_)
        | Value::Sparse(_)
        | Value::Bits(_)
        | Value::TsVector(_)
        | Value::TsQuery(_)
        | Value::Array(..) => {
            return Err(Error::internal(format!("values of type {} are grouped", value.column_type())));
        }
    }
    Ok(())
}

/// Appends a text, as [`encode`] would.
pub(super) fn encode_text(text: &str, key: &mut Vec<u8>) {
    key.push(VALUE);
    encode_bytes(text.as_bytes(), key);
}

fn encode_bytes(bytes: &[u8], key: &mut Vec<u8>) {
    key.extend_from_slice(&bytes.len().to_le_bytes());
    key.extend_from_slice(bytes);
}

fn encode_float(number: f64, key: &mut Vec<u8>) {
    let one = if number == 0.0 {
        0.0
    } else if number.is_nan() {
        f64::NAN
    } else {
        number
    };
    key.extend_from_slice(&one.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Interval;

    fn key(value: &Value) -> Vec<u8> {
        let mut key = Vec::new();
        encode(value, &mut key).unwrap();
        key
    }

    #[test]
    fn equal_values_have_one_key() {
        let numeric = |text: &str| Value::Numeric(text.parse().unwrap());
        for (left, right) in [
            (Value::Float8(0.0), Value::Float8(-0.0)),
            (Value::Float8(f64::NAN), Value::Float8(-f64::NAN)),
            (Value::Float4(0.0), Value::Float4(-0.0)),
            (numeric("1.0"), numeric("1.00")),
            (numeric("0"), numeric("-0.00")),
            (Value::Null, Value::Null),
            (Value::Json("1.0".into()), Value::Json("1".into())),
        ] {
            assert_eq!(key(&left), key(&right), "{left:?} {right:?}");
        }
        for (left, right) in [
            (Value::text(""), Value::Null),
            (Value::text("a"), Value::text("ab")),
            (Value::Bool(false), Value::Null),
            (Value::Int4(1), Value::Int4(256)),
            (numeric("1.0"), numeric("10")),
            (Value::Float8(f64::INFINITY), Value::Float8(f64::NAN)),
        ] {
            assert_ne!(key(&left), key(&right), "{left:?} {right:?}");
        }
        let mut text = Vec::new();
        encode_text("ab", &mut text);
        assert_eq!(text, key(&Value::text("ab")));
    }

    #[test]
    fn what_is_never_grouped_is_refused() {
        assert_eq!(encode(&Value::Interval(Interval::default()), &mut Vec::new()).unwrap_err().sqlstate(), "XX000");
    }
}

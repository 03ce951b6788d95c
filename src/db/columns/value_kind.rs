//! The kinds of values that lie packed in a column, and their way in and out, which changes no bit of them.

use crate::types::{Numeric, Value};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Bool,
    Int2,
    Int4,
    Int8,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    /// All of one display scale, whose digits fit in 64 bits.
    Numeric {
        scale: u32,
    },
    Float4,
    Float8,
    Text,
    Json,
    /// Values of several kinds, or of one that is not packed, by a dictionary.
    Any,
}

impl ValueKind {
    /// The kind that a value is packed as; `None` for a NULL, `Any` for what lies in dictionaries alone.
    pub fn of(value: &Value) -> Option<ValueKind> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(_) => ValueKind::Bool,
            Value::Int2(_) => ValueKind::Int2,
            Value::Int4(_) => ValueKind::Int4,
            Value::Int8(_) => ValueKind::Int8,
            Value::Float4(_) => ValueKind::Float4,
            Value::Float8(_) => ValueKind::Float8,
            Value::Numeric(number) => match digits(number) {
                Some(_) => ValueKind::Numeric { scale: number.scale() },
                None => ValueKind::Any,
            },
            Value::Text(_) => ValueKind::Text,
            Value::Json(_) => ValueKind::Json,
            Value::Date(_) => ValueKind::Date,
            Value::Time(_) => ValueKind::Time,
            Value::Timestamp(_) => ValueKind::Timestamp,
            Value::TimestampTz(_) => ValueKind::TimestampTz,
            Value::Bytea(_)
            | Value::Interval(_)
            | Value::Uuid(_)
            | Value::Vector(_)
            | Value::Sparse(_)
            | Value::Bits(_)
            | Value::TsVector(_)
            | Value::TsQuery(_)
            | Value::Enum(_)
            | Value::Range(_)
            | Value::Multirange(_)
            | Value::Array(..) => ValueKind::Any,
        })
    }

    /// Whether its values are packed as whole numbers of 64 bits, in the order of the values.
    pub fn is_int(self) -> bool {
        !matches!(self, ValueKind::Float4 | ValueKind::Float8 | ValueKind::Text | ValueKind::Json | ValueKind::Any)
    }

    /// Whether its values are texts.
    pub fn is_text(self) -> bool {
        matches!(self, ValueKind::Text | ValueKind::Json)
    }

    /// The whole number that a value is packed as; `None` for a value of another kind.
    pub fn packed(self, value: &Value) -> Option<i64> {
        match (self, value) {
            (ValueKind::Bool, Value::Bool(is_true)) => Some(i64::from(*is_true)),
            (ValueKind::Int2, Value::Int2(number)) => Some(i64::from(*number)),
            (ValueKind::Int4, Value::Int4(number)) | (ValueKind::Date, Value::Date(number)) => Some(i64::from(*number)),
            (ValueKind::Int8, Value::Int8(number))
            | (ValueKind::Time, Value::Time(number))
            | (ValueKind::Timestamp, Value::Timestamp(number))
            | (ValueKind::TimestampTz, Value::TimestampTz(number)) => Some(*number),
            (ValueKind::Numeric { scale }, Value::Numeric(number)) if number.scale() == scale => digits(number),
            _ => None,
        }
    }

    /// The value that a whole number stands for; NULL for a kind that is not packed so, or a number that none was packed as.
    pub fn unpacked(self, number: i64) -> Value {
        let small = || i32::try_from(number).ok();
        match self {
            ValueKind::Bool => Value::Bool(number != 0),
            ValueKind::Int2 => i16::try_from(number).map_or(Value::Null, Value::Int2),
            ValueKind::Int4 => small().map_or(Value::Null, Value::Int4),
            ValueKind::Date => small().map_or(Value::Null, Value::Date),
            ValueKind::Int8 => Value::Int8(number),
            ValueKind::Time => Value::Time(number),
            ValueKind::Timestamp => Value::Timestamp(number),
            ValueKind::TimestampTz => Value::TimestampTz(number),
            ValueKind::Numeric { scale } => {
                Numeric::of_parts(i128::from(number), scale).map_or(Value::Null, Value::Numeric)
            }
            ValueKind::Float4 | ValueKind::Float8 | ValueKind::Text | ValueKind::Json | ValueKind::Any => Value::Null,
        }
    }

    /// The least and the greatest whole number that stands for a value of the kind.
    pub fn bounds(self) -> (i64, i64) {
        match self {
            ValueKind::Bool => (0, 1),
            ValueKind::Int2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
            ValueKind::Int4 | ValueKind::Date => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        }
    }
}

/// The digits of a number as a whole number; `None` for more than 64 bits, and for NaN and the infinities.
fn digits(number: &Numeric) -> Option<i64> {
    number.as_small().and_then(|(mantissa, _)| i64::try_from(mantissa).ok())
}

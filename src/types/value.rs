//! A typed value, as it travels between the wire, the languages and the store.

use std::sync::Arc;

use uuid::Uuid;

use crate::error::Result;
use crate::types::{
    ARRAY_DIMENSIONS_MAX, Bits, ColumnType, EnumValue, Multirange, Numeric, Range, RangePart, SparseVector, TsQuery,
    TsVector,
};

/// What an allocation takes besides its bytes, on average: its header, and what it is rounded up by.
pub const ALLOCATION_BYTES: usize = 16;

/// One value. Times are microseconds and dates are days since 1970-01-01, without a time zone or in UTC.
/// Its methods lie by subject in the files of this folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int2(i16),
    Int4(i32),
    Int8(i64),
    Float4(f32),
    Float8(f64),
    Numeric(Numeric),
    Text(Box<str>),
    Bytea(Box<[u8]>),
    /// The text of a `json` value as it was written, or of a `jsonb` value in canonical form.
    Json(Box<str>),
    Date(i32),
    Time(i64),
    Timestamp(i64),
    TimestampTz(i64),
    Interval(Interval),
    Uuid(Uuid),
    Vector(Arc<[f32]>),
    Sparse(Arc<SparseVector>),
    Bits(Box<Bits>),
    TsVector(Arc<TsVector>),
    TsQuery(Arc<TsQuery>),
    Enum(EnumValue),
    Range(Box<Range>),
    Multirange(Box<Multirange>),
    /// Columns store those of one dimension. The type is that of the elements, or the catalogs' vector of numbers.
    Array(Box<ColumnType>, Vec<Value>),
}

/// A PostgreSQL interval: its three parts do not convert into one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    pub months: i32,
    pub days: i32,
    pub micros: i64,
}

impl Value {
    /// An array with the elements of all its dimensions in one; any other value as it is.
    pub fn flattened(self) -> Value {
        match self {
            Value::Array(element, values) if values.iter().any(|value| matches!(value, Value::Array(..))) => {
                let mut elements = Vec::new();
                let mut waiting: Vec<Value> = values.into_iter().rev().collect();
                while let Some(value) = waiting.pop() {
                    match value {
                        Value::Array(_, inner) => waiting.extend(inner.into_iter().rev()),
                        other => elements.push(other),
                    }
                }
                Value::Array(element, elements)
            }
            other => other,
        }
    }

    /// How many elements an array has in each dimension, outermost first; none for one without elements, and for other values.
    pub fn shape(&self) -> Vec<usize> {
        let mut shape = Vec::new();
        let mut level = Some(self);
        while let Some(Value::Array(_, elements)) = level.filter(|_| shape.len() < ARRAY_DIMENSIONS_MAX) {
            if elements.is_empty() {
                break;
            }
            shape.push(elements.len());
            level = elements.first();
        }
        shape
    }

    pub fn text(text: impl Into<Box<str>>) -> Self {
        Value::Text(text.into())
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) | Value::Json(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int2(n) => Some(i64::from(*n)),
            Value::Int4(n) => Some(i64::from(*n)),
            Value::Int8(n) => Some(*n),
            _ => None,
        }
    }

    /// The natural type of the value; a NULL has none.
    pub fn column_type(&self) -> ColumnType {
        match self {
            Value::Null => ColumnType::Unknown,
            Value::Bool(_) => ColumnType::Bool,
            Value::Int2(_) => ColumnType::Int2,
            Value::Int4(_) => ColumnType::Int4,
            Value::Int8(_) => ColumnType::Int8,
            Value::Float4(_) => ColumnType::Float4,
            Value::Float8(_) => ColumnType::Float8,
            Value::Numeric(_) => ColumnType::Numeric(None),
            Value::Text(_) => ColumnType::Text,
            Value::Bytea(_) => ColumnType::Bytea,
            Value::Json(_) => ColumnType::Jsonb,
            Value::Date(_) => ColumnType::Date,
            Value::Time(_) => ColumnType::Time,
            Value::Timestamp(_) => ColumnType::Timestamp,
            Value::TimestampTz(_) => ColumnType::TimestampTz,
            Value::Interval(_) => ColumnType::Interval,
            Value::Uuid(_) => ColumnType::Uuid,
            Value::Vector(_) => ColumnType::Vector(None),
            Value::Sparse(_) => ColumnType::Sparsevec(None),
            Value::Bits(_) => ColumnType::Bit(None),
            Value::TsVector(_) => ColumnType::TsVector,
            Value::TsQuery(_) => ColumnType::TsQuery,
            Value::Range(range) => ColumnType::Range(range.kind()),
            Value::Multirange(multirange) => ColumnType::Multirange(multirange.kind()),
            Value::Enum(value) => ColumnType::Enum(Arc::clone(&value.ty)),
            Value::Array(element, _) if element.is_number_vector() => (**element).clone(),
            Value::Array(element, _) => ColumnType::Array(element.clone()),
        }
    }

    /// A float with one NaN: whatever bits a computation or a client gave it, it is the same value everywhere.
    pub fn float8(number: f64) -> Value {
        Value::Float8(if number.is_nan() { f64::NAN } else { number })
    }

    /// As [`Value::float8`].
    pub fn float4(number: f32) -> Value {
        Value::Float4(if number.is_nan() { f32::NAN } else { number })
    }

    /// Whether both are the same to the bit: NaN is NaN, 0 is not -0, and 1.0 is not 1.00.
    pub fn is_identical(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Float4(a), Value::Float4(b)) => a.to_bits() == b.to_bits(),
            (Value::Float8(a), Value::Float8(b)) => a.to_bits() == b.to_bits(),
            (Value::Numeric(a), Value::Numeric(b)) => a.is_identical(b),
            (Value::Vector(a), Value::Vector(b)) => {
                let bits = |component: &f32| component.to_bits();
                Arc::ptr_eq(a, b) || a.iter().map(bits).eq(b.iter().map(bits))
            }
            (Value::Range(a), Value::Range(b)) => a.to_bytes() == b.to_bytes(),
            (Value::Multirange(a), Value::Multirange(b)) => a.to_bytes() == b.to_bytes(),
            (Value::Array(a, ours), Value::Array(b, theirs)) => {
                a == b && ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.is_identical(b))
            }
            _ => self == other,
        }
    }

    /// The value with the labels of its column's type, where that is an enumerated type or an array of one.
    ///
    /// # Errors
    /// XX000 for a value that has no label there.
    pub fn of_column(self, ty: &ColumnType) -> Result<Value> {
        match (self, ty) {
            (Value::Enum(value), ColumnType::Enum(ty)) => Ok(Value::Enum(value.of(ty)?)),
            (Value::Array(element, values), ColumnType::Array(declared)) if declared.enumerated().is_some() => {
                let base = declared.base();
                // As deep as the array is nested, at most six.
                let values = values.into_iter().map(|value| match &value {
                    Value::Array(..) => value.of_column(ty),
                    _ => value.of_column(base),
                });
                let element = if element.enumerated().is_some() { Box::new(base.clone()) } else { element };
                Ok(Value::Array(element, values.collect::<Result<_>>()?))
            }
            (value, _) => Ok(value),
        }
    }

    /// Bytes of memory that the value takes in a row, with what an allocation costs besides its bytes.
    pub fn held_bytes(&self) -> usize {
        let own = match self {
            Value::Text(_) | Value::Json(_) | Value::Bytea(_) | Value::Vector(_) => self.bytes() + ALLOCATION_BYTES,
            Value::Sparse(_) | Value::Bits(_) => self.bytes() + 3 * ALLOCATION_BYTES,
            Value::TsVector(vector) => {
                vector.bytes().saturating_add((2 * vector.lexemes().len()).saturating_mul(ALLOCATION_BYTES))
            }
            Value::TsQuery(query) => query.bytes().saturating_add(query.nodes().saturating_mul(ALLOCATION_BYTES)),
            Value::Numeric(number) => number.heap_bytes(),
            Value::Range(_) | Value::Multirange(_) => self.bytes() + 2 * ALLOCATION_BYTES,
            Value::Array(_, values) => {
                2 * ALLOCATION_BYTES
                    + size_of::<ColumnType>()
                    + values.iter().map(Value::held_bytes).fold(0, usize::saturating_add)
            }
            _ => 0,
        };
        size_of::<Value>() + own
    }

    /// Bytes that the value holds, for limits.
    pub fn bytes(&self) -> usize {
        match self {
            Value::Text(text) | Value::Json(text) => text.len(),
            Value::Bytea(bytes) => bytes.len(),
            Value::Vector(vector) => size_of_val::<[f32]>(vector),
            Value::Sparse(vector) => vector.count().saturating_mul(size_of::<(u32, f32)>()),
            Value::Bits(bits) => bits.bytes().len(),
            Value::TsVector(vector) => vector.bytes(),
            Value::TsQuery(query) => query.bytes(),
            Value::Numeric(number) => size_of::<Value>() + number.heap_bytes(),
            Value::Range(range) => range.span().map_or(0, RangePart::bytes),
            Value::Multirange(multirange) => multirange.spans().iter().map(RangePart::bytes).sum(),
            Value::Array(_, values) => values.iter().map(|value| value.bytes() + size_of::<Value>()).sum(),
            _ => size_of::<Value>(),
        }
    }
}

//! Values into Arrow arrays. A value of another type than its column's is cast, which fails rather than loses something.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Float32Builder, ListArray, ListBuilder,
    PrimitiveBuilder, StringBuilder, make_array, new_empty_array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, DurationNanosecondType, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
    UInt32Type,
};
use datafusion::common::ScalarValue;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::errors::{from_arrow, from_datafusion};
use crate::sql::arrow::range_values::range_array;
use crate::sql::arrow::types::{NUMERIC_PRECISION, data_type_of, list_element};
use crate::types::{ColumnType, Interval, Numeric, Value};

/// What stands for NaN among the digits of decimals: PostgreSQL's NaN is above all numbers, and equals itself.
pub const NAN_DIGITS: i128 = i128::MAX;

/// An array of a column's values.
///
/// # Errors
/// The cast's error for a value that is not of the column's type, 22003 for a number that does not fit.
pub fn array_of<'a>(ty: &ColumnType, values: impl IntoIterator<Item = &'a Value>) -> Result<ArrayRef> {
    // Compiled once, and not for each kind of iterator.
    array_of_all(ty, &values.into_iter().collect::<Vec<_>>())
}

fn array_of_all(ty: &ColumnType, values: &[&Value]) -> Result<ArrayRef> {
    let rows = values.len();
    let values = values.iter().copied();
    Ok(match ty {
        ColumnType::Bool => booleans(values)?,
        ColumnType::Int2 => primitive::<Int16Type>(ty, values, |value| match value {
            Value::Int2(n) => Some(*n),
            _ => None,
        })?,
        ColumnType::Int4 => primitive::<Int32Type>(ty, values, |value| match value {
            Value::Int4(n) => Some(*n),
            Value::Int2(n) => Some(i32::from(*n)),
            _ => None,
        })?,
        ColumnType::Int8 => primitive::<Int64Type>(ty, values, Value::as_i64)?,
        ColumnType::Oid => {
            primitive::<UInt32Type>(ty, values, |value| value.as_i64().and_then(|n| u32::try_from(n).ok()))?
        }
        ColumnType::Float4 => primitive::<Float32Type>(ty, values, |value| match value {
            Value::Float4(x) => Some(*x),
            _ => None,
        })?,
        ColumnType::Float8 => primitive::<Float64Type>(ty, values, |value| match value {
            Value::Float8(x) => Some(*x),
            Value::Float4(x) => Some(f64::from(*x)),
            _ => None,
        })?,
        ColumnType::Date => primitive::<Date32Type>(ty, values, |value| match value {
            Value::Date(days) => Some(*days),
            _ => None,
        })?,
        ColumnType::Time => primitive::<Time64MicrosecondType>(ty, values, micros)?,
        ColumnType::Timestamp => primitive::<TimestampMicrosecondType>(ty, values, micros)?,
        ColumnType::TimestampTz => {
            let array = primitive::<TimestampMicrosecondType>(ty, values, micros)?;
            retyped(&array, data_type_of(ty))?
        }
        ColumnType::Interval => intervals(values)?,
        ColumnType::Enum(_) => primitive::<DurationNanosecondType>(ty, values, Value::label_position)?,
        ColumnType::Numeric(_) => match data_type_of(ty) {
            DataType::Decimal128(precision, scale) => decimals(ty, (precision, scale), values)?,
            _ => numbers(ty, values, rows)?,
        },
        ColumnType::Bytea => binaries(values, rows)?,
        ColumnType::Range(_) | ColumnType::Multirange(_) => range_array(ty, values, rows)?,
        ColumnType::Vector(_) | ColumnType::Halfvec(_) => vectors(ty, values)?,
        ColumnType::Array(element) => lists(ty, element, values)?,
        ColumnType::Int2Vector => lists(ty, &ColumnType::Int2, values)?,
        ColumnType::OidVector => lists(ty, &ColumnType::Oid, values)?,
        _ => texts(values, rows),
    })
}

fn micros(value: &Value) -> Option<i64> {
    match value {
        Value::Time(micros) | Value::Timestamp(micros) | Value::TimestampTz(micros) => Some(*micros),
        _ => None,
    }
}

fn converted(value: &Value, ty: &ColumnType) -> Result<Value> {
    value.clone().cast(ty, true)
}

fn primitive<'a, T: ArrowPrimitiveType>(
    ty: &ColumnType,
    values: impl Iterator<Item = &'a Value>,
    read: impl Fn(&Value) -> Option<T::Native>,
) -> Result<ArrayRef> {
    let mut builder = PrimitiveBuilder::<T>::with_capacity(values.size_hint().0);
    for value in values {
        match (value, read(value)) {
            (Value::Null, _) => builder.append_null(),
            (_, Some(native)) => builder.append_value(native),
            (other, None) => {
                let value = converted(other, ty)?;
                match read(&value) {
                    Some(native) => builder.append_value(native),
                    None if value.is_null() => builder.append_null(),
                    None => return Err(Error::internal(format!("a value is no {ty} after its cast"))),
                }
            }
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// Intervals, whose time is counted in microseconds where Arrow's type has nanoseconds: as many hours as PostgreSQL's have
/// do not fit those. No function of the planner's sees them, but those that compare, group and hand them on.
fn intervals<'a>(values: impl Iterator<Item = &'a Value>) -> Result<ArrayRef> {
    let mut builder = PrimitiveBuilder::<IntervalMonthDayNanoType>::with_capacity(values.size_hint().0);
    for value in values {
        let interval = match value {
            Value::Null => None,
            Value::Interval(interval) => Some(*interval),
            other => match converted(other, &ColumnType::Interval)? {
                Value::Interval(interval) => Some(interval),
                _ => None,
            },
        };
        builder.append_option(
            interval.map(|Interval { months, days, micros }| IntervalMonthDayNano::new(months, days, micros)),
        );
    }
    Ok(Arc::new(builder.finish()))
}

fn booleans<'a>(values: impl Iterator<Item = &'a Value>) -> Result<ArrayRef> {
    let mut builder = BooleanBuilder::with_capacity(values.size_hint().0);
    for value in values {
        match value {
            Value::Null => builder.append_null(),
            Value::Bool(flag) => builder.append_value(*flag),
            other => match converted(other, &ColumnType::Bool)? {
                Value::Bool(flag) => builder.append_value(flag),
                _ => builder.append_null(),
            },
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn binaries<'a>(values: impl Iterator<Item = &'a Value>, rows: usize) -> Result<ArrayRef> {
    let mut builder = BinaryBuilder::with_capacity(rows, rows * 16);
    for value in values {
        match value {
            Value::Null => builder.append_null(),
            Value::Bytea(bytes) => builder.append_value(bytes),
            other => match converted(other, &ColumnType::Bytea)? {
                Value::Bytea(bytes) => builder.append_value(bytes),
                _ => builder.append_null(),
            },
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn texts<'a>(values: impl Iterator<Item = &'a Value>, rows: usize) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(rows, rows * 16);
    for value in values {
        match value {
            Value::Null => builder.append_null(),
            Value::Text(text) | Value::Json(text) => builder.append_value(text),
            other => builder.append_value(other.to_text()),
        }
    }
    Arc::new(builder.finish())
}

/// Numbers of any length, as texts.
fn numbers<'a>(ty: &ColumnType, values: impl Iterator<Item = &'a Value>, rows: usize) -> Result<ArrayRef> {
    let mut builder = StringBuilder::with_capacity(rows, rows * 16);
    for value in values {
        match value {
            Value::Null => builder.append_null(),
            Value::Numeric(number) => builder.append_value(number.to_string()),
            other => match converted(other, ty)? {
                Value::Numeric(number) => builder.append_value(number.to_string()),
                _ => builder.append_null(),
            },
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn decimals<'a>(
    ty: &ColumnType,
    (precision, scale): (u8, i8),
    values: impl Iterator<Item = &'a Value>,
) -> Result<ArrayRef> {
    let mut builder = Decimal128Builder::with_capacity(values.size_hint().0).with_data_type(data_type_of(ty));
    for value in values {
        let decimal = match value {
            Value::Null => None,
            Value::Numeric(decimal) => Some(decimal.clone()),
            other => match converted(other, ty)? {
                Value::Numeric(decimal) => Some(decimal),
                _ => None,
            },
        };
        match decimal {
            None => builder.append_null(),
            Some(decimal) => builder.append_value(unscaled(&decimal, precision, scale)?),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// The digits of a number at a scale, rounded half away from zero.
fn unscaled(number: &Numeric, precision: u8, scale: i8) -> Result<i128> {
    let refused =
        |detail: String| Error::new(ErrorKind::NumericOutOfRange, "numeric field overflow").with_detail(detail);
    if number.is_nan() {
        return Ok(NAN_DIGITS);
    }
    if number.is_infinite() {
        return Err(refused(format!("{number} does not fit a declared precision.")));
    }
    let overflow = || refused(format!("{number} does not fit {precision} digits with {scale} after the point."));
    let digits = number.rounded(i32::from(scale))?.as_small().map(|(digits, _)| digits);
    let limit = 10_i128.checked_pow(u32::from(precision.min(NUMERIC_PRECISION)));
    digits.zip(limit).filter(|(digits, limit)| digits.abs() < *limit).map(|(digits, _)| digits).ok_or_else(overflow)
}

fn vectors<'a>(ty: &ColumnType, values: impl Iterator<Item = &'a Value>) -> Result<ArrayRef> {
    let rows = values.size_hint().0;
    let mut builder = ListBuilder::with_capacity(Float32Builder::new(), rows);
    for value in values {
        let vector = match value {
            Value::Null => None,
            Value::Vector(vector) => Some(Arc::clone(vector)),
            other => match converted(other, ty)? {
                Value::Vector(vector) => Some(vector),
                _ => None,
            },
        };
        match vector {
            None => builder.append_null(),
            Some(vector) => {
                builder.values().append_slice(&vector);
                builder.append(true);
            }
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn lists<'a>(ty: &ColumnType, element: &ColumnType, values: impl Iterator<Item = &'a Value>) -> Result<ArrayRef> {
    let mut lengths = Vec::new();
    let mut valid = Vec::new();
    let mut parts = vec![new_empty_array(&data_type_of(element))];
    for value in values {
        let elements = match value {
            Value::Null => None,
            Value::Array(_, elements) => Some(elements.clone()),
            other => match converted(other, ty)? {
                Value::Array(_, elements) => Some(elements),
                _ => None,
            },
        };
        valid.push(elements.is_some());
        let elements = elements.unwrap_or_default();
        let is_nested = elements.iter().any(|element| matches!(element, Value::Array(..)));
        if is_nested && !matches!(element, ColumnType::Array(_)) {
            return Err(Error::unsupported(
                format!("an array of more than one dimension cannot be computed with as {ty} here"),
                "Write it as ARRAY[[...], [...]], or its elements in one dimension.",
            ));
        }
        lengths.push(elements.len());
        parts.push(array_of(element, &elements)?);
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let flat = concat(&parts).map_err(from_arrow)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    let list = ListArray::try_new(list_element(element), offsets, flat, Some(NullBuffer::from(valid)));
    Ok(Arc::new(list.map_err(from_arrow)?))
}

/// The same values under another type of the same layout.
fn retyped(array: &ArrayRef, data_type: DataType) -> Result<ArrayRef> {
    let data = array.to_data().into_builder().data_type(data_type).build().map_err(from_arrow)?;
    Ok(make_array(data))
}

/// One value as a constant of a plan.
///
/// # Errors
/// As [`array_of`].
pub fn scalar_of(value: &Value, ty: &ColumnType) -> Result<ScalarValue> {
    let array = array_of(ty, std::iter::once(value))?;
    ScalarValue::try_from_array(&array, 0).map_err(from_datafusion)
}

/// Bytes that a value may be long by in an array: bits and sparse vectors lie there as the texts that they are written as.
pub fn array_bytes(value: &Value) -> usize {
    /// Of a place and a component as they are written, about.
    const SPARSE_ELEMENT_BYTES: usize = 24;
    match value {
        Value::Bytea(bytes) => bytes.len(),
        Value::Bits(bits) => usize::try_from(bits.length()).unwrap_or(usize::MAX),
        Value::Sparse(vector) => vector.count().saturating_mul(SPARSE_ELEMENT_BYTES),
        Value::TsVector(vector) => vector.bytes().saturating_mul(2),
        Value::TsQuery(query) => query.bytes().saturating_mul(2),
        Value::Range(_) | Value::Multirange(_) => value.bytes(),
        Value::Vector(components) => size_of_val::<[f32]>(components),
        Value::Array(_, elements) => elements
            .iter()
            .fold(0, |sum: usize, element| sum.saturating_add(array_bytes(element)).saturating_add(size_of::<Value>())),
        other => other.as_str().map_or(0, str::len),
    }
}

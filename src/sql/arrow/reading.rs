//! Values out of Arrow arrays: any width of a kind is read.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StructArray};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, DurationNanosecondType, Float32Type, Float64Type,
    Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType, UInt32Type, UInt64Type,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::errors::from_arrow;
use crate::sql::arrow::range_values::range_at;
use crate::sql::arrow::types::{NUMERIC_PRECISION, type_of};
use crate::sql::arrow::values::NAN_DIGITS;
use crate::types::{Bits, ColumnType, EnumValue, Interval, Numeric, Value};

/// Microseconds of a day, into which a difference of times is split as PostgreSQL splits it.
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A column of a batch, made ready for [`value_at`]: uncommon encodings become the usual one.
///
/// # Errors
/// 22003 for a number that the usual one does not hold, and for texts, bytes or lists that are too long together for the usual encoding.
pub fn readable(array: &ArrayRef) -> Result<ArrayRef> {
    let target = match array.data_type() {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Int8 | DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(TimeUnit::Nanosecond) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Timestamp(unit, zone) if *unit != TimeUnit::Microsecond => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        DataType::Interval(IntervalUnit::YearMonth | IntervalUnit::DayTime) => {
            DataType::Interval(IntervalUnit::MonthDayNano)
        }
        DataType::Duration(TimeUnit::Second | TimeUnit::Millisecond) => DataType::Duration(TimeUnit::Microsecond),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Decimal256(_, scale) => DataType::Decimal128(NUMERIC_PRECISION, *scale),
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::LargeList(element) | DataType::FixedSizeList(element, _) => DataType::List(Arc::clone(element)),
        _ => return Ok(Arc::clone(array)),
    };
    // By default what does not fit becomes NULL.
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    readable(&cast_with_options(array, &target, &strict).map_err(from_arrow)?)
}

/// The value of a row of a [`readable`] array.
///
/// # Errors
/// 22003 for a number and 22008 for a span that its type does not hold, 22P02 for a text that is no uuid, 0A000 for a type of
/// Arrow that PostgreSQL has no like of; as [`readable`] for the elements of lists and rows.
pub fn value_at(array: &ArrayRef, row: usize, ty: &ColumnType) -> Result<Value> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int16 => Value::Int2(array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => Value::Int4(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => Value::Int8(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt32 => Value::Int8(i64::from(array.as_primitive::<UInt32Type>().value(row))),
        DataType::UInt64 => {
            let n = array.as_primitive::<UInt64Type>().value(row);
            let signed = i64::try_from(n);
            Value::Int8(signed.map_err(|_| Error::new(ErrorKind::NumericOutOfRange, "bigint out of range"))?)
        }
        DataType::Float32 => Value::float4(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => Value::float8(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            Value::Numeric(decimal(array.as_primitive::<Decimal128Type>().value(row), *scale)?)
        }
        DataType::Utf8 => {
            let text = array.as_string::<i32>().value(row);
            match ty {
                ColumnType::Json | ColumnType::Jsonb => Value::Json(text.into()),
                ColumnType::Numeric(_) => Value::parse_text(&ColumnType::Numeric(None), text)?,
                ColumnType::Uuid => Value::parse_text(ty, text)?,
                // The length that the type tells may be that of what the text was computed from.
                ColumnType::Bit(_) | ColumnType::Varbit(_) => Value::Bits(Box::new(Bits::parse(text)?)),
                ColumnType::Sparsevec(_) => Value::parse_text(&ColumnType::Sparsevec(None), text)?,
                ColumnType::TsVector | ColumnType::TsQuery => Value::parse_text(ty, text)?,
                _ => Value::Text(text.into()),
            }
        }
        DataType::LargeBinary => range_at(array.as_binary::<i64>(), row)?,
        DataType::Binary => Value::Bytea(array.as_binary::<i32>().value(row).into()),
        DataType::Date32 => Value::Date(array.as_primitive::<Date32Type>().value(row)),
        DataType::Time64(_) => Value::Time(array.as_primitive::<Time64MicrosecondType>().value(row)),
        DataType::Timestamp(_, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            if zone.is_some() { Value::TimestampTz(micros) } else { Value::Timestamp(micros) }
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            let position = array.as_primitive::<DurationNanosecondType>().value(row);
            Value::Enum(EnumValue::unresolved(position)).of_column(ty)?
        }
        DataType::Duration(_) => {
            let micros = array.as_primitive::<DurationMicrosecondType>().value(row);
            let days = i32::try_from(micros / MICROS_PER_DAY)
                .map_err(|_| Error::new(ErrorKind::DatetimeOutOfRange, "interval out of range"))?;
            Value::Interval(Interval { months: 0, days, micros: micros % MICROS_PER_DAY })
        }
        DataType::Interval(_) => {
            let interval = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            Value::Interval(Interval { months: interval.months, days: interval.days, micros: interval.nanoseconds })
        }
        DataType::List(_) => list_at(&array.as_list::<i32>().value(row), ty)?,
        DataType::Struct(_) => record_at(array.as_struct(), row)?,
        other => {
            return Err(Error::unsupported(
                format!("results of the type {other} are not offered"),
                "Cast the expression to a type of PostgreSQL.",
            ));
        }
    })
}

fn list_at(elements: &ArrayRef, ty: &ColumnType) -> Result<Value> {
    if let (ColumnType::Vector(_) | ColumnType::Halfvec(_), DataType::Float32) = (ty, elements.data_type()) {
        return Ok(Value::Vector(elements.as_primitive::<Float32Type>().values().iter().copied().collect()));
    }
    let element = ty.element().unwrap_or(ColumnType::Text);
    let elements = readable(elements)?;
    let values = (0..elements.len()).map(|row| value_at(&elements, row, &element)).collect::<Result<Vec<_>>>()?;
    // An array of arrays is one of more dimensions.
    Ok(Value::Array(Box::new(if ty.is_number_vector() { ty.clone() } else { element.base().clone() }), values))
}

/// A row as a value: its text form, since rows are no type of their own here.
fn record_at(record: &StructArray, row: usize) -> Result<Value> {
    let mut text = String::from("(");
    for (position, (column, field)) in record.columns().iter().zip(record.fields()).enumerate() {
        if position > 0 {
            text.push(',');
        }
        let value = value_at(&readable(column)?, row, &type_of(field))?;
        if value.lacks_labels() {
            let message = "a row with a value of an enumerated type is not offered as one value";
            return Err(Error::unsupported(message, "Cast the value to text, or name the columns."));
        }
        let part = value.to_text();
        let is_special =
            |character: char| matches!(character, '(' | ')' | ',' | '"' | '\\') || character.is_ascii_whitespace();
        if value.is_null() || !(part.is_empty() || part.contains(is_special)) {
            text.push_str(&part);
        } else {
            text.push('"');
            text.push_str(&part.replace('\\', "\\\\").replace('"', "\"\""));
            text.push('"');
        }
    }
    text.push(')');
    Ok(Value::text(text))
}

/// The number of a decimal's digits.
///
/// # Errors
/// 22003 for a scale that no numeric has.
pub fn decimal(digits: i128, scale: i8) -> Result<Numeric> {
    if digits == NAN_DIGITS {
        return Ok(Numeric::NAN);
    }
    let tens = 10_i128.checked_pow(u32::from(scale.min(0).unsigned_abs())).and_then(|tens| digits.checked_mul(tens));
    let digits = tens.ok_or_else(|| Error::new(ErrorKind::NumericOutOfRange, "numeric field overflow"))?;
    Numeric::of_parts(digits, u32::try_from(scale).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Decimal256Array, StringViewArray, TimestampSecondArray};
    use datafusion::arrow::datatypes::i256;

    use super::*;

    #[test]
    fn what_the_usual_encoding_does_not_hold_is_an_error() {
        let huge = i256::from_i128(i128::MAX).wrapping_mul(i256::from_i128(1_000));
        let decimals = Decimal256Array::from(vec![Some(huge)]).with_precision_and_scale(76, 0).unwrap();
        let array: ArrayRef = Arc::new(decimals);
        assert_eq!(readable(&array).unwrap_err().sqlstate(), "22003");
        let array: ArrayRef = Arc::new(TimestampSecondArray::from(vec![i64::MAX]));
        assert_eq!(readable(&array).unwrap_err().sqlstate(), "22003");
        let array: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        assert_eq!(readable(&array).unwrap().as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a"), None]);
    }
}

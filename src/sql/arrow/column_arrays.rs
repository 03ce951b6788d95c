//! Values that lie side by side as arrays of the planner: what has its form already is taken over, the rest is copied once.

use std::fmt::Write;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float32Array, Float64Array, PrimitiveArray, StringArray, StringBuilder,
};
use datafusion::arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};

use crate::db::ColumnValues;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::types::data_type_of;
use crate::sql::arrow::values::array_of;
use crate::types::{ColumnType, Numeric, Value};

/// Values of a type as an array.
///
/// # Errors
/// As [`array_of`]; 22003 for a decimal with more digits than its type has.
pub fn array_of_column(values: ColumnValues, ty: &ColumnType) -> Result<ArrayRef> {
    Ok(match values {
        ColumnValues::Ints { numbers, scale, valid } => ints(numbers, scale, valid, ty)?,
        ColumnValues::Float4 { numbers, valid } => Arc::new(Float32Array::new(numbers.into(), nulls(valid))),
        ColumnValues::Float8 { numbers, valid } => Arc::new(Float64Array::new(numbers.into(), nulls(valid))),
        ColumnValues::Texts { ends, bytes, valid } => {
            let offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
            let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
            let texts = StringArray::try_new(offsets, Buffer::from_vec(bytes), nulls(valid));
            Arc::new(texts.map_err(|_| Error::internal("the texts of a column are none"))?)
        }
        ColumnValues::Values(values) => array_of(ty, values.iter())?,
    })
}

fn nulls(valid: Vec<bool>) -> Option<NullBuffer> {
    if valid.iter().all(|valid| *valid) { None } else { Some(NullBuffer::from(valid)) }
}

fn ints(numbers: Vec<i64>, scale: u32, valid: Vec<bool>, ty: &ColumnType) -> Result<ArrayRef> {
    Ok(match ty {
        ColumnType::Bool => {
            Arc::new(BooleanArray::new(numbers.iter().map(|number| *number != 0).collect(), nulls(valid)))
        }
        ColumnType::Int2 => narrowed::<Int16Type>(&numbers, valid)?,
        ColumnType::Int4 => narrowed::<Int32Type>(&numbers, valid)?,
        ColumnType::Date => narrowed::<Date32Type>(&numbers, valid)?,
        ColumnType::Int8 => Arc::new(PrimitiveArray::<Int64Type>::new(numbers.into(), nulls(valid))),
        ColumnType::Time => Arc::new(PrimitiveArray::<Time64MicrosecondType>::new(numbers.into(), nulls(valid))),
        ColumnType::Timestamp | ColumnType::TimestampTz => {
            let array = PrimitiveArray::<TimestampMicrosecondType>::new(numbers.into(), nulls(valid));
            Arc::new(array.with_data_type(data_type_of(ty)))
        }
        ColumnType::Numeric(_) => decimals(&numbers, scale, valid, ty)?,
        other => return Err(Error::internal(format!("whole numbers stand for values of type {other}"))),
    })
}

fn narrowed<T: ArrowPrimitiveType>(numbers: &[i64], valid: Vec<bool>) -> Result<ArrayRef>
where
    T::Native: TryFrom<i64>,
{
    let wide = || Error::internal("a number of a column is wider than its type");
    let numbers = numbers.iter().map(|number| T::Native::try_from(*number).map_err(|_| wide()));
    let numbers = numbers.collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(PrimitiveArray::<T>::new(numbers.into(), nulls(valid))))
}

fn decimals(numbers: &[i64], scale: u32, valid: Vec<bool>, ty: &ColumnType) -> Result<ArrayRef> {
    let DataType::Decimal128(precision, wanted) = data_type_of(ty) else {
        return texts(numbers, scale, &valid);
    };
    let Some(factor) = u32::try_from(wanted).ok().and_then(|wanted| wanted.checked_sub(scale)) else {
        // Digits are lost: each is looked at.
        let value = |(number, valid): (&i64, &bool)| match valid {
            true => Numeric::of_parts(i128::from(*number), scale).map_or(Value::Null, Value::Numeric),
            false => Value::Null,
        };
        let values: Vec<Value> = numbers.iter().zip(&valid).map(value).collect();
        return array_of(ty, values.iter());
    };
    let out_of_range = || Error::new(ErrorKind::NumericOutOfRange, "numeric field overflow");
    let factor = 10_i128.checked_pow(factor).ok_or_else(out_of_range)?;
    let limit = 10_i128.checked_pow(u32::from(precision)).ok_or_else(out_of_range)?;
    let scaled = numbers.iter().map(|number| {
        let digits = i128::from(*number).checked_mul(factor).filter(|digits| digits.abs() < limit);
        digits.ok_or_else(out_of_range)
    });
    let array = Decimal128Array::new(scaled.collect::<Result<Vec<_>>>()?.into(), nulls(valid));
    Ok(Arc::new(array.with_data_type(data_type_of(ty))))
}

/// Numbers of one scale as texts.
fn texts(numbers: &[i64], scale: u32, valid: &[bool]) -> Result<ArrayRef> {
    let mut builder = StringBuilder::with_capacity(numbers.len(), numbers.len() * 8);
    for (number, valid) in numbers.iter().zip(valid) {
        if *valid {
            write!(builder, "{}", Numeric::of_parts(i128::from(*number), scale)?)
                .map_err(|error| Error::internal(error.to_string()))?;
            builder.append_value("");
        } else {
            builder.append_null();
        }
    }
    Ok(Arc::new(builder.finish()))
}

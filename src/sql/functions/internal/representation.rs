//! `$representation(value)`: what tells values apart that are equal: zeros by their signs, intervals by their parts, JSON by its
//! text.
//!
//! A subquery shows the value of the outer row, not one that is equal to it.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, StringBuilder};
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Float32Type, Float64Type, Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

static FUNCTION: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::from(Representation { signature: Signature::any(1, Volatility::Immutable) })));

/// What tells a value from others that are equal to it. NULL is NULL.
pub fn representation(expr: Expr) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&FUNCTION), vec![expr]))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Representation {
    signature: Signature,
}

fn type_of(ty: &DataType) -> DataType {
    match ty {
        DataType::Float64 => DataType::Int64,
        DataType::Float32 => DataType::Int32,
        DataType::Interval(IntervalUnit::MonthDayNano) => DataType::Utf8,
        DataType::List(element) => DataType::List(field_of(element)),
        other => other.clone(),
    }
}

/// Without the metadata that says what its bytes mean.
fn field_of(field: &FieldRef) -> FieldRef {
    Arc::new(Field::new(field.name(), type_of(field.data_type()), field.is_nullable()))
}

fn bits_of_float8(number: f64) -> i64 {
    let number = if number.is_nan() { f64::NAN } else { number };
    number.to_bits().cast_signed()
}

fn bits_of_float4(number: f32) -> i32 {
    let number = if number.is_nan() { f32::NAN } else { number };
    number.to_bits().cast_signed()
}

fn represented(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::Float64 => Arc::new(array.as_primitive::<Float64Type>().unary::<_, Int64Type>(bits_of_float8)),
        DataType::Float32 => Arc::new(array.as_primitive::<Float32Type>().unary::<_, Int32Type>(bits_of_float4)),
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let mut texts = StringBuilder::new();
            for interval in array.as_primitive::<IntervalMonthDayNanoType>() {
                match interval {
                    Some(parts) => {
                        write!(texts, "{} {} {}", parts.months, parts.days, parts.nanoseconds)
                            .map_err(|error| DataFusionError::Internal(error.to_string()))?;
                        texts.append_value("");
                    }
                    None => texts.append_null(),
                }
            }
            Arc::new(texts.finish())
        }
        DataType::List(element) => {
            let list = array.as_list::<i32>();
            let values = represented(list.values())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::try_new(field_of(element), offsets, values, nulls)?)
        }
        _ => Arc::clone(array),
    })
}

impl ScalarUDFImpl for Representation {
    fn name(&self) -> &str {
        "$representation"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types.first().map(type_of).ok_or_else(lacks_argument)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        arguments.arg_fields.first().map(field_of).ok_or_else(lacks_argument)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let value = arguments.args.into_iter().next().ok_or_else(lacks_argument)?;
        value.into_array(arguments.number_rows).and_then(|array| represented(&array)).map(ColumnarValue::Array)
    }
}

fn lacks_argument() -> DataFusionError {
    DataFusionError::Internal("$representation has an argument".to_string())
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Float64Array, IntervalMonthDayNanoArray};
    use datafusion::arrow::datatypes::IntervalMonthDayNano;

    use super::*;

    #[test]
    fn equal_values_are_told_apart() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![-0.0, 0.0, -f64::NAN, f64::NAN]));
        let bits = represented(&floats).unwrap();
        let bits = bits.as_primitive::<Int64Type>();
        assert_ne!(bits.value(0), bits.value(1));
        assert_eq!(bits.value(2), bits.value(3));
        let (month, days) = (IntervalMonthDayNano::new(1, 0, 0), IntervalMonthDayNano::new(0, 30, 0));
        let intervals: ArrayRef = Arc::new(IntervalMonthDayNanoArray::from(vec![month, days]));
        let texts = represented(&intervals).unwrap();
        assert_eq!(texts.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("1 0 0"), Some("0 30 0")]);
    }
}

//! The functions by which floats, intervals and JSON are compared: equal values get equal bits, in PostgreSQL's order.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray};
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, Field, FieldRef, Float32Type, Float64Type, IntervalMonthDayNano,
    IntervalMonthDayNanoType, IntervalUnit,
};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::sql::functions::json::json::{self, JSON_SORT_KEY};
use crate::sql::functions::ranges::{self, RANGE_SORT_KEY};
use crate::sql::functions::scalar::scalar_function;
use crate::types::Interval;

/// Its result has one NaN and one zero, and of an interval how long it is.
const FLOAT_KEY: &str = "$float_key";
/// Its result has one NaN, and zeros with their signs.
pub const ONE_NAN: &str = "$one_nan";

static FUNCTIONS: LazyLock<[Arc<ScalarUDF>; 2]> = LazyLock::new(|| {
    [(FLOAT_KEY, true), (ONE_NAN, false)].map(|(name, joins_zeros)| {
        let signature = Signature::any(1, Volatility::Immutable);
        Arc::new(ScalarUDF::from(FloatBits { name, joins_zeros, signature }))
    })
});

/// The key of a float: NaN is one value above all others, -0 is 0. Of an interval, its length. Of a list, those of its elements.
pub fn float_key(expr: Expr) -> Expr {
    let [key, _] = &*FUNCTIONS;
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(key), vec![expr]))
}

/// The key of JSON, which is held as text: bytes that are equal and ordered as the values are.
pub fn json_key(expr: Expr) -> Option<Expr> {
    static FUNCTION: LazyLock<Option<Arc<ScalarUDF>>> = LazyLock::new(|| {
        let mut all = json::definitions().into_iter();
        all.find(|definition| definition.name == JSON_SORT_KEY).map(|key| Arc::new(scalar_function(key)))
    });
    FUNCTION.as_ref().map(|key| Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(key), vec![expr])))
}

/// The key of a range of numbers: bytes that are equal and ordered as the values are.
pub fn range_key(expr: Expr) -> Option<Expr> {
    static FUNCTION: LazyLock<Option<Arc<ScalarUDF>>> = LazyLock::new(|| {
        let mut all = ranges::definitions().into_iter();
        all.find(|definition| definition.name == RANGE_SORT_KEY).map(|key| Arc::new(scalar_function(key)))
    });
    FUNCTION.as_ref().map(|key| Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(key), vec![expr])))
}

/// A float whose NaN is the one above all others.
pub fn one_nan(expr: Expr) -> Expr {
    let [_, one_nan] = &*FUNCTIONS;
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(one_nan), vec![expr]))
}

pub fn is_float_key(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(function) if function.name() == FLOAT_KEY)
}

#[derive(Debug)]
struct FloatBits {
    name: &'static str,
    joins_zeros: bool,
    signature: Signature,
}

impl PartialEq for FloatBits {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for FloatBits {}

impl Hash for FloatBits {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Digits of an interval's length.
const SPAN_DIGITS: u8 = 38;

fn span(interval: IntervalMonthDayNano) -> i128 {
    // As they lie in arrays: microseconds in the place of nanoseconds.
    let IntervalMonthDayNano { months, days, nanoseconds } = interval;
    Interval { months, days, micros: nanoseconds }.span()
}

impl FloatBits {
    /// The type of the keys of a type.
    fn key_type(&self, ty: &DataType) -> DataType {
        match ty {
            DataType::Interval(IntervalUnit::MonthDayNano) if self.joins_zeros => DataType::Decimal128(SPAN_DIGITS, 0),
            DataType::List(element) => DataType::List(self.keyed_field(element)),
            other => other.clone(),
        }
    }

    fn keyed_field(&self, field: &FieldRef) -> FieldRef {
        let ty = self.key_type(field.data_type());
        if ty == *field.data_type() {
            return Arc::clone(field);
        }
        Arc::new(Field::new(field.name(), ty, field.is_nullable()))
    }

    fn apply(&self, array: &ArrayRef) -> Result<ArrayRef> {
        let zero = if self.joins_zeros { 0.0 } else { -0.0 };
        Ok(match array.data_type() {
            DataType::Float64 => {
                let key = |number: f64| if number.is_nan() { f64::NAN } else { number + f64::from(zero) };
                Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(key))
            }
            DataType::Float32 => {
                let key = |number: f32| if number.is_nan() { f32::NAN } else { number + zero };
                Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(key))
            }
            DataType::Interval(IntervalUnit::MonthDayNano) if self.joins_zeros => {
                let spans = array.as_primitive::<IntervalMonthDayNanoType>().unary::<_, Decimal128Type>(span);
                Arc::new(spans.with_precision_and_scale(SPAN_DIGITS, 0)?)
            }
            DataType::List(element) => {
                let list = array.as_list::<i32>();
                let values = self.apply(list.values())?;
                let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
                Arc::new(ListArray::try_new(self.keyed_field(element), offsets, values, nulls)?)
            }
            other => return Err(DataFusionError::Internal(format!("{} of {other}", self.name))),
        })
    }
}

impl ScalarUDFImpl for FloatBits {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types
            .first()
            .map(|ty| self.key_type(ty))
            .ok_or_else(|| DataFusionError::Internal(format!("{} without an argument", self.name)))
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = arguments.arg_fields.first();
        field
            .map(|field| self.keyed_field(field))
            .ok_or_else(|| DataFusionError::Internal(format!("{} without an argument", self.name)))
    }

    /// With the casts in it, which the names of other expressions leave out: a join may need the keys of both.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Ok(format!("{}({})", self.name, arguments.join(", ")))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match arguments.args.first() {
            Some(ColumnarValue::Array(array)) => Ok(ColumnarValue::Array(self.apply(array)?)),
            Some(ColumnarValue::Scalar(scalar)) => {
                let array = self.apply(&scalar.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
            None => Err(DataFusionError::Internal(format!("{} without an argument", self.name))),
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Float64Array, IntervalMonthDayNanoArray};

    use super::*;

    #[test]
    fn equal_floats_have_equal_bits() {
        let [key, one_nan] = ["key", "one_nan"].map(|name| FloatBits {
            name: if name == "key" { FLOAT_KEY } else { ONE_NAN },
            joins_zeros: name == "key",
            signature: Signature::any(1, Volatility::Immutable),
        });
        let array: ArrayRef = Arc::new(Float64Array::from(vec![-f64::NAN, -0.0, 0.0, -1.5]));
        let bits = |function: &FloatBits| -> Vec<u64> {
            let values = function.apply(&array).unwrap();
            values.as_primitive::<Float64Type>().values().iter().map(|number| number.to_bits()).collect()
        };
        let nan = f64::NAN.to_bits();
        assert_eq!(bits(&key), [nan, 0, 0, (-1.5_f64).to_bits()]);
        assert_eq!(bits(&one_nan), [nan, (-0.0_f64).to_bits(), 0, (-1.5_f64).to_bits()]);
    }

    #[test]
    fn equal_intervals_have_equal_keys() {
        let signature = Signature::any(1, Volatility::Immutable);
        let key = FloatBits { name: FLOAT_KEY, joins_zeros: true, signature };
        let month = IntervalMonthDayNano::new(1, 0, 0);
        let days = IntervalMonthDayNano::new(0, 30, 0);
        let most = IntervalMonthDayNano::new(i32::MAX, i32::MAX, i64::MAX);
        let array: ArrayRef = Arc::new(IntervalMonthDayNanoArray::from(vec![month, days, most]));
        let keys = key.apply(&array).unwrap();
        assert_eq!(*keys.data_type(), key.key_type(array.data_type()));
        let keys = keys.as_primitive::<Decimal128Type>();
        assert_eq!(keys.value(0), keys.value(1));
        assert!(keys.value(2) > keys.value(1));
    }
}

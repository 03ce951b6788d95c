//! The functions by which floats are compared: equal values get equal bits, in PostgreSQL's order.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray};
use datafusion::arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Its result has one NaN and one zero.
const FLOAT_KEY: &str = "$float_key";
/// Its result has one NaN, and zeros with their signs.
pub const ONE_NAN: &str = "$one_nan";

static FUNCTIONS: LazyLock<[Arc<ScalarUDF>; 2]> = LazyLock::new(|| {
    [(FLOAT_KEY, true), (ONE_NAN, false)].map(|(name, joins_zeros)| {
        let signature = Signature::any(1, Volatility::Immutable);
        Arc::new(ScalarUDF::from(FloatBits { name, joins_zeros, signature }))
    })
});

/// A float's key: NaN is one value above all others, -0 is 0.
pub fn float_key(expr: Expr) -> Expr {
    let [key, _] = &*FUNCTIONS;
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(key), vec![expr]))
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

impl FloatBits {
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
            DataType::List(element) => {
                let list = array.as_list::<i32>();
                let values = self.apply(list.values())?;
                let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
                Arc::new(ListArray::try_new(Arc::clone(element), offsets, values, nulls)?)
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
        types.first().cloned().ok_or_else(|| DataFusionError::Internal(format!("{} without an argument", self.name)))
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = arguments.arg_fields.first();
        field.cloned().ok_or_else(|| DataFusionError::Internal(format!("{} without an argument", self.name)))
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
    use datafusion::arrow::array::Float64Array;

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
}

//! Arithmetic of integers and of floats that fails when the result does not fit, and division of floats that fails where the divisor
//! is zero.
//!
//! The planner's own operators wrap around, make infinities, and divide floats by zero. These compute in the wider type of their arguments, as
//! PostgreSQL does.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Datum, PrimitiveArray, Scalar};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, Float32Type, Float64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::{Error, ErrorKind};
use crate::expr::Arithmetic;
use crate::sql::arrow::errors::to_datafusion;

type Kernel = fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>;

const ADD: &str = "$int:+";
pub const SUBTRACT: &str = "$int:-";
const MULTIPLY: &str = "$int:*";
const ADD_FLOATS: &str = "$float:+";
const SUBTRACT_FLOATS: &str = "$float:-";
const MULTIPLY_FLOATS: &str = "$float:*";
/// The division of floats.
pub const DIVIDE_FLOATS: &str = "$float:/";
const FLOATS: [&str; 4] = [ADD_FLOATS, SUBTRACT_FLOATS, MULTIPLY_FLOATS, DIVIDE_FLOATS];

/// The checked function that stands for an operator between integers.
pub fn checked_function(operator: &BinaryOperator) -> Option<&'static str> {
    match operator {
        BinaryOperator::Plus => Some(ADD),
        BinaryOperator::Minus => Some(SUBTRACT),
        BinaryOperator::Multiply => Some(MULTIPLY),
        _ => None,
    }
}

/// The checked function that stands for an operator between floats.
pub fn checked_float_function(operator: &BinaryOperator) -> Option<&'static str> {
    match operator {
        BinaryOperator::Plus => Some(ADD_FLOATS),
        BinaryOperator::Minus => Some(SUBTRACT_FLOATS),
        BinaryOperator::Multiply => Some(MULTIPLY_FLOATS),
        BinaryOperator::Divide => Some(DIVIDE_FLOATS),
        _ => None,
    }
}

/// The function of that name.
pub fn arithmetic_function(name: &str) -> Option<Arc<ScalarUDF>> {
    static FUNCTIONS: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(|| {
        let all: [(&'static str, Kernel); 7] = [
            (ADD, numeric::add),
            (SUBTRACT, numeric::sub),
            (MULTIPLY, numeric::mul),
            (ADD_FLOATS, |left, right| of_floats(left, right, numeric::add(left, right)?, Arithmetic::Add)),
            (SUBTRACT_FLOATS, |left, right| of_floats(left, right, numeric::sub(left, right)?, Arithmetic::Subtract)),
            (MULTIPLY_FLOATS, |left, right| of_floats(left, right, numeric::mul(left, right)?, Arithmetic::Multiply)),
            (DIVIDE_FLOATS, |left, right| of_floats(left, right, numeric::div(left, right)?, Arithmetic::Divide)),
        ];
        let signature = || Signature::user_defined(Volatility::Immutable);
        all.into_iter()
            .map(|(name, kernel)| Arc::new(ScalarUDF::from(Checked { name, kernel, signature: signature() })))
            .collect()
    });
    FUNCTIONS.iter().find(|function| function.name() == name).cloned()
}

#[derive(Debug)]
struct Checked {
    name: &'static str,
    kernel: Kernel,
    signature: Signature,
}

impl PartialEq for Checked {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Checked {}

impl Hash for Checked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// What an operator makes of floats, each checked as PostgreSQL checks it.
fn of_floats(
    left: &dyn Datum,
    right: &dyn Datum,
    result: ArrayRef,
    operator: Arithmetic,
) -> Result<ArrayRef, ArrowError> {
    let checked = match result.data_type() {
        DataType::Float32 => check_floats::<Float32Type>(left, right, &result, operator),
        _ => check_floats::<Float64Type>(left, right, &result, operator),
    };
    checked.map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    Ok(result)
}

fn check_floats<T: ArrowPrimitiveType>(
    left: &dyn Datum,
    right: &dyn Datum,
    result: &ArrayRef,
    operator: Arithmetic,
) -> Result<(), Error>
where
    f64: From<T::Native>,
{
    let ((left, left_constant), (right, right_constant)) = (left.get(), right.get());
    let (left, right, result) = (left.as_primitive::<T>(), right.as_primitive::<T>(), result.as_primitive::<T>());
    let value = |side: &PrimitiveArray<T>, is_constant: bool, row: usize| {
        f64::from(side.value(if is_constant { 0 } else { row }))
    };
    // Only such can come of what is refused.
    let is_suspect = |result: f64| !result.is_finite() || result == 0.0;
    for (row, computed) in result.values().iter().enumerate() {
        let computed = f64::from(*computed);
        if is_suspect(computed) && result.is_valid(row) {
            let sides = (value(left, left_constant, row), value(right, right_constant, row));
            operator.check_floats(sides.0, sides.1, computed)?;
        }
    }
    Ok(())
}

/// The type that floats are computed in.
fn common_float(types: &[DataType]) -> DataType {
    if types.iter().all(|ty| *ty == DataType::Float32) { DataType::Float32 } else { DataType::Float64 }
}

/// The type that two integers are computed in; what is no integer keeps the planner's own rule.
fn common(types: &[DataType]) -> DataType {
    let rank = |ty: &DataType| match ty {
        DataType::Int16 => 0,
        DataType::Int32 => 1,
        _ => 2,
    };
    match types.iter().map(rank).max() {
        Some(0) => DataType::Int16,
        Some(1) => DataType::Int32,
        _ => DataType::Int64,
    }
}

impl Checked {
    fn common(&self, types: &[DataType]) -> DataType {
        if FLOATS.contains(&self.name) { common_float(types) } else { common(types) }
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> datafusion::error::Result<Vec<DataType>> {
        let ty = self.common(types);
        Ok(types.iter().map(|_| ty.clone()).collect())
    }

    fn return_type(&self, types: &[DataType]) -> datafusion::error::Result<DataType> {
        Ok(self.common(types))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> datafusion::error::Result<ColumnarValue> {
        let [left, right] = arguments.args.as_slice() else {
            return Err(DataFusionError::Internal("arithmetic without two arguments".to_string()));
        };
        let ty = arguments.return_field.data_type();
        let side = |value: &ColumnarValue| -> datafusion::error::Result<(Box<dyn Datum>, bool)> {
            match value {
                ColumnarValue::Array(array) => Ok((Box::new(cast(array, ty)?), false)),
                ColumnarValue::Scalar(scalar) => Ok((Box::new(Scalar::new(cast(&scalar.to_array()?, ty)?)), true)),
            }
        };
        let ((left, left_constant), (right, right_constant)) = (side(left)?, side(right)?);
        let result = (self.kernel)(left.as_ref(), right.as_ref()).map_err(|error| match error {
            ArrowError::ArithmeticOverflow(_) => {
                let name = match ty {
                    DataType::Int16 => "smallint",
                    DataType::Int32 => "integer",
                    _ => "bigint",
                };
                to_datafusion(Error::new(ErrorKind::NumericOutOfRange, format!("{name} out of range")))
            }
            ArrowError::ExternalError(error) => DataFusionError::External(error),
            other => DataFusionError::from(other),
        })?;
        if left_constant && right_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

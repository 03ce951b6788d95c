//! Addition, subtraction and multiplication of integers that fail when the result does not fit.
//!
//! The planner's own operators wrap around. These compute in the wider type of their arguments, as PostgreSQL does.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, Datum, Scalar};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::{Error, ErrorKind};
use crate::sql::arrow::errors::to_datafusion;

type Kernel = fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>;

const ADD: &str = "$int:+";
pub const SUBTRACT: &str = "$int:-";
const MULTIPLY: &str = "$int:*";

/// The checked function that stands for an operator between integers.
pub fn checked_function(operator: &BinaryOperator) -> Option<&'static str> {
    match operator {
        BinaryOperator::Plus => Some(ADD),
        BinaryOperator::Minus => Some(SUBTRACT),
        BinaryOperator::Multiply => Some(MULTIPLY),
        _ => None,
    }
}

/// The function of that name.
pub fn arithmetic_function(name: &str) -> Option<Arc<ScalarUDF>> {
    static FUNCTIONS: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(|| {
        let all: [(&'static str, Kernel); 3] =
            [(ADD, numeric::add), (SUBTRACT, numeric::sub), (MULTIPLY, numeric::mul)];
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

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> datafusion::error::Result<Vec<DataType>> {
        let ty = common(types);
        Ok(types.iter().map(|_| ty.clone()).collect())
    }

    fn return_type(&self, types: &[DataType]) -> datafusion::error::Result<DataType> {
        Ok(common(types))
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
            other => DataFusionError::from(other),
        })?;
        if left_constant && right_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

//! pgvector's distance functions. They run on Arrow's buffers without copying a vector.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::Float64Builder;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Error, Result};
use crate::expr::{Function, Invocation, Parameter};
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::types::type_of;
use crate::sql::functions::vectors::argument::{VectorArgument, coerce_vectors, same_dimension, same_dimension_of};
use crate::types::{ColumnType, Value};
use crate::vector::{Metric, inner_product};

/// What a function computes of two vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Measure {
    Distance(Metric),
    /// Not negated, unlike the operator `<#>`.
    InnerProduct,
}

#[derive(Debug)]
struct Distance {
    name: &'static str,
    measure: Measure,
    signature: Signature,
}

/// The distance functions. `vector_negative_inner_product` is what `<#>` stands for.
const DISTANCES: [(&str, Measure); 5] = [
    ("l2_distance", Measure::Distance(Metric::L2)),
    ("inner_product", Measure::InnerProduct),
    ("vector_negative_inner_product", Measure::Distance(Metric::InnerProduct)),
    ("cosine_distance", Measure::Distance(Metric::Cosine)),
    ("l1_distance", Measure::Distance(Metric::L1)),
];

pub fn distances() -> Vec<ScalarUDF> {
    let signature = || Signature::user_defined(Volatility::Immutable);
    let distance = |(name, measure)| ScalarUDF::from(Distance { name, measure, signature: signature() });
    DISTANCES.into_iter().map(distance).collect()
}

/// The same functions for one row.
pub fn definitions() -> Vec<Function> {
    let vectors = [Parameter::Vector, Parameter::Vector];
    let distance = |(name, _)| Function::new(name, &vectors, ColumnType::Float8, of_row);
    DISTANCES.into_iter().map(distance).collect()
}

fn of_row(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let measure = DISTANCES.iter().find(|(name, _)| *name == invocation.name);
    let ([Value::Vector(a), Value::Vector(b)], Some((_, measure))) = (arguments, measure) else {
        return Err(Error::internal(format!("{}() without two vectors", invocation.name)));
    };
    same_dimension(a, b)?;
    Ok(Value::Float8(measure.of(a, b)))
}

impl Measure {
    fn of(self, a: &[f32], b: &[f32]) -> f64 {
        match self {
            Measure::Distance(metric) => metric.distance(a, b),
            Measure::InnerProduct => inner_product(a, b),
        }
    }
}

impl PartialEq for Distance {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Distance {}

impl Hash for Distance {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Distance {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        coerce_vectors(self.name, 2, types)
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let [left, right] = arguments.args.as_slice() else {
            return Err(DataFusionError::Internal(format!("{} without two arguments", self.name)));
        };
        let (left, right) = (VectorArgument::new(left)?, VectorArgument::new(right)?);
        let is_half = |field: &FieldRef| matches!(type_of(field), ColumnType::Halfvec(_));
        let name = if arguments.arg_fields.iter().any(is_half) { "halfvec" } else { "vector" };
        let is_constant = left.is_constant() && right.is_constant();
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let mut builder = Float64Builder::with_capacity(rows);
        for row in 0..rows {
            let a = left.get(row).map_err(to_datafusion)?;
            let b = right.get(row).map_err(to_datafusion)?;
            match (a, b) {
                (Some(a), Some(b)) => {
                    same_dimension_of(name, &a, &b).map_err(to_datafusion)?;
                    builder.append_value(self.measure.of(&a, &b));
                }
                _ => builder.append_null(),
            }
        }
        let array = builder.finish();
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(array)))
    }
}

//! `$one_row(value, rows)`: the value of a scalar subquery that yielded so many rows.
//!
//! It is asked where the subquery stands, so that a second row is an error only where PostgreSQL would have run it.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{Error, ErrorKind};
use crate::sql::arrow::errors::to_datafusion;

static FUNCTION: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::from(OneRow { signature: Signature::any(2, Volatility::Immutable) })));

/// The value, or 21000 on rows for which `rows` (a bigint, NULL where there is none) is more than one.
pub fn one_row(value: Expr, rows: Expr) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&FUNCTION), vec![value, rows]))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OneRow {
    signature: Signature,
}

impl ScalarUDFImpl for OneRow {
    fn name(&self) -> &str {
        "$one_row"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types.first().cloned().ok_or_else(lacks_arguments)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        arguments.arg_fields.first().cloned().ok_or_else(lacks_arguments)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut given = arguments.args.into_iter();
        let (Some(value), Some(rows)) = (given.next(), given.next()) else { return Err(lacks_arguments()) };
        let rows = rows.into_array(arguments.number_rows)?;
        if rows.as_primitive::<Int64Type>().iter().flatten().any(|rows| rows > 1) {
            let message = "more than one row returned by a subquery used as an expression";
            return Err(to_datafusion(Error::new(ErrorKind::Cardinality, message)));
        }
        Ok(value)
    }
}

fn lacks_arguments() -> DataFusionError {
    DataFusionError::Internal("$one_row has two arguments".to_string())
}

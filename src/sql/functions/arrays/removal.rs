//! `array_remove(array, NULL)` takes away the NULLs, where DataFusion's function answers NULL.

use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::compute::{cast, is_null};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use crate::sql::functions::guarded::wrapped::{Around, wrapped};

/// The function that takes away all elements that are equal, and the one that takes away the NULLs.
const REMOVES_EQUAL: &str = "array_remove_all";
const REMOVES_NULLS: &str = "array_compact";

/// Has NULLs taken away by another function.
#[derive(Debug)]
struct RemovesNulls(Arc<ScalarUDF>);

/// The function that takes NULL for a value to remove, where `find` knows both that it is made of.
pub fn array_removal(find: impl Fn(&str) -> Option<Arc<ScalarUDF>>) -> Option<ScalarUDF> {
    Some(wrapped(find(REMOVES_EQUAL)?, RemovesNulls(find(REMOVES_NULLS)?)))
}

impl Around for RemovesNulls {
    fn call(&self, function: &ScalarUDF, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [arrays, element] = arguments.args.as_slice() else {
            return Err(DataFusionError::Internal(format!("{REMOVES_EQUAL} takes two arguments")));
        };
        let rows = arguments.number_rows;
        let nulls: BooleanArray = is_null(&element.to_array(rows)?)?;
        if nulls.true_count() == 0 {
            return function.invoke_with_args(arguments);
        }
        let without_nulls = ScalarFunctionArgs {
            args: vec![arrays.clone()],
            arg_fields: arguments.arg_fields.iter().take(1).map(Arc::clone).collect(),
            number_rows: rows,
            return_field: Arc::clone(&arguments.return_field),
            config_options: Arc::clone(&arguments.config_options),
        };
        let without_nulls = self.0.invoke_with_args(without_nulls)?.into_array(rows)?;
        let wanted = arguments.return_field.data_type().clone();
        let without_nulls = cast(&without_nulls, &wanted)?;
        if nulls.true_count() == nulls.len() {
            return Ok(ColumnarValue::Array(without_nulls));
        }
        let without_equal = cast(&function.invoke_with_args(arguments)?.into_array(rows)?, &wanted)?;
        Ok(ColumnarValue::Array(zip(&nulls, &without_nulls, &without_equal)?))
    }
}

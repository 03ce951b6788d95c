//! `greatest` and `least` of floats: of zeros, which are equal, the first, as PostgreSQL chooses. The planner's own order the
//! zeros by their signs.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use crate::sql::functions::aggregates::extremes::Float;
use crate::sql::functions::guarded::wrapped::{Around, wrapped};

/// Chooses among floats by their values; of what is none the planner's own function chooses.
#[derive(Debug)]
struct FirstExtreme {
    is_greatest: bool,
}

/// These forms of the functions that `find` knows.
pub fn first_extremes(find: impl Fn(&str) -> Option<Arc<ScalarUDF>>) -> Vec<ScalarUDF> {
    let named = [("greatest", true), ("least", false)].into_iter();
    named.filter_map(|(name, is_greatest)| Some(wrapped(find(name)?, FirstExtreme { is_greatest }))).collect()
}

/// The extreme of each row; NULL counts only where there is nothing else.
fn extremes<T: Float>(is_greatest: bool, columns: &[ArrayRef], rows: usize) -> ColumnarValue {
    let mut kept: Vec<Option<T::Native>> = vec![None; rows];
    for column in columns {
        for (kept, value) in kept.iter_mut().zip(column.as_primitive::<T>()) {
            *kept = match (*kept, value) {
                // An earlier value gives way to a later one that is not equal to it.
                (Some(earlier), Some(later)) if T::wins(is_greatest, earlier, later) => Some(earlier),
                (earlier, later) => later.or(earlier),
            };
        }
    }
    ColumnarValue::Array(Arc::new(kept.into_iter().collect::<PrimitiveArray<T>>()))
}

impl Around for FirstExtreme {
    fn call(&self, function: &ScalarUDF, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let is_of = |ty: &DataType| arguments.arg_fields.iter().all(|field| field.data_type() == ty);
        let extremes = if is_of(&DataType::Float64) {
            extremes::<Float64Type>
        } else if is_of(&DataType::Float32) {
            extremes::<Float32Type>
        } else {
            return function.invoke_with_args(arguments);
        };
        let columns = arguments.args.into_iter().map(|value| value.into_array(rows));
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        Ok(extremes(self.is_greatest, &columns, rows))
    }
}

//! `greatest` and `least` of floats: of zeros, which are equal, the first, as PostgreSQL chooses. The planner's own order the
//! zeros by their signs.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use crate::sql::functions::extremes::Float;

#[derive(Debug)]
struct FirstExtreme {
    inner: Arc<ScalarUDF>,
    is_greatest: bool,
}

/// These forms of the functions that `find` knows.
pub fn first_extremes(find: impl Fn(&str) -> Option<Arc<ScalarUDF>>) -> Vec<ScalarUDF> {
    let named = [("greatest", true), ("least", false)].into_iter();
    let made =
        named.filter_map(|(name, is_greatest)| Some(ScalarUDF::from(FirstExtreme { inner: find(name)?, is_greatest })));
    made.collect()
}

impl PartialEq for FirstExtreme {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for FirstExtreme {}

impl Hash for FirstExtreme {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
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

/// Rewriting a call (`simplify`) is left out: it would put the function itself into the place of this one.
impl ScalarUDFImpl for FirstExtreme {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(arguments)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let is_of = |ty: &DataType| arguments.arg_fields.iter().all(|field| field.data_type() == ty);
        let extremes = if is_of(&DataType::Float64) {
            extremes::<Float64Type>
        } else if is_of(&DataType::Float32) {
            extremes::<Float32Type>
        } else {
            return self.inner.invoke_with_args(arguments);
        };
        let columns = arguments.args.into_iter().map(|value| value.into_array(rows));
        let columns = columns.collect::<std::result::Result<Vec<ArrayRef>, DataFusionError>>()?;
        Ok(extremes(self.is_greatest, &columns, rows))
    }
}

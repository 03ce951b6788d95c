//! `$same_shape(array)`: the array that `array_agg` has made of arrays, which must have as many elements each.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::errors::to_datafusion;

pub const SAME_SHAPE: &str = "$same_shape";

#[derive(Debug, PartialEq, Eq, Hash)]
struct SameShape {
    signature: Signature,
}

/// The function of this file.
pub fn same_shape() -> ScalarUDF {
    ScalarUDF::from(SameShape { signature: Signature::any(1, Volatility::Immutable) })
}

fn lacks_argument() -> DataFusionError {
    DataFusionError::Internal(format!("{SAME_SHAPE} lacks an argument"))
}

impl ScalarUDFImpl for SameShape {
    fn name(&self) -> &str {
        SAME_SHAPE
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        types.first().cloned().ok_or_else(lacks_argument)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        arguments.arg_fields.first().cloned().ok_or_else(lacks_argument)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let value = arguments.args.into_iter().next().ok_or_else(lacks_argument)?;
        let arrays = value.to_array(arguments.number_rows)?;
        if let Some(arrays) = arrays.as_list_opt::<i32>() {
            arrays.iter().flatten().try_for_each(|arrays| check(&arrays)).map_err(to_datafusion)?;
        }
        Ok(value)
    }
}

/// # Errors
/// 22004 for NULL among arrays, 2202E for empty ones and for those of other lengths.
fn check(arrays: &ArrayRef) -> Result<()> {
    let Some(lists) = arrays.as_list_opt::<i32>() else { return Ok(()) };
    let wrong = |message: &str| Err(Error::new(ErrorKind::ArraySubscript, message));
    let mut shape: Option<Vec<usize>> = None;
    for list in lists.iter() {
        let Some(list) = list else {
            return Err(Error::new(ErrorKind::NullNotAllowed, "cannot accumulate null arrays"));
        };
        if list.is_empty() {
            return wrong("cannot accumulate empty arrays");
        }
        let own = shape_of(&list);
        if shape.as_ref().is_some_and(|shape| *shape != own) {
            return wrong("cannot accumulate arrays of different dimensionality");
        }
        shape = Some(own);
    }
    Ok(())
}

/// How many elements an array has in each of its dimensions; those of inner ones are alike.
fn shape_of(list: &ArrayRef) -> Vec<usize> {
    let mut shape = vec![list.len()];
    let mut level = Arc::clone(list);
    while let Some(inner) = level.as_list_opt::<i32>().filter(|inner| !inner.is_empty() && inner.is_valid(0)) {
        level = inner.value(0);
        shape.push(level.len());
    }
    shape
}

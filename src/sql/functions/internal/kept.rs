//! Functions that hand their first argument on, for what the planner would otherwise mix up.
//!
//! `$elements(list)` is the list, and an empty one of its type in place of NULL: `ARRAY(SELECT …)` of no rows.
//! `$named(value, 'name')` is the value; in the planner's names of columns it stands where a cast leaves no trace.
//! `$fresh(value, 'name')` is the value, of which the planner knows nothing; a column behind the name keeps it from taking the value
//! for a constant.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, new_empty_array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

pub const ELEMENTS: &str = "$elements";
pub const NAMED: &str = "$named";
pub const FRESH: &str = "$fresh";

/// The functions of this file.
pub fn kept() -> [ScalarUDF; 3] {
    let of = |name, signature| ScalarUDF::from(Kept { name, signature });
    let any = |count| Signature::any(count, Volatility::Immutable);
    [of(ELEMENTS, any(1)), of(NAMED, any(2)), of(FRESH, Signature::variadic_any(Volatility::Immutable))]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Kept {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for Kept {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types.first().cloned().ok_or_else(|| self.lacks_argument())
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        arguments.arg_fields.first().cloned().ok_or_else(|| self.lacks_argument())
    }

    fn simplify(&self, arguments: Vec<Expr>, _info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        if self.name != NAMED {
            return Ok(ExprSimplifyResult::Original(arguments));
        }
        let value = arguments.into_iter().next().ok_or_else(|| self.lacks_argument())?;
        Ok(ExprSimplifyResult::Simplified(value))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let value = arguments.args.into_iter().next().ok_or_else(|| self.lacks_argument())?;
        if self.name != ELEMENTS {
            return Ok(value);
        }
        let list = value.into_array(rows)?;
        if list.null_count() == 0 {
            return Ok(ColumnarValue::Array(list));
        }
        Ok(ColumnarValue::Array(without_nulls(&list)?))
    }
}

impl Kept {
    fn lacks_argument(&self) -> DataFusionError {
        DataFusionError::Internal(format!("{} lacks an argument", self.name))
    }
}

/// The lists with an empty one in the place of each NULL.
fn without_nulls(lists: &ArrayRef) -> Result<ArrayRef> {
    let Some(lists) = lists.as_list_opt::<i32>() else {
        return Err(DataFusionError::Internal(format!("{} is no list", lists.data_type())));
    };
    let DataType::List(field) = lists.data_type() else {
        return Err(DataFusionError::Internal(format!("{} is no list", lists.data_type())));
    };
    let parts: Vec<ArrayRef> = lists.iter().flatten().collect();
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let values = match parts.as_slice() {
        [] => new_empty_array(field.data_type()),
        parts => datafusion::arrow::compute::concat(parts)?,
    };
    let lengths = lists.iter().map(|list| list.map_or(0, |list| list.len()));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, None)?))
}

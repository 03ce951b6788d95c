//! `information_schema._pg_expandarray(a)`: a row (x, n) for each element of an array, with its position from 1.
//!
//! pgjdbc and others list the columns of keys by it. Here it returns a list of rows; the rewrite of a statement puts `unnest`
//! around it.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::reading::readable;

/// The function's name, in whichever schema.
pub const EXPAND_ARRAY: &str = "_pg_expandarray";

#[derive(Debug, PartialEq, Eq, Hash)]
struct ExpandArray {
    signature: Signature,
}

pub fn expand_array() -> ScalarUDF {
    ScalarUDF::from(ExpandArray { signature: Signature::any(1, Volatility::Immutable) })
}

impl ScalarUDFImpl for ExpandArray {
    fn name(&self) -> &str {
        EXPAND_ARRAY
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _)] => {
                Ok(DataType::new_list(DataType::Struct(row_fields(element.data_type())), true))
            }
            _ => Err(DataFusionError::Plan(format!("function {EXPAND_ARRAY} takes an array"))),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(argument) = arguments.args.first() else {
            return Err(DataFusionError::Internal(format!("{EXPAND_ARRAY} has no argument")));
        };
        let array = readable(&argument.to_array(arguments.number_rows)?).map_err(to_datafusion)?;
        let list: &ListArray = array
            .as_list_opt::<i32>()
            .ok_or_else(|| DataFusionError::Internal(format!("{EXPAND_ARRAY} of no list")))?;
        Ok(ColumnarValue::Array(expanded(list)?))
    }
}

fn row_fields(element: &DataType) -> Fields {
    Fields::from(vec![Field::new("x", element.clone(), true), Field::new("n", DataType::Int32, true)])
}

fn expanded(list: &ListArray) -> Result<ArrayRef> {
    // A slice of a list shares the elements of the whole.
    let bounds = list.offsets();
    let (first, last) = (bounds.first().copied().unwrap_or(0), bounds.last().copied().unwrap_or(0));
    let index = |offset: i32| usize::try_from(offset).unwrap_or(0);
    let elements = list.values().slice(index(first), index(last.saturating_sub(first)));
    let lengths: Vec<usize> = bounds.lengths().collect();
    let positions: Int32Array =
        lengths.iter().flat_map(|length| 1..=i32::try_from(*length).unwrap_or(i32::MAX)).collect();
    let fields = row_fields(elements.data_type());
    let rows = StructArray::try_new(fields.clone(), vec![elements, Arc::new(positions)], None)?;
    let field = Arc::new(Field::new_list_field(DataType::Struct(fields), true));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(field, offsets, Arc::new(rows), list.nulls().cloned())?))
}

//! Ranges and multiranges in and out of Arrow arrays, where they lie in bytes that stand in their order.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, LargeBinaryArray, LargeBinaryBuilder};

use crate::error::{Error, Result};
use crate::types::ranges::ordered_bytes::value_of_bytes;
use crate::types::{ColumnType, Value};

/// Bytes that a range may take in an array, about: its bounds and what is said of them.
const RANGE_BYTES_USUAL: usize = 24;

/// An array of values of a type of ranges or multiranges. Those that are ranges already stay of the type that they are of.
///
/// # Errors
/// The cast's error for a value of another type.
pub fn range_array<'a>(ty: &ColumnType, values: impl Iterator<Item = &'a Value>, rows: usize) -> Result<ArrayRef> {
    let mut builder = LargeBinaryBuilder::with_capacity(rows, rows * RANGE_BYTES_USUAL);
    for value in values {
        match value {
            // The planner may have forgotten which type of ranges it is: the values know.
            Value::Range(range) => builder.append_value(range.to_bytes()),
            Value::Multirange(multirange) => builder.append_value(multirange.to_bytes()),
            other => match other.clone().cast(ty, true)? {
                Value::Range(range) => builder.append_value(range.to_bytes()),
                Value::Multirange(multirange) => builder.append_value(multirange.to_bytes()),
                _ => builder.append_null(),
            },
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// The range or multirange of a row, of the type that its bytes say.
///
/// # Errors
/// XX000 for bytes that are none.
pub fn range_at(array: &LargeBinaryArray, row: usize) -> Result<Value> {
    value_of_bytes(array.value(row)).ok_or_else(|| Error::internal("bytes of a range are none"))
}

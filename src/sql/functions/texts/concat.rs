//! `||` of texts, as the function that PostgreSQL has behind it: its result is bounded and charged to the statement.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Result;
use crate::expr::{Function, Parameter, check_call_bytes, text_of, undefined};
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::types::field_of;
use crate::types::{ColumnType, Value};

/// Name of the function, as in PostgreSQL's `pg_proc`.
pub const TEXT_CONCAT: &str = "textcat";

#[derive(Debug, PartialEq, Eq, Hash)]
struct TextConcat {
    signature: Signature,
}

pub fn text_concat() -> ScalarUDF {
    ScalarUDF::from(TextConcat { signature: Signature::user_defined(Volatility::Immutable) })
}

impl ScalarUDFImpl for TextConcat {
    fn name(&self) -> &str {
        TEXT_CONCAT
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        match types {
            [_, _] => Ok(vec![DataType::Utf8, DataType::Utf8]),
            _ => Err(to_datafusion(undefined(TEXT_CONCAT, &vec![ColumnType::Text; types.len()]))),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field_from_args(&self, _arguments: ReturnFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(field_of(TEXT_CONCAT, &ColumnType::Text, true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let [left, right] = arguments.args.as_slice() else {
            return Err(to_datafusion(undefined(TEXT_CONCAT, &[])));
        };
        let context = ReadContext::of(&arguments.config_options);
        let (left, right) = (Side::of(left)?, Side::of(right)?);
        let bytes = joined_bytes(&left, &right, rows).map_err(to_datafusion)?;
        let making = context.map(|context| context.results.making(bytes)).transpose().map_err(to_datafusion)?;
        let joined = joined(&left, &right, rows, bytes);
        drop(making);
        let result = if is_constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&joined, 0)?)
        } else {
            ColumnarValue::Array(joined)
        };
        if let Some(context) = context {
            context.results.charge(TEXT_CONCAT, &result).map_err(to_datafusion)?;
        }
        Ok(result)
    }
}

/// One side of the operator.
struct Side {
    texts: StringArray,
    is_constant: bool,
}

impl Side {
    fn of(argument: &ColumnarValue) -> DataFusionResult<Side> {
        let (array, is_constant) = match argument {
            ColumnarValue::Array(array) => (Arc::clone(array), false),
            ColumnarValue::Scalar(scalar) => (scalar.to_array_of_size(1)?, true),
        };
        Ok(Side { texts: array.as_string::<i32>().clone(), is_constant })
    }

    fn get(&self, row: usize) -> Option<&str> {
        let row = if self.is_constant { 0 } else { row };
        self.texts.is_valid(row).then(|| self.texts.value(row))
    }

    fn bytes(&self, rows: usize) -> usize {
        let bytes = match self.texts.value_offsets() {
            [first, .., last] => usize::try_from(last - first).unwrap_or(0),
            _ => 0,
        };
        if self.is_constant { bytes.saturating_mul(rows) } else { bytes }
    }
}

static JOINED: LazyLock<Function> = LazyLock::new(|| {
    Function::new(TEXT_CONCAT, &[Parameter::Text, Parameter::Text], ColumnType::Text, |invocation, arguments| {
        let (left, right) = (text_of(arguments, 0), text_of(arguments, 1));
        let _making = invocation.making(left.len().saturating_add(right.len()))?;
        Ok(Value::text([left, right].concat()))
    })
});

/// `||` of texts for one row.
pub fn joined_texts() -> &'static Function {
    &JOINED
}

/// Bytes of what is made.
///
/// # Errors
/// 54000 where they are more than a call may make.
fn joined_bytes(left: &Side, right: &Side, rows: usize) -> Result<usize> {
    let bytes = left.bytes(rows).saturating_add(right.bytes(rows));
    check_call_bytes(TEXT_CONCAT, bytes)?;
    Ok(bytes)
}

fn joined(left: &Side, right: &Side, rows: usize, bytes: usize) -> ArrayRef {
    let mut texts = StringBuilder::with_capacity(rows, bytes);
    for row in 0..rows {
        match (left.get(row), right.get(row)) {
            (Some(left), Some(right)) => {
                texts.append_value([left, right].concat());
            }
            _ => texts.append_null(),
        }
    }
    Arc::new(texts.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(texts: &[Option<&str>], is_constant: bool) -> Side {
        Side { texts: StringArray::from(texts.to_vec()), is_constant }
    }

    #[test]
    fn null_makes_null_and_length_is_bounded() {
        let (left, right) = (side(&[Some("a"), None, Some("")], false), side(&[Some("b")], true));
        let result = joined(&left, &right, 3, joined_bytes(&left, &right, 3).unwrap());
        let expected: ArrayRef = Arc::new(StringArray::from(vec![Some("ab"), None, Some("b")]));
        assert_eq!(&result, &expected);
        let long = "x".repeat(200 << 20);
        let long = side(&[Some(&long)], true);
        assert!(joined_bytes(&long, &long, 1).is_err());
    }
}

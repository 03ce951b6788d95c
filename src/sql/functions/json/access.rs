//! The hot JSON functions, behind `->`, `->>`, `#>`, `#>>`, `@>` and `?`. They walk the text and copy what they return.
//!
//! A key may be text (a member) or a number (an element). On `jsonb` columns the text is canonical already.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanBuilder, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{Error, Result};
use crate::expr::{Function, Parameter, PathResult, int_of, text_of, undefined};
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::reading::value_at;
use crate::sql::arrow::types::{data_type_of, field_of};
use crate::types::json::jsonb;
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Access {
    Get { text: bool },
    Path { text: bool },
    Contains,
    Contained,
    Exists,
}

#[derive(Debug)]
struct JsonAccess {
    name: &'static str,
    access: Access,
    signature: Signature,
}

const ACCESSORS: &[(&str, Access)] = &[
    ("jsonb_object_field", Access::Get { text: false }),
    ("jsonb_object_field_text", Access::Get { text: true }),
    ("jsonb_array_element", Access::Get { text: false }),
    ("jsonb_array_element_text", Access::Get { text: true }),
    ("json_object_field", Access::Get { text: false }),
    ("json_object_field_text", Access::Get { text: true }),
    ("json_array_element", Access::Get { text: false }),
    ("json_array_element_text", Access::Get { text: true }),
    ("jsonb_extract_path", Access::Path { text: false }),
    ("jsonb_extract_path_text", Access::Path { text: true }),
    ("json_extract_path", Access::Path { text: false }),
    ("json_extract_path_text", Access::Path { text: true }),
    ("jsonb_contains", Access::Contains),
    ("jsonb_contained", Access::Contained),
    ("jsonb_exists", Access::Exists),
];

pub fn accessors() -> Vec<ScalarUDF> {
    let function = |(name, access): &(&'static str, Access)| {
        ScalarUDF::from(JsonAccess { name, access: *access, signature: Signature::user_defined(Volatility::Immutable) })
    };
    ACCESSORS.iter().map(function).collect()
}

/// The same functions for one row.
pub fn definitions() -> impl Iterator<Item = Function> {
    ACCESSORS.iter().map(|(name, access)| {
        let operand = match access {
            Access::Get { .. } | Access::Path { .. } => Parameter::Any,
            Access::Contains | Access::Contained => Parameter::Json,
            Access::Exists => Parameter::Text,
        };
        Function::new(name, &[Parameter::Json, operand], access.result(name), |invocation, arguments| {
            let access = ACCESSORS.iter().find(|(name, _)| *name == invocation.name);
            let (_, access) = access.ok_or_else(|| Error::internal("an accessor is none"))?;
            access.of_row(arguments)
        })
    })
}

impl Access {
    fn of_row(self, arguments: &[Value]) -> Result<Value> {
        let (json, second) = (text_of(arguments, 0), text_of(arguments, 1));
        let shown = |found, text| if text { PathResult::Text.of_json(found) } else { PathResult::Json.of_json(found) };
        match self {
            Access::Get { text } => match int_of(arguments, 1) {
                Some(index) => shown(jsonb::get_index(json, index), text),
                None => shown(jsonb::get_key(json, second), text),
            },
            Access::Path { text } => {
                let steps = steps(arguments.get(1).cloned().unwrap_or_default())?;
                shown(steps.and_then(|steps| jsonb::get_path(json, &steps)), text)
            }
            Access::Contains => Ok(Value::Bool(jsonb::contains(json, second))),
            Access::Contained => Ok(Value::Bool(jsonb::contains(second, json))),
            Access::Exists => Ok(Value::Bool(jsonb::has_key(json, second))),
        }
    }

    /// The type of what the function of a name returns: parts of `json` keep their spelling.
    fn result(self, name: &str) -> ColumnType {
        match self {
            Access::Get { text: false } | Access::Path { text: false } if name.starts_with("json_") => ColumnType::Json,
            Access::Get { text: true } | Access::Path { text: true } => ColumnType::Text,
            Access::Get { text: false } | Access::Path { text: false } => ColumnType::Jsonb,
            Access::Contains | Access::Contained | Access::Exists => ColumnType::Bool,
        }
    }
}

impl PartialEq for JsonAccess {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for JsonAccess {}

impl Hash for JsonAccess {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
}

impl ScalarUDFImpl for JsonAccess {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        let texts = data_type_of(&ColumnType::Array(Box::new(ColumnType::Text)));
        let second = match (self.access, types) {
            // An empty path leads to the whole.
            (Access::Path { .. }, [json]) if is_text(json) => return Ok(vec![DataType::Utf8]),
            (_, [json, second]) if is_text(json) && is_text(second) => Some(DataType::Utf8),
            (Access::Get { .. }, [json, key]) if is_text(json) && key.is_integer() => Some(DataType::Int64),
            (Access::Path { .. }, [json, DataType::List(_) | DataType::LargeList(_)]) if is_text(json) => Some(texts),
            _ => None,
        };
        if let (Access::Path { .. }, [json, keys @ ..], None) = (self.access, types, &second)
            && is_text(json)
            && keys.iter().all(is_text)
        {
            return Ok(vec![DataType::Utf8; types.len()]);
        }
        match second {
            Some(second) => Ok(vec![DataType::Utf8, second]),
            None => Err(to_datafusion(undefined(self.name, &vec![ColumnType::Jsonb; types.len()]))),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(data_type_of(&self.access.result(self.name)))
    }

    fn return_field_from_args(&self, _arguments: ReturnFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(field_of(self.name, &self.access.result(self.name), true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let two = match (self.access, arguments.args.as_slice()) {
            (_, [json, operand]) => Some((json, operand)),
            (Access::Path { .. }, _) => None,
            _ => return Err(DataFusionError::Internal(format!("{} without two arguments", self.name))),
        };
        let Some((json, operand)) = two else {
            return keys_one_by_one(&arguments.args, rows, self.access == (Access::Path { text: true }), is_constant);
        };
        let json = json.to_array(rows)?;
        let json = json.as_string::<i32>();
        let array: ArrayRef = match self.access {
            Access::Get { text } => get(json, operand, text)?,
            Access::Path { text } => path(json, operand, text)?,
            Access::Contains => compare(json, &operand.to_array(rows)?, jsonb::contains),
            Access::Contained => compare(json, &operand.to_array(rows)?, |left, right| jsonb::contains(right, left)),
            Access::Exists => compare(json, &operand.to_array(rows)?, jsonb::has_key),
        };
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

fn append(builder: &mut StringBuilder, found: Option<&str>, text: bool) {
    match (found, text) {
        (None, _) => builder.append_null(),
        (Some(json), false) => builder.append_value(json),
        (Some(json), true) => builder.append_option(jsonb::as_text(json)),
    }
}

fn get(json: &StringArray, key: &ColumnarValue, text: bool) -> DataFusionResult<ArrayRef> {
    let mut builder = StringBuilder::with_capacity(json.len(), json.len() * 16);
    match key {
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(key))) => {
            for row in json {
                append(&mut builder, row.and_then(|row| jsonb::get_key(row, key)), text);
            }
        }
        ColumnarValue::Scalar(ScalarValue::Int64(Some(index))) => {
            for row in json {
                append(&mut builder, row.and_then(|row| jsonb::get_index(row, *index)), text);
            }
        }
        other => {
            let keys = other.to_array(json.len())?;
            for (position, row) in json.iter().enumerate() {
                let found = match (row, keys.data_type()) {
                    (Some(_), _) if keys.is_null(position) => None,
                    (Some(row), DataType::Utf8) => jsonb::get_key(row, keys.as_string::<i32>().value(position)),
                    (Some(row), DataType::Int64) => {
                        jsonb::get_index(row, keys.as_primitive::<Int64Type>().value(position))
                    }
                    _ => None,
                };
                append(&mut builder, found, text);
            }
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// `jsonb_extract_path(json, 'a', 'b', …)`: one key after the other.
fn keys_one_by_one(
    arguments: &[ColumnarValue],
    rows: usize,
    text: bool,
    is_constant: bool,
) -> DataFusionResult<ColumnarValue> {
    let arrays = arguments.iter().map(|argument| argument.to_array(rows)).collect::<DataFusionResult<Vec<_>>>()?;
    let mut columns = arrays.iter().map(|array| array.as_string::<i32>());
    let (Some(json), keys) = (columns.next(), columns.collect::<Vec<_>>()) else {
        return Err(DataFusionError::Internal("a path without JSON".to_string()));
    };
    let mut builder = StringBuilder::with_capacity(rows, rows * 16);
    for (row, value) in json.iter().enumerate() {
        let found = keys.iter().try_fold(value, |value, key| {
            let step = PathStep::Key(key.is_valid(row).then(|| key.value(row))?.to_string());
            Some(value.and_then(|value| jsonb::get_path(value, std::slice::from_ref(&step))))
        });
        append(&mut builder, found.flatten(), text);
    }
    let array: ArrayRef = Arc::new(builder.finish());
    if is_constant {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
    }
    Ok(ColumnarValue::Array(array))
}

/// The steps of a path given as `text[]`, as text such as `{a,0,b}`, or as one key.
///
/// # Errors
/// 22P02 for a text that begins as an array and is none.
pub fn steps(path: Value) -> Result<Option<Vec<PathStep>>> {
    let texts = ColumnType::Array(Box::new(ColumnType::Text));
    let path = match path {
        Value::Text(key) if !key.starts_with('{') => return Ok(Some(vec![PathStep::Key(key.into())])),
        Value::Text(text) => Value::parse_text(&texts, &text)?,
        other => other,
    };
    let Value::Array(_, elements) = path else { return Ok(None) };
    Ok(elements.iter().map(|element| element.as_str().map(|key| PathStep::Key(key.to_string()))).collect())
}

fn path(json: &StringArray, operand: &ColumnarValue, text: bool) -> DataFusionResult<ArrayRef> {
    let texts = ColumnType::Array(Box::new(ColumnType::Text));
    let is_constant = matches!(operand, ColumnarValue::Scalar(_));
    let paths = operand.to_array(if is_constant { 1 } else { json.len() })?;
    let steps_of = |row: usize| value_at(&paths, row, &texts).and_then(steps).map_err(to_datafusion);
    let constant = if is_constant { steps_of(0)? } else { None };
    let mut builder = StringBuilder::with_capacity(json.len(), json.len() * 16);
    for (position, row) in json.iter().enumerate() {
        let own = if is_constant { None } else { steps_of(position)? };
        let steps = if is_constant { constant.as_deref() } else { own.as_deref() };
        append(&mut builder, row.zip(steps).and_then(|(row, steps)| jsonb::get_path(row, steps)), text);
    }
    Ok(Arc::new(builder.finish()))
}

fn compare(json: &StringArray, other: &ArrayRef, judge: impl Fn(&str, &str) -> bool) -> ArrayRef {
    let mut builder = BooleanBuilder::with_capacity(json.len());
    for (left, right) in json.iter().zip(other.as_string::<i32>()) {
        builder.append_option(left.zip(right).map(|(left, right)| judge(left, right)));
    }
    Arc::new(builder.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_text() {
        let path = steps(Value::text("{a,0}")).unwrap().unwrap();
        assert_eq!(jsonb::get_path(r#"{"a": [7]}"#, &path), Some("7"));
    }
}

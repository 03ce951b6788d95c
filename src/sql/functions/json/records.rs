//! Arrays of JSON as the text of an array of SQL, which the columns of `json_to_record` and its like are read from.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Bool, Json};
use crate::expr::{Function, Invocation, text_of};
use crate::types::json::jsonb;
use crate::types::{ColumnType, Value};

/// Functions whose columns the statement describes.
pub const RECORD_FUNCTIONS: [&str; 4] =
    ["json_to_record", "jsonb_to_record", "json_to_recordset", "jsonb_to_recordset"];

/// The text of an array; the second argument says whether its elements stay JSON.
pub const JSON_ARRAY_TEXT: &str = "$json_array_text";

/// How deep arrays are nested in an array of SQL.
const DIMENSIONS_MAX: usize = 6;

pub fn definitions() -> Vec<Function> {
    vec![
        Function::new(JSON_ARRAY_TEXT, &[Json, Bool], ColumnType::Text, array_text),
        Function::new("$json_record", &[Json, Bool], ColumnType::Json, record),
        Function::new("$jsonb_record", &[Json, Bool], ColumnType::Jsonb, record),
        Function::new("$json_recordset", &[Json], ColumnType::Json, records),
        Function::new("$jsonb_recordset", &[Json], ColumnType::Jsonb, records),
    ]
}

/// JSON whose members are columns; the second argument says whether it is one of the elements of an array.
fn record(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let kind = jsonb::type_name(text_of(arguments, 0));
    let message = match (kind, arguments.get(1)) {
        ("object", _) => return Ok(arguments.first().cloned().unwrap_or_default()),
        (_, Some(Value::Bool(true))) => {
            let prefix = if invocation.name == "$json_record" { "json" } else { "jsonb" };
            format!("argument of {prefix}_to_recordset must be an array of objects")
        }
        ("array", _) => "cannot call populate_composite on an array".to_string(),
        _ => "cannot call populate_composite on a scalar".to_string(),
    };
    Err(Error::new(ErrorKind::InvalidParameterValue, message))
}

/// JSON whose elements are rows.
fn records(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    if jsonb::type_name(text_of(arguments, 0)) == "array" {
        return Ok(arguments.first().cloned().unwrap_or_default());
    }
    let prefix = if invocation.name == "$json_recordset" { "json" } else { "jsonb" };
    let message = format!("cannot call {prefix}_to_recordset on a non-array");
    Err(Error::new(ErrorKind::InvalidParameterValue, message))
}

fn array_text(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (json, stays_json) = (text_of(arguments, 0), arguments.get(1) == Some(&Value::Bool(true)));
    Ok(match jsonb::type_name(json) {
        "null" => Value::Null,
        "string" => jsonb::as_text(json).map_or(Value::Null, |text| Value::text(text.as_ref())),
        "array" => Value::text(array(json, stays_json, DIMENSIONS_MAX)?.to_text()),
        _ => return Err(no_array()),
    })
}

fn no_array() -> Error {
    Error::new(ErrorKind::InvalidTextRepresentation, "expected JSON array")
}

fn array(json: &str, stays_json: bool, depth: usize) -> Result<Value> {
    let Some(depth) = depth.checked_sub(1) else {
        let message = format!("number of array dimensions exceeds the maximum allowed ({DIMENSIONS_MAX})");
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    };
    let mut values = Vec::new();
    let mut length = None;
    for (position, element) in jsonb::elements(json).enumerate() {
        let kind = jsonb::type_name(element);
        let is_nested = kind == "array";
        if position > 0 && is_nested != length.is_some() {
            return Err(no_array());
        }
        values.push(match kind {
            "array" => {
                let nested = array(element, stays_json, depth)?;
                let own = if let Value::Array(_, nested) = &nested { nested.len() } else { 0 };
                if *length.get_or_insert(own) != own {
                    let detail = "Multidimensional arrays must have sub-arrays with matching dimensions.";
                    let error = Error::new(ErrorKind::InvalidTextRepresentation, "malformed JSON array");
                    return Err(error.with_detail(detail));
                }
                nested
            }
            "null" => Value::Null,
            _ if stays_json => Value::text(element.trim()),
            _ => jsonb::as_text(element).map_or(Value::Null, |text| Value::text(text.as_ref())),
        });
    }
    Ok(Value::Array(Box::new(ColumnType::Text), values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_json_are_read_as_arrays() {
        let text = |json: &str, stays_json: bool| {
            let arguments = [Value::Json(json.into()), Value::Bool(stays_json)];
            let invocation = Invocation { name: JSON_ARRAY_TEXT, statement: None, types: &[] };
            array_text(&invocation, &arguments).map_or_else(|error| error.message().to_string(), |text| text.to_text())
        };
        for (json, stays_json, expected) in [
            ("[1, \"2\", null, 4]", false, "{1,2,NULL,4}"),
            ("[[1, 2], [3, 4]]", false, "{{1,2},{3,4}}"),
            ("[\"a\", {\"b\": 1}]", true, r#"{"\"a\"","{\"b\": 1}"}"#),
            ("\"{1,2}\"", false, "{1,2}"),
            ("[]", false, "{}"),
            ("123", false, "expected JSON array"),
            ("[[1], 2]", false, "expected JSON array"),
            ("[[1], [2, 3]]", false, "malformed JSON array"),
            ("[[[[[[[1]]]]]]]", false, "number of array dimensions exceeds the maximum allowed (6)"),
        ] {
            assert_eq!(text(json, stays_json), expected, "{json}");
        }
    }
}

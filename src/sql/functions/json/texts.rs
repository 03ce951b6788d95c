//! Functions that make `json`, which is a text and keeps its spelling, where those of `jsonb` make the one canonical form.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Bool, Json};
use crate::expr::{Function, Invocation, text_of};
use crate::types::json::jsonb;
use crate::types::{ColumnType, TextStyle, Value, json_key_in, json_text_in, json_text_of_value};

/// How deep JSON is that is written anew; deeper JSON is refused where it is read.
const DEPTH_MAX: usize = 1_000;

/// The text of a value as the key of a member.
pub const JSON_KEY: &str = "$json_key";

/// The object that a row becomes: names and values, in turn.
pub const JSON_OF_ROW: &str = "$json_row";

pub fn definitions() -> Vec<Function> {
    let json = ColumnType::Json;
    vec![
        Function::new(JSON_KEY, &[Any], ColumnType::Text, |invocation, arguments| {
            Ok(Value::text(json_key_in(invocation.style(), arguments.first().unwrap_or(&Value::Null))))
        })
        .styled(),
        Function::new("to_json", &[Any], json.clone(), |invocation, arguments| {
            let value = arguments.first().unwrap_or(&Value::Null);
            Ok(Value::Json(json_text(value, invocation.style()).into()))
        }),
        Function::new("json_build_array", &[Any], json.clone(), |invocation, arguments| {
            let elements: Vec<String> = arguments.iter().map(|value| json_text(value, invocation.style())).collect();
            Ok(Value::Json(format!("[{}]", elements.join(", ")).into()))
        })
        .variadic("$json_build_array")
        .with_nulls(),
        Function::new("json_build_object", &[Any], json.clone(), build_object)
            .variadic("$json_build_object")
            .with_nulls(),
        Function::new(JSON_OF_ROW, &[Any], json.clone(), build_object).variadic("$json_row_of_array").with_nulls(),
        Function::new("json_strip_nulls", &[Json, Bool], json, |_, arguments| {
            let strips_elements = matches!(arguments.get(1), Some(Value::Bool(true)));
            let mut out = String::new();
            strip_nulls(text_of(arguments, 0), strips_elements, DEPTH_MAX, &mut out)?;
            Ok(Value::Json(out.into()))
        })
        .optional(1),
    ]
}

/// The JSON of a value as `to_json` writes it in the style of a session: arrays without blanks, JSON as it is.
pub fn json_text(value: &Value, style: &TextStyle) -> String {
    match value {
        Value::Array(_, elements) => {
            let texts: Vec<String> = elements.iter().map(|element| json_text(element, style)).collect();
            format!("[{}]", texts.join(","))
        }
        value => json_text_in(style, value).into(),
    }
}

fn build_object(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (pairs, rest) = arguments.as_chunks::<2>();
    // The JSON of a row has no blanks.
    let is_compact = invocation.name == JSON_OF_ROW;
    if !rest.is_empty() {
        return Err(Error::new(ErrorKind::InvalidParameterValue, "argument list must have even number of elements")
            .with_hint("The arguments of json_build_object() must consist of alternating keys and values."));
    }
    let mut members = Vec::with_capacity(pairs.len());
    for (position, [key, value]) in pairs.iter().enumerate() {
        if key.is_null() {
            return Err(Error::new(ErrorKind::NullNotAllowed, "null value not allowed for object key"));
        }
        check_key(invocation, 2 * position, key)?;
        let style = invocation.style();
        let name = json_text_of_value(&Value::text(json_key_in(style, key)));
        let value = json_text(value, style);
        members.push(if is_compact { format!("{name}:{value}") } else { format!("{name} : {value}") });
    }
    Ok(Value::Json(format!("{{{}}}", members.join(if is_compact { "," } else { ", " })).into()))
}

/// The error for two members of one name, which is given as JSON.
pub fn duplicate_key(name: &str, is_binary: bool) -> Error {
    let message = "duplicate JSON object key value";
    Error::new(ErrorKind::DuplicateJsonKey, if is_binary { message.to_string() } else { format!("{message}: {name}") })
}

/// Refuses what names no member of an object: the value at a position of a call.
///
/// # Errors
/// 22023 for an array, a row and JSON.
pub fn check_key(invocation: &Invocation<'_>, position: usize, key: &Value) -> Result<()> {
    check_key_type(invocation.types.get(position), key)
}

/// As [`check_key`], by the type of the value.
///
/// # Errors
/// 22023 for an array, a row and JSON.
pub fn check_key_type(ty: Option<&ColumnType>, key: &Value) -> Result<()> {
    let is_structured = matches!(key, Value::Array(..))
        || matches!(ty, Some(ColumnType::Json | ColumnType::Jsonb | ColumnType::Array(_)));
    if is_structured {
        let message = "key value must be scalar, not array, composite, or json";
        return Err(Error::new(ErrorKind::InvalidParameterValue, message));
    }
    Ok(())
}

/// JSON without members that are null, and without such elements where that is asked for.
fn strip_nulls(json: &str, strips_elements: bool, depth: usize, out: &mut String) -> Result<()> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Error::new(ErrorKind::LimitExceeded, "JSON is nested too deep"));
    };
    match jsonb::type_name(json) {
        "object" => {
            out.push('{');
            let kept = jsonb::members(json).filter(|(_, value)| jsonb::type_name(value) != "null");
            for (position, (key, value)) in kept.enumerate() {
                if position > 0 {
                    out.push(',');
                }
                out.push_str(&json_text_of_value(&Value::text(key.as_ref())));
                out.push(':');
                strip_nulls(value, strips_elements, depth, out)?;
            }
            out.push('}');
        }
        "array" => {
            out.push('[');
            let kept = jsonb::elements(json).filter(|value| !strips_elements || jsonb::type_name(value) != "null");
            for (position, value) in kept.enumerate() {
                if position > 0 {
                    out.push(',');
                }
                strip_nulls(value, strips_elements, depth, out)?;
            }
            out.push(']');
        }
        _ => out.push_str(json.trim()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[Value]) -> String {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        let types: Vec<ColumnType> = arguments.iter().map(Value::column_type).collect();
        let invocation = Invocation { name: definition.name, statement: None, types: &types };
        (definition.body)(&invocation, arguments)
            .map_or_else(|error| error.sqlstate().to_string(), |json| json.to_text())
    }

    #[test]
    fn json_is_written_as_in_postgresql() {
        let list = Value::Array(Box::new(ColumnType::Int4), vec![Value::Int4(1), Value::Int4(2)]);
        assert_eq!(call("to_json", std::slice::from_ref(&list)), "[1,2]");
        assert_eq!(call("json_build_array", &[Value::Int4(1), list]), "[1, [1,2]]");
        assert_eq!(call("json_build_object", &[Value::text("a"), Value::Int4(1)]), r#"{"a" : 1}"#);
        assert_eq!(call("json_build_object", &[Value::text("a")]), "22023");
        assert_eq!(call("json_build_object", &[Value::Null, Value::Int4(1)]), "22004");
        let spaced = Value::Json(r#"{ "b": null, "a" : [1, null, {"c":null, "d": 2.50}] }"#.into());
        assert_eq!(call("json_strip_nulls", std::slice::from_ref(&spaced)), r#"{"a":[1,null,{"d":2.50}]}"#);
        assert_eq!(call("json_strip_nulls", &[spaced, Value::Bool(true)]), r#"{"a":[1,{"d":2.50}]}"#);
    }
}

//! What the constructors of SQL/JSON make: objects and arrays of values, the options before them as a text; and the test for JSON.

use std::collections::HashSet;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Text};
use crate::expr::{Function, Invocation, text_of};
use crate::sql::functions::json::texts::{check_key, duplicate_key, json_text};
use crate::types::json::jsonb;
use crate::types::{ColumnType, Value, check_json, json_key_in, json_text_of_value, jsonb_text};

/// The constructors by what they make; the open ones make `jsonb` where a value is of that type.
pub const JSON_OBJECT_OF: &str = "$json_object_of";
pub const JSONB_OBJECT_OF: &str = "$jsonb_object_of";
pub const JSON_ARRAY_OF: &str = "$json_array_of";
pub const JSONB_ARRAY_OF: &str = "$jsonb_array_of";
pub const OPEN_OBJECT: &str = "$json_object_open";
pub const OPEN_ARRAY: &str = "$json_array_open";

/// How deep the JSON is whose keys are told apart; deeper JSON is none.
const DEPTH_MAX: usize = 1_000;

pub fn definitions() -> Vec<Function> {
    let made = |name, ty, body, of_array| Function::new(name, &[Text, Any], ty, body).variadic(of_array).with_nulls();
    vec![
        made(JSON_OBJECT_OF, ColumnType::Json, object, "$json_object_of_array"),
        made(OPEN_OBJECT, ColumnType::Json, object, "$json_object_open_array"),
        made(JSONB_OBJECT_OF, ColumnType::Jsonb, object, "$jsonb_object_of_array"),
        made(JSON_ARRAY_OF, ColumnType::Json, array, "$json_array_of_array"),
        made(OPEN_ARRAY, ColumnType::Json, array, "$json_array_open_array"),
        made(JSONB_ARRAY_OF, ColumnType::Jsonb, array, "$jsonb_array_of_array"),
        // What is no JSON yet was made so while the call was analysed.
        Function::new("$as_json", &[Any, Text], ColumnType::Json, |_, arguments| {
            Ok(arguments.first().cloned().unwrap_or_default())
        }),
        Function::new("$is_json", &[Any, Text, Text], ColumnType::Bool, is_json),
    ]
}

/// The constructor that an open one is for values of such types.
pub fn closed(name: &str, types: &[Option<ColumnType>]) -> Option<&'static str> {
    let is_binary = types.iter().flatten().any(|ty| *ty == ColumnType::Jsonb);
    match (name, is_binary) {
        (OPEN_OBJECT, true) => Some(JSONB_OBJECT_OF),
        (OPEN_OBJECT, false) => Some(JSON_OBJECT_OF),
        (OPEN_ARRAY, true) => Some(JSONB_ARRAY_OF),
        (OPEN_ARRAY, false) => Some(JSON_ARRAY_OF),
        _ => None,
    }
}

fn has(arguments: &[Value], option: &str) -> bool {
    text_of(arguments, 0).split(' ').any(|given| given == option)
}

fn is_binary(invocation: &Invocation<'_>) -> bool {
    invocation.name.starts_with("$jsonb")
}

/// JSON in the form of its type.
fn json(invocation: &Invocation<'_>, text: String) -> Result<Value> {
    if is_binary(invocation) { jsonb_text(&text).map(Value::Json) } else { Ok(Value::Json(text.into())) }
}

fn object(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (skips, is_unique) = (has(arguments, "absent"), has(arguments, "unique"));
    let (pairs, _) = arguments.get(1..).unwrap_or_default().as_chunks::<2>();
    let (mut seen, mut members) = (HashSet::new(), Vec::with_capacity(pairs.len()));
    for (position, [key, value]) in pairs.iter().enumerate() {
        if key.is_null() && is_binary(invocation) {
            let message = format!("argument {}: key must not be null", 1 + 2 * position);
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
        if key.is_null() {
            return Err(Error::new(ErrorKind::NullNotAllowed, "null value not allowed for object key"));
        }
        check_key(invocation, 1 + 2 * position, key)?;
        let name = json_text_of_value(&Value::text(json_key_in(invocation.style(), key))).to_string();
        if is_unique && !seen.insert(name.clone()) {
            return Err(duplicate_key(&name, is_binary(invocation)));
        }
        if !(skips && value.is_null()) {
            members.push(format!("{name} : {}", json_text(value, invocation.style())));
        }
    }
    json(invocation, format!("{{{}}}", members.join(", ")))
}

fn array(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let skips = has(arguments, "absent");
    let values = arguments.iter().skip(1).filter(|value| !(skips && value.is_null()));
    json(
        invocation,
        format!("[{}]", values.map(|value| json_text(value, invocation.style())).collect::<Vec<_>>().join(", ")),
    )
}

/// Whether a value is JSON of a kind.
fn is_json(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let decoded;
    let text = match arguments.first() {
        Some(Value::Json(text)) => text,
        Some(Value::Text(text)) => &**text,
        Some(Value::Bytea(bytes)) => {
            decoded = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or_else(|| {
                let byte = bytes.iter().find(|byte| **byte == 0 || **byte > 127).copied().unwrap_or_default();
                let message = format!("invalid byte sequence for encoding \"UTF8\": 0x{byte:02x}");
                Error::new(ErrorKind::InvalidEncoding, message)
            })?;
            decoded
        }
        _ => return Ok(Value::Null),
    };
    if check_json(text).is_err() {
        return Ok(Value::Bool(false));
    }
    let found = jsonb::type_name(text);
    let is_of_kind = match text_of(arguments, 1) {
        "scalar" => !matches!(found, "array" | "object"),
        "value" => true,
        kind => kind == found,
    };
    let has_unique = text_of(arguments, 2).is_empty() || has_unique_keys(text, DEPTH_MAX);
    Ok(Value::Bool(is_of_kind && has_unique))
}

fn has_unique_keys(json: &str, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match jsonb::type_name(json) {
        "object" => {
            let mut seen = HashSet::new();
            jsonb::members(json).all(|(name, value)| seen.insert(name.into_owned()) && has_unique_keys(value, depth))
        }
        "array" => jsonb::elements(json).all(|value| has_unique_keys(value, depth)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(name: &str, arguments: &[Value]) -> String {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        let types: Vec<ColumnType> = arguments.iter().map(Value::column_type).collect();
        let invocation = Invocation { name: definition.name, statement: None, types: &types };
        (definition.body)(&invocation, arguments)
            .map_or_else(|error| error.sqlstate().to_string(), |value| value.to_text())
    }

    #[test]
    fn options_decide_about_nulls_and_names() {
        let of =
            |name: &str, options: &str, values: &[Value]| called(name, &[&[Value::text(options)], values].concat());
        let twice = [Value::text("a"), Value::Int4(1), Value::text("a"), Value::Null];
        assert_eq!(of(JSON_OBJECT_OF, "", &twice), r#"{"a" : 1, "a" : null}"#);
        assert_eq!(of(JSONB_OBJECT_OF, "absent", &twice), r#"{"a": 1}"#);
        assert_eq!(of(JSON_OBJECT_OF, "absent unique", &twice), "22030");
        assert_eq!(of(JSON_OBJECT_OF, "", &[Value::Null, Value::Int4(1)]), "22004");
        assert_eq!(of(JSON_ARRAY_OF, "absent", &[Value::Null, Value::Int4(1)]), "[1]");
        assert_eq!(of(JSON_ARRAY_OF, "", &[Value::Null, Value::Int4(1)]), "[null, 1]");
    }

    #[test]
    fn json_is_told_from_other_text() {
        let is = |text: &str, kind: &str, unique: &str| {
            called("$is_json", &[Value::text(text), Value::text(kind), Value::text(unique)])
        };
        for (text, kind, unique, expected) in [
            ("1", "value", "", "t"),
            ("1", "scalar", "", "t"),
            ("[1]", "scalar", "", "f"),
            ("[1]", "array", "", "t"),
            ("{}", "object", "", "t"),
            ("{", "value", "", "f"),
            ("", "value", "", "f"),
            (r#"{"a":1,"a":2}"#, "object", "", "t"),
            (r#"[{"a":1,"a":2}]"#, "value", "unique", "f"),
        ] {
            assert_eq!(is(text, kind, unique), expected, "{text} {kind} {unique}");
        }
    }
}

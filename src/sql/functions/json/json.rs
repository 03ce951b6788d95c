//! The other JSON functions: tests, changes, construction. The routines are `crate::types::json::jsonb`'s.

use std::fmt::Write;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Bool, Json, TextArray};
use crate::expr::{Function, Invocation, text_of};
use crate::sql::functions::json::access::steps;
use crate::sql::functions::json::texts::check_key;
use crate::types::json::jsonb;
use crate::types::json::jsonb::PathStep;
use crate::types::{
    ColumnType, TextStyle, Value, join_object, json_key_in, json_text_in, json_text_of_value, jsonb_text, sort_key,
};

/// The function by whose bytes JSON is compared, grouped and ordered.
pub const JSON_SORT_KEY: &str = "$jsonb_sort_key";

/// Spaces of one level of `jsonb_pretty`.
const INDENT: usize = 4;

pub fn definitions() -> Vec<Function> {
    let json = ColumnType::Jsonb;
    vec![
        Function::new("jsonb_exists_any", &[Json, TextArray], ColumnType::Bool, |_, arguments| {
            Ok(Value::Bool(jsonb::has_any(text_of(arguments, 0), keys(arguments))))
        }),
        Function::new("jsonb_exists_all", &[Json, TextArray], ColumnType::Bool, |_, arguments| {
            Ok(Value::Bool(jsonb::has_all(text_of(arguments, 0), keys(arguments))))
        }),
        Function::new("jsonb_concat", &[Json, Json], json.clone(), |_, arguments| {
            canonical(&jsonb::concat(text_of(arguments, 0), text_of(arguments, 1)))
        }),
        Function::new("jsonb_delete", &[Json, Any], json.clone(), delete),
        Function::new("jsonb_delete_path", &[Json, TextArray], json.clone(), |_, arguments| {
            let path = path(arguments)?;
            changed(text_of(arguments, 0), &path, &Change::Delete)
        }),
        Function::new("jsonb_set", &[Json, TextArray, Json, Bool], json.clone(), set).optional(1),
        Function::new("jsonb_typeof", &[Json], ColumnType::Text, |_, arguments| {
            Ok(Value::text(jsonb::type_name(text_of(arguments, 0))))
        })
        .alias(&["json_typeof"]),
        Function::new("jsonb_array_length", &[Json], ColumnType::Int4, |_, arguments| {
            Ok(Value::Int4(i32::try_from(jsonb::array_length(text_of(arguments, 0))?).unwrap_or(i32::MAX)))
        })
        .alias(&["json_array_length"]),
        Function::new("jsonb_build_object", &[Any], json.clone(), |invocation, arguments| {
            of_json(invocation, build_object(invocation, arguments)?)
        })
        .variadic("$jsonb_build_object")
        .with_nulls(),
        Function::new("jsonb_build_array", &[Any], json.clone(), |invocation, arguments| {
            of_json(invocation, build_array(arguments, invocation.style()))
        })
        .variadic("$jsonb_build_array")
        .with_nulls(),
        Function::new("to_jsonb", &[Any], json.clone(), |invocation, arguments| {
            let value = arguments.first().unwrap_or(&Value::Null);
            of_json(invocation, Value::Json(json_text_in(invocation.style(), value)))
        }),
        Function::new(JSON_SORT_KEY, &[Json], ColumnType::Bytea, |_, arguments| {
            Ok(Value::Bytea(sort_key(text_of(arguments, 0)).into()))
        }),
        Function::new("jsonb_pretty", &[Json], ColumnType::Text, |_, arguments| {
            let mut out = String::new();
            pretty(text_of(arguments, 0), 0, &mut out)?;
            Ok(Value::text(out))
        }),
        Function::new("jsonb_insert", &[Json, TextArray, Json, Bool], json.clone(), insert).optional(1),
        Function::new("jsonb_strip_nulls", &[Json, Bool], json, |_, arguments| {
            let mut value = parsed(text_of(arguments, 0))?;
            strip_nulls(&mut value, matches!(arguments.get(1), Some(Value::Bool(true))));
            canonical(&value.to_string())
        })
        .optional(1),
    ]
}

/// What was built, in canonical form where `json` is in it, which keeps its spelling.
fn of_json(invocation: &Invocation<'_>, built: Value) -> Result<Value> {
    match &built {
        Value::Json(text) if invocation.types.iter().any(|ty| *ty.base() == ColumnType::Json) => canonical(text),
        _ => Ok(built),
    }
}

fn canonical(text: &str) -> Result<Value> {
    jsonb_text(text).map(Value::Json)
}

fn parsed(text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text).map_err(|error| {
        Error::new(ErrorKind::InvalidTextRepresentation, "invalid input syntax for type json")
            .with_detail(error.to_string())
    })
}

fn keys(arguments: &[Value]) -> impl Iterator<Item = &str> {
    let elements = match arguments.get(1) {
        Some(Value::Array(_, elements)) => elements.as_slice(),
        _ => &[],
    };
    elements.iter().filter_map(Value::as_str)
}

fn delete(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let json = text_of(arguments, 0);
    let rest = match arguments.get(1) {
        Some(Value::Array(_, elements)) => {
            let mut rest = json.to_string();
            for key in elements.iter().filter_map(Value::as_str) {
                rest = jsonb::delete_key(&rest, key)?;
            }
            rest
        }
        Some(other) => match other.as_i64() {
            Some(index) => jsonb::delete_index(json, index)?,
            None => jsonb::delete_key(json, text_of(arguments, 1))?,
        },
        None => json.to_string(),
    };
    canonical(&rest)
}

fn path(arguments: &[Value]) -> Result<Vec<PathStep>> {
    if let Some(Value::Array(_, elements)) = arguments.get(1)
        && let Some(position) = elements.iter().position(Value::is_null)
    {
        let message = format!("path element at position {} is null", position + 1);
        return Err(Error::new(ErrorKind::NullNotAllowed, message));
    }
    Ok(steps(arguments.get(1).cloned().unwrap_or_default())?.unwrap_or_default())
}

/// What happens at the end of a path.
enum Change {
    Delete,
    Set {
        value: serde_json::Value,
        create: bool,
    },
    /// A new element before or behind the place, a member only where there is none.
    Insert {
        value: serde_json::Value,
        behind: bool,
    },
}

fn set(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let create = !matches!(arguments.get(3), Some(Value::Bool(false)));
    let value = parsed(text_of(arguments, 2))?;
    changed(text_of(arguments, 0), &path(arguments)?, &Change::Set { value, create })
}

/// `jsonb_insert`.
fn insert(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let behind = matches!(arguments.get(3), Some(Value::Bool(true)));
    let value = parsed(text_of(arguments, 2))?;
    changed(text_of(arguments, 0), &path(arguments)?, &Change::Insert { value, behind })
}

fn changed(json: &str, path: &[PathStep], change: &Change) -> Result<Value> {
    let mut root = parsed(json)?;
    if !root.is_object() && !root.is_array() {
        let message = match change {
            Change::Delete => "cannot delete path in scalar",
            Change::Set { .. } | Change::Insert { .. } => "cannot set path in scalar",
        };
        return Err(Error::new(ErrorKind::InvalidParameterValue, message));
    }
    let is_empty =
        root.as_array().is_some_and(Vec::is_empty) || root.as_object().is_some_and(serde_json::Map::is_empty);
    if matches!(change, Change::Delete | Change::Set { create: false, .. }) && is_empty {
        return canonical(json);
    }
    if let Some((last, way)) = path.split_last() {
        let mut place = Some(&mut root);
        for (depth, step) in way.iter().enumerate() {
            place = match place {
                Some(place) => descend(place, step, depth)?,
                None => None,
            };
        }
        if let Some(place) = place {
            apply(place, last, way.len(), change)?;
        }
    }
    canonical(&root.to_string())
}

fn key_of(step: &PathStep) -> String {
    match step {
        PathStep::Key(key) => key.clone(),
        PathStep::Index(index) => index.to_string(),
    }
}

/// A position in an array of that length, counted from the end when negative; `Err` says before or behind.
fn position(step: &PathStep, depth: usize, length: usize) -> Result<std::result::Result<usize, bool>> {
    let text = key_of(step);
    let index: i32 = text.parse().map_err(|_| {
        let message = format!("path element at position {} is not an integer: \"{text}\"", depth + 1);
        Error::new(ErrorKind::InvalidTextRepresentation, message)
    })?;
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(match index {
        0.. if distance < length => Ok(distance),
        0.. => Err(true),
        _ => length.checked_sub(distance).ok_or(false),
    })
}

fn descend<'a>(
    place: &'a mut serde_json::Value,
    step: &PathStep,
    depth: usize,
) -> Result<Option<&'a mut serde_json::Value>> {
    Ok(match place {
        serde_json::Value::Object(members) => members.get_mut(&key_of(step)),
        serde_json::Value::Array(elements) => {
            position(step, depth, elements.len())?.ok().and_then(|position| elements.get_mut(position))
        }
        _ => None,
    })
}

fn apply(place: &mut serde_json::Value, step: &PathStep, depth: usize, change: &Change) -> Result<()> {
    match (place, change) {
        (serde_json::Value::Object(members), Change::Delete) => {
            members.shift_remove(&key_of(step));
        }
        (serde_json::Value::Object(members), Change::Set { value, create }) => {
            let key = key_of(step);
            if *create || members.contains_key(&key) {
                members.insert(key, value.clone());
            }
        }
        (serde_json::Value::Object(members), Change::Insert { value, .. }) => {
            let key = key_of(step);
            if members.contains_key(&key) {
                return Err(Error::new(ErrorKind::InvalidParameterValue, "cannot replace existing key")
                    .with_hint("Try using the function jsonb_set to replace key value."));
            }
            members.insert(key, value.clone());
        }
        (serde_json::Value::Array(elements), change) => match (position(step, depth, elements.len())?, change) {
            (Ok(position), Change::Delete) => {
                elements.remove(position);
            }
            (Ok(position), Change::Set { value, .. }) => {
                if let Some(element) = elements.get_mut(position) {
                    *element = value.clone();
                }
            }
            (Ok(position), Change::Insert { value, behind }) => {
                elements.insert(position + usize::from(*behind), value.clone());
            }
            (Err(behind), Change::Set { value, create: true } | Change::Insert { value, .. }) => {
                let end = if behind { elements.len() } else { 0 };
                elements.insert(end, value.clone());
            }
            _ => {}
        },
        _ => {}
    }
    Ok(())
}

fn build_object(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (pairs, rest) = arguments.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Error::new(ErrorKind::InvalidParameterValue, "argument list must have even number of elements")
            .with_hint("The arguments of jsonb_build_object() must consist of alternating keys and values."));
    }
    let mut members = Vec::with_capacity(pairs.len());
    for (position, [key, value]) in pairs.iter().enumerate() {
        if key.is_null() {
            let message = format!("argument {}: key must not be null", 2 * position + 1);
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
        check_key(invocation, 2 * position, key)?;
        let value = match value {
            Value::Json(_) => value.clone(),
            value => Value::Json(json_text_in(invocation.style(), value)),
        };
        members.push((json_key_in(invocation.style(), key), value));
    }
    Ok(Value::Json(join_object(members.iter().map(|(key, value)| (key.as_str(), value)))))
}

/// The JSON array of some values.
pub fn build_array(values: &[Value], style: &TextStyle) -> Value {
    let elements: Vec<Box<str>> = values.iter().map(|value| json_text_in(style, value)).collect();
    Value::Json(format!("[{}]", elements.join(", ")).into())
}

fn pretty(json: &str, depth: usize, out: &mut String) -> Result<()> {
    let (open, close, lines) = match jsonb::type_name(json) {
        "array" => {
            let lines: Vec<(Option<String>, &str)> = jsonb::elements(json).map(|element| (None, element)).collect();
            ('[', ']', lines)
        }
        "object" => {
            let key = |key: &str| Some(String::from(json_text_of_value(&Value::text(key))));
            let lines = jsonb::members(json).map(|(name, value)| (key(&name), value)).collect();
            ('{', '}', lines)
        }
        _ => {
            out.push_str(json);
            return Ok(());
        }
    };
    out.push(open);
    let count = lines.len();
    for (position, (key, value)) in lines.into_iter().enumerate() {
        let written = write!(out, "\n{:width$}", "", width = (depth + 1) * INDENT);
        written.map_err(|_| Error::internal("text cannot be written"))?;
        if let Some(key) = key {
            out.push_str(&key);
            out.push_str(": ");
        }
        pretty(value, depth + 1, out)?;
        if position + 1 < count {
            out.push(',');
        }
    }
    write!(out, "\n{:width$}{close}", "", width = depth * INDENT).map_err(|_| Error::internal("text cannot be written"))
}

fn strip_nulls(value: &mut serde_json::Value, in_arrays: bool) {
    match value {
        serde_json::Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(|member| strip_nulls(member, in_arrays));
        }
        serde_json::Value::Array(elements) => {
            if in_arrays {
                elements.retain(|element| !element.is_null());
            }
            elements.iter_mut().for_each(|element| strip_nulls(element, in_arrays));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[Value]) -> Result<Value> {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        (definition.body)(&Invocation { name: definition.name, statement: None, types: &[] }, arguments)
    }

    fn json(text: &str) -> Value {
        Value::Json(text.into())
    }

    #[test]
    fn set_replaces_and_creates() {
        let set = |path: &str, value: &str| {
            call("jsonb_set", &[json(r#"{"a": [1, 2]}"#), Value::text(path), json(value)]).unwrap()
        };
        assert_eq!(set("{a,0}", "7"), json(r#"{"a": [7, 2]}"#));
        assert_eq!(set("{b}", "true"), json(r#"{"a": [1, 2], "b": true}"#));
        assert_eq!(set("{a,9}", "3"), json(r#"{"a": [1, 2, 3]}"#));
    }

    #[test]
    fn objects_are_built_and_stripped() {
        let built =
            call("jsonb_build_object", &[Value::text("k"), Value::Null, Value::text("n"), Value::Int4(1)]).unwrap();
        assert_eq!(built, json(r#"{"k": null, "n": 1}"#));
        assert_eq!(call("jsonb_strip_nulls", &[built]).unwrap(), json(r#"{"n": 1}"#));
        assert_eq!(call("jsonb_build_object", &[Value::text("k")]).unwrap_err().sqlstate(), "22023");
    }

    #[test]
    fn pretty_indents_by_four() {
        let text = call("jsonb_pretty", &[json(r#"{"a": [1]}"#)]).unwrap();
        assert_eq!(text, Value::text("{\n    \"a\": [\n        1\n    ]\n}"));
    }
}

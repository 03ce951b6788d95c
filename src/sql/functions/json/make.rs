//! JSON made of arrays, pairs and values, and changed with more say than `jsonb_set` has.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, AnyArray, Bool, Json, Text, TextArray};
use crate::expr::{Function, Invocation, text_of};
use crate::types::{ColumnType, TextStyle, Value, json_text_in, json_text_of_value, jsonb_text};

pub fn definitions() -> Vec<Function> {
    let json = ColumnType::Jsonb;
    vec![
        Function::new("array_to_json", &[AnyArray, Bool], ColumnType::Json, array_to_json).optional(1),
        Function::new("json_object", &[AnyArray, AnyArray], ColumnType::Json, |_, arguments| {
            Ok(Value::Json(object(arguments, " : ")?.into()))
        })
        .optional(1),
        Function::new("jsonb_object", &[AnyArray, AnyArray], json.clone(), |_, arguments| {
            jsonb_text(&object(arguments, ": ")?).map(Value::Json)
        })
        .optional(1),
        Function::new("json_scalar", &[Any], ColumnType::Json, |invocation, arguments| {
            Ok(Value::Json(json_text_in(invocation.style(), arguments.first().unwrap_or(&Value::Null))))
        }),
        Function::new("json_serialize", &[Json], ColumnType::Text, |_, arguments| {
            Ok(Value::text(text_of(arguments, 0)))
        }),
        Function::new("jsonb_set_lax", &[Json, TextArray, Json, Bool, Text], json, set_lax).optional(2).with_nulls(),
    ]
}

/// The JSON of an array, each element of its first dimension on a line of its own where that is asked for.
fn array_to_json(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let Some(Value::Array(_, elements)) = arguments.first() else { return Ok(Value::Null) };
    let separator = if matches!(arguments.get(1), Some(Value::Bool(true))) { ",\n " } else { "," };
    let texts: Vec<String> = elements.iter().map(|element| nested(element, invocation.style())).collect();
    Ok(Value::Json(format!("[{}]", texts.join(separator)).into()))
}

/// An element without blanks between its own.
fn nested(element: &Value, style: &TextStyle) -> String {
    match element {
        Value::Array(_, elements) => {
            let texts: Vec<String> = elements.iter().map(|element| nested(element, style)).collect();
            format!("[{}]", texts.join(","))
        }
        value => json_text_in(style, value).into(),
    }
}

fn elements(arguments: &[Value], position: usize) -> Result<Vec<Value>> {
    let texts = ColumnType::Array(Box::new(ColumnType::Text));
    match arguments.get(position) {
        Some(Value::Array(_, elements)) => Ok(elements.clone()),
        Some(value) => match value.clone().cast(&texts, false)? {
            Value::Array(_, elements) => Ok(elements),
            _ => Ok(Vec::new()),
        },
        None => Ok(Vec::new()),
    }
}

/// The text of an object of keys and values, which are strings.
fn object(arguments: &[Value], colon: &str) -> Result<String> {
    let subscript = |message: &str| Error::new(ErrorKind::ArraySubscript, message);
    let first = elements(arguments, 0)?;
    let pairs: Vec<(Value, Value)> = if arguments.len() > 1 {
        let second = elements(arguments, 1)?;
        if first.len() != second.len() {
            return Err(subscript("mismatched array dimensions"));
        }
        if first.iter().chain(&second).any(|element| matches!(element, Value::Array(..))) {
            return Err(subscript("wrong number of array subscripts"));
        }
        first.into_iter().zip(second).collect()
    } else if first.iter().any(|element| matches!(element, Value::Array(..))) {
        let pair = |row: Value| match row {
            Value::Array(_, row) => match <[Value; 2]>::try_from(row) {
                Ok([key, value]) if !matches!(key, Value::Array(..)) => Ok((key, value)),
                Ok(_) => Err(subscript("wrong number of array subscripts")),
                Err(_) => Err(subscript("array must have two columns")),
            },
            _ => Err(subscript("wrong number of array subscripts")),
        };
        first.into_iter().map(pair).collect::<Result<_>>()?
    } else {
        if first.len() % 2 != 0 {
            return Err(subscript("array must have even number of elements"));
        }
        let (pairs, _) = first.as_chunks::<2>();
        pairs.iter().map(|[key, value]| (key.clone(), value.clone())).collect()
    };
    let mut members = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        if key.is_null() {
            return Err(Error::new(ErrorKind::NullNotAllowed, "null value not allowed for object key"));
        }
        members.push(format!("{}{colon}{}", json_text_of_value(&key), json_text_of_value(&value)));
    }
    Ok(format!("{{{}}}", members.join(", ")))
}

/// `jsonb_set` that says what a NULL means.
fn set_lax(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let is_null = |position: usize| arguments.get(position).is_some_and(Value::is_null);
    if is_null(0) || is_null(1) || is_null(3) {
        return Ok(Value::Null);
    }
    let mut given = arguments.get(..arguments.len().min(4)).unwrap_or_default().to_vec();
    if is_null(2) {
        if is_null(4) {
            let message = "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"";
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
        match if arguments.len() > 4 { text_of(arguments, 4) } else { "use_json_null" } {
            "use_json_null" => {
                if let Some(value) = given.get_mut(2) {
                    *value = Value::Json("null".into());
                }
            }
            "return_target" => return Ok(arguments.first().cloned().unwrap_or_default()),
            "delete_key" => return call("jsonb_delete_path", invocation, given.get(..2).unwrap_or_default()),
            "raise_exception" => {
                return Err(Error::new(ErrorKind::NullNotAllowed, "JSON value must not be null")
                    .with_detail("Exception was raised because null_value_treatment is \"raise_exception\".")
                    .with_hint(
                        "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.",
                    ));
            }
            _ => {
                let message = "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"";
                return Err(Error::new(ErrorKind::InvalidParameterValue, message));
            }
        }
    }
    call("jsonb_set", invocation, &given)
}

/// Calls another function of the JSON family.
fn call(name: &str, invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let function = crate::sql::functions::json::json::definitions().into_iter().find(|function| function.name == name);
    let function = function.ok_or_else(|| Error::internal(format!("{name}() is not there")))?;
    (function.body)(invocation, arguments)
}

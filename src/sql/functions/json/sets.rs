//! Set-returning JSON functions. Here they return lists; the rewrite of a statement puts `unnest` around them.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::Json;
use crate::expr::{Function, Invocation, text_of};
use crate::types::json::jsonb;
use crate::types::{ColumnType, Value};

pub fn definitions() -> Vec<Function> {
    let list = |ty: ColumnType| ColumnType::Array(Box::new(ty));
    vec![
        Function::new("jsonb_array_elements", &[Json], list(ColumnType::Jsonb), elements),
        Function::new("json_array_elements", &[Json], list(ColumnType::Json), elements),
        Function::new("jsonb_array_elements_text", &[Json], list(ColumnType::Text), |invocation, arguments| {
            as_texts(elements(invocation, arguments)?)
        })
        .alias(&["json_array_elements_text"]),
        Function::new("jsonb_object_keys", &[Json], list(ColumnType::Text), |_, arguments| {
            let json = object(arguments)?;
            let keys = jsonb::members(json).map(|(key, _)| Value::text(key.as_ref())).collect();
            Ok(Value::Array(Box::new(ColumnType::Text), keys))
        })
        .alias(&["json_object_keys"]),
        Function::new("jsonb_object_values", &[Json], list(ColumnType::Jsonb), values),
        Function::new("json_object_values", &[Json], list(ColumnType::Json), values),
        Function::new("jsonb_object_values_text", &[Json], list(ColumnType::Text), |invocation, arguments| {
            as_texts(values(invocation, arguments)?)
        })
        .alias(&["json_object_values_text"]),
    ]
}

/// The type of the parts that a function of a name finds: those of `json` keep their spelling.
fn part_type(invocation: &Invocation<'_>) -> Box<ColumnType> {
    Box::new(if invocation.name.starts_with("json_") { ColumnType::Json } else { ColumnType::Jsonb })
}

fn elements(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let json = text_of(arguments, 0);
    if jsonb::type_name(json) != "array" {
        return Err(Error::new(ErrorKind::InvalidParameterValue, "cannot extract elements from an object or a scalar"));
    }
    let elements = jsonb::elements(json).map(|element| Value::Json(element.into())).collect();
    Ok(Value::Array(part_type(invocation), elements))
}

fn object(arguments: &[Value]) -> Result<&str> {
    let json = text_of(arguments, 0);
    if jsonb::type_name(json) == "object" {
        return Ok(json);
    }
    Err(Error::new(ErrorKind::InvalidParameterValue, "cannot take an array or a scalar apart as an object"))
}

fn values(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let json = object(arguments)?;
    let values = jsonb::members(json).map(|(_, value)| Value::Json(value.into())).collect();
    Ok(Value::Array(part_type(invocation), values))
}

fn as_texts(list: Value) -> Result<Value> {
    let Value::Array(_, elements) = list else { return Ok(list) };
    let texts = elements.iter().map(|element| {
        element.as_str().and_then(jsonb::as_text).map_or(Value::Null, |text| Value::text(text.as_ref()))
    });
    Ok(Value::Array(Box::new(ColumnType::Text), texts.collect()))
}

//! How many elements arrays have, in how many dimensions, and how these are numbered. Of an array without elements all of that
//! is NULL, as in PostgreSQL; `cardinality` alone says 0.

use crate::error::Result;
use crate::expr::Parameter::{AnyArray, Int};
use crate::expr::{Function, int_of};
use crate::types::{ColumnType, Value};

pub fn definitions() -> Vec<Function> {
    let number = ColumnType::Int4;
    vec![
        Function::new("array_length", &[AnyArray, Int], number.clone(), |_, arguments| {
            Ok(dimension(arguments, |_, length| length))
        }),
        Function::new("array_lower", &[AnyArray, Int], number.clone(), |_, arguments| {
            Ok(dimension(arguments, |first, _| first))
        }),
        Function::new("array_upper", &[AnyArray, Int], number.clone(), |_, arguments| {
            Ok(dimension(arguments, |first, length| first.saturating_add(length - 1)))
        }),
        Function::new("array_ndims", &[AnyArray], number, |_, arguments| {
            Ok(match lengths(arguments).len() {
                0 => Value::Null,
                count => Value::Int4(i32::try_from(count).unwrap_or(i32::MAX)),
            })
        }),
        Function::new("array_dims", &[AnyArray], ColumnType::Text, |_, arguments| dims(arguments)),
    ]
}

/// The number of elements in each dimension, outermost first; none for an array without elements.
fn lengths(arguments: &[Value]) -> Vec<i32> {
    let mut lengths = Vec::new();
    let mut array = arguments.first();
    while let Some(value) = array {
        let (length, element) = match value {
            Value::Array(_, elements) => (elements.len(), elements.first()),
            Value::Vector(vector) => (vector.len(), None),
            _ => break,
        };
        if length == 0 {
            break;
        }
        lengths.push(i32::try_from(length).unwrap_or(i32::MAX));
        array = element;
    }
    lengths
}

/// Positions in the catalogs' vectors of numbers count from 0.
pub fn first_position(arguments: &[Value]) -> i32 {
    match arguments.first() {
        Some(Value::Array(element, _)) if element.is_number_vector() => 0,
        _ => 1,
    }
}

/// Something of the dimension that the second argument numbers, of its first position and its length.
fn dimension(arguments: &[Value], wanted: fn(i32, i32) -> i32) -> Value {
    let position = int_of(arguments, 1).and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
    let length = position.and_then(|position| lengths(arguments).get(position).copied());
    length.map_or(Value::Null, |length| Value::Int4(wanted(first_position(arguments), length)))
}

/// `[1:2][1:3]`.
fn dims(arguments: &[Value]) -> Result<Value> {
    let first = first_position(arguments);
    let dims: Vec<String> = lengths(arguments)
        .into_iter()
        .map(|length| format!("[{first}:{}]", first.saturating_add(length - 1)))
        .collect();
    Ok(if dims.is_empty() { Value::Null } else { Value::text(dims.concat()) })
}

//! Arrays made of values, of parts and in another order. The type of the result is that of the arguments.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, AnyArray, Int};
use crate::expr::{Function, Invocation, int_of};
use crate::sql::functions::aggregates::ordered_arrays::result_of_ordered;
use crate::sql::functions::arrays::dimensions::result_of_dimensions;
use crate::sql::functions::ranges::result_of_ranges;
use crate::types::{ARRAY_DIMENSIONS_MAX, ColumnType, Value};

/// `width_bucket` of an array of bounds.
pub const BUCKET_OF_BOUNDS: &str = "$width_bucket";

/// `array_fill` of two dimensions and more, where the statement says how many these are.
pub const FILLED: [&str; 5] = ["$array_fill_2", "$array_fill_3", "$array_fill_4", "$array_fill_5", "$array_fill_6"];

/// Elements that an array of PostgreSQL has at most.
const ELEMENTS_MAX: usize = 134_217_727;

pub fn definitions() -> Vec<Function> {
    // `result_of` says what they return.
    let same = ColumnType::Unknown;
    let fill = |name| {
        Function::new(name, &[Any, AnyArray, AnyArray], ColumnType::Unknown, array_fill).optional(1).with_nulls()
    };
    let mut definitions = vec![
        fill("array_fill"),
        Function::new("trim_array", &[AnyArray, Int], same.clone(), trim_array),
        Function::new("array_shuffle", &[AnyArray], same.clone(), |_, arguments| {
            let (element, values) = elements(arguments, 0)?;
            let count = values.len();
            Ok(Value::Array(element, sampled(values, count)?))
        })
        .volatile(),
        Function::new("array_sample", &[AnyArray, Int], same, array_sample).volatile(),
        Function::new(BUCKET_OF_BOUNDS, &[Any, AnyArray], ColumnType::Int4, bucket_of_bounds),
    ];
    definitions.extend(FILLED.map(fill));
    definitions
}

/// How many dimensions the form of `array_fill` of a name makes; `None` for other functions.
fn filled_dimensions(name: &str) -> Option<usize> {
    let place = FILLED.iter().position(|form| *form == name).map(|place| place.saturating_add(2));
    place.or_else(|| (name == "array_fill").then_some(1))
}

/// The type of what one of these functions returns for arguments of such types; `None` for another function.
pub fn result_of(name: &str, types: &[ColumnType]) -> Option<ColumnType> {
    let first = types.first()?.clone();
    if let Some(dimensions) = filled_dimensions(name) {
        let element = if first == ColumnType::Unknown { ColumnType::Text } else { first };
        return Some((0..dimensions).fold(element, |ty, _| ColumnType::Array(Box::new(ty))));
    }
    match name {
        "trim_array" | "array_shuffle" | "array_sample" => Some(first),
        _ => result_of_ordered(name, types)
            .or_else(|| result_of_dimensions(name, types))
            .or_else(|| result_of_ranges(name, types)),
    }
}

fn elements(arguments: &[Value], position: usize) -> Result<(Box<ColumnType>, Vec<Value>)> {
    match arguments.get(position) {
        Some(Value::Array(element, values)) => Ok((element.clone(), values.clone())),
        Some(Value::Text(text)) => {
            let array = ColumnType::Array(Box::new(ColumnType::Text));
            match Value::parse_text(&array, text)? {
                Value::Array(element, values) => Ok((element, values)),
                _ => Ok((Box::new(ColumnType::Text), Vec::new())),
            }
        }
        _ => Err(Error::new(ErrorKind::DatatypeMismatch, "an array is wanted")),
    }
}

/// The numbers of an array of dimensions or bounds.
fn numbers(arguments: &[Value], position: usize) -> Result<Vec<i64>> {
    let null = |what: &str| Error::new(ErrorKind::NullNotAllowed, what.to_string());
    if arguments.get(position).is_none_or(Value::is_null) {
        return Err(null("dimension array or low bound array cannot be null"));
    }
    let (_, values) = elements(arguments, position)?;
    let number = |value: Value| match value {
        Value::Null => Err(null("dimension values cannot be null")),
        Value::Array(..) => Err(Error::new(ErrorKind::ArraySubscript, "wrong number of array subscripts")
            .with_detail("Dimension array must be one dimensional.")),
        value => match value.cast(&ColumnType::Int4, false)? {
            Value::Int4(number) => Ok(i64::from(number)),
            _ => Err(null("dimension values cannot be null")),
        },
    };
    values.into_iter().map(number).collect()
}

fn array_fill(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let value = arguments.first().cloned().unwrap_or_default();
    let dimensions = numbers(arguments, 1)?;
    let bounds = if arguments.len() > 2 { numbers(arguments, 2)? } else { vec![1; dimensions.len()] };
    if bounds.len() != dimensions.len() {
        return Err(Error::new(ErrorKind::ArraySubscript, "wrong number of array subscripts")
            .with_detail("Low bound array has different size than dimensions array."));
    }
    let too_large =
        || Error::new(ErrorKind::LimitExceeded, format!("array size exceeds the maximum allowed ({ELEMENTS_MAX})"));
    if dimensions.len() > ARRAY_DIMENSIONS_MAX {
        let (count, most) = (dimensions.len(), ARRAY_DIMENSIONS_MAX);
        let message = format!("number of array dimensions ({count}) exceeds the maximum allowed ({most})");
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    let lengths: Option<Vec<usize>> = dimensions.iter().map(|length| usize::try_from(*length).ok()).collect();
    let lengths = lengths.ok_or_else(too_large)?;
    let element = invocation.types.first().cloned().filter(|ty| *ty != ColumnType::Unknown).unwrap_or(ColumnType::Text);
    if lengths.is_empty() || lengths.contains(&0) {
        return Ok(Value::Array(Box::new(element), Vec::new()));
    }
    if Some(lengths.len()) != filled_dimensions(invocation.name) || bounds.iter().any(|bound| *bound != 1) {
        return Err(Error::unsupported(
            "array_fill() with other lower bounds than 1, or of a number of dimensions that is computed, is not offered",
            "Write the lengths of the dimensions as ARRAY[2, 3], without bounds.",
        ));
    }
    let count = lengths.iter().try_fold(1_usize, |count, length| count.checked_mul(*length));
    let count = count.filter(|count| *count <= ELEMENTS_MAX).ok_or_else(too_large)?;
    let _making = invocation.making(count.saturating_mul(value.held_bytes()))?;
    let filled = lengths
        .into_iter()
        .rev()
        .fold(value, |part, length| Value::Array(Box::new(element.clone()), vec![part; length]));
    Ok(filled)
}

fn trim_array(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (element, mut values) = elements(arguments, 0)?;
    let trimmed = int_of(arguments, 1).and_then(|count| usize::try_from(count).ok());
    let kept = trimmed.and_then(|trimmed| values.len().checked_sub(trimmed)).ok_or_else(|| {
        let message = format!("number of elements to trim must be between 0 and {}", values.len());
        Error::new(ErrorKind::ArraySubscript, message)
    })?;
    values.truncate(kept);
    Ok(Value::Array(element, values))
}

fn array_sample(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (element, values) = elements(arguments, 0)?;
    let count =
        int_of(arguments, 1).and_then(|count| usize::try_from(count).ok()).filter(|count| *count <= values.len());
    let count = count.ok_or_else(|| {
        let message = format!("sample size must be between 0 and {}", values.len());
        Error::new(ErrorKind::InvalidParameterValue, message)
    })?;
    Ok(Value::Array(element, sampled(values, count)?))
}

/// So many of the elements, in random order: the first steps of a shuffle.
fn sampled(mut values: Vec<Value>, count: usize) -> Result<Vec<Value>> {
    for position in 0..count {
        let other = position + random_below(values.len() - position)?;
        values.swap(position, other);
    }
    values.truncate(count);
    Ok(values)
}

/// A random number below a bound, each as likely as the others.
fn random_below(bound: usize) -> Result<usize> {
    let bound = bound as u64;
    // What is left over of all numbers would come a little more often.
    let limit = u64::MAX - u64::MAX % bound.max(1);
    loop {
        let number = getrandom::u64().map_err(|error| Error::internal(format!("no random numbers: {error}")))?;
        if number < limit {
            return usize::try_from(number % bound.max(1)).map_err(|_| Error::internal("a random number is too large"));
        }
    }
}

/// How many bounds, which are in order, lie at or below the first argument.
fn bucket_of_bounds(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let operand = arguments.first().cloned().unwrap_or_default();
    let (_, bounds) = elements(arguments, 1)?;
    if bounds.iter().any(Value::is_null) {
        return Err(Error::new(ErrorKind::NullNotAllowed, "thresholds array must not contain NULLs"));
    }
    if bounds.iter().any(|bound| matches!(bound, Value::Array(..))) {
        return Err(Error::new(ErrorKind::ArraySubscript, "thresholds must be one-dimensional array"));
    }
    let is_below = |bound: &Value| match (bound.compare(&operand), bound, &operand) {
        (Some(order), ..) => order.is_le(),
        // A text of no known type beside numbers.
        (None, _, Value::Text(_)) => operand
            .clone()
            .cast(&bound.column_type(), false)
            .is_ok_and(|operand| bound.compare(&operand).is_some_and(std::cmp::Ordering::is_le)),
        _ => false,
    };
    Ok(Value::Int4(i32::try_from(bounds.partition_point(is_below)).unwrap_or(i32::MAX)))
}

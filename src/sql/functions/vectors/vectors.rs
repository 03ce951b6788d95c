//! pgvector's other scalar functions, and the element-wise arithmetic behind `+`, `-` and `*`.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Halfvec, Int, Vector};
use crate::expr::{Function, Invocation, int_of};
use crate::sql::functions::vectors::argument::same_dimension;
use crate::types::{ColumnType, Value, check_dimension, check_vector, half_components};
use crate::vector::l2_norm;

pub fn definitions() -> Vec<Function> {
    let vector = ColumnType::Vector(None);
    vec![
        Function::new("vector_dims", &[Vector], ColumnType::Int4, |_, arguments| {
            Ok(Value::Int4(i32::try_from(vector_of(arguments, 0)?.len()).unwrap_or(i32::MAX)))
        }),
        Function::new("vector_norm", &[Vector], ColumnType::Float8, |_, arguments| {
            Ok(Value::Float8(l2_norm(&vector_of(arguments, 0)?)))
        })
        .alias(&["l2_norm"]),
        Function::new("l2_normalize", &[Vector], vector.clone(), |_, arguments| normalize(&vector_of(arguments, 0)?)),
        Function::new("subvector", &[Vector, Int, Int], vector.clone(), subvector),
        Function::new("to_vector", &[Vector, Int], vector.clone(), to_vector).optional(1),
        Function::new("vector_add", &[Vector, Vector], vector.clone(), |_, arguments| {
            elementwise(arguments, |a, b| a + b)
        }),
        Function::new("vector_sub", &[Vector, Vector], vector.clone(), |_, arguments| {
            elementwise(arguments, |a, b| a - b)
        }),
        Function::new("vector_mul", &[Vector, Vector], vector.clone(), |_, arguments| {
            checked_product(arguments, elementwise(arguments, |a, b| a * b)?)
        }),
        Function::new("vector_concat", &[Vector, Vector], vector, |_, arguments| concatenated(arguments)),
        Function::new("$halfvec_l2_normalize", &[Halfvec], half(), |_, arguments| {
            halves(normalize(&vector_of(arguments, 0)?)?)
        }),
        Function::new("$halfvec_subvector", &[Halfvec, Int, Int], half(), |invocation, arguments| {
            subvector(invocation, arguments)
        }),
        Function::new("halfvec_add", &[Halfvec, Halfvec], half(), |_, arguments| {
            halves(elementwise(arguments, |a, b| a + b)?)
        }),
        Function::new("halfvec_sub", &[Halfvec, Halfvec], half(), |_, arguments| {
            halves(elementwise(arguments, |a, b| a - b)?)
        }),
        Function::new("halfvec_mul", &[Halfvec, Halfvec], half(), |_, arguments| {
            checked_product(arguments, halves(elementwise(arguments, |a, b| a * b)?)?)
        }),
        Function::new("halfvec_concat", &[Halfvec, Halfvec], half(), |_, arguments| concatenated(arguments)),
    ]
}

fn half() -> ColumnType {
    ColumnType::Halfvec(None)
}

/// The function of halves for one of whole vectors; `None` where it is the same one, or there is none.
pub fn half_form(name: &str) -> Option<&'static str> {
    match name {
        "l2_normalize" => Some("$halfvec_l2_normalize"),
        "subvector" => Some("$halfvec_subvector"),
        "vector_add" => Some("halfvec_add"),
        "vector_sub" => Some("halfvec_sub"),
        "vector_mul" => Some("halfvec_mul"),
        "vector_concat" => Some("halfvec_concat"),
        _ => None,
    }
}

/// What was computed, rounded to halves.
fn halves(value: Value) -> Result<Value> {
    let Value::Vector(components) = value else { return Ok(value) };
    let rounded = half_components(&components);
    rounded.map(Value::Vector).map_err(|_| Error::new(ErrorKind::NumericOutOfRange, "value out of range: overflow"))
}

fn concatenated(arguments: &[Value]) -> Result<Value> {
    let (a, b) = (vector_of(arguments, 0)?, vector_of(arguments, 1)?);
    checked(a.iter().chain(b.iter()).copied().collect())
}

fn vector_of(arguments: &[Value], position: usize) -> Result<Arc<[f32]>> {
    match arguments.get(position) {
        Some(Value::Vector(vector)) => Ok(Arc::clone(vector)),
        Some(Value::Array(_, _)) | Some(Value::Text(_)) => {
            match arguments.get(position).cloned().unwrap_or_default().cast(&ColumnType::Vector(None), false)? {
                Value::Vector(vector) => Ok(vector),
                _ => Err(Error::new(ErrorKind::DatatypeMismatch, "a vector is wanted")),
            }
        }
        _ => Err(Error::new(ErrorKind::DatatypeMismatch, "a vector is wanted")),
    }
}

fn checked(components: Vec<f32>) -> Result<Value> {
    check_vector(&components)?;
    Ok(Value::Vector(components.into()))
}

#[expect(clippy::cast_possible_truncation, reason = "components are f32 by definition")]
fn normalize(vector: &[f32]) -> Result<Value> {
    let norm = l2_norm(vector);
    if norm == 0.0 {
        return Ok(Value::Vector(vector.into()));
    }
    checked(vector.iter().map(|component| (f64::from(*component) / norm) as f32).collect())
}

/// `subvector(vector, start, count)`, counting from 1; like pgvector, it is cut off at the vector's ends.
fn subvector(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let vector = vector_of(arguments, 0)?;
    let (Some(start), Some(count)) = (int_of(arguments, 1), int_of(arguments, 2)) else { return Ok(Value::Null) };
    let end = start.saturating_add(count);
    let position = |number: i64| usize::try_from(number.saturating_sub(1)).unwrap_or(0).min(vector.len());
    match vector.get(position(start)..position(end)) {
        Some(part) if count > 0 && !part.is_empty() => Ok(Value::Vector(part.into())),
        _ => Err(Error::new(ErrorKind::DataException, "vector must have at least 1 dimension")),
    }
}

/// What `::vector(n)` stands for.
fn to_vector(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let vector = vector_of(arguments, 0)?;
    check_dimension(&vector, int_of(arguments, 1).and_then(|dimension| u32::try_from(dimension).ok()))?;
    Ok(Value::Vector(vector))
}

fn elementwise(arguments: &[Value], operation: fn(f32, f32) -> f32) -> Result<Value> {
    let (a, b) = (vector_of(arguments, 0)?, vector_of(arguments, 1)?);
    same_dimension(&a, &b)?;
    let result: Vec<f32> = a.iter().zip(b.iter()).map(|(a, b)| operation(*a, *b)).collect();
    match result.iter().any(|component| !component.is_finite()) {
        true => Err(Error::new(ErrorKind::NumericOutOfRange, "value out of range: overflow")),
        false => Ok(Value::Vector(result.into())),
    }
}

/// Refuses products that are 0 where neither factor is: too small for a component.
fn checked_product(arguments: &[Value], result: Value) -> Result<Value> {
    let (a, b) = (vector_of(arguments, 0)?, vector_of(arguments, 1)?);
    let is_lost = |(product, (a, b)): (&f32, (&f32, &f32))| *product == 0.0 && *a != 0.0 && *b != 0.0;
    match &result {
        Value::Vector(products) if products.iter().zip(a.iter().zip(b.iter())).any(is_lost) => {
            Err(Error::new(ErrorKind::NumericOutOfRange, "value out of range: underflow"))
        }
        _ => Ok(result),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[Value]) -> Result<Value> {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        (definition.body)(&Invocation { name: definition.name, statement: None, types: &[] }, arguments)
    }

    fn vector(components: &[f32]) -> Value {
        Value::Vector(components.into())
    }

    #[test]
    fn functions_give_what_pgvector_gives() {
        assert_eq!(call("vector_dims", &[vector(&[1.0, 2.0, 3.0])]).unwrap(), Value::Int4(3));
        assert_eq!(call("vector_norm", &[vector(&[3.0, 4.0])]).unwrap(), Value::Float8(5.0));
        assert_eq!(call("l2_normalize", &[vector(&[0.0, 0.0])]).unwrap(), vector(&[0.0, 0.0]));
        let part = [vector(&[1.0, 2.0, 3.0, 4.0]), Value::Int8(2), Value::Int8(2)];
        assert_eq!(call("subvector", &part).unwrap(), vector(&[2.0, 3.0]));
        assert_eq!(call("vector_add", &[vector(&[1.0]), vector(&[2.0])]).unwrap(), vector(&[3.0]));
    }

    #[test]
    fn dimensions_must_agree() {
        let error = call("vector_add", &[vector(&[1.0, 2.0, 3.0]), vector(&[1.0, 2.0])]).unwrap_err();
        assert_eq!((error.sqlstate(), error.message()), ("22000", "different vector dimensions 3 and 2"));
    }
}

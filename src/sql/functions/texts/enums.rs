//! `enum_first`, `enum_last` and `enum_range`: labels of the type that the arguments have, whatever their values. They give texts, which
//! the analysis makes values of the type again.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::Any;
use crate::expr::{Function, Invocation};
use crate::types::{ColumnType, EnumLabel, Value};

/// The function that makes numbers of values in their order.
pub const ENUM_PLACE: &str = "$enum_place";

pub fn definitions() -> Vec<Function> {
    let labels = || ColumnType::Array(Box::new(ColumnType::Text));
    vec![
        Function::new("enum_first", &[Any], ColumnType::Text, |invocation, _| {
            extreme(labels_of(invocation)?.first().copied(), invocation)
        })
        .with_nulls(),
        Function::new("enum_last", &[Any], ColumnType::Text, |invocation, _| {
            extreme(labels_of(invocation)?.last().copied(), invocation)
        })
        .with_nulls(),
        Function::new("enum_range", &[Any, Any], labels(), |invocation, arguments| {
            let position = |place: usize| match arguments.get(place) {
                Some(Value::Enum(value)) => Some(value.position),
                _ => None,
            };
            let bounds = if invocation.types.len() > 1 { (position(0), position(1)) } else { (None, None) };
            let (least, greatest) = (bounds.0.unwrap_or(i64::MIN), bounds.1.unwrap_or(i64::MAX));
            let inside = labels_of(invocation)?.into_iter().filter(|(at, _)| (least..=greatest).contains(at));
            Ok(Value::Array(Box::new(ColumnType::Text), inside.map(|(_, name)| Value::text(name)).collect()))
        })
        .optional(1)
        .with_nulls(),
        Function::new(ENUM_PLACE, &[Any], ColumnType::Int8, |_, arguments| {
            Ok(match arguments.first() {
                Some(Value::Enum(value)) => Value::Int8(value.position),
                _ => Value::Null,
            })
        }),
    ]
}

/// The positions and labels of the type of the arguments, in their order.
fn labels_of<'a>(invocation: &'a Invocation<'_>) -> Result<Vec<(i64, &'a str)>> {
    let ty = invocation.types.iter().find_map(ColumnType::enumerated).filter(|ty| ty.is_resolved());
    let ty =
        ty.ok_or_else(|| Error::internal(format!("{}() is called without an enumerated type", invocation.name)))?;
    Ok(ty.labels().iter().map(|EnumLabel { position, name }| (*position, name.as_str())).collect())
}

fn extreme(label: Option<(i64, &str)>, invocation: &Invocation<'_>) -> Result<Value> {
    match label {
        Some((_, name)) => Ok(Value::text(name)),
        None => {
            let ty = invocation.types.first().map(ToString::to_string).unwrap_or_default();
            let message = format!("enum {ty} contains no values");
            Err(Error::new(ErrorKind::NotInPrerequisiteState, message))
        }
    }
}

//! What aggregates over an ordered set find in their values, which come as one sorted array without NULLs: `percentile_disc` and
//! `mode`.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, AnyArray};
use crate::expr::{Function, Invocation};
use crate::types::{ColumnType, Value};

/// Aggregates over an ordered set that statements call by these names; what they stand for are functions of arrays.
pub const ORDERED_SETS: [&str; 2] = ["mode", "percentile_disc"];
pub const PERCENTILE_DISC: &str = "$percentile_disc";
pub const MODE: &str = "$mode";

pub fn definitions() -> Vec<Function> {
    // `result_of` says what they return.
    let open = ColumnType::Unknown;
    vec![
        Function::new(PERCENTILE_DISC, &[AnyArray, Any], open.clone(), percentile_disc),
        Function::new(MODE, &[AnyArray], open, |_, arguments| Ok(mode(arguments))),
    ]
}

/// The type of what one of these functions returns for arguments of such types; `None` for another function.
pub fn result_of_ordered(name: &str, types: &[ColumnType]) -> Option<ColumnType> {
    let element = types.first()?.element()?;
    match name {
        PERCENTILE_DISC if matches!(types.get(1), Some(ColumnType::Array(_))) => {
            Some(ColumnType::Array(Box::new(element)))
        }
        PERCENTILE_DISC | MODE => Some(element),
        _ => None,
    }
}

fn sorted(arguments: &[Value]) -> &[Value] {
    match arguments.first() {
        Some(Value::Array(_, values)) => values,
        _ => &[],
    }
}

/// The first value at or behind a fraction of the values.
fn at_fraction(values: &[Value], fraction: &Value) -> Result<Value> {
    if fraction.is_null() {
        return Ok(Value::Null);
    }
    let Value::Float8(fraction) = fraction.clone().cast(&ColumnType::Float8, false)? else { return Ok(Value::Null) };
    if !(0.0..=1.0).contains(&fraction) {
        let message = format!("percentile value {} is not between 0 and 1", Value::Float8(fraction).to_text());
        return Err(Error::new(ErrorKind::NumericOutOfRange, message));
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place within the array"
    )]
    let place = (fraction * values.len() as f64).ceil() as usize;
    Ok(values.get(place.max(1) - 1).cloned().unwrap_or_default())
}

fn percentile_disc(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let values = sorted(arguments);
    match (arguments.first(), arguments.get(1)) {
        (Some(Value::Array(element, _)), Some(Value::Array(_, fractions))) => {
            let found = fractions.iter().map(|fraction| at_fraction(values, fraction)).collect::<Result<Vec<_>>>()?;
            Ok(Value::Array(element.clone(), found))
        }
        (_, Some(fraction)) => at_fraction(values, fraction),
        _ => Ok(Value::Null),
    }
}

/// The first of the values that there are most of.
fn mode(arguments: &[Value]) -> Value {
    let runs = sorted(arguments).chunk_by(|left, right| left.compare(right).is_some_and(std::cmp::Ordering::is_eq));
    let most = runs.reduce(|most, run| if run.len() > most.len() { run } else { most });
    most.and_then(<[Value]>::first).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_sorted_array_are_found() {
        let values = Value::Array(Box::new(ColumnType::Int4), [1, 2, 2, 3].map(Value::Int4).to_vec());
        let called = |name: &str, more: &[Value]| {
            let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
            let arguments = [std::slice::from_ref(&values), more].concat();
            (definition.body)(&Invocation { name: definition.name, statement: None, types: &[] }, &arguments)
                .map_or_else(|error| error.sqlstate().to_string(), |value| value.to_text())
        };
        for (fraction, expected) in [(0.0, "1"), (0.25, "1"), (0.26, "2"), (1.0, "3"), (1.5, "22003")] {
            assert_eq!(called(PERCENTILE_DISC, &[Value::Float8(fraction)]), expected, "{fraction}");
        }
        let two = Value::Array(Box::new(ColumnType::Float8), vec![Value::Float8(0.1), Value::Null]);
        assert_eq!(called(PERCENTILE_DISC, &[two]), "{1,NULL}");
        assert_eq!(called(MODE, &[]), "2");
    }
}

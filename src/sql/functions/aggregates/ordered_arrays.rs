//! What aggregates over an ordered set find in their values, which come as one sorted array without NULLs: `percentile_cont`,
//! `percentile_disc` and `mode`.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, AnyArray};
use crate::expr::{Function, Invocation};
use crate::types::{ColumnType, Value};

/// Aggregates over an ordered set that statements call by these names; what they stand for are functions of arrays.
pub const ORDERED_SETS: [&str; 3] = ["mode", "percentile_cont", "percentile_disc"];
pub const PERCENTILE_CONT: &str = "$percentile_cont";
pub const PERCENTILE_DISC: &str = "$percentile_disc";
pub const MODE: &str = "$mode";

pub fn definitions() -> Vec<Function> {
    // `result_of` says what they return.
    let open = ColumnType::Unknown;
    vec![
        Function::new(PERCENTILE_CONT, &[AnyArray, Any], open.clone(), percentile_cont),
        Function::new(PERCENTILE_DISC, &[AnyArray, Any], open.clone(), percentile_disc),
        Function::new(MODE, &[AnyArray], open, |_, arguments| Ok(mode(arguments))),
    ]
}

/// The type of what one of these functions returns for arguments of such types; `None` for another function.
pub fn result_of_ordered(name: &str, types: &[ColumnType]) -> Option<ColumnType> {
    let element = types.first()?.element()?;
    let for_each = |ty: ColumnType| types.get(1).map_or(ty.clone(), |fractions| of_dimensions(&ty, fractions));
    match name {
        PERCENTILE_CONT => Some(for_each(interpolated(&element))),
        PERCENTILE_DISC => Some(for_each(element)),
        MODE => Some(element),
        _ => None,
    }
}

/// A value for each of what another type has: one, or an array of as many dimensions.
fn of_dimensions(ty: &ColumnType, other: &ColumnType) -> ColumnType {
    (0..other.dimensions()).fold(ty.clone(), |ty, _| ColumnType::Array(Box::new(ty)))
}

/// The type of what lies between two values of a type.
fn interpolated(element: &ColumnType) -> ColumnType {
    if *element == ColumnType::Interval { ColumnType::Interval } else { ColumnType::Float8 }
}

fn sorted(arguments: &[Value]) -> &[Value] {
    match arguments.first() {
        Some(Value::Array(_, values)) => values,
        _ => &[],
    }
}

/// A fraction of all; `None` for NULL.
///
/// # Errors
/// 22003 for one that is not between 0 and 1.
fn fraction_of(fraction: &Value) -> Result<Option<f64>> {
    if fraction.is_null() {
        return Ok(None);
    }
    let Value::Float8(fraction) = fraction.clone().cast(&ColumnType::Float8, false)? else { return Ok(None) };
    if !(0.0..=1.0).contains(&fraction) {
        let message = format!("percentile value {} is not between 0 and 1", Value::Float8(fraction).to_text());
        return Err(Error::new(ErrorKind::NumericOutOfRange, message));
    }
    Ok(Some(fraction))
}

/// What a function finds for a fraction, or for each of an array of them.
fn for_each_fraction(
    fractions: &Value,
    element: &ColumnType,
    find: &impl Fn(&Value) -> Result<Value>,
) -> Result<Value> {
    let Value::Array(of, list) = fractions else { return find(fractions) };
    let found = list.iter().map(|each| for_each_fraction(each, element, find)).collect::<Result<Vec<_>>>()?;
    Ok(Value::Array(Box::new(of_dimensions(element, of)), found))
}

/// The value at a fraction of the way from the first to the last, which lies between two of them.
fn between(values: &[Value], fraction: &Value) -> Result<Value> {
    let (Some(fraction), Some(last)) = (fraction_of(fraction)?, values.len().checked_sub(1)) else {
        return Ok(Value::Null);
    };
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 values")]
    let place = fraction * last as f64;
    let share = place - place.floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within the array")]
    let at = |place: f64| values.get(place as usize).cloned().unwrap_or_default();
    let (low, high) = (at(place.floor()), at(place.ceil()));
    if let (Value::Interval(low), Value::Interval(high)) = (&low, &high) {
        return Ok(Value::Interval(if share == 0.0 { *low } else { high.minus(*low)?.times(share)?.plus(*low)? }));
    }
    match (low.cast(&ColumnType::Float8, false)?, high.cast(&ColumnType::Float8, false)?) {
        (Value::Float8(low), Value::Float8(_)) if share == 0.0 => Ok(Value::Float8(low)),
        (Value::Float8(low), Value::Float8(high)) => Ok(Value::Float8(low + share * (high - low))),
        _ => Ok(Value::Null),
    }
}

fn percentile_cont(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let [Value::Array(element, values), fractions] = arguments else { return Ok(Value::Null) };
    let is_number = matches!(
        **element,
        ColumnType::Int2
            | ColumnType::Int4
            | ColumnType::Int8
            | ColumnType::Float4
            | ColumnType::Float8
            | ColumnType::Numeric(_)
            | ColumnType::Interval
    );
    if !is_number {
        let message = format!("function percentile_cont(double precision, {element}) does not exist");
        return Err(Error::new(ErrorKind::UndefinedFunction, message)
            .with_hint("Order by numbers or intervals, or use percentile_disc."));
    }
    for_each_fraction(fractions, &interpolated(element), &|fraction| between(values, fraction))
}

/// The first value at or behind a fraction of the values.
fn at_fraction(values: &[Value], fraction: &Value) -> Result<Value> {
    let Some(fraction) = fraction_of(fraction)? else { return Ok(Value::Null) };
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
    let [Value::Array(element, values), fractions] = arguments else { return Ok(Value::Null) };
    for_each_fraction(fractions, element, &|fraction| at_fraction(values, fraction))
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
        for (fraction, expected) in [(0.0, "1"), (0.1, "1.3"), (0.5, "2"), (1.0, "3"), (-0.1, "22003")] {
            assert_eq!(called(PERCENTILE_CONT, &[Value::Float8(fraction)]), expected, "{fraction}");
        }
    }
}

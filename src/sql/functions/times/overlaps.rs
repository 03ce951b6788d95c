//! `OVERLAPS` of two spans of time, whose ends may be lengths.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::Any;
use crate::expr::{Function, Invocation};
use crate::types::{ColumnType, MICROS_PER_DAY, Value, add_interval, add_interval_in, join_timestamp};

/// What the operator calls: start and end of one span, start and end of the other.
pub const OVERLAPS: &str = "overlaps";

pub fn definitions() -> Vec<Function> {
    vec![Function::new(OVERLAPS, &[Any, Any, Any, Any], ColumnType::Bool, overlaps).with_nulls().styled()]
}

fn mistyped() -> Error {
    Error::new(ErrorKind::UndefinedFunction, "OVERLAPS does not exist for arguments of these types")
}

fn overlaps(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let [from, to, other_from, other_to] = arguments else { return Err(mistyped()) };
    // Beside a moment a local time is one of the zone of the session.
    let are_moments = arguments.iter().any(|value| matches!(value, Value::TimestampTz(_)));
    let one = span(invocation, from, to, are_moments)?;
    let other = span(invocation, other_from, other_to, are_moments)?;
    let (Some((start, end)), Some((other_start, other_end))) = (one, other) else { return Ok(Value::Null) };
    let truth = match start.cmp(&other_start) {
        Ordering::Greater => reaches(other_end, start, end),
        Ordering::Less => reaches(end, other_start, other_end),
        Ordering::Equal => (end.is_some() && other_end.is_some()).then_some(true),
    };
    Ok(truth.map_or(Value::Null, Value::Bool))
}

/// Whether the span that began first ends behind the start of the later one; unknown where an end that decides is.
fn reaches(end: Option<i64>, later_start: i64, later_end: Option<i64>) -> Option<bool> {
    match end {
        None => None,
        Some(end) if later_start < end => Some(true),
        Some(_) => later_end.map(|_| false),
    }
}

/// A span as its earlier and its later end; a start that is not known is its end. None where neither is known.
fn span(
    invocation: &Invocation<'_>,
    from: &Value,
    to: &Value,
    are_moments: bool,
) -> Result<Option<(i64, Option<i64>)>> {
    let zone = &invocation.style().zone;
    let local = |micros: i64| if are_moments { zone.moment_of(micros) } else { Ok(micros) };
    let point = |value: &Value| match value {
        Value::Null => Ok(None),
        Value::Time(micros) | Value::TimestampTz(micros) => Ok(Some(*micros)),
        Value::Timestamp(micros) => local(*micros).map(Some),
        Value::Date(days) => join_timestamp(*days, 0).and_then(local).map(Some),
        _ => Err(mistyped()),
    };
    let start = point(from)?;
    let end = match (start, to) {
        (None, Value::Interval(_)) => None,
        (Some(start), Value::Interval(length)) => Some(match from {
            Value::Time(_) => start.saturating_add(length.micros).rem_euclid(MICROS_PER_DAY),
            _ if are_moments => add_interval_in(zone, start, *length)?,
            _ => add_interval(start, *length)?,
        }),
        (_, to) => point(to)?,
    };
    Ok(match (start, end) {
        (None, None) => None,
        (Some(start), Some(end)) => Some((start.min(end), Some(start.max(end)))),
        (Some(only), None) | (None, Some(only)) => Some((only, None)),
    })
}

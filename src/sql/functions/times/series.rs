//! `generate_series` of times: the list that its rows are made of.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{self, Text, Timestamp};
use crate::expr::{CALL_BYTES_MAX, Function, Invocation, text_of, too_large};
use crate::types::{
    ColumnType, Interval, TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, Value, Zone, add_interval, add_interval_in,
};

/// `generate_series` of timestamps, of moments.
pub const TIMESTAMP_SERIES: &str = "$timestamp_series";
pub const TIMESTAMPTZ_SERIES: &str = "$timestamptz_series";

/// Times of a series whose memory is taken at once.
const TAKEN_TIMES: usize = 64 * 1024;

pub fn definitions() -> Vec<Function> {
    let list = |ty| ColumnType::Array(Box::new(ty));
    vec![
        Function::new(
            TIMESTAMP_SERIES,
            &[Timestamp, Timestamp, Parameter::Interval],
            list(ColumnType::Timestamp),
            |invocation, arguments| {
                let (ends, step) = (ends(invocation, arguments, false)?, step(arguments)?);
                let times = series(invocation, ends, step, |time| add_interval(time, step))?;
                let times = times.into_iter().map(Value::Timestamp).collect();
                Ok(Value::Array(Box::new(ColumnType::Timestamp), times))
            },
        ),
        Function::new(
            TIMESTAMPTZ_SERIES,
            &[Timestamp, Timestamp, Parameter::Interval, Text],
            list(ColumnType::TimestampTz),
            |invocation, arguments| {
                let (ends, step) = (ends(invocation, arguments, true)?, step(arguments)?);
                let session = &invocation.style().zone;
                let named = arguments.get(3).map(|_| Zone::named(text_of(arguments, 3), session)).transpose()?;
                let zone = named.as_ref().unwrap_or(session);
                let times = series(invocation, ends, step, |time| add_interval_in(zone, time, step))?;
                let times = times.into_iter().map(Value::TimestampTz).collect();
                Ok(Value::Array(Box::new(ColumnType::TimestampTz), times))
            },
        )
        .optional(1)
        .styled(),
    ]
}

/// The first time and the last one; as moments, local times are those of the zone of the session.
fn ends(invocation: &Invocation<'_>, arguments: &[Value], are_moments: bool) -> Result<(i64, i64)> {
    let end = |position: usize| match arguments.get(position) {
        Some(Value::Timestamp(local)) if are_moments => invocation.style().zone.moment_of(*local),
        Some(Value::Timestamp(micros) | Value::TimestampTz(micros)) => Ok(*micros),
        _ => Err(Error::internal("a series of times has another end")),
    };
    Ok((end(0)?, end(1)?))
}

fn step(arguments: &[Value]) -> Result<Interval> {
    let wrong = |message: &str| Error::new(ErrorKind::InvalidParameterValue, message);
    match arguments.get(2) {
        Some(Value::Interval(step)) if step.span() == 0 => Err(wrong("step size cannot equal zero")),
        Some(Value::Interval(step)) if step.is_infinite() => Err(wrong("step size cannot be infinite")),
        Some(Value::Interval(step)) => Ok(*step),
        _ => Err(Error::internal("a series of times has no step")),
    }
}

/// The times from the first to the last one.
fn series(
    invocation: &Invocation<'_>,
    (first, last): (i64, i64),
    step: Interval,
    next: impl Fn(i64) -> Result<i64>,
) -> Result<Vec<i64>> {
    let is_forward = step.span() > 0;
    let (mut times, mut time) = (Vec::new(), first);
    let mut memory = Vec::new();
    while if is_forward { time <= last } else { time >= last } {
        if times.len() % TAKEN_TIMES == 0 {
            let bytes = times.len().saturating_add(TAKEN_TIMES).saturating_mul(size_of::<Value>());
            if bytes > CALL_BYTES_MAX {
                return Err(too_large(invocation.name, CALL_BYTES_MAX));
            }
            memory.push(invocation.making(TAKEN_TIMES * size_of::<Value>())?);
        }
        times.push(time);
        if matches!(time, TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY) {
            // An infinity goes nowhere.
            break;
        }
        time = next(time)?;
    }
    Ok(times)
}

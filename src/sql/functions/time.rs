//! Clocks and calendars that DataFusion lacks or means differently.

use std::time::{Duration, Instant};

use chrono::{DateTime, Datelike, Utc};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{ColumnType, Interval, Value, local_time, moment_of};
use crate::sql::functions::definition::Parameter::{self, Any, Float, Int, Text, Timestamp};
use crate::sql::functions::definition::{Definition, Invocation, int_of, text_of};
use crate::sql::functions::time_format;

/// `timezone` of a time without a zone, which goes the other way.
pub const MOMENT_OF_LOCAL: &str = "timezone_of_local";

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

pub fn definitions() -> Vec<Definition> {
    vec![
        Definition::new("now", &[], ColumnType::TimestampTz, |invocation, _| {
            Ok(Value::TimestampTz(began_micros(invocation)))
        })
        .stable()
        .alias(&["current_timestamp", "transaction_timestamp", "statement_timestamp"]),
        Definition::new("clock_timestamp", &[], ColumnType::TimestampTz, |_, _| Ok(Value::TimestampTz(now_micros())))
            .volatile(),
        Definition::new("localtimestamp", &[], ColumnType::Timestamp, |invocation, _| {
            Ok(Value::Timestamp(began_micros(invocation)))
        })
        .stable(),
        Definition::new("timezone", &[Text, Timestamp], ColumnType::Timestamp, |_, arguments| {
            let moment = micros_of(arguments.get(1)).ok_or_else(out_of_range)?;
            Ok(Value::Timestamp(local_time(text_of(arguments, 0), moment)?))
        }),
        Definition::new(MOMENT_OF_LOCAL, &[Text, Timestamp], ColumnType::TimestampTz, |_, arguments| {
            let local = micros_of(arguments.get(1)).ok_or_else(out_of_range)?;
            Ok(Value::TimestampTz(moment_of(text_of(arguments, 0), local)?))
        }),
        Definition::new("timeofday", &[], ColumnType::Text, |_, _| {
            Ok(Value::text(Utc::now().format("%a %b %d %H:%M:%S%.6f %Y UTC").to_string()))
        })
        .volatile(),
        Definition::new("age", &[Timestamp, Timestamp], ColumnType::Interval, age).optional(1).stable(),
        Definition::new("make_interval", &[Int, Int, Int, Int, Int, Int, Float], ColumnType::Interval, make_interval)
            .optional(7),
        Definition::new("justify_days", &[Parameter::Interval], ColumnType::Interval, |_, arguments| {
            Ok(interval_of(arguments).map_or(Value::Null, |mut interval| {
                interval.months += interval.days / 30;
                interval.days %= 30;
                Value::Interval(interval)
            }))
        }),
        Definition::new("justify_hours", &[Parameter::Interval], ColumnType::Interval, |_, arguments| {
            Ok(interval_of(arguments).map_or(Value::Null, |mut interval| {
                interval.days = interval.days.saturating_add(days_of(interval.micros));
                interval.micros %= MICROS_PER_DAY;
                Value::Interval(interval)
            }))
        }),
        Definition::new("isfinite", &[Any], ColumnType::Bool, |_, _| Ok(Value::Bool(true))),
        Definition::new("to_char", &[Any, Text], ColumnType::Text, to_char),
        Definition::new("pg_sleep", &[Float], ColumnType::Void, sleep).volatile(),
    ]
}

fn now_micros() -> i64 {
    Utc::now().timestamp_micros()
}

/// When the statement began.
fn began_micros(invocation: &Invocation<'_>) -> i64 {
    invocation.context.map_or_else(now_micros, |context| context.now_micros)
}

fn interval_of(arguments: &[Value]) -> Option<Interval> {
    match arguments.first() {
        Some(Value::Interval(interval)) => Some(*interval),
        _ => None,
    }
}

fn days_of(micros: i64) -> i32 {
    i32::try_from(micros / MICROS_PER_DAY).unwrap_or(i32::MAX)
}

fn micros_of(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Timestamp(micros) | Value::TimestampTz(micros) => Some(*micros),
        Value::Date(days) => i64::from(*days).checked_mul(MICROS_PER_DAY),
        _ => None,
    }
}

fn out_of_range() -> Error {
    Error::new(ErrorKind::DatetimeOutOfRange, "timestamp out of range")
}

/// `age(later, earlier)` in years, months, days and time; with one argument, from midnight today.
fn age(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let midnight = now_micros() / MICROS_PER_DAY * MICROS_PER_DAY;
    let (later, earlier) = match (micros_of(arguments.first()), micros_of(arguments.get(1))) {
        (Some(later), Some(earlier)) => (later, earlier),
        (Some(earlier), None) => (midnight, earlier),
        _ => return Ok(Value::Null),
    };
    let negative = later < earlier;
    let (from, to) = if negative { (later, earlier) } else { (earlier, later) };
    let start = DateTime::<Utc>::from_timestamp_micros(from).ok_or_else(out_of_range)?;
    let end = DateTime::<Utc>::from_timestamp_micros(to).ok_or_else(out_of_range)?;
    let months_of = |date: DateTime<Utc>| date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0);
    let mut months = months_of(end) - months_of(start);
    let mut days = i32::try_from(end.day()).unwrap_or(0) - i32::try_from(start.day()).unwrap_or(0);
    let mut micros = to.rem_euclid(MICROS_PER_DAY) - from.rem_euclid(MICROS_PER_DAY);
    if micros < 0 {
        micros += MICROS_PER_DAY;
        days -= 1;
    }
    if days < 0 {
        days += days_in_month(start);
        months -= 1;
    }
    let sign = if negative { -1 } else { 1 };
    Ok(Value::Interval(Interval { months: sign * months, days: sign * days, micros: i64::from(sign) * micros }))
}

fn days_in_month(date: DateTime<Utc>) -> i32 {
    i32::from(date.num_days_in_month())
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and is checked by the sum")]
fn make_interval(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let part = |position| int_of(arguments, position).unwrap_or(0);
    let seconds = match arguments.get(6) {
        Some(Value::Float8(seconds)) => *seconds,
        _ => 0.0,
    };
    let overflow = || Error::new(ErrorKind::DatetimeOutOfRange, "interval out of range");
    let months = part(0).checked_mul(12).and_then(|years| years.checked_add(part(1)));
    let days = part(2).checked_mul(7).and_then(|weeks| weeks.checked_add(part(3)));
    let minutes = part(4).checked_mul(60).and_then(|hours| hours.checked_add(part(5)));
    let micros = minutes
        .and_then(|minutes| minutes.checked_mul(60 * MICROS_PER_SECOND))
        .and_then(|micros| micros.checked_add((seconds * 1e6).round() as i64));
    Ok(Value::Interval(Interval {
        months: months.and_then(|months| i32::try_from(months).ok()).ok_or_else(overflow)?,
        days: days.and_then(|days| i32::try_from(days).ok()).ok_or_else(overflow)?,
        micros: micros.ok_or_else(overflow)?,
    }))
}

fn to_char(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let format = text_of(arguments, 1);
    match arguments.first() {
        Some(value @ (Value::Timestamp(_) | Value::TimestampTz(_) | Value::Date(_))) => {
            let micros = micros_of(Some(value)).ok_or_else(out_of_range)?;
            let time = DateTime::<Utc>::from_timestamp_micros(micros).ok_or_else(out_of_range)?;
            time_format::timestamp(time, format).map(Value::text)
        }
        Some(Value::Time(micros)) => {
            let time = DateTime::<Utc>::from_timestamp_micros(*micros).ok_or_else(out_of_range)?;
            time_format::timestamp(time, format).map(Value::text)
        }
        Some(number) => match number.clone().cast(&ColumnType::Numeric(None), false)? {
            Value::Numeric(number) => time_format::number(number, format).map(Value::text),
            _ => Ok(Value::Null),
        },
        None => Ok(Value::Null),
    }
}

/// Sleeps in short naps on a thread of its session, so that a cancel or a timeout ends it.
fn sleep(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    const NAP: Duration = Duration::from_millis(20);
    let seconds = match arguments.first() {
        Some(Value::Float8(seconds)) if *seconds > 0.0 => seconds.min(86_400.0),
        _ => return Ok(Value::text("")),
    };
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    loop {
        invocation.context()?.cancel.check()?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Value::text(""));
        }
        std::thread::sleep(left.min(NAP));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_borrows_from_the_earlier_month() {
        let at = |text: &str| Value::parse_text(&ColumnType::Timestamp, text).unwrap();
        let invocation = Invocation { name: "age", context: None, types: &[] };
        let age = age(&invocation, &[at("2001-04-10 00:00:00"), at("1957-06-13 00:00:00")]).unwrap();
        assert_eq!(age, Value::Interval(Interval { months: 43 * 12 + 9, days: 27, micros: 0 }));
    }
}

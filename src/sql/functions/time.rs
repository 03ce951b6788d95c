//! Clocks and calendars that DataFusion lacks or means differently.
#![warn(clippy::arithmetic_side_effects)]

use std::time::{Duration, Instant};

use chrono::Utc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Float, Text, Timestamp};
use crate::expr::{Function, Invocation, StatementContext, text_of};
use crate::sql::arrow::context::context_of;
use crate::types::formats::{BrokenTime, FormattedNumber, interval_text, number_of_text, number_text, time_text};
use crate::types::{
    ColumnType, DATE_INFINITY, DATE_MINUS_INFINITY, Interval, MICROS_PER_DAY, Numeric, TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY, Value, civil_from_days, days_in_month, local_time, moment_of, split_timestamp,
};

/// `timezone` of a time without a zone, which goes the other way.
pub const MOMENT_OF_LOCAL: &str = "timezone_of_local";

/// Decimal digits that a float surely has: `FLT_DIG` and `DBL_DIG` of C.
const FLOAT4_DIGITS: usize = 6;
const FLOAT8_DIGITS: usize = 15;

pub fn definitions() -> Vec<Function> {
    vec![
        Function::new("now", &[], ColumnType::TimestampTz, |invocation, _| {
            Ok(Value::TimestampTz(began_micros(invocation)))
        })
        .stable()
        .alias(&["current_timestamp", "transaction_timestamp"]),
        Function::new("statement_timestamp", &[], ColumnType::TimestampTz, |invocation, _| {
            let began = invocation.statement.map_or_else(now_micros, StatementContext::statement_began);
            Ok(Value::TimestampTz(began))
        })
        .stable(),
        Function::new("clock_timestamp", &[], ColumnType::TimestampTz, |_, _| Ok(Value::TimestampTz(now_micros())))
            .volatile(),
        Function::new("localtimestamp", &[], ColumnType::Timestamp, |invocation, _| {
            Ok(Value::Timestamp(began_micros(invocation)))
        })
        .stable(),
        Function::new("timezone", &[Text, Timestamp], ColumnType::Timestamp, |_, arguments| {
            let moment = micros_of(arguments.get(1)).ok_or_else(out_of_range)?;
            Ok(Value::Timestamp(local_time(text_of(arguments, 0), moment)?))
        }),
        Function::new(MOMENT_OF_LOCAL, &[Text, Timestamp], ColumnType::TimestampTz, |_, arguments| {
            let local = micros_of(arguments.get(1)).ok_or_else(out_of_range)?;
            Ok(Value::TimestampTz(moment_of(text_of(arguments, 0), local)?))
        }),
        Function::new("timeofday", &[], ColumnType::Text, |_, _| {
            Ok(Value::text(Utc::now().format("%a %b %d %H:%M:%S%.6f %Y UTC").to_string()))
        })
        .volatile(),
        Function::new("age", &[Timestamp, Timestamp], ColumnType::Interval, age).optional(1).stable(),
        Function::new("isfinite", &[Any], ColumnType::Bool, |_, arguments| {
            Ok(Value::Bool(arguments.first().is_none_or(|value| !is_infinite(value))))
        }),
        Function::new("to_char", &[Any, Text], ColumnType::Text, to_char),
        Function::new("to_number", &[Text, Text], ColumnType::Numeric(None), to_number),
        Function::new("pg_sleep", &[Float], ColumnType::Void, sleep).volatile(),
    ]
}

fn now_micros() -> i64 {
    Utc::now().timestamp_micros()
}

/// When the transaction began.
fn began_micros(invocation: &Invocation<'_>) -> i64 {
    invocation.statement.map_or_else(now_micros, StatementContext::began)
}

/// Whether a date or a timestamp is one of the infinities. Intervals have none here.
fn is_infinite(value: &Value) -> bool {
    match value {
        Value::Date(days) => matches!(*days, DATE_INFINITY | DATE_MINUS_INFINITY),
        Value::Timestamp(micros) | Value::TimestampTz(micros) => {
            matches!(*micros, TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY)
        }
        _ => false,
    }
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
    let midnight = now_micros().checked_div(MICROS_PER_DAY).and_then(|days| days.checked_mul(MICROS_PER_DAY));
    let (later, earlier) = match (micros_of(arguments.first()), micros_of(arguments.get(1))) {
        (Some(later), Some(earlier)) => (later, earlier),
        (Some(earlier), None) => (midnight.ok_or_else(out_of_range)?, earlier),
        _ => return Ok(Value::Null),
    };
    if arguments.iter().any(is_infinite) {
        return Err(Error::new(ErrorKind::DatetimeOutOfRange, "interval out of range"));
    }
    let is_negative = later < earlier;
    let (from, to) = if is_negative { (later, earlier) } else { (earlier, later) };
    let ((start, start_time), (end, end_time)) = (split_timestamp(from), split_timestamp(to));
    let (start_year, start_month, start_day) = civil_from_days(start);
    let (end_year, end_month, end_day) = civil_from_days(end);
    // Years of dates have seven digits: nothing below comes near the bounds of an i64.
    let borrowed_day = i64::from(end_time < start_time);
    let micros = end_time.saturating_sub(start_time).saturating_add(borrowed_day.saturating_mul(MICROS_PER_DAY));
    let days = end_day.saturating_sub(start_day).saturating_sub(borrowed_day);
    let borrowed_month = i64::from(days < 0);
    let month_days = days_in_month(start_year, start_month).saturating_mul(borrowed_month);
    let years = end_year.saturating_sub(start_year).saturating_mul(12);
    let months = years.saturating_add(end_month).saturating_sub(start_month).saturating_sub(borrowed_month);
    let part = |count: i64| i32::try_from(count).map_err(|_| out_of_range());
    let age = Interval { months: part(months)?, days: part(days.saturating_add(month_days))?, micros };
    Ok(Value::Interval(if is_negative { Interval::default().minus(age)? } else { age }))
}

fn to_char(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let format = text_of(arguments, 1);
    let shown = |text: Option<String>| text.map_or(Value::Null, Value::text);
    let number = match arguments.first() {
        Some(value) if is_infinite(value) => return Ok(Value::Null),
        Some(value @ (Value::Timestamp(_) | Value::TimestampTz(_) | Value::Date(_))) => {
            let micros = micros_of(Some(value)).ok_or_else(out_of_range)?;
            // The zone of a session is UTC; a date is taken for its midnight there.
            let zone = (!matches!(value, Value::Timestamp(_))).then_some("UTC");
            return time_text(&BrokenTime::of(micros, zone), format).map(shown);
        }
        Some(Value::Time(micros)) => {
            let interval = Interval { months: 0, days: 0, micros: *micros };
            return interval_text(interval, format).map(shown);
        }
        Some(Value::Interval(interval)) => return interval_text(*interval, format).map(shown),
        Some(Value::Float4(number)) => FormattedNumber::Float(f64::from(*number), FLOAT4_DIGITS),
        Some(Value::Float8(number)) => FormattedNumber::Float(*number, FLOAT8_DIGITS),
        Some(Value::Numeric(number)) => FormattedNumber::Numeric(number.clone()),
        Some(value) => match value.as_i64() {
            Some(number) => FormattedNumber::Int(number),
            None => match value.clone().cast(&ColumnType::Numeric(None), false)? {
                Value::Numeric(number) => FormattedNumber::Numeric(number),
                _ => return Ok(Value::Null),
            },
        },
        None => return Ok(Value::Null),
    };
    number_text(number, format).map(Value::text)
}

/// `to_number(text, template)`.
fn to_number(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let Some(read) = number_of_text(text_of(arguments, 0), text_of(arguments, 1))? else { return Ok(Value::Null) };
    let overflow = || Error::new(ErrorKind::NumericOutOfRange, "numeric field overflow");
    let number = Value::parse_text(&ColumnType::Numeric(None), &read.text)?;
    let Value::Numeric(mut number) = number else { return Ok(Value::Null) };
    let digits = number.abs().whole()?.to_string();
    let whole = if digits == "0" { 0 } else { digits.len() };
    if i64::try_from(whole).map_or(true, |whole| whole > read.whole) {
        return Err(overflow());
    }
    number = number.rounded(i32::try_from(read.scale).map_err(|_| overflow())?)?;
    if let Some(shift) = read.shift {
        // As PostgreSQL does it, with the digits that the power of ten has.
        let exponent = Numeric::from(i64::try_from(shift).map_err(|_| overflow())?).negated();
        number = number.times(&Numeric::from(10).power(&exponent)?)?;
    }
    Ok(Value::Numeric(number))
}

/// Sleeps in short naps on a thread of its session, so that a cancel or a timeout ends it.
fn sleep(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    const NAP: Duration = Duration::from_millis(20);
    let seconds = match arguments.first() {
        Some(Value::Float8(seconds)) if *seconds > 0.0 => seconds.min(86_400.0),
        _ => return Ok(Value::text("")),
    };
    let until = Instant::now().checked_add(Duration::from_secs_f64(seconds)).ok_or_else(out_of_range)?;
    loop {
        context_of(invocation)?.cancel.check()?;
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
        let invocation = Invocation { name: "age", statement: None, types: &[] };
        let age = age(&invocation, &[at("2001-04-10 00:00:00"), at("1957-06-13 00:00:00")]).unwrap();
        assert_eq!(age, Value::Interval(Interval { months: 43 * 12 + 9, days: 27, micros: 0 }));
    }
}

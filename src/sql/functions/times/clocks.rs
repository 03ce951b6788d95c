//! Clocks and calendars that DataFusion lacks or means differently.
#![warn(clippy::arithmetic_side_effects)]

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Float, Text, Timestamp};
use crate::expr::{Function, Invocation, StatementContext, text_of};
use crate::sql::arrow::context::context_of;
use crate::types::formats::{
    BrokenTime, FormattedNumber, ShownZone, interval_text, number_of_text, number_text, time_text,
};
use crate::types::{
    ColumnType, DATE_INFINITY, DATE_MINUS_INFINITY, Interval, MICROS_PER_DAY, Numeric, TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY, Value, Zone, between_timestamps, civil_from_days, days_in_month, join_timestamp,
    split_timestamp,
};

/// `timezone` of a time without a zone, which goes the other way.
pub const MOMENT_OF_LOCAL: &str = "$timezone_of_local";

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
            local_began(invocation).map(Value::Timestamp)
        })
        .stable(),
        Function::new("current_date", &[], ColumnType::Date, |invocation, _| {
            Ok(Value::Date(split_timestamp(local_began(invocation)?).0))
        })
        .stable(),
        Function::new("current_time", &[], ColumnType::Time, |invocation, _| {
            Ok(Value::Time(split_timestamp(local_began(invocation)?).1))
        })
        .stable()
        .alias(&["localtime"]),
        Function::new("timezone", &[Any, Timestamp], ColumnType::Timestamp, |invocation, arguments| {
            let moment = micros_of(arguments.get(1)).ok_or_else(out_of_range)?;
            zone_of(invocation, arguments.first())?.local_time(moment).map(Value::Timestamp)
        })
        .styled(),
        Function::new(MOMENT_OF_LOCAL, &[Any, Timestamp], ColumnType::TimestampTz, |invocation, arguments| {
            let local = micros_of(arguments.get(1)).ok_or_else(out_of_range)?;
            zone_of(invocation, arguments.first())?.moment_of(local).map(Value::TimestampTz)
        })
        .styled(),
        Function::new("timeofday", &[], ColumnType::Text, |invocation, _| {
            let moment = now_micros();
            let local = invocation.style().zone.local_time(moment)?;
            let shown = DateTime::from_timestamp_micros(local).ok_or_else(out_of_range)?;
            let zone = invocation.style().zone.abbreviation_at(moment);
            Ok(Value::text(format!("{} {zone}", shown.format("%a %b %d %H:%M:%S%.6f %Y"))))
        })
        .volatile(),
        Function::new("age", &[Timestamp, Timestamp], ColumnType::Interval, age).optional(1).stable(),
        Function::new("isfinite", &[Any], ColumnType::Bool, |_, arguments| {
            Ok(Value::Bool(arguments.first().is_none_or(|value| !is_infinite(value))))
        }),
        Function::new("to_char", &[Any, Text], ColumnType::Text, to_char).styled(),
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

/// Whether a date, a timestamp or an interval is one of the infinities.
fn is_infinite(value: &Value) -> bool {
    match value {
        Value::Date(days) => matches!(*days, DATE_INFINITY | DATE_MINUS_INFINITY),
        Value::Timestamp(micros) | Value::TimestampTz(micros) => {
            matches!(*micros, TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY)
        }
        Value::Interval(interval) => interval.is_infinite(),
        _ => false,
    }
}

/// What the clocks of the session showed when the transaction began.
fn local_began(invocation: &Invocation<'_>) -> Result<i64> {
    invocation.style().zone.local_time(began_micros(invocation))
}

/// The zone of AT TIME ZONE: a name, or how far east of UTC it is.
fn zone_of(invocation: &Invocation<'_>, value: Option<&Value>) -> Result<Zone> {
    match value {
        Some(Value::Interval(interval)) if interval.is_infinite() => {
            let shown = invocation.style().text_of(&Value::Interval(*interval));
            Err(Error::new(ErrorKind::InvalidParameterValue, format!("interval time zone \"{shown}\" must be finite")))
        }
        Some(Value::Interval(interval)) if interval.months != 0 || interval.days != 0 => {
            let shown = invocation.style().text_of(&Value::Interval(*interval));
            let message = format!("interval time zone \"{shown}\" must not include months or days");
            Err(Error::new(ErrorKind::InvalidParameterValue, message))
        }
        Some(Value::Interval(interval)) => Ok(Zone::Offset(interval.micros)),
        value => Zone::named(value.and_then(Value::as_str).unwrap_or_default(), &invocation.style().zone),
    }
}

fn micros_of(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Timestamp(micros) | Value::TimestampTz(micros) => Some(*micros),
        Value::Date(DATE_INFINITY) => Some(TIMESTAMP_INFINITY),
        Value::Date(DATE_MINUS_INFINITY) => Some(TIMESTAMP_MINUS_INFINITY),
        Value::Date(days) => i64::from(*days).checked_mul(MICROS_PER_DAY),
        _ => None,
    }
}

fn out_of_range() -> Error {
    Error::new(ErrorKind::DatetimeOutOfRange, "timestamp out of range")
}

/// `age(later, earlier)` in years, months, days and time; with one argument, from midnight today.
fn age(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    // Moments are compared by what the clocks of the session show.
    let local = |position: usize| match arguments.get(position) {
        Some(Value::TimestampTz(micros)) => invocation.style().zone.local_time(*micros).map(Some),
        value => Ok(micros_of(value)),
    };
    let (later, earlier) = match (local(0)?, local(1)?) {
        (Some(later), Some(earlier)) => (later, earlier),
        (Some(earlier), None) => (join_timestamp(split_timestamp(local_began(invocation)?).0, 0)?, earlier),
        _ => return Ok(Value::Null),
    };
    if arguments.iter().any(is_infinite) {
        return between_timestamps(later, earlier).map(Value::Interval);
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

fn to_char(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let format = text_of(arguments, 1);
    let shown = |text: Option<String>| text.map_or(Value::Null, Value::text);
    let number = match arguments.first() {
        Some(value) if is_infinite(value) => return Ok(Value::Null),
        Some(Value::Timestamp(micros)) => return time_text(&BrokenTime::of(*micros, None), format).map(shown),
        Some(value @ (Value::TimestampTz(_) | Value::Date(_))) => {
            // A date is taken for its midnight in the zone of the session.
            let style = invocation.style();
            let moment = value.clone().cast_in(style, &ColumnType::TimestampTz, false)?;
            let moment = micros_of(Some(&moment)).ok_or_else(out_of_range)?;
            let zone = &style.zone;
            let shown_zone = ShownZone { abbreviation: zone.abbreviation_at(moment), offset: zone.offset_from(moment) };
            return time_text(&BrokenTime::of(zone.local_time(moment)?, Some(shown_zone)), format).map(shown);
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
        let exponent = Numeric::from(shift).negated();
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

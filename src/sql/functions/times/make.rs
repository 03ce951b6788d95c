//! Dates and times made of their parts: `make_date`, `make_time`, `make_timestamp`, `make_timestamptz`, `make_interval`.
//!
//! Seconds are double precision and are rounded to microseconds, as in PostgreSQL.
#![warn(clippy::arithmetic_side_effects)]

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Float, Int, Text};
use crate::expr::{Function, Invocation, int_of, text_of};
use crate::types::{
    ColumnType, Interval, MICROS_PER_DAY, MICROS_PER_MINUTE, Value, add_days, days_from_civil, days_in_month,
    join_timestamp, moment_of_offset,
};

const MICROS_PER_SECOND: f64 = 1e6;
/// Digits that `%g` of C shows.
const SECONDS_DIGITS: usize = 6;

pub fn definitions() -> Vec<Function> {
    vec![
        Function::new("make_date", &[Int, Int, Int], ColumnType::Date, |_, arguments| day(arguments).map(Value::Date))
            .named(&["year", "month", "day"]),
        Function::new("make_time", &[Int, Int, Float], ColumnType::Time, |_, arguments| {
            time(arguments).map(Value::Time)
        })
        .named(&["hour", "min", "sec"]),
        Function::new("make_timestamp", &[Int, Int, Int, Int, Int, Float], ColumnType::Timestamp, |_, arguments| {
            timestamp(arguments).map(Value::Timestamp)
        })
        .named(&["year", "month", "mday", "hour", "min", "sec"]),
        Function::new(
            "make_timestamptz",
            &[Int, Int, Int, Int, Int, Float, Text],
            ColumnType::TimestampTz,
            make_timestamptz,
        )
        .named(&["year", "month", "mday", "hour", "min", "sec", "timezone"])
        .optional(1)
        .styled(),
        Function::new("make_interval", &[Int, Int, Int, Int, Int, Int, Float], ColumnType::Interval, make_interval)
            .named(&["years", "months", "weeks", "days", "hours", "mins", "secs"])
            .optional(7),
    ]
}

fn whole(arguments: &[Value], position: usize) -> i64 {
    int_of(arguments, position).unwrap_or(0)
}

fn seconds(arguments: &[Value], position: usize) -> f64 {
    match arguments.get(position) {
        Some(Value::Float8(seconds)) => *seconds,
        _ => 0.0,
    }
}

fn out_of_range(what: String) -> Error {
    Error::new(ErrorKind::DatetimeOutOfRange, what)
}

/// The microseconds of seconds; `None` for what no number of them is.
#[expect(clippy::cast_possible_truncation, reason = "the number is bounded before")]
fn micros_of_seconds(seconds: f64) -> Option<i64> {
    let micros = (seconds * MICROS_PER_SECOND).round_ties_even();
    // Below two to the power of 63, with room for what is added.
    (micros.abs() < 9.2e18).then_some(micros as i64)
}

/// The day of year, month and day, which are the first three arguments; negative years are before Christ.
fn day(arguments: &[Value]) -> Result<i32> {
    let (year, month, day) = (whole(arguments, 0), whole(arguments, 1), whole(arguments, 2));
    let shown = format!("{year}-{month:02}-{day:02}");
    // The year before the year 1 is the year -1.
    let astronomical = if year < 0 { year.saturating_add(1) } else { year };
    let is_day = year != 0 && (1..=12).contains(&month) && day >= 1 && day <= days_in_month(astronomical, month);
    if !is_day {
        return Err(out_of_range(format!("date field value out of range: {shown}")));
    }
    let days = days_from_civil(astronomical, month, day).and_then(|days| add_days(days, 0).ok());
    days.ok_or_else(|| out_of_range(format!("date out of range: {shown}")))
}

/// The microseconds of hour, minute and second, which are the last three arguments; the end of the day is one of its times.
fn time(arguments: &[Value]) -> Result<i64> {
    let parts = arguments.len().saturating_sub(3);
    let parts = arguments.get(parts..).unwrap_or_default();
    let (hour, minute, second) = (whole(parts, 0), whole(parts, 1), seconds(parts, 2));
    let micros = micros_of_seconds(second).filter(|micros| (0..=MICROS_PER_MINUTE).contains(micros));
    let is_field = (0..=24).contains(&hour) && (0..60).contains(&minute);
    let minutes = hour.saturating_mul(60).saturating_add(minute).saturating_mul(MICROS_PER_MINUTE);
    micros
        .map(|micros| minutes.saturating_add(micros))
        .filter(|micros| is_field && *micros <= MICROS_PER_DAY)
        .ok_or_else(|| out_of_range(format!("time field value out of range: {hour}:{minute:02}:{}", shown(second))))
}

fn timestamp(arguments: &[Value]) -> Result<i64> {
    let (day, time) = (day(arguments)?, time(arguments.get(..6).unwrap_or_default())?);
    join_timestamp(day, time).map_err(|_| {
        let whole = |position| whole(arguments, position);
        out_of_range(format!(
            "timestamp out of range: {}-{:02}-{:02} {}:{:02}:{}",
            whole(0),
            whole(1),
            whole(2),
            whole(3),
            whole(4),
            shown(seconds(arguments, 5))
        ))
    })
}

/// Seconds as PostgreSQL's messages show them: `%02g`, but for the exponents of large ones.
fn shown(seconds: f64) -> String {
    let digits = format!("{seconds:.*e}", SECONDS_DIGITS.saturating_sub(1));
    let text = digits.parse::<f64>().map_or(digits, |rounded| rounded.to_string());
    format!("{text:0>2}")
}

fn make_timestamptz(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (local, session) = (timestamp(arguments)?, &invocation.style().zone);
    let moment = if arguments.len() < 7 {
        session.moment_of(local)?
    } else {
        moment_of_offset(text_of(arguments, 6), local, session)?
    };
    Ok(Value::TimestampTz(moment))
}

fn make_interval(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let part = |position| whole(arguments, position);
    let overflow = || out_of_range("interval out of range".to_string());
    let months = part(0).checked_mul(12).and_then(|years| years.checked_add(part(1)));
    let days = part(2).checked_mul(7).and_then(|weeks| weeks.checked_add(part(3)));
    let minutes = part(4).checked_mul(60).and_then(|hours| hours.checked_add(part(5)));
    let seconds = micros_of_seconds(seconds(arguments, 6)).ok_or_else(overflow)?;
    let micros = minutes
        .and_then(|minutes| minutes.checked_mul(MICROS_PER_MINUTE))
        .and_then(|micros| micros.checked_add(seconds));
    Ok(Value::Interval(Interval {
        months: months.and_then(|months| i32::try_from(months).ok()).ok_or_else(overflow)?,
        days: days.and_then(|days| i32::try_from(days).ok()).ok_or_else(overflow)?,
        micros: micros.ok_or_else(overflow)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_shown_as_postgresql_shows_them() {
        for (seconds, text) in
            [(0.0, "00"), (5.0, "05"), (60.5, "60.5"), (-0.5, "-0.5"), (0.1, "0.1"), (123_456.75, "123457")]
        {
            assert_eq!(shown(seconds), text);
        }
        assert_eq!(shown(f64::NAN), "NaN");
    }
}

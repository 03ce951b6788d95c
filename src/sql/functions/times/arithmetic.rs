//! What the operators between dates, timestamps and intervals stand for, under PostgreSQL's names. Every result is checked.
#![warn(clippy::arithmetic_side_effects)]

use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{self, Any, Bytes, Float, Int, Text, Timestamp};
use crate::expr::{Body, Function, Invocation, int_of, text_of};
use crate::types::formats::time_of_text;
use crate::types::{
    ColumnType, DATE_INFINITY, DATE_MINUS_INFINITY, Interval, IntervalField, MICROS_PER_DAY, Numeric,
    TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, TextStyle, Value, Zone, add_days, add_interval, add_interval_in,
    between_timestamps,
};

/// What intervals are compared, grouped and ordered by.
pub const INTERVAL_KEY: &str = "$interval_span";
/// Bytes ordered as intervals are, and the way back: for the least and the greatest of several.
pub const INTERVAL_BYTES: &str = "$interval_to_bytes";
pub const INTERVAL_OF_BYTES: &str = "$interval_of_bytes";

/// An interval as it was declared: by the number of its last field, and the decimals of its seconds, negative for all.
pub const INTERVAL_FITTED: &str = "$interval_fitted";

/// An interval backwards.
pub const INTERVAL_NEGATED: &str = "interval_um";

/// `to_timestamp` of seconds since 1970.
pub const TIMESTAMP_OF_EPOCH: &str = "$timestamptz_of_epoch";

/// `to_timestamp` and `to_date` of a text by a format.
pub const TIMESTAMP_OF_TEXT: &str = "$timestamptz_of_text";
pub const DATE_OF_TEXT: &str = "$date_of_text";

/// The function of an operator between two times, with the type of its result; `None` where the planner has its own.
pub fn time_operator(
    left: &ColumnType,
    operator: &BinaryOperator,
    right: &ColumnType,
) -> Option<(&'static str, ColumnType)> {
    use BinaryOperator::{Divide, Minus, Multiply, Plus};
    use ColumnType::{Date, Time, Timestamp, TimestampTz};
    Some(match (left, operator, right) {
        (Date, Minus, Date) => ("date_mi", ColumnType::Int4),
        (Date, Plus, number) if number.is_integer() => ("date_pli", Date),
        (Date, Minus, number) if number.is_integer() => ("date_mii", Date),
        (Date | Timestamp, Plus, ColumnType::Interval) => ("timestamp_pl_interval", Timestamp),
        (Date | Timestamp, Minus, ColumnType::Interval) => ("timestamp_mi_interval", Timestamp),
        (TimestampTz, Plus, ColumnType::Interval) => ("timestamptz_pl_interval", TimestampTz),
        (TimestampTz, Minus, ColumnType::Interval) => ("timestamptz_mi_interval", TimestampTz),
        (Timestamp | TimestampTz | Date, Minus, Timestamp | TimestampTz | Date) => {
            ("timestamp_mi", ColumnType::Interval)
        }
        (Time, Plus, ColumnType::Interval) => ("time_pl_interval", Time),
        (Time, Minus, ColumnType::Interval) => ("time_mi_interval", Time),
        (Time, Minus, Time) => ("time_mi_time", ColumnType::Interval),
        (ColumnType::Interval, Plus, ColumnType::Interval) => ("interval_pl", ColumnType::Interval),
        (ColumnType::Interval, Minus, ColumnType::Interval) => ("interval_mi", ColumnType::Interval),
        (ColumnType::Interval, Multiply, number) if number.is_number() => ("interval_mul", ColumnType::Interval),
        (ColumnType::Interval, Divide, number) if number.is_number() => ("interval_div", ColumnType::Interval),
        _ => return None,
    })
}

/// Whether an operator means the same with its sides exchanged, and which of its sides [`time_operator`] wants first.
pub fn is_exchanged(left: &ColumnType, operator: &BinaryOperator, right: &ColumnType) -> bool {
    let is_time = |ty: &ColumnType| matches!(ty, ColumnType::Date | ColumnType::Timestamp | ColumnType::TimestampTz);
    match operator {
        BinaryOperator::Plus => {
            (left.is_integer() && *right == ColumnType::Date)
                || (*left == ColumnType::Interval && (is_time(right) || *right == ColumnType::Time))
        }
        BinaryOperator::Multiply => left.is_number() && *right == ColumnType::Interval,
        _ => false,
    }
}

pub fn definitions() -> Vec<Function> {
    let interval = || ColumnType::Interval;
    let in_zone = |name: &'static str, body: Body| {
        Function::new(name, &[Timestamp, Parameter::Interval, Text], ColumnType::TimestampTz, body).optional(1)
    };
    let shifted = |name: &'static str, ty: ColumnType, body: Body| {
        Function::new(name, &[Timestamp, Parameter::Interval], ty, body)
    };
    vec![
        Function::new(TIMESTAMP_OF_EPOCH, &[Float], ColumnType::TimestampTz, |_, arguments| {
            of_epoch(float_of(arguments, 0)?).map(Value::TimestampTz)
        }),
        Function::new(TIMESTAMP_OF_TEXT, &[Text, Text], ColumnType::TimestampTz, |invocation, arguments| {
            let read = time_of_text(text_of(arguments, 0), text_of(arguments, 1))?;
            read.timestamp(&invocation.style().zone).map(Value::TimestampTz)
        })
        .styled(),
        Function::new(DATE_OF_TEXT, &[Text, Text], ColumnType::Date, |_, arguments| {
            let text = text_of(arguments, 0);
            time_of_text(text, text_of(arguments, 1))?.date(text).map(Value::Date)
        }),
        Function::new("date_mi", &[Any, Any], ColumnType::Int4, between_dates),
        Function::new("date_pli", &[Any, Int], ColumnType::Date, |_, arguments| shifted_date(arguments, 1)),
        Function::new("date_mii", &[Any, Int], ColumnType::Date, |_, arguments| shifted_date(arguments, -1)),
        shifted("timestamp_pl_interval", ColumnType::Timestamp, |_, arguments| later(arguments).map(Value::Timestamp)),
        shifted("timestamp_mi_interval", ColumnType::Timestamp, |_, arguments| {
            earlier(arguments).map(Value::Timestamp)
        }),
        shifted("timestamptz_pl_interval", ColumnType::TimestampTz, |invocation, arguments| {
            shifted_in_zone(invocation, arguments, false)
        })
        .styled(),
        shifted("timestamptz_mi_interval", ColumnType::TimestampTz, |invocation, arguments| {
            shifted_in_zone(invocation, arguments, true)
        })
        .styled(),
        in_zone("date_add", |invocation, arguments| shifted_in_zone(invocation, arguments, false)).styled(),
        in_zone("date_subtract", |invocation, arguments| shifted_in_zone(invocation, arguments, true)).styled(),
        Function::new("timestamp_mi", &[Timestamp, Timestamp], interval(), |invocation, arguments| {
            let [later, earlier] = of_one_kind(invocation, arguments)?;
            between_timestamps(later, earlier).map(Value::Interval)
        })
        .styled(),
    ]
    .into_iter()
    .chain(of_intervals())
    .chain(of_clocks())
    .collect()
}

/// Functions of times of day, which go round at midnight.
fn of_clocks() -> Vec<Function> {
    let shifted = |name, body: Body| Function::new(name, &[Any, Parameter::Interval], ColumnType::Time, body);
    vec![
        shifted("time_pl_interval", |_, arguments| {
            let (time, length) = (clock_of(arguments, 0)?, length_of(arguments, "add", "to")?);
            Ok(Value::Time(time.saturating_add(length).rem_euclid(MICROS_PER_DAY)))
        }),
        shifted("time_mi_interval", |_, arguments| {
            let (time, length) = (clock_of(arguments, 0)?, length_of(arguments, "subtract", "from")?);
            Ok(Value::Time(time.saturating_sub(length).rem_euclid(MICROS_PER_DAY)))
        }),
        Function::new("time_mi_time", &[Any, Any], ColumnType::Interval, |_, arguments| {
            let micros = clock_of(arguments, 0)?.saturating_sub(clock_of(arguments, 1)?);
            Ok(Value::Interval(Interval { micros, ..Interval::default() }))
        }),
    ]
}

fn clock_of(arguments: &[Value], position: usize) -> Result<i64> {
    match arguments.get(position) {
        Some(Value::Time(micros)) => Ok(*micros),
        _ => Err(mistyped()),
    }
}

/// What an interval moves clocks by: days and months change nothing that they show.
fn length_of(arguments: &[Value], verb: &str, preposition: &str) -> Result<i64> {
    let interval = interval_of(arguments, 1)?;
    if interval.is_infinite() {
        let message = format!("cannot {verb} infinite interval {preposition} time");
        return Err(Error::new(ErrorKind::DatetimeOutOfRange, message));
    }
    Ok(interval.micros % MICROS_PER_DAY)
}

/// Functions of intervals alone.
fn of_intervals() -> Vec<Function> {
    let interval = || ColumnType::Interval;
    let of_two =
        |name, body| Function::new(name, &[Parameter::Interval, Parameter::Interval], ColumnType::Interval, body);
    let of_one =
        |name: &'static str, body: Body| Function::new(name, &[Parameter::Interval], ColumnType::Interval, body);
    let scaled =
        |name: &'static str, body: Body| Function::new(name, &[Parameter::Interval, Float], ColumnType::Interval, body);
    vec![
        of_two("interval_pl", |_, arguments| {
            interval_of(arguments, 0)?.plus(interval_of(arguments, 1)?).map(Value::Interval)
        }),
        of_two("interval_mi", |_, arguments| {
            interval_of(arguments, 0)?.minus(interval_of(arguments, 1)?).map(Value::Interval)
        }),
        scaled("interval_mul", |_, arguments| {
            interval_of(arguments, 0)?.times(float_of(arguments, 1)?).map(Value::Interval)
        }),
        scaled("interval_div", |_, arguments| {
            interval_of(arguments, 0)?.divided_by(float_of(arguments, 1)?).map(Value::Interval)
        }),
        Function::new(INTERVAL_FITTED, &[Parameter::Interval, Int, Int], interval(), |_, arguments| {
            let last = int_of(arguments, 1).and_then(IntervalField::numbered).ok_or_else(mistyped)?;
            let decimals = int_of(arguments, 2).and_then(|decimals| u32::try_from(decimals).ok());
            Ok(Value::Interval(interval_of(arguments, 0)?.fitted(last, decimals)))
        }),
        of_one(INTERVAL_NEGATED, |_, arguments| interval_of(arguments, 0)?.negated().map(Value::Interval)),
        of_one("justify_days", |_, arguments| interval_of(arguments, 0)?.justify_days().map(Value::Interval)),
        of_one("justify_hours", |_, arguments| interval_of(arguments, 0)?.justify_hours().map(Value::Interval)),
        of_one("justify_interval", |_, arguments| interval_of(arguments, 0)?.justify().map(Value::Interval)),
        Function::new(INTERVAL_KEY, &[Parameter::Interval], ColumnType::Numeric(Some((38, 0))), span),
        Function::new(INTERVAL_BYTES, &[Parameter::Interval], ColumnType::Bytea, |_, arguments| {
            Ok(Value::Bytea(interval_of(arguments, 0)?.to_bytes().into()))
        }),
        Function::new(INTERVAL_OF_BYTES, &[Bytes], interval(), |_, arguments| {
            let Some(Value::Bytea(bytes)) = arguments.first() else { return Ok(Value::Null) };
            Ok(Interval::from_bytes(bytes).map_or(Value::Null, Value::Interval))
        }),
    ]
}

fn mistyped() -> Error {
    Error::new(ErrorKind::UndefinedFunction, "a function of times does not exist for arguments of these types")
}

fn interval_of(arguments: &[Value], position: usize) -> Result<Interval> {
    match arguments.get(position) {
        Some(Value::Interval(interval)) => Ok(*interval),
        _ => Err(mistyped()),
    }
}

fn float_of(arguments: &[Value], position: usize) -> Result<f64> {
    match arguments.get(position) {
        Some(Value::Float8(number)) => Ok(*number),
        _ => Err(mistyped()),
    }
}

fn micros_of(arguments: &[Value], position: usize) -> Result<i64> {
    match arguments.get(position) {
        Some(Value::Timestamp(micros) | Value::TimestampTz(micros)) => Ok(*micros),
        _ => Err(mistyped()),
    }
}

fn later(arguments: &[Value]) -> Result<i64> {
    add_interval(micros_of(arguments, 0)?, interval_of(arguments, 1)?)
}

fn earlier(arguments: &[Value]) -> Result<i64> {
    add_interval(micros_of(arguments, 0)?, interval_of(arguments, 1)?.negated()?)
}

/// Two times in microseconds since 1970; beside a moment a local time is one of the zone of the session.
fn of_one_kind(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<[i64; 2]> {
    let has_moment = arguments.iter().any(|value| matches!(value, Value::TimestampTz(_)));
    let read = |position: usize| match arguments.get(position) {
        Some(Value::Timestamp(local)) if has_moment => invocation.style().zone.moment_of(*local),
        _ => micros_of(arguments, position),
    };
    Ok([read(0)?, read(1)?])
}

/// What clocks of a zone, that of the session where none is named, show so much later or earlier.
fn shifted_in_zone(invocation: &Invocation<'_>, arguments: &[Value], is_back: bool) -> Result<Value> {
    let (moment, interval) = (micros_of(arguments, 0)?, interval_of(arguments, 1)?);
    let interval = if is_back { interval.negated()? } else { interval };
    let session = &invocation.style().zone;
    if arguments.len() < 3 {
        return add_interval_in(session, moment, interval).map(Value::TimestampTz);
    }
    let zone = Zone::named(text_of(arguments, 2), session)?;
    add_interval_in(&zone, moment, interval).map(Value::TimestampTz)
}

fn shifted_date(arguments: &[Value], sign: i64) -> Result<Value> {
    let Some(Value::Date(days)) = arguments.first() else { return Err(mistyped()) };
    let count = int_of(arguments, 1).and_then(|count| count.checked_mul(sign));
    let count = count.ok_or_else(|| Error::new(ErrorKind::DatetimeOutOfRange, "date out of range"))?;
    add_days(*days, count).map(Value::Date)
}

#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
fn of_epoch(seconds: f64) -> Result<i64> {
    let error = |message: String| Error::new(ErrorKind::DatetimeOutOfRange, message);
    if seconds.is_nan() {
        return Err(error("timestamp cannot be NaN".to_string()));
    }
    if seconds.is_infinite() {
        return Ok(if seconds > 0.0 { TIMESTAMP_INFINITY } else { TIMESTAMP_MINUS_INFINITY });
    }
    let micros = (seconds * 1e6).round_ties_even();
    // The first day of timestamps, and the last microsecond that an i64 holds.
    if (-210_866_803_200_000_000.0..9_223_372_036_854_775_000.0).contains(&micros) {
        Ok(micros as i64)
    } else {
        // Six digits, as `%g` of C shows them.
        let style = TextStyle { float_digits: -9, ..TextStyle::default() };
        Err(error(format!("timestamp out of range: \"{}\"", style.text_of(&Value::Float8(seconds)))))
    }
}

fn between_dates(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let [Value::Date(later), Value::Date(earlier)] = arguments else { return Err(mistyped()) };
    let is_infinite = |days: &i32| matches!(*days, DATE_INFINITY | DATE_MINUS_INFINITY);
    match later.checked_sub(*earlier) {
        Some(days) if !is_infinite(later) && !is_infinite(earlier) => Ok(Value::Int4(days)),
        _ => Err(Error::new(ErrorKind::DatetimeOutOfRange, "cannot subtract infinite dates")),
    }
}

fn span(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    // Twenty-two digits at most.
    Ok(Value::Numeric(Numeric::from(interval_of(arguments, 0)?.span())))
}

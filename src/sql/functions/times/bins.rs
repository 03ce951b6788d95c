//! `date_trunc` and `date_bin`: times put back to where their unit or their bin begins. One function for each type of time.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{self, Text, Timestamp};
use crate::expr::{Body, Function, Invocation, text_of};
use crate::types::{
    ColumnType, Interval, MICROS_PER_DAY, TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, TimeUnit, Value, Zone,
};

/// `date_trunc` of a timestamp, of a moment, of an interval.
pub const TIMESTAMP_TRUNC: &str = "$timestamp_trunc";
pub const TIMESTAMPTZ_TRUNC: &str = "$timestamptz_trunc";
pub const INTERVAL_TRUNC: &str = "$interval_trunc";
/// `date_bin` of a timestamp, of a moment.
pub const TIMESTAMP_BIN: &str = "$timestamp_bin";
pub const TIMESTAMPTZ_BIN: &str = "$timestamptz_bin";

/// Units that fields have, and that nothing is cut down to.
const FIELDS_ONLY: [&str; 8] = ["julian", "isoyear", "dow", "isodow", "doy", "epoch", "timezone", "timezone_hour"];

pub fn definitions() -> Vec<Function> {
    let bins = |name: &'static str, ty: ColumnType, body: Body| {
        Function::new(name, &[Parameter::Interval, Timestamp, Timestamp], ty, body)
    };
    vec![
        Function::new(TIMESTAMP_TRUNC, &[Text, Timestamp], ColumnType::Timestamp, |_, arguments| {
            unit_of(arguments, &ColumnType::Timestamp)?.beginning(micros_of(arguments, 1)?).map(Value::Timestamp)
        }),
        Function::new(TIMESTAMPTZ_TRUNC, &[Text, Timestamp, Text], ColumnType::TimestampTz, |invocation, arguments| {
            let unit = unit_of(arguments, &ColumnType::TimestampTz)?;
            let session = &invocation.style().zone;
            let named = arguments.get(2).map(|_| Zone::named(text_of(arguments, 2), session)).transpose()?;
            let moment = moment_of(invocation, arguments, 1)?;
            unit.beginning_in(named.as_ref().unwrap_or(session), moment).map(Value::TimestampTz)
        })
        .optional(1)
        .styled(),
        Function::new(INTERVAL_TRUNC, &[Text, Parameter::Interval], ColumnType::Interval, cut_interval),
        bins(TIMESTAMP_BIN, ColumnType::Timestamp, |_, arguments| {
            binned(arguments, micros_of(arguments, 1)?, micros_of(arguments, 2)?).map(Value::Timestamp)
        }),
        bins(TIMESTAMPTZ_BIN, ColumnType::TimestampTz, |invocation, arguments| {
            binned(arguments, moment_of(invocation, arguments, 1)?, moment_of(invocation, arguments, 2)?)
                .map(Value::TimestampTz)
        })
        .styled(),
    ]
}

fn mistyped() -> Error {
    Error::new(ErrorKind::UndefinedFunction, "a function of times does not exist for arguments of these types")
}

fn micros_of(arguments: &[Value], position: usize) -> Result<i64> {
    match arguments.get(position) {
        Some(Value::Timestamp(micros) | Value::TimestampTz(micros)) => Ok(*micros),
        _ => Err(mistyped()),
    }
}

/// A moment; a local time is one of the zone of the session.
fn moment_of(invocation: &Invocation<'_>, arguments: &[Value], position: usize) -> Result<i64> {
    match arguments.get(position) {
        Some(Value::Timestamp(local)) => invocation.style().zone.moment_of(*local),
        _ => micros_of(arguments, position),
    }
}

fn unit_of(arguments: &[Value], ty: &ColumnType) -> Result<TimeUnit> {
    let name = text_of(arguments, 0);
    TimeUnit::named(name).ok_or_else(|| {
        let lower = name.to_ascii_lowercase();
        if FIELDS_ONLY.contains(&lower.as_str()) || lower == "timezone_minute" {
            let message = format!("unit \"{name}\" not supported for type {ty}");
            return Error::unsupported(message, "Cut it down to a unit from microseconds to millennium.");
        }
        Error::new(ErrorKind::InvalidParameterValue, format!("unit \"{name}\" not recognized for type {ty}"))
    })
}

fn cut_interval(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let Some(Value::Interval(interval)) = arguments.get(1) else { return Err(mistyped()) };
    let unit = unit_of(arguments, &ColumnType::Interval)?;
    if interval.is_infinite() && unit != TimeUnit::Week {
        return Ok(Value::Interval(*interval));
    }
    unit.cut(*interval).map(Value::Interval).ok_or_else(|| {
        let message = format!("unit \"{}\" not supported for type interval", text_of(arguments, 0));
        Error::unsupported(message, "Cut it down to days or months.")
            .with_detail("Months usually have fractional weeks.")
    })
}

/// The beginning of the bin that a time lies in; the first argument is how long bins are.
fn binned(arguments: &[Value], micros: i64, origin: i64) -> Result<i64> {
    let Some(Value::Interval(stride)) = arguments.first() else { return Err(mistyped()) };
    let is_infinite = |micros: i64| matches!(micros, TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY);
    let out_of_range = |message: &str| Error::new(ErrorKind::DatetimeOutOfRange, message);
    if is_infinite(micros) {
        return Ok(micros);
    }
    if is_infinite(origin) {
        return Err(out_of_range("origin out of range"));
    }
    let stride = stride_micros(*stride)?;
    let timestamp_out_of_range = || out_of_range("timestamp out of range");
    let distance = micros.checked_sub(origin).ok_or_else(|| out_of_range("interval out of range"))?;
    let begin = distance.checked_sub(distance.rem_euclid(stride)).ok_or_else(timestamp_out_of_range)?;
    begin.checked_add(origin).filter(crate::types::is_timestamp).ok_or_else(timestamp_out_of_range)
}

/// The length of bins, which is above 0.
fn stride_micros(stride: Interval) -> Result<i64> {
    let error = |message: &str| Error::new(ErrorKind::DatetimeOutOfRange, message);
    if stride.is_infinite() {
        return Err(error("timestamps cannot be binned into infinite intervals"));
    }
    if stride.months != 0 {
        return Err(Error::unsupported(
            "timestamps cannot be binned into intervals containing months or years",
            "Use date_trunc().",
        ));
    }
    let days = i64::from(stride.days).checked_mul(MICROS_PER_DAY);
    let micros = days.and_then(|days| days.checked_add(stride.micros)).ok_or_else(|| error("interval out of range"))?;
    if micros > 0 { Ok(micros) } else { Err(error("stride must be greater than zero")) }
}

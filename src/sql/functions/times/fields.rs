//! `extract` and `date_part`: the fields of dates, times and intervals, of moments as the clocks of the session show them.
//!
//! `extract` is exact, `date_part` is of double precision. Of the infinities, fields that grow with time are infinite, the others
//! are NULL.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Text};
use crate::expr::{Function, text_of};
use crate::types::formats::{BrokenTime, JULIAN_EPOCH};
use crate::types::{
    ColumnType, Interval, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, Numeric, TextStyle,
    Value, Zone, is_date, is_timestamp,
};

/// What EXTRACT calls.
pub const EXTRACT: &str = "extract";

/// Microseconds of a year in epochs of intervals: 365.25 days.
const MICROS_PER_YEAR: i64 = 31_557_600 * MICROS_PER_SECOND;
const MICROS_PER_MONTH: i64 = 30 * MICROS_PER_DAY;

pub fn definitions() -> Vec<Function> {
    vec![
        Function::new(EXTRACT, &[Text, Any], ColumnType::Numeric(None), |invocation, arguments| {
            let found = field(text_of(arguments, 0), arguments.get(1), invocation.style())?;
            Ok(found.map_or(Value::Null, Value::Numeric))
        })
        .styled(),
        Function::new("date_part", &[Text, Any], ColumnType::Float8, |invocation, arguments| {
            let found = field(text_of(arguments, 0), arguments.get(1), invocation.style())?;
            found.map_or(Ok(Value::Null), |number| Value::Numeric(number).cast(&ColumnType::Float8, true))
        })
        .styled()
        .alias(&["datepart"]),
    ]
}

/// A whole number of units, with so many decimals.
fn scaled(number: i64, decimals: u16) -> Numeric {
    Numeric::scaled(number, decimals)
}

fn field(unit: &str, value: Option<&Value>, style: &TextStyle) -> Result<Option<Numeric>> {
    let unit = unit.to_ascii_lowercase();
    let number = match value {
        Some(Value::Timestamp(micros)) => {
            let number = of_timestamp(&unit, if is_timestamp(micros) { *micros } else { 0 }, None)?;
            return Ok(of_infinity(&unit, (!is_timestamp(micros)).then_some(*micros < 0), &MONOTONIC, number));
        }
        Some(Value::TimestampTz(micros)) => {
            let moment = if is_timestamp(micros) { *micros } else { 0 };
            let number = of_timestamp(&unit, moment, Some(&style.zone))?;
            return Ok(of_infinity(&unit, (!is_timestamp(micros)).then_some(*micros < 0), &MONOTONIC, number));
        }
        // A text of no known type is a timestamp with time zone, where it is one.
        Some(text @ Value::Text(_)) => {
            let moment = text.clone().cast_in(style, &ColumnType::TimestampTz, false)?;
            return field(&unit, Some(&moment), style);
        }
        Some(Value::Date(days)) => {
            let number = of_date(&unit, if is_date(days) { *days } else { 0 })?;
            return Ok(of_infinity(&unit, (!is_date(days)).then_some(*days < 0), &MONOTONIC, number));
        }
        Some(Value::Interval(interval)) => {
            let finite = if interval.is_infinite() { Interval::default() } else { *interval };
            let number = of_interval(&unit, finite)?;
            let is_negative = interval.is_infinite().then_some(interval.months < 0);
            return Ok(of_infinity(&unit, is_negative, &MONOTONIC_OF_INTERVALS, number));
        }
        Some(Value::Time(micros)) => of_time(&unit, *micros)?,
        _ => return Ok(None),
    };
    Ok(Some(number))
}

/// Fields that grow with time.
const MONOTONIC: [&str; 7] = ["year", "decade", "century", "millennium", "julian", "isoyear", "epoch"];
const MONOTONIC_OF_INTERVALS: [&str; 7] = ["hour", "day", "year", "decade", "century", "millennium", "epoch"];

/// The field of an infinity, or else the number.
fn of_infinity(unit: &str, is_negative: Option<bool>, monotonic: &[&str], number: Numeric) -> Option<Numeric> {
    match is_negative {
        None => Some(number),
        Some(is_negative) if monotonic.contains(&canonical(unit)) => {
            Some(if is_negative { Numeric::MINUS_INFINITY } else { Numeric::INFINITY })
        }
        Some(_) => None,
    }
}

/// The short names of units.
fn canonical(unit: &str) -> &str {
    match unit {
        "us" | "usec" | "usecs" | "useconds" | "microsecond" | "microseconds" | "microsecon" => "microseconds",
        "ms" | "msec" | "msecs" | "mseconds" | "millisecond" | "milliseconds" | "millisecon" => "milliseconds",
        "s" | "sec" | "secs" | "second" | "seconds" => "second",
        "m" | "min" | "mins" | "minute" | "minutes" => "minute",
        "h" | "hr" | "hrs" | "hour" | "hours" => "hour",
        "d" | "day" | "days" => "day",
        "w" | "week" | "weeks" => "week",
        "mon" | "mons" | "month" | "months" => "month",
        "qtr" | "quarter" => "quarter",
        "y" | "yr" | "yrs" | "year" | "years" => "year",
        "dec" | "decs" | "decade" | "decades" => "decade",
        "c" | "cent" | "century" | "centuries" => "century",
        "mil" | "mils" | "millennia" | "millennium" => "millennium",
        other => other,
    }
}

const KNOWN: [&str; 22] = [
    "microseconds",
    "milliseconds",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "decade",
    "century",
    "millennium",
    "julian",
    "isoyear",
    "dow",
    "isodow",
    "doy",
    "epoch",
    "timezone",
    "timezone_hour",
    "timezone_minute",
];

fn refused(unit: &str, ty: &ColumnType) -> Error {
    if KNOWN.contains(&canonical(unit)) {
        return Error::unsupported(
            format!("unit \"{unit}\" not supported for type {ty}"),
            "Cast the value to timestamp or interval.",
        );
    }
    Error::new(ErrorKind::InvalidParameterValue, format!("unit \"{unit}\" not recognized for type {ty}"))
}

/// Fields of a time of day; `None` for other units.
fn of_clock(unit: &str, micros: i64) -> Option<Numeric> {
    let in_minute = micros % MICROS_PER_MINUTE;
    Some(match unit {
        "microseconds" => scaled(in_minute, 0),
        "milliseconds" => scaled(in_minute, 3),
        "second" => scaled(in_minute, 6),
        "minute" => scaled(micros % MICROS_PER_HOUR / MICROS_PER_MINUTE, 0),
        "hour" => scaled(micros / MICROS_PER_HOUR, 0),
        _ => return None,
    })
}

/// Fields of a day; `None` for other units.
fn of_day(unit: &str, time: &BrokenTime) -> Option<Numeric> {
    let year = time.year;
    let before_christ = |unit: i64| -((unit - 1 - (year - 1)) / unit);
    Some(Numeric::from(match unit {
        "day" => time.day,
        "month" => time.month,
        "quarter" => (time.month - 1) / 3 + 1,
        "week" => time.iso_week(),
        "year" => year - i64::from(year <= 0),
        "decade" if year >= 0 => year / 10,
        "decade" => -((8 - (year - 1)) / 10),
        "century" if year > 0 => (year + 99) / 100,
        "century" => before_christ(100),
        "millennium" if year > 0 => (year + 999) / 1000,
        "millennium" => before_christ(1000),
        "isoyear" => time.iso_year() - i64::from(time.iso_year() <= 0),
        "dow" => time.week_day(),
        "isodow" if time.week_day() == 0 => 7,
        "isodow" => time.week_day(),
        "doy" => time.year_day(),
        _ => return None,
    }))
}

/// A field of a timestamp, or of a moment in a zone.
fn of_timestamp(unit: &str, moment: i64, zone: Option<&Zone>) -> Result<Numeric> {
    let name = canonical(unit);
    let offset = zone.map_or(0, |zone| zone.offset_from(moment));
    let micros = moment.saturating_add(offset);
    let time = BrokenTime::of(micros, None);
    let in_day = micros.rem_euclid(MICROS_PER_DAY);
    if let Some(number) = of_clock(name, in_day).or_else(|| of_day(name, &time)) {
        return Ok(number);
    }
    let ty = if zone.is_some() { ColumnType::TimestampTz } else { ColumnType::Timestamp };
    Ok(match name {
        "epoch" => scaled(moment, 6),
        "julian" => {
            let day = Numeric::from(micros.div_euclid(MICROS_PER_DAY) + JULIAN_EPOCH);
            day.plus(&Numeric::from(in_day).over(&Numeric::from(MICROS_PER_DAY))?)?
        }
        "timezone" if zone.is_some() => Numeric::from(offset / MICROS_PER_SECOND),
        "timezone_hour" if zone.is_some() => Numeric::from(offset / MICROS_PER_HOUR),
        "timezone_minute" if zone.is_some() => Numeric::from(offset % MICROS_PER_HOUR / MICROS_PER_MINUTE),
        _ => return Err(refused(unit, &ty)),
    })
}

fn of_date(unit: &str, days: i32) -> Result<Numeric> {
    let name = canonical(unit);
    let time = BrokenTime::of(i64::from(days).saturating_mul(MICROS_PER_DAY), None);
    if let Some(number) = of_day(name, &time) {
        return Ok(number);
    }
    Ok(match name {
        "epoch" => Numeric::from(i64::from(days) * 86_400),
        "julian" => Numeric::from(i64::from(days) + JULIAN_EPOCH),
        _ => return Err(refused(unit, &ColumnType::Date)),
    })
}

fn of_time(unit: &str, micros: i64) -> Result<Numeric> {
    let name = canonical(unit);
    match name {
        "epoch" => Ok(scaled(micros, 6)),
        _ => of_clock(name, micros).ok_or_else(|| refused(unit, &ColumnType::Time)),
    }
}

fn of_interval(unit: &str, interval: Interval) -> Result<Numeric> {
    let name = canonical(unit);
    if let Some(number) = of_clock(name, interval.micros) {
        return Ok(number);
    }
    let (years, months) = (i64::from(interval.months / 12), i64::from(interval.months % 12));
    Ok(match name {
        "day" => Numeric::from(interval.days),
        "week" => Numeric::from(interval.days / 7),
        "month" => Numeric::from(months),
        // Backwards where the interval is.
        "quarter" if interval.months < 0 => Numeric::from(-((-months / 3) + 1)),
        "quarter" => Numeric::from(months / 3 + 1),
        "year" => Numeric::from(years),
        "decade" => Numeric::from(years / 10),
        "century" => Numeric::from(years / 100),
        "millennium" => Numeric::from(years / 1000),
        "epoch" => {
            let days = i128::from(years) * i128::from(MICROS_PER_YEAR)
                + i128::from(months) * i128::from(MICROS_PER_MONTH)
                + i128::from(interval.days) * i128::from(MICROS_PER_DAY);
            Numeric::of_parts(days + i128::from(interval.micros), 6)?
        }
        _ => return Err(refused(unit, &ColumnType::Interval)),
    })
}

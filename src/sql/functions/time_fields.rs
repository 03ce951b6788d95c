//! `extract` and `date_part`: the fields of dates, times and intervals.
//!
//! `extract` is exact, `date_part` is of double precision. The infinities have no fields here: NULL.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Text};
use crate::expr::{Function, text_of};
use crate::types::formats::{BrokenTime, JULIAN_EPOCH};
use crate::types::{
    ColumnType, Interval, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, Numeric, Value,
    is_date, is_timestamp,
};

/// What EXTRACT calls.
pub const EXTRACT: &str = "extract";

/// Microseconds of a year in epochs of intervals: 365.25 days.
const MICROS_PER_YEAR: i64 = 31_557_600 * MICROS_PER_SECOND;
const MICROS_PER_MONTH: i64 = 30 * MICROS_PER_DAY;

pub fn definitions() -> Vec<Function> {
    vec![
        Function::new(EXTRACT, &[Text, Any], ColumnType::Numeric(None), |_, arguments| {
            Ok(field(text_of(arguments, 0), arguments.get(1))?.map_or(Value::Null, Value::Numeric))
        }),
        Function::new("date_part", &[Text, Any], ColumnType::Float8, |_, arguments| {
            let found = field(text_of(arguments, 0), arguments.get(1))?;
            found.map_or(Ok(Value::Null), |number| Value::Numeric(number).cast(&ColumnType::Float8, true))
        })
        .alias(&["datepart"]),
    ]
}

/// A whole number of units, with so many decimals.
fn scaled(number: i64, decimals: u16) -> Numeric {
    Numeric::scaled(number, decimals)
}

fn field(unit: &str, value: Option<&Value>) -> Result<Option<Numeric>> {
    let unit = unit.to_ascii_lowercase();
    match value {
        Some(Value::Timestamp(micros)) if is_timestamp(micros) => of_timestamp(&unit, *micros, false).map(Some),
        Some(Value::TimestampTz(micros)) if is_timestamp(micros) => of_timestamp(&unit, *micros, true).map(Some),
        // A text of no known type is a timestamp with time zone, where it is one.
        Some(text @ Value::Text(_)) => {
            let moment = text.clone().cast(&ColumnType::TimestampTz, false)?;
            field(&unit, Some(&moment))
        }
        Some(Value::Date(days)) if is_date(days) => of_date(&unit, *days).map(Some),
        Some(Value::Time(micros)) => of_time(&unit, *micros).map(Some),
        Some(Value::Interval(interval)) => of_interval(&unit, *interval).map(Some),
        _ => Ok(None),
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

fn of_timestamp(unit: &str, micros: i64, has_zone: bool) -> Result<Numeric> {
    let name = canonical(unit);
    let time = BrokenTime::of(micros, None);
    let in_day = micros.rem_euclid(MICROS_PER_DAY);
    if let Some(number) = of_clock(name, in_day).or_else(|| of_day(name, &time)) {
        return Ok(number);
    }
    let ty = if has_zone { ColumnType::TimestampTz } else { ColumnType::Timestamp };
    Ok(match name {
        "epoch" => scaled(micros, 6),
        "julian" => {
            let day = Numeric::from(micros.div_euclid(MICROS_PER_DAY) + JULIAN_EPOCH);
            day.plus(&Numeric::from(in_day).over(&Numeric::from(MICROS_PER_DAY))?)?
        }
        // The zone of a session is UTC.
        "timezone" | "timezone_hour" | "timezone_minute" if has_zone => Numeric::ZERO,
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

//! Dates and times as PostgreSQL prints them in its ISO style, and the calendar arithmetic behind it.
//!
//! The calendar is proleptic Gregorian. Days and microseconds count from 1970-01-01; the extreme values of a type are its
//! infinities. A `timestamptz` is UTC, whose calendar a zone may stand for.

use bytes::BufMut;

use crate::error::{Error, ErrorKind, Result};
use crate::types::Interval;
use crate::types::datetime::time_zone::Zone;
use crate::types::numbers::{write_integer, write_padded};

pub const MICROS_PER_SECOND: i64 = 1_000_000;
pub const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
pub const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;
pub const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;
/// `infinity` of a date, after all others.
pub const DATE_INFINITY: i32 = i32::MAX;
/// `-infinity` of a date, before all others.
pub const DATE_MINUS_INFINITY: i32 = i32::MIN;
/// `infinity` of a timestamp, after all others.
pub const TIMESTAMP_INFINITY: i64 = i64::MAX;
/// `-infinity` of a timestamp, before all others.
pub const TIMESTAMP_MINUS_INFINITY: i64 = i64::MIN;

/// The first day of dates and timestamps: 24 November 4714 BC, where Julian days begin.
const DAY_MIN: i32 = -2_440_588;
/// The last day of dates: 31 December 5874897.
const DAY_MAX: i32 = 2_145_042_905;

/// Years PostgreSQL's dates reach: 4714 BC (as the astronomical year -4713), the end of which has dates, to 5874897.
pub(super) const YEAR_MIN: i64 = -4713;
pub(super) const YEAR_MAX: i64 = 5_874_897;

/// Year (0 is 1 BC), month and day of a number of days since 1970-01-01.
///
/// After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, eras have 400 years.
pub fn civil_from_days(days: i32) -> (i64, i64, i64) {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Days since 1970-01-01 of a year (0 is 1 BC), month and day; `None` when there is no such day.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i32> {
    if !(YEAR_MIN..=YEAR_MAX).contains(&year)
        || !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
    {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok().filter(|days| *days >= DAY_MIN)
}

/// Days of a month from 1 to 12.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day of a timestamp, and the microseconds since its midnight.
pub fn split_timestamp(micros: i64) -> (i32, i64) {
    // An i64 of microseconds spans 107 million days either way.
    let days = i32::try_from(micros.div_euclid(MICROS_PER_DAY)).unwrap_or(DATE_INFINITY);
    (days, micros.rem_euclid(MICROS_PER_DAY))
}

/// The timestamp of a day's midnight plus microseconds; infinite dates become infinite timestamps.
///
/// # Errors
/// 22008 beyond the range of timestamps.
pub fn join_timestamp(days: i32, micros: i64) -> Result<i64> {
    match days {
        DATE_INFINITY => return Ok(TIMESTAMP_INFINITY),
        DATE_MINUS_INFINITY => return Ok(TIMESTAMP_MINUS_INFINITY),
        _ => {}
    }
    i64::from(days)
        .checked_mul(MICROS_PER_DAY)
        .and_then(|midnight| midnight.checked_add(micros))
        .filter(is_timestamp)
        .ok_or_else(timestamp_out_of_range)
}

/// Whether the days are those of a finite date.
pub fn is_date(days: &i32) -> bool {
    (DAY_MIN..=DAY_MAX).contains(days)
}

/// Whether the microseconds are those of a finite timestamp.
pub fn is_timestamp(micros: &i64) -> bool {
    *micros != TIMESTAMP_INFINITY && *micros >= i64::from(DAY_MIN) * MICROS_PER_DAY
}

fn timestamp_out_of_range() -> Error {
    Error::new(ErrorKind::DatetimeOutOfRange, "timestamp out of range")
}

/// A date some days later, or earlier; the infinities stay.
///
/// # Errors
/// 22008 beyond the range of dates.
pub fn add_days(days: i32, count: i64) -> Result<i32> {
    if matches!(days, DATE_INFINITY | DATE_MINUS_INFINITY) {
        return Ok(days);
    }
    let sum = i64::from(days).checked_add(count).and_then(|sum| i32::try_from(sum).ok());
    sum.filter(is_date).ok_or_else(|| Error::new(ErrorKind::DatetimeOutOfRange, "date out of range"))
}

/// What lies between two timestamps, in days and time; from an infinity to what is finite it is infinite.
///
/// # Errors
/// 22008 where both are the same infinity, or where they are too far apart.
pub fn between_timestamps(later: i64, earlier: i64) -> Result<Interval> {
    let out_of_range = || Error::new(ErrorKind::DatetimeOutOfRange, "interval out of range");
    match (later, earlier) {
        (TIMESTAMP_INFINITY, TIMESTAMP_INFINITY) | (TIMESTAMP_MINUS_INFINITY, TIMESTAMP_MINUS_INFINITY) => {
            return Err(out_of_range());
        }
        (TIMESTAMP_INFINITY, _) | (_, TIMESTAMP_MINUS_INFINITY) => return Ok(Interval::INFINITY),
        (TIMESTAMP_MINUS_INFINITY, _) | (_, TIMESTAMP_INFINITY) => return Ok(Interval::MINUS_INFINITY),
        _ => {}
    }
    let micros = later.checked_sub(earlier).ok_or_else(out_of_range)?;
    Interval { micros, ..Interval::default() }.justify_hours()
}

/// Adds an interval as PostgreSQL does: months first (clamped to the month's last day), then days, then time. Infinite
/// intervals lead to the infinities.
///
/// # Errors
/// 22008 beyond the range of timestamps, and for an infinity with the interval that leads back from it.
pub fn add_interval(micros: i64, interval: Interval) -> Result<i64> {
    match sum_of_infinities(micros, interval)? {
        Some(infinity) => Ok(infinity),
        None => checked_timestamp(add_calendar(micros, interval)?.checked_add(interval.micros)),
    }
}

/// As [`add_interval`], of a moment: months and days are those of the calendar of a zone, hours pass as anywhere.
///
/// # Errors
/// As [`add_interval`].
pub fn add_interval_in(zone: &Zone, moment: i64, interval: Interval) -> Result<i64> {
    if let Some(infinity) = sum_of_infinities(moment, interval)? {
        return Ok(infinity);
    }
    let mut moment = moment;
    let months = Interval { months: interval.months, ..Interval::default() };
    let days = Interval { days: interval.days, ..Interval::default() };
    for part in [months, days].into_iter().filter(|part| *part != Interval::default()) {
        moment = zone.moment_of(add_calendar(zone.local_time(moment)?, part)?)?;
    }
    checked_timestamp(moment.checked_add(interval.micros))
}

/// The sum where one side is infinite.
fn sum_of_infinities(micros: i64, interval: Interval) -> Result<Option<i64>> {
    let opposite = match interval {
        Interval::INFINITY => TIMESTAMP_MINUS_INFINITY,
        Interval::MINUS_INFINITY => TIMESTAMP_INFINITY,
        _ => {
            let is_infinite = matches!(micros, TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY);
            return Ok(is_infinite.then_some(micros));
        }
    };
    if micros == opposite {
        return Err(timestamp_out_of_range());
    }
    Ok(Some(if opposite == TIMESTAMP_INFINITY { TIMESTAMP_MINUS_INFINITY } else { TIMESTAMP_INFINITY }))
}

fn checked_timestamp(micros: Option<i64>) -> Result<i64> {
    micros.filter(is_timestamp).ok_or_else(timestamp_out_of_range)
}

/// Adds the months and the days of an interval.
fn add_calendar(micros: i64, interval: Interval) -> Result<i64> {
    let (days, time) = split_timestamp(micros);
    let days = match interval.months {
        0 => Some(days),
        more => {
            let (year, month, day) = civil_from_days(days);
            let months = year * 12 + month - 1 + i64::from(more);
            let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
            days_from_civil(year, month, day.min(days_in_month(year, month)))
        }
    };
    let days = days.filter(is_date).and_then(|days| days.checked_add(interval.days));
    join_timestamp(days.ok_or_else(timestamp_out_of_range)?, time)
}

pub(crate) fn write_date(days: i32, out: &mut impl BufMut) {
    match days {
        DATE_INFINITY => return out.put_slice(b"infinity"),
        DATE_MINUS_INFINITY => return out.put_slice(b"-infinity"),
        _ => {}
    }
    if write_civil(days, out) {
        out.put_slice(b" BC");
    }
}

/// Writes year-month-day; returns whether the year is before Christ, which goes to the end of the whole text.
fn write_civil(days: i32, out: &mut impl BufMut) -> bool {
    let (year, month, day) = civil_from_days(days);
    let is_bc = year <= 0;
    write_padded(if is_bc { 1 - year } else { year }, 4, out);
    out.put_u8(b'-');
    write_two(month, out);
    out.put_u8(b'-');
    write_two(day, out);
    is_bc
}

fn write_two(number: i64, out: &mut impl BufMut) {
    let digit = |digit: i64| b'0' + u8::try_from(digit.rem_euclid(10)).unwrap_or(0);
    out.put_slice(&[digit(number / 10), digit(number)]);
}

/// Writes `hh:mm:ss` with the fraction that is not zero.
pub(crate) fn write_time(micros: i64, out: &mut impl BufMut) {
    write_padded(micros / MICROS_PER_HOUR, 2, out);
    out.put_u8(b':');
    write_two(micros % MICROS_PER_HOUR / MICROS_PER_MINUTE, out);
    out.put_u8(b':');
    write_two(micros % MICROS_PER_MINUTE / MICROS_PER_SECOND, out);
    let mut fraction = micros % MICROS_PER_SECOND;
    if fraction != 0 {
        let mut width = 6;
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        out.put_u8(b'.');
        write_padded(fraction, width, out);
    }
}

/// Writes a timestamp with `separator` between date and time and `zone` after them.
pub(crate) fn write_timestamp(micros: i64, separator: u8, zone: &[u8], out: &mut impl BufMut) {
    match micros {
        TIMESTAMP_INFINITY => return out.put_slice(b"infinity"),
        TIMESTAMP_MINUS_INFINITY => return out.put_slice(b"-infinity"),
        _ => {}
    }
    let (days, time) = split_timestamp(micros);
    let is_bc = write_civil(days, out);
    out.put_u8(separator);
    write_time(time, out);
    out.put_slice(zone);
    if is_bc {
        out.put_slice(b" BC");
    }
}

/// Writes PostgreSQL's default interval style: `1 year 2 mons -3 days +04:05:06`.
pub(crate) fn write_interval(interval: Interval, out: &mut impl BufMut) {
    match interval {
        Interval::INFINITY => return out.put_slice(b"infinity"),
        Interval::MINUS_INFINITY => return out.put_slice(b"-infinity"),
        _ => {}
    }
    let parts = [(interval.months / 12, "year"), (interval.months % 12, "mon"), (interval.days, "day")];
    let mut is_first = true;
    let mut after_negative = false;
    for (count, unit) in parts.into_iter().filter(|(count, _)| *count != 0) {
        if !is_first {
            out.put_u8(b' ');
        }
        if after_negative && count > 0 {
            out.put_u8(b'+');
        }
        write_integer(i64::from(count), out);
        out.put_u8(b' ');
        out.put_slice(unit.as_bytes());
        if count != 1 {
            out.put_u8(b's');
        }
        is_first = false;
        after_negative = count < 0;
    }
    if interval.micros == 0 && !is_first {
        return;
    }
    if !is_first {
        out.put_u8(b' ');
    }
    if interval.micros < 0 {
        out.put_u8(b'-');
    } else if after_negative {
        out.put_u8(b'+');
    }
    // The smallest i64 has no positive counterpart.
    match interval.micros.checked_abs() {
        Some(micros) => write_time(micros, out),
        None => out.put_slice(b"2562047788:00:54.775808"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn timestamp(micros: i64) -> String {
        let mut out = Vec::new();
        write_timestamp(micros, b' ', b"", &mut out);
        String::from_utf8(out).unwrap()
    }

    fn interval(months: i32, days: i32, micros: i64) -> String {
        let mut out = Vec::new();
        write_interval(Interval { months, days, micros }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn timestamps_print_as_in_postgresql() {
        assert_eq!(timestamp(0), "1970-01-01 00:00:00");
        assert_eq!(timestamp(1_704_164_645_600_000), "2024-01-02 03:04:05.6");
        assert_eq!(timestamp(-1), "1969-12-31 23:59:59.999999");
        assert_eq!(
            timestamp(join_timestamp(days_from_civil(-43, 3, 15).unwrap(), 0).unwrap()),
            "0044-03-15 00:00:00 BC"
        );
        assert_eq!(timestamp(TIMESTAMP_MINUS_INFINITY), "-infinity");
    }

    #[test]
    fn intervals_print_as_in_postgresql() {
        let time = 4 * MICROS_PER_HOUR + 5 * MICROS_PER_MINUTE + 6 * MICROS_PER_SECOND;
        assert_eq!(interval(14, 3, time), "1 year 2 mons 3 days 04:05:06");
        assert_eq!(interval(0, 0, 0), "00:00:00");
        assert_eq!(interval(-14, 3, -time), "-1 years -2 mons +3 days -04:05:06");
        assert_eq!(interval(0, -1, time), "-1 days +04:05:06");
        assert_eq!(interval(0, 1, 0), "1 day");
        assert_eq!(interval(0, 0, 100 * MICROS_PER_HOUR + 500_000), "100:00:00.5");
    }

    #[test]
    fn adding_months_clamps_to_the_last_day() {
        let january = join_timestamp(days_from_civil(2024, 1, 31).unwrap(), 0).unwrap();
        let later = add_interval(january, Interval { months: 1, ..Interval::default() }).unwrap();
        assert_eq!(timestamp(later), "2024-02-29 00:00:00");
        assert!(
            add_interval(i64::MAX - 1, Interval { months: i32::MAX, days: i32::MAX, micros: i64::MAX - 1 }).is_err()
        );
    }

    proptest! {
        #[test]
        fn days_round_trip(days in -2_400_000..2_100_000_000i32) {
            let (year, month, day) = civil_from_days(days);
            prop_assert_eq!(days_from_civil(year, month, day), Some(days).filter(|days| (YEAR_MIN..=YEAR_MAX).contains(&year) && *days >= DAY_MIN));
        }
    }
}

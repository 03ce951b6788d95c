//! Dates, timestamps and intervals in the styles of a session (`EncodeDateOnly`, `EncodeDateTime` and `EncodeInterval` of
//! PostgreSQL's `datetime.c`).

use bytes::BufMut;

use crate::types::Interval;
use crate::types::datetime::calendar::{
    DATE_INFINITY, DATE_MINUS_INFINITY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY, civil_from_days, split_timestamp, write_date, write_interval, write_time,
    write_timestamp,
};
use crate::types::datetime::datetime_words::{MONTHS, WEEKDAYS};
use crate::types::numbers::{write_integer, write_padded};
use crate::types::text_style::{DateOrder, DateStyle, IntervalStyle, TextStyle};

/// Letters of an abbreviation that are shown.
const ABBREVIATION_LETTERS_MAX: usize = 10;
/// The weekday of 1970-01-01, counted from Sunday.
const FIRST_WEEKDAY: i64 = 4;

/// Writes a date.
pub(crate) fn write_styled_date(days: i32, style: &TextStyle, out: &mut impl BufMut) {
    if style.dates == DateStyle::Iso || matches!(days, DATE_INFINITY | DATE_MINUS_INFINITY) {
        return write_date(days, out);
    }
    let separator = match style.dates {
        DateStyle::German => b'.',
        DateStyle::Sql => b'/',
        DateStyle::Iso | DateStyle::Postgres => b'-',
    };
    write_numbers(days, separator, style, out);
    write_era(days, out);
}

/// The numbers of a day, day or month first, and the year last.
fn write_numbers(days: i32, separator: u8, style: &TextStyle, out: &mut impl BufMut) {
    let (year, month, day) = civil_from_days(days);
    let is_day_first = style.dates == DateStyle::German || style.order == DateOrder::Dmy;
    let (first, second) = if is_day_first { (day, month) } else { (month, day) };
    write_padded(first, 2, out);
    out.put_u8(separator);
    write_padded(second, 2, out);
    out.put_u8(separator);
    write_padded(if year > 0 { year } else { 1 - year }, 4, out);
}

fn write_era(days: i32, out: &mut impl BufMut) {
    if civil_from_days(days).0 <= 0 {
        out.put_slice(b" BC");
    }
}

/// Writes a timestamp as its clocks show it.
pub(crate) fn write_styled_timestamp(micros: i64, style: &TextStyle, out: &mut impl BufMut) {
    if style.dates == DateStyle::Iso || is_infinite(micros) {
        return write_timestamp(micros, b' ', b"", out);
    }
    write_local(micros, style, out);
    write_era(split_timestamp(micros).0, out);
}

/// Writes a moment in the zone of the session.
pub(crate) fn write_styled_moment(micros: i64, style: &TextStyle, out: &mut impl BufMut) {
    if is_infinite(micros) {
        return write_timestamp(micros, b' ', b"", out);
    }
    let offset = style.zone.offset_from(micros);
    // The far ends are no timestamps in every zone, but have their text there.
    let local = micros.saturating_add(offset);
    if style.dates == DateStyle::Iso {
        let mut zone = Vec::new();
        write_offset(offset, &mut zone);
        return write_timestamp(local, b' ', &zone, out);
    }
    write_local(local, style, out);
    let abbreviation = style.zone.abbreviation_at(micros);
    if abbreviation.is_empty() {
        if style.dates == DateStyle::Postgres {
            out.put_u8(b' ');
        }
        write_offset(offset, out);
    } else {
        out.put_u8(b' ');
        out.put_slice(abbreviation.get(..ABBREVIATION_LETTERS_MAX).unwrap_or(&abbreviation).as_bytes());
    }
    write_era(split_timestamp(local).0, out);
}

fn is_infinite(micros: i64) -> bool {
    matches!(micros, TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY)
}

/// A date and a time in a style other than ISO's.
fn write_local(micros: i64, style: &TextStyle, out: &mut impl BufMut) {
    let (days, time) = split_timestamp(micros);
    match style.dates {
        DateStyle::Iso | DateStyle::Sql => write_numbers(days, b'/', style, out),
        DateStyle::German => write_numbers(days, b'.', style, out),
        DateStyle::Postgres => {
            let (year, month, day) = civil_from_days(days);
            let weekday = (i64::from(days) + FIRST_WEEKDAY).rem_euclid(7);
            write_capitalised(&WEEKDAYS, weekday, out);
            out.put_u8(b' ');
            if style.order == DateOrder::Dmy {
                write_padded(day, 2, out);
                out.put_u8(b' ');
                write_capitalised(&MONTHS, month - 1, out);
            } else {
                write_capitalised(&MONTHS, month - 1, out);
                out.put_u8(b' ');
                write_padded(day, 2, out);
            }
            out.put_u8(b' ');
            write_time(time, out);
            out.put_u8(b' ');
            return write_padded(if year > 0 { year } else { 1 - year }, 4, out);
        }
    }
    out.put_u8(b' ');
    write_time(time, out);
}

fn write_capitalised(names: &[&str], position: i64, out: &mut impl BufMut) {
    let name = usize::try_from(position).ok().and_then(|position| names.get(position)).copied().unwrap_or_default();
    let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
    out.put_slice(first.to_ascii_uppercase().as_bytes());
    out.put_slice(rest.as_bytes());
}

/// Writes an offset of microseconds: `+02`, `-03:30`, `+00:53:28`.
pub(crate) fn write_offset(micros: i64, out: &mut impl BufMut) {
    let seconds = micros.abs() / MICROS_PER_SECOND;
    out.put_u8(if micros < 0 { b'-' } else { b'+' });
    write_padded(seconds / 3600, 2, out);
    if seconds % 3600 != 0 {
        out.put_u8(b':');
        write_padded(seconds / 60 % 60, 2, out);
    }
    if seconds % 60 != 0 {
        out.put_u8(b':');
        write_padded(seconds % 60, 2, out);
    }
}

/// The parts of an interval as they are shown; those of time have one sign.
struct Parts {
    years: i64,
    months: i64,
    days: i64,
    hours: i64,
    minutes: i64,
    /// With what is below a second.
    micros: i64,
}

impl Parts {
    fn of(interval: Interval) -> Parts {
        Parts {
            years: i64::from(interval.months / 12),
            months: i64::from(interval.months % 12),
            days: i64::from(interval.days),
            hours: interval.micros / MICROS_PER_HOUR,
            minutes: interval.micros % MICROS_PER_HOUR / MICROS_PER_MINUTE,
            micros: interval.micros % MICROS_PER_MINUTE,
        }
    }

    fn all(&self) -> [i64; 6] {
        [self.years, self.months, self.days, self.hours, self.minutes, self.micros]
    }
}

/// Writes an interval.
pub(crate) fn write_styled_interval(interval: Interval, style: IntervalStyle, out: &mut impl BufMut) {
    let parts = Parts::of(interval);
    match style {
        _ if interval.is_infinite() => write_interval(interval, out),
        IntervalStyle::Postgres => write_interval(interval, out),
        IntervalStyle::PostgresVerbose => write_verbose(&parts, out),
        IntervalStyle::SqlStandard => write_sql_standard(&parts, out),
        IntervalStyle::Iso8601 => write_iso(&parts, out),
    }
}

/// Seconds with the fraction that is not zero, without a sign.
fn write_seconds(micros: i64, width: usize, out: &mut impl BufMut) {
    let micros = micros.abs();
    write_padded(micros / MICROS_PER_SECOND, width, out);
    let mut fraction = micros % MICROS_PER_SECOND;
    if fraction != 0 {
        let mut digits = 6;
        while fraction % 10 == 0 {
            fraction /= 10;
            digits -= 1;
        }
        out.put_u8(b'.');
        write_padded(fraction, digits, out);
    }
}

/// `@ 1 year 2 mons -3 days 4 hours 5 mins 6.7 secs ago`.
fn write_verbose(parts: &Parts, out: &mut impl BufMut) {
    out.put_u8(b'@');
    let (mut is_zero, mut is_before) = (true, false);
    let units = ["year", "mon", "day", "hour", "min"];
    for (value, unit) in parts.all().into_iter().zip(units).filter(|(value, _)| *value != 0) {
        if is_zero {
            is_before = value < 0;
        }
        let value = if is_before { -value } else { value };
        out.put_u8(b' ');
        write_integer(value, out);
        out.put_u8(b' ');
        out.put_slice(unit.as_bytes());
        if value != 1 {
            out.put_u8(b's');
        }
        is_zero = false;
    }
    if parts.micros != 0 {
        out.put_u8(b' ');
        if is_zero {
            is_before = parts.micros < 0;
        } else if (parts.micros < 0) != is_before {
            out.put_u8(b'-');
        }
        write_seconds(parts.micros, 1, out);
        out.put_slice(if parts.micros.abs() == MICROS_PER_SECOND { b" sec" } else { b" secs" });
        is_zero = false;
    }
    if is_zero {
        out.put_slice(b" 0");
    }
    if is_before {
        out.put_slice(b" ago");
    }
}

/// `1-2`, `3 4:05:06`, and with all parts and signs where those do not say it.
fn write_sql_standard(parts: &Parts, out: &mut impl BufMut) {
    let all = parts.all();
    let has_negative = all.iter().any(|part| *part < 0);
    let has_positive = all.iter().any(|part| *part > 0);
    let has_year_month = parts.years != 0 || parts.months != 0;
    let has_day_time = parts.days != 0 || parts.hours != 0 || parts.minutes != 0 || parts.micros != 0;
    let time = |out: &mut dyn FnMut(&[u8])| {
        let mut text = Vec::new();
        write_integer(parts.hours.abs(), &mut text);
        text.put_u8(b':');
        write_padded(parts.minutes.abs(), 2, &mut text);
        text.put_u8(b':');
        write_seconds(parts.micros, 2, &mut text);
        out(&text);
    };
    if !has_negative && !has_positive {
        return out.put_u8(b'0');
    }
    if (has_negative && has_positive) || (has_year_month && has_day_time) {
        let sign = |is_negative: bool| if is_negative { b'-' } else { b'+' };
        out.put_u8(sign(parts.years < 0 || parts.months < 0));
        write_integer(parts.years.abs(), out);
        out.put_u8(b'-');
        write_integer(parts.months.abs(), out);
        out.put_slice(&[b' ', sign(parts.days < 0)]);
        write_integer(parts.days.abs(), out);
        out.put_slice(&[b' ', sign(parts.hours < 0 || parts.minutes < 0 || parts.micros < 0)]);
        return time(&mut |text| out.put_slice(text));
    }
    if has_negative {
        out.put_u8(b'-');
    }
    if has_year_month {
        write_integer(parts.years.abs(), out);
        out.put_u8(b'-');
        write_integer(parts.months.abs(), out);
        return;
    }
    if parts.days != 0 {
        write_integer(parts.days.abs(), out);
        out.put_u8(b' ');
    }
    time(&mut |text| out.put_slice(text));
}

/// `P1Y2M3DT4H5M6S`.
fn write_iso(parts: &Parts, out: &mut impl BufMut) {
    if parts.all().iter().all(|part| *part == 0) {
        return out.put_slice(b"PT0S");
    }
    out.put_u8(b'P');
    let write = |value: i64, letter: u8, out: &mut dyn FnMut(&[u8])| {
        if value != 0 {
            let mut text = Vec::new();
            write_integer(value, &mut text);
            text.put_u8(letter);
            out(&text);
        }
    };
    for (value, letter) in [(parts.years, b'Y'), (parts.months, b'M'), (parts.days, b'D')] {
        write(value, letter, &mut |text| out.put_slice(text));
    }
    if parts.hours == 0 && parts.minutes == 0 && parts.micros == 0 {
        return;
    }
    out.put_u8(b'T');
    for (value, letter) in [(parts.hours, b'H'), (parts.minutes, b'M')] {
        write(value, letter, &mut |text| out.put_slice(text));
    }
    if parts.micros != 0 {
        if parts.micros < 0 {
            out.put_u8(b'-');
        }
        write_seconds(parts.micros, 1, out);
        out.put_u8(b'S');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::datetime::time_zone::Zone;
    use crate::types::{ColumnType, Value};

    fn styled(style: &TextStyle, ty: ColumnType, text: &str) -> String {
        style.text_of(&Value::parse_text(&ty, text).unwrap())
    }

    #[test]
    fn dates_are_shown_in_their_style() {
        let zone = Zone::of_setting("Europe/Berlin").unwrap();
        for (dates, order, date, moment) in [
            (DateStyle::Iso, DateOrder::Dmy, "2024-03-01", "2024-03-01 13:00:00.5+01"),
            (DateStyle::Sql, DateOrder::Mdy, "03/01/2024", "03/01/2024 13:00:00.5 CET"),
            (DateStyle::Sql, DateOrder::Dmy, "01/03/2024", "01/03/2024 13:00:00.5 CET"),
            (DateStyle::Postgres, DateOrder::Mdy, "03-01-2024", "Fri Mar 01 13:00:00.5 2024 CET"),
            (DateStyle::Postgres, DateOrder::Dmy, "01-03-2024", "Fri 01 Mar 13:00:00.5 2024 CET"),
            (DateStyle::German, DateOrder::Mdy, "01.03.2024", "01.03.2024 13:00:00.5 CET"),
        ] {
            let style = TextStyle { zone: zone.clone(), dates, order, ..TextStyle::default() };
            assert_eq!(styled(&style, ColumnType::Date, "2024-03-01"), date);
            assert_eq!(styled(&style, ColumnType::TimestampTz, "2024-03-01 12:00:00.5+00"), moment);
            assert_eq!(styled(&style, ColumnType::Date, "infinity"), "infinity");
        }
        let sql = TextStyle { dates: DateStyle::Sql, ..TextStyle::default() };
        assert_eq!(styled(&sql, ColumnType::Timestamp, "0044-03-15 00:00:00 BC"), "03/15/0044 00:00:00 BC");
    }

    #[test]
    fn intervals_are_shown_in_their_style() {
        for (text, verbose, sql, iso) in [
            ("0", "@ 0", "0", "PT0S"),
            ("1 year 2 mons", "@ 1 year 2 mons", "1-2", "P1Y2M"),
            ("3 days 4:05:06", "@ 3 days 4 hours 5 mins 6 secs", "3 4:05:06", "P3DT4H5M6S"),
            ("-1 day -00:00:01.5", "@ 1 day 1.5 secs ago", "-1 0:00:01.5", "P-1DT-1.5S"),
            ("1 mon -1 day", "@ 1 mon -1 days", "+0-1 -1 +0:00:00", "P1M-1D"),
            ("-1 mon 1 second", "@ 1 mon -1 sec ago", "-0-1 +0 +0:00:01", "P-1MT1S"),
        ] {
            for (style, expected) in [
                (IntervalStyle::PostgresVerbose, verbose),
                (IntervalStyle::SqlStandard, sql),
                (IntervalStyle::Iso8601, iso),
            ] {
                let style = TextStyle { intervals: style, ..TextStyle::default() };
                assert_eq!(styled(&style, ColumnType::Interval, text), expected, "{text}");
            }
        }
    }
}

//! Time zones: of a session, and as they are written behind a time. Offsets, abbreviations, IANA names, POSIX rules.
//!
//! A local time that does not exist, or exists twice, is read as PostgreSQL reads it: by the offset before clocks jump forward,
//! and by the one after they are put back. Beyond the years of the IANA tables their last rules go on.

use std::sync::Arc;

use chrono::{NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::calendar::{
    MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY, civil_from_days, days_from_civil, is_timestamp,
};
use crate::types::datetime::interval_text::parse_interval;
use crate::types::datetime::posix_zone::PosixZone;
use crate::types::datetime::zone_abbreviations::{Abbreviation, abbreviation};
use crate::types::text_style::TextStyle;

/// PostgreSQL's zones are less than so many hours from UTC.
const OFFSET_HOURS_END: i64 = 16;
/// A `TimeZone` that is a number is less than so many hours from UTC.
const SETTING_HOURS_END: f64 = 168.0;
const SECONDS_PER_DAY: i64 = 86_400;
/// The first year that the tables say nothing of, and as many years before it as have one of each kind: leap years that begin
/// on each day of the week, and others.
const TABLES_END: i64 = 2100;
const CALENDAR_CYCLE: i64 = 28;
/// How far the use of an abbreviation is looked for, and in which steps: no zone keeps its clocks for less than some weeks.
/// Before 1900 zones kept the time of a town, each of its own.
const FIRST_USE: i64 = -2_208_988_800;
const ABBREVIATION_YEARS: i64 = 150;
const ABBREVIATION_STEP: i64 = 60 * SECONDS_PER_DAY;

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Microseconds east of UTC.
    Offset(i64),
    Named(Tz),
    Posix(Arc<PosixZone>),
    /// What a zone used an abbreviation for.
    Abbreviated(Tz, Arc<str>),
}

impl Zone {
    pub const UTC: Zone = Zone::Named(Tz::UTC);

    /// The zone of a `TimeZone` setting: an IANA name in any case, hours east of UTC, an interval, POSIX rules. `None` for
    /// what is none.
    pub fn of_setting(text: &str) -> Option<Zone> {
        if let Some(quoted) = text.get(..8).filter(|word| word.eq_ignore_ascii_case("interval")) {
            let quoted = text.get(quoted.len()..)?.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            let interval = parse_interval(quoted, TextStyle::CANONICAL).ok()?;
            let seconds = i32::try_from(interval.micros / MICROS_PER_SECOND).ok()?;
            return (interval.months == 0 && interval.days == 0).then(|| Zone::of_seconds(seconds));
        }
        if let Some(hours) = hours_of(text) {
            #[expect(clippy::cast_possible_truncation, reason = "the hours are bounded")]
            return (hours.abs() < SETTING_HOURS_END).then(|| Zone::of_seconds((hours * 3600.0) as i32));
        }
        iana(text).map(Zone::Named).or_else(|| PosixZone::parse(text).map(|zone| Zone::Posix(Arc::new(zone))))
    }

    /// Whether a `TimeZone` is a number that is too far from UTC.
    pub fn is_too_far(text: &str) -> bool {
        hours_of(text).is_some_and(|hours| hours.is_nan() || hours.abs() >= SETTING_HOURS_END)
    }

    /// The zone that is always so many seconds east of UTC.
    fn of_seconds(east: i32) -> Zone {
        Zone::Posix(Arc::new(PosixZone::of_offset(east)))
    }

    /// The zone that AT TIME ZONE names: an abbreviation, first of those of the session's zone; a name; POSIX rules.
    ///
    /// # Errors
    /// 22023 for what is none.
    pub fn named(name: &str, session: &Zone) -> Result<Zone> {
        let found =
            named_zone(name, session).or_else(|| PosixZone::parse(name).map(|zone| Zone::Posix(Arc::new(zone))));
        found
            .ok_or_else(|| Error::new(ErrorKind::InvalidParameterValue, format!("time zone \"{name}\" not recognized")))
    }

    /// As it is shown.
    pub fn name(&self) -> String {
        match self {
            Zone::Offset(micros) => PosixZone::of_offset(i32::try_from(micros / MICROS_PER_SECOND).unwrap_or(0)).text,
            Zone::Named(zone) => zone.name().to_string(),
            Zone::Posix(zone) => zone.text.clone(),
            Zone::Abbreviated(_, abbreviation) => abbreviation.to_string(),
        }
    }

    /// Microseconds east of UTC at a moment of microseconds since 1970.
    pub fn offset_from(&self, utc: i64) -> i64 {
        let micros = |seconds: i32| i64::from(seconds) * MICROS_PER_SECOND;
        match self {
            Zone::Offset(offset) => *offset,
            Zone::Named(Tz::UTC) => 0,
            Zone::Named(zone) => micros(table_offset(*zone, utc.div_euclid(MICROS_PER_SECOND))),
            Zone::Posix(zone) => micros(zone.at(utc.div_euclid(MICROS_PER_SECOND)).0),
            Zone::Abbreviated(zone, word) => micros(used_offset(*zone, word, utc.div_euclid(MICROS_PER_SECOND))),
        }
    }

    /// The zones of the IANA database.
    pub fn all() -> impl Iterator<Item = Zone> {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| Zone::Named(*zone))
    }

    /// Whether clocks are put forward for the summer at a moment.
    pub fn is_summer_at(&self, utc: i64) -> bool {
        match self {
            Zone::Named(zone) => {
                let table = table_of(*zone, utc.div_euclid(MICROS_PER_SECOND));
                table.is_some_and(|offset| offset.dst_offset() != TimeDelta::zero())
            }
            Zone::Offset(_) | Zone::Posix(_) | Zone::Abbreviated(..) => false,
        }
    }

    /// What a moment's time is called, such as CET; empty where it has only an offset.
    pub fn abbreviation_at(&self, utc: i64) -> String {
        let seconds = utc.div_euclid(MICROS_PER_SECOND);
        match self {
            Zone::Offset(_) => String::new(),
            Zone::Named(zone) => {
                let offset = table_of(*zone, seconds);
                let abbreviation = offset.as_ref().and_then(|offset| offset.abbreviation()).map(str::to_string);
                abbreviation.unwrap_or_else(|| digits_of(table_offset(*zone, seconds)))
            }
            Zone::Posix(zone) => zone.at(seconds).1.to_string(),
            Zone::Abbreviated(_, abbreviation) => abbreviation.to_string(),
        }
    }

    /// Microseconds east of UTC when clocks show a time: of a time that exists twice after they are put back, of one that never
    /// does before they jump.
    pub fn offset_at(&self, local: i64) -> i64 {
        if let Zone::Offset(_) | Zone::Named(Tz::UTC) = self {
            return self.offset_from(local);
        }
        if let Zone::Abbreviated(zone, word) = self {
            let utc = local.saturating_sub(Zone::Named(*zone).offset_at(local));
            return i64::from(used_offset(*zone, word, utc.div_euclid(MICROS_PER_SECOND))) * MICROS_PER_SECOND;
        }
        let before = self.offset_from(local.saturating_sub(MICROS_PER_DAY));
        let after = self.offset_from(local.saturating_add(MICROS_PER_DAY));
        if before == after {
            return before;
        }
        let is_of = |offset: i64| self.offset_from(local.saturating_sub(offset)) == offset;
        match (is_of(before), is_of(after)) {
            (_, true) => after,
            // As it is, and where the time never exists.
            (_, false) => before,
        }
    }

    /// What clocks show at a moment; the infinities stay.
    ///
    /// # Errors
    /// 22008 beyond the range of timestamps.
    pub fn local_time(&self, utc: i64) -> Result<i64> {
        shifted(utc, self.offset_from(utc))
    }

    /// The moment at which clocks show a time, as [`Zone::local_time`] the other way round.
    ///
    /// # Errors
    /// 22008 beyond the range of timestamps.
    pub fn moment_of(&self, local: i64) -> Result<i64> {
        if matches!(local, TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY) {
            return Ok(local);
        }
        shifted(local, -self.offset_at(local))
    }
}

fn shifted(micros: i64, by: i64) -> Result<i64> {
    if matches!(micros, TIMESTAMP_INFINITY | TIMESTAMP_MINUS_INFINITY) {
        return Ok(micros);
    }
    micros
        .checked_add(by)
        .filter(is_timestamp)
        .ok_or_else(|| Error::new(ErrorKind::DatetimeOutOfRange, "timestamp out of range"))
}

/// A number, as C reads it to the end.
fn hours_of(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// What the tables say of a zone at a moment in seconds since 1970.
fn table_of(zone: Tz, utc: i64) -> Option<<Tz as TimeZone>::Offset> {
    naive_of(within_tables(utc)).map(|naive| zone.offset_from_utc_datetime(&naive))
}

/// Seconds east of UTC.
fn table_offset(zone: Tz, utc: i64) -> i32 {
    table_of(zone, utc).map_or(0, |offset| offset.fix().local_minus_utc())
}

/// What a time of a zone without letters for it is called: `-03`, `+1030`.
fn digits_of(seconds: i32) -> String {
    let (sign, east) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let mut digits = format!("{sign}{:02}", east / 3600);
    if east % 3600 != 0 {
        digits.push_str(&format!("{:02}", east / 60 % 60));
    }
    if east % 60 != 0 {
        digits.push_str(&format!("{:02}", east % 60));
    }
    digits
}

/// The offset at a moment where it goes by an abbreviation.
fn offset_of_use(zone: Tz, word: &str, utc: i64) -> Option<i32> {
    let offset = table_of(zone, utc)?;
    let is_used = offset.abbreviation().is_some_and(|name| name.eq_ignore_ascii_case(word));
    is_used.then(|| offset.fix().local_minus_utc())
}

fn naive_of(seconds: i64) -> Option<NaiveDateTime> {
    chrono::DateTime::from_timestamp(seconds, 0).map(|time| time.naive_utc())
}

/// The same moment of a year with the same calendar that the tables know, of a moment after their end.
fn within_tables(utc: i64) -> i64 {
    let days = utc.div_euclid(SECONDS_PER_DAY);
    let (year, _, _) = civil_from_days(i32::try_from(days).unwrap_or(i32::MAX));
    if year < TABLES_END {
        return utc;
    }
    let first = |year| days_from_civil(year, 1, 1).map_or(0, i64::from);
    let kind = |year| (first(year).rem_euclid(7), first(year + 1) - first(year));
    let like = (TABLES_END - CALENDAR_CYCLE..TABLES_END).find(|known| kind(*known) == kind(year));
    like.map_or(utc, |like| utc - (first(year) - first(like)) * SECONDS_PER_DAY)
}

/// Seconds east of UTC that a zone last meant by an abbreviation, at a moment in seconds since 1970: before it, else after it.
fn used_offset(zone: Tz, word: &str, utc: i64) -> i32 {
    let at = |moment: i64| offset_of_use(zone, word, moment);
    let steps = ABBREVIATION_YEARS * 366 * SECONDS_PER_DAY / ABBREVIATION_STEP;
    let before = (0..steps).find_map(|step| at(utc.saturating_sub(step * ABBREVIATION_STEP)));
    let after = || (1..steps).find_map(|step| at(utc.max(FIRST_USE).saturating_add(step * ABBREVIATION_STEP)));
    before.or_else(after).unwrap_or_else(|| table_offset(zone, utc))
}

/// Whether a zone ever used an abbreviation since 1900, looked at once a step.
fn uses(zone: Tz, word: &str) -> bool {
    let steps = ABBREVIATION_YEARS * 366 * SECONDS_PER_DAY / ABBREVIATION_STEP;
    (0..steps).any(|step| offset_of_use(zone, word, FIRST_USE + step * ABBREVIATION_STEP).is_some())
}

/// The zone of an IANA name in any case.
fn iana(name: &str) -> Option<Tz> {
    name.parse()
        .ok()
        .or_else(|| chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name)).copied())
}

/// The moment at which the clocks of a zone show a time; as in ISO 8601, a number says how far east of UTC the zone is.
///
/// # Errors
/// 22023 for a zone of no known name, and a number that is no offset; 22008 beyond the range of timestamps.
pub fn moment_of_offset(zone: &str, local: i64, session: &Zone) -> Result<i64> {
    let wrong = |message: String| Error::new(ErrorKind::InvalidParameterValue, message);
    match zone.chars().next() {
        Some('0'..='9') => {
            let message = format!("invalid input syntax for type numeric time zone: \"{zone}\"");
            Err(wrong(message).with_hint("Numeric time zones must have \"-\" or \"+\" as first character."))
        }
        Some('+' | '-') if zone.chars().skip(1).all(|character| character.is_ascii_digit() || character == ':') => {
            let offset = parse_offset(zone).filter(|micros| micros.abs() < OFFSET_HOURS_END * MICROS_PER_HOUR);
            let offset = offset.ok_or_else(|| wrong(format!("numeric time zone \"{zone}\" out of range")))?;
            shifted(local, -offset)
        }
        _ => Zone::named(zone, session)?.moment_of(local),
    }
}

/// `+hh`, `-hh:mm`, `+hhmm` or `+hh:mm:ss` in microseconds.
pub(super) fn parse_offset(field: &str) -> Option<i64> {
    let (sign, digits) = field.split_at_checked(1)?;
    let parts: Vec<i64> = if digits.contains(':') {
        digits.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?
    } else if digits.len() > 2 {
        let (hours, minutes) = digits.split_at_checked(digits.len() - 2)?;
        vec![hours.parse().ok()?, minutes.parse().ok()?]
    } else {
        vec![digits.parse().ok()?]
    };
    let in_range = |part: Option<&i64>, bound: i64| match part {
        None => Some(0),
        Some(part) => (0..bound).contains(part).then_some(*part),
    };
    if parts.len() > 3 {
        return None;
    }
    let micros = in_range(parts.first(), 100)? * MICROS_PER_HOUR
        + in_range(parts.get(1), 60)? * MICROS_PER_MINUTE
        + in_range(parts.get(2), 60)? * MICROS_PER_SECOND;
    Some(if sign == "-" { -micros } else { micros })
}

/// Microseconds east of UTC of a zone's abbreviation, in any case, where it has always been the same.
pub fn zone_offset_of_abbreviation(word: &str) -> Option<i64> {
    match abbreviation(&word.to_ascii_uppercase())? {
        Abbreviation::Fixed(seconds) => Some(i64::from(seconds) * MICROS_PER_SECOND),
        Abbreviation::Of(_) => None,
    }
}

/// A zone by an abbreviation, first of those of the session's zone, or by its IANA name in any case.
pub(super) fn named_zone(word: &str, session: &Zone) -> Option<Zone> {
    let upper = word.to_ascii_uppercase();
    let is_word = word.bytes().all(|byte| byte.is_ascii_alphabetic());
    if let Zone::Named(zone) = session
        && is_word
        && *zone != Tz::UTC
        && uses(*zone, &upper)
    {
        return Some(Zone::Abbreviated(*zone, upper.into()));
    }
    match abbreviation(&upper) {
        Some(Abbreviation::Fixed(seconds)) => Some(Zone::Offset(i64::from(seconds) * MICROS_PER_SECOND)),
        Some(Abbreviation::Of(name)) => iana(name).map(|zone| Zone::Abbreviated(zone, upper.into())),
        None => iana(word).map(Zone::Named),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ColumnType, Value};

    fn at(text: &str) -> i64 {
        match Value::parse_text(&ColumnType::Timestamp, text).unwrap() {
            Value::Timestamp(micros) => micros,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn times_that_do_not_exist_or_exist_twice_are_read_as_in_postgresql() {
        for (zone, local, utc) in [
            ("Europe/Berlin", "2024-03-31 02:30:00", "2024-03-31 01:30:00"),
            ("Europe/Berlin", "2024-10-27 02:30:00", "2024-10-27 01:30:00"),
            ("Europe/Berlin", "2024-10-27 01:59:59", "2024-10-26 23:59:59"),
            ("America/New_York", "2024-03-10 02:30:00", "2024-03-10 07:30:00"),
            ("America/New_York", "2024-11-03 01:30:00", "2024-11-03 06:30:00"),
            ("EST5EDT,M3.2.0,M11.1.0", "2024-11-03 01:30:00", "2024-11-03 06:30:00"),
            ("Europe/Berlin", "2500-07-01 12:00:00", "2500-07-01 10:00:00"),
            ("Europe/Berlin", "200000-07-01 12:00:00", "200000-07-01 10:00:00"),
            ("Australia/Lord_Howe", "2024-04-07 01:45:00", "2024-04-06 15:15:00"),
            ("MSK", "2012-01-01 00:00:00", "2011-12-31 20:00:00"),
            ("PST", "2024-07-01 00:00:00", "2024-07-01 08:00:00"),
            ("<+03>-3", "2024-07-01 00:00:00", "2024-06-30 21:00:00"),
        ] {
            let zone = Zone::named(zone, &Zone::UTC).unwrap();
            assert_eq!(zone.moment_of(at(local)).unwrap(), at(utc), "{zone:?} {local}");
        }
        assert_eq!(Zone::named("nonsense", &Zone::UTC).unwrap_err().sqlstate(), "22023");
    }

    #[test]
    fn zones_of_settings_are_named_as_in_postgresql() {
        for (text, name) in [
            ("utc", "UTC"),
            ("europe/berlin", "Europe/Berlin"),
            ("-7.5", "<-07:30>+07:30"),
            ("0", "<+00>-00"),
            ("+3", "<+03>-03"),
            ("+05:30", "+05:30"),
            ("<+03>-3", "<+03>-3"),
            ("foo3", "FOO3"),
            ("interval '-08:15'", "<-08:15>+08:15"),
        ] {
            assert_eq!(Zone::of_setting(text).map(|zone| zone.name()).as_deref(), Some(name), "{text}");
        }
        for text in ["", "Z", "PST", " UTC", "168", "nan", "default", "AB,3", "interval 3", "interval '1 day'"] {
            assert_eq!(Zone::of_setting(text), None, "{text}");
        }
        assert!(Zone::is_too_far("168") && !Zone::is_too_far("UTC"));
    }
}

//! Dates and times in paths, in the forms of ISO 8601.

use std::cmp::Ordering;
use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::types::column_type::ColumnType;
use crate::types::datetime::calendar::{MICROS_PER_DAY, MICROS_PER_MINUTE, join_timestamp, split_timestamp};
use crate::types::datetime::time_zone::{Zone, zone_offset_of_abbreviation};
use crate::types::formats::{StandardTime, standard_time};
use crate::types::json::path::execute::{Attempt, PathFailure};
use crate::types::value::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeKind {
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
}

impl TimeKind {
    pub fn name(self) -> &'static str {
        match self {
            TimeKind::Date => "date",
            TimeKind::Time => "time without time zone",
            TimeKind::TimeTz => "time with time zone",
            TimeKind::Timestamp => "timestamp without time zone",
            TimeKind::TimestampTz => "timestamp with time zone",
        }
    }

    fn short_name(self) -> &'static str {
        match self {
            TimeKind::Date => "date",
            TimeKind::Time => "time",
            TimeKind::TimeTz => "timetz",
            TimeKind::Timestamp => "timestamp",
            TimeKind::TimestampTz => "timestamptz",
        }
    }
}

/// The zone of a session, and when its transaction began, in microseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct PathZone<'e> {
    pub zone: &'e Zone,
    pub now: i64,
}

/// A date or a time: microseconds since 1970 or of the day, as clocks at the offset show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathTime {
    pub kind: TimeKind,
    local: i64,
    /// Microseconds east of UTC.
    offset: i64,
}

impl PathTime {
    fn moment(self) -> i64 {
        self.local.saturating_sub(self.offset)
    }

    /// The time as another kind; none where there is no way.
    ///
    /// # Errors
    /// 0A000 where the zone of the session would be needed and may not be used.
    pub fn converted(self, kind: TimeKind, session: Option<PathZone<'_>>) -> Attempt<Option<PathTime>> {
        use TimeKind::{Date, Time, TimeTz, Timestamp, TimestampTz};
        let day = || self.local.div_euclid(MICROS_PER_DAY) * MICROS_PER_DAY;
        let of = |local, offset| Some(PathTime { kind, local, offset });
        let needs_zone = matches!(
            (self.kind, kind),
            (TimestampTz, Date | Time | Timestamp) | (TimeTz, Time) | (Time, TimeTz) | (Date | Timestamp, TimestampTz)
        );
        if needs_zone && session.is_none() {
            return Err(without_zone(self.kind, kind));
        }
        let in_zone =
            |moment: i64| moment.saturating_add(session.map_or(0, |session| session.zone.offset_from(moment)));
        let offset_at = |local: i64| session.map_or(0, |session| session.zone.offset_at(local));
        let offset_now = || session.map_or(0, |session| session.zone.offset_from(session.now));
        Ok(match (self.kind, kind) {
            (from, to) if from == to => Some(self),
            (Timestamp, Date) => of(day(), 0),
            (TimestampTz, Date) => of(in_zone(self.moment()).div_euclid(MICROS_PER_DAY) * MICROS_PER_DAY, 0),
            (TimeTz, Time) => of(self.local, 0),
            (Timestamp, Time) => of(self.local.rem_euclid(MICROS_PER_DAY), 0),
            (TimestampTz, Time) => of(in_zone(self.moment()).rem_euclid(MICROS_PER_DAY), 0),
            (TimestampTz, TimeTz) => {
                let local = in_zone(self.moment());
                of(local.rem_euclid(MICROS_PER_DAY), local.saturating_sub(self.moment()))
            }
            (Time, TimeTz) => of(self.local, offset_now()),
            (Date, Timestamp) => of(self.local, 0),
            (Date | Timestamp, TimestampTz) => of(self.local, offset_at(self.local)),
            (TimestampTz, Timestamp) => of(in_zone(self.moment()), 0),
            _ => None,
        })
    }

    /// Rounded to so many digits of the second's fraction.
    pub fn rounded(self, digits: u32) -> PathTime {
        if digits >= 6 || self.kind == TimeKind::Date {
            return self;
        }
        let unit = 10_i64.pow(6 - digits);
        PathTime { local: (self.local + unit / 2).div_euclid(unit) * unit, ..self }
    }
}

fn without_zone(from: TimeKind, to: TimeKind) -> PathFailure {
    let message =
        format!("cannot convert value from {} to {} without time zone usage", from.short_name(), to.short_name());
    PathFailure::Other(Error::unsupported(message, "Use *_tz() function for time zone support."))
}

impl fmt::Display for PathTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, micros) = split_timestamp(self.local);
        let date = || Value::Date(days).to_text();
        let time = || Value::Time(micros).to_text();
        match self.kind {
            TimeKind::Date => f.write_str(&date())?,
            TimeKind::Time | TimeKind::TimeTz => f.write_str(&time())?,
            TimeKind::Timestamp | TimeKind::TimestampTz => write!(f, "{}T{}", date(), time())?,
        }
        if matches!(self.kind, TimeKind::TimeTz | TimeKind::TimestampTz) {
            let minutes = self.offset.abs() / MICROS_PER_MINUTE;
            let sign = if self.offset < 0 { '-' } else { '+' };
            write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)?;
        }
        Ok(())
    }
}

/// The order of two times; none for those that do not compare.
///
/// # Errors
/// 0A000 where the zone of the session would be needed and may not be used.
pub fn compare_times(left: &PathTime, right: &PathTime, session: Option<PathZone<'_>>) -> Attempt<Option<Ordering>> {
    use TimeKind::{Date, Time, TimeTz, Timestamp, TimestampTz};
    let has_day = |kind| matches!(kind, Date | Timestamp | TimestampTz);
    if has_day(left.kind) != has_day(right.kind) {
        return Ok(None);
    }
    let needs_zone = match (left.kind, right.kind) {
        (Date, TimestampTz) | (Timestamp, TimestampTz) | (Time, TimeTz) => Some((left.kind, right.kind)),
        (TimestampTz, Date) | (TimestampTz, Timestamp) | (TimeTz, Time) => Some((right.kind, left.kind)),
        _ => None,
    };
    if let Some((from, to)) = needs_zone.filter(|_| session.is_none()) {
        return Err(without_zone(from, to));
    }
    // Beside one that has a zone, a time without is one of the session's.
    let moment = |time: &PathTime| match (needs_zone, time.kind, session) {
        (Some(_), Date | Timestamp, Some(session)) => time.local.saturating_sub(session.zone.offset_at(time.local)),
        (Some(_), Time, Some(session)) => time.local.saturating_sub(session.zone.offset_from(session.now)),
        _ => time.moment(),
    };
    let order = moment(left).cmp(&moment(right));
    // Of two times of one moment, the one further east comes first.
    let is_time = !has_day(left.kind) && (left.kind == TimeTz || right.kind == TimeTz);
    let offset = |time: &PathTime| match (time.kind, session) {
        (Time, Some(session)) => session.zone.offset_from(session.now),
        _ => time.offset,
    };
    Ok(Some(if is_time { order.then(offset(right).cmp(&offset(left))) } else { order }))
}

/// Reads what a template says.
///
/// # Errors
/// As [`standard_time`]; 22007 for a template with a zone that the text has not, 22008 beyond the range of timestamps.
pub fn parse_by_template(text: &str, template: &str) -> Result<PathTime, Error> {
    let StandardTime { time, is_dated, is_timed, is_zoned } = standard_time(text, template)?;
    let kind = match (is_dated, is_timed, is_zoned) {
        (true, true, true) => TimeKind::TimestampTz,
        (true, true, false) => TimeKind::Timestamp,
        (true, false, _) => TimeKind::Date,
        (false, _, true) => TimeKind::TimeTz,
        (false, _, false) => TimeKind::Time,
    };
    let (micros, zone) = time.clock();
    let days = if is_dated { time.date(text)? } else { 0 };
    let local = join_timestamp(days, if is_timed { micros } else { 0 })?;
    if is_zoned && zone.is_none() {
        let message = format!("missing time zone in input string for type {}", kind.short_name());
        return Err(Error::new(ErrorKind::InvalidDatetimeFormat, message));
    }
    let read = PathTime { kind, local, offset: zone.filter(|_| is_zoned).unwrap_or(0) };
    Ok(time.precision().map_or(read, |digits| read.rounded(u32::from(digits))))
}

/// Reads a date, a time, or both with a blank or `T` between them, with an offset or without.
pub fn parse_time(text: &str) -> Option<PathTime> {
    let is_date = text.get(4..5) == Some("-");
    if !is_date {
        let (local, offset) = clock(text)?;
        let kind = if offset.is_some() { TimeKind::TimeTz } else { TimeKind::Time };
        return Some(PathTime { kind, local, offset: offset.unwrap_or(0) });
    }
    let (date, behind) = text.split_at_checked(10)?;
    let is_plain = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let days = match Value::parse_text(&ColumnType::Date, date) {
        Ok(Value::Date(days)) if is_plain => days,
        _ => return None,
    };
    if behind.is_empty() {
        return Some(PathTime { kind: TimeKind::Date, local: join_timestamp(days, 0).ok()?, offset: 0 });
    }
    let (local, offset) = clock(behind.strip_prefix([' ', 'T'])?)?;
    let kind = if offset.is_some() { TimeKind::TimestampTz } else { TimeKind::Timestamp };
    Some(PathTime { kind, local: join_timestamp(days, local).ok()?, offset: offset.unwrap_or(0) })
}

/// `HH:MI:SS[.US]` and an offset.
fn clock(text: &str) -> Option<(i64, Option<i64>)> {
    let end = text.find(|character: char| !character.is_ascii_digit() && character != ':' && character != '.');
    let (clock, zone) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let parts: Vec<&str> = clock.split(':').collect();
    let [hours, minutes, seconds] = parts.as_slice() else { return None };
    let (seconds, fraction) = seconds.split_once('.').map_or((*seconds, None), |(whole, rest)| (whole, Some(rest)));
    let number = |text: &str, end: i64| {
        let is_plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| is_plain && *number < end)
    };
    let micros = match fraction {
        None => 0,
        Some(digits) if (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{digits:0<6}").parse::<i64>().ok()?
        }
        Some(_) => return None,
    };
    let local = ((number(hours, 24)? * 60 + number(minutes, 60)?) * 60 + number(seconds, 60)?) * 1_000_000 + micros;
    Some((local, zone_offset(zone.trim_start_matches(' '))?))
}

/// An offset such as `+02` or `-05:30`, or an abbreviation; none where there is none.
fn zone_offset(text: &str) -> Option<Option<i64>> {
    if text.is_empty() {
        return Some(None);
    }
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return zone_offset_of_abbreviation(text).map(Some),
    };
    let (hours, minutes) = text.get(1..)?.split_once(':').unwrap_or((text.get(1..)?, "0"));
    let hours: i64 = hours.parse().ok().filter(|hours| *hours <= 15)?;
    let minutes: i64 = minutes.parse().ok().filter(|minutes| *minutes < 60)?;
    Some(Some(sign * (hours * 60 + minutes) * MICROS_PER_MINUTE))
}

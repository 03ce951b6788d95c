//! Time zones as they are written behind a time: offsets, abbreviations and IANA names.

use chrono::{NaiveDateTime, Offset, TimeZone};

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::calendar::{MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND};

/// PostgreSQL's zones are less than so many hours from UTC.
const OFFSET_HOURS_END: i64 = 16;

#[derive(Clone, Copy)]
pub(super) enum Zone {
    /// Microseconds east of UTC.
    Offset(i64),
    Named(chrono_tz::Tz),
}

impl Zone {
    /// Microseconds east of UTC at a local time: after the jump where it happens twice, before it where it never
    /// happens.
    pub(super) fn offset_at(self, local: i64) -> Option<i64> {
        let zone = match self {
            Zone::Offset(micros) => return Some(micros),
            Zone::Named(zone) => zone,
        };
        let naive: NaiveDateTime = chrono::DateTime::from_timestamp_micros(local)?.naive_utc();
        let seconds = match zone.offset_from_local_datetime(&naive).latest() {
            Some(offset) => offset.fix().local_minus_utc(),
            None => zone.offset_from_utc_datetime(&naive).fix().local_minus_utc(),
        };
        Some(i64::from(seconds) * MICROS_PER_SECOND)
    }

    /// Microseconds east of UTC at a moment.
    fn offset_from(self, utc: i64) -> Option<i64> {
        match self {
            Zone::Offset(micros) => Some(micros),
            Zone::Named(zone) => {
                let naive: NaiveDateTime = chrono::DateTime::from_timestamp_micros(utc)?.naive_utc();
                let seconds = zone.offset_from_utc_datetime(&naive).fix().local_minus_utc();
                Some(i64::from(seconds) * MICROS_PER_SECOND)
            }
        }
    }
}

/// What the clocks of a zone show at a moment; both in microseconds since 1970. The infinities stay.
///
/// # Errors
/// 22023 for a zone of no known name.
pub fn local_time(zone: &str, utc: i64) -> Result<i64> {
    Ok(utc.saturating_add(known_zone(zone)?.offset_from(utc).unwrap_or(0)))
}

/// The moment at which the clocks of a zone show a time, as [`local_time`] the other way round.
///
/// # Errors
/// 22023 for a zone of no known name.
pub fn moment_of(zone: &str, local: i64) -> Result<i64> {
    Ok(local.saturating_sub(known_zone(zone)?.offset_at(local).unwrap_or(0)))
}

/// The moment at which the clocks of a zone show a time; as in ISO 8601, a number says how far east of UTC the zone is.
///
/// # Errors
/// 22023 for a zone of no known name, and a number that is no offset.
pub fn moment_of_offset(zone: &str, local: i64) -> Result<i64> {
    let wrong = |message: String| Error::new(ErrorKind::InvalidParameterValue, message);
    match zone.chars().next() {
        Some('0'..='9') => {
            let message = format!("invalid input syntax for type numeric time zone: \"{zone}\"");
            Err(wrong(message).with_hint("Numeric time zones must have \"-\" or \"+\" as first character."))
        }
        Some('+' | '-') if zone.chars().skip(1).all(|character| character.is_ascii_digit() || character == ':') => {
            let offset = parse_offset(zone).filter(|micros| micros.abs() < OFFSET_HOURS_END * MICROS_PER_HOUR);
            let offset = offset.ok_or_else(|| wrong(format!("numeric time zone \"{zone}\" out of range")))?;
            Ok(local.saturating_sub(offset))
        }
        _ => moment_of(zone, local),
    }
}

fn known_zone(name: &str) -> Result<Zone> {
    named_zone(name.trim(), &name.trim().to_ascii_lowercase()).ok_or_else(|| {
        Error::new(ErrorKind::InvalidParameterValue, format!("time zone \"{name}\" not recognized"))
            .with_hint("Name a zone of the IANA database, such as Europe/Zurich.")
    })
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

/// Microseconds east of UTC of a zone's abbreviation, in any case.
pub fn zone_offset_of_abbreviation(word: &str) -> Option<i64> {
    let lower = word.to_ascii_lowercase();
    match lower.as_str() {
        "utc" | "gmt" | "z" | "zulu" | "uct" | "ut" => Some(0),
        "est" | "mst" | "hst" => named_zone(word, &lower).and_then(|zone| zone.offset_from(0)),
        _ => match named_zone("", &lower)? {
            Zone::Offset(micros) => Some(micros),
            Zone::Named(_) => None,
        },
    }
}

/// A zone by its IANA name in any case, or by a common abbreviation.
pub(super) fn named_zone(word: &str, lower: &str) -> Option<Zone> {
    let hours = match lower {
        "est" | "cdt" => -5,
        "edt" => -4,
        "cst" | "mdt" => -6,
        "mst" | "pdt" => -7,
        "pst" => -8,
        "cet" | "bst" | "west" => 1,
        "cest" | "eet" => 2,
        "eest" | "msk" => 3,
        "jst" => 9,
        "wet" => 0,
        _ => {
            let zone = chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(word))?;
            return Some(Zone::Named(*zone));
        }
    };
    Some(Zone::Offset(hours * MICROS_PER_HOUR))
}

//! Reading dates, times and timestamps in PostgreSQL's input syntax (documentation, appendix B.1; the numbers of a date in
//! the order of `DateStyle`).
//!
//! The text is cut into fields (a date, a time, a zone, words, bare numbers) that may come in any order, then the fields
//! are assembled. Words that mean the current time (`now`, `today`) are refused: reading a text never asks a clock.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::calendar::{
    DATE_INFINITY, DATE_MINUS_INFINITY, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND,
    civil_from_days, days_from_civil, days_in_month, is_timestamp, join_timestamp,
};
use crate::types::datetime::datetime_words::{
    Special, is_weekday, length_while, month_of, named_month_date_length, signed_length, word_length,
};
use crate::types::datetime::posix_zone::PosixZone;
use crate::types::datetime::time_zone::{Zone, named_zone, parse_offset};
use crate::types::numbers::excerpt;
use crate::types::text_style::{DateOrder, TextStyle};

/// Longest text that can be a date or time; PostgreSQL's bound is of this order.
const TEXT_BYTES_MAX: usize = 128;
/// Zones outside of `Etc/` whose offset never changed.
const FIXED_ZONES: [&str; 11] =
    ["EST", "GMT", "GMT+0", "GMT-0", "GMT0", "Greenwich", "HST", "MST", "UCT", "UTC", "Universal"];
/// Days from the beginning of Julian days to 1970.
const JULIAN_EPOCH: i32 = 2_440_588;
/// Largest offset from UTC in hours.
const OFFSET_HOURS_MAX: i64 = 15;

/// Reads a `date`: days since 1970-01-01.
pub(crate) fn parse_date(text: &str, style: &TextStyle) -> Result<i32> {
    let fields = Fields::read("date", text, style)?;
    match fields.special {
        Some(Special::Infinity) => return Ok(DATE_INFINITY),
        Some(Special::MinusInfinity) => return Ok(DATE_MINUS_INFINITY),
        Some(Special::Epoch) => return Ok(0),
        None => {}
    }
    fields.days()
}

/// Reads a `time`: microseconds since midnight, up to and including 24:00.
pub(crate) fn parse_time(text: &str, style: &TextStyle) -> Result<i64> {
    let fields = Fields::read("time", text, style)?;
    match fields.time {
        Some(_) => fields.micros_of_day(),
        None => Err(invalid("time", text)),
    }
}

/// Reads a `timestamp`; a zone is accepted and ignored, as in PostgreSQL.
pub(crate) fn parse_timestamp(text: &str, style: &TextStyle) -> Result<i64> {
    let fields = Fields::read("timestamp", text, style)?;
    match fields.special {
        Some(special) => Ok(special.timestamp()),
        None => join_timestamp(fields.days()?, fields.micros_of_day()?).map_err(|_| timestamp_out_of_range(text)),
    }
}

/// Reads a `timestamptz` as UTC; a text without a zone is of the zone of the session.
pub(crate) fn parse_timestamptz(text: &str, style: &TextStyle) -> Result<i64> {
    let fields = Fields::read("timestamp with time zone", text, style)?;
    if let Some(special) = fields.special {
        return Ok(special.timestamp());
    }
    let local = join_timestamp(fields.days()?, fields.micros_of_day()?).map_err(|_| timestamp_out_of_range(text))?;
    let offset = fields.zone.as_ref().unwrap_or(&style.zone).offset_at(local);
    local.checked_sub(offset).filter(is_timestamp).ok_or_else(|| timestamp_out_of_range(text))
}

fn invalid(type_name: &str, text: &str) -> Error {
    let message = format!("invalid input syntax for type {type_name}: \"{}\"", excerpt(text));
    Error::new(ErrorKind::InvalidDatetimeFormat, message)
}

fn out_of_range(text: &str) -> Error {
    Error::new(ErrorKind::DatetimeOutOfRange, format!("date/time field value out of range: \"{}\"", excerpt(text)))
}

fn timestamp_out_of_range(text: &str) -> Error {
    Error::new(ErrorKind::DatetimeOutOfRange, format!("timestamp out of range: \"{}\"", excerpt(text)))
}

/// What was found in a text, each at most once.
struct Fields<'a> {
    type_name: &'a str,
    text: &'a str,
    date: Option<(i64, i64, i64)>,
    /// Named month and bare numbers, until the date is complete: `Jan 2 2024`, `2 Jan 2024`.
    month: Option<i64>,
    numbers: Vec<&'a str>,
    time: Option<i64>,
    afternoon: Option<bool>,
    zone: Option<Zone>,
    is_bc: bool,
    /// The year was written with two digits at most.
    is_short_year: bool,
    /// A Julian day is expected: `J2451187`.
    is_julian: bool,
    special: Option<Special>,
    style: &'a TextStyle,
}

impl<'a> Fields<'a> {
    fn read(type_name: &'a str, text: &'a str, style: &'a TextStyle) -> Result<Fields<'a>> {
        let mut fields = Fields {
            type_name,
            text,
            date: None,
            month: None,
            numbers: Vec::new(),
            time: None,
            afternoon: None,
            zone: None,
            is_bc: false,
            is_short_year: false,
            is_julian: false,
            special: None,
            style,
        };
        let mut rest = text.trim_ascii();
        if rest.is_empty() || rest.len() > TEXT_BYTES_MAX || !rest.is_ascii() {
            return Err(invalid(type_name, text));
        }
        while let Some(first) = rest.bytes().next() {
            let length = match first {
                b' ' | b',' | b'\t' | b'\n' | b'\r' => {
                    rest = rest.get(1..).unwrap_or_default();
                    continue;
                }
                b'0'..=b'9' => length_while(rest, |byte| byte.is_ascii_digit() || b":./-".contains(&byte))
                    .max(named_month_date_length(rest)),
                b'+' | b'-' => signed_length(rest),
                _ if first.is_ascii_alphabetic() => word_length(rest),
                _ => return Err(invalid(type_name, text)),
            };
            let (field, after) = rest.split_at_checked(length).ok_or_else(|| invalid(type_name, text))?;
            // A time may have its zone right behind it: 10:00-05.
            let kept = fields.field(first, field)?;
            rest = rest.get(kept..).unwrap_or(after);
        }
        fields.complete()?;
        Ok(fields)
    }

    fn invalid(&self) -> Error {
        invalid(self.type_name, self.text)
    }

    /// Takes one field; returns how many of its bytes were used.
    fn field(&mut self, first: u8, field: &'a str) -> Result<usize> {
        match first {
            b'0'..=b'9' => self.digits(field),
            b'+' | b'-' => {
                match field.to_ascii_lowercase().as_str() {
                    "-infinity" | "-inf" => self.set_special(Special::MinusInfinity)?,
                    "+infinity" | "+inf" => self.set_special(Special::Infinity)?,
                    _ => self.set_zone(field)?,
                }
                Ok(field.len())
            }
            _ => self.word(field),
        }
    }

    fn digits(&mut self, field: &'a str) -> Result<usize> {
        let digits = length_while(field, |byte| byte.is_ascii_digit());
        match field.as_bytes().get(digits) {
            Some(b':') => {
                let length = length_while(field, |byte| byte.is_ascii_digit() || byte == b':' || byte == b'.');
                self.set_time(field.get(..length).unwrap_or_default())?;
                Ok(length)
            }
            _ if self.is_julian => self.set_julian(field, digits),
            // ISO's basic form of a time, 030405.678, which may have its zone right behind it.
            Some(b'.' | b'-') if self.may_be_time(field) => {
                let length = length_while(field, |byte| byte.is_ascii_digit() || byte == b'.');
                self.set_packed_time(field.get(..length).unwrap_or_default())?;
                Ok(length)
            }
            Some(_) => {
                self.set_date(field)?;
                Ok(field.len())
            }
            // ISO's basic forms: 20240102 and, after a date, 030405.
            None if (self.has_date() || self.type_name == "time")
                && self.time.is_none()
                && (digits == 4 || digits == 6) =>
            {
                self.set_packed_time(field)?;
                Ok(digits)
            }
            None if !self.has_date() && (digits == 8 || digits == 6) => {
                let (year, month_day) = field.split_at_checked(digits - 4).ok_or_else(|| self.invalid())?;
                let (month, day) = month_day.split_at_checked(2).ok_or_else(|| self.invalid())?;
                self.date = Some((self.year(year)?, self.number(month)?, self.number(day)?));
                Ok(digits)
            }
            None => {
                self.numbers.push(field);
                Ok(digits)
            }
        }
    }

    fn has_date(&self) -> bool {
        self.date.is_some() || self.numbers.len() == if self.month.is_some() { 2 } else { 3 }
    }

    /// Whether digits with a point or a sign behind them are a time, with a zone or without.
    fn may_be_time(&self, field: &str) -> bool {
        let whole = length_while(field, |byte| byte.is_ascii_digit());
        let behind = field.get(whole..).unwrap_or_default();
        let fraction =
            behind.strip_prefix('.').map_or(0, |behind| length_while(behind, |byte| byte.is_ascii_digit()) + 1);
        let zone = behind.get(fraction..).unwrap_or_default();
        // A second sign makes a date of it.
        let is_end = zone.is_empty() || (zone.starts_with('-') && zone.matches('-').count() == 1);
        is_end
            && self.time.is_none()
            && (matches!(whole, 4 | 6) || fraction > 0)
            && (self.has_date() || self.type_name == "time")
    }

    /// A Julian day, whose fraction is a time.
    fn set_julian(&mut self, field: &str, digits: usize) -> Result<usize> {
        let days = self.number(field.get(..digits).unwrap_or_default())?;
        let days = i32::try_from(days).ok().and_then(|days| days.checked_sub(JULIAN_EPOCH));
        self.date = Some(civil_from_days(days.ok_or_else(|| out_of_range(self.text))?));
        self.is_julian = false;
        let Some(behind) = field.get(digits..).and_then(|behind| behind.strip_prefix('.')) else { return Ok(digits) };
        let length = length_while(behind, |byte| byte.is_ascii_digit());
        let fraction: f64 = format!("0.{}", behind.get(..length).unwrap_or_default()).parse().unwrap_or_default();
        if self.time.is_some() {
            return Err(self.invalid());
        }
        self.time = Some(micros_of_days(fraction));
        Ok(digits + 1 + length)
    }

    fn number(&self, digits: &str) -> Result<i64> {
        digits.parse().map_err(|_| self.invalid())
    }

    /// A year. Two digits are of a century that is known when all fields are.
    fn year(&mut self, digits: &str) -> Result<i64> {
        self.is_short_year = digits.len() <= 2;
        self.number(digits)
    }

    fn set_date(&mut self, field: &str) -> Result<()> {
        let parts: Vec<&str> = field.split(['-', '/', '.']).collect();
        let &[first, second, third] = parts.as_slice() else {
            return match *parts.as_slice() {
                // Year and day of the year: 2024.037 or 2024-037.
                [year, day] if year.len() >= 3 && day.len() == 3 => self.set_day_of_year(year, day),
                _ => Err(self.invalid()),
            };
        };
        if self.date.is_some() {
            return Err(self.invalid());
        }
        let date = if let Some(month) = month_of(second) {
            let is_year_first = first.len() >= 3 || (self.style.order == DateOrder::Ymd && third.len() < 3);
            let (year, day) = if is_year_first { (first, third) } else { (third, first) };
            (self.year(year)?, month, self.number(day)?)
        } else if let Some(month) = month_of(first) {
            (self.year(third)?, month, self.number(second)?)
        } else if first.len() >= 3 {
            (self.year(first)?, self.number(second)?, self.number(third)?)
        } else {
            match self.style.order {
                DateOrder::Mdy => (self.year(third)?, self.number(first)?, self.number(second)?),
                DateOrder::Dmy => (self.year(third)?, self.number(second)?, self.number(first)?),
                DateOrder::Ymd => (self.year(first)?, self.number(second)?, self.number(third)?),
            }
        };
        self.date = Some(date);
        Ok(())
    }

    fn set_day_of_year(&mut self, year: &str, day: &str) -> Result<()> {
        let (year, mut day) = (self.number(year)?, self.number(day)?);
        let mut month = 1;
        while month < 12 && day > days_in_month(year, month) {
            day -= days_in_month(year, month);
            month += 1;
        }
        self.date = Some((year, month, day));
        Ok(())
    }

    fn set_time(&mut self, field: &str) -> Result<()> {
        if self.time.is_some() {
            return Err(self.invalid());
        }
        let mut parts = field.split(':');
        let hours = self.number(parts.next().unwrap_or_default())?;
        let minutes = self.number(parts.next().unwrap_or_default())?;
        let seconds = match parts.next() {
            Some(seconds) => self.seconds(seconds)?,
            None => 0,
        };
        if parts.next().is_some() {
            return Err(self.invalid());
        }
        self.time = Some(self.time_of(hours, minutes, seconds)?);
        Ok(())
    }

    /// `hhmm` or `hhmmss`, the latter with a fraction.
    fn set_packed_time(&mut self, field: &str) -> Result<()> {
        if self.time.is_some() {
            return Err(self.invalid());
        }
        let two = |start: usize| self.number(field.get(start..start + 2).unwrap_or_default());
        let seconds = match field.get(4..) {
            None | Some("") => 0,
            Some(seconds) => self.seconds(seconds)?,
        };
        self.time = Some(self.time_of(two(0)?, two(2)?, seconds)?);
        Ok(())
    }

    /// Microseconds of `ss` or `ss.ffffff`, rounded.
    fn seconds(&self, text: &str) -> Result<i64> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if whole.len() > 2 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.invalid());
        }
        Ok(self.number(whole)? * MICROS_PER_SECOND + micros_of_fraction(fraction))
    }

    fn time_of(&self, hours: i64, minutes: i64, second_micros: i64) -> Result<i64> {
        let fits = (0..=24).contains(&hours)
            && (0..60).contains(&minutes)
            && (0..=60 * MICROS_PER_SECOND).contains(&second_micros);
        if !fits {
            return Err(out_of_range(self.text));
        }
        let micros = hours * MICROS_PER_HOUR + minutes * MICROS_PER_MINUTE + second_micros;
        if micros > MICROS_PER_DAY { Err(out_of_range(self.text)) } else { Ok(micros) }
    }

    fn set_zone(&mut self, field: &str) -> Result<()> {
        if self.zone.is_some() {
            return Err(self.invalid());
        }
        let micros = parse_offset(field).ok_or_else(|| self.invalid())?;
        if micros.abs() > (OFFSET_HOURS_MAX + 1) * MICROS_PER_HOUR {
            let message = format!("time zone displacement out of range: \"{}\"", excerpt(self.text));
            return Err(Error::new(ErrorKind::DatetimeOutOfRange, message));
        }
        self.zone = Some(Zone::Offset(micros));
        Ok(())
    }

    fn set_special(&mut self, special: Special) -> Result<()> {
        match self.special.replace(special) {
            None => Ok(()),
            Some(_) => Err(self.invalid()),
        }
    }

    fn word(&mut self, word: &'a str) -> Result<usize> {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "infinity" | "inf" => self.set_special(Special::Infinity)?,
            "epoch" => self.set_special(Special::Epoch)?,
            "bc" => self.is_bc = true,
            "ad" | "on" | "at" | "t" => {}
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            "j" | "jd" | "julian" if !self.is_julian => self.is_julian = true,
            "j" | "jd" | "julian" => return Err(self.invalid()),
            "allballs" => self.time = Some(0),
            "now" | "today" | "tomorrow" | "yesterday" => {
                return Err(self.invalid().with_hint("use CURRENT_TIMESTAMP or CURRENT_DATE"));
            }
            "z" | "zulu" | "utc" | "gmt" | "ut" | "uct" => self.zone = Some(Zone::Offset(0)),
            _ => {
                if let Some(month) = month_of(word) {
                    self.month = Some(month);
                } else if word.split_once('-').is_some_and(|(name, _)| month_of(name).is_some()) {
                    self.set_date(word)?;
                } else if !is_weekday(&lower) {
                    let zone = named_zone(word, &self.style.zone).or_else(|| {
                        let has_digits = word.bytes().any(|byte| byte.is_ascii_digit());
                        PosixZone::parse(word).filter(|_| has_digits).map(|zone| Zone::Posix(Arc::new(zone)))
                    });
                    self.zone = Some(zone.ok_or_else(|| self.invalid())?);
                }
            }
        }
        Ok(word.len())
    }

    /// Puts a named month and bare numbers together, and refuses leftovers.
    fn complete(&mut self) -> Result<()> {
        match (self.month, self.numbers.as_slice()) {
            (None, []) => {}
            // Numbers with blanks between them: 2024 01 02.
            (None, &[first, second, third]) if self.date.is_none() => {
                let order = if first.len() >= 3 { DateOrder::Ymd } else { self.style.order };
                self.date = Some(match order {
                    DateOrder::Ymd => (self.year(first)?, self.number(second)?, self.number(third)?),
                    DateOrder::Mdy => (self.year(third)?, self.number(first)?, self.number(second)?),
                    DateOrder::Dmy => (self.year(third)?, self.number(second)?, self.number(first)?),
                });
            }
            (Some(month), &[first, second]) if self.date.is_none() => {
                let is_year_first = first.len() >= 3 || (self.style.order == DateOrder::Ymd && second.len() < 3);
                let (year, day) = if is_year_first { (first, second) } else { (second, first) };
                self.date = Some((self.year(year)?, month, self.number(day)?));
            }
            _ => return Err(self.invalid()),
        }
        if self.special.is_some() && (self.date.is_some() || self.time.is_some() || self.zone.is_some()) {
            return Err(self.invalid());
        }
        // Which offset a region has follows from the day.
        let is_region = match &self.zone {
            Some(Zone::Named(zone)) => !zone.name().starts_with("Etc/") && !FIXED_ZONES.contains(&zone.name()),
            Some(Zone::Abbreviated(..)) => true,
            _ => false,
        };
        if self.is_julian || (is_region && self.date.is_none() && self.type_name == "time") {
            return Err(self.invalid());
        }
        let needs_date = self.special.is_none() && self.type_name != "time";
        if (needs_date && self.date.is_none()) || (self.afternoon.is_some() && self.time.is_none()) {
            return Err(self.invalid());
        }
        Ok(())
    }

    fn days(&self) -> Result<i32> {
        let (year, month, day) = self.date.ok_or_else(|| self.invalid())?;
        if year == 0 && (self.is_bc || !self.is_short_year) {
            return Err(out_of_range(self.text));
        }
        // Two digits are of this century up to 69, unless they are before Christ.
        let astronomical = match year {
            _ if self.is_bc => 1 - year,
            0..=69 if self.is_short_year => year + 2000,
            70..=99 if self.is_short_year => year + 1900,
            _ => year,
        };
        days_from_civil(astronomical, month, day).ok_or_else(|| {
            let error = out_of_range(self.text);
            let is_field = (1..=12).contains(&month) && (1..=31).contains(&day);
            if is_field { error } else { error.with_hint("Perhaps you need a different \"DateStyle\" setting.") }
        })
    }

    fn micros_of_day(&self) -> Result<i64> {
        let micros = self.time.unwrap_or(0);
        const NOON: i64 = 12 * MICROS_PER_HOUR;
        match self.afternoon {
            None => Ok(micros),
            Some(_) if micros >= NOON + MICROS_PER_HOUR => Err(out_of_range(self.text)),
            Some(true) => Ok(if micros < NOON { micros + NOON } else { micros }),
            Some(false) => Ok(if micros >= NOON { micros - NOON } else { micros }),
        }
    }
}

/// Microseconds of a part of a day.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a day has fewer than 2^53")]
fn micros_of_days(fraction: f64) -> i64 {
    (fraction * MICROS_PER_DAY as f64).round() as i64
}

/// Microseconds of the digits behind a decimal point of seconds, rounded to the nearest.
pub(super) fn micros_of_fraction(digits: &str) -> i64 {
    let digit_at =
        |position: usize| digits.as_bytes().get(position).map_or(0, |byte| i64::from(byte.wrapping_sub(b'0')));
    let micros = (0..6).fold(0, |sum, position| sum * 10 + digit_at(position));
    micros + i64::from(digit_at(6) >= 5)
}

#[cfg(test)]
#[path = "datetime_text_tests.rs"]
mod tests;

//! Reading intervals: PostgreSQL's verbose style, `year-month`, `hh:mm:ss`, and ISO 8601 durations.
//!
//! As in PostgreSQL each field stands once: `1 day 2 days` is none.

use crate::error::{Error, ErrorKind, Result};
use crate::types::Interval;
use crate::types::datetime::calendar::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND};
use crate::types::datetime::datetime_text::micros_of_fraction;
use crate::types::datetime::interval_fields::IntervalField;
use crate::types::datetime::interval_iso::IsoReader;
use crate::types::numbers::excerpt;
use crate::types::text_style::{IntervalStyle, TextStyle};

/// Longest text that can be an interval; PostgreSQL's bound is of this order.
const TEXT_BYTES_MAX: usize = 256;
const DAYS_PER_MONTH: f64 = 30.0;
/// Letters of a unit that count.
const UNIT_LETTERS: usize = 10;
/// What a number of too many digits counts as: out of range in every unit.
const WHOLE_MAX: i128 = 1 << 80;

/// Reads an interval.
pub(crate) fn parse_interval(text: &str, style: &TextStyle) -> Result<Interval> {
    parse_interval_of(text, IntervalField::Second, style)
}

/// Reads an interval, in which a number without a unit counts `unit`.
pub(crate) fn parse_interval_of(text: &str, unit: IntervalField, style: &TextStyle) -> Result<Interval> {
    let trimmed = text.trim_ascii();
    if trimmed.is_empty() || trimmed.len() > TEXT_BYTES_MAX || !trimmed.is_ascii() {
        return Err(invalid(text));
    }
    match trimmed.to_ascii_lowercase().as_str() {
        "infinity" | "+infinity" => return Ok(Interval::INFINITY),
        "-infinity" => return Ok(Interval::MINUS_INFINITY),
        _ => {}
    }
    // A leading minus is that of all fields, as the standard has it, where no other field has a sign.
    let is_negative = style.intervals == IntervalStyle::SqlStandard
        && trimmed.starts_with('-')
        && !trimmed.split_ascii_whitespace().skip(1).any(|field| field.starts_with(['-', '+']));
    let mut sum = Sum { is_negative, ..Sum::default() };
    let read = match trimmed.strip_prefix(['P', 'p']) {
        Some(iso) => IsoReader::new(iso).read(&mut sum),
        None => read_verbose(trimmed, unit, &mut sum),
    };
    read.ok_or_else(|| invalid(text))?;
    sum.finish(text)
}

fn invalid(text: &str) -> Error {
    let message = format!("invalid input syntax for type interval: \"{}\"", excerpt(text));
    Error::new(ErrorKind::InvalidDatetimeFormat, message)
}

fn overflow(text: &str) -> Error {
    let message = format!("interval field value out of range: \"{}\"", excerpt(text));
    Error::new(ErrorKind::IntervalFieldOverflow, message)
}

#[derive(Clone, Copy)]
pub(super) enum SpanUnit {
    Months(i64),
    Days(i64),
    Micros(i64),
}

impl SpanUnit {
    /// The bits of the fields that an amount of it fills.
    fn fields(self, has_fraction: bool) -> u32 {
        match self {
            SpanUnit::Micros(1) => 1,
            SpanUnit::Micros(1_000) => 1 << 1,
            SpanUnit::Micros(MICROS_PER_SECOND) if has_fraction => 0b111,
            SpanUnit::Micros(MICROS_PER_SECOND) => 1 << 2,
            SpanUnit::Micros(MICROS_PER_MINUTE) => 1 << 3,
            SpanUnit::Micros(_) => 1 << 4,
            SpanUnit::Days(1) => 1 << 5,
            SpanUnit::Days(_) => 1 << 6,
            SpanUnit::Months(1) => 1 << 7,
            SpanUnit::Months(12) => 1 << 8,
            SpanUnit::Months(120) => 1 << 9,
            SpanUnit::Months(1_200) => 1 << 10,
            SpanUnit::Months(_) => 1 << 11,
        }
    }
}

/// The fields of a time: hours, minutes, seconds and parts of them.
const TIME_FIELDS: u32 = 0b11111;

/// The unit of a number without one.
fn unit_of_field(field: IntervalField) -> SpanUnit {
    match field {
        IntervalField::Year => SpanUnit::Months(12),
        IntervalField::Month => SpanUnit::Months(1),
        IntervalField::Day => SpanUnit::Days(1),
        IntervalField::Hour => SpanUnit::Micros(MICROS_PER_HOUR),
        IntervalField::Minute => SpanUnit::Micros(MICROS_PER_MINUTE),
        IntervalField::Second | IntervalField::MinuteSecond => SpanUnit::Micros(MICROS_PER_SECOND),
    }
}

fn unit_of(word: &str) -> Option<SpanUnit> {
    let word = word.to_ascii_lowercase();
    // PostgreSQL looks at so many letters.
    let unit = match word.get(..UNIT_LETTERS).unwrap_or(&word) {
        "us" | "usec" | "usecs" | "microsecon" | "usecond" | "useconds" => SpanUnit::Micros(1),
        "ms" | "msec" | "msecs" | "millisecon" | "mseconds" => SpanUnit::Micros(1_000),
        "s" | "sec" | "secs" | "second" | "seconds" => SpanUnit::Micros(MICROS_PER_SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => SpanUnit::Micros(MICROS_PER_MINUTE),
        "h" | "hr" | "hrs" | "hour" | "hours" => SpanUnit::Micros(MICROS_PER_HOUR),
        "d" | "day" | "days" => SpanUnit::Days(1),
        "w" | "week" | "weeks" => SpanUnit::Days(7),
        "mon" | "mons" | "month" | "months" => SpanUnit::Months(1),
        "y" | "yr" | "yrs" | "year" | "years" => SpanUnit::Months(12),
        "dec" | "decs" | "decade" | "decades" => SpanUnit::Months(120),
        "c" | "cent" | "century" | "centuries" => SpanUnit::Months(1_200),
        "mil" | "mils" | "millennium" | "millennia" => SpanUnit::Months(12_000),
        _ => return None,
    };
    Some(unit)
}

/// A decimal number: sign, whole part, fraction digits.
#[derive(Clone, Copy)]
pub(super) struct Amount<'a> {
    pub(super) sign: i128,
    pub(super) whole: i128,
    pub(super) fraction: &'a str,
}

impl<'a> Amount<'a> {
    pub(super) fn read(text: &'a str) -> Option<Amount<'a>> {
        let (sign, unsigned) = match text.as_bytes().first()? {
            b'-' => (-1, text.get(1..)?),
            b'+' => (1, text.get(1..)?),
            _ => (1, text),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        // Too many digits end in the range error, not in the syntax error.
        let whole =
            if whole.is_empty() { 0 } else { whole.parse().map_or(WHOLE_MAX, |whole: i128| whole.min(WHOLE_MAX)) };
        Some(Amount { sign, whole, fraction })
    }

    fn fraction(self) -> f64 {
        format!("0.{}", self.fraction).parse().unwrap_or(0.0)
    }
}

/// The three parts while they are added up; wide, so that range is checked once at the end.
#[derive(Default)]
pub(super) struct Sum {
    years: i128,
    months: i128,
    days: i128,
    micros: i128,
    /// The bits of the fields that were filled.
    filled: u32,
    /// Whether every field counts backwards.
    is_negative: bool,
}

impl Sum {
    /// Takes fields, each of which there may be once.
    fn fill(&mut self, fields: u32) -> Option<()> {
        let is_new = self.filled & fields == 0;
        self.filled |= fields;
        is_new.then_some(())
    }

    /// Adds an amount; a fraction of a unit spills into the next smaller one.
    pub(super) fn add(&mut self, amount: Amount<'_>, unit: SpanUnit) {
        let sign = if self.is_negative { -1 } else { amount.sign };
        let whole = sign * amount.whole;
        let fraction = amount.fraction();
        match unit {
            SpanUnit::Months(1) => {
                self.months += whole;
                self.add_days(sign, fraction * DAYS_PER_MONTH);
            }
            SpanUnit::Months(months) => {
                self.years += whole * i128::from(months / 12);
                self.months += sign * rounded(fraction * float(months));
            }
            SpanUnit::Days(days) => {
                self.days += whole * i128::from(days);
                self.add_days(sign, fraction * float(days));
            }
            SpanUnit::Micros(MICROS_PER_SECOND) => {
                let micros = i128::from(micros_of_fraction(amount.fraction));
                self.micros += whole * i128::from(MICROS_PER_SECOND) + sign * micros;
            }
            SpanUnit::Micros(micros) => {
                self.micros += whole * i128::from(micros) + sign * rounded(fraction * float(micros));
            }
        }
    }

    fn add_days(&mut self, sign: i128, days: f64) {
        self.days += sign * rounded(days.trunc());
        self.micros += sign * rounded(days.fract() * float(MICROS_PER_DAY));
    }

    fn negate(&mut self) {
        for part in [&mut self.years, &mut self.months, &mut self.days, &mut self.micros] {
            *part = -*part;
        }
    }

    /// The interval.
    fn finish(self, text: &str) -> Result<Interval> {
        let part = |part: i128| i32::try_from(part).map_err(|_| overflow(text));
        let (years, months) = (part(self.years)?, part(self.months)?);
        let micros = i64::try_from(self.micros).map_err(|_| overflow(text))?;
        let months = i64::from(years) * 12 + i64::from(months);
        let months =
            i32::try_from(months).map_err(|_| Error::new(ErrorKind::DatetimeOutOfRange, "interval out of range"))?;
        Ok(Interval { months, days: part(self.days)?, micros })
    }
}

#[expect(clippy::cast_precision_loss, reason = "the units are far below 2^53")]
fn float(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and the range is checked at the end")]
fn rounded(number: f64) -> i128 {
    number.round_ties_even() as i128
}

/// Numbers whose units have not come yet.
#[derive(Default)]
struct Pending<'t> {
    last: Option<Amount<'t>>,
    /// The one before, which counts days where the last one counts hours: `1 2 hours`.
    days: Option<Amount<'t>>,
}

impl<'t> Pending<'t> {
    fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    fn push(&mut self, amount: Amount<'t>) -> Option<()> {
        if self.days.is_some() {
            return None;
        }
        self.days = self.last.replace(amount);
        Some(())
    }

    /// Adds what is pending, of which the last is of a unit.
    fn take(&mut self, unit: SpanUnit, sum: &mut Sum) -> Option<()> {
        add_field(self.last.take()?, unit, sum)?;
        match self.days.take() {
            None => Some(()),
            Some(days) if matches!(unit, SpanUnit::Micros(MICROS_PER_HOUR)) => add_field(days, SpanUnit::Days(1), sum),
            Some(_) => None,
        }
    }
}

/// What stands between fields and says nothing: blanks, and signs of which none is one of a number.
fn after_separators(text: &str) -> &str {
    text.trim_start_matches(|letter: char| {
        letter.is_ascii_whitespace() || (letter.is_ascii_punctuation() && !matches!(letter, '-' | '+' | '.' | ':'))
    })
}

fn read_verbose(text: &str, unit: IntervalField, sum: &mut Sum) -> Option<()> {
    let mut rest = after_separators(text);
    let mut pending = Pending::default();
    let mut is_empty = true;
    while let Some(first) = rest.bytes().next() {
        if first.is_ascii_alphabetic() {
            let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (word, after) = rest.split_at_checked(length)?;
            rest = after_separators(after);
            if word.eq_ignore_ascii_case("ago") && pending.is_empty() && !is_empty && rest.is_empty() {
                sum.negate();
                return Some(());
            }
            pending.take(unit_of(word)?, sum)?;
            continue;
        }
        // A sign may stand away from its number.
        let sign = if first == b'-' { -1 } else { 1 };
        let unsigned = if matches!(first, b'-' | b'+') { rest.get(1..)?.trim_ascii_start() } else { rest };
        let is_inner = |byte: &u8| byte.is_ascii_digit() || b".:-".contains(byte);
        let length = unsigned.bytes().take(1).chain(unsigned.bytes().skip(1).take_while(is_inner)).count();
        let (field, after) = unsigned.split_at_checked(length)?;
        rest = after_separators(after);
        if field.contains(':') {
            // A bare number before a time counts days: `1 04:05:06`.
            if !pending.is_empty() {
                pending.take(SpanUnit::Days(1), sum)?;
            }
            sum.fill(TIME_FIELDS)?;
            add_time(sign, field, unit, sum)?;
        } else if field.contains('-') {
            sum.fill(SpanUnit::Months(1).fields(false))?;
            add_year_month(sign, field, sum)?;
        } else {
            pending.push(Amount { sign, ..Amount::read(field)? })?;
        }
        is_empty = false;
    }
    if !pending.is_empty() {
        pending.take(unit_of_field(unit), sum)?;
    }
    (!is_empty).then_some(())
}

/// Adds an amount whose field was not filled yet.
fn add_field(amount: Amount<'_>, unit: SpanUnit, sum: &mut Sum) -> Option<()> {
    sum.fill(unit.fields(!amount.fraction.is_empty()))?;
    sum.add(amount, unit);
    Some(())
}

/// `hh:mm[:ss.ffffff]`, or `mm:ss.ffffff` where the fraction says so, or the unit.
fn add_time(sign: i128, unsigned: &str, unit: IntervalField, sum: &mut Sum) -> Option<()> {
    let mut parts: Vec<Amount<'_>> = unsigned.split(':').map(Amount::read).collect::<Option<_>>()?;
    if unsigned.contains(['-', '+']) {
        return None;
    }
    for part in &mut parts {
        part.sign = sign;
    }
    let (hours, minutes, seconds) = match *parts.as_slice() {
        [minutes, seconds] if !seconds.fraction.is_empty() || unit == IntervalField::MinuteSecond => {
            (None, minutes, Some(seconds))
        }
        [hours, minutes] => (Some(hours), minutes, None),
        [hours, minutes, seconds] => (Some(hours), minutes, Some(seconds)),
        _ => return None,
    };
    // As PostgreSQL counts them, the time of a field is positive until its sign is looked at.
    let total = hours.map_or(0, |hours| hours.whole).saturating_mul(i128::from(MICROS_PER_HOUR));
    if sign < 0 && total > i128::from(i64::MAX) {
        return None;
    }
    let in_range = minutes.whole < 60 && seconds.is_none_or(|seconds| seconds.whole <= 60);
    if !in_range || hours.is_some_and(|hours| !hours.fraction.is_empty()) || !minutes.fraction.is_empty() {
        return None;
    }
    sum.add(minutes, SpanUnit::Micros(MICROS_PER_MINUTE));
    if let Some(hours) = hours {
        sum.add(hours, SpanUnit::Micros(MICROS_PER_HOUR));
    }
    if let Some(seconds) = seconds {
        sum.add(seconds, SpanUnit::Micros(MICROS_PER_SECOND));
    }
    Some(())
}

/// The SQL standard's `years-months`.
fn add_year_month(sign: i128, field: &str, sum: &mut Sum) -> Option<()> {
    let (years, months) = field.split_once('-')?;
    let (years, months) = (Amount { sign, ..Amount::read(years)? }, Amount { sign, ..Amount::read(months)? });
    if !years.fraction.is_empty() || !months.fraction.is_empty() || months.whole >= 12 {
        return None;
    }
    sum.add(years, SpanUnit::Months(12));
    sum.add(months, SpanUnit::Months(1));
    Some(())
}

#[cfg(test)]
#[path = "interval_text_tests.rs"]
mod tests;

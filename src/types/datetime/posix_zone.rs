//! Time zones written as POSIX has them: `EST5EDT,M3.2.0,M11.1.0`, `<+03>-3`. Their offsets count west of Greenwich.

use crate::types::datetime::calendar::{civil_from_days, days_from_civil, days_in_month};

const SECONDS_PER_DAY: i64 = 86_400;
const SECONDS_PER_HOUR: i32 = 3_600;
/// What the rules are where summer time has none.
const DEFAULT_RULES: &str = ",M3.2.0,M11.1.0";
/// The most hours of an offset, and of the time of a rule.
const OFFSET_HOURS_MAX: i32 = 24 * 7 - 1;
/// Bytes of a text that is read.
const TEXT_BYTES_MAX: usize = 128;

/// A zone by its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosixZone {
    /// As it was written, in upper case.
    pub(super) text: String,
    standard: (String, i32),
    summer: Option<Summer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Summer {
    abbreviation: String,
    /// Seconds east of UTC.
    offset: i32,
    start: Rule,
    end: Rule,
}

/// When clocks are changed in a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    day: RuleDay,
    /// Seconds since the midnight of that day.
    time: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleDay {
    /// From 1 to 365, 29 February never counted.
    Julian(i64),
    /// From 0, 29 February counted.
    OfYear(i64),
    /// The weekday (0 is Sunday) of a week (5 is the last) of a month.
    OfMonth { month: i64, week: i64, weekday: i64 },
}

impl PosixZone {
    /// Reads a zone; `None` for a text that is none.
    pub(super) fn parse(text: &str) -> Option<PosixZone> {
        if text.len() > TEXT_BYTES_MAX || !text.is_ascii() {
            return None;
        }
        let upper = text.to_ascii_uppercase();
        let (name, rest) = abbreviation(&upper)?;
        let (west, rest) = time(rest)?;
        let standard = (name.to_string(), -west);
        if rest.is_empty() {
            return Some(PosixZone { text: upper.clone(), standard, summer: None });
        }
        let (name, rest) = abbreviation(rest)?;
        let (offset, rest) = match rest.bytes().next() {
            None | Some(b',') => (SECONDS_PER_HOUR - west, rest),
            Some(_) => time(rest).map(|(west, rest)| (-west, rest))?,
        };
        let rules = if rest.is_empty() { DEFAULT_RULES } else { rest };
        let (start, rest) = rule(rules.strip_prefix(',')?)?;
        let (end, rest) = rule(rest.strip_prefix(',')?)?;
        if !rest.is_empty() {
            return None;
        }
        let summer = Some(Summer { abbreviation: name.to_string(), offset, start, end });
        Some(PosixZone { text: upper.clone(), standard, summer })
    }

    /// The zone that is always so many seconds east of UTC, named as PostgreSQL names it.
    pub(super) fn of_offset(east: i32) -> PosixZone {
        let shown = |seconds: i32, positive: char| {
            let sign = if seconds < 0 { '-' } else { positive };
            let seconds = seconds.unsigned_abs();
            let mut text = format!("{sign}{:02}", seconds / 3600);
            if !seconds.is_multiple_of(3600) {
                text.push_str(&format!(":{:02}", seconds / 60 % 60));
            }
            if !seconds.is_multiple_of(60) {
                text.push_str(&format!(":{:02}", seconds % 60));
            }
            text
        };
        let name = shown(east, '+');
        // Zero is west as it is east.
        let west = if east == 0 { shown(0, '-') } else { shown(-east, '+') };
        PosixZone { text: format!("<{name}>{west}"), standard: (name, east), summer: None }
    }

    /// Seconds east of UTC at a moment in seconds since 1970, and the abbreviation.
    pub(super) fn at(&self, utc: i64) -> (i32, &str) {
        let standard = (self.standard.1, self.standard.0.as_str());
        let Some(summer) = &self.summer else { return standard };
        let local_days = (utc + i64::from(standard.0)).div_euclid(SECONDS_PER_DAY);
        let (year, _, _) = civil_from_days(i32::try_from(local_days).unwrap_or(i32::MAX));
        let (Some(start), Some(end)) = (summer.start.seconds(year), summer.end.seconds(year)) else { return standard };
        let (start, end) = (start - i64::from(standard.0), end - i64::from(summer.offset));
        let is_summer = if start < end { (start..end).contains(&utc) } else { !(end..start).contains(&utc) };
        if is_summer { (summer.offset, summer.abbreviation.as_str()) } else { standard }
    }
}

impl Rule {
    /// What clocks show then in a year, in seconds since 1970.
    fn seconds(self, year: i64) -> Option<i64> {
        let first = i64::from(days_from_civil(year, 1, 1)?);
        let is_leap = days_in_month(year, 2) == 29;
        let day = match self.day {
            RuleDay::Julian(day) => first + day - 1 + i64::from(is_leap && day >= 60),
            RuleDay::OfYear(day) => first + day,
            RuleDay::OfMonth { month, week, weekday } => {
                let first = i64::from(days_from_civil(year, month, 1)?);
                let ahead = (weekday - (first + 4)).rem_euclid(7);
                let mut day = ahead + (week - 1) * 7;
                while day >= days_in_month(year, month) {
                    day -= 7;
                }
                first + day
            }
        };
        Some(day * SECONDS_PER_DAY + i64::from(self.time))
    }
}

/// What stands before an offset, be it nothing at all, as PostgreSQL takes it; or anything in angle brackets.
fn abbreviation(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('<') {
        return quoted.split_once('>');
    }
    let ends = |byte: u8| byte.is_ascii_digit() || matches!(byte, b',' | b'-' | b'+');
    text.split_at_checked(text.bytes().position(ends).unwrap_or(text.len()))
}

/// `[+-]hh[:mm[:ss]]` in seconds.
fn time(text: &str) -> Option<(i32, &str)> {
    let (sign, mut rest) = match text.bytes().next()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let mut seconds = 0;
    for (position, unit) in [SECONDS_PER_HOUR, 60, 1].into_iter().enumerate() {
        if position > 0 {
            match rest.strip_prefix(':') {
                Some(after) => rest = after,
                None => break,
            }
        }
        let (number, after) = digits(rest)?;
        let bound = if position == 0 { OFFSET_HOURS_MAX } else { 59 };
        let number = i32::try_from(number).ok().filter(|number| *number <= bound)?;
        seconds += number * unit;
        rest = after;
    }
    Some((sign * seconds, rest))
}

fn digits(text: &str) -> Option<(i64, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, rest))
}

fn rule(text: &str) -> Option<(Rule, &str)> {
    let within = |number: i64, least: i64, most: i64| (least..=most).contains(&number).then_some(number);
    let (day, rest) = if let Some(text) = text.strip_prefix('J') {
        let (day, rest) = digits(text)?;
        (RuleDay::Julian(within(day, 1, 365)?), rest)
    } else if let Some(text) = text.strip_prefix('M') {
        let (month, rest) = digits(text)?;
        let (week, rest) = digits(rest.strip_prefix('.')?)?;
        let (weekday, rest) = digits(rest.strip_prefix('.')?)?;
        let (month, week, weekday) = (within(month, 1, 12)?, within(week, 1, 5)?, within(weekday, 0, 6)?);
        (RuleDay::OfMonth { month, week, weekday }, rest)
    } else {
        let (day, rest) = digits(text)?;
        (RuleDay::OfYear(within(day, 0, 365)?), rest)
    };
    let (time, rest) = match rest.strip_prefix('/') {
        Some(text) => time(text)?,
        None => (2 * SECONDS_PER_HOUR, rest),
    };
    Some((Rule { day, time }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_say_when_clocks_are_changed() {
        let zone = PosixZone::parse("est5edt").unwrap();
        assert_eq!(zone.text, "EST5EDT");
        // 10 March 2024, 02:00 and 3 November 2024, 02:00.
        assert_eq!(zone.at(1_710_053_999), (-18_000, "EST"));
        assert_eq!(zone.at(1_710_054_000), (-14_400, "EDT"));
        assert_eq!(zone.at(1_730_613_599), (-14_400, "EDT"));
        assert_eq!(zone.at(1_730_613_600), (-18_000, "EST"));
        let south = PosixZone::parse("AEST-10AEDT,M10.1.0,M4.1.0/3").unwrap();
        assert_eq!(south.at(1_704_067_200).0, 39_600);
        assert_eq!(south.at(1_719_792_000).0, 36_000);
        assert_eq!(PosixZone::parse("<+03>-3").unwrap().at(0), (10_800, "+03"));
        for text in ["", "EST", "EST5EDT,", "EST5EDT,M13.1.0,M1.1.0", "EST200", "<a", "EST5EDT,M3.2.0", "AB,3"] {
            assert_eq!(PosixZone::parse(text), None, "{text}");
        }
    }

    #[test]
    fn offsets_are_named_as_in_postgresql() {
        for (east, text) in
            [(0, "<+00>-00"), (10_800, "<+03>-03"), (-27_000, "<-07:30>+07:30"), (1, "<+00:00:01>-00:00:01")]
        {
            let zone = PosixZone::of_offset(east);
            assert_eq!(zone.text, text);
            assert_eq!(PosixZone::parse(text).unwrap().at(0), zone.at(0));
        }
    }
}

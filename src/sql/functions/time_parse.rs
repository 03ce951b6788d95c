//! `to_timestamp(text, text)` and `to_date(text, text)`: times read by the common patterns of PostgreSQL (documentation,
//! section 9.8); others are refused, not guessed.

use chrono::NaiveDate;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::functions::time_format::unknown_in;

/// Patterns, the longer ones first where one begins another, with the digits of those that are numbers.
const PATTERNS: [(&str, Part, usize); 21] = [
    ("HH24", Part::Hour, 2),
    ("HH12", Part::HalfDayHour, 2),
    ("YYYY", Part::Year, 4),
    ("MONTH", Part::MonthName, 0),
    ("SSSSS", Part::DaySecond, 5),
    ("SSSS", Part::DaySecond, 5),
    ("MON", Part::MonthName, 0),
    ("DDD", Part::YearDay, 3),
    ("YYY", Part::ShortYear, 3),
    ("HH", Part::HalfDayHour, 2),
    ("MI", Part::Minute, 2),
    ("SS", Part::Second, 2),
    ("MS", Part::Millis, 3),
    ("US", Part::Micros, 6),
    ("YY", Part::ShortYear, 2),
    ("MM", Part::Month, 2),
    ("DD", Part::Day, 2),
    ("AM", Part::HalfDay, 0),
    ("PM", Part::HalfDay, 0),
    ("FM", Part::Modifier, 0),
    ("Y", Part::ShortYear, 1),
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// Letters of a short name of a month.
const MONTH_LETTERS: usize = 3;
const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_MILLI: i64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    YearDay,
    Hour,
    HalfDayHour,
    HalfDay,
    Minute,
    Second,
    DaySecond,
    Millis,
    Micros,
    Modifier,
}

/// What was read of a time; what was not stays the first of its kind.
#[derive(Clone, Copy, Debug)]
struct Fields {
    year: i32,
    month: u32,
    day: u32,
    year_day: Option<u32>,
    hour: u32,
    is_half_day: bool,
    is_afternoon: Option<bool>,
    minute: u32,
    second: u32,
    day_second: Option<u32>,
    millis: u32,
    micros: u32,
}

/// A text and what is left of it.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

/// Microseconds since 1970 of a text.
///
/// # Errors
/// 22007 for what does not fit the format, 22008 for a time that does not exist, 0A000 for a pattern that is not known.
pub fn parse_timestamp(text: &str, format: &str) -> Result<i64> {
    let mut reader = Reader { text, rest: text };
    let fields = reader.fields(format)?;
    let date = reader.date(&fields)?;
    let time = match fields.day_second {
        Some(seconds) => date.and_hms_opt(seconds / 3_600, seconds / 60 % 60, seconds % 60),
        None => date.and_hms_opt(reader.hour(&fields)?, fields.minute, fields.second),
    };
    let time = time.ok_or_else(|| reader.out_of_range())?;
    let seconds = time.and_utc().timestamp().checked_mul(MICROS_PER_SECOND);
    let fraction = i64::from(fields.millis) * MICROS_PER_MILLI + i64::from(fields.micros);
    seconds.and_then(|seconds| seconds.checked_add(fraction)).ok_or_else(|| reader.out_of_range())
}

/// Days since 1970 of a text.
///
/// # Errors
/// As [`parse_timestamp`].
pub fn parse_date(text: &str, format: &str) -> Result<i32> {
    let mut reader = Reader { text, rest: text };
    let fields = reader.fields(format)?;
    let days = reader.date(&fields)?.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(days).map_err(|_| reader.out_of_range())
}

impl Reader<'_> {
    fn fields(&mut self, format: &str) -> Result<Fields> {
        let mut fields = Fields {
            year: 0,
            month: 1,
            day: 1,
            year_day: None,
            hour: 0,
            is_half_day: false,
            is_afternoon: None,
            minute: 0,
            second: 0,
            day_second: None,
            millis: 0,
            micros: 0,
        };
        let mut format = format;
        while let Some(first) = format.chars().next().filter(|_| !self.rest.is_empty()) {
            if let Some(quoted) = format.strip_prefix('"') {
                let (literal, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                self.skip(literal.chars().count());
                format = after;
            } else if let Some((pattern, part, digits)) = pattern_of(format) {
                let shown = format.get(..pattern.len()).unwrap_or(pattern);
                format = format.get(pattern.len()..).unwrap_or("");
                self.part(&mut fields, part, shown, if begins_with_digits(format) { digits } else { usize::MAX })?;
            } else if first.is_ascii_alphanumeric() {
                return Err(unknown_in("to_timestamp() and to_date()", format));
            } else {
                self.separator();
                format = format.strip_prefix(first).unwrap_or("");
            }
        }
        Ok(fields)
    }

    fn skip(&mut self, characters: usize) {
        let mut rest = self.rest.chars();
        for _ in 0..characters {
            rest.next();
        }
        self.rest = rest.as_str();
    }

    /// A separator of the format stands for any that the text has, or for none.
    fn separator(&mut self) {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with(|character: char| character.is_ascii_punctuation()) {
            self.skip(1);
        }
    }

    fn part(&mut self, fields: &mut Fields, part: Part, pattern: &str, digits: usize) -> Result<()> {
        self.rest = self.rest.trim_start();
        match part {
            Part::Modifier => {}
            Part::MonthName => fields.month = self.month(pattern)?,
            Part::HalfDay => {
                fields.is_half_day = true;
                fields.is_afternoon = Some(self.half_day(pattern)?);
            }
            Part::Year => {
                let (year, _) = self.number(pattern, digits)?;
                fields.year = i32::try_from(year).map_err(|_| self.out_of_range())?;
            }
            Part::ShortYear => {
                let (year, length) = self.number(pattern, digits)?;
                let year = i32::try_from(year).map_err(|_| self.out_of_range())?;
                fields.year = if length < 4 { whole_year(year) } else { year };
            }
            Part::Month => fields.month = self.number(pattern, digits)?.0,
            Part::Day => fields.day = self.number(pattern, digits)?.0,
            Part::YearDay => fields.year_day = Some(self.number(pattern, digits)?.0),
            Part::Hour => fields.hour = self.number(pattern, digits)?.0,
            Part::HalfDayHour => {
                fields.hour = self.number(pattern, digits)?.0;
                fields.is_half_day = true;
            }
            Part::Minute => fields.minute = self.number(pattern, digits)?.0,
            Part::Second => fields.second = self.number(pattern, digits)?.0,
            Part::DaySecond => fields.day_second = Some(self.number(pattern, digits)?.0),
            Part::Millis => fields.millis = self.fraction(pattern, 3)?,
            Part::Micros => fields.micros = self.fraction(pattern, 6)?,
        }
        Ok(())
    }

    /// A number, and how many digits it had.
    fn number(&mut self, pattern: &str, digits_max: usize) -> Result<(u32, usize)> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count().min(digits_max);
        let (digits, rest) = self.rest.split_at_checked(length).unwrap_or(("", self.rest));
        if digits.is_empty() {
            let shown: String = self.rest.chars().take(pattern.len()).collect();
            let message = format!("invalid value \"{shown}\" for \"{pattern}\"");
            return Err(Error::new(ErrorKind::InvalidDatetimeFormat, message).with_detail("Value must be an integer."));
        }
        let number = digits.parse().map_err(|_| {
            let message = format!("value for \"{pattern}\" in source string is out of range");
            Error::new(ErrorKind::DatetimeOutOfRange, message)
        })?;
        self.rest = rest;
        Ok((number, length))
    }

    /// Digits behind the point of a second.
    fn fraction(&mut self, pattern: &str, places: usize) -> Result<u32> {
        let (number, length) = self.number(pattern, places)?;
        Ok((length..places).fold(number, |number, _| number * 10))
    }

    fn month(&mut self, pattern: &str) -> Result<u32> {
        let length = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, _) = self.rest.split_at_checked(length).unwrap_or(("", self.rest));
        let lower = word.to_ascii_lowercase();
        let is_long = pattern.len() > MONTH_LETTERS;
        let found = MONTHS.iter().zip(1..).find_map(|(name, number)| {
            let wanted = if is_long { name } else { name.get(..MONTH_LETTERS)? };
            lower.starts_with(wanted).then_some((number, wanted.len()))
        });
        let Some((number, length)) = found else {
            let message = format!("invalid value \"{word}\" for \"{pattern}\"");
            let detail = "The given value did not match any of the allowed values for this field.";
            return Err(Error::new(ErrorKind::InvalidDatetimeFormat, message).with_detail(detail));
        };
        self.skip(length);
        Ok(number)
    }

    fn half_day(&mut self, pattern: &str) -> Result<bool> {
        let word = self.rest.get(..2).unwrap_or(self.rest).to_ascii_lowercase();
        let is_afternoon = match word.as_str() {
            "am" => false,
            "pm" => true,
            _ => {
                let message = format!("invalid value \"{word}\" for \"{pattern}\"");
                return Err(Error::new(ErrorKind::InvalidDatetimeFormat, message));
            }
        };
        self.skip(2);
        Ok(is_afternoon)
    }

    fn hour(&self, fields: &Fields) -> Result<u32> {
        if !fields.is_half_day {
            return Ok(fields.hour);
        }
        if !(1..=12).contains(&fields.hour) {
            let message = format!("hour \"{}\" is invalid for the 12-hour clock", fields.hour);
            return Err(Error::new(ErrorKind::InvalidDatetimeFormat, message)
                .with_hint("Use the 24-hour clock, or give an hour between 1 and 12."));
        }
        let hour = fields.hour % 12;
        Ok(if fields.is_afternoon == Some(true) { hour + 12 } else { hour })
    }

    fn date(&self, fields: &Fields) -> Result<NaiveDate> {
        let date = match fields.year_day {
            Some(day) => NaiveDate::from_yo_opt(fields.year, day),
            // As in PostgreSQL, a month or day 0 is one that is not given.
            None => NaiveDate::from_ymd_opt(fields.year, fields.month.max(1), fields.day.max(1)),
        };
        date.ok_or_else(|| self.out_of_range())
    }

    fn out_of_range(&self) -> Error {
        let message = format!("date/time field value out of range: \"{}\"", self.text);
        Error::new(ErrorKind::DatetimeOutOfRange, message)
    }
}

fn pattern_of(format: &str) -> Option<(&'static str, Part, usize)> {
    let fits = |pattern: &str| format.get(..pattern.len()).is_some_and(|start| start.eq_ignore_ascii_case(pattern));
    PATTERNS.iter().find(|(pattern, ..)| fits(pattern)).copied()
}

/// Whether the next thing of a format are digits: then a number before them has no more digits than its pattern.
fn begins_with_digits(format: &str) -> bool {
    pattern_of(format).is_some_and(|(.., digits)| digits > 0)
}

/// A year of fewer than four digits, as the one nearest to 2020.
fn whole_year(year: i32) -> i32 {
    match year {
        0..70 => year + 2_000,
        70..100 => year + 1_900,
        100..520 => year + 2_000,
        520..1_000 => year + 1_000,
        _ => year,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_by_their_formats() {
        let date = |text: &str, format: &str| parse_date(text, format).unwrap();
        assert_eq!(date("2024-01-15", "YYYY-MM-DD"), 19_737);
        assert_eq!(date("15 Jan 2024", "DD Mon YYYY"), 19_737);
        assert_eq!(date("20240115", "YYYYMMDD"), 19_737);
        assert_eq!(date("15/1/24", "DD/MM/YY"), 19_737);
        assert_eq!(date("January 15, 2024", "Month DD, YYYY"), 19_737);
        let timestamp = |text: &str, format: &str| parse_timestamp(text, format).unwrap();
        assert_eq!(timestamp("1970-01-01 10:11:12", "YYYY-MM-DD HH24:MI:SS"), 36_672_000_000);
        assert_eq!(timestamp("1970-01-01 10:11:12.5 PM", "YYYY-MM-DD HH:MI:SS.MS AM"), 79_872_500_000);
        let state = |text: &str, format: &str| parse_timestamp(text, format).unwrap_err().sqlstate();
        assert_eq!((state("x", "YYYY"), state("2024 Foo", "YYYY Mon")), ("22007", "22007"));
        assert_eq!((state("2024-02-30", "YYYY-MM-DD"), state("25", "HH24")), ("22008", "22008"));
        assert_eq!((state("13", "HH12"), state("1", "RN")), ("22007", "0A000"));
    }
}

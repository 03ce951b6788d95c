//! Dates, times and intervals written by a template (`DCH_to_char` of PostgreSQL's `formatting.c`).

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::calendar::{
    MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, civil_from_days, days_from_civil, split_timestamp,
};
use crate::types::formats::number_text::{check_length, ordinal};
use crate::types::formats::roman::roman;
use crate::types::formats::time_template::{Letters, TimeElement, TimeField, TimePattern, template};
use crate::types::value::Interval;

/// Days from the beginning of Julian days to 1970.
pub const JULIAN_EPOCH: i64 = 2_440_588;
/// The Monday from which weeks are counted: days since 1970.
const MONDAY: i64 = 4;

pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Letters of the short names.
const SHORT: usize = 3;

/// The zone of a time: how it is called then, and its microseconds east of UTC.
#[derive(Clone, Debug, Default)]
pub struct ShownZone {
    pub abbreviation: String,
    pub offset: i64,
}

/// A time in its parts; the year before 1 is 0.
#[derive(Clone, Debug, Default)]
pub struct BrokenTime {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub micros: i64,
    /// Days since 1970.
    days: i64,
    year_day: i64,
    is_interval: bool,
    /// A time without a zone has none.
    pub zone: Option<ShownZone>,
}

impl BrokenTime {
    /// A time of microseconds since 1970, as clocks show it.
    pub fn of(micros: i64, zone: Option<ShownZone>) -> BrokenTime {
        let (days, time) = split_timestamp(micros);
        let (year, month, day) = civil_from_days(days);
        let first = days_from_civil(year, 1, 1).unwrap_or(days);
        BrokenTime {
            year,
            month,
            day,
            hour: time / MICROS_PER_HOUR,
            minute: time % MICROS_PER_HOUR / MICROS_PER_MINUTE,
            second: time % MICROS_PER_MINUTE / MICROS_PER_SECOND,
            micros: time % MICROS_PER_SECOND,
            days: i64::from(days),
            year_day: i64::from(days) - i64::from(first) + 1,
            is_interval: false,
            zone,
        }
    }

    fn of_interval(interval: Interval) -> BrokenTime {
        let (year, month) = (i64::from(interval.months) / 12, i64::from(interval.months) % 12);
        let day = i64::from(interval.days);
        let time = interval.micros;
        BrokenTime {
            year,
            month,
            day,
            hour: time / MICROS_PER_HOUR,
            minute: time % MICROS_PER_HOUR / MICROS_PER_MINUTE,
            second: time % MICROS_PER_MINUTE / MICROS_PER_SECOND,
            micros: time % MICROS_PER_SECOND,
            days: julian_day(year, month, day) - JULIAN_EPOCH,
            year_day: (year * 12 + month) * 30 + day,
            is_interval: true,
            zone: None,
        }
    }

    /// 0 for Sunday.
    pub fn week_day(&self) -> i64 {
        (self.days + 4).rem_euclid(7)
    }

    /// The year that the week of ISO 8601 belongs to, and the day on which it begins.
    fn iso_year_and_start(&self) -> (i64, i64) {
        let start = |year| iso_year_start(year);
        [self.year + 1, self.year, self.year - 1]
            .into_iter()
            .map(|year| (year, start(year)))
            .find(|(_, first)| *first <= self.days)
            .unwrap_or((self.year, self.days))
    }

    /// The day of the year, from 1.
    pub fn year_day(&self) -> i64 {
        self.year_day
    }

    /// The year that the week of ISO 8601 belongs to.
    pub fn iso_year(&self) -> i64 {
        self.iso_year_and_start().0
    }

    /// The week of ISO 8601.
    pub fn iso_week(&self) -> i64 {
        (self.days - self.iso_year_and_start().1) / 7 + 1
    }

    /// The year as it is shown: before Christ it counts backwards.
    fn shown(&self, year: i64) -> i64 {
        if self.is_interval || year > 0 { year } else { 1 - year }
    }
}

/// The Julian day of a date, also of one that is none: an interval has month 0 and more days than any month.
fn julian_day(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year + 4800, month + 1) } else { (year + 4799, month + 13) };
    let century = year / 100;
    year * 365 - 32_167 + year / 4 - century + century / 4 + 7834 * month / 256 + day
}

/// The Monday of the first week of a year of ISO 8601, in days since 1970.
pub fn iso_year_start(year: i64) -> i64 {
    let fourth = julian_day(year, 1, 4) - JULIAN_EPOCH;
    fourth - (fourth - MONDAY).rem_euclid(7)
}

/// Writes a time; `None` for an empty template.
///
/// # Errors
/// 54000 for a template that is too long.
pub fn time_text(time: &BrokenTime, format: &str) -> Result<Option<String>> {
    check_length(format)?;
    if format.is_empty() {
        return Ok(None);
    }
    let mut out = String::with_capacity(format.len() + 8);
    for element in template(format) {
        match element {
            TimeElement::TimePattern(pattern) => write_field(time, pattern, &mut out)?,
            TimeElement::Separator(character) | TimeElement::Space(character) | TimeElement::Text(character) => {
                out.push(character)
            }
        }
    }
    Ok(Some(out))
}

/// Writes an interval; `None` for an empty template.
///
/// # Errors
/// 22007 for a pattern that wants a date, 54000 for a template that is too long.
pub fn interval_text(interval: Interval, format: &str) -> Result<Option<String>> {
    time_text(&BrokenTime::of_interval(interval), format)
}

fn no_date() -> Error {
    Error::new(ErrorKind::InvalidDatetimeFormat, "invalid format specification for an interval value")
        .with_hint("Intervals are not tied to specific calendar dates.")
}

fn write_field(time: &BrokenTime, pattern: TimePattern, out: &mut String) -> Result<()> {
    let wants_date = matches!(
        pattern.field,
        TimeField::Era { .. }
            | TimeField::MonthName(_)
            | TimeField::ShortMonthName(_)
            | TimeField::DayName(_)
            | TimeField::ShortDayName(_)
            | TimeField::WeekDay
            | TimeField::IsoWeekDay
            | TimeField::Zone
            | TimeField::ZoneHour
            | TimeField::ZoneMinute
            | TimeField::Offset
    );
    if time.is_interval && wants_date {
        return Err(no_date());
    }
    match number(time, pattern) {
        Some(text) => {
            out.push_str(&text);
            let has_ordinal = pattern.is_digits && pattern.field != TimeField::ZoneMinute && !text.is_empty();
            if let Some(is_upper) = pattern.ordinal.filter(|_| has_ordinal) {
                out.push_str(ordinal(&text, is_upper));
            }
        }
        None => word(time, pattern, out),
    }
    Ok(())
}

/// Digits with a width; a negative number has one place more.
fn padded(number: i64, width: usize, has_fill: bool) -> String {
    let width = if has_fill { 0 } else { width + usize::from(number < 0) };
    format!("{number:0width$}")
}

/// The fields that are numbers.
fn number(time: &BrokenTime, pattern: TimePattern) -> Option<String> {
    let plain = |number: i64, width: usize| Some(padded(number, width, pattern.has_fill));
    // A day has no width of its own for its sign.
    let fixed = |number: i64, width: usize| {
        let width = if pattern.has_fill { 0 } else { width };
        Some(format!("{number:0width$}"))
    };
    match pattern.field {
        TimeField::Hour12 => {
            let hour = if time.hour % 12 == 0 { 12 } else { time.hour % 12 };
            let width = if pattern.has_fill { 0 } else { 2 + usize::from(time.hour < 0) };
            Some(format!("{hour:0width$}"))
        }
        TimeField::Hour24 => plain(time.hour, 2),
        TimeField::Minute => plain(time.minute, 2),
        TimeField::Second => plain(time.second, 2),
        TimeField::Fraction(digits) => Some(fraction(time.micros, usize::from(digits))),
        TimeField::Millisecond => Some(fraction(time.micros, 3)),
        TimeField::Microsecond => Some(fraction(time.micros, 6)),
        TimeField::DaySecond => Some((time.hour * 3600 + time.minute * 60 + time.second).to_string()),
        TimeField::Month => plain(time.month, 2),
        TimeField::YearDay => fixed(time.year_day, 3),
        TimeField::IsoYearDay => fixed(time.days - time.iso_year_and_start().1 + 1, 3),
        TimeField::Day => fixed(time.day, 2),
        TimeField::WeekDay => Some((time.week_day() + 1).to_string()),
        TimeField::IsoWeekDay => Some(if time.week_day() == 0 { 7 } else { time.week_day() }.to_string()),
        TimeField::Week => fixed((time.year_day - 1) / 7 + 1, 2),
        TimeField::IsoWeek => fixed(time.iso_week(), 2),
        TimeField::MonthWeek => Some(((time.day - 1) / 7 + 1).to_string()),
        TimeField::Quarter if time.month == 0 => Some(String::new()),
        TimeField::Quarter => Some(((time.month - 1) / 3 + 1).to_string()),
        TimeField::Century => {
            let century = match time.year {
                year if time.is_interval => year / 100,
                year @ 1.. => (year - 1) / 100 + 1,
                year => year / 100 - 1,
            };
            if century.abs() <= 99 { plain(century, 2) } else { Some(century.to_string()) }
        }
        TimeField::GroupedYear => {
            let year = time.shown(time.year);
            Some(format!("{},{:03}", year / 1000, year - year / 1000 * 1000))
        }
        TimeField::Year(digits) => year(time, time.year, digits, pattern.has_fill),
        TimeField::IsoYear(digits) => year(time, time.iso_year(), digits, pattern.has_fill),
        TimeField::Julian => Some((time.days + JULIAN_EPOCH).to_string()),
        _ => None,
    }
}

fn year(time: &BrokenTime, year: i64, digits: u8, has_fill: bool) -> Option<String> {
    let year = time.shown(year);
    let digits = usize::from(digits);
    if digits == 1 {
        return Some((year % 10).to_string());
    }
    let shown = match digits {
        2 => year % 100,
        3 => year % 1000,
        _ => year,
    };
    let width = if has_fill { 0 } else { digits + usize::from(time.shown(time.year) < 0) };
    Some(format!("{shown:0width$}"))
}

fn fraction(micros: i64, digits: usize) -> String {
    let divisor = 10_i64.pow(6_u32.saturating_sub(u32::try_from(digits).unwrap_or(6)));
    // A minus takes one of the places.
    format!("{:0digits$}", micros / divisor)
}

fn in_letters(name: &str, letters: Letters) -> String {
    match letters {
        Letters::Upper => name.to_ascii_uppercase(),
        Letters::Title => name.to_string(),
        Letters::Lower => name.to_ascii_lowercase(),
    }
}

fn word(time: &BrokenTime, pattern: TimePattern, out: &mut String) {
    let mut named = |name: &str, letters: Letters, width: usize| {
        let name = in_letters(name, letters);
        let width = if pattern.has_fill || pattern.is_translated { 0 } else { width };
        out.push_str(&format!("{name:<width$}"));
    };
    let month = usize::try_from(time.month - 1).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or("");
    let day = usize::try_from(time.week_day()).ok().and_then(|day| DAYS.get(day)).copied().unwrap_or("");
    match pattern.field {
        TimeField::MonthName(letters) => named(month, letters, 9),
        TimeField::ShortMonthName(letters) => named(month.get(..SHORT).unwrap_or(""), letters, 0),
        TimeField::DayName(letters) => named(day, letters, 9),
        TimeField::ShortDayName(letters) => named(day.get(..SHORT).unwrap_or(""), letters, 0),
        TimeField::RomanMonth => roman_month(time, pattern, out),
        TimeField::HalfDay { has_points } => {
            let is_late = time.hour % 24 >= 12;
            half(if is_late { 'P' } else { 'A' }, 'M', has_points, pattern.is_lower, out);
        }
        TimeField::Era { has_points } if time.year <= 0 => half('B', 'C', has_points, pattern.is_lower, out),
        TimeField::Era { has_points } => half('A', 'D', has_points, pattern.is_lower, out),
        TimeField::Zone => {
            let zone = time.zone.as_ref().map_or("", |zone| zone.abbreviation.as_str());
            out.push_str(&if pattern.is_lower { zone.to_ascii_lowercase() } else { zone.to_string() });
        }
        TimeField::Offset => {
            let minutes = offset_minutes(time);
            let sign = if minutes < 0 { '-' } else { '+' };
            let hours = minutes.abs() / 60;
            out.push_str(&if pattern.has_fill { format!("{sign}{hours}") } else { format!("{sign}{hours:02}") });
            if minutes % 60 != 0 {
                out.push_str(&format!(":{:02}", minutes.abs() % 60));
            }
        }
        TimeField::ZoneHour => {
            let minutes = offset_minutes(time);
            let sign = if minutes < 0 { '-' } else { '+' };
            out.push_str(&format!("{sign}{:02}", minutes.abs() / 60));
        }
        TimeField::ZoneMinute => out.push_str(&format!("{:02}", offset_minutes(time).abs() % 60)),
        _ => {}
    }
}

/// Minutes east of UTC.
fn offset_minutes(time: &BrokenTime) -> i64 {
    time.zone.as_ref().map_or(0, |zone| zone.offset / MICROS_PER_MINUTE)
}

fn half(first: char, second: char, has_points: bool, is_lower: bool, out: &mut String) {
    for letter in [first, second] {
        out.push(if is_lower { letter.to_ascii_lowercase() } else { letter });
        if has_points {
            out.push('.');
        }
    }
}

fn roman_month(time: &BrokenTime, pattern: TimePattern, out: &mut String) {
    let month = match time.month {
        0 if time.year == 0 => return,
        0 if time.year > 0 => 12,
        0 => 1,
        month if month < 0 => 13 + month,
        month => month,
    };
    let numeral = roman(month);
    let numeral = if pattern.is_lower { numeral.to_ascii_lowercase() } else { numeral };
    let width = if pattern.has_fill { 0 } else { 4 };
    out.push_str(&format!("{numeral:<width$}"));
}

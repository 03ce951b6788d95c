//! Templates of dates and times: `YYYY`, `HH24` and their like.

use crate::error::{Error, ErrorKind, Result};

/// Which calendar a pattern belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calendar {
    #[default]
    Any,
    Gregorian,
    IsoWeek,
}

/// A pattern: the field that it shows, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeField {
    /// Before and after Christ, with points between the letters.
    Era {
        has_points: bool,
    },
    HalfDay {
        has_points: bool,
    },
    Century,
    DayName(Letters),
    ShortDayName(Letters),
    YearDay,
    IsoYearDay,
    Day,
    WeekDay,
    IsoWeekDay,
    /// So many digits of the second's fraction.
    Fraction(u8),
    Exact,
    Hour24,
    Hour12,
    IsoWeek,
    /// So many digits of a year.
    Year(u8),
    IsoYear(u8),
    GroupedYear,
    Julian,
    Minute,
    Month,
    MonthName(Letters),
    ShortMonthName(Letters),
    Millisecond,
    Offset,
    Quarter,
    RomanMonth,
    DaySecond,
    Second,
    ZoneHour,
    ZoneMinute,
    Zone,
    Microsecond,
    Week,
    MonthWeek,
}

/// Capitals in names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    Upper,
    Title,
    Lower,
}

/// An element of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeElement {
    TimePattern(TimePattern),
    Separator(char),
    Space(char),
    Text(char),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimePattern {
    pub field: TimeField,
    /// As it stands in PostgreSQL's list of patterns.
    pub name: &'static str,
    pub calendar: Calendar,
    pub is_digits: bool,
    pub is_lower: bool,
    /// `FM`: without padding.
    pub has_fill: bool,
    /// `TM`: in the words of the locale.
    pub is_translated: bool,
    /// `TH` or `th`, in capitals or not.
    pub ordinal: Option<bool>,
}

use Calendar::{Any, Gregorian, IsoWeek};
use Letters::{Lower, Title, Upper};

/// Patterns in capitals, the longer ones first where one begins another: name, field, calendar, whether it is digits.
const PATTERNS: [(&str, TimeField, Calendar, bool); 62] = [
    ("A.D.", TimeField::Era { has_points: true }, Any, false),
    ("A.M.", TimeField::HalfDay { has_points: true }, Any, false),
    ("AD", TimeField::Era { has_points: false }, Any, false),
    ("AM", TimeField::HalfDay { has_points: false }, Any, false),
    ("B.C.", TimeField::Era { has_points: true }, Any, false),
    ("BC", TimeField::Era { has_points: false }, Any, false),
    ("CC", TimeField::Century, Any, true),
    ("DAY", TimeField::DayName(Upper), Any, false),
    ("DDD", TimeField::YearDay, Gregorian, true),
    ("DD", TimeField::Day, Gregorian, true),
    ("DY", TimeField::ShortDayName(Upper), Any, false),
    ("D", TimeField::WeekDay, Gregorian, true),
    ("FF1", TimeField::Fraction(1), Any, true),
    ("FF2", TimeField::Fraction(2), Any, true),
    ("FF3", TimeField::Fraction(3), Any, true),
    ("FF4", TimeField::Fraction(4), Any, true),
    ("FF5", TimeField::Fraction(5), Any, true),
    ("FF6", TimeField::Fraction(6), Any, true),
    ("FX", TimeField::Exact, Any, false),
    ("HH24", TimeField::Hour24, Any, true),
    ("HH12", TimeField::Hour12, Any, true),
    ("HH", TimeField::Hour12, Any, true),
    ("IDDD", TimeField::IsoYearDay, IsoWeek, true),
    ("ID", TimeField::IsoWeekDay, IsoWeek, true),
    ("IW", TimeField::IsoWeek, IsoWeek, true),
    ("IYYY", TimeField::IsoYear(4), IsoWeek, true),
    ("IYY", TimeField::IsoYear(3), IsoWeek, true),
    ("IY", TimeField::IsoYear(2), IsoWeek, true),
    ("I", TimeField::IsoYear(1), IsoWeek, true),
    ("J", TimeField::Julian, Any, true),
    ("MI", TimeField::Minute, Any, true),
    ("MM", TimeField::Month, Gregorian, true),
    ("MONTH", TimeField::MonthName(Upper), Gregorian, false),
    ("MON", TimeField::ShortMonthName(Upper), Gregorian, false),
    ("MS", TimeField::Millisecond, Any, true),
    ("OF", TimeField::Offset, Any, false),
    ("P.M.", TimeField::HalfDay { has_points: true }, Any, false),
    ("PM", TimeField::HalfDay { has_points: false }, Any, false),
    ("Q", TimeField::Quarter, Any, true),
    ("RM", TimeField::RomanMonth, Gregorian, false),
    ("SSSSS", TimeField::DaySecond, Any, true),
    ("SSSS", TimeField::DaySecond, Any, true),
    ("SS", TimeField::Second, Any, true),
    ("TZH", TimeField::ZoneHour, Any, false),
    ("TZM", TimeField::ZoneMinute, Any, true),
    ("TZ", TimeField::Zone, Any, false),
    ("US", TimeField::Microsecond, Any, true),
    ("WW", TimeField::Week, Gregorian, true),
    ("W", TimeField::MonthWeek, Gregorian, true),
    ("Y,YYY", TimeField::GroupedYear, Gregorian, true),
    ("YYYY", TimeField::Year(4), Gregorian, true),
    ("YYY", TimeField::Year(3), Gregorian, true),
    ("YY", TimeField::Year(2), Gregorian, true),
    ("Y", TimeField::Year(1), Gregorian, true),
    // Names with one capital have patterns of their own.
    ("Day", TimeField::DayName(Title), Any, false),
    ("Dy", TimeField::ShortDayName(Title), Any, false),
    ("Month", TimeField::MonthName(Title), Gregorian, false),
    ("Mon", TimeField::ShortMonthName(Title), Gregorian, false),
    ("day", TimeField::DayName(Lower), Any, false),
    ("dy", TimeField::ShortDayName(Lower), Any, false),
    ("month", TimeField::MonthName(Lower), Gregorian, false),
    ("mon", TimeField::ShortMonthName(Lower), Gregorian, false),
];

/// The pattern that a text begins with, and the bytes that it takes.
fn pattern_of(text: &str) -> Option<(TimePattern, usize)> {
    let plain =
        |(name, field, calendar, is_digits): &(&'static str, TimeField, Calendar, bool), is_lower: bool| TimePattern {
            field: *field,
            name,
            calendar: *calendar,
            is_digits: *is_digits,
            is_lower,
            has_fill: false,
            is_translated: false,
            ordinal: None,
        };
    let first = text.bytes().next()?;
    if first.is_ascii_uppercase() {
        // `D` begins `Day` and `Dy`, `M` nothing.
        let (names, others) = PATTERNS.split_at_checked(54)?;
        let mixed =
            others.iter().find(|row| text.starts_with(row.0)).filter(|row| row.0 != "Mon" || text.starts_with("Mon"));
        let plain_one = names.iter().find(|row| text.starts_with(row.0));
        let found = match (plain_one, mixed) {
            (Some(row), Some(longer)) if row.0.len() < longer.0.len() => longer,
            (Some(row), _) => row,
            (None, Some(row)) => row,
            (None, None) => return None,
        };
        return Some((plain(found, false), found.0.len()));
    }
    let lower = PATTERNS.iter().skip(54).find(|row| text.starts_with(row.0));
    let upper = PATTERNS
        .iter()
        .take(54)
        .find(|row| text.get(..row.0.len()).is_some_and(|begins| begins == row.0.to_ascii_lowercase()));
    let found = match (upper, lower) {
        (Some(row), Some(own)) if row.0.len() <= own.0.len() => own,
        (Some(row), _) => row,
        (None, Some(row)) => row,
        (None, None) => return None,
    };
    Some((plain(found, true), found.0.len()))
}

fn is_separator(character: char) -> bool {
    character.is_ascii_graphic() && !character.is_ascii_alphanumeric()
}

/// What may stand between the patterns of a template of standard SQL, besides what is quoted.
const STANDARD_SEPARATORS: [char; 8] = ['-', '.', '/', ',', '\'', ':', ';', ' '];

/// Reads a template.
pub fn template(format: &str) -> Vec<TimeElement> {
    elements_of(format, |_| true).unwrap_or_default()
}

/// Reads a template of standard SQL.
///
/// # Errors
/// 22007 for what may not stand between its patterns.
pub fn standard_template(format: &str) -> Result<Vec<TimeElement>> {
    elements_of(format, |separator| separator == '"' || STANDARD_SEPARATORS.contains(&separator)).map_err(|separator| {
        let message = format!("invalid datetime format separator: \"{separator}\"");
        Error::new(ErrorKind::InvalidDatetimeFormat, message)
    })
}

/// The elements of a template, or what may not stand between its patterns.
fn elements_of(format: &str, is_allowed: fn(char) -> bool) -> std::result::Result<Vec<TimeElement>, char> {
    let mut elements = Vec::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let (mut has_fill, mut is_translated) = (false, false);
        let prefix = rest.get(..2).unwrap_or("");
        match prefix {
            "FM" | "fm" => has_fill = true,
            "TM" | "tm" => is_translated = true,
            _ => {}
        }
        if has_fill || is_translated {
            rest = rest.get(2..).unwrap_or("");
        }
        if let Some((mut pattern, length)) = pattern_of(rest) {
            (pattern.has_fill, pattern.is_translated) = (has_fill, is_translated);
            rest = rest.get(length..).unwrap_or("");
            let suffix = rest.get(..2).unwrap_or("");
            match suffix {
                "TH" => pattern.ordinal = Some(true),
                "th" => pattern.ordinal = Some(false),
                _ => {}
            }
            if matches!(suffix, "TH" | "th" | "SP") {
                rest = rest.get(2..).unwrap_or("");
            }
            elements.push(TimeElement::TimePattern(pattern));
            continue;
        }
        // FM and TM before no pattern are left out.
        let first = if has_fill || is_translated { rest.chars().next() } else { Some(first) };
        let Some(first) = first else { break };
        if !is_allowed(first) {
            return Err(first);
        }
        rest = literal(rest, first, &mut elements);
    }
    Ok(elements)
}

/// Takes what is no pattern; what follows it.
fn literal<'a>(text: &'a str, first: char, elements: &mut Vec<TimeElement>) -> &'a str {
    if first == '"' {
        let mut characters = text.chars();
        characters.next();
        while let Some(character) = characters.next() {
            match character {
                '"' => return characters.as_str(),
                '\\' if !characters.as_str().is_empty() => elements.extend(characters.next().map(TimeElement::Text)),
                other => elements.push(TimeElement::Text(other)),
            }
        }
        return "";
    }
    let (shown, taken) = if text.starts_with("\\\"") { ('"', 2) } else { (first, first.len_utf8()) };
    elements.push(match shown {
        character if is_separator(character) => TimeElement::Separator(character),
        character if character.is_ascii_whitespace() => TimeElement::Space(character),
        character => TimeElement::Text(character),
    });
    text.get(taken..).unwrap_or("")
}

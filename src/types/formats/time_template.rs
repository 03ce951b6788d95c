//! Templates of dates and times: `YYYY`, `HH24` and their like.

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
pub enum Field {
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
pub enum Element {
    Pattern(Pattern),
    Separator(char),
    Space(char),
    Text(char),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub field: Field,
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
const PATTERNS: [(&str, Field, Calendar, bool); 62] = [
    ("A.D.", Field::Era { has_points: true }, Any, false),
    ("A.M.", Field::HalfDay { has_points: true }, Any, false),
    ("AD", Field::Era { has_points: false }, Any, false),
    ("AM", Field::HalfDay { has_points: false }, Any, false),
    ("B.C.", Field::Era { has_points: true }, Any, false),
    ("BC", Field::Era { has_points: false }, Any, false),
    ("CC", Field::Century, Any, true),
    ("DAY", Field::DayName(Upper), Any, false),
    ("DDD", Field::YearDay, Gregorian, true),
    ("DD", Field::Day, Gregorian, true),
    ("DY", Field::ShortDayName(Upper), Any, false),
    ("D", Field::WeekDay, Gregorian, true),
    ("FF1", Field::Fraction(1), Any, true),
    ("FF2", Field::Fraction(2), Any, true),
    ("FF3", Field::Fraction(3), Any, true),
    ("FF4", Field::Fraction(4), Any, true),
    ("FF5", Field::Fraction(5), Any, true),
    ("FF6", Field::Fraction(6), Any, true),
    ("FX", Field::Exact, Any, false),
    ("HH24", Field::Hour24, Any, true),
    ("HH12", Field::Hour12, Any, true),
    ("HH", Field::Hour12, Any, true),
    ("IDDD", Field::IsoYearDay, IsoWeek, true),
    ("ID", Field::IsoWeekDay, IsoWeek, true),
    ("IW", Field::IsoWeek, IsoWeek, true),
    ("IYYY", Field::IsoYear(4), IsoWeek, true),
    ("IYY", Field::IsoYear(3), IsoWeek, true),
    ("IY", Field::IsoYear(2), IsoWeek, true),
    ("I", Field::IsoYear(1), IsoWeek, true),
    ("J", Field::Julian, Any, true),
    ("MI", Field::Minute, Any, true),
    ("MM", Field::Month, Gregorian, true),
    ("MONTH", Field::MonthName(Upper), Gregorian, false),
    ("MON", Field::ShortMonthName(Upper), Gregorian, false),
    ("MS", Field::Millisecond, Any, true),
    ("OF", Field::Offset, Any, false),
    ("P.M.", Field::HalfDay { has_points: true }, Any, false),
    ("PM", Field::HalfDay { has_points: false }, Any, false),
    ("Q", Field::Quarter, Any, true),
    ("RM", Field::RomanMonth, Gregorian, false),
    ("SSSSS", Field::DaySecond, Any, true),
    ("SSSS", Field::DaySecond, Any, true),
    ("SS", Field::Second, Any, true),
    ("TZH", Field::ZoneHour, Any, false),
    ("TZM", Field::ZoneMinute, Any, true),
    ("TZ", Field::Zone, Any, false),
    ("US", Field::Microsecond, Any, true),
    ("WW", Field::Week, Gregorian, true),
    ("W", Field::MonthWeek, Gregorian, true),
    ("Y,YYY", Field::GroupedYear, Gregorian, true),
    ("YYYY", Field::Year(4), Gregorian, true),
    ("YYY", Field::Year(3), Gregorian, true),
    ("YY", Field::Year(2), Gregorian, true),
    ("Y", Field::Year(1), Gregorian, true),
    // Names with one capital have patterns of their own.
    ("Day", Field::DayName(Title), Any, false),
    ("Dy", Field::ShortDayName(Title), Any, false),
    ("Month", Field::MonthName(Title), Gregorian, false),
    ("Mon", Field::ShortMonthName(Title), Gregorian, false),
    ("day", Field::DayName(Lower), Any, false),
    ("dy", Field::ShortDayName(Lower), Any, false),
    ("month", Field::MonthName(Lower), Gregorian, false),
    ("mon", Field::ShortMonthName(Lower), Gregorian, false),
];

/// The pattern that a text begins with, and the bytes that it takes.
fn pattern_of(text: &str) -> Option<(Pattern, usize)> {
    let plain = |(name, field, calendar, is_digits): &(&'static str, Field, Calendar, bool), is_lower: bool| Pattern {
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

/// Reads a template.
pub fn template(format: &str) -> Vec<Element> {
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
            elements.push(Element::Pattern(pattern));
            continue;
        }
        if has_fill || is_translated {
            let Some(first) = rest.chars().next() else { break };
            rest = literal(rest, first, &mut elements);
            continue;
        }
        rest = literal(rest, first, &mut elements);
    }
    elements
}

/// Takes what is no pattern; what follows it.
fn literal<'a>(text: &'a str, first: char, elements: &mut Vec<Element>) -> &'a str {
    if first == '"' {
        let mut characters = text.chars();
        characters.next();
        while let Some(character) = characters.next() {
            match character {
                '"' => return characters.as_str(),
                '\\' if !characters.as_str().is_empty() => elements.extend(characters.next().map(Element::Text)),
                other => elements.push(Element::Text(other)),
            }
        }
        return "";
    }
    let (shown, taken) = if text.starts_with("\\\"") { ('"', 2) } else { (first, first.len_utf8()) };
    elements.push(match shown {
        character if is_separator(character) => Element::Separator(character),
        character if character.is_ascii_whitespace() => Element::Space(character),
        character => Element::Text(character),
    });
    text.get(taken..).unwrap_or("")
}

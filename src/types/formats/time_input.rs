//! Dates and times read by a template (`DCH_from_char` of PostgreSQL's `formatting.c`).

use crate::error::{Error, ErrorKind, Result};
use crate::types::datetime::time_zone::zone_offset_of_abbreviation;
use crate::types::formats::number_text::check_length;
use crate::types::formats::time_fields::{ReadTime, StandardTime, TimeFields};
use crate::types::formats::time_template::{
    Calendar, TimeElement, TimeField, TimePattern, standard_template, template,
};
use crate::types::formats::time_text::{DAYS, MONTHS};

struct Reader {
    text: Vec<char>,
    at: usize,
    elements: Vec<TimeElement>,
    /// The element that is read.
    element: usize,
    fields: TimeFields,
    is_exact: bool,
    /// As standard SQL reads: what stands between the fields is what the template has there, and nothing is left over.
    is_standard: bool,
    /// Blanks and separators that were skipped beyond what the template has.
    skipped: i64,
}

/// Reads a time.
///
/// # Errors
/// 22007 for a text that does not follow the template, 22008 for fields out of range, 54000 for a template that is too long.
pub fn time_of_text(text: &str, format: &str) -> Result<ReadTime> {
    check_length(format)?;
    let mut reader = Reader {
        text: text.chars().collect(),
        at: 0,
        elements: template(format),
        element: 0,
        fields: TimeFields::default(),
        is_exact: false,
        is_standard: false,
        skipped: 0,
    };
    reader.read()?;
    reader.fields.finish(text)
}

/// Reads a time as standard SQL does, which tells by the template what kind of time it is.
///
/// # Errors
/// As [`time_of_text`]; 22007 for a template of another dialect, one that has neither a date nor a time, and one with a zone
/// and without a time.
pub fn standard_time(text: &str, format: &str) -> Result<StandardTime> {
    check_length(format)?;
    let elements = standard_template(format)?;
    let fields = elements.iter().filter_map(|element| match element {
        TimeElement::TimePattern(pattern) => Some(pattern.field),
        _ => None,
    });
    let (mut is_dated, mut is_timed, mut is_zoned) = (false, false, false);
    for field in fields {
        match field {
            TimeField::Exact => {}
            TimeField::Zone | TimeField::Offset | TimeField::ZoneHour | TimeField::ZoneMinute => is_zoned = true,
            TimeField::HalfDay { .. }
            | TimeField::Hour12
            | TimeField::Hour24
            | TimeField::Minute
            | TimeField::Second
            | TimeField::DaySecond
            | TimeField::Millisecond
            | TimeField::Microsecond
            | TimeField::Fraction(_) => is_timed = true,
            _ => is_dated = true,
        }
    }
    let mut reader = Reader {
        text: text.chars().collect(),
        at: 0,
        elements,
        element: 0,
        fields: TimeFields::default(),
        is_exact: true,
        is_standard: true,
        skipped: 0,
    };
    // Without a pattern there is nothing that could be read.
    if is_dated || is_timed || is_zoned {
        reader.read()?;
    }
    let time = reader.fields.finish(text)?;
    match (is_dated, is_timed, is_zoned) {
        (true, false, true) => Err(wrong("datetime format is zoned but not timed".to_string())),
        (false, false, _) => Err(wrong("datetime format is not dated and not timed".to_string())),
        _ => Ok(StandardTime { time, is_dated, is_timed, is_zoned }),
    }
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::InvalidDatetimeFormat, message)
}

fn is_separator(character: char) -> bool {
    character.is_ascii_graphic() && !character.is_ascii_alphanumeric()
}

/// A year of fewer than four digits is the one nearest to 2020.
fn nearest_year(year: i64) -> i64 {
    match year {
        ..70 => year + 2000,
        70..100 => year + 1900,
        100..520 => year + 2000,
        520..1000 => year + 1000,
        _ => year,
    }
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) -> i64 {
        let start = self.at;
        while self.peek().is_some_and(|character| character.is_ascii_whitespace()) {
            self.at += 1;
        }
        i64::try_from(self.at - start).unwrap_or(0)
    }

    fn read(&mut self) -> Result<()> {
        while let Some(element) = self.elements.get(self.element).copied() {
            if self.peek().is_none() {
                return match self.is_standard {
                    true => Err(wrong("input string is too short for datetime format".to_string())),
                    false => Ok(()),
                };
            }
            let is_exact_mark =
                matches!(element, TimeElement::TimePattern(pattern) if pattern.field == TimeField::Exact);
            if !self.is_exact && !is_exact_mark && (matches!(element, TimeElement::TimePattern(_)) || self.element == 0)
            {
                self.skipped += self.skip_blanks();
            }
            match element {
                TimeElement::Space(own) | TimeElement::Separator(own)
                    if self.is_standard && self.peek() != Some(own) =>
                {
                    return Err(wrong(format!("unmatched format separator \"{own}\"")));
                }
                TimeElement::Text(own) if self.is_standard && self.peek() != Some(own) => {
                    return Err(wrong(format!("unmatched format character \"{own}\"")));
                }
                TimeElement::Space(_) | TimeElement::Separator(_) if self.is_exact => self.at += 1,
                TimeElement::Space(_) | TimeElement::Separator(_) => {
                    self.skipped -= 1;
                    if self.peek().is_some_and(|next| next.is_ascii_whitespace() || is_separator(next)) {
                        self.at += 1;
                        self.skipped += 1;
                    }
                }
                TimeElement::Text(_) if !self.is_exact && self.skipped > 0 => self.skipped -= 1,
                TimeElement::Text(_) => self.at += 1,
                TimeElement::TimePattern(pattern) => {
                    self.field(pattern)?;
                    if !self.is_exact {
                        self.skipped = self.skip_blanks();
                    }
                }
            }
            self.element += 1;
        }
        if self.is_standard {
            self.skip_blanks();
            if self.peek().is_some() {
                return Err(wrong("trailing characters remain in input string after datetime format".to_string()));
            }
        }
        Ok(())
    }

    /// Whether something that is no digit follows the pattern.
    fn ends_before_text(&self, pattern: TimePattern) -> bool {
        pattern.ordinal.is_some()
            || match self.elements.get(self.element + 1) {
                None => true,
                Some(TimeElement::TimePattern(next)) => !next.is_digits,
                Some(TimeElement::Separator(next) | TimeElement::Space(next) | TimeElement::Text(next)) => {
                    !next.is_ascii_digit()
                }
            }
    }

    /// An integer of so many digits, or of as many as there are where something else follows; how many characters it took.
    fn integer(&mut self, pattern: TimePattern, length: usize) -> Result<(i64, usize)> {
        let start = self.at;
        self.skip_blanks();
        let rest: String = self.text.iter().skip(self.at).take(length).collect();
        let is_free = pattern.has_fill || self.ends_before_text(pattern);
        if !is_free {
            let left = self.text.len() - self.at;
            if left < length {
                let message = format!("source string too short for \"{}\" formatting field", shown_name(pattern));
                return Err(wrong(message)
                    .with_detail(format!("TimeField requires {length} characters, but only {left} remain."))
                    .with_hint("If your source string is not fixed-width, try using the \"FM\" modifier."));
            }
        }
        let mut end = self.at;
        let most = if is_free { usize::MAX } else { length };
        // Blanks before a sign count in a field of fixed width, as for C's strtol.
        while end - self.at < most && self.text.get(end).is_some_and(char::is_ascii_whitespace) {
            end += 1;
        }
        let is_negative = self.text.get(end) == Some(&'-');
        if end - self.at < most && matches!(self.text.get(end), Some('-' | '+')) {
            end += 1;
        }
        let first = end;
        let mut number = 0_i64;
        while end - self.at < most
            && let Some(digit) = self.text.get(end).and_then(|character| character.to_digit(10))
        {
            number = number.saturating_mul(10).saturating_add(i64::from(digit));
            end += 1;
        }
        let has_digits = end > first;
        let used = if has_digits { end - self.at } else { 0 };
        if !is_free && used > 0 && used < length {
            return Err(wrong(format!("invalid value \"{rest}\" for \"{}\"", shown_name(pattern)))
                .with_detail(format!("TimeField requires {length} characters, but only {used} could be parsed."))
                .with_hint("If your source string is not fixed-width, try using the \"FM\" modifier."));
        }
        self.at = if has_digits { end } else { start };
        if self.at == start {
            return Err(wrong(format!("invalid value \"{rest}\" for \"{}\"", shown_name(pattern)))
                .with_detail("Value must be an integer."));
        }
        let number = if is_negative { -number } else { number };
        if i32::try_from(number).is_err() {
            let message = format!("value for \"{}\" in source string is out of range", shown_name(pattern));
            return Err(Error::new(ErrorKind::DatetimeOutOfRange, message).with_detail(format!(
                "Value must be in the range {} to {}.",
                i32::MIN,
                i32::MAX
            )));
        }
        Ok((number, self.at - start))
    }

    /// One of some names, in any case.
    fn name(&mut self, pattern: TimePattern, names: &[String]) -> Result<usize> {
        let rest: String = self.text.iter().skip(self.at).collect();
        let begins = |name: &&String| rest.get(..name.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(name));
        if let Some(position) = names.iter().position(|name| begins(&name)) {
            self.at += names.get(position).map_or(0, String::len);
            return Ok(position);
        }
        let word = rest.split_ascii_whitespace().next().unwrap_or("");
        let word = if rest.starts_with(|character: char| character.is_ascii_whitespace()) { "" } else { word };
        Err(wrong(format!("invalid value \"{word}\" for \"{}\"", shown_name(pattern)))
            .with_detail("The given value did not match any of the allowed values for this field."))
    }

    fn set(pattern: TimePattern, slot: &mut i64, value: i64) -> Result<()> {
        if *slot != 0 && *slot != value {
            let message = format!("conflicting values for \"{}\" field in formatting string", shown_name(pattern));
            return Err(
                wrong(message).with_detail("This value contradicts a previous setting for the same field type.")
            );
        }
        *slot = value;
        Ok(())
    }

    /// A number into its slot; behind it come two letters where the template has an ordinal.
    fn number(&mut self, pattern: TimePattern, length: usize, slot: fn(&mut TimeFields) -> &mut i64) -> Result<usize> {
        let (value, used) = self.integer(pattern, length)?;
        Self::set(pattern, slot(&mut self.fields), value)?;
        Ok(used)
    }

    fn skip_ordinal(&mut self, pattern: TimePattern) {
        if pattern.ordinal.is_some() {
            self.at = (self.at + 2).min(self.text.len());
        }
    }

    fn field(&mut self, pattern: TimePattern) -> Result<()> {
        if pattern.calendar != Calendar::Any {
            if self.fields.calendar != Calendar::Any && self.fields.calendar != pattern.calendar {
                return Err(wrong("invalid combination of date conventions".to_string())
                    .with_hint("Do not mix Gregorian and ISO week date conventions in a formatting template."));
            }
            self.fields.calendar = pattern.calendar;
        }
        let length = pattern.name.len();
        match pattern.field {
            TimeField::Exact => self.is_exact = true,
            TimeField::HalfDay { has_points } => {
                let names = if has_points { ["a.m.", "p.m."] } else { ["am", "pm"] };
                let value = self.name(pattern, &names.map(str::to_string))?;
                Self::set(pattern, &mut self.fields.is_late, i64::from(value == 1))?;
                self.fields.is_half_day = true;
            }
            TimeField::Hour12 => {
                self.number(pattern, 2, |fields| &mut fields.hour)?;
                self.fields.is_half_day = true;
                self.skip_ordinal(pattern);
            }
            TimeField::Hour24 => {
                self.number(pattern, 2, |fields| &mut fields.hour)?;
                self.skip_ordinal(pattern);
            }
            TimeField::Millisecond => {
                let used = self.number(pattern, 3, |fields| &mut fields.millis)?;
                self.fields.millis *= [1, 100, 10].get(used).copied().unwrap_or(1);
                self.skip_ordinal(pattern);
            }
            TimeField::Fraction(_) | TimeField::Microsecond => {
                let digits = if let TimeField::Fraction(digits) = pattern.field { digits } else { 6 };
                if pattern.field != TimeField::Microsecond {
                    self.fields.precision = Some(digits);
                }
                let digits = usize::from(digits);
                let used = self.number(pattern, digits, |fields| &mut fields.micros)?;
                self.fields.micros *= [1, 100_000, 10_000, 1_000, 100, 10].get(used).copied().unwrap_or(1);
                self.skip_ordinal(pattern);
            }
            TimeField::Zone | TimeField::Offset | TimeField::ZoneHour | TimeField::ZoneMinute => self.zone(pattern)?,
            TimeField::Era { has_points } => {
                let names = if has_points { ["a.d.", "b.c."] } else { ["ad", "bc"] };
                let value = self.name(pattern, &names.map(str::to_string))?;
                Self::set(pattern, &mut self.fields.is_before_christ, i64::from(value == 1))?;
            }
            TimeField::MonthName(_)
            | TimeField::ShortMonthName(_)
            | TimeField::DayName(_)
            | TimeField::ShortDayName(_)
            | TimeField::RomanMonth => self.calendar_name(pattern)?,
            TimeField::IsoWeekDay => {
                self.number(pattern, 1, |fields| &mut fields.week_day)?;
                self.fields.week_day = if self.fields.week_day >= 7 { 1 } else { self.fields.week_day + 1 };
                self.skip_ordinal(pattern);
            }
            TimeField::GroupedYear => self.grouped_year(pattern)?,
            TimeField::Year(digits) | TimeField::IsoYear(digits) => {
                let used = self.number(pattern, length, |fields| &mut fields.year)?;
                if digits < 4 && used < 4 {
                    self.fields.year = nearest_year(self.fields.year);
                }
                self.fields.year_digits = digits;
                self.skip_ordinal(pattern);
            }
            _ => self.plain_number(pattern)?,
        }
        Ok(())
    }

    /// Names of months and of days of the week.
    fn calendar_name(&mut self, pattern: TimePattern) -> Result<()> {
        match pattern.field {
            TimeField::MonthName(_) => {
                let value = self.name(pattern, &MONTHS.map(str::to_string))?;
                Self::set(pattern, &mut self.fields.month, value as i64 + 1)?;
            }
            TimeField::ShortMonthName(_) => {
                let names = MONTHS.map(|name| name.chars().take(3).collect::<String>());
                let value = self.name(pattern, &names)?;
                Self::set(pattern, &mut self.fields.month, value as i64 + 1)?;
            }
            TimeField::DayName(_) => {
                let value = self.name(pattern, &DAYS.map(str::to_string))?;
                Self::set(pattern, &mut self.fields.week_day, value as i64)?;
                self.fields.week_day += 1;
            }
            TimeField::ShortDayName(_) => {
                let names = DAYS.map(|name| name.chars().take(3).collect::<String>());
                let value = self.name(pattern, &names)?;
                Self::set(pattern, &mut self.fields.week_day, value as i64)?;
                self.fields.week_day += 1;
            }
            TimeField::RomanMonth => {
                let names = ["xii", "xi", "x", "ix", "viii", "vii", "vi", "v", "iv", "iii", "ii", "i"];
                let value = self.name(pattern, &names.map(str::to_string))?;
                Self::set(pattern, &mut self.fields.month, 12 - value as i64)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The fields that are no more than a number.
    fn plain_number(&mut self, pattern: TimePattern) -> Result<()> {
        let length = if pattern.field == TimeField::IsoYearDay { 3 } else { pattern.name.len() };
        let slot: fn(&mut TimeFields) -> &mut i64 = match pattern.field {
            TimeField::Minute => |fields| &mut fields.minute,
            TimeField::Second => |fields| &mut fields.second,
            TimeField::DaySecond => |fields| &mut fields.day_second,
            TimeField::Month => |fields| &mut fields.month,
            TimeField::YearDay | TimeField::IsoYearDay => |fields| &mut fields.year_day,
            TimeField::Day => |fields| &mut fields.day,
            TimeField::WeekDay => |fields| &mut fields.week_day,
            TimeField::Week | TimeField::IsoWeek => |fields| &mut fields.week,
            TimeField::Century => |fields| &mut fields.century,
            TimeField::MonthWeek => |fields| &mut fields.month_week,
            TimeField::Julian => |fields| &mut fields.julian,
            // The quarter is read and says nothing.
            _ => {
                self.integer(pattern, length)?;
                self.skip_ordinal(pattern);
                return Ok(());
            }
        };
        self.number(pattern, length, slot)?;
        self.skip_ordinal(pattern);
        Ok(())
    }

    fn grouped_year(&mut self, pattern: TimePattern) -> Result<()> {
        let rest: String = self.text.iter().skip(self.at).collect();
        let trimmed = rest.trim_start();
        let blanks = rest.len() - trimmed.len();
        let invalid = || wrong(format!("invalid value \"{rest}\" for \"Y,YYY\""));
        let sign = usize::from(trimmed.starts_with(['-', '+']));
        let digits = trimmed.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
        let behind = trimmed.get(sign + digits..).unwrap_or("");
        let years = behind.strip_prefix(',').ok_or_else(invalid)?;
        let count = years.bytes().take(3).take_while(u8::is_ascii_digit).count();
        let thousands: i64 = trimmed.get(..sign + digits).and_then(|text| text.parse().ok()).ok_or_else(invalid)?;
        let last: i64 = years.get(..count).and_then(|text| text.parse().ok()).ok_or_else(invalid)?;
        let year = thousands.saturating_mul(1000).saturating_add(last);
        if i32::try_from(year).is_err() {
            let message = format!("value for \"{}\" in source string is out of range", shown_name(pattern));
            return Err(Error::new(ErrorKind::DatetimeOutOfRange, message));
        }
        Self::set(pattern, &mut self.fields.year, year)?;
        self.fields.year_digits = 4;
        self.at += blanks + sign + digits + 1 + count;
        self.skip_ordinal(pattern);
        Ok(())
    }

    fn zone(&mut self, pattern: TimePattern) -> Result<()> {
        if pattern.field == TimeField::ZoneMinute {
            if self.fields.zone_sign == 0 {
                self.fields.zone_sign = 1;
            }
            self.number(pattern, 2, |fields| &mut fields.zone_minute)?;
            return Ok(());
        }
        if pattern.field == TimeField::Zone {
            let word: String =
                self.text.iter().skip(self.at).take_while(|letter| letter.is_ascii_alphabetic()).collect();
            for length in (1..=word.len()).rev() {
                let begins = word.get(..length).unwrap_or("");
                if let Some(micros) = zone_offset_of_abbreviation(begins) {
                    self.fields.zone = Some(micros);
                    self.fields.zone_sign = 0;
                    self.at += length;
                    return Ok(());
                }
            }
            if !word.is_empty() {
                let rest: String = self.text.iter().skip(self.at).collect();
                return Err(wrong(format!("invalid value \"{rest}\" for \"{}\"", shown_name(pattern)))
                    .with_detail("Time zone abbreviation is not recognized."));
            }
        }
        match self.peek() {
            Some(sign @ ('+' | '-' | ' ')) => {
                self.fields.zone_sign = if sign == '-' { -1 } else { 1 };
                self.at += 1;
            }
            _ => {
                let before = self.at.checked_sub(1).and_then(|at| self.text.get(at));
                self.fields.zone_sign = if self.skipped > 0 && before == Some(&'-') { -1 } else { 1 };
            }
        }
        self.number(pattern, 2, |fields| &mut fields.zone_hour)?;
        if pattern.field != TimeField::ZoneHour && self.peek() == Some(':') {
            self.at += 1;
            self.number(pattern, 2, |fields| &mut fields.zone_minute)?;
        }
        Ok(())
    }
}

/// A pattern as the template has it: names are told in the case in which they were written.
fn shown_name(pattern: TimePattern) -> String {
    let has_own_case = !pattern.name.bytes().any(|byte| byte.is_ascii_lowercase());
    if pattern.is_lower && has_own_case { pattern.name.to_ascii_lowercase() } else { pattern.name.to_string() }
}

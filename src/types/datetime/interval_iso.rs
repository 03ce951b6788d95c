//! Durations of ISO 8601 as intervals.

use crate::types::datetime::calendar::{MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND};
use crate::types::datetime::interval_text::{Amount, SpanUnit, Sum};

/// What stands behind the letter P (ISO 8601, 4.4.3): `1Y2M3DT4H5M6.5S`, weeks, `0001-02-03T04:05:06` or `00010203T040506`.
pub(super) struct IsoReader<'t> {
    rest: &'t str,
    /// Whether the part, of dates or of times, has a field already.
    has_field: bool,
}

/// Digits of the basic form of a date, and of a time.
const BASIC_DATE_DIGITS: usize = 8;
const BASIC_TIME_DIGITS: usize = 6;

impl<'t> IsoReader<'t> {
    /// Reads durations.
    pub(super) fn new(rest: &'t str) -> IsoReader<'t> {
        IsoReader { rest, has_field: false }
    }

    /// Adds all fields; `None` where the text is no duration.
    pub(super) fn read(mut self, sum: &mut Sum) -> Option<()> {
        if self.rest.is_empty() {
            return None;
        }
        while !self.rest.is_empty() && !self.rest.starts_with(['T', 't']) {
            self.date(sum)?;
        }
        self.rest = self.rest.get(1..).unwrap_or_default();
        self.has_field = false;
        while !self.rest.is_empty() {
            self.time(sum)?;
        }
        Some(())
    }

    fn number(&mut self) -> Option<Amount<'t>> {
        let is_part = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        let sign = usize::from(self.rest.starts_with(['-', '+']));
        let digits = self.rest.bytes().skip(sign).take_while(|byte| is_part(*byte)).count();
        let (number, rest) = self.rest.split_at_checked(sign + digits)?;
        self.rest = rest;
        self.has_field = true;
        Amount::read(number)
    }

    /// The letter behind a number.
    fn letter(&mut self) -> Option<char> {
        let letter = self.rest.chars().next().filter(char::is_ascii_alphabetic)?;
        self.rest = self.rest.get(1..)?;
        Some(letter.to_ascii_uppercase())
    }

    fn date(&mut self, sum: &mut Sum) -> Option<()> {
        let (is_first, before) = (!self.has_field, self.rest);
        let number = self.number()?;
        let ends = self.rest.is_empty() || self.rest.starts_with(['T', 't']);
        if ends && is_first && digits(before) == BASIC_DATE_DIGITS {
            let part = |whole: i128| Amount { whole, fraction: "", ..number };
            sum.add(part(number.whole / 10_000), SpanUnit::Months(12));
            sum.add(part(number.whole / 100 % 100), SpanUnit::Months(1));
            sum.add(Amount { whole: number.whole % 100, ..number }, SpanUnit::Days(1));
            return Some(());
        }
        if ends || self.rest.starts_with('-') {
            if !is_first {
                return None;
            }
            sum.add(number, SpanUnit::Months(12));
            for unit in [SpanUnit::Months(1), SpanUnit::Days(1)] {
                let Some(rest) = self.rest.strip_prefix('-') else { break };
                self.rest = rest;
                sum.add(self.number()?, unit);
            }
            return (self.rest.is_empty() || self.rest.starts_with(['T', 't'])).then_some(());
        }
        let unit = match self.letter()? {
            'Y' => SpanUnit::Months(12),
            'M' => SpanUnit::Months(1),
            'W' => SpanUnit::Days(7),
            'D' => SpanUnit::Days(1),
            _ => return None,
        };
        sum.add(number, unit);
        Some(())
    }

    fn time(&mut self, sum: &mut Sum) -> Option<()> {
        let (is_first, before) = (!self.has_field, self.rest);
        let number = self.number()?;
        let ends = self.rest.is_empty();
        if ends && is_first && digits(before) == BASIC_TIME_DIGITS {
            let part = |whole: i128| Amount { whole, fraction: "", ..number };
            sum.add(part(number.whole / 10_000), SpanUnit::Micros(MICROS_PER_HOUR));
            sum.add(part(number.whole / 100 % 100), SpanUnit::Micros(MICROS_PER_MINUTE));
            sum.add(Amount { whole: number.whole % 100, ..number }, SpanUnit::Micros(MICROS_PER_SECOND));
            return Some(());
        }
        if ends || self.rest.starts_with(':') {
            if !is_first {
                return None;
            }
            sum.add(number, SpanUnit::Micros(MICROS_PER_HOUR));
            for unit in [SpanUnit::Micros(MICROS_PER_MINUTE), SpanUnit::Micros(MICROS_PER_SECOND)] {
                let Some(rest) = self.rest.strip_prefix(':') else { break };
                self.rest = rest;
                sum.add(self.number()?, unit);
            }
            return self.rest.is_empty().then_some(());
        }
        let unit = match self.letter()? {
            'H' => SpanUnit::Micros(MICROS_PER_HOUR),
            'M' => SpanUnit::Micros(MICROS_PER_MINUTE),
            'S' => SpanUnit::Micros(MICROS_PER_SECOND),
            _ => return None,
        };
        sum.add(number, unit);
        Some(())
    }
}

/// How many digits a text begins with, behind a sign.
fn digits(text: &str) -> usize {
    text.bytes().skip_while(|byte| matches!(byte, b'-' | b'+')).take_while(u8::is_ascii_digit).count()
}

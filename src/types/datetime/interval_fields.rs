//! The fields that an interval is declared with: `interval '1' year`, `interval day to hour`, `interval(3)`.

use crate::error::Result;
use crate::types::datetime::calendar::{MICROS_PER_HOUR, MICROS_PER_MINUTE};
use crate::types::datetime::interval_text::parse_interval_of;
use crate::types::{Interval, TextStyle};

/// The last field of an interval. What is below it is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalField {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    /// Seconds behind minutes: `2:03` is two minutes.
    MinuteSecond,
}

/// Decimals of seconds.
const SECOND_DECIMALS: u32 = 6;

impl IntervalField {
    /// All of them, in an order that numbers them.
    const ALL: [IntervalField; 7] = [
        IntervalField::Year,
        IntervalField::Month,
        IntervalField::Day,
        IntervalField::Hour,
        IntervalField::Minute,
        IntervalField::Second,
        IntervalField::MinuteSecond,
    ];

    /// The field of a number that [`IntervalField::number`] gives.
    pub fn numbered(number: i64) -> Option<IntervalField> {
        usize::try_from(number).ok().and_then(|position| Self::ALL.get(position)).copied()
    }

    pub fn number(self) -> i32 {
        let position = Self::ALL.iter().position(|field| *field == self);
        position.and_then(|position| i32::try_from(position).ok()).unwrap_or(0)
    }

    /// Reads an interval whose last field is this one.
    ///
    /// # Errors
    /// 22007 for a text that is none, 22015 and 22008 for one out of range.
    pub fn parse(self, text: &str, style: &TextStyle) -> Result<Interval> {
        parse_interval_of(text, self, style)
    }
}

impl Interval {
    /// The interval without what is below its last field, its seconds rounded to so many decimals.
    #[must_use]
    pub fn fitted(self, last: IntervalField, decimals: Option<u32>) -> Interval {
        if self.is_infinite() {
            return self;
        }
        let whole = |unit: i64| Interval { micros: self.micros.saturating_sub(self.micros % unit), ..self };
        match last {
            IntervalField::Year => {
                Interval { months: self.months.saturating_sub(self.months % 12), ..Interval::default() }
            }
            IntervalField::Month => Interval { months: self.months, ..Interval::default() },
            IntervalField::Day => Interval { micros: 0, ..self },
            IntervalField::Hour => whole(MICROS_PER_HOUR),
            IntervalField::Minute => whole(MICROS_PER_MINUTE),
            IntervalField::Second | IntervalField::MinuteSecond => {
                let Some(decimals) = decimals.filter(|decimals| *decimals < SECOND_DECIMALS) else { return self };
                let unit = 10_i64.pow(SECOND_DECIMALS.saturating_sub(decimals));
                // Half a unit goes away from zero.
                let half = self.micros.signum().saturating_mul(unit / 2);
                let rounded = self.micros.saturating_add(half);
                Interval { micros: rounded.saturating_sub(rounded % unit), ..self }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Value;

    #[test]
    fn intervals_have_the_fields_that_they_are_declared_with() {
        for (text, field, decimals, expected) in [
            ("1", IntervalField::Year, None, "1 year"),
            ("1-2", IntervalField::Month, None, "1 year 2 mons"),
            ("1 2:03:04", IntervalField::Hour, None, "1 day 02:00:00"),
            ("1 2:03", IntervalField::Minute, None, "1 day 02:03:00"),
            ("2:03", IntervalField::MinuteSecond, None, "00:02:03"),
            ("1.5", IntervalField::Second, Some(0), "00:00:02"),
            ("-1.23456", IntervalField::Second, Some(2), "-00:00:01.23"),
            ("1 year 5 days", IntervalField::Year, None, "1 year"),
            ("infinity", IntervalField::Day, None, "infinity"),
        ] {
            let interval = field.parse(text, TextStyle::CANONICAL).unwrap().fitted(field, decimals);
            assert_eq!(Value::Interval(interval).to_text(), expected, "{text}");
            assert_eq!(IntervalField::numbered(field.number().into()), Some(field));
        }
    }
}

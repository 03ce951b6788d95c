//! Arithmetic of intervals, as in PostgreSQL's `timestamp.c`. Every result is checked: 22008 where it does not fit.
#![warn(clippy::arithmetic_side_effects)]

use crate::error::{Error, ErrorKind, Result};
use crate::types::Interval;
use crate::types::datetime::calendar::MICROS_PER_DAY;

const DAYS_PER_MONTH: i32 = 30;
const SECONDS_PER_DAY: f64 = 86_400.0;
const MICROS_PER_SECOND: f64 = 1e6;

fn out_of_range() -> Error {
    Error::new(ErrorKind::DatetimeOutOfRange, "interval out of range")
}

impl Interval {
    /// After all others.
    pub const INFINITY: Interval = Interval { months: i32::MAX, days: i32::MAX, micros: i64::MAX };
    /// Before all others.
    pub const MINUS_INFINITY: Interval = Interval { months: i32::MIN, days: i32::MIN, micros: i64::MIN };

    /// Whether it is one of the infinities.
    pub fn is_infinite(self) -> bool {
        self == Interval::INFINITY || self == Interval::MINUS_INFINITY
    }

    /// What intervals are compared, grouped and ordered by: microseconds, a month being 30 days and a day 24 hours.
    pub fn span(self) -> i128 {
        let days = i128::from(self.months).saturating_mul(i128::from(DAYS_PER_MONTH)).saturating_add(self.days.into());
        days.saturating_mul(MICROS_PER_DAY.into()).saturating_add(self.micros.into())
    }

    /// Bytes in the order of [`Interval::span`], which tell intervals of the same span apart: [`Interval::from_bytes`]
    /// reads them back.
    pub fn to_bytes(self) -> Vec<u8> {
        // The sign bit the other way round: bytes compare without a sign.
        let span = self.span().cast_unsigned() ^ (1 << 127);
        let mut bytes = span.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.months.to_be_bytes());
        bytes.extend_from_slice(&self.days.to_be_bytes());
        bytes.extend_from_slice(&self.micros.to_be_bytes());
        bytes
    }

    /// `None` for bytes that [`Interval::to_bytes`] did not write.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (_, parts) = bytes.split_at_checked(size_of::<i128>())?;
        let (months, rest) = parts.split_first_chunk()?;
        let (days, micros) = rest.split_first_chunk()?;
        Some(Interval {
            months: i32::from_be_bytes(*months),
            days: i32::from_be_bytes(*days),
            micros: i64::from_be_bytes(micros.try_into().ok()?),
        })
    }

    /// The sum, part by part.
    ///
    /// # Errors
    /// 22008 for a result out of range.
    pub fn plus(self, other: Interval) -> Result<Self> {
        match (self.infinity(), other.infinity()) {
            (0, 0) => self.combined(other, i32::checked_add, i64::checked_add),
            (left, right) if left.saturating_add(right) == 0 => Err(out_of_range()),
            (left, right) => Ok(Interval::infinite(left.saturating_add(right))),
        }
    }

    /// The difference, part by part.
    ///
    /// # Errors
    /// 22008 for a result out of range.
    pub fn minus(self, other: Interval) -> Result<Self> {
        match (self.infinity(), other.infinity()) {
            (0, 0) => self.combined(other, i32::checked_sub, i64::checked_sub),
            (left, right) if left == right => Err(out_of_range()),
            (left, right) => Ok(Interval::infinite(left.saturating_sub(right))),
        }
    }

    fn combined(
        self,
        other: Interval,
        small: fn(i32, i32) -> Option<i32>,
        large: fn(i64, i64) -> Option<i64>,
    ) -> Result<Self> {
        Interval {
            months: small(self.months, other.months).ok_or_else(out_of_range)?,
            days: small(self.days, other.days).ok_or_else(out_of_range)?,
            micros: large(self.micros, other.micros).ok_or_else(out_of_range)?,
        }
        .finite()
    }

    /// 1 and -1 for the infinities, 0 for others.
    fn infinity(self) -> i32 {
        i32::from(self == Interval::INFINITY).saturating_sub(i32::from(self == Interval::MINUS_INFINITY))
    }

    fn infinite(sign: i32) -> Self {
        if sign < 0 { Interval::MINUS_INFINITY } else { Interval::INFINITY }
    }

    /// The interval where it is none of the infinities, which arithmetic on others does not lead to.
    fn finite(self) -> Result<Self> {
        if self.is_infinite() { Err(out_of_range()) } else { Ok(self) }
    }

    /// The interval backwards.
    ///
    /// # Errors
    /// 22008 for a result out of range.
    pub fn negated(self) -> Result<Self> {
        Interval::default().minus(self)
    }

    /// Each part times `factor`; what is left of months and days spills into the smaller parts.
    ///
    /// # Errors
    /// 22008 for a result out of range, and for an infinity times zero or NaN.
    pub fn times(self, factor: f64) -> Result<Self> {
        if factor.is_nan() || (self.is_infinite() && factor == 0.0) || (factor.is_infinite() && self.span() == 0) {
            return Err(out_of_range());
        }
        if self.is_infinite() || factor.is_infinite() {
            let sign = if self.span() < 0 { -factor.signum() } else { factor.signum() };
            return Ok(Interval::infinite(if sign < 0.0 { -1 } else { 1 }));
        }
        self.scaled(|part| part * factor)
    }

    /// Each part divided, spilling as [`Interval::times`] does.
    ///
    /// # Errors
    /// 22012 for zero, 22008 for a result out of range.
    pub fn divided_by(self, divisor: f64) -> Result<Self> {
        if divisor == 0.0 {
            return Err(Error::new(ErrorKind::DivisionByZero, "division by zero"));
        }
        if divisor.is_nan() || (self.is_infinite() && divisor.is_infinite()) {
            return Err(out_of_range());
        }
        if self.is_infinite() {
            let sign = if self == Interval::MINUS_INFINITY { -divisor.signum() } else { divisor.signum() };
            return Ok(Interval::infinite(if sign < 0.0 { -1 } else { 1 }));
        }
        self.scaled(|part| part / divisor)
    }

    #[expect(clippy::cast_precision_loss, reason = "PostgreSQL computes the parts as double precision")]
    fn scaled(self, scale: impl Fn(f64) -> f64) -> Result<Self> {
        let (scaled_months, scaled_days) = (scale(f64::from(self.months)), scale(f64::from(self.days)));
        let months = small(scaled_months)?;
        let days = small(scaled_days)?;
        let month_days = to_micros((scaled_months - f64::from(months)) * f64::from(DAYS_PER_MONTH));
        let spilled_days = small(month_days)?;
        let left = scaled_days - f64::from(days) + month_days - f64::from(spilled_days);
        let seconds = to_micros(left * SECONDS_PER_DAY);
        let whole_days = small(seconds / SECONDS_PER_DAY)?;
        let seconds = seconds - f64::from(whole_days) * SECONDS_PER_DAY;
        let days = days.checked_add(spilled_days).and_then(|days| days.checked_add(whole_days));
        let micros = scale(self.micros as f64) + seconds * MICROS_PER_SECOND;
        Interval { months, days: days.ok_or_else(out_of_range)?, micros: large(micros.round_ties_even())? }.finite()
    }

    /// `justify_hours`: 24 hours become a day.
    ///
    /// # Errors
    /// 22008 for a result out of range.
    pub fn justify_hours(self) -> Result<Self> {
        if self.is_infinite() {
            return Ok(self);
        }
        self.with_days_of_hours()?.with_one_sign_of_hours()
    }

    /// `justify_days`: 30 days become a month.
    ///
    /// # Errors
    /// 22008 for a result out of range.
    pub fn justify_days(self) -> Result<Self> {
        if self.is_infinite() {
            return Ok(self);
        }
        let mut justified = self.with_months_of_days()?;
        if justified.months > 0 && justified.days < 0 {
            justified.take_months_as_days(1)?;
        } else if justified.months < 0 && justified.days > 0 {
            justified.take_months_as_days(-1)?;
        }
        Ok(justified)
    }

    /// `justify_interval`: both, with one sign for all parts.
    ///
    /// # Errors
    /// 22008 for a result out of range.
    pub fn justify(self) -> Result<Self> {
        if self.is_infinite() {
            return Ok(self);
        }
        // First the days, where hours that are added to them could overflow.
        let same_sign = self.days.signum() != 0 && i64::from(self.days.signum()) == self.micros.signum();
        let first = if same_sign { self.with_months_of_days()? } else { self };
        let mut justified = first.with_days_of_hours()?.with_months_of_days()?;
        let sign = if justified.days == 0 { justified.micros.signum() } else { justified.days.signum().into() };
        if justified.months > 0 && sign < 0 {
            justified.take_months_as_days(1)?;
        } else if justified.months < 0 && sign > 0 {
            justified.take_months_as_days(-1)?;
        }
        justified.with_one_sign_of_hours()
    }

    fn with_months_of_days(self) -> Result<Self> {
        let months = self.months.checked_add(self.days / DAYS_PER_MONTH).ok_or_else(out_of_range)?;
        Ok(Interval { months, days: self.days % DAYS_PER_MONTH, micros: self.micros })
    }

    fn with_days_of_hours(self) -> Result<Self> {
        let whole = i32::try_from(self.micros / MICROS_PER_DAY).map_err(|_| out_of_range())?;
        let days = self.days.checked_add(whole).ok_or_else(out_of_range)?;
        Ok(Interval { months: self.months, days, micros: self.micros % MICROS_PER_DAY })
    }

    /// Hours of the sign of the days, by a day more or less.
    fn with_one_sign_of_hours(mut self) -> Result<Self> {
        let by = match (self.days.signum(), self.micros.signum()) {
            (1, -1) => 1,
            (-1, 1) => -1,
            _ => return Ok(self),
        };
        self.days = self.days.checked_sub(by).ok_or_else(out_of_range)?;
        let micros = i64::from(by).checked_mul(MICROS_PER_DAY).and_then(|day| self.micros.checked_add(day));
        self.micros = micros.ok_or_else(out_of_range)?;
        Ok(self)
    }

    fn take_months_as_days(&mut self, months: i32) -> Result<()> {
        self.months = self.months.checked_sub(months).ok_or_else(out_of_range)?;
        let days = months.checked_mul(DAYS_PER_MONTH).and_then(|days| self.days.checked_add(days));
        self.days = days.ok_or_else(out_of_range)?;
        Ok(())
    }
}

/// Rounds away what is below a microsecond: the noise of floats.
fn to_micros(number: f64) -> f64 {
    (number * MICROS_PER_SECOND).round_ties_even() / MICROS_PER_SECOND
}

/// The whole part of a number.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
fn small(number: f64) -> Result<i32> {
    let range = f64::from(i32::MIN) - 1.0..f64::from(i32::MAX) + 1.0;
    if number.is_nan() || number <= range.start || number >= range.end {
        return Err(out_of_range());
    }
    Ok(number.trunc() as i32)
}

/// A whole number.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked, and -2^63 and 2^63 are exact floats")]
fn large(number: f64) -> Result<i64> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if (-BOUND..BOUND).contains(&number) { Ok(number as i64) } else { Err(out_of_range()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::{ColumnType, Value};

    fn read(text: &str) -> Interval {
        match Value::parse_text(&ColumnType::Interval, text).unwrap() {
            Value::Interval(interval) => interval,
            other => panic!("{other:?}"),
        }
    }

    fn shown(interval: Result<Interval>) -> String {
        interval.map_or_else(|error| error.sqlstate().to_string(), |interval| Value::Interval(interval).to_text())
    }

    #[test]
    fn intervals_are_justified_as_in_postgresql() {
        for (text, hours, days, both) in [
            ("27 hours", "1 day 03:00:00", "27:00:00", "1 day 03:00:00"),
            ("35 days", "35 days", "1 mon 5 days", "1 mon 5 days"),
            ("1 mon -1 hour", "1 mon -01:00:00", "1 mon -01:00:00", "29 days 23:00:00"),
            ("1 day -2 hours", "22:00:00", "1 day -02:00:00", "22:00:00"),
            ("-1 mon 3 days", "-1 mons +3 days", "-27 days", "-27 days"),
            ("2147483647 days 24 hours", "22008", "71582788 mons 7 days 24:00:00", "71582788 mons 8 days"),
            ("2147483647 mons 30 days", "2147483647 mons 30 days", "22008", "22008"),
            ("2147483647 mons 2147483647 days 48 hours", "22008", "22008", "22008"),
        ] {
            let normal = |text: &str| if text.len() == 5 { text.to_string() } else { shown(Ok(read(text))) };
            assert_eq!(shown(read(text).justify_hours()), normal(hours), "hours of {text}");
            assert_eq!(shown(read(text).justify_days()), normal(days), "days of {text}");
            assert_eq!(shown(read(text).justify()), normal(both), "{text}");
        }
    }

    #[test]
    fn intervals_are_multiplied_and_divided_as_in_postgresql() {
        for (text, factor, times, divided) in [
            ("1 day", 1.5, "1 day 12:00:00", "16:00:00"),
            ("1 mon", 0.5, "15 days", "2 mons"),
            ("1 year", 3.0, "3 years", "4 mons"),
            ("10 days", 3.0, "30 days", "3 days 08:00:00"),
            ("1 day", 1e300, "22008", "00:00:00"),
            ("1 day", 1e-300, "00:00:00", "22008"),
            ("1 day", f64::NAN, "22008", "22008"),
            ("1 day", 0.0, "00:00:00", "22012"),
            ("2147483647 mons", 2.0, "22008", "89478485 years 3 mons 15 days"),
        ] {
            assert_eq!(shown(read(text).times(factor)), times, "{text} * {factor}");
            assert_eq!(shown(read(text).divided_by(factor)), divided, "{text} / {factor}");
        }
    }

    #[test]
    fn spans_count_months_of_thirty_days() {
        assert_eq!(read("1 mon").span(), read("30 days").span());
        assert_eq!(read("1 day").span(), read("24 hours").span());
        assert!(read("1 mon").span() < read("31 days").span());
    }

    proptest! {
        #[test]
        fn no_arithmetic_overflows(months: i32, days: i32, micros: i64, other: (i32, i32, i64), factor: f64) {
            let interval = Interval { months, days, micros };
            let other = Interval { months: other.0, days: other.1, micros: other.2 };
            for result in [
                interval.plus(other),
                interval.minus(other),
                interval.times(factor),
                interval.divided_by(factor),
                interval.justify(),
                interval.justify_days(),
                interval.justify_hours(),
            ] {
                prop_assert!(result.map_or_else(|error| error.sqlstate().starts_with("22"), |_| true));
            }
            prop_assert_eq!(Interval::from_bytes(&interval.to_bytes()), Some(interval));
            prop_assert_eq!(interval.to_bytes().cmp(&other.to_bytes()).is_lt() || interval.span() == other.span(),
                interval.span() <= other.span());
        }
    }
}

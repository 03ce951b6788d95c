//! Sums and averages that are exact: decimals digit by digit, whatever the order of what is added.
//!
//! A sum of `numeric` shows as many digits behind the point as the value that has most of them; an average has as many as
//! PostgreSQL's division gives it (`select_div_scale` of its `numeric.c`), as far as a `numeric` here has room for them.

use rust_decimal::Decimal;

use crate::error::{Error, ErrorKind, Result};

/// The least digits that count in a quotient.
const SIGNIFICANT_DIGITS_MIN: i32 = 16;
/// Decimal digits in one of PostgreSQL's digits, by which it counts how large a number is.
const DIGITS_PER_PLACE: i32 = 4;
/// The largest mantissa of a [`Decimal`].
const MANTISSA_MAX: u128 = (1 << 96) - 1;

/// The sum of decimals, kept apart by the digits they have behind the point so that adding never rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct DecimalSum {
    /// Digits behind the point, and the sum of the mantissas of all values with so many. At most one entry for each scale.
    parts: Vec<(u32, i128)>,
    count: u64,
}

impl DecimalSum {
    /// # Errors
    /// As [`DecimalSum::add_many`].
    pub fn add(&mut self, number: Decimal) -> Result<()> {
        self.add_many(number.mantissa(), number.scale(), 1)
    }

    /// Adds what `count` values with `scale` digits behind the point sum up to.
    ///
    /// # Errors
    /// 22003 for more than 38 digits.
    pub fn add_many(&mut self, mantissa: i128, scale: u32, count: u64) -> Result<()> {
        self.count = self.count.saturating_add(count);
        match self.parts.iter_mut().find(|(known, _)| *known == scale) {
            Some((_, sum)) => *sum = sum.checked_add(mantissa).ok_or_else(sum_out_of_range)?,
            None => self.parts.push((scale, mantissa)),
        }
        Ok(())
    }

    /// The sum of at least one value, `None` of nothing.
    ///
    /// # Errors
    /// 22003 for a sum that is no `numeric`.
    pub fn sum(&self) -> Result<Option<Decimal>> {
        self.total()?.map(|(sum, scale)| decimal(sum, scale)).transpose()
    }

    /// # Errors
    /// As [`DecimalSum::sum`].
    pub fn average(&self) -> Result<Option<Decimal>> {
        self.total()?.map(|(sum, scale)| quotient(sum, scale, self.count)).transpose()
    }

    /// Mantissa and scale of the sum.
    fn total(&self) -> Result<Option<(i128, u32)>> {
        let Some(scale) = self.parts.iter().map(|(scale, _)| *scale).max() else { return Ok(None) };
        let mut total = 0_i128;
        for (own, sum) in &self.parts {
            let scaled = 10_i128.checked_pow(scale.saturating_sub(*own)).and_then(|factor| sum.checked_mul(factor));
            total = scaled.and_then(|scaled| total.checked_add(scaled)).ok_or_else(sum_out_of_range)?;
        }
        Ok(Some((total, scale)))
    }
}

pub(super) fn sum_out_of_range() -> Error {
    Error::new(ErrorKind::NumericOutOfRange, "the sum is out of range for type numeric")
        .with_detail("A numeric has at most 28 digits.")
}

/// A sum as `numeric`; where it has no room for all of its digits, zeros at the end are left out.
///
/// # Errors
/// 22003 where that is not enough.
pub(super) fn decimal(mantissa: i128, scale: u32) -> Result<Decimal> {
    let (mut mantissa, mut scale) = (mantissa, scale);
    while mantissa.unsigned_abs() > MANTISSA_MAX && scale > 0 && mantissa % 10 == 0 {
        (mantissa, scale) = (mantissa / 10, scale - 1);
    }
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| sum_out_of_range())
}

/// A sum divided by how many values it is of, rounded half away from zero as PostgreSQL's division.
///
/// # Errors
/// 22003 for a quotient whose whole part is no `numeric`.
pub(super) fn quotient(sum: i128, scale: u32, count: u64) -> Result<Decimal> {
    let divisor = u128::from(count.max(1));
    let magnitude = sum.unsigned_abs();
    let (mut quotient, mut rest) = (magnitude / divisor, magnitude % divisor);
    let wanted = quotient_scale(magnitude, scale, count).min(Decimal::MAX_SCALE);
    let mut digits = scale;
    // A rest is less than 2^64: ten of it fit.
    while digits < wanted {
        let next = rest * 10;
        let longer = quotient.checked_mul(10).map(|longer| longer + next / divisor);
        let Some(longer) = longer.filter(|longer| *longer < MANTISSA_MAX) else { break };
        (quotient, rest, digits) = (longer, next % divisor, digits + 1);
    }
    let mut rounded = quotient + u128::from(rest * 2 >= divisor);
    if rounded > MANTISSA_MAX {
        // The digits that a numeric has no room for.
        let mut unit = 1_u128;
        while quotient / unit + 1 > MANTISSA_MAX && digits > 0 {
            (unit, digits) = (unit * 10, digits - 1);
        }
        rounded = quotient / unit + u128::from(unit > 1 && (quotient % unit) * 2 >= unit);
    }
    let mantissa = i128::try_from(rounded).map_err(|_| sum_out_of_range())?;
    let signed = if sum < 0 { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, digits).map_err(|_| sum_out_of_range())
}

/// Digits behind the point of a quotient: at least sixteen that count, and those of the dividend.
fn quotient_scale(magnitude: u128, scale: u32, count: u64) -> u32 {
    let (weight, first) = leading_place(magnitude, scale);
    let (other_weight, other_first) = leading_place(u128::from(count), 0);
    let mut places = weight - other_weight;
    if first <= other_first {
        places -= 1;
    }
    let digits = SIGNIFICANT_DIGITS_MIN - places * DIGITS_PER_PLACE;
    u32::try_from(digits).unwrap_or(0).max(scale)
}

/// The power of 10,000 that a number begins with, and how often: `(1, 12)` of 123,456. `(0, 0)` of zero.
fn leading_place(magnitude: u128, scale: u32) -> (i32, u128) {
    let Some(exponent) = magnitude.checked_ilog10() else { return (0, 0) };
    let (exponent, scale) = (i32::try_from(exponent).unwrap_or(0), i32::try_from(scale).unwrap_or(0));
    let weight = (exponent - scale).div_euclid(DIGITS_PER_PLACE);
    let shift = scale + weight * DIGITS_PER_PLACE;
    let power = 10_u128.saturating_pow(shift.unsigned_abs());
    (weight, if shift >= 0 { magnitude / power } else { magnitude.saturating_mul(power) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[&str]) -> DecimalSum {
        let mut sum = DecimalSum::default();
        for number in numbers {
            sum.add(number.parse().unwrap()).unwrap();
        }
        sum
    }

    #[test]
    fn averages_have_the_digits_of_postgresql() {
        // Each as PostgreSQL 18 answers.
        for (numbers, average) in [
            (vec!["1", "2"], "1.5000000000000000"),
            (vec!["0"], "0.00000000000000000000"),
            (vec!["0.00", "0"], "0.00000000000000000000"),
            (vec!["1.50", "2.25", "3"], "2.2500000000000000"),
            (vec!["1", "1", "2"], "1.3333333333333333"),
            (vec!["-1", "-1", "-3"], "-1.6666666666666667"),
            (vec!["12345678.9", "1"], "6172839.950000000000"),
            (vec!["0.0001", "0.0002"], "0.00015000000000000000"),
            (vec!["99999", "99999", "99998"], "99998.666666666667"),
        ] {
            assert_eq!(of(&numbers).average().unwrap().unwrap().to_string(), average, "{numbers:?}");
        }
    }

    #[test]
    fn sums_show_the_digits_of_their_values() {
        assert_eq!(of(&["1.50", "2.5", "-4"]).sum().unwrap().unwrap().to_string(), "0.00");
        assert_eq!(of(&[]).sum().unwrap(), None);
        let apart = of(&["9000000000000000000000000000", "-9000000000000000000000000000", "0.0000000001"]);
        assert_eq!(apart.sum().unwrap().unwrap().to_string(), "0.0000000001");
        let long = of(&["79228162514264337593543950335", "1"]);
        assert_eq!(long.sum().unwrap_err().sqlstate(), "22003");
        assert_eq!(of(&["79228162514264337593543950335", "0.0"]).sum().unwrap().unwrap(), Decimal::MAX);
    }

    #[test]
    fn averages_near_the_end_of_the_range_keep_the_digits_that_fit() {
        let most = of(&["79228162514264337593543950335", "79228162514264337593543950335"]);
        assert_eq!(most.average().unwrap().unwrap(), Decimal::MAX);
        let third = of(&["79228162514264337593543950335", "0", "0"]).average().unwrap().unwrap();
        assert_eq!(third.to_string(), "26409387504754779197847983445");
    }
}

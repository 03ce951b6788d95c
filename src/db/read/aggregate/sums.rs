//! Sums and averages that are exact: decimals digit by digit, whatever the order of what is added.
//!
//! A sum of `numeric` shows as many digits behind the point as the value that has most of them; an average has as many as
//! PostgreSQL's division gives it ([`quotient`]).

use rust_decimal::Decimal;

use crate::error::Result;
use crate::types::{decimal, quotient, sum_out_of_range};

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
        self.total()?.map(|(sum, scale)| quotient((sum, scale), (u128::from(self.count), 0))).transpose()
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

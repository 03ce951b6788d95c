//! Sums and averages that are exact: numerics digit by digit, whatever the order of what is added.
//!
//! A sum of `numeric` shows as many digits behind the point as the value that has most of them; an average has as many as
//! PostgreSQL's division gives it.

use crate::error::Result;
use crate::types::Numeric;

/// The sum of numerics, kept apart by the digits they have behind the point so that adding never rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct DecimalSum {
    /// Digits behind the point, and the sum of the mantissas of all values with so many. At most one entry for each scale.
    parts: Vec<(u32, i128)>,
    /// The sum of what the parts have no room for: long numbers, NaN and the infinities.
    rest: Option<Numeric>,
    count: u64,
}

/// Scales that are added up apart; values of others are added to the rest.
const PARTS_MAX: usize = 64;

impl DecimalSum {
    /// # Errors
    /// 22003 for a sum that is no `numeric`.
    pub fn add(&mut self, number: &Numeric) -> Result<()> {
        self.add_times(number, 1)
    }

    /// Adds a value so many times.
    ///
    /// # Errors
    /// As [`DecimalSum::add`].
    pub fn add_times(&mut self, number: &Numeric, times: u64) -> Result<()> {
        if let Some((mantissa, scale)) = number.as_small()
            && let Some(product) = mantissa.checked_mul(i128::from(times))
        {
            return self.add_many(product, scale, times);
        }
        self.count = self.count.saturating_add(times);
        self.add_rest(&number.times(&Numeric::from(times))?)
    }

    /// Adds what `count` values with `scale` digits behind the point sum up to.
    ///
    /// # Errors
    /// As [`DecimalSum::add`].
    pub fn add_many(&mut self, mantissa: i128, scale: u32, count: u64) -> Result<()> {
        self.count = self.count.saturating_add(count);
        let is_full = self.parts.len() >= PARTS_MAX;
        let moved = match self.parts.iter_mut().find(|(known, _)| *known == scale) {
            Some((_, sum)) => match sum.checked_add(mantissa) {
                Some(more) => {
                    *sum = more;
                    return Ok(());
                }
                None => std::mem::replace(sum, mantissa),
            },
            None if is_full => mantissa,
            None => {
                self.parts.push((scale, mantissa));
                return Ok(());
            }
        };
        self.add_rest(&Numeric::of_parts(moved, scale)?)
    }

    fn add_rest(&mut self, number: &Numeric) -> Result<()> {
        self.rest = Some(match &self.rest {
            Some(rest) => rest.plus(number)?,
            None => number.clone(),
        });
        Ok(())
    }

    /// The sum of at least one value, `None` of nothing.
    ///
    /// # Errors
    /// 22003 for a sum that is no `numeric`.
    pub fn sum(&self) -> Result<Option<Numeric>> {
        let mut total = self.rest.clone();
        for (scale, sum) in &self.parts {
            let part = Numeric::of_parts(*sum, *scale)?;
            total = Some(match total {
                Some(total) => total.plus(&part)?,
                None => part,
            });
        }
        Ok(total)
    }

    /// # Errors
    /// As [`DecimalSum::sum`].
    pub fn average(&self) -> Result<Option<Numeric>> {
        self.sum()?.map(|sum| sum.over(&Numeric::from(self.count))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[&str]) -> DecimalSum {
        let mut sum = DecimalSum::default();
        for number in numbers {
            sum.add(&number.parse().unwrap()).unwrap();
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
        let long = of(&["170141183460469231731687303715884105727", "1", "0.0"]);
        assert_eq!(long.sum().unwrap().unwrap().to_string(), "170141183460469231731687303715884105728.0");
        assert!(of(&["1", "NaN", "Infinity"]).sum().unwrap().unwrap().is_nan());
        assert_eq!(of(&["1", "-Infinity"]).average().unwrap().unwrap(), Numeric::MINUS_INFINITY);
    }

    #[test]
    fn averages_of_long_numbers_keep_their_digits() {
        let most = of(&["170141183460469231731687303715884105727", "170141183460469231731687303715884105727"]);
        assert_eq!(most.average().unwrap().unwrap().to_string(), "170141183460469231731687303715884105727");
        let third = of(&["79228162514264337593543950335", "0", "0"]).average().unwrap().unwrap();
        assert_eq!(third.to_string(), "26409387504754779197847983445");
    }
}

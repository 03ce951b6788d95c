//! Variances and standard deviations of numerics (`numeric_stddev_internal` of PostgreSQL's `numeric.c`).

use crate::error::Result;
use crate::types::numeric::arithmetic::quotient_scale;
use crate::types::numeric::number::Numeric;

/// What is asked of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Of a sample, else of a whole population.
    pub is_sample: bool,
    /// The standard deviation, else the variance.
    pub is_root: bool,
}

/// The deviation of so many values of which the sum and the sum of their squares are known. A sample has at least two.
///
/// # Errors
/// 22003 for numbers of too many digits, 22012 for no values.
pub fn deviation(wanted: Deviation, count: &Numeric, sum: &Numeric, squares: &Numeric) -> Result<Numeric> {
    if sum.special().is_some() || squares.special().is_some() {
        return Ok(Numeric::NAN);
    }
    let dividend = count.times(squares)?.minus(&sum.times(sum)?)?;
    if dividend.signum() <= 0 {
        return Ok(Numeric::ZERO);
    }
    let others = if wanted.is_sample { count.minus(&Numeric::ONE)? } else { count.clone() };
    let divisor = count.times(&others)?;
    let scale = quotient_scale(&dividend, &divisor);
    let variance = dividend.over_at(&divisor, scale)?;
    if wanted.is_root { variance.square_root_at(scale) } else { Ok(variance) }
}

//! Sums, products and quotients of `numeric` with PostgreSQL's digits: nothing is rounded but a quotient, and that as PostgreSQL
//! does it (`select_div_scale` of its `numeric.c`), as far as a `numeric` here has room for the digits.

use rust_decimal::Decimal;

use crate::error::{Error, ErrorKind, Result};

/// The least digits that count in a quotient.
const SIGNIFICANT_DIGITS_MIN: i32 = 16;
/// Decimal digits in one of PostgreSQL's digits, by which it counts how large a number is.
const DIGITS_PER_PLACE: i32 = 4;
/// The largest mantissa of a [`Decimal`].
const MANTISSA_MAX: u128 = (1 << 96) - 1;

/// The error of a sum that no `numeric` holds.
pub fn sum_out_of_range() -> Error {
    Error::new(ErrorKind::NumericOutOfRange, "the sum is out of range for type numeric")
        .with_detail("A numeric has at most 28 digits.")
}

fn out_of_range() -> Error {
    Error::new(ErrorKind::NumericOutOfRange, "value overflows numeric format")
        .with_detail("A numeric has at most 28 digits.")
}

/// A mantissa and its digits behind the point as `numeric`; where it has no room for all of them, zeros at the end are left out.
///
/// # Errors
/// 22003 where that is not enough.
pub fn decimal(mantissa: i128, scale: u32) -> Result<Decimal> {
    let (mut mantissa, mut scale) = (mantissa, scale);
    while (mantissa.unsigned_abs() > MANTISSA_MAX || scale > Decimal::MAX_SCALE) && scale > 0 && mantissa % 10 == 0 {
        (mantissa, scale) = (mantissa / 10, scale - 1);
    }
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| sum_out_of_range())
}

/// What two numbers are together, to the last digit.
///
/// # Errors
/// 22003 for more digits than a `numeric` has.
pub fn exact_sum(left: Decimal, right: Decimal) -> Result<Decimal> {
    let scale = left.scale().max(right.scale());
    let aligned = |number: Decimal| {
        let factor = 10_i128.checked_pow(scale - number.scale())?;
        number.mantissa().checked_mul(factor)
    };
    let sum = aligned(left).zip(aligned(right)).and_then(|(left, right)| left.checked_add(right));
    sum.map_or_else(|| Err(out_of_range()), |sum| decimal(sum, scale)).map_err(|_| out_of_range())
}

/// The product of two numbers, to the last digit.
///
/// # Errors
/// 22003 for more digits than a `numeric` has.
pub fn exact_product(left: Decimal, right: Decimal) -> Result<Decimal> {
    let (mut left_digits, mut left_scale) = (left.mantissa(), left.scale());
    let (mut right_digits, mut right_scale) = (right.mantissa(), right.scale());
    let product = left_digits.checked_mul(right_digits).map(|product| decimal(product, left_scale + right_scale));
    if let Some(Ok(product)) = product {
        return Ok(product);
    }
    // Zeros at the end take room that the product may need.
    while left_scale > 0 && left_digits % 10 == 0 {
        (left_digits, left_scale) = (left_digits / 10, left_scale - 1);
    }
    while right_scale > 0 && right_digits % 10 == 0 {
        (right_digits, right_scale) = (right_digits / 10, right_scale - 1);
    }
    let product = left_digits.checked_mul(right_digits).ok_or_else(out_of_range)?;
    decimal(product, left_scale + right_scale).map_err(|_| out_of_range())
}

/// The quotient of two numbers, rounded half away from zero.
///
/// # Errors
/// 22012 for a divisor of zero; 22003 for a quotient whose whole part is no `numeric`.
pub fn exact_quotient(dividend: Decimal, divisor: Decimal) -> Result<Decimal> {
    if divisor.is_zero() {
        return Err(Error::new(ErrorKind::DivisionByZero, "division by zero"));
    }
    let dividend_digits = if divisor.is_sign_negative() { -dividend.mantissa() } else { dividend.mantissa() };
    quotient((dividend_digits, dividend.scale()), (divisor.mantissa().unsigned_abs(), divisor.scale()))
}

/// A number divided by a positive one, each a mantissa with its digits behind the point, rounded half away from zero as
/// PostgreSQL's division.
///
/// # Errors
/// 22003 for a quotient whose whole part is no `numeric`.
pub fn quotient(dividend: (i128, u32), divisor: (u128, u32)) -> Result<Decimal> {
    let magnitude = dividend.0.unsigned_abs();
    let wanted = quotient_scale((magnitude, dividend.1), divisor).min(Decimal::MAX_SCALE);
    let wanted = i32::try_from(wanted).unwrap_or(i32::MAX);
    let by = divisor.0.max(1);
    let (mut quotient, mut rest) = (magnitude / by, magnitude % by);
    let mut digits = i32::try_from(dividend.1).unwrap_or(0) - i32::try_from(divisor.1).unwrap_or(0);
    // A rest is less than 2^96: ten of it fit.
    while digits < wanted {
        let next = rest * 10;
        let longer = quotient.checked_mul(10).map(|longer| longer + next / by);
        let Some(longer) = longer.filter(|longer| *longer < MANTISSA_MAX) else { break };
        (quotient, rest, digits) = (longer, next % by, digits + 1);
    }
    let Ok(mut digits) = u32::try_from(digits) else { return Err(out_of_range()) };
    let mut rounded = quotient + u128::from(rest * 2 >= by);
    let room = u32::try_from(wanted).unwrap_or(0);
    if rounded > MANTISSA_MAX || digits > room {
        // The digits that a numeric has no room for, or that a quotient is not to have.
        let mut unit = 1_u128;
        while (quotient / unit + 1 > MANTISSA_MAX || digits > room) && digits > 0 {
            (unit, digits) = (unit * 10, digits - 1);
        }
        rounded = quotient / unit + u128::from(unit > 1 && (quotient % unit) * 2 >= unit);
    }
    let mantissa = i128::try_from(rounded).map_err(|_| out_of_range())?;
    let signed = if dividend.0 < 0 { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, digits).map_err(|_| out_of_range())
}

/// Digits behind the point of a quotient: at least sixteen that count, and those of both numbers.
fn quotient_scale(dividend: (u128, u32), divisor: (u128, u32)) -> u32 {
    let (weight, first) = leading_place(dividend.0, dividend.1);
    let (other_weight, other_first) = leading_place(divisor.0, divisor.1);
    let mut places = weight - other_weight;
    if first <= other_first {
        places -= 1;
    }
    let digits = SIGNIFICANT_DIGITS_MIN - places * DIGITS_PER_PLACE;
    u32::try_from(digits).unwrap_or(0).max(dividend.1).max(divisor.1)
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

    fn of(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn quotients_have_the_digits_of_postgresql() {
        // Each as PostgreSQL 18 answers.
        for (left, right, quotient) in [
            ("1", "3", "0.33333333333333333333"),
            ("10", "4", "2.5000000000000000"),
            ("1", "0.3", "3.3333333333333333"),
            ("-7.5", "2", "-3.7500000000000000"),
            ("7.5", "-0.002", "-3750.0000000000000000"),
            ("100000", "7", "14285.714285714286"),
            ("0", "7", "0.00000000000000000000"),
            ("0.00001", "3", "0.000003333333333333333333"),
        ] {
            assert_eq!(exact_quotient(of(left), of(right)).unwrap().to_string(), quotient, "{left} / {right}");
        }
        assert_eq!(exact_quotient(of("1"), of("0.00")).unwrap_err().sqlstate(), "22012");
    }

    #[test]
    fn sums_and_products_are_exact_or_refused() {
        assert_eq!(exact_sum(of("1.50"), of("2.5")).unwrap().to_string(), "4.00");
        assert_eq!(exact_product(of("1.50"), of("2.5")).unwrap().to_string(), "3.750");
        assert_eq!(exact_product(of("4.5000000000000000"), of("100.0000000000000")).unwrap(), of("450"));
        assert_eq!(exact_product(of("-0.5"), of("0")).unwrap().to_string(), "0.0");
        let long = of("0.3333333333333333333333333333");
        assert_eq!(exact_product(long, long).unwrap_err().sqlstate(), "22003");
        assert_eq!(exact_sum(Decimal::MAX, of("0.1")).unwrap_err().sqlstate(), "22003");
    }
}

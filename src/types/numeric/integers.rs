//! Functions of whole numbers: common divisors and multiples, factorials.

use num_bigint::{BigInt, BigUint};

use crate::error::{Error, ErrorKind, Result};
use crate::types::numeric::arithmetic::aligned;
use crate::types::numeric::number::{Numeric, overflow};

/// The greatest number whose factorial is a numeric.
const FACTORIAL_MAX: i64 = 32_177;

/// `gcd(left, right)`, which two numbers with digits behind the point have as well.
///
/// # Errors
/// None in effect: a divisor is no longer than what it divides.
pub fn greatest_common_divisor(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    if left.special().is_some() || right.special().is_some() {
        return Ok(Numeric::NAN);
    }
    let (left, right, scale) = aligned(left, right);
    Numeric::of_big(BigInt::from(divisor(left.magnitude().clone(), right.magnitude().clone())), scale)
}

/// `lcm(left, right)`.
///
/// # Errors
/// 22003 for a multiple of too many digits.
pub fn least_common_multiple(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    if left.special().is_some() || right.special().is_some() {
        return Ok(Numeric::NAN);
    }
    let (left_digits, right_digits, scale) = aligned(left, right);
    if left.is_zero() || right.is_zero() {
        return Numeric::of_parts(0, scale);
    }
    let common = divisor(left_digits.magnitude().clone(), right_digits.magnitude().clone());
    Numeric::of_big(BigInt::from(left_digits.magnitude() / common * right_digits.magnitude()), scale)
}

fn divisor(mut left: BigUint, mut right: BigUint) -> BigUint {
    while right.bits() > 0 {
        let rest = &left % &right;
        left = std::mem::replace(&mut right, rest);
    }
    left
}

/// `factorial(number)`.
///
/// # Errors
/// 22003 for a negative number, and for one of which the factorial has too many digits.
pub fn factorial(number: i64) -> Result<Numeric> {
    if number < 0 {
        let message = "factorial of a negative number is undefined";
        return Err(Error::new(ErrorKind::NumericOutOfRange, message));
    }
    if number > FACTORIAL_MAX {
        return Err(overflow());
    }
    let product = (2..=number.unsigned_abs()).fold(BigUint::from(1_u8), |product, factor| product * factor);
    Numeric::of_big(BigInt::from(product), 0)
}

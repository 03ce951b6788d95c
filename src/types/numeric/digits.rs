//! Powers of ten, and how many digits numbers have.

use num_bigint::{BigInt, BigUint};

use crate::types::numeric::number::Numeric;

/// A millionth of the decimal digits of a bit, rounded down: never more than 0.1 digits too few below 10^6 bits.
pub(super) const DECIMAL_BITS_MICRO: u64 = 301_029;
/// Decimal digits in one of PostgreSQL's digits, by which it counts how large a number is.
pub(super) const DIGITS_PER_PLACE: i64 = 4;

/// `10^exponent`.
pub(super) fn ten_to(exponent: u32) -> BigInt {
    match 10_i128.checked_pow(exponent) {
        Some(power) => BigInt::from(power),
        None => BigInt::from(BigUint::from(5_u8).pow(exponent) << exponent),
    }
}

/// The power of ten that a magnitude begins with: 2 of 123. 0 of zero.
pub(super) fn decimal_exponent(magnitude: &BigUint) -> u32 {
    if let Ok(small) = u128::try_from(magnitude) {
        return small.checked_ilog10().unwrap_or(0);
    }
    let bits = magnitude.bits();
    let least = u32::try_from((bits - 1) * DECIMAL_BITS_MICRO / 1_000_000).unwrap_or(u32::MAX);
    let mut exponent = least;
    let mut power = ten_to(least + 1);
    while power.magnitude() <= magnitude {
        exponent += 1;
        power *= 10;
    }
    exponent
}

/// The digits that a number begins with in PostgreSQL's form, to base 10,000.
pub(super) struct Leading {
    /// The power of 10,000 of the first digit.
    pub weight: i64,
    /// The first digit; 0 of zero.
    pub first: u32,
    /// The second digit, where the number has more than one.
    pub second: Option<u32>,
}

/// How a number begins. NaN and the infinities begin as zero does.
pub(super) fn leading(number: &Numeric) -> Leading {
    let zero = Leading { weight: 0, first: 0, second: None };
    let Some((mantissa, scale)) = number.parts() else { return zero };
    if number.is_zero() {
        return zero;
    }
    let magnitude = mantissa.magnitude();
    let exponent = i64::from(decimal_exponent(magnitude));
    let scale = i64::from(scale);
    let weight = (exponent - scale).div_euclid(DIGITS_PER_PLACE);
    // Two digits to base 10,000, as a whole number.
    let shift = scale + (weight - 1) * DIGITS_PER_PLACE;
    let power = ten_to(u32::try_from(shift.unsigned_abs()).unwrap_or(0));
    let (two, has_rest) = if shift >= 0 {
        let two = magnitude / power.magnitude();
        let rest = magnitude - &two * power.magnitude();
        (two, rest.bits() > 0)
    } else {
        (magnitude * power.magnitude(), false)
    };
    let two = u32::try_from(&two).unwrap_or(0);
    let second = two % 10_000;
    Leading { weight, first: two / 10_000, second: (second > 0 || has_rest).then_some(second) }
}

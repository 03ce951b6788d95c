//! Quotients of `numeric` with PostgreSQL's display scale (`select_div_scale` of its `numeric.c`).

use rust_decimal::{Decimal, RoundingStrategy};

/// Digits that a quotient has at least.
const DIGITS_MIN: i64 = 16;
/// Decimal digits of one digit of PostgreSQL's numbers.
const GROUP: i64 = 4;

/// The weight of the first group of digits, and the group.
fn leading(number: Decimal) -> (i64, i64) {
    let digits = number.mantissa().unsigned_abs().to_string();
    if number.is_zero() {
        return (0, 0);
    }
    let exponent = i64::try_from(digits.len()).unwrap_or(0) - 1 - i64::from(number.scale());
    let length = usize::try_from(exponent.rem_euclid(GROUP) + 1).unwrap_or(1);
    let group: String = digits.chars().chain(std::iter::repeat('0')).take(length).collect();
    (exponent.div_euclid(GROUP), group.parse().unwrap_or(0))
}

/// The decimals of a quotient.
fn scale_of(left: Decimal, right: Decimal) -> u32 {
    let ((left_weight, left_group), (right_weight, right_group)) = (leading(left), leading(right));
    let weight = left_weight - right_weight - i64::from(left_group <= right_group);
    let scale = (DIGITS_MIN - weight * GROUP).max(i64::from(left.scale())).max(i64::from(right.scale())).max(0);
    u32::try_from(scale).unwrap_or(0).min(Decimal::MAX_SCALE)
}

/// The quotient, rounded half away from zero; none for a divisor of zero and for what does not fit.
pub fn quotient(left: Decimal, right: Decimal) -> Option<Decimal> {
    if right.is_zero() {
        return None;
    }
    let scale = scale_of(left, right);
    let exponent = i64::from(scale) + i64::from(right.scale()) - i64::from(left.scale());
    let (numerator, denominator) = (left.mantissa().unsigned_abs(), right.mantissa().unsigned_abs());
    let power = |exponent: i64| u32::try_from(exponent).ok().and_then(|exponent| 10_u128.checked_pow(exponent));
    let exact = if exponent >= 0 {
        power(exponent).and_then(|power| numerator.checked_mul(power)).map(|numerator| (numerator, denominator))
    } else {
        power(-exponent).and_then(|power| denominator.checked_mul(power)).map(|denominator| (numerator, denominator))
    };
    let rounded = match exact {
        Some((numerator, denominator)) => {
            let (whole, rest) = (numerator / denominator, numerator % denominator);
            let mantissa = i128::try_from(whole + u128::from(rest >= denominator - rest)).ok()?;
            Decimal::try_from_i128_with_scale(mantissa, scale).ok()?
        }
        None => {
            let whole = left.abs().checked_div(right.abs())?;
            let mut rounded = whole.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero);
            rounded.rescale(scale);
            rounded
        }
    };
    let is_negative = left.is_sign_negative() != right.is_sign_negative() && !rounded.is_zero();
    Some(if is_negative { -rounded } else { rounded })
}

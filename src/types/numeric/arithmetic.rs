//! Sums, products, quotients and rests, with the digits behind the point that PostgreSQL gives them (`numeric.c`).

use num_bigint::{BigInt, Sign};

use crate::error::Result;
use crate::types::numeric::digits::{DIGITS_PER_PLACE, leading, ten_to};
use crate::types::numeric::number::{Numeric, NumericPart, SCALE_MAX, division_by_zero, overflow};
use crate::types::numeric::rounding::divided;

/// The least digits that count in a quotient.
pub(super) const SIGNIFICANT_DIGITS_MIN: i64 = 16;
/// The most digits behind the point that a function chooses for its result.
pub(super) const DISPLAY_SCALE_MAX: i64 = 1_000;

/// The digits behind the point of a result: those that were chosen, at least those of its arguments, at most 1,000.
pub(super) fn display_scale(chosen: i64, arguments: &[&Numeric]) -> u32 {
    let shown = arguments.iter().map(|number| i64::from(number.scale())).max().unwrap_or(0);
    u32::try_from(chosen.max(shown).clamp(0, DISPLAY_SCALE_MAX)).unwrap_or(0)
}

impl Numeric {
    /// # Errors
    /// 22003 for a sum of too many digits.
    pub fn plus(&self, other: &Numeric) -> Result<Numeric> {
        let scale = self.scale().max(other.scale());
        if let (Some((left, left_scale)), Some((right, right_scale))) = (self.as_small(), other.as_small()) {
            let aligned =
                |number: i128, own| 10_i128.checked_pow(scale - own).and_then(|factor| number.checked_mul(factor));
            let sum = aligned(left, left_scale).zip(aligned(right, right_scale));
            if let Some(sum) = sum.and_then(|(left, right)| left.checked_add(right)) {
                return Numeric::of_parts(sum, scale);
            }
        }
        let (Some((left, left_scale)), Some((right, right_scale))) = (self.parts(), other.parts()) else {
            return Ok(self.infinite_sum(other));
        };
        let aligned = |number: &BigInt, own| number * ten_to(scale - own);
        Numeric::of_big(aligned(left.as_ref(), left_scale) + aligned(right.as_ref(), right_scale), scale)
    }

    fn infinite_sum(&self, other: &Numeric) -> Numeric {
        match (self.special(), other.special()) {
            (Some(left), Some(right)) if left == right => self.clone(),
            (Some(_), Some(_)) => Numeric::NAN,
            (Some(_), None) => self.clone(),
            (None, _) => other.clone(),
        }
    }

    /// # Errors
    /// 22003 for a difference of too many digits.
    pub fn minus(&self, other: &Numeric) -> Result<Numeric> {
        self.plus(&other.negated())
    }

    /// # Errors
    /// 22003 for a product of too many digits.
    pub fn times(&self, other: &Numeric) -> Result<Numeric> {
        let scale = self.scale() + other.scale();
        if let (Some((left, _)), Some((right, _))) = (self.as_small(), other.as_small())
            && scale <= SCALE_MAX
            && let Some(product) = left.checked_mul(right)
        {
            return Numeric::of_parts(product, scale);
        }
        let (Some((left, _)), Some((right, _))) = (self.parts(), other.parts()) else {
            let is_nan = self.is_nan() || other.is_nan() || self.is_zero() || other.is_zero();
            return Ok(if is_nan { Numeric::NAN } else { infinity(self.signum() * other.signum()) });
        };
        let product = left.as_ref() * right.as_ref();
        if scale > SCALE_MAX {
            return Numeric::of_big(divided(&product, &ten_to(scale - SCALE_MAX)), SCALE_MAX);
        }
        Numeric::of_big(product, scale)
    }

    /// The quotient, rounded half away from zero.
    ///
    /// # Errors
    /// 22012 for a divisor of zero, 22003 for a quotient of too many digits.
    pub fn over(&self, divisor: &Numeric) -> Result<Numeric> {
        if let Some(quotient) = self.infinite_quotient(divisor)? {
            return Ok(quotient);
        }
        let scale = quotient_scale(self, divisor);
        self.over_at(divisor, scale)
    }

    /// The quotient of numbers with so many digits behind the point.
    ///
    /// # Errors
    /// As [`Numeric::over`].
    pub(super) fn over_at(&self, divisor: &Numeric, scale: u32) -> Result<Numeric> {
        if divisor.is_zero() {
            return Err(division_by_zero());
        }
        let (dividend_scale, divisor_scale) = (i64::from(self.scale()), i64::from(divisor.scale()));
        let shift = i64::from(scale) + divisor_scale - dividend_scale;
        if let (Some((left, _)), Some((right, _)), Ok(shift)) =
            (self.as_small(), divisor.as_small(), u32::try_from(shift))
            && let Some(dividend) = 10_i128.checked_pow(shift).and_then(|factor| left.checked_mul(factor))
            && right != i128::MIN
        {
            let (quotient, rest) = (dividend / right, dividend % right);
            let is_up = rest.unsigned_abs() >= right.unsigned_abs().div_ceil(2);
            let sign = left.signum() * right.signum();
            if let Some(rounded) = quotient.checked_add(if is_up { sign } else { 0 }) {
                return Numeric::of_parts(rounded, scale);
            }
        }
        let (Some((left, _)), Some((right, _))) = (self.parts(), divisor.parts()) else { return Ok(Numeric::NAN) };
        let power = ten_to(u32::try_from(shift.unsigned_abs()).map_err(|_| overflow())?);
        let positive = BigInt::from(right.magnitude().clone());
        let quotient = if shift >= 0 {
            divided(&(left.as_ref() * power), &positive)
        } else {
            divided(left.as_ref(), &(positive * power))
        };
        Numeric::of_big(if right.sign() == Sign::Minus { -quotient } else { quotient }, scale)
    }

    /// The quotient where one side is no number.
    fn infinite_quotient(&self, divisor: &Numeric) -> Result<Option<Numeric>> {
        if self.special().is_none() && divisor.special().is_none() {
            return Ok(None);
        }
        Ok(Some(if self.is_nan() || divisor.is_nan() || (self.is_infinite() && divisor.is_infinite()) {
            Numeric::NAN
        } else if divisor.is_infinite() {
            Numeric::ZERO
        } else if divisor.is_zero() {
            return Err(division_by_zero());
        } else {
            infinity(self.signum() * divisor.signum())
        }))
    }

    /// `div(number, divisor)`: the whole part of the quotient.
    ///
    /// # Errors
    /// As [`Numeric::over`].
    pub fn whole_over(&self, divisor: &Numeric) -> Result<Numeric> {
        if let Some(quotient) = self.infinite_quotient(divisor)? {
            return Ok(quotient);
        }
        if divisor.is_zero() {
            return Err(division_by_zero());
        }
        let (left, right, _) = aligned(self, divisor);
        Numeric::of_big(left / right, 0)
    }

    /// What is left over of a division; it has the sign of the dividend.
    ///
    /// # Errors
    /// 22012 for a divisor of zero.
    pub fn rest_over(&self, divisor: &Numeric) -> Result<Numeric> {
        if self.is_nan() || divisor.is_nan() {
            return Ok(Numeric::NAN);
        }
        if divisor.is_zero() {
            return Err(division_by_zero());
        }
        if self.is_infinite() {
            return Ok(Numeric::NAN);
        }
        if divisor.is_infinite() {
            return Ok(self.clone());
        }
        let (left, right, scale) = aligned(self, divisor);
        Numeric::of_big(left % right, scale)
    }

    #[must_use]
    pub fn negated(&self) -> Numeric {
        match self.special() {
            Some(NumericPart::NaN) => return Numeric::NAN,
            Some(_) => return infinity(-self.signum()),
            None => {}
        }
        if let Some((mantissa, scale)) = self.as_small()
            && let Some(negated) = mantissa.checked_neg()
        {
            return Numeric::of_parts(negated, scale).unwrap_or_default();
        }
        let Some((mantissa, scale)) = self.parts() else { return self.clone() };
        Numeric::of_big(-mantissa.into_owned(), scale).unwrap_or_default()
    }

    #[must_use]
    pub fn abs(&self) -> Numeric {
        if self.is_negative() { self.negated() } else { self.clone() }
    }

    /// `sign(number)`: -1, 0, 1 or NaN.
    #[must_use]
    pub fn sign(&self) -> Numeric {
        if self.is_nan() { Numeric::NAN } else { Numeric::from(self.signum()) }
    }
}

/// The infinity of a sign.
pub(super) fn infinity(sign: i32) -> Numeric {
    if sign < 0 { Numeric::MINUS_INFINITY } else { Numeric::INFINITY }
}

/// The mantissas of two numbers at one scale, and that scale.
pub(super) fn aligned(left: &Numeric, right: &Numeric) -> (BigInt, BigInt, u32) {
    let scale = left.scale().max(right.scale());
    let at = |number: &Numeric| {
        number.parts().map_or_else(BigInt::default, |(mantissa, own)| match scale - own {
            0 => mantissa.into_owned(),
            missing => mantissa.as_ref() * ten_to(missing),
        })
    };
    (at(left), at(right), scale)
}

/// Digits behind the point of a quotient: at least sixteen that count, and those of both numbers (`select_div_scale`).
pub(super) fn quotient_scale(dividend: &Numeric, divisor: &Numeric) -> u32 {
    let (left, right) = (leading(dividend), leading(divisor));
    let places = left.weight - right.weight - i64::from(left.first <= right.first);
    display_scale(SIGNIFICANT_DIGITS_MIN - places * DIGITS_PER_PLACE, &[dividend, divisor])
}

//! What takes digits away: rounding half away from zero, cutting, and the precision and scale that a type declares.

use num_bigint::{BigInt, Sign};

use crate::error::{Error, ErrorKind, Result};
use crate::types::numeric::digits::{decimal_exponent, ten_to};
use crate::types::numeric::number::{Numeric, SCALE_MAX, WHOLE_DIGITS_MAX};

/// A dividend over a positive divisor, rounded half away from zero.
pub(super) fn divided(dividend: &BigInt, divisor: &BigInt) -> BigInt {
    let quotient = dividend / divisor;
    let rest = dividend - &quotient * divisor;
    let is_up = (rest.magnitude() << 1_u32) >= *divisor.magnitude();
    match (is_up, dividend.sign()) {
        (false, _) => quotient,
        (true, Sign::Minus) => quotient - 1,
        (true, _) => quotient + 1,
    }
}

impl Numeric {
    /// The number with `scale` digits behind the point: rounded half away from zero, or filled up with zeros.
    ///
    /// # Errors
    /// 22003 for more digits than a numeric has.
    pub(super) fn rescaled(&self, scale: u32) -> Result<Numeric> {
        if let Some((mantissa, own)) = self.as_small() {
            if own == scale {
                return Ok(self.clone());
            }
            let factor = 10_i128.checked_pow(own.abs_diff(scale));
            if own > scale {
                let Some(factor) = factor else { return Numeric::of_parts(0, scale) };
                let (quotient, rest) = (mantissa / factor, mantissa % factor);
                let is_up = rest.unsigned_abs() >= factor.unsigned_abs().div_ceil(2);
                return Numeric::of_parts(quotient + if is_up { mantissa.signum() } else { 0 }, scale);
            }
            if let Some(filled) = factor.and_then(|factor| mantissa.checked_mul(factor)) {
                return Numeric::of_parts(filled, scale);
            }
        }
        let Some((mantissa, own)) = self.parts() else { return Ok(self.clone()) };
        if own <= scale {
            return Numeric::of_big(mantissa.as_ref() * ten_to(scale - own), scale);
        }
        Numeric::of_big(divided(mantissa.as_ref(), &ten_to(own - scale)), scale)
    }

    /// `round(number, digits)`: digits may be negative, which rounds to powers of ten.
    ///
    /// # Errors
    /// 22003 for a number that becomes too long.
    pub fn rounded(&self, digits: i32) -> Result<Numeric> {
        self.cut(digits, |number, scale| number.rescaled(scale), divided)
    }

    /// `trunc(number, digits)`, as [`Numeric::rounded`] but towards zero.
    ///
    /// # Errors
    /// As [`Numeric::rounded`].
    pub fn truncated(&self, digits: i32) -> Result<Numeric> {
        self.cut(digits, |number, scale| number.truncated_to(scale), |number, unit| number / unit)
    }

    fn cut(
        &self,
        digits: i32,
        behind: impl Fn(&Numeric, u32) -> Result<Numeric>,
        before: impl Fn(&BigInt, &BigInt) -> BigInt,
    ) -> Result<Numeric> {
        if self.special().is_some() {
            return Ok(self.clone());
        }
        if let Ok(scale) = u32::try_from(digits) {
            return behind(self, scale.min(SCALE_MAX));
        }
        let Some((mantissa, own)) = self.parts() else { return Ok(self.clone()) };
        let zeros = digits.unsigned_abs();
        if zeros > WHOLE_DIGITS_MAX {
            return Ok(Numeric::ZERO);
        }
        let unit = ten_to(zeros);
        Numeric::of_big(before(mantissa.as_ref(), &(&unit * ten_to(own))) * unit, 0)
    }

    fn truncated_to(&self, scale: u32) -> Result<Numeric> {
        if self.scale() <= scale {
            return self.rescaled(scale);
        }
        if let Some((mantissa, own)) = self.as_small() {
            return Numeric::of_parts(10_i128.checked_pow(own - scale).map_or(0, |unit| mantissa / unit), scale);
        }
        let Some((mantissa, own)) = self.parts() else { return Ok(self.clone()) };
        Numeric::of_big(mantissa.as_ref() / ten_to(own - scale), scale)
    }

    /// The whole number towards zero, of a number that has one.
    ///
    /// # Errors
    /// None in effect: a number does not become longer.
    pub fn whole(&self) -> Result<Numeric> {
        self.truncated(0)
    }

    /// The least whole number that is not less.
    ///
    /// # Errors
    /// 22003 for a number that becomes too long.
    pub fn ceiling(&self) -> Result<Numeric> {
        let whole = self.whole()?;
        if whole < *self { whole.plus(&Numeric::ONE) } else { Ok(whole) }
    }

    /// The greatest whole number that is not greater.
    ///
    /// # Errors
    /// 22003 for a number that becomes too long.
    pub fn floored(&self) -> Result<Numeric> {
        let whole = self.whole()?;
        if whole > *self { whole.minus(&Numeric::ONE) } else { Ok(whole) }
    }

    /// Whether nothing stands behind the point.
    pub fn is_whole(&self) -> bool {
        self.special().is_none() && self.normalized().scale() == 0
    }

    /// The nearest whole number where an `i64` holds it, ties away from zero.
    pub fn to_i64(&self) -> Option<i64> {
        let (whole, _) = self.rescaled(0).ok()?.as_small()?;
        i64::try_from(whole).ok()
    }
}

/// Rounds to the declared scale and checks the declared precision.
///
/// # Errors
/// 22003 for a number that has more digits before the point than are declared, and for an infinity.
pub(in crate::types) fn apply_modifier(number: Numeric, declared: Option<(u16, i16)>) -> Result<Numeric> {
    let Some((precision, scale)) = declared else { return Ok(number) };
    let refused =
        |detail: String| Err(Error::new(ErrorKind::NumericOutOfRange, "numeric field overflow").with_detail(detail));
    if number.is_infinite() {
        return refused(format!("A field with precision {precision}, scale {scale} cannot hold an infinite value."));
    }
    if number.is_nan() {
        return Ok(number);
    }
    let rounded = number.rounded(i32::from(scale))?;
    let whole_digits = i32::from(precision) - i32::from(scale);
    if exceeds(&rounded, whole_digits) {
        return refused(format!(
            "A field with precision {precision}, scale {scale} must round to an absolute value less than 10^{whole_digits}."
        ));
    }
    Ok(rounded)
}

/// Whether a number is at least `10^digits` from zero.
fn exceeds(number: &Numeric, digits: i32) -> bool {
    let Some((mantissa, scale)) = number.parts() else { return false };
    if number.is_zero() {
        return false;
    }
    let exponent = i64::from(decimal_exponent(mantissa.magnitude())) - i64::from(scale);
    exponent >= i64::from(digits)
}

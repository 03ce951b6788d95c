//! Roots, exponentials, logarithms and powers, to the digits that PostgreSQL shows of them.
//!
//! Everything is computed with whole numbers that stand for so many digits behind the point, some more than are shown, so that
//! the last digit is rounded right.

use num_bigint::BigInt;

use crate::error::{Error, ErrorKind, Result};
use crate::types::numeric::arithmetic::{DISPLAY_SCALE_MAX, SIGNIFICANT_DIGITS_MIN, display_scale};
use crate::types::numeric::digits::{DIGITS_PER_PLACE, decimal_exponent, leading, ten_to};
use crate::types::numeric::floats::float_of_numeric;
use crate::types::numeric::number::{Numeric, NumericPart, WHOLE_DIGITS_MAX, division_by_zero, overflow};
use crate::types::numeric::rounding::divided;

/// Digits that are computed beyond those that are shown.
const GUARD_DIGITS: u32 = 24;
/// Powers of e beyond this overflow, or are nothing: as many digits as PostgreSQL computes with.
const EXPONENT_MAX: f64 = 6_000.0;
const LN_10: f64 = std::f64::consts::LN_10;
const LOG10_E: f64 = std::f64::consts::LOG10_E;

fn invalid_power(message: &str) -> Error {
    Error::new(ErrorKind::InvalidPower, message)
}

#[expect(clippy::cast_possible_truncation, reason = "floats saturate, and what is used is far within the range")]
fn whole_part(number: f64) -> i64 {
    number as i64
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn estimate(number: i64) -> f64 {
    number as f64
}

/// The whole number that is `number * 10^digits`, without what stands behind it.
fn fixed(number: &Numeric, digits: u32) -> BigInt {
    let Some((mantissa, scale)) = number.parts() else { return BigInt::default() };
    if scale <= digits {
        return mantissa.as_ref() * ten_to(digits - scale);
    }
    mantissa.as_ref() / ten_to(scale - digits)
}

/// A whole number that stands for `number / 10^digits`, rounded to a scale.
fn unfixed(number: &BigInt, digits: u32, scale: u32) -> Result<Numeric> {
    if scale >= digits {
        return Numeric::of_big(number * ten_to(scale - digits), scale);
    }
    Numeric::of_big(divided(number, &ten_to(digits - scale)), scale)
}

impl Numeric {
    /// # Errors
    /// 2201F for a negative number.
    pub fn square_root(&self) -> Result<Numeric> {
        if self.is_negative() {
            return Err(invalid_power("cannot take square root of a negative number"));
        }
        let weight = leading(self).weight;
        self.square_root_at(display_scale(SIGNIFICANT_DIGITS_MIN - (weight * DIGITS_PER_PLACE / 2 + 1), &[self]))
    }

    /// The root of a number that is not negative, with so many digits behind the point.
    pub(super) fn square_root_at(&self, scale: u32) -> Result<Numeric> {
        let Some((mantissa, own)) = self.parts() else { return Ok(self.clone()) };
        // The root of `mantissa / 10^own` with a digit more than is shown: the root of a whole number that is rounded down.
        let digits = 2 * (scale + 1);
        let radicand = if own <= digits {
            mantissa.as_ref() * ten_to(digits - own)
        } else {
            mantissa.as_ref() / ten_to(own - digits)
        };
        unfixed(&radicand.sqrt(), scale + 1, scale)
    }

    /// e to the power of the number.
    ///
    /// # Errors
    /// 22003 for a result of too many digits.
    pub fn exponential(&self) -> Result<Numeric> {
        match self.special() {
            Some(NumericPart::MinusInfinity) => return Ok(Numeric::ZERO),
            Some(_) => return Ok(self.clone()),
            None => {}
        }
        let weight = (float_of_numeric(self) * LOG10_E).clamp(-2_000.0, 2_000.0);
        let scale = display_scale(SIGNIFICANT_DIGITS_MIN - whole_part(weight), &[self]);
        power_of_e(self, scale)
    }

    /// The logarithm to base e.
    ///
    /// # Errors
    /// 2201E for zero and negative numbers.
    pub fn natural_logarithm(&self) -> Result<Numeric> {
        check_logarithm(self)?;
        if self.special().is_some() {
            return Ok(self.clone());
        }
        let scale = display_scale(SIGNIFICANT_DIGITS_MIN - logarithm_weight(self), &[self]);
        unfixed(&fixed_logarithm(self, scale + GUARD_DIGITS), scale + GUARD_DIGITS, scale)
    }

    /// The logarithm to a base.
    ///
    /// # Errors
    /// 2201E for zero and negative numbers; 22012 for the base 1.
    pub fn logarithm(&self, base: &Numeric) -> Result<Numeric> {
        if self.is_nan() || base.is_nan() {
            return Ok(Numeric::NAN);
        }
        if self.special().is_some() || base.special().is_some() {
            if self.is_negative() || base.is_negative() {
                check_logarithm(if base.is_negative() { base } else { self })?;
            }
            check_logarithm(base).and_then(|()| check_logarithm(self))?;
            return Ok(match (base.special(), self.special()) {
                (Some(_), Some(_)) => Numeric::NAN,
                (Some(_), None) => Numeric::ZERO,
                _ => Numeric::INFINITY,
            });
        }
        check_logarithm(base)?;
        check_logarithm(self)?;
        let (base_weight, own_weight) = (logarithm_weight(base), logarithm_weight(self));
        let weight = own_weight - base_weight;
        let scale = display_scale(SIGNIFICANT_DIGITS_MIN - weight, &[base, self]);
        let digits = |own: i64| {
            u32::try_from((i64::from(scale) + weight - own).max(i64::from(scale)).max(0)).unwrap_or(0) + GUARD_DIGITS
        };
        let digits = digits(base_weight).max(digits(own_weight));
        let (dividend, divisor) = (fixed_logarithm(self, digits), fixed_logarithm(base, digits));
        if divisor.bits() == 0 {
            return Err(division_by_zero());
        }
        let positive = BigInt::from(divisor.magnitude().clone());
        let quotient = divided(&(dividend * ten_to(scale)), &positive);
        Numeric::of_big(if divisor < BigInt::default() { -quotient } else { quotient }, scale)
    }

    /// The number to a power.
    ///
    /// # Errors
    /// 2201F for a power that is no real number, and for zero to a negative power; 22003 for a result of too many digits.
    pub fn power(&self, exponent: &Numeric) -> Result<Numeric> {
        if self.special().is_some() || exponent.special().is_some() {
            return infinite_power(self, exponent);
        }
        check_power(self, exponent)?;
        if exponent.is_whole()
            && let Some(whole) = exponent.to_i64().and_then(|whole| i32::try_from(whole).ok())
        {
            return whole_power(self, whole, exponent);
        }
        if self.is_zero() {
            return Numeric::of_parts(0, u32::try_from(SIGNIFICANT_DIGITS_MIN).unwrap_or(0));
        }
        let is_negative = self.is_negative() && is_odd(exponent);
        let base = self.abs();
        let size = rough_exponent(&base, exponent)?;
        if size.abs() > EXPONENT_MAX * 1.003_333 {
            if size > 0.0 {
                return Err(overflow());
            }
            return Numeric::of_parts(0, u32::try_from(DISPLAY_SCALE_MAX).unwrap_or(0));
        }
        let weight = whole_part(size * LOG10_E);
        let scale = display_scale(SIGNIFICANT_DIGITS_MIN - weight, &[&base, exponent]);
        let exponent_digits = u32::try_from(leading(exponent).weight.max(0) + 1).unwrap_or(0) * 4;
        let digits = u32::try_from(i64::from(scale) + weight.max(0)).unwrap_or(0) + exponent_digits + GUARD_DIGITS;
        let logarithm = fixed_logarithm(&base, digits);
        let Some((mantissa, own)) = exponent.parts() else { return Ok(Numeric::NAN) };
        let product = divided(&(logarithm * mantissa.as_ref()), &ten_to(own));
        let power = exponential_of(&product, digits, size, scale)?;
        Ok(if is_negative { power.negated() } else { power })
    }
}

/// `exponent * ln(base)` with eight digits or so, by which PostgreSQL chooses how many of the result it shows.
fn rough_exponent(base: &Numeric, exponent: &Numeric) -> Result<f64> {
    const DIGITS: i64 = 8;
    let scale = u32::try_from((DIGITS - logarithm_weight(base)).max(0)).unwrap_or(0);
    let digits = scale + GUARD_DIGITS;
    let logarithm = unfixed(&fixed_logarithm(base, digits), digits, scale)?;
    Ok(float_of_numeric(&logarithm.times_at(exponent, scale)?))
}

fn check_logarithm(number: &Numeric) -> Result<()> {
    let message = match number.signum() {
        1 => return Ok(()),
        0 => "cannot take logarithm of zero",
        _ => "cannot take logarithm of a negative number",
    };
    Err(Error::new(ErrorKind::InvalidLogarithm, message))
}

/// The power of ten that the logarithm of a positive number begins with, about (`estimate_ln_dweight`).
fn logarithm_weight(number: &Numeric) -> i64 {
    let (low, high) = (Numeric::scaled(9, 1), Numeric::scaled(11, 1));
    if number.signum() <= 0 {
        return 0;
    }
    if *number >= low && *number <= high {
        let Ok(distance) = number.minus(&Numeric::ONE) else { return 0 };
        if distance.is_zero() {
            return 0;
        }
        let start = leading(&distance);
        return start.weight * DIGITS_PER_PLACE + whole_part(f64::from(start.first).log10());
    }
    let start = leading(number);
    let (digits, weight) = match start.second {
        Some(second) => (f64::from(start.first) * 10_000.0 + f64::from(second), start.weight - 1),
        None => (f64::from(start.first), start.weight),
    };
    let logarithm = digits.ln() + estimate(weight * DIGITS_PER_PLACE) * LN_10;
    whole_part(logarithm.abs().log10())
}

/// `ln(number) * 10^digits` of a positive number, off by a few units at most.
fn fixed_logarithm(number: &Numeric, digits: u32) -> BigInt {
    /// What a sum of many terms and multiples of the logarithm of ten are off by, in digits.
    const INNER_GUARD: u32 = 16;
    let inner = digits + INNER_GUARD;
    let Some((mantissa, scale)) = number.parts() else { return BigInt::default() };
    let exponent = decimal_exponent(mantissa.magnitude());
    // number = fraction * 10^shift, with the fraction from 1 to 10.
    let shift = i64::from(exponent) - i64::from(scale);
    let fraction = if exponent <= inner {
        mantissa.as_ref() * ten_to(inner - exponent)
    } else {
        mantissa.as_ref() / ten_to(exponent - inner)
    };
    let own = logarithm_of_fraction(fraction, inner);
    let whole = if shift == 0 { BigInt::default() } else { logarithm_of_fraction(ten_to(inner + 1), inner) * shift };
    divided(&(own + whole), &ten_to(INNER_GUARD))
}

/// The logarithm of a number from 1 to 10, both times `10^digits`.
fn logarithm_of_fraction(fraction: BigInt, digits: u32) -> BigInt {
    let one = ten_to(digits);
    let limit = &one + &one / 100;
    let (mut fraction, mut doublings) = (fraction, 0_u32);
    while fraction > limit {
        fraction = (fraction * &one).sqrt();
        doublings += 1;
    }
    // ln x = 2 (z + z^3/3 + z^5/5 + …), z = (x - 1) / (x + 1)
    let z = (&fraction - &one) * &one / (&fraction + &one);
    let square = &z * &z / &one;
    let (mut power, mut sum, mut divisor) = (z.clone(), z, 3_u32);
    while power.bits() > 0 {
        power = power * &square / &one;
        sum += &power / divisor;
        divisor += 2;
    }
    sum << (doublings + 1)
}

/// e to the power of a number, with so many digits behind the point.
fn power_of_e(number: &Numeric, scale: u32) -> Result<Numeric> {
    let size = float_of_numeric(number);
    if size.abs() >= EXPONENT_MAX {
        return if size > 0.0 { Err(overflow()) } else { Numeric::of_parts(0, scale) };
    }
    let whole = u32::try_from(whole_part(size * LOG10_E).max(0)).unwrap_or(0);
    let digits = scale + whole + GUARD_DIGITS;
    exponential_of(&fixed(number, digits), digits, size, scale)
}

/// e to the power of `number / 10^digits`, which is about `size`.
fn exponential_of(number: &BigInt, digits: u32, size: f64, scale: u32) -> Result<Numeric> {
    /// The power is halved as often, and its result squared as often; each doubles what it is off by.
    const HALVINGS: u32 = 24;
    const HALVED_DIGITS: u32 = 10;
    if size.abs() >= EXPONENT_MAX {
        return if size > 0.0 { Err(overflow()) } else { Numeric::of_parts(0, scale) };
    }
    let whole = u32::try_from(whole_part(size.abs() * LOG10_E)).unwrap_or(0) + 1;
    let inner = digits.max(scale + GUARD_DIGITS) + whole + HALVED_DIGITS;
    let one = ten_to(inner);
    let magnitude = BigInt::from(number.magnitude().clone());
    let halved = (magnitude * ten_to(inner - digits)) >> HALVINGS;
    let (mut term, mut sum, mut divisor) = (one.clone(), one.clone(), 1_u32);
    while term.bits() > 0 {
        term = term * &halved / &one / divisor;
        sum += &term;
        divisor += 1;
    }
    for _ in 0..HALVINGS {
        sum = &sum * &sum / &one;
    }
    if *number < BigInt::default() {
        sum = &one * &one / sum;
    }
    unfixed(&sum, inner, scale)
}

fn is_odd(number: &Numeric) -> bool {
    let whole = number.normalized();
    whole.scale() == 0 && whole.parts().is_some_and(|(mantissa, _)| mantissa.bit(0))
}

/// # Errors
/// 2201F for a power that is no real number, and for zero to a negative power.
fn check_power(base: &Numeric, exponent: &Numeric) -> Result<()> {
    if base.is_zero() && exponent.is_negative() {
        return Err(invalid_power("zero raised to a negative power is undefined"));
    }
    if base.is_negative() && exponent.special().is_none() && !exponent.is_whole() {
        let message = "a negative number raised to a non-integer power yields a complex result";
        return Err(invalid_power(message));
    }
    Ok(())
}

/// A power where one side is no number, by the rules of POSIX.
fn infinite_power(base: &Numeric, exponent: &Numeric) -> Result<Numeric> {
    if base.is_nan() {
        return Ok(if exponent.is_zero() { Numeric::ONE } else { Numeric::NAN });
    }
    if exponent.is_nan() {
        return Ok(if *base == Numeric::ONE { Numeric::ONE } else { Numeric::NAN });
    }
    check_power(base, exponent)?;
    if *base == Numeric::ONE || exponent.is_zero() {
        return Ok(Numeric::ONE);
    }
    if base.is_zero() {
        return Ok(Numeric::ZERO);
    }
    let is_growing = !exponent.is_negative();
    if exponent.is_infinite() {
        if *base == Numeric::from(-1) {
            return Ok(Numeric::ONE);
        }
        let is_large = base.abs() > Numeric::ONE;
        return Ok(if is_large == is_growing { Numeric::INFINITY } else { Numeric::ZERO });
    }
    Ok(match (is_growing, base.is_negative() && is_odd(exponent)) {
        (false, _) => Numeric::ZERO,
        (true, false) => Numeric::INFINITY,
        (true, true) => Numeric::MINUS_INFINITY,
    })
}

/// A number to a whole power (`power_var_int`).
fn whole_power(base: &Numeric, exponent: i32, shown: &Numeric) -> Result<Numeric> {
    let weight = weight_of_power(base, exponent);
    if weight > f64::from(WHOLE_DIGITS_MAX) {
        return Err(overflow());
    }
    if weight + 1.0 < -estimate(DISPLAY_SCALE_MAX) {
        return Numeric::of_parts(0, u32::try_from(DISPLAY_SCALE_MAX).unwrap_or(0));
    }
    let scale = display_scale(SIGNIFICANT_DIGITS_MIN - whole_part(weight), &[base, shown]);
    match exponent {
        0 => return Numeric::ONE.rescaled(scale),
        1 => return base.rescaled(scale),
        -1 => return Numeric::ONE.over_at(base, scale),
        2 => return base.times_at(base, scale),
        _ if base.is_zero() => return Numeric::of_parts(0, scale),
        _ => {}
    }
    let significant = (1 + i64::from(scale) + whole_part(weight)).max(0);
    let extra = i64::from(exponent.unsigned_abs().ilog10()) + 8;
    let power = Floating::of(base).raised(exponent.unsigned_abs(), u64::try_from(significant + extra).unwrap_or(0));
    if exponent < 0 { power.inverse_at(scale, significant + extra) } else { power.at(scale) }
}

/// The power of ten that a power begins with, about.
fn weight_of_power(base: &Numeric, exponent: i32) -> f64 {
    if base.is_zero() {
        return 0.0;
    }
    let Some((mantissa, scale)) = base.parts() else { return 0.0 };
    let own = decimal_exponent(mantissa.magnitude());
    // The first sixteen digits or so.
    let cut = own.saturating_sub(17);
    let first = u64::try_from(mantissa.magnitude() / ten_to(cut).magnitude()).unwrap_or(1);
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let logarithm = (first as f64).log10();
    f64::from(exponent) * (logarithm + f64::from(cut) - f64::from(scale))
}

impl Numeric {
    /// The product, rounded to a scale.
    fn times_at(&self, other: &Numeric, scale: u32) -> Result<Numeric> {
        let (Some((left, left_scale)), Some((right, right_scale))) = (self.parts(), other.parts()) else {
            return Ok(Numeric::NAN);
        };
        unfixed(&(left.as_ref() * right.as_ref()), left_scale + right_scale, scale)
    }
}

/// A number of some significant digits: `mantissa * 10^exponent`.
struct Floating {
    mantissa: BigInt,
    exponent: i64,
}

impl Floating {
    fn of(number: &Numeric) -> Floating {
        let (mantissa, scale) =
            number.parts().map_or((BigInt::default(), 0), |(mantissa, scale)| (mantissa.into_owned(), scale));
        Floating { mantissa, exponent: -i64::from(scale) }
    }

    /// The product with the digits that count.
    fn times(&self, other: &Floating, digits: u64) -> Floating {
        let product = &self.mantissa * &other.mantissa;
        let exponent = self.exponent + other.exponent;
        // As many digits as the bits surely make.
        let excess = (product.bits() * 301_029 / 1_000_000).saturating_sub(digits + 1);
        match u32::try_from(excess) {
            Ok(excess) if excess > 0 => {
                Floating { mantissa: product / ten_to(excess), exponent: exponent + i64::from(excess) }
            }
            _ => Floating { mantissa: product, exponent },
        }
    }

    fn raised(self, exponent: u32, digits: u64) -> Floating {
        let mut result = Floating { mantissa: BigInt::from(1), exponent: 0 };
        let (mut square, mut rest) = (self, exponent);
        loop {
            if rest & 1 == 1 {
                result = result.times(&square, digits);
            }
            rest >>= 1;
            if rest == 0 {
                return result;
            }
            square = square.times(&square, digits);
        }
    }

    /// The number with so many digits behind the point.
    fn at(&self, scale: u32) -> Result<Numeric> {
        let shift = self.exponent + i64::from(scale);
        let power = u32::try_from(shift.unsigned_abs()).map_err(|_| overflow())?;
        if shift >= 0 {
            if shift > i64::from(WHOLE_DIGITS_MAX + scale) {
                return Err(overflow());
            }
            return Numeric::of_big(&self.mantissa * ten_to(power), scale);
        }
        if u64::from(power) > self.mantissa.bits() + 1 {
            return Numeric::of_parts(0, scale);
        }
        Numeric::of_big(divided(&self.mantissa, &ten_to(power)), scale)
    }

    /// One over the number, with so many digits behind the point.
    fn inverse_at(&self, scale: u32, digits: i64) -> Result<Numeric> {
        if self.mantissa.bits() == 0 {
            return Err(division_by_zero());
        }
        let own = i64::from(decimal_exponent(self.mantissa.magnitude()));
        let power = u32::try_from(own + digits.max(0) + 2).map_err(|_| overflow())?;
        let quotient = ten_to(power) / &self.mantissa;
        Floating { mantissa: quotient, exponent: -self.exponent - i64::from(power) }.at(scale)
    }
}

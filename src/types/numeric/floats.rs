//! Between `numeric` and floats.

use std::cmp::Ordering;

use num_bigint::BigInt;

use crate::error::Result;
use crate::types::numeric::digits::ten_to;
use crate::types::numeric::number::{Numeric, NumericPart};
use crate::types::numeric::text::parse_numeric;

/// A float as PostgreSQL makes it numeric: rounded to `digits` significant decimal digits (15 for `double precision`, 6
/// for `real`), not to all the digits of its binary expansion.
///
/// # Errors
/// None in effect: the digits of a float are a numeric.
pub(in crate::types) fn numeric_of_float(number: f64, digits: usize) -> Result<Numeric> {
    if number.is_nan() {
        return Ok(Numeric::NAN);
    }
    if number.is_infinite() {
        return Ok(if number < 0.0 { Numeric::MINUS_INFINITY } else { Numeric::INFINITY });
    }
    let rounded = format!("{number:.precision$e}", precision = digits.saturating_sub(1));
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    parse_numeric(&format!("{mantissa}e{exponent}"), None)
}

/// The nearest float, by way of the decimal digits so that it is rounded once; an infinity for a number that is too large, and a
/// zero for one that is too small.
pub(in crate::types) fn float_of_numeric(number: &Numeric) -> f64 {
    match number.special() {
        Some(NumericPart::NaN) => return f64::NAN,
        Some(NumericPart::Infinity) => return f64::INFINITY,
        Some(NumericPart::MinusInfinity) => return f64::NEG_INFINITY,
        None => {}
    }
    number.to_string().parse().unwrap_or(f64::NAN)
}

/// Compares exactly, without rounding either side. PostgreSQL's order: NaN is greater than every number.
pub(in crate::types) fn compare_with_float(number: &Numeric, float: f64) -> Ordering {
    if let Some(part) = number.special() {
        let rank = |is_minus, is_nan| {
            if is_minus {
                0
            } else if is_nan {
                3
            } else {
                2
            }
        };
        let own = rank(part == NumericPart::MinusInfinity, part == NumericPart::NaN);
        let other = if float.is_finite() { 1 } else { rank(float == f64::NEG_INFINITY, float.is_nan()) };
        return own.cmp(&other);
    }
    if float.is_nan() || float == f64::INFINITY {
        return Ordering::Less;
    }
    if float == f64::NEG_INFINITY {
        return Ordering::Greater;
    }
    if let Some(order) = clear_order(number, float) {
        return order;
    }
    let Some((mantissa, scale)) = number.parts() else { return Ordering::Equal };
    let (digits, exponent) = binary_parts(float);
    // number - float = mantissa / 10^scale - digits * 2^exponent
    let shift = exponent.unsigned_abs();
    if exponent >= 0 {
        mantissa.as_ref().cmp(&((BigInt::from(digits) << shift) * ten_to(scale)))
    } else {
        (mantissa.as_ref() << shift).cmp(&(BigInt::from(digits) * ten_to(scale)))
    }
}

/// The order of a number and a finite float that are not close to one another.
#[expect(clippy::cast_precision_loss, reason = "what is close is compared exactly")]
fn clear_order(number: &Numeric, float: f64) -> Option<Ordering> {
    /// Far more than what the estimate is off by.
    const MARGIN: f64 = 1e-12;
    const SCALE_MAX: u32 = 100;
    let (mantissa, scale) = number.as_small().filter(|(_, scale)| *scale <= SCALE_MAX)?;
    let estimate = mantissa as f64 / 10_f64.powi(i32::try_from(scale).ok()?);
    let margin = estimate.abs().max(float.abs()) * MARGIN;
    if (estimate - float).abs() > margin { estimate.partial_cmp(&float) } else { None }
}

/// A finite float as a whole number times a power of two.
fn binary_parts(float: f64) -> (i64, i32) {
    const MANTISSA_BITS: u32 = 52;
    const EXPONENT_BIAS: i32 = 1_075;
    let bits = float.to_bits();
    let stored = bits & ((1 << MANTISSA_BITS) - 1);
    let exponent = i32::try_from((bits >> MANTISSA_BITS) & 0x7ff).unwrap_or(0);
    let (digits, exponent) = match exponent {
        0 => (stored, 1 - EXPONENT_BIAS),
        exponent => (stored | (1 << MANTISSA_BITS), exponent - EXPONENT_BIAS),
    };
    let digits = i64::try_from(digits).unwrap_or(0);
    (if float.is_sign_negative() { -digits } else { digits }, exponent)
}

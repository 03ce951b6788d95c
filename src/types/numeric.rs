//! Exact decimals: reading and printing `numeric`, its declared precision and scale, and exact comparison with floats.
//!
//! A [`Decimal`] holds 28 digits. What does not fit is refused, never rounded in silence; only digits behind a declared
//! scale are rounded away, half away from zero, as PostgreSQL does.

use std::cmp::Ordering;

use bytes::BufMut;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::error::{Error, ErrorKind, Result};
use crate::types::numbers::{excerpt, invalid_syntax};

/// Reads a `numeric` and applies its declared precision and scale.
pub(super) fn parse_numeric(text: &str, declared: Option<(u8, i8)>) -> Result<Decimal> {
    let trimmed = text.trim_ascii();
    let digits = trimmed.strip_prefix('+').unwrap_or(trimmed);
    let number = match Decimal::from_str_exact(digits) {
        Ok(number) if is_plain(digits) => number,
        _ => parse_numeric_slowly(digits, text, declared.is_some())?,
    };
    apply_modifier(positive_zero(number), declared)
}

fn is_plain(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
        && bytes.iter().any(u8::is_ascii_digit)
}

/// Exponents, special values, and more digits than fit.
fn parse_numeric_slowly(digits: &str, text: &str, may_round: bool) -> Result<Decimal> {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    if ["nan", "inf", "infinity"].iter().any(|name| unsigned.eq_ignore_ascii_case(name)) {
        let message = format!("value \"{}\" is not supported in type numeric", excerpt(text));
        return Err(Error::new(ErrorKind::NumericOutOfRange, message).with_hint("use double precision"));
    }
    let plain = expand_exponent(digits).ok_or_else(|| match has_number_syntax(digits) {
        true => overflow(text),
        false => invalid_syntax("numeric", text),
    })?;
    match Decimal::from_str_exact(&plain) {
        Ok(number) => Ok(number),
        Err(_) => match plain.parse::<Decimal>() {
            Ok(number) if may_round || is_exact(&plain, number) => Ok(number),
            _ => Err(overflow(text)),
        },
    }
}

/// True when the digits that `number` dropped are zeros.
fn is_exact(plain: &str, number: Decimal) -> bool {
    let significant = |text: &str| {
        let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
        let trimmed = unsigned.trim_start_matches('0');
        let trimmed = if trimmed.contains('.') { trimmed.trim_end_matches('0').trim_end_matches('.') } else { trimmed };
        format!("{sign}{trimmed}")
    };
    significant(plain) == significant(&number.to_string())
}

fn has_number_syntax(digits: &str) -> bool {
    // A float of this shape is the same shape; NaN and infinity were handled before.
    digits.parse::<f64>().is_ok()
}

fn overflow(text: &str) -> Error {
    let message = format!("value \"{}\" is out of range for type numeric", excerpt(text));
    Error::new(ErrorKind::NumericOutOfRange, message)
        .with_detail("A numeric has at most 28 digits.")
        .with_hint("use double precision or text")
}

/// Rewrites `1.5e3` as `1500`; plain numbers come back as they are. `None` when it is no number or has absurdly many
/// digits.
pub(super) fn expand_exponent(text: &str) -> Option<String> {
    const EXPONENT_MAX: i64 = 400;
    if !has_number_syntax(text) {
        return None;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    if exponent.abs() > EXPONENT_MAX {
        return None;
    }
    let (sign, unsigned) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let unsigned = unsigned.strip_prefix('+').unwrap_or(unsigned);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let shift = usize::try_from(exponent.unsigned_abs()).ok()?;
    let (whole, fraction) = if exponent >= 0 {
        let moved = fraction.get(..shift.min(fraction.len()))?;
        let zeros = "0".repeat(shift - moved.len());
        (format!("{whole}{moved}{zeros}"), fraction.get(moved.len()..)?.to_string())
    } else {
        let padded = format!("{}{whole}", "0".repeat(shift.saturating_sub(whole.len())));
        let (kept, moved) = padded.split_at_checked(padded.len() - shift)?;
        (kept.to_string(), format!("{moved}{fraction}"))
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

fn positive_zero(mut number: Decimal) -> Decimal {
    if number.is_zero() {
        number.set_sign_positive(true);
    }
    number
}

/// Rounds to the declared scale and checks the declared precision.
pub(super) fn apply_modifier(number: Decimal, declared: Option<(u8, i8)>) -> Result<Decimal> {
    let Some((precision, scale)) = declared else { return Ok(number) };
    let places = u32::try_from(scale).unwrap_or(0);
    let mut rounded = if scale < 0 {
        round_to_tens(number, u32::from(scale.unsigned_abs()))
    } else {
        number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
    };
    let whole_digits = i32::from(precision) - i32::from(scale);
    let fits = match u32::try_from(whole_digits) {
        Ok(digits) => 10i128.checked_pow(digits).is_none_or(|bound| rounded.abs().trunc().mantissa() < bound),
        // The scale exceeds the precision: that many decimals must be zero.
        Err(_) => {
            let bound =
                Decimal::try_new(1, whole_digits.unsigned_abs().min(Decimal::MAX_SCALE)).unwrap_or(Decimal::ONE);
            rounded.abs() < bound
        }
    };
    if !fits {
        let detail = format!(
            "A field with precision {precision}, scale {scale} must round to an absolute value less than 10^{whole_digits}."
        );
        return Err(Error::new(ErrorKind::NumericOutOfRange, "numeric field overflow").with_detail(detail));
    }
    rounded.rescale(places.min(Decimal::MAX_SCALE));
    Ok(positive_zero(rounded))
}

fn round_to_tens(number: Decimal, zeros: u32) -> Decimal {
    let Some(unit) = 10i128.checked_pow(zeros) else { return Decimal::ZERO };
    // The unit is even, so the decimals behind the point cannot make or break a tie.
    let whole = number.trunc().mantissa();
    let remainder = whole % unit;
    let up = if remainder.abs() >= (unit / 2).max(1) { unit * whole.signum() } else { 0 };
    Decimal::try_from_i128_with_scale(whole - remainder + up, 0).unwrap_or(Decimal::MAX)
}

/// Appends the decimal form with the digits behind the point that the number carries.
pub(super) fn write_numeric(number: Decimal, out: &mut impl BufMut) {
    out.put_slice(number.to_string().as_bytes());
}

/// A float as PostgreSQL makes it numeric: rounded to `digits` significant decimal digits (15 for `double precision`, 6
/// for `real`), not to all the digits of its binary expansion.
pub(super) fn numeric_of_float(number: f64, digits: usize) -> Result<Decimal> {
    if !number.is_finite() {
        let message = format!("cannot convert {number} to numeric");
        return Err(Error::new(ErrorKind::NumericOutOfRange, message));
    }
    let rounded = format!("{number:.precision$e}", precision = digits.saturating_sub(1));
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    let plain = expand_exponent(&format!("{mantissa}e{exponent}")).ok_or_else(|| overflow(&rounded))?;
    // A tiny number keeps the digits that a numeric has room for.
    let value: Decimal = plain.parse().map_err(|_| overflow(&rounded))?;
    Ok(positive_zero(value))
}

/// The nearest float, by way of the decimal digits so that it is rounded once.
pub(super) fn float_of_numeric(number: Decimal) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}

/// Compares exactly, without rounding either side. PostgreSQL's order: NaN is greater than every number.
pub(super) fn compare_with_float(number: Decimal, float: f64) -> Ordering {
    /// Above the largest [`Decimal`], which is just below 2^96.
    const DECIMAL_BOUND: f64 = 79_228_162_514_264_337_593_543_950_336.0;
    if float.is_nan() || float >= DECIMAL_BOUND {
        return Ordering::Less;
    }
    if float <= -DECIMAL_BOUND {
        return Ordering::Greater;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^96 is exact as i128")]
    let whole = float.trunc() as i128;
    let scale = 10i128.checked_pow(number.scale()).unwrap_or(i128::MAX);
    let mantissa = number.mantissa();
    (mantissa / scale).cmp(&whole).then_with(|| {
        let fraction = mantissa % scale;
        let float_fraction = float.fract();
        match (fraction.signum().cmp(&0), float_fraction.partial_cmp(&0.0).unwrap_or(Ordering::Equal)) {
            (Ordering::Greater, Ordering::Greater) => compare_fractions(fraction.unsigned_abs(), scale, float_fraction),
            (Ordering::Less, Ordering::Less) => {
                compare_fractions(fraction.unsigned_abs(), scale, -float_fraction).reverse()
            }
            (left, right) => left.cmp(&right),
        }
    })
}

/// Compares `fraction / scale` with `float`, both in (0, 1), as `fraction * 2^shift` with `mantissa * scale` in 192 bits.
fn compare_fractions(fraction: u128, scale: i128, float: f64) -> Ordering {
    const MANTISSA_BITS: u64 = 52;
    const EXPONENT_BIAS: u64 = 1075;
    let bits = float.to_bits();
    let exponent = bits >> MANTISSA_BITS;
    let stored = bits & ((1 << MANTISSA_BITS) - 1);
    let (mantissa, exponent) = if exponent == 0 { (stored, 1) } else { (stored | (1 << MANTISSA_BITS), exponent) };
    let shift = EXPONENT_BIAS - exponent;
    // scale <= 10^28 < 2^94 and mantissa < 2^53, so the product has at most 147 bits: `high` and the low 64 of `low`.
    let scale = scale.unsigned_abs();
    let low = (scale & u128::from(u64::MAX)) * u128::from(mantissa);
    let high = (scale >> 64) * u128::from(mantissa) + (low >> 64);
    let low = low & u128::from(u64::MAX);
    if shift >= 147 {
        return Ordering::Greater;
    }
    // Compare fraction with product / 2^shift: first its whole part, then what remains.
    let (whole, has_rest) = if shift >= 64 {
        let by = shift - 64;
        (high >> by, low != 0 || high & ((1 << by) - 1) != 0)
    } else {
        let top = high.checked_shl(u32::try_from(64 - shift).unwrap_or(0)).filter(|_| high >> (64 + shift) == 0);
        match top {
            Some(top) => (top | (low >> shift), low & ((1 << shift) - 1) != 0),
            None => return Ordering::Less,
        }
    };
    fraction.cmp(&whole).then(if has_rest { Ordering::Less } else { Ordering::Equal })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, declared: Option<(u8, i8)>) -> String {
        parse_numeric(text, declared).unwrap().to_string()
    }

    #[test]
    fn numbers_read_and_round_as_in_postgresql() {
        assert_eq!(read("1.50", None), "1.50");
        assert_eq!(read(" +1e3 ", None), "1000");
        assert_eq!(read("1.5e-3", None), "0.0015");
        assert_eq!(read("-0", None), "0");
        assert_eq!(read("2.5", Some((5, 0))), "3");
        assert_eq!(read("-1.005", Some((5, 2))), "-1.01");
        assert_eq!(read("7", Some((5, 2))), "7.00");
        assert_eq!(read("1250", Some((5, -2))), "1300");
        assert_eq!(read("1249.9", Some((5, -2))), "1200");
        assert_eq!(read("0.00123", Some((2, 4))), "0.0012");
        let third = "0.33333333333333333333333333333333333333";
        assert_eq!(read(third, Some((10, 4))), "0.3333");
        assert_eq!(parse_numeric(third, None).unwrap_err().sqlstate(), "22003");
        assert_eq!(read("1.00000000000000000000000000000000000000", None), "1.0000000000000000000000000000");
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let error = parse_numeric("1000", Some((5, 2))).unwrap_err();
        assert_eq!((error.sqlstate(), error.message()), ("22003", "numeric field overflow"));
        assert_eq!(
            error.detail(),
            Some("A field with precision 5, scale 2 must round to an absolute value less than 10^3.")
        );
        assert_eq!(parse_numeric("0.05", Some((2, 4))).unwrap_err().sqlstate(), "22003");
        for text in ["", "x", "1.2.3", "--1", ".", "-", "1e", "1_", "e5"] {
            assert_eq!(parse_numeric(text, None).unwrap_err().sqlstate(), "22P02", "{text}");
        }
        for text in ["NaN", "-Infinity", "1e40", "1e999999999"] {
            assert_eq!(parse_numeric(text, None).unwrap_err().sqlstate(), "22003", "{text}");
        }
    }

    #[test]
    fn floats_compare_exactly() {
        let tenth: Decimal = "0.1".parse().unwrap();
        assert_eq!(compare_with_float(tenth, 0.1), Ordering::Less);
        assert_eq!(compare_with_float("0.5".parse().unwrap(), 0.5), Ordering::Equal);
        assert_eq!(compare_with_float("-0.5".parse().unwrap(), -0.5), Ordering::Equal);
        assert_eq!(compare_with_float("-0.1".parse().unwrap(), -0.1), Ordering::Greater);
        assert_eq!(compare_with_float(Decimal::MAX, f64::INFINITY), Ordering::Less);
        assert_eq!(compare_with_float(Decimal::ONE, f64::NAN), Ordering::Less);
        assert_eq!(compare_with_float(Decimal::ZERO, 1e-300), Ordering::Less);
        assert_eq!(compare_with_float(Decimal::ZERO, -0.0), Ordering::Equal);
        assert_eq!(compare_with_float(Decimal::try_new(1, 28).unwrap(), 1e-300), Ordering::Greater);
    }

    #[test]
    fn floats_become_numeric_with_their_certain_digits() {
        assert_eq!(numeric_of_float(0.1, 15).unwrap().to_string(), "0.1");
        assert_eq!(numeric_of_float(1e20, 15).unwrap().to_string(), "100000000000000000000");
        assert_eq!(numeric_of_float(f64::from(0.1f32), 6).unwrap().to_string(), "0.1");
        assert_eq!(numeric_of_float(1e-40, 15).unwrap().to_string().parse::<f64>().unwrap(), 0.0);
        assert_eq!(numeric_of_float(1e30, 15).unwrap_err().sqlstate(), "22003");
    }

    proptest! {
        #[test]
        fn halves_compare_as_integers(left in -(1i64 << 50)..(1i64 << 50), right in -(1i64 << 50)..(1i64 << 50), shift in 0u32..20) {
            // left / 2^shift is exact both as a float and, times 5^shift, as a decimal.
            let decimal = Decimal::try_from_i128_with_scale(i128::from(left >> 20) * 5i128.pow(shift), shift).unwrap();
            let float = (right >> 20) as f64 / f64::from(1u32 << shift);
            prop_assert_eq!(compare_with_float(decimal, float), (left >> 20).cmp(&(right >> 20)));
        }

        #[test]
        fn never_panics(text in "[-+0-9.eE]{0,40}", precision in 1u8.., scale: i8) {
            let parsed = parse_numeric(&text, Some((precision, scale)));
            prop_assert!(parsed.is_ok() || parsed.is_err());
        }
    }
}

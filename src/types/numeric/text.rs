//! Reading and printing.

use std::fmt;
use std::str::FromStr;

use bytes::BufMut;
use num_bigint::{BigInt, BigUint};

use crate::error::{Error, Result};
use crate::types::numbers::invalid_syntax;
use crate::types::numeric::digits::ten_to;
use crate::types::numeric::number::{Numeric, NumericPart, SCALE_MAX, WHOLE_DIGITS_MAX, overflow};
use crate::types::numeric::rounding::apply_modifier;

/// Digits that are read behind the point before they are rounded to a declared scale, which decide how.
const ROUNDED_DIGITS_MAX: usize = 1_002;
/// The largest exponent that is read.
const EXPONENT_MAX: i64 = 1_000_000;

/// Reads a `numeric` and applies its declared precision and scale.
///
/// # Errors
/// 22P02 for a text that is no number, 22003 for one of too many digits; as [`apply_modifier`].
pub(in crate::types) fn parse_numeric(text: &str, declared: Option<(u16, i16)>) -> Result<Numeric> {
    let number = read(text.trim_ascii(), declared.is_some()).ok_or_else(|| invalid_syntax("numeric", text))??;
    apply_modifier(number, declared)
}

/// A number; `None` for a text that is none.
fn read(text: &str, is_rounded: bool) -> Option<Result<Numeric>> {
    if text.eq_ignore_ascii_case("nan") {
        return Some(Ok(Numeric::NAN));
    }
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if ["infinity", "inf"].iter().any(|name| unsigned.eq_ignore_ascii_case(name)) {
        return Some(Ok(if is_negative { Numeric::MINUS_INFINITY } else { Numeric::INFINITY }));
    }
    let radix = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => return read_decimal(unsigned, is_negative, is_rounded),
    };
    let digits = unsigned.get(2..)?;
    let digits = plain_digits(digits.strip_prefix('_').unwrap_or(digits), radix)?;
    let digits = digits.trim_start_matches('0');
    if digits.len() > WHOLE_DIGITS_MAX as usize * 4 {
        return Some(Err(overflow()));
    }
    let magnitude =
        if digits.is_empty() { BigUint::default() } else { BigUint::parse_bytes(digits.as_bytes(), radix)? };
    Some(Numeric::of_big(signed(magnitude, is_negative), 0))
}

fn signed(magnitude: BigUint, is_negative: bool) -> BigInt {
    let number = BigInt::from(magnitude);
    if is_negative { -number } else { number }
}

/// Digits without the underscores that stand between two of them; `None` for anything else, and for no digit at all.
fn plain_digits(text: &str, radix: u32) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    let mut is_behind_digit = false;
    for character in text.chars() {
        if character == '_' && is_behind_digit {
            is_behind_digit = false;
            continue;
        }
        if !character.is_digit(radix) {
            return None;
        }
        digits.push(character);
        is_behind_digit = true;
    }
    is_behind_digit.then_some(digits)
}

fn read_decimal(text: &str, is_negative: bool, is_rounded: bool) -> Option<Result<Numeric>> {
    if let Some(number) = read_short(text, is_negative) {
        return Some(Ok(number));
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let part = |digits: &str| if digits.is_empty() { Some(String::new()) } else { plain_digits(digits, 10) };
    let (whole, fraction) = (part(whole)?, part(fraction)?);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if exponent.abs() > EXPONENT_MAX {
        return Some(Err(overflow()));
    }
    Some(placed(&whole, &fraction, exponent, is_negative, is_rounded))
}

/// Digits and at most one point, which make no more than a machine's number.
fn read_short(text: &str, is_negative: bool) -> Option<Numeric> {
    const DIGITS_MAX: usize = 37;
    if text.len() > DIGITS_MAX {
        return None;
    }
    let (mut mantissa, mut point, mut digits) = (0_i128, None, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i128::from(byte - b'0');
                digits += 1;
            }
            b'.' if point.is_none() => point = Some(digits),
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    let scale = digits - point.unwrap_or(digits);
    Numeric::of_parts(if is_negative { -mantissa } else { mantissa }, u32::try_from(scale).ok()?).ok()
}

/// An exponent; one of too many digits counts as too large.
fn read_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let digits = plain_digits(digits, 10)?;
    Some(sign * digits.parse::<i64>().unwrap_or(i64::MAX).min(EXPONENT_MAX + 1))
}

/// The number of the digits before and behind the point, moved by an exponent.
fn placed(whole: &str, fraction: &str, exponent: i64, is_negative: bool, is_rounded: bool) -> Result<Numeric> {
    let mut digits = format!("{whole}{fraction}");
    let mut behind = i64::try_from(fraction.len()).map_err(|_| overflow())? - exponent;
    let excess = usize::try_from(behind - i64::try_from(ROUNDED_DIGITS_MAX).unwrap_or(0)).unwrap_or(0);
    if is_rounded && excess > 0 {
        // Digits that decide nothing: the first one behind the declared scale says how it is rounded.
        digits.truncate(digits.len().saturating_sub(excess));
        behind -= i64::try_from(excess).unwrap_or(0);
    }
    let significant = digits.trim_start_matches('0');
    let whole_digits = i64::try_from(significant.len()).map_err(|_| overflow())? - behind;
    if (!significant.is_empty() && whole_digits > i64::from(WHOLE_DIGITS_MAX)) || behind > i64::from(SCALE_MAX) {
        return Err(overflow());
    }
    let zeros = u32::try_from(-behind).unwrap_or(0);
    if zeros > 0
        && let Ok(digits) = significant.parse::<u32>()
    {
        return Ok(Numeric::of_tens(if is_negative { -i64::from(digits) } else { i64::from(digits) }, zeros));
    }
    let magnitude = if significant.is_empty() {
        BigUint::default()
    } else {
        BigUint::parse_bytes(significant.as_bytes(), 10).ok_or_else(overflow)?
    };
    let mantissa = signed(magnitude, is_negative);
    let mantissa = if zeros > 0 { mantissa * ten_to(zeros) } else { mantissa };
    Numeric::of_big(mantissa, u32::try_from(behind).unwrap_or(0))
}

/// Rewrites `1.5e3` as `1500`; plain numbers come back as they are. `None` when it is no number or has absurdly many
/// digits.
pub(in crate::types) fn expand_exponent(text: &str) -> Option<String> {
    /// The largest exponent that is written out in documents, of which the canonical form never changes.
    const WRITTEN_EXPONENT_MAX: i64 = 400;
    let exponent = text.split_once(['e', 'E']).map_or(Some(0), |(_, exponent)| exponent.parse::<i64>().ok())?;
    if exponent.abs() > WRITTEN_EXPONENT_MAX {
        return None;
    }
    let number = read(text, false)?.ok()?;
    number.special().is_none().then(|| number.to_string())
}

/// Appends the decimal form with the digits behind the point that the number carries.
pub(in crate::types) fn write_numeric(number: &Numeric, out: &mut impl BufMut) {
    out.put_slice(number.to_string().as_bytes());
}

impl fmt::Display for Numeric {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.special() {
            Some(NumericPart::NaN) => return out.write_str("NaN"),
            Some(NumericPart::Infinity) => return out.write_str("Infinity"),
            Some(NumericPart::MinusInfinity) => return out.write_str("-Infinity"),
            None => {}
        }
        if let Some((digits, zeros)) = self.as_tens() {
            return write!(out, "{digits}{}", "0".repeat(zeros as usize));
        }
        let scale = self.scale() as usize;
        let digits = match self.as_small() {
            Some((mantissa, _)) => mantissa.unsigned_abs().to_string(),
            None => self.parts().map_or_else(String::new, |(mantissa, _)| mantissa.magnitude().to_str_radix(10)),
        };
        if self.is_negative() {
            out.write_str("-")?;
        }
        if scale == 0 {
            return out.write_str(&digits);
        }
        match digits.split_at_checked(digits.len().wrapping_sub(scale)) {
            Some((whole, fraction)) if !whole.is_empty() => write!(out, "{whole}.{fraction}"),
            _ => write!(out, "0.{digits:0>scale$}"),
        }
    }
}

impl fmt::Debug for Numeric {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Numeric {
    type Err = Error;

    fn from_str(text: &str) -> Result<Numeric> {
        parse_numeric(text, None)
    }
}

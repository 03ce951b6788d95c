//! Order-preserving bytes of exact decimals, without trailing zeros.
//!
//! A number is `0.d1d2d3… × 10^exponent`: a sign byte, the exponent, then the digits in pairs (`1` to `100`, so that the
//! end mark `0` sorts below any further pair). Everything after the sign is inverted for negative numbers.

use rust_decimal::Decimal;

const NEGATIVE: u8 = 0;
const ZERO: u8 = 1;
const POSITIVE: u8 = 2;
/// Added to the exponent, which lies between -27 and 29.
const EXPONENT_BIAS: i32 = 64;
/// Digits of the largest 96-bit coefficient.
const DIGITS_MAX: usize = 29;

pub(super) fn encode_decimal(number: &Decimal, out: &mut Vec<u8>) {
    let number = number.normalize();
    let coefficient = number.mantissa();
    if coefficient == 0 {
        out.push(ZERO);
        return;
    }
    let invert = if coefficient < 0 { 0xff } else { 0 };
    out.push(if coefficient < 0 { NEGATIVE } else { POSITIVE });
    let digits = coefficient.unsigned_abs().to_string();
    let exponent = i32::try_from(digits.len()).unwrap_or(0) - i32::try_from(number.scale()).unwrap_or(0);
    out.push(u8::try_from(exponent + EXPONENT_BIAS).unwrap_or(u8::MAX) ^ invert);
    // An integer like 1200 has zeros that its scale cannot drop; in front of the point they are not digits of the fraction.
    for pair in digits.trim_end_matches('0').as_bytes().chunks(2) {
        let tens = pair.first().map_or(0, |digit| digit - b'0');
        let ones = pair.get(1).map_or(0, |digit| digit - b'0');
        out.push((tens * 10 + ones + 1) ^ invert);
    }
    out.push(invert);
}

/// The number at the front of `bytes` and how many bytes it takes; `None` for bytes that [`encode_decimal`] never writes.
pub(super) fn decode_decimal(bytes: &[u8]) -> Option<(Decimal, usize)> {
    let (&sign, rest) = bytes.split_first()?;
    let invert = match sign {
        ZERO => return Some((Decimal::ZERO, 1)),
        POSITIVE => 0,
        NEGATIVE => 0xff,
        _ => return None,
    };
    let (&biased, rest) = rest.split_first()?;
    let exponent = i32::from(biased ^ invert) - EXPONENT_BIAS;
    let pairs = rest.iter().position(|byte| *byte == invert)?;
    if pairs == 0 || pairs > DIGITS_MAX.div_ceil(2) {
        return None;
    }
    let mut coefficient: i128 = 0;
    for byte in rest.iter().take(pairs) {
        let pair = (byte ^ invert).checked_sub(1).filter(|pair| *pair < 100)?;
        coefficient = coefficient * 100 + i128::from(pair);
    }
    let mut scale = i32::try_from(pairs * 2).ok()? - exponent;
    while scale > 0 && coefficient % 10 == 0 {
        coefficient /= 10;
        scale -= 1;
    }
    if scale < 0 {
        coefficient = coefficient.checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?;
        scale = 0;
    }
    let signed = if invert == 0 { coefficient } else { -coefficient };
    let number = Decimal::try_from_i128_with_scale(signed, u32::try_from(scale).ok()?).ok()?;
    Some((number, pairs + 3))
}

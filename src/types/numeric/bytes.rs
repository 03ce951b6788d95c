//! The bytes of a `numeric`: as it is stored, as it is hashed, and as it is ordered.

use num_bigint::{BigInt, BigUint};

use crate::types::numeric::digits::ten_to;
use crate::types::numeric::number::{Numeric, NumericPart};

/// Bytes of a mantissa that an `i128` holds, with its scale in one byte.
const SHORT_BYTES: usize = 17;
const NAN: u8 = 0;
const INFINITY: u8 = 1;
const MINUS_INFINITY: u8 = 2;

/// Bits of the mantissas that were stored first, and the digits behind the point that those had at most.
const FIRST_MANTISSA_BITS: u32 = 96;
const FIRST_SCALE_MAX: u32 = 28;

/// Signs of ordered bytes.
const NEGATIVE: u8 = 0;
const ZERO: u8 = 1;
const POSITIVE: u8 = 2;
const ORDERED_INFINITY: u8 = 3;
const ORDERED_NAN: u8 = 4;
/// Added to an exponent that takes one byte.
const EXPONENT_BIAS: i32 = 64;
/// Exponents that take one byte.
const SHORT_EXPONENTS: std::ops::RangeInclusive<i32> = -60..=180;
/// Exponents of numbers with as many digits before and behind the point as there may be.
const LONG_EXPONENTS: std::ops::RangeInclusive<i32> = -16_383..=131_072;
/// What stands before the four bytes of an exponent below those, and above.
const LOW_EXPONENT: u8 = 1;
const HIGH_EXPONENT: u8 = 0xfe;
/// The exponent of minus infinity, above all others.
const INFINITE_EXPONENT: u8 = 0xff;
/// The most pairs of digits: 131,072 digits before and 16,383 behind the point.
const PAIRS_MAX: usize = 73_728;

impl Numeric {
    /// The bytes that it is stored as: the mantissa in little-endian two's complement and the scale behind it, in 17 bytes where
    /// they fit; else two bytes of scale and the mantissa; one byte for NaN and the infinities.
    pub fn to_bytes(&self) -> Vec<u8> {
        if let Some((mantissa, scale)) = self.as_small() {
            if let Ok(scale) = u8::try_from(scale) {
                let mut bytes = mantissa.to_le_bytes().to_vec();
                bytes.push(scale);
                return bytes;
            }
            let mut bytes = u16::try_from(scale).unwrap_or(u16::MAX).to_le_bytes().to_vec();
            bytes.extend_from_slice(&mantissa.to_le_bytes());
            return bytes;
        }
        match (self.special(), self.parts()) {
            (Some(NumericPart::NaN), _) | (None, None) => vec![NAN],
            (Some(NumericPart::Infinity), _) => vec![INFINITY],
            (Some(NumericPart::MinusInfinity), _) => vec![MINUS_INFINITY],
            (None, Some((mantissa, scale))) => {
                let mut bytes = u16::try_from(scale).unwrap_or(u16::MAX).to_le_bytes().to_vec();
                bytes.extend_from_slice(&mantissa.to_signed_bytes_le());
                bytes
            }
        }
    }

    /// The number of [`Numeric::to_bytes`]; `None` for bytes that it never makes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Numeric> {
        match bytes {
            [NAN] => return Some(Numeric::NAN),
            [INFINITY] => return Some(Numeric::INFINITY),
            [MINUS_INFINITY] => return Some(Numeric::MINUS_INFINITY),
            _ => {}
        }
        if bytes.len() == SHORT_BYTES {
            let (scale, mantissa) = bytes.split_last()?;
            return Numeric::of_parts(i128::from_le_bytes(mantissa.try_into().ok()?), u32::from(*scale)).ok();
        }
        let (scale, mantissa) = bytes.split_first_chunk::<2>()?;
        let scale = u32::from(u16::from_le_bytes(*scale));
        let number = match <[u8; 16]>::try_from(mantissa) {
            Ok(mantissa) => Numeric::of_parts(i128::from_le_bytes(mantissa), scale),
            Err(_) => Numeric::of_big(BigInt::from_signed_bytes_le(mantissa), scale),
        };
        number.ok().filter(|number| number.to_bytes() == bytes)
    }

    /// Feeds bytes that are the same for the same digits on every machine. Those of a number with a mantissa of 96 bits and up to
    /// 28 digits behind the point never change: hashes of entries are made of them.
    pub(in crate::types) fn hash_bytes(&self, feed: &mut impl FnMut(&[u8])) {
        /// No sign and scale of a number of 96 bits.
        const LONG: [u8; 4] = [0xff; 4];
        if let Some((mantissa, scale)) = self.as_small()
            && mantissa.unsigned_abs() >> FIRST_MANTISSA_BITS == 0
            && scale <= FIRST_SCALE_MAX
        {
            let sign = u32::from(mantissa < 0) << 31;
            feed(&(sign | scale << 16).to_le_bytes());
            feed(mantissa.unsigned_abs().to_le_bytes().get(..12).unwrap_or_default());
            return;
        }
        let bytes = self.to_bytes();
        feed(&LONG);
        feed(&(bytes.len() as u64).to_be_bytes());
        feed(&bytes);
    }

    /// Appends bytes that are equal for equal numbers and ordered as they are: a sign byte, the exponent of `0.d1d2d3… × 10^exponent`,
    /// then the digits in pairs (`1` to `100`, so that the end mark `0` sorts below any further pair). Everything after the sign is
    /// inverted for negative numbers.
    pub fn encode_ordered(&self, out: &mut Vec<u8>) {
        match self.special() {
            Some(NumericPart::NaN) => return out.push(ORDERED_NAN),
            Some(NumericPart::Infinity) => return out.push(ORDERED_INFINITY),
            Some(NumericPart::MinusInfinity) => return out.extend_from_slice(&[NEGATIVE, !INFINITE_EXPONENT]),
            None if self.is_zero() => return out.push(ZERO),
            None => {}
        }
        let digits = match (self.as_small(), self.parts()) {
            (Some((mantissa, _)), _) => mantissa.unsigned_abs().to_string(),
            (None, Some((mantissa, _))) => mantissa.magnitude().to_str_radix(10),
            (None, None) => return,
        };
        let invert = if self.is_negative() { 0xff } else { 0 };
        out.push(if self.is_negative() { NEGATIVE } else { POSITIVE });
        let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
        let exponent = count.saturating_sub(i32::try_from(self.scale()).unwrap_or(0));
        match u8::try_from(exponent + EXPONENT_BIAS).ok().filter(|_| SHORT_EXPONENTS.contains(&exponent)) {
            Some(biased) => out.push(biased ^ invert),
            None => {
                out.push((if exponent < 0 { LOW_EXPONENT } else { HIGH_EXPONENT }) ^ invert);
                let biased = exponent.cast_unsigned() ^ (1 << 31);
                out.extend(biased.to_be_bytes().iter().map(|byte| byte ^ invert));
            }
        }
        // An integer like 1200 has zeros that its scale cannot drop; in front of the point they are not digits of the fraction.
        for pair in digits.trim_end_matches('0').as_bytes().chunks(2) {
            let tens = pair.first().map_or(0, |digit| digit - b'0');
            let ones = pair.get(1).map_or(0, |digit| digit - b'0');
            out.push((tens * 10 + ones + 1) ^ invert);
        }
        out.push(invert);
    }

    /// The number at the front of ordered bytes, with the least digits behind the point, and how many bytes it takes; `None` for
    /// bytes that [`Numeric::encode_ordered`] never writes.
    pub fn decode_ordered(bytes: &[u8]) -> Option<(Numeric, usize)> {
        let (&sign, rest) = bytes.split_first()?;
        let invert = match sign {
            ZERO => return Some((Numeric::ZERO, 1)),
            ORDERED_INFINITY => return Some((Numeric::INFINITY, 1)),
            ORDERED_NAN => return Some((Numeric::NAN, 1)),
            POSITIVE => 0,
            NEGATIVE => 0xff,
            _ => return None,
        };
        let (&first, rest) = rest.split_first()?;
        let (exponent, rest, head) = match first ^ invert {
            INFINITE_EXPONENT if sign == NEGATIVE => return Some((Numeric::MINUS_INFINITY, 2)),
            LOW_EXPONENT | HIGH_EXPONENT => {
                let (exponent, rest) = rest.split_first_chunk::<4>()?;
                let biased = u32::from_be_bytes(exponent.map(|byte| byte ^ invert));
                let exponent = (biased ^ (1 << 31)).cast_signed();
                // No more is computed than a numeric may be, whatever the bytes say.
                if SHORT_EXPONENTS.contains(&exponent) || !LONG_EXPONENTS.contains(&exponent) {
                    return None;
                }
                (exponent, rest, 6)
            }
            biased => (i32::from(biased) - EXPONENT_BIAS, rest, 2),
        };
        let pairs = rest.iter().position(|byte| *byte == invert)?;
        if pairs == 0 || pairs > PAIRS_MAX {
            return None;
        }
        let digits = rest.iter().take(pairs);
        let digits = digits.map(|byte| (byte ^ invert).checked_sub(1).filter(|pair| *pair < 100));
        let magnitude = BigUint::from_radix_be(&digits.collect::<Option<Vec<u8>>>()?, 100)?;
        let mantissa = BigInt::from(magnitude);
        let mantissa = if sign == NEGATIVE { -mantissa } else { mantissa };
        let scale = i64::try_from(pairs * 2).ok()? - i64::from(exponent);
        // One zero may have filled up the last pair.
        let is_padded = scale > 0 && (&mantissa % 10_u8).bits() == 0;
        let (mantissa, scale) = if is_padded { (mantissa / 10_u8, scale - 1) } else { (mantissa, scale) };
        let number = match u32::try_from(scale) {
            Ok(scale) => Numeric::of_big(mantissa, scale),
            Err(_) => Numeric::of_big(mantissa * ten_to(u32::try_from(scale.unsigned_abs()).ok()?), 0),
        };
        Some((number.ok()?, head + pairs + 1))
    }
}

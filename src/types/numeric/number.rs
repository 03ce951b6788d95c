//! The value: what a [`Numeric`] is made of, and its order.
//!
//! A number of which the digits fit in an `i128` is held where it is, a longer one apart; each number has one form only.

use std::borrow::Cow;
use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

use crate::error::{Error, ErrorKind, Result};
use crate::types::numeric::digits::{DECIMAL_BITS_MICRO, decimal_exponent, ten_to};

/// Digits before the point, at most.
pub(super) const WHOLE_DIGITS_MAX: u32 = 131_072;
/// Digits of the largest `i128`, with a sign and a point.
const SMALL_DIGITS_MAX: usize = 41;
/// Digits behind the point, at most.
pub(super) const SCALE_MAX: u32 = 16_383;

/// A `numeric`. Equality and order go by the value: 1.0 is 1.00, and NaN is one value above all others.
///
/// Its methods are PostgreSQL's operators and functions of the type, by kind in the files of this folder.
#[derive(Clone)]
pub struct Numeric(Form);

#[derive(Clone)]
enum Form {
    /// `(high * 2^64 + low) / 10^scale`.
    Small {
        high: i64,
        low: u64,
        scale: u16,
    },
    Big(Box<BigForm>),
    /// `digits * 10^zeros`, more than an `i128` holds: a short text makes no long number before it is computed with.
    Tens {
        digits: i64,
        zeros: u32,
    },
    Special(NumericPart),
}

#[derive(Clone)]
struct BigForm {
    /// More than an `i128` holds.
    mantissa: BigInt,
    scale: u16,
}

/// What a `numeric` may be beside a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumericPart {
    MinusInfinity,
    Infinity,
    NaN,
}

/// The error of a result that has too many digits.
pub(super) fn overflow() -> Error {
    Error::new(ErrorKind::NumericOutOfRange, "value overflows numeric format")
}

pub(super) fn division_by_zero() -> Error {
    Error::new(ErrorKind::DivisionByZero, "division by zero")
}

impl Numeric {
    pub const ZERO: Numeric = Numeric(Form::Small { high: 0, low: 0, scale: 0 });
    pub const ONE: Numeric = Numeric(Form::Small { high: 0, low: 1, scale: 0 });
    pub const NAN: Numeric = Numeric(Form::Special(NumericPart::NaN));
    pub const INFINITY: Numeric = Numeric(Form::Special(NumericPart::Infinity));
    pub const MINUS_INFINITY: Numeric = Numeric(Form::Special(NumericPart::MinusInfinity));

    /// `mantissa / 10^scale`, which shows `scale` digits behind the point.
    pub fn scaled(mantissa: i64, scale: u16) -> Numeric {
        Numeric::small(i128::from(mantissa), scale.min(SCALE_MAX as u16))
    }

    /// As [`Numeric::scaled`], of any mantissa.
    ///
    /// # Errors
    /// 22003 for a scale over 16,383.
    pub fn of_parts(mantissa: i128, scale: u32) -> Result<Numeric> {
        let scale = u16::try_from(scale).ok().filter(|scale| u32::from(*scale) <= SCALE_MAX).ok_or_else(overflow)?;
        Ok(Numeric::small(mantissa, scale))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves of the mantissa")]
    fn small(mantissa: i128, scale: u16) -> Numeric {
        Numeric(Form::Small { high: (mantissa >> 64) as i64, low: mantissa as u64, scale })
    }

    /// `mantissa / 10^scale` of any length.
    ///
    /// # Errors
    /// 22003 for more digits before or behind the point than a numeric has.
    pub(super) fn of_big(mantissa: BigInt, scale: u32) -> Result<Numeric> {
        if let Ok(small) = i128::try_from(&mantissa) {
            return Numeric::of_parts(small, scale);
        }
        let scale = u16::try_from(scale).ok().filter(|scale| u32::from(*scale) <= SCALE_MAX).ok_or_else(overflow)?;
        let digits_max = WHOLE_DIGITS_MAX + u32::from(scale);
        let is_surely_short = mantissa.bits() * DECIMAL_BITS_MICRO / 1_000_000 + 2 < u64::from(digits_max);
        if !is_surely_short && decimal_exponent(mantissa.magnitude()) >= digits_max {
            return Err(overflow());
        }
        Ok(Numeric(Form::Big(Box::new(BigForm { mantissa, scale }))))
    }

    /// `digits * 10^zeros`, of at most as many digits as a numeric has.
    pub(super) fn of_tens(digits: i64, zeros: u32) -> Numeric {
        match 10_i128.checked_pow(zeros).and_then(|power| power.checked_mul(i128::from(digits))) {
            Some(small) => Numeric::small(small, 0),
            None if digits == 0 => Numeric::ZERO,
            None => Numeric(Form::Tens { digits, zeros }),
        }
    }

    /// Digits and the zeros behind them, of a number that is held so.
    pub(super) fn as_tens(&self) -> Option<(i64, u32)> {
        match self.0 {
            Form::Tens { digits, zeros } => Some((digits, zeros)),
            _ => None,
        }
    }

    /// What it is, if it is no number.
    pub fn special(&self) -> Option<NumericPart> {
        match self.0 {
            Form::Special(part) => Some(part),
            _ => None,
        }
    }

    pub fn is_nan(&self) -> bool {
        self.special() == Some(NumericPart::NaN)
    }

    pub fn is_infinite(&self) -> bool {
        matches!(self.special(), Some(NumericPart::Infinity | NumericPart::MinusInfinity))
    }

    pub fn is_zero(&self) -> bool {
        matches!(self.0, Form::Small { high: 0, low: 0, .. })
    }

    /// Mantissa and digits behind the point of a number that is held without an allocation.
    pub fn as_small(&self) -> Option<(i128, u32)> {
        match self.0 {
            Form::Small { high, low, scale } => Some((i128::from(high) << 64 | i128::from(low), u32::from(scale))),
            _ => None,
        }
    }

    /// Mantissa and digits behind the point of a number; `None` of NaN and the infinities.
    pub(super) fn parts(&self) -> Option<(Cow<'_, BigInt>, u32)> {
        match &self.0 {
            Form::Small { .. } => self.as_small().map(|(mantissa, scale)| (Cow::Owned(BigInt::from(mantissa)), scale)),
            Form::Big(big) => Some((Cow::Borrowed(&big.mantissa), u32::from(big.scale))),
            Form::Tens { digits, zeros } => Some((Cow::Owned(ten_to(*zeros) * *digits), 0)),
            Form::Special(_) => None,
        }
    }

    /// Digits that it shows behind the point; 0 of NaN and the infinities.
    pub fn scale(&self) -> u32 {
        match &self.0 {
            Form::Small { scale, .. } => u32::from(*scale),
            Form::Big(big) => u32::from(big.scale),
            Form::Tens { .. } | Form::Special(_) => 0,
        }
    }

    /// -1, 0 or 1; NaN counts as positive.
    pub fn signum(&self) -> i32 {
        match &self.0 {
            Form::Small { high, low, .. } => {
                if *high < 0 {
                    -1
                } else {
                    i32::from(*high != 0 || *low != 0)
                }
            }
            Form::Big(big) => {
                if big.mantissa.sign() == Sign::Minus {
                    -1
                } else {
                    1
                }
            }
            Form::Tens { digits, .. } => {
                if *digits < 0 {
                    -1
                } else {
                    1
                }
            }
            Form::Special(NumericPart::MinusInfinity) => -1,
            Form::Special(_) => 1,
        }
    }

    pub fn is_negative(&self) -> bool {
        self.signum() < 0
    }

    /// Bytes that it holds apart.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Big(big) => {
                size_of::<BigForm>() + usize::try_from(big.mantissa.bits().div_ceil(64) * 8).unwrap_or(usize::MAX)
            }
            _ => 0,
        }
    }

    /// Bytes that its text takes, about.
    pub fn text_bytes(&self) -> usize {
        match &self.0 {
            Form::Small { scale, .. } => SMALL_DIGITS_MAX + usize::from(*scale),
            Form::Big(big) => {
                usize::try_from(big.mantissa.bits() / 3).unwrap_or(usize::MAX).saturating_add(usize::from(big.scale))
            }
            Form::Tens { zeros, .. } => usize::try_from(*zeros).unwrap_or(usize::MAX).saturating_add(SMALL_DIGITS_MAX),
            Form::Special(_) => SMALL_DIGITS_MAX,
        }
    }

    /// The same value with the least digits behind the point; one that has none of them may end in zeros.
    #[must_use]
    pub fn normalized(&self) -> Numeric {
        if let Some((mut mantissa, mut scale)) = self.as_small() {
            while scale > 0 && mantissa % 10 == 0 {
                (mantissa, scale) = (mantissa / 10, scale - 1);
            }
            return Numeric::of_parts(mantissa, scale).unwrap_or_else(|_| self.clone());
        }
        let Some((mantissa, scale)) = self.parts() else { return self.clone() };
        let (mut mantissa, mut scale) = (mantissa.into_owned(), scale);
        // Many zeros at once first: what is left of a long number is divided seldom.
        let mut step = 8_192;
        while step > 0 && scale > 0 {
            if step <= scale {
                let unit = ten_to(step);
                let quotient = &mantissa / &unit;
                if &quotient * &unit == mantissa {
                    (mantissa, scale) = (quotient, scale - step);
                    continue;
                }
            }
            step /= 2;
        }
        Numeric::of_big(mantissa, scale).unwrap_or_else(|_| self.clone())
    }

    /// Whether both are the same to the last digit that they show.
    pub fn is_identical(&self, other: &Numeric) -> bool {
        self == other && self.scale() == other.scale()
    }

    fn rank(&self) -> u8 {
        match self.0 {
            Form::Special(NumericPart::MinusInfinity) => 0,
            Form::Special(NumericPart::Infinity) => 2,
            Form::Special(NumericPart::NaN) => 3,
            _ => 1,
        }
    }

    /// The order of numbers of any length.
    fn compare_long(&self, other: &Numeric) -> Ordering {
        let (Some((left, left_scale)), Some((right, right_scale))) = (self.parts(), other.parts()) else {
            return Ordering::Equal;
        };
        let signs = self.signum().cmp(&other.signum());
        if signs.is_ne() || self.is_zero() {
            return signs;
        }
        // By their sizes first, so that numbers which are far apart are not written out to the same digits.
        let size = |mantissa: &BigInt, scale: u32| {
            i64::try_from(mantissa.bits() * DECIMAL_BITS_MICRO / 1_000_000).unwrap_or(i64::MAX) - i64::from(scale)
        };
        let (left_size, right_size) = (size(&left, left_scale), size(&right, right_scale));
        if left_size.abs_diff(right_size) > 2 {
            let order = left_size.cmp(&right_size);
            return if self.is_negative() { order.reverse() } else { order };
        }
        match left_scale.cmp(&right_scale) {
            Ordering::Equal => left.cmp(&right),
            Ordering::Less => (left.as_ref() * ten_to(right_scale - left_scale)).cmp(right.as_ref()),
            Ordering::Greater => left.as_ref().cmp(&(right.as_ref() * ten_to(left_scale - right_scale))),
        }
    }
}

impl Ord for Numeric {
    fn cmp(&self, other: &Numeric) -> Ordering {
        if let (Some((left, left_scale)), Some((right, right_scale))) = (self.as_small(), other.as_small()) {
            if left_scale == right_scale {
                return left.cmp(&right);
            }
            let scale = left_scale.max(right_scale);
            let aligned =
                |number: i128, own| 10_i128.checked_pow(scale - own).and_then(|factor| number.checked_mul(factor));
            if let (Some(left), Some(right)) = (aligned(left, left_scale), aligned(right, right_scale)) {
                return left.cmp(&right);
            }
        }
        self.rank().cmp(&other.rank()).then_with(|| self.compare_long(other))
    }
}

impl PartialOrd for Numeric {
    fn partial_cmp(&self, other: &Numeric) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Numeric {
    fn eq(&self, other: &Numeric) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Numeric {}

impl Default for Numeric {
    fn default() -> Numeric {
        Numeric::ZERO
    }
}

impl From<i32> for Numeric {
    fn from(number: i32) -> Numeric {
        Numeric::small(i128::from(number), 0)
    }
}

impl From<i64> for Numeric {
    fn from(number: i64) -> Numeric {
        Numeric::small(i128::from(number), 0)
    }
}

impl From<u64> for Numeric {
    fn from(number: u64) -> Numeric {
        Numeric::small(i128::from(number), 0)
    }
}

impl From<i128> for Numeric {
    fn from(number: i128) -> Numeric {
        Numeric::small(number, 0)
    }
}

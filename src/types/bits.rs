//! Bit strings: the values of `bit(n)` and `bit varying(n)`.

use crate::error::{Error, ErrorKind, Result};
use crate::types::limits::BITS_MAX;

/// Bits of a byte.
const BYTE: u32 = 8;

/// A string of bits. The first is the highest of the first byte; the bits of the last byte that are not in use are 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits {
    /// Before the length: of two strings with the same bytes the shorter one is less, as in PostgreSQL.
    bytes: Box<[u8]>,
    length: u32,
}

impl Bits {
    /// Bits out of bytes, the highest first; those beyond `length` are dropped, missing ones are 0.
    pub fn new(bytes: impl Into<Vec<u8>>, length: u32) -> Bits {
        let mut bytes: Vec<u8> = bytes.into();
        bytes.resize(bytes_of(length), 0);
        if let (Some(last), rest @ 1..) = (bytes.last_mut(), length % BYTE) {
            *last &= !(u8::MAX >> rest);
        }
        Bits { bytes: bytes.into(), length }
    }

    /// Bits one by one.
    pub fn of_bits(bits: impl Iterator<Item = bool>) -> Bits {
        let (mut bytes, mut length) = (Vec::new(), 0_u32);
        for bit in bits {
            if length % BYTE == 0 {
                bytes.push(0);
            }
            if let (true, Some(last)) = (bit, bytes.last_mut()) {
                *last |= mask(length);
            }
            length = length.saturating_add(1);
        }
        Bits { bytes: bytes.into(), length }
    }

    /// The last `length` bits of a whole number, whose sign is repeated in front of it where there are more than 64.
    pub fn of_number(number: i64, length: u32) -> Bits {
        let bit = |place: u32| (number >> place.min(63)) & 1 == 1;
        Bits::of_bits((0..length).rev().map(bit))
    }

    /// The whole number that the bits are in two's complement with so many bits; `None` where they are more.
    pub fn number(&self, width: u32) -> Option<i64> {
        if self.length > width {
            return None;
        }
        let number = self.iter().fold(0_i64, |number, bit| (number << 1) | i64::from(bit));
        // As many bits as the type has: the first one is the sign.
        let spare = 64_u32.saturating_sub(width);
        Some((number << spare) >> spare)
    }

    /// Reads bits in PostgreSQL's syntax: digits of 0 and 1, also behind `b`, or hexadecimal ones behind `x`.
    ///
    /// # Errors
    /// 22P02 for another digit, 54000 for more than [`BITS_MAX`].
    pub fn parse(text: &str) -> Result<Bits> {
        match text.as_bytes().first() {
            Some(b'x' | b'X') => Bits::parse_digits(text.get(1..).unwrap_or_default(), 4),
            Some(b'b' | b'B') => Bits::parse_digits(text.get(1..).unwrap_or_default(), 1),
            _ => Bits::parse_digits(text, 1),
        }
    }

    /// Reads digits of 1 or 4 bits each.
    ///
    /// # Errors
    /// 22P02 for another digit, 54000 for more than [`BITS_MAX`].
    pub fn parse_digits(digits: &str, width: u32) -> Result<Bits> {
        let count = u32::try_from(digits.len()).ok().and_then(|digits| digits.checked_mul(width));
        if count.is_none_or(|count| count > BITS_MAX) {
            let message = format!("bit string length exceeds the maximum allowed ({BITS_MAX})");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let mut bits = Vec::with_capacity(digits.len());
        for digit in digits.chars() {
            let number = digit.to_digit(1 << width).ok_or_else(|| {
                let kind = if width == 1 { "binary" } else { "hexadecimal" };
                Error::new(ErrorKind::InvalidTextRepresentation, format!("\"{digit}\" is not a valid {kind} digit"))
            })?;
            bits.extend((0..width).rev().map(|place| (number >> place) & 1 == 1));
        }
        Ok(Bits::of_bits(bits.into_iter()))
    }

    /// How many bits there are.
    pub fn length(&self) -> u32 {
        self.length
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bit at a 0-based place; `None` behind the last one.
    pub fn get(&self, place: u32) -> Option<bool> {
        let byte = self.bytes.get(usize::try_from(place / BYTE).ok()?)?;
        (place < self.length).then_some(byte & mask(place) != 0)
    }

    pub fn iter(&self) -> impl Iterator<Item = bool> + '_ {
        (0..self.length).filter_map(|place| self.get(place))
    }

    /// How many bits are 1.
    pub fn ones(&self) -> u64 {
        self.bytes.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// Both strings byte by byte; `None` where they differ in length.
    pub fn zip(&self, other: &Bits, operation: impl Fn(u8, u8) -> u8) -> Option<Bits> {
        let bytes = self.bytes.iter().zip(&other.bytes).map(|(a, b)| operation(*a, *b)).collect::<Vec<u8>>();
        (self.length == other.length).then(|| Bits::new(bytes, self.length))
    }

    /// The first `length` bits, with zeros behind them where there are fewer.
    pub fn resized(&self, length: u32) -> Bits {
        Bits::new(self.bytes.to_vec(), length)
    }
}

/// Bytes that so many bits take.
pub fn bytes_of(bits: u32) -> usize {
    usize::try_from(bits.div_ceil(BYTE)).unwrap_or(usize::MAX)
}

fn mask(place: u32) -> u8 {
    0x80 >> (place % BYTE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(bits: &Bits) -> String {
        bits.iter().map(|bit| if bit { '1' } else { '0' }).collect()
    }

    #[test]
    fn digits_are_read_and_refused_as_in_postgresql() {
        assert_eq!(text(&Bits::parse("10110").unwrap()), "10110");
        assert_eq!(text(&Bits::parse("x1F").unwrap()), "00011111");
        assert_eq!(text(&Bits::parse("b01").unwrap()), "01");
        assert_eq!(Bits::parse("").unwrap().length(), 0);
        let error = Bits::parse("102").unwrap_err();
        assert_eq!((error.sqlstate(), error.message()), ("22P02", "\"2\" is not a valid binary digit"));
        let error = Bits::parse("x1g").unwrap_err();
        assert_eq!((error.sqlstate(), error.message()), ("22P02", "\"g\" is not a valid hexadecimal digit"));
    }

    #[test]
    fn numbers_are_in_twos_complement() {
        assert_eq!(text(&Bits::of_number(-5, 8)), "11111011");
        assert_eq!(text(&Bits::of_number(300, 4)), "1100");
        assert_eq!(text(&Bits::of_number(-1, 70)), "1".repeat(70));
        assert_eq!(Bits::parse("101").unwrap().number(32), Some(5));
        assert_eq!(Bits::of_number(-5, 32).number(32), Some(-5));
        assert_eq!(Bits::of_number(-5, 64).number(64), Some(-5));
        assert_eq!(Bits::of_number(1, 33).number(32), None);
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_digits(a in "[01]{0,20}", b in "[01]{0,20}") {
            let (left, right) = (Bits::parse(&a).unwrap(), Bits::parse(&b).unwrap());
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
            prop_assert_eq!(text(&left), a);
            prop_assert_eq!(left.resized(4).length(), 4);
        }
    }
}

//! `numeric` in PostgreSQL's binary form: a sign, a scale, and digits to base 10,000 with the weight of the first.

use bytes::{BufMut, BytesMut};

use crate::error::{Error, ErrorKind, Result};
use crate::pg::codec::reader::Reader;
use crate::types::{Numeric, NumericPart};

/// Decimal digits of one digit to base 10,000.
const BASE_DIGITS: usize = 4;
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const MINUS_INFINITY: u16 = 0xf000;
/// The largest scale that is read; what is behind 16,383 digits is refused as too long.
const SCALE_MASK: u16 = 0x3fff;
/// Digits to base 10,000 of the longest numeric.
const DIGITS_MAX: usize = 36_865;

pub(super) fn write_numeric(number: &Numeric, out: &mut BytesMut) {
    let special = match number.special() {
        None => return write_number(number, out),
        Some(NumericPart::NaN) => NAN,
        Some(NumericPart::Infinity) => INFINITY,
        Some(NumericPart::MinusInfinity) => MINUS_INFINITY,
    };
    for part in [0, 0, special, 0] {
        out.put_u16(part);
    }
}

fn write_number(number: &Numeric, out: &mut BytesMut) {
    let text = number.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = if whole == "0" { "" } else { whole };
    // Both parts filled up to whole digits, the first one before its first, the other one behind its last.
    let missing = whole.len().next_multiple_of(BASE_DIGITS) - whole.len();
    let places = whole.len().div_ceil(BASE_DIGITS);
    let mut digits: Vec<u16> = Vec::with_capacity(places + fraction.len().div_ceil(BASE_DIGITS));
    let decimal = std::iter::repeat_n(b'0', missing).chain(whole.bytes()).chain(fraction.bytes());
    for (position, digit) in decimal.enumerate() {
        let value = u16::from(digit - b'0');
        match digits.last_mut() {
            Some(last) if position % BASE_DIGITS != 0 => *last = *last * 10 + value,
            _ => digits.push(value),
        }
    }
    let filled = missing + whole.len() + fraction.len();
    if let Some(last) = digits.last_mut() {
        for _ in filled..filled.next_multiple_of(BASE_DIGITS) {
            *last *= 10;
        }
    }
    // Zeros at both ends are not sent.
    let leading = digits.iter().take_while(|digit| **digit == 0).count();
    let trailing = digits.iter().rev().take_while(|digit| **digit == 0).count();
    let sent = digits.get(leading..digits.len().saturating_sub(trailing)).unwrap_or_default();
    let weight = i64::try_from(places).unwrap_or(0) - i64::try_from(leading).unwrap_or(0) - 1;
    out.put_u16(u16::try_from(sent.len()).unwrap_or(u16::MAX));
    out.put_i16(if sent.is_empty() { 0 } else { i16::try_from(weight).unwrap_or(i16::MAX) });
    out.put_u16(if number.is_negative() { NEGATIVE } else { POSITIVE });
    out.put_u16(u16::try_from(number.scale()).unwrap_or(u16::MAX));
    sent.iter().for_each(|digit| out.put_u16(*digit));
}

/// Reads a number: text of its digits, so that there is one place that makes numbers of digits.
pub(super) fn read_numeric(reader: &mut Reader<'_>) -> Result<Numeric> {
    let count = usize::from(reader.u16()?);
    let weight = i64::from(reader.i16()?);
    let sign = reader.u16()?;
    let scale = reader.u16()?;
    match sign {
        POSITIVE | NEGATIVE => {}
        NAN => return Ok(Numeric::NAN),
        INFINITY => return Ok(Numeric::INFINITY),
        MINUS_INFINITY => return Ok(Numeric::MINUS_INFINITY),
        _ => return Err(invalid("invalid sign in external \"numeric\" value")),
    }
    if scale & SCALE_MASK != scale {
        return Err(invalid("invalid scale in external \"numeric\" value"));
    }
    if count > DIGITS_MAX {
        return Err(Error::new(ErrorKind::NumericOutOfRange, "value overflows numeric format"));
    }
    let mut text = String::with_capacity(count * BASE_DIGITS + 16);
    if sign == NEGATIVE {
        text.push('-');
    }
    text.push('0');
    for _ in 0..count {
        let digit = reader.u16()?;
        if digit > 9_999 {
            return Err(invalid("invalid digit in external \"numeric\" value"));
        }
        text.push_str(&format!("{digit:04}"));
    }
    // What is sent beyond the scale is cut off, as PostgreSQL does.
    let digits = i64::try_from(count * BASE_DIGITS).unwrap_or(0);
    let behind = digits - (weight + 1) * i64::try_from(BASE_DIGITS).unwrap_or(0);
    let excess = behind - i64::from(scale);
    if excess > 0 {
        let kept = digits.saturating_sub(excess).max(0);
        let head = text.len() - usize::try_from(digits).unwrap_or(0);
        text.truncate(head + usize::try_from(kept).unwrap_or(0));
        if kept == 0 {
            return Numeric::of_parts(0, u32::from(scale));
        }
        text.push_str(&format!("e-{scale}"));
        return text.parse();
    }
    text.push_str(&format!("e{}", -behind));
    text.parse::<Numeric>()?.rounded(i32::from(scale))
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidBinaryRepresentation, message)
}

//! `numeric` in PostgreSQL's binary form: a sign, a scale, and digits to base 10,000 with the weight of the first.

use bytes::{BufMut, BytesMut};
use rust_decimal::Decimal;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::codec::reader::Reader;

const BASE: u128 = 10_000;
/// Decimal digits of one digit to base 10,000.
const BASE_DIGITS: u32 = 4;
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// Most digits to base 10,000 of a [`Decimal`]: 29 decimal digits, their ends anywhere within a digit.
const DIGITS_MAX: usize = 10;

pub(super) fn write_numeric(number: Decimal, out: &mut BytesMut) {
    let scale = number.scale();
    // Fill the last digit up with zeros; a mantissa has 96 bits, so this fits.
    let filling = (BASE_DIGITS - scale % BASE_DIGITS) % BASE_DIGITS;
    let mut rest = number.mantissa().unsigned_abs() * 10u128.pow(filling);
    let fraction_digits = (scale + filling) / BASE_DIGITS;
    let mut digits = [0u16; DIGITS_MAX];
    let mut count = 0;
    for slot in &mut digits {
        if rest == 0 {
            break;
        }
        *slot = u16::try_from(rest % BASE).unwrap_or(0);
        rest /= BASE;
        count += 1;
    }
    // The digits stand in reverse; zeros at the end of the number are not sent.
    let trailing = digits.iter().take(count).take_while(|digit| **digit == 0).count();
    let weight = if count == 0 { 0 } else { i64::try_from(count).unwrap_or(0) - i64::from(fraction_digits) - 1 };
    out.put_u16(u16::try_from(count - trailing).unwrap_or(0));
    out.put_i16(i16::try_from(weight).unwrap_or(0));
    out.put_u16(if number.is_sign_negative() && !number.is_zero() { NEGATIVE } else { POSITIVE });
    out.put_u16(u16::try_from(scale).unwrap_or(0));
    digits.iter().take(count).skip(trailing).rev().for_each(|digit| out.put_u16(*digit));
}

pub(super) fn read_numeric(reader: &mut Reader<'_>) -> Result<Decimal> {
    let count = reader.u16()?;
    let weight = i64::from(reader.i16()?);
    let sign = reader.u16()?;
    let scale = u32::from(reader.u16()?);
    if sign != POSITIVE && sign != NEGATIVE {
        let message = "NaN and infinity are not supported in type numeric";
        return Err(Error::new(ErrorKind::NumericOutOfRange, message).with_hint("use double precision"));
    }
    let too_wide = || {
        Error::new(ErrorKind::NumericOutOfRange, "value is out of range for type numeric")
            .with_detail("A numeric has at most 28 digits.")
            .with_hint("use double precision or text")
    };
    let mut mantissa: u128 = 0;
    // Decimal digits behind the point that `mantissa` has so far, negative while whole digits are still to come.
    let mut places = -(weight + 1) * i64::from(BASE_DIGITS);
    for _ in 0..count {
        let digit = u128::from(reader.u16()?);
        if digit >= BASE {
            return Err(reader.malformed());
        }
        mantissa = mantissa.checked_mul(BASE).and_then(|wide| wide.checked_add(digit)).ok_or_else(too_wide)?;
        places += i64::from(BASE_DIGITS);
    }
    if mantissa == 0 {
        return Decimal::try_from_i128_with_scale(0, scale.min(Decimal::MAX_SCALE)).map_err(|_| too_wide());
    }
    while places < 0 {
        mantissa = mantissa.checked_mul(10).ok_or_else(too_wide)?;
        places += 1;
    }
    // The last digit may carry more zeros than the scale asks for.
    while places > i64::from(scale.min(Decimal::MAX_SCALE)) {
        if !mantissa.is_multiple_of(10) {
            return Err(too_wide());
        }
        mantissa /= 10;
        places -= 1;
    }
    let signed = i128::try_from(mantissa).map_err(|_| too_wide())?;
    let signed = if sign == NEGATIVE { -signed } else { signed };
    let places = u32::try_from(places).map_err(|_| too_wide())?;
    let mut number = Decimal::try_from_i128_with_scale(signed, places).map_err(|_| too_wide())?;
    number.rescale(scale.min(Decimal::MAX_SCALE));
    Ok(number)
}

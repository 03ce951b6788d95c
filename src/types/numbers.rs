//! Integers and floats in PostgreSQL's text form.
//!
//! Floats print the shortest digits that read back as the same float, in PostgreSQL's layout (`1e+20`, `0.0001`, `1e-05`).

use bytes::BufMut;

use crate::error::{Error, ErrorKind, Result};

/// Longest decimal form of an `i64` with its sign.
const INTEGER_TEXT_MAX: usize = 20;
/// Longest shortest form of a float, with room to spare.
const FLOAT_TEXT_MAX: usize = 40;

pub(super) fn invalid_syntax(type_name: &str, text: &str) -> Error {
    Error::new(
        ErrorKind::InvalidTextRepresentation,
        format!("invalid input syntax for type {type_name}: \"{}\"", excerpt(text)),
    )
}

/// The beginning of a text, so that a message stays readable whatever was sent.
pub(super) fn excerpt(text: &str) -> String {
    const EXCERPT_CHARS_MAX: usize = 200;
    match text.char_indices().nth(EXCERPT_CHARS_MAX) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_string(),
    }
}

/// Reads an integer of PostgreSQL's syntax: a sign, decimal, `0x`, `0o` or `0b` digits, single underscores between them.
/// `type_name` and the range decide the errors.
pub(super) fn parse_integer(text: &str, type_name: &str, min: i64, max: i64) -> Result<i64> {
    let number = match text.parse::<i64>() {
        Ok(number) => number,
        Err(_) => {
            let wide = parse_wide_integer(text.trim_ascii()).ok_or_else(|| invalid_syntax(type_name, text))?;
            i64::try_from(wide).map_err(|_| out_of_range(type_name, text))?
        }
    };
    if number < min || number > max {
        return Err(out_of_range(type_name, text));
    }
    Ok(number)
}

fn out_of_range(type_name: &str, text: &str) -> Error {
    Error::new(
        ErrorKind::NumericOutOfRange,
        format!("value \"{}\" is out of range for type {type_name}", excerpt(text)),
    )
}

/// Any number of digits; values beyond 64 bits come back as some value beyond 64 bits.
fn parse_wide_integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, digits.get(2..)?),
        Some("0o" | "0O") => (8, digits.get(2..)?),
        Some("0b" | "0B") => (2, digits.get(2..)?),
        _ => (10, digits),
    };
    // A radix prefix may be followed by an underscore, a decimal number may not begin with one.
    let digits = if radix == 10 { digits } else { digits.strip_prefix('_').unwrap_or(digits) };
    let mut value: i128 = 0;
    let mut previous_is_digit = false;
    for character in digits.chars() {
        if character == '_' && previous_is_digit {
            previous_is_digit = false;
            continue;
        }
        let digit = character.to_digit(radix)?;
        value = (value * i128::from(radix) + i128::from(digit)).min(1 << 100);
        previous_is_digit = true;
    }
    previous_is_digit.then_some(if negative { -value } else { value })
}

/// Reads a `real` or `double precision`. A number that is too large, or not zero and too small, is out of range.
pub(super) fn parse_float8(text: &str) -> Result<f64> {
    let trimmed = text.trim_ascii();
    let number: f64 = trimmed.parse().map_err(|_| invalid_syntax("double precision", text))?;
    check_float_range(trimmed, number.is_infinite(), number == 0.0, "double precision")?;
    Ok(if number.is_nan() { f64::NAN } else { number })
}

/// See [`parse_float8`].
pub(super) fn parse_float4(text: &str) -> Result<f32> {
    let trimmed = text.trim_ascii();
    let number: f32 = trimmed.parse().map_err(|_| invalid_syntax("real", text))?;
    check_float_range(trimmed, number.is_infinite(), number == 0.0, "real")?;
    Ok(if number.is_nan() { f32::NAN } else { number })
}

fn check_float_range(text: &str, is_infinite: bool, is_zero: bool, type_name: &str) -> Result<()> {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let overflowed = is_infinite && text.bytes().any(|byte| byte.is_ascii_digit());
    let underflowed = is_zero && mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if overflowed || underflowed {
        let message = format!("\"{}\" is out of range for type {type_name}", excerpt(text));
        return Err(Error::new(ErrorKind::NumericOutOfRange, message));
    }
    Ok(())
}

/// Appends the decimal form.
pub(super) fn write_integer(number: i64, out: &mut impl BufMut) {
    let mut buffer = [0u8; INTEGER_TEXT_MAX];
    let mut rest = number.unsigned_abs();
    let mut length = 0;
    for slot in buffer.iter_mut().rev() {
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.put_u8(b'-');
    }
    out.put_slice(buffer.get(INTEGER_TEXT_MAX - length..).unwrap_or_default());
}

/// Appends at least `width` digits, padded with zeros.
pub(super) fn write_padded(number: i64, width: usize, out: &mut impl BufMut) {
    let mut digits = Vec::with_capacity(INTEGER_TEXT_MAX);
    write_integer(number, &mut digits);
    for _ in digits.len()..width {
        out.put_u8(b'0');
    }
    out.put_slice(&digits);
}

/// Appends a `double precision` as PostgreSQL prints it.
pub(super) fn write_float8(number: f64, out: &mut impl BufMut) {
    let size = number.abs();
    if (1e-4..1e15).contains(&size) || number == 0.0 {
        let mut buffer = [0u8; FLOAT_TEXT_MAX];
        if let Some(digits) = shortest(&mut buffer, &number) {
            out.put_slice(digits);
            return;
        }
    }
    write_special(number, || format!("{number:e}"), out);
}

/// Appends a `real`, or a component of a vector, as PostgreSQL prints it.
pub(super) fn write_float4(number: f32, out: &mut impl BufMut) {
    let size = number.abs();
    if (1e-4..1e6).contains(&size) || number == 0.0 {
        let mut buffer = [0u8; FLOAT_TEXT_MAX];
        if let Some(digits) = shortest(&mut buffer, &number) {
            out.put_slice(digits);
            return;
        }
    }
    write_special(f64::from(number), || format!("{number:e}"), out);
}

/// Appends so many significant digits at most, as `%g` of C shows them.
pub(super) fn write_significant(number: f64, digits: usize, out: &mut impl BufMut) {
    if !number.is_finite() {
        return write_special(number, String::new, out);
    }
    let scientific = format!("{number:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text.to_string(),
    };
    let decimals = i32::try_from(digits).unwrap_or(i32::MAX) - 1 - exponent;
    if exponent < -4 || decimals < 0 {
        let sign = if exponent < 0 { '-' } else { '+' };
        out.put_slice(format!("{}e{sign}{:02}", trimmed(mantissa), exponent.unsigned_abs()).as_bytes());
    } else {
        out.put_slice(trimmed(&format!("{number:.*}", usize::try_from(decimals).unwrap_or(0))).as_bytes());
    }
}

/// The shortest digits in plain layout, for magnitudes where serde_json writes no exponent. Its float writer is several
/// times faster than the standard library's; it only differs in the `.0` after whole numbers.
fn shortest<'a>(buffer: &'a mut [u8; FLOAT_TEXT_MAX], number: &impl serde::Serialize) -> Option<&'a [u8]> {
    let mut rest: &mut [u8] = buffer.as_mut_slice();
    serde_json::to_writer(&mut rest, number).ok()?;
    let written = FLOAT_TEXT_MAX - rest.len();
    let digits = buffer.get(..written)?;
    Some(digits.strip_suffix(b".0").unwrap_or(digits))
}

/// Infinity, NaN, and numbers with an exponent of at least two digits.
fn write_special(number: f64, scientific: impl FnOnce() -> String, out: &mut impl BufMut) {
    if number.is_nan() {
        return out.put_slice(b"NaN");
    }
    if number.is_infinite() {
        return out.put_slice(if number > 0.0 { b"Infinity" } else { b"-Infinity" });
    }
    let text = scientific();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    out.put_slice(mantissa.as_bytes());
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => (b"e-", digits),
        None => (b"e+", exponent),
    };
    out.put_slice(sign);
    if digits.len() < 2 {
        out.put_u8(b'0');
    }
    out.put_slice(digits.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float8(number: f64) -> String {
        let mut out = Vec::new();
        write_float8(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn float4(number: f32) -> String {
        let mut out = Vec::new();
        write_float4(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_print_as_postgresql_prints_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (1e20, "1e+20"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (1.234_567_890_123_456_8e17, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1.5e-300, "-1.5e-300"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (number, text) in cases {
            assert_eq!(float8(number), text);
        }
        for (number, text) in [(1e6f32, "1e+06"), (100_000.0, "100000"), (0.1, "0.1"), (1_234_567.0, "1.234567e+06")] {
            assert_eq!(float4(number), text);
        }
    }

    #[test]
    fn integers_read_every_spelling() {
        let int4 = |text| parse_integer(text, "integer", i64::from(i32::MIN), i64::from(i32::MAX));
        for (text, number) in
            [("42", 42), (" -7 ", -7), ("+5", 5), ("0x1F", 31), ("1_000", 1000), ("-2147483648", -2147483648)]
        {
            assert_eq!(int4(text).unwrap(), number);
        }
        for text in ["", "x", "1x", "1__0", "_1", "1_", "- 1", "1.0", "0x"] {
            assert_eq!(int4(text).unwrap_err().sqlstate(), "22P02", "{text}");
        }
        let error = int4("2147483648").unwrap_err();
        assert_eq!(error.sqlstate(), "22003");
        assert_eq!(error.message(), "value \"2147483648\" is out of range for type integer");
        assert_eq!(int4(&"9".repeat(100)).unwrap_err().sqlstate(), "22003");
    }

    #[test]
    fn floats_out_of_range_are_refused() {
        for text in ["1e400", "-1e400", "1e-400"] {
            assert_eq!(parse_float8(text).unwrap_err().sqlstate(), "22003", "{text}");
        }
        assert_eq!(parse_float4("1e39").unwrap_err().sqlstate(), "22003");
        assert!(parse_float8("-Infinity").unwrap().is_infinite());
        assert!(parse_float8("nan").unwrap().is_nan());
        assert_eq!(parse_float8("-nan").unwrap().to_bits(), f64::NAN.to_bits());
        assert_eq!(parse_float8("1,5").unwrap_err().sqlstate(), "22P02");
    }
}

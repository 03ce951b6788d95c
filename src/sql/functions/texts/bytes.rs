//! Functions of `bytea`: single bits and bytes, parts, checksums, and its encodings as text.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Bytes, Int, Text};
use crate::expr::{Function, Invocation, int_of, text_of};
use crate::types::{ColumnType, Value};

/// What `substr`, `reverse` and the trimming functions are of bytes; those of texts have their names.
pub const BYTES_PART: &str = "$bytea_substr";
pub const BYTES_REVERSED: &str = "$bytea_reverse";
pub const BYTES_OVERLAID: &str = "$bytea_overlay";
pub const BYTES_TRIMMED: [(&str, &str); 3] =
    [("btrim", "$bytea_btrim"), ("ltrim", "$bytea_ltrim"), ("rtrim", "$bytea_rtrim")];

/// Characters of a line of base64.
const BASE64_LINE: usize = 76;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// The polynomials of the checksums, reversed.
const CRC32: u32 = 0xedb8_8320;
const CRC32C: u32 = 0x82f6_3b78;

pub fn definitions() -> Vec<Function> {
    let (bytea, int) = (ColumnType::Bytea, ColumnType::Int4);
    let trimmed = |name, body| Function::new(name, &[Bytes, Bytes], ColumnType::Bytea, body);
    vec![
        Function::new("bit_count", &[Bytes], ColumnType::Int8, |_, arguments| {
            let bits: u32 = bytes(arguments, 0).iter().map(|byte| byte.count_ones()).sum();
            Ok(Value::Int8(i64::from(bits)))
        }),
        Function::new("get_byte", &[Bytes, Int], int.clone(), |_, arguments| {
            let (at, bytes) = (place(arguments, 1)?, bytes(arguments, 0));
            Ok(Value::Int4(bytes.get(at).copied().map_or(0, i32::from)))
        }),
        Function::new("set_byte", &[Bytes, Int, Int], bytea.clone(), |_, arguments| {
            let at = place(arguments, 1)?;
            let mut bytes = bytes(arguments, 0).to_vec();
            if let Some(byte) = bytes.get_mut(at) {
                // As many bits as a byte has are taken.
                *byte = (int_of(arguments, 2).unwrap_or(0) & 0xff) as u8;
            }
            Ok(Value::Bytea(bytes.into()))
        }),
        Function::new("get_bit", &[Bytes, Int], int, |_, arguments| {
            let (at, bit) = place(arguments, 8).map(|at| (at / 8, at % 8))?;
            let byte = bytes(arguments, 0).get(at).copied().unwrap_or(0);
            Ok(Value::Int4(i32::from(byte >> bit & 1)))
        }),
        Function::new("set_bit", &[Bytes, Int, Int], bytea.clone(), set_bit),
        Function::new("crc32", &[Bytes], ColumnType::Int8, |_, arguments| {
            Ok(Value::Int8(i64::from(checksum(bytes(arguments, 0), CRC32))))
        }),
        Function::new("crc32c", &[Bytes], ColumnType::Int8, |_, arguments| {
            Ok(Value::Int8(i64::from(checksum(bytes(arguments, 0), CRC32C))))
        }),
        Function::new("byteacat", &[Bytes, Bytes], bytea.clone(), |invocation, arguments| {
            let (first, second) = (bytes(arguments, 0), bytes(arguments, 1));
            let _held = invocation.making(first.len().saturating_add(second.len()))?;
            Ok(Value::Bytea([first, second].concat().into()))
        }),
        Function::new(BYTES_REVERSED, &[Bytes], bytea.clone(), |_, arguments| {
            Ok(Value::Bytea(bytes(arguments, 0).iter().rev().copied().collect()))
        }),
        Function::new(BYTES_PART, &[Bytes, Int, Int], bytea.clone(), part).optional(1),
        Function::new(BYTES_OVERLAID, &[Bytes, Bytes, Int, Int], bytea.clone(), overlaid).optional(1),
        trimmed("$bytea_btrim", |_, arguments| Ok(trim(arguments, true, true))),
        trimmed("$bytea_ltrim", |_, arguments| Ok(trim(arguments, true, false))),
        trimmed("$bytea_rtrim", |_, arguments| Ok(trim(arguments, false, true))),
        Function::new("encode", &[Bytes, Text], ColumnType::Text, encode),
        Function::new("decode", &[Text, Text], bytea, decode),
    ]
}

fn bytes(arguments: &[Value], position: usize) -> &[u8] {
    match arguments.get(position) {
        Some(Value::Bytea(bytes)) => bytes,
        _ => &[],
    }
}

/// A place in bytes of so many units each.
fn place(arguments: &[Value], units: usize) -> Result<usize> {
    let at = int_of(arguments, 1).unwrap_or(0);
    let length = bytes(arguments, 0).len().saturating_mul(units);
    usize::try_from(at).ok().filter(|at| *at < length).ok_or_else(|| {
        let last = i64::try_from(length).unwrap_or(i64::MAX) - 1;
        Error::new(ErrorKind::ArraySubscript, format!("index {at} out of valid range, 0..{last}"))
    })
}

fn set_bit(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (at, bit) = place(arguments, 8).map(|at| (at / 8, at % 8))?;
    let mut bytes = bytes(arguments, 0).to_vec();
    let is_set = match int_of(arguments, 2) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(Error::new(ErrorKind::InvalidParameterValue, "new bit must be 0 or 1")),
    };
    if let Some(byte) = bytes.get_mut(at) {
        *byte = if is_set { *byte | 1 << bit } else { *byte & !(1 << bit) };
    }
    Ok(Value::Bytea(bytes.into()))
}

/// A cyclic redundancy check, bit by bit.
fn checksum(bytes: &[u8], polynomial: u32) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ polynomial } else { sum >> 1 })
    })
}

/// `substr`: bytes from a place, counted from 1, so many or all.
fn part(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let bytes = bytes(arguments, 0);
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let from = int_of(arguments, 1).unwrap_or(1);
    let to = match int_of(arguments, 2) {
        Some(count) if arguments.len() > 2 && count < 0 => {
            return Err(Error::new(ErrorKind::InvalidSubstring, "negative substring length not allowed"));
        }
        Some(count) if arguments.len() > 2 => from.saturating_add(count),
        _ => i64::MAX,
    };
    let at = |place: i64| usize::try_from(place.clamp(1, length.saturating_add(1)) - 1).unwrap_or(0);
    let found = bytes.get(at(from)..at(to).max(at(from))).unwrap_or_default();
    Ok(Value::Bytea(found.into()))
}

/// Bytes of which those from a place on, as many as are put there or as a number says, are others.
fn overlaid(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (whole, placed) = (bytes(arguments, 0), bytes(arguments, 1));
    let own = i64::try_from(placed.len()).unwrap_or(i64::MAX);
    let from = int_of(arguments, 2).unwrap_or(1);
    let count = if arguments.len() > 3 { int_of(arguments, 3).unwrap_or(own) } else { own };
    if from <= 0 {
        return Err(Error::new(ErrorKind::InvalidSubstring, "negative substring length not allowed"));
    }
    let at = |place: i64| usize::try_from(place.max(1) - 1).map_or(whole.len(), |place| place.min(whole.len()));
    let (before, behind) = (whole.get(..at(from)), whole.get(at(from.saturating_add(count))..));
    Ok(Value::Bytea([before.unwrap_or_default(), placed, behind.unwrap_or_default()].concat().into()))
}

fn trim(arguments: &[Value], at_start: bool, at_end: bool) -> Value {
    let (mut bytes, set) = (bytes(arguments, 0), bytes(arguments, 1));
    while let Some((_, rest)) = bytes.split_first().filter(|(first, _)| at_start && set.contains(first)) {
        bytes = rest;
    }
    while let Some((_, rest)) = bytes.split_last().filter(|(last, _)| at_end && set.contains(last)) {
        bytes = rest;
    }
    Value::Bytea(bytes.into())
}

fn unknown_encoding(name: &str) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, format!("unrecognized encoding: \"{name}\""))
}

fn encode(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (bytes, name) = (bytes(arguments, 0), text_of(arguments, 1));
    let _making = invocation.making(bytes.len().saturating_mul(4))?;
    let text = match name.to_ascii_lowercase().as_str() {
        "hex" => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        "base64" => base64(bytes),
        "escape" => bytes.iter().fold(String::with_capacity(bytes.len()), |mut text, byte| {
            match byte {
                0 | 0x80.. => text.push_str(&format!("\\{byte:03o}")),
                b'\\' => text.push_str("\\\\"),
                other => text.push(char::from(*other)),
            }
            text
        }),
        _ => return Err(unknown_encoding(name)),
    };
    Ok(Value::text(text))
}

fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + bytes.len() / 57 + 4);
    let mut column = 0;
    for chunk in bytes.chunks(3) {
        if column >= BASE64_LINE {
            out.push('\n');
            column = 0;
        }
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let index = (word >> (18 - 6 * position) & 63) as usize;
            let digit = BASE64.get(index).copied().map_or('=', char::from);
            out.push(if position <= chunk.len() { digit } else { '=' });
        }
        column += 4;
    }
    out
}

fn decode(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (text, name) = (text_of(arguments, 0), text_of(arguments, 1));
    let _making = invocation.making(text.len())?;
    let bytes = match name.to_ascii_lowercase().as_str() {
        "hex" => of_hex(text)?,
        "base64" => of_base64(text)?,
        "escape" => of_escapes(text)?,
        _ => return Err(unknown_encoding(name)),
    };
    Ok(Value::Bytea(bytes.into()))
}

fn of_hex(text: &str) -> Result<Vec<u8>> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidParameterValue, message);
    let mut digits = text.chars().filter(|character| !matches!(character, ' ' | '\n' | '\t' | '\r'));
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let value =
        |digit: char| digit.to_digit(16).ok_or_else(|| invalid(format!("invalid hexadecimal digit: \"{digit}\"")));
    while let Some(first) = digits.next() {
        let high = value(first)?;
        let low = digits.next().ok_or_else(|| invalid("invalid hexadecimal data: odd number of digits".to_string()))?;
        bytes.push((high << 4 | value(low)?) as u8);
    }
    Ok(bytes)
}

fn of_base64(text: &str) -> Result<Vec<u8>> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidParameterValue, message);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut count, mut padding) = (0_u32, 0, 0);
    for character in text.chars() {
        if matches!(character, ' ' | '\n' | '\t' | '\r') {
            continue;
        }
        let value = if character == '=' {
            if padding == 0 {
                padding = match count {
                    2 => 1,
                    3 => 2,
                    _ => return Err(invalid("unexpected \"=\" while decoding base64 sequence".to_string())),
                };
            }
            0
        } else {
            let found = u8::try_from(character).ok().and_then(|byte| BASE64.iter().position(|digit| *digit == byte));
            let message = || invalid(format!("invalid symbol \"{character}\" found while decoding base64 sequence"));
            let value = found.filter(|_| padding == 0).ok_or_else(message)?;
            u32::try_from(value).unwrap_or(0)
        };
        word = word << 6 | value;
        count += 1;
        if count == 4 {
            bytes.push((word >> 16 & 0xff) as u8);
            if padding == 0 || padding > 1 {
                bytes.push((word >> 8 & 0xff) as u8);
            }
            if padding == 0 {
                bytes.push((word & 0xff) as u8);
            }
            (word, count) = (0, 0);
        }
    }
    if count != 0 {
        return Err(invalid("invalid base64 end sequence".to_string())
            .with_hint("Input data is missing padding, is truncated, or is otherwise corrupted."));
    }
    Ok(bytes)
}

fn of_escapes(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let octal =
            |at: usize, most: u8| behind.get(at).filter(|byte| (b'0'..=most).contains(*byte)).map(|byte| byte - b'0');
        if *first != b'\\' {
            bytes.push(*first);
            rest = behind;
        } else if let (Some(high), Some(middle), Some(low)) = (octal(0, b'3'), octal(1, b'7'), octal(2, b'7')) {
            bytes.push(high << 6 | middle << 3 | low);
            rest = behind.get(3..).unwrap_or_default();
        } else if behind.first() == Some(&b'\\') {
            bytes.push(b'\\');
            rest = behind.get(1..).unwrap_or_default();
        } else {
            return Err(Error::new(ErrorKind::InvalidTextRepresentation, "invalid input syntax for type bytea"));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_known_ones() {
        assert_eq!(checksum(b"The quick brown fox jumps over the lazy dog.", CRC32), 1_368_401_385);
        assert_eq!(checksum(b"The quick brown fox jumps over the lazy dog.", CRC32C), 419_469_235);
    }

    #[test]
    fn base64_goes_both_ways() {
        for length in 0..200_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            assert_eq!(of_base64(&base64(&bytes)).unwrap(), bytes);
        }
    }
}

//! Bit strings: PostgreSQL's operators and functions on them, and pgvector's distances between them.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Bits as BitString, Int, Vector};
use crate::expr::{Function, Invocation, int_of};
use crate::types::limits::BITS_MAX;
use crate::types::{Bits, ColumnType, Value};

/// The number of bits.
pub const BITS_LENGTH: &str = "$bits_length";
/// The number of bytes that they take.
pub const BITS_BYTES: &str = "$bits_octet_length";

pub fn definitions() -> Vec<Function> {
    let bit = || ColumnType::Bit(None);
    let pair = [BitString, BitString];
    vec![
        Function::new(BITS_LENGTH, &[BitString], ColumnType::Int4, |_, arguments| {
            Ok(Value::Int4(i32::try_from(bits_of(arguments, 0)?.length()).unwrap_or(i32::MAX)))
        }),
        Function::new(BITS_BYTES, &[BitString], ColumnType::Int4, |_, arguments| {
            Ok(Value::Int4(i32::try_from(bits_of(arguments, 0)?.bytes().len()).unwrap_or(i32::MAX)))
        }),
        Function::new("$bits_count", &[BitString], ColumnType::Int8, |_, arguments| {
            Ok(Value::Int8(i64::try_from(bits_of(arguments, 0)?.ones()).unwrap_or(i64::MAX)))
        }),
        Function::new("bitand", &pair, bit(), |_, arguments| zipped(arguments, "AND", |a, b| a & b)),
        Function::new("bitor", &pair, bit(), |_, arguments| zipped(arguments, "OR", |a, b| a | b)),
        Function::new("bitxor", &pair, bit(), |_, arguments| zipped(arguments, "XOR", |a, b| a ^ b)),
        Function::new("bitnot", &[BitString], bit(), |_, arguments| {
            let bits = bits_of(arguments, 0)?;
            Ok(value(Bits::new(bits.bytes().iter().map(|byte| !byte).collect::<Vec<u8>>(), bits.length())))
        }),
        Function::new("bitshiftleft", &[BitString, Int], bit(), |_, arguments| shifted(arguments, false)),
        Function::new("bitshiftright", &[BitString, Int], bit(), |_, arguments| shifted(arguments, true)),
        Function::new("bitcat", &pair, ColumnType::Varbit(None), joined),
        Function::new("$bits_get_bit", &[BitString, Int], ColumnType::Int4, |_, arguments| {
            let bits = bits_of(arguments, 0)?;
            let bit = bits.get(place_of(bits, arguments)?);
            Ok(Value::Int4(i32::from(bit.unwrap_or_default())))
        }),
        Function::new("$bits_set_bit", &[BitString, Int, Int], bit(), with_bit),
        Function::new("hamming_distance", &pair, ColumnType::Float8, |_, arguments| {
            let (a, b) = same_length(arguments)?;
            let differing: u64 = a.bytes().iter().zip(b.bytes()).map(|(a, b)| u64::from((a ^ b).count_ones())).sum();
            Ok(Value::Float8(float_of(differing)))
        }),
        Function::new("jaccard_distance", &pair, ColumnType::Float8, |_, arguments| {
            let (a, b) = same_length(arguments)?;
            let common: u64 = a.bytes().iter().zip(b.bytes()).map(|(a, b)| u64::from((a & b).count_ones())).sum();
            if common == 0 {
                return Ok(Value::Float8(1.0));
            }
            let all = a.ones().saturating_add(b.ones()).saturating_sub(common);
            Ok(Value::Float8(1.0 - float_of(common) / float_of(all)))
        }),
        Function::new("binary_quantize", &[Vector], bit(), |_, arguments| match arguments.first() {
            Some(Value::Vector(components)) => {
                Ok(value(Bits::of_bits(components.iter().map(|component| *component > 0.0))))
            }
            _ => Err(Error::new(ErrorKind::DatatypeMismatch, "a vector is wanted")),
        }),
    ]
}

fn value(bits: Bits) -> Value {
    Value::Bits(Box::new(bits))
}

#[expect(clippy::cast_precision_loss, reason = "no bit string has more bits than a float holds for certain")]
fn float_of(count: u64) -> f64 {
    count as f64
}

fn bits_of(arguments: &[Value], position: usize) -> Result<&Bits> {
    match arguments.get(position) {
        Some(Value::Bits(bits)) => Ok(bits),
        _ => Err(Error::new(ErrorKind::DatatypeMismatch, "a bit string is wanted")),
    }
}

/// Both, where they are as long as each other.
fn same_length(arguments: &[Value]) -> Result<(&Bits, &Bits)> {
    let (a, b) = (bits_of(arguments, 0)?, bits_of(arguments, 1)?);
    if a.length() == b.length() {
        return Ok((a, b));
    }
    let message = format!("different bit lengths {} and {}", a.length(), b.length());
    Err(Error::new(ErrorKind::DataException, message))
}

fn zipped(arguments: &[Value], name: &str, operation: fn(u8, u8) -> u8) -> Result<Value> {
    bits_of(arguments, 0)?.zip(bits_of(arguments, 1)?, operation).map(value).ok_or_else(|| {
        Error::new(ErrorKind::StringLengthMismatch, format!("cannot {name} bit strings of different sizes"))
    })
}

/// The bits moved by so many places, with zeros behind them, or in front of them where they move to the right.
fn shifted(arguments: &[Value], is_right: bool) -> Result<Value> {
    let bits = bits_of(arguments, 0)?;
    let by = int_of(arguments, 1).unwrap_or_default();
    let by = if is_right { by.saturating_neg() } else { by };
    let bit = |place: u32| {
        let from = i64::from(place).saturating_add(by);
        u32::try_from(from).ok().and_then(|from| bits.get(from)).unwrap_or_default()
    };
    Ok(value(Bits::of_bits((0..bits.length()).map(bit))))
}

fn joined(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (a, b) = (bits_of(arguments, 0)?, bits_of(arguments, 1)?);
    if a.length().saturating_add(b.length()) > BITS_MAX {
        let message = format!("bit string length exceeds the maximum allowed ({BITS_MAX})");
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    Ok(value(Bits::of_bits(a.iter().chain(b.iter()))))
}

/// The place that the second argument names.
fn place_of(bits: &Bits, arguments: &[Value]) -> Result<u32> {
    let place = int_of(arguments, 1).unwrap_or_default();
    u32::try_from(place).ok().filter(|place| *place < bits.length()).ok_or_else(|| {
        let last = i64::from(bits.length()).saturating_sub(1);
        Error::new(ErrorKind::ArraySubscript, format!("bit index {place} out of valid range (0..{last})"))
    })
}

fn with_bit(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let bits = bits_of(arguments, 0)?;
    let place = place_of(bits, arguments)?;
    let new = match int_of(arguments, 2) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(Error::new(ErrorKind::InvalidParameterValue, "new bit must be 0 or 1")),
    };
    Ok(value(Bits::of_bits((0_u32..).zip(bits.iter()).map(|(at, bit)| if at == place { new } else { bit }))))
}

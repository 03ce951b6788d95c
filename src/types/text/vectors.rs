//! Vectors in pgvector's text form: `[1,2.5,-3]`.
//!
//! Both directions are on the path of every vector that a client sends or reads as text, so they work on bytes, touch the
//! allocator once, and read a component without the general float parser wherever that gives the same bits.

use std::sync::Arc;

use bytes::BufMut;
use half::f16;

use crate::error::{Error, ErrorKind, Result};
use crate::types::limits::VECTOR_DIMENSION_MAX;
use crate::types::numbers::{excerpt, invalid_syntax, write_float4};

/// Powers of ten that an `f64` holds exactly.
const POWERS_OF_TEN: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
/// Digits that fit the 53 bits of an `f64` for certain.
const EXACT_DIGITS_MAX: usize = 15;

/// Reads a vector. Refuses NaN, infinity, an empty vector and more than [`VECTOR_DIMENSION_MAX`] components.
///
/// # Errors
/// 22P02 for another form, 22003 for a component beyond real, 22000 for NaN, infinity or no component, 54000 above
/// [`VECTOR_DIMENSION_MAX`].
pub fn parse_vector(text: &str) -> Result<Arc<[f32]>> {
    parse_dense(text, "vector")
}

/// As [`parse_vector`], for the type of that name.
pub(super) fn parse_dense(text: &str, name: &str) -> Result<Arc<[f32]>> {
    let trimmed = text.trim_ascii();
    let Some(open) = trimmed.strip_prefix('[') else {
        return Err(invalid_syntax(name, text).with_detail("Vector contents must start with \"[\"."));
    };
    let Some(inside) = open.strip_suffix(']') else {
        let detail = if open.contains(']') { "Junk after closing right brace." } else { "Unexpected end of input." };
        return Err(invalid_syntax(name, text).with_detail(detail));
    };
    if inside.trim_ascii().is_empty() {
        return Err(too_few_dimensions(name));
    }
    let mut components = Vec::with_capacity((inside.len() / 8).clamp(4, VECTOR_DIMENSION_MAX));
    let mut rest = inside;
    loop {
        let (number, length) = parse_component(rest, text, name)?;
        if components.len() == VECTOR_DIMENSION_MAX {
            return Err(too_many_dimensions(name));
        }
        components.push(number);
        match rest.get(length + 1..) {
            Some(next) => rest = next,
            None => return Ok(components.into()),
        }
    }
}

/// Reads the number up to the next comma or the end; also returns the bytes it takes.
fn parse_component(rest: &str, whole: &str, name: &str) -> Result<(f32, usize)> {
    let bytes = rest.as_bytes();
    let (negative, start) = match bytes.first() {
        Some(b'-') => (true, 1),
        _ => (false, 0),
    };
    let mut mantissa: u64 = 0;
    let mut digits = 0;
    let mut decimals = None;
    let mut end = start;
    for &byte in bytes.get(start..).unwrap_or_default() {
        match byte {
            b'0'..=b'9' if digits < EXACT_DIGITS_MAX => {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
                digits += usize::from(mantissa > 0);
                decimals = decimals.map(|count: usize| count + 1);
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            _ => break,
        }
        end += 1;
    }
    let ended = matches!(bytes.get(end), None | Some(b','));
    let has_digits = end > start + usize::from(decimals.is_some());
    if ended
        && has_digits
        && let Some(&power) = POWERS_OF_TEN.get(decimals.unwrap_or(0))
        && let Some(number) = exact_quotient(mantissa, power)
    {
        return Ok((if negative { -number } else { number }, end));
    }
    let length = rest.find(',').unwrap_or(rest.len());
    let component = rest.get(..length).unwrap_or_default();
    Ok((parse_component_slowly(component, whole, name)?, length))
}

/// `mantissa / power` rounded once. Both are exact as `f64`, so their quotient is the correctly rounded `f64`; rounding
/// that again to `f32` differs from rounding once only when it lies exactly between two `f32`, which the low 29 bits show.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "at most 15 digits, rounded on purpose"
)]
fn exact_quotient(mantissa: u64, power: f64) -> Option<f32> {
    const DROPPED_BITS: u64 = (1 << 29) - 1;
    const HALFWAY: u64 = 1 << 28;
    let quotient = mantissa as f64 / power;
    let is_normal = quotient == 0.0 || quotient >= f64::from(f32::MIN_POSITIVE);
    (is_normal && quotient.to_bits() & DROPPED_BITS != HALFWAY).then_some(quotient as f32)
}

fn parse_component_slowly(component: &str, whole: &str, name: &str) -> Result<f32> {
    let trimmed = component.trim_ascii();
    let number: f32 = trimmed.parse().map_err(|_| invalid_syntax(name, whole))?;
    if number.is_infinite() && trimmed.bytes().any(|byte| byte.is_ascii_digit()) {
        let message = format!("\"{}\" is out of range for type {name}", excerpt(trimmed));
        return Err(Error::new(ErrorKind::NumericOutOfRange, message));
    }
    check_component(number, name)?;
    Ok(number)
}

fn check_component(number: f32, name: &str) -> Result<()> {
    if number.is_nan() {
        return Err(Error::new(ErrorKind::DataException, format!("NaN not allowed in {name}")));
    }
    if number.is_infinite() {
        return Err(Error::new(ErrorKind::DataException, format!("infinite value not allowed in {name}")));
    }
    Ok(())
}

fn too_few_dimensions(name: &str) -> Error {
    Error::new(ErrorKind::DataException, format!("{name} must have at least 1 dimension"))
}

fn too_many_dimensions(name: &str) -> Error {
    let message = format!("{name} cannot have more than {VECTOR_DIMENSION_MAX} dimensions");
    Error::new(ErrorKind::LimitExceeded, message)
}

/// The rules of every vector, however it arrived: 1 to [`VECTOR_DIMENSION_MAX`] finite components.
///
/// # Errors
/// 22000 for no component, NaN or infinity; 54000 above [`VECTOR_DIMENSION_MAX`].
pub fn check_vector(components: &[f32]) -> Result<()> {
    check_dense(components, "vector")
}

/// As [`check_vector`], for the type of that name.
pub(in crate::types) fn check_dense(components: &[f32], name: &str) -> Result<()> {
    if components.is_empty() {
        return Err(too_few_dimensions(name));
    }
    if components.len() > VECTOR_DIMENSION_MAX {
        return Err(too_many_dimensions(name));
    }
    components.iter().try_for_each(|&number| check_component(number, name))
}

/// The components as IEEE 754 halves, each rounded to the nearest.
///
/// # Errors
/// 22003 for one that is beyond 65504.
pub fn half_components(components: &Arc<[f32]>) -> Result<Arc<[f32]>> {
    let half = |component: f32| f16::from_f32(component).to_f32();
    if let Some(large) = components.iter().find(|component| component.is_finite() && half(**component).is_infinite()) {
        let mut text = Vec::new();
        write_float4(*large, &mut text);
        let message = format!("\"{}\" is out of range for type halfvec", String::from_utf8_lossy(&text));
        return Err(Error::new(ErrorKind::NumericOutOfRange, message));
    }
    if components.iter().all(|component| half(*component).to_bits() == component.to_bits()) {
        return Ok(Arc::clone(components));
    }
    Ok(components.iter().map(|component| half(*component)).collect())
}

/// Refuses a vector of another dimension than declared.
///
/// # Errors
/// 22000 for such a one.
pub fn check_dimension(components: &[f32], declared: Option<u32>) -> Result<()> {
    match declared {
        Some(dimension) if u32::try_from(components.len()).is_ok_and(|count| count != dimension) => {
            let message = format!("expected {dimension} dimensions, not {}", components.len());
            Err(Error::new(ErrorKind::DataException, message))
        }
        _ => Ok(()),
    }
}

/// The text form, each component with the fewest digits that read back as itself.
pub fn vector_text(components: &[f32]) -> String {
    let mut out = Vec::with_capacity(components.len() * 12 + 2);
    write_vector(components, &mut out);
    // Only ASCII was written, so nothing is lost.
    String::from_utf8(out).unwrap_or_default()
}

/// Appends the text form.
pub fn write_vector(components: &[f32], out: &mut impl BufMut) {
    out.put_u8(b'[');
    for (position, &number) in components.iter().enumerate() {
        if position > 0 {
            out.put_u8(b',');
        }
        write_float4(number, out);
    }
    out.put_u8(b']');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_pgvector_reads() {
        assert_eq!(&*parse_vector("[1,2.5,-3]").unwrap(), &[1.0, 2.5, -3.0]);
        assert_eq!(&*parse_vector(" [ 1 , 2e3 ,.5, 5. ] ").unwrap(), &[1.0, 2000.0, 0.5, 5.0]);
        assert_eq!(parse_vector("[-0]").unwrap().first().unwrap().to_bits(), (-0.0f32).to_bits());
        assert_eq!(vector_text(&[1.0, 2.5, -3.0, 1e6, 1e-5]), "[1,2.5,-3,1e+06,1e-05]");
    }

    #[test]
    fn refuses_what_pgvector_refuses() {
        let cases = [
            ("[]", "22000", "vector must have at least 1 dimension"),
            ("[NaN]", "22000", "NaN not allowed in vector"),
            ("[1,-inf]", "22000", "infinite value not allowed in vector"),
            ("[1e39]", "22003", "\"1e39\" is out of range for type vector"),
            ("[1,]", "22P02", "invalid input syntax for type vector: \"[1,]\""),
            ("1,2", "22P02", "invalid input syntax for type vector: \"1,2\""),
            ("[1", "22P02", "invalid input syntax for type vector: \"[1\""),
            ("[1]x", "22P02", "invalid input syntax for type vector: \"[1]x\""),
            ("[1 2]", "22P02", "invalid input syntax for type vector: \"[1 2]\""),
            ("[.]", "22P02", "invalid input syntax for type vector: \"[.]\""),
            ("[-]", "22P02", "invalid input syntax for type vector: \"[-]\""),
            (",", "22P02", "invalid input syntax for type vector: \",\""),
        ];
        for (text, sqlstate, message) in cases {
            let error = parse_vector(text).unwrap_err();
            assert_eq!((error.sqlstate(), error.message()), (sqlstate, message));
        }
        let wide = format!("[{}1]", "1,".repeat(VECTOR_DIMENSION_MAX));
        assert_eq!(parse_vector(&wide).unwrap_err().sqlstate(), "54000");
        let error = check_dimension(&[1.0, 2.0], Some(3)).unwrap_err();
        assert_eq!((error.sqlstate(), error.message()), ("22000", "expected 3 dimensions, not 2"));
    }

    proptest! {
        #[test]
        fn text_round_trips(components in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::ZERO | prop::num::f32::SUBNORMAL, 1..40)) {
            let read = parse_vector(&vector_text(&components)).unwrap();
            prop_assert_eq!(&*read, &components[..]);
        }

        #[test]
        fn components_equal_the_general_parser(text in "-?[0-9]{0,18}(\\.[0-9]{0,18})?(e-?[0-9]{1,2})?") {
            if let (Ok(read), Ok(expected)) = (parse_vector(&format!("[{text}]")), text.parse::<f32>()) {
                prop_assert_eq!(read.first().unwrap().to_bits(), expected.to_bits());
            }
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            if let Ok(read) = parse_vector(&text) {
                prop_assert!(check_vector(&read).is_ok());
            }
        }
    }
}

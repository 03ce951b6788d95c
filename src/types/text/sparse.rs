//! Sparse vectors in pgvector's text form: `{1:1.5,3:2}/5`, places counted from 1.

use bytes::BufMut;

use crate::error::{Error, ErrorKind, Result};
use crate::types::SparseVector;
use crate::types::limits::SPARSE_ELEMENTS_MAX;
use crate::types::numbers::{excerpt, invalid_syntax, write_float4};
use crate::types::sparse_vector::check_dimension;

/// Reads a sparse vector.
///
/// # Errors
/// 22P02 for another form, 22003 for a component beyond real; as [`SparseVector::new`].
pub(super) fn parse_sparse(text: &str) -> Result<SparseVector> {
    let invalid = || invalid_syntax("sparsevec", text);
    let trimmed = text.trim_ascii();
    let open =
        trimmed.strip_prefix('{').ok_or_else(|| invalid().with_detail("Vector contents must start with \"{\"."))?;
    let (inside, behind) = open.split_once('}').ok_or_else(invalid)?;
    let behind = behind.trim_ascii_start();
    let digits =
        behind.strip_prefix('/').ok_or_else(|| invalid().with_detail("Unexpected end of input."))?.trim_ascii_start();
    let end = digits.char_indices().find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && matches!(c, '-' | '+'))));
    let (number, junk) = digits.split_at(end.map_or(digits.len(), |(at, _)| at));
    if !junk.trim_ascii().is_empty() {
        return Err(invalid().with_detail("Junk after closing."));
    }
    // As far as it goes: a number of more digits is no dimension either.
    let is_number = number.bytes().any(|byte| byte.is_ascii_digit());
    let dimension: i64 = match number.parse() {
        Ok(dimension) => dimension,
        Err(_) if is_number => {
            if number.starts_with('-') {
                i64::MIN
            } else {
                i64::MAX
            }
        }
        Err(_) => return Err(invalid()),
    };
    check_dimension(dimension)?;
    let mut elements = Vec::new();
    for element in inside.split(',').filter(|_| !inside.trim_ascii().is_empty()) {
        if elements.len() == SPARSE_ELEMENTS_MAX {
            let message = format!("sparsevec cannot have more than {SPARSE_ELEMENTS_MAX} non-zero elements");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let (place, component) = element.split_once(':').ok_or_else(invalid)?;
        let place: i64 = place.trim_ascii().parse().map_err(|_| invalid())?;
        let component = component.trim_ascii();
        let number: f32 = component.parse().map_err(|_| invalid())?;
        let has_digits = |digits: std::ops::RangeInclusive<u8>| {
            let mantissa = component.split(['e', 'E']).next().unwrap_or("");
            mantissa.bytes().any(|byte| digits.contains(&byte))
        };
        if number.is_infinite() && has_digits(b'0'..=b'9') || number == 0.0 && has_digits(b'1'..=b'9') {
            let message = format!("\"{}\" is out of range for type sparsevec", excerpt(component));
            return Err(Error::new(ErrorKind::NumericOutOfRange, message));
        }
        let place = u32::try_from(place.saturating_sub(1));
        let place = place.map_err(|_| Error::new(ErrorKind::DataException, "sparsevec index out of bounds"))?;
        elements.push((place, number));
    }
    SparseVector::new(u32::try_from(dimension).map_err(|_| invalid())?, elements)
}

/// Appends the text form.
pub(super) fn write_sparse(vector: &SparseVector, out: &mut impl BufMut) {
    out.put_u8(b'{');
    for (position, (place, component)) in vector.elements().enumerate() {
        if position > 0 {
            out.put_u8(b',');
        }
        out.put_slice(u64::from(place).saturating_add(1).to_string().as_bytes());
        out.put_u8(b':');
        write_float4(component, out);
    }
    out.put_slice(b"}/");
    out.put_slice(vector.dimension().to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        let mut out = Vec::new();
        write_sparse(&parse_sparse(text).unwrap(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn reads_what_pgvector_reads() {
        assert_eq!(round("{3:2,1:1.5,2:0}/5"), "{1:1.5,3:2}/5");
        assert_eq!(round(" { 1 : 1 , 2 : 3 } / 5 "), "{1:1,2:3}/5");
        assert_eq!(round("{}/5"), "{}/5");
    }

    #[test]
    fn refuses_what_pgvector_refuses() {
        for (text, sqlstate, message) in [
            ("{0:1}/5", "22000", "sparsevec index out of bounds"),
            ("{6:1}/5", "22000", "sparsevec index out of bounds"),
            ("{-1:1}/2", "22000", "sparsevec index out of bounds"),
            ("{1:1,1:2}/5", "22000", "sparsevec indices must not contain duplicates"),
            ("{1:1}/0", "22000", "sparsevec must have at least 1 dimension"),
            ("{1:1}/1000000001", "54000", "sparsevec cannot have more than 1000000000 dimensions"),
            ("{1:nan}/2", "22000", "NaN not allowed in sparsevec"),
            ("{1:inf}/2", "22000", "infinite value not allowed in sparsevec"),
            ("{1:1e40}/2", "22003", "\"1e40\" is out of range for type sparsevec"),
            ("{1:1", "22P02", "invalid input syntax for type sparsevec: \"{1:1\""),
            ("1:1}/2", "22P02", "invalid input syntax for type sparsevec: \"1:1}/2\""),
            ("{1:1}/2x", "22P02", "invalid input syntax for type sparsevec: \"{1:1}/2x\""),
            ("{1:1,}/2", "22P02", "invalid input syntax for type sparsevec: \"{1:1,}/2\""),
            ("{1:1}/", "22P02", "invalid input syntax for type sparsevec: \"{1:1}/\""),
            ("{1}/2", "22P02", "invalid input syntax for type sparsevec: \"{1}/2\""),
            ("{1:1}é/2", "22P02", "invalid input syntax for type sparsevec: \"{1:1}é/2\""),
        ] {
            let error = parse_sparse(text).unwrap_err();
            assert_eq!((error.sqlstate(), error.message()), (sqlstate, message));
        }
    }
}

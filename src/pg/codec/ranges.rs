//! Ranges and multiranges in binary format: a byte that says which bounds there are and which of them belong to the range, then
//! each bound behind its length; of a multirange the number of its ranges, then each behind its length.

use bytes::{BufMut, BytesMut};

use crate::error::{Error, ErrorKind, Result};
use crate::pg::codec::decode::decode_binary;
use crate::pg::codec::encode::encode_binary;
use crate::pg::codec::reader::Reader;
use crate::types::{Bound, ColumnType, Multirange, Range, RangeKind, RangePart, Value};

const EMPTY: u8 = 0x01;
const LOWER_INCLUSIVE: u8 = 0x02;
const UPPER_INCLUSIVE: u8 = 0x04;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;

/// Appends a range.
///
/// # Errors
/// As [`encode_binary`] for its bounds.
pub(super) fn write_range(range: &Range, out: &mut BytesMut) -> Result<()> {
    write_span(range.span(), &range.kind().element(), out)
}

/// Appends a multirange.
///
/// # Errors
/// As [`write_range`]; 54000 for more ranges than their number can tell.
pub(super) fn write_multirange(multirange: &Multirange, out: &mut BytesMut) -> Result<()> {
    let too_long = |_| Error::new(ErrorKind::LimitExceeded, "a multirange has too many ranges");
    out.put_u32(u32::try_from(multirange.spans().len()).map_err(too_long)?);
    let (ty, element) = (ColumnType::Range(multirange.kind()), multirange.kind().element());
    let mut written = BytesMut::new();
    for span in multirange.spans() {
        written.clear();
        write_span(Some(span), &element, &mut written)?;
        let length = u32::try_from(written.len());
        out.put_u32(length.map_err(|_| Error::new(ErrorKind::LimitExceeded, format!("a {ty} is too long")))?);
        out.put_slice(&written);
    }
    Ok(())
}

fn write_span(span: Option<&RangePart>, element: &ColumnType, out: &mut BytesMut) -> Result<()> {
    let Some(RangePart { lower, upper }) = span else {
        out.put_u8(EMPTY);
        return Ok(());
    };
    let flag = |bound: &Option<Bound>, inclusive: u8, infinite: u8| match bound {
        None => infinite,
        Some(bound) if bound.is_inclusive => inclusive,
        Some(_) => 0,
    };
    out.put_u8(flag(lower, LOWER_INCLUSIVE, LOWER_INFINITE) | flag(upper, UPPER_INCLUSIVE, UPPER_INFINITE));
    [lower, upper].into_iter().flatten().try_for_each(|bound| encode_binary(&bound.value, element, out))
}

/// Reads a range.
///
/// # Errors
/// 22P03 for bytes that are none; as [`decode_binary`] for its bounds and [`Range::new`].
pub(super) fn read_range(kind: RangeKind, reader: &mut Reader<'_>) -> Result<Range> {
    let flags = reader.u8()?;
    if flags & EMPTY != 0 {
        return Ok(Range::empty(kind));
    }
    let mut bound = |infinite: u8, inclusive: u8| -> Result<Option<Bound>> {
        if flags & infinite != 0 {
            return Ok(None);
        }
        let length = reader.u32()?;
        let length = usize::try_from(length).map_err(|_| reader.malformed())?;
        let value = decode_binary(&kind.element(), reader.take(length)?)?;
        Ok(Some(Bound { value, is_inclusive: flags & inclusive != 0 }))
    };
    let (lower, upper) = (bound(LOWER_INFINITE, LOWER_INCLUSIVE)?, bound(UPPER_INFINITE, UPPER_INCLUSIVE)?);
    Range::new(kind, lower, upper)
}

/// Reads a multirange.
///
/// # Errors
/// As [`read_range`].
pub(super) fn read_multirange(kind: RangeKind, reader: &mut Reader<'_>) -> Result<Multirange> {
    let ty = ColumnType::Range(kind);
    let mut spans = Vec::new();
    // Each range takes at least the four bytes of its length, which bounds the loop.
    for _ in 0..reader.u32()? {
        let length = usize::try_from(reader.u32()?).map_err(|_| reader.malformed())?;
        match decode_binary(&ty, reader.take(length)?)? {
            Value::Range(range) => spans.extend(range.into_span()),
            _ => return Err(reader.malformed()),
        }
    }
    Ok(Multirange::new(kind, spans))
}

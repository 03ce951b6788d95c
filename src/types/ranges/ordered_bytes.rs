//! Bytes of ranges and multiranges that stand in the order of the values.
//!
//! A byte for the type; then of each part a mark, where it begins and where it ends; the mark of the end. Where a part begins
//! is a byte for whether it has a lower bound, and of that the value in ordered bytes and the side of the value; likewise where it
//! ends. Numbers are without the zeros at their end there, so their scales follow: two equal numbers with other scales are the only equal
//! values whose bytes differ. These bytes are stored: they never change.

use crate::types::ranges::bound::Bound;
use crate::types::ranges::kind::RangeKind;
use crate::types::ranges::multirange::Multirange;
use crate::types::ranges::range::{Range, RangePart};
use crate::types::{Numeric, Value};

/// The kind of a range, or with [`MULTIRANGE`] added to it of a multirange.
const KINDS: [(RangeKind, u8); 6] = [
    (RangeKind::Int4, 1),
    (RangeKind::Int8, 2),
    (RangeKind::Numeric, 3),
    (RangeKind::Date, 4),
    (RangeKind::Timestamp, 5),
    (RangeKind::TimestampTz, 6),
];
const MULTIRANGE: u8 = 0x10;
/// No part follows.
const END: u8 = 0;
/// A part follows.
const PART: u8 = 1;
/// A part has no lower bound.
const LEAST: u8 = 0;
/// A bound follows, lower or upper.
const BOUND: u8 = 1;
/// A part has no upper bound.
const GREATEST: u8 = 2;
/// Before, at and behind the value of a bound.
const BEFORE: u8 = 0;
const AT: u8 = 1;
const BEHIND: u8 = 2;
const SIGN_32: u32 = 1 << 31;
const SIGN_64: u64 = 1 << 63;

impl Range {
    /// The bytes that equal ranges share.
    pub fn sort_key(&self) -> Vec<u8> {
        let mut out = vec![tag_of(self.kind())];
        write_spans(self.span(), &mut out);
        out
    }

    /// The bytes that tell all of the range.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.sort_key();
        write_scales(self.kind(), self.span(), &mut out);
        out
    }
}

impl Multirange {
    /// The bytes that equal multiranges share.
    pub fn sort_key(&self) -> Vec<u8> {
        let mut out = vec![tag_of(self.kind()) | MULTIRANGE];
        write_spans(self.spans(), &mut out);
        out
    }

    /// The bytes that tell all of the multirange.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.sort_key();
        write_scales(self.kind(), self.spans(), &mut out);
        out
    }
}

fn tag_of(kind: RangeKind) -> u8 {
    KINDS.iter().find(|(known, _)| *known == kind).map_or(END, |(_, tag)| *tag)
}

fn write_spans<'a>(spans: impl IntoIterator<Item = &'a RangePart>, out: &mut Vec<u8>) {
    for span in spans {
        out.push(PART);
        match &span.lower {
            None => out.push(LEAST),
            Some(bound) => write_bound(bound, if bound.is_inclusive { AT } else { BEHIND }, out),
        }
        match &span.upper {
            None => out.push(GREATEST),
            Some(bound) => write_bound(bound, if bound.is_inclusive { AT } else { BEFORE }, out),
        }
    }
    out.push(END);
}

fn write_bound(bound: &Bound, side: u8, out: &mut Vec<u8>) {
    out.push(BOUND);
    match &bound.value {
        Value::Int4(number) | Value::Date(number) => {
            out.extend_from_slice(&(number.cast_unsigned() ^ SIGN_32).to_be_bytes());
        }
        Value::Int8(number) | Value::Timestamp(number) | Value::TimestampTz(number) => {
            out.extend_from_slice(&(number.cast_unsigned() ^ SIGN_64).to_be_bytes());
        }
        Value::Numeric(number) => number.encode_ordered(out),
        _ => {}
    }
    out.push(side);
}

fn bounds<'a>(spans: impl IntoIterator<Item = &'a RangePart>) -> impl Iterator<Item = &'a Bound> {
    spans.into_iter().flat_map(|span| [&span.lower, &span.upper]).flatten()
}

fn write_scales<'a>(kind: RangeKind, spans: impl IntoIterator<Item = &'a RangePart>, out: &mut Vec<u8>) {
    if kind != RangeKind::Numeric {
        return;
    }
    for bound in bounds(spans) {
        if let Value::Numeric(number) = &bound.value {
            out.extend_from_slice(&u16::try_from(number.scale()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
}

/// The range or multirange of bytes; `None` for bytes that none has.
pub fn value_of_bytes(bytes: &[u8]) -> Option<Value> {
    let (tag, kind, mut spans, mut rest) = read_spans(bytes)?;
    if kind == RangeKind::Numeric {
        for bound in spans.iter_mut().flat_map(|span| [&mut span.lower, &mut span.upper]).flatten() {
            let scale = u16::from_be_bytes([take(&mut rest)?, take(&mut rest)?]);
            if let Value::Numeric(number) = &mut bound.value
                && number.special().is_none()
            {
                *number = number.rounded(i32::from(scale)).ok()?;
            }
        }
    }
    value_of(tag, kind, spans, rest)
}

/// The range or multirange of bytes that equal ones share, its numbers with the least digits; `None` for bytes that none has.
pub fn value_of_key(bytes: &[u8]) -> Option<Value> {
    let (tag, kind, spans, rest) = read_spans(bytes)?;
    value_of(tag, kind, spans, rest)
}

/// What is read of a value before its type is asked for: the byte of the type, the kind, the parts, and what is behind them.
type Read<'a> = (u8, RangeKind, Vec<RangePart>, &'a [u8]);

fn read_spans(bytes: &[u8]) -> Option<Read<'_>> {
    let (&tag, mut rest) = bytes.split_first()?;
    let kind = KINDS.iter().find(|(_, known)| *known == tag & !MULTIRANGE)?.0;
    let mut spans = Vec::new();
    while take(&mut rest)? == PART {
        let lower = match take(&mut rest)? {
            LEAST => None,
            BOUND => Some(read_bound(kind, &mut rest, BEHIND)?),
            _ => return None,
        };
        let upper = match take(&mut rest)? {
            GREATEST => None,
            BOUND => Some(read_bound(kind, &mut rest, BEFORE)?),
            _ => return None,
        };
        let span = RangePart { lower, upper };
        let is_apart = |last: &RangePart| last.is_before(&span) && !last.meets(&span, kind);
        if span.start().compare(&span.end()).is_gt() || !spans.last().is_none_or(is_apart) {
            return None;
        }
        spans.push(span);
    }
    Some((tag, kind, spans, rest))
}

fn value_of(tag: u8, kind: RangeKind, mut spans: Vec<RangePart>, rest: &[u8]) -> Option<Value> {
    if !rest.is_empty() {
        return None;
    }
    if tag & MULTIRANGE != 0 {
        return Some(Value::Multirange(Box::new(Multirange::new(kind, spans))));
    }
    let is_range = spans.len() < 2;
    is_range.then(|| Value::Range(Box::new(Range::of_span(kind, spans.pop()))))
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    Some(*first)
}

fn read_bound(kind: RangeKind, rest: &mut &[u8], exclusive: u8) -> Option<Bound> {
    let value = match kind {
        RangeKind::Int4 | RangeKind::Date => {
            let (number, behind) = rest.split_first_chunk()?;
            *rest = behind;
            let number = (u32::from_be_bytes(*number) ^ SIGN_32).cast_signed();
            if kind == RangeKind::Int4 { Value::Int4(number) } else { Value::Date(number) }
        }
        RangeKind::Numeric => {
            let (number, length): (Numeric, usize) = Numeric::decode_ordered(rest)?;
            *rest = rest.get(length..)?;
            Value::Numeric(number)
        }
        RangeKind::Int8 | RangeKind::Timestamp | RangeKind::TimestampTz => {
            let (number, behind) = rest.split_first_chunk()?;
            *rest = behind;
            let number = (u64::from_be_bytes(*number) ^ SIGN_64).cast_signed();
            match kind {
                RangeKind::Int8 => Value::Int8(number),
                RangeKind::Timestamp => Value::Timestamp(number),
                _ => Value::TimestampTz(number),
            }
        }
    };
    match take(rest)? {
        side if side == AT => Some(Bound { value, is_inclusive: true }),
        side if side == exclusive => Some(Bound { value, is_inclusive: false }),
        _ => None,
    }
}

//! Texts of multiranges: `{[1,3), [5,7)}`, `{}`.

use bytes::BufMut;

use crate::error::{Error, ErrorKind, Result};
use crate::types::TextStyle;
use crate::types::ranges::kind::RangeKind;
use crate::types::ranges::multirange::Multirange;
use crate::types::ranges::range::RangePart;
use crate::types::ranges::range_text::{EMPTY, is_space, parse_range, write_span};

/// What the reader expects.
enum Expected {
    BeforeRange,
    AfterRange,
}

/// Reads a multirange in the style of a session.
///
/// # Errors
/// 22P02 for a text that is none; as [`parse_range`].
pub fn parse_multirange(kind: RangeKind, text: &str, style: &TextStyle) -> Result<Multirange> {
    let malformed = |detail: &str| {
        let message = format!("malformed multirange literal: \"{text}\"");
        Err(Error::new(ErrorKind::InvalidTextRepresentation, message).with_detail(detail))
    };
    let Some(mut rest) = text.trim_start_matches(is_space).strip_prefix('{') else {
        return malformed("Missing left brace.");
    };
    let mut spans: Vec<RangePart> = Vec::new();
    let (mut place, mut seen) = (Expected::BeforeRange, 0_usize);
    loop {
        rest = rest.trim_start_matches(is_space);
        let Some(first) = rest.chars().next() else { return malformed("Unexpected end of input.") };
        let behind = rest.get(first.len_utf8()..).unwrap_or_default();
        match (&place, first) {
            (Expected::BeforeRange, '[' | '(') => {
                let Some(length) = range_length(rest) else { return malformed("Unexpected end of input.") };
                let (range, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
                spans.extend(parse_range(kind, range, style)?.into_span());
                (rest, place, seen) = (after, Expected::AfterRange, seen.saturating_add(1));
            }
            (Expected::BeforeRange, '}') if seen == 0 => {
                rest = behind;
                break;
            }
            (Expected::BeforeRange, _) => match rest.split_at_checked(EMPTY.len()) {
                Some((word, after)) if word.eq_ignore_ascii_case(EMPTY) => {
                    (rest, place, seen) = (after, Expected::AfterRange, seen.saturating_add(1));
                }
                _ => return malformed("Expected range start."),
            },
            (Expected::AfterRange, ',') => (rest, place) = (behind, Expected::BeforeRange),
            (Expected::AfterRange, '}') => {
                rest = behind;
                break;
            }
            (Expected::AfterRange, _) => return malformed("Expected comma or end of multirange."),
        }
    }
    if !rest.trim_start_matches(is_space).is_empty() {
        return malformed("Junk after closing right brace.");
    }
    Ok(Multirange::new(kind, spans))
}

/// Bytes of the range at the front of a text, up to the parenthesis or bracket that ends it; `None` where there is none.
fn range_length(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().peekable();
    let mut is_quoted = false;
    loop {
        let (at, byte) = bytes.next()?;
        match byte {
            b']' | b')' if !is_quoted => return Some(at + 1),
            b'\\' => drop(bytes.next()?),
            b'"' if is_quoted && bytes.next_if(|(_, next)| *next == b'"').is_some() => {}
            b'"' => is_quoted = !is_quoted,
            _ => {}
        }
    }
}

/// Appends the text of a multirange.
pub fn write_multirange(multirange: &Multirange, style: &TextStyle, out: &mut impl BufMut) {
    out.put_u8(b'{');
    for (position, span) in multirange.spans().iter().enumerate() {
        if position > 0 {
            out.put_u8(b',');
        }
        write_span(span, style, out);
    }
    out.put_u8(b'}');
}

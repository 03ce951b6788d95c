//! Texts of ranges: `[1,10)`, `(,"a \"quoted\" bound"]`, `empty`.

use bytes::BufMut;

use crate::error::{Error, ErrorKind, Result};
use crate::types::ranges::bound::Bound;
use crate::types::ranges::kind::RangeKind;
use crate::types::ranges::range::{Range, RangePart};
use crate::types::{TextStyle, Value};

/// The word for the empty range.
pub(super) const EMPTY: &str = "empty";

/// Reads a range in the style of a session.
///
/// # Errors
/// 22P02 for a text that is none; what the type of the bounds says of theirs; as [`Range::new`].
pub fn parse_range(kind: RangeKind, text: &str, style: &TextStyle) -> Result<Range> {
    let malformed = |detail: &str| {
        let message = format!("malformed range literal: \"{text}\"");
        Err(Error::new(ErrorKind::InvalidTextRepresentation, message).with_detail(detail))
    };
    let rest = text.trim_start_matches(is_space);
    if let Some((word, behind)) = rest.split_at_checked(EMPTY.len())
        && word.eq_ignore_ascii_case(EMPTY)
    {
        return match behind.trim_start_matches(is_space) {
            "" => Ok(Range::empty(kind)),
            _ => malformed("Junk after \"empty\" key word."),
        };
    }
    let (is_lower_inclusive, rest) = match rest.split_at_checked(1) {
        Some(("[", rest)) => (true, rest),
        Some(("(", rest)) => (false, rest),
        _ => return malformed("Missing left parenthesis or bracket."),
    };
    let Some((lower, rest)) = bound_text(rest, &[',']) else { return malformed("Unexpected end of input.") };
    let Some(rest) = rest.strip_prefix(',') else { return malformed("Missing comma after lower bound.") };
    let Some((upper, rest)) = bound_text(rest, &[')', ']']) else { return malformed("Unexpected end of input.") };
    let (is_upper_inclusive, rest) = match rest.split_at_checked(1) {
        Some(("]", rest)) => (true, rest),
        Some((")", rest)) => (false, rest),
        _ => return malformed("Too many commas."),
    };
    if !rest.trim_start_matches(is_space).is_empty() {
        return malformed("Junk after right parenthesis or bracket.");
    }
    let element = kind.element();
    let bound = |text: Option<String>, is_inclusive: bool| -> Result<Option<Bound>> {
        let value = text.map(|text| style.parse(&element, &text)).transpose()?;
        Ok(value.map(|value| Bound { value, is_inclusive }))
    };
    Range::new(kind, bound(lower, is_lower_inclusive)?, bound(upper, is_upper_inclusive)?)
}

/// The text of a bound without its quotes, and what follows it; no text where one of `absent` follows at once. `None` where the text ends in it.
fn bound_text<'a>(text: &'a str, absent: &[char]) -> Option<(Option<String>, &'a str)> {
    if text.starts_with(absent) {
        return Some((None, text));
    }
    let mut bound = String::new();
    let mut is_quoted = false;
    let mut characters = text.char_indices().peekable();
    loop {
        let (at, character) = characters.next()?;
        match character {
            ',' | ')' | ']' if !is_quoted => return Some((Some(bound), text.get(at..).unwrap_or_default())),
            '\\' => bound.push(characters.next()?.1),
            '"' if !is_quoted => is_quoted = true,
            '"' => match characters.next_if(|(_, next)| *next == '"') {
                Some(_) => bound.push('"'),
                None => is_quoted = false,
            },
            other => bound.push(other),
        }
    }
}

/// Appends the text of a range.
pub fn write_range(range: &Range, style: &TextStyle, out: &mut impl BufMut) {
    match range.span() {
        None => out.put_slice(EMPTY.as_bytes()),
        Some(span) => write_span(span, style, out),
    }
}

/// Appends the text of a part.
pub(super) fn write_span(span: &RangePart, style: &TextStyle, out: &mut impl BufMut) {
    let is_inclusive = |bound: &Option<Bound>| bound.as_ref().is_some_and(|bound| bound.is_inclusive);
    out.put_u8(if is_inclusive(&span.lower) { b'[' } else { b'(' });
    write_bound(span.lower.as_ref(), style, out);
    out.put_u8(b',');
    write_bound(span.upper.as_ref(), style, out);
    out.put_u8(if is_inclusive(&span.upper) { b']' } else { b')' });
}

fn write_bound(bound: Option<&Bound>, style: &TextStyle, out: &mut impl BufMut) {
    let Some(Bound { value, .. }) = bound else { return };
    if let Value::Int4(_) | Value::Int8(_) | Value::Numeric(_) = value {
        return style.write(value, out);
    }
    let text = style.text_of(value);
    let is_plain =
        |byte: u8| !matches!(byte, b'"' | b'\\' | b'(' | b')' | b'[' | b']' | b',') && !is_space(byte.into());
    if !text.is_empty() && text.bytes().all(is_plain) {
        return out.put_slice(text.as_bytes());
    }
    out.put_u8(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(byte);
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}

/// A blank of C's `isspace`.
pub(super) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

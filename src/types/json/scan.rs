//! Walking over JSON text: a strict scanner for text that came from outside, and fast cursors for text that was checked.
//!
//! Neither builds a tree. The scanner gives errors; the cursors trust nothing either, but end early on text that is no
//! JSON. Slices they hand out are slices of the input, so a part of a canonical text is itself canonical.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::types::limits::JSON_DEPTH_MAX;

/// Reads JSON by RFC 8259 and nothing more. Nesting is bounded by [`JSON_DEPTH_MAX`].
pub(super) struct JsonScanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonScanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        JsonScanner { text, at: 0 }
    }

    /// The next byte that is no blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Takes `byte` when it comes next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Refuses the text, naming the token where it stopped.
    pub(super) fn unexpected(&mut self) -> Error {
        let detail = match self.peek() {
            None => "The input string ended unexpectedly.".to_string(),
            Some(_) => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let is_word = |character: char| character.is_alphanumeric() || "+-._".contains(character);
                let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
                let first = rest.chars().next().map_or(0, char::len_utf8);
                let token = rest.get(..length.max(first)).unwrap_or_default();
                let shown: String = token.chars().take(40).collect();
                format!("Token \"{shown}\" is invalid at byte {}.", self.at + 1)
            }
        };
        invalid(detail)
    }

    pub(super) fn check_depth(depth: usize) -> Result<()> {
        if depth > JSON_DEPTH_MAX {
            let message = format!("JSON is nested deeper than {JSON_DEPTH_MAX} levels");
            return Err(Error::new(ErrorKind::TooComplex, message).with_hint("flatten the value"));
        }
        Ok(())
    }

    /// Refuses anything but blanks up to the end.
    pub(crate) fn finish(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected()),
        }
    }

    /// Checks one value of any kind, `depth` levels down.
    pub(super) fn skip_value(&mut self, depth: usize) -> Result<()> {
        match self.peek() {
            Some(b'{') => self.skip_object(depth + 1),
            Some(b'[') => self.skip_array(depth + 1),
            Some(b'"') => self.string().map(drop),
            _ => self.scalar().map(drop),
        }
    }

    fn skip_object(&mut self, depth: usize) -> Result<()> {
        Self::check_depth(depth)?;
        self.take(b'{');
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            self.key()?;
            self.skip_value(depth)?;
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.unexpected());
            }
        }
    }

    fn skip_array(&mut self, depth: usize) -> Result<()> {
        Self::check_depth(depth)?;
        self.take(b'[');
        if self.take(b']') {
            return Ok(());
        }
        loop {
            self.skip_value(depth)?;
            if self.take(b']') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.unexpected());
            }
        }
    }

    /// A key with the colon behind it.
    pub(crate) fn key(&mut self) -> Result<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let key = self.string()?;
        if self.take(b':') { Ok(key) } else { Err(self.unexpected()) }
    }

    /// The string whose opening quote comes next, without its escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>> {
        let start = self.at + 1;
        let end = string_end(self.text.as_bytes(), self.at)
            .ok_or_else(|| invalid("The input string ended unexpectedly.".to_string()))?;
        let raw = self.text.get(start..end - 1).unwrap_or_default();
        if let Some(control) = raw.bytes().find(|byte| *byte < 0x20) {
            return Err(invalid(format!("Character with value 0x{control:02x} must be escaped.")));
        }
        self.at = end;
        unescape(raw)
    }

    /// A number, `true`, `false` or `null`, as it is written.
    pub(crate) fn scalar(&mut self) -> Result<&'a str> {
        if self.peek().is_none() {
            return Err(self.unexpected());
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_');
        let length = rest.bytes().position(|byte| !is_inner(byte)).unwrap_or(rest.len());
        let token = rest.get(..length).unwrap_or_default();
        if !matches!(token, "true" | "false" | "null") && !is_number(token.as_bytes()) {
            return Err(self.unexpected());
        }
        self.at += length;
        Ok(token)
    }
}

pub(crate) fn invalid(detail: String) -> Error {
    Error::new(ErrorKind::InvalidTextRepresentation, "invalid input syntax for type json").with_detail(detail)
}

/// The grammar of RFC 8259, section 6.
fn is_number(token: &[u8]) -> bool {
    fn digits(token: &[u8]) -> Option<&[u8]> {
        let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 { None } else { token.get(count..) }
    }
    let unsigned = token.strip_prefix(b"-").unwrap_or(token);
    let whole = match unsigned {
        [b'0', rest @ ..] => Some(rest),
        _ => digits(unsigned),
    };
    let fraction = whole.and_then(|rest| rest.strip_prefix(b".").map_or(Some(rest), digits));
    let exponent = fraction.and_then(|rest| match rest {
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => digits(rest),
        _ => Some(rest),
    });
    exponent.is_some_and(<[u8]>::is_empty)
}

/// The position after the closing quote of the string that opens at `at`.
pub(super) fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut position = at + 1;
    loop {
        match bytes.get(position)? {
            b'"' => return Some(position + 1),
            b'\\' => position += 2,
            _ => position += 1,
        }
    }
}

/// The characters of a string, given what stands between its quotes.
pub(super) fn unescape(raw: &str) -> Result<Cow<'_, str>> {
    let Some(first) = raw.bytes().position(|byte| byte == b'\\') else {
        return Ok(Cow::Borrowed(raw));
    };
    let (plain, mut rest) = raw.split_at_checked(first).unwrap_or((raw, ""));
    let mut out = String::with_capacity(raw.len());
    out.push_str(plain);
    while let Some(escape) = rest.strip_prefix('\\') {
        let mut characters = escape.chars();
        let simple = match characters.next() {
            Some(same @ ('"' | '\\' | '/')) => Some(same),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => None,
            Some(other) => return Err(invalid(format!("Escape sequence \"\\{other}\" is invalid."))),
            None => return Err(invalid("The input string ended unexpectedly.".to_string())),
        };
        rest = match simple {
            Some(character) => {
                out.push(character);
                characters.as_str()
            }
            None => unescape_unicode(characters.as_str(), &mut out)?,
        };
        let plain = rest.find('\\').unwrap_or(rest.len());
        let (before, after) = rest.split_at_checked(plain).unwrap_or((rest, ""));
        out.push_str(before);
        rest = after;
    }
    Ok(Cow::Owned(out))
}

/// Reads the four digits behind `\u`, and the second half of a surrogate pair; returns what follows.
fn unescape_unicode<'a>(text: &'a str, out: &mut String) -> Result<&'a str> {
    let unit = |text: &'a str| -> Result<(u32, &'a str)> {
        let (digits, rest) = text.split_at_checked(4).ok_or_else(bad_escape)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad_escape());
        }
        Ok((u32::from_str_radix(digits, 16).map_err(|_| bad_escape())?, rest))
    };
    let (first, mut rest) = unit(text)?;
    let code = match first {
        0 => {
            let message = "unsupported Unicode escape sequence";
            return Err(Error::new(ErrorKind::UntranslatableCharacter, message)
                .with_detail("\\u0000 cannot be converted to text."));
        }
        0xd800..0xdc00 => {
            let low = "Unicode low surrogate must follow a high surrogate.";
            let (second, after) = unit(rest.strip_prefix("\\u").ok_or_else(|| invalid(low.to_string()))?)?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(invalid(low.to_string()));
            }
            rest = after;
            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        }
        other => other,
    };
    let low = "Unicode low surrogate must follow a high surrogate.";
    out.push(char::from_u32(code).ok_or_else(|| invalid(low.to_string()))?);
    Ok(rest)
}

fn bad_escape() -> Error {
    invalid("\"\\u\" must be followed by four hexadecimal digits.".to_string())
}

fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The end of the value that starts at `at`, found by its brackets and quotes alone.
fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string_end(bytes, at),
        b'{' | b'[' => {
            let mut depth = 0usize;
            let mut position = at;
            loop {
                match bytes.get(position)? {
                    b'"' => {
                        position = string_end(bytes, position)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth == 1 => return Some(position + 1),
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                position += 1;
            }
        }
        _ => {
            let rest = bytes.get(at..)?;
            let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            Some(at + rest.iter().position(is_end).unwrap_or(rest.len()))
        }
    }
}

/// The values of the array that `json` is; none when it is no array.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    text: &'a str,
    /// Behind an element, its comma not yet taken.
    at: usize,
}

impl<'a> Elements<'a> {
    pub(crate) fn new(json: &'a str) -> Self {
        let start = skip_blanks(json.as_bytes(), 0);
        let at = if json.as_bytes().get(start) == Some(&b'[') { start } else { json.len() };
        Elements { text: json, at }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let separator = skip_blanks(bytes, self.at);
        if !matches!(bytes.get(separator), Some(b'[' | b',')) {
            return None;
        }
        let start = skip_blanks(bytes, separator + 1);
        if bytes.get(start) == Some(&b']') {
            return None;
        }
        let end = value_end(bytes, start)?;
        self.at = end;
        self.text.get(start..end)
    }
}

/// The members of the object that `json` is, each key as it is written between its quotes; none when it is no object.
#[derive(Clone, Debug)]
pub(crate) struct JsonMembers<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonMembers<'a> {
    pub(crate) fn new(json: &'a str) -> Self {
        let start = skip_blanks(json.as_bytes(), 0);
        let at = if json.as_bytes().get(start) == Some(&b'{') { start } else { json.len() };
        JsonMembers { text: json, at }
    }
}

impl<'a> Iterator for JsonMembers<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let bytes = self.text.as_bytes();
        let separator = skip_blanks(bytes, self.at);
        if !matches!(bytes.get(separator), Some(b'{' | b',')) {
            return None;
        }
        let key_start = skip_blanks(bytes, separator + 1);
        if bytes.get(key_start) != Some(&b'"') {
            return None;
        }
        let key_end = string_end(bytes, key_start)?;
        let key = self.text.get(key_start + 1..key_end - 1)?;
        let colon = skip_blanks(bytes, key_end);
        if bytes.get(colon) != Some(&b':') {
            return None;
        }
        let start = skip_blanks(bytes, colon + 1);
        let end = value_end(bytes, start)?;
        self.at = end;
        Some((key, self.text.get(start..end)?))
    }
}

/// Whether a key as it is written between its quotes spells `key`.
pub(super) fn key_is(raw: &str, key: &str) -> bool {
    raw == key && !raw.contains('\\') || raw.contains('\\') && unescape(raw).is_ok_and(|unescaped| unescaped == key)
}

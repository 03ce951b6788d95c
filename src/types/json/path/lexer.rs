//! The words of a path (`jsonpath_scan.l` of PostgreSQL).

use crate::error::{Error, ErrorKind, Result};
use crate::types::column_type::ColumnType;
use crate::types::value::Value;

#[derive(Clone, Debug, PartialEq)]
pub enum PathToken {
    End,
    /// A name without quotes; it may be a word of the language.
    Name(String),
    String(String),
    /// A number as it is in JSON, and whether it is an integer.
    Number(String, bool),
    Variable(String),
    Sign(&'static str),
}

const SIGNS: [&str; 26] = [
    "**", "&&", "||", "==", "!=", "<>", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", "{", "}", ".", ",", "?", "@",
    "$", "*", "+", "-", "/",
];

/// A word with where it begins and ends, in bytes.
#[derive(Clone, Debug)]
pub struct Word {
    pub token: PathToken,
    pub start: usize,
    pub end: usize,
}

/// 42601 at a place of a path.
pub fn syntax_error(what: &str, path: &str, start: usize, end: usize) -> Error {
    let near = path.get(start..end).unwrap_or("");
    let message = if near.is_empty() {
        format!("{what} at end of jsonpath input")
    } else {
        format!("{what} at or near \"{near}\" of jsonpath input")
    };
    Error::syntax(message, None)
}

/// The words of a path.
///
/// # Errors
/// 42601 for what is none.
pub fn words(path: &str) -> Result<Vec<Word>> {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        at = skip(path, at)?;
        let rest = path.get(at..).unwrap_or("");
        let Some(first) = rest.chars().next() else {
            words.push(Word { token: PathToken::End, start: at, end: at });
            return Ok(words);
        };
        let (token, end) = match first {
            '"' => quoted(path, at, at)?,
            '$' => variable(path, at)?,
            '0'..='9' => number(path, at)?,
            '.' if rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => number(path, at)?,
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (PathToken::Sign(sign), at + sign.len()),
                None if rest.starts_with('%') => (PathToken::Sign("%"), at + 1),
                None if is_name(first) || first == '\\' => name(path, at)?,
                None => return Err(syntax_error("syntax error", path, at, at + first.len_utf8())),
            },
        };
        words.push(Word { token, start: at, end });
        at = end;
    }
}

fn is_name(character: char) -> bool {
    !"?%$.[]{}()|&!=<>@#,*:-+/\\\" \t\n\r\u{c}".contains(character)
}

/// Behind blanks and comments.
fn skip(path: &str, start: usize) -> Result<usize> {
    let mut at = start;
    loop {
        let rest = path.get(at..).unwrap_or("");
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']).len();
        at += blanks;
        let Some(comment) = path.get(at..).and_then(|rest| rest.strip_prefix("/*")) else { return Ok(at) };
        let Some(length) = comment.find("*/") else {
            return Err(syntax_error("unexpected end of comment", path, path.len(), path.len()));
        };
        at += length + 4;
    }
}

fn quoted(path: &str, open: usize, start: usize) -> Result<(PathToken, usize)> {
    let mut text = String::new();
    let mut at = open + 1;
    loop {
        let Some(character) = path.get(at..).and_then(|rest| rest.chars().next()) else {
            return Err(syntax_error("unterminated quoted string", path, path.len(), path.len()));
        };
        match character {
            '"' => return Ok((PathToken::String(text), at + 1)),
            '\\' => at = escape(path, at, start, &mut text)?,
            other => {
                text.push(other);
                at += other.len_utf8();
            }
        }
    }
}

/// An escape; where it ends.
fn escape(path: &str, at: usize, start: usize, text: &mut String) -> Result<usize> {
    let character = path.get(at + 1..).and_then(|rest| rest.chars().next());
    let refused = |what: &str| syntax_error(what, path, start, at + 2);
    match character {
        None => Err(syntax_error("unexpected end after backslash", path, path.len(), path.len())),
        Some('b') => plain('\x08', at, text),
        Some('f') => plain('\x0c', at, text),
        Some('n') => plain('\n', at, text),
        Some('r') => plain('\r', at, text),
        Some('t') => plain('\t', at, text),
        Some('v') => plain('\x0b', at, text),
        Some('x') => {
            let code = path.get(at + 2..at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            text.push(code.and_then(char::from_u32).ok_or_else(|| refused("invalid hexadecimal character sequence"))?);
            Ok(at + 4)
        }
        Some('u') => {
            let (code, end) = unicode(path, at).ok_or_else(|| refused("invalid Unicode escape sequence"))?;
            if code == 0 {
                return Err(Error::new(ErrorKind::UntranslatableCharacter, "unsupported Unicode escape sequence")
                    .with_detail("\\u0000 cannot be converted to text."));
            }
            if let 0xd800..=0xdbff = code {
                let low = unicode(path, end).filter(|_| path.get(end..).is_some_and(|rest| rest.starts_with("\\u")));
                let (low, behind) = low.filter(|(low, _)| (0xdc00..=0xdfff).contains(low)).ok_or_else(surrogate)?;
                text.extend(char::from_u32(0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00)));
                return Ok(behind);
            }
            text.push(char::from_u32(code).ok_or_else(surrogate)?);
            Ok(end)
        }
        Some(other) => {
            text.push(other);
            Ok(at + 1 + other.len_utf8())
        }
    }
}

fn surrogate() -> Error {
    Error::new(ErrorKind::InvalidTextRepresentation, "invalid input syntax for type jsonpath")
        .with_detail("Unicode low surrogate must follow a high surrogate.")
}

fn plain(character: char, at: usize, text: &mut String) -> Result<usize> {
    text.push(character);
    Ok(at + 2)
}

/// The code of `\uXXXX` or `\u{X…}`, and where it ends.
fn unicode(path: &str, at: usize) -> Option<(u32, usize)> {
    let rest = path.get(at + 2..)?;
    if let Some(braced) = rest.strip_prefix('{') {
        let (digits, _) = braced.split_once('}').filter(|(digits, _)| (1..=6).contains(&digits.len()))?;
        return Some((u32::from_str_radix(digits, 16).ok()?, at + 4 + digits.len()));
    }
    Some((u32::from_str_radix(rest.get(..4)?, 16).ok()?, at + 6))
}

fn variable(path: &str, at: usize) -> Result<(PathToken, usize)> {
    let rest = path.get(at + 1..).unwrap_or("");
    if rest.starts_with('"') {
        let (token, end) = quoted(path, at + 1, at)?;
        return Ok(match token {
            PathToken::String(name) => (PathToken::Variable(name), end),
            other => (other, end),
        });
    }
    if !rest.starts_with(|first: char| is_name(first) || first == '\\') {
        return Ok((PathToken::Sign("$"), at + 1));
    }
    let (token, end) = name(path, at + 1)?;
    Ok(match token {
        PathToken::Name(name) => (PathToken::Variable(name), end),
        other => (other, end),
    })
}

fn name(path: &str, start: usize) -> Result<(PathToken, usize)> {
    let mut text = String::new();
    let mut at = start;
    while let Some(character) = path.get(at..).and_then(|rest| rest.chars().next()) {
        if character == '\\' {
            at = escape(path, at, start, &mut text)?;
        } else if is_name(character) {
            text.push(character);
            at += character.len_utf8();
        } else {
            break;
        }
    }
    Ok((PathToken::Name(text), at))
}

/// Digits with single underscores between them; how many bytes.
fn digits(text: &str, radix: u32) -> usize {
    let mut length = 0;
    let mut may_part = false;
    for character in text.chars() {
        let is_digit = character.is_digit(radix);
        let parts = character == '_' && may_part;
        if !is_digit && !parts {
            break;
        }
        may_part = is_digit;
        length += 1;
    }
    // One at the end belongs to what follows.
    if length > 0 && !may_part { length - 1 } else { length }
}

fn number(path: &str, at: usize) -> Result<(PathToken, usize)> {
    let rest = path.get(at..).unwrap_or("");
    let junk = |end: usize| syntax_error("trailing junk after numeric literal", path, at, end + 1);
    let lower = rest.get(..2).unwrap_or("").to_ascii_lowercase();
    let radix = match lower.as_str() {
        "0x" => 16,
        "0o" => 8,
        "0b" => 2,
        _ => 10,
    };
    if radix != 10 {
        let own = rest.get(2..).unwrap_or("");
        let length = digits(own, radix);
        let end = at + 2 + length;
        let behind = path.get(end..).and_then(|rest| rest.chars().next());
        let text: String = own.chars().take(length).filter(|digit| *digit != '_').collect();
        let value = u128::from_str_radix(&text, radix).ok();
        return match value {
            Some(value) if !behind.is_some_and(is_name) => Ok((PathToken::Number(value.to_string(), true), end)),
            _ => Err(junk(end)),
        };
    }
    let whole = digits(rest, 10);
    // A zero stands alone.
    if rest.starts_with('0') && whole > 1 {
        return Err(junk(at + 1));
    }
    let mut end = at + whole;
    let mut is_integer = true;
    let behind = path.get(end..).unwrap_or("");
    if let Some(fraction) = behind.strip_prefix('.') {
        let length = digits(fraction, 10);
        if length > 0 || whole > 0 && !fraction.starts_with(['.', '*']) {
            end += 1 + length;
            is_integer = false;
        }
    }
    let behind = path.get(end..).unwrap_or("");
    if behind.starts_with(['e', 'E']) {
        let sign = usize::from(behind.get(1..).is_some_and(|rest| rest.starts_with(['+', '-'])));
        let length = digits(behind.get(1 + sign..).unwrap_or(""), 10);
        if length == 0 {
            return Err(junk(end));
        }
        end += 1 + sign + length;
        is_integer = false;
    }
    if path.get(end..).and_then(|rest| rest.chars().next()).is_some_and(is_name) {
        return Err(junk(end));
    }
    let text: String = path.get(at..end).unwrap_or("").chars().filter(|digit| *digit != '_').collect();
    Ok((PathToken::Number(text, is_integer), end))
}

/// A number as `numeric` prints it.
///
/// # Errors
/// 22003 for one that does not fit.
pub fn canonical_number(text: &str) -> Result<String> {
    Value::parse_text(&ColumnType::Numeric(None), text).map(|number| number.to_text())
}

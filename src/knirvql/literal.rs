//! Builds values: strings, numbers, vectors, JSON, parameters, and checks what a grammar cannot.

use serde_json::{Map, Value};

use crate::error::{ErrorKind, Result};
use crate::knirvql::ast::{AstText, Bindable, Literal};
use crate::knirvql::grammar::Rule;
use crate::knirvql::parse::{Builder, ParseNode, Secrecy, child, children, only};
use crate::knirvql::report;
use crate::types::limits::{BLOB_BYTES_MAX, PARAMETERS_MAX, VECTOR_DIMENSION_MAX};

impl Builder<'_> {
    /// A literal of the rules `value` and `constant`.
    ///
    /// # Errors
    /// 22003 for a number beyond double precision; as [`Builder::string`] and [`Builder::parameter`].
    pub fn literal(&self, node: ParseNode<'_>) -> Result<Literal> {
        let node = only(node)?;
        match node.as_rule() {
            Rule::string => Ok(Literal::Text(self.marked(self.string(&node)?))),
            Rule::number => self.number(&node),
            Rule::kw_true => Ok(Literal::Boolean(true)),
            Rule::kw_false => Ok(Literal::Boolean(false)),
            Rule::parameter => Ok(Literal::Parameter(self.parameter(&node)?)),
            _ => Ok(Literal::Null),
        }
    }

    /// A string or a parameter.
    ///
    /// # Errors
    /// As [`Builder::string`] and [`Builder::parameter`].
    pub fn text(&self, node: ParseNode<'_>) -> Result<Bindable<AstText>> {
        let node = only(node)?;
        match node.as_rule() {
            Rule::parameter => Ok(Bindable::Parameter(self.parameter(&node)?)),
            _ => Ok(Bindable::Value(self.marked(self.string(&node)?))),
        }
    }

    fn marked(&self, value: String) -> AstText {
        AstText { value, secret: self.secrecy == Secrecy::All }
    }

    /// The number of a parameter.
    ///
    /// # Errors
    /// 42P02 for `$0`, 54000 above `PARAMETERS_MAX`.
    pub fn parameter(&self, node: &ParseNode<'_>) -> Result<u16> {
        let digits = node.as_str().trim_start_matches('$');
        match digits.parse::<u16>() {
            Ok(0) => Err(self
                .error(node, ErrorKind::UndefinedParameter, "there is no parameter $0")
                .with_hint("Parameters are counted from $1.")),
            Ok(number) => Ok(number),
            Err(_) => {
                let message = format!("a statement has at most {PARAMETERS_MAX} parameters");
                Err(self.error(node, ErrorKind::LimitExceeded, message))
            }
        }
    }

    fn number(&self, node: &ParseNode<'_>) -> Result<Literal> {
        let written = node.as_str().trim_start_matches('+');
        if let Ok(integer) = written.parse() {
            return Ok(Literal::Integer(integer));
        }
        self.finite(node)?;
        Ok(Literal::Number(numeral(written)))
    }

    fn finite(&self, node: &ParseNode<'_>) -> Result<f64> {
        match node.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self
                .error(node, ErrorKind::NumericOutOfRange, "a number is out of the range of double precision")
                .with_hint("Numbers reach from -1.7e308 to 1.7e308.")),
        }
    }

    /// A whole number, zero or more, or a parameter. `clause` is the word before it.
    ///
    /// # Errors
    /// 22023 for a negative number (2201W behind LIMIT) and an `ef` of 0, 42601 for what is no whole number of 64 bits; as
    /// [`Builder::parameter`].
    pub fn count(&self, node: ParseNode<'_>, clause: &str) -> Result<Bindable<u64>> {
        let node = only(node)?;
        if node.as_rule() == Rule::parameter {
            return Ok(Bindable::Parameter(self.parameter(&node)?));
        }
        let digits = node.as_str().trim_start_matches('+');
        match digits.parse::<u64>() {
            Ok(0) if clause == "ef" => {
                Err(self.error(&node, ErrorKind::InvalidParameterValue, "ef must be at least 1, it is 0"))
            }
            Ok(count) => Ok(Bindable::Value(count)),
            Err(_) if digits.starts_with('-') => {
                let kind = if clause == "LIMIT" { ErrorKind::InvalidLimit } else { ErrorKind::InvalidParameterValue };
                Err(self.error(&node, kind, format!("{clause} must not be negative, it is {digits}")))
            }
            Err(_) => {
                let message = format!("{clause} takes a whole number of at most {}", u64::MAX);
                Err(self.error(&node, ErrorKind::Syntax, message).with_hint(format!("Write {clause} 10, for example.")))
            }
        }
    }

    /// The distance of WITHIN.
    ///
    /// # Errors
    /// 22003 for a number beyond double precision; as [`Builder::parameter`].
    pub fn distance(&self, clause: ParseNode<'_>) -> Result<Bindable<f64>> {
        match children(clause.clone(), Rule::parameter).next() {
            Some(parameter) => Ok(Bindable::Parameter(self.parameter(&parameter)?)),
            None => Ok(Bindable::Value(self.finite(&child(clause, Rule::number)?)?)),
        }
    }

    /// The components of a vector, each finite.
    ///
    /// # Errors
    /// 42601 for what is no list of numbers, 22003 for a component beyond real, 54000 above
    /// `VECTOR_DIMENSION_MAX`.
    pub fn components(&self, node: ParseNode<'_>) -> Result<Vec<f32>> {
        let (literal, start) = (node.as_str(), node.as_span().start());
        let inside = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
        let mut components = Vec::new();
        let mut offset = start + 1;
        for piece in inside.split(',') {
            let number = piece.trim_ascii_start();
            components.push(self.component(number.trim_ascii_end(), offset + piece.len() - number.len())?);
            offset += piece.len() + 1;
        }
        if components.len() > VECTOR_DIMENSION_MAX {
            let message =
                format!("a vector of {} components is over the limit of {VECTOR_DIMENSION_MAX}", components.len());
            return Err(self.error(&node, ErrorKind::LimitExceeded, message));
        }
        Ok(components)
    }

    /// One component, which stands at a byte offset of the text.
    fn component(&self, written: &str, offset: usize) -> Result<f32> {
        let is_numeral = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
        let numeral_end = written.bytes().position(|byte| !is_numeral(byte));
        let numeral = written.get(..numeral_end.unwrap_or(written.len())).unwrap_or_default();
        match (numeral.parse::<f32>(), numeral_end) {
            (Ok(component), None) if component.is_finite() => Ok(component),
            (Ok(_), None) => Err(self
                .error_at(offset, ErrorKind::NumericOutOfRange, "a vector component is out of the range of real")
                .with_hint("Components reach from -3.4e38 to 3.4e38.")),
            (Ok(_), Some(end)) => {
                let gap = written.bytes().skip(end).take_while(u8::is_ascii_whitespace).count();
                let rest = written.get(end + gap..).unwrap_or_default();
                if ["//", "--", "/*"].iter().any(|comment| rest.starts_with(comment)) {
                    let error =
                        self.error_at(offset + end + gap, ErrorKind::Syntax, "a comment stands inside a vector");
                    return Err(error.with_hint("Move it before or behind the vector."));
                }
                Err(report::refusal(self.text, offset + end + gap, &[Rule::comma, Rule::close_bracket]))
            }
            (Err(_), _) => Err(report::refusal(self.text, offset, &[Rule::number])),
        }
    }

    /// A string without its quotes and escapes.
    ///
    /// # Errors
    /// 42601 at an escape that is none, 22021 for a U+0000.
    pub fn string(&self, node: &ParseNode<'_>) -> Result<String> {
        let (quoted, start) = (node.as_str(), node.as_span().start());
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        let text = if quoted.starts_with('\'') {
            inner.replace("''", "'")
        } else {
            unescape(inner).map_err(|mistake| {
                let error = self.error_at(start + 1 + mistake.offset, ErrorKind::Syntax, mistake.message);
                error.with_hint("Escapes are \\\" \\' \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9; '…' knows none.")
            })?
        };
        if text.contains('\0') {
            return Err(self.error(node, ErrorKind::InvalidEncoding, "a text cannot hold the character U+0000"));
        }
        Ok(text)
    }

    /// The bytes of a blob: hex after `\x`, otherwise the text itself.
    ///
    /// # Errors
    /// 22P02 for odd or invalid hex digits, 54000 above `BLOB_BYTES_MAX`; as [`Builder::string`].
    pub fn bytes(&self, node: &ParseNode<'_>) -> Result<Vec<u8>> {
        let text = self.string(node)?;
        let bytes = match text.strip_prefix("\\x") {
            None => text.into_bytes(),
            Some(hex) => from_hex(hex).ok_or_else(|| {
                self.error(node, ErrorKind::InvalidTextRepresentation, "a blob has an odd or invalid hex digit")
                    .with_hint("Write two hex digits a byte: '\\x6869'.")
            })?,
        };
        if bytes.len() > BLOB_BYTES_MAX {
            let message = format!("a blob of {} bytes is over the limit of {BLOB_BYTES_MAX}", bytes.len());
            return Err(self.error(node, ErrorKind::LimitExceeded, message));
        }
        Ok(bytes)
    }

    /// The members of a JSON object.
    /// Recursion ends: the nesting was bounded before the text was parsed.
    ///
    /// # Errors
    /// 22003 for a number beyond double precision; as [`Builder::string`].
    pub fn json_object(&self, node: ParseNode<'_>) -> Result<Map<String, Value>> {
        let mut members = Map::new();
        for member in children(node, Rule::json_member) {
            let key = only(member.clone())?;
            let key = match key.as_rule() {
                Rule::string => self.string(&key)?,
                _ => key.as_str().to_string(),
            };
            members.insert(key, self.json_value(child(member, Rule::json_value)?)?);
        }
        Ok(members)
    }

    fn json_value(&self, node: ParseNode<'_>) -> Result<Value> {
        self.json(only(node)?)
    }

    /// An object, an array, or what stands in one.
    ///
    /// # Errors
    /// As [`Builder::json_object`].
    pub fn json(&self, node: ParseNode<'_>) -> Result<Value> {
        match node.as_rule() {
            Rule::json_object => self.json_object(node).map(Value::Object),
            Rule::json_array => children(node, Rule::json_value).map(|element| self.json_value(element)).collect(),
            Rule::string => self.string(&node).map(Value::String),
            Rule::number => self.json_number(&node),
            Rule::kw_true => Ok(Value::Bool(true)),
            Rule::kw_false => Ok(Value::Bool(false)),
            _ => Ok(Value::Null),
        }
    }

    fn json_number(&self, node: &ParseNode<'_>) -> Result<Value> {
        let written = node.as_str();
        if let Ok(integer) = written.parse::<i64>() {
            return Ok(integer.into());
        }
        if let Ok(integer) = written.parse::<u64>() {
            return Ok(integer.into());
        }
        self.finite(node).map(Value::from)
    }
}

/// A mistake in a string, with its place after the opening quote.
struct Mistake {
    offset: usize,
    message: &'static str,
}

fn unescape(inner: &str) -> Result<String, Mistake> {
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.char_indices();
    while let Some((offset, character)) = characters.next() {
        match character {
            '"' => {
                characters.next();
                text.push('"');
            }
            '\\' => {
                let rest = inner.get(offset + 1..).unwrap_or_default();
                let (unescaped, length) = escape(rest).map_err(|message| Mistake { offset, message })?;
                text.push(unescaped);
                for _ in 0..length {
                    characters.next();
                }
            }
            other => text.push(other),
        }
    }
    Ok(text)
}

/// The character that an escape stands for, and how many characters follow the backslash.
fn escape(rest: &str) -> Result<(char, usize), &'static str> {
    let unescaped = match rest.chars().next() {
        Some(same @ ('"' | '\'' | '\\' | '/')) => same,
        Some('b') => '\u{08}',
        Some('f') => '\u{0C}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return unicode_escape(rest),
        _ => return Err("an unknown escape in a string"),
    };
    Ok((unescaped, 1))
}

/// `uXXXX`, or two of them for a surrogate pair, as in JSON (RFC 8259, section 7).
fn unicode_escape(rest: &str) -> Result<(char, usize), &'static str> {
    const BROKEN: &str = "a broken \\u escape in a string";
    let unit =
        |from: usize| rest.get(from..from + 4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let code = |from: usize| unit(from).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let first = code(1).ok_or(BROKEN)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Ok((character, 5));
    }
    let second = if rest.get(5..7) == Some("\\u") { code(7) } else { None };
    let pair = [first, second.ok_or(BROKEN)?];
    match char::decode_utf16(pair).next() {
        Some(Ok(character)) => Ok((character, 11)),
        _ => Err(BROKEN),
    }
}

/// A numeral as SQL writes it: digits on both sides of the point.
fn numeral(written: &str) -> String {
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", written),
    };
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(place) => digits.split_at(place),
        None => (digits, ""),
    };
    let mantissa = mantissa.strip_suffix('.').unwrap_or(mantissa);
    let zero = if mantissa.starts_with('.') { "0" } else { "" };
    format!("{sign}{zero}{mantissa}{}", exponent.to_ascii_lowercase())
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}

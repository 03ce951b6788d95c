//! Arrays in PostgreSQL's text form: `{1,2,NULL,"a b"}`, nested by dimension.

use bytes::BufMut;

use crate::error::{Error, ErrorKind, Result};
use crate::types::numbers::excerpt;
use crate::types::{ColumnType, TextStyle, Value};

/// Most dimensions of an array, as in PostgreSQL.
pub const ARRAY_DIMENSIONS_MAX: usize = 6;

/// Bytes that the numbers of an array take when they are written out, at most.
const NUMBERS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Reads an array of `element`s; an inner dimension becomes a nested array value.
pub(super) fn parse_array(element: &ColumnType, text: &str, style: &TextStyle) -> Result<Value> {
    let mut reader = Reader { text, rest: text.trim_ascii(), element, style };
    let value = reader.array(1)?;
    if !reader.rest.trim_ascii().is_empty() {
        return Err(reader.malformed("Junk after closing right brace."));
    }
    Ok(value)
}

/// Refuses an array of numbers that are far longer than they were written: `1e131071` has 131,072 digits.
///
/// # Errors
/// 54000 above [`NUMBERS_BYTES_MAX`].
pub fn check_text_bytes(values: &[Value]) -> Result<()> {
    /// Of arrays within one another, which are six deep at most.
    fn bytes(value: &Value) -> usize {
        match value {
            Value::Numeric(number) => number.text_bytes(),
            Value::Array(_, inner) => inner.iter().map(bytes).fold(0, usize::saturating_add),
            _ => 0,
        }
    }
    if values.iter().map(bytes).fold(0, usize::saturating_add) <= NUMBERS_BYTES_MAX {
        return Ok(());
    }
    Err(Error::new(ErrorKind::LimitExceeded, "the numbers of the array are too long")
        .with_detail(format!("Written out they take more than {NUMBERS_BYTES_MAX} bytes.")))
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    element: &'a ColumnType,
    style: &'a TextStyle,
}

impl<'a> Reader<'a> {
    fn malformed(&self, detail: &str) -> Error {
        let message = format!("malformed array literal: \"{}\"", excerpt(self.text));
        Error::new(ErrorKind::InvalidTextRepresentation, message).with_detail(detail)
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn take(&mut self, byte: char) -> bool {
        match self.rest.strip_prefix(byte) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// One pair of braces with what is inside. Depth is bounded by [`ARRAY_DIMENSIONS_MAX`].
    fn array(&mut self, depth: usize) -> Result<Value> {
        if depth > ARRAY_DIMENSIONS_MAX {
            let message = format!("number of array dimensions exceeds the maximum allowed ({ARRAY_DIMENSIONS_MAX})");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        if !self.take('{') {
            return Err(self.malformed("Array value must start with \"{\" or dimension information."));
        }
        let mut values = Vec::new();
        self.skip_blanks();
        if self.take('}') {
            return Ok(Value::Array(Box::new(self.element.clone()), values));
        }
        loop {
            self.skip_blanks();
            let value = match self.rest.as_bytes().first() {
                Some(b'{') => self.array(depth + 1)?,
                Some(b'"') => self.quoted()?,
                _ => self.bare()?,
            };
            values.push(value);
            self.skip_blanks();
            if self.take('}') {
                break;
            }
            if !self.take(',') {
                return Err(self.malformed("Unexpected array element."));
            }
        }
        self.check_shape(&values)?;
        check_text_bytes(&values)?;
        // An array of arrays without elements has none itself.
        if matches!(values.first(), Some(Value::Array(_, inner)) if inner.is_empty()) {
            values.clear();
        }
        Ok(Value::Array(Box::new(self.element.clone()), values))
    }

    /// Inner arrays have the same dimensions, and do not stand beside elements.
    fn check_shape(&self, values: &[Value]) -> Result<()> {
        let first = values.first().map(|value| self.shape(value));
        if values.iter().any(|value| first.as_ref() != Some(&self.shape(value))) {
            let detail = "Multidimensional arrays must have sub-arrays with matching dimensions.";
            return Err(self.malformed(detail));
        }
        Ok(())
    }

    /// The lengths of what was read, in each dimension; none of an element.
    fn shape(&self, value: &Value) -> Vec<usize> {
        let mut lengths = Vec::new();
        let mut level = Some(value);
        while let Some(Value::Array(_, inner)) = level.filter(|_| !matches!(self.element, ColumnType::Array(_))) {
            lengths.push(inner.len());
            level = inner.first();
        }
        lengths
    }

    fn quoted(&mut self) -> Result<Value> {
        let mut content = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Value::parse_in(self.style, self.element, &content);
                }
                '\\' => content.extend(characters.next().map(|(_, escaped)| escaped)),
                other => content.push(other),
            }
        }
        Err(self.malformed("Unexpected end of input."))
    }

    fn bare(&mut self) -> Result<Value> {
        let mut content = String::new();
        let mut is_escaped = false;
        let mut end = self.rest.len();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                ',' | '}' => {
                    end = at;
                    break;
                }
                '{' | '"' => return Err(self.malformed("Incorrectly quoted array element.")),
                '\\' => {
                    is_escaped = true;
                    content.extend(characters.next().map(|(_, escaped)| escaped));
                }
                other => content.push(other),
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        let element = content.trim_ascii();
        if element.is_empty() {
            return Err(self.malformed("Unexpected \",\" or \"}\" character."));
        }
        if !is_escaped && element.eq_ignore_ascii_case("null") {
            return Ok(Value::Null);
        }
        Value::parse_in(self.style, self.element, element)
    }
}

pub(super) fn write_array(values: &[Value], style: &TextStyle, out: &mut impl BufMut) {
    out.put_u8(b'{');
    let mut text = Vec::new();
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            out.put_u8(b',');
        }
        text.clear();
        match value {
            Value::Null => out.put_slice(b"NULL"),
            Value::Array(..) => {
                value.write_in(style, &mut text);
                out.put_slice(&text);
            }
            _ => {
                value.write_in(style, &mut text);
                write_element(&text, out);
            }
        }
    }
    out.put_u8(b'}');
}

/// Reads an `int2vector` or `oidvector`: numbers with blanks between them.
pub(super) fn parse_number_vector(ty: &ColumnType, text: &str) -> Result<Value> {
    let element = ty.element().unwrap_or(ColumnType::Int2);
    let values = text.split_ascii_whitespace().map(|number| Value::parse_text(&element, number));
    Ok(Value::Array(Box::new(ty.clone()), values.collect::<Result<_>>()?))
}

pub(super) fn write_number_vector(values: &[Value], out: &mut impl BufMut) {
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            out.put_u8(b' ');
        }
        value.write_text(out);
    }
}

fn write_element(text: &[u8], out: &mut impl BufMut) {
    let is_special =
        |byte: &u8| matches!(byte, b'{' | b'}' | b',' | b'"' | b'\\' | b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    let is_bare = !text.is_empty() && !text.iter().any(is_special) && !text.eq_ignore_ascii_case(b"null");
    if is_bare {
        return out.put_slice(text);
    }
    out.put_u8(b'"');
    for &byte in text {
        if byte == b'"' || byte == b'\\' {
            out.put_u8(b'\\');
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(element: ColumnType, text: &str) -> String {
        parse_array(&element, text, TextStyle::CANONICAL).unwrap().to_text()
    }

    #[test]
    fn arrays_print_as_in_postgresql() {
        assert_eq!(round(ColumnType::Int4, " { 1 , 2,NULL } "), "{1,2,NULL}");
        assert_eq!(round(ColumnType::Int4, "{}"), "{}");
        assert_eq!(
            round(ColumnType::Text, r#"{a b,"c,d","q\"\\",null,"null",""}"#),
            r#"{"a b","c,d","q\"\\",NULL,"null",""}"#
        );
        assert_eq!(round(ColumnType::Int4, "{{1,2},{3,4}}"), "{{1,2},{3,4}}");
        assert_eq!(round(ColumnType::Bool, "{true,f}"), "{t,f}");
        assert_eq!(round(ColumnType::Vector(None), "{\"[1,2]\"}"), "{\"[1,2]\"}");
    }

    #[test]
    fn number_vectors_have_a_form_of_their_own() {
        let vector = Value::parse_text(&ColumnType::Int2Vector, " 1 2  -3").unwrap();
        assert_eq!(vector.to_text(), "1 2 -3");
        assert_eq!(vector.column_type(), ColumnType::Int2Vector);
        assert_eq!(Value::parse_text(&ColumnType::OidVector, "").unwrap().to_text(), "");
        assert_eq!(Value::parse_text(&ColumnType::OidVector, "1 x").unwrap_err().sqlstate(), "22P02");
        let array = vector.cast(&ColumnType::Array(Box::new(ColumnType::Int4)), true).unwrap();
        assert_eq!(array.to_text(), "{1,2,-3}");
    }

    #[test]
    fn malformed_arrays_are_refused() {
        for text in ["", "1,2", "{1", "{1,}", "{,}", "{1}x", "{\"a", "{1,{2}}", "{{1},{2,3}}", "{a\"b}", "{1 2"] {
            assert_eq!(
                parse_array(&ColumnType::Text, text, TextStyle::CANONICAL).unwrap_err().sqlstate(),
                "22P02",
                "{text}"
            );
        }
        assert_eq!(
            parse_array(&ColumnType::Int4, &"{".repeat(100_000), TextStyle::CANONICAL).unwrap_err().sqlstate(),
            "54000"
        );
        let error = parse_array(&ColumnType::Int4, "{x}", TextStyle::CANONICAL).unwrap_err();
        assert_eq!(error.message(), "invalid input syntax for type integer: \"x\"");
    }
}

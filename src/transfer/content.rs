//! One value on its way: PostgreSQL's text form of it, or raw bytes; and how it stands in JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::error::{Error, ErrorKind, Result};

/// A value; NULL is the absence of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// As PostgreSQL writes a value of its type.
    Text(String),
    /// Of a `bytea` or a blob.
    Bytes(Vec<u8>),
}

/// A row, in the order of the columns of its shape.
pub(super) type TransferRow = Vec<Option<Content>>;

/// What a type is to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeClass {
    Bool,
    /// Up to 32 bits.
    Integer,
    BigInteger,
    Float,
    Double,
    Json,
    Vector,
    Bytes,
    /// Everything else, as text.
    Text,
}

impl TypeClass {
    /// The class of a type by the name that `format_type` gives it.
    pub fn of(type_name: &str) -> TypeClass {
        match type_name.split('(').next().unwrap_or_default().trim() {
            _ if type_name.ends_with("[]") => TypeClass::Text,
            "boolean" => TypeClass::Bool,
            "smallint" | "integer" => TypeClass::Integer,
            "bigint" => TypeClass::BigInteger,
            "real" => TypeClass::Float,
            "double precision" => TypeClass::Double,
            "json" | "jsonb" => TypeClass::Json,
            "vector" => TypeClass::Vector,
            "bytea" => TypeClass::Bytes,
            _ => TypeClass::Text,
        }
    }

    /// A value of this class from the text that a server sends.
    ///
    /// # Errors
    /// XX000 for bytes that are not in hexadecimal digits.
    pub(super) fn receive(self, text: &str) -> Result<Content> {
        match self {
            TypeClass::Bytes => Ok(Content::Bytes(bytes_of_hex(text)?)),
            _ => Ok(Content::Text(text.to_string())),
        }
    }

    /// Appends a value as JSON. Numbers that JSON does not have are texts.
    pub(super) fn write_json(self, content: &Content, out: &mut String) {
        let text = match content {
            Content::Bytes(bytes) => {
                out.push('"');
                BASE64.encode_string(bytes, out);
                out.push('"');
                return;
            }
            Content::Text(text) => text.as_str(),
        };
        match self {
            TypeClass::Bool => out.push_str(if text == "t" || text == "true" { "true" } else { "false" }),
            TypeClass::Integer | TypeClass::BigInteger => out.push_str(text),
            TypeClass::Float | TypeClass::Double if text.parse::<f64>().is_ok_and(f64::is_finite) => out.push_str(text),
            // White space between its parts may hold the ends of lines, which a line cannot.
            TypeClass::Json => {
                out.extend(text.chars().map(|each| if matches!(each, '\n' | '\r') { ' ' } else { each }))
            }
            TypeClass::Vector => out.push_str(text),
            _ => write_string(text, out),
        }
    }

    /// A value of this class from the JSON of a file; `None` for NULL.
    ///
    /// # Errors
    /// 22P02 for JSON that is no such value.
    pub(super) fn read_json(self, json: &str) -> Result<Option<Content>> {
        let is_string = json.starts_with('"');
        let string =
            || serde_json::from_str::<String>(json).map_err(|error| refused(&format!("{json} is no text: {error}")));
        if self == TypeClass::Json {
            return Ok(Some(Content::Text(json.to_string())));
        }
        if json == "null" {
            return Ok(None);
        }
        Ok(Some(match self {
            TypeClass::Bytes if is_string => {
                let bytes = BASE64.decode(string()?);
                Content::Bytes(bytes.map_err(|error| refused(&format!("bytes that are no base64: {error}")))?)
            }
            TypeClass::Bytes => return Err(refused("bytes have to be a text in base64")),
            _ if is_string => Content::Text(string()?),
            _ => Content::Text(json.to_string()),
        }))
    }
}

/// Appends a text as a JSON string.
pub(super) fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

pub(super) fn refused(message: &str) -> Error {
    Error::new(ErrorKind::InvalidTextRepresentation, message)
}

pub(super) fn hex_of_bytes(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("\\x");
    for byte in bytes {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}

fn bytes_of_hex(text: &str) -> Result<Vec<u8>> {
    let wrong = || Error::internal("the server wrote bytes that cannot be read");
    let digits = text.strip_prefix("\\x").ok_or_else(wrong)?.as_bytes();
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_from_json() {
        let text = |text: &str| Content::Text(text.to_string());
        for (ty, content, json) in [
            ("boolean", text("t"), "true"),
            ("bigint", text("9223372036854775807"), "9223372036854775807"),
            ("numeric(40,2)", text("12345678901234567890.10"), "\"12345678901234567890.10\""),
            ("double precision", text("NaN"), "\"NaN\""),
            ("real", text("1e-20"), "1e-20"),
            ("jsonb", text("{\"a\": 1e400}"), "{\"a\": 1e400}"),
            ("jsonb", text("null"), "null"),
            ("vector(3)", text("[1,2.5,-3]"), "[1,2.5,-3]"),
            ("bytea", Content::Bytes(vec![0, 255, 10]), "\"AP8K\""),
            ("integer[]", text("{1,NULL}"), "\"{1,NULL}\""),
            ("timestamp with time zone", text("infinity"), "\"infinity\""),
            ("text", text("a \"quote\"\n\u{1}"), "\"a \\\"quote\\\"\\n\\u0001\""),
        ] {
            let class = TypeClass::of(ty);
            let mut written = String::new();
            class.write_json(&content, &mut written);
            assert_eq!(written, json, "{ty}");
            let back = class.read_json(&written).unwrap().unwrap();
            let expected = if ty == "boolean" { text("true") } else { content };
            assert_eq!(back, expected, "{ty}");
        }
        assert_eq!(TypeClass::of("text").read_json("null").unwrap(), None);
        assert!(TypeClass::of("bytea").read_json("\"?\"").is_err());
        assert_eq!(bytes_of_hex(&hex_of_bytes(&[1, 254])).unwrap(), [1, 254]);
    }
}

//! The arguments of a call, read with bounds. Every refusal says which argument, what is allowed, and what to do. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};

/// Longest key of an entry, and longest name of a collection or network, in bytes.
const NAME_BYTES_MAX: usize = 1024;
/// Most keys of one call.
const KEYS_MAX: usize = 100;
/// Most components of a vector.
const VECTOR_COMPONENTS_MAX: usize = 16_000;

/// The arguments of one call.
pub(super) struct ToolArguments(Map<String, Value>);

impl ToolArguments {
    /// The arguments of a tool that takes those of `known`.
    ///
    /// # Errors
    /// 22023 for one that it does not take: a model would believe that it had an effect.
    pub fn new(given: Option<Map<String, Value>>, known: &[String]) -> Result<ToolArguments> {
        let mut given = given.unwrap_or_default();
        given.retain(|_, value| !value.is_null());
        match given.keys().find(|name| !known.contains(name)) {
            Some(name) => Err(refused(format!("there is no argument {name:?}"))
                .with_hint(format!("The arguments are: {}.", known.join(", ")))),
            None => Ok(ToolArguments(given)),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text of at most so many bytes.
    ///
    /// # Errors
    /// 22023 for what is no text, for more than `bytes_max` bytes, and for a NUL.
    pub fn text(&self, name: &str, bytes_max: usize) -> Result<Option<&str>> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| wrong(name, "a text", value))?;
        if text.len() > bytes_max {
            return Err(refused(format!("{name} has {} bytes, allowed are {bytes_max}", text.len())));
        }
        if text.contains('\0') {
            return Err(refused(format!("{name} holds the character NUL, which no text here may hold")));
        }
        Ok(Some(text))
    }

    /// A name or a key: a text that is neither empty nor long.
    ///
    /// # Errors
    /// 22023 for an empty one; as [`ToolArguments::text`].
    pub fn name(&self, name: &str) -> Result<Option<&str>> {
        match self.text(name, NAME_BYTES_MAX)? {
            Some("") => Err(refused(format!("{name} is empty"))),
            text => Ok(text),
        }
    }

    /// Whether a flag is set; false where it is not given.
    ///
    /// # Errors
    /// 22023 for what is neither true nor false.
    pub fn flag(&self, name: &str) -> Result<bool> {
        match self.0.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| wrong(name, "true or false", value)),
        }
    }

    /// A whole number within bounds.
    ///
    /// # Errors
    /// 22023 for what is no whole number within `range`.
    pub fn count(&self, name: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        // Some models write whole numbers as 5.0.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole, and the range follows"
        )]
        let number =
            value.as_u64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64));
        match number {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(wrong(name, &format!("a whole number from {} to {}", range.start(), range.end()), value)),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// 22023 for what is none.
    pub fn number(&self, name: &str) -> Result<Option<f64>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| wrong(name, "a number", value)),
        }
    }

    /// One of these words; the first where none is given.
    ///
    /// # Errors
    /// 22023 for anything else.
    pub fn choice<'a>(&self, name: &str, words: &[&'a str]) -> Result<&'a str> {
        let Some(value) = self.0.get(name) else { return Ok(words.first().copied().unwrap_or_default()) };
        let chosen = value.as_str().and_then(|given| words.iter().find(|word| **word == given));
        chosen.copied().ok_or_else(|| wrong(name, &format!("one of {}", words.join(", ")), value))
    }

    /// A JSON object of at most so many bytes as text.
    ///
    /// # Errors
    /// 22023 for what is no object, for more than `bytes_max` bytes, and for a NUL in one of its texts.
    pub fn object(&self, name: &str, bytes_max: usize) -> Result<Option<&Map<String, Value>>> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let object = value.as_object().ok_or_else(|| wrong(name, "a JSON object", value))?;
        let bytes = value.to_string().len();
        if bytes > bytes_max {
            return Err(refused(format!("{name} has {bytes} bytes as text, allowed are {bytes_max}")));
        }
        if has_nul(value) {
            return Err(refused(format!("{name} holds the character NUL, which no text here may hold")));
        }
        Ok(Some(object))
    }

    /// `key`, or `keys`: the keys of entries; none where neither is given.
    ///
    /// # Errors
    /// 22023 where both are given, for an empty list or one above `KEYS_MAX`, and for a key that is no text, empty or long.
    pub fn keys(&self) -> Result<Vec<String>> {
        if let Some(key) = self.name("key")? {
            if self.has("keys") {
                return Err(refused("key and keys are both given").with_hint("Give one of them."));
            }
            return Ok(vec![key.to_string()]);
        }
        let Some(value) = self.0.get("keys") else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| wrong("keys", "a list of texts", value))?;
        if list.is_empty() || list.len() > KEYS_MAX {
            return Err(refused(format!("keys has {} keys, allowed are 1 to {KEYS_MAX}", list.len())));
        }
        let key = |key: &Value| match key.as_str() {
            Some(key) if !key.is_empty() && key.len() <= NAME_BYTES_MAX && !key.contains('\0') => Ok(key.to_string()),
            _ => Err(wrong("keys", &format!("a list of texts of 1 to {NAME_BYTES_MAX} bytes"), key)),
        };
        list.iter().map(key).collect()
    }

    /// A vector in the form that the server reads.
    ///
    /// # Errors
    /// 22023 for what is no list of numbers, and for one that is empty or above `VECTOR_COMPONENTS_MAX`.
    pub fn vector(&self, name: &str) -> Result<Option<String>> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let list = value.as_array().ok_or_else(|| wrong(name, "a list of numbers", value))?;
        if list.is_empty() || list.len() > VECTOR_COMPONENTS_MAX {
            let message = format!("{name} has {} components, allowed are 1 to {VECTOR_COMPONENTS_MAX}", list.len());
            return Err(refused(message));
        }
        match list.iter().find(|component| !component.is_number()) {
            Some(component) => Err(wrong(name, "a list of numbers", component)),
            None => Ok(Some(value.to_string())),
        }
    }

    /// Bytes in base64, in the form that the server reads.
    ///
    /// # Errors
    /// 22023 for what is not base64, and for more than `bytes_max` bytes.
    pub fn blob(&self, name: &str, bytes_max: usize) -> Result<Option<String>> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| wrong(name, "bytes in base64", value))?;
        if text.len() / 4 * 3 > bytes_max + 2 {
            return Err(refused(format!("{name} has some {} bytes, allowed are {bytes_max}", text.len() / 4 * 3)));
        }
        let bytes = STANDARD.decode(text).map_err(|error| refused(format!("{name} is not base64: {error}")))?;
        if bytes.len() > bytes_max {
            return Err(refused(format!("{name} has {} bytes, allowed are {bytes_max}", bytes.len())));
        }
        let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
        Ok(Some(std::iter::once("\\x".to_string()).chain(hex).collect()))
    }
}

/// A refusal of an argument.
pub(super) fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, message)
}

fn wrong(name: &str, wanted: &str, value: &Value) -> Error {
    let mut shown = value.to_string();
    if let Some((end, _)) = shown.char_indices().nth(80) {
        shown.truncate(end);
        shown.push('…');
    }
    refused(format!("{name} has to be {wanted}, not {shown}"))
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(elements) => elements.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, member)| name.contains('\0') || has_nul(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments(value: Value) -> ToolArguments {
        ToolArguments(value.as_object().unwrap().clone())
    }

    #[test]
    fn arguments_are_bounded_and_refusals_say_how() {
        let given = arguments(json!({
            "a": 7, "b": "x\u{0}y", "c": "toolong", "limit": 101, "flag": "yes", "vector": [1, "2"], "empty": [],
            "blob": "aGk=", "bad": "%%", "metric": "manhattan", "keys": ["a", 7], "facts": {"x": ["\u{0}"]}, "whole": 5.0,
        }));
        let said = |result: Result<String>| result.unwrap_err().message().to_string();
        let done = |_| String::new();
        assert_eq!(said(given.text("a", 10).map(|_| String::new())), "a has to be a text, not 7");
        assert!(said(given.text("b", 10).map(|_| String::new())).contains("NUL"));
        assert_eq!(said(given.text("c", 3).map(|_| String::new())), "c has 7 bytes, allowed are 3");
        assert_eq!(
            said(given.count("limit", 1..=100).map(|_| String::new())),
            "limit has to be a whole number from 1 to 100, not 101"
        );
        assert_eq!(said(given.flag("flag").map(done)), "flag has to be true or false, not \"yes\"");
        assert_eq!(
            said(given.vector("vector").map(|_| String::new())),
            "vector has to be a list of numbers, not \"2\""
        );
        assert!(said(given.vector("empty").map(|_| String::new())).contains("1 to 16000"));
        assert_eq!(given.blob("blob", 2).unwrap().unwrap(), "\\x6869");
        assert!(given.blob("blob", 1).is_err() && given.blob("bad", 9).is_err());
        assert!(said(given.choice("metric", &["cosine", "l2"]).map(str::to_string)).contains("one of cosine, l2"));
        assert!(given.keys().is_err() && given.object("facts", 100).is_err());
        assert_eq!(given.count("whole", 1..=9).unwrap(), Some(5));
        assert_eq!(given.choice("nothing", &["cosine", "l2"]).unwrap(), "cosine");
        let known = ["a".to_string()];
        assert!(ToolArguments::new(Some(given.0), &known).is_err());
    }
}

//! Patterns and containment, as conditions ask for them: regular expressions within bounds, LIKE as one, KNIRVQL's CONTAINS.

use std::borrow::Cow;

use regex::RegexBuilder;

use crate::error::Result;
use crate::types::json::jsonb;
use crate::types::{Regex, RegexFlags, Value, json_text_of_value, never, regex_error};

/// Largest compiled size of a pattern of LIKE, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// KNIRVQL CONTAINS: text in text, value in array, key in object.
pub(super) fn contains(left: &Value, value: &Value) -> Option<bool> {
    match left {
        Value::Null => None,
        Value::Text(text) => Some(text_of(value).is_some_and(|part| text.contains(part.as_ref()))),
        Value::Json(document) => {
            let is_object = document.trim_start().starts_with('{');
            match (is_object, value.as_str()) {
                (true, Some(key)) => Some(jsonb::has_key(document, key)),
                _ => Some(jsonb::contains(document, &json_text_of_value(value))),
            }
        }
        _ => Some(false),
    }
}

/// What a test reads of a value; `None` for NULL.
pub(super) fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::Text(text) | Value::Json(text) => Some(Cow::Borrowed(text)),
        other => Some(Cow::Owned(other.to_text())),
    }
}

/// A pattern that is known before the rows are.
#[derive(Debug)]
pub(super) enum Pattern {
    Like(regex::Regex),
    Regular(Regex),
}

impl Pattern {
    /// # Errors
    /// 54000 for a search that takes too long.
    pub fn is_match(&self, text: &str) -> Result<bool> {
        match self {
            Pattern::Like(regex) => Ok(regex.is_match(text)),
            Pattern::Regular(regex) => regex.is_match(text, &never),
        }
    }
}

/// A regular expression of a user.
///
/// # Errors
/// 2201B for one that is wrong or too large.
pub fn compile_regex(pattern: &str, ignores_case: bool) -> Result<Regex> {
    Regex::new(pattern, RegexFlags { ignores_case, ..RegexFlags::default() })
}

/// LIKE as an anchored regular expression; a backslash takes the next character as it is.
pub(super) fn like_regex(pattern: &str, case_insensitive: bool) -> Result<regex::Regex> {
    let mut expression = String::with_capacity(pattern.len() + 8);
    expression.push('^');
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => expression.push_str(".*"),
            '_' => expression.push('.'),
            '\\' => {
                let escaped = characters.next().unwrap_or('\\');
                expression.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4])));
            }
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push('$');
    RegexBuilder::new(&expression)
        .case_insensitive(case_insensitive)
        .dot_matches_new_line(true)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| regex_error(&error.to_string()))
}

//! The members of a JSON object as they are written, so that no number of a fact passes through a float.

use serde::de::IgnoredAny;

use crate::error::Result;
use crate::transfer::content::refused;

/// Names and the JSON of the values of one object.
///
/// # Errors
/// 22P02 for what is no JSON object.
pub(super) fn members(text: &str) -> Result<Vec<(String, &str)>> {
    let wrong = |what: &str| refused(&format!("it is no JSON object: {what}"));
    // Checked as a whole first: what follows may then trust what it sees.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| wrong(&error.to_string()))?;
    let inner = text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let mut rest = inner.ok_or_else(|| wrong("it begins with no brace"))?.trim_start();
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (name, behind) = rest.split_at(value_end(rest));
        let name = serde_json::from_str(name.trim()).map_err(|error| wrong(&error.to_string()))?;
        let value = behind.trim_start().strip_prefix(':').ok_or_else(|| wrong("a name without a value"))?.trim_start();
        let (value, behind) = value.split_at(value_end(value));
        members.push((name, value.trim_end()));
        rest = behind.trim_start_matches(|each: char| each.is_whitespace() || each == ',');
    }
    Ok(members)
}

/// Where the value that a text begins with ends: before a comma or colon on its own level, or the end.
fn value_end(text: &str) -> usize {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, each) in text.char_indices() {
        match each {
            _ if is_escaped => is_escaped = false,
            '\\' if in_string => is_escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            ',' | ':' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_what_was_written() {
        let text = r#" {"a": 1e400, "b,\"}": {"x": [1, 2], "y": "]}"} , "c":null,"d":"\\"} "#;
        let found = members(text).unwrap();
        let expected = [("a", "1e400"), ("b,\"}", r#"{"x": [1, 2], "y": "]}"}"#), ("c", "null"), ("d", r#""\\""#)];
        assert_eq!(found.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>(), expected);
        assert_eq!(members("{ }").unwrap(), []);
        for wrong in ["", "[1]", "{\"a\":1", "{\"a\" 1}", "{a: 1}", "{\"a\": 1} x"] {
            assert!(members(wrong).is_err(), "{wrong}");
        }
    }
}

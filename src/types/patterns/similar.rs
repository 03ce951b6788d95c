//! Patterns of SIMILAR TO: `%` and `_` as in LIKE, alternatives, groups, classes and counts as in regular expressions.

use crate::error::{Error, ErrorKind, Result};

/// The regular expression of a pattern (`similar_escape_internal` in PostgreSQL's `regexp.c`). It fits whole texts.
///
/// # Errors
/// 22025 for an escape of several characters, 2200C for more than two separators.
pub fn similar_to_regex(pattern: &str, escape: &str) -> Result<String> {
    let mut characters = escape.chars();
    let escape = characters.next();
    if characters.next().is_some() {
        return Err(Error::new(ErrorKind::InvalidEscape, "invalid escape string")
            .with_hint("Escape string must be empty or one character."));
    }
    let mut out = String::with_capacity(pattern.len() + 10);
    out.push_str("^(?:");
    let mut class: Option<usize> = None;
    let mut parts = 0;
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        if Some(character) == escape {
            let Some(next) = rest.next() else { break };
            if next == '"' && class.is_none() {
                // What `substring` takes stands between two of these: what precedes it is as short as can be.
                out.push_str(match parts {
                    0 => "){1,1}?(",
                    1 => "){1,1}(?:",
                    _ => return Err(too_many_separators()),
                });
                parts += 1;
            } else {
                // A letter has the meaning that it has in regular expressions: \d, \w.
                out.extend(['\\', next]);
                class = class.map(|length| length + 1);
            }
            continue;
        }
        if let Some(length) = class {
            // A bracket right behind the first one, or behind its caret, belongs to the class.
            class = match character {
                ']' if length > 0 => None,
                '^' if length == 0 => Some(0),
                _ => Some(length + 1),
            };
            match character {
                '[' if rest.as_str().starts_with([':', '.', '=']) => {
                    let (name, after) = named_class(rest.as_str());
                    out.push('[');
                    out.push_str(name);
                    rest = after.chars();
                }
                '\\' => out.push_str("\\\\"),
                other => out.push(other),
            }
            continue;
        }
        match character {
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '(' => out.push_str("(?:"),
            '[' => {
                class = Some(0);
                out.push('[');
            }
            '\\' | '.' | '^' | '$' => out.extend(['\\', character]),
            other => out.push(other),
        }
    }
    out.push_str(")$");
    Ok(out)
}

fn too_many_separators() -> Error {
    let message = "SQL regular expression may not contain more than two escape-double-quote separators";
    Error::new(ErrorKind::EscapeConflict, message)
}

/// What follows `[` of a class by name, such as `:alpha:]`, and what comes behind it.
fn named_class(text: &str) -> (&str, &str) {
    let kind = text.get(..1).unwrap_or("");
    let end = text.get(1..).and_then(|inner| inner.find(&format!("{kind}]"))).map(|at| at + 3);
    end.and_then(|end| text.split_at_checked(end)).unwrap_or(("", text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Regex, RegexFlags, never};

    #[test]
    fn the_whole_text_has_to_fit() {
        for (text, pattern, escape, expected) in [
            ("abc", "b", "\\", false),
            ("abc", "abc", "\\", true),
            ("abc", "a%", "\\", true),
            ("abc", "%(b|d)%", "\\", true),
            ("abc", "(b|c)%", "\\", false),
            ("abc", "a|b", "\\", false),
            ("a.c", "a.c", "\\", true),
            ("abc", "a.c", "\\", false),
            ("a^$", "a^$", "\\", true),
            ("a%c", "a#%c", "#", true),
            ("abc", "a#%c", "#", false),
            ("aaa", "a{3}", "\\", true),
            ("aaa", "a{2}", "\\", false),
            ("b", "[%_a]", "\\", false),
            ("_", "[%_a]", "\\", true),
            ("]", "[]a]", "\\", true),
            ("b", "[^]a]", "\\", true),
            ("abc", "[[:alpha:]]*", "\\", true),
            ("a\nb", "a_b", "\\", true),
            ("a\\b", "a\\\\b", "\\", true),
            ("a\\b", "a\\b", "", true),
            ("", "", "\\", true),
            ("a", "", "\\", false),
        ] {
            let regex = Regex::new(&similar_to_regex(pattern, escape).unwrap(), RegexFlags::default()).unwrap();
            assert_eq!(regex.is_match(text, &never).unwrap(), expected, "{text} SIMILAR TO {pattern}");
        }
        assert_eq!(similar_to_regex("a", "ab").unwrap_err().sqlstate(), "22025");
    }
}

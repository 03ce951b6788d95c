//! Patterns of LIKE: `%` is any text, `_` any character, a backslash takes the next character as it is.
//!
//! Another escape character becomes the backslash in one place, [`like_escape`], as in PostgreSQL. [`like_matches`] is
//! PostgreSQL's own way through text and pattern, for patterns that are not known before the row is.

use std::str::Chars;

use crate::error::{Error, ErrorKind, Result};

/// The pattern with backslashes instead of the escape character; without one, backslashes are plain.
///
/// # Errors
/// 22025 for an escape of several characters.
pub fn like_escape(pattern: &str, escape: &str) -> Result<String> {
    let mut characters = escape.chars();
    let escape = characters.next();
    if characters.next().is_some() {
        return Err(Error::new(ErrorKind::InvalidEscape, "invalid escape string")
            .with_hint("Escape string must be empty or one character."));
    }
    if escape == Some('\\') {
        return Ok(pattern.to_string());
    }
    let mut out = String::with_capacity(pattern.len());
    let mut is_escaped = false;
    for character in pattern.chars() {
        if Some(character) == escape && !is_escaped {
            out.push('\\');
            is_escaped = true;
            continue;
        }
        if character == '\\' && !is_escaped {
            out.push('\\');
        }
        out.push(character);
        is_escaped = false;
    }
    Ok(out)
}

/// Whether the pattern ends with a backslash that escapes nothing.
pub fn has_dangling_escape(pattern: &str) -> bool {
    pattern.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// 22025 for what [`has_dangling_escape`] is true of, where the match comes to its end.
fn dangling_escape() -> Error {
    Error::new(ErrorKind::InvalidEscape, "LIKE pattern must not end with escape character")
}

/// Whether the whole text fits the pattern (`MatchText` in PostgreSQL's `like_match.c`).
///
/// # Errors
/// 22025 when the match comes to a backslash that ends the pattern.
pub fn like_matches(text: &str, pattern: &str, case_insensitive: bool) -> Result<bool> {
    if case_insensitive { fits(&text.to_lowercase(), &pattern.to_lowercase()) } else { fits(text, pattern) }
}

/// Goes on behind the last `%` with one character more where the text does not fit: what stands before it fits already.
fn fits(text: &str, pattern: &str) -> Result<bool> {
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    let mut last_percent: Option<(Chars<'_>, Chars<'_>)> = None;
    loop {
        let here = text.clone();
        // The character that is wanted, none for any.
        let wanted = match pattern.next() {
            Some('%') => {
                last_percent = Some((here, pattern.clone()));
                continue;
            }
            Some('_') => Some(None),
            Some('\\') if !here.as_str().is_empty() => Some(Some(pattern.next().ok_or_else(dangling_escape)?)),
            other => other.map(Some),
        };
        match (wanted, text.next()) {
            (None, None) => return Ok(true),
            (Some(_), None) => return Ok(false),
            (Some(wanted), Some(found)) if wanted.is_none_or(|wanted| wanted == found) => continue,
            (_, Some(_)) => {}
        }
        let Some((mut rest, behind)) = last_percent.take() else { return Ok(false) };
        if rest.next().is_none() {
            return Ok(false);
        }
        (text, pattern) = (rest.clone(), behind.clone());
        last_percent = Some((rest, behind));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_become_backslashes() {
        for (pattern, escape, expected) in [
            ("a/_b/%/c//%", "/", r"a\_b\%\c\/%"),
            (r"a\b", "/", r"a\\b"),
            (r"a\_b", r"\", r"a\_b"),
            (r"a\_b", "", r"a\\_b"),
            ("50é%", "é", r"50\%"),
            (r"#\", "#", r"\\"),
            ("a#", "#", r"a\"),
        ] {
            assert_eq!(like_escape(pattern, escape).unwrap(), expected, "{pattern} {escape}");
        }
        assert_eq!(like_escape("a", "ab").unwrap_err().sqlstate(), "22025");
    }

    #[test]
    fn texts_fit_their_patterns() {
        for (text, pattern, expected) in [
            ("hawkeye", "h%", true),
            ("hawkeye", "H%", false),
            ("hawkeye", "_a%y_", true),
            ("indio", r"in_%\_o", false),
            ("in_dio", r"in\_%", true),
            ("", "%", true),
            ("", "", true),
            ("", "_", false),
            ("aab", "%ab", true),
            ("abab", "%ab", true),
            ("aXbXc", "a%b%d", false),
            ("é", "_", true),
            ("a\nb", "a%b", true),
            (r"a\", r"a\\", true),
        ] {
            assert_eq!(like_matches(text, pattern, false).unwrap(), expected, "{text} LIKE {pattern}");
        }
        assert!(like_matches("ÉTÉ", "é_é", true).unwrap());
    }

    #[test]
    fn a_dangling_escape_is_an_error_where_the_match_comes_to_it() {
        assert!(has_dangling_escape(r"a\") && has_dangling_escape(r"\\\") && !has_dangling_escape(r"a\\"));
        assert_eq!(like_matches(r"a\", r"\", false).unwrap_err().sqlstate(), "22025");
        assert_eq!(like_matches("ab", r"a\", false).unwrap_err().sqlstate(), "22025");
        assert!(!like_matches("b", r"a\", false).unwrap());
        assert!(!like_matches("", r"\", false).unwrap());
    }

    proptest! {
        #[test]
        fn fits_as_the_regular_expression_does(text in "[ab_%]{0,8}", pattern in "[ab_%]{0,8}") {
            let mut expression = "(?s)^".to_string();
            for character in pattern.chars() {
                match character {
                    '%' => expression.push_str(".*"),
                    '_' => expression.push('.'),
                    other => expression.push(other),
                }
            }
            expression.push('$');
            let expected = regex::Regex::new(&expression).unwrap().is_match(&text);
            prop_assert_eq!(like_matches(&text, &pattern, false).unwrap(), expected);
        }
    }
}

//! What is wrong with a regular expression, in PostgreSQL's words.

use crate::error::{Error, ErrorKind};

/// Beginnings of the engine's explanations, with PostgreSQL's.
const EXPLANATIONS: &[(&str, &str)] = &[
    ("unclosed group", "parentheses () not balanced"),
    ("unopened group", "parentheses () not balanced"),
    ("unclosed character class", "brackets [] not balanced"),
    ("unclosed counted repetition", "braces {} not balanced"),
    ("repetition operator missing expression", "quantifier operand invalid"),
    ("repetition quantifier expects", "invalid repetition count(s)"),
    ("invalid repetition count", "invalid repetition count(s)"),
    ("incomplete escape sequence", "invalid escape \\ sequence"),
    ("unrecognized escape sequence", "invalid escape \\ sequence"),
    ("invalid character class range", "invalid character range"),
    ("ASCII class not found", "invalid character class"),
    ("exceed the maximum number of nested", "regular expression is too complex"),
    ("exceeds the limit on the number of capturing groups", "regular expression is too complex"),
    ("exceeds size limit", "regular expression is too complex"),
];

/// 2201B, with what is wrong in PostgreSQL's words.
pub(super) fn invalid(words: &str) -> Error {
    Error::new(ErrorKind::InvalidRegex, format!("invalid regular expression: {words}"))
}

/// The error for what the crate `regex` says of an expression: 2201B.
pub fn regex_error(explanation: &str) -> Error {
    let known = EXPLANATIONS.iter().find(|(begins, _)| explanation.contains(begins)).map(|(_, words)| *words);
    let last = explanation.lines().last().unwrap_or("").trim();
    let words = known.unwrap_or_else(|| last.strip_prefix("error: ").unwrap_or(last));
    Error::new(ErrorKind::InvalidRegex, format!("invalid regular expression: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_in_postgresqls_words() {
        for (pattern, sqlstate, message) in [
            ("(", "2201B", "invalid regular expression: parentheses () not balanced"),
            ("a)", "2201B", "invalid regular expression: parentheses () not balanced"),
            ("[a", "2201B", "invalid regular expression: brackets [] not balanced"),
            ("*a", "2201B", "invalid regular expression: quantifier operand invalid"),
            ("a{2,1}", "2201B", "invalid regular expression: invalid repetition count(s)"),
            ("\\", "2201B", "invalid regular expression: invalid escape \\ sequence"),
        ] {
            let error = regex_error(&regex::Regex::new(pattern).unwrap_err().to_string());
            assert_eq!((error.sqlstate(), error.message()), (sqlstate, message), "{pattern}");
        }
        let complex = regex::RegexBuilder::new("a{1000}{1000}").size_limit(1000).build().unwrap_err();
        assert_eq!(
            regex_error(&complex.to_string()).message(),
            "invalid regular expression: regular expression is too complex"
        );
    }
}

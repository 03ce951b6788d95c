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

/// The error for what the engine says of an expression: 2201B, or 0A000 for what it does not offer.
pub fn regex_error(explanation: &str) -> Error {
    if explanation.contains("look-around") || explanation.contains("backreferences") {
        return Error::unsupported(
            "look-around and back references in regular expressions are not offered",
            "The engine runs in linear time and knows neither: combine several expressions with AND, OR and NOT.",
        );
    }
    let is_escape = explanation.contains("unrecognized escape sequence");
    if is_escape && ["\\y", "\\Y", "\\m", "\\M", "\\Z"].iter().any(|escape| explanation.contains(escape)) {
        return Error::unsupported(
            "the escapes \\y, \\Y, \\m, \\M and \\Z in regular expressions are not offered",
            "Write \\b for a word's bound, \\B for what is none, \\b{start} and \\b{end} for its ends, \\z for the text's.",
        );
    }
    if explanation.contains("unrecognized flag") {
        let hint = "The flags in (?…) are i, m, s, x and U.";
        return Error::unsupported("this flag of a regular expression is not offered", hint);
    }
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
            ("\\ma", "0A000", "the escapes \\y, \\Y, \\m, \\M and \\Z in regular expressions are not offered"),
            ("\\", "2201B", "invalid regular expression: invalid escape \\ sequence"),
            ("x(?=y)", "0A000", "look-around and back references in regular expressions are not offered"),
            ("(b)\\1", "0A000", "look-around and back references in regular expressions are not offered"),
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

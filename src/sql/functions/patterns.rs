//! Patterns of LIKE and regular expressions, for those that are not known while a statement is planned.

use std::cell::RefCell;

use regex::Regex;

use crate::error::Result;
use crate::expr::Parameter::Text;
use crate::expr::{Function, compile_regex, text_of};
use crate::types::{ColumnType, Value, like_escape, like_matches, similar_to_regex};

/// LIKE and ILIKE, under PostgreSQL's names.
pub const LIKE: &str = "textlike";
pub const ILIKE: &str = "texticlike";
/// The regular expression of a pattern of SIMILAR TO.
pub const SIMILAR_TO_REGEX: &str = "similar_to_escape";

thread_local! {
    /// The expression that was used last: most statements have one.
    static LAST: RefCell<Option<(String, Regex)>> = const { RefCell::new(None) };
}

pub fn definitions() -> Vec<Function> {
    vec![
        Function::new(LIKE, &[Text, Text], ColumnType::Bool, |_, arguments| {
            like_matches(text_of(arguments, 0), text_of(arguments, 1), false).map(Value::Bool)
        }),
        Function::new(ILIKE, &[Text, Text], ColumnType::Bool, |_, arguments| {
            like_matches(text_of(arguments, 0), text_of(arguments, 1), true).map(Value::Bool)
        }),
        Function::new("like_escape", &[Text, Text], ColumnType::Text, |_, arguments| {
            like_escape(text_of(arguments, 0), text_of(arguments, 1)).map(Value::text)
        }),
        Function::new(SIMILAR_TO_REGEX, &[Text, Text], ColumnType::Text, |_, arguments| {
            let escape = if arguments.len() > 1 { text_of(arguments, 1) } else { "\\" };
            similar_to_regex(text_of(arguments, 0), escape).map(Value::text)
        })
        .optional(1),
        Function::new("textregexsubstr", &[Text, Text], ColumnType::Text, |_, arguments| {
            part(text_of(arguments, 0), text_of(arguments, 1))
        }),
    ]
}

/// `substring(text FROM pattern)`: the first group of the first match, or the whole match where there is no group.
fn part(text: &str, pattern: &str) -> Result<Value> {
    LAST.with_borrow_mut(|last| {
        let known = last.take().filter(|(known, _)| known == pattern);
        let (_, regex) = last.insert(match known {
            Some(known) => known,
            None => (pattern.to_string(), compile_regex(pattern, false)?),
        });
        let group = usize::from(regex.captures_len() > 1);
        let found = regex.captures(text).and_then(|captures| captures.get(group));
        Ok(found.map_or(Value::Null, |found| Value::text(found.as_str())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_is_the_part() {
        assert_eq!(part("foobar", "o(.)b").unwrap(), Value::text("o"));
        assert_eq!(part("foobar", "o.b").unwrap(), Value::text("oob"));
        assert_eq!(part("foobar", "o.b").unwrap(), Value::text("oob"));
        assert_eq!(part("foo", "x(y)?").unwrap(), Value::Null);
        assert_eq!(part("foo", "(").unwrap_err().sqlstate(), "2201B");
    }
}

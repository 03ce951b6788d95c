//! Patterns of LIKE and SIMILAR TO, for those that are not known while a statement is planned.

use crate::expr::Parameter::Text;
use crate::expr::{Function, text_of};
use crate::types::{ColumnType, Value, like_escape, like_matches, similar_to_regex};

/// LIKE and ILIKE, under PostgreSQL's names.
pub const LIKE: &str = "textlike";
pub const ILIKE: &str = "texticlike";
/// The regular expression of a pattern of SIMILAR TO.
pub const SIMILAR_TO_REGEX: &str = "similar_to_escape";

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
    ]
}

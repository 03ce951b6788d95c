//! Patterns of LIKE and SIMILAR TO, for those that are not known while a statement is planned.

use crate::error::Result;
use crate::expr::Parameter::{Bool, Text, TextArray};
use crate::expr::{Function, Invocation, text_of};
use crate::types::{ColumnType, Value, like_escape, like_matches, similar_to_regex};

/// LIKE and ILIKE, under PostgreSQL's names.
pub const LIKE: &str = "textlike";
pub const ILIKE: &str = "texticlike";
/// LIKE of any or all patterns of an array.
pub const LIKE_LIST: &str = "$like_list";
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
        Function::new(LIKE_LIST, &[Text, TextArray, Bool, Bool, Bool], ColumnType::Bool, like_list),
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

/// Whether a text is like any pattern, or all; unknown where a NULL among them would decide.
fn like_list(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let is_set = |position: usize| arguments.get(position) == Some(&Value::Bool(true));
    let (is_all, is_negated, ignores_case) = (is_set(2), is_set(3), is_set(4));
    let patterns = match arguments.get(1).map(|patterns| patterns.clone().flattened()) {
        Some(Value::Array(_, patterns)) => patterns,
        _ => return Ok(Value::Null),
    };
    let mut is_unknown = false;
    for pattern in &patterns {
        let Some(pattern) = pattern.as_str() else {
            is_unknown = true;
            continue;
        };
        let holds = like_matches(text_of(arguments, 0), pattern, ignores_case)? != is_negated;
        if holds != is_all {
            return Ok(Value::Bool(holds));
        }
    }
    Ok(if is_unknown { Value::Null } else { Value::Bool(is_all) })
}

//! Evaluating a bound predicate on an entry, with SQL's three truth values.
//!
//! A predicate is compiled once a statement (patterns become regular expressions, constants are looked at once), then run
//! on each entry. `None` is SQL's unknown.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};

use crate::db::read::entry_view::EntryView;
use crate::db::read::query::{Comparison, Operand, Predicate};
use crate::error::Result;
use crate::types::json::jsonb;
use crate::types::{Value, has_dangling_escape, json_text_of_value, like_matches, regex_error};

/// Largest compiled size of a user's regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// A predicate ready to run.
#[derive(Debug)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// Equality or inequality with a text: the most frequent filter, run without copying.
    Text {
        left: Operand,
        operator: Comparison,
        right: Box<str>,
    },
    Compare {
        left: Operand,
        operator: Comparison,
        right: Value,
    },
    CompareOperands {
        left: Operand,
        operator: Comparison,
        right: Operand,
    },
    In {
        left: Operand,
        values: Vec<Value>,
        has_null: bool,
    },
    IsNull(Operand),
    Pattern {
        left: Operand,
        pattern: Regex,
    },
    /// A pattern of LIKE that ends with an escape, which is an error for texts that come so far.
    Dangling {
        left: Operand,
        pattern: Box<str>,
        case_insensitive: bool,
    },
    Prefix {
        left: Operand,
        prefix: Box<str>,
    },
    Contains {
        left: Operand,
        value: Value,
    },
    JsonContains {
        left: Operand,
        value: Box<str>,
    },
    JsonHasKey {
        left: Operand,
        key: Box<str>,
    },
    IsTrue(Operand),
    Constant(Option<bool>),
}

impl Filter {
    /// # Errors
    /// 2201B for a regular expression that is wrong or too large, 0A000 for one that needs another engine.
    pub fn compile(predicate: &Predicate) -> Result<Filter> {
        let all = |list: &[Predicate]| list.iter().map(Filter::compile).collect::<Result<Vec<_>>>();
        Ok(match predicate {
            Predicate::And(list) => Filter::And(all(list)?),
            Predicate::Or(list) => Filter::Or(all(list)?),
            Predicate::Not(inner) => Filter::Not(Box::new(Filter::compile(inner)?)),
            Predicate::Compare { left, operator, right } => match right.value()? {
                Value::Null => Filter::Constant(None),
                Value::Text(text) => Filter::Text { left: left.clone(), operator: *operator, right: text.clone() },
                value => Filter::Compare { left: left.clone(), operator: *operator, right: value.clone() },
            },
            Predicate::CompareOperands { left, operator, right } => {
                Filter::CompareOperands { left: left.clone(), operator: *operator, right: right.clone() }
            }
            Predicate::In { left, values } => {
                let values = values.iter().map(|scalar| scalar.value().cloned()).collect::<Result<Vec<_>>>()?;
                let has_null = values.iter().any(Value::is_null);
                let values = values.into_iter().filter(|value| !value.is_null()).collect();
                Filter::In { left: left.clone(), values, has_null }
            }
            Predicate::IsNull(operand) => Filter::IsNull(operand.clone()),
            Predicate::Like { left, pattern, case_insensitive } => match text_of(pattern.value()?) {
                None => Filter::Constant(None),
                Some(pattern) if has_dangling_escape(&pattern) => {
                    Filter::Dangling { left: left.clone(), pattern, case_insensitive: *case_insensitive }
                }
                Some(pattern) => {
                    Filter::Pattern { left: left.clone(), pattern: like_regex(&pattern, *case_insensitive)? }
                }
            },
            Predicate::Matches { left, pattern, case_insensitive } => match text_of(pattern.value()?) {
                None => Filter::Constant(None),
                Some(pattern) => {
                    Filter::Pattern { left: left.clone(), pattern: compile_regex(&pattern, *case_insensitive)? }
                }
            },
            Predicate::StartsWith { left, prefix } => match text_of(prefix.value()?) {
                None => Filter::Constant(None),
                Some(prefix) => Filter::Prefix { left: left.clone(), prefix },
            },
            Predicate::Contains { left, value } => match value.value()? {
                Value::Null => Filter::Constant(None),
                value => Filter::Contains { left: left.clone(), value: value.clone() },
            },
            Predicate::JsonContains { left, value } => match text_of(value.value()?) {
                None => Filter::Constant(None),
                Some(value) => Filter::JsonContains { left: left.clone(), value },
            },
            Predicate::JsonHasKey { left, key } => match text_of(key.value()?) {
                None => Filter::Constant(None),
                Some(key) => Filter::JsonHasKey { left: left.clone(), key },
            },
            Predicate::IsTrue(operand) => Filter::IsTrue(operand.clone()),
            Predicate::Constant(value) => Filter::Constant(*value),
        })
    }

    /// Whether the entry passes: true, not false, not unknown.
    ///
    /// # Errors
    /// As [`EntryView::operand`]; 22025 for a LIKE pattern that ends in a backslash, where the match comes to it.
    pub fn accepts(&self, entry: &EntryView<'_>) -> Result<bool> {
        Ok(self.evaluate(entry)? == Some(true))
    }

    fn evaluate(&self, entry: &EntryView<'_>) -> Result<Option<bool>> {
        match self {
            Filter::And(list) => all_of(list, entry),
            Filter::Or(list) => any_of(list, entry),
            Filter::Not(inner) => Ok(inner.evaluate(entry)?.map(|truth| !truth)),
            Filter::Text { left, operator, right } => match entry.stored_text(left)? {
                Some(text) => Ok(Some(holds(*operator, text.as_bytes().cmp(right.as_bytes())))),
                None => Ok(compare(&entry.operand(left)?, *operator, &Value::Text(right.clone()))),
            },
            Filter::Compare { left, operator, right } => Ok(compare(&entry.operand(left)?, *operator, right)),
            Filter::CompareOperands { left, operator, right } => {
                Ok(compare(&entry.operand(left)?, *operator, &entry.operand(right)?))
            }
            Filter::In { left, values, has_null } => {
                let value = entry.operand(left)?;
                // Of nothing at all, not even NULL is a member: `x = ANY ('{}')`.
                if values.is_empty() && !has_null {
                    return Ok(Some(false));
                }
                if value.is_null() {
                    return Ok(None);
                }
                let found = values.iter().any(|candidate| compare(&value, Comparison::Equal, candidate) == Some(true));
                Ok(if found {
                    Some(true)
                } else if *has_null {
                    None
                } else {
                    Some(false)
                })
            }
            Filter::IsNull(operand) => Ok(Some(entry.operand(operand)?.is_null())),
            Filter::Pattern { left, pattern } => match entry.stored_text(left)? {
                Some(text) => Ok(Some(pattern.is_match(text))),
                None => Ok(text_of(&entry.operand(left)?).map(|text| pattern.is_match(&text))),
            },
            Filter::Dangling { left, pattern, case_insensitive } => match text_of(&entry.operand(left)?) {
                None => Ok(None),
                Some(text) => like_matches(&text, pattern, *case_insensitive).map(Some),
            },
            Filter::Prefix { left, prefix } => match entry.stored_text(left)? {
                Some(text) => Ok(Some(text.starts_with(prefix.as_ref()))),
                None => Ok(text_of(&entry.operand(left)?).map(|text| text.starts_with(prefix.as_ref()))),
            },
            Filter::Contains { left, value } => Ok(contains(&entry.operand(left)?, value)),
            Filter::JsonContains { left, value } => Ok(match entry.operand(left)? {
                Value::Json(document) => Some(jsonb::contains(&document, value)),
                _ => None,
            }),
            Filter::JsonHasKey { left, key } => Ok(match entry.operand(left)? {
                Value::Json(document) => Some(jsonb::has_key(&document, key)),
                _ => None,
            }),
            Filter::IsTrue(operand) => Ok(match entry.operand(operand)? {
                Value::Bool(truth) => Some(truth),
                _ => None,
            }),
            Filter::Constant(truth) => Ok(*truth),
        }
    }
}

fn all_of(list: &[Filter], entry: &EntryView<'_>) -> Result<Option<bool>> {
    let mut result = Some(true);
    for each in list {
        match each.evaluate(entry)? {
            Some(false) => return Ok(Some(false)),
            None => result = None,
            Some(true) => {}
        }
    }
    Ok(result)
}

fn any_of(list: &[Filter], entry: &EntryView<'_>) -> Result<Option<bool>> {
    let mut result = Some(false);
    for each in list {
        match each.evaluate(entry)? {
            Some(true) => return Ok(Some(true)),
            None => result = None,
            Some(false) => {}
        }
    }
    Ok(result)
}

fn compare(left: &Value, operator: Comparison, right: &Value) -> Option<bool> {
    if left.is_null() || right.is_null() {
        return None;
    }
    match left.compare(right) {
        Some(order) => Some(holds(operator, order)),
        // Facts have no declared type: values of different kinds are unequal and have no order.
        None => match operator {
            Comparison::Equal => Some(false),
            Comparison::NotEqual => Some(true),
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => None,
        },
    }
}

fn holds(operator: Comparison, order: Ordering) -> bool {
    match operator {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    }
}

/// KNIRVQL CONTAINS: text in text, value in array, key in object.
fn contains(left: &Value, value: &Value) -> Option<bool> {
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

fn text_of(value: &Value) -> Option<Box<str>> {
    match value {
        Value::Null => None,
        Value::Text(text) | Value::Json(text) => Some(text.clone()),
        other => Some(other.to_text().into()),
    }
}

/// A regular expression of a user, within the bounds of its compiled size.
///
/// # Errors
/// 2201B for one that is wrong or too large, 0A000 for one that needs another engine.
pub fn compile_regex(pattern: &str, case_insensitive: bool) -> Result<Regex> {
    RegexBuilder::new(pattern)
        .case_insensitive(case_insensitive)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| regex_error(&error.to_string()))
}

/// LIKE as an anchored regular expression; a backslash takes the next character as it is.
fn like_regex(pattern: &str, case_insensitive: bool) -> Result<Regex> {
    let mut expression = String::with_capacity(pattern.len() + 8);
    expression.push_str("(?s)^");
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
    compile_regex(&expression, case_insensitive)
}

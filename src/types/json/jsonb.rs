//! The operators of `jsonb`, over its text: `->`, `->>`, `#>`, `@>`, `?`, `||`, `-`, and the order of two values.
//!
//! A scan asks them once a row, so they walk the text and build nothing; what they find is a slice of what they were
//! given. On text that is no JSON they find nothing.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::types::json::convert::{compare_keys, write_string};
pub use crate::types::json::scan::Elements;
use crate::types::json::scan::{JsonMembers, key_is, unescape};
use crate::types::json::sort_key::sort_key;
use crate::types::limits::JSON_DEPTH_MAX;

/// One step of a path into a JSON value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// A member's key; on an array a key of digits is a position, as in PostgreSQL's `#>`.
    Key(String),
    /// A position from 0; negative ones count from the end.
    Index(i64),
}

/// The member of an object (`->`).
pub fn get_key<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    JsonMembers::new(json).find(|(raw, _)| key_is(raw, key)).map(|(_, value)| value)
}

/// The element of an array (`->`), from the end when negative.
pub fn get_index(json: &str, index: i64) -> Option<&str> {
    let position = match usize::try_from(index) {
        Ok(position) => position,
        Err(_) => elements(json).count().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    elements(json).nth(position)
}

/// What a path leads to (`#>`).
pub fn get_path<'a>(json: &'a str, path: &[PathStep]) -> Option<&'a str> {
    if path.is_empty() {
        // Of `json`, which keeps its blanks, PostgreSQL returns those in front of a scalar.
        let ended = json.trim_end();
        return Some(match kind(json) {
            JsonKind::Array | JsonKind::Object => ended.trim_start(),
            _ => ended,
        });
    }
    path.iter().try_fold(json, |json, step| match step {
        PathStep::Index(index) => get_index(json, *index),
        PathStep::Key(key) => match kind(json) {
            JsonKind::Array => get_index(json, key.parse().ok()?),
            _ => get_key(json, key),
        },
    })
}

/// The text of a value (`->>`): a string without its quotes, nothing for null, JSON for the rest.
pub fn as_text(json: &str) -> Option<Cow<'_, str>> {
    match kind(json) {
        JsonKind::Null => None,
        JsonKind::String => string(json),
        _ => Some(Cow::Borrowed(json)),
    }
}

/// The elements of an array; none for anything else.
pub fn elements(json: &str) -> Elements<'_> {
    Elements::new(json)
}

/// The members of an object; none for anything else.
pub fn members(json: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    JsonMembers::new(json).filter_map(|(key, value)| Some((unescape(key).ok()?, value)))
}

/// `jsonb_typeof`.
pub fn type_name(json: &str) -> &'static str {
    match kind(json) {
        JsonKind::Null => "null",
        JsonKind::String => "string",
        JsonKind::Number => "number",
        JsonKind::Boolean => "boolean",
        JsonKind::Array => "array",
        JsonKind::Object => "object",
    }
}

/// `jsonb_array_length`.
///
/// # Errors
/// 22023 for what is no array.
pub fn array_length(json: &str) -> Result<usize> {
    let what = match kind(json) {
        JsonKind::Array => return Ok(elements(json).count()),
        JsonKind::Object => "a non-array",
        _ => "a scalar",
    };
    Err(Error::new(ErrorKind::InvalidParameterValue, format!("cannot get array length of {what}")))
}

/// Whether a string is a key of the object, an element of the array, or the string itself (`?`).
pub fn has_key(json: &str, key: &str) -> bool {
    match kind(json) {
        JsonKind::Object => get_key(json, key).is_some(),
        JsonKind::Array => elements(json).any(|element| string(element).is_some_and(|text| text == key)),
        JsonKind::String => string(json).is_some_and(|text| text == key),
        _ => false,
    }
}

/// `?|`
pub fn has_any<'a>(json: &str, keys: impl IntoIterator<Item = &'a str>) -> bool {
    keys.into_iter().any(|key| has_key(json, key))
}

/// `?&`
pub fn has_all<'a>(json: &str, keys: impl IntoIterator<Item = &'a str>) -> bool {
    keys.into_iter().all(|key| has_key(json, key))
}

/// Whether `left` contains `right` (`@>`): objects by their members, arrays as sets, scalars by value. An array also
/// contains a bare scalar, at the top alone.
pub fn contains(left: &str, right: &str) -> bool {
    match (kind(left), kind(right)) {
        (JsonKind::Array, JsonKind::Object | JsonKind::Array) => contains_at(left, right, 0),
        (JsonKind::Array, _) => elements(left).any(|element| equals(element, right)),
        _ => contains_at(left, right, 0),
    }
}

fn contains_at(left: &str, right: &str, depth: usize) -> bool {
    if depth > JSON_DEPTH_MAX {
        return false;
    }
    match (kind(left), kind(right)) {
        (JsonKind::Object, JsonKind::Object) => JsonMembers::new(right).all(|(raw, wanted)| {
            let Ok(key) = unescape(raw) else { return false };
            get_key(left, &key).is_some_and(|found| contains_at(found, wanted, depth + 1))
        }),
        (JsonKind::Array, JsonKind::Array) => {
            elements(right).all(|wanted| elements(left).any(|element| contains_at(element, wanted, depth + 1)))
        }
        (JsonKind::Object | JsonKind::Array, _) | (_, JsonKind::Object | JsonKind::Array) => false,
        _ => equals(left, right),
    }
}

/// `||`: members of two objects, the right one winning; otherwise the elements of two arrays, a single value being an
/// array of one.
pub fn concat(left: &str, right: &str) -> String {
    let (left_kind, right_kind) = (kind(left), kind(right));
    if left_kind == JsonKind::Object && right_kind == JsonKind::Object {
        let mut all: Vec<(Cow<'_, str>, &str)> = members(left).chain(members(right)).collect();
        // Stable, so that of equal keys the right one stays last.
        all.sort_by(|(left, _), (right, _)| compare_keys(left, right));
        let winners = all.iter().enumerate().filter(|(at, (key, _))| all.get(at + 1).is_none_or(|next| next.0 != *key));
        return object(winners.map(|(_, (key, value))| (key.as_ref(), *value)));
    }
    let list = |json: &str, kind: JsonKind| match kind {
        JsonKind::Array => elements(json).collect::<Vec<_>>().join(", "),
        _ => json.to_string(),
    };
    let (left, right) = (list(left, left_kind), list(right, right_kind));
    let separator = if left.is_empty() || right.is_empty() { "" } else { ", " };
    format!("[{left}{separator}{right}]")
}

/// `- text`: without that member, or without the elements that are that string.
///
/// # Errors
/// 22023 for a scalar.
pub fn delete_key(json: &str, key: &str) -> Result<String> {
    match kind(json) {
        JsonKind::Object => {
            let kept: Vec<_> = members(json).filter(|(name, _)| name != key).collect();
            Ok(object(kept.iter().map(|(name, value)| (name.as_ref(), *value))))
        }
        JsonKind::Array => {
            let kept: Vec<_> =
                elements(json).filter(|element| string(element).is_none_or(|text| text != key)).collect();
            Ok(format!("[{}]", kept.join(", ")))
        }
        _ => Err(Error::new(ErrorKind::InvalidParameterValue, "cannot delete from scalar")),
    }
}

/// `- integer`: without the element at that position, from the end when negative.
///
/// # Errors
/// 22023 for an object or a scalar.
pub fn delete_index(json: &str, index: i64) -> Result<String> {
    match kind(json) {
        JsonKind::Array => {}
        JsonKind::Object => {
            let message = "cannot delete from object using integer index";
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
        _ => return Err(Error::new(ErrorKind::InvalidParameterValue, "cannot delete from scalar")),
    }
    let length = i64::try_from(elements(json).count()).unwrap_or(i64::MAX);
    let position = if index < 0 { index.saturating_add(length) } else { index };
    let position = usize::try_from(position).unwrap_or(usize::MAX);
    let kept: Vec<_> = elements(json).enumerate().filter(|(at, _)| *at != position).map(|(_, kept)| kept).collect();
    Ok(format!("[{}]", kept.join(", ")))
}

fn object<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = vec![b'{'];
    for (key, value) in members {
        if out.len() > 1 {
            out.extend_from_slice(b", ");
        }
        write_string(key, &mut out);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b'}');
    // Keys and values are slices of texts.
    String::from_utf8(out).unwrap_or_default()
}

/// The kinds of JSON values, in PostgreSQL's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum JsonKind {
    Null,
    String,
    Number,
    Boolean,
    Array,
    Object,
}

pub(crate) fn kind(json: &str) -> JsonKind {
    match json.bytes().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => JsonKind::Object,
        Some(b'[') => JsonKind::Array,
        Some(b'"') => JsonKind::String,
        Some(b't' | b'f') => JsonKind::Boolean,
        Some(b'-' | b'0'..=b'9') => JsonKind::Number,
        _ => JsonKind::Null,
    }
}

pub(crate) fn string(json: &str) -> Option<Cow<'_, str>> {
    unescape(json.trim_ascii().strip_prefix('"')?.strip_suffix('"')?).ok()
}

/// Whether two values are equal; numbers by value, so that `1` equals `1.0`.
pub fn equals(left: &str, right: &str) -> bool {
    left == right || compare(left, right).is_eq()
}

/// PostgreSQL's order of `jsonb`: null, strings, numbers, booleans, arrays, objects; longer arrays and objects after
/// shorter ones, then member by member.
pub fn compare(left: &str, right: &str) -> Ordering {
    // As in PostgreSQL, which cannot change it any more: an empty array is the least value, but only where it is the whole.
    match (is_empty_array(left), is_empty_array(right)) {
        (false, false) => compare_at(left, right, 0),
        (left, right) => right.cmp(&left),
    }
}

/// Whether a value is an array without elements.
pub(super) fn is_empty_array(json: &str) -> bool {
    kind(json) == JsonKind::Array && elements(json).next().is_none()
}

fn compare_at(left: &str, right: &str, depth: usize) -> Ordering {
    let (left_kind, right_kind) = (kind(left), kind(right));
    if left_kind != right_kind {
        return left_kind.cmp(&right_kind);
    }
    if depth > JSON_DEPTH_MAX {
        return left.cmp(right);
    }
    match left_kind {
        JsonKind::Null => Ordering::Equal,
        JsonKind::String => string(left).cmp(&string(right)),
        JsonKind::Number => compare_numbers(left.trim_ascii(), right.trim_ascii()),
        JsonKind::Boolean => left.trim_ascii().eq("true").cmp(&right.trim_ascii().eq("true")),
        JsonKind::Array => elements(left).count().cmp(&elements(right).count()).then_with(|| {
            first_difference(
                elements(left).zip(elements(right)).map(|(left, right)| compare_at(left, right, depth + 1)),
            )
        }),
        JsonKind::Object => JsonMembers::new(left).count().cmp(&JsonMembers::new(right).count()).then_with(|| {
            first_difference(members(left).zip(members(right)).map(|((left_key, left), (right_key, right))| {
                compare_keys(&left_key, &right_key).then_with(|| compare_at(left, right, depth + 1))
            }))
        }),
    }
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Compares two decimal numbers by their digits, however many.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    if left.contains(['e', 'E']) || right.contains(['e', 'E']) {
        return sort_key(left).cmp(&sort_key(right));
    }
    let parts = |text: &'_ str| -> (bool, String, String) {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let whole = whole.trim_start_matches('0').to_string();
        let fraction = fraction.trim_end_matches('0').to_string();
        let is_zero = whole.is_empty() && fraction.is_empty();
        (unsigned.len() < text.len() && !is_zero, whole, fraction)
    };
    let ((left_negative, left_whole, left_fraction), (right_negative, right_whole, right_fraction)) =
        (parts(left), parts(right));
    let size = || compare_keys(&left_whole, &right_whole).then_with(|| left_fraction.cmp(&right_fraction));
    match (left_negative, right_negative) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => size(),
        (true, true) => size().reverse(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DOCUMENT: &str = r#"{"a": 1, "s": "x\ny", "n": null, "list": [10, 20, "z"], "deep": {"k\"": [true]}}"#;

    #[test]
    fn members_and_elements_are_found() {
        assert_eq!(get_key(DOCUMENT, "a"), Some("1"));
        assert_eq!(get_key(DOCUMENT, "b"), None);
        assert_eq!(get_key("[1]", "a"), None);
        assert_eq!(get_key(r#"{"k\"": 1}"#, "k\""), Some("1"));
        assert_eq!(get_index("[10, 20, 30]", -1), Some("30"));
        assert_eq!(get_index("[10, 20, 30]", 3), None);
        assert_eq!(get_index("[10]", i64::MIN), None);
        let path = ["deep", "k\"", "0"].map(|key| PathStep::Key(key.to_string()));
        assert_eq!(get_path(DOCUMENT, &path), Some("true"));
        assert_eq!(get_path(DOCUMENT, &[PathStep::Key("list".to_string()), PathStep::Index(2)]), Some("\"z\""));
        assert_eq!(as_text("\"x\\ny\"").as_deref(), Some("x\ny"));
        assert_eq!(as_text("null"), None);
        assert_eq!(as_text("[1]").as_deref(), Some("[1]"));
        assert_eq!(array_length("[1, [2, 3], {}]").unwrap(), 3);
        assert_eq!(array_length("{}").unwrap_err().message(), "cannot get array length of a non-array");
        assert_eq!(elements("[]").count(), 0);
    }

    #[test]
    fn containment_of_the_documentation() {
        for (left, right, expected) in [
            ("\"foo\"", "\"foo\"", true),
            ("[1, 2, 3]", "[1, 3]", true),
            ("[1, 2, 3]", "[3, 1]", true),
            ("[1, 2, 3]", "[1, 2, 2]", true),
            (r#"{"product": "PostgreSQL", "version": 9.4, "jsonb": true}"#, r#"{"version": 9.40}"#, true),
            ("[1, 2, [1, 3]]", "[1, 3]", false),
            ("[1, 2, [1, 3]]", "[[1, 3]]", true),
            (r#"{"foo": {"bar": "baz"}}"#, r#"{"bar": "baz"}"#, false),
            (r#"{"foo": {"bar": "baz"}}"#, r#"{"foo": {}}"#, true),
            ("[\"foo\", \"bar\"]", "\"bar\"", true),
            ("\"bar\"", "[\"bar\"]", false),
            ("{}", "{}", true),
        ] {
            assert_eq!(contains(left, right), expected, "{left} @> {right}");
        }
    }

    #[test]
    fn keys_exist() {
        assert!(has_key(DOCUMENT, "n") && !has_key(DOCUMENT, "x"));
        assert!(has_key("[\"a\", 1]", "a") && !has_key("[\"a\", 1]", "1"));
        assert!(has_key("\"a\"", "a"));
        assert!(has_any(DOCUMENT, ["x", "a"]) && !has_all(DOCUMENT, ["x", "a"]));
    }

    #[test]
    fn values_are_joined_and_cut() {
        assert_eq!(concat(r#"{"a": 1, "b": 2}"#, r#"{"b": 3, "c": 4}"#), r#"{"a": 1, "b": 3, "c": 4}"#);
        assert_eq!(concat("[1, 2]", "3"), "[1, 2, 3]");
        assert_eq!(concat("[]", "{\"a\": 1}"), "[{\"a\": 1}]");
        assert_eq!(concat("1", "2"), "[1, 2]");
        assert_eq!(delete_key(r#"{"a": 1, "b": 2}"#, "a").unwrap(), r#"{"b": 2}"#);
        assert_eq!(delete_key("[\"a\", \"b\", \"a\"]", "a").unwrap(), "[\"b\"]");
        assert_eq!(delete_index("[1, 2, 3]", -1).unwrap(), "[1, 2]");
        assert!(delete_key("1", "a").is_err());
    }

    #[test]
    fn order_is_postgresqls() {
        let ordered = [
            "[]",
            "null",
            "\"a\"",
            "\"b\"",
            "-2",
            "-1.5",
            "0",
            "1",
            "1.5",
            "10",
            "false",
            "true",
            "[1]",
            "[1, 2]",
            "{}",
            "{\"a\": 1}",
        ];
        for pair in ordered.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert!(equals("1.0", "1") && equals("[1.50]", "[1.5]") && !equals("1", "\"1\""));
    }

    proptest! {
        #[test]
        fn never_panics(json in "[\\[\\]{},:\"\\\\a0-9. é]{0,24}", key in "[a0é\"]{0,2}", index: i64) {
            let found = (get_key(&json, &key), get_index(&json, index), as_text(&json));
            prop_assert!(found.0.is_none_or(|value| json.contains(value)));
            prop_assert!(delete_key(&json, &key).is_ok() || array_length(&json).is_err());
            prop_assert!(contains(&json, &json) || !contains(&json, &json));
        }
    }
}

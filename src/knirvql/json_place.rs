//! Setting and removing one place inside of a JSON document.

use crate::error::{Error, ErrorKind, Result};
use crate::types::json::jsonb;
use crate::types::json::jsonb::PathStep;
use crate::types::{Value, join_object};

/// The document with `value` at the place that the steps lead to, or without that place; `None` where nothing is left of it. Objects
/// are made on the way, as far as there is nothing. `shown` is the path, for errors. Recursion ends with the steps.
///
/// # Errors
/// 22023 for a step into what has no parts, and for a place beyond the end of an array.
pub fn with_place(
    document: Option<&str>,
    steps: &[PathStep],
    value: Option<&str>,
    shown: &str,
) -> Result<Option<String>> {
    let Some((step, rest)) = steps.split_first() else { return Ok(value.map(str::to_string)) };
    let kept = || Ok(document.map(str::to_string));
    let present = document.map(str::trim).filter(|text| *text != "null");
    let kind = present.map(jsonb::type_name);
    match step {
        PathStep::Key(key) => {
            if !matches!(kind, None | Some("object")) {
                return if value.is_none() { kept() } else { Err(no_parts(kind, shown)) };
            }
            let mut members: Vec<(String, Value)> = present
                .into_iter()
                .flat_map(jsonb::members)
                .map(|(name, member)| (name.into_owned(), Value::Json(member.into())))
                .collect();
            let at = members.iter().position(|(name, _)| name == key);
            let inner = at.and_then(|at| members.get(at)).and_then(|(_, member)| member.as_str());
            if value.is_none() && inner.is_none() {
                return kept();
            }
            match (with_place(inner, rest, value, shown)?, at) {
                (Some(changed), Some(at)) => {
                    if let Some((_, member)) = members.get_mut(at) {
                        *member = Value::Json(changed.into());
                    }
                }
                (Some(made), None) => members.push((key.clone(), Value::Json(made.into()))),
                (None, Some(at)) => {
                    members.remove(at);
                }
                (None, None) => {}
            }
            Ok(Some(join_object(members.iter().map(|(name, member)| (name.as_str(), member))).into()))
        }
        PathStep::Index(index) => {
            if kind != Some("array") {
                return if value.is_none() { kept() } else { Err(no_parts(kind, shown)) };
            }
            let mut elements: Vec<String> = present.into_iter().flat_map(jsonb::elements).map(str::to_string).collect();
            let place = usize::try_from(*index).unwrap_or(usize::MAX);
            if place > elements.len() || (value.is_none() && place == elements.len()) {
                if value.is_none() {
                    return kept();
                }
                let message = format!("{shown} is beyond the end of an array of {} elements", elements.len());
                return Err(Error::new(ErrorKind::InvalidParameterValue, message)
                    .with_hint(format!("The place behind the last one is [{}].", elements.len())));
            }
            match with_place(elements.get(place).map(String::as_str), rest, value, shown)? {
                Some(changed) => match elements.get_mut(place) {
                    Some(element) => *element = changed,
                    None => elements.push(changed),
                },
                None => {
                    elements.remove(place);
                }
            }
            Ok(Some(format!("[{}]", elements.join(", "))))
        }
    }
}

fn no_parts(kind: Option<&str>, shown: &str) -> Error {
    let what = kind.unwrap_or("missing value");
    Error::new(
        ErrorKind::InvalidParameterValue,
        format!("the place of {shown} is inside of what is a {what} in an entry"),
    )
    .with_hint("Set the whole fact, or leave such entries out by the condition.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(document: &str, steps: &[PathStep], value: Option<&str>) -> Result<Option<String>> {
        with_place(Some(document), steps, value, "metadata.a")
    }

    #[test]
    fn places_are_set_made_and_taken_out() {
        let key = |name: &str| PathStep::Key(name.to_string());
        for (document, steps, value, wanted) in [
            (r#"{"a": 1, "b": 2}"#, vec![key("a")], Some("3"), r#"{"a": 3, "b": 2}"#),
            (r#"{"b": 2}"#, vec![key("a"), key("c")], Some("3"), r#"{"a": {"c": 3}, "b": 2}"#),
            (r#"{"a": null}"#, vec![key("a"), key("c")], Some("3"), r#"{"a": {"c": 3}}"#),
            (r#"{"a": [1, 2]}"#, vec![key("a"), PathStep::Index(1)], Some("3"), r#"{"a": [1, 3]}"#),
            (r#"{"a": [1, 2]}"#, vec![key("a"), PathStep::Index(2)], Some("3"), r#"{"a": [1, 2, 3]}"#),
            (r#"{"a": [1, 2]}"#, vec![key("a"), PathStep::Index(0)], None, r#"{"a": [2]}"#),
            (r#"{"a": 1, "b": 2}"#, vec![key("a")], None, r#"{"b": 2}"#),
            (r#"{"a": 1}"#, vec![key("a"), key("c")], None, r#"{"a": 1}"#),
            (r#"{"a": 1}"#, vec![key("x"), key("c")], None, r#"{"a": 1}"#),
            (r#"{"a": {"c": 1}}"#, vec![key("a"), key("c")], None, r#"{"a": {}}"#),
        ] {
            assert_eq!(placed(document, &steps, value).unwrap().as_deref(), Some(wanted), "{document} {steps:?}");
        }
        assert_eq!(placed("{}", &[], None).unwrap(), None);
        let refused = |document, steps: &[PathStep]| placed(document, steps, Some("1")).unwrap_err().sqlstate();
        assert_eq!(refused(r#"{"a": 1}"#, &[key("a"), key("c")]), "22023");
        assert_eq!(refused(r#"{"a": []}"#, &[key("a"), PathStep::Index(1)]), "22023");
        assert_eq!(refused("{}", &[key("a"), PathStep::Index(0)]), "22023");
    }
}

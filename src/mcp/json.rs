//! What a server's values are in JSON. Pure.

use serde_json::{Number, Value};
use tokio_postgres::types::Type;

/// A value that the server sent as text. Numbers that JSON cannot hold without loss stay texts.
pub(super) fn json_of(text: Option<&str>, ty: &Type) -> Value {
    let Some(text) = text else { return Value::Null };
    match *ty {
        Type::BOOL => Value::Bool(text == "t"),
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => {
            text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
        }
        Type::FLOAT4 | Type::FLOAT8 => float_of(text),
        Type::NUMERIC => text.parse::<i64>().map_or_else(|_| numeric_of(text), Value::from),
        Type::JSON | Type::JSONB => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        _ if ty.name() == "vector" => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        _ => Value::from(text),
    }
}

/// NaN and the infinities are no numbers in JSON.
fn float_of(text: &str) -> Value {
    text.parse::<f64>().ok().and_then(Number::from_f64).map_or_else(|| Value::from(text), Value::Number)
}

fn numeric_of(text: &str) -> Value {
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.filter(|number| number.to_string() == text).map_or_else(|| Value::from(text), Value::Number)
}

/// Cuts long texts and lists inside of a value, so that one entry cannot fill an answer; whether anything was cut.
pub(super) fn shorten(value: &mut Value, chars_max: usize) -> bool {
    match value {
        Value::String(text) => match text.char_indices().nth(chars_max) {
            Some((end, _)) => {
                text.truncate(end);
                text.push('…');
                true
            }
            None => false,
        },
        Value::Array(elements) => {
            let is_long = elements.len() > chars_max;
            elements.truncate(chars_max);
            elements.iter_mut().fold(is_long, |cut, element| shorten(element, chars_max) || cut)
        }
        Value::Object(members) => {
            let cut = members.values_mut().filter_map(|member| shorten(member, chars_max).then_some(()));
            cut.count() > 0
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_keep_what_they_are() {
        for (text, ty, expected) in [
            ("t", Type::BOOL, json!(true)),
            ("-7", Type::INT8, json!(-7)),
            ("0.5", Type::FLOAT8, json!(0.5)),
            ("NaN", Type::FLOAT8, json!("NaN")),
            ("12.5", Type::NUMERIC, json!(12.5)),
            ("12.50", Type::NUMERIC, json!("12.50")),
            ("0.12345678901234567890123", Type::NUMERIC, json!("0.12345678901234567890123")),
            ("{\"a\": [1, null]}", Type::JSONB, json!({"a": [1, null]})),
            ("{1,2}", Type::INT4_ARRAY, json!("{1,2}")),
            ("7", Type::TEXT, json!("7")),
        ] {
            assert_eq!(json_of(Some(text), &ty), expected, "{text}");
        }
        assert_eq!(json_of(None, &Type::INT4), Value::Null);
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        let mut value = json!({"a": "äöü", "b": ["12345", 1], "c": "ok"});
        assert!(shorten(&mut value, 2));
        assert_eq!(value, json!({"a": "äö…", "b": ["12…", 1], "c": "ok"}));
        assert!(!shorten(&mut json!({"a": [1, "x"]}), 2));
    }
}

//! Tests of the canonical form of JSON and of facts.

use proptest::prelude::*;

use super::*;

fn canonical(text: &str) -> String {
    jsonb_text(text).unwrap().into()
}

#[test]
fn canonical_text_is_postgresqls() {
    for (text, expected) in [
        ("{\"bb\":1,\"a\":2,\"c\":3,\"a\":4}", r#"{"a": 4, "c": 3, "bb": 1}"#),
        (" [ 1 ,2, [ ] , { } ] ", "[1, 2, [], {}]"),
        ("1.50", "1.50"),
        ("1e5", "100000"),
        ("1.5E-3", "0.0015"),
        ("-0", "0"),
        ("-0.0", "0.0"),
        ("12345678901234567890.123456789012345678901", "12345678901234567890.123456789012345678901"),
        (r#""\u00e9\/\n\u0001\ud83d\ude00""#, "\"é/\\n\\u0001😀\""),
        ("true", "true"),
        (r#"{"\u0061":1,"a":2}"#, r#"{"a": 2}"#),
        ("{\"b\":{\"y\":1,\"x\":2},\"a\":null}", r#"{"a": null, "b": {"x": 2, "y": 1}}"#),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "NaN",
        "tru",
        "truex",
        "\"a",
        "\"\\x\"",
        "\"\n\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\u12\"",
        "[1 2]",
        "1 2",
        "'a'",
        "\"\\",
        "{\"a\":1,}",
        "\u{a0}1",
    ] {
        assert_eq!(jsonb_text(text).unwrap_err().sqlstate(), "22P02", "{text}");
        assert!(check_json(text).is_err(), "{text}");
    }
    assert_eq!(jsonb_text("\"\\u0000\"").unwrap_err().sqlstate(), "22P05");
    assert_eq!(jsonb_text("{x}").unwrap_err().detail(), Some("Token \"x\" is invalid at byte 2."));
}

#[test]
fn nesting_is_bounded() {
    use crate::types::limits::JSON_DEPTH_MAX;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(jsonb_text(&nested(JSON_DEPTH_MAX)).is_ok());
    for check in [
        jsonb_text(&nested(JSON_DEPTH_MAX + 1)).err(),
        check_json(&"[".repeat(1_000_000)).err(),
        check_json_depth(&"{".repeat(1000)).err(),
    ] {
        assert_eq!(check.unwrap().sqlstate(), "54001");
    }
    assert!(check_json_depth("\"[[[[\\\"[\"").is_ok());
}

#[test]
fn facts_keep_their_types() {
    let text = r#"{"n": null, "s": "x\n", "t": true, "big": 12345678901234567890, "int": 5, "list": [1, 2], "float": 0.00000000000000000000000000000015, "price": 1.50}"#;
    let facts = split_object(text).unwrap();
    let types: Vec<_> = facts.iter().map(|(_, value)| value.column_type().internal_name()).collect();
    assert_eq!(types, ["jsonb", "text", "bool", "numeric", "int8", "jsonb", "float8", "numeric"]);
    assert_eq!(&*join_object(facts.iter().map(|(key, value)| (key.as_str(), value))), text);
    assert_eq!(split_object("[1]").unwrap_err().sqlstate(), "42804");
}

#[test]
fn other_values_become_json_as_in_postgresql() {
    for (value, expected) in [
        (Value::Float8(1e20), "100000000000000000000"),
        (Value::Float8(f64::NAN), "\"NaN\""),
        (Value::Float4(0.1), "0.1"),
        (Value::Timestamp(0), "\"1970-01-01T00:00:00\""),
        (Value::TimestampTz(0), "\"1970-01-01T00:00:00+00:00\""),
        (Value::Date(0), "\"1970-01-01\""),
        (Value::Vector(vec![1.0, -0.5].into()), "[1, -0.5]"),
        (Value::Null, "null"),
        (Value::Bytea([1u8].into()), "\"\\\\x01\""),
    ] {
        assert_eq!(&*json_text_of_value(&value), expected);
    }
    assert_eq!(
        value_of_json(&serde_json::json!({"b": 1, "a": [1.5]})).unwrap(),
        Value::Json(r#"{"a": [1.5], "b": 1}"#.into())
    );
    assert_eq!(json_of_value(&Value::Int4(3)), serde_json::json!(3));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| serde_json::json!(number)),
        any::<String>().prop_map(|text| text.replace('\0', "").into()),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::vec(("[a-c\"\\\\é]{0,3}", inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn canonical_form_keeps_the_value_and_is_idempotent(json in json()) {
        let once = canonical(&json.to_string());
        prop_assert_eq!(&canonical(&once), &once);
        prop_assert!(crate::types::json::jsonb::compare(&once, &canonical(&serde_json::to_string_pretty(&json).unwrap())).is_eq());
    }

    #[test]
    fn objects_split_and_join_exactly(members in prop::collection::vec(("[a-c\"\\\\é]{0,3}", json()), 0..6)) {
        let object = serde_json::Value::Object(members.into_iter().collect());
        let text = canonical(&object.to_string());
        let facts = split_object(&text).unwrap();
        prop_assert_eq!(&*join_object(facts.iter().rev().map(|(key, value)| (key.as_str(), value))), text.as_str());
        let again = split_object(&text).unwrap();
        prop_assert_eq!(again, facts);
    }

    #[test]
    fn validity_agrees_with_serde_json(text in "[\\[\\]{},:\"\\\\a0-9.eE+\\- ntrue]{0,24}") {
        let ours = check_json(&text).is_ok();
        prop_assert_eq!(ours, jsonb_text(&text).is_ok());
        // serde_json refuses numbers that no f64 holds, PostgreSQL does not.
        if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
            prop_assert!(ours);
        } else if ours {
            prop_assert!(text.contains(['e', 'E']));
        }
    }

    #[test]
    fn never_panics(text in "\\PC{0,40}") {
        let canonical = jsonb_text(&text);
        prop_assert_eq!(canonical.is_ok(), check_json(&text).is_ok());
    }
}

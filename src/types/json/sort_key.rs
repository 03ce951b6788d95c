//! A `jsonb` value as bytes that compare as the values do: equal for equal values, smaller for smaller ones.
//!
//! Whoever can only compare bytes (hashes, joins, sorts of the planner) gets PostgreSQL's equality and order this way.
//! Each value is one byte for its kind and then: a string with its end marked; a number as sign, exponent and digits; the
//! count of an array or object before its parts.

use crate::types::json::jsonb::{JsonKind, elements, is_empty_array, kind, members, string};
use crate::types::json::scan::JsonMembers;
use crate::types::limits::JSON_DEPTH_MAX;

/// What a value begins with that is no empty array.
const WHOLE: u8 = 1;
/// The signs of numbers, in their order.
const NEGATIVE: u8 = 1;
const ZERO: u8 = 2;
const POSITIVE: u8 = 3;

/// The bytes of a value. Text that is no JSON is taken for `null`.
pub fn sort_key(json: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(json.len() + 8);
    // As a whole, and not inside of another value, an empty array is the least of all.
    if !is_empty_array(json) {
        key.push(WHOLE);
        write(json, 0, &mut key);
    }
    key
}

fn write(json: &str, depth: usize, key: &mut Vec<u8>) {
    let json = json.trim_ascii();
    let kind = kind(json);
    key.push(kind as u8);
    if depth > JSON_DEPTH_MAX {
        key.extend_from_slice(json.as_bytes());
        return;
    }
    match kind {
        JsonKind::Null => {}
        JsonKind::String => {
            for byte in string(json).unwrap_or_default().bytes() {
                // No byte of a string is below its end.
                key.push(byte);
                if byte == 0 {
                    key.push(u8::MAX);
                }
            }
            key.extend_from_slice(&[0, 0]);
        }
        JsonKind::Number => write_number(json, key),
        JsonKind::Boolean => key.push(u8::from(json == "true")),
        JsonKind::Array => {
            write_length(elements(json).count(), key);
            elements(json).for_each(|element| write(element, depth + 1, key));
        }
        JsonKind::Object => {
            write_length(JsonMembers::new(json).count(), key);
            for (name, value) in members(json) {
                write_length(name.len(), key);
                key.extend_from_slice(name.as_bytes());
                write(value, depth + 1, key);
            }
        }
    }
}

fn write_length(length: usize, key: &mut Vec<u8>) {
    key.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

/// Sign, then `0.digits * 10^exponent` without zeros around the digits; all of it inverted below zero.
fn write_number(text: &str, key: &mut Vec<u8>) {
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text),
    };
    let (mantissa, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        key.push(ZERO);
        return;
    }
    let leading_zeros = digits.len() - significant.len();
    let places = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(leading_zeros).unwrap_or(0);
    let is_tiny = power.starts_with('-');
    let power = power.parse::<i64>().unwrap_or(if is_tiny { i64::MIN } else { i64::MAX });
    let exponent = places.saturating_add(power);
    key.push(if is_negative { NEGATIVE } else { POSITIVE });
    let start = key.len();
    // With the sign's bit flipped, negative exponents are the smaller bytes.
    key.extend_from_slice(&(exponent.cast_unsigned() ^ (1 << 63)).to_be_bytes());
    key.extend_from_slice(significant.trim_end_matches('0').as_bytes());
    key.push(0);
    if is_negative {
        key.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::json::jsonb::compare;

    #[test]
    fn equal_values_have_one_key() {
        for (left, right) in [
            ("1", "1.0"),
            ("0", "-0.00"),
            ("0.10", "0.1"),
            ("100", "1e2"),
            ("{\"a\": 1}", "{\"a\": 1.00}"),
            ("[1, [2.50]]", "[1.0, [2.5]]"),
        ] {
            assert_eq!(sort_key(left), sort_key(right), "{left} {right}");
        }
        assert_ne!(sort_key("1"), sort_key("\"1\""));
        assert_ne!(sort_key("[]"), sort_key("{}"));
    }

    #[test]
    fn keys_are_in_postgresqls_order() {
        let ordered = [
            "[]",
            "null",
            "\"\"",
            "\"a\"",
            "\"ab\"",
            "\"b\"",
            "-100",
            "-2",
            "-1.55",
            "-1.5",
            "-0.01",
            "0",
            "0.001",
            "0.01",
            "1",
            "1.5",
            "2",
            "10",
            "99.9",
            "100",
            "false",
            "true",
            "[0]",
            "[1]",
            "[0, 0]",
            "{}",
            "{\"b\": 0}",
            "{\"b\": 1}",
            "{\"aa\": 0}",
            "{\"a\": 0, \"b\": 0}",
        ];
        for pair in ordered.windows(2) {
            assert!(sort_key(pair[0]) < sort_key(pair[1]), "{pair:?}");
        }
    }

    proptest! {
        #[test]
        fn keys_compare_as_values(
            left in "-?(0|[1-9][0-9]{0,4})(\\.[0-9]{1,4})?",
            right in "-?(0|[1-9][0-9]{0,4})(\\.[0-9]{1,4})?",
        ) {
            prop_assert_eq!(sort_key(&left).cmp(&sort_key(&right)), compare(&left, &right));
            let (left, right) = (format!("[{left}, \"x\"]"), format!("[{right}, \"x\"]"));
            prop_assert_eq!(sort_key(&left).cmp(&sort_key(&right)), compare(&left, &right));
        }
    }
}

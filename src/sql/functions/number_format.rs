//! The patterns of numbers in `to_char`: `9`, `0`, `.`, `D`, `,`, `G`, with `FM`, and `S`, `MI` or `PL` at an end.
//!
//! Other patterns are refused, not guessed. Digits are handled as text: a pattern may ask for more than any number type has.
#![warn(clippy::arithmetic_side_effects)]

use rust_decimal::{Decimal, RoundingStrategy};

use crate::error::Result;
use crate::sql::functions::time_format::unknown;

/// A number to be shown.
#[derive(Clone, Copy)]
pub enum Number {
    Exact(Decimal),
    /// With the count of decimal digits that such a float surely has: no more are shown.
    Float(f64, usize),
}

impl Number {
    fn is_negative(self) -> bool {
        match self {
            Number::Exact(number) => number.is_sign_negative(),
            Number::Float(number, _) => number < 0.0,
        }
    }

    /// The digits before and behind the point, rounded to so many places; empty for what has no digits.
    fn digits(self, places: usize) -> (String, String) {
        let text = match self {
            Number::Exact(number) => {
                let most = u32::try_from(places).unwrap_or(u32::MAX).min(Decimal::MAX_SCALE);
                number.abs().round_dp_with_strategy(most, RoundingStrategy::MidpointAwayFromZero).to_string()
            }
            Number::Float(number, _) if !number.is_finite() => return (String::new(), String::new()),
            Number::Float(number, certain) => {
                let whole = format!("{:.0}", number.abs()).len();
                format!("{:.*}", places.min(certain.saturating_sub(whole)), number.abs())
            }
        };
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let mut decimals = decimals.to_string();
        if matches!(self, Number::Exact(_)) {
            decimals.extend(std::iter::repeat_n('0', places.saturating_sub(decimals.len())));
        }
        (whole.to_string(), decimals)
    }
}

fn is_slot(character: char) -> bool {
    matches!(character, '9' | '0')
}

/// A number by a pattern.
///
/// # Errors
/// 0A000 for a pattern that is not known.
pub fn number(number: Number, format: &str) -> Result<String> {
    let (fill, body) = match format.strip_prefix("FM") {
        Some(body) => (false, body),
        None => (true, format),
    };
    if body.chars().any(|character| !"90.,DGSMIPL$ ".contains(character)) {
        return Err(unknown(format));
    }
    let body = body.replace('D', ".").replace('G', ",");
    let (whole, fraction) = body.split_once('.').unwrap_or((&body, ""));
    let places = fraction.chars().filter(|character| is_slot(*character)).count();
    let slots = whole.chars().filter(|character| is_slot(*character)).count();
    let width = body.chars().filter(|character| "90.,".contains(*character)).count().saturating_add(1);
    let aligned = |text: &str| right_aligned(text, if fill { width } else { 0 });
    if matches!(number, Number::Float(number, _) if number.is_nan()) && slots >= "NaN".len() {
        let before = whole.chars().filter(|character| "90,".contains(*character)).count().saturating_add(1);
        return Ok(right_aligned("NaN", if fill { before } else { 0 }));
    }
    let (digits, decimals) = number.digits(places);
    let digits = if digits == "0" && !whole.contains('0') && places > 0 { "" } else { digits.as_str() };
    let is_infinite = matches!(number, Number::Float(number, _) if !number.is_finite());
    if digits.len() > slots || is_infinite {
        return Ok(aligned(&overflowing(&body, decimals.len(), is_infinite)));
    }
    let head = grouped(whole, digits, slots);
    let mut out = head.trim_start().to_string();
    if body.contains('.') {
        out.push('.');
        out.push_str(if fill { &decimals } else { trimmed(&decimals, fraction) });
    }
    let has_digit = digits.chars().chain(decimals.chars()).any(|digit| digit != '0');
    let sign = if number.is_negative() && has_digit { "-" } else { "" };
    Ok(aligned(&if body.ends_with("MI") {
        format!("{out}{}", if sign.is_empty() { " " } else { "-" })
    } else if body.starts_with('S') {
        format!("{}{out}", if sign.is_empty() { "+" } else { "-" })
    } else {
        format!("{sign}{out}")
    }))
}

/// The text behind as many blanks as it takes; the formatter's own width ends at 65,535.
fn right_aligned(text: &str, width: usize) -> String {
    let blanks = std::iter::repeat_n(' ', width.saturating_sub(text.len()));
    blanks.chain(text.chars()).collect()
}

/// A number that does not fit: its pattern with a `#` for each digit, of decimals as many as the number has.
fn overflowing(body: &str, decimals: usize, is_infinite: bool) -> String {
    let mut left = if is_infinite { usize::MAX } else { decimals };
    let mut behind_point = false;
    let mut out = String::with_capacity(body.len());
    for character in body.chars() {
        behind_point |= character == '.';
        match character {
            digit if is_slot(digit) && !behind_point => out.push('#'),
            digit if is_slot(digit) && left > 0 => {
                left = left.saturating_sub(1);
                out.push('#');
            }
            digit if is_slot(digit) => {}
            other => out.push(other),
        }
    }
    out
}

/// The digits before the point in the slots of the pattern, with its commas.
fn grouped(pattern: &str, digits: &str, slots: usize) -> String {
    let blanks = std::iter::repeat_n(' ', slots.saturating_sub(digits.len()));
    let mut padded = blanks.chain(digits.chars());
    let mut out = String::new();
    let mut started = false;
    for slot in pattern.chars() {
        match slot {
            '9' | '0' => {
                let digit = padded.next().unwrap_or(' ');
                started |= digit != ' ' || slot == '0';
                out.push(if digit == ' ' && started { '0' } else { digit });
            }
            ',' => out.push(if started { ',' } else { ' ' }),
            '$' => out.push('$'),
            _ => {}
        }
    }
    out
}

/// Without the zeros at the end that the pattern does not ask for.
fn trimmed<'a>(decimals: &'a str, pattern: &str) -> &'a str {
    let keep = pattern.rfind('0').map_or(0, |last| last.saturating_add(1)).min(decimals.len());
    let (kept, rest) = decimals.split_at_checked(keep).unwrap_or((decimals, ""));
    let length = kept.len().saturating_add(rest.trim_end_matches('0').len());
    decimals.get(..length).unwrap_or(decimals)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_follow_their_pattern() {
        let cases = [
            ("1234.567", "9,999.99", " 1,234.57"),
            ("-5", "FM999", "-5"),
            ("0.5", "FM0.00", "0.50"),
            ("12", "0000", " 0012"),
            ("12345", "999", " ###"),
            ("0.1", "FM9.9999999999999999999999999999999999990", ".1000000000000000000000000000000000000"),
        ];
        for (value, format, expected) in cases {
            let shown = number(Number::Exact(value.parse().unwrap()), format).unwrap();
            assert_eq!(shown, expected, "{value} {format}");
        }
    }

    #[test]
    fn floats_show_the_digits_that_they_have() {
        let cases = [
            (12_345_678_901.0, "FM9999999999D9999900000000000000000", "##########.####"),
            (1e300, "9999", " ####"),
            (f64::NAN, "9999D99", "  NaN"),
            (f64::INFINITY, "FM9999", "####"),
            (0.1, "0D99", " 0.10"),
            (-1.5, "9D9", "-1.5"),
        ];
        for (value, format, expected) in cases {
            assert_eq!(number(Number::Float(value, 15), format).unwrap(), expected, "{value} {format}");
        }
    }

    #[test]
    fn a_long_pattern_is_as_good_as_a_short_one() {
        let shown = number(Number::Float(7.0, 15), &"9".repeat(70_000)).unwrap();
        assert_eq!((shown.len(), shown.trim_start()), (70_001, "7"));
    }

    proptest! {
        #[test]
        fn no_pattern_panics(mantissa: i64, scale in 0u32..28, float: f64, format in "(FM)?[90.,DGSMIPL$ ]{0,60}") {
            for shown in [Number::Exact(Decimal::new(mantissa, scale)), Number::Float(float, 15)] {
                let shown = number(shown, &format);
                prop_assert!(shown.is_ok() || shown.is_err());
            }
        }
    }
}

//! The words of dates and times: how far a field goes, the names of months, days and moments.

use crate::types::datetime::calendar::{TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY};

pub(super) const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
pub(super) const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Bytes at the beginning of a text that are accepted.
pub(super) fn length_while(text: &str, accept: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(|byte| !accept(byte)).unwrap_or(text.len())
}

/// A sign with the digits of an offset, or with a word.
pub(super) fn signed_length(text: &str) -> usize {
    let unsigned = text.get(1..).unwrap_or_default();
    let offset = length_while(unsigned, |byte| byte.is_ascii_digit() || byte == b':');
    1 + offset.max(length_while(unsigned, |byte| byte.is_ascii_alphabetic()))
}

/// The length of a date that names its month between the separators: `8-Jan-1999`.
pub(super) fn named_month_date_length(text: &str) -> usize {
    let before = length_while(text, |byte| byte.is_ascii_digit());
    let length = length_while(text, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = text.get(before + 1..length).and_then(|rest| rest.split('-').next());
    match (text.as_bytes().get(before), name) {
        (Some(b'-'), Some(name)) if month_of(name).is_some() => length,
        _ => 0,
    }
}

/// A word, or the name of a zone such as `America/New_York`. The T between date and time stands alone.
pub(super) fn word_length(text: &str) -> usize {
    let letters = length_while(text, |byte| byte.is_ascii_alphabetic());
    match text.as_bytes().get(letters) {
        Some(b'-') if text.get(..letters).is_some_and(|word| month_of(word).is_some()) => {
            length_while(text, |byte| byte.is_ascii_alphanumeric() || byte == b'-')
        }
        Some(b'+' | b'0'..=b'9') if !text.get(..letters).is_some_and(is_core_word) => {
            length_while(text, |byte| byte.is_ascii_alphanumeric() || b"/_+-:,.".contains(&byte))
        }
        Some(b'/' | b'_') => length_while(text, |byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte)),
        _ => letters,
    }
}

/// Whether digits behind a word belong to another field: it is no name of a zone.
fn is_core_word(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    month_of(word).is_some()
        || is_weekday(&lower)
        || ["t", "at", "on", "am", "pm", "ad", "bc", "z", "utc", "j", "jd", "y", "m", "d", "h", "s", "mm"]
            .contains(&lower.as_str())
}

/// January is 1; names may be cut to three letters or written out.
pub(super) fn month_of(word: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let lower = word.to_ascii_lowercase();
    let position = MONTHS
        .iter()
        .zip(NAMES)
        .position(|(short, long)| lower == *short || lower == long || (lower == "sept" && *short == "sep"))?;
    i64::try_from(position + 1).ok()
}

pub(super) fn is_weekday(lower: &str) -> bool {
    WEEKDAYS.iter().any(|day| lower.starts_with(day)) && (lower.len() <= 5 || lower.ends_with("day"))
}

/// A moment with a name.
#[derive(Clone, Copy)]
pub(super) enum Special {
    Infinity,
    MinusInfinity,
    Epoch,
}

impl Special {
    pub(super) fn timestamp(self) -> i64 {
        match self {
            Special::Infinity => TIMESTAMP_INFINITY,
            Special::MinusInfinity => TIMESTAMP_MINUS_INFINITY,
            Special::Epoch => 0,
        }
    }
}

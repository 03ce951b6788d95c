//! The patterns of times in `to_char`: the common ones of PostgreSQL (documentation, section 9.8); others are refused, not guessed.

use chrono::{DateTime, Datelike, Timelike, Utc};

use crate::error::{Error, Result};

/// Patterns of times, the longer ones first where one begins another.
const PATTERNS: &[&str] = &[
    "HH24", "HH12", "SSSSS", "SSSS", "YYYY", "Y,YYY", "IYYY", "MONTH", "Month", "month", "DAY", "Day", "day", "DDD",
    "MON", "Mon", "mon", "YYY", "HH", "MI", "SS", "MS", "US", "YY", "MM", "DY", "Dy", "dy", "DD", "ID", "IW", "WW",
    "AM", "PM", "am", "pm", "TZH", "TZM", "TZ", "tz", "OF", "CC", "Q", "D", "J", "W", "Y",
];

/// Longest pattern that an error repeats, in characters.
const SHOWN_CHARACTERS_MAX: usize = 60;

pub(super) fn unknown(pattern: &str) -> Error {
    unknown_in("to_char()", pattern)
}

/// A pattern that a function does not know.
pub(super) fn unknown_in(function: &str, pattern: &str) -> Error {
    Error::unsupported(
        format!(
            "{function} does not know the pattern \"{}\"",
            pattern.chars().take(SHOWN_CHARACTERS_MAX).collect::<String>()
        ),
        "Patterns such as YYYY, MM, DD, HH24, MI, SS, MS, US, Mon, Day, AM, Q, WW and TZ are known.",
    )
}

/// A time by a pattern.
///
/// # Errors
/// 0A000 for a pattern that is not known.
pub fn timestamp(time: DateTime<Utc>, format: &str) -> Result<String> {
    let mut out = String::with_capacity(format.len() + 8);
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (literal, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            out.push_str(literal);
            rest = after;
            continue;
        }
        let (fill, body) = match rest.strip_prefix("FM") {
            Some(body) => (false, body),
            None => (true, rest),
        };
        let Some(pattern) = PATTERNS.iter().find(|pattern| body.starts_with(**pattern)) else {
            if first.is_ascii_alphabetic() {
                rest = lower_case(time, body, fill, &mut out)?;
                continue;
            }
            out.push(first);
            rest = rest.strip_prefix(first).unwrap_or("");
            continue;
        };
        let mut piece = element(time, pattern)?;
        if !fill {
            piece = piece.trim().trim_start_matches('0').to_string();
            piece = if piece.is_empty() { "0".to_string() } else { piece };
        }
        out.push_str(&piece);
        rest = body.strip_prefix(pattern).unwrap_or("");
        rest = ordinal(&piece, rest, &mut out);
    }
    Ok(out)
}

/// Numeric patterns may be written in lower case, e.g. `yyyy-mm-dd`.
fn lower_case<'a>(time: DateTime<Utc>, rest: &'a str, fill: bool, out: &mut String) -> Result<&'a str> {
    const NUMERIC: [&str; 12] = ["HH24", "HH12", "YYYY", "DDD", "HH", "MI", "SS", "MS", "US", "YY", "MM", "DD"];
    let begins = |pattern: &&&str| rest.get(..pattern.len()).is_some_and(|start| start.eq_ignore_ascii_case(pattern));
    let Some(pattern) = NUMERIC.iter().find(begins) else { return Err(unknown(rest)) };
    let piece = element(time, pattern)?;
    out.push_str(if fill { piece.as_str() } else { piece.trim_start_matches('0') });
    Ok(rest.get(pattern.len()..).unwrap_or(""))
}

/// `TH` and `th` behind a number.
fn ordinal<'a>(piece: &str, rest: &'a str, out: &mut String) -> &'a str {
    let suffix = |piece: &str| match piece.trim_start_matches('0') {
        teens if teens.ends_with("11") || teens.ends_with("12") || teens.ends_with("13") => "th",
        one if one.ends_with('1') => "st",
        two if two.ends_with('2') => "nd",
        three if three.ends_with('3') => "rd",
        _ => "th",
    };
    if !piece.ends_with(|character: char| character.is_ascii_digit()) {
        return rest;
    }
    if let Some(after) = rest.strip_prefix("TH") {
        out.push_str(&suffix(piece).to_ascii_uppercase());
        return after;
    }
    match rest.strip_prefix("th") {
        Some(after) => {
            out.push_str(suffix(piece));
            after
        }
        None => rest,
    }
}

fn element(time: DateTime<Utc>, pattern: &str) -> Result<String> {
    let hour12 = time.hour12().1;
    let name = |format: &str| time.format(format).to_string();
    Ok(match pattern {
        "YYYY" => format!("{:04}", time.year()),
        "Y,YYY" => format!("{},{:03}", time.year() / 1000, time.year() % 1000),
        "YYY" => format!("{:03}", time.year().rem_euclid(1000)),
        "YY" => format!("{:02}", time.year().rem_euclid(100)),
        "Y" => format!("{}", time.year().rem_euclid(10)),
        "IYYY" => format!("{:04}", time.iso_week().year()),
        "CC" => format!("{:02}", (time.year() + 99) / 100),
        "Q" => (time.month0() / 3 + 1).to_string(),
        "MM" => format!("{:02}", time.month()),
        "MONTH" => format!("{:<9}", name("%B").to_uppercase()),
        "Month" => format!("{:<9}", name("%B")),
        "month" => format!("{:<9}", name("%B").to_lowercase()),
        "MON" => name("%b").to_uppercase(),
        "Mon" => name("%b"),
        "mon" => name("%b").to_lowercase(),
        "DAY" => format!("{:<9}", name("%A").to_uppercase()),
        "Day" => format!("{:<9}", name("%A")),
        "day" => format!("{:<9}", name("%A").to_lowercase()),
        "DY" => name("%a").to_uppercase(),
        "Dy" => name("%a"),
        "dy" => name("%a").to_lowercase(),
        "DDD" => format!("{:03}", time.ordinal()),
        "DD" => format!("{:02}", time.day()),
        "D" => (time.weekday().num_days_from_sunday() + 1).to_string(),
        "ID" => time.weekday().number_from_monday().to_string(),
        "IW" => format!("{:02}", time.iso_week().week()),
        "WW" => format!("{:02}", time.ordinal0() / 7 + 1),
        "W" => (time.day0() / 7 + 1).to_string(),
        "J" => (i64::from(time.num_days_from_ce()) + 1_721_425).to_string(),
        "HH24" => format!("{:02}", time.hour()),
        "HH" | "HH12" => format!("{hour12:02}"),
        "MI" => format!("{:02}", time.minute()),
        "SS" => format!("{:02}", time.second()),
        "SSSS" | "SSSSS" => time.num_seconds_from_midnight().to_string(),
        "MS" => format!("{:03}", time.timestamp_subsec_millis()),
        "US" => format!("{:06}", time.timestamp_subsec_micros()),
        "AM" | "PM" => if time.hour() < 12 { "AM" } else { "PM" }.to_string(),
        "am" | "pm" => if time.hour() < 12 { "am" } else { "pm" }.to_string(),
        "TZ" => "UTC".to_string(),
        "tz" => "utc".to_string(),
        "TZH" | "OF" => "+00".to_string(),
        "TZM" => "00".to_string(),
        other => return Err(unknown(other)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_their_pattern() {
        let time = DateTime::<Utc>::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let cases = [
            ("YYYY-MM-DD HH24:MI:SS", "2023-11-14 22:13:20"),
            ("yyyy-mm-dd", "2023-11-14"),
            ("Mon DD, HH12:MI AM", "Nov 14, 10:13 PM"),
            ("FMDDth \"of\" FMMonth", "14th of November"),
            ("US MS Q", "123456 123 4"),
        ];
        for (format, expected) in cases {
            assert_eq!(timestamp(time, format).unwrap(), expected, "{format}");
        }
        assert_eq!(timestamp(time, "XYZ").unwrap_err().sqlstate(), "0A000");
    }
}

//! Settings whose values have a syntax of their own: `DateStyle`, `TimeZone`, `search_path`, `client_encoding` and the like.
//!
//! Dates are read month first and shown in ISO form, and times are those of UTC. A value that says so
//! is taken; another that PostgreSQL knows answers 0A000, and 22023 is for what means nothing.

use crate::error::{Error, ErrorKind, Result};
use crate::settings::setting::{Setting, boolean};
use crate::types::local_time;

/// Encodings that PostgreSQL converts from and to UTF8.
const ENCODINGS: &[&str] = &[
    "sqlascii",
    "eucjp",
    "euccn",
    "euckr",
    "euctw",
    "eucjis2004",
    "muleinternal",
    "sjis",
    "shiftjis2004",
    "big5",
    "gbk",
    "uhc",
    "gb18030",
    "johab",
    "koi8r",
    "koi8u",
    "iso88595",
    "iso88596",
    "iso88597",
    "iso88598",
    "win",
    "alt",
];

/// The canonical form of a value of one of these settings; `None` for any other setting.
///
/// # Errors
/// 22023 for a value that the setting cannot take, 0A000 for one that would not be obeyed.
pub fn read(setting: &Setting, text: &str) -> Option<Result<String>> {
    Some(match setting.name {
        "client_encoding" => client_encoding(setting, text),
        "DateStyle" => date_style(setting, text),
        "extra_float_digits" => float_digits(setting, text),
        "nebulus.fetch" => fetch(setting, text),
        "search_path" => search_path(setting, text),
        "TimeZone" => time_zone(setting, text),
        _ => return None,
    })
}

/// A style and an order, in any order, either of which may be missing.
fn date_style(setting: &Setting, text: &str) -> Result<String> {
    for word in text.split(',').map(|word| word.trim().to_ascii_lowercase()) {
        match word.as_str() {
            "iso" | "mdy" | "us" | "default" => {}
            word if word.starts_with("noneuro") => {}
            word if word.starts_with("euro") || word.starts_with("postgres") => return Err(other_style(setting, text)),
            "dmy" | "ymd" | "sql" | "german" => return Err(other_style(setting, text)),
            word => {
                return Err(setting.invalid(text).with_detail(format!("Unrecognized key word: \"{word}\".")));
            }
        }
    }
    Ok(setting.default.to_string())
}

fn other_style(setting: &Setting, text: &str) -> Error {
    setting.unsupported(
        text,
        "Dates are read month first and shown in ISO form: write them as 2024-12-31, or print them with to_char().",
    )
}

fn float_digits(setting: &Setting, text: &str) -> Result<String> {
    let digits = setting.read(text)?;
    match digits.parse::<i64>() {
        Ok(1..) => Ok(digits),
        _ => Err(setting.unsupported(text, "Floats are shown with their shortest exact digits; round() them.")),
    }
}

fn fetch(setting: &Setting, text: &str) -> Result<String> {
    match (boolean(text), text.trim().eq_ignore_ascii_case("all")) {
        (_, true) => Ok("all".to_string()),
        (Some(true), _) => Ok("on".to_string()),
        (Some(false), _) => Ok("off".to_string()),
        (None, false) => Err(setting
            .invalid(text)
            .with_hint("on, off, or all, which fetches whole collections for statements that name no entry.")),
    }
}

fn client_encoding(setting: &Setting, text: &str) -> Result<String> {
    let letters = |c: &char| c.is_ascii_alphanumeric();
    let name: String = text.chars().filter(letters).map(|c| c.to_ascii_lowercase()).collect();
    let is_known = || ENCODINGS.contains(&name.as_str()) || name.starts_with("latin") || name.starts_with("win1");
    match name.as_str() {
        "utf8" | "unicode" => Ok("UTF8".to_string()),
        _ if is_known() || name.starts_with("windows1") || name.starts_with("win8") => {
            Err(setting.unsupported(text, "This server speaks UTF8 only."))
        }
        _ => Err(setting.invalid(text).with_hint("This server speaks UTF8 only.")),
    }
}

fn time_zone(setting: &Setting, text: &str) -> Result<String> {
    let name = text.trim().to_ascii_lowercase();
    let is_utc = matches!(
        name.as_str(),
        "utc" | "gmt" | "uct" | "zulu" | "z" | "universal" | "greenwich" | "default" | "gmt0" | "utc0"
    ) || matches!(
        name.as_str(),
        "etc/utc" | "etc/gmt" | "etc/uct" | "etc/zulu" | "etc/universal" | "etc/greenwich" | "etc/gmt0"
    );
    if is_utc || offset(&name) == Some(0.0) {
        return Ok(setting.default.to_string());
    }
    let posix = name.strip_prefix("gmt").or_else(|| name.strip_prefix("utc"));
    if offset(&name).is_some() || posix.and_then(offset).is_some() || local_time(text, 0).is_ok() {
        let hint = "Times are shown and read in UTC; use AT TIME ZONE to convert, or write the zone behind the time.";
        return Err(setting.unsupported(text, hint));
    }
    Err(setting.invalid(text))
}

/// Hours east of UTC, as a number or as `+hh:mm`.
fn offset(name: &str) -> Option<f64> {
    match name.split_once(':') {
        None => name.parse().ok(),
        Some((hours, minutes)) => {
            let minutes: f64 = minutes.replace(':', "").parse().ok()?;
            let hours: f64 = hours.parse().ok()?;
            Some(hours.abs() + minutes / 60.0)
        }
    }
    .filter(|hours: &f64| hours.is_finite() && hours.abs() <= 168.0)
}

/// Most schemas of a search path.
const SCHEMAS_MAX: usize = 64;

/// Schemas that are not there may be named, as in PostgreSQL: whoever looks for a name passes them over.
fn search_path(setting: &Setting, text: &str) -> Result<String> {
    match identifiers(text) {
        Some(names) if names.len() <= SCHEMAS_MAX => Ok(text.to_string()),
        Some(_) => {
            Err(Error::new(ErrorKind::LimitExceeded, format!("a search path can name at most {SCHEMAS_MAX} schemas")))
        }
        None => {
            let message = format!("invalid value for parameter \"{}\": \"{text}\"", setting.name);
            let error = Error::new(ErrorKind::InvalidParameterValue, message);
            Err(error.with_detail("List syntax is invalid."))
        }
    }
}

/// The identifiers of a list, without their quotes; `None` where it is no list (`SplitIdentifierString` of PostgreSQL).
pub fn identifiers(list: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = list.trim();
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let mut name = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let (part, behind) = quoted.split_once('"')?;
                name.push_str(part);
                match behind.strip_prefix('"') {
                    Some(behind) => {
                        name.push('"');
                        quoted = behind;
                    }
                    None => {
                        rest = behind;
                        break;
                    }
                }
            }
        } else {
            let end = rest.find(|character: char| character == ',' || character.is_whitespace()).unwrap_or(rest.len());
            let (part, behind) = rest.split_at_checked(end)?;
            if part.is_empty() {
                return None;
            }
            name = part.to_lowercase();
            rest = behind;
        }
        names.push(name);
        rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind.trim_start(),
            None => return rest.is_empty().then_some(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::list::SETTINGS;

    fn read_as(name: &str, text: &str) -> std::result::Result<String, &'static str> {
        let setting = SETTINGS.iter().find(|setting| setting.name == name).unwrap();
        read(setting, text).unwrap().map_err(|error| error.sqlstate())
    }

    #[test]
    fn what_is_done_anyway_is_taken() {
        for text in ["ISO", "iso, mdy", "MDY", "US", "ISO, US", "DEFAULT"] {
            assert_eq!(read_as("DateStyle", text), Ok("ISO, MDY".to_string()), "{text}");
        }
        for text in ["UTC", "gmt", "Etc/UTC", "0", "+00", "-00:00", "Zulu", "GMT0"] {
            assert_eq!(read_as("TimeZone", text), Ok("UTC".to_string()), "{text}");
        }
        for text in ["", "public", "\"$user\", public", "tenant, pg_catalog, public", "PUBLIC", "\"\"", "\"Pu\"\"b\""] {
            assert_eq!(read_as("search_path", text), Ok(text.to_string()), "{text}");
        }
        for text in ["utf8", "UTF-8", "unicode"] {
            assert_eq!(read_as("client_encoding", text), Ok("UTF8".to_string()), "{text}");
        }
        assert_eq!(read_as("extra_float_digits", "3"), Ok("3".to_string()));
        assert_eq!(read_as("nebulus.fetch", "ALL"), Ok("all".to_string()));
    }

    #[test]
    fn what_is_not_obeyed_is_refused() {
        for (name, text) in [
            ("DateStyle", "SQL, DMY"),
            ("DateStyle", "ISO, YMD"),
            ("DateStyle", "German"),
            ("DateStyle", "european"),
            ("TimeZone", "Europe/Zurich"),
            ("TimeZone", "-8"),
            ("TimeZone", "+05:30"),
            ("TimeZone", "GMT-02:00"),
            ("TimeZone", "pst"),
            ("client_encoding", "LATIN1"),
            ("client_encoding", "WIN1252"),
            ("extra_float_digits", "0"),
            ("extra_float_digits", "-15"),
        ] {
            assert_eq!(read_as(name, text), Err("0A000"), "{name} {text}");
        }
        for (name, text) in [
            ("DateStyle", "nonsense"),
            ("DateStyle", ""),
            ("TimeZone", "nonsense"),
            ("TimeZone", ""),
            ("search_path", "a,"),
            ("search_path", "a b"),
            ("search_path", "\"a"),
            ("client_encoding", "nonsense"),
            ("extra_float_digits", "4"),
            ("extra_float_digits", "x"),
            ("nebulus.fetch", "maybe"),
        ] {
            assert_eq!(read_as(name, text), Err("22023"), "{name} {text}");
        }
    }
}

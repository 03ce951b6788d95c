//! Settings whose values have a syntax of their own: `DateStyle`, `TimeZone`, `search_path`, `client_encoding` and the like.
//!
//! There is one encoding. A value that says so is taken; another that PostgreSQL knows answers 0A000, and 22023
//! is for what means nothing.

use crate::error::{Error, ErrorKind, Result};
use crate::settings::setting::{Setting, boolean};
use crate::types::Zone;

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

/// The canonical form of a value of one of these settings, whose current value may fill what is left out; `None` for any other
/// setting.
///
/// # Errors
/// 22023 for a value that the setting cannot take, 0A000 for one that would not be obeyed.
pub fn read(setting: &Setting, text: &str, current: &str) -> Option<Result<String>> {
    Some(match setting.name {
        "client_encoding" => client_encoding(setting, text),
        "DateStyle" => date_style(setting, text, current),
        "nebulus.fetch" => fetch(setting, text),
        "search_path" => search_path(setting, text),
        "TimeZone" => time_zone(setting, text),
        _ => return None,
    })
}

/// A style and an order, in any order; what is missing stays as it is.
fn date_style(setting: &Setting, text: &str, current: &str) -> Result<String> {
    let (mut style, mut order): (Option<&str>, Option<&str>) = (None, None);
    let conflict = |known: Option<&str>, word: &str| known.is_some_and(|known| known != word);
    let words: Vec<String> = text.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
    let words = if text.trim().is_empty() { &[] } else { words.as_slice() };
    // German is written day first, unless an order is named or its default is asked for.
    let mut is_german = false;
    for word in words {
        let mut is_conflict = false;
        let mut set = |place: &mut Option<&'static str>, word: &'static str| {
            is_conflict |= conflict(*place, word);
            *place = Some(word);
        };
        match word.as_str() {
            "iso" => set(&mut style, "ISO"),
            "sql" => set(&mut style, "SQL"),
            "german" => {
                set(&mut style, "German");
                is_german = true;
            }
            word if word.starts_with("postgres") => set(&mut style, "Postgres"),
            "ymd" => set(&mut order, "YMD"),
            "dmy" => set(&mut order, "DMY"),
            word if word.starts_with("euro") => set(&mut order, "DMY"),
            "mdy" | "us" => set(&mut order, "MDY"),
            word if word.starts_with("noneuro") => set(&mut order, "MDY"),
            "default" => {
                let (default_style, default_order) = setting.default.split_once(", ").unwrap_or_default();
                style = style.or(Some(default_style));
                order = order.or(Some(default_order));
            }
            word => {
                return Err(setting.invalid(text).with_detail(format!("Unrecognized key word: \"{word}\".")));
            }
        }
        if is_conflict {
            return Err(setting.invalid(text).with_detail("Conflicting \"DateStyle\" specifications."));
        }
    }
    let (current_style, current_order) = current.split_once(", ").unwrap_or_default();
    let order = order.unwrap_or(if is_german { "DMY" } else { current_order });
    Ok(format!("{}, {order}", style.unwrap_or(current_style)))
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
    match Zone::of_setting(text) {
        Some(zone) => Ok(zone.name()),
        None if Zone::is_too_far(text) => {
            Err(setting.invalid(text).with_detail("UTC timezone offset is out of range."))
        }
        None => Err(setting.invalid(text)),
    }
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
        read(setting, text, setting.default).unwrap().map_err(|error| error.sqlstate())
    }

    #[test]
    fn what_is_done_anyway_is_taken() {
        for (text, style) in [
            ("ISO", "ISO, MDY"),
            ("iso, us", "ISO, MDY"),
            ("", "ISO, MDY"),
            ("DEFAULT", "ISO, MDY"),
            ("SQL, DMY", "SQL, DMY"),
            ("german", "German, DMY"),
            ("German, US", "German, MDY"),
            ("european", "ISO, DMY"),
            ("YMD", "ISO, YMD"),
            ("dmy,dmy, postgresql", "Postgres, DMY"),
        ] {
            assert_eq!(read_as("DateStyle", text), Ok(style.to_string()), "{text}");
        }
        for (text, zone) in [("utc", "UTC"), ("gmt", "GMT"), ("0", "<+00>-00"), ("Europe/Zurich", "Europe/Zurich")] {
            assert_eq!(read_as("TimeZone", text), Ok(zone.to_string()), "{text}");
        }
        for text in ["", "public", "\"$user\", public", "tenant, pg_catalog, public", "PUBLIC", "\"\"", "\"Pu\"\"b\""] {
            assert_eq!(read_as("search_path", text), Ok(text.to_string()), "{text}");
        }
        for text in ["utf8", "UTF-8", "unicode"] {
            assert_eq!(read_as("client_encoding", text), Ok("UTF8".to_string()), "{text}");
        }
        assert_eq!(read_as("nebulus.fetch", "ALL"), Ok("all".to_string()));
    }

    #[test]
    fn what_is_not_obeyed_is_refused() {
        for (name, text) in [("client_encoding", "LATIN1"), ("client_encoding", "WIN1252")] {
            assert_eq!(read_as(name, text), Err("0A000"), "{name} {text}");
        }
        for (name, text) in [
            ("DateStyle", "nonsense"),
            ("DateStyle", "german,sql"),
            ("DateStyle", "dmy, mdy"),
            ("TimeZone", "pst"),
            ("TimeZone", "168"),
            ("TimeZone", "nonsense"),
            ("TimeZone", ""),
            ("search_path", "a,"),
            ("search_path", "a b"),
            ("search_path", "\"a"),
            ("client_encoding", "nonsense"),
            ("nebulus.fetch", "maybe"),
        ] {
            assert_eq!(read_as(name, text), Err("22023"), "{name} {text}");
        }
    }
}

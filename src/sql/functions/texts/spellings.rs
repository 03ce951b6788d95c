//! Texts that stand for numbers, names and values: digits in other bases, parts of a qualified name, escapes, what a type takes.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, Bool, Text};
use crate::expr::{Body, Function, Invocation, text_of};
use crate::sql::functions::server::catalog::written_type;
use crate::types::{ColumnType, Value};

pub fn definitions() -> Vec<Function> {
    let text = ColumnType::Text;
    let counted = |name: &'static str, of_array: &'static str, body: Body| {
        Function::new(name, &[Any], ColumnType::Int4, body).variadic(of_array).with_nulls()
    };
    vec![
        Function::new("to_hex", &[Any], text.clone(), |invocation, arguments| in_base(invocation, arguments, 16)),
        Function::new("to_oct", &[Any], text.clone(), |invocation, arguments| in_base(invocation, arguments, 8)),
        Function::new("to_bin", &[Any], text.clone(), |invocation, arguments| in_base(invocation, arguments, 2)),
        Function::new("casefold", &[Text], text.clone(), |_, arguments| {
            Ok(Value::text(text_of(arguments, 0).to_lowercase()))
        }),
        Function::new("unistr", &[Text], text, |_, arguments| unescaped(text_of(arguments, 0)).map(Value::text)),
        Function::new("parse_ident", &[Text, Bool], ColumnType::Array(Box::new(ColumnType::Text)), parse_ident)
            .optional(1),
        Function::new("string_to_table", &[Text, Text, Text], ColumnType::Array(Box::new(ColumnType::Text)), parts)
            .optional(1)
            .with_nulls(),
        counted("num_nulls", "$num_nulls", |_, arguments| Ok(count(arguments, true))),
        counted("num_nonnulls", "$num_nonnulls", |_, arguments| Ok(count(arguments, false))),
        Function::new("pg_input_is_valid", &[Text, Text], ColumnType::Bool, |invocation, arguments| {
            let ty = written_type(invocation, text_of(arguments, 1))?;
            let style = invocation.style();
            let value = style.parse(&ty, &at_some_moment(text_of(arguments, 0), &ty));
            Ok(Value::Bool(value.and_then(|value| value.cast_in(style, &ty, false)).is_ok()))
        })
        .styled(),
    ]
}

/// The text of a time with another one in place of `now` and `today`, which is as valid.
fn at_some_moment<'t>(text: &'t str, ty: &ColumnType) -> Cow<'t, str> {
    let (now, day) = match ty {
        ColumnType::Time => ("00:00", None),
        ColumnType::Date => ("2000-01-01", Some("2000-01-01")),
        ColumnType::Timestamp | ColumnType::TimestampTz => ("2000-01-01 00:00", Some("2000-01-01")),
        _ => return Cow::Borrowed(text),
    };
    let words = text.split_ascii_whitespace().map(|word| match word.to_ascii_lowercase().as_str() {
        "now" => now,
        "today" | "tomorrow" | "yesterday" => day.unwrap_or(word),
        _ => word,
    });
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}

/// The parts of a text between separators: its characters where there is no separator, the whole text where that is empty. A part
/// that is the third argument is NULL.
fn parts(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let Some(text) = arguments.first().and_then(Value::as_str) else { return Ok(Value::Null) };
    let separator = arguments.get(1).and_then(Value::as_str);
    let null = arguments.get(2).and_then(Value::as_str);
    let found: Vec<&str> = match separator {
        _ if text.is_empty() => Vec::new(),
        None => text.split("").filter(|part| !part.is_empty()).collect(),
        Some("") => vec![text],
        Some(separator) => text.split(separator).collect(),
    };
    let _making = invocation.making(found.len().saturating_mul(size_of::<Value>()).saturating_add(text.len()))?;
    let values = found.into_iter().map(|part| if Some(part) == null { Value::Null } else { Value::text(part) });
    Ok(Value::Array(Box::new(ColumnType::Text), values.collect()))
}

fn count(arguments: &[Value], nulls: bool) -> Value {
    let count = arguments.iter().filter(|argument| argument.is_null() == nulls).count();
    Value::Int4(i32::try_from(count).unwrap_or(i32::MAX))
}

/// The digits of a number without a sign: of a negative one those of its complement, in the width of its type.
fn in_base(invocation: &Invocation<'_>, arguments: &[Value], base: u32) -> Result<Value> {
    let is_wide = invocation.types.first() == Some(&ColumnType::Int8);
    let ty = if is_wide { ColumnType::Int8 } else { ColumnType::Int4 };
    let number = arguments.first().cloned().unwrap_or_default();
    let number = match number {
        Value::Int8(_) => number,
        number => number.cast(&ty, false)?,
    };
    let bits = match number {
        Value::Int8(number) if is_wide || i32::try_from(number).is_err() => number as u64,
        number => match number.as_i64().map(|number| number as i32) {
            Some(number) => u64::from(number as u32),
            None => return Ok(Value::Null),
        },
    };
    Ok(Value::text(match base {
        16 => format!("{bits:x}"),
        8 => format!("{bits:o}"),
        _ => format!("{bits:b}"),
    }))
}

/// `unistr`: `\XXXX`, `\+XXXXXX`, `\uXXXX`, `\UXXXXXXXX` as characters.
fn unescaped(text: &str) -> Result<String> {
    let invalid = |message: &str| Error::new(ErrorKind::Syntax, message);
    let escape = || {
        invalid("invalid Unicode escape")
            .with_hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.")
    };
    let mut out = String::with_capacity(text.len());
    let mut high: Option<u32> = None;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let behind = rest.get(character.len_utf8()..).unwrap_or("");
        if character != '\\' || behind.starts_with('\\') {
            if high.is_some() {
                return Err(invalid("invalid Unicode surrogate pair"));
            }
            out.push(character);
            rest = if character == '\\' { behind.get(1..).unwrap_or("") } else { behind };
            continue;
        }
        let (skipped, length) = match behind.bytes().next() {
            Some(b'+') => (1, 6),
            Some(b'u') => (1, 4),
            Some(b'U') => (1, 8),
            _ => (0, 4),
        };
        let digits =
            behind.get(skipped..skipped + length).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or_else(escape)?;
        rest = behind.get(skipped + length..).unwrap_or("");
        match (high.take(), code) {
            (None, 0xd800..=0xdbff) => high = Some(code),
            (Some(first), 0xdc00..=0xdfff) => {
                out.extend(char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (code - 0xdc00)));
            }
            (None, code) => match char::from_u32(code) {
                Some('\0') => return Err(invalid("invalid Unicode code point: 0000")),
                Some(character) => out.push(character),
                None if (0xdc00..=0xdfff).contains(&code) => return Err(invalid("invalid Unicode surrogate pair")),
                None => {
                    let message = format!("invalid Unicode code point: {code:04X}");
                    return Err(Error::new(ErrorKind::InvalidParameterValue, message));
                }
            },
            (Some(_), _) => return Err(invalid("invalid Unicode surrogate pair")),
        }
    }
    if high.is_some() {
        return Err(invalid("invalid Unicode surrogate pair"));
    }
    Ok(out)
}

/// The parts of a qualified name, folded where they are not quoted; what follows is an error where that is strict.
fn parse_ident(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let text = text_of(arguments, 0);
    let is_strict = !matches!(arguments.get(1), Some(Value::Bool(false)));
    let refused = |detail: Option<String>| {
        let error =
            Error::new(ErrorKind::InvalidParameterValue, format!("string is not a valid identifier: \"{text}\""));
        match detail {
            Some(detail) => error.with_detail(detail),
            None => error,
        }
    };
    let is_start = |character: char| character == '_' || character.is_ascii_alphabetic() || !character.is_ascii();
    let is_inside = |character: char| is_start(character) || character == '$' || character.is_ascii_digit();
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    let mut is_behind_dot = false;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut name = String::new();
            let mut inside = quoted;
            loop {
                let (before, behind) =
                    inside.split_once('"').ok_or_else(|| refused(Some("String has unclosed double quotes.".into())))?;
                name.push_str(before);
                inside = behind;
                if !inside.starts_with('"') {
                    break;
                }
                name.push('"');
                inside = inside.get(1..).unwrap_or("");
            }
            if name.is_empty() {
                return Err(refused(Some("Quoted identifier must not be empty.".into())));
            }
            parts.push(Value::text(name));
            rest = inside;
        } else if rest.starts_with(is_start) {
            let end = rest.find(|character| !is_inside(character)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            parts.push(Value::text(name.to_ascii_lowercase()));
            rest = behind;
        } else if rest.starts_with('.') {
            return Err(refused(Some("No valid identifier before \".\".".into())));
        } else if is_behind_dot {
            return Err(refused(Some("No valid identifier after \".\".".into())));
        } else {
            return Err(refused(None));
        }
        rest = rest.trim_start();
        match rest.strip_prefix('.') {
            Some(behind) => {
                is_behind_dot = true;
                rest = behind.trim_start();
            }
            None if rest.is_empty() || !is_strict => return Ok(Value::Array(Box::new(ColumnType::Text), parts)),
            None => return Err(refused(None)),
        }
    }
}

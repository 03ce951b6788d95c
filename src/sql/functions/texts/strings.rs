//! Functions of text, arrays and numbers that DataFusion lacks or means differently.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Any, AnyArray, Float, Int, Text};
use crate::expr::{Function, Invocation, int_of, text_of};
use crate::sql::functions::texts::format::format_text;
use crate::types::limits::ENTRY_BYTES_MAX;
use crate::types::{ColumnType, Value, quote_identifier};

/// The end of a series that is made as a list, checked: too long a list would fill the memory.
pub const SERIES_END: &str = "$series_end";
/// Numbers that a list of a series holds at most. A series between constants is no list and has no bound.
const SERIES_LIST_MAX: u64 = 10_000_000;

/// `round` of a float, under PostgreSQL's name: halves go to the even number.
pub const ROUND_FLOAT: &str = "dround";

/// `length` and `octet_length` of a bytea; DataFusion's take texts alone.
pub const BYTES_LENGTH: &str = "$bytes_length";

pub fn definitions() -> Vec<Function> {
    let text = ColumnType::Text;
    vec![
        Function::new(BYTES_LENGTH, &[Any], ColumnType::Int4, bytes_length),
        Function::new("chr", &[Int], text.clone(), |_, arguments| character(int_of(arguments, 0).unwrap_or(0))),
        Function::new(ROUND_FLOAT, &[Float], ColumnType::Float8, |_, arguments| {
            let Some(Value::Float8(number)) = arguments.first() else { return Ok(Value::Null) };
            Ok(Value::Float8(number.round_ties_even()))
        }),
        Function::new("repeat", &[Text, Int], text.clone(), repeat),
        Function::new("lpad", &[Text, Int, Text], text.clone(), |_, arguments| padded(arguments, true)).optional(1),
        Function::new("rpad", &[Text, Int, Text], text.clone(), |_, arguments| padded(arguments, false)).optional(1),
        Function::new(SERIES_END, &[Int, Int, Int], ColumnType::Int8, series_end).optional(1),
        Function::new("quote_ident", &[Text], text.clone(), |_, arguments| {
            Ok(Value::text(quote_identifier(text_of(arguments, 0))))
        }),
        Function::new("quote_literal", &[Any], text.clone(), |invocation, arguments| {
            Ok(Value::text(quoted(&cast_text(invocation, arguments)?)))
        }),
        Function::new("quote_nullable", &[Any], text.clone(), |invocation, arguments| {
            let is_null = arguments.first().is_none_or(Value::is_null);
            Ok(Value::text(if is_null { "NULL".to_string() } else { quoted(&cast_text(invocation, arguments)?) }))
        })
        .with_nulls(),
        // By the output functions of the types, where `||` and casts have their text: true is t here.
        Function::new("concat", &[Any], text.clone(), |invocation, arguments| joined(invocation, "", arguments))
            .variadic("$concat")
            .with_nulls(),
        Function::new("concat_ws", &[Text, Any], text.clone(), |invocation, arguments| match arguments {
            [separator, values @ ..] if !separator.is_null() => {
                joined(invocation, separator.as_str().unwrap_or_default(), values)
            }
            _ => Ok(Value::Null),
        })
        .variadic("$concat_ws")
        .with_nulls(),
        Function::new("format", &[Text, Any], text.clone(), format_text)
            .variadic("$format")
            .null_is_empty()
            .with_nulls(),
        Function::new("array_to_string", &[AnyArray, Text, Text], text, array_to_string).optional(1).with_nulls(),
        Function::new(
            "array_prefix",
            &[Text, AnyArray],
            ColumnType::Array(Box::new(ColumnType::Text)),
            |invocation, arguments| {
                let Some(Value::Array(_, elements)) = arguments.get(1) else { return Ok(Value::Null) };
                let prefix = text_of(arguments, 0);
                let prefixed = elements
                    .iter()
                    .map(|element| Value::text(format!("{prefix}{}", invocation.style().text_of(element))));
                Ok(Value::Array(Box::new(ColumnType::Text), prefixed.collect()))
            },
        ),
        Function::new("width_bucket", &[Float, Float, Float, Int], ColumnType::Int4, width_bucket),
    ]
}

fn too_long() -> Error {
    Error::new(ErrorKind::LimitExceeded, "requested length too large")
        .with_detail(format!("A text has at most {ENTRY_BYTES_MAX} bytes."))
}

fn bytes_length(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let Some(Value::Bytea(bytes)) = arguments.first() else { return Ok(Value::Null) };
    i32::try_from(bytes.len()).map(Value::Int4).map_err(|_| too_long())
}

/// The character of a code point; texts hold no NUL.
fn character(code: i64) -> Result<Value> {
    let refused = |message: String| Error::new(ErrorKind::LimitExceeded, message);
    match u32::try_from(code) {
        Err(_) if code < 0 => Err(Error::new(ErrorKind::InvalidParameterValue, "character number must be positive")),
        Ok(0) => Err(refused("null character not permitted".to_string())),
        Ok(point) if point <= 0x10_ffff => char::from_u32(point)
            .map(|character| Value::text(character.to_string()))
            .ok_or_else(|| refused(format!("requested character not valid for encoding: {code}"))),
        _ => Err(refused(format!("requested character too large for encoding: {code}"))),
    }
}

fn repeat(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let text = text_of(arguments, 0);
    let count = usize::try_from(int_of(arguments, 1).unwrap_or(0).max(0)).map_err(|_| too_long())?;
    match text.len().checked_mul(count) {
        Some(bytes) if bytes <= ENTRY_BYTES_MAX => Ok(Value::text(text.repeat(count))),
        _ => Err(too_long()),
    }
}

/// `lpad` and `rpad`: a text of just so many characters.
fn padded(arguments: &[Value], at_left: bool) -> Result<Value> {
    let text = text_of(arguments, 0);
    let length = usize::try_from(int_of(arguments, 1).unwrap_or(0).max(0)).map_err(|_| too_long())?;
    if length > ENTRY_BYTES_MAX {
        return Err(too_long());
    }
    let fill = if arguments.len() > 2 { text_of(arguments, 2) } else { " " };
    let kept: String = text.chars().take(length).collect();
    let missing = length.saturating_sub(text.chars().count());
    let padding: String = fill.chars().cycle().take(missing).collect();
    Ok(Value::text(if at_left { padding + &kept } else { kept + &padding }))
}

fn series_end(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let (Some(start), Some(end)) = (int_of(arguments, 0), int_of(arguments, 1)) else { return Ok(Value::Null) };
    let step = if arguments.len() > 2 { int_of(arguments, 2).unwrap_or(1) } else { 1 };
    let is_empty = if step > 0 { start > end } else { start < end };
    if !is_empty && start.abs_diff(end) / step.unsigned_abs().max(1) >= SERIES_LIST_MAX {
        let message = format!("a computed series has at most {SERIES_LIST_MAX} numbers");
        return Err(
            Error::new(ErrorKind::LimitExceeded, message).with_hint("Between constants it may be of any length.")
        );
    }
    Ok(Value::Int8(end))
}

/// The text that a cast gives of the first argument.
fn cast_text(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<String> {
    let value = arguments.first().cloned().unwrap_or(Value::Null);
    Ok(value.cast_in(invocation.style(), &ColumnType::Text, true)?.to_text())
}

/// The texts of those that are not NULL.
fn joined(invocation: &Invocation<'_>, separator: &str, values: &[Value]) -> Result<Value> {
    let texts: Vec<String> = {
        let shown = values.iter().filter(|value| !value.is_null());
        shown.map(|value| invocation.style().text_of(value)).collect()
    };
    let bytes = texts.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()).saturating_add(separator.len()));
    let _making = invocation.making(bytes)?;
    Ok(Value::text(texts.join(separator)))
}

pub fn quoted(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') { format!("E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

fn array_to_string(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    // Those of all dimensions.
    let elements = match arguments.first().cloned().map(Value::flattened) {
        Some(Value::Array(_, elements)) => elements,
        Some(Value::Vector(vector)) => vector.iter().map(|component| Value::Float4(*component)).collect(),
        _ => return Ok(Value::Null),
    };
    if arguments.get(1).is_none_or(Value::is_null) {
        return Ok(Value::Null);
    }
    let null = arguments.get(2).and_then(Value::as_str);
    let shown = |element: &Value| invocation.style().text_of(element);
    let texts: Vec<String> = elements
        .iter()
        .filter_map(|element| if element.is_null() { null.map(ToString::to_string) } else { Some(shown(element)) })
        .collect();
    let separator = text_of(arguments, 1);
    let bytes = texts.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()).saturating_add(separator.len()));
    let _making = invocation.making(bytes)?;
    Ok(Value::text(texts.join(separator)))
}

/// The bucket of a number among `count` of equal width; 0 and `count + 1` are what lies outside.
fn width_bucket(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let [Value::Float8(operand), Value::Float8(low), Value::Float8(high), count] = arguments else {
        return Ok(Value::Null);
    };
    let invalid = |message: &str| Error::new(ErrorKind::InvalidBuckets, message);
    let overflow = || Error::new(ErrorKind::NumericOutOfRange, "integer out of range");
    let count = count.as_i64().and_then(|count| i32::try_from(count).ok()).ok_or_else(overflow)?;
    if count <= 0 {
        return Err(invalid("count must be greater than zero"));
    }
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        return Err(invalid("operand, lower bound, and upper bound cannot be NaN"));
    }
    if low.is_infinite() || high.is_infinite() {
        return Err(invalid("lower and upper bounds must be finite"));
    }
    if low == high {
        return Err(invalid("lower bound cannot equal upper bound"));
    }
    let (before, behind) = if low < high { (operand < low, operand >= high) } else { (operand > low, operand <= high) };
    if before {
        return Ok(Value::Int4(0));
    }
    let bucket = if behind {
        count.checked_add(1).ok_or_else(overflow)?
    } else {
        // Halves, so that the distance of the bounds stays finite.
        let part = (operand / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        ((part * f64::from(count)).floor() as i32).min(count - 1) + 1
    };
    Ok(Value::Int4(bucket))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[Value]) -> Result<Value> {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        (definition.body)(&Invocation { name: definition.name, statement: None, types: &[] }, arguments)
    }

    #[test]
    fn format_quotes_names_and_literals() {
        let arguments = [Value::text("%s %I %L %%"), Value::Int4(1), Value::text("A b"), Value::text("it's")];
        assert_eq!(call("format", &arguments).unwrap(), Value::text("1 \"A b\" 'it''s' %"));
        assert_eq!(
            call("format", &[Value::text("%2$s%1$s"), Value::text("a"), Value::text("b")]).unwrap(),
            Value::text("ba")
        );
        assert_eq!(call("format", &[Value::text("%s")]).unwrap_err().sqlstate(), "22023");
    }

    #[test]
    fn texts_and_series_have_bounds() {
        let text = |name: &str, text: &str, length: i64, fill: &str| {
            call(name, &[Value::text(text), Value::Int8(length), Value::text(fill)]).unwrap()
        };
        assert_eq!(text("lpad", "äb", 5, "xyz"), Value::text("xyzäb"));
        assert_eq!(text("rpad", "äb", 5, "xyz"), Value::text("äbxyz"));
        assert_eq!((text("lpad", "äbc", 2, "x"), text("rpad", "a", 3, "")), (Value::text("äb"), Value::text("a")));
        assert_eq!(text("lpad", "a", -1, "x"), Value::text(""));
        assert_eq!(call("repeat", &[Value::text("ab"), Value::Int8(2)]).unwrap(), Value::text("abab"));
        for (name, length) in [("repeat", 20_000_000), ("lpad", i64::MAX), ("rpad", 20_000_000)] {
            assert_eq!(call(name, &[Value::text("x"), Value::Int8(length)]).unwrap_err().sqlstate(), "54000");
        }
        let end = |start, end, step| call(SERIES_END, &[Value::Int8(start), Value::Int8(end), Value::Int8(step)]);
        assert_eq!(end(1, 10_000_000, 1).unwrap(), Value::Int8(10_000_000));
        assert_eq!(end(1, i64::MAX, -1).unwrap(), Value::Int8(i64::MAX));
        assert_eq!(end(i64::MIN, i64::MAX, 3).unwrap_err().sqlstate(), "54000");
    }

    #[test]
    fn buckets_count_from_one() {
        let bucket = |x: f64| {
            call("width_bucket", &[Value::Float8(x), Value::Float8(0.0), Value::Float8(10.0), Value::Int8(5)]).unwrap()
        };
        assert_eq!(
            (bucket(-1.0), bucket(0.0), bucket(9.9), bucket(10.0)),
            (Value::Int4(0), Value::Int4(1), Value::Int4(5), Value::Int4(6))
        );
    }
}

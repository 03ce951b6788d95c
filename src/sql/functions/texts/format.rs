//! `format(pattern, …)` (PostgreSQL's documentation, section 9.4.1): the width of what is inserted, and on which side it stands.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Invocation;
use crate::sql::functions::texts::strings::quoted;
use crate::types::{ColumnType, TextStyle, Value, quote_identifier};

/// What stands between `%` and the letter behind it.
#[derive(Default)]
struct Specifier {
    /// Which argument is inserted; the next one where it does not say.
    position: Option<usize>,
    is_left: bool,
    width: i32,
    /// The argument that says the width: a position, or the next one.
    width_from: Option<Option<usize>>,
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, message)
}

fn out_of_range() -> Error {
    Error::new(ErrorKind::NumericOutOfRange, "number is out of range")
}

/// The number that a text begins with, and what is behind it; `None` where it begins with no digit.
fn number(text: &str) -> Result<Option<(i32, &str)>> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).unwrap_or(("", text));
    if digits.is_empty() {
        return Ok(None);
    }
    digits.parse().map(|number| Some((number, rest))).map_err(|_| out_of_range())
}

fn position(number: i32) -> Result<usize> {
    match usize::try_from(number) {
        Ok(0) | Err(_) => Err(invalid("format specifies argument 0, but arguments are numbered from 1")),
        Ok(position) => Ok(position),
    }
}

impl Specifier {
    /// Reads one; what is behind it begins with the letter.
    fn read(text: &str) -> Result<(Specifier, &str)> {
        let mut specifier = Specifier::default();
        let mut rest = text;
        if let Some((number, behind)) = number(rest)? {
            let Some(behind) = behind.strip_prefix('$') else {
                specifier.width = number;
                return Ok((specifier, behind));
            };
            specifier.position = Some(position(number)?);
            rest = behind;
        }
        while let Some(behind) = rest.strip_prefix('-') {
            specifier.is_left = true;
            rest = behind;
        }
        if let Some(behind) = rest.strip_prefix('*') {
            specifier.width_from = Some(None);
            rest = behind;
            if let Some((number, behind)) = number(rest)? {
                let ended = behind.strip_prefix('$');
                rest = ended.ok_or_else(|| invalid("width argument position must be ended by \"$\""))?;
                specifier.width_from = Some(Some(position(number)?));
            }
        } else if let Some((width, behind)) = number(rest)? {
            specifier.width = width;
            rest = behind;
        }
        Ok((specifier, rest))
    }
}

/// The text of a pattern and what is inserted into it.
///
/// # Errors
/// 22023 for a pattern that is none, 22004 for a name that is NULL, 22003 for a number that is out of range; what the memory of the
/// statement says of a long one.
pub fn format_text(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let Some(pattern) = arguments.first().and_then(Value::as_str) else { return Ok(Value::Null) };
    let unfinished = || invalid("unterminated format() type specifier").with_hint("For a single \"%\" use \"%%\".");
    let argument = |position: usize| arguments.get(position).ok_or_else(|| invalid("too few arguments for format()"));
    let mut out = String::with_capacity(pattern.len());
    let mut making = None;
    let mut next = 1;
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(behind) = after.strip_prefix('%') {
            out.push('%');
            rest = behind;
            continue;
        }
        let (specifier, behind) = Specifier::read(after)?;
        let mut characters = behind.chars();
        let letter = characters.next().ok_or_else(unfinished)?;
        rest = characters.as_str();
        if !matches!(letter, 's' | 'I' | 'L') {
            let message = format!("unrecognized format() type specifier \"{letter}\"");
            return Err(invalid(&message).with_hint("For a single \"%\" use \"%%\"."));
        }
        let mut width = specifier.width;
        if let Some(from) = specifier.width_from {
            let place = from.unwrap_or(next);
            width = match argument(place)?.clone().cast(&ColumnType::Int4, true)? {
                Value::Int4(width) => width,
                _ => 0,
            };
            next = place.saturating_add(1);
        }
        let place = specifier.position.unwrap_or(next);
        let value = argument(place)?;
        next = place.saturating_add(1);
        let columns = usize::try_from(width.checked_abs().ok_or_else(out_of_range)?).unwrap_or_default();
        drop(making.take());
        making = invocation.making(out.len().saturating_add(value.bytes()).saturating_add(columns))?;
        let inserted = inserted(letter, value, invocation.style())?;
        let blanks = " ".repeat(columns.saturating_sub(inserted.chars().count()));
        let (left, right) = if specifier.is_left || width < 0 { (inserted, blanks) } else { (blanks, inserted) };
        out.push_str(&left);
        out.push_str(&right);
    }
    out.push_str(rest);
    drop(making);
    drop(invocation.making(out.len())?);
    Ok(Value::text(out))
}

/// A value as text, as a name or as a literal.
fn inserted(letter: char, value: &Value, style: &TextStyle) -> Result<String> {
    Ok(match letter {
        'I' if value.is_null() => {
            let message = "null values cannot be formatted as an SQL identifier";
            return Err(Error::new(ErrorKind::NullNotAllowed, message));
        }
        'L' if value.is_null() => "NULL".to_string(),
        _ if value.is_null() => String::new(),
        'I' => quote_identifier(&style.text_of(value)),
        'L' => quoted(&style.text_of(value)),
        _ => style.text_of(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(arguments: &[Value]) -> std::result::Result<String, &'static str> {
        let invocation = Invocation { name: "format", statement: None, types: &[] };
        format_text(&invocation, arguments).map(|text| text.to_text()).map_err(|error| error.sqlstate())
    }

    #[test]
    fn what_is_inserted_has_a_width_and_a_side() {
        let hello = || Value::text("Hello");
        for (arguments, expected) in [
            (vec![Value::text(">%10s<"), hello()], Ok(">     Hello<")),
            (vec![Value::text(">%-10s<"), hello()], Ok(">Hello     <")),
            (vec![Value::text(">%1$-10I<"), hello()], Ok(">\"Hello\"   <")),
            (vec![Value::text(">%2$*1$L<"), Value::Int4(-10), Value::Null], Ok(">NULL      <")),
            (vec![Value::text(">%*s<"), Value::Int4(7), hello()], Ok(">  Hello<")),
            (vec![Value::text(">%10s<"), Value::Null], Ok(">          <")),
            (vec![Value::text("%s %%"), hello()], Ok("Hello %")),
            (vec![Value::text("%I"), Value::Null], Err("22004")),
            (vec![Value::text("%"), hello()], Err("22023")),
            (vec![Value::text("%0$s"), hello()], Err("22023")),
            (vec![Value::text("%*1s"), hello()], Err("22023")),
            (vec![Value::text("%99999999999s"), hello()], Err("22003")),
            (vec![Value::text("%2147483647s"), hello()], Err("54000")),
        ] {
            assert_eq!(formatted(&arguments), expected.map(ToString::to_string), "{arguments:?}");
        }
    }
}

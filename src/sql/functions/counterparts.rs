//! Functions behind operators, casts and types, under the names that PostgreSQL gives them, and what encodings and sizes need.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Bool, Bytes, Float, Halfvec, Int, Sparse, Text, Vector};
use crate::expr::{Body, Function, Invocation, Parameter, int_of, text_of};
use crate::sql::functions::server::catalog::written_type;
use crate::types::{ColumnType, Value};

/// The part of what a text is refused with as a value of a type.
pub const INPUT_ERROR: &str = "$input_error";

/// Whether an order is the one that a comparison asks for.
type Asked = fn(Ordering) -> bool;

/// Comparisons by the ends of their names.
const COMPARISONS: [(&str, Asked); 6] = [
    ("eq", Ordering::is_eq),
    ("ne", Ordering::is_ne),
    ("lt", Ordering::is_lt),
    ("le", Ordering::is_le),
    ("gt", Ordering::is_gt),
    ("ge", Ordering::is_ge),
];

pub fn definitions() -> Vec<Function> {
    let (text, bytes) = (ColumnType::Text, ColumnType::Bytea);
    let mut all = vec![
        Function::new("booland_statefunc", &[Bool, Bool], ColumnType::Bool, |_, arguments| Ok(both(arguments, true))),
        Function::new("boolor_statefunc", &[Bool, Bool], ColumnType::Bool, |_, arguments| Ok(both(arguments, false))),
        Function::new("normalize", &[Text, Text], text.clone(), |_, arguments| {
            normalized(text_of(arguments, 0), form(arguments)).map(Value::text)
        })
        .optional(1),
        Function::new("is_normalized", &[Text, Text], ColumnType::Bool, |_, arguments| {
            let source = text_of(arguments, 0);
            Ok(Value::Bool(normalized(source, form(arguments))? == source))
        })
        .optional(1),
        Function::new("convert_from", &[Bytes, Text], text.clone(), |_, arguments| {
            decoded(bytes_of(arguments), text_of(arguments, 1), "source").map(Value::text)
        }),
        Function::new("convert_to", &[Text, Text], bytes.clone(), |_, arguments| {
            encoded(text_of(arguments, 0), text_of(arguments, 1)).map(|bytes| Value::Bytea(bytes.into()))
        }),
        Function::new("convert", &[Bytes, Text, Text], bytes.clone(), |_, arguments| {
            let text = decoded(bytes_of(arguments), text_of(arguments, 1), "source")?;
            encoded(&text, text_of(arguments, 2)).map(|bytes| Value::Bytea(bytes.into()))
        }),
        Function::new("pg_encoding_max_length", &[Int], ColumnType::Int4, |_, arguments| {
            // UTF8 is number 6; the single-byte encodings that are known here are SQL_ASCII and LATIN1.
            Ok(match int_of(arguments, 0) {
                Some(6) => Value::Int4(4),
                Some(0 | 8) => Value::Int4(1),
                _ => Value::Null,
            })
        }),
        Function::new("pg_size_bytes", &[Text], ColumnType::Int8, |_, arguments| size_bytes(text_of(arguments, 0))),
        Function::new(INPUT_ERROR, &[Text, Text, Text], text, input_error).styled(),
        Function::new("float4send", &[Float], bytes.clone(), |_, arguments| {
            sent(arguments, |value| Some((float_of(value)? as f32).to_be_bytes().to_vec()))
        }),
        Function::new("float8send", &[Float], bytes.clone(), |_, arguments| {
            sent(arguments, |value| Some(float_of(value)?.to_be_bytes().to_vec()))
        }),
        Function::new("int2send", &[Int], bytes.clone(), |_, arguments| {
            sent(arguments, |value| Some(i16::try_from(value.as_i64()?).ok()?.to_be_bytes().to_vec()))
        }),
        Function::new("int4send", &[Int], bytes.clone(), |_, arguments| {
            sent(arguments, |value| Some(i32::try_from(value.as_i64()?).ok()?.to_be_bytes().to_vec()))
        }),
        Function::new("int8send", &[Int], bytes.clone(), |_, arguments| {
            sent(arguments, |value| Some(value.as_i64()?.to_be_bytes().to_vec()))
        }),
        Function::new("boolsend", &[Bool], bytes.clone(), |_, arguments| {
            sent(arguments, |value| Some(vec![u8::from(*value == Value::Bool(true))]))
        }),
        Function::new("textsend", &[Text], bytes, |_, arguments| {
            sent(arguments, |value| Some(value.as_str()?.as_bytes().to_vec()))
        }),
    ];
    all.extend(comparisons());
    all
}

/// `booleq`, `vector_lt` and the like, and pgvector's `vector_cmp`.
fn comparisons() -> impl Iterator<Item = Function> {
    let types: [(Parameter, [&'static str; 6]); 9] = [
        (Bool, ["booleq", "boolne", "boollt", "boolle", "boolgt", "boolge"]),
        (Int, ["int2eq", "int2ne", "int2lt", "int2le", "int2gt", "int2ge"]),
        (Int, ["int4eq", "int4ne", "int4lt", "int4le", "int4gt", "int4ge"]),
        (Int, ["int8eq", "int8ne", "int8lt", "int8le", "int8gt", "int8ge"]),
        (Float, ["float8eq", "float8ne", "float8lt", "float8le", "float8gt", "float8ge"]),
        (Text, ["texteq", "textne", "text_lt", "text_le", "text_gt", "text_ge"]),
        (Vector, ["vector_eq", "vector_ne", "vector_lt", "vector_le", "vector_gt", "vector_ge"]),
        (Halfvec, ["halfvec_eq", "halfvec_ne", "halfvec_lt", "halfvec_le", "halfvec_gt", "halfvec_ge"]),
        (Sparse, ["sparsevec_eq", "sparsevec_ne", "sparsevec_lt", "sparsevec_le", "sparsevec_gt", "sparsevec_ge"]),
    ];
    let compared = types.into_iter().flat_map(|(parameter, names)| {
        names.into_iter().map(move |name| Function::new(name, &[parameter, parameter], ColumnType::Bool, holds))
    });
    let ordered = [("vector_cmp", Vector), ("halfvec_cmp", Halfvec), ("sparsevec_cmp", Sparse)].into_iter().map(
        |(name, parameter)| {
            let body: Body =
                |_, arguments| Ok(order_of(arguments).map_or(Value::Null, |order| Value::Int4(order as i32)));
            Function::new(name, &[parameter, parameter], ColumnType::Int4, body)
        },
    );
    compared.chain(ordered)
}

fn order_of(arguments: &[Value]) -> Option<Ordering> {
    arguments.first()?.compare(arguments.get(1)?)
}

fn holds(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let comparison = COMPARISONS.iter().find(|(end, _)| invocation.name.ends_with(end));
    let (Some((_, holds)), Some(order)) = (comparison, order_of(arguments)) else { return Ok(Value::Null) };
    Ok(Value::Bool(holds(order)))
}

fn both(arguments: &[Value], is_and: bool) -> Value {
    let is_true = |value: &Value| *value == Value::Bool(true);
    Value::Bool(if is_and { arguments.iter().all(is_true) } else { arguments.iter().any(is_true) })
}

fn float_of(value: &Value) -> Option<f64> {
    match value {
        Value::Float8(number) => Some(*number),
        _ => None,
    }
}

fn bytes_of(arguments: &[Value]) -> &[u8] {
    match arguments.first() {
        Some(Value::Bytea(bytes)) => bytes,
        _ => &[],
    }
}

/// A value as its binary form on the wire.
fn sent(arguments: &[Value], of: impl Fn(&Value) -> Option<Vec<u8>>) -> Result<Value> {
    let out_of_range = || Error::new(ErrorKind::NumericOutOfRange, "value out of range");
    let value = arguments.first().unwrap_or(&Value::Null);
    of(value).map(|bytes| Value::Bytea(bytes.into())).ok_or_else(out_of_range)
}

fn form(arguments: &[Value]) -> &str {
    if arguments.len() > 1 { text_of(arguments, 1) } else { "NFC" }
}

fn normalized(text: &str, form: &str) -> Result<String> {
    Ok(match form.to_ascii_uppercase().as_str() {
        "NFC" => text.nfc().collect(),
        "NFD" => text.nfd().collect(),
        "NFKC" => text.nfkc().collect(),
        "NFKD" => text.nfkd().collect(),
        _ => {
            let message = format!("invalid normalization form: {form}");
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
    })
}

/// Encodings that are known here, in any spelling of their names.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Latin1,
    Ascii,
}

fn encoding(name: &str, what: &str) -> Result<Encoding> {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match letters.as_str() {
        "utf8" | "unicode" => Ok(Encoding::Utf8),
        "latin1" | "iso88591" => Ok(Encoding::Latin1),
        "sqlascii" => Ok(Encoding::Ascii),
        _ if letters.starts_with("latin") || letters.starts_with("win") || letters.starts_with("iso8859") => {
            Err(Error::unsupported(format!("encoding \"{name}\" is not offered"), "UTF8, LATIN1 and SQL_ASCII are."))
        }
        _ => {
            let message = format!("invalid {what} encoding name \"{name}\"");
            Err(Error::new(ErrorKind::InvalidParameterValue, message))
        }
    }
}

fn decoded(bytes: &[u8], name: &str, what: &str) -> Result<String> {
    match encoding(name, what)? {
        Encoding::Latin1 if bytes.contains(&0) => Err(invalid_bytes("LATIN1", &[0])),
        Encoding::Latin1 => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Encoding::Utf8 | Encoding::Ascii => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Ok(text.to_string()),
            Ok(_) => Err(invalid_bytes("UTF8", &[0])),
            Err(error) => {
                let start = error.valid_up_to();
                let length = error.error_len().unwrap_or(bytes.len() - start);
                Err(invalid_bytes("UTF8", bytes.get(start..start + length).unwrap_or_default()))
            }
        },
    }
}

fn invalid_bytes(encoding: &str, bytes: &[u8]) -> Error {
    let shown: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
    let message = format!("invalid byte sequence for encoding \"{encoding}\": {}", shown.join(" "));
    Error::new(ErrorKind::InvalidEncoding, message)
}

fn encoded(text: &str, name: &str) -> Result<Vec<u8>> {
    match encoding(name, "destination")? {
        Encoding::Utf8 | Encoding::Ascii => Ok(text.as_bytes().to_vec()),
        Encoding::Latin1 => text
            .chars()
            .map(|character| {
                u8::try_from(u32::from(character)).map_err(|_| {
                    let bytes: Vec<String> =
                        character.to_string().bytes().map(|byte| format!("0x{byte:02x}")).collect();
                    let message = format!(
                        "character with byte sequence {} in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"",
                        bytes.join(" ")
                    );
                    Error::new(ErrorKind::UntranslatableCharacter, message)
                })
            })
            .collect(),
    }
}

/// The bytes of a size such as `1.5 kB`.
fn size_bytes(text: &str) -> Result<Value> {
    let invalid = || Error::new(ErrorKind::InvalidParameterValue, format!("invalid size: \"{text}\""));
    let rest = text.trim_ascii_start();
    let digits_from =
        |text: &str, at: usize| text.get(at..).map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let mut end = usize::from(rest.starts_with(['+', '-']));
    let whole = digits_from(rest, end);
    end += whole;
    let mut has_digits = whole > 0;
    if rest.get(end..).is_some_and(|rest| rest.starts_with('.')) {
        let part = digits_from(rest, end + 1);
        has_digits |= part > 0;
        end += 1 + part;
    }
    if !has_digits {
        return Err(invalid());
    }
    if rest.get(end..).is_some_and(|rest| rest.starts_with(['e', 'E'])) {
        let sign = usize::from(rest.get(end + 1..).is_some_and(|rest| rest.starts_with(['+', '-'])));
        let exponent = digits_from(rest, end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    let (number, unit) = rest.split_at_checked(end).ok_or_else(invalid)?;
    let number: f64 = number.parse().map_err(|_| invalid())?;
    let unit = unit.trim_ascii();
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" | "bytes" => 1.0,
        "kb" => 1024.0,
        "mb" => 1024.0 * 1024.0,
        "gb" => 1024.0 * 1024.0 * 1024.0,
        "tb" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "pb" => 1024.0 * 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => {
            return Err(invalid()
                .with_detail(format!("Invalid size unit: \"{unit}\"."))
                .with_hint("Valid units are \"bytes\", \"B\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\"."));
        }
    };
    Value::Float8((number * factor).round()).cast(&ColumnType::Int8, true)
}

/// What a text is refused with as a value of a type: its message, detail, hint or SQLSTATE; NULL where it is taken.
fn input_error(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let ty = written_type(invocation, text_of(arguments, 1))?;
    let style = invocation.style();
    let read = style.parse(&ty, text_of(arguments, 0)).and_then(|value| value.cast_in(style, &ty, false));
    let Err(error) = read else { return Ok(Value::Null) };
    Ok(match text_of(arguments, 2) {
        "message" => Value::text(error.message()),
        "detail" => error.detail().map_or(Value::Null, Value::text),
        "hint" => error.hint().map_or(Value::Null, Value::text),
        _ => Value::text(error.sqlstate()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[Value]) -> Result<Value> {
        let definition = definitions().into_iter().find(|definition| definition.name == name).unwrap();
        (definition.body)(&Invocation { name: definition.name, statement: None, types: &[] }, arguments)
    }

    #[test]
    fn sizes_are_read_as_in_postgresql() {
        let size = |text: &str| call("pg_size_bytes", &[Value::text(text)]).map_err(|error| error.sqlstate());
        for (text, bytes) in [
            ("1", 1),
            ("123bytes", 123),
            ("1kB", 1024),
            (" 1.5 MB ", 1_572_864),
            ("-1.1kB", -1126),
            ("1e2 kb", 102_400),
            (".5 GB", 536_870_912),
            ("1.", 1),
        ] {
            assert_eq!(size(text), Ok(Value::Int8(bytes)), "{text}");
        }
        for text in ["1 AB", "1 AB A", "", "kb", "..", "-", "1 kB x"] {
            assert_eq!(size(text), Err("22023"), "{text}");
        }
        assert_eq!(size("100000 PB"), Err("22003"));
    }

    #[test]
    fn texts_are_converted_and_refused() {
        let bytes = |bytes: &[u8]| Value::Bytea(bytes.into());
        let latin = Value::text("latin1");
        assert_eq!(call("convert_from", &[bytes(b"\xe4"), latin.clone()]).unwrap(), Value::text("ä"));
        assert_eq!(call("convert_to", &[Value::text("ä"), latin.clone()]).unwrap(), bytes(b"\xe4"));
        assert_eq!(call("convert_from", &[bytes(b"\xff"), Value::text("UTF8")]).unwrap_err().sqlstate(), "22021");
        assert_eq!(call("convert_to", &[Value::text("€"), latin]).unwrap_err().sqlstate(), "22P05");
        let parts = |text: &str, ty: &str, part: &str| {
            call(INPUT_ERROR, &[Value::text(text), Value::text(ty), Value::text(part)]).unwrap()
        };
        assert_eq!(parts("junk", "int4", "sql_error_code"), Value::text("22P02"));
        assert_eq!(parts("junk", "bool", "message"), Value::text("invalid input syntax for type boolean: \"junk\""));
        assert_eq!(parts("1", "int4", "message"), Value::Null);
    }
}

//! Random numbers and identifiers.

use uuid::{Uuid, Variant};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Float, Text};
use crate::expr::{Function, Invocation, text_of};
use crate::types::{ColumnType, MICROS_PER_SECOND, Value};

pub fn definitions() -> Vec<Function> {
    vec![
        Function::new("gen_random_uuid", &[], ColumnType::Uuid, |_, _| Ok(Value::Uuid(Uuid::new_v4())))
            .volatile()
            .alias(&["uuid_generate_v4", "uuidv4"]),
        Function::new("uuidv7", &[], ColumnType::Uuid, |_, _| Ok(Value::Uuid(Uuid::now_v7()))).volatile(),
        Function::new("setseed", &[Float], ColumnType::Void, |_, _| {
            Err(Error::unsupported("setseed() is not offered", "random() cannot be made to repeat itself."))
        })
        .volatile(),
        Function::new("uuid_extract_version", &[Text], ColumnType::Int2, extract_version),
        Function::new("uuid_extract_timestamp", &[Text], ColumnType::TimestampTz, extract_timestamp),
    ]
}

fn uuid_of(arguments: &[Value]) -> Result<Uuid> {
    let text = match arguments.first() {
        Some(Value::Uuid(uuid)) => return Ok(*uuid),
        _ => text_of(arguments, 0),
    };
    Uuid::parse_str(text).map_err(|_| {
        Error::new(ErrorKind::InvalidTextRepresentation, format!("invalid input syntax for type uuid: \"{text}\""))
    })
}

/// The version of an identifier of RFC 9562; others have none.
fn extract_version(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let uuid = uuid_of(arguments)?;
    if uuid.get_variant() != Variant::RFC4122 {
        return Ok(Value::Null);
    }
    Ok(i16::try_from(uuid.get_version_num()).map_or(Value::Null, Value::Int2))
}

/// When an identifier of version 1 or 7 was made.
fn extract_timestamp(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let uuid = uuid_of(arguments)?;
    if uuid.get_variant() != Variant::RFC4122 || !matches!(uuid.get_version_num(), 1 | 7) {
        return Ok(Value::Null);
    }
    let Some((seconds, nanos)) = uuid.get_timestamp().map(|made| made.to_unix()) else { return Ok(Value::Null) };
    let micros = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(MICROS_PER_SECOND));
    Ok(micros.map_or(Value::Null, |micros| Value::TimestampTz(micros + i64::from(nanos) / 1000)))
}

//! Random numbers and identifiers.

use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::{Float, Text};
use crate::expr::{Function, Invocation, text_of};
use crate::types::{ColumnType, Value};

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
    ]
}

fn extract_version(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let text = match arguments.first() {
        Some(Value::Uuid(uuid)) => uuid.to_string(),
        _ => text_of(arguments, 0).to_string(),
    };
    let uuid = Uuid::parse_str(&text).map_err(|_| {
        Error::new(ErrorKind::InvalidTextRepresentation, format!("invalid input syntax for type uuid: \"{text}\""))
    })?;
    Ok(i16::try_from(uuid.get_version_num()).map_or(Value::Null, Value::Int2))
}

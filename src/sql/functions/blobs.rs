//! `blob(id)`: the bytes of an entry's blob, from the local blob store.

use crate::db::{EntryKey, MEMORY};
use crate::error::Result;
use crate::model::{ColumnType, Value};
use crate::sql::functions::definition::Parameter::Text;
use crate::sql::functions::definition::{Definition, Invocation, text_of};
use crate::store::encode_key;

pub fn definitions() -> Vec<Definition> {
    vec![Definition::new("blob", &[Text, Text], ColumnType::Bytea, blob).optional(1).stable()]
}

/// `blob(id)` of a memory, or `blob(id, collection)`; NULL where there is no entry or no blob.
fn blob(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let view = &invocation.context()?.view;
    let name = arguments.get(1).and_then(Value::as_str).unwrap_or(MEMORY);
    let collection = view.catalog().expect_collection(name)?;
    let mut key = Vec::new();
    encode_key(&[Value::text(text_of(arguments, 0))], &mut key)?;
    Ok(view.blob(collection, &EntryKey::from_bytes(key))?.map_or(Value::Null, |bytes| Value::Bytea(bytes.into())))
}

//! Which entries a statement means: the keys of those that a filter accepts, as a query of `db` gives them.

use std::sync::Arc;

use crate::db::{BoundQuery, Cancel, EntryKey, Output, Transaction};
use crate::error::Result;
use crate::expr::{Operand, Program};
use crate::model::{Collection, CollectionKind};
use crate::settings::Settings;
use crate::types::Value;

/// Reads the keys of entries, of all where there is no filter; a secret has no stored key and is known by its name.
pub fn keys_query(collection: &Arc<Collection>, filter: Option<Program>) -> BoundQuery {
    let key = match collection.kind {
        CollectionKind::Auth => Operand::Column(0),
        CollectionKind::Memory | CollectionKind::Table => Operand::Key,
    };
    BoundQuery {
        collection: Arc::clone(collection),
        output: vec![Output::Operand(key)],
        filter,
        nearest: None,
        order: Vec::new(),
        limit: None,
        offset: None,
    }
}

/// The keys of the entries that a filter accepts, of all where there is none.
///
/// # Errors
/// 57014 and 57P01 when the statement is stopped, 58030 where the store cannot be read or an entry has to be fetched first,
/// XX001 for damaged bytes, 42501 for secrets that are hidden.
pub fn matching_keys(
    transaction: &Transaction,
    collection: &Arc<Collection>,
    filter: Option<Program>,
    (settings, cancel): (&Settings, &Cancel),
) -> Result<Vec<EntryKey>> {
    let mut cursor = transaction.view().query(keys_query(collection, filter), settings, cancel)?;
    let mut keys = Vec::new();
    while let Some(chunk) = cursor.next_chunk()? {
        for value in chunk.into_iter().flatten() {
            keys.push(key_of_value(transaction, collection, value)?);
        }
    }
    Ok(keys)
}

/// What a row of a query for keys begins with, as the key of an entry.
///
/// # Errors
/// As `Transaction::key`.
pub fn key_of_value(transaction: &Transaction, collection: &Collection, value: Value) -> Result<EntryKey> {
    match value {
        Value::Bytea(bytes) if collection.kind != CollectionKind::Auth => Ok(EntryKey::from_bytes(bytes)),
        other => transaction.key(collection, vec![other]),
    }
}

//! From the values of a row to the fields of its entry.

use std::collections::BTreeMap;

use crate::db::read::entry_view::{fact_name, key_part};
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionKind, FACT_BLOB_HASH};
use crate::store::BlobHash;
use crate::types::{Value, split_object};

impl Transaction {
    /// Adds the change of one column to the fields of its entry; `old` is the value before, for those that touch only
    /// what differs.
    pub(in crate::db::write) fn put_column(
        &self,
        collection: &Collection,
        position: usize,
        value: Value,
        old: Option<&Value>,
        changes: &mut BTreeMap<String, Option<Value>>,
    ) -> Result<()> {
        let Some(name) = collection.field_name(position) else {
            let is_metadata = collection.columns.get(position).is_some_and(|column| column.name == "metadata");
            return if is_metadata { put_facts(&value, old, changes) } else { Ok(()) };
        };
        if collection.kind == CollectionKind::Memory
            && name == FACT_BLOB_HASH
            && let Value::Text(hash) = &value
        {
            let hash: BlobHash = hash.parse()?;
            self.shared.blobs.size(&hash)?;
        }
        if key_part(collection, position).is_some() {
            return Ok(());
        }
        changes.insert(name.to_string(), if value.is_null() { None } else { Some(value) });
        Ok(())
    }
}

/// Replaces the facts of a memory by those of a JSON object; facts that stay the same are not touched.
fn put_facts(value: &Value, old: Option<&Value>, changes: &mut BTreeMap<String, Option<Value>>) -> Result<()> {
    let facts = |value: &Value| match value {
        Value::Json(text) if text.starts_with('{') => split_object(text),
        Value::Null => Ok(Vec::new()),
        _ => Err(Error::new(ErrorKind::InvalidTextRepresentation, "metadata must be a JSON object")
            .with_detail("Its keys are the facts of the entry.")),
    };
    let old: BTreeMap<String, Value> = old.map(facts).transpose()?.unwrap_or_default().into_iter().collect();
    let new: BTreeMap<String, Value> = facts(value)?.into_iter().collect();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        changes.insert(fact_name(name), None);
    }
    for (name, value) in new {
        if old.get(&name) != Some(&value) {
            changes.insert(fact_name(&name), Some(value));
        }
    }
    Ok(())
}

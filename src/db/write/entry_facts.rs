//! The facts of a memory as a column of JSON: what changes where the column is written.

use std::collections::BTreeMap;

use crate::db::read::entry_view::fact_name;
use crate::error::{Error, ErrorKind, Result};
use crate::types::{Value, split_object};

/// Replaces the facts of a memory by those of a JSON object; facts that stay the same are not touched.
///
/// # Errors
/// 22P02 for what is no JSON object.
pub(in crate::db::write) fn put_facts(
    value: &Value,
    old: Option<&Value>,
    changes: &mut BTreeMap<String, Option<Value>>,
) -> Result<()> {
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

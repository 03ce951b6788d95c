//! Which facts occur in the MEMORY collections and with which types: the columns of `memory_facts`.
//!
//! The committer stores each new (key, type) pair in the batch that brings it, so the list is as durable as the facts, and takes
//! it as known once that batch is written.

use std::collections::{BTreeMap, HashMap};

use parking_lot::RwLock;

use crate::db::pending::write_set::WriteSet;
use crate::error::{Error, ErrorKind, Result};
use crate::model::CollectionId;
use crate::types::{ColumnType, Value};

/// Most distinct facts that are listed; entries may carry others, which no column shows.
const LISTED_FACTS_MAX: usize = 1500;

const BOOL: u8 = 1;
const INTEGER: u8 = 2;
const NUMBER: u8 = 4;
const TEXT: u8 = 8;
const JSON: u8 = 16;

/// Facts by key, each with the set of types that were stored under it.
pub(crate) type FactKinds = BTreeMap<String, u8>;

/// The facts of each collection that are stored.
#[derive(Default)]
pub(crate) struct FactTypes(RwLock<HashMap<CollectionId, FactKinds>>);

impl FactTypes {
    /// Takes in the stored list of a collection's facts.
    ///
    /// # Errors
    /// XX001 for bytes that are no such list.
    pub fn load(&self, collection: CollectionId, bytes: &[u8]) -> Result<()> {
        let facts = serde_json::from_slice(bytes)
            .map_err(|_| Error::new(ErrorKind::Corrupted, "the list of facts cannot be read"))?;
        self.0.write().insert(collection, facts);
        Ok(())
    }

    /// Adds the facts of a write that are not known yet to `news`. They are known once they are durable ([`FactTypes::add`]):
    /// until then every commit that brings one has to store the list.
    pub fn note<'a>(
        &self,
        collection: CollectionId,
        changes: impl Iterator<Item = (&'a String, &'a Option<Value>)>,
        news: &mut FactKinds,
    ) {
        let facts = self.0.read();
        let known = facts.get(&collection);
        let is_full = known.is_some_and(|known| known.len() >= LISTED_FACTS_MAX);
        for (name, value) in changes {
            let kind = kind_of(name, value.as_ref());
            let is_known = match known.and_then(|known| known.get(name)) {
                Some(kinds) => kinds & kind == kind,
                None => is_full,
            };
            if kind != 0 && !is_known {
                *news.entry(name.clone()).or_default() |= kind;
            }
        }
    }

    /// Takes in facts whose list is stored by now.
    pub fn add(&self, collection: CollectionId, news: &FactKinds) {
        extend(self.0.write().entry(collection).or_default(), news);
    }

    /// The list of a collection's facts with `news`, as it is stored.
    ///
    /// # Errors
    /// None today; XX000 for a list that cannot be written as JSON.
    pub fn encode(&self, collection: CollectionId, news: &FactKinds) -> Result<Vec<u8>> {
        let mut facts = self.0.read().get(&collection).cloned().unwrap_or_default();
        extend(&mut facts, news);
        serde_json::to_vec(&facts).map_err(|error| Error::internal(error.to_string()))
    }

    /// Facts with the type each shows as, those of uncommitted writes included.
    pub fn columns(&self, collection: CollectionId, writes: &WriteSet) -> Vec<(String, ColumnType)> {
        let mut facts = self.0.read().get(&collection).cloned().unwrap_or_default();
        for pending in writes.rows_of(collection).into_iter().flat_map(|rows| rows.values()) {
            for (name, value) in &pending.changes {
                match kind_of(name, value.as_ref()) {
                    0 => {}
                    kind => *facts.entry(name.clone()).or_default() |= kind,
                }
            }
        }
        facts.into_iter().map(|(name, kinds)| (name, shown_as(kinds))).collect()
    }
}

/// Adds facts to a list as far as it has room.
fn extend(facts: &mut FactKinds, news: &FactKinds) {
    for (name, kinds) in news {
        if facts.len() < LISTED_FACTS_MAX || facts.contains_key(name) {
            *facts.entry(name.clone()).or_default() |= kinds;
        }
    }
}

/// The bit of a fact's type; 0 for what is no fact.
fn kind_of(name: &str, value: Option<&Value>) -> u8 {
    if name.starts_with('$') && !name.starts_with("$$") {
        return 0;
    }
    match value {
        None | Some(Value::Null) => 0,
        Some(Value::Bool(_)) => BOOL,
        Some(Value::Int2(_) | Value::Int4(_) | Value::Int8(_)) => INTEGER,
        Some(Value::Float4(_) | Value::Float8(_) | Value::Numeric(_)) => NUMBER,
        Some(Value::Json(text)) if text.as_ref() == "null" => 0,
        Some(Value::Json(_) | Value::Array(..) | Value::Vector(_)) => JSON,
        Some(_) => TEXT,
    }
}

/// The narrowest type that shows all values of these kinds.
fn shown_as(kinds: u8) -> ColumnType {
    match kinds {
        BOOL => ColumnType::Bool,
        INTEGER => ColumnType::Int8,
        kinds if kinds & !(INTEGER | NUMBER) == 0 => ColumnType::Float8,
        kinds if kinds & JSON != 0 => ColumnType::Jsonb,
        _ => ColumnType::Text,
    }
}

//! Relations of one kind by their names, which each schema gives once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{RelationRef, SchemaId};

/// Relations by schema and name.
#[derive(Clone, Debug)]
pub(super) struct ByName<T>(BTreeMap<SchemaId, BTreeMap<String, Arc<T>>>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        ByName(BTreeMap::new())
    }
}

impl<T> ByName<T> {
    pub fn get(&self, relation: RelationRef<'_>) -> Option<&Arc<T>> {
        self.0.get(&relation.schema)?.get(relation.name)
    }

    pub fn insert(&mut self, relation: RelationRef<'_>, value: Arc<T>) {
        self.0.entry(relation.schema).or_default().insert(relation.name.to_string(), value);
    }

    pub fn remove(&mut self, relation: RelationRef<'_>) {
        if let Some(names) = self.0.get_mut(&relation.schema) {
            names.remove(relation.name);
            if names.is_empty() {
                self.0.remove(&relation.schema);
            }
        }
    }

    /// All of them: those of `public` first, each schema's in order of name.
    pub fn values(&self) -> impl Iterator<Item = &Arc<T>> {
        self.0.values().flat_map(BTreeMap::values)
    }

    /// Those of one schema, in order of name.
    pub fn of_schema(&self, schema: SchemaId) -> impl Iterator<Item = &Arc<T>> {
        self.0.get(&schema).into_iter().flat_map(BTreeMap::values)
    }

    /// The schemas that have some.
    pub fn schemas(&self) -> impl Iterator<Item = SchemaId> {
        self.0.keys().copied()
    }
}

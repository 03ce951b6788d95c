//! Schemas in the catalog: `public`, those that CREATE SCHEMA has made, and one for the temporary relations of each session.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, PUBLIC, RelationRef, Schema, SchemaId};

/// What the names of schemas begin with that nobody makes.
pub const RESERVED_PREFIX: &str = "pg_";
/// What the name of the schema with a session's temporary relations begins with; the number of its connection follows.
const TEMPORARY_PREFIX: &str = "pg_temp_";
/// What a session calls its own.
pub(super) const OWN_TEMPORARY: &str = "pg_temp";
/// The schemas of the server's own relations.
pub const SYSTEM_SCHEMAS: [&str; 3] = ["pg_catalog", "information_schema", "nebulus"];

/// Where a schema's relations are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaPlace {
    /// In the catalog.
    Stored(SchemaId),
    /// They are the server's own.
    System(&'static str),
}

impl Catalog {
    /// Those that CREATE SCHEMA has made, in order of name.
    pub fn schemas(&self) -> impl Iterator<Item = &Arc<Schema>> {
        self.schemas.values()
    }

    pub fn schema_by_id(&self, id: CollectionId) -> Option<&Arc<Schema>> {
        self.schemas.values().find(|schema| schema.id == id)
    }

    /// The schemas with temporary relations of sessions.
    pub fn temporary_schemas(&self) -> impl Iterator<Item = SchemaId> {
        let used: BTreeSet<SchemaId> = self.schemas_in_use();
        used.into_iter().filter(|schema| schema.is_temporary())
    }

    /// The collections that a session with these temporary relations is shown.
    pub fn collections_shown(&self, own: SchemaId) -> impl Iterator<Item = &Arc<Collection>> {
        self.collections().filter(move |collection| !collection.is_temporary() || collection.schema == own)
    }

    /// The schema of a name. `own` is the one with the temporary relations of the session that asks.
    pub fn schema(&self, name: &str, own: SchemaId) -> Option<SchemaPlace> {
        if name == PUBLIC {
            return Some(SchemaPlace::Stored(SchemaId::Public));
        }
        if name == OWN_TEMPORARY {
            return own.is_temporary().then_some(SchemaPlace::Stored(own));
        }
        if let Some(known) = SYSTEM_SCHEMAS.into_iter().find(|known| *known == name) {
            return Some(SchemaPlace::System(known));
        }
        if let Some(number) = name.strip_prefix(TEMPORARY_PREFIX) {
            let id = SchemaId::Temporary(number.parse().ok()?);
            return (self.schema_name(id) == name && (id == own || self.has_relations(id)))
                .then_some(SchemaPlace::Stored(id));
        }
        self.schemas.get(name).map(|schema| SchemaPlace::Stored(SchemaId::Made(schema.id)))
    }

    /// What a schema is called.
    pub fn schema_name(&self, id: SchemaId) -> Cow<'_, str> {
        match id {
            SchemaId::Public => PUBLIC.into(),
            SchemaId::Temporary(connection) => format!("{TEMPORARY_PREFIX}{connection}").into(),
            SchemaId::Made(id) => match self.schema_by_id(id) {
                Some(schema) => schema.name.as_str().into(),
                None => format!("schema {}", id.0).into(),
            },
        }
    }

    /// What a schema is called, one of the system too.
    pub fn place_name(&self, place: SchemaPlace) -> Cow<'_, str> {
        match place {
            SchemaPlace::Stored(id) => self.schema_name(id),
            SchemaPlace::System(name) => name.into(),
        }
    }

    /// The collection that networks know by a name: they know those of `public`.
    ///
    /// # Errors
    /// 0A000 where only other schemas have one; as [`Catalog::expect_collection`].
    pub fn expect_shareable(&self, name: &str) -> Result<&Arc<Collection>> {
        let elsewhere = || self.schemas().find(|schema| self.has_collection(SchemaId::Made(schema.id), name));
        match (self.expect_collection(name), elsewhere()) {
            (Err(error), Some(schema)) if error.kind() == ErrorKind::UndefinedTable => {
                let message = format!("\"{name}\" of schema \"{}\" cannot be attached to a network", schema.name);
                let hint = "Members know the tables of public: ALTER TABLE ... SET SCHEMA public.";
                Err(Error::unsupported(message, hint))
            }
            (found, _) => found,
        }
    }

    fn has_collection(&self, schema: SchemaId, name: &str) -> bool {
        self.collection(RelationRef { schema, name }).is_some()
    }

    /// Adds a schema or replaces the one of the same id.
    pub(crate) fn put_schema(&mut self, schema: Arc<Schema>) {
        self.schemas.retain(|_, known| known.id != schema.id);
        self.schemas.insert(schema.name.clone(), schema);
        self.note_schemas();
    }

    pub(crate) fn remove_schema(&mut self, id: CollectionId) {
        self.schemas.retain(|_, known| known.id != id);
        self.forget(id);
        self.note_schemas();
    }
}

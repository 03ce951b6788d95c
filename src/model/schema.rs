//! Schemas: where relations have their names. A relation is known by the two of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::collection::CollectionId;

/// The schema that every database has, and the only one that networks and KNIRVQL know.
pub const PUBLIC: &str = "public";

/// Where a relation has its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SchemaId {
    /// The schema `public`. Versions before there were schemas stored no other.
    #[default]
    Public,
    /// One that CREATE SCHEMA has made.
    Made(CollectionId),
    /// The temporary relations of one session, by the number of its connection.
    Temporary(i32),
}

impl SchemaId {
    pub fn is_public(&self) -> bool {
        *self == SchemaId::Public
    }

    pub fn is_temporary(self) -> bool {
        matches!(self, SchemaId::Temporary(_))
    }
}

/// A schema that CREATE SCHEMA has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Shares the number space of collections.
    pub id: CollectionId,
    pub name: String,
}

/// What a commit does with a temporary table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnCommit {
    #[default]
    PreserveRows,
    DeleteRows,
    Drop,
}

impl OnCommit {
    pub fn is_default(&self) -> bool {
        *self == OnCommit::PreserveRows
    }
}

/// The name of a relation with its schema. It prints as the name alone, as messages do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelationName {
    pub schema: SchemaId,
    pub name: String,
}

/// As [`RelationName`], borrowed. A plain text means the relation of that name in `public`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelationRef<'a> {
    pub schema: SchemaId,
    pub name: &'a str,
}

impl RelationName {
    pub fn new(schema: SchemaId, name: impl Into<String>) -> Self {
        RelationName { schema, name: name.into() }
    }
}

impl From<&str> for RelationName {
    fn from(name: &str) -> Self {
        RelationName::new(SchemaId::Public, name)
    }
}

impl<'a> From<&'a str> for RelationRef<'a> {
    fn from(name: &'a str) -> Self {
        RelationRef { schema: SchemaId::Public, name }
    }
}

impl<'a> From<&'a String> for RelationRef<'a> {
    fn from(name: &'a String) -> Self {
        RelationRef { schema: SchemaId::Public, name }
    }
}

impl<'a> From<&'a RelationName> for RelationRef<'a> {
    fn from(relation: &'a RelationName) -> Self {
        RelationRef { schema: relation.schema, name: &relation.name }
    }
}

impl fmt::Display for RelationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for RelationRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

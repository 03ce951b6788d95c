//! OIDs of everything the catalogs list, and the list itself.
//!
//! Collections and indexes have numbers of their own. What has none gets one derived from its owner, in ranges that do not
//! meet: primary keys, sequences and defaults, constraints. Catalogs keep PostgreSQL's OIDs where clients know them by heart.

use std::sync::Arc;

use crate::db::{Catalog, SchemaPlace};
use crate::model::{
    AccessMethod, Collection, CollectionId, Index, IndexKey, IndexKind, RelationName, SchemaId, Sequence, View,
};
use crate::settings::Settings;
use crate::sql::pg_catalog::relation::{self, CatalogRelation};
use crate::types::ColumnType;

pub const NAMESPACE_CATALOG: u32 = 11;
pub const NAMESPACE_PUBLIC: u32 = 2200;
/// The extension `vector`; what is PostgreSQL's own has lower OIDs.
pub const VECTOR_EXTENSION: u32 = 16_384;
pub const NAMESPACE_INFORMATION: u32 = 13_000;
pub const NAMESPACE_NEBULUS: u32 = 13_001;
/// The role that owns everything.
pub const OWNER_OID: u32 = 10;
/// The one database.
pub const DATABASE_OID: u32 = 5;
/// The view `memory_facts`, whose number is reserved among the collections.
pub const MEMORY_FACTS: CollectionId = CollectionId(4);
/// The collation of text columns.
pub const COLLATION_DEFAULT: u32 = 100;
pub const METHOD_HEAP: u32 = 2;
pub const METHOD_BTREE: u32 = 403;
pub const METHOD_GIN: u32 = 2742;
pub const METHOD_HNSW: u32 = 16_390;
pub const METHOD_IVFFLAT: u32 = 16_391;

/// Schemas with the temporary relations of sessions, by the numbers of these.
const NAMESPACE_TEMPORARY_FIRST: u32 = 0x2000_0000;
const PRIMARY_KEY_FIRST: u32 = 0x4000_0000;
const CONSTRAINT_FIRST: u32 = 0x6000_0000;
const COLUMN_FIRST: u32 = 0x8000_0000;
/// Columns of one collection fit in these bits (`COLUMNS_MAX` is 1600).
const COLUMN_BITS: u32 = 11;

/// Anything with a row in `pg_class`.
#[derive(Clone, Debug)]
pub enum Object {
    Table(Arc<Collection>),
    PrimaryKey(Arc<Collection>),
    Index(Arc<Collection>, Index),
    /// The sequence of a column, by the column's position.
    Sequence(Arc<Collection>, usize),
    /// A sequence that was made by itself.
    OwnSequence(Arc<Sequence>),
    View(Arc<View>),
    MemoryFacts,
    System(&'static CatalogRelation),
}

impl Object {
    /// Everything a catalog lists, collections first.
    pub fn all(catalog: &Catalog) -> Vec<Object> {
        let mut objects = Vec::new();
        for collection in catalog.collections() {
            objects.push(Object::Table(Arc::clone(collection)));
            if !collection.primary_key.is_empty() {
                objects.push(Object::PrimaryKey(Arc::clone(collection)));
            }
            for index in &collection.indexes {
                objects.push(Object::Index(Arc::clone(collection), index.clone()));
            }
            for (position, column) in collection.columns.iter().enumerate() {
                if column.has_sequence() {
                    objects.push(Object::Sequence(Arc::clone(collection), position));
                }
            }
        }
        objects.extend(catalog.sequences().map(|sequence| Object::OwnSequence(Arc::clone(sequence))));
        objects.extend(catalog.views().map(|view| Object::View(Arc::clone(view))));
        objects.push(Object::MemoryFacts);
        objects.extend(relation::all().iter().map(Object::System));
        objects
    }

    /// Without the temporary relations of other sessions.
    pub fn shown(catalog: &Catalog, settings: &Settings) -> Vec<Object> {
        let own = SchemaId::Temporary(settings.backend_id);
        let mut objects = Object::all(catalog);
        objects.retain(|object| !object.is_temporary() || object.relation().schema == own);
        objects
    }

    pub fn find(catalog: &Catalog, oid: u32) -> Option<Object> {
        Object::all(catalog).into_iter().find(|object| object.oid() == oid)
    }

    pub fn oid(&self) -> u32 {
        match self {
            Object::Table(collection) => collection.oid(),
            Object::PrimaryKey(collection) => primary_key_oid(collection),
            Object::Index(_, index) => index.id.oid(),
            Object::Sequence(collection, position) => column_oid(collection, *position),
            Object::OwnSequence(sequence) => sequence.oid(),
            Object::View(view) => view.oid(),
            Object::MemoryFacts => MEMORY_FACTS.oid(),
            Object::System(relation) => relation.oid,
        }
    }

    pub fn name(&self) -> String {
        match self {
            Object::Table(collection) => collection.name.clone(),
            Object::PrimaryKey(collection) => format!("{}_pkey", collection.name),
            Object::Index(_, index) => index.name.clone(),
            Object::Sequence(collection, position) => sequence_name(collection, *position),
            Object::OwnSequence(sequence) => sequence.name.clone(),
            Object::View(view) => view.name.clone(),
            Object::MemoryFacts => "memory_facts".to_string(),
            Object::System(relation) => relation.name.to_string(),
        }
    }

    pub fn namespace(&self) -> u32 {
        match self {
            Object::System(relation) => match relation.schema {
                "pg_catalog" => NAMESPACE_CATALOG,
                relation::NEBULUS_SCHEMA => NAMESPACE_NEBULUS,
                _ => NAMESPACE_INFORMATION,
            },
            Object::Table(collection)
            | Object::PrimaryKey(collection)
            | Object::Index(collection, _)
            | Object::Sequence(collection, _) => schema_oid(collection.schema),
            Object::OwnSequence(sequence) => schema_oid(sequence.schema),
            Object::View(view) => schema_oid(view.schema),
            Object::MemoryFacts => NAMESPACE_PUBLIC,
        }
    }

    /// Whether it goes with the session that made it.
    pub fn is_temporary(&self) -> bool {
        match self {
            Object::Table(collection)
            | Object::PrimaryKey(collection)
            | Object::Index(collection, _)
            | Object::Sequence(collection, _) => collection.is_temporary(),
            Object::OwnSequence(sequence) => sequence.schema.is_temporary(),
            Object::View(view) => view.schema.is_temporary(),
            Object::MemoryFacts | Object::System(_) => false,
        }
    }

    /// Where it has its name, and the name.
    pub fn relation(&self) -> RelationName {
        let schema = match self {
            Object::Table(collection)
            | Object::PrimaryKey(collection)
            | Object::Index(collection, _)
            | Object::Sequence(collection, _) => collection.schema,
            Object::OwnSequence(sequence) => sequence.schema,
            Object::View(view) => view.schema,
            Object::MemoryFacts | Object::System(_) => SchemaId::Public,
        };
        RelationName::new(schema, self.name())
    }

    /// Whether a statement may make or drop the like, unlike the catalogs.
    pub fn is_user_made(&self) -> bool {
        !matches!(self, Object::System(_))
    }

    /// Whether rows of it can be inserted, changed and deleted.
    pub fn is_writable(&self) -> bool {
        matches!(self, Object::Table(collection) if collection.materialized.is_none())
    }

    /// What statements call the kind.
    pub fn kind_name(&self) -> &'static str {
        match self.kind() {
            "i" => "index",
            "S" => "sequence",
            "v" => "view",
            "m" => "materialized view",
            _ => "table",
        }
    }

    /// `relkind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Object::Table(collection) if collection.materialized.is_some() => "m",
            Object::Table(_) => "r",
            Object::PrimaryKey(_) | Object::Index(..) => "i",
            Object::Sequence(..) | Object::OwnSequence(_) => "S",
            Object::View(..) | Object::MemoryFacts => "v",
            Object::System(relation) if relation.schema == "information_schema" => "v",
            Object::System(_) => "r",
        }
    }

    /// The access method, 0 for what has no storage of its own.
    pub fn access_method(&self) -> u32 {
        match self {
            Object::Table(_) => METHOD_HEAP,
            Object::Index(_, index) => match index.kind.access_method() {
                AccessMethod::Btree => METHOD_BTREE,
                AccessMethod::Gin => METHOD_GIN,
                AccessMethod::Hnsw => METHOD_HNSW,
                AccessMethod::Ivfflat => METHOD_IVFFLAT,
            },
            Object::PrimaryKey(_) => METHOD_BTREE,
            Object::Sequence(..)
            | Object::OwnSequence(_)
            | Object::View(..)
            | Object::MemoryFacts
            | Object::System(_) => 0,
        }
    }

    /// Names and types of the columns, in the order of `attnum`.
    pub fn columns(&self) -> Vec<(String, ColumnType, bool)> {
        match self {
            Object::Table(collection) => collection
                .columns
                .iter()
                .map(|column| (column.name.clone(), column.ty.clone(), column.not_null))
                .collect(),
            Object::PrimaryKey(collection) => picked(collection, &collection.primary_key),
            Object::Index(collection, index) => match &index.kind {
                IndexKind::Ordered { columns, .. } => picked(collection, columns),
                IndexKind::Nearest { column, .. } => picked(collection, &[*column]),
                IndexKind::Keys(keys) => {
                    let mut names = Vec::with_capacity(keys.keys.len());
                    for key in &keys.keys {
                        names.push(match key {
                            IndexKey::Column(position) => match collection.columns.get(*position) {
                                Some(column) => (column.name.clone(), column.ty.clone(), false),
                                None => continue,
                            },
                            IndexKey::Expression(expression) => ("expr".to_string(), expression.ty.clone(), false),
                        });
                    }
                    names
                }
                IndexKind::Fact { .. } => vec![("expr".to_string(), ColumnType::Jsonb, false)],
            },
            Object::Sequence(..) | Object::OwnSequence(_) => vec![
                ("last_value".to_string(), ColumnType::Int8, true),
                ("log_cnt".to_string(), ColumnType::Int8, true),
                ("is_called".to_string(), ColumnType::Bool, true),
            ],
            Object::View(view) => {
                view.columns.iter().map(|column| (column.name.clone(), column.ty.clone(), false)).collect()
            }
            // Its columns follow the facts that occur: `relations` asks the view for them.
            Object::MemoryFacts => Vec::new(),
            Object::System(relation) => relation
                .columns
                .iter()
                .map(|column| (column.name.to_string(), column.ty.clone(), column.not_null))
                .collect(),
        }
    }
}

/// The OID of a schema of the catalog.
pub fn schema_oid(schema: SchemaId) -> u32 {
    match schema {
        SchemaId::Public => NAMESPACE_PUBLIC,
        SchemaId::Made(id) => id.oid(),
        SchemaId::Temporary(session) => NAMESPACE_TEMPORARY_FIRST.wrapping_add(session.unsigned_abs()),
    }
}

/// The OID of a schema.
pub fn namespace_of(place: SchemaPlace) -> u32 {
    match place {
        SchemaPlace::Stored(schema) => schema_oid(schema),
        SchemaPlace::System("pg_catalog") => NAMESPACE_CATALOG,
        SchemaPlace::System(relation::NEBULUS_SCHEMA) => NAMESPACE_NEBULUS,
        SchemaPlace::System(_) => NAMESPACE_INFORMATION,
    }
}

fn picked(collection: &Collection, positions: &[usize]) -> Vec<(String, ColumnType, bool)> {
    positions
        .iter()
        .filter_map(|position| collection.columns.get(*position))
        .map(|column| (column.name.clone(), column.ty.clone(), false))
        .collect()
}

/// `attnum` of the column at a position: of a table the number that the column keeps, of everything else its place.
pub fn attribute_number(collection: Option<&Collection>, position: usize) -> i16 {
    match collection.and_then(|collection| collection.columns.get(position)) {
        Some(column) => column.id.attribute(),
        None => i16::try_from(position).unwrap_or(i16::MAX).saturating_add(1),
    }
}

/// The OID of what belongs to one column: its sequence and its default.
pub fn column_oid(collection: &Collection, position: usize) -> u32 {
    let column = collection.columns.get(position).map_or(0, |column| u32::from(column.id.0));
    COLUMN_FIRST | ((collection.id.0 << COLUMN_BITS) & (COLUMN_FIRST - 1)) | column
}

/// The OID of the index behind a primary key.
pub fn primary_key_oid(collection: &Collection) -> u32 {
    PRIMARY_KEY_FIRST.wrapping_add(collection.oid())
}

/// The OID of the constraint that an index or a primary key enforces; both share one number space.
pub fn constraint_oid(number: CollectionId) -> u32 {
    CONSTRAINT_FIRST.wrapping_add(number.oid())
}

pub fn sequence_name(collection: &Collection, position: usize) -> String {
    Sequence::of_column(collection, position).map(|sequence| sequence.name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_relations_share_an_oid() {
        let objects = Object::all(&Catalog::default());
        let oids: HashSet<u32> = objects.iter().map(Object::oid).collect();
        assert_eq!(oids.len(), objects.len());
    }
}

//! Collections: what SQL calls tables. Their columns are declared facts; entries may carry others besides.

use serde::{Deserialize, Serialize};

use crate::types::ColumnType;

/// The default collection of MEMORY entries.
pub const MEMORY: &str = "memory";
/// The default collection of AUTH entries.
pub const AUTH: &str = "auth";

/// Names the field that holds the embedding of a default-shaped MEMORY entry.
pub const FACT_VECTOR: &str = "$vector";
/// Names the field with the BLAKE3 hash of the blob.
pub const FACT_BLOB_HASH: &str = "$blob_hash";
/// Names the field with the size of the blob in bytes.
pub const FACT_BLOB_SIZE: &str = "$blob_size";
/// Names the field with the media type of the blob.
pub const FACT_BLOB_TYPE: &str = "$blob_type";

/// The number of a collection: part of every key, never used again after DROP. Its OID in the catalogs is derived from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CollectionId(pub u32);

/// What shape a collection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CollectionKind {
    /// `id, metadata, vector, blob_hash, blob_size, blob_type`: facts are the keys of `metadata`.
    Memory,
    /// `id, key, value`: secrets, kept by the vault.
    Auth,
    /// Made by CREATE TABLE: facts are the declared columns; undeclared ones show in the hidden column `metadata`.
    Table,
}

/// One collection with its columns and indexes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    pub id: CollectionId,
    pub name: String,
    pub kind: CollectionKind,
    pub columns: Vec<Column>,
    /// Positions in `columns`; empty when the entry id is hidden and generated (UUIDv7).
    pub primary_key: Vec<usize>,
    pub indexes: Vec<Index>,
}

/// One declared column. Its position in the collection is its `attnum - 1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(with = "crate::types::column_type::as_text")]
    pub ty: ColumnType,
    pub not_null: bool,
    pub default: Option<DefaultValue>,
    /// What the numbers of its own sequence are, where it has one.
    #[serde(default, skip_serializing_if = "Numbering::is_plain")]
    pub numbering: Numbering,
    /// Of a vector column.
    #[serde(default, skip_serializing_if = "DimensionOrigin::is_unstated")]
    pub dimension_origin: DimensionOrigin,
}

/// Where a vector column has its dimension from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DimensionOrigin {
    /// Not noted: declared where CREATE TABLE made the column, learned where it is the one of a default collection.
    #[default]
    Unstated,
    /// The first vector brought it; an emptied column forgets it.
    Learned,
    /// `vector(n)`: it stays.
    Declared,
}

impl DimensionOrigin {
    fn is_unstated(&self) -> bool {
        *self == DimensionOrigin::Unstated
    }
}

/// The numbers of a sequence: where it begins and how far it goes at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbering {
    pub start: i64,
    /// Never 0.
    pub increment: i64,
}

impl Default for Numbering {
    fn default() -> Self {
        Numbering { start: 1, increment: 1 }
    }
}

impl Numbering {
    fn is_plain(&self) -> bool {
        *self == Numbering::default()
    }
}

/// What a column takes when INSERT names no value for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DefaultValue {
    /// The next number of the column's own sequence (`bigserial`, identity BY DEFAULT).
    Sequence,
    /// A fresh UUIDv7 in text form.
    GeneratedId,
    /// An SQL expression, kept as its text and evaluated once a row.
    Expression(String),
    /// The next number of the column's own sequence, and no other value: identity ALWAYS.
    Identity,
}

impl Column {
    /// A nullable column without a default.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Self {
        Column {
            name: name.into(),
            ty,
            not_null: false,
            default: None,
            numbering: Numbering::default(),
            dimension_origin: DimensionOrigin::default(),
        }
    }

    /// Whether the column has a sequence of its own.
    pub fn has_sequence(&self) -> bool {
        matches!(self.default, Some(DefaultValue::Sequence | DefaultValue::Identity))
    }
}

/// An index over one or more columns or facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Shares the number space of collections.
    pub id: CollectionId,
    pub name: String,
    pub kind: IndexKind,
    /// Left out of what is stored where it says nothing.
    #[serde(default, skip_serializing_if = "IndexOrigin::is_unstated")]
    pub origin: IndexOrigin,
}

/// What an index came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexOrigin {
    /// Not noted, by a version that did not tell constraints from indexes.
    #[default]
    Unstated,
    /// CREATE INDEX, and DROP INDEX takes it away.
    Statement,
    /// A UNIQUE constraint, which stands on it.
    Constraint,
}

impl IndexOrigin {
    fn is_unstated(&self) -> bool {
        *self == IndexOrigin::Unstated
    }
}

impl Index {
    /// Whether a constraint of its name stands on it.
    pub fn is_constraint(&self) -> bool {
        self.kind.is_unique() && self.origin != IndexOrigin::Statement
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum IndexKind {
    /// An ordered index over columns (positions in `columns`).
    Ordered { columns: Vec<usize>, unique: bool },
    /// An ordered index over one fact of `metadata`, by its path.
    Fact { path: Vec<String> },
    /// A nearest-neighbour graph over one vector column. `operator_class` is pgvector's, e.g. `vector_cosine_ops`.
    Hnsw { column: usize, operator_class: String, m: u16, ef_construction: u16 },
}

/// How the entries of an index are kept and searched, by the names of PostgreSQL's access methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessMethod {
    /// In order of the keys, in the store.
    Btree,
    /// A graph of near vectors, in memory.
    Hnsw,
}

impl AccessMethod {
    pub fn name(self) -> &'static str {
        match self {
            AccessMethod::Btree => "btree",
            AccessMethod::Hnsw => "hnsw",
        }
    }
}

impl IndexKind {
    pub fn access_method(&self) -> AccessMethod {
        match self {
            IndexKind::Ordered { .. } | IndexKind::Fact { .. } => AccessMethod::Btree,
            IndexKind::Hnsw { .. } => AccessMethod::Hnsw,
        }
    }

    pub fn is_ordered(&self) -> bool {
        self.access_method() == AccessMethod::Btree
    }

    pub fn is_unique(&self) -> bool {
        matches!(self, IndexKind::Ordered { unique: true, .. })
    }

    /// The columns that are the keys, by position; a fact is no column.
    pub fn key_positions(&self) -> Vec<Option<usize>> {
        match self {
            IndexKind::Ordered { columns, .. } => columns.iter().copied().map(Some).collect(),
            IndexKind::Fact { .. } => vec![None],
            IndexKind::Hnsw { column, .. } => vec![Some(*column)],
        }
    }

    /// The column whose vectors a nearest-neighbour index holds.
    pub fn vector_column(&self) -> Option<usize> {
        match self {
            IndexKind::Hnsw { column, .. } => Some(*column),
            IndexKind::Ordered { .. } | IndexKind::Fact { .. } => None,
        }
    }
}

/// Columns every collection has, which `SELECT *` hides and a named select shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemColumn {
    EntryType,
    VectorClock,
    Timestamp,
    PeerId,
    Stage,
    /// How much of it its network knows.
    Publicity,
    /// Facts of a table that no column declares.
    Metadata,
}

impl SystemColumn {
    pub const ALL: [SystemColumn; 7] = [
        SystemColumn::EntryType,
        SystemColumn::VectorClock,
        SystemColumn::Timestamp,
        SystemColumn::PeerId,
        SystemColumn::Stage,
        SystemColumn::Publicity,
        SystemColumn::Metadata,
    ];

    pub fn name(self) -> &'static str {
        match self {
            SystemColumn::EntryType => "_entry_type",
            SystemColumn::VectorClock => "_vector_clock",
            SystemColumn::Timestamp => "_timestamp",
            SystemColumn::PeerId => "_peer_id",
            SystemColumn::Stage => "_stage",
            SystemColumn::Publicity => "_publicity",
            SystemColumn::Metadata => "metadata",
        }
    }

    pub fn ty(self) -> ColumnType {
        match self {
            SystemColumn::EntryType | SystemColumn::PeerId | SystemColumn::Stage | SystemColumn::Publicity => {
                ColumnType::Text
            }
            SystemColumn::VectorClock | SystemColumn::Metadata => ColumnType::Jsonb,
            SystemColumn::Timestamp => ColumnType::TimestampTz,
        }
    }
}

impl Collection {
    /// Types of the parts of an encoded key, in order. A collection without a primary key has a hidden text id.
    pub fn key_types(&self) -> Vec<ColumnType> {
        if self.primary_key.is_empty() {
            return vec![ColumnType::Text];
        }
        let columns = self.primary_key.iter().filter_map(|position| self.columns.get(*position));
        columns.map(|column| column.ty.clone()).collect()
    }

    /// The position of a declared column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The system column of that name; `metadata` is one only where the collection declares no column of that name.
    pub fn system_column(&self, name: &str) -> Option<SystemColumn> {
        SystemColumn::ALL.into_iter().find(|system| system.name() == name && self.column(name).is_none())
    }

    /// The name of the [`State`](crate::model::state::State) field that holds a column, or `None` for a column that is
    /// assembled (`metadata` of a memory) or lies in the key.
    pub fn field_name(&self, position: usize) -> Option<&str> {
        let column = self.columns.get(position)?;
        match (self.kind, column.name.as_str()) {
            (CollectionKind::Memory, "id" | "metadata") => None,
            (CollectionKind::Memory, "vector") => Some(FACT_VECTOR),
            (CollectionKind::Memory, "blob_hash") => Some(FACT_BLOB_HASH),
            (CollectionKind::Memory, "blob_size") => Some(FACT_BLOB_SIZE),
            (CollectionKind::Memory, "blob_type") => Some(FACT_BLOB_TYPE),
            (_, name) => Some(name),
        }
    }

    /// Positions of the vector columns.
    pub fn vector_columns(&self) -> impl Iterator<Item = usize> + '_ {
        self.columns
            .iter()
            .enumerate()
            .filter(|(_, column)| matches!(column.ty, ColumnType::Vector(_)))
            .map(|(position, _)| position)
    }

    /// Whether a vector column takes its dimension from the first vector stored, and forgets it when the last one is gone.
    pub fn learns_dimension(&self, position: usize) -> bool {
        let Some(column) = self.columns.get(position) else { return false };
        match (&column.ty, column.dimension_origin) {
            (ColumnType::Vector(None), _) | (ColumnType::Vector(Some(_)), DimensionOrigin::Learned) => true,
            (ColumnType::Vector(Some(_)), DimensionOrigin::Unstated) => self.kind == CollectionKind::Memory,
            _ => false,
        }
    }

    /// The OID that the catalogs show for this collection.
    pub fn oid(&self) -> u32 {
        self.id.oid()
    }
}

impl CollectionId {
    /// Numbers map into the user range of OIDs, above the types this server adds.
    pub fn oid(self) -> u32 {
        self.0.saturating_add(20_000)
    }
}

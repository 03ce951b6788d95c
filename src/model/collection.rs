//! Collections: what SQL calls tables. Their columns are declared facts; entries may carry others besides.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::stored_collection::StoredCollection;
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

/// The number of a column within its collection: part of keys and records, never given to another column. `attnum - 1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ColumnId(pub u16);

/// Under what a record keeps a field: what a table declares under the column's id, everything else under its name in states.
/// Columns come before facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldKey<'a> {
    Column(ColumnId),
    Fact(&'a str),
}

impl<'a> From<&'a str> for FieldKey<'a> {
    fn from(name: &'a str) -> Self {
        FieldKey::Fact(name)
    }
}

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

/// One collection with its columns and indexes. In memory columns are known by their positions, on disk by their ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredCollection", into = "StoredCollection")]
pub struct Collection {
    pub id: CollectionId,
    pub name: String,
    pub kind: CollectionKind,
    /// In the order of their ids.
    pub columns: Vec<Column>,
    /// Positions in `columns`; empty when the entry id is hidden and generated (UUIDv7).
    pub primary_key: Vec<usize>,
    pub indexes: Vec<Index>,
    /// The id of the next column.
    pub next_column: u16,
    /// Columns that were dropped while members of a network had the collection: what they and older entries have there goes
    /// on to the members, and shows nowhere here.
    pub dropped: Vec<DroppedColumn>,
}

/// A column that is no more here, and that members of a network may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedColumn {
    pub id: ColumnId,
    pub field: String,
}

/// One declared column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    #[serde(default)]
    pub id: ColumnId,
    pub name: String,
    /// Its name in the states of entries, by which members of a network know it. Another name of the column leaves it alone.
    #[serde(default)]
    pub field: String,
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
    /// Ids of dropped columns of its field, in whose place it stands: older entries have its values there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<ColumnId>,
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
    /// A nullable column without a default, which its collection numbers.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Self {
        let name = name.into();
        Column {
            id: ColumnId::default(),
            field: name.clone(),
            name,
            ty,
            not_null: false,
            default: None,
            numbering: Numbering::default(),
            dimension_origin: DimensionOrigin::default(),
            former: Vec::new(),
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
        matches!(self.kind, IndexKind::Ordered { unique: true, .. }) && self.origin != IndexOrigin::Statement
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

impl IndexKind {
    /// Whether the column at a position is one of its.
    pub fn is_over(&self, position: usize) -> bool {
        match self {
            IndexKind::Ordered { columns, .. } => columns.contains(&position),
            IndexKind::Hnsw { column, .. } => *column == position,
            IndexKind::Fact { .. } => false,
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

impl ColumnId {
    /// The column's number in the catalogs and in descriptions of results.
    pub fn attribute(self) -> i16 {
        i16::try_from(self.0).unwrap_or(i16::MAX).saturating_add(1)
    }
}

impl Collection {
    /// A collection without a primary key and indexes, whose columns are numbered in their order.
    pub fn new(id: CollectionId, name: impl Into<String>, kind: CollectionKind, columns: Vec<Column>) -> Self {
        let (primary_key, indexes, name) = (Vec::new(), Vec::new(), name.into());
        let (next_column, dropped) = (0, Vec::new());
        let mut collection =
            Collection { id, name, kind, columns: Vec::new(), primary_key, indexes, next_column, dropped };
        columns.into_iter().for_each(|column| collection.push_column(column));
        collection
    }

    /// Appends a column under a number of its own. Where another column is known by its name in states, it is known by one that
    /// tells its number as well.
    pub fn push_column(&mut self, column: Column) {
        let id = ColumnId(self.next_column);
        let is_taken = |field: &str| {
            let dropped = self.dropped.iter().map(|dropped| &dropped.field);
            self.columns.iter().map(|known| &known.field).chain(dropped).any(|known| known == field)
        };
        let mut field = column.field;
        while is_taken(&field) {
            field = format!("{field}~{}", id.0);
        }
        self.columns.push(Column { id, field, ..column });
        self.next_column = self.next_column.saturating_add(1);
    }

    /// Takes a column away, and the indexes over it. Where members of a network have the collection, what it was called in states
    /// is `kept`.
    pub fn remove_column(&mut self, position: usize, kept: bool) {
        if position >= self.columns.len() {
            return;
        }
        let Column { id, field, former, .. } = self.columns.remove(position);
        if kept {
            let ids = former.into_iter().chain([id]);
            self.dropped.extend(ids.map(|id| DroppedColumn { id, field: field.clone() }));
        }
        self.indexes.retain(|index| !index.kind.is_over(position));
        let behind = |place: &mut usize| *place -= usize::from(*place > position);
        self.primary_key.iter_mut().for_each(behind);
        for index in &mut self.indexes {
            match &mut index.kind {
                IndexKind::Ordered { columns, .. } => columns.iter_mut().for_each(behind),
                IndexKind::Hnsw { column, .. } => behind(column),
                IndexKind::Fact { .. } => {}
            }
        }
    }

    /// The id of the column at a position.
    ///
    /// # Errors
    /// XX000 for a position beyond the columns.
    pub fn column_id(&self, position: usize) -> Result<ColumnId> {
        let column = self.columns.get(position).map(|column| column.id);
        column.ok_or_else(|| Error::internal(format!("column {position} of {} is beyond its columns", self.name)))
    }

    /// The ids of the columns of the primary key, in its order.
    pub fn key_columns(&self) -> Vec<ColumnId> {
        let columns = self.primary_key.iter().filter_map(|position| self.columns.get(*position));
        columns.map(|column| column.id).collect()
    }

    /// The position of the column with an id.
    pub fn position_of(&self, id: ColumnId) -> Option<usize> {
        self.columns.binary_search_by_key(&id, |column| column.id).ok()
    }

    /// The position of the column that a field of a state is shown in.
    pub fn column_of_field(&self, field: &str) -> Option<usize> {
        (0..self.columns.len()).find(|position| self.field_name(*position) == Some(field))
    }

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
            _ => Some(&column.field),
        }
    }

    /// What a record written now keeps a field of a state under.
    pub fn key_of_field<'a>(&self, field: &'a str) -> FieldKey<'a> {
        if self.kind != CollectionKind::Table {
            return FieldKey::Fact(field);
        }
        let declared = self.columns.iter().find(|column| column.field == field).map(|column| column.id);
        let dropped = || self.dropped.iter().find(|dropped| dropped.field == field).map(|dropped| dropped.id);
        declared.or_else(dropped).map_or(FieldKey::Fact(field), FieldKey::Column)
    }

    /// The name in states of what a record keeps; `None` for a column that is no more.
    pub fn field_of_key<'a>(&'a self, key: FieldKey<'a>) -> Option<&'a str> {
        let id = match key {
            FieldKey::Column(id) => id,
            FieldKey::Fact(name) => return Some(name),
        };
        if let Some(column) = self.position_of(id).and_then(|position| self.columns.get(position)) {
            return Some(&column.field);
        }
        let renewed = self.columns.iter().find(|column| column.former.contains(&id)).map(|column| &column.field);
        let dropped = || self.dropped.iter().find(|dropped| dropped.id == id).map(|dropped| &dropped.field);
        renewed.or_else(dropped).map(String::as_str)
    }

    /// Whether a field of a state shows as a fact that nothing declares.
    pub fn is_undeclared(&self, field: &str) -> bool {
        self.column_of_field(field).is_none() && !self.dropped.iter().any(|dropped| dropped.field == field)
    }

    /// What a record written now keeps a field of an older one under: a fact may have become a column since, and what is left of a
    /// column that is no more goes.
    pub fn present_key<'a>(&self, key: FieldKey<'a>) -> Option<FieldKey<'a>> {
        match key {
            FieldKey::Column(id) if self.position_of(id).is_some() => Some(key),
            FieldKey::Column(id) => {
                let renewed = self.columns.iter().find(|column| column.former.contains(&id));
                let is_dropped = || self.dropped.iter().any(|dropped| dropped.id == id);
                let renewed = renewed.map(|column| FieldKey::Column(column.id));
                renewed.or_else(|| is_dropped().then_some(key))
            }
            FieldKey::Fact(name) => Some(self.key_of_field(name)),
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

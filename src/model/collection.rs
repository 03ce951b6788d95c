//! Collections: what SQL calls tables. Their columns are declared facts; entries may carry others besides.

use serde::{Deserialize, Serialize};

use crate::error::{Error, OfTable, Result};
use crate::model::access_method::AccessMethod;
use crate::model::column::{Column, ColumnId, DimensionOrigin, DroppedColumn};
use crate::model::constraint::{Check, ForeignKey};
use crate::model::index_key::{IndexKey, IndexKeys};
use crate::model::schema::{OnCommit, PUBLIC, RelationName, SchemaId};
use crate::model::stored_collection::StoredCollection;
use crate::model::system_column::SystemColumn;
use crate::model::view::Materialized;
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
    /// `key, value`: secrets, kept by the vault.
    Auth,
    /// Made by CREATE TABLE: facts are the declared columns; undeclared ones show in the hidden column `metadata`.
    Table,
}

/// One collection with its columns and indexes: known by their positions in memory, by ids on disk. Its methods answer what no part can.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredCollection", into = "StoredCollection")]
pub struct Collection {
    pub id: CollectionId,
    pub schema: SchemaId,
    pub name: String,
    pub kind: CollectionKind,
    /// What a commit does with a temporary one.
    pub on_commit: OnCommit,
    /// In the order of their ids.
    pub columns: Vec<Column>,
    /// Positions in `columns`; empty when the entry id is hidden and generated (UUIDv7).
    pub primary_key: Vec<usize>,
    pub indexes: Vec<Index>,
    /// Conditions on its rows, in the order of their names.
    pub checks: Vec<Check>,
    /// Its references to other collections.
    pub foreign_keys: Vec<ForeignKey>,
    /// The id of the next column.
    pub next_column: u16,
    /// Columns that were dropped while members of a network had the collection: what they and older entries have there goes
    /// on to the members, and shows nowhere here.
    pub dropped: Vec<DroppedColumn>,
    /// Of a materialised view.
    pub materialized: Option<Box<Materialized>>,
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
    /// A matter of this node alone, and of the committer: it takes those of a changed definition from the one before. Left out of
    /// what is stored where the index can be used.
    #[serde(default, skip_serializing_if = "IndexState::is_ready")]
    pub state: IndexState,
}

/// How far an index can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexState {
    /// It follows every change, and does not hold all that was there before it: no query uses it.
    Building,
    /// It holds everything that is committed. Versions before there were states stored no other.
    #[default]
    Ready,
    /// It could not be built: it holds nothing, follows nothing and refuses nothing until REINDEX.
    Invalid,
}

impl IndexState {
    pub fn is_ready(&self) -> bool {
        *self == IndexState::Ready
    }

    /// Whether it follows what is written, and a unique one refuses what is there already.
    pub fn is_followed(self) -> bool {
        matches!(self, IndexState::Building | IndexState::Ready)
    }
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
    /// An index that can be used.
    pub fn new(id: CollectionId, name: impl Into<String>, kind: IndexKind, origin: IndexOrigin) -> Self {
        Index { id, name: name.into(), kind, origin, state: IndexState::Ready }
    }

    /// Whether a constraint of its name stands on it.
    pub fn is_constraint(&self) -> bool {
        self.kind.is_unique() && self.origin != IndexOrigin::Statement
    }

    /// Whether it is an ordered one that follows what is written.
    pub fn is_ordered_and_followed(&self) -> bool {
        self.kind.is_ordered() && self.state.is_followed()
    }

    /// Whether it is a unique one that refuses what is there already.
    pub fn is_enforced(&self) -> bool {
        self.kind.is_unique() && self.state.is_followed()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum IndexKind {
    /// An ordered index over columns (positions in `columns`).
    Ordered { columns: Vec<usize>, unique: bool },
    /// An ordered index over more than columns: expressions, some of the rows, NULLs that count.
    Keys(IndexKeys),
    /// An ordered index over one fact of `metadata`, by its path.
    Fact { path: Vec<String> },
    /// A nearest-neighbour graph over one vector column. `operator_class` is pgvector's, e.g. `vector_cosine_ops`.
    #[serde(rename = "Hnsw")]
    Nearest {
        column: usize,
        operator_class: String,
        m: u16,
        ef_construction: u16,
        /// For one that was made as `ivfflat`, which is such a graph by another name: how many lists were asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lists: Option<u16>,
    },
}

impl IndexKind {
    pub fn access_method(&self) -> AccessMethod {
        match self {
            IndexKind::Keys(IndexKeys { terms: Some(_), .. }) => AccessMethod::Gin,
            IndexKind::Ordered { .. } | IndexKind::Keys(_) | IndexKind::Fact { .. } => AccessMethod::Btree,
            IndexKind::Nearest { lists: None, .. } => AccessMethod::Hnsw,
            IndexKind::Nearest { lists: Some(_), .. } => AccessMethod::Ivfflat,
        }
    }

    /// Whether its entries lie in the store, in order of its keys or of their terms.
    pub fn is_ordered(&self) -> bool {
        !matches!(self, IndexKind::Nearest { .. })
    }

    pub fn is_unique(&self) -> bool {
        matches!(self, IndexKind::Ordered { unique: true, .. } | IndexKind::Keys(IndexKeys { unique: true, .. }))
    }

    /// The columns that are the keys, by position; a fact is no column.
    pub fn key_positions(&self) -> Vec<Option<usize>> {
        match self {
            IndexKind::Ordered { columns, .. } => columns.iter().copied().map(Some).collect(),
            IndexKind::Keys(keys) => {
                let position = |key: &IndexKey| match key {
                    IndexKey::Column(position) => Some(*position),
                    IndexKey::Expression(_) => None,
                };
                keys.keys.iter().map(position).collect()
            }
            IndexKind::Fact { .. } => vec![None],
            IndexKind::Nearest { column, .. } => vec![Some(*column)],
        }
    }

    /// Whether a change of any column may change what it holds.
    pub fn is_computed(&self) -> bool {
        match self {
            IndexKind::Keys(keys) => keys.expressions().next().is_some(),
            IndexKind::Ordered { .. } | IndexKind::Fact { .. } | IndexKind::Nearest { .. } => false,
        }
    }

    /// Whether NULLs are values like others for a unique one.
    pub fn counts_nulls(&self) -> bool {
        matches!(self, IndexKind::Keys(IndexKeys { counts_nulls: true, .. }))
    }

    /// Whether the column at a position is one of its keys.
    pub fn is_over(&self, position: usize) -> bool {
        self.key_positions().contains(&Some(position))
    }

    /// The column whose vectors a nearest-neighbour index holds.
    pub fn vector_column(&self) -> Option<usize> {
        match self {
            IndexKind::Nearest { column, .. } => Some(*column),
            IndexKind::Ordered { .. } | IndexKind::Keys(_) | IndexKind::Fact { .. } => None,
        }
    }
}

impl Collection {
    /// A collection without a primary key and indexes, whose columns are numbered in their order.
    pub fn new(id: CollectionId, name: impl Into<String>, kind: CollectionKind, columns: Vec<Column>) -> Self {
        let mut collection = Collection {
            id,
            schema: SchemaId::Public,
            name: name.into(),
            kind,
            on_commit: OnCommit::PreserveRows,
            columns: Vec::new(),
            primary_key: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            next_column: 0,
            dropped: Vec::new(),
            materialized: None,
        };
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

    /// Takes a column away, with the indexes and the constraints over it. Where members of a network have the collection, what it was called in states
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
        self.indexes.retain(|index| {
            let names = matches!(&index.kind, IndexKind::Keys(keys) if keys.names(id));
            !names && !index.kind.is_over(position)
        });
        self.checks.retain(|check| !check.columns.contains(&id));
        self.foreign_keys.retain(|key| !key.columns.contains(&id));
        let behind = |place: &mut usize| *place -= usize::from(*place > position);
        self.primary_key.iter_mut().for_each(behind);
        for index in &mut self.indexes {
            match &mut index.kind {
                IndexKind::Ordered { columns, .. } => columns.iter_mut().for_each(behind),
                IndexKind::Keys(keys) => keys.keys.iter_mut().for_each(|key| match key {
                    IndexKey::Column(column) => behind(column),
                    IndexKey::Expression(_) => {}
                }),
                IndexKind::Nearest { column, .. } => behind(column),
                IndexKind::Fact { .. } => {}
            }
        }
    }

    pub fn index(&self, id: CollectionId) -> Option<&Index> {
        self.indexes.iter().find(|index| index.id == id)
    }

    /// Gives its index of an id another state; whether it had another.
    pub fn set_index_state(&mut self, id: CollectionId, state: IndexState) -> bool {
        let index = self.indexes.iter_mut().find(|index| index.id == id && index.state != state);
        index.map(|index| index.state = state).is_some()
    }

    /// Whether another definition is the same; how far each index is built does not count.
    pub fn is_defined_as(&self, other: &Collection) -> bool {
        let without_states = |collection: &Collection| {
            let mut collection = collection.clone();
            collection.indexes.iter_mut().for_each(|index| index.state = IndexState::default());
            collection
        };
        self == other || without_states(self) == without_states(other)
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

    /// What members call a column when they speak of the shape of a collection. The columns of a memory are the same everywhere and
    /// go by their names, though its states have others for some of them.
    pub fn shared_name<'a>(&self, column: &'a Column) -> &'a str {
        match self.kind {
            CollectionKind::Memory => &column.name,
            CollectionKind::Auth | CollectionKind::Table => &column.field,
        }
    }

    /// Positions of the vector columns.
    pub fn vector_columns(&self) -> impl Iterator<Item = usize> + '_ {
        self.columns.iter().enumerate().filter(|(_, column)| column.ty.is_dense_vector()).map(|(position, _)| position)
    }

    /// Whether a vector column takes its dimension from the first vector stored, and forgets it when the last one is gone.
    pub fn learns_dimension(&self, position: usize) -> bool {
        let Some(column) = self.columns.get(position) else { return false };
        column.ty.is_dense_vector()
            && match (column.ty.dimension(), column.dimension_origin) {
                (None, _) | (Some(_), DimensionOrigin::Learned) => true,
                (Some(_), DimensionOrigin::Unstated) => self.kind == CollectionKind::Memory,
                (Some(_), DimensionOrigin::Declared) => false,
            }
    }

    /// The OID that the catalogs show for this collection.
    pub fn oid(&self) -> u32 {
        self.id.oid()
    }

    /// Its name with its schema.
    pub fn relation(&self) -> RelationName {
        RelationName::new(self.schema, self.name.as_str())
    }

    /// Whether it goes with the session that made it.
    pub fn is_temporary(&self) -> bool {
        self.schema.is_temporary()
    }
}

impl<'a> From<&'a Collection> for OfTable<'a> {
    fn from(collection: &'a Collection) -> Self {
        OfTable { name: &collection.name, schema: collection.schema.is_public().then_some(PUBLIC) }
    }
}

/// The OID of the collection with number 0.
const OID_FIRST: u32 = 20_000;

impl CollectionId {
    /// Numbers map into the user range of OIDs, above the types this server adds.
    pub fn oid(self) -> u32 {
        self.0.saturating_add(OID_FIRST)
    }

    /// The collection of an OID that [`CollectionId::oid`] gave.
    pub fn of_oid(oid: u32) -> CollectionId {
        CollectionId(oid.saturating_sub(OID_FIRST))
    }
}

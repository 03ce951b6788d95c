//! Types that CREATE TYPE makes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::collection::{Collection, CollectionId, IndexKind};
use crate::model::schema::{RelationName, SchemaId};
use crate::types::{ColumnType, EnumLabel, EnumType};

/// An enumerated type: its name in a schema, and its labels.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "StoredType", into = "StoredType")]
pub struct UserType {
    /// Shares the number space of collections.
    pub id: CollectionId,
    pub schema: SchemaId,
    pub definition: Arc<EnumType>,
}

/// The JSON of a type.
#[derive(Serialize, Deserialize)]
struct StoredType {
    id: CollectionId,
    #[serde(default, skip_serializing_if = "SchemaId::is_public")]
    schema: SchemaId,
    name: String,
    /// The position of each label, and its name.
    labels: Vec<(i64, String)>,
}

impl From<StoredType> for UserType {
    fn from(stored: StoredType) -> Self {
        let mut labels: Vec<EnumLabel> =
            stored.labels.into_iter().map(|(position, name)| EnumLabel { position, name }).collect();
        labels.sort_by_key(|label| label.position);
        UserType::new(stored.id, RelationName::new(stored.schema, stored.name), labels)
    }
}

impl From<UserType> for StoredType {
    fn from(ty: UserType) -> Self {
        let labels = ty.definition.labels().iter().map(|label| (label.position, label.name.clone())).collect();
        StoredType { id: ty.id, schema: ty.schema, name: ty.name().to_string(), labels }
    }
}

impl PartialEq for UserType {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
            && self.relation() == other.relation()
            && self.definition.labels() == other.definition.labels()
    }
}

impl UserType {
    pub fn new(id: CollectionId, name: RelationName, labels: Vec<EnumLabel>) -> UserType {
        UserType { id, schema: name.schema, definition: EnumType::new(id.0, name.name, labels) }
    }

    /// The same type with other labels, or under another name.
    #[must_use]
    pub fn with(&self, name: RelationName, labels: Vec<EnumLabel>) -> UserType {
        UserType::new(self.id, name, labels)
    }

    pub fn name(&self) -> &str {
        self.definition.name()
    }

    /// Its name with its schema.
    pub fn relation(&self) -> RelationName {
        RelationName::new(self.schema, self.name())
    }

    pub fn oid(&self) -> u32 {
        self.definition.oid()
    }

    /// The type of its columns.
    pub fn column_type(&self) -> ColumnType {
        ColumnType::Enum(Arc::clone(&self.definition))
    }

    /// The number of the type that a column's type is, or is an array of, where that was made by CREATE TYPE.
    pub fn id_of(ty: &ColumnType) -> Option<CollectionId> {
        ty.enumerated().and_then(|ty| EnumType::number_of(ty.oid())).map(CollectionId)
    }
}

impl Collection {
    /// The types of its columns and of the expressions in its indexes that CREATE TYPE has made, each once.
    pub fn user_types(&self) -> Vec<CollectionId> {
        let of_indexes = self.indexes.iter().flat_map(|index| index_types(&index.kind));
        let mut found: Vec<CollectionId> =
            self.columns.iter().map(|column| &column.ty).chain(of_indexes).filter_map(UserType::id_of).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Gives the columns and the expressions in indexes that have a type this definition of it.
    pub fn redefine(&mut self, ty: &Arc<EnumType>) {
        for column in &mut self.columns {
            column.ty = column.ty.with_enumerated(ty);
        }
        for index in &mut self.indexes {
            if let IndexKind::Keys(keys) = &mut index.kind {
                for expression in keys.expressions_mut() {
                    expression.ty = expression.ty.with_enumerated(ty);
                }
            }
        }
    }
}

fn index_types(kind: &IndexKind) -> Vec<&ColumnType> {
    let IndexKind::Keys(keys) = kind else { return Vec::new() };
    keys.expressions().map(|expression| &expression.ty).collect()
}

//! Types that CREATE TYPE and CREATE DOMAIN make.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::collection::{Collection, CollectionId, IndexKind};
use crate::model::domain::DomainType;
use crate::model::schema::{RelationName, SchemaId};
use crate::types::{ColumnType, EnumLabel, EnumType};

/// An enumerated type with its labels, or a domain: its name in a schema.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "StoredType", into = "StoredType")]
pub struct UserType {
    /// Shares the number space of collections.
    pub id: CollectionId,
    pub schema: SchemaId,
    /// Of a domain it has no labels, and gives the numbers and the name alone.
    pub definition: Arc<EnumType>,
    /// Of a domain.
    pub domain: Option<Arc<DomainType>>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    domain: Option<DomainType>,
}

impl From<StoredType> for UserType {
    fn from(stored: StoredType) -> Self {
        let mut labels: Vec<EnumLabel> =
            stored.labels.into_iter().map(|(position, name)| EnumLabel { position, name }).collect();
        labels.sort_by_key(|label| label.position);
        let ty = UserType::new(stored.id, RelationName::new(stored.schema, stored.name), labels);
        UserType { domain: stored.domain.map(Arc::new), ..ty }
    }
}

impl From<UserType> for StoredType {
    fn from(ty: UserType) -> Self {
        let labels = ty.definition.labels().iter().map(|label| (label.position, label.name.clone())).collect();
        let domain = ty.domain.as_deref().cloned();
        StoredType { id: ty.id, schema: ty.schema, name: ty.name().to_string(), labels, domain }
    }
}

impl PartialEq for UserType {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
            && self.relation() == other.relation()
            && self.definition.labels() == other.definition.labels()
            && self.domain == other.domain
    }
}

impl UserType {
    pub fn new(id: CollectionId, name: RelationName, labels: Vec<EnumLabel>) -> UserType {
        UserType { id, schema: name.schema, definition: EnumType::new(id.0, name.name, labels), domain: None }
    }

    /// A domain under a name.
    pub fn of_domain(id: CollectionId, name: RelationName, domain: DomainType) -> UserType {
        UserType { domain: Some(Arc::new(domain)), ..UserType::new(id, name, Vec::new()) }
    }

    /// The same type with other labels, or under another name.
    #[must_use]
    pub fn with(&self, name: RelationName, labels: Vec<EnumLabel>) -> UserType {
        UserType { domain: self.domain.clone(), ..UserType::new(self.id, name, labels) }
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

    /// The type of its values.
    pub fn column_type(&self) -> ColumnType {
        match &self.domain {
            Some(domain) => domain.base.clone(),
            None => ColumnType::Enum(Arc::clone(&self.definition)),
        }
    }

    /// The number of the type that a column's type is, or is an array of, where that was made by CREATE TYPE.
    pub fn id_of(ty: &ColumnType) -> Option<CollectionId> {
        ty.enumerated().and_then(|ty| EnumType::number_of(ty.oid())).map(CollectionId)
    }
}

impl Collection {
    /// The types and domains of its columns and of the expressions in its indexes, as far as somebody has made them, each once.
    pub fn user_types(&self) -> Vec<CollectionId> {
        let of_indexes = self.indexes.iter().flat_map(|index| index_types(&index.kind));
        let mut found: Vec<CollectionId> =
            self.columns.iter().map(|column| &column.ty).chain(of_indexes).filter_map(UserType::id_of).collect();
        found.extend(self.columns.iter().filter_map(|column| column.domain.as_ref()).map(|domain| domain.id));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Gives the columns and the expressions in indexes that have a type this definition of it.
    pub fn redefine(&mut self, ty: &Arc<UserType>) {
        for column in &mut self.columns {
            if let Some(domain) = column.domain.as_mut().filter(|domain| domain.id == ty.id) {
                domain.ty = Some(Arc::clone(ty));
            }
        }
        let ty = &ty.definition;
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

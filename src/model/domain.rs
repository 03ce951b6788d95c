//! Domains: types that CREATE DOMAIN makes of others, with conditions on their values.
//!
//! Values of a domain are those of the type below. Its conditions bind what is written here, in columns and by casts, as CHECK
//! constraints of tables do, and no member of a network hears of them.

use serde::{Deserialize, Serialize};

use crate::model::collection::{Collection, CollectionId, CollectionKind};
use crate::model::column::Column;
use crate::types::ColumnType;

/// What the value is called in the conditions of a domain.
pub const VALUE: &str = "value";

/// A domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DomainType {
    /// The type of its values.
    #[serde(with = "crate::types::column_type::as_text")]
    pub base: ColumnType,
    /// An SQL expression, for columns of it that have no default of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_null: bool,
    /// In the order of their names, in which they are looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<DomainCheck>,
}

impl DomainType {
    /// What its conditions are compiled over: rows of one column, the value.
    pub fn collection(&self) -> Collection {
        Collection::new(CollectionId(0), "", CollectionKind::Table, vec![Column::new(VALUE, self.base.clone())])
    }
}

/// A condition that no value of a domain may make false.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DomainCheck {
    /// Shares the number space of collections.
    pub id: CollectionId,
    pub name: String,
    /// An SQL expression over [`VALUE`].
    pub expression: String,
    /// Whether it holds for the values that were there before it.
    pub validated: bool,
}

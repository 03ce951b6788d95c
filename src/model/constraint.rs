//! Constraints of a collection besides its keys: conditions on its rows, and references to the rows of others.
//!
//! They are promises of this node: what is written here keeps them, and no member of a network hears of them. Columns go by
//! their ids, so that neither a new name nor a dropped neighbour touches a constraint.

use serde::{Deserialize, Serialize};

use crate::model::collection::{Collection, CollectionId, IndexKind};
use crate::model::column::ColumnId;

/// A condition that no row may make false.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Shares the number space of collections and indexes.
    pub id: CollectionId,
    pub name: String,
    /// An SQL expression over the columns of one row, by the names that they have now.
    pub expression: String,
    /// The columns that it names.
    pub columns: Vec<ColumnId>,
    /// Whether it holds for the rows that were there before it.
    pub validated: bool,
}

/// Columns whose values another collection has as a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Shares the number space of collections and indexes.
    pub id: CollectionId,
    pub name: String,
    pub columns: Vec<ColumnId>,
    /// The collection that is referred to; it may be the same one.
    pub parent: CollectionId,
    /// Its columns, in the order of `columns`: its primary key, or those of a unique index.
    pub parent_columns: Vec<ColumnId>,
    pub on_delete: ReferentialAction,
    pub on_update: ReferentialAction,
    /// When it is checked.
    pub timing: CheckTime,
    /// Whether it holds for the rows that were there before it.
    pub validated: bool,
}

/// What becomes of rows whose row of reference goes, or gets another key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReferentialAction {
    /// The statement fails, unless another row has the key by the time of the check.
    #[default]
    NoAction,
    /// The statement fails at once.
    Restrict,
    /// They go along, or get the new key.
    Cascade,
    SetNull,
    SetDefault,
}

/// When a constraint is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckTime {
    /// At the end of each statement, always.
    #[default]
    Statement,
    /// At the end of each statement, unless SET CONSTRAINTS puts it off.
    Deferrable,
    /// When the transaction commits.
    Deferred,
}

impl ReferentialAction {
    /// As SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            ReferentialAction::NoAction => "NO ACTION",
            ReferentialAction::Restrict => "RESTRICT",
            ReferentialAction::Cascade => "CASCADE",
            ReferentialAction::SetNull => "SET NULL",
            ReferentialAction::SetDefault => "SET DEFAULT",
        }
    }

    /// As `pg_constraint.confdeltype` and `confupdtype` write it.
    pub fn letter(self) -> &'static str {
        match self {
            ReferentialAction::NoAction => "a",
            ReferentialAction::Restrict => "r",
            ReferentialAction::Cascade => "c",
            ReferentialAction::SetNull => "n",
            ReferentialAction::SetDefault => "d",
        }
    }
}

impl CheckTime {
    pub fn is_deferrable(self) -> bool {
        self != CheckTime::Statement
    }
}

impl Collection {
    /// The positions of columns by their ids; those that are no more are left out.
    pub fn positions_of(&self, ids: &[ColumnId]) -> Vec<usize> {
        ids.iter().filter_map(|id| self.position_of(*id)).collect()
    }

    /// Whether a constraint of that name stands on it, of whichever kind.
    pub fn has_constraint(&self, name: &str) -> bool {
        let is_key = !self.primary_key.is_empty() && name == self.primary_key_name();
        is_key
            || self.checks.iter().any(|check| check.name == name)
            || self.foreign_keys.iter().any(|key| key.name == name)
            || self.indexes.iter().any(|index| index.name == name && index.is_constraint())
    }

    /// What the constraint of its primary key is called.
    pub fn primary_key_name(&self) -> String {
        format!("{}_pkey", self.name)
    }

    /// Whether another definition binds rows by the same conditions and references.
    pub fn is_bound_as(&self, other: &Collection) -> bool {
        let domains = |collection: &Collection| {
            collection.columns.iter().filter_map(|column| column.domain.clone()).collect::<Vec<_>>()
        };
        self.checks == other.checks && self.foreign_keys == other.foreign_keys && domains(self) == domains(other)
    }

    /// Whether rows are written by conditions of its own, of domains or of others.
    pub fn has_conditions(&self) -> bool {
        !self.checks.is_empty()
            || !self.foreign_keys.is_empty()
            || self.columns.iter().any(|column| column.domain.is_some())
    }
}

/// A key of a collection that no two of its entries share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UniqueKey {
    Primary,
    /// A unique index, by its number.
    Index(CollectionId),
}

impl Collection {
    /// The key that is made of certain columns, in whatever order; with the place of each of its parts among them.
    pub fn unique_key_over(&self, columns: &[ColumnId]) -> Option<(UniqueKey, Vec<usize>)> {
        let places = |key: &[usize]| {
            let ids = key.iter().filter_map(|position| self.columns.get(*position)).map(|column| column.id);
            let places: Option<Vec<usize>> = ids.map(|id| columns.iter().position(|wanted| *wanted == id)).collect();
            places.filter(|places| places.len() == columns.len() && !places.is_empty())
        };
        if let Some(places) = places(&self.primary_key) {
            return Some((UniqueKey::Primary, places));
        }
        self.indexes.iter().find_map(|index| match &index.kind {
            IndexKind::Ordered { columns, unique: true } => {
                places(columns).map(|places| (UniqueKey::Index(index.id), places))
            }
            IndexKind::Ordered { .. } | IndexKind::Keys(_) | IndexKind::Fact { .. } | IndexKind::Nearest { .. } => None,
        })
    }
}

//! What an ordered index is made of where that is more than columns: expressions, terms of a value, a condition on its rows, NULLs
//! that count.

use serde::{Deserialize, Serialize};

use crate::model::column::ColumnId;
use crate::types::{ColumnType, IndexTerms};

/// Keys of an ordered index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexKeys {
    pub keys: Vec<IndexKey>,
    pub unique: bool,
    /// NULLS NOT DISTINCT: a unique index takes one NULL for a value like others.
    #[serde(default, skip_serializing_if = "is_false")]
    pub counts_nulls: bool,
    /// An inverted index (GIN): it holds each of these terms of its one key rather than the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<IndexTerms>,
    /// The rows that it holds; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<StoredExpression>,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum IndexKey {
    /// A position in memory, an id on disk.
    Column(usize),
    Expression(StoredExpression),
}

/// An SQL expression over the columns of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredExpression {
    /// By the names that the columns have now.
    pub text: String,
    /// The columns that it names.
    pub columns: Vec<ColumnId>,
    #[serde(with = "crate::types::column_type::as_text")]
    pub ty: ColumnType,
}

fn is_false(value: &bool) -> bool {
    !*value
}

impl IndexKeys {
    /// The expressions among the keys, and the condition.
    pub fn expressions(&self) -> impl Iterator<Item = &StoredExpression> {
        let keys = self.keys.iter().filter_map(|key| match key {
            IndexKey::Column(_) => None,
            IndexKey::Expression(expression) => Some(expression),
        });
        keys.chain(&self.condition)
    }

    /// As [`IndexKeys::expressions`], to be changed.
    pub fn expressions_mut(&mut self) -> impl Iterator<Item = &mut StoredExpression> {
        let keys = self.keys.iter_mut().filter_map(|key| match key {
            IndexKey::Column(_) => None,
            IndexKey::Expression(expression) => Some(expression),
        });
        keys.chain(&mut self.condition)
    }

    /// Whether an expression or the condition names a column.
    pub fn names(&self, column: ColumnId) -> bool {
        self.expressions().any(|expression| expression.columns.contains(&column))
    }
}

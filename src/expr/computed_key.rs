//! A key of an index that is computed of a row, as something that can be read of the row: queries that name the same expression
//! read it like a column, and find the index by it.

use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::expr::program::Environment;
use crate::expr::row::RowAccess;
use crate::expr::row_expression::RowExpression;
use crate::types::{ColumnType, Value};

/// A compiled expression that is known by its text.
#[derive(Clone)]
pub struct ComputedKey(Arc<Known>);

struct Known {
    text: String,
    ty: ColumnType,
    expression: Arc<dyn RowExpression>,
}

impl ComputedKey {
    /// `text` is the one that the definition keeps: two of one text are the same.
    pub fn new(text: impl Into<String>, ty: ColumnType, expression: Arc<dyn RowExpression>) -> Self {
        ComputedKey(Arc::new(Known { text: text.into(), ty, expression }))
    }

    pub fn text(&self) -> &str {
        &self.0.text
    }

    pub fn ty(&self) -> &ColumnType {
        &self.0.ty
    }

    /// The value for a row.
    ///
    /// # Errors
    /// As [`RowExpression::value`].
    pub fn value(&self, row: &dyn RowAccess) -> Result<Value> {
        self.0.expression.value(&Environment::default(), row)
    }
}

impl PartialEq for ComputedKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text && self.0.ty == other.0.ty
    }
}

impl fmt::Debug for ComputedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

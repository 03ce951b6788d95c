//! What an expression is evaluated over: an entry as it lies in the store, or a row of values.

use crate::error::{Error, Result};
use crate::expr::tree::{Operand, PathBase};
use crate::types::Value;
use crate::types::json::jsonb;

/// A row that an expression reads.
pub trait RowAccess {
    /// The value of an operand.
    ///
    /// # Errors
    /// Where the row cannot be read or has no such part; 22P05 for an escape of a document that stands for no character.
    fn value(&self, operand: &Operand) -> Result<Value>;

    /// The text of an operand where it lies in the row as such, to be looked at without a copy: the fast path of filters.
    ///
    /// # Errors
    /// As [`RowAccess::value`].
    fn stored_text(&self, _operand: &Operand) -> Result<Option<&str>> {
        Ok(None)
    }

    /// A column of the row that INSERT proposed.
    ///
    /// # Errors
    /// XX000 where nothing was proposed.
    fn excluded(&self, position: usize) -> Result<Value> {
        Err(Error::internal(format!("value {position} of a proposed row is missing")))
    }

    /// A value that another engine computed for the row.
    ///
    /// # Errors
    /// XX000 where nothing was.
    fn planned(&self, position: usize) -> Result<Value> {
        Err(Error::internal(format!("planned value {position} of a row is missing")))
    }
}

impl<R: RowAccess + ?Sized> RowAccess for &R {
    fn value(&self, operand: &Operand) -> Result<Value> {
        (**self).value(operand)
    }

    fn stored_text(&self, operand: &Operand) -> Result<Option<&str>> {
        (**self).stored_text(operand)
    }

    fn excluded(&self, position: usize) -> Result<Value> {
        (**self).excluded(position)
    }

    fn planned(&self, position: usize) -> Result<Value> {
        (**self).planned(position)
    }
}

/// A row of values.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueRow<'a> {
    /// The entry's columns.
    pub row: &'a [Value],
    pub excluded: &'a [Value],
    pub planned: &'a [Value],
}

impl RowAccess for ValueRow<'_> {
    fn value(&self, operand: &Operand) -> Result<Value> {
        match operand {
            Operand::Column(position) => pick(self.row, *position),
            Operand::Path { base: PathBase::Column(position), path, result } => match self.row.get(*position) {
                Some(Value::Json(document)) => result.of_json(jsonb::get_path(document, path)),
                Some(Value::Null) => Ok(Value::Null),
                _ => Err(Error::internal(format!("value {position} of a row is no document"))),
            },
            Operand::Computed(key) => key.value(self),
            Operand::System(_) | Operand::Key | Operand::Path { base: PathBase::Facts, .. } => {
                Err(Error::internal("a row of values has nothing beside its columns"))
            }
        }
    }

    fn stored_text(&self, operand: &Operand) -> Result<Option<&str>> {
        Ok(match operand {
            Operand::Column(position) => match self.row.get(*position) {
                Some(Value::Text(text)) => Some(text),
                _ => None,
            },
            _ => None,
        })
    }

    fn excluded(&self, position: usize) -> Result<Value> {
        pick(self.excluded, position)
    }

    fn planned(&self, position: usize) -> Result<Value> {
        pick(self.planned, position)
    }
}

fn pick(values: &[Value], position: usize) -> Result<Value> {
    values.get(position).cloned().ok_or_else(|| Error::internal(format!("value {position} of a row is missing")))
}

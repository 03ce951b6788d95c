//! RETURNING: what a statement shows of each entry that it has written.

use crate::db::{EntryKey, Output, ReadView, Row};
use crate::error::Result;
use crate::expr::{Environment, Expr, Program};
use crate::knirvql::ast::AstField;
use crate::knirvql::lower_get::fields;
use crate::model::{Collection, OutputColumn};

/// A lowered RETURNING.
#[derive(Debug)]
pub struct Returned {
    pub columns: Vec<OutputColumn>,
    programs: Vec<Program>,
}

impl Returned {
    /// Lowers the clause; `None` where nothing is shown.
    ///
    /// # Errors
    /// As `fields`.
    pub fn new(collection: &Collection, list: &[AstField]) -> Result<Option<Returned>> {
        if list.is_empty() {
            return Ok(None);
        }
        let (output, columns) = fields(collection, list, false)?;
        let programs = output.into_iter().zip(&columns).filter_map(|(output, column)| match output {
            Output::Operand(operand) => {
                Some(Program::compile(&Expr::Field(operand, column.ty.clone()), &Environment::default()))
            }
            // Of nothing that is near to anything, no distance is shown.
            Output::Distance | Output::LinearDistance { .. } | Output::Constant(_) => None,
        });
        Ok(Some(Returned { programs: programs.collect::<Result<_>>()?, columns }))
    }

    /// What is shown of an entry; `None` where it is not there.
    ///
    /// # Errors
    /// As [`ReadView::values`].
    pub fn row(&self, view: &ReadView, collection: &Collection, key: &EntryKey) -> Result<Option<Row>> {
        view.values(collection, key, &self.programs)
    }
}

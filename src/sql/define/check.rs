//! CHECK constraints of CREATE TABLE and ALTER TABLE: read, compiled once to find what is wrong with them, and kept as text.

use datafusion::sql::sqlparser::ast::{CheckConstraint, Ident};

use crate::db::{Cancel, Transaction};
use crate::error::{Error, Result};
use crate::model::{Check, Collection, RelationName};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::index::generated_name;
use crate::sql::define::one_row::check_of_one_row;
use crate::sql::parse::names::folded;
use crate::sql::write::kept_expression::{KeptExpression, kept};
use crate::sql::write::stored_expression::{StoredUse, compile_expression};

/// A condition on the rows of a table, to be added.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    name: Option<String>,
    /// The column that its name is made of, besides the table's: the only one that it names.
    column: Option<String>,
    expression: String,
    columns: Vec<String>,
    validated: bool,
}

impl CheckRequest {
    /// Reads a constraint; `name` is what CONSTRAINT gives it in front of a column's.
    ///
    /// # Errors
    /// 0A000 for NOT ENFORCED, subqueries and system columns, 42803 and 42P20 for functions over several rows, 42804 for what is no
    /// condition; as [`compile_expression`].
    pub fn plan(
        constraint: &CheckConstraint,
        name: Option<&Ident>,
        validated: bool,
        table: &Collection,
        context: &PlanContext<'_>,
    ) -> Result<CheckRequest> {
        let CheckConstraint { name: own, expr, enforced } = constraint;
        if *enforced == Some(false) {
            return Err(Error::unsupported(
                "CHECK constraints that are NOT ENFORCED are not offered",
                "NOT VALID leaves the rows that are there alone, and binds those to come.",
            ));
        }
        check_of_one_row(expr, "check constraint", "Use the columns of the row, constants and functions.")?;
        let KeptExpression { expr: expression, columns, is_immutable: _ } =
            kept(expr, ("check constraint", None), table, context)?;
        compile_expression(&expression, StoredUse::Condition("CHECK"), table, context)?;
        let column = match columns.as_slice() {
            [column] => Some(column.clone()),
            _ => None,
        };
        let name = name.or(own.as_ref()).map(folded);
        Ok(CheckRequest { name, column, expression: expression.to_string(), columns, validated })
    }

    /// The constraint, for a table as it is now; one without a name gets one that is free.
    pub fn constraint(&self, table: &Collection, transaction: &Transaction) -> Check {
        let name = self.name.clone().unwrap_or_else(|| {
            let parts: Vec<&str> = self.column.iter().map(String::as_str).collect();
            generated_name(&table.name, &parts, "check", &|name| is_taken(name, table, transaction))
        });
        let positions = self.columns.iter().filter_map(|column| table.column(column));
        let columns = positions.filter_map(|position| table.columns.get(position)).map(|column| column.id).collect();
        let (id, expression, validated) = (transaction.new_id(), self.expression.clone(), self.validated);
        Check { id, name, expression, columns, validated }
    }

    /// Adds the constraint to a table that is there.
    ///
    /// # Errors
    /// As [`Transaction::add_check`].
    pub fn add(&self, table: &RelationName, transaction: &mut Transaction, cancel: &Cancel) -> Result<()> {
        let collection = transaction.catalog().expect_collection(table)?;
        let check = self.constraint(collection, transaction);
        transaction.add_check(table, check, cancel)
    }
}

/// Whether a constraint cannot be given a name by itself: PostgreSQL looks at all of the schema.
pub fn is_taken(name: &str, table: &Collection, transaction: &Transaction) -> bool {
    let others = transaction.catalog().collections_of(table.schema).filter(|other| other.id != table.id);
    table.has_constraint(name) || others.into_iter().any(|other| other.has_constraint(name))
}

//! CHECK constraints of CREATE TABLE and ALTER TABLE: read, compiled once to find what is wrong with them, and kept as text.

use datafusion::sql::sqlparser::ast::{CheckConstraint, Expr, Ident, Spanned};

use crate::db::{Cancel, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Check, Collection};
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::index::generated_name;
use crate::sql::define::table::check_of_one_row;
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::visit::{change_expressions, has_expression};
use crate::sql::write::stored_expression::{StoredUse, compile_expression, stored_expression};
use crate::sql::write::write_target::located;

/// A condition on the rows of a table, to be added.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    name: Option<String>,
    /// The column that its name is made of, besides the table's: where it stands behind one, or names one alone.
    column: Option<String>,
    expression: String,
    columns: Vec<String>,
    validated: bool,
}

impl CheckRequest {
    /// Reads a constraint; `column` is the one that it stands behind, `name` what CONSTRAINT gives it.
    ///
    /// # Errors
    /// 0A000 for NOT ENFORCED, subqueries and system columns, 42803 and 42P20 for functions over several rows, 42804 for what is no
    /// condition; as [`compile_expression`].
    pub fn plan(
        constraint: &CheckConstraint,
        (name, column): (Option<&Ident>, Option<&str>),
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
        let (expression, columns) = kept(expr, "check constraint", table, context)?;
        compile_expression(&expression, StoredUse::Condition("CHECK"), table, context)?;
        let column = match (column, columns.as_slice()) {
            (Some(column), _) => Some(column.to_string()),
            (None, [column]) => Some(column.clone()),
            (None, _) => None,
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
    pub fn add(&self, table: &str, transaction: &mut Transaction, cancel: &Cancel) -> Result<()> {
        let collection = transaction.catalog().expect_collection(table)?;
        let check = self.constraint(collection, transaction);
        transaction.add_check(table, check, cancel)
    }
}

/// Whether a constraint cannot be given a name by itself: PostgreSQL looks at all of the schema.
pub fn is_taken(name: &str, table: &Collection, transaction: &Transaction) -> bool {
    let others = transaction.catalog().collections().filter(|other| other.id != table.id);
    table.has_constraint(name) || others.into_iter().any(|other| other.has_constraint(name))
}

/// An expression as a definition keeps it, and the columns that it names, each once: the names go without that of the table,
/// which may change.
///
/// # Errors
/// 42703 and 42P01 for names that mean nothing here, 0A000 for a system column.
pub fn kept(expr: &Expr, of: &str, table: &Collection, context: &PlanContext<'_>) -> Result<(Expr, Vec<String>)> {
    let mut kept = expr.clone();
    change_expressions(&mut kept, |part| {
        if let Expr::CompoundIdentifier(parts) = part
            && let [relation, column] = parts.as_slice()
            && folded(relation) == table.name
            && table.column(&folded(column)).is_some()
        {
            *part = Expr::Identifier(column.clone());
        }
    });
    let (mut columns, mut fault) = (Vec::new(), None);
    has_expression(&kept, |part| {
        let Expr::Identifier(ident) = part else { return false };
        let name = folded(ident);
        if table.column(&name).is_some() {
            if !columns.contains(&name) {
                columns.push(name);
            }
            return false;
        }
        if table.system_column(&name).is_some() || name.starts_with('$') {
            let error = Error::unsupported(
                format!("system column \"{name}\" reference in {of} is not offered"),
                "What it says follows from the entry as a whole.",
            );
            fault = Some(located(error, context.text, part.span().start));
        }
        fault.is_some()
    });
    match fault {
        Some(error) => Err(error),
        None => Ok((kept, columns)),
    }
}

/// The text of a stored expression after a column got another name.
///
/// # Errors
/// As [`stored_expression`].
pub fn renamed(text: &str, from: &str, to: &str) -> Result<String> {
    let mut expr = stored_expression(text)?;
    change_expressions(&mut expr, |part| {
        if let Expr::Identifier(ident) = part
            && folded(ident) == from
        {
            *ident = exact(to);
        }
    });
    Ok(expr.to_string())
}

/// `CREATE TABLE` and `ADD COLUMN` name the constraint of a column before they say what it is.
///
/// # Errors
/// 42710 for two constraints of one name.
pub fn check_names(names: &[String], table: &str) -> Result<()> {
    for (at, name) in names.iter().enumerate() {
        if names.iter().take(at).any(|other| other == name) {
            let message = format!("constraint \"{name}\" for relation \"{table}\" already exists");
            return Err(Error::new(ErrorKind::DuplicateObject, message));
        }
    }
    Ok(())
}

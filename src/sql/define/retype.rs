//! ALTER COLUMN … TYPE [… USING]: what each entry is to have in the column is computed by a SELECT over the table, and assigned
//! to the new type by PostgreSQL's rules.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, SetExpr, Statement};

use crate::db::{Cancel, EntryKey, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{ParameterTypes, unmodified};
use crate::model::{Collection, Column, ColumnDomain, DefaultValue, RelationName};
use crate::settings::Settings;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::one_row::check_of_one_row;
use crate::sql::parse::names::{exact, folded};
use crate::sql::parse::parse::parse;
use crate::sql::parse::trees::select_of;
use crate::sql::parse::visit::has_expression;
use crate::sql::pg_catalog::written_name;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::write::write_plan::{key_expression, typed_for};
use crate::sql::write::write_target::is_assignable;
use crate::statement::key_of_value;
use crate::types::{ColumnType, Value};

/// Bytes that an entry takes while its new value waits for the others, besides its key and the value.
const ENTRY_BYTES: usize = 64;

/// A planned change of a column's type.
pub struct Retype {
    column: String,
    ty: ColumnType,
    domain: Option<ColumnDomain>,
    /// The keys of all entries, and their values before they are assigned.
    plan: ReadPlan,
}

impl Retype {
    /// Plans the change for a column that is there.
    ///
    /// # Errors
    /// 42804 where no assignment cast leads to the type from what the column has, from what USING gives, or from the default; as
    /// [`plan_query`] and [`check_of_one_row`]; 42703 for a name of the server's own.
    pub fn plan(
        table: &Collection,
        column: &Column,
        (ty, domain, using): (ColumnType, Option<ColumnDomain>, Option<&Expr>),
        context: &PlanContext<'_>,
    ) -> Result<Retype> {
        let mut parameters = ParameterTypes::default();
        if let Some(using) = using {
            check_of_one_row(using, "transform expression", "Use the columns of the row, constants and functions.")?;
            check_names(using)?;
        }
        let value = match using {
            // A literal is read as the type and then assigned, which refuses what is too long for it.
            Some(using) => typed_for(using, &unmodified(&ty), &mut parameters),
            None => Expr::Identifier(exact(&column.name)),
        };
        let mut query = select_of(vec![key_expression(table, &table.name), value])?;
        let Some(Statement::Query(of_table)) =
            parse(&format!("SELECT 1 FROM {}", written_name(&table.relation(), context.view.catalog())))?.statement
        else {
            return Err(Error::internal("a SELECT is no query"));
        };
        if let (SetExpr::Select(select), SetExpr::Select(of_table)) = (query.body.as_mut(), *of_table.body) {
            select.from = of_table.from;
        }
        let plan = plan_query(&query, &mut parameters, context)?;
        let from = plan.columns().get(1).map_or(ColumnType::Unknown, |value| value.ty.clone());
        let name = &column.name;
        if !is_assignable(&from, &ty) {
            let (message, hint) = match using {
                None => (
                    format!("column \"{name}\" cannot be cast automatically to type {ty}"),
                    format!("You might need to specify \"USING {name}::{ty}\"."),
                ),
                Some(_) => (
                    format!("result of USING clause for column \"{name}\" cannot be cast automatically to type {ty}"),
                    "You might need to add an explicit cast.".to_string(),
                ),
            };
            return Err(Error::new(ErrorKind::DatatypeMismatch, message).with_hint(hint));
        }
        let default = match &column.default {
            Some(DefaultValue::Expression(_)) => Some(&column.ty),
            Some(DefaultValue::Drawn(_)) => Some(&ColumnType::Int8),
            _ => None,
        };
        if default.is_some_and(|default| !is_assignable(default, &ty)) {
            let message = format!("default for column \"{name}\" cannot be cast automatically to type {ty}");
            return Err(Error::new(ErrorKind::DatatypeMismatch, message));
        }
        Ok(Retype { column: name.clone(), ty, domain, plan })
    }

    /// Computes the values and changes the column.
    ///
    /// # Errors
    /// What computing or assigning a value reports; 53200 where there is no memory for them; as [`ReadPlan::execute`],
    /// [`Transaction::check_new_type`] and [`Transaction::set_column_type`].
    pub async fn make(
        &self,
        table: &RelationName,
        transaction: &mut Transaction,
        (settings, cancel): (&Settings, &Cancel),
    ) -> Result<()> {
        transaction.check_new_type(table, &self.column, &self.ty)?;
        let collection = Arc::clone(transaction.catalog().expect_collection(table)?);
        let view = transaction.view().clone();
        let mut stream = self.plan.execute(&view, &[], settings, cancel).await?;
        drop(view);
        let (mut memory, mut bytes) = (settings.memory.nothing(), 0);
        let mut values: Vec<(EntryKey, Value)> = Vec::new();
        while let Some(chunk) = stream.next_chunk().await? {
            cancel.check()?;
            for row in chunk {
                let mut row = row.into_iter();
                let (Some(key), Some(value)) = (row.next(), row.next()) else {
                    return Err(Error::internal("an entry has no value to be assigned"));
                };
                let value = value.cast_in(settings.text_style(), &self.ty, false)?;
                let key = key_of_value(transaction, &collection, key)?;
                bytes += key.as_bytes().len() + value.bytes() + ENTRY_BYTES;
                values.push((key, value));
            }
            memory.resize(bytes)?;
        }
        drop(stream);
        let ty = (self.ty.clone(), self.domain.clone());
        transaction.set_column_type(table, &self.column, ty, values, cancel)
    }
}

/// The columns that the server adds for itself begin with a dollar sign and are nobody's to name.
fn check_names(using: &Expr) -> Result<()> {
    let mut hidden = None;
    let names_hidden = |part: &Expr| {
        let name = match part {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        hidden = name.map(folded).filter(|name| name.starts_with('$'));
        hidden.is_some()
    };
    if has_expression(using, names_hidden)
        && let Some(name) = hidden
    {
        return Err(Error::new(ErrorKind::UndefinedColumn, format!("column \"{name}\" does not exist")));
    }
    Ok(())
}

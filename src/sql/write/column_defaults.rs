//! The defaults of columns that are expressions, compiled once for all rows that come without a value.

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::parser::Parser;
use futures::future::{BoxFuture, FutureExt};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{self, ParameterTypes, ValueRow};
use crate::model::{Collection, Column};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::row_subplan::RowPlan;
use crate::sql::write::type_names::settle_types;
use crate::sql::write::write_target::WritePlace;
use crate::statement::{ColumnDefaults, PlanNotes, Planning, WriteRun};
use crate::types::Value;

/// Expression defaults of a collection's columns, by position.
pub struct Defaults(Vec<Option<ColumnDefault>>);

/// One of them. Each is computed by itself: where its column has a value, it draws nothing from a sequence.
struct ColumnDefault {
    expression: expr::Expr,
    /// What the small language lacks of it.
    planned: Option<RowPlan>,
}

impl Defaults {
    /// Compiles the expression defaults of a collection.
    ///
    /// # Errors
    /// As [`default_expression`], [`Compiler::assign`] and [`Compiler::finish`].
    pub fn plan(collection: &Collection, context: &PlanContext<'_>) -> Result<Defaults> {
        let compiled = |(position, column): (usize, &Column)| {
            let Some(text) = column.default_text() else { return Ok(None) };
            let mut parameters = ParameterTypes::default();
            let mut compiler = Compiler::new(collection, &collection.name, Visible::Nothing, &mut parameters, context);
            let expression = compiler.assign(&default_expression(text, context)?, WritePlace::Column(position))?;
            Ok(Some(ColumnDefault { expression, planned: compiler.finish()? }))
        };
        collection.columns.iter().enumerate().map(compiled).collect::<Result<_>>().map(Defaults)
    }

    /// The default of one column as an expression; `None` where `db` makes it or there is none.
    pub fn of(&self, position: usize) -> Option<&expr::Expr> {
        self.0.get(position)?.as_ref().map(|default| &default.expression)
    }

    /// Fills in the expression defaults that a row lacks.
    ///
    /// # Errors
    /// As [`expr::Expr::evaluate`] and [`RowPlan::values`].
    pub async fn fill(&self, run: &WriteRun<'_>, columns: &mut [Option<Value>]) -> Result<()> {
        for (slot, default) in columns.iter_mut().zip(&self.0) {
            let Some(default) = default.as_ref().filter(|_| slot.is_none()) else { continue };
            let planned = match &default.planned {
                Some(plan) => plan.values(run, run.transaction.view(), ValueRow::default()).await?,
                None => Vec::new(),
            };
            let row = ValueRow { planned: &planned, ..ValueRow::default() };
            *slot = Some(default.expression.evaluate(&run.environment(), &row)?);
        }
        Ok(())
    }
}

impl ColumnDefaults for Defaults {
    fn fill<'a>(&'a self, run: &'a WriteRun<'_>, columns: &'a mut [Option<Value>]) -> BoxFuture<'a, Result<()>> {
        Defaults::fill(self, run, columns).boxed()
    }
}

/// The expression defaults of a collection, for rows that no INSERT brings; `None` where it has none.
///
/// # Errors
/// As [`Defaults::plan`].
pub fn column_defaults(collection: &Collection, context: &PlanContext<'_>) -> Result<Option<Box<dyn ColumnDefaults>>> {
    if !collection.columns.iter().any(|column| column.default_text().is_some()) {
        return Ok(None);
    }
    Ok(Some(Box::new(Defaults::plan(collection, context)?)))
}

/// As [`column_defaults`], for a statement that is not SQL's.
///
/// # Errors
/// As [`column_defaults`].
pub fn plan_column_defaults(
    collection: &Collection,
    planning: &Planning<'_>,
) -> Result<Option<Box<dyn ColumnDefaults>>> {
    // A default names no columns and no tables: the plan depends on nothing but the collection.
    let planning = Planning { text: "", ..*planning };
    column_defaults(collection, &PlanContext::of(&planning, &PlanNotes::default()))
}

/// The tree of a default kept as text, which means the same types whatever the path of the session.
///
/// # Errors
/// XX001 for a text that is no expression.
pub fn default_expression(text: &str, context: &PlanContext<'_>) -> Result<Expr> {
    let mut expr = kept_default_tree(text)?;
    settle_types(&mut expr, context.view.catalog());
    Ok(expr)
}

/// The tree of a default as its text has it.
///
/// # Errors
/// XX001 for a text that is no expression.
pub fn kept_default_tree(text: &str) -> Result<Expr> {
    Parser::new(&PostgresDialect)
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_expr())
        .map_err(|error| Error::new(ErrorKind::Corrupted, format!("a stored default cannot be read: {error}")))
}

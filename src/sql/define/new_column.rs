//! ADD COLUMN: a column that a table gets, and its default in the entries that are there.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Notice, Result};
use crate::expr::{self, ParameterTypes, ValueRow};
use crate::model::{Collection, Column, DefaultValue, RelationName};
use crate::sql::arrow::context::PlanContext;
use crate::sql::write::column_defaults::default_expression;
use crate::sql::write::row_compiler::{Compiler, Visible};
use crate::sql::write::row_subplan::RowPlan;
use crate::sql::write::write_target::WritePlace;
use crate::statement::{PlanNotes, WriteRun, matching_keys};
use crate::types::Value;

/// Adds a column; a default other than NULL is written into the entries that are there.
///
/// # Errors
/// 42701 for a name that is taken; 23502 for NOT NULL where there are entries and no default; what computing the default reports;
/// as `Transaction::add_column` and `Transaction::set_not_null`; 57014 and 57P01 when the statement is cancelled.
pub async fn add_column(
    table: &RelationName,
    column: &Column,
    if_not_exists: bool,
    run: &mut WriteRun<'_>,
) -> Result<()> {
    let current = run.transaction.catalog().expect_collection(table)?;
    if current.column(&column.name).is_some() {
        let message = format!("column \"{}\" of relation \"{table}\" already exists", column.name);
        if if_not_exists {
            let report = Error::new(ErrorKind::DuplicateColumn, format!("{message}, skipping"));
            run.transaction.notices.push(Notice::of(report));
            return Ok(());
        }
        return Err(Error::new(ErrorKind::DuplicateColumn, message));
    }
    run.transaction.add_column(table, Column { not_null: false, ..column.clone() })?;
    let collection = Arc::clone(run.transaction.catalog().expect_collection(table)?);
    let position = collection.columns.len().saturating_sub(1);
    match &column.default {
        Some(DefaultValue::Expression(_)) | None if column.default_text().is_some() => {
            let text = column.default_text().unwrap_or_default();
            let default = ComputedDefault::plan(&collection, position, text, run)?;
            default.fill(&collection, position, run).await?;
        }
        Some(DefaultValue::Sequence | DefaultValue::Identity) => {
            for key in matching_keys(run.transaction, &collection, None, (run.settings, run.cancel))? {
                run.cancel.check()?;
                let number = Value::Int8(run.transaction.next_number_of(&collection, position)?);
                run.transaction.update(&collection, &key, vec![(position, number)])?;
            }
        }
        Some(DefaultValue::Drawn(sequence)) => {
            for key in matching_keys(run.transaction, &collection, None, (run.settings, run.cancel))? {
                run.cancel.check()?;
                let number = Value::Int8(run.transaction.next_number(*sequence)?);
                run.transaction.update(&collection, &key, vec![(position, number)])?;
            }
        }
        Some(DefaultValue::Computed(_)) => {
            for key in matching_keys(run.transaction, &collection, None, (run.settings, run.cancel))? {
                run.cancel.check()?;
                run.transaction.update(&collection, &key, Vec::new())?;
            }
        }
        Some(DefaultValue::GeneratedId | DefaultValue::Expression(_)) | None => {
            run.transaction.check_absent(table, &column.name, run.cancel)?;
        }
    }
    if column.not_null {
        run.transaction.set_not_null(table, &column.name, true, run.cancel)?;
    }
    Ok(())
}

/// The default of a new column, whatever the expression.
struct ComputedDefault {
    expression: expr::Expr,
    /// What the small language lacks of it.
    planned: Option<RowPlan>,
}

impl ComputedDefault {
    fn plan(collection: &Collection, position: usize, text: &str, run: &WriteRun<'_>) -> Result<ComputedDefault> {
        let mut parameters = ParameterTypes::default();
        let notes = PlanNotes::default();
        let (view, settings, cancel) = (run.transaction.view(), run.settings, run.cancel);
        let context = PlanContext {
            view,
            settings,
            text,
            query_function: None,
            cancel,
            notes: &notes,
            given: &[],
            refreshed: None,
        };
        let mut compiler = Compiler::new(collection, &collection.name, Visible::Nothing, &mut parameters, &context);
        let expression = compiler.assign(&default_expression(text, &context)?, WritePlace::Column(position))?;
        let planned = compiler.finish()?;
        Ok(ComputedDefault { expression, planned })
    }

    /// Writes it into the entries that are there. As in PostgreSQL a value that is the same for all is computed once, and even
    /// where there is no entry to take it.
    async fn fill(&self, collection: &Arc<Collection>, position: usize, run: &mut WriteRun<'_>) -> Result<()> {
        let varies = self.expression.varies() || self.planned.as_ref().is_some_and(RowPlan::varies);
        let of_all = if varies { None } else { Some(self.value(run).await?) };
        for key in matching_keys(run.transaction, collection, None, (run.settings, run.cancel))? {
            run.cancel.check()?;
            let value = match &of_all {
                Some(value) => value.clone(),
                None => self.value(run).await?,
            };
            run.transaction.update(collection, &key, vec![(position, value)])?;
        }
        Ok(())
    }

    async fn value(&self, run: &WriteRun<'_>) -> Result<Value> {
        let planned = match &self.planned {
            Some(plan) => plan.values(run, run.transaction.view(), ValueRow::default()).await?,
            None => Vec::new(),
        };
        self.expression.evaluate(&run.environment(), &ValueRow { planned: &planned, ..ValueRow::default() })
    }
}

//! From a parsed statement to what a session runs: the one entry point for every kind of SQL statement.
//!
//! Nothing is read or written here. A [`Planned`] is kept by a prepared statement and run by each Execute; it holds for as
//! long as [`Planned::is_current`] says so.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{CopyTarget, Query, SetExpr, Statement, With};

use crate::db::Catalog;
use crate::error::{Error, Result};
use crate::expr::ParameterTypes;
use crate::model::OutputColumn;
use crate::sql::arrow::context::PlanContext;
use crate::sql::copy::copy_plan::{CopyInPlan, CopyOutPlan, CopyPlan, plan_copy};
use crate::sql::define::definition::{DataDefinition, plan_definition};
use crate::sql::parse::parse::ParsedStatement;
use crate::sql::parse::unread;
use crate::sql::read::read_plan::{ReadPlan, plan_query};
use crate::sql::rewrite::recognise::setting_calls;
use crate::sql::statement::explain::{Explain, plan_explain};
use crate::sql::statement::network_call::plan_network_call;
use crate::sql::statement::session_statement::{Control, plan_control};
use crate::sql::write::delete::plan_delete;
use crate::sql::write::insert::plan_insert;
use crate::sql::write::update::plan_update;
use crate::sql::write::write_plan::WritePlan;
use crate::types::ColumnType;

/// A planned statement.
pub struct Planned {
    pub action: SqlAction,
    pub parameters: Vec<ColumnType>,
    /// The columns of its rows; `None` for a statement that returns none.
    pub columns: Option<Arc<[OutputColumn]>>,
}

/// What a statement does.
pub enum SqlAction {
    Read(ReadPlan),
    Write(WritePlan),
    Define(DataDefinition),
    Control(Control),
    CopyIn(CopyInPlan),
    CopyOut(CopyOutPlan),
    Explain(Explain),
    /// Blanks, a comment, a lone semicolon.
    Empty,
}

/// Plans a statement. `parameter_types` is what the client said of them; the rest is found from their use.
///
/// # Errors
/// What PostgreSQL reports when it analyses a statement: 42P01, 42703, 42601, 42804, … with a position where it has one;
/// 0A000 with a hint for what is not offered.
pub fn plan(
    statement: &ParsedStatement,
    parameter_types: &[Option<ColumnType>],
    context: &PlanContext<'_>,
) -> Result<Planned> {
    let mut parameters = ParameterTypes::new(parameter_types, statement.parameters);
    let Some(parsed) = &statement.statement else {
        return Ok(Planned { action: SqlAction::Empty, parameters: Vec::new(), columns: None });
    };
    plan_statement(parsed, &mut parameters, context)
}

/// Plans what was parsed; its parameters get their types.
///
/// # Errors
/// As [`plan`].
pub fn plan_statement(
    statement: &Statement,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Planned> {
    unread::statement(statement)?;
    let action = match statement {
        Statement::Query(query) => plan_query_statement(query, parameters, context)?,
        Statement::Insert(insert) => SqlAction::Write(plan_insert(insert, None, parameters, context)?),
        Statement::Update(update) => SqlAction::Write(plan_update(update, None, parameters, context)?),
        Statement::Delete(delete) => SqlAction::Write(plan_delete(delete, None, parameters, context)?),
        Statement::Copy { source, to, target, .. } => {
            if !matches!(target, CopyTarget::Stdin | CopyTarget::Stdout) {
                return Err(Error::unsupported(
                    "COPY with a file or program of the server is not offered",
                    "Use COPY ... FROM STDIN or TO STDOUT; psql's \\copy does.",
                ));
            }
            match plan_copy(source, *to, parameters, context)? {
                CopyPlan::In(plan) => SqlAction::CopyIn(plan),
                CopyPlan::Out(plan) => SqlAction::CopyOut(plan),
            }
        }
        Statement::Explain { .. } => SqlAction::Explain(plan_explain(statement, parameters, context)?),
        other => match plan_control(other, parameters, context)? {
            Some(control) => SqlAction::Control(control),
            None => SqlAction::Define(plan_definition(other, parameters, context)?),
        },
    };
    let columns = match &action {
        SqlAction::Read(plan) => Some(plan.columns()),
        SqlAction::Write(plan) => plan.columns(),
        SqlAction::Control(control) => control.columns(),
        SqlAction::Explain(_) => Some(Explain::columns()),
        SqlAction::Define(_) | SqlAction::CopyIn(_) | SqlAction::CopyOut(_) | SqlAction::Empty => None,
    };
    let parameters = match &action {
        // The parameters in its text are those of the statement it prepares.
        SqlAction::Control(Control::Prepare { .. }) => Vec::new(),
        _ => parameters.finish(),
    };
    Ok(Planned { action, parameters, columns })
}

/// A SELECT, or a statement that writes behind a WITH clause, or SELECT INTO.
fn plan_query_statement(
    query: &Query,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<SqlAction> {
    let with: Option<&With> = query.with.as_ref();
    match query.body.as_ref() {
        SetExpr::Insert(Statement::Insert(insert)) => {
            Ok(SqlAction::Write(plan_insert(insert, with, parameters, context)?))
        }
        SetExpr::Update(Statement::Update(update)) => {
            Ok(SqlAction::Write(plan_update(update, with, parameters, context)?))
        }
        SetExpr::Delete(Statement::Delete(delete)) => {
            Ok(SqlAction::Write(plan_delete(delete, with, parameters, context)?))
        }
        SetExpr::Select(select) if select.into.is_some() => {
            Ok(SqlAction::Define(DataDefinition::select_into(query, parameters, context)?))
        }
        _ => {
            if let Some(calls) = setting_calls(query) {
                return Ok(SqlAction::Control(Control::Configure(calls)));
            }
            match plan_network_call(query, parameters, context)? {
                Some(call) => Ok(SqlAction::Control(Control::Network(call))),
                None => Ok(SqlAction::Read(plan_query(query, parameters, context)?)),
            }
        }
    }
}

impl Planned {
    /// Whether the plan holds for this catalog; one that does not has to be planned again. Reads look after themselves.
    pub fn is_current(&self, catalog: &Catalog) -> bool {
        match &self.action {
            SqlAction::Write(plan) => is_same(plan.collection(), catalog),
            SqlAction::CopyIn(plan) => is_same(plan.collection(), catalog),
            SqlAction::Explain(explain) => explain.inner().is_current(catalog),
            _ => true,
        }
    }
}

fn is_same(collection: &Arc<crate::model::Collection>, catalog: &Catalog) -> bool {
    catalog.collection_by_id(collection.id).is_some_and(|now| Arc::ptr_eq(now, collection))
}

//! From a parsed statement to what a session runs: the one entry point for every kind of SQL statement.
//!
//! Nothing is read or written here. What the statement touches, and what its plan depends on, is noted where its parts are
//! planned: reads by `read`, the tables of writes and definitions by those.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{self, CopyTarget, Query, SetExpr, With};

use crate::db::NamesSeen;
use crate::error::{Error, Result};
use crate::expr::ParameterTypes;
use crate::sql::arrow::context::PlanContext;
use crate::sql::define::definition::{DataDefinition, plan_definition};
use crate::sql::parse::parse::ParsedStatement;
use crate::sql::parse::shape::shape;
use crate::sql::parse::unread;
use crate::sql::pg_catalog::type_of_oid;
use crate::sql::read::read_plan::plan_query;
use crate::sql::rewrite::recognise::setting_calls;
use crate::sql::statement::copy_plan::plan_copy;
use crate::sql::statement::explain::plan_explain;
use crate::sql::statement::locking_parts::LockingParts;
use crate::sql::statement::network_call::plan_network_call;
use crate::sql::statement::session_statement::plan_session_command;
use crate::sql::write::delete::plan_delete;
use crate::sql::write::insert::plan_insert;
use crate::sql::write::locking_read::LockingRead;
use crate::sql::write::merge::merge_plan::plan_merge;
use crate::sql::write::update::plan_update;
use crate::sql::write::with_writes::plan_with_writes;
use crate::statement::{
    DependsOn, PlanNotes, Planned, Planning, Privilege, SessionCommand, Statement, StatementTree, TouchedObject,
};
use crate::types::ColumnType;

impl StatementTree for ParsedStatement {
    fn plan(&self, declared: &[Option<ColumnType>], planning: &Planning<'_>) -> Result<Planned> {
        let notes = PlanNotes::default();
        let context = PlanContext::of(planning, &notes);
        let mut parameters = ParameterTypes::new(&present(declared, &context), self.parameters);
        let Some(parsed) = &self.statement else { return Ok(Planned::empty()) };
        let (body, columns) = plan_statement(parsed, &mut parameters, &context)?;
        let parameters = match &body {
            // The parameters in its text are those of the statement it prepares.
            Statement::Session(SessionCommand::Prepare { .. }) => Vec::new(),
            _ => parameters.finish(),
        };
        let names = NamesSeen::new(planning.settings, planning.view.catalog(), notes.names_others());
        Ok(Planned::new(body, parameters, columns, notes, Some(names)))
    }

    fn shown(&self, text: &Arc<str>) -> Option<Arc<str>> {
        if self.touches_secrets() { None } else { Some(Arc::clone(text)) }
    }

    fn shape(&self, text: &str) -> String {
        shape(text)
    }

    fn parts(&self) -> usize {
        ParsedStatement::parts(self)
    }

    fn executes(&self) -> Option<String> {
        ParsedStatement::executes(self)
    }

    fn ends_transaction(&self) -> bool {
        ParsedStatement::ends_transaction(self)
    }
}

/// The types that were declared for parameters as they are now: a type may have got other labels since.
fn present(declared: &[Option<ColumnType>], context: &PlanContext<'_>) -> Vec<Option<ColumnType>> {
    let catalog = context.view.catalog();
    let defined = |ty: &ColumnType| match ty.enumerated() {
        None => ty.clone(),
        Some(_) => {
            context.notes.depend_on(DependsOn::Catalog(Arc::clone(catalog)));
            type_of_oid(ty.oid(), catalog).unwrap_or_else(|| ty.clone())
        }
    };
    declared.iter().map(|ty| ty.as_ref().map(defined)).collect()
}

/// What a statement does, with the columns of its rows where it gives any.
pub type BodyWithColumns = (Statement, Option<Arc<[crate::model::OutputColumn]>>);

/// Plans what was parsed; its parameters get their types.
///
/// # Errors
/// As [`StatementTree::plan`].
pub fn plan_statement(
    statement: &ast::Statement,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<BodyWithColumns> {
    unread::statement(statement)?;
    if let Some(planned) = LockingParts::plan(statement, parameters, context)? {
        return Ok(planned);
    }
    Ok(match statement {
        ast::Statement::Query(query) => plan_query_statement(query, parameters, context)?,
        ast::Statement::Insert(insert) => changing(plan_insert(insert, None, parameters, context)?),
        ast::Statement::Update(update) => changing(plan_update(update, None, parameters, context)?),
        ast::Statement::Delete(delete) => changing(plan_delete(delete, None, parameters, context)?),
        ast::Statement::Merge(merge) => changing(plan_merge(merge, None, parameters, context)?),
        ast::Statement::Copy { source, to, target, .. } => {
            if !matches!(target, CopyTarget::Stdin | CopyTarget::Stdout) {
                return Err(Error::unsupported(
                    "COPY with a file or program of the server is not offered",
                    "Use COPY ... FROM STDIN or TO STDOUT; psql's \\copy does.",
                ));
            }
            (plan_copy(source, *to, parameters, context)?, None)
        }
        ast::Statement::Explain { .. } => {
            let explain = plan_explain(statement, parameters, context)?;
            let columns = explain.columns();
            (Statement::Explain(explain), Some(columns))
        }
        other => match plan_session_command(other, parameters, context)? {
            Some(command) => {
                let columns = command.columns();
                (Statement::Session(command), columns)
            }
            None => defining(plan_definition(other, parameters, context)?, context),
        },
    })
}

/// A SELECT, or a statement that writes behind a WITH clause, or SELECT INTO.
fn plan_query_statement(
    query: &Query,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<BodyWithColumns> {
    let with: Option<&With> = query.with.as_ref();
    if let Some(plan) = plan_with_writes(query, parameters, context)? {
        let columns = plan.columns();
        return Ok((Statement::Change(Box::new(plan)), columns));
    }
    Ok(match query.body.as_ref() {
        SetExpr::Insert(ast::Statement::Insert(insert)) => changing(plan_insert(insert, with, parameters, context)?),
        SetExpr::Update(ast::Statement::Update(update)) => changing(plan_update(update, with, parameters, context)?),
        SetExpr::Delete(ast::Statement::Delete(delete)) => changing(plan_delete(delete, with, parameters, context)?),
        SetExpr::Merge(ast::Statement::Merge(merge)) => changing(plan_merge(merge, with, parameters, context)?),
        SetExpr::Select(select) if select.into.is_some() => {
            defining(DataDefinition::select_into(query, parameters, context)?, context)
        }
        _ => {
            if let Some(calls) = setting_calls(query) {
                let command = SessionCommand::Configure(calls);
                let columns = command.columns();
                return Ok((Statement::Session(command), columns));
            }
            match plan_network_call(query, parameters, context)? {
                Some(call) => {
                    context.notes.touch(TouchedObject::Networks, Privilege::Own);
                    let columns = call.columns().into();
                    (Statement::Network(call), Some(columns))
                }
                None => {
                    if let Some(plan) = LockingRead::plan(query, parameters, context)? {
                        let columns = plan.columns();
                        return Ok((Statement::Change(Box::new(plan)), Some(columns)));
                    }
                    let plan = if query.locks.is_empty() {
                        plan_query(query, parameters, context)?
                    } else {
                        // It reads nothing that could be locked.
                        let unlocked = Query { locks: Vec::new(), ..query.clone() };
                        plan_query(&unlocked, parameters, context)?
                    };
                    let columns = plan.columns();
                    (Statement::Read(Box::new(plan)), Some(columns))
                }
            }
        }
    })
}

fn changing(plan: crate::sql::write::write_plan::WritePlan) -> BodyWithColumns {
    let columns = plan.columns();
    (Statement::Change(Box::new(plan)), columns)
}

/// A definition looks at everything that has a name.
fn defining(definition: DataDefinition, context: &PlanContext<'_>) -> BodyWithColumns {
    context.notes.touch(TouchedObject::Catalog, Privilege::Create);
    context.notes.depend_on(DependsOn::Catalog(Arc::clone(context.view.catalog())));
    (Statement::Change(Box::new(definition)), None)
}

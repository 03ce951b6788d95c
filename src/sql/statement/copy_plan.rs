//! COPY, planned: which columns, in which format (`parse/copy_text`). How rows are taken and given is `statement`'s.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{self, CopySource, Ident, ObjectName, Query, Spanned};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::model::{Collection, CollectionKind};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::copy_text::read_options;
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::parse::parse;
use crate::sql::pg_catalog::{check_schema, find_stored};
use crate::sql::read::read_plan::plan_query;
use crate::sql::relational::collection_table::FACTS_VIEW;
use crate::sql::write::column_defaults::column_defaults;
use crate::sql::write::write_target::{WritePlace, located, writable_table};
use crate::statement::{CopyInPlan, CopyOutPlan, CopyTarget, Privilege, Statement};
use crate::types::quote_identifier;

/// Plans a COPY, to the client where `to` says so.
///
/// # Errors
/// 42601 and 22023 for its options, 42P01 and 42703 for what is not there, and those of planning its query.
pub fn plan_copy(
    source: &CopySource,
    to: bool,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Statement> {
    let mut options = read_options(context.text, to)?;
    if let CopySource::Table { table_name, .. } = source {
        refuse_view(table_name, to, context)?;
    }
    match (source, to) {
        (CopySource::Query(_), false) => {
            Err(Error::syntax("COPY FROM takes a table, not a query", None).with_hint("INSERT ... SELECT"))
        }
        (CopySource::Query(query), true) => {
            let plan = plan_query(query, parameters, context)?;
            let columns = plan.columns();
            Ok(Statement::CopyOut(CopyOutPlan::new(Box::new(plan), columns, options, None)?))
        }
        (CopySource::Table { table_name, columns }, true) => {
            let query = table_query(table_name, columns, context)?;
            let plan = plan_query(&query, parameters, context)?;
            let found = find_stored(table_name, context)?;
            let table = found.as_ref().and_then(|relation| context.view.catalog().collection(relation));
            let columns = plan.columns();
            Ok(Statement::CopyOut(CopyOutPlan::new(Box::new(plan), columns, options, table.map(Arc::as_ref))?))
        }
        (CopySource::Table { table_name, columns }, false) => {
            let collection = writable_table(table_name, context)?;
            let columns = target_columns(columns, &collection, context)?;
            let names: Vec<&str> =
                columns.iter().map(|position| WritePlace::Column(*position).name(&collection)).collect();
            options.find_columns(&names, Some(&collection))?;
            context.notes.touch_collection(&collection, Privilege::Insert);
            let defaults = column_defaults(&collection, context)?;
            Ok(Statement::CopyIn(CopyInPlan::new(CopyTarget { collection, columns, options, defaults })))
        }
    }
}

/// # Errors
/// 42809 for a view.
fn refuse_view(name: &ObjectName, to: bool, context: &PlanContext<'_>) -> Result<()> {
    let found = find_stored(name, context)?;
    let table = found.as_ref().and_then(|relation| context.view.catalog().collection(relation));
    if let Some((table, kept)) = table.and_then(|table| Some((table, table.materialized.as_ref()?))) {
        let name = &table.name;
        return match (to, kept.is_populated) {
            (true, true) => Ok(()),
            (true, false) => {
                let message = format!("cannot copy from unpopulated materialized view \"{name}\"");
                let error = Error::new(ErrorKind::Unsupported, message);
                Err(error.with_hint("Use the REFRESH MATERIALIZED VIEW command."))
            }
            (false, _) => {
                let message = format!("cannot copy to materialized view \"{name}\"");
                Err(Error::new(ErrorKind::WrongObjectType, message))
            }
        };
    }
    let Some(view) = found.as_ref().and_then(|relation| context.view.catalog().view(relation)) else { return Ok(()) };
    let (preposition, hint) = match to {
        true => ("from", "Try the COPY (SELECT ...) TO variant."),
        false => ("to", "INSERT takes rows for views over one table."),
    };
    let message = format!("cannot copy {preposition} view \"{}\"", view.name);
    Err(Error::new(ErrorKind::WrongObjectType, message).with_hint(hint))
}

fn target_columns(names: &[Ident], collection: &Collection, context: &PlanContext<'_>) -> Result<Vec<usize>> {
    if names.is_empty() {
        let columns = collection.columns.iter().enumerate();
        let given = columns.filter(|(_, column)| column.computation().is_none());
        return Ok(given.map(|(position, _)| position).collect());
    }
    let mut positions = Vec::with_capacity(names.len());
    for name in names {
        match WritePlace::of(collection, name, context)? {
            WritePlace::Column(position) if positions.contains(&position) => return Err(named_twice(name)),
            WritePlace::Column(position) => positions.push(position),
            WritePlace::Stage => return Err(Error::unsupported("COPY cannot set _stage", "UPDATE it afterwards.")),
        }
    }
    Ok(positions)
}

fn named_twice(column: &Ident) -> Error {
    Error::new(ErrorKind::DuplicateColumn, format!("column \"{}\" specified more than once", folded(column)))
}

/// The query behind COPY table TO.
fn table_query(table: &ObjectName, columns: &[Ident], context: &PlanContext<'_>) -> Result<Query> {
    let name = last_part(table).unwrap_or_default();
    check_schema(table, context).map_err(|error| located(error, context.text, table.span().start))?;
    // A view is read as a table is; what can be written is known to be a table.
    let columns: Vec<String> = if columns.is_empty() && name != FACTS_VIEW {
        let collection = writable_table(table, context)?;
        if collection.kind == CollectionKind::Auth {
            return Err(Error::new(ErrorKind::InsufficientPrivilege, "secrets are not copied as a whole")
                .with_hint("COPY (SELECT ...) TO STDOUT says which ones."));
        }
        let given = collection.columns.iter().filter(|column| column.computation().is_none());
        given.map(|column| quote_identifier(&column.name)).collect()
    } else if columns.is_empty() {
        vec!["*".to_string()]
    } else {
        for (position, column) in columns.iter().enumerate() {
            if columns.iter().take(position).any(|before| folded(before) == folded(column)) {
                return Err(named_twice(column));
            }
        }
        columns.iter().map(|column| quote_identifier(&folded(column))).collect()
    };
    let text = format!("SELECT {} FROM {table}", columns.join(", "));
    match parse(&text)?.statement {
        Some(ast::Statement::Query(query)) => Ok(*query),
        _ => Err(Error::internal("COPY of a table is no query")),
    }
}

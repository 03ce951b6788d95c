//! Which views can be written through: those that PostgreSQL calls automatically updatable, each of whose rows is a row of one table.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, ObjectName, Query, SelectItem, SetExpr, Statement, TableFactor,
};

use crate::db::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, View};
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::parse::parse;
use crate::sql::parse::visit::has_expression;
use crate::sql::pg_catalog::lookup::find_in_definition;
use crate::sql::relational::engine::is_aggregate;
use crate::sql::rewrite::rewrite::SET_FUNCTIONS;

/// A view over one table or view.
pub struct PlainView {
    pub relation: ObjectName,
    /// What its query calls the relation.
    pub alias: String,
    /// For each column of the view the column of the relation that it is; `None` where it is computed.
    pub columns: Vec<Option<String>>,
    pub condition: Option<Expr>,
}

/// The query of a view.
///
/// # Errors
/// XX001 where its text is no query.
pub fn view_query(view: &View) -> Result<Query> {
    let damaged = || Error::new(ErrorKind::Corrupted, format!("the query of view \"{}\" cannot be read", view.name));
    match parse(&view.query).map_err(|_| damaged())?.statement {
        Some(Statement::Query(query)) => Ok(*query),
        _ => Err(damaged()),
    }
}

/// What a query reads and shows, where rows can be written through a view of it; otherwise PostgreSQL's words for why not.
///
/// # Errors
/// The reason, as the detail of 55000.
pub fn plain_view(query: &Query) -> Result<PlainView, &'static str> {
    if query.with.is_some() {
        return Err("Views containing WITH are not automatically updatable.");
    }
    let SetExpr::Select(select) = query.body.as_ref() else {
        return Err(match query.body.as_ref() {
            SetExpr::SetOperation { .. } => {
                "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable."
            }
            _ => "Views that do not select from a single table or view are not automatically updatable.",
        });
    };
    if select.distinct.is_some() {
        return Err("Views containing DISTINCT are not automatically updatable.");
    }
    if !matches!(&select.group_by, GroupByExpr::Expressions(list, _) if list.is_empty()) {
        return Err("Views containing GROUP BY are not automatically updatable.");
    }
    if select.having.is_some() {
        return Err("Views containing HAVING are not automatically updatable.");
    }
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return Err("Views containing LIMIT or OFFSET are not automatically updatable.");
    }
    if select.projection.iter().any(|item| calls(item, is_aggregate)) {
        return Err("Views that return aggregate functions are not automatically updatable.");
    }
    let is_window = |expr: &Expr| matches!(expr, Expr::Function(function) if function.over.is_some());
    if select.projection.iter().any(|item| has_expression(item, is_window)) {
        return Err("Views that return window functions are not automatically updatable.");
    }
    if select.projection.iter().any(|item| calls(item, |name| name == "unnest" || SET_FUNCTIONS.contains(&name))) {
        return Err("Views that return set-returning functions are not automatically updatable.");
    }
    let single = "Views that do not select from a single table or view are not automatically updatable.";
    let [from] = select.from.as_slice() else { return Err(single) };
    let TableFactor::Table { name, alias, args: None, sample: None, .. } = &from.relation else { return Err(single) };
    if !from.joins.is_empty() || alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) {
        return Err(single);
    }
    let alias = alias.as_ref().map(|alias| folded(&alias.name)).or_else(|| last_part(name)).unwrap_or_default();
    let mut columns: Vec<Option<String>> = Vec::with_capacity(select.projection.len());
    for item in &select.projection {
        let column = match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => match expr {
                Expr::Identifier(name) => Some(folded(name)),
                Expr::CompoundIdentifier(parts) => parts.last().map(folded),
                _ => None,
            },
            _ => None,
        };
        // A column that is shown twice is written by its first name.
        let is_new = column.as_ref().is_some_and(|column| !columns.iter().flatten().any(|known| known == column));
        columns.push(column.filter(|_| is_new));
    }
    Ok(PlainView { relation: name.clone(), alias, columns, condition: select.selection.clone() })
}

/// The table that rows written through a view go to; `None` for a view that cannot be written through.
pub fn written_table<'a>(view: &View, catalog: &'a Catalog) -> Option<&'a Arc<Collection>> {
    let below = |view: &View| find_in_definition(&plain_view(&view_query(view).ok()?).ok()?.relation, catalog);
    let mut relation = below(view)?;
    // Views do not read themselves: each step leads to another one.
    loop {
        match (catalog.collection(&relation), catalog.view(&relation)) {
            (Some(collection), _) => return Some(collection).filter(|table| table.materialized.is_none()),
            (None, Some(view)) => relation = below(view)?,
            (None, None) => return None,
        }
    }
}

/// Whether an item calls a function, outside of subqueries or not, whose name is of a kind.
fn calls(item: &SelectItem, is_of_kind: impl Fn(&str) -> bool) -> bool {
    has_expression(item, |expr| match expr {
        Expr::Function(function) => {
            function.over.is_none() && last_part(&function.name).is_some_and(|name| is_of_kind(&name))
        }
        _ => false,
    })
}

//! `SELECT unnest(tags) … ORDER BY made_at`: the planner sorts what a query shows, where sets are unnested, by that alone. So the
//! keys are shown by a query below, and the query over it leaves them out.

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, OrderByExpr, Select, SelectItem, SetExpr, TableFactor, TableWithJoins,
};

use crate::error::Result;
use crate::sql::analyze::analyzer::is_ordinal;
use crate::sql::analyze::from::table_alias;
use crate::sql::analyze::jsonb::value;
use crate::sql::analyze::scope::column_of;
use crate::sql::parse::names::{column_name, exact, folded};
use crate::sql::parse::trees::select_of;
use crate::sql::rewrite::expressions::has_aggregate;

/// The relation of the rows with their keys.
const ROWS: &str = "$rows";

/// Writes a query that unnests, and sorts by what it does not show, as one over the rows with their keys. Its clauses were walked
/// already.
///
/// # Errors
/// XX000 when the SELECT around it cannot be made.
pub fn keep_sort_keys(select: &mut Select, order: &mut [OrderByExpr]) -> Result<()> {
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(list, _) if list.is_empty());
    if select.distinct.is_some() || is_grouped || has_aggregate(select) {
        return Ok(());
    }
    let labels: Option<Vec<String>> = select.projection.iter().map(label).collect();
    let Some(labels) = labels else { return Ok(()) };
    let is_shown = |expr: &Expr| match expr {
        Expr::Identifier(name) => labels.contains(&folded(name)),
        other => is_ordinal(other),
    };
    if order.iter().all(|item| is_shown(&item.expr)) {
        return Ok(());
    }
    let mut rows = select_of(Vec::new())?;
    let Some(SetExpr::Select(empty)) = select_of(Vec::new()).ok().map(|query| *query.body) else { return Ok(()) };
    let mut inner = std::mem::replace(select, *empty);
    let shown = |place: usize| format!("$column{place}");
    let key = |place: usize| format!("$key{place}");
    for (place, item) in inner.projection.iter_mut().enumerate() {
        if let Some(expr) = value(item) {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: exact(shown(place)) };
        }
    }
    for (place, item) in order.iter_mut().enumerate().filter(|(_, item)| !is_shown(&item.expr)) {
        let expr = std::mem::replace(&mut item.expr, column_of(ROWS, &key(place)));
        inner.projection.push(SelectItem::ExprWithAlias { expr, alias: exact(key(place)) });
    }
    *rows.body = SetExpr::Select(Box::new(inner));
    let relation =
        TableFactor::Derived { lateral: false, subquery: Box::new(rows), alias: Some(table_alias(ROWS)), sample: None };
    select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    let columns = labels.into_iter().enumerate();
    let columns = columns
        .map(|(place, label)| SelectItem::ExprWithAlias { expr: column_of(ROWS, &shown(place)), alias: exact(label) });
    select.projection = columns.collect();
    Ok(())
}

/// What the planner calls a column of the result.
fn label(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(expr) => Some(column_name(expr)),
        _ => None,
    }
}

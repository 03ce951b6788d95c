//! `SET (a, b) = (SELECT x, y …)`: the row of a subquery, assigned to several columns.

use std::borrow::Cow;

use datafusion::sql::sqlparser::ast::{
    Assignment, AssignmentTarget, Expr, SelectItem, SetExpr, TableAlias, TableAliasColumnDef, TableFactor,
    TableWithJoins,
};

use crate::error::{Error, Result};
use crate::sql::analyze::from::table_alias;
use crate::sql::analyze::scope::column_of;
use crate::sql::parse::names::exact;
use crate::sql::parse::trees::{select_of, unnested};

/// The assignments of SET with `(a, b) = (SELECT x, y …)` written as one of a column of that row for each place.
///
/// # Errors
/// 42601 for a subquery of another width, where it is written out; XX000 where a SELECT is no query: a defect.
pub fn of_single_columns(list: &[Assignment]) -> Result<Cow<'_, [Assignment]>> {
    let row_of = |assignment: &Assignment| match (&assignment.target, unnested(&assignment.value)) {
        (AssignmentTarget::Tuple(names), Expr::Subquery(rows)) => Some((names.clone(), rows.as_ref().clone())),
        _ => None,
    };
    if !list.iter().any(|assignment| row_of(assignment).is_some()) {
        return Ok(Cow::Borrowed(list));
    }
    let mut single = Vec::with_capacity(list.len());
    for assignment in list {
        let Some((names, rows)) = row_of(assignment) else {
            single.push(assignment.clone());
            continue;
        };
        let width = match rows.body.as_ref() {
            SetExpr::Select(select) if !select.projection.iter().any(is_star) => Some(select.projection.len()),
            _ => None,
        };
        if width.is_some_and(|width| width != names.len()) {
            return Err(Error::syntax("number of columns does not match number of values", None));
        }
        let column = |at: usize| format!("c{at}");
        let columns = (0..names.len()).map(|at| TableAliasColumnDef { name: exact(column(at)), data_type: None });
        let alias = TableAlias { columns: columns.collect(), ..table_alias(ASSIGNED) };
        for (at, name) in names.into_iter().enumerate() {
            let mut query = select_of(vec![column_of(ASSIGNED, &column(at))])?;
            if let SetExpr::Select(select) = query.body.as_mut() {
                let subquery = Box::new(rows.clone());
                let alias = Some(alias.clone());
                let relation = TableFactor::Derived { lateral: false, subquery, alias, sample: None };
                select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
            }
            let value = Expr::Subquery(Box::new(query));
            single.push(Assignment { target: AssignmentTarget::ColumnName(name), value });
        }
    }
    Ok(Cow::Owned(single))
}

/// What the row is called of which several columns are assigned.
const ASSIGNED: &str = "$assigned";

fn is_star(item: &SelectItem) -> bool {
    matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
}

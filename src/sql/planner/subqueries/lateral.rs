//! LATERAL: a subquery in FROM that names columns of the relations before it, as a join with what it yields for each of
//! their values.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, JoinType, TableReference};
use datafusion::error::Result;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder, SubqueryAlias};

use crate::sql::planner::subqueries::dependent_join::{independent, not_offered, same};
use crate::sql::planner::subqueries::planner_joins::has_subquery;

/// The join without references from its right side to its left.
///
/// # Errors
/// 0A000 where the values cannot be computed again.
pub fn lateral_join(join: Join, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let (subquery, alias) = match join.right.as_ref() {
        LogicalPlan::Subquery(subquery) => (&subquery.subquery, None),
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, .. }) => match input.as_ref() {
            LogicalPlan::Subquery(subquery) => (&subquery.subquery, Some(alias)),
            _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
        },
        _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
    };
    if join.filter.as_ref().is_some_and(has_subquery) {
        return Err(not_offered("a subquery in the condition of a lateral join is not offered"));
    }
    if !matches!(join.join_type, JoinType::Inner | JoinType::Left) {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let shown = join.schema.columns();
    let inner = independent(subquery, &join.left, names)?;
    *names += 1;
    let own = TableReference::bare(format!("$lateral{names}"));
    let mut columns: Vec<Expr> = subquery.schema().columns().into_iter().map(Expr::Column).collect();
    let mut conditions = Vec::with_capacity(inner.pairs.len() + 1);
    for (place, (outer, value)) in inner.pairs.into_iter().enumerate() {
        let name = format!("${names}_{place}");
        let relation = Some(alias.unwrap_or(&own).clone());
        columns.push(Expr::Column(value).alias_qualified(relation.clone(), name.clone()));
        conditions.push(same(outer, Expr::Column(Column::new(relation, name))));
    }
    let mut right = LogicalPlanBuilder::from(inner.plan).project(columns)?;
    if let Some(alias) = alias {
        right = right.alias(alias.clone())?;
    }
    conditions.extend(join.filter);
    let plan = LogicalPlan::Join(Join::try_new(
        join.left,
        Arc::new(right.build()?),
        join.on,
        conjunction(conditions),
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )?);
    LogicalPlanBuilder::from(plan).project(shown.into_iter().map(Expr::Column))?.build().map(Transformed::yes)
}

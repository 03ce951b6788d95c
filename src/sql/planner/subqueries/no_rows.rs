//! A scalar subquery without rows is NULL, also where its column cannot be.
//!
//! The planner takes `(SELECT 5 WHERE false)` for a value that is never NULL, since 5 is not, and answers IS NULL and COALESCE
//! from that once its parameters are bound. So the column of a subquery that may yield no rows goes through a function whose result may be NULL. Correlated
//! ones are joined (`marks`), and joins know that there may be no row.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Subquery};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::functions::nullable;
use crate::sql::planner::subqueries::planner_joins::{is_correlated, yields_one_row};

/// The plan with values that may be NULL for scalar subqueries that may yield no rows.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_nullable_values(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| {
        let names = NamePreserver::new(&plan);
        let changed = plan.map_own_expressions(|expr| {
            let name = names.save(&expr);
            Ok(expr.map_up(with_nullable_value)?.update_data(|expr| name.restore(expr)))
        })?;
        if !changed.transformed {
            return Ok(changed);
        }
        changed.map_data(LogicalPlan::recompute_schema)
    })?;
    if !plan.transformed {
        return Ok(plan.data);
    }
    // The nodes above learn of it.
    plan.data.map_up_with_subqueries(|plan| plan.recompute_schema().map(Transformed::yes)).map(|plan| plan.data)
}

fn with_nullable_value(part: Expr) -> Result<Transformed<Expr>> {
    let Expr::ScalarSubquery(subquery) = part else { return Ok(Transformed::no(part)) };
    let schema = Arc::clone(subquery.subquery.schema());
    let is_known = schema.fields().iter().all(|field| field.is_nullable());
    if is_known || is_correlated(&subquery) || yields_one_row(&subquery.subquery) {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    }
    let values = schema.iter().map(|(relation, field)| {
        let value = nullable(Expr::Column(Column::from((relation, field))));
        value.alias_qualified(relation.cloned(), field.name())
    });
    let plan = LogicalPlanBuilder::from(Arc::clone(&subquery.subquery)).project(values.collect::<Vec<_>>())?.build()?;
    Ok(Transformed::yes(Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), ..subquery })))
}

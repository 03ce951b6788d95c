//! EXCEPT ALL and INTERSECT ALL count how often a row is there.
//!
//! The planner makes an anti join and a semi join of them, which look at whether a row is there at all. Here the copies of each
//! row are numbered on both sides, and the number is one more key of the join: of m copies on the left and n on the right,
//! EXCEPT ALL leaves those beyond the n-th and INTERSECT ALL those up to it. What a copy is `float_keys` decides, as in every
//! PARTITION BY.

use crate::sql::arrow::walks::PlanWalks;
use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, Join, LogicalPlan, LogicalPlanBuilder};

/// What numbers the copies on the left and on the right.
const NUMBERS: [&str; 2] = ["$copy", "$other_copy"];

/// The plan as it comes from the syntax tree, where nothing else makes joins of this kind, with the copies of rows counted.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_copies_counted(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| match plan {
        LogicalPlan::Join(join) if is_counted(&join) => counted(join).map(Transformed::yes),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(plan.data)
}

/// Whether a join stands for EXCEPT ALL or INTERSECT ALL. Where there are no copies on the left, the number says nothing.
fn is_counted(join: &Join) -> bool {
    matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti)
        && join.null_equality == NullEquality::NullEqualsNull
        && !matches!(join.left.as_ref(), LogicalPlan::Distinct(_))
}

fn counted(join: Join) -> Result<LogicalPlan> {
    let shown: Vec<Expr> = join.left.schema().columns().into_iter().map(Expr::Column).collect();
    let [left, right] = NUMBERS.map(Column::new_unqualified);
    let mut on = join.on;
    on.push((Expr::Column(left.clone()), Expr::Column(right.clone())));
    let plan = LogicalPlan::Join(Join::try_new(
        Arc::new(numbered(join.left, &left)?),
        Arc::new(numbered(join.right, &right)?),
        on,
        join.filter,
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )?);
    LogicalPlanBuilder::from(plan).project(shown)?.build()
}

/// The rows with the number of each among its copies.
fn numbered(rows: Arc<LogicalPlan>, number: &Column) -> Result<LogicalPlan> {
    let columns = rows.schema().columns().into_iter().map(Expr::Column).collect();
    let numbers = row_number().partition_by(columns).build()?.alias(&number.name);
    LogicalPlanBuilder::from(rows).window(vec![numbers])?.build()
}

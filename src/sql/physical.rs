//! From a bound logical plan to one that runs: the planner's optimiser between what must stand before it and behind it.

use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;

use crate::error::Result;
use crate::model::limits::ROWS_PER_CHUNK;
use crate::sql::errors::from_datafusion;
use crate::sql::float_keys::{with_constant_keys, with_float_keys};
use crate::sql::guards::{with_lazy_branches, with_lazy_filters};
use crate::sql::null_keys::with_null_keys;
use crate::sql::sort_keys::with_hidden_keys;

/// Bytes that a constant takes in a batch, at most as far as rows can be fewer.
const CONSTANT_BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The plan that runs, and what it runs in; all parameters have values.
///
/// # Errors
/// What the planner finds wrong, and 57014 when it is stopped.
pub async fn physical_plan(
    plan: LogicalPlan,
    mut state: SessionState,
) -> Result<(Arc<dyn ExecutionPlan>, Arc<TaskContext>)> {
    let plan = optimized(plan, &state).map_err(from_datafusion)?;
    // A constant is repeated for each row of a batch: where it is large, batches are short.
    let largest = largest_constant(&plan).map_err(from_datafusion)?;
    let rows = CONSTANT_BATCH_BYTES_MAX / largest.max(1);
    if rows < ROWS_PER_CHUNK {
        let config = state.config().clone().with_batch_size(rows.max(1));
        *state.config_mut() = config;
    }
    let physical = state.query_planner().create_physical_plan(&plan, &state).await.map_err(from_datafusion)?;
    Ok((physical, state.task_ctx()))
}

fn optimized(plan: LogicalPlan, state: &SessionState) -> datafusion::error::Result<LogicalPlan> {
    let plan = with_lazy_branches(plan, state)?;
    let plan = state.optimize(&with_null_keys(with_constant_keys(plan)?)?)?;
    with_hidden_keys(with_lazy_filters(with_float_keys(plan)?, state)?, state)
}

/// Bytes of the largest constant in a plan.
fn largest_constant(plan: &LogicalPlan) -> datafusion::error::Result<usize> {
    let mut largest = 0;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Literal(value, _) = expr {
                    largest = largest.max(value.size());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(largest)
}

//! From a bound logical plan to one that runs: the planner's optimiser between what must stand before it and behind it.

use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;

use crate::error::Result;
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::planner::semantics::constants::with_plain_constants;
use crate::sql::planner::semantics::float_keys::{with_constant_keys, with_float_keys};
use crate::sql::planner::semantics::guards::{with_lazy_branches, with_lazy_filters};
use crate::sql::planner::semantics::null_keys::with_null_keys;
use crate::sql::planner::semantics::sort_keys::with_hidden_keys;
use crate::sql::planner::subqueries::no_rows::with_nullable_values;
use crate::sql::planner::subqueries::self_equalities::without_self_equalities;
use crate::sql::relational::engine::task_context;
use crate::types::limits::ROWS_PER_CHUNK;

/// Bytes that a constant takes in a batch, at most as far as rows can be fewer.
const CONSTANT_BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Plans below this size are not worth their accounting.
const PLAN_BYTES_FREE: usize = 256 * 1024;
/// Bytes that an expression takes in a plan besides the value in it, as measured on long lists of literals.
const EXPRESSION_BYTES: usize = 320;
/// How often the expressions lie in memory while they are planned: as they were, as a rule makes them, and as they will run.
const PLANNING_COPIES: usize = 4;
/// How often they do afterwards: in the plan that runs, and where it has them at hand as arrays or in sets.
const RUNNING_COPIES: usize = 2;

/// Takes memory for a plan that is about to be made of expressions with so many bytes.
///
/// # Errors
/// 53200 where the statement's account has none.
pub fn take_for_planning(state: &SessionState, bytes: usize) -> Result<()> {
    take(state, bytes, PLANNING_COPIES)
}

fn take(state: &SessionState, bytes: usize, copies: usize) -> Result<()> {
    let Some(context) = ReadContext::of(state.config_options()) else { return Ok(()) };
    context.results.take_for_plan(if bytes < PLAN_BYTES_FREE { 0 } else { bytes.saturating_mul(copies) })
}

/// The optimised plan; all parameters have values.
///
/// # Errors
/// What the planner finds wrong, and 53200 where there is no memory for the plan.
pub fn optimized_plan(plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
    take_for_planning(state, plan_bytes(&plan)?)?;
    optimized(plan, state).map_err(from_datafusion)
}

/// Bytes that the expressions of a plan take, by estimate.
///
/// # Errors
/// What walking the plan says, a defect.
pub fn plan_bytes(plan: &LogicalPlan) -> Result<usize> {
    Ok(size_of_plan(plan).map_err(from_datafusion)?.bytes)
}

/// An optimised plan as it runs, and what it runs in. What it takes of the memory of the statement's account is kept with the latter.
///
/// # Errors
/// What the planner finds wrong, 53200 where there is no memory for the plan, and 57014 when it is stopped.
pub async fn runnable_plan(
    plan: LogicalPlan,
    mut state: SessionState,
) -> Result<(Arc<dyn ExecutionPlan>, Arc<TaskContext>)> {
    let PlanSize { bytes, largest_constant } = size_of_plan(&plan).map_err(from_datafusion)?;
    // A constant is repeated for each row of a batch: where it is large, batches are short.
    let rows = CONSTANT_BATCH_BYTES_MAX / largest_constant.max(1);
    if rows < ROWS_PER_CHUNK {
        let config = state.config().clone().with_batch_size(rows.max(1));
        *state.config_mut() = config;
    }
    take_for_planning(&state, bytes)?;
    let physical = state.query_planner().create_physical_plan(&plan, &state).await.map_err(from_datafusion)?;
    take(&state, bytes, RUNNING_COPIES)?;
    let context = task_context(&state, &physical)?;
    Ok((physical, Arc::new(context)))
}

fn optimized(plan: LogicalPlan, state: &SessionState) -> datafusion::error::Result<LogicalPlan> {
    let plan = with_plain_constants(with_lazy_branches(with_nullable_values(plan)?, state)?)?;
    let plan = state.optimize(&with_null_keys(with_constant_keys(plan)?)?)?;
    with_hidden_keys(with_lazy_filters(without_self_equalities(with_float_keys(plan)?)?, state)?, state)
}

/// What a plan takes, by estimate.
#[derive(Default)]
struct PlanSize {
    /// Of its expressions and the values in them.
    bytes: usize,
    /// Of the largest value.
    largest_constant: usize,
}

fn size_of_plan(plan: &LogicalPlan) -> datafusion::error::Result<PlanSize> {
    let mut size = PlanSize::default();
    plan.each_with_subqueries(|node| {
        node.each_own_expression(|expr| {
            expr.each_part(|expr| {
                size.bytes = size.bytes.saturating_add(EXPRESSION_BYTES);
                if let Expr::Literal(value, _) = expr {
                    let bytes = value.size();
                    size.bytes = size.bytes.saturating_add(bytes);
                    size.largest_constant = size.largest_constant.max(bytes);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(size)
}

//! Keys of ORDER BY in windows, aggregates and sorts, hidden from what the planner concludes of them.
//!
//! It asks every function in a key how its result is ordered, given the ranges of its arguments; `abs` and its like fail on
//! a range without a type, which the result of most functions has. The plan is refused then, although it sorts its rows. A
//! key that is one function of columns has nothing to conclude from.

use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::planner::semantics::attempt::computed;
use crate::sql::planner::semantics::lazy::hide;

/// The optimised plan with one function for each key that is computed of the result of another.
///
/// # Errors
/// As [`hide`].
pub fn with_hidden_keys(plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| match plan {
        LogicalPlan::Sort(mut sort) => {
            let schema = Arc::clone(sort.input.schema());
            hide_keys(&mut sort.expr, &schema, state)?;
            Ok(Transformed::yes(LogicalPlan::Sort(sort)))
        }
        LogicalPlan::Window(_) | LogicalPlan::Aggregate(_) => {
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_own_expressions(|expr| {
                let name = names.save(&expr);
                let hidden = expr.map_up(|part| ordered(part, &schema, state))?;
                Ok(hidden.update_data(|expr| name.restore(expr)))
            })
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(plan.data)
}

fn ordered(part: Expr, schema: &DFSchema, state: &SessionState) -> Result<Transformed<Expr>> {
    match part {
        // The planner finds the key of a distinct aggregate among its arguments.
        Expr::AggregateFunction(mut function) if !function.params.distinct => {
            let is_hidden = hide_keys(&mut function.params.order_by, schema, state)?;
            Ok(Transformed::new_transformed(Expr::AggregateFunction(function), is_hidden))
        }
        Expr::WindowFunction(mut function) => {
            let mut is_hidden = hide_keys(&mut function.params.order_by, schema, state)?;
            for key in &mut function.params.partition_by {
                is_hidden |= hide_key(key, schema, state)?;
            }
            Ok(Transformed::new_transformed(Expr::WindowFunction(function), is_hidden))
        }
        other => Ok(Transformed::no(other)),
    }
}

fn hide_keys(keys: &mut [Sort], schema: &DFSchema, state: &SessionState) -> Result<bool> {
    let mut is_hidden = false;
    for key in keys {
        is_hidden |= hide_key(&mut key.expr, schema, state)?;
    }
    Ok(is_hidden)
}

fn hide_key(key: &mut Expr, schema: &DFSchema, state: &SessionState) -> Result<bool> {
    if !is_compound(key) || key.is_volatile() {
        return Ok(false);
    }
    let (_, field) = key.to_field(schema)?;
    let hidden = hide(vec![std::mem::take(key)], schema, state)?;
    *key = computed(hidden, field);
    Ok(true)
}

/// Whether an expression computes with what a function or an operator in it yields.
fn is_compound(expr: &Expr) -> bool {
    let is_computed =
        |part: &Expr| !matches!(part, Expr::Column(_) | Expr::Literal(..) | Expr::Alias(_) | Expr::Cast(_));
    let mut is_found = false;
    let walked = expr.apply_children(|child| {
        is_found |= child.any_part(|part| Ok(is_computed(part)))?;
        Ok(TreeNodeRecursion::Continue)
    });
    walked.is_err() || is_found
}

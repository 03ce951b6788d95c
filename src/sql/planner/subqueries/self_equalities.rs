//! Conditions that a column equals something computed from it: `WHERE abs(n) = n`.
//!
//! The planner takes both sides of an equality for one value and may sort by either. Where one side holds the other it puts
//! the longer into itself, and finds rows that it has sorted by it in no order that a window asks for. As NOT (a <> b), which is
//! true, false and unknown for the same rows, such a condition says nothing of orders.

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{BinaryExpr, Expr, Filter, LogicalPlan, Operator, not};

/// The plan with such conditions of filters as NOT (a <> b). For the end of the optimiser, which would make them equalities again.
///
/// # Errors
/// None but a defect of the planner's walk.
pub fn without_self_equalities(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| match plan {
        LogicalPlan::Filter(Filter { predicate, input, .. }) => {
            let parts: Vec<Transformed<Expr>> = split_conjunction_owned(predicate).into_iter().map(unequal).collect();
            let is_changed = parts.iter().any(|part| part.transformed);
            let Some(predicate) = conjunction(parts.into_iter().map(|part| part.data)) else {
                return Ok(Transformed::no(input.as_ref().clone()));
            };
            Ok(Transformed::new_transformed(LogicalPlan::Filter(Filter::try_new(predicate, input)?), is_changed))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(plan.data)
}

fn unequal(condition: Expr) -> Transformed<Expr> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right })
            if holds(&left, &right) || holds(&right, &left) =>
        {
            Transformed::yes(not(Expr::BinaryExpr(BinaryExpr::new(left, Operator::NotEq, right))))
        }
        other => Transformed::no(other),
    }
}

/// Whether an expression holds another one as a part.
fn holds(whole: &Expr, part: &Expr) -> bool {
    whole != part && whole.any_part(|inner| Ok(inner == part)).unwrap_or(true)
}

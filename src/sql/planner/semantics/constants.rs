//! Constants as the optimiser takes them rightly.
//!
//! It computes what is constant, and compares the results by their bits: a NaN that was computed has others than the one that
//! was written, so each gets those of the one NaN. Of a condition of a join that speaks of one side it makes a condition of that
//! side, and there it takes `2 = k` and `k = 2` for two values: so the constant stands on the right.

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::functions::one_nan;
use crate::sql::planner::semantics::float_keys::{has_float, is_constant};

/// The plan with one NaN in its constants, and its joins' conditions with constants on the right.
///
/// # Errors
/// None but a defect of the planner's walk.
pub fn with_plain_constants(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| {
        if matches!(plan, LogicalPlan::TableScan(_)) {
            return Ok(Transformed::no(plan));
        }
        let schema = merge_schema(&plan.inputs());
        let is_join = matches!(plan, LogicalPlan::Join(_));
        let names = NamePreserver::new(&plan);
        plan.map_own_expressions(|expr| {
            let name = names.save(&expr);
            let mut plain = expr.map_down(|part| Ok(with_one_nan(part, &schema)))?;
            if is_join {
                plain = plain.transform_data(|expr| expr.map_up(|part| Ok(constant_last(part))))?;
            }
            Ok(plain.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(plan.data)
}

/// A computed constant whose NaN is the one above all others.
fn with_one_nan(part: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let is_computed = !matches!(part, Expr::Literal(..) | Expr::Cast(_) | Expr::Alias(_) | Expr::Case(_));
    if is_computed && is_constant(&part) && has_float(&part, schema) {
        return Transformed::new(one_nan(part), true, TreeNodeRecursion::Jump);
    }
    Transformed::no(part)
}

/// A comparison with what names no column on its right.
fn constant_last(part: Expr) -> Transformed<Expr> {
    match part {
        Expr::BinaryExpr(BinaryExpr { left, op, right })
            if left.column_refs().is_empty() && !right.column_refs().is_empty() =>
        {
            match op.swap() {
                Some(swapped) => Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(right, swapped, left))),
                None => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
            }
        }
        other => Transformed::no(other),
    }
}

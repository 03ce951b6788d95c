//! `IS NOT DISTINCT FROM` in conditions of joins, as two equalities that are never NULL.
//!
//! A join of the planner finds NULL equal to NULL in all of its keys or in none. So an equality that the optimiser adds to the
//! keys of a join by IS NOT DISTINCT FROM would be taken for one as well. Here the values are compared with a default in the
//! place of NULL, and whether they are NULL beside it.

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::utils::{conjunction, merge_schema, split_conjunction_owned};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Filter, LogicalPlan, Operator, lit};

/// The plan without IS NOT DISTINCT FROM between columns in what may become the keys of a join.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_null_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    let rewritten = plan.map_up_with_subqueries(|plan| match plan {
        LogicalPlan::Join(mut join) => {
            let Some(filter) = join.filter.take() else { return Ok(Transformed::no(LogicalPlan::Join(join))) };
            let filter = parted(filter, &merge_schema(&[&join.left, &join.right]));
            join.filter = Some(filter.data);
            Ok(Transformed::new_transformed(LogicalPlan::Join(join), filter.transformed))
        }
        LogicalPlan::Filter(Filter { predicate, input, .. }) if joins(&input)? => {
            let predicate = parted(predicate, input.schema());
            let filter = Filter::try_new(predicate.data, input)?;
            Ok(Transformed::new_transformed(LogicalPlan::Filter(filter), predicate.transformed))
        }
        other => Ok(Transformed::no(other)),
    });
    Ok(rewritten?.data)
}

fn joins(plan: &LogicalPlan) -> Result<bool> {
    plan.any_part(|node| Ok(matches!(node, LogicalPlan::Join(_))))
}

fn parted(predicate: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let mut is_other = false;
    let parts = split_conjunction_owned(predicate).into_iter().map(|part| match part {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::IsNotDistinctFrom, right })
            if !left.column_refs().is_empty() && !right.column_refs().is_empty() =>
        {
            let same = same(&left, &right, schema);
            is_other |= same.is_some();
            same.unwrap_or_else(|| Expr::BinaryExpr(BinaryExpr::new(left, Operator::IsNotDistinctFrom, right)))
        }
        other => other,
    });
    let parts: Vec<Expr> = parts.collect();
    Transformed::new_transformed(conjunction(parts).unwrap_or_else(|| lit(true)), is_other)
}

/// Equal, or NULL both; `None` for types that have no default.
fn same(left: &Expr, right: &Expr, schema: &DFSchema) -> Option<Expr> {
    if !left.nullable(schema).ok()? && !right.nullable(schema).ok()? {
        return Some(left.clone().eq(right.clone()));
    }
    let value = |expr: &Expr| {
        let default = ScalarValue::new_default(&expr.get_type(schema).ok()?).ok()?;
        Some(coalesce(vec![expr.clone(), lit(default)]))
    };
    let are_null = left.clone().is_null().eq(right.clone().is_null());
    Some(value(left)?.eq(value(right)?).and(are_null))
}

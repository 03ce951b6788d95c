//! Which rows reach a subquery that stands in a branch: in CASE, COALESCE, AND or OR.
//!
//! PostgreSQL runs such a subquery on the rows that reach it only. Here subqueries are computed ahead, for all values of the
//! outer columns that they name, and one that can fail would fail for rows that never ask for it. So where a branch guards
//! a subquery that can fail, the conditions of reaching it bound the domain that it is computed for.

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison};
use datafusion::logical_expr::utils::{merge_schema, split_conjunction};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, Subquery};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::planner::semantics::guards::can_fail;
use crate::sql::planner::subqueries::planner_joins::{has_subquery, is_correlated, yields_one_row};

/// Whether an expression guards a subquery that can fail.
pub fn has_guarded(expr: &Expr) -> bool {
    if !has_subquery(expr) {
        return false;
    }
    let mut is_found = false;
    let walked = expr.each_part(|part| {
        if !is_branching(part) {
            return Ok(TreeNodeRecursion::Continue);
        }
        is_found |= holds_fallible(part);
        Ok(if is_found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Jump })
    });
    walked.is_err() || is_found
}

/// Whether an expression decides which of its parts are evaluated.
fn is_branching(expr: &Expr) -> bool {
    match expr {
        Expr::Case(_) | Expr::BinaryExpr(BinaryExpr { op: Operator::And | Operator::Or, .. }) => true,
        Expr::ScalarFunction(function) => function.name() == "coalesce",
        _ => false,
    }
}

fn holds_fallible(expr: &Expr) -> bool {
    let found = expr.any_part(|part| {
        Ok(match part {
            Expr::ScalarSubquery(subquery) => is_fallible_scalar(subquery),
            Expr::Exists(Exists { subquery, .. })
            | Expr::InSubquery(InSubquery { subquery, .. })
            | Expr::SetComparison(SetComparison { subquery, .. }) => is_fallible(&subquery.subquery),
            _ => false,
        })
    });
    found.unwrap_or(true)
}

/// Whether a scalar subquery can fail where it is computed: of one that names outer columns the rows are counted later.
pub fn is_fallible_scalar(subquery: &Subquery) -> bool {
    let may_be_several = !is_correlated(subquery) && !yields_one_row(&subquery.subquery);
    may_be_several || is_fallible(&subquery.subquery)
}

/// Whether something in a plan can fail.
pub fn is_fallible(plan: &LogicalPlan) -> bool {
    let found = plan.each_with_subqueries(|node| {
        if matches!(node, LogicalPlan::TableScan(_)) {
            return Ok(TreeNodeRecursion::Continue);
        }
        let schema = merge_schema(&node.inputs());
        let fails = node.expressions().iter().any(|expr| can_fail(expr, &schema));
        Ok(if fails { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    !matches!(found, Ok(TreeNodeRecursion::Continue))
}

/// The conditions under which a row reaches a part of an expression, over the plan whose rows these are.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    conditions: Vec<Expr>,
}

impl Reached {
    pub fn is_always(&self) -> bool {
        self.conditions.is_empty()
    }

    /// The same and some conditions more.
    pub fn and(&self, conditions: &[Expr]) -> Reached {
        Reached { conditions: self.conditions.iter().chain(conditions).cloned().collect() }
    }

    /// Those conditions that can be asked of the rows of a plan by themselves, without what is around it; a row that meets
    /// fewer of them is computed for nothing.
    pub fn over(&self, plan: &LogicalPlan) -> Vec<Expr> {
        let is_kept = |condition: &Expr| {
            let is_own = condition.column_refs().into_iter().all(|column| plan.schema().has_column(column));
            is_own && !condition.contains_outer() && !condition.is_volatile() && !has_correlated(condition)
        };
        let conditions = self.conditions.iter().flat_map(parts);
        conditions.filter(is_kept).collect()
    }
}

/// A condition in parts, each of which has to be true for the whole to be.
fn parts(condition: &Expr) -> Vec<Expr> {
    match condition {
        Expr::IsTrue(whole) => split_conjunction(whole).into_iter().map(|part| part.clone().is_true()).collect(),
        other => split_conjunction(other).into_iter().cloned().collect(),
    }
}

fn has_correlated(condition: &Expr) -> bool {
    let found = condition.any_part(|part| {
        Ok(match part {
            Expr::ScalarSubquery(subquery) => is_correlated(subquery),
            Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) => true,
            _ => false,
        })
    });
    found.unwrap_or(true)
}

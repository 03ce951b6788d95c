//! IN, ANY, ALL, EXISTS and scalar subqueries, with SQL's three truth values, wherever an expression may stand.
//!
//! The planner turns `WHERE x IN (SELECT …)` and `WHERE EXISTS (…)` into semi joins, which is right and fast: a row that is
//! not found and one of which that is unknown are both left out. Of `WHERE column NOT IN (SELECT …)` it makes an anti join
//! that minds NULL. Everywhere else (other forms of NOT IN, under OR and NOT, in the select list, in CASE, SET, HAVING and
//! ON) false and unknown differ, and the planner's own form knows two values only. There a subquery becomes a mark join: a
//! column that says whether some row of it makes the comparison true. What makes it unknown is looked up once for a
//! subquery of its own (whether it is empty, whether it holds a NULL), and by a second mark join for one that refers to the
//! outer query.
//!
//! A scalar subquery that refers to the outer query is joined with it where the planner cannot. `planner_joins` decides
//! what the planner can do, `marks` joins the rest, `dependent_join` takes the references out of every other subquery.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, JoinType};
use datafusion::error::Result;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, merge_schema, split_conjunction_owned};
use datafusion::logical_expr::{
    Distinct, DistinctOn, Expr, Filter, Join, LogicalPlan, LogicalPlanBuilder, Projection, lit,
};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::planner::subqueries::dependent_join::{correlated, not_offered};
use crate::sql::planner::subqueries::lateral::lateral_join;
use crate::sql::planner::subqueries::marks::{SubqueryMarks, correlations_named};
use crate::sql::planner::subqueries::planner_joins::{
    has_membership, has_subquery, is_correlated, is_scalar_join, is_semi_join, membership_of, with_reflexive_conditions,
};
use crate::sql::planner::subqueries::reached::has_guarded;

/// The plan with joins for the subqueries that the planner would give two truth values, or no place.
///
/// # Errors
/// 0A000 for a subquery that refers to the outer query in a way that no join can express.
pub fn with_mark_joins(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut names = 0;
    let plan = with_reflexive_conditions(plan)?;
    let plan = plan.map_up_with_subqueries(|plan| rewritten(plan, &mut names))?.data;
    if !plan.all_out_ref_exprs().is_empty() {
        return Err(correlated());
    }
    Ok(plan)
}

fn rewritten(plan: LogicalPlan, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    match plan {
        LogicalPlan::Filter(filter) => filtered(filter, names),
        LogicalPlan::Join(join) => match lateral_join(join, names)? {
            Transformed { data: LogicalPlan::Join(join), .. } if join.filter.as_ref().is_some_and(is_resolved) => {
                joined(join, names)
            }
            other => Ok(other),
        },
        LogicalPlan::Distinct(Distinct::On(distinct)) if distinct_exprs(&distinct).any(is_resolved) => {
            chosen(distinct, names)
        }
        LogicalPlan::Projection(_) => {
            let schema = merge_schema(&plan.inputs());
            if plan.expressions().iter().any(|expr| is_resolved_over(expr, &schema)) {
                computed(plan, names)
            } else {
                plan.map_own_expressions(correlations_named)
            }
        }
        LogicalPlan::Aggregate(_) | LogicalPlan::Sort(_) | LogicalPlan::Window(_)
            if plan.expressions().iter().any(is_resolved) =>
        {
            computed(plan, names)
        }
        other => Ok(Transformed::no(other)),
    }
}

/// Whether an expression of a node for whose subqueries the planner has no joins holds one that needs some.
fn is_resolved(expr: &Expr) -> bool {
    let is_scalar = |part: &Expr| matches!(part, Expr::ScalarSubquery(subquery) if is_correlated(subquery));
    has_membership(expr) || expr.any_part(|part| Ok(is_scalar(part))).unwrap_or(true) || has_guarded(expr)
}

/// The same for a select list or a condition, where the planner joins scalar subqueries of some forms.
fn is_resolved_over(expr: &Expr, schema: &DFSchema) -> bool {
    let is_scalar = |part: &Expr| matches!(part, Expr::ScalarSubquery(subquery) if !is_scalar_join(subquery, schema));
    has_membership(expr) || expr.any_part(|part| Ok(is_scalar(part))).unwrap_or(true) || has_guarded(expr)
}

/// WHERE and HAVING: conditions that the planner joins by itself stay, the others get marks, behind those without one.
fn filtered(filter: Filter, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    if !has_subquery(&filter.predicate) {
        return Ok(Transformed::no(LogicalPlan::Filter(filter)));
    }
    let schema = Arc::clone(filter.input.schema());
    let shown = schema.columns();
    let (mut plain, mut own, mut marked) = (Vec::new(), Vec::new(), Vec::new());
    for condition in split_conjunction_owned(filter.predicate).into_iter().map(membership_of) {
        if !has_subquery(&condition) {
            plain.push(condition);
        } else if is_semi_join(&condition, &schema) {
            own.push(condition);
        } else if is_resolved_over(&condition, &schema) {
            marked.push(condition);
        } else {
            own.push(correlations_named(condition)?.data);
        }
    }
    if marked.is_empty() {
        let condition = conjunction(plain.into_iter().chain(own)).unwrap_or_else(|| lit(true));
        return Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(condition, filter.input)?)));
    }
    let mut input = LogicalPlanBuilder::from(Arc::unwrap_or_clone(filter.input));
    if let Some(condition) = conjunction(plain) {
        input = input.filter(condition)?;
    }
    let mut marks = SubqueryMarks::new(input.build()?, true, names);
    for condition in marked {
        own.push(marks.resolved(condition)?);
    }
    let width = marks.plan.schema().fields().len();
    let mut plan = LogicalPlanBuilder::from(marks.plan);
    if let Some(condition) = conjunction(own) {
        plan = plan.filter(condition)?;
    }
    if width != shown.len() {
        plan = plan.project(shown.into_iter().map(Expr::Column))?;
    }
    plan.build().map(Transformed::yes)
}

/// Select lists, groups, sorts and windows: the marks are joined to the input, and left out of the result.
fn computed(plan: LogicalPlan, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let shown = plan.schema().columns();
    let adds_input = matches!(plan, LogicalPlan::Sort(_) | LogicalPlan::Window(_));
    let Some(mut input) = plan.inputs().first().map(|input| (*input).clone()) else { return Ok(Transformed::no(plan)) };
    if matches!(plan, LogicalPlan::Sort(_)) {
        input = with_outer_columns(input, &plan.expressions())?;
    }
    let mut marks = SubqueryMarks::new(input, matches!(plan, LogicalPlan::Projection(_)), names);
    let preserver = NamePreserver::new(&plan);
    let is_sort = matches!(plan, LogicalPlan::Sort(_));
    let mut expressions = Vec::new();
    for expr in plan.expressions() {
        let name = preserver.save(&expr);
        let resolved = marks.resolved(expr)?;
        expressions.push(if is_sort { resolved } else { name.restore(resolved) });
    }
    let plan = plan.with_new_exprs(expressions, vec![marks.plan])?;
    if !adds_input {
        return Ok(Transformed::yes(plan));
    }
    LogicalPlanBuilder::from(plan).project(shown.into_iter().map(Expr::Column))?.build().map(Transformed::yes)
}

/// The rows that ORDER BY sorts, with the columns that its subqueries name and the select list does not.
fn with_outer_columns(rows: LogicalPlan, keys: &[Expr]) -> Result<LogicalPlan> {
    let LogicalPlan::Projection(projection) = &rows else { return Ok(rows) };
    let mut columns = projection.expr.clone();
    for column in keys.iter().flat_map(outer_columns) {
        let column_expr = Expr::Column(column.clone());
        let is_missing = !rows.schema().has_column(&column) && projection.input.schema().has_column(&column);
        if is_missing && !columns.contains(&column_expr) {
            columns.push(column_expr);
        }
    }
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::clone(&projection.input))?))
}

fn distinct_exprs(distinct: &DistinctOn) -> impl Iterator<Item = &Expr> {
    let keys = distinct.sort_expr.iter().flatten().map(|key| &key.expr);
    distinct.on_expr.iter().chain(&distinct.select_expr).chain(keys)
}

/// DISTINCT ON, whose select list is its own.
fn chosen(distinct: DistinctOn, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let DistinctOn { on_expr, select_expr, sort_expr, input, .. } = distinct;
    let mut marks = SubqueryMarks::new(Arc::unwrap_or_clone(input), false, names);
    let on = on_expr.into_iter().map(|expr| marks.resolved(expr)).collect::<Result<Vec<_>>>()?;
    let preserver = NamePreserver::new_for_projection();
    let mut shown = Vec::with_capacity(select_expr.len());
    for expr in select_expr {
        let name = preserver.save(&expr);
        shown.push(name.restore(marks.resolved(expr)?));
    }
    let mut order = None;
    if let Some(keys) = sort_expr {
        let keys = keys.into_iter().map(|key| Ok(Sort { expr: marks.resolved(key.expr)?, ..key }));
        order = Some(keys.collect::<Result<Vec<_>>>()?);
    }
    let plan = DistinctOn::try_new(on, shown, order, Arc::new(marks.plan))?;
    Ok(Transformed::yes(LogicalPlan::Distinct(Distinct::On(plan))))
}

/// ON: of an inner join a condition on subqueries is a filter above it, of others the side that it speaks of gets the marks.
fn joined(join: Join, names: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let shown = join.schema.columns();
    let Some(filter) = join.filter.clone() else { return Ok(Transformed::no(LogicalPlan::Join(join))) };
    let (with_subquery, mut conditions): (Vec<Expr>, Vec<Expr>) =
        split_conjunction_owned(filter).into_iter().partition(is_resolved);
    if join.join_type == JoinType::Inner {
        let plan = LogicalPlan::Join(Join { filter: conjunction(conditions), ..join });
        let condition = conjunction(with_subquery).unwrap_or_else(|| lit(true));
        return filtered(Filter::try_new(condition, Arc::new(plan))?, names).map(|done| Transformed::yes(done.data));
    }
    let (mut left, mut right) = (Arc::unwrap_or_clone(join.left), Arc::unwrap_or_clone(join.right));
    for condition in with_subquery {
        let of_side =
            |side: &LogicalPlan| outer_columns(&condition).iter().all(|column| side.schema().has_column(column));
        let side = if of_side(&right) {
            &mut right
        } else if of_side(&left) {
            &mut left
        } else {
            return Err(not_offered("a subquery that compares both sides of an outer join is not offered"));
        };
        let mut marks = SubqueryMarks::new(side.clone(), false, names);
        conditions.push(marks.resolved(condition)?);
        *side = marks.plan;
    }
    let plan = Join::try_new(
        Arc::new(left),
        Arc::new(right),
        join.on,
        conjunction(conditions),
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )?;
    let plan = LogicalPlanBuilder::from(LogicalPlan::Join(plan)).project(shown.into_iter().map(Expr::Column))?;
    plan.build().map(Transformed::yes)
}

/// The columns of the query around that a condition and its subqueries name.
fn outer_columns(condition: &Expr) -> Vec<Column> {
    let mut columns: Vec<Column> = condition.column_refs().into_iter().cloned().collect();
    let walked = condition.each_part(|part| {
        let subquery = match part {
            Expr::InSubquery(part) => &part.subquery,
            Expr::Exists(part) => &part.subquery,
            Expr::SetComparison(part) => &part.subquery,
            Expr::ScalarSubquery(part) => part,
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        columns.extend(subquery.subquery.all_out_ref_exprs().into_iter().filter_map(|outer| match outer {
            Expr::OuterReferenceColumn(_, column) => Some(column),
            _ => None,
        }));
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok());
    columns
}

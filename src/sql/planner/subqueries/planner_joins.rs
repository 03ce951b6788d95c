//! Which subqueries the planner turns into joins by itself, with the same meaning.
//!
//! It pulls conditions on outer columns out of the subquery and makes join conditions of them. That is right where nothing
//! between the condition and the top of the subquery looks at which rows there are: no LIMIT, no window, no side of an
//! outer join, and an aggregate only below equalities. The rest is left to `mark_joins`, with `dependent_join` behind it.

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use std::collections::HashSet;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Exists, InList, InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    BinaryExpr, Distinct, Expr, ExprSchemable, FetchType, Filter, JoinType, Limit, LogicalPlan, Operator, Subquery, lit,
};
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

/// Whether an expression holds IN, ANY, ALL or EXISTS over a subquery.
pub fn has_membership(expr: &Expr) -> bool {
    let found =
        expr.any_part(|part| Ok(matches!(part, Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_))));
    found.unwrap_or(true)
}

/// Whether an expression holds a subquery of any kind.
pub fn has_subquery(expr: &Expr) -> bool {
    has_membership(expr) || expr.any_part(|part| Ok(matches!(part, Expr::ScalarSubquery(_)))).unwrap_or(true)
}

/// `x = ANY (SELECT …)` as the IN that it is, `x <> ALL (SELECT …)` as NOT IN.
pub fn membership_of(condition: Expr) -> Expr {
    match condition {
        Expr::SetComparison(SetComparison { expr, subquery, op: Operator::NotEq, quantifier: SetQuantifier::All }) => {
            Expr::InSubquery(InSubquery { expr, subquery, negated: true })
        }
        Expr::SetComparison(SetComparison { expr, subquery, op: Operator::Eq, quantifier: SetQuantifier::Any }) => {
            Expr::InSubquery(InSubquery { expr, subquery, negated: false })
        }
        other => other,
    }
}

/// Whether a condition of WHERE over `schema` is one that the planner makes a semi join or an anti join of: it only wants
/// to know what is true, of a subquery that may yield any number of rows.
pub fn is_semi_join(condition: &Expr, schema: &DFSchema) -> bool {
    match condition {
        Expr::InSubquery(InSubquery { expr, subquery, negated: false }) => is_lookup(expr, subquery, schema),
        // The planner's anti join minds NULL where one column is looked up in a subquery of its own.
        Expr::InSubquery(InSubquery { expr, subquery, negated: true }) => {
            matches!(expr.as_ref(), Expr::Column(_)) && !is_correlated(subquery) && is_lookup(expr, subquery, schema)
        }
        Expr::Exists(Exists { subquery, .. }) => {
            !yields_one_row(&subquery.subquery) && is_joined(subquery, None, schema)
        }
        Expr::Not(inner) => match inner.as_ref() {
            Expr::InSubquery(InSubquery { expr, subquery, negated: true }) => is_lookup(expr, subquery, schema),
            Expr::Exists(_) => is_semi_join(inner, schema),
            _ => false,
        },
        _ => false,
    }
}

/// The plan with `x IS NOT NULL` for conditions `x = x` and `x IN (x)` on columns of outer queries, which the planner drops
/// where it pulls them up.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_reflexive_conditions(plan: LogicalPlan) -> Result<LogicalPlan> {
    let condition = |part: Expr| match part {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if left == right && left.contains_outer() => {
            Transformed::yes(Expr::IsNotNull(left))
        }
        Expr::InList(InList { expr, list, negated: false })
            if list.as_slice() == [*expr.clone()] && expr.contains_outer() =>
        {
            Transformed::yes(Expr::IsNotNull(expr))
        }
        other => Transformed::no(other),
    };
    let rewritten = plan.map_up_with_subqueries(|plan| match plan {
        LogicalPlan::Filter(Filter { predicate, input, .. }) => {
            let parts: Vec<Transformed<Expr>> = split_conjunction_owned(predicate).into_iter().map(condition).collect();
            let is_other = parts.iter().any(|part| part.transformed);
            let predicate = conjunction(parts.into_iter().map(|part| part.data)).unwrap_or_else(|| lit(true));
            let filter = Filter::try_new(predicate, input)?;
            Ok(Transformed::new_transformed(LogicalPlan::Filter(filter), is_other))
        }
        other => Ok(Transformed::no(other)),
    });
    Ok(rewritten?.data)
}

fn is_lookup(value: &Expr, subquery: &Subquery, schema: &DFSchema) -> bool {
    !has_subquery(value)
        && !yields_one_row(&subquery.subquery)
        && (!is_correlated(subquery) || has_type_of(value, subquery, schema))
        && is_joined(subquery, Some(value), schema)
}

/// Whether a value has the type of the rows among which it is looked up. Where it has not the planner casts the column, and
/// cannot tell it any more from the one that a condition names.
fn has_type_of(value: &Expr, subquery: &Subquery, schema: &DFSchema) -> bool {
    let rows = subquery.subquery.schema().fields().first().map(|field| field.data_type().clone());
    value.get_type(schema).ok() == rows
}

fn is_joined(subquery: &Subquery, value: Option<&Expr>, schema: &DFSchema) -> bool {
    let plan = subquery.subquery.as_ref();
    let in_predicate = match value {
        None => None,
        Some(value) => match plan.head_output_expr() {
            Ok(Some(first)) => Some(value.clone().eq(first)),
            Ok(None) | Err(_) => return false,
        },
    };
    let pulled = PullUpCorrelatedExpr::new().with_in_predicate_opt(in_predicate).with_exists_sub_query(value.is_none());
    !is_correlated(subquery) || can_pull_up(plan, pulled, schema).is_some_and(|pulled| !pulled.pulled_up_scalar_agg)
}

/// Whether the planner finds the value of a scalar subquery in a select list or a condition over `schema`.
pub fn is_scalar_join(subquery: &Subquery, schema: &DFSchema) -> bool {
    let plan = subquery.subquery.as_ref();
    if !is_correlated(subquery) {
        return true;
    }
    let pulled = PullUpCorrelatedExpr::new().with_need_handle_count_bug(true);
    let has_first = || matches!(plan.head_output_expr(), Ok(Some(_)));
    yields_one_row(plan)
        && has_first()
        && can_pull_up(plan, pulled, schema).is_some_and(|pulled| !pulled.join_filters.is_empty())
}

/// The subquery without its outer columns, and how it is tied to the query around it.
pub struct Pulled {
    pub plan: LogicalPlan,
    pub conditions: PullUpCorrelatedExpr,
}

/// Pulls the conditions on columns of `schema` out of a subquery; `None` where that would change what it means.
pub fn pulled_up(plan: &LogicalPlan, is_exists: bool, schema: &DFSchema) -> Option<Pulled> {
    let conditions = PullUpCorrelatedExpr::new().with_exists_sub_query(is_exists);
    let pulled = pull(plan, conditions, schema)?;
    (!pulled.conditions.pulled_up_scalar_agg).then_some(pulled)
}

fn can_pull_up(plan: &LogicalPlan, pulled: PullUpCorrelatedExpr, schema: &DFSchema) -> Option<PullUpCorrelatedExpr> {
    pull(plan, pulled, schema).map(|pulled| pulled.conditions)
}

fn pull(plan: &LogicalPlan, mut conditions: PullUpCorrelatedExpr, schema: &DFSchema) -> Option<Pulled> {
    let is_of_schema =
        |outer: &Expr| matches!(outer, Expr::OuterReferenceColumn(_, column) if schema.has_column(column));
    if !plan.all_out_ref_exprs().iter().all(is_of_schema) || !keeps_conditions(plan, conditions.exists_sub_query) {
        return None;
    }
    // An error says no more than that it is not its kind of subquery.
    let plan = plan.clone().rewrite(&mut conditions).ok()?.data;
    let is_free = conditions.can_pull_up && plan.all_out_ref_exprs().is_empty();
    (is_free && has_own_names(&conditions, &plan, schema)).then_some(Pulled { plan, conditions })
}

/// Whether the columns of the subquery in its conditions have names of their own, under which it shows them: the planner
/// knows them by nothing else once the subquery has a name. It loses those below a relation that has an alias.
fn has_own_names(conditions: &PullUpCorrelatedExpr, plan: &LogicalPlan, schema: &DFSchema) -> bool {
    let refs = conditions.join_filters.iter().flat_map(Expr::column_refs);
    let inner: HashSet<&Column> = refs.filter(|column| !schema.has_column(column)).collect();
    let names: HashSet<&str> = inner.iter().map(|column| column.name.as_str()).collect();
    let shown = |name: &str| plan.schema().fields().iter().filter(|field| field.name() == name).count();
    names.len() == inner.len() && names.into_iter().all(|name| shown(name) == 1)
}

/// Whether conditions on outer columns mean the same below and above all nodes that stand over them.
fn keeps_conditions(plan: &LogicalPlan, is_exists: bool) -> bool {
    if plan.all_out_ref_exprs().is_empty() {
        return true;
    }
    let is_transparent = match plan {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Distinct(Distinct::All(_)) => true,
        LogicalPlan::Aggregate(aggregate) => !aggregate.group_expr.iter().any(|e| matches!(e, Expr::GroupingSet(_))),
        LogicalPlan::Join(join) => join.join_type == JoinType::Inner,
        LogicalPlan::Limit(limit) => is_exists && keeps_a_row(limit),
        _ => false,
    };
    is_transparent && plan.inputs().iter().all(|input| keeps_conditions(input, is_exists))
}

/// Whether a LIMIT leaves some row wherever there is one.
fn keeps_a_row(limit: &Limit) -> bool {
    limit.skip.is_none() && matches!(limit.get_fetch_type(), Ok(FetchType::Literal(fetch)) if fetch != Some(0))
}

/// Whether a subquery names columns of the queries around it, those in its own subqueries' joins included.
pub fn is_correlated(subquery: &Subquery) -> bool {
    !subquery.subquery.all_out_ref_exprs().is_empty()
}

/// Whether a query reads nothing, or aggregates without groups: it yields one row whatever there is to read.
pub fn yields_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => yields_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => yields_one_row(&alias.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::EmptyRelation(nothing) => nothing.produce_one_row,
        _ => false,
    }
}

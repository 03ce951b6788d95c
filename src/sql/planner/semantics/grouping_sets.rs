//! GROUPING SETS, ROLLUP and CUBE by columns that nothing is known of.
//!
//! DataFusion takes what it knows of the rows below for true of the groups: where `a = b` was asked for, it drops `b` from an
//! order by `a, b`. But a set without `b` has NULL in its place. So the columns of such groups are computed anew below, where
//! they also keep their names when a parameter in them gets its value.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Aggregate, Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder, Projection, ScalarUDF};

use crate::sql::arrow::walks::PlanWalks;
use crate::sql::functions::FRESH;

/// The plan, as the planner's analyser left it, with the columns of its grouping sets computed anew.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_fresh_groups(plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
    let fresh = state.scalar_functions().get(FRESH);
    let fresh =
        fresh.ok_or_else(|| DataFusionError::Internal("a statement is planned without functions".to_string()))?;
    let plan = plan.map_up_with_subqueries(|plan| match plan {
        LogicalPlan::Aggregate(aggregate) if matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]) => {
            with_fresh_columns(aggregate, fresh).map(Transformed::yes)
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(plan.data)
}

fn with_fresh_columns(aggregate: Aggregate, fresh: &Arc<ScalarUDF>) -> Result<LogicalPlan> {
    let shown = aggregate.schema.columns();
    let mut keys: Vec<Expr> = Vec::new();
    let groups = aggregate.group_expr.into_iter().map(|group| match group {
        Expr::GroupingSet(set) => Expr::GroupingSet(of_columns(set, &mut keys)),
        other => other,
    });
    let groups: Vec<Expr> = groups.collect();
    let columns = aggregate.input.schema().columns().into_iter().map(Expr::Column);
    let any_column = columns.clone().next();
    let computed = keys.iter().enumerate().map(|(place, key)| {
        let name = Expr::Literal(ScalarValue::Utf8(Some(key_name(place))), None);
        // Of what is computed of constants alone the planner takes the groups' NULL for the constant.
        let varying = any_column.clone().filter(|_| key.column_refs().is_empty());
        let arguments = [key.clone(), name].into_iter().chain(varying).collect();
        let call = ScalarFunction::new_udf(Arc::clone(fresh), arguments);
        Expr::ScalarFunction(call).alias(key_name(place))
    });
    let input = Projection::try_new(columns.chain(computed).collect(), aggregate.input)?;
    let grouped = Aggregate::try_new(Arc::new(LogicalPlan::Projection(input)), groups, aggregate.aggr_expr)?;
    let own = grouped.schema.columns();
    let named = own.into_iter().zip(shown).map(|(own, shown)| {
        let column = Expr::Column(own.clone());
        if own == shown { column } else { column.alias_qualified(shown.relation, shown.name) }
    });
    let named: Vec<Expr> = named.collect();
    LogicalPlanBuilder::from(LogicalPlan::Aggregate(grouped)).project(named)?.build()
}

fn key_name(place: usize) -> String {
    format!("$group{place}")
}

/// A grouping set of columns for its expressions, which are added to `keys` where they are not there.
fn of_columns(set: GroupingSet, keys: &mut Vec<Expr>) -> GroupingSet {
    let mut column = |expr: Expr| {
        let place = keys.iter().position(|other| *other == expr).unwrap_or_else(|| {
            keys.push(expr);
            keys.len() - 1
        });
        Expr::Column(Column::new_unqualified(key_name(place)))
    };
    match set {
        GroupingSet::Rollup(list) => GroupingSet::Rollup(list.into_iter().map(column).collect()),
        GroupingSet::Cube(list) => GroupingSet::Cube(list.into_iter().map(column).collect()),
        GroupingSet::GroupingSets(sets) => {
            let sets = sets.into_iter().map(|set| set.into_iter().map(&mut column).collect());
            GroupingSet::GroupingSets(sets.collect())
        }
    }
}

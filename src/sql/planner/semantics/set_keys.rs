//! GROUPING SETS, ROLLUP and CUBE by values that may be equal and look different.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::first_value;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, Projection, when};

use crate::sql::functions::{float_key, number_kept, number_shared};
use crate::sql::planner::semantics::float_keys::{KeyKind, kind_of};

/// GROUPING SETS, ROLLUP and CUBE: the input's columns that are grouped by become their keys, of numerics a form that equal ones
/// share. Each group shows the first of its numerics.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn grouped_by_sets(aggregate: Aggregate) -> Result<LogicalPlan> {
    let input = Arc::clone(aggregate.input.schema());
    let mut keyed: Vec<(Column, KeyKind)> = Vec::new();
    for column in aggregate.group_expr.iter().flat_map(Expr::column_refs) {
        if let Some(kind @ (KeyKind::Float | KeyKind::Number)) = kind_of(&Expr::Column(column.clone()), &input) {
            keyed.push((column.clone(), kind));
        }
    }
    if keyed.is_empty() {
        return Ok(LogicalPlan::Aggregate(aggregate));
    }
    let numbers = keyed.iter().filter(|(_, kind)| *kind == KeyKind::Number).map(|(column, _)| column);
    let numbers: Vec<(Column, String)> =
        numbers.enumerate().map(|(place, column)| (column.clone(), format!("$first{place}"))).collect();
    let mut columns: Vec<Expr> = input
        .columns()
        .into_iter()
        .map(|column| {
            let kind = keyed.iter().find(|(key, _)| *key == column).map(|(_, kind)| *kind);
            let (relation, name) = (column.relation.clone(), column.name.clone());
            match (kind, Expr::Column(column)) {
                (Some(KeyKind::Number), number) => number_shared(number).alias_qualified(relation, name),
                (Some(_), float) => float_key(float).alias_qualified(relation, name),
                (None, column) => column,
            }
        })
        .collect();
    columns.extend(numbers.iter().map(|(column, first)| Expr::Column(column.clone()).alias(first)));
    let rows = LogicalPlanBuilder::from(Arc::clone(&aggregate.input)).project(columns)?.build()?;
    let mut computed = aggregate.aggr_expr;
    computed.extend(
        numbers.iter().map(|(_, first)| first_value(Expr::Column(Column::from_name(first)), Vec::new()).alias(first)),
    );
    let grouped = Aggregate::try_new(Arc::new(rows), aggregate.group_expr, computed)?;
    let shown = aggregate.schema.columns().into_iter().map(|column| {
        let Some((_, first)) = numbers.iter().find(|(number, _)| *number == column) else {
            return Ok(Expr::Column(column));
        };
        let (relation, name) = (column.relation.clone(), column.name.clone());
        // A set without the column has NULL in its place.
        let value = when(Expr::Column(column).is_not_null(), Expr::Column(Column::from_name(first))).end()?;
        Ok(number_kept(value).alias_qualified(relation, name))
    });
    let shown = shown.collect::<Result<Vec<Expr>>>()?;
    Ok(LogicalPlan::Projection(Projection::try_new(shown, Arc::new(LogicalPlan::Aggregate(grouped)))?))
}

//! Columns that PostgreSQL computes behind the sort: volatile functions and functions that return sets.
//!
//! `SELECT nextval('s') … ORDER BY x LIMIT 10` draws ten numbers, in the order of the rows, and `SELECT generate_series(1, 3) … ORDER
//! BY x` yields the rows of each series as they come: such columns are no part of what is sorted unless ORDER BY names them
//! (`make_sort_input_target` in PostgreSQL's `planner.c`).

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, Sort, SubqueryAlias, Unnest};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};

/// The plan as it comes from the syntax tree, with such columns above the sorts.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_late_columns(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| {
        let LogicalPlan::Sort(sort) = &plan else { return Ok(Transformed::no(plan)) };
        let LogicalPlan::Projection(shown) = sort.input.as_ref() else { return Ok(Transformed::no(plan)) };
        let late = match shown.input.as_ref() {
            LogicalPlan::Unnest(unnest) => set_behind(sort, shown, unnest)?,
            LogicalPlan::SubqueryAlias(alias) => match set_in_query(sort, shown, alias)? {
                None => volatile_behind(sort, shown)?,
                late => late,
            },
            _ => volatile_behind(sort, shown)?,
        };
        Ok(late.map_or_else(|| Transformed::no(plan), Transformed::yes))
    })?;
    Ok(plan.data)
}

/// Whether a column may be computed later: subqueries stay where they refer to what is around them.
fn is_late(expr: &Expr) -> Result<bool> {
    let has_subquery = expr.exists(|part| {
        Ok(matches!(part, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_)))
    })?;
    Ok(expr.is_volatile() && !has_subquery)
}

/// The sort of all but the volatile columns, which are computed of what is sorted; `None` where there are none, or ORDER BY names one.
fn volatile_behind(sort: &Sort, shown: &Projection) -> Result<Option<LogicalPlan>> {
    let mut places = Vec::new();
    for (place, expr) in shown.expr.iter().enumerate() {
        if is_late(expr)? {
            places.push(place);
        }
    }
    let columns = shown.schema.columns();
    let is_named = |place: &usize| {
        let column = columns.get(*place);
        sort.expr.iter().any(|key| key.expr.column_refs().into_iter().any(|named| Some(named) == column))
    };
    if places.is_empty() || places.iter().any(is_named) {
        return Ok(None);
    }
    let names = NamePreserver::new_for_projection();
    // What the late columns are computed of, under names that nothing else has.
    let mut sources: Vec<Column> = Vec::new();
    let (mut early, mut outputs) = (Vec::new(), Vec::new());
    for (place, (expr, column)) in shown.expr.iter().zip(&columns).enumerate() {
        if !places.contains(&place) {
            early.push(expr.clone());
            outputs.push(Expr::Column(column.clone()));
            continue;
        }
        let name = names.save(expr);
        let computed = expr.clone().map_up(|part| match part {
            Expr::Column(column) => {
                let place = sources.iter().position(|source| *source == column).unwrap_or_else(|| {
                    sources.push(column);
                    sources.len() - 1
                });
                Ok(Transformed::yes(Expr::Column(Column::new_unqualified(source_name(place)))))
            }
            other => Ok(Transformed::no(other)),
        })?;
        outputs.push(name.restore(computed.data));
    }
    early.extend(sources.into_iter().enumerate().map(|(place, source)| Expr::Column(source).alias(source_name(place))));
    let input = Projection::try_new(early, Arc::clone(&shown.input))?;
    let sorted = Sort { input: Arc::new(LogicalPlan::Projection(input)), ..sort.clone() };
    Projection::try_new(outputs, Arc::new(LogicalPlan::Sort(sorted))).map(LogicalPlan::Projection).map(Some)
}

fn source_name(place: usize) -> String {
    format!("$sorted{place}")
}

/// The sort below the sets; `None` where ORDER BY names what comes out of one.
fn set_behind(sort: &Sort, shown: &Projection, unnest: &Unnest) -> Result<Option<LogicalPlan>> {
    let columns = shown.schema.columns();
    let keys = sort.expr.iter().map(|key| {
        let expr = through(key.expr.clone(), &columns, &shown.expr)?;
        Ok(datafusion::logical_expr::expr::Sort { expr, ..key.clone() })
    });
    let Some(sets) = sorted_sets(keys.collect::<Result<_>>()?, unnest)? else { return Ok(None) };
    Projection::try_new(shown.expr.clone(), Arc::new(sets)).map(LogicalPlan::Projection).map(Some)
}

/// As [`set_behind`], where the keys are columns of a query in FROM.
fn set_in_query(sort: &Sort, shown: &Projection, alias: &SubqueryAlias) -> Result<Option<LogicalPlan>> {
    let LogicalPlan::Projection(inner) = alias.input.as_ref() else { return Ok(None) };
    let LogicalPlan::Unnest(unnest) = inner.input.as_ref() else { return Ok(None) };
    let (columns, rows) = (shown.schema.columns(), alias.schema.columns());
    let keys = sort.expr.iter().map(|key| {
        let of_rows = through(key.expr.clone(), &columns, &shown.expr)?;
        let expr = through(of_rows, &rows, &inner.expr)?;
        Ok(datafusion::logical_expr::expr::Sort { expr, ..key.clone() })
    });
    let Some(sets) = sorted_sets(keys.collect::<Result<_>>()?, unnest)? else { return Ok(None) };
    let input = Projection::try_new(inner.expr.clone(), Arc::new(sets))?;
    let alias = SubqueryAlias::try_new(Arc::new(LogicalPlan::Projection(input)), alias.alias.clone())?;
    let input = Arc::new(LogicalPlan::SubqueryAlias(alias));
    Projection::try_new(shown.expr.clone(), input).map(LogicalPlan::Projection).map(Some)
}

/// An expression over the columns of a projection as one over those below it.
fn through(expr: Expr, columns: &[Column], sources: &[Expr]) -> Result<Expr> {
    let written = expr.map_up(|part| match part {
        Expr::Column(column) => {
            let source = columns.iter().position(|own| *own == column).and_then(|place| sources.get(place));
            Ok(Transformed::yes(source.map_or(Expr::Column(column), |source| source.clone().unalias())))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(written.data)
}

/// Sets unnested of sorted rows; `None` for keys that are not below.
fn sorted_sets(keys: Vec<datafusion::logical_expr::expr::Sort>, unnest: &Unnest) -> Result<Option<LogicalPlan>> {
    let below = unnest.input.schema();
    let is_early = |column: &Column| below.has_column(column) && !unnest.exec_columns.contains(column);
    if keys.iter().any(|key| key.expr.is_volatile() || !key.expr.column_refs().into_iter().all(is_early)) {
        return Ok(None);
    }
    let sorted = LogicalPlan::Sort(Sort { expr: keys, input: Arc::clone(&unnest.input), fetch: None });
    Ok(Some(LogicalPlan::Unnest(Unnest { input: Arc::new(sorted), ..unnest.clone() })))
}

//! PARTITION BY several keys, computed below the window.
//!
//! Where a column stands in the rows twice under two names, the planner loses the order of a key that is computed of it, and
//! with it the windows that it had sorted for. So such keys become columns first.

use crate::sql::arrow::walks::TreeWalks;
use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection, Window};

/// The window over columns for those of its several keys that are none.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_key_columns(window: Window) -> Result<LogicalPlan> {
    let shown: Vec<Expr> = window.schema.columns().into_iter().map(Expr::Column).collect();
    let names = NamePreserver::new_for_projection();
    let mut keys: Vec<Expr> = Vec::new();
    let mut functions = Vec::with_capacity(window.window_expr.len());
    for expr in window.window_expr {
        let name = names.save(&expr);
        let expr = expr.map_up(|part| match part {
            Expr::WindowFunction(mut function) if function.params.partition_by.len() > 1 => {
                for key in &mut function.params.partition_by {
                    *key = key_column(std::mem::take(key), &mut keys);
                }
                Ok(Transformed::yes(Expr::WindowFunction(function)))
            }
            other => Ok(Transformed::no(other)),
        })?;
        functions.push(name.restore(expr.data));
    }
    if keys.is_empty() {
        return Window::try_new(functions, window.input).map(LogicalPlan::Window);
    }
    let columns = window.input.schema().columns().into_iter().map(Expr::Column);
    let keys = keys.into_iter().enumerate().map(|(place, key)| key.alias(key_name(place)));
    let input = Projection::try_new(columns.chain(keys).collect(), window.input)?;
    let window = Window::try_new(functions, Arc::new(LogicalPlan::Projection(input)))?;
    LogicalPlanBuilder::from(LogicalPlan::Window(window)).project(shown)?.build()
}

fn key_name(place: usize) -> String {
    format!("$part{place}")
}

/// The column for a key, which is added to `keys` where it is none and not there.
fn key_column(key: Expr, keys: &mut Vec<Expr>) -> Expr {
    if matches!(key, Expr::Column(_)) {
        return key;
    }
    let place = keys.iter().position(|other| *other == key).unwrap_or_else(|| {
        keys.push(key);
        keys.len() - 1
    });
    Expr::Column(Column::new_unqualified(key_name(place)))
}

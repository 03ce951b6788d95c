//! Windows whose frames leave rows out, or have offsets that are no constants, as functions that find their frames by themselves.
//!
//! The walk over the query leaves a mark among the keys of PARTITION BY. It is taken out here, once the types of the plan are settled:
//! a function that sees its frame becomes one of [`excluding`], and the others have no frame.

use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, Window, WindowFrame, WindowFunctionDefinition};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::functions::{EXCLUSION_MARKERS, ExcludingWindow, Exclusion, FRAME_OFFSETS, FramedFunction, excluding};

/// The plan, as the planner's analyser left it, without the marks of frames that leave rows out.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_exclusions(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| match plan {
        LogicalPlan::Window(window) if window.window_expr.iter().any(is_marked) => {
            without_marks(window).map(Transformed::yes)
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(plan.data)
}

fn is_marked(expr: &Expr) -> bool {
    let is_function = |part: &Expr| match part {
        Expr::WindowFunction(function) => Ok(function.params.partition_by.iter().any(is_mark)),
        _ => Ok(false),
    };
    expr.any_part(is_function).is_ok_and(|found| found)
}

/// What a key of PARTITION BY says of the frame.
fn exclusion(key: &Expr) -> Option<Exclusion> {
    match key {
        Expr::ScalarFunction(function) => {
            let named = EXCLUSION_MARKERS.iter().find(|(name, _)| function.name() == *name);
            named.map(|(_, exclusion)| *exclusion)
        }
        Expr::Alias(alias) => exclusion(&alias.expr),
        _ => None,
    }
}

/// The offsets of a frame that are no constants.
fn offsets(key: &Expr) -> Option<Vec<Expr>> {
    match key {
        Expr::ScalarFunction(function) if function.name() == FRAME_OFFSETS => Some(function.args.clone()),
        Expr::Alias(alias) => offsets(&alias.expr),
        _ => None,
    }
}

fn is_mark(key: &Expr) -> bool {
    exclusion(key).is_some() || offsets(key).is_some()
}

fn without_marks(window: Window) -> Result<LogicalPlan> {
    let names = NamePreserver::new_for_projection();
    let mut functions = Vec::with_capacity(window.window_expr.len());
    for expr in window.window_expr {
        let name = names.save(&expr);
        let expr = expr.map_up(|part| match part {
            Expr::WindowFunction(mut function) => {
                let keys = &mut function.params.partition_by;
                let exclusion = keys.iter().find_map(exclusion);
                let offsets = keys.iter().find_map(offsets);
                if exclusion.is_none() && offsets.is_none() {
                    return Ok(Transformed::no(Expr::WindowFunction(function)));
                }
                keys.retain(|key| !is_mark(key));
                let exclusion = exclusion.unwrap_or(Exclusion::Nothing);
                Ok(Transformed::yes(Expr::WindowFunction(Box::new(of_frame(*function, exclusion, offsets)))))
            }
            other => Ok(Transformed::no(other)),
        })?;
        functions.push(name.restore(expr.data));
    }
    Window::try_new(functions, window.input).map(LogicalPlan::Window)
}

/// The function that leaves rows out of its frame; itself where it sees none.
fn of_frame(mut function: WindowFunction, exclusion: Exclusion, offsets: Option<Vec<Expr>>) -> WindowFunction {
    let framed = match &function.fun {
        WindowFunctionDefinition::AggregateUDF(aggregate) => Some(FramedFunction::Aggregate(Arc::clone(aggregate))),
        WindowFunctionDefinition::WindowUDF(window) => FramedFunction::named(window.name()),
    };
    let Some(framed) = framed else { return function };
    let params = &mut function.params;
    let frame =
        std::mem::replace(&mut params.window_frame, WindowFrame::new((!params.order_by.is_empty()).then_some(false)));
    let filter = params.filter.take();
    let order = params.order_by.iter();
    let options = |sort: &datafusion::logical_expr::SortExpr| SortOptions {
        descending: !sort.asc,
        nulls_first: sort.nulls_first,
    };
    let window = ExcludingWindow {
        function: framed,
        exclusion,
        frame: Arc::new(frame),
        arguments: params.args.len(),
        has_filter: filter.is_some(),
        has_offsets: offsets.is_some(),
        order: order.clone().map(options).collect(),
    };
    let mut behind: Vec<Expr> = filter.map(|filter| *filter).into_iter().collect();
    behind.extend(offsets.into_iter().flatten());
    behind.extend(order.map(|sort| sort.expr.clone()));
    params.args.extend(behind);
    function.fun = WindowFunctionDefinition::WindowUDF(Arc::new(excluding(window)));
    function
}

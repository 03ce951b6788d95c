//! Volatile functions of constants, which are no constants.
//!
//! The planner takes the result of any function of constants for one value in all rows, also that of `nextval('s')`, and drops a sort
//! by it. An argument that it knows nothing of keeps it from that.

use datafusion::common::tree_node::Transformed;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::functions::FRESH;

/// A function without arguments that differs from call to call.
const VARYING: &str = "clock_timestamp";

/// The plan as it comes from the syntax tree, with such calls not constant.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_varying_calls(plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
    let function = |name: &str| {
        let found = state.scalar_functions().get(name).cloned();
        found.ok_or_else(|| DataFusionError::Internal("a statement is planned without functions".to_string()))
    };
    let (fresh, varying) = (function(FRESH)?, function(VARYING)?);
    let plan = plan.map_up_with_subqueries(|plan| {
        let names = NamePreserver::new(&plan);
        plan.map_own_expressions(|expr| {
            let name = names.save(&expr);
            let varied = expr.map_up(|part| match part {
                Expr::ScalarFunction(mut call) if is_volatile_of_constants(&call) => {
                    if let Some(first) = call.args.first_mut() {
                        let moment = ScalarFunction::new_udf(varying.clone(), Vec::new());
                        let arguments = vec![std::mem::take(first), Expr::ScalarFunction(moment)];
                        *first = Expr::ScalarFunction(ScalarFunction::new_udf(fresh.clone(), arguments));
                    }
                    Ok(Transformed::yes(Expr::ScalarFunction(call)))
                }
                other => Ok(Transformed::no(other)),
            })?;
            Ok(varied.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(plan.data)
}

fn is_volatile_of_constants(call: &ScalarFunction) -> bool {
    call.func.signature().volatility == Volatility::Volatile
        && !call.args.is_empty()
        && call.args.iter().all(|argument| argument.column_refs().is_empty() && !argument.is_volatile())
}

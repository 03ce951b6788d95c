//! A logical rule: LIKE with a pattern that the planner's own LIKE means differently becomes a function.
//!
//! DataFusion's LIKE takes a backslash at the end of a pattern for a plain character, where PostgreSQL raises 22025 for a
//! text that comes so far. A constant pattern without one stays, so that scans evaluate it; a pattern that each row brings
//! along is matched by the function.

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::Transformed;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{Like, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::functions::{ILIKE, LIKE};
use crate::types::has_dangling_escape;

#[derive(Debug)]
pub struct LikeRule;

impl OptimizerRule for LikeRule {
    fn name(&self) -> &str {
        "like_by_function"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        // A scan evaluates its own filters, and knows the error.
        if matches!(plan, LogicalPlan::TableScan(_)) {
            return Ok(Transformed::no(plan));
        }
        // Columns keep their names.
        let names = NamePreserver::new(&plan);
        plan.map_own_expressions(|expr| {
            let name = names.save(&expr);
            let changed = expr.map_up(|expr| match expr {
                Expr::Like(like) if !is_plain(&like.pattern) => by_function(like, config).map(Transformed::yes),
                other => Ok(Transformed::no(other)),
            })?;
            Ok(changed.update_data(|expr| name.restore(expr)))
        })
    }
}

/// Whether a pattern is a constant that both mean alike.
fn is_plain(pattern: &Expr) -> bool {
    match pattern {
        Expr::Literal(scalar, _) => match scalar {
            ScalarValue::Utf8(Some(text)) | ScalarValue::LargeUtf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
                !has_dangling_escape(text)
            }
            _ => true,
        },
        _ => false,
    }
}

fn by_function(like: Like, config: &dyn OptimizerConfig) -> Result<Expr> {
    let Like { negated, expr, pattern, case_insensitive, .. } = like;
    let registry = config
        .function_registry()
        .ok_or_else(|| DataFusionError::Internal("a statement is planned without functions".to_string()))?;
    let function = registry.udf(if case_insensitive { ILIKE } else { LIKE })?;
    let call = Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![*expr, *pattern]));
    Ok(if negated { Expr::Not(Box::new(call)) } else { call })
}

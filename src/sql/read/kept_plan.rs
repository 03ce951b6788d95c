//! The optimised plan of a prepared statement, kept for its next Execute.
//!
//! Optimising takes about as long as a short statement runs, and says the same again as long as parameters and settings have the same
//! values: the statement itself holds for one catalog, and is planned anew for another. A plan is kept from its second run on, where every function in it is immutable and nothing
//! in it has been compiled for the statement that runs, whose view and settings it would hold.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use parking_lot::Mutex;

use crate::settings::Settings;
use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::planner::semantics::attempt::is_attempt;
use crate::sql::planner::semantics::lazy::is_lazy;
use crate::types::Value;

/// Bytes of parameters and expressions of a plan that is kept, at most.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// What is kept of one prepared statement.
#[derive(Default)]
pub struct KeptPlan {
    runs: AtomicU32,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    parameters: Vec<Value>,
    settings: BTreeMap<String, String>,
    plan: LogicalPlan,
}

impl KeptPlan {
    /// The plan that was kept for parameters and settings of exactly these values.
    pub fn of(&self, parameters: &[Value], settings: &Settings) -> Option<LogicalPlan> {
        let kept = self.kept.lock();
        let Kept { parameters: values, settings: known, plan } = kept.as_ref()?;
        let is_same = values.len() == parameters.len()
            && values.iter().zip(parameters).all(|(value, parameter)| value.is_identical(parameter))
            && known == settings.changed();
        is_same.then(|| plan.clone())
    }

    /// Keeps an optimised plan, whose expressions take so many bytes, where `logical`, which it was made of, allows it.
    pub fn keep(
        &self,
        parameters: &[Value],
        settings: &Settings,
        logical: &LogicalPlan,
        (optimized, bytes): (&LogicalPlan, usize),
    ) {
        let is_first = self.runs.fetch_add(1, Ordering::Relaxed) == 0;
        let size = parameters.iter().map(Value::bytes).fold(bytes, usize::saturating_add);
        if is_first || size > KEPT_BYTES_MAX || !is_steady(logical) || !is_steady(optimized) {
            return;
        }
        let settings = settings.changed().clone();
        *self.kept.lock() = Some(Kept { parameters: parameters.to_vec(), settings, plan: optimized.clone() });
    }
}

/// Whether a plan has nothing but what is the same for every statement that runs it.
fn is_steady(plan: &LogicalPlan) -> bool {
    let mut is_steady = true;
    let walked = plan.each_with_subqueries(|node| {
        is_steady &= !matches!(node, LogicalPlan::Extension(_));
        node.each_own_expression(|expr| {
            expr.each_part(|part| {
                is_steady &= match part {
                    Expr::ScalarFunction(call) => {
                        call.func.signature().volatility == Volatility::Immutable
                            && !is_lazy(&call.func)
                            && !is_attempt(&call.func)
                    }
                    _ => true,
                };
                Ok(if is_steady { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
            })
        })
    });
    is_steady && walked.is_ok()
}

#[cfg(test)]
mod tests {
    use datafusion::functions::expr_fn::{now, upper};
    use datafusion::logical_expr::{LogicalPlanBuilder, lit};

    use super::*;

    fn shows(expr: Expr) -> LogicalPlan {
        LogicalPlanBuilder::empty(true).project([expr]).unwrap().build().unwrap()
    }

    #[test]
    fn a_plan_is_kept_from_its_second_run_on_for_the_same_values() {
        let (kept, plan, mut settings) = (KeptPlan::default(), shows(upper(lit("a"))), Settings::default());
        let values = [Value::Int4(1)];
        kept.keep(&values, &settings, &plan, (&plan, 10));
        assert!(kept.of(&values, &settings).is_none());
        kept.keep(&values, &settings, &plan, (&plan, 10));
        assert_eq!(kept.of(&values, &settings), Some(plan));
        assert!(kept.of(&[Value::Int8(1)], &settings).is_none());
        assert!(kept.of(&[], &settings).is_none());
        settings.set("application_name", "other").unwrap();
        assert!(kept.of(&values, &settings).is_none());
    }

    #[test]
    fn what_is_of_one_run_is_not_kept() {
        let (moment, plain, settings) = (shows(now()), shows(lit(1)), Settings::default());
        for (logical, optimized, bytes) in
            [(&moment, &plain, 10), (&plain, &moment, 10), (&plain, &plain, KEPT_BYTES_MAX + 1)]
        {
            let kept = KeptPlan::default();
            kept.keep(&[], &settings, logical, (optimized, bytes));
            kept.keep(&[], &settings, logical, (optimized, bytes));
            assert!(kept.of(&[], &settings).is_none());
        }
    }
}

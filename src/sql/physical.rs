//! From a bound logical plan to one that runs: the planner's optimiser between what must stand before it and behind it.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;

use crate::sql::float_keys::{with_constant_keys, with_float_keys};
use crate::sql::guards::{with_lazy_branches, with_lazy_filters};

/// The plan that runs; all parameters have values.
pub async fn physical_plan(plan: LogicalPlan, state: &SessionState) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = with_lazy_branches(plan, state)?;
    let plan = state.optimize(&with_constant_keys(plan)?)?;
    let plan = with_lazy_filters(with_float_keys(plan)?, state)?;
    state.query_planner().create_physical_plan(&plan, state).await
}

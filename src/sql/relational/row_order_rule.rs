//! A physical rule: rows keep the order in which PostgreSQL's plain plans yield them.
//!
//! SQL promises no order without ORDER BY, but users of PostgreSQL see one: scans, series and VALUES in their order, UNION
//! ALL branch by branch, a sorted subquery sorted, also inside `array_agg`. The planner may drop or mix what it takes for a
//! set. So UNION ALL becomes [`AppendExec`] here, and the sort of a subquery is marked as required until the rules that
//! remove sorts have run. `engine` turns off what would deal the rows of a plain plan out to several threads; joins and
//! groups are still hashed to partitions, and their rows come in no order.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::error::Result;
use datafusion::physical_expr::{Distribution, OrderingRequirements};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::output_requirements::OutputRequirementExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;

use crate::sql::arrow::walks::TreeWalks;
use crate::sql::relational::append_exec::AppendExec;

#[derive(Debug)]
pub struct RowOrderRule;

impl PhysicalOptimizerRule for RowOrderRule {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.map_up(|plan| {
            if let Some(union) = plan.downcast_ref::<UnionExec>() {
                let append = AppendExec::new(union.inputs().clone(), union.schema());
                return Ok(Transformed::yes(Arc::new(append) as Arc<dyn ExecutionPlan>));
            }
            // A sort with a limit decides which rows there are: no rule removes it.
            let order = plan.downcast_ref::<SortExec>().filter(|sort| sort.fetch().is_none());
            let Some(order) = order.map(|sort| OrderingRequirements::from(sort.expr().clone())) else {
                return Ok(Transformed::no(plan));
            };
            let required = OutputRequirementExec::new(plan, Some(order), Distribution::SinglePartition, None);
            Ok(Transformed::yes(Arc::new(required) as Arc<dyn ExecutionPlan>))
        })
        .data()
    }

    fn name(&self) -> &str {
        "row_order"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

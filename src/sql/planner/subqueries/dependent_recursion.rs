//! WITH RECURSIVE in a dependent join: the rows of each round carry the values of the domain that they were found for.
//!
//! The first term is computed for all values at once, and the table of the last round has columns for them. What reads that table
//! is computed for the values that its rows have, so that each value comes to its own fixed point.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::common::Column;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection, RecursiveQuery, TableScan};

use crate::sql::arrow::walks::PlanWalks;
use crate::sql::planner::subqueries::dependent_join::{Unnested, Unnesting, correlated};

/// A recursive query while its recursive term is walked.
pub struct Recursion {
    name: String,
    /// The columns that hold the value, as the table of the last round has them.
    values: Vec<Field>,
}

/// The columns of the table that a recursive query finds its last round in; `None` for every other table.
fn round_table(scan: &TableScan) -> Option<Arc<Schema>> {
    let provider = source_as_provider(&scan.source).ok()?;
    let provider: &dyn std::any::Any = provider.as_ref();
    provider.downcast_ref::<CteWorkTable>().map(CteWorkTable::schema)
}

impl Unnesting<'_> {
    /// Whether a plan reads the last round of a recursive query that is walked.
    pub fn reads_recursion(&self, plan: &LogicalPlan) -> bool {
        if self.recursions.is_empty() {
            return false;
        }
        let found = plan.each_with_subqueries(|node| {
            let is_found = matches!(node, LogicalPlan::TableScan(scan)
                if self.recursion(scan).is_some() && round_table(scan).is_some());
            Ok(if is_found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        });
        !matches!(found, Ok(TreeNodeRecursion::Continue))
    }

    fn recursion(&self, scan: &TableScan) -> Option<&Recursion> {
        self.recursions.iter().rev().find(|recursion| recursion.name == scan.table_name.table())
    }

    /// The rows of all rounds, for each value.
    ///
    /// # Errors
    /// As [`Unnesting::unnested`].
    pub fn recursive(&mut self, query: RecursiveQuery) -> Result<Unnested> {
        let width = query.static_term.schema().fields().len();
        let first = self.shaped(Arc::unwrap_or_clone(query.static_term))?;
        let number = self.fresh();
        let mut exprs = Vec::with_capacity(first.schema().fields().len());
        let mut values = Vec::new();
        for (place, (column, field)) in first.schema().columns().into_iter().zip(first.schema().fields()).enumerate() {
            if place < width {
                exprs.push(Expr::Column(column));
                continue;
            }
            let name = format!("$round{number}_{place}");
            values.push(field.as_ref().clone().with_name(name.clone()).with_nullable(true));
            exprs.push(Expr::Column(column).alias(name));
        }
        let first = LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(first))?);
        self.recursions.push(Recursion { name: query.name.clone(), values });
        let next = self.shaped(Arc::unwrap_or_clone(query.recursive_term));
        self.recursions.pop();
        let plan = LogicalPlanBuilder::from(first).to_recursive_query(query.name, next?, query.is_distinct)?.build()?;
        let values = plan.schema().columns().into_iter().skip(width).collect();
        Ok(Unnested { plan, values, order: None })
    }

    /// The rows of the last round with the values that they were found for.
    ///
    /// # Errors
    /// 0A000 for a table that is none of a recursive query.
    pub fn last_round(&mut self, scan: &TableScan) -> Result<Unnested> {
        let (Some(recursion), Some(schema)) = (self.recursion(scan), round_table(scan)) else {
            return Err(correlated());
        };
        let own = schema.fields().iter().map(|field| field.as_ref().clone());
        let fields: Vec<Field> = own.chain(recursion.values.iter().cloned()).collect();
        let table = CteWorkTable::new(&recursion.name, Arc::new(Schema::new(fields)));
        let named = |field: &Field| Column::new(Some(scan.table_name.clone()), field.name());
        let values = recursion.values.iter().map(named).collect();
        let plan =
            LogicalPlanBuilder::scan(scan.table_name.clone(), provider_as_source(Arc::new(table)), None)?.build()?;
        Ok(Unnested { plan, values, order: None })
    }
}

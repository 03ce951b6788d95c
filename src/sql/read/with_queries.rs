//! Queries of WITH that say something else each time: PostgreSQL computes one that is read several times once, the planner here once
//! for each time.

use std::collections::HashSet;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::error::{Error, Result};
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::arrow::walks::PlanWalks;

/// Refuses a plan in which a query of WITH, of these names, calls a volatile function and is read more than once.
///
/// # Errors
/// 0A000 for such a one; XX000 where the plan cannot be walked.
pub fn check_with_queries(plan: &LogicalPlan, names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let (mut read, mut twice) = (HashSet::new(), None);
    plan.each_with_subqueries(|node| {
        let LogicalPlan::SubqueryAlias(alias) = node else { return Ok(TreeNodeRecursion::Continue) };
        let name = alias.alias.table();
        // Where it is read by its own name, the name stands there twice.
        let is_repeated = matches!(&*alias.input, LogicalPlan::SubqueryAlias(inner) if inner.alias.table() == name);
        if is_repeated {
            return Ok(TreeNodeRecursion::Continue);
        }
        if names.iter().any(|known| known == name) && is_volatile(&alias.input)? && !read.insert(name.to_string()) {
            twice = Some(name.to_string());
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(from_datafusion)?;
    match twice {
        None => Ok(()),
        Some(name) => Err(Error::unsupported(
            format!("WITH query \"{name}\" calls a volatile function, and is read more than once: that is not offered"),
            "Put its rows into a temporary table first.",
        )),
    }
}

fn is_volatile(plan: &LogicalPlan) -> datafusion::common::Result<bool> {
    let mut is_found = false;
    plan.each_with_subqueries(|node| {
        is_found = node.expressions().iter().any(Expr::is_volatile);
        Ok(if is_found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(is_found)
}

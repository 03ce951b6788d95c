//! Parameters of which the elements alone count: those behind ANY and ALL, and those that become rows. An array of several dimensions is all of its elements
//! there, which the planner, whose types say how deep a list is, has to be given in one dimension.

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::error::Result;
use crate::sql::arrow::errors::from_datafusion;
use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::functions::LIKE_LIST;
use crate::sql::planner::subqueries::quantified::is_quantified;
use crate::types::ColumnType;

/// Functions that ask for the elements of an array alone, whatever its dimensions, and which of their arguments it is.
const ELEMENTS_OF: [(&str, usize); 3] = [(LIKE_LIST, 1), ("array_to_string", 0), ("cardinality", 0)];
/// What the planner calls a column that becomes rows.
const UNNESTED: &str = "__unnest_placeholder";

/// Positions of the parameters with arrays, of these types, of which the elements alone are asked for.
///
/// # Errors
/// XX000 where the plan cannot be walked.
pub fn element_parameters(plan: &LogicalPlan, types: &[ColumnType]) -> Result<Vec<usize>> {
    if !types.iter().any(|ty| matches!(ty, ColumnType::Array(_))) {
        return Ok(Vec::new());
    }
    let mut uses = vec![(0_usize, 0_usize); types.len()];
    let mut note = |expr: &Expr, is_quantified: bool| {
        if let Expr::Placeholder(placeholder) = expr
            && let Some(position) = placeholder.id.strip_prefix('$').and_then(|number| number.parse::<usize>().ok())
            && let Some((all, behind)) = position.checked_sub(1).and_then(|position| uses.get_mut(position))
        {
            *(if is_quantified { behind } else { all }) += 1;
        }
    };
    plan.each_with_subqueries(|node| {
        node.each_own_expression(|expr| {
            expr.each_part(|part| {
                note(part, false);
                match part {
                    Expr::ScalarFunction(call) if is_quantified(call.func.name()) => {
                        call.args.last().into_iter().for_each(|array| note(array, true));
                    }
                    Expr::ScalarFunction(call) => {
                        let array = ELEMENTS_OF.iter().find(|(name, _)| *name == call.func.name());
                        array.and_then(|(_, at)| call.args.get(*at)).into_iter().for_each(|array| note(array, true));
                    }
                    Expr::Alias(alias) if alias.name.starts_with(UNNESTED) => note(&alias.expr, true),
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .map_err(from_datafusion)?;
    let is_wanted = |(ty, (all, behind)): (&ColumnType, (usize, usize))| {
        matches!(ty, ColumnType::Array(_)) && behind > 0 && all == behind
    };
    let wanted = types.iter().zip(uses).enumerate().filter(|(_, pair)| is_wanted(*pair));
    Ok(wanted.map(|(position, _)| position).collect())
}

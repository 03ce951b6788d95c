//! Correlated subqueries and the truth values of IN, ANY, ALL and EXISTS, as joins of the planner.

pub(in crate::sql) mod dependent_join;
pub(in crate::sql) mod dependent_nodes;
pub(in crate::sql) mod dependent_recursion;
pub(in crate::sql) mod domain;
pub(in crate::sql) mod lateral;
pub(in crate::sql) mod mark_joins;
pub(in crate::sql) mod marks;
pub(in crate::sql) mod no_rows;
pub(in crate::sql) mod planner_joins;
pub(in crate::sql) mod quantified;
pub(in crate::sql) mod reached;
pub(in crate::sql) mod self_equalities;

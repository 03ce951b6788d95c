//! Correlated subqueries and the truth values of IN, ANY, ALL and EXISTS, as joins of the planner.

pub(super) mod dependent_join;
pub(super) mod dependent_nodes;
pub(super) mod domain;
pub(super) mod lateral;
pub(super) mod mark_joins;
pub(super) mod marks;
pub(super) mod no_rows;
pub(super) mod planner_joins;
pub(super) mod quantified;
pub(super) mod reached;
pub(super) mod self_equalities;

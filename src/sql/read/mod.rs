//! SELECT, planned once and run by each Execute: the short path that `db` answers itself, and relational plans.

pub(super) mod apart;
mod element_parameters;
mod kept_plan;
pub(super) mod lower_filter;
mod lower_groups;
pub(super) mod lower_query;
mod lower_values;
pub(super) mod read_plan;
#[cfg(test)]
pub(super) mod read_plan_tests;
mod roundings;
mod truncations;
mod with_queries;

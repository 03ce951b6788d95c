//! INSERT, UPDATE, DELETE, MERGE, planned: where values come from, which rows are meant, what RETURNING shows.

pub(super) mod column_defaults;
pub(super) mod conflict_target;
pub(super) mod delete;
pub(super) mod insert;
pub(super) mod kept_expression;
pub(super) mod key_lookup;
pub(super) mod locked_relations;
pub(super) mod locking_read;
pub(super) mod merge;
pub(super) mod on_conflict;
pub(super) mod returned;
pub(super) mod returning;
pub(super) mod row_assignments;
pub(super) mod row_compiler;
pub(super) mod row_expressions;
pub(super) mod row_subplan;
pub(super) mod stored_expression;
pub(super) mod type_names;
pub(super) mod update;
pub(super) mod view_target;
pub(super) mod with_writes;
pub(super) mod write_plan;
#[cfg(test)]
pub(super) mod write_plan_tests;
pub(super) mod write_target;

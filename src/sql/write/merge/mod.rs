//! MERGE, from its tree to its changes.
//!
//! One outer join of the target and the source finds all rows, each with the key of the row of the target, where there is one, and
//! whether the source has one (`row_layout`). Where the condition fixes the key of the target, its rows are looked up instead
//! (`keyed_rows`). Each WHEN clause is a condition and an action over such rows (`when_clause`). A run
//! reads the join once, in one snapshot, decides for each row which clause it is for, locks the rows that are changed, and then changes
//! them one after the other, as INSERT, UPDATE and DELETE do (`merge_plan`, `merge_run`).

mod keyed_rows;
pub(in crate::sql) mod merge_plan;
mod merge_run;
mod row_layout;
mod when_clause;

//! Groups and aggregates over one collection: a query of groups ([`AggregateQuery`](crate::db::AggregateQuery)) becomes rows
//! without a planner.
//!
//! `query` is the plain data and what binding makes of it; `cursor` reads the entries that pass the filter into `groups`, whose
//! keys (`group_key`) say what is equal, and shows the groups in order. Where there are columns of what the query reads,
//! `column_run` has their rows put into slots (`column_groups`) and added up by chunks (`column_sums`). `accumulator` holds what
//! an aggregate has seen of one group, `sums` adds exactly.

mod accumulator;
mod column_groups;
mod column_run;
mod column_sums;
pub(in crate::db) mod cursor;
mod group_key;
mod groups;
pub(in crate::db) mod query;
mod sums;

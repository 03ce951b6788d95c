//! SQL: from a statement's text to a plan that a session runs.
//!
//! One SELECT, end to end: `parse` makes the tree and knows the characters' positions; `analyze` (with `analyze_from`,
//! `analyze_expr`, `analyze_binary`, `literals`, `scope`, `names`) resolves names, finds the types of parameters and
//! literals and writes every operator as what it stands for; `lower` recognises what `db` can answer by itself, so that
//! Execute only binds and reads; everything else goes through `engine` to DataFusion, whose scans (`table`, `pushdown`,
//! `scan`) are `db` queries again, nearest searches included (`nearest_rule`). `read` holds the plan and runs it. Values
//! cross in `arrow_types` and `arrow_values`, errors in `errors`.
//!
//! datafusion, sqlparser and arrow are named in this folder only.

mod analyze;
mod analyze_binary;
mod analyze_call;
mod analyze_cast;
mod analyze_expr;
mod analyze_from;
mod analyze_select;
mod arithmetic;
mod arrow_types;
mod arrow_values;
mod casts;
mod context;
mod engine;
mod errors;
mod function_types;
mod functions;
mod literals;
mod lower;
mod lower_filter;
mod names;
mod nearest_rule;
mod operators;
mod parameters;
mod parse;
mod pg_catalog;
mod pushdown;
mod read;
#[cfg(test)]
mod read_tests;
mod scan;
mod scope;
mod table;

pub use context::{PlanContext, QueryFunction};
pub use parameters::ParameterTypes;
pub use parse::{ParsedStatement, parse, split};
pub use read::{ReadPlan, plan_query};

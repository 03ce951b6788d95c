//! SQL: from a statement's text to a plan that a session runs.
//!
//! One SELECT, end to end: `parse` makes the tree and knows the characters' positions; `analyze` (with `analyze_from`,
//! `analyze_set`, `analyze_expr`, `analyze_binary`, `literals`, `scope`, `names`) resolves names, finds the types of
//! parameters and literals and writes every operator as what it stands for; `lower` recognises what `db` can answer by
//! itself, so that Execute only binds and reads; everything else goes through `engine` to DataFusion, whose scans (`table`,
//! `pushdown`, `scan`) are `db` queries again, nearest searches included (`nearest_rule`), and whose rows come in the order
//! of scans (`row_order`). `read` holds the plan and runs it, relational ones on threads of their own (`workers`). Values
//! cross in `arrow_types` and `arrow_values`, errors in `errors`.
//!
//! What DataFusion means otherwise than PostgreSQL is put right in its plans: `mark_joins` gives IN and its kin three truth
//! values and (with `marks`, `planner_joins`, `dependent_join`, `dependent_nodes`, `domain` and `lateral`) joins correlated
//! subqueries, `copies` counts the rows of EXCEPT ALL and INTERSECT ALL, and before and behind the optimiser (`physical`)
//! `guards` (with `lazy` and `attempt`) keeps expressions that can fail to the rows that reach them, `float_keys` compares floats
//! with one NaN and one zero, intervals and JSON by value, `null_keys` parts comparisons that find NULL equal to NULL,
//! `constants` writes constants as the optimiser takes them rightly, `window_keys` makes columns of the keys of windows, and
//! `no_rows` lets a scalar subquery be NULL.
//!
//! datafusion, sqlparser and arrow are named in this folder only.

mod alter_column;
mod analyze;
mod analyze_access;
mod analyze_aggregate;
mod analyze_arithmetic;
mod analyze_binary;
mod analyze_call;
mod analyze_cast;
mod analyze_expr;
mod analyze_from;
mod analyze_function;
mod analyze_jsonb;
mod analyze_numbers;
mod analyze_outer;
mod analyze_patterns;
mod analyze_recursion;
mod analyze_rows;
mod analyze_select;
mod analyze_set;
mod analyze_shadow;
mod analyze_special;
mod analyze_times;
mod apart;
mod append;
mod arithmetic;
mod arrow_types;
mod arrow_values;
mod attempt;
mod casts;
mod conflict;
mod constants;
mod context;
mod control;
#[cfg(test)]
mod control_tests;
mod copies;
mod copy;
mod copy_binary;
mod copy_in;
mod copy_options;
mod copy_out;
mod copy_syntax;
mod copy_text;
mod define;
mod define_alter;
mod define_drop;
mod define_identity;
mod define_index;
mod define_table;
mod delete;
mod dependent_join;
mod dependent_nodes;
mod dialect;
mod domain;
mod engine;
mod errors;
mod explain;
mod float_keys;
mod forms;
mod function_types;
mod functions;
mod guards;
mod insert;
mod key_lookup;
mod lateral;
mod lazy;
mod like_rule;
mod literals;
mod lower;
mod lower_filter;
mod mark_joins;
mod marks;
mod memory_pool;
mod names;
mod nearest_rule;
mod network_call;
mod no_rows;
mod null_keys;
mod operators;
mod parameters;
mod parse;
mod pg_catalog;
mod physical;
mod plan;
mod planner_joins;
mod pushdown;
mod quantified;
mod reached;
mod read;
#[cfg(test)]
mod read_tests;
mod regroup;
mod returned;
mod returning;
mod row_compile;
mod row_expression;
mod row_order;
mod row_plan;
mod scan;
mod scope;
mod secrecy;
mod self_equalities;
mod sending;
mod shape;
mod sort_keys;
mod statement_limits;
mod subquery_names;
mod table;
mod target;
mod type_of;
mod unread;
mod update;
mod walk;
mod window_keys;
mod workers;
mod write;
#[cfg(test)]
mod write_tests;

pub use apart::apart;
pub use context::{PlanContext, QueryFunction};
pub use control::{Control, Discard, Fetch, SecretText, TransactionModes};
pub use copy::{BinaryCodec, CopyInPlan, CopyOutPlan};
pub use copy_in::CopyIn;
pub use copy_out::CopyOut;
pub use define::Definition;
pub use explain::Explain;
pub use functions::{NetworkFunction, release_advisory_locks};
pub use insert::fill_defaults;
pub use network_call::NetworkCall;
pub use parameters::ParameterTypes;
pub use parse::{ParsedStatement, parse, split, statement_too_long};
pub use pg_catalog::SettingCall;
pub use plan::{Action, Planned, plan};
pub use read::{ReadPlan, plan_query};
pub use secrecy::{is_secret_function, words};
pub use shape::shape;
pub use statement_limits::{TokenCounts, count_tokens};
pub use workers::release_workers;
pub use write::{WritePlan, Written};

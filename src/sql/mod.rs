//! SQL: from a statement's text to a plan that a session runs, a [`Planned`](crate::statement::Planned).
//!
//! One SELECT, end to end: `parse` makes the tree and knows the characters' positions; `rewrite` turns what tools send into what
//! the planner takes; `analyze` resolves names, finds the types of parameters and literals and writes every operator as what it
//! stands for, which `registry` knows of each type, operator, function and cast; `read` recognises what `db` can answer by itself (`lower_query`), so that Execute only binds and reads; everything
//! else goes through `relational` to DataFusion, whose scans are `db` queries again, nearest searches included, and whose rows
//! come in the order of scans, on threads of their own. Values and errors cross in `arrow`.
//!
//! What DataFusion means otherwise than PostgreSQL is put right in its plans. `subqueries` gives IN and its kin three truth values
//! and joins correlated subqueries; `meaning` counts the rows of EXCEPT ALL and INTERSECT ALL, keeps expressions that can fail to
//! the rows that reach them (`guards`), compares floats with one NaN and one zero, intervals and JSON by value (`float_keys`), and
//! minds NULL keys, constants and the keys of windows and sorts.
//!
//! datafusion, sqlparser and arrow are named in this folder only.

mod analyze;
mod arrow;
mod copy;
mod define;
mod functions;
mod meaning;
mod parse;
mod pg_catalog;
mod read;
mod registry;
mod relational;
mod rewrite;
mod statement;
mod subqueries;
mod write;

pub use functions::release_advisory_locks;
pub use parse::parse::{split, statement_too_long};
pub use parse::secrecy::{is_secret_function, words};
pub use parse::statement_limits::{TokenCounts, count_tokens};
pub use read::apart::apart;
pub use relational::worker_threads::release_workers;
pub use statement::tree::parse_statement;
pub use write::column_defaults::plan_column_defaults;
pub use write::stored_expression::compile_stored;

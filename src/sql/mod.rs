//! SQL: from a statement's text to a plan that a session runs, a [`Planned`](crate::statement::Planned).
//!
//! One SELECT, end to end, by folders:
//!
//! 1. **Parse**: `parse` makes the tree and knows the characters' positions; `rewrite` turns what tools send into what the planner takes.
//! 2. **Bind**: `analyze` resolves names, finds the types of parameters and literals and writes every operator as what it stands for,
//!    which `registry` knows of each type, operator, function and cast, `functions` of those that run here, `pg_catalog` of the relations.
//! 3. **Plan**: `read` recognises what `db` can answer by itself (`lower_query`), so that Execute only binds and reads. For all else
//!    DataFusion makes a plan, which `planner` puts right where it means otherwise than PostgreSQL: subqueries, guards, keys of comparison.
//! 4. **Run**: `relational` runs such plans, whose scans are `db` queries again, nearest searches included, and whose rows come in
//!    the order of scans, on threads of their own. Values and errors cross in `arrow`.
//!
//! `write` is INSERT, UPDATE, DELETE and MERGE by the same steps, `define` what changes the catalog, and `statement` the one entry, which
//! tells the kinds of statements apart, COPY, EXPLAIN and those of the session among them.
//!
//! datafusion, sqlparser and arrow are named in this folder only.

mod analyze;
mod arrow;
mod define;
mod functions;
mod parse;
mod pg_catalog;
mod planner;
mod read;
mod registry;
mod relational;
mod rewrite;
mod statement;
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

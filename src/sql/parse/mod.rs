//! From text to a syntax tree: PostgreSQL's lexical rules, limits, forms that sqlparser does not read, names and their scopes.

pub(super) mod code;
pub(super) mod dialect;
pub(super) mod identity_text;
pub(super) mod json_constructors;
pub(super) mod merge_text;
pub(super) mod names;
pub(super) mod number_tokens;
pub(super) mod operators;
pub(super) mod parse;
pub(super) mod regroup;
pub(super) mod rewrite_tokens;
pub(super) mod roles;
pub(super) mod row_locks;
pub(super) mod secrecy;
pub(super) mod sequence_text;
pub(super) mod shape;
pub(super) mod spellings;
pub(super) mod statement_limits;
pub(super) mod subquery_names;
pub(super) mod table_text;
pub(super) mod time_tokens;
pub(super) mod trees;
pub(super) mod unread;
pub(super) mod view_text;
pub(super) mod visit;

//! The code of DO: read, and kept as a tree that the session walks.

pub(super) mod conditions;
pub(super) mod do_statement;
pub(super) mod parser;
pub(super) mod raise;
pub(super) mod tokens;

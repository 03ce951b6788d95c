//! The code of DO: read, and kept as a tree that the session walks.

pub(in crate::sql) mod do_statement;
pub(in crate::sql) mod parser;
pub(in crate::sql) mod raise;
pub(in crate::sql) mod tokens;

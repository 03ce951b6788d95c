//! From the text of one statement to its tree, whichever kind of statement it is.

use std::sync::Arc;

use crate::error::Result;
use crate::sql::parse::code::do_statement::parse_do;
use crate::sql::parse::parse::parse;
use crate::statement::StatementTree;

/// Parses one statement, with or without its semicolon.
///
/// # Errors
/// As [`parse`] and [`parse_do`].
pub fn parse_statement(text: &str) -> Result<Arc<dyn StatementTree>> {
    Ok(match parse_do(text)? {
        Some(tree) => Arc::new(tree),
        None => Arc::new(parse(text)?),
    })
}

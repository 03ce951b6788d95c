//! From the text of one statement to its tree, whichever kind of statement it is.

use std::sync::Arc;

use crate::error::Result;
use crate::sql::parse::code::do_statement::parse_do;
use crate::sql::parse::parse::parse;
use crate::sql::parse::roles::role_reader::role_text;
use crate::sql::parse::roles::role_text::RoleStatement;
use crate::statement::StatementTree;

/// Parses one statement, with or without its semicolon.
///
/// # Errors
/// As [`parse`], [`role_text`] and [`parse_do`].
pub fn parse_statement(text: &str) -> Result<Arc<dyn StatementTree>> {
    if let Some(tree) = parse_do(text)? {
        return Ok(Arc::new(tree));
    }
    Ok(match role_text(text)? {
        Some(text) => Arc::new(RoleStatement { text }),
        None => Arc::new(parse(text)?),
    })
}

//! Calls of names that PostgreSQL keeps for types: `int('0')`, `numeric(3, 1) '1.5'`.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::error::{Error, Result};
use crate::sql::parse::regroup::precedes_value;
use crate::sql::parse::spellings::{is_solid, near, next_solid};

/// Types whose names are no functions, and take no modifiers.
const UNMODIFIED: [&str; 6] = ["int", "integer", "bigint", "smallint", "real", "boolean"];
/// Types whose names are no functions, and take a number as a modifier.
const LENGTHS: [&str; 7] = ["varchar", "character", "char", "nchar", "float", "timestamp", "interval"];
/// Types whose names are no functions, and take any expressions as modifiers, as far as the grammar goes.
const MODIFIED: [&str; 4] = ["numeric", "decimal", "dec", "bit"];

/// Refuses a call of a name that PostgreSQL keeps for a type, where its grammar does.
///
/// # Errors
/// 42601 at what stands where the grammar wants something else.
pub(super) fn check_type_call(
    token: &TokenWithSpan,
    rest: &[TokenWithSpan],
    before: Option<&TokenWithSpan>,
    text: &str,
) -> Result<()> {
    let Token::Word(Word { value, quote_style: None, .. }) = &token.token else { return Ok(()) };
    let name = value.to_ascii_lowercase();
    let is_listed = |list: &[&str]| list.contains(&name.as_str());
    if !(is_listed(&UNMODIFIED) || is_listed(&LENGTHS) || is_listed(&MODIFIED)) || !before.is_some_and(precedes_value) {
        return Ok(());
    }
    let mut solid = rest.iter().enumerate().filter(|(_, token)| is_solid(token));
    let (Some((open, first)), Some((_, inside))) = (solid.next(), solid.next()) else { return Ok(()) };
    if first.token != Token::LParen {
        return Ok(());
    }
    if is_listed(&UNMODIFIED) {
        return Err(near(&first.token, first, text));
    }
    if matches!(inside.token, Token::Number(..)) {
        return Ok(());
    }
    if is_listed(&LENGTHS) {
        return Err(near(&inside.token, inside, text));
    }
    let mut depth = 0_usize;
    let close = rest.iter().skip(open).position(|token| {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    let behind = close.and_then(|close| next_solid(rest.get(open + close + 1..).unwrap_or_default()));
    match behind {
        Some(behind) if matches!(behind.token, Token::SingleQuotedString(_)) => Ok(()),
        Some(behind) => Err(near(&behind.token, behind, text)),
        None => Err(Error::syntax("syntax error at end of input", Some(text.trim_end().chars().count() + 1))),
    }
}

//! Statements about views as their tokens have them: where the query of CREATE VIEW stands in the text, and what the parser does not read.

use std::ops::Range;

use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::model::CheckOption;
use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::parse::character;
use crate::sql::parse::rewrite_tokens::is_keyword;

/// Where the query of CREATE VIEW stands, in bytes, and what is checked of rows that are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewText {
    pub query: Range<usize>,
    pub check: Option<CheckOption>,
    /// WITH NO DATA, behind the query of a materialised view.
    pub is_empty: bool,
}

/// Reads the text of CREATE VIEW, of CREATE MATERIALIZED VIEW or of CREATE TABLE AS; `None` where it holds no AS.
pub fn view_text(text: &str) -> Option<ViewText> {
    let tokens = Tokenizer::new(&PostgresDialect, text).tokenize_with_location().ok()?;
    let solid: Vec<&TokenWithSpan> = tokens.iter().filter(|token| is_solid(&token.token)).collect();
    let all: Vec<&Token> = solid.iter().map(|token| &token.token).collect();
    let start = query_start(&all)?;
    let (of_data, is_empty) = data_clause(&all);
    let (of_check, check) = check_option(&all);
    let length = of_data.max(of_check);
    let (first, last) = (solid.get(start)?, solid.get(all.len().checked_sub(length + 1)?)?);
    let query = byte_of(text, first.span.start)?..byte_of(text, last.span.end)?;
    (query.start < query.end).then_some(ViewText { query, check, is_empty })
}

/// The byte of a text at a place; its end for a place behind it.
pub fn byte_of(text: &str, location: Location) -> Option<usize> {
    let place = character(text, location)?.checked_sub(1)?;
    Some(text.char_indices().nth(place).map_or(text.len(), |(byte, _)| byte))
}

fn is_solid(token: &Token) -> bool {
    !matches!(token, Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab))
        && !matches!(token, Token::Whitespace(_) | Token::EOF | Token::SemiColon)
}

/// The token behind the first AS outside of parentheses.
fn query_start(tokens: &[&Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ if depth == 0 && is_keyword(token, "AS") => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// How many tokens at the end of CREATE MATERIALIZED VIEW are WITH DATA or WITH NO DATA, and whether it is the latter.
pub fn data_clause(tokens: &[&Token]) -> (usize, bool) {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| is_keyword(token, word));
    let is_kept = is(1, "MATERIALIZED");
    let ends_with = |words: &[&str]| {
        let start = tokens.len().saturating_sub(words.len());
        is_kept && words.iter().enumerate().all(|(place, word)| is(start + place, word))
    };
    match (ends_with(&["WITH", "NO", "DATA"]), ends_with(&["WITH", "DATA"])) {
        (true, _) => (3, true),
        (false, true) => (2, false),
        (false, false) => (0, false),
    }
}

/// How many tokens at the end of CREATE VIEW are WITH CHECK OPTION, and what it says.
pub fn check_option(tokens: &[&Token]) -> (usize, Option<CheckOption>) {
    let ends_with = |words: &[&str]| {
        let end = tokens.len().checked_sub(words.len()).and_then(|start| tokens.get(start..));
        end.is_some_and(|end| end.iter().zip(words).all(|(token, word)| is_keyword(token, word)))
    };
    if ends_with(&["WITH", "LOCAL", "CHECK", "OPTION"]) {
        (4, Some(CheckOption::Local))
    } else if ends_with(&["WITH", "CASCADED", "CHECK", "OPTION"]) {
        (4, Some(CheckOption::Cascaded))
    } else if ends_with(&["WITH", "CHECK", "OPTION"]) {
        (3, Some(CheckOption::Cascaded))
    } else {
        (0, None)
    }
}

/// Whether a statement is written as ALTER VIEW, for which the parser reads ALTER TABLE.
pub fn is_alter_view(text: &str) -> bool {
    alters(text, "VIEW")
}

/// Whether a statement is about a domain, for which the parser reads one about a table or a type.
pub fn is_of_domain(text: &str) -> bool {
    ["CREATE", "ALTER", "DROP"].iter().any(|verb| begins(text, verb, "DOMAIN"))
}

/// As [`is_alter_view`], of ALTER MATERIALIZED VIEW.
pub fn is_alter_materialized(text: &str) -> bool {
    alters(text, "MATERIALIZED")
}

fn alters(text: &str, kind: &str) -> bool {
    begins(text, "ALTER", kind)
}

fn begins(text: &str, verb: &str, kind: &str) -> bool {
    let Ok(tokens) = Tokenizer::new(&PostgresDialect, text).tokenize() else { return false };
    let mut solid = tokens.iter().filter(|token| is_solid(token));
    solid.next().is_some_and(|token| is_keyword(token, verb))
        && solid.next().is_some_and(|token| is_keyword(token, kind))
}

/// Whether ALTER TABLE or ALTER VIEW is written with SET SCHEMA, for which the parser reads RENAME TO.
pub fn is_set_schema(text: &str) -> bool {
    let Ok(tokens) = Tokenizer::new(&PostgresDialect, text).tokenize() else { return false };
    let solid: Vec<&Token> = tokens.iter().filter(|token| is_solid(token)).collect();
    set_schema(&solid).is_some()
}

/// Where the words SET SCHEMA stand in front of the last token of ALTER TABLE or ALTER VIEW.
pub fn set_schema(tokens: &[&Token]) -> Option<usize> {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| is_keyword(token, word));
    let at = tokens.len().checked_sub(3).filter(|at| *at > 2)?;
    let is_alter = is(0, "ALTER") && (is(1, "TABLE") || is(1, "VIEW") || is(1, "MATERIALIZED") || is(1, "DOMAIN"));
    (is_alter && is(at, "SET") && is(at + 1, "SCHEMA")).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_of_a_view_is_found_in_its_text() {
        let query = |text: &'static str| view_text(text).map(|found| (&text[found.query.clone()], found.check));
        assert_eq!(query("create view v (a) as select 1 as x ; "), Some(("select 1 as x", None)));
        let checked = "CREATE VIEW \"as\" AS -- all\n SELECT é FROM t WITH LOCAL CHECK OPTION";
        assert_eq!(query(checked), Some(("SELECT é FROM t", Some(CheckOption::Local))));
        assert_eq!(
            query("create view v as (select 1) with check option"),
            Some(("(select 1)", Some(CheckOption::Cascaded)))
        );
        assert_eq!(query("create view v"), None);
        let kept = view_text("create materialized view v as select 1 with no data;").unwrap();
        assert!(kept.is_empty && kept.query == (30..38), "{kept:?}");
        assert!(is_alter_materialized("alter Materialized view v rename to w"));
        assert!(
            is_set_schema("Alter table if exists a.b set schema \"C\" ;") && is_set_schema("ALTER VIEW v SET SCHEMA c")
        );
        assert!(!is_set_schema("ALTER TABLE t RENAME TO schema") && !is_set_schema("ALTER SCHEMA a RENAME TO b"));
        assert!(is_alter_view(" alter /* x */ View v rename to w") && !is_alter_view("alter table view rename to w"));
    }
}

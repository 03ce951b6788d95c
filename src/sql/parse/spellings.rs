//! Spellings of expressions that PostgreSQL has and sqlparser does not read, in the ones that it does; and calls of names that
//! PostgreSQL keeps for types.
//!
//! `'a' NEWLINE 'b'` is one string (PostgreSQL's documentation, section 4.1.2.1), `TRIM(BOTH FROM x)` takes blanks away, `SUBSTRING(x
//! SIMILAR p ESCAPE e)` is `SUBSTRING(x FROM p FOR e)`, `ORDER BY x USING <` is `ORDER BY x ASC`, `TABLE t` reads all of a table, and
//! `name 'x'` is a value of that type.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::error::{Error, Result};
use crate::sql::parse::parse::character;
use crate::sql::parse::regroup::precedes_value;
use crate::sql::parse::rewrite_tokens::is_keyword;

/// Types whose names the parser takes for columns in front of a string.
const TYPES: [&str; 9] = ["name", "oid", "bpchar", "regclass", "regtype", "regproc", "jsonpath", "varbit", "bytea"];
/// Types whose names are no functions, and take no modifiers.
const UNMODIFIED: [&str; 6] = ["int", "integer", "bigint", "smallint", "real", "boolean"];
/// Types whose names are no functions, and take a number as a modifier.
const LENGTHS: [&str; 7] = ["varchar", "character", "char", "nchar", "float", "timestamp", "interval"];
/// Types whose names are no functions, and take any expressions as modifiers, as far as the grammar goes.
const MODIFIED: [&str; 4] = ["numeric", "decimal", "dec", "bit"];

/// The tokens of a statement in the spellings that the parser reads.
///
/// # Errors
/// 42601 for a call of a name that is kept for a type, and for DISTINCT without what is to be distinct.
pub fn respelled(tokens: Vec<TokenWithSpan>, text: &str) -> Result<Vec<TokenWithSpan>> {
    let tokens = joined_strings(tokens);
    let mut spelled: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // The parentheses of SUBSTRING that are open, by their depth.
    let (mut depth, mut substrings): (usize, Vec<usize>) = (0, Vec::new());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = tokens.get(at + 1..).unwrap_or_default();
        let made = |token: Token, of: &TokenWithSpan| TokenWithSpan { token, span: of.span };
        at += 1;
        check_type_call(token, rest, spelled.iter().rev().find(|before| is_solid(before)), text)?;
        match &token.token {
            Token::LParen => {
                depth += 1;
                let before = spelled.iter().rev().find(|before| is_solid(before));
                if before.is_some_and(|before| is_keyword(&before.token, "substring")) {
                    substrings.push(depth);
                }
            }
            Token::RParen => {
                if substrings.last() == Some(&depth) {
                    substrings.pop();
                }
                depth = depth.saturating_sub(1);
            }
            Token::Word(word) if word.quote_style.is_none() => {
                let next = next_solid(rest);
                match word.value.to_ascii_lowercase().as_str() {
                    "both" | "leading" | "trailing" if next.is_some_and(|next| is_keyword(&next.token, "from")) => {
                        let blank = Token::SingleQuotedString(" ".to_string());
                        spelled.extend([token.clone(), made(blank, token)]);
                        continue;
                    }
                    "similar"
                        if substrings.last() == Some(&depth)
                            && !next.is_some_and(|next| is_keyword(&next.token, "to")) =>
                    {
                        spelled.push(made(Token::make_keyword("FROM"), token));
                        continue;
                    }
                    "escape" if substrings.last() == Some(&depth) => {
                        spelled.push(made(Token::make_keyword("FOR"), token));
                        continue;
                    }
                    "using" => {
                        if let Some(direction) = next.and_then(|next| direction(&next.token)) {
                            spelled.push(made(Token::make_keyword(direction), token));
                            at += 1 + rest.iter().take_while(|token| !is_solid(token)).count();
                            continue;
                        }
                    }
                    "table" if spelled.iter().all(|before| !is_solid(before)) => {
                        let words = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
                        spelled.extend(words.map(|word| made(word, token)));
                        continue;
                    }
                    "distinct"
                        if spelled.iter().rev().find(|token| is_solid(token)).is_some_and(is_select)
                            && next.is_some_and(|next| is_keyword(&next.token, "from")) =>
                    {
                        return next.map_or(Ok(spelled), |next| Err(near(&next.token, next, text)));
                    }
                    name if TYPES.contains(&name)
                        && next.is_some_and(|next| matches!(next.token, Token::SingleQuotedString(_)))
                        && spelled.iter().rev().find(|token| is_solid(token)).is_some_and(precedes_value) =>
                    {
                        if let Some(string) = next {
                            spelled.extend([string.clone(), made(Token::DoubleColon, token), token.clone()]);
                            at += 1 + rest.iter().take_while(|token| !is_solid(token)).count();
                            continue;
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        spelled.push(token.clone());
    }
    Ok(spelled)
}

fn is_solid(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_))
}

fn next_solid(tokens: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    tokens.iter().find(|token| is_solid(token))
}

fn is_select(token: &TokenWithSpan) -> bool {
    is_keyword(&token.token, "select")
}

/// The direction that an operator behind USING sorts in; texts are compared by their bytes.
fn direction(operator: &Token) -> Option<&'static str> {
    match operator {
        Token::Lt => Some("ASC"),
        Token::Gt => Some("DESC"),
        Token::CustomBinaryOperator(name) if name == "~<~" => Some("ASC"),
        Token::CustomBinaryOperator(name) if name == "~>~" => Some("DESC"),
        _ => None,
    }
}

/// Strings with a line's end between them as one.
fn joined_strings(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut joined: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if let Token::SingleQuotedString(part) = &token.token
            && let Some(place) = joined.iter().rposition(is_solid)
            && let Some(before) = joined.get_mut(place)
            && before.span.end.line < token.span.start.line
            && let Token::SingleQuotedString(whole) | Token::EscapedStringLiteral(whole) = &mut before.token
        {
            whole.push_str(part);
            before.span.end = token.span.end;
            joined.truncate(place + 1);
            continue;
        }
        joined.push(token);
    }
    joined
}

/// Refuses a call of a name that PostgreSQL keeps for a type, where its grammar does.
fn check_type_call(
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

fn near(shown: &Token, at: &TokenWithSpan, text: &str) -> Error {
    Error::syntax(format!("syntax error at or near \"{shown}\""), character(text, at.span.start))
}

#[cfg(test)]
mod tests {
    use crate::sql::parse::parse::parse;

    #[test]
    fn spellings_become_those_that_are_read() {
        let shown = |text: &str| match parse(text) {
            Ok(parsed) => parsed.statement.map(|statement| statement.to_string()).unwrap_or_default(),
            Err(error) => error.message().to_string(),
        };
        for (text, expected) in [
            ("SELECT 'a'\n  'b'\n'c' AS x", "SELECT 'abc' AS x"),
            ("SELECT TRIM(BOTH FROM x)", "SELECT TRIM(BOTH ' ' FROM x)"),
            ("SELECT SUBSTRING(x SIMILAR 'a' ESCAPE '#')", "SELECT SUBSTRING(x FROM 'a' FOR '#')"),
            ("SELECT SUBSTRING(a FROM 2)", "SELECT SUBSTRING(a FROM 2)"),
            ("SELECT a FROM t ORDER BY a USING >, b USING <", "SELECT a FROM t ORDER BY a DESC, b ASC"),
            ("SELECT * FROM t JOIN u USING (a)", "SELECT * FROM t JOIN u USING(a)"),
            ("TABLE t", "SELECT * FROM t"),
            ("SELECT CAST(name 'a' AS text)", "SELECT CAST('a'::name AS TEXT)"),
            ("SELECT name 'a'", "SELECT 'a'::name"),
            ("SELECT numeric('0') + 1", "syntax error at or near \"+\""),
            ("SELECT numeric(3, 1) '1.5'", "SELECT NUMERIC(3,1) '1.5'"),
            ("SELECT int('0')", "syntax error at or near \"(\""),
            ("SELECT varchar('0')", "syntax error at or near \"'0'\""),
            ("SELECT DISTINCT FROM t", "syntax error at or near \"FROM\""),
            ("INSERT INTO t (name) VALUES ('x')", "INSERT INTO t (name) VALUES ('x')"),
            ("SELECT a AS name FROM t", "SELECT a AS name FROM t"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}

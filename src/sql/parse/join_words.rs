//! Joins as PostgreSQL's grammar reads them and sqlparser does not: one within another without parentheses (`a JOIN b JOIN c ON …
//! ON …`), and USING with a name for what it joins by (`USING (x) AS j`).
//!
//! Every join but CROSS and NATURAL has a condition, so that one which stands open when the next begins has that one within its right
//! side. Such a side gets parentheses. The name behind USING becomes one of its columns, behind [`JOIN_NAME`].

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, Result};
use crate::sql::parse::rewrite_tokens::is_keyword;
use crate::sql::parse::spellings::{is_solid, near};

/// What stands before the name that USING gives to its columns.
pub const JOIN_NAME: &str = "$join";

/// The words that a join begins with.
const JOIN_WORDS: [&str; 7] = ["join", "inner", "left", "right", "full", "cross", "natural"];

/// A join whose condition has not come.
struct OpenJoin {
    /// The place behind its words, among all tokens.
    behind: usize,
    /// Parentheses around it.
    depth: usize,
    holds_joins: bool,
}

/// What is to be written at a place of the statement.
enum Change {
    Before(Token),
    /// In the place of as many tokens.
    Instead(Vec<Token>, usize),
}

/// The tokens with parentheses around joins that stand within others, and the names of USING among its columns.
///
/// # Errors
/// 42601 for a join without a condition.
pub fn with_plain_joins(tokens: Vec<TokenWithSpan>, text: &str) -> Result<Vec<TokenWithSpan>> {
    if !tokens.iter().any(|token| is_keyword(&token.token, "join")) {
        return Ok(tokens);
    }
    let mut changes = changes(&tokens).map_err(|end| match end.filter(|end| end.token != Token::EOF) {
        Some(end) => near(&end.token, end, text),
        None => Error::syntax("syntax error at end of input", Some(text.trim_end().chars().count() + 1)),
    })?;
    if changes.is_empty() {
        return Ok(tokens);
    }
    changes.sort_by_key(|(place, _)| *place);
    let mut changes = changes.into_iter().peekable();
    let mut plain = Vec::with_capacity(tokens.len() + changes.len());
    let mut left_out = 0_usize;
    for (place, token) in tokens.into_iter().enumerate() {
        let span = token.span;
        while let Some((_, change)) = changes.next_if(|(at, _)| *at == place) {
            match change {
                Change::Before(made) => plain.push(TokenWithSpan { token: made, span }),
                Change::Instead(made, count) => {
                    plain.extend(made.into_iter().map(|token| TokenWithSpan { token, span }));
                    left_out = count;
                }
            }
        }
        if left_out == 0 {
            plain.push(token);
        }
        left_out = left_out.saturating_sub(1);
    }
    Ok(plain)
}

/// What is to be changed, by places among the tokens; where a join's condition is missing, what stands there.
fn changes(tokens: &[TokenWithSpan]) -> std::result::Result<Vec<(usize, Change)>, Option<&TokenWithSpan>> {
    let solid: Vec<usize> =
        tokens.iter().enumerate().filter(|(_, token)| is_solid(token)).map(|(place, _)| place).collect();
    let token = |at: usize| solid.get(at).and_then(|place| tokens.get(*place)).map(|token| &token.token);
    let is = |at: usize, word: &str| token(at).is_some_and(|token| is_keyword(token, word));
    let place = |at: usize| solid.get(at).copied().unwrap_or(tokens.len());
    let mut changes = Vec::new();
    let mut open: Vec<OpenJoin> = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(current) = token(at) {
        match current {
            Token::LParen => depth += 1,
            Token::RParen if open.last().is_none_or(|join| join.depth < depth) => depth = depth.saturating_sub(1),
            Token::RParen | Token::SemiColon if !open.is_empty() => return Err(tokens.get(place(at))),
            Token::Word(_) if open.last().is_some_and(|join| join.depth == depth) && ends_from(current) => {
                return Err(tokens.get(place(at)));
            }
            Token::Word(_) if at > 0 && (is(at - 1, "as") || token(at - 1) == Some(&Token::Period)) => {}
            Token::Word(_) => {
                let words = (at..).take_while(|at| JOIN_WORDS.iter().any(|word| is(*at, word)) || is(*at, "outer"));
                let length = words.count();
                let last = at + length.saturating_sub(1);
                if length > 0 && is(last, "join") && !is(at, "outer") {
                    if let Some(around) = open.last_mut().filter(|around| around.depth == depth) {
                        around.holds_joins = true;
                    }
                    if !is(at, "cross") && !is(at, "natural") {
                        open.push(OpenJoin { behind: place(last + 1), depth, holds_joins: false });
                    }
                    at = last;
                } else if (is(at, "on") || is(at, "using"))
                    && let Some(join) = open.pop_if(|join| join.depth == depth)
                {
                    if join.holds_joins {
                        changes.push((join.behind, Change::Before(Token::LParen)));
                        changes.push((place(at), Change::Before(Token::RParen)));
                    }
                    if is(at, "using") {
                        changes.extend(named_columns(at, &token, &place));
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    if open.is_empty() { Ok(changes) } else { Err(None) }
}

/// Whether a word begins what stands behind FROM.
fn ends_from(token: &Token) -> bool {
    ["where", "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset", "returning"]
        .iter()
        .any(|word| is_keyword(token, word))
}

/// Puts the name of `USING (…) AS name` at the end of its columns.
fn named_columns<'t>(
    using: usize,
    token: &impl Fn(usize) -> Option<&'t Token>,
    place: &impl Fn(usize) -> usize,
) -> Option<(usize, Change)> {
    let is_list = |at: &usize| matches!(token(*at), Some(Token::Word(_) | Token::Comma | Token::LParen));
    let close = (using + 1..).take_while(is_list).count() + using + 1;
    let (Some(Token::RParen), Some(behind), Some(Token::Word(name))) =
        (token(close), token(close + 1), token(close + 2))
    else {
        return None;
    };
    if !is_keyword(behind, "as") {
        return None;
    }
    let marker = Token::make_word(JOIN_NAME, Some('"'));
    let made = vec![Token::Comma, marker, Token::Period, Token::Word(name.clone()), Token::RParen];
    let count = place(close + 2).saturating_sub(place(close)) + 1;
    Some((place(close), Change::Instead(made, count)))
}

#[cfg(test)]
mod tests {
    use crate::sql::parse::parse::parse;

    #[test]
    fn joins_within_joins_get_parentheses() {
        let shown = |text: &str| match parse(text) {
            Ok(parsed) => parsed.statement.map(|statement| statement.to_string()).unwrap_or_default(),
            Err(error) => error.message().to_string(),
        };
        for (text, expected) in [
            ("SELECT 1 FROM a JOIN b ON x JOIN c ON y", "SELECT 1 FROM a JOIN b ON x JOIN c ON y"),
            ("SELECT 1 FROM a JOIN b JOIN c ON x ON y", "SELECT 1 FROM a JOIN (b JOIN c ON x) ON y"),
            (
                "SELECT 1 FROM a LEFT JOIN b RIGHT OUTER JOIN c USING (x) ON y, d",
                "SELECT 1 FROM a LEFT JOIN (b RIGHT OUTER JOIN c USING(x)) ON y, d",
            ),
            (
                "SELECT 1 FROM a JOIN b JOIN c JOIN d ON x ON y ON z WHERE w",
                "SELECT 1 FROM a JOIN (b JOIN (c JOIN d ON x) ON y) ON z WHERE w",
            ),
            (
                "SELECT 1 FROM a JOIN b JOIN c ON x JOIN d ON y ON z",
                "SELECT 1 FROM a JOIN (b JOIN c ON x JOIN d ON y) ON z",
            ),
            (
                "SELECT 1 FROM a NATURAL JOIN b JOIN c ON x CROSS JOIN d JOIN e ON y",
                "SELECT 1 FROM a NATURAL JOIN b JOIN c ON x CROSS JOIN d JOIN e ON y",
            ),
            ("SELECT 1 FROM a JOIN b CROSS JOIN c ON x", "SELECT 1 FROM a JOIN (b CROSS JOIN c) ON x"),
            (
                "SELECT 1 FROM a JOIN b ON left(x, 1) = right(y, 1) JOIN c ON z",
                "SELECT 1 FROM a JOIN b ON left(x, 1) = right(y, 1) JOIN c ON z",
            ),
            (
                "SELECT 1 FROM a JOIN b USING (x, y) AS j JOIN c ON j.x = 1",
                "SELECT 1 FROM a JOIN b USING(x, y, \"$join\".j) JOIN c ON j.x = 1",
            ),
            (
                "INSERT INTO t SELECT 1 FROM a JOIN b ON x ON CONFLICT DO NOTHING",
                "INSERT INTO t SELECT 1 FROM a JOIN b ON x ON CONFLICT DO NOTHING",
            ),
            ("SELECT 1 FROM a JOIN b WHERE x", "syntax error at or near \"WHERE\""),
            ("SELECT 1 FROM (a LEFT JOIN b) c", "syntax error at or near \")\""),
            ("SELECT 1 FROM a JOIN b JOIN c ON x", "syntax error at end of input"),
            ("SELECT a AS join FROM b", "SELECT a AS join FROM b"),
            (
                "SELECT 1 FROM a JOIN (SELECT 1 FROM b JOIN c JOIN d ON x ON y) s ON z",
                "SELECT 1 FROM a JOIN (SELECT 1 FROM b JOIN (c JOIN d ON x) ON y) s ON z",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}

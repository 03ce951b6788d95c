//! Tells KNIRVQL from SQL by a statement's opening words, and finds where a KNIRVQL statement ends.
//!
//! Both look at a few tokens, or pass once over the text, and allocate nothing.

use crate::knirvql::scan::{KnirvqlScanner, Token, TokenKind};

/// Whether the first statement of a text is KNIRVQL; everything else is SQL. White space and comments before it do not
/// count.
pub fn is_knirvql(text: &str) -> bool {
    let mut tokens = KnirvqlScanner::new(text);
    let Some(mut first) = tokens.next() else {
        return false;
    };
    let mut second = tokens.next();
    if first.is_word("EXPLAIN") {
        if is(&second, "ANALYZE") {
            second = tokens.next();
        }
        let Some(token) = second else {
            return false;
        };
        first = token;
        second = tokens.next();
    }
    if first.kind != TokenKind::Word {
        return false;
    }
    opens(first.text, &second, || tokens.next())
}

/// Whether a statement that opens with these words is KNIRVQL.
fn opens<'a>(first: &str, second: &Option<Token<'a>>, third: impl FnOnce() -> Option<Token<'a>>) -> bool {
    let second_is = |words: &[&str]| words.iter().any(|word| is(second, word));
    let first_is = |word: &str| first.eq_ignore_ascii_case(word);
    if ["GET", "STAGE", "UNSTAGE", "REVERT", "SYNC"].iter().any(|word| first_is(word)) {
        true
    } else if first_is("SET") {
        second_is(&["AUTH", "MEMORY"]) && !continues_setting(&third())
    } else if first_is("DELETE") {
        second_is(&["WHERE", "MEMORY", "AUTH", "IN"])
    } else if ["CREATE", "JOIN", "LEAVE", "ALTER"].iter().any(|word| first_is(word)) {
        second_is(&["NETWORK"])
    } else if ["ATTACH", "DETACH"].iter().any(|word| first_is(word)) {
        second_is(&["COLLECTION"])
    } else {
        first_is("SHOW") && second_is(&["NETWORKS", "PEERS", "SYNC", "COLLECTIONS"])
    }
}

/// Whether `SET auth` or `SET memory` goes on as SQL's `SET name = value`, `SET name TO value` or `SET name.part …`.
fn continues_setting(third: &Option<Token<'_>>) -> bool {
    third.as_ref().is_some_and(|token| token.is_symbol("=") || token.is_symbol(".") || token.is_word("TO"))
}

fn is(token: &Option<Token<'_>>, word: &str) -> bool {
    token.as_ref().is_some_and(|token| token.is_word(word))
}

/// The byte offset just past the `;` that ends the first statement of a text, by KNIRVQL's strings and comments; `None`
/// where there is no such `;`.
pub fn statement_end(text: &str) -> Option<usize> {
    KnirvqlScanner::new(text).find(|token| token.is_symbol(";")).map(|token| token.range.end)
}

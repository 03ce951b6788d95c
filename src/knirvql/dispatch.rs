//! Tells KNIRVQL from SQL by a statement's opening words, and finds where a KNIRVQL statement ends.
//!
//! Both look at a few tokens, or pass once over the text, and allocate nothing for what is a statement of either language.

use crate::knirvql::scan::{KnirvqlScanner, Token, TokenKind};
use crate::knirvql::synopses::OPENINGS;
use crate::types::nearest;

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
    opens(first.text, &second, &mut tokens)
}

/// Whether a statement that opens with these words is KNIRVQL.
fn opens(first: &str, second: &Option<Token<'_>>, tokens: &mut KnirvqlScanner<'_>) -> bool {
    let second_is = |words: &[&str]| words.iter().any(|word| is(second, word));
    let first_is = |word: &str| first.eq_ignore_ascii_case(word);
    if ["GET", "COUNT", "STAGE", "UNSTAGE", "REVERT", "SYNC", "DESCRIBE", "HELP"].iter().any(|word| first_is(word)) {
        true
    } else if first_is("INSERT") {
        second_is(&["MEMORY"])
    } else if first_is("UPDATE") {
        second_is(&["MEMORY"]) && updates_facts(tokens)
    } else if first_is("SET") {
        second_is(&["AUTH", "MEMORY"]) && !continues_setting(&tokens.next())
    } else if first_is("DELETE") {
        second_is(&["WHERE", "MEMORY", "AUTH", "IN"])
    } else if ["CREATE", "JOIN", "LEAVE", "ALTER"].iter().any(|word| first_is(word)) {
        second_is(&["NETWORK"])
    } else if ["ATTACH", "DETACH"].iter().any(|word| first_is(word)) {
        second_is(&["COLLECTION"])
    } else {
        first_is("SHOW") && second_is(&["NETWORKS", "PEERS", "SYNC", "COLLECTIONS", "TABLES"])
            || second_is(&["MEMORY", "AUTH"]) && is_misspelled(first)
    }
}

/// Whether `UPDATE memory` goes on as no UPDATE of SQL could: with another word than its, or with a path into the metadata, a blob or a
/// vector in brackets before anything names another relation.
fn updates_facts(tokens: &mut KnirvqlScanner<'_>) -> bool {
    let Some(next) = tokens.next() else { return false };
    if next.is_word("IN") || next.is_word("UNSET") {
        return true;
    }
    if !next.is_word("SET") {
        return false;
    }
    let mut before = next;
    for token in tokens {
        if token.is_word("FROM") || token.is_word("SELECT") || token.is_symbol(";") {
            return false;
        }
        let is_of_language = before.is_word("metadata") && token.is_symbol(".")
            || before.is_word("blob") && token.is_symbol("=")
            || before.is_symbol("=") && token.is_symbol("[")
            || token.is_word("UNSET");
        if is_of_language {
            return true;
        }
        before = token;
    }
    false
}

/// Whether a word that opens no statement of either language is like one that opens some of this one, which then says so.
fn is_misspelled(word: &str) -> bool {
    !SQL_OPENINGS.iter().any(|known| word.eq_ignore_ascii_case(known))
        && nearest(word, &OPENINGS).is_some_and(|meant| !word.eq_ignore_ascii_case(meant))
}

/// The words that open PostgreSQL's statements and those of its clients.
const SQL_OPENINGS: [&str; 53] = [
    "ABORT",
    "ALTER",
    "ANALYZE",
    "BEGIN",
    "CALL",
    "CHECKPOINT",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DISCARD",
    "DO",
    "DROP",
    "END",
    "EXECUTE",
    "EXPLAIN",
    "FETCH",
    "GRANT",
    "IMPORT",
    "INSERT",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MERGE",
    "MOVE",
    "NOTIFY",
    "PREPARE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SECURITY",
    "SELECT",
    "SET",
    "SHOW",
    "START",
    "TABLE",
    "TRUNCATE",
    "UNLISTEN",
    "UPDATE",
    "VACUUM",
    "VALUES",
    "WITH",
    "ANALYSE",
];

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

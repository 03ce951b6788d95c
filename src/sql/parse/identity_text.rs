//! ALTER COLUMN … DROP IDENTITY, SET GENERATED, RESTART and SET with options of the sequence, which sqlparser does not read: for it they
//! are SET DEFAULT of a call that holds their text.

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Value as Literal};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Whitespace, Word};

use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::names::last_part;
use crate::sql::parse::rewrite_tokens::is_keyword;
use crate::sql::parse::sequence_text::{SequenceText, sequence_text};

/// The function whose call stands for such a change.
const IDENTITY_CHANGE: &str = "$identity";

/// What the options of an identity column's sequence begin with, behind SET.
const OPTIONS: [&str; 9] =
    ["GENERATED", "START", "INCREMENT", "MINVALUE", "MAXVALUE", "CACHE", "CYCLE", "NO", "RESTART"];

/// A change of an identity column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityText {
    Drop {
        if_exists: bool,
    },
    Set {
        /// Whether it is GENERATED ALWAYS from now on, where that is said.
        is_always: Option<bool>,
        /// The options of its sequence.
        options: Box<SequenceText>,
    },
}

/// Puts the call into ALTER TABLE wherever such a change stands.
pub fn stand_in_for_identity(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is_blank = |token: &Token| matches!(token, Token::Whitespace(_) | Token::EOF | Token::SemiColon);
    let solid: Vec<usize> =
        tokens.iter().enumerate().filter(|(_, token)| !is_blank(&token.token)).map(|(at, _)| at).collect();
    let token = |place: usize| solid.get(place).and_then(|at| tokens.get(*at)).map(|token| &token.token);
    let is = |place: usize, word: &str| token(place).is_some_and(|token| is_keyword(token, word));
    if !(is(0, "ALTER") && is(1, "TABLE")) {
        return tokens;
    }
    // Where each change begins and ends among all tokens.
    let mut changes: Vec<(usize, usize)> = Vec::new();
    for place in (2..solid.len()).filter(|place| is(*place, "ALTER")) {
        let name = place + if is(place + 1, "COLUMN") { 2 } else { 1 };
        let first = name + 1;
        let is_change = (is(first, "DROP") && is(first + 1, "IDENTITY"))
            || is(first, "RESTART")
            || (is(first, "SET") && OPTIONS.iter().any(|option| is(first + 1, option)));
        let is_end = |place: &usize| token(*place).is_none_or(|token| *token == Token::Comma);
        let end = (first..=solid.len()).find(is_end).unwrap_or(solid.len());
        if let (true, Some(start), Some(last)) = (is_change, solid.get(first), solid.get(end - 1)) {
            changes.push((*start, *last));
        }
    }
    let mut read = Vec::with_capacity(tokens.len());
    let mut at = 0;
    for (start, last) in changes {
        read.extend(tokens.iter().take(start).skip(at).cloned());
        let text: Vec<String> = tokens.iter().take(last + 1).skip(start).map(|token| token.token.to_string()).collect();
        let span = tokens.get(start).map_or_else(Span::empty, |token| token.span);
        let word =
            |value: &str, quote_style, keyword| Token::Word(Word { value: value.to_string(), quote_style, keyword });
        let stand_in = [
            word("SET", None, Keyword::SET),
            Token::Whitespace(Whitespace::Space),
            word("DEFAULT", None, Keyword::DEFAULT),
            Token::Whitespace(Whitespace::Space),
            word(IDENTITY_CHANGE, Some('"'), Keyword::NoKeyword),
            Token::LParen,
            Token::SingleQuotedString(text.concat()),
            Token::RParen,
        ];
        read.extend(stand_in.map(|token| TokenWithSpan { token, span }));
        at = last + 1;
    }
    read.extend(tokens.into_iter().skip(at));
    read
}

/// What the sequence of the identity column at a place of a statement is called, where SEQUENCE NAME says it.
pub fn sequence_name(text: &str, column: Location) -> Option<String> {
    let tokens = Tokenizer::new(&PostgresDialect, text).tokenize_with_location().ok()?;
    let solid = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_)) && token.span.start > column);
    let solid: Vec<&Token> = solid.map(|token| &token.token).collect();
    let is = |at: usize, word: &str| solid.get(at).is_some_and(|token| is_keyword(token, word));
    let start = (0..solid.len()).find(|at| is(*at, "IDENTITY"))? + 1;
    solid.get(start).filter(|token| ***token == Token::LParen)?;
    let end = start + solid.iter().skip(start).position(|token| **token == Token::RParen)?;
    let mut name = (start..end).find(|at| is(*at, "SEQUENCE") && is(at + 1, "NAME"))? + 2;
    if solid.get(name + 1).is_some_and(|token| **token == Token::Period) {
        name += 2;
    }
    match solid.get(name)? {
        Token::Word(word) if word.quote_style.is_some() => Some(word.value.clone()),
        Token::Word(word) => Some(word.value.to_lowercase()),
        _ => None,
    }
}

/// The change that a default stands for; `None` for one that is a default.
pub fn identity_text(default: &Expr) -> Option<IdentityText> {
    let Expr::Function(function) = default else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))] = list.args.as_slice() else { return None };
    let Literal::SingleQuotedString(text) = &value.value else { return None };
    last_part(&function.name).filter(|name| name == IDENTITY_CHANGE)?;
    let tokens = Tokenizer::new(&PostgresDialect, text).tokenize().unwrap_or_default();
    let solid: Vec<&Token> = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let is = |at: usize, word: &str| solid.get(at).is_some_and(|token| is_keyword(token, word));
    if is(0, "DROP") {
        return Some(IdentityText::Drop { if_exists: is(2, "IF") && is(3, "EXISTS") });
    }
    let (mut is_always, mut options, mut at) = (None, Vec::new(), 0);
    while let Some(token) = solid.get(at) {
        if is(at, "SET") {
            at += 1;
        } else if is(at, "GENERATED") && is(at + 1, "ALWAYS") {
            is_always = Some(true);
            at += 2;
        } else if is(at, "GENERATED") && is(at + 1, "BY") && is(at + 2, "DEFAULT") {
            is_always = Some(false);
            at += 3;
        } else {
            options.push(token.to_string());
            at += 1;
        }
    }
    let options = Box::new(sequence_text(&format!("ALTER SEQUENCE s {}", options.join(" "))));
    Some(IdentityText::Set { is_always, options })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse::parse::parse;

    #[test]
    fn changes_of_identity_columns_are_read_beside_others() {
        let text = "ALTER TABLE t ALTER COLUMN a DROP IDENTITY IF EXISTS, ALTER b SET GENERATED BY DEFAULT SET START 5 RESTART, \
                    ALTER c SET DEFAULT 1";
        let tokens = Tokenizer::new(&PostgresDialect, text).tokenize_with_location().unwrap();
        let read: String = stand_in_for_identity(tokens).iter().map(|token| token.token.to_string()).collect();
        assert!(read.contains("DEFAULT \"$identity\"('DROP IDENTITY IF EXISTS'), ALTER b SET DEFAULT \"$identity\"("));
        assert!(read.ends_with("ALTER c SET DEFAULT 1"));
        assert!(parse(text).unwrap().statement.is_some());
    }
}

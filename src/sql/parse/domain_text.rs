//! Statements about domains in the forms that the parser reads: a domain as a table of one column, the value, and its changes as
//! those of that column. `define/domain` takes them.

use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace};

use crate::model::VALUE;
use crate::sql::parse::rewrite_tokens::is_keyword;

/// `CREATE DOMAIN name AS type …` as `CREATE TABLE name (value type …)`.
pub fn domain_as_table(mut tokens: Vec<TokenWithSpan>, solid: &[usize]) -> Vec<TokenWithSpan> {
    let (Some(kind), Some(first), Some(last)) = (solid.get(1).copied(), solid.get(2), solid.last().copied()) else {
        return tokens;
    };
    let behind = behind_name(&tokens, solid, 2);
    let (start, drops) = match solid.get(behind) {
        Some(at) => (*at, tokens.get(*at).is_some_and(|token| is_keyword(&token.token, "AS"))),
        // Without a type the parser says what is missing.
        None => return tokens,
    };
    let span = tokens.get(*first).map_or_else(Span::empty, |token| token.span);
    tokens.insert(last + 1, made(Token::RParen, span));
    let opening = [Token::LParen, Token::make_word(VALUE, Some('"')), Token::Whitespace(Whitespace::Space)];
    tokens.splice(start..start + usize::from(drops), opening.map(|token| made(token, span)));
    if let Some(kind) = tokens.get_mut(kind) {
        kind.token = Token::make_keyword("TABLE");
    }
    tokens
}

/// `ALTER DOMAIN name SET NOT NULL` as `ALTER TABLE name ALTER COLUMN value SET NOT NULL`; what is done to constraints and to the name is
/// written as for a table.
pub fn domain_as_column(mut tokens: Vec<TokenWithSpan>, solid: &[usize]) -> Vec<TokenWithSpan> {
    let Some(kind) = solid.get(1).copied() else { return tokens };
    let action = behind_name(&tokens, solid, 2);
    let is = |place: usize, word: &str| {
        solid.get(place).and_then(|at| tokens.get(*at)).is_some_and(|token| is_keyword(&token.token, word))
    };
    let is_of_value = (is(action, "SET") || is(action, "DROP")) && (is(action + 1, "DEFAULT") || is(action + 1, "NOT"));
    let adds_not_null = is(action, "ADD") && is(action + 1, "NOT");
    let moves = is(action, "SET") && is(action + 1, "SCHEMA");
    if let Some(kind) = tokens.get_mut(kind) {
        kind.token = Token::make_keyword("TABLE");
    }
    let Some(at) = solid.get(action).copied() else { return tokens };
    let span = tokens.get(at).map_or_else(Span::empty, |token| token.span);
    if moves {
        for (place, word) in [(action, "RENAME"), (action + 1, "TO")] {
            if let Some(token) = solid.get(place).and_then(|at| tokens.get_mut(*at)) {
                token.token = Token::make_keyword(word);
            }
        }
        return tokens;
    }
    if !is_of_value && !adds_not_null {
        return tokens;
    }
    let mut words = Vec::new();
    let column = [Token::make_keyword("ALTER"), Token::make_keyword("COLUMN"), Token::make_word(VALUE, Some('"'))];
    for token in column.into_iter().chain(adds_not_null.then(|| Token::make_keyword("SET"))) {
        words.extend([made(token, span), made(Token::Whitespace(Whitespace::Space), span)]);
    }
    tokens.splice(at..at + usize::from(adds_not_null), words);
    tokens
}

fn made(token: Token, span: Span) -> TokenWithSpan {
    TokenWithSpan { token, span }
}

/// The place behind a dotted name.
fn behind_name(tokens: &[TokenWithSpan], solid: &[usize], start: usize) -> usize {
    let is_dot = |place: usize| {
        solid.get(place).and_then(|at| tokens.get(*at)).is_some_and(|token| token.token == Token::Period)
    };
    let mut at = start + 1;
    while is_dot(at) {
        at += 2;
    }
    at
}

#[cfg(test)]
mod tests {
    use crate::sql::parse::parse::parse;

    fn read(text: &str) -> String {
        parse(text).unwrap().statement.unwrap().to_string()
    }

    #[test]
    fn domains_are_read_as_tables_of_one_column() {
        assert_eq!(
            read("create domain s.d as int not null default 3 constraint c check (value > 0);"),
            "CREATE TABLE s.d (\"value\" INT NOT NULL DEFAULT 3 CONSTRAINT c CHECK (value > 0))"
        );
        assert_eq!(read("CREATE DOMAIN d text"), "CREATE TABLE d (\"value\" TEXT)");
        for (text, read_as) in [
            ("ALTER DOMAIN d SET DEFAULT 1", "ALTER TABLE d ALTER COLUMN \"value\" SET DEFAULT 1"),
            ("ALTER DOMAIN d DROP NOT NULL", "ALTER TABLE d ALTER COLUMN \"value\" DROP NOT NULL"),
            ("ALTER DOMAIN d ADD NOT NULL", "ALTER TABLE d ALTER COLUMN \"value\" SET NOT NULL"),
            ("ALTER DOMAIN d ADD CHECK (VALUE > 1) NOT VALID", "ALTER TABLE d ADD CHECK (VALUE > 1) NOT VALID"),
            ("ALTER DOMAIN d DROP CONSTRAINT c", "ALTER TABLE d DROP CONSTRAINT c"),
            ("ALTER DOMAIN a.b RENAME TO c", "ALTER TABLE a.b RENAME TO c"),
            ("DROP DOMAIN a, b CASCADE", "DROP TYPE a, b CASCADE"),
        ] {
            assert_eq!(read(text), read_as, "{text}");
        }
    }
}

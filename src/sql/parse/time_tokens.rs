//! Forms of times that sqlparser does not read: `interval(2) '…'` and `AT LOCAL`.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

use crate::sql::parse::rewrite_tokens::is_keyword;

/// `interval(2) '1.234 s'` as a cast of the literal: the parser would lose how many decimals there are.
pub fn with_fitted_intervals(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let fitted = |at: usize| fitted_literal(tokens.get(at..).unwrap_or_default()).map(|behind| (at, at + behind));
    let literals: Vec<(usize, usize)> = (0..tokens.len()).filter_map(fitted).collect();
    if literals.is_empty() {
        return tokens;
    }
    let mut written = Vec::with_capacity(tokens.len() + literals.len());
    let mut literals = literals.into_iter().peekable();
    // Where the literal stands that was written already.
    let mut moved = None;
    for (at, token) in tokens.iter().enumerate() {
        if let Some((_, literal)) = literals.next_if(|(first, _)| *first == at)
            && let Some(text) = tokens.get(literal)
        {
            moved = Some(literal);
            written.extend([text.clone(), TokenWithSpan { token: Token::DoubleColon, span: text.span }]);
        }
        if moved != Some(at) {
            written.push(token.clone());
        }
    }
    written
}

/// Where the literal stands behind `interval(2)`, which the tokens begin with.
fn fitted_literal(tokens: &[TokenWithSpan]) -> Option<usize> {
    if !tokens.first().is_some_and(|first| is_keyword(&first.token, "INTERVAL")) {
        return None;
    }
    let is_solid = |(_, token): &(usize, &TokenWithSpan)| !matches!(token.token, Token::Whitespace(_));
    let mut solid = tokens.iter().enumerate().filter(is_solid).skip(1);
    let mut next = |is_next: fn(&Token) -> bool| solid.next().filter(|(_, token)| is_next(&token.token));
    next(|token| *token == Token::LParen)?;
    next(|token| matches!(token, Token::Number(_, false)))?;
    next(|token| *token == Token::RParen)?;
    let literal = next(|token| matches!(token, Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_)))?;
    Some(literal.0)
}

/// `moment AT LOCAL` as `moment AT TIME ZONE current_setting('TimeZone')`, which the parser reads.
pub fn with_local_zones(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let locals: Vec<usize> = (0..tokens.len()).filter_map(|at| local_zone(&tokens, at)).collect();
    if locals.is_empty() {
        return tokens;
    }
    let word = |word: &str| Token::make_word(word, None);
    let blank = || Token::Whitespace(Whitespace::Space);
    let setting = Token::SingleQuotedString("TimeZone".to_string());
    let call = [word("current_setting"), Token::LParen, setting, Token::RParen];
    let zone: Vec<Token> = [word("TIME"), blank(), word("ZONE"), blank()].into_iter().chain(call).collect();
    let mut locals = locals.into_iter().peekable();
    let written = tokens.into_iter().enumerate().flat_map(|(at, token)| match locals.next_if_eq(&at) {
        Some(_) => zone.iter().map(|each| TokenWithSpan { token: each.clone(), span: token.span }).collect(),
        None => vec![token],
    });
    written.collect()
}

/// Where LOCAL stands behind the AT of a place that comes behind the end of an expression; elsewhere both are names.
fn local_zone(tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
    let solid = |place: &usize| tokens.get(*place).is_some_and(|each| !matches!(each.token, Token::Whitespace(_)));
    if !is_keyword(&tokens.get(at)?.token, "AT") {
        return None;
    }
    let local = (at + 1..tokens.len())
        .find(solid)
        .filter(|next| tokens.get(*next).is_some_and(|next| is_keyword(&next.token, "LOCAL")))?;
    let mut before = (0..at).rev().filter(solid).filter_map(|before| tokens.get(before)).map(|before| &before.token);
    let ends_expression = match before.next()? {
        Token::RParen | Token::RBracket | Token::SingleQuotedString(_) | Token::Placeholder(_) => true,
        Token::Word(word) if word.quote_style.is_some() || word.keyword == Keyword::NoKeyword => true,
        // The name of a type.
        Token::Word(_) => before.next() == Some(&Token::DoubleColon),
        _ => false,
    };
    ends_expression.then_some(local)
}

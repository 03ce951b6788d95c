//! Words of GROUP BY that the parser does not read: GROUPING SETS in GROUPING SETS, empty sets in them, ALL and DISTINCT.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::sql::parse::rewrite_tokens::is_keyword;

/// The function that GROUPING SETS within GROUPING SETS are written as.
pub const INNER_SETS: &str = "$grouping_sets";
/// The column that `()` within GROUPING SETS is written as.
pub const EMPTY_SET: &str = "$nothing";
/// The first item of GROUP BY DISTINCT.
pub const DISTINCT_SETS: &str = "$distinct";

/// The tokens in the words that the parser reads; `grouping_sets` of the analyser knows what they stand for.
pub fn with_plain_groups(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(|token| is_keyword(&token.token, "group")) {
        return tokens;
    }
    let mut plain = Vec::with_capacity(tokens.len());
    let solid: Vec<usize> = (0..tokens.len()).filter(|at| tokens.get(*at).is_some_and(is_solid)).collect();
    let mut solid_at = 0;
    // The depths of the parentheses of GROUPING SETS that are open.
    let (mut depth, mut sets): (usize, Vec<usize>) = (0, Vec::new());
    let mut skip_to = 0;
    for (at, token) in tokens.iter().enumerate() {
        if at < skip_to {
            solid_at += usize::from(is_solid(token));
            continue;
        }
        if !is_solid(token) {
            plain.push(token.clone());
            continue;
        }
        let near = |places: isize| {
            let place = solid_at.checked_add_signed(places).and_then(|place| solid.get(place))?;
            Some((*place, &tokens.get(*place)?.token))
        };
        let is = |places: isize, word: &str| near(places).is_some_and(|(_, token)| is_keyword(token, word));
        let is_sign = |places: isize, sign: &Token| near(places).is_some_and(|(_, token)| token == sign);
        let made = |word: &str| TokenWithSpan { token: Token::make_word(word, Some('"')), span: token.span };
        let behind_by = is(-1, "by") && is(-2, "group");
        let mut end = at;
        if is_keyword(&token.token, "grouping") && is(1, "sets") && is_sign(2, &Token::LParen) {
            if sets.is_empty() {
                plain.push(token.clone());
            } else {
                plain.push(made(INNER_SETS));
                end = near(1).map_or(at, |(place, _)| place);
            }
        } else if is_keyword(&token.token, "sets") && is(-1, "grouping") && is_sign(1, &Token::LParen) {
            plain.push(token.clone());
            sets.push(depth + 1);
        } else if !sets.is_empty()
            && token.token == Token::LParen
            && is_sign(1, &Token::RParen)
            && (is_sign(-1, &Token::Comma) || is_sign(-1, &Token::LParen))
        {
            plain.push(made(EMPTY_SET));
            end = near(1).map_or(at, |(place, _)| place);
        } else if behind_by && is_keyword(&token.token, "distinct") {
            let comma = TokenWithSpan { token: Token::Comma, span: token.span };
            plain.extend([made(DISTINCT_SETS), comma]);
        } else if behind_by && is_keyword(&token.token, "all") {
            // What is said anyway.
        } else {
            match &token.token {
                Token::LParen => depth += 1,
                Token::RParen => {
                    if sets.last() == Some(&depth) {
                        sets.pop();
                    }
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            plain.push(token.clone());
        }
        solid_at += 1;
        skip_to = end + 1;
    }
    plain
}

fn is_solid(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_))
}

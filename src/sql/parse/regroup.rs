//! What sqlparser groups otherwise than PostgreSQL's grammar: IS DISTINCT FROM, VALUES as a value, and subscripts of
//! qualified columns.

use datafusion::sql::sqlparser::ast::{AccessExpr, BinaryOperator, Expr, Ident, Statement};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use crate::sql::parse::visit::change_expressions;

/// IS NOT DISTINCT FROM, as one operator.
const NOT_DISTINCT: &str = "IS NOT DISTINCT FROM";

/// Makes one token of IS [NOT] DISTINCT FROM. The parser would take everything up to the end of the condition for its
/// right side; as a binary operator it ends where PostgreSQL ends it, before AND and OR.
pub fn fuse_distinct(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let keyword = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) => word.keyword,
        _ => Keyword::NoKeyword,
    };
    if !tokens.iter().any(|token| keyword(token) == Keyword::DISTINCT) {
        return tokens;
    }
    let mut fused: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if keyword(&token) == Keyword::FROM {
            let is_blank = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_));
            let words: Vec<(usize, Keyword)> = fused
                .iter()
                .enumerate()
                .rev()
                .filter(|(_, token)| !is_blank(token))
                .take(3)
                .map(|(position, token)| (position, keyword(token)))
                .collect();
            let (start, operator) = match words.as_slice() {
                [(_, Keyword::DISTINCT), (start, Keyword::IS), ..] => (*start, Token::Spaceship),
                [(_, Keyword::DISTINCT), (_, Keyword::NOT), (start, Keyword::IS)] => {
                    (*start, Token::CustomBinaryOperator(NOT_DISTINCT.to_string()))
                }
                _ => {
                    fused.push(token);
                    continue;
                }
            };
            let span = fused.get(start).map_or(token.span, |is| Span { start: is.span.start, end: token.span.end });
            fused.truncate(start);
            fused.push(TokenWithSpan { token: operator, span });
            continue;
        }
        fused.push(token);
    }
    fused
}

/// Makes a SELECT of VALUES in parentheses that stand where a value does. The parser would take it for a call of a function.
pub fn enclose_values(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is_values = |token: &TokenWithSpan| matches!(&token.token, Token::Word(word) if word.keyword == Keyword::VALUES && word.quote_style.is_none());
    let is_blank = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    if !tokens.iter().any(is_values) {
        return tokens;
    }
    let mut enclosed: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let (mut depth, mut open) = (0_usize, Vec::new());
    for (position, token) in tokens.iter().enumerate() {
        let span = token.span;
        let made = |token| TokenWithSpan { token, span };
        match &token.token {
            Token::LParen => {
                depth += 1;
                let next = tokens.iter().skip(position.saturating_add(1)).find(|token| !is_blank(token));
                let stands_for_value = enclosed.iter().rev().find(|token| !is_blank(token)).is_some_and(precedes_value);
                enclosed.push(token.clone());
                if stands_for_value && next.is_some_and(is_values) {
                    open.push(depth);
                    let words = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM"), Token::LParen];
                    enclosed.extend(words.map(made));
                }
            }
            Token::RParen => {
                if open.last() == Some(&depth) {
                    open.pop();
                    enclosed.push(made(Token::RParen));
                }
                depth = depth.saturating_sub(1);
                enclosed.push(token.clone());
            }
            _ => enclosed.push(token.clone()),
        }
    }
    enclosed
}

/// Whether a value follows a token.
pub fn precedes_value(token: &TokenWithSpan) -> bool {
    match &token.token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::ANY
                | Keyword::SOME
                | Keyword::ALL
                | Keyword::SELECT
                | Keyword::WHEN
                | Keyword::THEN
                | Keyword::ELSE
                | Keyword::WHERE
                | Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::BY
                | Keyword::RETURNING
        ),
        Token::Comma
        | Token::LParen
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::StringConcat => true,
        _ => false,
    }
}

/// Groups the expressions of a statement as PostgreSQL does.
pub fn regroup(statement: &mut Statement) {
    change_expressions(statement, |expr| {
        if let Some(distinct) = part_distinct(expr).or_else(|| subscripted_column(expr)) {
            *expr = distinct;
        }
    });
}

/// Gives the operators of [`fuse_distinct`] their own place in the tree.
fn part_distinct(expr: &Expr) -> Option<Expr> {
    let Expr::BinaryOp { left, op, right } = expr else { return None };
    let (left, right) = (left.clone(), right.clone());
    match op {
        BinaryOperator::Spaceship => Some(Expr::IsDistinctFrom(left, right)),
        BinaryOperator::Custom(name) if name == NOT_DISTINCT => Some(Expr::IsNotDistinctFrom(left, right)),
        _ => None,
    }
}

/// `t.a[1]`: the names in front of the first subscript are one column.
fn subscripted_column(expr: &Expr) -> Option<Expr> {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return None };
    let Expr::Identifier(first) = root.as_ref() else { return None };
    let names = access_chain.iter().map_while(|access| match access {
        AccessExpr::Dot(Expr::Identifier(name)) => Some(name),
        _ => None,
    });
    let names: Vec<Ident> = std::iter::once(first).chain(names).cloned().collect();
    let rest = access_chain.get(names.len() - 1..).filter(|rest| !rest.is_empty() && names.len() > 1)?;
    let column = Expr::CompoundIdentifier(names);
    Some(Expr::CompoundFieldAccess { root: Box::new(column), access_chain: rest.to_vec() })
}

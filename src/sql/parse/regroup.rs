//! What sqlparser groups otherwise than PostgreSQL's grammar, or does not read: IS DISTINCT FROM, BETWEEN SYMMETRIC, VALUES as a
//! value, and subscripts of qualified columns.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Statement,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::visit::change_expressions;

/// IS NOT DISTINCT FROM, as one operator.
const NOT_DISTINCT: &str = "IS NOT DISTINCT FROM";
/// What the first bound of BETWEEN SYMMETRIC is an argument of.
const SYMMETRIC_BOUND: &str = "$symmetric";
/// Most tokens of a statement of which each BETWEEN SYMMETRIC has doubled all, as those do that lie in one another.
const SYMMETRIC_TOKENS_MAX: usize = 1_000_000;

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

/// Makes a call of `SYMMETRIC_BOUND` of the first bound of BETWEEN SYMMETRIC, which the parser does not read.
///
/// # Errors
/// 54001 for so many that a statement which says each of them both ways could have more than `SYMMETRIC_TOKENS_MAX` tokens.
pub fn enclose_symmetric(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>> {
    let is_word = |token: &TokenWithSpan, word: &str| matches!(&token.token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word));
    let is_blank = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    let count = tokens.iter().filter(|token| is_word(token, "symmetric")).count();
    if count == 0 {
        return Ok(tokens);
    }
    let doubled = u32::try_from(count).ok().and_then(|count| tokens.len().checked_mul(2_usize.checked_pow(count)?));
    if doubled.is_none_or(|doubled| doubled > SYMMETRIC_TOKENS_MAX) {
        return Err(Error::new(ErrorKind::TooComplex, format!("{count} times BETWEEN SYMMETRIC are too many"))
            .with_hint("Write the bounds in their order."));
    }
    let mut enclosed: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // How deep in parentheses and CASE each bound begins whose end has not come.
    let (mut depth, mut open) = (0_usize, Vec::new());
    for token in tokens {
        let span = token.span;
        let is_behind_between =
            || enclosed.iter().rev().find(|token| !is_blank(token)).is_some_and(|token| is_word(token, "between"));
        if (is_word(&token, "symmetric") || is_word(&token, "asymmetric")) && is_behind_between() {
            if is_word(&token, "symmetric") {
                open.push(depth);
                let call = [Token::make_word(SYMMETRIC_BOUND, Some('"')), Token::LParen];
                enclosed.extend(call.map(|token| TokenWithSpan { token, span }));
            }
            continue;
        }
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ if is_word(&token, "case") => depth += 1,
            _ if is_word(&token, "end") => depth = depth.saturating_sub(1),
            _ if is_word(&token, "and") && open.last() == Some(&depth) => {
                open.pop();
                enclosed.push(TokenWithSpan { token: Token::RParen, span });
            }
            _ => {}
        }
        enclosed.push(token);
    }
    Ok(enclosed)
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
        let grouped = part_distinct(expr).or_else(|| subscripted_column(expr)).or_else(|| either_way(expr));
        if let Some(grouped) = grouped {
            *expr = grouped;
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

/// BETWEEN SYMMETRIC is BETWEEN with the bounds in one order or in the other.
fn either_way(expr: &Expr) -> Option<Expr> {
    let Expr::Between { expr: value, negated, low, high } = expr else { return None };
    let Expr::Function(function) = low.as_ref() else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    let is_bound = matches!(function.name.0.as_slice(), [part] if part.as_ident().is_some_and(|name| name.value == SYMMETRIC_BOUND));
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(low))] = list.args.as_slice() else { return None };
    let between = |low: &Expr, high: &Expr| {
        let (expr, low, high) = (value.clone(), Box::new(low.clone()), Box::new(high.clone()));
        Box::new(Expr::Between { expr, negated: *negated, low, high })
    };
    let op = if *negated { BinaryOperator::And } else { BinaryOperator::Or };
    let either = Expr::BinaryOp { left: between(low, high), op, right: between(high, low) };
    is_bound.then(|| Expr::Nested(Box::new(either)))
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

//! Small trees: made, and read.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Query, SelectItem, SetExpr, Statement, UnaryOperator, Value as Literal,
};

use crate::error::{Error, Result};
use crate::sql::parse::names::exact;
use crate::sql::parse::parse::parse;
use crate::types::{Numeric, Value};

/// `SELECT items` without anything else, to be filled in.
///
/// # Errors
/// XX000 where `SELECT 1` is no query: a defect.
pub fn select_of(items: Vec<Expr>) -> Result<Query> {
    let Some(Statement::Query(mut query)) = parse("SELECT 1")?.statement else {
        return Err(Error::internal("a SELECT is no query"));
    };
    if let SetExpr::Select(select) = query.body.as_mut() {
        let named = items.into_iter().enumerate();
        select.projection =
            named.map(|(at, expr)| SelectItem::ExprWithAlias { expr, alias: exact(format!("c{at}")) }).collect();
    }
    Ok(*query)
}

/// The expression without the parentheses around it.
pub fn unnested(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// The parts of a condition that must all hold, from the left, without the parentheses around them.
pub fn conjuncts(condition: &Expr) -> Vec<&Expr> {
    let (mut parts, mut waiting) = (Vec::new(), vec![condition]);
    while let Some(next) = waiting.pop() {
        match unnested(next) {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => waiting.extend([right.as_ref(), left.as_ref()]),
            other => parts.push(other),
        }
    }
    parts
}

/// The text of a number literal, and whether a minus stands before it.
pub fn number_of(expr: &Expr) -> Option<(&str, bool)> {
    match expr {
        Expr::Value(value) => match &value.value {
            Literal::Number(text, _) => Some((text, false)),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match number_of(expr)? {
            (text, false) => Some((text, true)),
            _ => None,
        },
        _ => None,
    }
}

/// A number literal as PostgreSQL types it: integer, bigint or numeric.
pub fn number(text: &str, negative: bool) -> Option<Value> {
    let digits = if negative { format!("-{text}") } else { text.to_string() };
    let digits = digits.replace('_', "");
    if let Ok(small) = digits.parse::<i32>() {
        return Some(Value::Int4(small));
    }
    if let Ok(large) = digits.parse::<i64>() {
        return Some(Value::Int8(large));
    }
    digits.parse::<Numeric>().ok().map(Value::Numeric)
}

//! Small trees: made, and read.

use datafusion::sql::sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Statement, UnaryOperator, Value as Literal};

use crate::error::{Error, Result};
use crate::sql::parse::names::exact;
use crate::sql::parse::parse::parse;

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

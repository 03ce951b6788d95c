//! `information_schema._pg_expandarray(a)`, by which pgjdbc lists the columns of keys.
//!
//! It returns rows of (x, n): an element and its position. Rows as values do not exist here; the function stands for its
//! `x`, and `(f(a)).n` for the positions. Taking `.x` of a column that held such a row gives the column.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Select, Value as Literal,
};

use crate::sql::names::last_part;
use crate::sql::operators::call;
use crate::sql::walk::{change_expressions, has_expression};

const FUNCTION: &str = "_pg_expandarray";

/// Replaces the function and the fields of its rows in one SELECT.
pub fn rewrite(select: &mut Select) {
    if !has_expression(select, |expr| expanded(expr).is_some()) {
        return;
    }
    change_expressions(select, |expr| {
        if let Some(other) = field(expr).or_else(|| expanded(expr).map(|array| call("unnest", vec![array]))) {
            *expr = other;
        }
    });
}

/// The array that the function expands.
fn expanded(expr: &Expr) -> Option<Expr> {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else { return None };
    match (last_part(name)?.as_str(), list.args.as_slice()) {
        (FUNCTION, [FunctionArg::Unnamed(FunctionArgExpr::Expr(array))]) => Some(array.clone()),
        _ => None,
    }
}

/// `(f(a)).n`, `(f(a)).x` and `(column).x`. Parts come before their whole: `f(a)` is `unnest(a)` by now.
fn field(expr: &Expr) -> Option<Expr> {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return None };
    let [AccessExpr::Dot(Expr::Identifier(name))] = access_chain.as_slice() else { return None };
    let Expr::Nested(inner) = root.as_ref() else { return None };
    match (inner.as_ref(), name.value.as_str()) {
        (Expr::Function(function), "n" | "x") if last_part(&function.name)? == "unnest" => {
            let FunctionArguments::List(list) = &function.args else { return None };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(array))] = list.args.as_slice() else { return None };
            if name.value == "x" {
                return Some(inner.as_ref().clone());
            }
            let one = Expr::Value(Literal::Number("1".to_string(), false).into());
            let positions = call("generate_series", vec![one, call("cardinality", vec![array.clone()])]);
            Some(call("unnest", vec![positions]))
        }
        (Expr::CompoundIdentifier(_) | Expr::Identifier(_), "x") => Some(inner.as_ref().clone()),
        _ => None,
    }
}

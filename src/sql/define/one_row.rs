//! What definitions compute of each row by itself: defaults, conditions of CHECK, generated columns, keys of indexes.

use datafusion::sql::sqlparser::ast::{Expr, Function};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::names::last_part;
use crate::sql::parse::visit::has_expression;
use crate::sql::relational::engine::is_aggregate;
use crate::sql::rewrite::rewrite::SET_FUNCTIONS;

/// What is computed for each row by itself: no subqueries, nor functions over several rows or that give several. `of` says what
/// kind of expression it is, `hint` what may stand there.
///
/// # Errors
/// 42803 for an aggregate, 42P20 for a window function, 0A000 for a subquery and for a function that returns a set.
pub fn check_of_one_row(expr: &Expr, of: &str, hint: &'static str) -> Result<()> {
    if has_expression(expr, |part| matches!(part, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. })) {
        return Err(Error::unsupported(format!("cannot use subquery in {of}"), hint));
    }
    let is_call = |part: &Expr, is_wanted: &dyn Fn(&Function) -> bool| match part {
        Expr::Function(function) => is_wanted(function),
        _ => false,
    };
    if has_expression(expr, |part| is_call(part, &|function| function.over.is_some())) {
        let message = format!("window functions are not allowed in {of}s");
        return Err(Error::new(ErrorKind::Windowing, message));
    }
    let is_named = |function: &Function, is_wanted: fn(&str) -> bool| {
        last_part(&function.name).is_some_and(|name| is_wanted(&name))
    };
    if has_expression(expr, |part| is_call(part, &|function| is_named(function, is_aggregate))) {
        let message = format!("aggregate functions are not allowed in {of}s");
        return Err(Error::new(ErrorKind::Grouping, message));
    }
    let is_set = |name: &str| SET_FUNCTIONS.contains(&name);
    if has_expression(expr, |part| is_call(part, &|function| is_named(function, is_set))) {
        return Err(Error::unsupported(format!("set-returning functions are not allowed in {of}s"), hint));
    }
    Ok(())
}

//! DISTINCT and ORDER BY within the call of an aggregate that shows its rows one by one.

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArgumentClause, FunctionArguments, ObjectName, OrderByExpr,
    OrderByOptions, Spanned,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::functions::distinct_form;
use crate::sql::parse::names::exact;

impl Analyzer<'_> {
    /// Makes DISTINCT the order by all arguments, of an aggregate that shows equal neighbours once. An order by constants is none,
    /// as it is for PostgreSQL: a number in it is no place of an argument.
    ///
    /// # Errors
    /// 42P10 for DISTINCT with an order by something else than the arguments.
    pub fn aggregate_order(&self, function: &mut Function, name: &str) -> Result<()> {
        let FunctionArguments::List(list) = &mut function.args else { return Ok(()) };
        let is_distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let mut given: Vec<Expr> = list.args.iter_mut().filter_map(plain_argument).map(|each| each.clone()).collect();
        let order = list.clauses.iter_mut().find_map(|clause| match clause {
            FunctionArgumentClause::OrderBy(order) => Some(order),
            _ => None,
        });
        let mut none = Vec::new();
        let keys = order.unwrap_or(&mut none);
        if is_distinct && let Some(key) = keys.iter().find(|key| !given.iter().any(|each| is_same(each, &key.expr))) {
            let message = "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list";
            return Err(self.at(Error::new(ErrorKind::InvalidColumnReference, message), key.expr.span().start));
        }
        keys.retain(|key| !is_constant(&key.expr));
        if let Some(form) = distinct_form(name).filter(|_| is_distinct) {
            given.retain(|each| !is_constant(each) && !keys.iter().any(|key| is_same(each, &key.expr)));
            let options = || OrderByOptions { asc: None, nulls_first: None };
            keys.extend(given.into_iter().map(|expr| OrderByExpr { expr, options: options(), with_fill: None }));
            list.duplicate_treatment = None;
            function.name = ObjectName::from(vec![exact(form.to_string())]);
        }
        if !none.is_empty() {
            list.clauses.push(FunctionArgumentClause::OrderBy(none));
        }
        list.clauses.retain(|clause| !matches!(clause, FunctionArgumentClause::OrderBy(keys) if keys.is_empty()));
        Ok(())
    }
}

fn is_constant(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(_))
}

/// Whether two expressions are written alike; a column may have its table before it in one of them.
fn is_same(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::CompoundIdentifier(parts), Expr::Identifier(name))
        | (Expr::Identifier(name), Expr::CompoundIdentifier(parts)) => parts.last() == Some(name),
        (Expr::Nested(inner), expr) | (expr, Expr::Nested(inner)) => is_same(inner, expr),
        _ => one == other,
    }
}

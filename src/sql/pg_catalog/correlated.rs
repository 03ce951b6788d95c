//! Correlated scalar subqueries, in the form the planner can turn into joins.
//!
//! It takes a subquery that aggregates and whose only outer conditions are equalities. So the one column goes into
//! `single_value`, which insists on one row, or into `first_value` for LIMIT 1. In other conditions an outer column is
//! replaced by the inner one it equals; a condition on outer columns alone moves out, into a CASE around the subquery.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Function, FunctionArgumentClause, FunctionArguments, Ident, LimitClause, Query,
    SelectItem, TableFactor, Value as Literal, Visit,
};

use crate::sql::names::{column_name, last_part};
use crate::sql::operators::call;
use crate::sql::pg_catalog::rewrite::plain_select;
use crate::sql::pg_catalog::rewrite_expr::{has_aggregate, order_of};
use crate::sql::walk::{change_expressions, has_expression};

/// The aggregate that insists on one row.
const SINGLE_VALUE: &str = "single_value";

/// The expression to use instead of a correlated subquery; `None` where it may stay as it is.
pub fn one_row(subquery: &Query) -> Option<Expr> {
    let own = own_relations(subquery)?;
    if !names_foreign(subquery, &own) {
        return None;
    }
    let mut query = subquery.clone();
    let order = order_of(&query);
    let limit_is_one = match &query.limit_clause {
        None => false,
        Some(LimitClause::LimitOffset { limit: Some(Expr::Value(value)), offset: None, .. }) => {
            matches!(&value.value, Literal::Number(number, _) if number == "1")
        }
        Some(_) => return None,
    };
    let select = plain_select(&mut query)?;
    if select.distinct.is_some() {
        return None;
    }
    let is_aggregated = has_aggregate(select);
    if !is_aggregated {
        let (expr, name) = match select.projection.as_slice() {
            [SelectItem::ExprWithAlias { expr, alias }] => (expr, alias.clone()),
            [SelectItem::UnnamedExpr(expr)] => (expr, Ident::with_quote('"', column_name(expr))),
            _ => return None,
        };
        let mut aggregate = call(if limit_is_one { "first_value" } else { SINGLE_VALUE }, vec![expr.clone()]);
        if let (true, false, Expr::Function(Function { args: FunctionArguments::List(list), .. })) =
            (limit_is_one, order.is_empty(), &mut aggregate)
        {
            list.clauses = vec![FunctionArgumentClause::OrderBy(order)];
        }
        select.projection = vec![SelectItem::ExprWithAlias { expr: aggregate, alias: name }];
    }
    let conditions = conjuncts(select.selection.take());
    let equal = equalities(&conditions, &own);
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for mut condition in conditions {
        if !is_equality(&condition, &own) {
            substitute(&mut condition, &equal);
        }
        // An aggregate of no rows is a row of its own: its conditions stay.
        let only_outer = !is_aggregated && names_foreign(&condition, &own) && !names_own(&condition, &own);
        if only_outer { outside.push(condition) } else { inside.push(condition) }
    }
    select.selection = joined(inside);
    query.order_by = None;
    query.limit_clause = None;
    let subquery = Expr::Subquery(Box::new(query));
    Some(match joined(outside) {
        None => subquery,
        Some(condition) => Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![CaseWhen { condition, result: subquery }],
            else_result: None,
        },
    })
}

fn conjuncts(selection: Option<Expr>) -> Vec<Expr> {
    match selection {
        None => Vec::new(),
        Some(Expr::BinaryOp { left, op: BinaryOperator::And, right }) => {
            let mut all = conjuncts(Some(*left));
            all.extend(conjuncts(Some(*right)));
            all
        }
        Some(Expr::Nested(inner)) if matches!(*inner, Expr::BinaryOp { op: BinaryOperator::And, .. }) => {
            conjuncts(Some(*inner))
        }
        Some(other) => vec![other],
    }
}

fn joined(conditions: Vec<Expr>) -> Option<Expr> {
    conditions.into_iter().reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    })
}

/// `outer column = inner expression`, either way round.
fn equality<'a>(condition: &'a Expr, own: &[String]) -> Option<(&'a [Ident], &'a Expr)> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { return None };
    match (left.as_ref(), right.as_ref()) {
        (Expr::CompoundIdentifier(parts), inner) if is_foreign(parts, own) && !names_foreign(inner, own) => {
            Some((parts, inner))
        }
        (inner, Expr::CompoundIdentifier(parts)) if is_foreign(parts, own) && !names_foreign(inner, own) => {
            Some((parts, inner))
        }
        _ => None,
    }
}

fn is_equality(condition: &Expr, own: &[String]) -> bool {
    equality(condition, own).is_some_and(|(_, inner)| names_own(inner, own))
}

fn equalities(conditions: &[Expr], own: &[String]) -> Vec<(Vec<Ident>, Expr)> {
    let found = conditions.iter().filter(|condition| is_equality(condition, own));
    found
        .filter_map(|condition| equality(condition, own))
        .map(|(outer, inner)| (outer.to_vec(), inner.clone()))
        .collect()
}

/// Replaces outer columns by the inner expressions that they equal.
fn substitute(condition: &mut Expr, equal: &[(Vec<Ident>, Expr)]) {
    change_expressions(condition, |part| {
        let inner = match part {
            Expr::CompoundIdentifier(parts) => equal.iter().find(|(outer, _)| same_name(outer, parts)),
            _ => None,
        };
        if let Some((_, inner)) = inner {
            *part = inner.clone();
        }
    });
}

fn same_name(a: &[Ident], b: &[Ident]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.value.eq_ignore_ascii_case(&b.value))
}

/// The names of the relations of a plain query; `None` where it has none, or is more than a SELECT.
fn own_relations(query: &Query) -> Option<Vec<String>> {
    let mut query = query.clone();
    let select = plain_select(&mut query)?;
    let mut own = Vec::new();
    for table in &select.from {
        for factor in std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation)) {
            own.extend(relation_name(factor));
        }
    }
    (!own.is_empty()).then_some(own)
}

/// Whether a column of a relation that is not among `own` is named.
fn names_foreign<T: Visit>(part: &T, own: &[String]) -> bool {
    has_expression(part, |expr| matches!(expr, Expr::CompoundIdentifier(parts) if is_foreign(parts, own)))
}

/// Whether a column of an own relation is named, or one without a relation before it.
fn names_own(part: &Expr, own: &[String]) -> bool {
    has_expression(part, |expr| match expr {
        Expr::Identifier(_) => true,
        Expr::CompoundIdentifier(parts) => !is_foreign(parts, own),
        _ => false,
    })
}

fn is_foreign(parts: &[Ident], own: &[String]) -> bool {
    let [.., relation, _] = parts else { return false };
    !own.iter().any(|name| name.eq_ignore_ascii_case(&relation.value))
}

fn relation_name(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { name, alias, .. } | TableFactor::Function { name, alias, .. } => match alias {
            Some(alias) => Some(alias.name.value.clone()),
            None => last_part(name),
        },
        TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => {
            alias.as_ref().map(|alias| alias.name.value.clone())
        }
        _ => None,
    }
}

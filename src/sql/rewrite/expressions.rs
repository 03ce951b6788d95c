//! The rules of [`rewrite`](crate::sql::pg_catalog::rewrite()) for single expressions.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, Distinct, DuplicateTreatment, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArguments, GroupByExpr, ObjectName, OrderByExpr, OrderByKind,
    Query, Select, SelectItem, Spanned, Statement, TableFactor, UnaryOperator, Value as Literal, Visit, Visitor,
    VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::functions::{ELEMENTS, plain_form};
use crate::sql::parse::names::{exact, last_part};
use crate::sql::parse::operators::{call, operator_called};
use crate::sql::parse::parse::{character, parse};
use crate::sql::parse::visit::{has_expression, visit, visit_mut};
use crate::sql::rewrite::rewrite::{SET_FUNCTIONS, plain_select};

/// Aggregates of the planner that make a SELECT yield a row of no rows.
const AGGREGATES: &[&str] = &[
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "every",
    "first_value",
    "json_agg",
    "json_agg_strict",
    "json_arrayagg",
    "json_object_agg",
    "json_object_agg_strict",
    "json_object_agg_unique",
    "json_object_agg_unique_strict",
    "json_objectagg",
    "jsonb_agg",
    "jsonb_agg_strict",
    "jsonb_object_agg",
    "jsonb_object_agg_strict",
    "jsonb_object_agg_unique",
    "jsonb_object_agg_unique_strict",
    "last_value",
    "max",
    "min",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "sum",
    "var_pop",
    "var_samp",
    "variance",
];

/// What holds the subquery of ANY and ALL, which may yield any number of rows, while scalar ones are rewritten.
const ROWS: &str = "$rows_of";

/// Hides the subquery of ANY or ALL from the rules for scalar subqueries.
pub fn keep_rows(expr: &mut Expr) {
    let (Expr::AnyOp { right, .. } | Expr::AllOp { right, .. }) = expr else { return };
    let mut inner = right.as_ref();
    while let Expr::Nested(nested) = inner {
        inner = nested;
    }
    let Expr::Subquery(query) = inner else { return };
    let mut rows = call(ROWS, Vec::new());
    if let Expr::Function(function) = &mut rows {
        function.args = FunctionArguments::Subquery(query.clone());
    }
    **right = rows;
}

/// The subquery that [`keep_rows`] hid.
pub fn kept_rows(expr: &Expr) -> Option<&Query> {
    let Expr::Function(Function { name, args: FunctionArguments::Subquery(query), .. }) = expr else { return None };
    (last_part(name)? == ROWS).then_some(query)
}

/// Rewrites one expression whose parts were rewritten already.
pub fn rewrite(expr: &mut Expr) {
    match expr {
        Expr::BinaryOp { op, .. } => {
            if let Some(plain) = plain_operator(op) {
                *op = plain;
            }
        }
        Expr::Function(function) => {
            if let Some(array) = array_of_subquery(function) {
                *expr = array;
            } else if let Some(function) = renamed(function) {
                *expr = function;
            }
        }
        Expr::IsNormalized { expr: text, form, negated } => {
            let form = form.as_ref().map_or_else(|| "NFC".to_string(), ToString::to_string);
            let text = std::mem::replace(text.as_mut(), Expr::value(Literal::Null));
            let is_normalized = call("is_normalized", vec![text, Expr::value(Literal::SingleQuotedString(form))]);
            *expr = match negated {
                true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(is_normalized) },
                false => is_normalized,
            };
        }
        Expr::Cast { expr: inner, data_type, array: false, .. } => {
            let name = data_type.to_string().to_ascii_lowercase();
            let name = name.trim_start_matches("pg_catalog.");
            if let ("text" | "varchar" | "name", Expr::Function(function)) = (name, inner.as_ref())
                && last_part(&function.name).as_deref() == Some("$regclass_oid")
            {
                *expr = call("regclass_out", arguments(function));
                return;
            }
            let is_class = name == "regclass";
            if let (true, Expr::Value(value)) = (is_class, inner.as_ref())
                && matches!(value.value, Literal::SingleQuotedString(_))
            {
                *expr = call("$regclass_oid", vec![Expr::Value(value.clone())]);
            }
        }
        _ => {}
    }
}

/// `OPERATOR(pg_catalog.~)` as `~`.
fn plain_operator(operator: &BinaryOperator) -> Option<BinaryOperator> {
    let BinaryOperator::PGCustomBinaryOperator(parts) = operator else { return None };
    operator_called(parts.last()?)
}

/// The expression of a plain argument.
pub fn argument(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

/// The plain arguments of a call.
pub fn arguments(function: &Function) -> Vec<Expr> {
    match &function.args {
        FunctionArguments::List(list) => list.args.iter().filter_map(argument).cloned().collect(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => Vec::new(),
    }
}

/// Types whose casts may be written as functions: `int8(x)`.
const CASTS: [&str; 12] = [
    "bool",
    "date",
    "float4",
    "float8",
    "int2",
    "int4",
    "int8",
    "interval",
    "numeric",
    "text",
    "timestamptz",
    "varchar",
];

/// Functions that are another function of other arguments.
pub fn renamed(function: &Function) -> Option<Expr> {
    let name = last_part(&function.name)?;
    let list = arguments(function);
    match (name.as_str(), list.as_slice()) {
        ("generate_subscripts", [array, dimension]) => {
            let bound = |name| call(name, vec![array.clone(), dimension.clone()]);
            Some(call("generate_series", vec![bound("array_lower"), bound("array_upper")]))
        }
        ("generate_subscripts", [array, dimension, is_reverse]) => {
            let bound = |name| call(name, vec![array.clone(), dimension.clone()]);
            let number = |digits: &str| Expr::value(Literal::Number(digits.to_string(), false));
            let either = |reverse: Expr, forward: Expr| Expr::Case {
                case_token: AttachedToken::empty(),
                end_token: AttachedToken::empty(),
                operand: None,
                conditions: vec![CaseWhen { condition: is_reverse.clone(), result: reverse }],
                else_result: Some(Box::new(forward)),
            };
            let (lower, upper) = (bound("array_lower"), bound("array_upper"));
            let back = Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(number("1")) };
            let (first, last) = (either(upper.clone(), lower.clone()), either(lower, upper));
            Some(call("generate_series", vec![first, last, either(back, number("1"))]))
        }
        ("string_to_table", [text, separator]) => Some(call("string_to_array", vec![text.clone(), separator.clone()])),
        ("mod", [left, right]) => Some(Expr::Nested(Box::new(Expr::BinaryOp {
            left: Box::new(Expr::Nested(Box::new(left.clone()))),
            op: BinaryOperator::Modulo,
            right: Box::new(Expr::Nested(Box::new(right.clone()))),
        }))),
        // All elements that are equal, where the planner's functions of these names take the first.
        ("array_remove", [_, _]) => Some(call("array_remove_all", list)),
        ("array_replace", [_, _, _]) => Some(call("array_replace_all", list)),
        ("sign", [number]) => Some(call("signum", vec![number.clone()])),
        ("ceiling", [number]) => Some(call("ceil", vec![number.clone()])),
        (ty, [value]) if CASTS.contains(&ty) => Some(Expr::Cast {
            kind: CastKind::DoubleColon,
            expr: Box::new(value.clone()),
            data_type: DataType::Custom(ObjectName::from(vec![exact(ty.to_string())]), Vec::new()),
            array: false,
            format: None,
        }),
        ("every", [condition]) if function.over.is_none() => Some(call("bool_and", vec![condition.clone()])),
        _ => None,
    }
}

/// `ARRAY(SELECT x …)` as a subquery that aggregates, and an empty array where that has no row.
fn array_of_subquery(function: &Function) -> Option<Expr> {
    let FunctionArguments::Subquery(query) = &function.args else { return None };
    if !last_part(&function.name)?.eq_ignore_ascii_case("array") {
        return None;
    }
    if let Some(prefixed) = prefixed_elements(query) {
        return Some(prefixed);
    }
    let aggregated = aggregated_select(query).or_else(|| aggregated_rows(query))?;
    Some(call(ELEMENTS, vec![Expr::Subquery(Box::new(aggregated))]))
}

/// A plain SELECT of rows with `array_agg` around its column; `None` where what is counted or grouped would be another.
fn aggregated_select(query: &Query) -> Option<Query> {
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return None;
    }
    let mut query = query.clone();
    let order = order_of(&query);
    let select = plain_select(&mut query)?;
    // The rows of a set are made before they are gathered.
    if has_aggregate(select) || has_set(select) || matches!(select.distinct, Some(Distinct::On(_))) {
        return None;
    }
    let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = select.projection.first()? else {
        return None;
    };
    // `ORDER BY 1` names the only column.
    let order = order.into_iter().map(|mut item| {
        if matches!(&item.expr, Expr::Value(value) if matches!(&value.value, Literal::Number(..))) {
            item.expr = expr.clone();
        }
        item
    });
    let clauses = match order.collect::<Vec<_>>() {
        none if none.is_empty() => Vec::new(),
        some => vec![FunctionArgumentClause::OrderBy(some)],
    };
    let duplicates = select.distinct.take().map(|_| DuplicateTreatment::Distinct);
    let mut aggregate = call("array_agg", vec![expr.clone()]);
    if let Expr::Function(Function { args: FunctionArguments::List(list), .. }) = &mut aggregate {
        list.clauses = clauses;
        list.duplicate_treatment = duplicates;
    }
    select.projection = vec![SelectItem::UnnamedExpr(aggregate)];
    query.order_by = None;
    Some(query)
}

/// `array_agg` over the rows of any query in their order.
fn aggregated_rows(query: &Query) -> Option<Query> {
    const ROWS: &str = "SELECT array_agg(\"$e\" ORDER BY \"$n\") FROM (SELECT \"$e\", row_number() OVER () AS \"$n\" \
                        FROM (SELECT 1) AS \"$rows\"(\"$e\")) AS \"$array\"";
    let Some(Statement::Query(mut aggregated)) = parse(ROWS).ok()?.statement else { return None };
    let put = visit_mut(aggregated.as_mut(), &mut Rows(query));
    put.is_break().then_some(*aggregated)
}

/// Puts a query in the place of `SELECT 1`.
struct Rows<'a>(&'a Query);

impl VisitorMut for Rows<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if query.to_string() != "SELECT 1" {
            return ControlFlow::Continue(());
        }
        *query = self.0.clone();
        ControlFlow::Break(())
    }
}

/// `ARRAY(SELECT 'p' || x FROM unnest(a) x)`: the elements of `a`, each behind a prefix.
fn prefixed_elements(query: &Query) -> Option<Expr> {
    let mut query = query.clone();
    let select = plain_select(&mut query)?;
    let [SelectItem::UnnamedExpr(Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right })] =
        select.projection.as_slice()
    else {
        return None;
    };
    let ([from], None) = (select.from.as_slice(), &select.selection) else { return None };
    let TableFactor::UNNEST { alias: Some(alias), array_exprs, .. } = &from.relation else { return None };
    let ([array], Expr::Identifier(element), true) = (array_exprs.as_slice(), right.as_ref(), from.joins.is_empty())
    else {
        return None;
    };
    (element.value == alias.name.value).then(|| call("array_prefix", vec![left.as_ref().clone(), array.clone()]))
}

/// The ORDER BY of a query.
pub fn order_of(query: &Query) -> Vec<OrderByExpr> {
    match query.order_by.as_ref().map(|order| &order.kind) {
        Some(OrderByKind::Expressions(list)) => list.clone(),
        _ => Vec::new(),
    }
}

/// Whether a SELECT groups or aggregates.
pub fn has_aggregate(select: &Select) -> bool {
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(list, _) => !list.is_empty(),
    };
    grouped || select.having.is_some() || select.projection.iter().any(is_aggregate)
}

fn is_aggregate(item: &SelectItem) -> bool {
    let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { return false };
    visit(expr, &mut OwnAggregate { depth: 0, windows: false, found: None }).is_break()
}

/// Refuses functions over several rows, outside of subqueries, where an expression is of one row.
///
/// # Errors
/// 42803 for an aggregate, 42P20 for a window function.
pub fn check_one_row(node: &impl Visit, place: &str, text: &str) -> Result<()> {
    for (windows, kind, what) in [(false, ErrorKind::Grouping, "aggregate"), (true, ErrorKind::Windowing, "window")] {
        let mut sought = OwnAggregate { depth: 0, windows, found: None };
        if visit(node, &mut sought).is_break() {
            let error = Error::new(kind, format!("{what} functions are not allowed in {place}"));
            let position = sought.found.and_then(|location| character(text, location));
            return Err(position.map_or_else(|| error.clone(), |position| error.clone().with_position(position)));
        }
    }
    Ok(())
}

/// Looks for an aggregate, or for a window function, that is not in a subquery.
struct OwnAggregate {
    depth: usize,
    windows: bool,
    found: Option<Location>,
}

impl Visitor for OwnAggregate {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) if self.depth == 0 => {
                let is_sought = match self.windows {
                    true => function.over.is_some(),
                    false => function.over.is_none() && names_aggregate(function),
                };
                if !is_sought {
                    return ControlFlow::Continue(());
                }
                self.found = Some(function.name.span().start);
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn names_aggregate(function: &Function) -> bool {
    !function.within_group.is_empty()
        || last_part(&function.name).is_some_and(|name| AGGREGATES.contains(&plain_form(&name)))
}

/// Whether an expression holds a subquery.
pub fn has_subquery(expr: &Expr) -> bool {
    has_expression(expr, |part| match part {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => true,
        Expr::Function(function) => matches!(function.args, FunctionArguments::Subquery(_)),
        _ => false,
    })
}

/// Whether [`rewrite`] gives a result column another name than PostgreSQL would.
pub fn changes_name(expr: &Expr) -> bool {
    has_expression(expr, |part| match part {
        Expr::Subquery(_) => true,
        Expr::Function(function) => {
            matches!(function.args, FunctionArguments::Subquery(_)) || renamed(function).is_some()
        }
        Expr::Cast { data_type, .. } => data_type.to_string().to_ascii_lowercase().contains("regclass"),
        _ => false,
    })
}

/// The expression as a type.
pub fn as_type(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// A name that is shown as a relation: `SELECT 'items'::regclass` answers the name, not the number.
pub fn shown_name(expr: &mut Expr) -> bool {
    if let Expr::Function(function) = &*expr
        && let Some(shown) = last_part(&function.name).and_then(|name| shown_by(&name))
    {
        *expr = call(shown, vec![expr.clone()]);
        return true;
    }
    let Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr: inner, data_type, array: false, .. } = expr
    else {
        return false;
    };
    let Expr::Value(value) = inner.as_ref() else { return false };
    if !matches!(value.value, Literal::SingleQuotedString(_)) {
        return false;
    }
    let ty = data_type.to_string().to_ascii_lowercase();
    let function = match ty.trim_start_matches("pg_catalog.") {
        "regclass" => "regclass_out",
        "regtype" => "regtype_out",
        "regnamespace" => "regnamespace_out",
        _ => return false,
    };
    *expr = call(function, vec![Expr::Value(value.clone())]);
    true
}

/// What shows the name of what a function found by it.
fn shown_by(function: &str) -> Option<&'static str> {
    match function {
        "to_regclass" => Some("regclass_out"),
        "to_regtype" => Some("regtype_out"),
        "to_regnamespace" => Some("regnamespace_out"),
        "to_regproc" => Some("regproc_out"),
        _ => None,
    }
}

/// Whether what a SELECT shows calls a function that returns a set.
fn has_set(select: &Select) -> bool {
    select.projection.iter().any(|item| {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { return false };
        has_expression(expr, |part| {
            let Expr::Function(function) = part else { return false };
            last_part(&function.name).is_some_and(|name| name == "unnest" || SET_FUNCTIONS.contains(&name.as_str()))
        })
    })
}

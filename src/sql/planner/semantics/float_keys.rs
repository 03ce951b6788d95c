//! One NaN, greatest of all, and one zero, in everything the planner compares; intervals and JSON by their values.
//!
//! Arrow orders floats by their bits: a NaN that was computed (its sign is set on x86) stands below all numbers, NaNs of
//! different bits are different, and -0.0 is less than 0.0. PostgreSQL knows one NaN above everything, and -0 = 0. So
//! whatever is compared, sorted, grouped, joined or looked up by a float goes through a function that gives equal values
//! equal bits; `min`, `max`, `greatest` and `least` see their NaNs through another one, which keeps -0. The values
//! themselves stay as they are: PostgreSQL stores -0 and prints it, and a group shows the first of its values.
//!
//! Intervals are compared by their length and JSON by its sort key. Where a statement writes a comparison, `analyze::jsonb`
//! has done so already; here follow the ones that the planner makes: set operations, USING, IN with a subquery, DISTINCT ON,
//! elements of arrays.
//!
//! [`with_constant_keys`] runs before the optimiser, which computes with constants; [`with_float_keys`] runs after it, so
//! that scans, nearest searches and joins are recognised by the expressions that were written.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, IntervalUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::expr_fn::first_value;
use datafusion::logical_expr::expr::{AggregateFunction, Between, Case, InList, ScalarFunction, Sort, WindowFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{disjunction, merge_schema};
use datafusion::logical_expr::{Aggregate, BinaryExpr, Expr, ExprSchemable, Join, LogicalPlan, Operator, Projection};

use crate::sql::arrow::types::{is_number_text, type_of};
use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::functions::{float_key, is_float_key, json_key, numeric_key, one_nan, range_key};
use crate::sql::planner::semantics::number_keys::number_key;
use crate::sql::planner::semantics::set_keys::grouped_by_sets;
use crate::sql::planner::semantics::window_keys::with_key_columns;
use crate::types::{ColumnType, RangeKind};

/// Which sides of a comparison get keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySides {
    /// Those that the optimiser may compute.
    Constants,
    /// Those, and in joins all whose keys are of another type: the optimiser computes with what it finds on the other side.
    Joined,
    All,
}

/// The plan with keys for the constants of comparisons.
///
/// # Errors
/// As [`keyed`].
pub fn with_constant_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| {
        let schema = merge_schema(&plan.inputs());
        Ok(match plan {
            LogicalPlan::Join(join) => {
                mapped(LogicalPlan::Join(joined(join, KeySides::Joined)), &schema, KeySides::Joined)?
            }
            other => mapped(other, &schema, KeySides::Constants)?,
        })
    })?;
    Ok(plan.data)
}

/// The plan with keys wherever floats are compared, sorted, grouped or joined by.
///
/// # Errors
/// None but a defect of the rewrite: a node that the planner cannot build.
pub fn with_float_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| {
        let schema = merge_schema(&plan.inputs());
        let plan = mapped(plan, &schema, KeySides::All)?.data;
        Ok(Transformed::yes(match plan {
            LogicalPlan::Sort(mut sort) => {
                sort.expr = sorted(sort.expr, &schema);
                LogicalPlan::Sort(sort)
            }
            LogicalPlan::Join(join) => LogicalPlan::Join(joined(join, KeySides::All)),
            LogicalPlan::Aggregate(aggregate) => grouped(aggregate)?,
            LogicalPlan::Window(window) => with_key_columns(window)?,
            LogicalPlan::RecursiveQuery(mut query) if query.is_distinct => {
                query.static_term = with_one_nan(query.static_term)?;
                query.recursive_term = with_one_nan(query.recursive_term)?;
                LogicalPlan::RecursiveQuery(query)
            }
            other => other,
        }))
    })?;
    Ok(plan.data)
}

fn mapped(plan: LogicalPlan, schema: &DFSchema, sides: KeySides) -> Result<Transformed<LogicalPlan>> {
    if matches!(plan, LogicalPlan::TableScan(_)) {
        return Ok(Transformed::no(plan));
    }
    let names = NamePreserver::new(&plan);
    plan.map_own_expressions(|expr| {
        let name = names.save(&expr);
        Ok(keyed(expr, schema, sides)?.update_data(|expr| name.restore(expr)))
    })
}

/// The expression with keys in its comparisons.
///
/// # Errors
/// None but a defect of the rewrite: a comparison that lost a side.
pub fn keyed(expr: Expr, schema: &DFSchema, sides: KeySides) -> Result<Transformed<Expr>> {
    let has_key = |expr: &Expr| kind_of(expr, schema).is_some();
    let is_number = |expr: &Expr| kind_of(expr, schema) == Some(KeyKind::Number);
    let key = |values: Vec<Expr>| keys(values, schema, sides).into_iter();
    expr.map_up(|part| {
        Ok(match without_single_list(part) {
            Expr::BinaryExpr(BinaryExpr { left, op, right })
                if is_comparison(op) && is_number(&left) != is_number(&right) =>
            {
                let (left, right) = (number_key(*left, schema)?, number_key(*right, schema)?);
                Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) && has_key(&left) => {
                let mut keys = key(vec![*left, *right]).map(Box::new);
                let (Some(left), Some(right)) = (keys.next(), keys.next()) else { return lost() };
                Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(left, op, right)))
            }
            Expr::InList(InList { expr, list, negated }) if has_key(&expr) => {
                let mut keys = key(std::iter::once(*expr).chain(list).collect());
                let Some(expr) = keys.next() else { return lost() };
                Transformed::yes(listed(expr, keys.collect(), negated, sides))
            }
            Expr::InList(InList { expr, list, negated }) if list.iter().any(|each| !is_constant(each)) => {
                Transformed::yes(listed(*expr, list, negated, sides))
            }
            Expr::Between(Between { expr, negated, low, high }) if has_key(&expr) => {
                let mut keys = key(vec![*expr, *low, *high]).map(Box::new);
                let (Some(expr), Some(low), Some(high)) = (keys.next(), keys.next(), keys.next()) else {
                    return lost();
                };
                Transformed::yes(Expr::Between(Between { expr, negated, low, high }))
            }
            Expr::Case(Case { expr: Some(operand), when_then_expr, else_expr }) if has_key(&operand) => {
                let (whens, thens): (Vec<_>, Vec<_>) =
                    when_then_expr.into_iter().map(|(when, then)| (*when, then)).unzip();
                let mut keys = key(std::iter::once(*operand).chain(whens).collect()).map(Box::new);
                let operand = keys.next();
                Transformed::yes(Expr::Case(Case::new(operand, keys.zip(thens).collect(), else_expr)))
            }
            Expr::ScalarFunction(function) => called(function, schema, sides),
            Expr::AggregateFunction(function) if sides == KeySides::All => {
                Transformed::yes(Expr::AggregateFunction(aggregated(function, schema)))
            }
            Expr::WindowFunction(function) if sides == KeySides::All => {
                Transformed::yes(Expr::WindowFunction(Box::new(windowed(*function, schema))))
            }
            other => Transformed::no(other),
        })
    })
}

/// A value among one is a comparison: of a column of an outer query among itself the planner takes the list for true, whether
/// or not it is NULL.
fn without_single_list(expr: Expr) -> Expr {
    match expr {
        Expr::InList(InList { expr, mut list, negated }) if list.len() == 1 => match list.pop() {
            Some(only) if negated => (*expr).not_eq(only),
            Some(only) => (*expr).eq(only),
            None => Expr::InList(InList { expr, list, negated }),
        },
        other => other,
    }
}

/// A value among others. Where one of them is computed of a row, they are compared one by one: the planner takes a CASE that
/// has a constant result for a batch of no rows for that constant.
fn listed(expr: Expr, list: Vec<Expr>, negated: bool, sides: KeySides) -> Expr {
    let is_computed = |each: &Expr| !matches!(each, Expr::Column(_)) && !is_constant(each);
    if sides != KeySides::All || expr.is_volatile() || !list.iter().any(is_computed) {
        return Expr::InList(InList::new(Box::new(expr), list, negated));
    }
    let equal = disjunction(list.into_iter().map(|each| expr.clone().eq(each)));
    match equal {
        Some(equal) if negated => Expr::Not(Box::new(equal)),
        Some(equal) => equal,
        None => datafusion::logical_expr::lit(negated),
    }
}

fn lost<T>() -> Result<T> {
    Err(DataFusionError::Internal("a comparison lost a side".to_string()))
}

fn called(function: ScalarFunction, schema: &DFSchema, sides: KeySides) -> Transformed<Expr> {
    let ScalarFunction { func, mut args } = function;
    let Some(kind) = args.first().and_then(|first| kind_of(first, schema)) else {
        return Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }));
    };
    match (func.name(), args.as_slice()) {
        ("nullif", [value, other]) => {
            let mut keys = keys(vec![value.clone(), other.clone()], schema, sides).into_iter().map(Box::new);
            let (Some(left), Some(right)) = (keys.next(), keys.next()) else {
                return Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }));
            };
            let equal = BinaryExpr::new(left, Operator::Eq, right);
            let null = Expr::Literal(ScalarValue::Null, None);
            let null = value.get_type(schema).map_or(null.clone(), |ty| {
                ScalarValue::try_from(&ty).map_or(null, |scalar| Expr::Literal(scalar, None))
            });
            let branches = vec![(Box::new(Expr::BinaryExpr(equal)), Box::new(null))];
            Transformed::yes(Expr::Case(Case::new(None, branches, Some(Box::new(value.clone())))))
        }
        ("greatest" | "least", _) if kind == KeyKind::Float && !args.iter().all(is_one_nan) => {
            Transformed::yes(Expr::ScalarFunction(ScalarFunction {
                func,
                args: args.into_iter().map(one_nan).collect(),
            }))
        }
        (name, [_, _, ..]) if searches_list(name) || (kind == KeyKind::Float && changes_list(name)) => {
            let rest = args.split_off(2);
            args = keys(args, schema, sides).into_iter().chain(rest).collect();
            Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args }))
        }
        _ => Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })),
    }
}

/// Functions that compare the elements of their first two arguments, and return none of them.
fn searches_list(name: &str) -> bool {
    matches!(name, "array_position" | "array_positions" | "array_has" | "array_has_all" | "array_has_any")
}

/// Functions that compare the elements of a list with a value, and return the list without it.
fn changes_list(name: &str) -> bool {
    matches!(name, "array_remove" | "array_remove_all" | "array_replace" | "array_replace_all")
}

fn is_one_nan(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(function) if function.name() == crate::sql::functions::ONE_NAN)
}

fn aggregated(mut function: AggregateFunction, schema: &DFSchema) -> AggregateFunction {
    let params = &mut function.params;
    let is_extreme = matches!(function.func.name(), "min" | "max");
    params.args = std::mem::take(&mut params.args)
        .into_iter()
        .map(|argument| match (params.distinct, is_extreme) {
            (true, _) if function.func.name() == "count" => own_key(argument, schema),
            _ if !has_float(&argument, schema) => argument,
            (_, true) => one_nan(argument),
            (true, false) => float_key(argument),
            (false, false) => argument,
        })
        .collect();
    if !params.distinct {
        params.order_by = sorted(std::mem::take(&mut params.order_by), schema);
    }
    function
}

fn windowed(mut function: WindowFunction, schema: &DFSchema) -> WindowFunction {
    let params = &mut function.params;
    if matches!(function.fun.name(), "min" | "max") {
        let extreme = |argument| if has_float(&argument, schema) { one_nan(argument) } else { argument };
        params.args = std::mem::take(&mut params.args).into_iter().map(extreme).collect();
    }
    let key = |expr| own_key(expr, schema);
    params.partition_by = std::mem::take(&mut params.partition_by).into_iter().map(key).collect();
    params.order_by = sorted(std::mem::take(&mut params.order_by), schema);
    function
}

fn sorted(list: Vec<Sort>, schema: &DFSchema) -> Vec<Sort> {
    list.into_iter().map(|sort| Sort { expr: own_key(sort.expr, schema), ..sort }).collect()
}

fn joined(mut join: Join, sides: KeySides) -> Join {
    let (left, right) = (Arc::clone(join.left.schema()), Arc::clone(join.right.schema()));
    let keys = std::mem::take(&mut join.on).into_iter();
    let key = |(a, b): (Expr, Expr)| {
        let kind = kind_of(&a, &left).filter(|kind| sides == KeySides::All || *kind != KeyKind::Float);
        if kind.is_some() && kind == kind_of(&b, &right) { (own_key(a, &left), own_key(b, &right)) } else { (a, b) }
    };
    join.on = keys.map(key).collect();
    join
}

/// A term of a recursive UNION, which finds rows again by their bits; it knows one zero by itself.
fn with_one_nan(term: Arc<LogicalPlan>) -> Result<Arc<LogicalPlan>> {
    let schema = Arc::clone(term.schema());
    let columns: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
    if !columns.iter().any(|column| has_float(column, &schema)) {
        return Ok(term);
    }
    let shown = columns.into_iter().map(|column| match &column {
        Expr::Column(Column { relation, name, .. }) if has_float(&column, &schema) => {
            let (relation, name) = (relation.clone(), name.clone());
            one_nan(column).alias_qualified(relation, name)
        }
        _ => column,
    });
    Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(shown.collect(), term)?)))
}

/// GROUP BY: groups are made by keys, and each shows the first of its values.
fn grouped(aggregate: Aggregate) -> Result<LogicalPlan> {
    let input = Arc::clone(aggregate.input.schema());
    if let [Expr::GroupingSet(_)] = aggregate.group_expr.as_slice() {
        return grouped_by_sets(aggregate);
    }
    if !aggregate.group_expr.iter().any(|expr| kind_of(expr, &input).is_some()) {
        return Ok(LogicalPlan::Aggregate(aggregate));
    }
    let Aggregate { input: rows, group_expr, mut aggr_expr, schema, .. } = aggregate;
    let count = group_expr.len();
    let mut groups = Vec::with_capacity(count);
    let mut shown = Vec::with_capacity(schema.fields().len());
    let mut first_values = Vec::new();
    for (position, expr) in group_expr.into_iter().enumerate() {
        let (relation, field) = schema.qualified_field(position);
        if kind_of(&expr, &input).is_none() {
            shown.push(Expr::Column(Column::from((relation, field))));
            groups.push(expr);
            continue;
        }
        let (key, first) = (format!("$key{position}"), format!("$first{position}"));
        first_values.push(first_value(expr.clone().unalias(), Vec::new()).alias(&first));
        shown.push(Expr::Column(Column::from_name(first)).alias_qualified(relation.cloned(), field.name()));
        groups.push(own_key(expr.unalias(), &input).alias(key));
    }
    shown.extend(
        (count..schema.fields().len()).map(|position| Expr::Column(Column::from(schema.qualified_field(position)))),
    );
    aggr_expr.extend(first_values);
    let aggregate = LogicalPlan::Aggregate(Aggregate::try_new(rows, groups, aggr_expr)?);
    Ok(LogicalPlan::Projection(Projection::try_new(shown, Arc::new(aggregate))?))
}

/// What a value is compared by, where it is not the value itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A float of equal bits for equal values.
    Float,
    /// How long an interval is.
    Length,
    /// The bytes that JSON is ordered by.
    Json,
    /// The bytes that equal ranges of numbers share.
    Range,
    /// The bytes that shown numbers are ordered by.
    Number,
}

/// What the values of an expression, or the elements of its lists, are compared by.
pub fn kind_of(expr: &Expr, schema: &DFSchema) -> Option<KeyKind> {
    fn kind(ty: &DataType) -> Option<KeyKind> {
        match ty {
            DataType::Float32 | DataType::Float64 => Some(KeyKind::Float),
            DataType::Interval(IntervalUnit::MonthDayNano) => Some(KeyKind::Length),
            DataType::List(element) => kind(element.data_type()),
            _ => None,
        }
    }
    let (_, field) = expr.to_field(schema).ok()?;
    if is_number_text(&field) {
        return Some(KeyKind::Number);
    }
    let ty = type_of(&field);
    let is_list = matches!(field.data_type(), DataType::List(_)) && matches!(ty, ColumnType::Array(_));
    if is_list && *ty.base() == ColumnType::Numeric(None) {
        return Some(KeyKind::Number);
    }
    kind(field.data_type()).or(match ty {
        ColumnType::Jsonb => Some(KeyKind::Json),
        ColumnType::Range(RangeKind::Numeric) | ColumnType::Multirange(RangeKind::Numeric) => Some(KeyKind::Range),
        _ => None,
    })
}

/// Whether values of an expression may be equal and look different.
pub fn has_key(expr: &Expr, schema: &DFSchema) -> bool {
    kind_of(expr, schema).is_some()
}

/// The keys of values that are compared with one another, of the sides that are wanted. A key of another type is given to
/// all of them or to none.
fn keys(values: Vec<Expr>, schema: &DFSchema, sides: KeySides) -> Vec<Expr> {
    let kinds: Vec<Option<KeyKind>> = values.iter().map(|value| kind_of(value, schema)).collect();
    match kinds.first() {
        Some(Some(KeyKind::Float)) => values.into_iter().map(|value| key_of(value, schema, sides)).collect(),
        Some(Some(kind)) => {
            let is_wanted = sides != KeySides::Constants || values.iter().all(is_constant);
            if !is_wanted || kinds.iter().any(|other| *other != Some(*kind)) {
                return values;
            }
            values.into_iter().map(|value| own_key(value, schema)).collect()
        }
        _ => values,
    }
}

/// The key of an expression by itself.
fn own_key(expr: Expr, schema: &DFSchema) -> Expr {
    match kind_of(&expr, schema) {
        Some(KeyKind::Float) => key_of(expr, schema, KeySides::All),
        Some(KeyKind::Length) => float_key(expr),
        Some(KeyKind::Json) => json_key(expr.clone()).unwrap_or(expr),
        Some(KeyKind::Range) => range_key(expr.clone()).unwrap_or(expr),
        Some(KeyKind::Number) => numeric_key(expr.clone()).unwrap_or(expr),
        None => expr,
    }
}

/// The key of an expression, where it is a float and of the sides that are wanted.
fn key_of(expr: Expr, schema: &DFSchema, sides: KeySides) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Float64(Some(number)), metadata) => {
            Expr::Literal(ScalarValue::Float64(Some(key_of_float8(number))), metadata)
        }
        Expr::Literal(ScalarValue::Float32(Some(number)), metadata) => {
            Expr::Literal(ScalarValue::Float32(Some(key_of_float4(number))), metadata)
        }
        expr if !has_float(&expr, schema) || is_float_key(&expr) => expr,
        expr if sides != KeySides::All && !is_constant(&expr) => expr,
        expr => float_key(expr),
    }
}

/// Equal floats have equal keys, whose bits are in their order.
fn key_of_float8(number: f64) -> f64 {
    if number.is_nan() { f64::NAN } else { number + 0.0 }
}

/// As [`key_of_float8`].
fn key_of_float4(number: f32) -> f32 {
    if number.is_nan() { f32::NAN } else { number + 0.0 }
}

pub fn is_constant(expr: &Expr) -> bool {
    let has_input = expr.any_part(|part| {
        Ok(!matches!(
            part,
            Expr::Literal(..)
                | Expr::BinaryExpr(_)
                | Expr::ScalarFunction(_)
                | Expr::Cast(_)
                | Expr::Negative(_)
                | Expr::Alias(_)
                | Expr::Case(_)
        ))
    });
    !has_input.unwrap_or(true)
}

fn is_comparison(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

/// Whether an expression's values are floats, or lists of them.
pub fn has_float(expr: &Expr, schema: &DFSchema) -> bool {
    kind_of(expr, schema) == Some(KeyKind::Float)
}

//! One NaN, greatest of all, and one zero, in everything the planner compares.
//!
//! Arrow orders floats by their bits: a NaN that was computed (its sign is set on x86) stands below all numbers, NaNs of
//! different bits are different, and -0.0 is less than 0.0. PostgreSQL knows one NaN above everything, and -0 = 0. So
//! whatever is compared, sorted, grouped, joined or looked up by a float goes through a function that gives equal values
//! equal bits; `min`, `max`, `greatest` and `least` see their NaNs through another one, which keeps -0. The values
//! themselves stay as they are: PostgreSQL stores -0 and prints it, and a group shows the first of its values.
//!
//! [`with_constant_keys`] runs before the optimiser, which computes with constants; [`with_float_keys`] runs after it, so
//! that scans, nearest searches and joins are recognised by the expressions that were written.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::first_value;
use datafusion::logical_expr::expr::{AggregateFunction, Case, InList, ScalarFunction, Sort, WindowFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Expr, ExprSchemable, Join, LogicalPlan, LogicalPlanBuilder, Operator, Projection,
};

use crate::sql::functions::{float_key, is_float_key, one_nan};

/// Which sides of a comparison get keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Those that the optimiser may compute.
    Constants,
    All,
}

/// The plan with keys for the constants of comparisons.
pub fn with_constant_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|plan| {
        let schema = merge_schema(&plan.inputs());
        mapped(plan, &schema, Sides::Constants)
    })?;
    Ok(plan.data)
}

/// The plan with keys wherever floats are compared, sorted, grouped or joined by.
pub fn with_float_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|plan| {
        let schema = merge_schema(&plan.inputs());
        let plan = mapped(plan, &schema, Sides::All)?.data;
        Ok(Transformed::yes(match plan {
            LogicalPlan::Sort(mut sort) => {
                sort.expr = sorted(sort.expr, &schema);
                LogicalPlan::Sort(sort)
            }
            LogicalPlan::Join(join) => LogicalPlan::Join(joined(join)),
            LogicalPlan::Aggregate(aggregate) => grouped(aggregate)?,
            other => other,
        }))
    })?;
    Ok(plan.data)
}

fn mapped(plan: LogicalPlan, schema: &DFSchema, sides: Sides) -> Result<Transformed<LogicalPlan>> {
    if matches!(plan, LogicalPlan::TableScan(_)) {
        return Ok(Transformed::no(plan));
    }
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        Ok(keyed(expr, schema, sides)?.update_data(|expr| name.restore(expr)))
    })
}

/// The expression with keys in its comparisons.
pub fn keyed(expr: Expr, schema: &DFSchema, sides: Sides) -> Result<Transformed<Expr>> {
    let key = |expr: Expr| key_of(expr, schema, sides);
    let boxed = |expr: Box<Expr>| Box::new(key(*expr));
    expr.transform_up(|part| {
        Ok(match part {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) && has_float(&left, schema) => {
                Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(boxed(left), op, boxed(right))))
            }
            Expr::InList(InList { expr, list, negated }) if has_float(&expr, schema) => {
                Transformed::yes(Expr::InList(InList::new(boxed(expr), list.into_iter().map(key).collect(), negated)))
            }
            Expr::Between(mut between) if has_float(&between.expr, schema) => {
                between.expr = boxed(between.expr);
                between.low = boxed(between.low);
                between.high = boxed(between.high);
                Transformed::yes(Expr::Between(between))
            }
            Expr::Case(Case { expr: Some(operand), when_then_expr, else_expr }) if has_float(&operand, schema) => {
                let branches = when_then_expr.into_iter().map(|(when, then)| (boxed(when), then)).collect();
                Transformed::yes(Expr::Case(Case::new(Some(boxed(operand)), branches, else_expr)))
            }
            Expr::ScalarFunction(function) => called(function, schema, sides),
            Expr::AggregateFunction(function) if sides == Sides::All => {
                Transformed::yes(Expr::AggregateFunction(aggregated(function, schema)))
            }
            Expr::WindowFunction(function) if sides == Sides::All => {
                Transformed::yes(Expr::WindowFunction(Box::new(windowed(*function, schema))))
            }
            other => Transformed::no(other),
        })
    })
}

fn called(function: ScalarFunction, schema: &DFSchema, sides: Sides) -> Transformed<Expr> {
    let ScalarFunction { func, args } = function;
    let is_float = args.first().is_some_and(|first| has_float(first, schema));
    match (func.name(), args.as_slice()) {
        ("nullif", [value, other]) if is_float => {
            let equal = BinaryExpr::new(
                Box::new(key_of(value.clone(), schema, sides)),
                Operator::Eq,
                Box::new(key_of(other.clone(), schema, sides)),
            );
            let null = Expr::Literal(ScalarValue::Null, None);
            let null = value.get_type(schema).map_or(null.clone(), |ty| {
                ScalarValue::try_from(&ty).map_or(null, |scalar| Expr::Literal(scalar, None))
            });
            let branches = vec![(Box::new(Expr::BinaryExpr(equal)), Box::new(null))];
            Transformed::yes(Expr::Case(Case::new(None, branches, Some(Box::new(value.clone())))))
        }
        ("greatest" | "least", _) if is_float && !args.iter().all(is_one_nan) => {
            Transformed::yes(Expr::ScalarFunction(ScalarFunction {
                func,
                args: args.into_iter().map(one_nan).collect(),
            }))
        }
        _ => Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })),
    }
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
    let key = |expr| key_of(expr, schema, Sides::All);
    params.partition_by = std::mem::take(&mut params.partition_by).into_iter().map(key).collect();
    params.order_by = sorted(std::mem::take(&mut params.order_by), schema);
    function
}

fn sorted(list: Vec<Sort>, schema: &DFSchema) -> Vec<Sort> {
    list.into_iter().map(|sort| Sort { expr: key_of(sort.expr, schema, Sides::All), ..sort }).collect()
}

fn joined(mut join: Join) -> Join {
    let (left, right) = (Arc::clone(join.left.schema()), Arc::clone(join.right.schema()));
    let keys = std::mem::take(&mut join.on).into_iter();
    join.on = keys.map(|(a, b)| (key_of(a, &left, Sides::All), key_of(b, &right, Sides::All))).collect();
    join
}

/// GROUP BY: groups are made by keys, and each shows the first of its values.
fn grouped(aggregate: Aggregate) -> Result<LogicalPlan> {
    let input = Arc::clone(aggregate.input.schema());
    if let [Expr::GroupingSet(_)] = aggregate.group_expr.as_slice() {
        return grouped_by_sets(aggregate);
    }
    if !aggregate.group_expr.iter().any(|expr| has_float(expr, &input)) {
        return Ok(LogicalPlan::Aggregate(aggregate));
    }
    let Aggregate { input: rows, group_expr, mut aggr_expr, schema, .. } = aggregate;
    let count = group_expr.len();
    let mut groups = Vec::with_capacity(count);
    let mut shown = Vec::with_capacity(schema.fields().len());
    let mut first_values = Vec::new();
    for (position, expr) in group_expr.into_iter().enumerate() {
        let (relation, field) = schema.qualified_field(position);
        if !has_float(&expr, &input) {
            shown.push(Expr::Column(Column::from((relation, field))));
            groups.push(expr);
            continue;
        }
        let (key, first) = (format!("$key{position}"), format!("$first{position}"));
        first_values.push(first_value(expr.clone().unalias(), Vec::new()).alias(&first));
        shown.push(Expr::Column(Column::from_name(first)).alias_qualified(relation.cloned(), field.name()));
        groups.push(float_key(expr.unalias()).alias(key));
    }
    shown.extend(
        (count..schema.fields().len()).map(|position| Expr::Column(Column::from(schema.qualified_field(position)))),
    );
    aggr_expr.extend(first_values);
    let aggregate = LogicalPlan::Aggregate(Aggregate::try_new(rows, groups, aggr_expr)?);
    Ok(LogicalPlan::Projection(Projection::try_new(shown, Arc::new(aggregate))?))
}

/// GROUPING SETS, ROLLUP and CUBE: the input's columns that are grouped by become their keys.
fn grouped_by_sets(aggregate: Aggregate) -> Result<LogicalPlan> {
    let input = Arc::clone(aggregate.input.schema());
    let mut floats: Vec<Column> = Vec::new();
    for expr in &aggregate.group_expr {
        floats.extend(
            expr.column_refs()
                .into_iter()
                .filter(|column| has_float(&Expr::Column((*column).clone()), &input))
                .cloned(),
        );
    }
    if floats.is_empty() {
        return Ok(LogicalPlan::Aggregate(aggregate));
    }
    let columns = input.columns().into_iter().map(|column| {
        let is_key = floats.contains(&column);
        let (relation, name) = (column.relation.clone(), column.name.clone());
        let column = Expr::Column(column);
        if is_key { float_key(column).alias_qualified(relation, name) } else { column }
    });
    let rows = LogicalPlanBuilder::from(Arc::clone(&aggregate.input)).project(columns.collect::<Vec<_>>())?.build()?;
    Ok(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(rows), aggregate.group_expr, aggregate.aggr_expr)?))
}

/// The key of an expression, where it is a float and of the sides that are wanted.
fn key_of(expr: Expr, schema: &DFSchema, sides: Sides) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Float64(Some(number)), metadata) => {
            Expr::Literal(ScalarValue::Float64(Some(key_of_float8(number))), metadata)
        }
        Expr::Literal(ScalarValue::Float32(Some(number)), metadata) => {
            Expr::Literal(ScalarValue::Float32(Some(key_of_float4(number))), metadata)
        }
        expr if !has_float(&expr, schema) || is_float_key(&expr) => expr,
        expr if sides == Sides::Constants && !is_constant(&expr) => expr,
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

fn is_constant(expr: &Expr) -> bool {
    let has_input = expr.exists(|part| {
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
fn has_float(expr: &Expr, schema: &DFSchema) -> bool {
    use datafusion::arrow::datatypes::DataType;
    fn is_float(ty: &DataType) -> bool {
        match ty {
            DataType::Float32 | DataType::Float64 => true,
            DataType::List(element) => is_float(element.data_type()),
            _ => false,
        }
    }
    expr.get_type(schema).is_ok_and(|ty| is_float(&ty))
}

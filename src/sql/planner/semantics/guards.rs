//! Guards guard: `CASE WHEN a ~ '^[0-9]+$' THEN a::int > 5 END` and `jsonb_typeof(v) = 'number' AND (v #>> '{}')::int > 5`.
//!
//! PostgreSQL evaluates expressions row by row, and stops at what decides. The planner evaluates whole batches, computes
//! both sides of most ANDs, and makes AND and OR of a CASE whose result is boolean, to take them apart and move the parts.
//! Either way an expression that can fail meets rows from which it was guarded. So AND, OR, COALESCE and CASE of boolean
//! results become one function ([`Lazy`]) where a part of them can fail: it hides the parts from the optimiser and evaluates
//! each on the rows that reach it only. The conjuncts of WHERE and ON stay apart until the optimiser has placed them; then
//! those of one place are joined in the same way. FILTER guards the arguments of its aggregate.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::{AggregateFunctionParams, Case, ScalarFunction, WindowFunctionParams};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, merge_schema, split_binary_owned};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, when};

use crate::sql::arrow::types::is_number_text;
use crate::sql::arrow::walks::{PlanWalks, TreeWalks};
use crate::sql::functions::{JSON_SORT_KEY, NUMBER_KEPT, NUMBER_OF, NUMERIC_KEY, RANGE_SORT_KEY, number_kept};
use crate::sql::planner::semantics::attempt::{attempted, marked};
use crate::sql::planner::semantics::lazy::{LazyKind, hide, lazy};

/// Functions that have a value for any arguments; of every other it is assumed that it can fail.
const TOTAL: &[&str] = &[
    "$elements",
    "$float_key",
    "$nullable",
    "$named",
    "$one_nan",
    "$representation",
    "$any:=",
    "$all:<>",
    "ascii",
    "bit_length",
    "btrim",
    "char_length",
    "character_length",
    "coalesce",
    "concat",
    "concat_ws",
    "ends_with",
    "greatest",
    "jsonb_array_element",
    "jsonb_array_element_text",
    "jsonb_contains",
    "jsonb_exists",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_object_field",
    "jsonb_object_field_text",
    "jsonb_typeof",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "now",
    "nullif",
    "octet_length",
    "replace",
    "reverse",
    "right",
    "rtrim",
    "starts_with",
    "strpos",
    "trim",
    "upper",
];

/// The plan with lazy functions for its AND, OR, COALESCE and CASE whose parts can fail, before the optimiser sees it.
///
/// # Errors
/// As [`hide`].
pub fn with_lazy_branches(plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| {
        if matches!(plan, LogicalPlan::TableScan(_)) {
            return Ok(Transformed::no(plan));
        }
        let schema = merge_schema(&plan.inputs());
        let names = NamePreserver::new(&plan);
        let is_condition = matches!(plan, LogicalPlan::Filter(_) | LogicalPlan::Join(_));
        plan.map_own_expressions(|expr| {
            if !can_fail(&expr, &schema) {
                return Ok(Transformed::no(expr));
            }
            let name = names.save(&expr);
            let guards = Guards { schema: &schema, state };
            let guarded = if is_condition { guards.conjuncts(expr)? } else { guards.branches(expr)? };
            Ok(guarded.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(plan.data)
}

/// The optimised plan with the conjuncts of each of its filters joined: an error counts if no other conjunct drops the row.
///
/// # Errors
/// As [`hide`].
pub fn with_lazy_filters(plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
    let plan = plan.map_up_with_subqueries(|plan| match plan {
        LogicalPlan::Filter(mut filter) => {
            let schema = filter.input.schema().as_ref().clone();
            filter.predicate = Guards { schema: &schema, state }.condition(filter.predicate)?;
            Ok(Transformed::yes(LogicalPlan::Filter(filter)))
        }
        LogicalPlan::Join(mut join) => {
            let schema = merge_schema(&[&join.left, &join.right]);
            if let Some(filter) = join.filter.take() {
                join.filter = Some(Guards { schema: &schema, state }.join_condition(filter)?);
            }
            Ok(Transformed::yes(LogicalPlan::Join(join)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(plan.data)
}

/// Rewrites expressions over one input.
struct Guards<'a> {
    schema: &'a DFSchema,
    state: &'a SessionState,
}

impl Guards<'_> {
    /// A condition that the optimiser takes apart: the guards inside its conjuncts.
    fn conjuncts(&self, condition: Expr) -> Result<Transformed<Expr>> {
        let parts = split_binary_owned(condition, Operator::And).into_iter();
        let parts = parts.map(|part| self.branches(part).map(|guarded| guarded.data)).collect::<Result<Vec<_>>>()?;
        // What cannot fail goes first: then nothing that can is computed ahead for several conjuncts.
        let (fallible, total): (Vec<Expr>, Vec<Expr>) = parts.into_iter().partition(|part| can_fail(part, self.schema));
        Ok(match conjunction(total.into_iter().chain(fallible)) {
            Some(condition) => Transformed::yes(condition),
            None => Transformed::no(datafusion::logical_expr::lit(true)),
        })
    }

    /// A condition that stays where it is.
    fn condition(&self, condition: Expr) -> Result<Expr> {
        let is_conjunction = matches!(&condition, Expr::BinaryExpr(BinaryExpr { op: Operator::And, .. }));
        if !is_conjunction || !can_fail(&condition, self.schema) {
            return Ok(condition);
        }
        let parts = split_binary_owned(condition, Operator::And);
        self.lazy(LazyKind::Conditions, parts)
    }

    /// A condition of a join, of which the planner would compute what reads one side only before it joins.
    fn join_condition(&self, condition: Expr) -> Result<Expr> {
        if !can_fail(&condition, self.schema) {
            return Ok(condition);
        }
        self.lazy(LazyKind::Conditions, split_binary_owned(condition, Operator::And))
    }

    /// The guards anywhere in an expression.
    fn branches(&self, expr: Expr) -> Result<Transformed<Expr>> {
        expr.map_down(|part| {
            if !self.can_hide(&part) {
                return Ok(Transformed::no(part));
            }
            match part {
                Expr::BinaryExpr(BinaryExpr { op: op @ (Operator::And | Operator::Or), .. }) => {
                    let kind = if op == Operator::And { LazyKind::And } else { LazyKind::Or };
                    self.lazy(kind, split_binary_owned(part, op)).map(done)
                }
                Expr::Case(case) => self.case(case),
                Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "coalesce" => {
                    self.coalesce(ScalarFunction { func, args })
                }
                Expr::AggregateFunction(mut function) => {
                    let AggregateFunctionParams { args, filter, .. } = &mut function.params;
                    filtered(args, filter.as_deref(), self.schema)?;
                    Ok(Transformed::yes(Expr::AggregateFunction(function)))
                }
                Expr::WindowFunction(mut function) => {
                    let WindowFunctionParams { args, filter, .. } = &mut function.params;
                    filtered(args, filter.as_deref(), self.schema)?;
                    Ok(Transformed::yes(Expr::WindowFunction(function)))
                }
                Expr::ScalarFunction(_) if marked(&part).is_some() => self.attempt(part),
                other => Ok(Transformed::no(other)),
            }
        })
    }

    /// Whether something can fail in an expression, and nothing in it has to stay visible.
    fn can_hide(&self, expr: &Expr) -> bool {
        let is_bound = expr.any_part(|part| {
            Ok(matches!(part, Expr::Lambda(_) | Expr::LambdaVariable(_) | Expr::Unnest(_) | Expr::Placeholder(_)))
        });
        !is_bound.unwrap_or(true) && can_fail(expr, self.schema)
    }

    /// CASE: one with a boolean result is the kind that the optimiser takes apart, others are lazy by themselves.
    fn case(&self, case: Case) -> Result<Transformed<Expr>> {
        let ty = Expr::Case(case.clone()).get_type(self.schema)?;
        let is_repeatable = case.expr.as_ref().is_none_or(|operand| !operand.is_volatile());
        if ty != DataType::Boolean || !is_repeatable {
            return Ok(Transformed::no(Expr::Case(case)));
        }
        let mut parts = Vec::with_capacity(case.when_then_expr.len() * 2 + 1);
        for (when, then) in case.when_then_expr {
            parts.push(match &case.expr {
                Some(operand) => Expr::BinaryExpr(BinaryExpr::new(operand.clone(), Operator::Eq, when)),
                None => *when,
            });
            parts.push(*then);
        }
        parts.extend(case.else_expr.map(|otherwise| *otherwise));
        self.lazy(LazyKind::Case, parts).map(done)
    }

    /// A value that is computed ahead.
    fn attempt(&self, mark: Expr) -> Result<Transformed<Expr>> {
        let Some(value) = marked(&mark).cloned() else { return Ok(Transformed::no(mark)) };
        let value = self.branches(value)?.data;
        if !can_fail(&value, self.schema) || value.is_volatile() {
            return Ok(done(value));
        }
        let (_, field) = value.to_field(self.schema)?;
        let field = Arc::new(field.as_ref().clone().with_nullable(true));
        Ok(done(attempted(hide(vec![value], self.schema, self.state)?, field)))
    }

    fn coalesce(&self, function: ScalarFunction) -> Result<Transformed<Expr>> {
        let ScalarFunction { func, args } = function;
        let expr = Expr::ScalarFunction(ScalarFunction { func, args: args.clone() });
        if expr.get_type(self.schema)? != DataType::Boolean || args.iter().any(Expr::is_volatile) {
            return Ok(Transformed::no(expr));
        }
        let mut parts = Vec::with_capacity(args.len() * 2);
        let last = args.len().saturating_sub(1);
        for (position, argument) in args.into_iter().enumerate() {
            if position < last {
                parts.push(argument.clone().is_not_null());
            }
            parts.push(argument);
        }
        self.lazy(LazyKind::Case, parts).map(done)
    }

    fn lazy(&self, kind: LazyKind, parts: Vec<Expr>) -> Result<Expr> {
        let parts = parts.into_iter().map(|part| self.branches(part).map(|guarded| guarded.data));
        let mut parts = parts.collect::<Result<Vec<_>>>()?;
        if kind != LazyKind::Case {
            parts.sort_by_key(|part| can_fail(part, self.schema));
        }
        lazy(kind, parts, self.schema, self.state)
    }
}

fn done(expr: Expr) -> Transformed<Expr> {
    Transformed::new(expr, true, TreeNodeRecursion::Jump)
}

/// The arguments of an aggregate, in a window or not, are computed of the rows that its FILTER lets pass only.
fn filtered(arguments: &mut [Expr], filter: Option<&Expr>, schema: &DFSchema) -> Result<()> {
    let Some(filter) = filter else { return Ok(()) };
    for argument in arguments {
        if can_fail(argument, schema) {
            let is_number = is_number_text(&argument.to_field(schema)?.1);
            let filtered = when(filter.clone(), std::mem::take(argument)).end()?;
            *argument = if is_number { number_kept(filtered) } else { filtered };
        }
    }
    Ok(())
}

/// Whether evaluating an expression on some row may be an error.
pub fn can_fail(expr: &Expr, schema: &DFSchema) -> bool {
    expr.any_part(|part| Ok(!is_total(part, schema))).unwrap_or(true)
}

/// Whether a node has a value for all values of its parts.
fn is_total(expr: &Expr, schema: &DFSchema) -> bool {
    match expr {
        Expr::Alias(_)
        | Expr::Column(_)
        | Expr::Literal(..)
        | Expr::OuterReferenceColumn(..)
        | Expr::Placeholder(_)
        | Expr::ScalarSubquery(_)
        | Expr::Exists(_)
        | Expr::InSubquery(_)
        | Expr::AggregateFunction(_)
        | Expr::WindowFunction(_)
        | Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::Between(_)
        | Expr::Case(_)
        | Expr::InList(_) => true,
        Expr::Like(like) => matches!(like.pattern.as_ref(), Expr::Literal(..)),
        Expr::BinaryExpr(BinaryExpr { op, .. }) => matches!(
            op,
            Operator::Eq
                | Operator::NotEq
                | Operator::Lt
                | Operator::LtEq
                | Operator::Gt
                | Operator::GtEq
                | Operator::And
                | Operator::Or
                | Operator::IsDistinctFrom
                | Operator::IsNotDistinctFrom
                | Operator::StringConcat
        ),
        Expr::Cast(cast) => match (cast.expr.get_type(schema), cast.field.data_type()) {
            (Ok(from), to) => is_widening(&from, to),
            _ => false,
        },
        Expr::ScalarFunction(function) => {
            let has_numbers = || function.args.iter().all(|argument| is_exact(argument, schema));
            TOTAL.contains(&function.name())
                || matches!(function.name(), JSON_SORT_KEY | NUMBER_KEPT | RANGE_SORT_KEY)
                || (matches!(function.name(), NUMERIC_KEY | NUMBER_OF) && has_numbers())
                || is_text_cast(function)
        }
        _ => false,
    }
}

/// Whether all values are exact numbers.
fn is_exact(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| {
        let ty = field.data_type();
        ty.is_integer() || matches!(ty, DataType::Decimal128(..)) || is_number_text(&field)
    })
}

/// Whether a cast of the planner has a result for each value.
fn is_widening(from: &DataType, to: &DataType) -> bool {
    let width = |ty: &DataType| match ty {
        DataType::Int16 => Some(16),
        DataType::Int32 | DataType::UInt32 => Some(32),
        DataType::Int64 => Some(64),
        _ => None,
    };
    let is_text = |ty: &DataType| matches!(ty, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    match (from, to) {
        (from, to) if from == to || from.is_null() || (is_text(from) && is_text(to)) => true,
        (DataType::Float32, DataType::Float64) => true,
        (DataType::Decimal128(..), DataType::Float32 | DataType::Float64) => true,
        (DataType::Decimal128(a, b), DataType::Decimal128(p, s)) => {
            s >= b && i16::from(*p) - i16::from(*s) >= i16::from(*a) - i16::from(*b)
        }
        (from, DataType::Float32 | DataType::Float64) => width(from).is_some(),
        (from, DataType::Decimal128(p, s)) => width(from).is_some() && i16::from(*p) - i16::from(*s) >= 19,
        (from, to) => matches!((width(from), width(to)), (Some(a), Some(b)) if a < b),
    }
}

/// Everything has a text.
fn is_text_cast(function: &ScalarFunction) -> bool {
    crate::sql::arrow::cast_functions::cast_target(function.name()) == Some(crate::types::ColumnType::Text)
}

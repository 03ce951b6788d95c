//! A logical rule: sort by distance with a limit becomes a nearest search inside the scan.
//!
//! `Sort(distance(column, constant)) fetch k` over a chain of projections, aliases and cheap filters that ends in a
//! collection's scan keeps the sort, for the exact order of what is found, and gives the scan the search, which brings all
//! rows that are as far away as the last one where further expressions decide among them. Filters that the
//! scan evaluates are inside the search. A filter left above it would drop rows after the search and make LIMIT k return
//! fewer than k, so such a chain stays as it is, unless the filter only bounds the same distance. Rows
//! without a vector come last, unless an index is used, which does not hold them.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator, Sort, SubqueryAlias};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use crate::db::{Nearest, Target};
use crate::expr::{Operand, Scalar};
use crate::sql::arrow::reading::value_at;
use crate::sql::arrow::walks::TreeWalks;
use crate::sql::parse::operators::distance_metric;
use crate::sql::relational::collection_table::{CollectionTable, NearestScan};
use crate::types::limits::NEAREST_LIMIT_MAX;
use crate::types::{ColumnType, Value};
use crate::vector::Metric;

#[derive(Debug)]
pub struct NearestRule;

impl OptimizerRule for NearestRule {
    fn name(&self) -> &str {
        "nearest_search"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Sort(sort) = &plan else { return Ok(Transformed::no(plan)) };
        let (Some(limit), Some(first)) = (sort.fetch, sort.expr.first()) else { return Ok(Transformed::no(plan)) };
        if !first.asc || first.nulls_first || limit == 0 || limit > NEAREST_LIMIT_MAX {
            return Ok(Transformed::no(plan));
        }
        // Binding parameters keeps an expression's name as an alias.
        let order = first.expr.clone().unalias_nested().data;
        // The expressions behind the distance decide among rows that are equally near.
        let keeps_ties = sort.expr.len() > 1;
        match search_below(&sort.input, &order, limit, keeps_ties)? {
            Some(input) => Ok(Transformed::yes(LogicalPlan::Sort(Sort {
                expr: sort.expr.clone(),
                input: Arc::new(input),
                fetch: sort.fetch,
            }))),
            None => Ok(Transformed::no(plan)),
        }
    }
}

/// The input with the search in its scan; `None` when its shape does not allow it.
fn search_below(plan: &LogicalPlan, order: &Expr, limit: usize, keeps_ties: bool) -> Result<Option<LogicalPlan>> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let order = through(order, plan, &projection.expr)?;
            rebuilt(plan, search_below(&projection.input, &order, limit, keeps_ties)?)
        }
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, .. }) => {
            let inner: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
            let order = through(order, plan, &inner)?;
            rebuilt(plan, search_below(input, &order, limit, keeps_ties)?)
        }
        LogicalPlan::Filter(filter) if bounds_distance(&filter.predicate, order) => {
            rebuilt(plan, search_below(&filter.input, order, limit, keeps_ties)?)
        }
        LogicalPlan::TableScan(scan) => {
            let provider = source_as_provider(&scan.source)?;
            let any: &dyn std::any::Any = provider.as_ref();
            let Some(table) = any.downcast_ref::<CollectionTable>() else { return Ok(None) };
            let Some(nearest) = nearest(order, table, keeps_ties) else { return Ok(None) };
            if table.has_nearest() || scan.fetch.is_some() {
                return Ok(None);
            }
            let mut scan = scan.clone();
            scan.source = provider_as_source(Arc::new(table.with_nearest(NearestScan { nearest, limit })));
            Ok(Some(LogicalPlan::TableScan(scan)))
        }
        _ => Ok(None),
    }
}

fn rebuilt(plan: &LogicalPlan, input: Option<LogicalPlan>) -> Result<Option<LogicalPlan>> {
    match input {
        Some(input) => plan.with_new_exprs(plan.expressions(), vec![input]).map(Some),
        None => Ok(None),
    }
}

/// The expression in terms of a node's input: its columns replaced by what the node computes them from.
fn through(order: &Expr, node: &LogicalPlan, computed: &[Expr]) -> Result<Expr> {
    let schema = node.schema();
    order
        .clone()
        .map_up(|expr| {
            let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
            let source = position(schema, column).and_then(|position| computed.get(position));
            Ok(match source {
                Some(source) => Transformed::yes(source.clone().unalias_nested().data),
                None => Transformed::no(expr),
            })
        })
        .map(|transformed| transformed.data)
}

fn position(schema: &datafusion::common::DFSchema, column: &Column) -> Option<usize> {
    schema.maybe_index_of_column(column)
}

/// The search that an order asks for.
fn nearest(order: &Expr, table: &CollectionTable, keeps_ties: bool) -> Option<Nearest> {
    let (metric, column, target) = distance(order)?;
    let column = table.column(&column.name)?;
    let Operand::Column(position) = &column.operand else { return None };
    if !column.ty.is_dense_vector() {
        return None;
    }
    let Some(Value::Vector(target)) = vector(target) else { return None };
    Some(Nearest {
        column: *position,
        target: Target::Scalar(Scalar::Value(Value::Vector(target))),
        metric,
        ef: None,
        within: Vec::new(),
        is_filter: false,
        keeps_missing: true,
        keeps_ties,
    })
}

/// The parts of a distance between a column and a constant.
fn distance(expr: &Expr) -> Option<(Metric, &Column, &ScalarValue)> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return None };
    let metric = distance_metric(func.name())?;
    match args.as_slice() {
        [Expr::Column(column), Expr::Literal(target, _)] | [Expr::Literal(target, _), Expr::Column(column)] => {
            Some((metric, column, target))
        }
        _ => None,
    }
}

fn vector(scalar: &ScalarValue) -> Option<Value> {
    let array = scalar.to_array_of_size(1).ok()?;
    value_at(&array, 0, &ColumnType::Vector(None)).ok()
}

/// Whether a filter only says how far away rows may be: the nearest of all, filtered, are the nearest of those that pass.
fn bounds_distance(predicate: &Expr, order: &Expr) -> bool {
    match predicate {
        Expr::BinaryExpr(binary) => match binary.op {
            Operator::And => bounds_distance(&binary.left, order) && bounds_distance(&binary.right, order),
            Operator::Lt | Operator::LtEq => {
                binary.left.as_ref() == order && matches!(binary.right.as_ref(), Expr::Literal(..))
            }
            Operator::Gt | Operator::GtEq => {
                binary.right.as_ref() == order && matches!(binary.left.as_ref(), Expr::Literal(..))
            }
            _ => false,
        },
        _ => false,
    }
}

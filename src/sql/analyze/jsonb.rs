//! `jsonb`, `interval`, `sparsevec`, `tsvector`, `tsquery` and `numrange` by value: `{"a": 1}` equals `{"a": 1.0}`, and a month equals 30 days.
//!
//! The planner holds JSON as text and an interval as its parts. Where values are compared, grouped or ordered it gets
//! their sort keys instead, which are equal and ordered as the values are; a group shows the first of the values that it
//! holds.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, OrderByExpr, Select, SelectItem, Value as Literal, VisitMut, VisitorMut,
};

use crate::error::Result;
use crate::sql::analyze::analyzer::{Analyzer, is_ordinal};
use crate::sql::analyze::scope::ScopeColumn;
use crate::sql::functions::{FULL_TEXT_SORT_KEY, INTERVAL_KEY, JSON_SORT_KEY, RANGE_SORT_KEY, SPARSE_SORT_KEY};
use crate::sql::parse::names::{exact, last_part};
use crate::sql::parse::operators::call;
use crate::sql::parse::visit::{has_expression, visit_mut};
use crate::sql::relational::engine;
use crate::sql::rewrite::expressions::has_aggregate;
use crate::types::{ColumnType, RangeKind};

/// The function that makes the sort keys of a type; `None` for a type that is compared as it is.
pub fn sort_key(ty: Option<&ColumnType>) -> Option<&'static str> {
    match ty {
        Some(ColumnType::Jsonb) => Some(JSON_SORT_KEY),
        Some(ColumnType::Interval) => Some(INTERVAL_KEY),
        Some(ColumnType::Sparsevec(_)) => Some(SPARSE_SORT_KEY),
        Some(ColumnType::TsVector | ColumnType::TsQuery) => Some(FULL_TEXT_SORT_KEY),
        // Of others the values lie in bytes that are compared as they are.
        Some(ColumnType::Range(RangeKind::Numeric) | ColumnType::Multirange(RangeKind::Numeric)) => {
            Some(RANGE_SORT_KEY)
        }
        _ => None,
    }
}

/// Replaces a value by its sort key.
pub fn by_value(expr: &mut Expr, key: &str) {
    *expr = call(key, vec![expr.clone()]);
}

impl Analyzer<'_> {
    /// An item of ORDER BY, by value.
    ///
    /// # Errors
    /// As [`Analyzer::order_item`].
    pub fn ordered(&mut self, item: &mut OrderByExpr, outputs: &[ScopeColumn]) -> Result<()> {
        let ty = self.order_item(item, outputs)?;
        let Some(key) = sort_key(ty.as_ref()) else { return Ok(()) };
        if let Some(output) = ordinal(&item.expr).and_then(|position| outputs.get(position)) {
            if outputs.iter().filter(|other| other.name == output.name).count() > 1 {
                return Ok(());
            }
            item.expr = Expr::Identifier(exact(output.label.clone().unwrap_or_else(|| output.name.clone())));
        }
        by_value(&mut item.expr, key);
        Ok(())
    }
}

/// Makes DISTINCT with keyed columns the grouping that it is; the types of what it groups by.
pub fn distinct_keyed(select: &mut Select, columns: &[ScopeColumn]) -> Option<Vec<Option<ColumnType>>> {
    let is_plain = matches!(select.distinct, Some(Distinct::Distinct))
        && select.projection.len() == columns.len()
        && !has_aggregate(select)
        && !select.projection.iter().any(has_window);
    if !is_plain || !columns.iter().any(|column| sort_key(column.ty.as_ref()).is_some()) {
        return None;
    }
    let (mut grouped, mut types) = (Vec::new(), Vec::new());
    for (position, (item, column)) in select.projection.iter().zip(columns).enumerate() {
        if !matches!(value(item), Some(Expr::Value(_)) | None) {
            grouped.push(Expr::value(Literal::Number((position + 1).to_string(), false)));
            types.push(column.ty.clone());
        }
    }
    if grouped.is_empty() {
        return None;
    }
    select.distinct = None;
    select.group_by = GroupByExpr::Expressions(grouped, Vec::new());
    Some(types)
}

/// Groups by the values of keyed types. The clauses were walked already; `types` are those of the items of GROUP BY.
pub fn group_keyed(
    select: &mut Select,
    types: &[Option<ColumnType>],
    columns: &[ScopeColumn],
    order: Option<&mut Vec<OrderByExpr>>,
) {
    let Select { group_by: GroupByExpr::Expressions(list, _), projection, having, .. } = select else { return };
    let mut replaced: Vec<Expr> = Vec::new();
    for (item, ty) in list.iter_mut().zip(types) {
        let Some(key) = sort_key(ty.as_ref()) else { continue };
        if let Some(output) = ordinal(item).and_then(|position| projection.get(position)).and_then(value) {
            *item = output.clone();
        }
        replaced.push(item.clone());
        by_value(item, key);
    }
    if replaced.is_empty() {
        return;
    }
    // A position means its item as it was, not with the first value of a group inside of it.
    for item in list.iter_mut() {
        if let Some(output) = ordinal(item).and_then(|position| projection.get(position)).and_then(value)
            && has_expression(output, |part| replaced.contains(part))
        {
            *item = output.clone();
        }
    }
    let mut shown = Representative { grouped: &replaced, whole: list, aggregates: 0 };
    for (item, column) in projection.iter_mut().zip(columns) {
        let before = item.clone();
        shown.put(item);
        // A column keeps its name.
        if let SelectItem::UnnamedExpr(expr) = &*item
            && *item != before
        {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: exact(column.name.clone()) };
        }
    }
    having.iter_mut().for_each(|condition| shown.put(condition));
    order.into_iter().flatten().for_each(|item| shown.put(&mut item.expr));
}

/// Puts the first value of a group where a grouped value stands outside of aggregates.
struct Representative<'a> {
    grouped: &'a [Expr],
    /// All that is grouped by: what stands there is the same for all rows of a group, and so is what it is made of.
    whole: &'a [Expr],
    /// How many aggregates and grouped expressions the walk is inside of.
    aggregates: usize,
}

impl Representative<'_> {
    fn put(&mut self, part: &mut impl VisitMut) {
        let walked = visit_mut(part, self);
        debug_assert!(walked.is_continue());
    }

    fn is_inside(&self, expr: &Expr) -> bool {
        is_aggregate(expr) || self.whole.contains(expr)
    }
}

impl VisitorMut for Representative<'_> {
    type Break = ();

    /// A whole comes before its parts: what is grouped may hold another grouped expression.
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.aggregates == 0 && self.grouped.contains(expr) {
            *expr = call("first_value", vec![expr.clone()]);
        }
        self.aggregates += usize::from(self.is_inside(expr));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.aggregates = self.aggregates.saturating_sub(usize::from(self.is_inside(expr)));
        ControlFlow::Continue(())
    }
}

/// Whether an expression is a call of an aggregate.
pub fn is_aggregate(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if last_part(&function.name).is_some_and(|name| engine::is_aggregate(&name)))
}

fn has_window(item: &SelectItem) -> bool {
    matches!(value(item), Some(Expr::Function(function)) if function.over.is_some())
}

/// The 0-based position that a number in ORDER BY or GROUP BY means.
pub fn ordinal(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) if is_ordinal(expr) => match &value.value {
            Literal::Number(digits, _) => digits.parse::<usize>().ok()?.checked_sub(1),
            _ => None,
        },
        _ => None,
    }
}

/// The expression of an item of SELECT.
pub fn value(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

//! The short path: queries over one collection that `db` answers itself, and rows of constants.
//!
//! An analysed SELECT whose outputs, filter, order and limit have an exact counterpart in [`Query`] becomes one, once; each
//! Execute binds parameters and runs it without planning. Anything else is `None` and goes to the planner: joins,
//! subqueries, windows, expressions. `lower_filter` does conditions, `lower_groups` GROUP BY, aggregates and DISTINCT.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, LimitClause, OrderByExpr, OrderByKind, Query as SqlQuery, Select, SelectItem,
    SetExpr, TableFactor, UnaryOperator, Value as Literal,
};

use crate::db::{AggregateQuery, Nearest, Order, OrderBy, Output, Query, Target};
use crate::expr::{Operand, ParameterTypes, Scalar};
use crate::model::IndexKind;
use crate::sql::analyze::analyzer::Analysis;
use crate::sql::analyze::literals::{placeholder, string_of};
use crate::sql::arrow::arithmetic_functions::checked_float_function;
use crate::sql::functions::NUMERIC_KEY;
use crate::sql::parse::names::folded;
use crate::sql::parse::operators::{called, distance_metric};
use crate::sql::parse::trees::unnested;
use crate::sql::relational::collection_table::{CollectionTable, FACTS_VIEW, StatementTable, TableColumn};
use crate::types::{ColumnType, Value};
use crate::vector::Metric;

/// A query that needs no planner.
#[expect(clippy::large_enum_variant, reason = "one a prepared statement, and boxing would cost each Execute")]
#[derive(Clone, Debug)]
pub enum LoweredQuery {
    Query {
        query: Query,
        types: Vec<ColumnType>,
    },
    /// Groups and aggregates.
    Groups {
        query: AggregateQuery,
        types: Vec<ColumnType>,
    },
    /// Rows of constants and parameters: `SELECT 1`, `VALUES ($1, $2)`.
    Rows {
        rows: Vec<Vec<Scalar>>,
        types: Vec<ColumnType>,
    },
}

/// What lowering looks at.
///
/// Its methods lie by clause in the files of this folder, and share the collection, the parameters and the constants.
pub struct Lowering<'a> {
    pub table: Option<&'a CollectionTable>,
    pub constants: &'a [(Value, ColumnType)],
    pub first_constant: usize,
    pub parameters: &'a ParameterTypes,
}

/// A distance between a vector column and a constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Distance {
    pub metric: Metric,
    pub column: usize,
    pub target: Scalar,
}

/// The short form of a query, where it has one.
pub fn lower(analysis: &Analysis, first_constant: usize, parameters: &ParameterTypes) -> Option<LoweredQuery> {
    let query = &analysis.query;
    if query.with.is_some() {
        return None;
    }
    let mut lowering = Lowering { table: None, constants: &analysis.constants, first_constant, parameters };
    match query.body.as_ref() {
        SetExpr::Values(values) if is_bare(query) => {
            let rows = values.rows.iter().map(|row| lowering.constants_of(&row.content));
            let rows = rows.collect::<Option<Vec<_>>>()?;
            let types = common_types(&rows)?;
            Some(LoweredQuery::Rows {
                rows: rows.into_iter().map(|row| row.into_iter().map(|(scalar, _)| scalar).collect()).collect(),
                types,
            })
        }
        SetExpr::Select(select) if select.from.is_empty() => {
            if !is_plain(select) || !is_bare(query) || select.selection.is_some() {
                return None;
            }
            let outputs = select.projection.iter().map(item_expr).collect::<Option<Vec<_>>>()?;
            let row = outputs.into_iter().map(|expr| lowering.scalar(expr)).collect::<Option<Vec<_>>>()?;
            let (row, types) = row.into_iter().map(|(scalar, ty)| (scalar, shown(ty))).unzip();
            Some(LoweredQuery::Rows { rows: vec![row], types })
        }
        SetExpr::Select(select) => {
            lowering.table = Some(single_table(select, analysis)?);
            let entries = if is_plain(select) { lowering.select(query, select) } else { None };
            entries.or_else(|| lowering.groups(query, select))
        }
        _ => None,
    }
}

fn is_bare(query: &SqlQuery) -> bool {
    query.order_by.is_none() && query.limit_clause.is_none()
}

fn is_plain(select: &Select) -> bool {
    select.distinct.is_none()
        && select.having.is_none()
        && select.named_window.is_empty()
        && select.qualify.is_none()
        && select.lateral_views.is_empty()
        && matches!(&select.group_by, GroupByExpr::Expressions(list, modifiers) if list.is_empty() && modifiers.is_empty())
}

/// The types of the columns of constant rows; `None` where the rows disagree.
fn common_types(rows: &[Vec<(Scalar, ColumnType)>]) -> Option<Vec<ColumnType>> {
    let first: Vec<ColumnType> = rows.first()?.iter().map(|(_, ty)| shown(ty.clone())).collect();
    let agree = rows.iter().all(|row| {
        row.len() == first.len() && row.iter().zip(&first).all(|((_, ty), first)| shown(ty.clone()) == *first)
    });
    agree.then_some(first)
}

/// A number of which a key is compared.
fn unkeyed(expr: &Expr) -> &Expr {
    match called(expr) {
        Some((NUMERIC_KEY, arguments)) => arguments.first().copied().unwrap_or(expr),
        _ => expr,
    }
}

/// The type a constant shows: a number literal's digits are no declared precision.
pub fn shown(ty: ColumnType) -> ColumnType {
    match ty {
        ColumnType::Numeric(_) => ColumnType::Numeric(None),
        other => other,
    }
}

fn single_table<'a>(select: &Select, analysis: &'a Analysis) -> Option<&'a CollectionTable> {
    let [item] = select.from.as_slice() else { return None };
    let TableFactor::Table { name, alias, args: None, .. } = &item.relation else { return None };
    if !item.joins.is_empty() || alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) {
        return None;
    }
    let [part] = name.0.as_slice() else { return None };
    match analysis.tables.get(&part.as_ident()?.value)? {
        // Facts have the type of each value, the view one type a column: the planner's scan converts them.
        StatementTable::Collection(table) if part.as_ident()?.value != format!("public.{FACTS_VIEW}") => Some(table),
        _ => None,
    }
}

pub fn item_expr(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

impl<'a> Lowering<'a> {
    fn select(&self, query: &SqlQuery, select: &Select) -> Option<LoweredQuery> {
        let table = self.table?;
        let outputs = select.projection.iter().map(item_expr).collect::<Option<Vec<_>>>()?;
        let (limit, offset) = self.window(query.limit_clause.as_ref())?;
        let (ordered, order) = self.order(query, select, &outputs, limit.is_some())?;
        let is_filter = ordered.is_none();
        let nearest = ordered.or_else(|| select.selection.as_ref().and_then(|condition| self.range(condition)));
        let (filter, within) = match &select.selection {
            Some(condition) => self.filter(condition, nearest.as_ref())?,
            None => (None, Vec::new()),
        };
        let mut output = Vec::with_capacity(outputs.len());
        let mut types = Vec::with_capacity(outputs.len());
        for expr in outputs {
            let (each, ty) = self.output(expr, nearest.as_ref())?;
            output.push(each);
            types.push(ty);
        }
        let nearest = nearest.map(|distance| Nearest {
            column: distance.column,
            target: Target::Scalar(distance.target),
            metric: distance.metric,
            ef: None,
            keeps_missing: within.is_empty(),
            within,
            is_filter,
            keeps_ties: false,
        });
        let query = Query { collection: table.collection.clone(), output, filter, nearest, order, limit, offset };
        Some(LoweredQuery::Query { query, types })
    }

    fn constants_of(&self, row: &[Expr]) -> Option<Vec<(Scalar, ColumnType)>> {
        row.iter().map(|expr| self.scalar(expr)).collect()
    }

    /// A constant or parameter, with its type.
    pub fn scalar(&self, expr: &Expr) -> Option<(Scalar, ColumnType)> {
        match unkeyed(expr) {
            Expr::Nested(inner) => self.scalar(inner),
            Expr::Value(value) => match &value.value {
                Literal::Placeholder(name) => {
                    let position = placeholder(name)?;
                    match position.checked_sub(self.first_constant) {
                        Some(constant) => {
                            let (value, ty) = self.constants.get(constant)?;
                            Some((Scalar::Value(value.clone()), ty.clone()))
                        }
                        None => {
                            let ty = self.parameters.get(position).cloned().unwrap_or(ColumnType::Text);
                            Some((Scalar::Parameter(position, ty.clone()), ty))
                        }
                    }
                }
                Literal::Boolean(truth) => Some((Scalar::Value(Value::Bool(*truth)), ColumnType::Bool)),
                other => Some((Scalar::Value(Value::text(string_of(other)?)), ColumnType::Text)),
            },
            _ => None,
        }
    }

    /// A column of the table.
    pub fn column(&self, expr: &Expr) -> Option<&'a TableColumn> {
        let table = self.table?;
        match unkeyed(expr) {
            Expr::Nested(inner) => self.column(inner),
            Expr::Identifier(ident) => table.column(&folded(ident)),
            Expr::CompoundIdentifier(parts) => table.column(&folded(parts.last()?)),
            _ => None,
        }
    }

    pub fn distance(&self, expr: &Expr) -> Option<Distance> {
        if let Expr::Nested(inner) = expr {
            return self.distance(inner);
        }
        let (name, arguments) = called(expr)?;
        let metric = distance_metric(name)?;
        let [left, right] = arguments.as_slice() else { return None };
        let (column, target) = match (self.column(left), self.column(right)) {
            (Some(column), None) => (column, right),
            (None, Some(column)) => (column, left),
            _ => return None,
        };
        let (target, ty) = self.scalar(target)?;
        match (&column.operand, &column.ty, ty) {
            (Operand::Column(position), ColumnType::Vector(_), ColumnType::Vector(_))
            | (Operand::Column(position), ColumnType::Halfvec(_), ColumnType::Halfvec(_)) => {
                Some(Distance { metric, column: *position, target })
            }
            _ => None,
        }
    }

    fn output(&self, expr: &Expr, nearest: Option<&Distance>) -> Option<(Output, ColumnType)> {
        if let Some(column) = self.column(expr) {
            return Some((Output::Operand(column.operand.clone()), column.ty.clone()));
        }
        if let Some((scalar, ty)) = self.scalar(expr) {
            return Some((Output::Constant(scalar), shown(ty)));
        }
        let is_nearest = |expr: &Expr| nearest.is_some() && self.distance(expr).as_ref() == nearest;
        if is_nearest(expr) {
            return Some((Output::Distance, ColumnType::Float8));
        }
        let expr = unnested(expr);
        let (constant, factor) = match (expr, operands(expr)) {
            (Expr::UnaryOp { op: UnaryOperator::Minus, expr }, _) if is_nearest(expr) => (0.0, -1.0),
            (_, Some((left, op, right))) if is_nearest(right) => {
                let number = self.number(left)?;
                match op {
                    BinaryOperator::Minus => (number, -1.0),
                    BinaryOperator::Plus => (number, 1.0),
                    BinaryOperator::Multiply => (0.0, number),
                    _ => return None,
                }
            }
            (_, Some((left, op, right))) if is_nearest(left) => {
                let number = self.number(right)?;
                match op {
                    BinaryOperator::Minus => (-number, 1.0),
                    BinaryOperator::Plus => (number, 1.0),
                    BinaryOperator::Multiply => (0.0, number),
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some((Output::LinearDistance { constant, factor }, ColumnType::Float8))
    }

    /// A constant number.
    pub fn number(&self, expr: &Expr) -> Option<f64> {
        match self.scalar(expr)? {
            (Scalar::Value(value), ty) if ty.is_number() => match value.cast(&ColumnType::Float8, false).ok()? {
                Value::Float8(number) => Some(number),
                _ => None,
            },
            _ => None,
        }
    }

    /// The search and the order that ORDER BY asks for.
    fn order(
        &self,
        query: &SqlQuery,
        select: &Select,
        outputs: &[&Expr],
        is_limited: bool,
    ) -> Option<(Option<Distance>, Vec<Order>)> {
        let Some(order_by) = &query.order_by else { return Some((None, Vec::new())) };
        let OrderByKind::Expressions(list) = &order_by.kind else { return None };
        let mut nearest = None;
        let mut order = Vec::with_capacity(list.len());
        for (position, item) in list.iter().enumerate() {
            let expr = ordered_expr(item, select, outputs)?;
            let descending = item.options.asc == Some(false);
            let nulls_first = item.options.nulls_first.unwrap_or(descending);
            if let Some(column) = self.column(expr) {
                if !is_ordered(&column.ty) {
                    return None;
                }
                let operand = OrderBy::Operand(column.operand.clone());
                order.push(Order { operand, descending, nulls_first });
                continue;
            }
            let distance = self.distance(expr)?;
            if position > 0 || descending || nulls_first {
                return None;
            }
            // Without a limit the index gives one row after the other; a sort by more than that needs all of them.
            if !is_limited && (list.len() > 1 || !self.is_indexed(&distance)) {
                return None;
            }
            nearest = Some(distance);
            order.push(Order { operand: OrderBy::Distance, descending: false, nulls_first: false });
        }
        if nearest.is_some() && order.len() == 1 {
            // The search yields this order by itself.
            order.clear();
        }
        Some((nearest, order))
    }

    /// Whether the table has a vector index for a distance.
    pub fn is_indexed(&self, distance: &Distance) -> bool {
        let indexes = self.table.map(|table| table.collection.indexes.as_slice()).unwrap_or_default();
        indexes.iter().any(|index| match &index.kind {
            IndexKind::Nearest { column, operator_class, .. } => {
                *column == distance.column
                    && operator_class.parse::<Metric>().is_ok_and(|metric| metric == distance.metric)
            }
            IndexKind::Ordered { .. } | IndexKind::Keys(_) | IndexKind::Fact { .. } => false,
        })
    }

    /// LIMIT and OFFSET.
    pub fn window(&self, clause: Option<&LimitClause>) -> Option<(Option<Scalar>, Option<Scalar>)> {
        match clause {
            None => Some((None, None)),
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                let limit = match limit {
                    Some(limit) => Some(self.count(limit)?),
                    None => None,
                };
                let offset = match offset {
                    Some(offset) => Some(self.count(&offset.value)?),
                    None => None,
                };
                Some((limit, offset))
            }
            Some(_) => None,
        }
    }

    fn count(&self, expr: &Expr) -> Option<Scalar> {
        match expr {
            Expr::Value(value) => match &value.value {
                Literal::Number(digits, _) => Some(Scalar::Value(Value::Int8(digits.parse().ok()?))),
                Literal::Placeholder(_) => self.scalar(expr).map(|(scalar, _)| match scalar {
                    Scalar::Parameter(position, _) => Scalar::Parameter(position, ColumnType::Int8),
                    other => other,
                }),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The expression that an item of ORDER BY means: an output by number or name, or itself.
pub fn ordered_expr<'e>(item: &'e OrderByExpr, select: &'e Select, outputs: &[&'e Expr]) -> Option<&'e Expr> {
    match &item.expr {
        Expr::Value(value) => match &value.value {
            Literal::Number(digits, _) => outputs.get(digits.parse::<usize>().ok()?.checked_sub(1)?).copied(),
            _ => Some(&item.expr),
        },
        Expr::Identifier(ident) => {
            let name = folded(ident);
            let aliased = select.projection.iter().find_map(|each| match each {
                SelectItem::ExprWithAlias { expr, alias } if folded(alias) == name => Some(expr),
                _ => None,
            });
            Some(aliased.unwrap_or(&item.expr))
        }
        expr => Some(expr),
    }
}

/// The sides of arithmetic, whichever way it is written by now.
fn operands(expr: &Expr) -> Option<(&Expr, BinaryOperator, &Expr)> {
    if let Expr::BinaryOp { left, op, right } = expr {
        return Some((left, op.clone(), right));
    }
    let (name, arguments) = called(expr)?;
    let [left, right] = arguments.as_slice() else { return None };
    let all = [BinaryOperator::Plus, BinaryOperator::Minus, BinaryOperator::Multiply];
    let operator = all.into_iter().find(|operator| checked_float_function(operator) == Some(name))?;
    Some((left, operator, right))
}

/// Whether `db` sorts values of the type as PostgreSQL does.
pub fn is_ordered(ty: &ColumnType) -> bool {
    !matches!(
        ty,
        ColumnType::Json | ColumnType::Jsonb | ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Array(_)
    )
}

//! Numbers of several types beside one another: which type they share.
//!
//! PostgreSQL compares a numeric with a float as float8, and gives values of which one is the result the type that all of them
//! lead to: a float where there is one, float8 where that is among them. The planner would make decimals of floats, which NaN
//! and infinity cannot be.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, Ident, Query, SelectItem, SetExpr, Spanned, TableAlias, TableAliasColumnDef, TableFactor,
    TableWithJoins, Value as Literal, Visitor,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::error::Result;
use crate::expr::{ParameterTypes, unmodified};
use crate::sql::analyze::analyzer::{Analyzer, unified};
use crate::sql::analyze::arithmetic::native_cast;
use crate::sql::analyze::jsonb::by_value;
use crate::sql::analyze::literals::placeholder;
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::analyze::row_comparisons::keyed_rows;
use crate::sql::analyze::scope::{ScopeColumn, column_of};
use crate::sql::analyze::times::common_time;
use crate::sql::analyze::unify::ComparedSides;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::parse::names::exact;
use crate::sql::parse::operators::{call, called};
use crate::sql::parse::trees::select_of;
use crate::sql::parse::visit::visit;
use crate::types::{ColumnType, Value};

fn is_float(ty: Option<&ColumnType>) -> bool {
    matches!(ty, Some(ColumnType::Float4 | ColumnType::Float8))
}

impl Analyzer<'_> {
    /// Whether a whole number became a constant that a float4 holds exactly.
    pub fn is_float4(&self, expr: &Expr) -> bool {
        matches!(self.constant_value(expr), Some(Value::Float4(_)))
    }

    /// A numeric beside a float is a float8.
    pub fn numeric_as_float(&mut self, expr: &mut Expr) {
        let float = match self.constant_value(expr) {
            Some(value @ Value::Numeric(_)) => value.clone().cast(&ColumnType::Float8, false).ok(),
            _ => None,
        };
        let name = cast_name(&ColumnType::Float8);
        *expr = match float {
            Some(float) => self.constant(float, &ColumnType::Float8),
            None if called(expr).is_some_and(|(cast, _)| cast == name) => return,
            None if matches!(self.constant_value(expr), Some(Value::Float8(_))) => return,
            None => call(&name, vec![expr.clone()]),
        };
    }

    /// A float4 beside a whole number is compared as a float8. The planner would make the number a float4.
    pub fn make_float(&self, expr: &mut Expr) {
        let is_cast = matches!(expr, Expr::Cast { data_type: DataType::DoublePrecision, .. });
        if !is_cast && !matches!(self.constant_value(expr), Some(Value::Float8(_))) {
            *expr = native_cast(expr.clone(), DataType::DoublePrecision);
        }
    }

    /// Values that are all compared with the first: as floats where there is one beside a numeric.
    pub fn compared_as_floats(&mut self, values: &mut [(&mut Expr, Option<ColumnType>)]) {
        let has_float = values.iter().any(|(_, ty)| is_float(ty.as_ref()));
        for (value, _) in values.iter_mut().filter(|(_, ty)| has_float && is_numeric(ty.as_ref())) {
            self.numeric_as_float(value);
        }
    }

    /// `value IN (list)`.
    ///
    /// # Errors
    /// As [`Analyzer::unify_with`]; 22003 for a number of the list that no float4 holds.
    pub fn in_list(&mut self, value: &mut Expr, list: &mut [Expr]) -> Result<()> {
        let places: Vec<Span> = list.iter().map(Spanned::span).collect();
        let ComparedSides { key, left, others } = self.unify_with("=", value, list.iter_mut())?;
        if let Some(key) = key {
            by_value(value, key);
            list.iter_mut().for_each(|each| by_value(each, key));
        }
        let has_column: Vec<bool> =
            list.iter().zip(&places).map(|(each, place)| self.has_own_column(each, place)).collect();
        let constant = list.iter_mut().zip(others).zip(has_column).filter(|(_, has_column)| !has_column);
        self.listed_as_float4(left.as_ref(), constant.map(|(each, _)| each).collect())
    }

    /// Whether an expression that stood there in the text names a column of the query that it belongs to, by itself or in its
    /// subqueries.
    fn has_own_column(&self, expr: &Expr, place: &Span) -> bool {
        let inner = self.scopes.last().map(|scope| scope.inner.columns()).into_iter().flatten();
        let is_named_inside = inner.into_iter().any(|at| place.start <= *at && *at <= place.end);
        is_named_inside || visit(expr, &mut OwnColumns { parameters: &*self.parameters, depth: 0 }).is_break()
    }

    /// The values of a list that PostgreSQL makes an array: several of them that name no column take the type that they and
    /// the value share before they are compared with it. That shows where it is float4.
    fn listed_as_float4(
        &mut self,
        left: Option<&ColumnType>,
        list: Vec<(&mut Expr, Option<ColumnType>)>,
    ) -> Result<()> {
        let (values, types): (Vec<&mut Expr>, Vec<Option<ColumnType>>) = list.into_iter().unzip();
        let common = types.iter().cloned().fold(left.cloned(), unified);
        if values.len() < 2 || common != Some(ColumnType::Float4) {
            return Ok(());
        }
        for (value, ty) in values.into_iter().zip(types).filter(|(_, ty)| *ty != Some(ColumnType::Float4)) {
            self.widen(value, ty.as_ref(), &ColumnType::Float4)?;
        }
        Ok(())
    }

    /// A value of which some row of a subquery is looked for, and its rows: as floats where one of them is and the other is a
    /// numeric.
    ///
    /// # Errors
    /// XX000 when the SELECT around the subquery cannot be made.
    pub fn looked_up_as_float(
        &mut self,
        value: &mut Expr,
        ty: Option<&ColumnType>,
        subquery: &mut Query,
        rows: Option<&ColumnType>,
    ) -> Result<()> {
        if is_numeric(ty) && is_float(rows) {
            self.numeric_as_float(value);
        } else if is_float(ty) && is_numeric(rows) {
            *subquery = keyed_rows(subquery, &cast_name(&ColumnType::Float8))?;
        }
        Ok(())
    }

    /// A number in the wider type that it shares with others, which the planner does not find for all types.
    ///
    /// # Errors
    /// 22003 for a constant that the type does not hold; as [`Analyzer::as_time`].
    pub fn widen(&mut self, expr: &mut Expr, own: Option<&ColumnType>, ty: &ColumnType) -> Result<()> {
        if common_time(own, Some(ty)).is_some() {
            return self.as_time(expr, own, ty);
        }
        if *ty == ColumnType::Numeric(None) {
            if own.is_some_and(|own| own != ty && own.is_number()) {
                self.as_number(expr, own);
            }
            return Ok(());
        }
        if !is_float(Some(ty)) || own.is_none_or(|own| own == ty || !own.is_number()) {
            return Ok(());
        }
        *expr = match self.constant_value(expr).cloned() {
            Some(value) => {
                let value = value.cast(ty, false)?;
                self.constant(value, ty)
            }
            None if is_numeric(own) => call(&cast_name(ty), vec![expr.clone()]),
            None => native_cast(
                expr.clone(),
                if *ty == ColumnType::Float4 { DataType::Real } else { DataType::DoublePrecision },
            ),
        };
        Ok(())
    }
}

/// What the columns of a side of a set operation are cast to: where it is a number or a date, and of another type than what
/// both sides share. Of UNION the planner casts all but what leads to a float.
pub fn casts_of(own: &[Option<ColumnType>], shared: &[ScopeColumn], is_union: bool) -> Vec<Option<ColumnType>> {
    let casts = own.iter().zip(shared).map(|(own, shared)| {
        let (own, shared) = (own.as_ref()?, shared.ty.as_ref()?);
        if is_numeric(Some(shared)) {
            return (own.is_number() && own != shared).then_some(ColumnType::Numeric(None));
        }
        let (own, shared) = (unmodified(own), unmodified(shared));
        let is_cast = match (&own, &shared) {
            (own, ColumnType::Float4 | ColumnType::Float8) => own.is_number(),
            (own, shared) if own.is_number() => shared.is_number() && !is_union,
            // Blanks at the end belong to `char` alone.
            (ColumnType::Char(_), shared) | (shared, ColumnType::Char(_)) => shared.is_text(),
            (own, shared) => common_time(Some(own), Some(shared)).is_some(),
        };
        (is_cast && own != shared).then_some(shared)
    });
    casts.collect()
}

/// A side of a set operation with some of its columns cast.
///
/// # Errors
/// XX000 when the SELECT around it cannot be made.
pub fn cast_branch(branch: &mut SetExpr, columns: &[ScopeColumn], casts: &[Option<ColumnType>]) -> Result<()> {
    if casts.iter().all(Option::is_none) {
        return Ok(());
    }
    let mut inner = select_of(Vec::new())?;
    std::mem::swap(inner.body.as_mut(), branch);
    let name = |position: usize| format!("$column{position}");
    let names = (0..columns.len()).map(|position| TableAliasColumnDef { name: exact(name(position)), data_type: None });
    let alias = TableAlias { explicit: true, name: exact("$branch"), columns: names.collect(), at: None };
    let relation = TableFactor::Derived { lateral: false, subquery: Box::new(inner), alias: Some(alias), sample: None };
    if let SetExpr::Select(select) = branch {
        select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
        let shown = columns.iter().zip(casts).enumerate().map(|(position, (column, cast))| {
            let value = column_of("$branch", &name(position));
            let expr = match cast {
                Some(ty) => call(&cast_name(ty), vec![value]),
                None => value,
            };
            let alias: Ident = exact(column.label.clone().unwrap_or_else(|| column.name.clone()));
            SelectItem::ExprWithAlias { expr, alias }
        });
        select.projection = shown.collect();
    }
    Ok(())
}

/// Breaks off at a name of a column that stands outside of subqueries, or at a parameter that stands for one.
struct OwnColumns<'a> {
    parameters: &'a ParameterTypes,
    /// Subqueries around what is visited.
    depth: usize,
}

impl Visitor for OwnColumns<'_> {
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
        let is_column = match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.depth == 0,
            Expr::Value(value) => match &value.value {
                Literal::Placeholder(name) => placeholder(name).is_some_and(|at| self.parameters.is_column(at)),
                _ => false,
            },
            _ => false,
        };
        if is_column { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

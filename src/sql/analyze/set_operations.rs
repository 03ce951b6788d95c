//! Set operations and VALUES: the types that their rows share.
//!
//! A literal in one branch takes the type of the other branch's column, as in PostgreSQL; two types of which neither
//! leads to the other are refused.

use datafusion::sql::sqlparser::ast::{
    Expr, SelectItem, SetExpr, SetOperator, SetQuantifier, Spanned, Value as Literal, Values,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, Result};
use crate::expr::unmodified;
use crate::sql::analyze::analyzer::{Analyzer, unified};
use crate::sql::analyze::dimensions::other_dimensions;
use crate::sql::analyze::literals::string_of;
use crate::sql::analyze::numbers::{cast_branch, casts_of};
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::analyze::scope::ScopeColumn;
use crate::sql::analyze::select::check_width;
use crate::sql::analyze::times::common_time;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::parse::names::{exact, last_part};
use crate::sql::parse::operators::call;
use crate::sql::parse::trees::select_of;
use crate::sql::parse::visit::has_expression;
use crate::sql::registry;
use crate::sql::rewrite::expressions::arguments;
use crate::types::ColumnType;

impl Analyzer<'_> {
    /// Walks both sides; the result columns, with the types that the sides share.
    ///
    /// # Errors
    /// 42601 for sides of different widths, 42804 for types of which neither leads to the other; what the one side's type says of
    /// a literal on the other; as [`Analyzer::body`].
    pub fn set_operation(
        &mut self,
        left: &mut SetExpr,
        operator: SetOperator,
        right: &mut SetExpr,
    ) -> Result<Vec<ScopeColumn>> {
        let word = match operator {
            SetOperator::Union => "UNION",
            SetOperator::Intersect => "INTERSECT",
            SetOperator::Except | SetOperator::Minus => "EXCEPT",
        };
        let mut columns = self.branch(left)?;
        let places = locations(right);
        let mut others = self.branch(right)?;
        if columns.len() != others.len() {
            return Err(Error::syntax(format!("each {word} query must have the same number of columns"), None));
        }
        for (position, (column, other)) in columns.iter_mut().zip(&mut others).enumerate() {
            beside_numbers(&mut column.ty, open_item(left, position), other.ty.as_ref());
            beside_numbers(&mut other.ty, open_item(right, position), column.ty.as_ref());
        }
        let own: Vec<Option<ColumnType>> = columns.iter().map(|column| column.ty.clone()).collect();
        for (position, (column, other)) in columns.iter_mut().zip(&others).enumerate() {
            column.origin = None;
            let is_open = |branch: &mut SetExpr, ty: &Option<ColumnType>| {
                ty.is_none() && open_item(branch, position).is_some_and(|expr| self.is_adoptable(expr))
            };
            let (left_open, right_open) = (is_open(left, &column.ty), is_open(right, &other.ty));
            if let Some(ty) = common_time(column.ty.as_ref(), other.ty.as_ref()) {
                column.ty = Some(ty);
                continue;
            }
            column.ty = match (left_open, right_open) {
                (false, false) => matched(word, column.ty.take(), other.ty.clone())
                    .map_err(|error| places.get(position).map_or(error.clone(), |place| self.at(error, *place)))?,
                (true, false) => other.ty.clone().or_else(|| own_type(open_item(left, position))),
                (false, true) => column.ty.take().or_else(|| own_type(open_item(right, position))),
                (true, true) => Some(ColumnType::Text),
            };
            // A literal has no precision of its own.
            if (left_open || right_open) && is_numeric(column.ty.as_ref()) {
                column.ty = Some(ColumnType::Numeric(None));
            }
            let Some(ty) = column.ty.as_ref().map(unmodified) else { continue };
            for (branch, is_open) in [(&mut *left, left_open), (&mut *right, right_open)] {
                if let (true, Some(expr)) = (is_open, open_item(branch, position)) {
                    self.adopt(expr, &ty)?;
                }
            }
        }
        let is_union = operator == SetOperator::Union;
        cast_branch(left, &columns, &casts_of(&own, &columns, is_union))?;
        let own: Vec<Option<ColumnType>> = others.into_iter().map(|column| column.ty).collect();
        cast_branch(right, &columns, &casts_of(&own, &columns, is_union))?;
        Ok(columns)
    }

    /// A side of a set operation; literals among its columns get no type yet.
    fn branch(&mut self, branch: &mut SetExpr) -> Result<Vec<ScopeColumn>> {
        self.keeps_unknown = match branch {
            SetExpr::Select(_) => true,
            SetExpr::Query(query) => query.with.is_none() && matches!(query.body.as_ref(), SetExpr::Select(_)),
            _ => false,
        };
        let columns = self.body(branch, None, false);
        self.keeps_unknown = false;
        columns
    }

    /// Walks the rows of VALUES; their columns, with the types that the rows share.
    ///
    /// # Errors
    /// 42601 for rows of different lengths, 42804 for types of which neither leads to the other; what a column's type says of a
    /// literal in it; as [`check_width`], [`Analyzer::expr`] and [`Analyzer::widen`].
    pub fn values(&mut self, values: &mut Values) -> Result<Vec<ScopeColumn>> {
        let mut types: Vec<Option<ColumnType>> = Vec::new();
        let mut own_types: Vec<Option<ColumnType>> = Vec::new();
        for row in &mut values.rows {
            check_width(row.content.len())?;
            for (position, expr) in row.content.iter_mut().enumerate() {
                let place = expr.span().start;
                let ty = self.without_sets("VALUES", |own| own.expr(expr))?;
                own_types.push(ty.clone());
                match types.get_mut(position) {
                    Some(known) => {
                        *known = matched("VALUES", known.take(), ty).map_err(|error| self.at(error, place))?;
                    }
                    None => types.push(ty),
                }
            }
        }
        // A literal has no precision of its own.
        let is_open = |position: usize| {
            values.rows.iter().any(|row| row.content.get(position).is_some_and(|expr| self.is_adoptable(expr)))
        };
        for (position, ty) in types.iter_mut().enumerate().filter(|(_, ty)| is_numeric(ty.as_ref())) {
            if is_open(position) {
                *ty = Some(ColumnType::Numeric(None));
            }
        }
        // The planner tells what it makes of elements from what comes as an array.
        let mixed: Vec<bool> = (0..types.len())
            .map(|position| {
                let is_array = types.get(position).is_some_and(|ty| matches!(ty, Some(ColumnType::Array(_))));
                let mut column = values.rows.iter().filter_map(|row| row.content.get(position));
                is_array && column.any(|expr| self.is_adoptable(expr) || self.constant_value(expr).is_some())
            })
            .collect();
        let mut own_types = own_types.into_iter();
        for row in &mut values.rows {
            if row.content.len() != types.len() {
                return Err(Error::syntax("VALUES lists must all be the same length", None));
            }
            let columns = row.content.iter_mut().zip(&types).zip(&mixed);
            for (((expr, ty), is_mixed), own) in columns.zip(own_types.by_ref()) {
                if let Some(ty) = ty {
                    self.adopt(expr, ty)?;
                    self.widen(expr, own.as_ref(), ty)?;
                    if *is_mixed && self.constant_value(expr).is_none() {
                        *expr = call(&cast_name(ty), vec![expr.clone()]);
                    }
                }
            }
        }
        let columns = types.into_iter().enumerate();
        Ok(columns.map(|(position, ty)| ScopeColumn::computed(format!("column{}", position + 1), ty)).collect())
    }
}

/// Whether some row has a subquery, which the planner cannot evaluate within VALUES.
pub fn has_subquery(values: &Values) -> bool {
    let is_subquery = |expr: &Expr| matches!(expr, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. });
    values.rows.iter().flat_map(|row| &row.content).any(|expr| has_expression(expr, is_subquery))
}

/// The rows of VALUES as SELECTs: UNION ALL means the same.
///
/// # Errors
/// 42601 for rows of different lengths.
pub fn union_of_rows(values: &mut Values) -> Result<SetExpr> {
    let width = values.rows.first().map_or(0, |row| row.content.len());
    let mut union: Option<SetExpr> = None;
    for row in std::mem::take(&mut values.rows) {
        if row.content.len() != width {
            return Err(Error::syntax("VALUES lists must all be the same length", None));
        }
        let mut query = select_of(row.content)?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            for (position, item) in select.projection.iter_mut().enumerate() {
                if let SelectItem::ExprWithAlias { alias, .. } = item {
                    *alias = exact(format!("column{}", position.saturating_add(1)));
                }
            }
        }
        union = Some(match union {
            None => *query.body,
            Some(left) => SetExpr::SetOperation {
                op: SetOperator::Union,
                set_quantifier: SetQuantifier::All,
                left: Box::new(left),
                right: query.body,
            },
        });
    }
    union.ok_or_else(|| Error::syntax("VALUES without a row", None))
}

/// A `regclass` and the like prints a name where it is shown; beside OIDs it is one.
fn beside_numbers(ty: &mut Option<ColumnType>, expr: Option<&mut Expr>, other: Option<&ColumnType>) {
    let (Some(ColumnType::Text), Some(ColumnType::Oid), Some(expr)) = (&*ty, other, expr) else { return };
    let Expr::Function(function) = &*expr else { return };
    let Some(name) = last_part(&function.name) else { return };
    let Some(kind) = name.strip_suffix("_out").filter(|kind| kind.starts_with("reg")) else { return };
    let arguments = arguments(function);
    let [argument] = arguments.as_slice() else { return };
    *expr = match argument {
        Expr::Value(value) if string_of(&value.value).is_some() => call(&format!("to_{kind}"), arguments),
        number => number.clone(),
    };
    *ty = Some(ColumnType::Oid);
}

/// The type of a literal beside a column whose type only the planner knows: NULL takes that one.
fn own_type(literal: Option<&mut Expr>) -> Option<ColumnType> {
    let is_null = literal.is_some_and(|expr| matches!(expr, Expr::Value(value) if value.value == Literal::Null));
    (!is_null).then_some(ColumnType::Text)
}

/// Where the columns of a branch stand in the statement.
fn locations(branch: &SetExpr) -> Vec<Location> {
    match branch {
        SetExpr::Select(select) => select.projection.iter().map(|item| item.span().start).collect(),
        SetExpr::Query(query) => locations(&query.body),
        _ => Vec::new(),
    }
}

/// The expression of a column of a plain branch.
fn open_item(branch: &mut SetExpr, position: usize) -> Option<&mut Expr> {
    let select = match branch {
        SetExpr::Select(select) => select,
        SetExpr::Query(query) => match query.body.as_mut() {
            SetExpr::Select(select) => select,
            _ => return None,
        },
        _ => return None,
    };
    let is_counted = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    if !select.projection.iter().all(is_counted) {
        return None;
    }
    match select.projection.get_mut(position)? {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

/// The type that two branches share; `None` where only the planner knows one of them.
///
/// # Errors
/// 42804 when neither type leads to the other.
fn matched(word: &str, left: Option<ColumnType>, right: Option<ColumnType>) -> Result<Option<ColumnType>> {
    let (Some(a), Some(b)) = (&left, &right) else { return Ok(left.or(right)) };
    // Of two kinds of text the first one is taken.
    if let (ColumnType::Varchar(_) | ColumnType::Char(_), other) = (a, b)
        && matches!(other, ColumnType::Varchar(_) | ColumnType::Char(_) | ColumnType::Text)
        && a != b
    {
        return Ok(Some(if matches!(a, ColumnType::Varchar(_)) { ColumnType::Varchar(None) } else { unmodified(a) }));
    }
    if let Some(ty) = unified(left.clone(), right.clone()) {
        return Ok(Some(ty));
    }
    if a.dimensions() > 0 && b.dimensions() > 0 && a.dimensions() != b.dimensions() {
        return Err(other_dimensions(word));
    }
    let (a, b) = (unmodified(a), unmodified(b));
    if a == b {
        return Ok(Some(a));
    }
    use ColumnType::{Array, CatalogChar, Date, Reg, Timestamp, TimestampTz, Unknown, Vector, Void};
    match (&a, &b) {
        (Date | Timestamp | TimestampTz, Date | Timestamp | TimestampTz) => {
            Ok(common_time(left.as_ref(), right.as_ref()))
        }
        (Vector(_), Vector(_)) => Ok(Some(Vector(None))),
        // Lists are compared by the planner; OIDs, names and what prints them lead to one another in many ways.
        (Array(_), Array(_))
        | (CatalogChar | Reg(_) | Unknown | Void, _)
        | (_, CatalogChar | Reg(_) | Unknown | Void) => Ok(None),
        _ => registry::common_type(&[a.oid(), b.oid()], word).map(ColumnType::from_oid),
    }
}

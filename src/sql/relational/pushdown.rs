//! Conditions of the planner as expressions of `db`: what a scan can evaluate while it reads.
//!
//! Only conditions whose meaning is exactly the same are taken; the rest stays above the scan.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{Between, BinaryExpr, InList, Like, ScalarFunction};
use datafusion::logical_expr::{Expr, Operator};

use crate::expr::{self, Comparison, Test};
use crate::sql::arrow::reading::{readable, value_at};
use crate::sql::arrow::types::type_of;
use crate::sql::functions::{DIFFERS, DIFFERS_ANY_CASE, MATCHES, MATCHES_ANY_CASE, NUMERIC_KEY, number_of_key};
use crate::sql::relational::collection_table::{CollectionTable, TableColumn};
use crate::types::{ColumnType, Value};

/// The condition that means the same as `expr` on rows of `table`.
pub fn condition(expr: &Expr, table: &CollectionTable) -> Option<expr::Expr> {
    match expr {
        Expr::BinaryExpr(binary) => compared(binary, table),
        Expr::Not(inner) => Some(condition(inner, table)?.negated_if(true)),
        Expr::IsNull(inner) => Some(Compared::of(inner, table)?.column.expr().is_null()),
        Expr::IsNotNull(inner) => Some(Compared::of(inner, table)?.column.expr().is_null().negated_if(true)),
        Expr::Column(_) => column(expr, table).filter(|column| column.ty == ColumnType::Bool).map(TableColumn::expr),
        Expr::IsTrue(inner) => Some(known(condition(inner, table)?, column(inner, table)?)),
        Expr::IsFalse(inner) => Some(known(condition(inner, table)?.negated_if(true), column(inner, table)?)),
        Expr::Literal(ScalarValue::Boolean(truth), _) => {
            Some(expr::Expr::constant(truth.map_or(Value::Null, Value::Bool)))
        }
        Expr::InList(list) => in_list(list, table),
        Expr::Between(between) => range(between, table),
        Expr::Like(like) => pattern(like, table),
        Expr::ScalarFunction(function) => tested(function, table),
        _ => None,
    }
}

/// A condition on a column that is false, not unknown, where the column is NULL.
fn known(condition: expr::Expr, column: &TableColumn) -> expr::Expr {
    expr::Expr::And(vec![condition, column.expr().is_null().negated_if(true)])
}

fn column<'a>(expr: &Expr, table: &'a CollectionTable) -> Option<&'a TableColumn> {
    match expr {
        Expr::Column(column) => table.column(&column.name),
        _ => None,
    }
}

/// The value of a constant, as the type of the column it is compared with.
fn constant(expr: &Expr, ty: &ColumnType) -> Option<expr::Expr> {
    let Expr::Literal(scalar, _) = expr else { return None };
    fit(scalar_value(scalar)?, ty).map(expr::Expr::constant)
}

/// A column by which rows are compared, and how what it is compared with is read.
struct Compared<'a> {
    column: &'a TableColumn,
    /// Both are keys of numbers.
    by_key: bool,
}

impl<'a> Compared<'a> {
    fn of(expr: &Expr, table: &'a CollectionTable) -> Option<Compared<'a>> {
        if let Some(column) = column(expr, table) {
            return Some(Compared { column, by_key: false });
        }
        let Expr::ScalarFunction(function) = expr else { return None };
        let ([inner], true) = (function.args.as_slice(), function.func.name() == NUMERIC_KEY) else { return None };
        column(inner, table)
            .filter(|column| matches!(column.ty, ColumnType::Numeric(_)))
            .map(|column| Compared { column, by_key: true })
    }

    /// What it is compared with.
    fn constant(&self, expr: &Expr) -> Option<expr::Expr> {
        if !self.by_key {
            return constant(expr, &self.column.ty);
        }
        let Expr::Literal(ScalarValue::Utf8(key), _) = expr else { return None };
        let number = match key {
            Some(key) => Value::Numeric(number_of_key(key)?),
            None => Value::Null,
        };
        Some(expr::Expr::constant(number))
    }
}

/// The value of a planner's constant.
pub fn scalar_value(scalar: &ScalarValue) -> Option<Value> {
    if scalar.is_null() {
        return Some(Value::Null);
    }
    let array = readable(&scalar.to_array_of_size(1).ok()?).ok()?;
    let field = datafusion::arrow::datatypes::Field::new("", array.data_type().clone(), true);
    value_at(&array, 0, &type_of(&field)).ok()
}

/// The value in the column's type, where that loses nothing.
pub fn fit(value: Value, ty: &ColumnType) -> Option<Value> {
    match (&value, ty) {
        (Value::Null, _) => Some(value),
        (
            _,
            ColumnType::Json
            | ColumnType::Jsonb
            | ColumnType::Vector(_)
            | ColumnType::Halfvec(_)
            | ColumnType::Array(_),
        ) => None,
        // A constant knows its position alone.
        (Value::Enum(_), ColumnType::Enum(_)) => value.cast(ty, false).ok(),
        (Value::Text(text), ColumnType::Uuid) => Value::parse_text(ty, text).ok(),
        (Value::Text(_), _) => ty.is_text().then_some(value),
        (Value::Int2(_) | Value::Int4(_) | Value::Int8(_), _) if ty.is_integer() => value.cast(ty, false).ok(),
        (Value::Float4(x), ColumnType::Float8) => Some(Value::Float8(f64::from(*x))),
        (Value::Numeric(_), ColumnType::Numeric(_)) => Some(value),
        (Value::Int2(_) | Value::Int4(_) | Value::Int8(_), ColumnType::Numeric(_)) => {
            value.cast(&ColumnType::Numeric(None), false).ok()
        }
        _ => (value.column_type() == *ty).then_some(value),
    }
}

fn compared(binary: &BinaryExpr, table: &CollectionTable) -> Option<expr::Expr> {
    let (left, right) = (binary.left.as_ref(), binary.right.as_ref());
    match binary.op {
        Operator::And => Some(expr::Expr::And(vec![condition(left, table)?, condition(right, table)?])),
        Operator::Or => Some(expr::Expr::Or(vec![condition(left, table)?, condition(right, table)?])),
        operator => {
            let operator = Comparison::of(&operator.to_string())?;
            match (Compared::of(left, table), Compared::of(right, table)) {
                (Some(a), Some(b)) if a.by_key == b.by_key => {
                    let (a, b) = (a.column, b.column);
                    (a.ty == b.ty && is_comparable(&a.ty)).then(|| expr::Expr::compare(a.expr(), operator, b.expr()))
                }
                (Some(column), None) => compare(&column, operator, right),
                (None, Some(column)) => compare(&column, operator.flip(), left),
                _ => None,
            }
        }
    }
}

fn compare(compared: &Compared<'_>, operator: Comparison, other: &Expr) -> Option<expr::Expr> {
    let right = compared.constant(other)?;
    let column = compared.column;
    is_comparable(&column.ty).then(|| expr::Expr::compare(column.expr(), operator, right))
}

/// Whether `db` orders values of the type as the planner does.
pub fn is_comparable(ty: &ColumnType) -> bool {
    !matches!(
        ty,
        ColumnType::Json
            | ColumnType::Jsonb
            | ColumnType::Vector(_)
            | ColumnType::Halfvec(_)
            | ColumnType::Sparsevec(_)
            | ColumnType::Bit(_)
            | ColumnType::Varbit(_)
            | ColumnType::TsVector
            | ColumnType::TsQuery
            | ColumnType::Array(_)
            | ColumnType::Interval
    )
}

fn in_list(list: &InList, table: &CollectionTable) -> Option<expr::Expr> {
    let compared = Compared::of(&list.expr, table).filter(|compared| is_comparable(&compared.column.ty))?;
    let values = list.list.iter().map(|expr| compared.constant(expr)).collect::<Option<_>>()?;
    Some(expr::Expr::In { left: Box::new(compared.column.expr()), list: values }.negated_if(list.negated))
}

fn range(between: &Between, table: &CollectionTable) -> Option<expr::Expr> {
    let compared = Compared::of(&between.expr, table)?;
    let inside = expr::Expr::And(vec![
        compare(&compared, Comparison::GreaterOrEqual, &between.low)?,
        compare(&compared, Comparison::LessOrEqual, &between.high)?,
    ]);
    Some(inside.negated_if(between.negated))
}

fn pattern(like: &Like, table: &CollectionTable) -> Option<expr::Expr> {
    if !matches!(like.escape_char, None | Some('\\')) {
        return None;
    }
    let column = column(&like.expr, table).filter(|column| column.ty.is_text())?;
    let pattern = constant(&like.pattern, &ColumnType::Text)?;
    let test = Test::Like { case_insensitive: like.case_insensitive };
    Some(expr::Expr::test(column.expr(), test, pattern).negated_if(like.negated))
}

fn tested(function: &ScalarFunction, table: &CollectionTable) -> Option<expr::Expr> {
    let [first, Expr::Literal(second, _)] = function.args.as_slice() else { return None };
    let column = column(first, table)?;
    let (test, is_negated) = test_of(function.func.name(), &column.ty)?;
    match scalar_value(second)? {
        Value::Text(text) => {
            if test == Test::FullText {
                let query = Value::parse_text(&ColumnType::TsQuery, &text).ok()?;
                return Some(expr::Expr::test(column.expr(), test, expr::Expr::constant(query)));
            }
            let right = expr::Expr::constant(Value::Text(text));
            Some(expr::Expr::test(column.expr(), test, right).negated_if(is_negated))
        }
        _ => None,
    }
}

/// The test that a function makes of a value of this type and another one, and whether it negates it.
pub fn test_of(function: &str, ty: &ColumnType) -> Option<(Test, bool)> {
    let matches = |case_insensitive| Test::Matches { case_insensitive };
    Some(match (function, ty) {
        ("starts_with", ty) if ty.is_text() => (Test::StartsWith, false),
        (MATCHES | DIFFERS, ty) if ty.is_text() => (matches(false), function == DIFFERS),
        (MATCHES_ANY_CASE | DIFFERS_ANY_CASE, ty) if ty.is_text() => (matches(true), function == DIFFERS_ANY_CASE),
        ("jsonb_contains", ColumnType::Jsonb) => (Test::JsonContains, false),
        ("jsonb_exists", ColumnType::Jsonb) => (Test::JsonHasKey, false),
        ("ts_match_vq", ColumnType::TsVector) => (Test::FullText, false),
        _ => return None,
    })
}

//! Conditions of the planner as predicates of `db`: what a scan can evaluate while it reads.
//!
//! Only conditions whose meaning is exactly the same are taken; the rest stays above the scan.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{Between, BinaryExpr, InList, Like, ScalarFunction};
use datafusion::logical_expr::{Expr, Operator};

use crate::db::{Comparison, Operand, Predicate, Scalar};
use crate::sql::arrow::types::type_of;
use crate::sql::arrow::values::{readable, value_at};
use crate::sql::relational::collection_table::{CollectionTable, TableColumn};
use crate::types::{ColumnType, Value};

/// The predicate that means the same as `expr` on rows of `table`.
pub fn predicate(expr: &Expr, table: &CollectionTable) -> Option<Predicate> {
    match expr {
        Expr::BinaryExpr(binary) => binary_predicate(binary, table),
        Expr::Not(inner) => Some(Predicate::Not(Box::new(predicate(inner, table)?))),
        Expr::IsNull(inner) => Some(Predicate::IsNull(column(inner, table)?.operand.clone())),
        Expr::IsNotNull(inner) => {
            Some(Predicate::Not(Box::new(Predicate::IsNull(column(inner, table)?.operand.clone()))))
        }
        Expr::Column(_) => {
            let column = column(expr, table)?;
            (column.ty == ColumnType::Bool).then(|| Predicate::IsTrue(column.operand.clone()))
        }
        Expr::IsTrue(inner) => Some(known(predicate(inner, table)?, column(inner, table)?)),
        Expr::IsFalse(inner) => Some(known(Predicate::Not(Box::new(predicate(inner, table)?)), column(inner, table)?)),
        Expr::Literal(ScalarValue::Boolean(truth), _) => Some(Predicate::Constant(*truth)),
        Expr::InList(list) => in_list(list, table),
        Expr::Between(between) => range(between, table),
        Expr::Like(like) => pattern(like, table),
        Expr::ScalarFunction(function) => function_predicate(function, table),
        _ => None,
    }
}

/// A condition on a column that is false, not unknown, where the column is NULL.
fn known(condition: Predicate, column: &TableColumn) -> Predicate {
    Predicate::And(vec![condition, Predicate::Not(Box::new(Predicate::IsNull(column.operand.clone())))])
}

fn column<'a>(expr: &Expr, table: &'a CollectionTable) -> Option<&'a TableColumn> {
    match expr {
        Expr::Column(column) => table.column(&column.name),
        _ => None,
    }
}

/// The value of a constant, as the type of the column it is compared with.
fn constant(expr: &Expr, ty: &ColumnType) -> Option<Value> {
    let Expr::Literal(scalar, _) = expr else { return None };
    fit(scalar_value(scalar)?, ty)
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
        (_, ColumnType::Json | ColumnType::Jsonb | ColumnType::Vector(_) | ColumnType::Array(_)) => None,
        (Value::Text(text), ColumnType::Uuid) => Value::parse_text(ty, text).ok(),
        (Value::Text(_), _) => ty.is_text().then_some(value),
        (Value::Int2(_) | Value::Int4(_) | Value::Int8(_), _) if ty.is_integer() => value.cast(ty, false).ok(),
        (Value::Float4(x), ColumnType::Float8) => Some(Value::Float8(f64::from(*x))),
        (Value::Numeric(_), ColumnType::Numeric(_)) => Some(value),
        _ => (value.column_type() == *ty).then_some(value),
    }
}

fn binary_predicate(binary: &BinaryExpr, table: &CollectionTable) -> Option<Predicate> {
    let (left, right) = (binary.left.as_ref(), binary.right.as_ref());
    let matches = |case_insensitive, negated| {
        let column = column(left, table).filter(|column| column.ty.is_text())?;
        let pattern = Scalar::Value(constant(right, &ColumnType::Text)?);
        let found = Predicate::Matches { left: column.operand.clone(), pattern, case_insensitive };
        Some(if negated { Predicate::Not(Box::new(found)) } else { found })
    };
    match binary.op {
        Operator::And => Some(Predicate::And(vec![predicate(left, table)?, predicate(right, table)?])),
        Operator::Or => Some(Predicate::Or(vec![predicate(left, table)?, predicate(right, table)?])),
        Operator::RegexMatch => matches(false, false),
        Operator::RegexIMatch => matches(true, false),
        Operator::RegexNotMatch => matches(false, true),
        Operator::RegexNotIMatch => matches(true, true),
        operator => {
            let operator = comparison(operator)?;
            match (column(left, table), column(right, table)) {
                (Some(a), Some(b)) if a.ty == b.ty && is_comparable(&a.ty) => {
                    Some(Predicate::CompareOperands { left: a.operand.clone(), operator, right: b.operand.clone() })
                }
                (Some(column), None) => compare(column, operator, right),
                (None, Some(column)) => compare(column, flip(operator), left),
                _ => None,
            }
        }
    }
}

fn compare(column: &TableColumn, operator: Comparison, expr: &Expr) -> Option<Predicate> {
    let right = Scalar::Value(constant(expr, &column.ty)?);
    is_comparable(&column.ty).then(|| Predicate::Compare { left: column.operand.clone(), operator, right })
}

/// Whether `db` orders values of the type as the planner does.
pub fn is_comparable(ty: &ColumnType) -> bool {
    !matches!(
        ty,
        ColumnType::Json | ColumnType::Jsonb | ColumnType::Vector(_) | ColumnType::Array(_) | ColumnType::Interval
    )
}

fn comparison(operator: Operator) -> Option<Comparison> {
    Some(match operator {
        Operator::Eq => Comparison::Equal,
        Operator::NotEq => Comparison::NotEqual,
        Operator::Lt => Comparison::Less,
        Operator::LtEq => Comparison::LessOrEqual,
        Operator::Gt => Comparison::Greater,
        Operator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// The comparison that holds with the sides exchanged.
pub fn flip(operator: Comparison) -> Comparison {
    match operator {
        Comparison::Equal | Comparison::NotEqual => operator,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

fn in_list(list: &InList, table: &CollectionTable) -> Option<Predicate> {
    let column = column(&list.expr, table).filter(|column| is_comparable(&column.ty))?;
    let values = list.list.iter().map(|expr| constant(expr, &column.ty).map(Scalar::Value));
    let found = Predicate::In { left: column.operand.clone(), values: values.collect::<Option<_>>()? };
    Some(if list.negated { Predicate::Not(Box::new(found)) } else { found })
}

fn range(between: &Between, table: &CollectionTable) -> Option<Predicate> {
    let column = column(&between.expr, table)?;
    let inside = Predicate::And(vec![
        compare(column, Comparison::GreaterOrEqual, &between.low)?,
        compare(column, Comparison::LessOrEqual, &between.high)?,
    ]);
    Some(if between.negated { Predicate::Not(Box::new(inside)) } else { inside })
}

fn pattern(like: &Like, table: &CollectionTable) -> Option<Predicate> {
    if !matches!(like.escape_char, None | Some('\\')) {
        return None;
    }
    let column = column(&like.expr, table).filter(|column| column.ty.is_text())?;
    let pattern = Scalar::Value(constant(&like.pattern, &ColumnType::Text)?);
    let found = Predicate::Like { left: column.operand.clone(), pattern, case_insensitive: like.case_insensitive };
    Some(if like.negated { Predicate::Not(Box::new(found)) } else { found })
}

fn function_predicate(function: &ScalarFunction, table: &CollectionTable) -> Option<Predicate> {
    let [first, second] = function.args.as_slice() else { return None };
    let column = column(first, table)?;
    let left: Operand = column.operand.clone();
    let text = || match second {
        Expr::Literal(scalar, _) => match scalar_value(scalar)? {
            Value::Text(text) => Some(Scalar::Value(Value::Text(text))),
            _ => None,
        },
        _ => None,
    };
    match (function.func.name(), &column.ty) {
        ("starts_with", ty) if ty.is_text() => Some(Predicate::StartsWith { left, prefix: text()? }),
        ("jsonb_contains", ColumnType::Jsonb) => Some(Predicate::JsonContains { left, value: text()? }),
        ("jsonb_exists", ColumnType::Jsonb) => Some(Predicate::JsonHasKey { left, key: text()? }),
        _ => None,
    }
}

//! Expressions over one row, evaluated without a planner: what INSERT, `SET n = n + 1` and RETURNING are made of.
//!
//! The common forms only; `row_compiler` makes them from the tree and hands everything else to the planner. NULL in, NULL
//! out, except where SQL says otherwise.

use std::cmp::Ordering;

use chrono::Utc;
use uuid::Uuid;

use crate::db::Comparison;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::no_condition;
use crate::types::json::jsonb;
use crate::types::{ColumnType, Value};

/// An expression over the values of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum RowExpression {
    Constant(Value),
    /// 0-based position, and the type that the value is read as.
    Parameter(usize, ColumnType),
    /// A column of the entry as it was before the statement.
    Column(usize),
    /// A column of the row that INSERT proposed.
    Excluded(usize),
    /// A value that the planner computes, by position in [`RowInput::planned`].
    Planned(usize),
    Now,
    /// The time of evaluation.
    ClockTime,
    RandomUuid,
    /// One of version 7, which begins with the time.
    OrderedUuid,
    Convert {
        inner: Box<RowExpression>,
        to: ColumnType,
        explicit: bool,
    },
    Arithmetic {
        operator: Arithmetic,
        left: Box<RowExpression>,
        right: Box<RowExpression>,
        ty: ColumnType,
    },
    Compare {
        operator: Comparison,
        left: Box<RowExpression>,
        right: Box<RowExpression>,
    },
    And(Box<RowExpression>, Box<RowExpression>),
    Or(Box<RowExpression>, Box<RowExpression>),
    Not(Box<RowExpression>),
    IsNull(Box<RowExpression>),
    Coalesce(Vec<RowExpression>),
    /// `||` of texts.
    Concat(Box<RowExpression>, Box<RowExpression>),
    /// `||` of jsonb.
    JsonConcat(Box<RowExpression>, Box<RowExpression>),
    /// jsonb without a key, or an element by position.
    JsonDelete(Box<RowExpression>, Box<RowExpression>),
    /// `->` and `->>` by key or position.
    JsonField {
        json: Box<RowExpression>,
        step: Box<RowExpression>,
        as_text: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// What an expression is evaluated over.
#[derive(Clone, Copy, Default)]
pub struct RowInput<'a> {
    pub row: &'a [Value],
    pub excluded: &'a [Value],
    pub parameters: &'a [Value],
    pub planned: &'a [Value],
    /// Microseconds since 1970.
    pub now: i64,
}

impl RowExpression {
    /// A value as it is compared with one of another type: a number that a float8 may not hold becomes one beside a float, as
    /// in PostgreSQL.
    ///
    /// # Errors
    /// 22003 for a constant beyond a float8.
    pub fn beside(self, own: &ColumnType, other: &ColumnType) -> Result<RowExpression> {
        let is_float = matches!(other, ColumnType::Float4 | ColumnType::Float8);
        if !is_float || !matches!(own, ColumnType::Int8 | ColumnType::Numeric(_)) {
            return Ok(self);
        }
        Ok(match self {
            RowExpression::Constant(value) => RowExpression::Constant(value.cast(&ColumnType::Float8, false)?),
            inner => RowExpression::Convert { inner: Box::new(inner), to: ColumnType::Float8, explicit: false },
        })
    }

    /// # Errors
    /// What the operation reports: 22012, 22003, 22P02, …
    pub fn evaluate(&self, input: &RowInput<'_>) -> Result<Value> {
        let pick = |values: &[Value], position: usize| {
            values
                .get(position)
                .cloned()
                .ok_or_else(|| Error::internal(format!("value {position} of a row is missing")))
        };
        match self {
            RowExpression::Constant(value) => Ok(value.clone()),
            RowExpression::Parameter(position, ty) => {
                let value = input.parameters.get(*position).ok_or_else(|| {
                    Error::new(ErrorKind::UndefinedParameter, format!("there is no parameter ${}", position + 1))
                })?;
                if value.is_of(ty) { Ok(value.clone()) } else { value.clone().cast(ty, false) }
            }
            RowExpression::Column(position) => pick(input.row, *position),
            RowExpression::Excluded(position) => pick(input.excluded, *position),
            RowExpression::Planned(position) => pick(input.planned, *position),
            RowExpression::Now => Ok(Value::TimestampTz(input.now)),
            RowExpression::ClockTime => Ok(Value::TimestampTz(Utc::now().timestamp_micros())),
            RowExpression::RandomUuid => Ok(Value::Uuid(Uuid::new_v4())),
            RowExpression::OrderedUuid => Ok(Value::Uuid(Uuid::now_v7())),
            RowExpression::Convert { inner, to, explicit } => inner.evaluate(input)?.cast(to, *explicit),
            RowExpression::Arithmetic { operator, left, right, ty } => {
                match (left.evaluate(input)?, right.evaluate(input)?) {
                    (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
                    (left, right) => operator.apply(left.cast(ty, false)?, right.cast(ty, false)?, ty),
                }
            }
            RowExpression::Compare { operator, left, right } => {
                let (left, right) = (left.evaluate(input)?, right.evaluate(input)?);
                Ok(compare(*operator, &left, &right).map_or(Value::Null, Value::Bool))
            }
            RowExpression::And(left, right) => both(left, right, input, false),
            RowExpression::Or(left, right) => both(left, right, input, true),
            RowExpression::Not(inner) => Ok(inner.truth(input)?.map_or(Value::Null, |truth| Value::Bool(!truth))),
            RowExpression::IsNull(inner) => Ok(Value::Bool(inner.evaluate(input)?.is_null())),
            RowExpression::Coalesce(list) => {
                for each in list {
                    let value = each.evaluate(input)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(Value::Null)
            }
            RowExpression::Concat(..)
            | RowExpression::JsonConcat(..)
            | RowExpression::JsonDelete(..)
            | RowExpression::JsonField { .. } => self.evaluate_text(input),
        }
    }

    /// Operations on texts and JSON.
    fn evaluate_text(&self, input: &RowInput<'_>) -> Result<Value> {
        let (left, right) = match self {
            RowExpression::Concat(left, right)
            | RowExpression::JsonConcat(left, right)
            | RowExpression::JsonDelete(left, right)
            | RowExpression::JsonField { json: left, step: right, .. } => {
                (left.evaluate(input)?, right.evaluate(input)?)
            }
            _ => return Err(Error::internal("an expression is no operation on texts")),
        };
        if left.is_null() || right.is_null() {
            return Ok(Value::Null);
        }
        if matches!(self, RowExpression::Concat(..)) {
            let (left, right) = (left.cast(&ColumnType::Text, true)?, right.cast(&ColumnType::Text, true)?);
            return Ok(Value::text([left.as_str().unwrap_or(""), right.as_str().unwrap_or("")].concat()));
        }
        let json = left.as_str().unwrap_or("null");
        match self {
            RowExpression::JsonConcat(..) => {
                Ok(Value::Json(jsonb::concat(json, right.as_str().unwrap_or("null")).into()))
            }
            RowExpression::JsonDelete(..) => {
                let rest = match (&right, right.as_i64()) {
                    (_, Some(index)) => jsonb::delete_index(json, index)?,
                    (key, None) => jsonb::delete_key(json, key.as_str().unwrap_or(""))?,
                };
                Ok(Value::Json(rest.into()))
            }
            RowExpression::JsonField { as_text, .. } => {
                let found = match (&right, right.as_i64()) {
                    (_, Some(index)) => jsonb::get_index(json, index),
                    (key, None) => jsonb::get_key(json, key.as_str().unwrap_or("")),
                };
                Ok(match found {
                    None => Value::Null,
                    Some(found) if *as_text => jsonb::as_text(found).map_or(Value::Null, Value::text),
                    Some(found) => Value::Json(found.into()),
                })
            }
            _ => Err(Error::internal("an expression is no operation on JSON")),
        }
    }

    /// Whether a condition holds: SQL's three truth values.
    ///
    /// # Errors
    /// 42804 for a value that is no boolean; as [`RowExpression::evaluate`].
    pub fn truth(&self, input: &RowInput<'_>) -> Result<Option<bool>> {
        match self.evaluate(input)? {
            Value::Null => Ok(None),
            Value::Bool(truth) => Ok(Some(truth)),
            // The parts of a condition are checked when it is planned.
            other => Err(no_condition("WHERE", &other.column_type())),
        }
    }

    /// Whether it is another value each time that it is evaluated.
    pub fn varies(&self) -> bool {
        matches!(self, RowExpression::ClockTime | RowExpression::RandomUuid | RowExpression::OrderedUuid)
    }

    /// Whether any part of it is the named kind.
    pub fn any(&self, is_wanted: &dyn Fn(&RowExpression) -> bool) -> bool {
        if is_wanted(self) {
            return true;
        }
        match self {
            RowExpression::Convert { inner, .. } | RowExpression::Not(inner) | RowExpression::IsNull(inner) => {
                inner.any(is_wanted)
            }
            RowExpression::Arithmetic { left, right, .. }
            | RowExpression::Compare { left, right, .. }
            | RowExpression::And(left, right)
            | RowExpression::Or(left, right)
            | RowExpression::Concat(left, right)
            | RowExpression::JsonConcat(left, right)
            | RowExpression::JsonDelete(left, right)
            | RowExpression::JsonField { json: left, step: right, .. } => left.any(is_wanted) || right.any(is_wanted),
            RowExpression::Coalesce(list) => list.iter().any(|each| each.any(is_wanted)),
            RowExpression::Constant(_)
            | RowExpression::Parameter(..)
            | RowExpression::Column(_)
            | RowExpression::Excluded(_)
            | RowExpression::Planned(_)
            | RowExpression::Now
            | RowExpression::ClockTime
            | RowExpression::RandomUuid
            | RowExpression::OrderedUuid => false,
        }
    }

    /// Whether it looks at the entry as it was.
    pub fn reads_row(&self) -> bool {
        self.any(&|each| matches!(each, RowExpression::Column(_)))
    }
}

/// AND and OR. The right side is evaluated where the left one does not decide, and its decision outweighs an error of the
/// left one: the order in which guards are written does not matter.
fn both(left: &RowExpression, right: &RowExpression, input: &RowInput<'_>, decisive: bool) -> Result<Value> {
    let left = left.truth(input);
    if matches!(left, Ok(Some(truth)) if truth == decisive) {
        return Ok(Value::Bool(decisive));
    }
    let right = match (&left, right.truth(input)) {
        (_, Ok(Some(truth))) if truth == decisive => return Ok(Value::Bool(decisive)),
        (_, right) => right,
    };
    Ok(match (left?, right?) {
        (Some(_), Some(_)) => Value::Bool(!decisive),
        _ => Value::Null,
    })
}

fn compare(operator: Comparison, left: &Value, right: &Value) -> Option<bool> {
    if left.is_null() || right.is_null() {
        return None;
    }
    match operator {
        Comparison::Equal => return Some(left.equals(right)),
        Comparison::NotEqual => return Some(!left.equals(right)),
        _ => {}
    }
    let order = left.compare(right)?;
    Some(match operator {
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })
}

impl Arithmetic {
    /// Computes with two values of type `ty`.
    fn apply(self, left: Value, right: Value, ty: &ColumnType) -> Result<Value> {
        let out_of_range = || Error::new(ErrorKind::NumericOutOfRange, format!("{ty} out of range"));
        let by_zero = || Error::new(ErrorKind::DivisionByZero, "division by zero");
        if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
            let result = match self {
                Arithmetic::Add => left.checked_add(right),
                Arithmetic::Subtract => left.checked_sub(right),
                Arithmetic::Multiply => left.checked_mul(right),
                Arithmetic::Divide if right == 0 => return Err(by_zero()),
                Arithmetic::Divide => left.checked_div(right),
            };
            return Value::Int8(result.ok_or_else(out_of_range)?).cast(ty, false);
        }
        match (left, right) {
            (Value::Numeric(left), Value::Numeric(right)) => {
                let result = match self {
                    Arithmetic::Add => left.checked_add(right),
                    Arithmetic::Subtract => left.checked_sub(right),
                    Arithmetic::Multiply => left.checked_mul(right),
                    Arithmetic::Divide if right.is_zero() => return Err(by_zero()),
                    Arithmetic::Divide => left.checked_div(right),
                };
                result.map(Value::Numeric).ok_or_else(out_of_range)
            }
            (Value::Float8(left), Value::Float8(right)) => {
                let result = self.apply_float(left, right)?;
                if result.is_infinite() && left.is_finite() && right.is_finite() {
                    return Err(Error::new(ErrorKind::NumericOutOfRange, "value out of range: overflow"));
                }
                Ok(Value::float8(result))
            }
            (Value::Float4(left), Value::Float4(right)) => {
                Value::float8(self.apply_float(f64::from(left), f64::from(right))?).cast(ty, false)
            }
            (left, right) => {
                Err(Error::internal(format!("arithmetic between {} and {}", left.column_type(), right.column_type())))
            }
        }
    }

    fn apply_float(self, left: f64, right: f64) -> Result<f64> {
        Ok(match self {
            Arithmetic::Add => left + right,
            Arithmetic::Subtract => left - right,
            Arithmetic::Multiply => left * right,
            Arithmetic::Divide if right == 0.0 => {
                return Err(Error::new(ErrorKind::DivisionByZero, "division by zero"));
            }
            Arithmetic::Divide => left / right,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(value: Value) -> Box<RowExpression> {
        Box::new(RowExpression::Constant(value))
    }

    fn arithmetic(operator: Arithmetic, left: Value, right: Value, ty: ColumnType) -> Result<Value> {
        let (left, right) = (constant(left), constant(right));
        RowExpression::Arithmetic { operator, left, right, ty }.evaluate(&RowInput::default())
    }

    #[test]
    fn arithmetic_is_checked() {
        use Arithmetic::{Add, Divide, Multiply, Subtract};
        let int4 = |operator, a, b| arithmetic(operator, Value::Int4(a), Value::Int4(b), ColumnType::Int4);
        assert_eq!(int4(Add, 2, 3).unwrap(), Value::Int4(5));
        assert_eq!(int4(Divide, -7, 2).unwrap(), Value::Int4(-3));
        assert_eq!(int4(Divide, 1, 0).unwrap_err().sqlstate(), "22012");
        assert_eq!(int4(Multiply, i32::MAX, 2).unwrap_err().message(), "integer out of range");
        let wide = arithmetic(Subtract, Value::Int8(i64::MIN), Value::Int4(1), ColumnType::Int8);
        assert_eq!(wide.unwrap_err().message(), "bigint out of range");
        let mixed = arithmetic(Add, Value::Numeric("1.5".parse().unwrap()), Value::Int4(1), ColumnType::Numeric(None));
        assert_eq!(mixed.unwrap().to_text(), "2.5");
        let float = arithmetic(Multiply, Value::Float8(1e300), Value::Float8(1e300), ColumnType::Float8);
        assert_eq!(float.unwrap_err().sqlstate(), "22003");
        assert_eq!(arithmetic(Add, Value::Null, Value::Int4(1), ColumnType::Int4).unwrap(), Value::Null);
    }

    #[test]
    fn conditions_have_three_truth_values() {
        let truth = |expression: RowExpression| expression.truth(&RowInput::default()).unwrap();
        let bool = |truth: Option<bool>| constant(truth.map_or(Value::Null, Value::Bool));
        assert_eq!(truth(RowExpression::And(bool(None), bool(Some(false)))), Some(false));
        assert_eq!(truth(RowExpression::And(bool(None), bool(Some(true)))), None);
        assert_eq!(truth(RowExpression::Or(bool(None), bool(Some(true)))), Some(true));
        assert_eq!(truth(RowExpression::Not(bool(None))), None);
        let compare =
            |operator, left, right| RowExpression::Compare { operator, left: constant(left), right: constant(right) };
        assert_eq!(truth(compare(Comparison::Less, Value::Int4(1), Value::Float8(1.5))), Some(true));
        assert_eq!(truth(compare(Comparison::Equal, Value::Null, Value::Null)), None);
        assert_eq!(truth(compare(Comparison::NotEqual, Value::text("a"), Value::text("b"))), Some(true));
    }

    #[test]
    fn a_condition_that_decides_outweighs_an_error() {
        let fails = || {
            Box::new(RowExpression::Compare {
                operator: Comparison::Equal,
                left: Box::new(RowExpression::Arithmetic {
                    operator: Arithmetic::Divide,
                    left: constant(Value::Int4(1)),
                    right: constant(Value::Int4(0)),
                    ty: ColumnType::Int4,
                }),
                right: constant(Value::Int4(1)),
            })
        };
        let truth = |expression: RowExpression| expression.truth(&RowInput::default());
        let bool = |truth| constant(Value::Bool(truth));
        assert_eq!(truth(RowExpression::And(bool(false), fails())).unwrap(), Some(false));
        assert_eq!(truth(RowExpression::And(fails(), bool(false))).unwrap(), Some(false));
        assert_eq!(truth(RowExpression::Or(fails(), bool(true))).unwrap(), Some(true));
        assert_eq!(truth(RowExpression::And(bool(true), fails())).unwrap_err().sqlstate(), "22012");
        assert_eq!(truth(RowExpression::Or(fails(), bool(false))).unwrap_err().sqlstate(), "22012");
    }

    #[test]
    fn rows_parameters_and_json_are_read() {
        let row = [Value::Json("{\"a\": {\"b\": \"x\"}, \"n\": 1}".into()), Value::Null];
        let input = RowInput { row: &row, parameters: &[Value::text("7")], ..RowInput::default() };
        let field = |json: RowExpression, key: &str, as_text| RowExpression::JsonField {
            json: Box::new(json),
            step: constant(Value::text(key)),
            as_text,
        };
        let nested = field(field(RowExpression::Column(0), "a", false), "b", true);
        assert_eq!(nested.evaluate(&input).unwrap(), Value::text("x"));
        let less = RowExpression::JsonDelete(Box::new(RowExpression::Column(0)), constant(Value::text("a")));
        assert_eq!(less.evaluate(&input).unwrap().to_text(), "{\"n\": 1}");
        assert_eq!(RowExpression::Parameter(0, ColumnType::Int4).evaluate(&input).unwrap(), Value::Int4(7));
        assert_eq!(RowExpression::Parameter(1, ColumnType::Int4).evaluate(&input).unwrap_err().sqlstate(), "42P02");
        let first = RowExpression::Coalesce(vec![RowExpression::Column(1), RowExpression::Now]);
        assert_eq!(first.evaluate(&input).unwrap(), Value::TimestampTz(0));
        assert!(first.reads_row() && !nested.any(&|each| matches!(each, RowExpression::Now)));
    }
}

//! From an expression and the parameters of an Execute to the steps of a program: whatever is constant is looked at once.

use std::borrow::Cow;

use crate::error::Result;
use crate::expr::functions::Volatility;
use crate::expr::operators::{Comparison, Test};
use crate::expr::patterns::{compile_regex, like_regex, text_of};
use crate::expr::program::{Began, Environment, Step, elements};
use crate::expr::row::ValueRow;
use crate::expr::tree::{Expr, Operand, PathResult, Scalar, parameter};
use crate::types::{ColumnType, Value, has_dangling_escape, jsonb_text, value_of_json_text};

impl Step {
    pub(super) fn of(expr: &Expr, environment: &Environment<'_>) -> Result<Step> {
        let one = |expr: &Expr| Step::of(expr, environment);
        let boxed = |expr: &Expr| Step::of(expr, environment).map(Box::new);
        let all = |list: &[Expr]| list.iter().map(one).collect::<Result<Vec<_>>>();
        Ok(match expr {
            Expr::Scalar(Scalar::Value(value)) => Step::Constant(value.clone()),
            Expr::Scalar(Scalar::Parameter(position, ty)) => {
                Step::Constant(bound(parameter(environment.parameters, *position)?, ty)?)
            }
            Expr::Field(field, _) => Step::Field(field.clone()),
            Expr::Excluded(position, _) => Step::Excluded(*position),
            Expr::Planned(position) => Step::Planned(*position),
            Expr::And(list) => Step::And(all(list)?),
            Expr::Or(list) => Step::Or(all(list)?),
            Expr::Not(inner) => Step::Not(boxed(inner)?),
            Expr::IsNull(inner) => Step::IsNull(boxed(inner)?),
            Expr::Compare { operator, left, right } => compare(*operator, one(left)?, one(right)?)?,
            Expr::Test { test, left, right } => tested(*test, one(left)?, one(right)?)?,
            Expr::In { left, list } => among(one(left)?, all(list)?)?,
            Expr::InArray { left, array } => match one(array)? {
                Step::Constant(array @ Value::Array(..)) => {
                    let elements = elements(&array).into_iter().cloned().map(Step::Constant);
                    among(one(left)?, elements.collect())?
                }
                array => Step::InArray { left: boxed(left)?, array: Box::new(array) },
            },
            Expr::Arithmetic { operator, left, right, ty } => {
                Step::Arithmetic { operator: *operator, left: boxed(left)?, right: boxed(right)?, ty: ty.clone() }
            }
            Expr::Coalesce { list, .. } => Step::Coalesce(all(list)?),
            Expr::Convert { inner, to, explicit } => match one(inner)? {
                Step::Constant(value) => value.cast(to, *explicit).map_or_else(Step::Fails, Step::Constant),
                inner => Step::Convert { inner: Box::new(inner), to: to.clone(), explicit: *explicit },
            },
            Expr::Call { function, arguments } => Step::Call {
                function,
                arguments: all(arguments)?,
                types: arguments.iter().map(Expr::ty).collect(),
                began: Began(environment.now),
            }
            .computed(),
        })
    }

    /// A call as its result where that is the same for every row.
    fn computed(self) -> Step {
        let Step::Call { function, arguments, .. } = &self else { return self };
        let is_constant = arguments.iter().all(|argument| matches!(argument, Step::Constant(_)));
        if !is_constant || function.volatility == Volatility::Volatile {
            return self;
        }
        self.value(&ValueRow::default()).map(Cow::into_owned).map_or_else(Step::Fails, Step::Constant)
    }
}

/// The value of a parameter in the type that it is read as.
fn bound(value: &Value, ty: &ColumnType) -> Result<Value> {
    let has_modifier = matches!(
        ty,
        ColumnType::Varchar(Some(_))
            | ColumnType::Char(_)
            | ColumnType::Name
            | ColumnType::CatalogChar
            | ColumnType::Numeric(Some(_))
            | ColumnType::Vector(Some(_))
    );
    if value.is_of(ty) && !has_modifier { Ok(value.clone()) } else { value.clone().cast(ty, false) }
}

/// A constant as it is compared with a field: beside a typed part of a document, a document of one number, text or truth is that
/// value.
fn beside(field: &Operand, constant: Value) -> Result<Value> {
    match (field, constant) {
        (Operand::Path { result: PathResult::Typed, .. }, Value::Json(document)) => {
            value_of_json_text(&jsonb_text(&document)?)
        }
        (_, constant) => Ok(constant),
    }
}

fn compare(operator: Comparison, left: Step, right: Step) -> Result<Step> {
    let (operator, left, right) = match (left, right) {
        (left @ Step::Constant(_), right @ Step::Field(_)) => (operator.flip(), right, left),
        (left, right) => (operator, left, right),
    };
    Ok(match (left, right) {
        (Step::Field(field), Step::Constant(constant)) => {
            let constant = beside(&field, constant)?;
            Step::CompareField { field, operator, constant }
        }
        (left, right) => Step::Compare { operator, left: Box::new(left), right: Box::new(right) },
    })
}

fn among(left: Step, list: Vec<Step>) -> Result<Step> {
    if !list.iter().all(|each| matches!(each, Step::Constant(_))) {
        return Ok(Step::In { left: Box::new(left), list });
    }
    let mut values = Vec::with_capacity(list.len());
    let mut has_null = false;
    for each in list {
        match each {
            Step::Constant(Value::Null) => has_null = true,
            Step::Constant(value) => values.push(match &left {
                Step::Field(field) => beside(field, value)?,
                _ => value,
            }),
            _ => {}
        }
    }
    Ok(Step::Among { left: Box::new(left), values, has_null })
}

fn tested(test: Test, left: Step, right: Step) -> Result<Step> {
    let left = Box::new(left);
    let Step::Constant(constant) = &right else { return Ok(Step::Test { test, left, right: Box::new(right) }) };
    let Some(text) = text_of(constant) else { return Ok(Step::Constant(Value::Null)) };
    Ok(match test {
        Test::Like { case_insensitive } if !has_dangling_escape(&text) => {
            Step::Pattern { left, pattern: like_regex(&text, case_insensitive)? }
        }
        Test::Matches { case_insensitive } => Step::Pattern { left, pattern: compile_regex(&text, case_insensitive)? },
        Test::StartsWith => Step::Prefix { left, prefix: text.into() },
        Test::Like { .. } | Test::Contains | Test::JsonContains | Test::JsonHasKey => {
            Step::Test { test, left, right: Box::new(right) }
        }
    })
}

//! From an expression and the parameters of an Execute to the steps of a program: whatever is constant is looked at once.

use std::borrow::Cow;

use crate::error::Result;
use crate::expr::functions::Volatility;
use crate::expr::operators::{Comparison, Test};
use crate::expr::patterns::{Pattern, compile_regex, like_regex, text_of};
use crate::expr::program::{Began, Environment, Instruction, elements};
use crate::expr::row::ValueRow;
use crate::expr::tree::{Expr, Operand, PathResult, Scalar, parameter};
use crate::types::{ColumnType, TextStyle, Value, has_dangling_escape, jsonb_text, value_of_json_text};

impl Instruction {
    pub(super) fn of(expr: &Expr, environment: &Environment<'_>) -> Result<Instruction> {
        let one = |expr: &Expr| Instruction::of(expr, environment);
        let boxed = |expr: &Expr| Instruction::of(expr, environment).map(Box::new);
        let all = |list: &[Expr]| list.iter().map(one).collect::<Result<Vec<_>>>();
        Ok(match expr {
            Expr::Scalar(Scalar::Value(value)) => Instruction::Constant(value.clone()),
            Expr::Scalar(Scalar::Parameter(position, ty)) => {
                Instruction::Constant(bound(parameter(environment.parameters, *position)?, ty, environment)?)
            }
            Expr::Field(field, _) => Instruction::Field(field.clone()),
            Expr::Excluded(position, _) => Instruction::Excluded(*position),
            Expr::Planned(position) => Instruction::Planned(*position),
            Expr::And(list) => Instruction::And(all(list)?),
            Expr::Or(list) => Instruction::Or(all(list)?),
            Expr::Not(inner) => Instruction::Not(boxed(inner)?),
            Expr::IsNull(inner) => Instruction::IsNull(boxed(inner)?),
            Expr::Compare { operator, left, right } => compare(*operator, one(left)?, one(right)?)?,
            Expr::Test { test, left, right } => tested(*test, one(left)?, one(right)?)?,
            Expr::In { left, list } => among(one(left)?, all(list)?)?,
            Expr::InArray { left, array } => match one(array)? {
                Instruction::Constant(array @ Value::Array(..)) => {
                    let elements = elements(&array).into_iter().cloned().map(Instruction::Constant);
                    among(one(left)?, elements.collect())?
                }
                array => Instruction::InArray { left: boxed(left)?, array: Box::new(array) },
            },
            Expr::Arithmetic { operator, left, right, ty } => Instruction::Arithmetic {
                operator: *operator,
                left: boxed(left)?,
                right: boxed(right)?,
                ty: ty.clone(),
            },
            Expr::Coalesce { list, .. } => Instruction::Coalesce(all(list)?),
            Expr::Convert { inner, to, explicit } => match one(inner)? {
                Instruction::Constant(value) => {
                    let style = environment.style.map_or(TextStyle::CANONICAL, |style| style);
                    value.cast_in(style, to, *explicit).map_or_else(Instruction::Fails, Instruction::Constant)
                }
                inner => Instruction::Convert {
                    inner: Box::new(inner),
                    to: to.clone(),
                    explicit: *explicit,
                    style: environment.style.cloned(),
                },
            },
            Expr::Call { function, arguments } => Instruction::Call {
                function,
                arguments: all(arguments)?,
                types: arguments.iter().map(Expr::ty).collect(),
                began: Began {
                    transaction: environment.now,
                    statement: environment.statement_began,
                    style: environment.style.cloned(),
                },
            }
            .computed(),
        })
    }

    /// A call as its result where that is the same for every row.
    fn computed(self) -> Instruction {
        let Instruction::Call { function, arguments, .. } = &self else { return self };
        let is_constant = arguments.iter().all(|argument| matches!(argument, Instruction::Constant(_)));
        if !is_constant || function.volatility == Volatility::Volatile {
            return self;
        }
        self.value(&ValueRow::default()).map(Cow::into_owned).map_or_else(Instruction::Fails, Instruction::Constant)
    }
}

/// The value of a parameter in the type that it is read as.
fn bound(value: &Value, ty: &ColumnType, environment: &Environment<'_>) -> Result<Value> {
    let has_modifier = matches!(
        ty,
        ColumnType::Varchar(Some(_))
            | ColumnType::Char(_)
            | ColumnType::Name
            | ColumnType::CatalogChar
            | ColumnType::Numeric(Some(_))
            | ColumnType::Vector(Some(_))
            | ColumnType::Halfvec(Some(_))
            | ColumnType::Sparsevec(Some(_))
            | ColumnType::Bit(Some(_))
            | ColumnType::Varbit(Some(_))
    );
    if value.is_of(ty) && !has_modifier {
        return Ok(value.clone());
    }
    value.clone().cast_in(environment.style.map_or(TextStyle::CANONICAL, |style| style), ty, false)
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

fn compare(operator: Comparison, left: Instruction, right: Instruction) -> Result<Instruction> {
    let (operator, left, right) = match (left, right) {
        (left @ Instruction::Constant(_), right @ Instruction::Field(_)) => (operator.flip(), right, left),
        (left, right) => (operator, left, right),
    };
    Ok(match (left, right) {
        (Instruction::Field(field), Instruction::Constant(constant)) => {
            let constant = beside(&field, constant)?;
            Instruction::CompareField { field, operator, constant }
        }
        (left, right) => Instruction::Compare { operator, left: Box::new(left), right: Box::new(right) },
    })
}

fn among(left: Instruction, list: Vec<Instruction>) -> Result<Instruction> {
    if !list.iter().all(|each| matches!(each, Instruction::Constant(_))) {
        return Ok(Instruction::In { left: Box::new(left), list });
    }
    let mut values = Vec::with_capacity(list.len());
    let mut has_null = false;
    for each in list {
        match each {
            Instruction::Constant(Value::Null) => has_null = true,
            Instruction::Constant(value) => values.push(match &left {
                Instruction::Field(field) => beside(field, value)?,
                _ => value,
            }),
            _ => {}
        }
    }
    Ok(Instruction::Among { left: Box::new(left), values, has_null })
}

fn tested(test: Test, left: Instruction, right: Instruction) -> Result<Instruction> {
    let left = Box::new(left);
    let Instruction::Constant(constant) = &right else {
        return Ok(Instruction::Test { test, left, right: Box::new(right) });
    };
    if test == Test::FullText && !constant.is_null() {
        return Ok(Instruction::Test { test, left, right: Box::new(right) });
    }
    let Some(text) = text_of(constant) else { return Ok(Instruction::Constant(Value::Null)) };
    Ok(match test {
        Test::Like { case_insensitive } if !has_dangling_escape(&text) => {
            Instruction::Pattern { left, pattern: Pattern::Like(like_regex(&text, case_insensitive)?) }
        }
        Test::Matches { case_insensitive } => {
            Instruction::Pattern { left, pattern: Pattern::Regular(compile_regex(&text, case_insensitive)?) }
        }
        Test::StartsWith => Instruction::Prefix { left, prefix: text.into() },
        Test::Like { .. } | Test::Contains | Test::JsonContains | Test::JsonHasKey | Test::FullText => {
            Instruction::Test { test, left, right: Box::new(right) }
        }
    })
}

//! What UPDATE assigns: values computed of an entry as it was, in the type of the place that they are for.
//!
//! A fact has no declared type. Beside numbers it is a decimal; as a whole it is JSON, and what is assigned to one becomes JSON.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, Operand, PathBase};
use crate::knirvql::ast::{AstExpression, Literal, Path};
use crate::knirvql::fact_functions::{as_json, json_field, number_at, present_json};
use crate::knirvql::lower::KnirvqlLowering;
use crate::knirvql::resolve::{ResolvedStatement, parameter, resolve, scalar};
use crate::model::Collection;
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value, jsonb_text};

impl KnirvqlLowering<'_> {
    /// A value for a fact: JSON, with its null in the place of a missing one.
    ///
    /// # Errors
    /// As [`KnirvqlLowering::json_or_null`].
    pub fn fact_value(&mut self, collection: &Collection, value: &AstExpression) -> Result<Expr> {
        let null = Expr::constant(Value::Json("null".into()));
        Ok(Expr::Coalesce { list: vec![self.json_or_null(collection, value)?, null], ty: ColumnType::Jsonb })
    }

    /// # Errors
    /// As `resolve`, `scalar` and [`KnirvqlLowering::number`].
    fn json_or_null(&mut self, collection: &Collection, value: &AstExpression) -> Result<Expr> {
        let of_scalar = |value: Expr| match value {
            Expr::Scalar(scalar) => as_json(Expr::Scalar(scalar)),
            other => other,
        };
        Ok(match value {
            AstExpression::Literal(literal) => {
                of_scalar(Expr::Scalar(scalar(literal, &ColumnType::Unknown, &mut self.parameters)?))
            }
            AstExpression::Json(json) => Expr::constant(document(json)?),
            AstExpression::Path(path) => {
                let ResolvedStatement { operand, ty } = resolve(collection, path)?;
                match operand {
                    Operand::Path { base, path, .. } => present_json(json_field(base, path)),
                    operand => as_json(Expr::Field(operand, ty)),
                }
            }
            AstExpression::Arithmetic { .. } => as_json(self.number(collection, value)?),
            AstExpression::Coalesce(list) => {
                let list = list.iter().map(|each| self.json_or_null(collection, each)).collect::<Result<_>>()?;
                Expr::Coalesce { list, ty: ColumnType::Jsonb }
            }
        })
    }

    /// A value for a column of type `ty`.
    ///
    /// # Errors
    /// 42804 for a value of another kind; as `resolve`, `scalar` and [`KnirvqlLowering::number`].
    pub fn column_value(&mut self, collection: &Collection, value: &AstExpression, ty: &ColumnType) -> Result<Expr> {
        let to = |inner: Expr| Expr::Convert { inner: Box::new(inner), to: ty.clone(), explicit: false };
        let is_json = matches!(ty, ColumnType::Json | ColumnType::Jsonb);
        Ok(match value {
            AstExpression::Literal(Literal::Parameter(number)) => {
                to(Expr::Scalar(parameter(&mut self.parameters, *number, ty)))
            }
            AstExpression::Literal(_) if is_json => self.json_or_null(collection, value)?,
            AstExpression::Literal(literal) => to(Expr::Scalar(scalar(literal, ty, &mut self.parameters)?)),
            AstExpression::Json(json) if is_json => Expr::constant(document(json)?),
            AstExpression::Json(json @ serde_json::Value::Array(_)) if is_vector(ty) => {
                Expr::constant(Value::parse_text(ty, &json.to_string())?)
            }
            AstExpression::Json(_) => {
                let message = format!("JSON does not fit where {ty} is wanted");
                return Err(Error::new(ErrorKind::DatatypeMismatch, message)
                    .with_hint("Send the value as a parameter, or as a text."));
            }
            AstExpression::Path(path) => {
                let ResolvedStatement { operand, ty: own } = resolve(collection, path)?;
                match operand {
                    Operand::Path { base, path, .. } if is_json => json_field(base, path),
                    operand if own == *ty => Expr::Field(operand, own),
                    operand => to(Expr::Field(operand, own)),
                }
            }
            AstExpression::Arithmetic { .. } => to(self.number(collection, value)?),
            AstExpression::Coalesce(list) => {
                let list = list.iter().map(|each| self.column_value(collection, each, ty)).collect::<Result<_>>()?;
                Expr::Coalesce { list, ty: ty.clone() }
            }
        })
    }

    /// A number. Recursion ends: the parser counts operators.
    ///
    /// # Errors
    /// 42804 for what is no number; as `resolve`.
    fn number(&mut self, collection: &Collection, value: &AstExpression) -> Result<Expr> {
        let no_number = |what: &dyn std::fmt::Display| {
            let message = format!("{what} is no number, and only numbers are computed with");
            Err(Error::new(ErrorKind::DatatypeMismatch, message))
        };
        match value {
            AstExpression::Literal(Literal::Null) => Ok(Expr::constant(Value::Null)),
            AstExpression::Literal(literal @ (Literal::Text(_) | Literal::Boolean(_))) => no_number(literal),
            AstExpression::Literal(literal) => {
                let wanted = match literal {
                    Literal::Parameter(_) => ColumnType::Numeric(None),
                    _ => ColumnType::Unknown,
                };
                scalar(literal, &wanted, &mut self.parameters).map(Expr::Scalar)
            }
            AstExpression::Json(_) => no_number(&"JSON"),
            AstExpression::Path(path) => number_of_path(collection, path),
            AstExpression::Arithmetic { operator, left, right } => {
                let (left, right) = (self.number(collection, left)?, self.number(collection, right)?);
                let ty = common_number(&[&left, &right]);
                Ok(Expr::Arithmetic { operator: *operator, left: Box::new(left), right: Box::new(right), ty })
            }
            AstExpression::Coalesce(list) => {
                let list = list.iter().map(|each| self.number(collection, each)).collect::<Result<Vec<_>>>()?;
                let ty = common_number(&list.iter().collect::<Vec<_>>());
                let converted = |inner: Expr| Expr::Convert { inner: Box::new(inner), to: ty.clone(), explicit: false };
                Ok(Expr::Coalesce { list: list.into_iter().map(converted).collect(), ty })
            }
        }
    }
}

fn is_vector(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Vector(_) | ColumnType::Halfvec(_))
}

fn number_of_path(collection: &Collection, path: &Path) -> Result<Expr> {
    let ResolvedStatement { operand, ty } = resolve(collection, path)?;
    match operand {
        Operand::Path { base, path: steps, .. } => Ok(number_at(json_field(base, steps), &path.to_string())),
        operand if ty.is_number() => Ok(Expr::Field(operand, ty)),
        _ => {
            let message = format!("{path} is {ty}, and only numbers are computed with");
            Err(Error::new(ErrorKind::DatatypeMismatch, message))
        }
    }
}

/// The type that numbers are computed in: whole numbers among themselves, decimals beside decimals and facts, floating point beside
/// columns of that.
fn common_number(parts: &[&Expr]) -> ColumnType {
    let types: Vec<ColumnType> = parts.iter().map(|part| part.ty()).collect();
    if types.iter().any(|ty| matches!(ty, ColumnType::Float4 | ColumnType::Float8)) {
        ColumnType::Float8
    } else if types.iter().all(|ty| ty.is_integer() || *ty == ColumnType::Unknown) {
        ColumnType::Int8
    } else {
        ColumnType::Numeric(None)
    }
}

/// JSON as it is written.
fn document(json: &serde_json::Value) -> Result<Value> {
    jsonb_text(&json.to_string()).map(Value::Json)
}

/// A place inside of a document, and what becomes of it.
#[derive(Debug)]
pub struct AssignedPlace {
    pub base: PathBase,
    pub steps: Vec<PathStep>,
    /// `None` takes it out.
    pub value: Option<Expr>,
    /// How it was written, for errors.
    pub shown: String,
}

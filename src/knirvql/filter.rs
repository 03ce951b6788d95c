//! Lowers conditions to expressions.

use regex::Regex;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Comparison, Expr, ParameterTypes, Test};
use crate::knirvql::ast::{AstComparison, Condition, Literal, Path};
use crate::knirvql::lower::KnirvqlLowering;
use crate::knirvql::resolve::{ResolvedStatement, resolve, scalar};
use crate::model::Collection;
use crate::types::ColumnType;

impl KnirvqlLowering<'_> {
    /// The condition on entries of a collection. Recursion ends: the parser bounds the nesting.
    ///
    /// # Errors
    /// As `resolve`, `scalar` and [`KnirvqlLowering::list_of`]; 22023 for a secret text after MATCHES that is no regular expression.
    pub fn filter(&mut self, collection: &Collection, condition: &Condition) -> Result<Expr> {
        let mut all = |members: &[Condition]| {
            members.iter().map(|member| self.filter(collection, member)).collect::<Result<Vec<_>>>()
        };
        match condition {
            Condition::And(members) => all(members).map(Expr::And),
            Condition::Or(members) => all(members).map(Expr::Or),
            Condition::Not(inner) => Ok(self.filter(collection, inner)?.negated_if(true)),
            Condition::Compare { path, operator, value } => {
                compare(collection, path, *operator, value, &mut self.parameters)
            }
            Condition::In { path, values } => {
                let ResolvedStatement { operand, ty } = resolve(collection, path)?;
                let list = values.iter().map(|value| scalar(value, &ty, &mut self.parameters).map(Expr::Scalar));
                Ok(Expr::In { list: list.collect::<Result<_>>()?, left: Box::new(Expr::Field(operand, ty)) })
            }
            Condition::InQuery { path, query } => {
                let ResolvedStatement { operand, ty } = resolve(collection, path)?;
                let array = Box::new(self.list_of(query, &ty)?);
                Ok(Expr::InArray { left: Box::new(Expr::Field(operand, ty)), array })
            }
            Condition::IsNull { path, negated } => {
                let ResolvedStatement { operand, ty } = resolve(collection, path)?;
                Ok(Expr::Field(operand, ty).is_null().negated_if(*negated))
            }
        }
    }
}

fn compare(
    collection: &Collection,
    path: &Path,
    operator: AstComparison,
    literal: &Literal,
    parameters: &mut ParameterTypes,
) -> Result<Expr> {
    let ResolvedStatement { operand, ty } = resolve(collection, path)?;
    let mut right = |ty: &ColumnType| scalar(literal, ty, parameters).map(Expr::Scalar);
    let ordered = |operator, right| Ok(Expr::compare(Expr::Field(operand.clone(), ty.clone()), operator, right));
    let tested = |test, right| Ok(Expr::test(Expr::Field(operand.clone(), ty.clone()), test, right));
    match operator {
        AstComparison::Equal => ordered(Comparison::Equal, right(&ty)?),
        AstComparison::NotEqual => ordered(Comparison::NotEqual, right(&ty)?),
        AstComparison::Less => ordered(Comparison::Less, right(&ty)?),
        AstComparison::LessOrEqual => ordered(Comparison::LessOrEqual, right(&ty)?),
        AstComparison::Greater => ordered(Comparison::Greater, right(&ty)?),
        AstComparison::GreaterOrEqual => ordered(Comparison::GreaterOrEqual, right(&ty)?),
        AstComparison::Contains => {
            // A part of a text is a text; what a JSON value contains may be of any kind.
            let is_json = matches!(ty, ColumnType::Json | ColumnType::Jsonb);
            tested(Test::Contains, right(if is_json { &ColumnType::Unknown } else { &ty })?)
        }
        AstComparison::Like => tested(Test::Like { case_insensitive: false }, right(&ColumnType::Text)?),
        AstComparison::StartsWith => tested(Test::StartsWith, right(&ColumnType::Text)?),
        AstComparison::Matches => {
            check_secret_expression(literal)?;
            tested(Test::Matches { case_insensitive: false }, right(&ColumnType::Text)?)
        }
    }
}

/// Refuses a wrong regular expression here where its text must not be shown; others are refused where they run.
fn check_secret_expression(literal: &Literal) -> Result<()> {
    match literal {
        Literal::Text(text) if text.secret && Regex::new(&text.value).is_err() => {
            Err(Error::new(ErrorKind::InvalidParameterValue, "the text after MATCHES is no regular expression"))
        }
        _ => Ok(()),
    }
}

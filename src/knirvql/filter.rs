//! Lowers conditions to predicates.

use regex::Regex;

use crate::db::{self, Predicate};
use crate::error::{Error, ErrorKind, Result};
use crate::knirvql::ast::{AstComparison, Condition, Literal, Path};
use crate::knirvql::resolve::{KnirvqlParameterTypes, ResolvedStatement, resolve, scalar};
use crate::model::Collection;
use crate::types::ColumnType;

/// The predicate of a condition on a collection. Recursion ends: the parser bounds the nesting.
///
/// # Errors
/// As `resolve` and `scalar`; 22023 for a secret text after MATCHES that is no regular expression.
pub fn filter(
    collection: &Collection,
    condition: &Condition,
    parameters: &mut KnirvqlParameterTypes,
) -> Result<Predicate> {
    match condition {
        Condition::And(members) => members
            .iter()
            .map(|member| filter(collection, member, parameters))
            .collect::<Result<_>>()
            .map(Predicate::And),
        Condition::Or(members) => members
            .iter()
            .map(|member| filter(collection, member, parameters))
            .collect::<Result<_>>()
            .map(Predicate::Or),
        Condition::Not(inner) => Ok(Predicate::Not(Box::new(filter(collection, inner, parameters)?))),
        Condition::Compare { path, operator, value } => compare(collection, path, *operator, value, parameters),
        Condition::In { path, values } => {
            let ResolvedStatement { operand: left, ty } = resolve(collection, path)?;
            let values = values.iter().map(|value| scalar(value, &ty, parameters)).collect::<Result<_>>()?;
            Ok(Predicate::In { left, values })
        }
        Condition::IsNull { path, negated } => {
            let is_null = Predicate::IsNull(resolve(collection, path)?.operand);
            Ok(if *negated { Predicate::Not(Box::new(is_null)) } else { is_null })
        }
    }
}

fn compare(
    collection: &Collection,
    path: &Path,
    operator: AstComparison,
    literal: &Literal,
    parameters: &mut KnirvqlParameterTypes,
) -> Result<Predicate> {
    let ResolvedStatement { operand: left, ty } = resolve(collection, path)?;
    let operator = match operator {
        AstComparison::Equal => db::Comparison::Equal,
        AstComparison::NotEqual => db::Comparison::NotEqual,
        AstComparison::Less => db::Comparison::Less,
        AstComparison::LessOrEqual => db::Comparison::LessOrEqual,
        AstComparison::Greater => db::Comparison::Greater,
        AstComparison::GreaterOrEqual => db::Comparison::GreaterOrEqual,
        AstComparison::Contains => {
            // A part of a text is a text; what a JSON value contains may be of any kind.
            let part = if matches!(ty, ColumnType::Json | ColumnType::Jsonb) { ColumnType::Unknown } else { ty };
            return Ok(Predicate::Contains { left, value: scalar(literal, &part, parameters)? });
        }
        AstComparison::Like => {
            let pattern = scalar(literal, &ColumnType::Text, parameters)?;
            return Ok(Predicate::Like { left, pattern, case_insensitive: false });
        }
        AstComparison::StartsWith => {
            return Ok(Predicate::StartsWith { left, prefix: scalar(literal, &ColumnType::Text, parameters)? });
        }
        AstComparison::Matches => {
            check_secret_expression(literal)?;
            let pattern = scalar(literal, &ColumnType::Text, parameters)?;
            return Ok(Predicate::Matches { left, pattern, case_insensitive: false });
        }
    };
    Ok(Predicate::Compare { left, operator, right: scalar(literal, &ty, parameters)? })
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

//! Operators of full text: whether a document matches a query, and what joins documents and queries.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr};

use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::parse::operators::call;
use crate::types::ColumnType;

impl Analyzer<'_> {
    /// An operation on documents and queries whose sides were walked and have their types, as the call that it is; `None` for another.
    pub fn full_text(
        &self,
        expr: &mut Expr,
        left_type: Option<&ColumnType>,
        right_type: Option<&ColumnType>,
    ) -> Option<ColumnType> {
        let Expr::BinaryOp { left, op, right } = expr else { return None };
        let (name, ty) = function_of(op, left_type, right_type)?;
        *expr = call(name, vec![left.as_ref().clone(), right.as_ref().clone()]);
        Some(ty)
    }
}

/// The function of an operator between sides of these types.
fn function_of(
    operator: &BinaryOperator,
    left: Option<&ColumnType>,
    right: Option<&ColumnType>,
) -> Option<(&'static str, ColumnType)> {
    let is_text = |ty: Option<&ColumnType>| ty.is_some_and(ColumnType::is_text);
    let is_vector = |ty: Option<&ColumnType>| ty == Some(&ColumnType::TsVector);
    let is_query = |ty: Option<&ColumnType>| ty == Some(&ColumnType::TsQuery);
    Some(match operator {
        BinaryOperator::AtAt if is_vector(left) => ("ts_match_vq", ColumnType::Bool),
        BinaryOperator::AtAt if is_vector(right) => ("ts_match_qv", ColumnType::Bool),
        BinaryOperator::AtAt if is_query(right) => ("ts_match_tq", ColumnType::Bool),
        BinaryOperator::AtAt if is_text(left) && is_text(right) => ("ts_match_tt", ColumnType::Bool),
        BinaryOperator::StringConcat if is_vector(left) && is_vector(right) => {
            ("tsvector_concat", ColumnType::TsVector)
        }
        _ if !is_query(left) || !is_query(right) => return None,
        BinaryOperator::StringConcat => ("tsquery_or", ColumnType::TsQuery),
        BinaryOperator::PGOverlap => ("tsquery_and", ColumnType::TsQuery),
        BinaryOperator::AtArrow => ("tsq_mcontains", ColumnType::Bool),
        BinaryOperator::ArrowAt => ("tsq_mcontained", ColumnType::Bool),
        _ => return None,
    })
}

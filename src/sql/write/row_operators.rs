//! Literals and operators of row expressions, as the tree writes them.

use datafusion::sql::sqlparser::ast::BinaryOperator;
use rust_decimal::Decimal;

use crate::db::Comparison;
use crate::sql::write::row_expression::Arithmetic;
use crate::types::Value;

/// A number literal as PostgreSQL types it: integer, bigint or numeric.
pub fn number(text: &str, negative: bool) -> Option<Value> {
    let digits = if negative { format!("-{text}") } else { text.to_string() };
    let digits = digits.replace('_', "");
    if let Ok(small) = digits.parse::<i32>() {
        return Some(Value::Int4(small));
    }
    if let Ok(large) = digits.parse::<i64>() {
        return Some(Value::Int8(large));
    }
    let decimal: Option<Decimal> = digits.parse().ok().or_else(|| Decimal::from_scientific(&digits).ok());
    match decimal {
        Some(decimal) => Some(Value::Numeric(decimal)),
        // Beyond what a numeric holds here: as near as a float comes.
        None => digits.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Float8),
    }
}

/// The arithmetic that an operator stands for.
pub fn arithmetic(operator: &BinaryOperator) -> Option<Arithmetic> {
    Some(match operator {
        BinaryOperator::Plus => Arithmetic::Add,
        BinaryOperator::Minus => Arithmetic::Subtract,
        BinaryOperator::Multiply => Arithmetic::Multiply,
        BinaryOperator::Divide => Arithmetic::Divide,
        _ => return None,
    })
}

/// The comparison that an operator stands for.
pub fn comparison(operator: &BinaryOperator) -> Option<Comparison> {
    Some(match operator {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

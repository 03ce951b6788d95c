//! Operators that stand before their operand.

use datafusion::sql::sqlparser::ast::{Expr, Spanned, UnaryOperator};

use crate::error::Result;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::arrow::arithmetic_functions::SUBTRACT;
use crate::sql::functions::INTERVAL_NEGATED;
use crate::sql::parse::operators::call;
use crate::sql::registry;
use crate::types::{ColumnType, Value};

impl Analyzer<'_> {
    /// An operator that stands before its operand.
    ///
    /// # Errors
    /// 42883 where there is no such operator; what the operand says.
    pub fn unary(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let Expr::UnaryOp { op, expr: inner } = expr else { return Ok(None) };
        let op = *op;
        let location = inner.span().start;
        if op == UnaryOperator::Not {
            self.condition(inner, "NOT")?;
            return Ok(Some(ColumnType::Bool));
        }
        if op == UnaryOperator::PGPrefixFactorial {
            // It is `!!`, which only queries of full text have.
            self.adopt(inner, &ColumnType::TsQuery)?;
        }
        let ty = self.expr(inner)?;
        let resolved = ty.as_ref().map(|ty| registry::resolve_operator(&op.to_string(), None, ty.oid()));
        resolved.transpose().map_err(|error| self.at(error, location))?;
        if let (UnaryOperator::BitwiseNot, Some(ty)) = (op, ty.as_ref().filter(|ty| ty.is_bits())) {
            *expr = call("bitnot", vec![inner.as_ref().clone()]);
            return Ok(Some(ty.with_length(None)));
        }
        if op == UnaryOperator::PGPrefixFactorial && ty == Some(ColumnType::TsQuery) {
            *expr = call("tsquery_not", vec![inner.as_ref().clone()]);
            return Ok(ty);
        }
        let form = match op {
            UnaryOperator::Minus => self.numeric_form(inner, ty.as_ref(), "-"),
            UnaryOperator::PGAbs => self.numeric_form(inner, ty.as_ref(), "abs"),
            _ => None,
        };
        if let Some(number) = form {
            *expr = number;
            return Ok(Some(ColumnType::Numeric(None)));
        }
        if op == UnaryOperator::Plus && is_numeric(ty.as_ref()) {
            *expr = inner.as_ref().clone();
            return Ok(ty);
        }
        let negation = (op == UnaryOperator::Minus && ty == Some(ColumnType::Interval)).then_some(INTERVAL_NEGATED);
        if let Some(name) = negation.or_else(|| unary_function(op)) {
            let is_root = matches!(op, UnaryOperator::PGSquareRoot | UnaryOperator::PGCubeRoot);
            if is_root && is_numeric(ty.as_ref()) {
                self.numeric_as_float(inner);
            }
            *expr = call(name, vec![inner.as_ref().clone()]);
            if is_root {
                return Ok(Some(ColumnType::Float8));
            }
        } else if let (UnaryOperator::Minus | UnaryOperator::BitwiseNot, Some(ty)) =
            (op, ty.as_ref().filter(|ty| ty.is_integer()))
        {
            // The planner's own does not notice that the least number has no counterpart, and has no ~, which is -1 - n.
            let from = if op == UnaryOperator::Minus { 0 } else { -1 };
            let from = self.constant(Value::Int2(from).cast(ty, false)?, ty);
            *expr = call(SUBTRACT, vec![from, inner.as_ref().clone()]);
        }
        Ok(ty)
    }
}

fn unary_function(operator: UnaryOperator) -> Option<&'static str> {
    match operator {
        UnaryOperator::PGAbs => Some("abs"),
        UnaryOperator::PGSquareRoot => Some("sqrt"),
        UnaryOperator::PGCubeRoot => Some("cbrt"),
        _ => None,
    }
}

//! Arithmetic of constants, computed once: `1 + 10`, `date '1994-01-01' + interval '1 year'`.
//!
//! What is computed has nothing left that could fail in the rows, so that conditions with it are pushed down, joined by and looked up in
//! columns. What fails stays, and fails where it is reached.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

use crate::expr::{Arithmetic, Invocation};
use crate::sql::analyze::analyzer::{Analyzer, wider};
use crate::sql::functions;
use crate::sql::parse::trees::{number, number_of};
use crate::types::{ColumnType, MICROS_PER_DAY, Value};

impl Analyzer<'_> {
    /// The value of a constant or of a number that is written.
    fn folded_value(&self, expr: &Expr) -> Option<Value> {
        if let Some(value) = self.constant_value(expr) {
            return Some(value.clone());
        }
        match expr {
            Expr::Nested(inner) => self.folded_value(inner),
            Expr::UnaryOp { op: UnaryOperator::Minus, .. } | Expr::Value(_) => {
                let (text, is_negative) = number_of(expr)?;
                number(text, is_negative)
            }
            _ => None,
        }
    }

    /// What an operator makes of two exact constants; `None` where one is no constant, or it fails.
    pub fn folded_arithmetic(
        &mut self,
        (left, left_type): (&Expr, &ColumnType),
        op: &BinaryOperator,
        (right, right_type): (&Expr, &ColumnType),
    ) -> Option<(Expr, ColumnType)> {
        let is_exact = |ty: &ColumnType| ty.is_integer() || matches!(ty, ColumnType::Numeric(_));
        if !is_exact(left_type) || !is_exact(right_type) {
            return None;
        }
        let operator = Arithmetic::of(&op.to_string())?;
        let ty = match left_type.is_integer() && right_type.is_integer() {
            true => wider(left_type, right_type),
            false => ColumnType::Numeric(None),
        };
        let side = |expr: &Expr| self.folded_value(expr)?.cast(&ty, false).ok();
        let value = operator.apply(side(left)?, side(right)?, &ty).ok().filter(|value| !value.is_null())?;
        Some((self.constant(value, &ty), ty))
    }

    /// What a function of times makes of two constants; `None` where one is no constant, it fails, or its result is of a session.
    pub fn folded_times(&mut self, name: &str, [left, right]: [&Expr; 2], ty: &ColumnType) -> Option<Expr> {
        let arguments = [self.folded_value(left)?, self.folded_value(right)?];
        let is_of_session = |value: &Value| matches!(value, Value::TimestampTz(_) | Value::Null);
        if *ty == ColumnType::TimestampTz || arguments.iter().any(is_of_session) {
            return None;
        }
        let function = functions::function(name)?;
        let invocation = Invocation { name: function.name, statement: None, types: &[] };
        let value = (function.body)(&invocation, &arguments).ok()?.cast(ty, false).ok()?;
        Some(self.constant(value, ty))
    }

    /// A date beside a constant midnight: the constant as the date that compares alike. Whether it is one.
    pub fn midnight_as_date(
        &mut self,
        (date, date_type): (&Expr, Option<&ColumnType>),
        (moment, moment_type): (&mut Expr, &mut Option<ColumnType>),
    ) -> bool {
        let is_pair = date_type == Some(&ColumnType::Date) && *moment_type == Some(ColumnType::Timestamp);
        if !is_pair || self.constant_value(date).is_some() {
            return false;
        }
        let Some(Value::Timestamp(micros)) = self.constant_value(moment) else { return false };
        let Some(days) = i32::try_from(micros / MICROS_PER_DAY).ok().filter(|_| micros % MICROS_PER_DAY == 0) else {
            return false;
        };
        *moment = self.constant(Value::Date(days), &ColumnType::Date);
        *moment_type = Some(ColumnType::Date);
        true
    }
}

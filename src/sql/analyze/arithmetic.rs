//! Arithmetic: vectors, times and JSON have operators of their own, integers are checked, quotients get enough decimals.

use datafusion::sql::sqlparser::ast::{BinaryOperator, CastKind, DataType, Expr};

use crate::error::Result;
use crate::sql::analyze::analyzer::{Analyzer, wider};
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::arrow::arithmetic_functions::{checked_float_function, checked_function};
use crate::sql::functions::{half_form, is_exchanged, time_operator};
use crate::sql::parse::operators::call;
use crate::sql::parse::trees::number_of;
use crate::types::ColumnType;

/// What is less than half a step between the largest floats.
const SMALL_NUMBER: f64 = 1e290;

impl Analyzer<'_> {
    /// Rewrites arithmetic between sides that were walked already; its type, where it is known before planning.
    ///
    /// # Errors
    /// What the one side's type says of a literal on the other (22P02, 22003, 22007, 22008, 22000); 22008 for a constant date
    /// that no timestamp holds.
    pub fn arithmetic(
        &mut self,
        expr: &mut Expr,
        left_type: Option<ColumnType>,
        right_type: Option<ColumnType>,
    ) -> Result<Option<ColumnType>> {
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
        if matches!(&left_type, Some(ColumnType::Jsonb)) && *op == BinaryOperator::Minus {
            self.adopt(right, &ColumnType::Text)?;
            *expr = call("jsonb_delete", vec![left.as_ref().clone(), right.as_ref().clone()]);
            return Ok(Some(ColumnType::Jsonb));
        }
        let is_time = |ty: &Option<ColumnType>| {
            matches!(ty, Some(ColumnType::Date | ColumnType::Timestamp | ColumnType::TimestampTz | ColumnType::Time))
        };
        let mut adopted = None;
        match (&left_type, &right_type) {
            (Some(ty), _) | (_, Some(ty)) if ty.is_dense_vector() => {
                let ty = ty.with_dimension(None);
                let name = match op {
                    BinaryOperator::Plus => "vector_add",
                    BinaryOperator::Minus => "vector_sub",
                    _ => "vector_mul",
                };
                let is_half = matches!(ty, ColumnType::Halfvec(_));
                let name = half_form(name).filter(|_| is_half).unwrap_or(name);
                self.adopt(left, &ty)?;
                self.adopt(right, &ty)?;
                *expr = call(name, vec![left.as_ref().clone(), right.as_ref().clone()]);
                return Ok(Some(ty));
            }
            (Some(_), None) if is_time(&left_type) => {
                // As in PostgreSQL, what is taken from a time is of unknown type another time; what is added is an interval.
                let wanted = match (&*op, &left_type) {
                    (BinaryOperator::Minus, Some(ty)) => ty.clone(),
                    _ => ColumnType::Interval,
                };
                let is_open = self.is_adoptable(right);
                self.adopt(right, &wanted)?;
                if !is_open {
                    return Ok(if wanted == ColumnType::Interval { left_type } else { Some(ColumnType::Interval) });
                }
                adopted = Some(wanted);
            }
            (Some(ty), None) => self.adopt(right, ty)?,
            (None, Some(ty)) => self.adopt(left, ty)?,
            _ => {}
        }
        let right_type = adopted.or(right_type);
        if let (Some(mut first), Some(mut second)) = (left_type.as_ref(), right_type.as_ref()) {
            if is_exchanged(first, op, second) {
                std::mem::swap(left, right);
                std::mem::swap(&mut first, &mut second);
            }
            if let Some((made, ty)) = self.time_arithmetic((left, first), op, (right, second))? {
                *expr = made;
                return Ok(Some(ty));
            }
            if let Some((folded, ty)) = self.folded_arithmetic((&**left, first), op, (&**right, second)) {
                *expr = folded;
                return Ok(Some(ty));
            }
        }
        if let Some(ty) = self.numeric_operation(expr, left_type.as_ref(), right_type.as_ref()) {
            return Ok(Some(ty));
        }
        let may_leave_range = match expr {
            Expr::BinaryOp { left, op, right } => self.may_leave_range(left, op, right),
            _ => false,
        };
        Ok(computed(expr, left_type, right_type, may_leave_range))
    }

    /// What an operator makes of times and intervals, and its type; `None` where there is none of these.
    fn time_arithmetic(
        &mut self,
        (left, first): (&mut Expr, &ColumnType),
        op: &BinaryOperator,
        (right, second): (&mut Expr, &ColumnType),
    ) -> Result<Option<(Expr, ColumnType)>> {
        let Some((name, ty)) = time_operator(first, op, second) else { return Ok(None) };
        for (side, ty) in [(&mut *left, first), (&mut *right, second)] {
            if is_numeric(Some(ty)) {
                self.numeric_as_float(side);
            }
            if *ty == ColumnType::Date && name.starts_with("timestamp") {
                self.as_time(side, Some(&ColumnType::Date), &ColumnType::Timestamp)?;
            }
        }
        let folded = self.folded_times(name, [left, right], &ty);
        Ok(Some((folded.unwrap_or_else(|| call(name, vec![left.clone(), right.clone()])), ty)))
    }

    /// Whether a result of floats can be out of range: a sum with a small number cannot.
    fn may_leave_range(&self, left: &Expr, op: &BinaryOperator, right: &Expr) -> bool {
        let is_small = |side: &Expr| {
            let number = match self.constant_value(side) {
                Some(value) => Some(value.to_text()),
                None => number_of(side).map(|(text, _)| text.to_string()),
            };
            number.and_then(|text| text.parse().ok()).is_some_and(|number: f64| number.abs() < SMALL_NUMBER)
        };
        !matches!(op, BinaryOperator::Plus | BinaryOperator::Minus) || !(is_small(left) || is_small(right))
    }
}

/// The type of arithmetic; between integers it becomes the function that fails when the result does not fit.
fn computed(
    expr: &mut Expr,
    left_type: Option<ColumnType>,
    right_type: Option<ColumnType>,
    may_leave_range: bool,
) -> Option<ColumnType> {
    let ty = match (left_type, right_type) {
        (Some(a), Some(b)) if a.is_number() && b.is_number() => {
            let ty = wider(&a, &b);
            if let Expr::BinaryOp { left, op, right } = expr
                && matches!(ty, ColumnType::Float4 | ColumnType::Float8)
                && let Some(name) = checked_float_function(op).filter(|_| may_leave_range)
            {
                *expr = call(name, vec![left.as_ref().clone(), right.as_ref().clone()]);
                return Some(ty);
            }
            // The planner would compute a float4 and a whole number as float4.
            if let Expr::BinaryOp { left, right, .. } = expr
                && ty == ColumnType::Float8
            {
                for (side, from) in [(left, &a), (right, &b)] {
                    if *from == ColumnType::Float4 {
                        **side = native_cast(side.as_ref().clone(), DataType::DoublePrecision);
                    }
                }
            }
            ty
        }
        (Some(ty), None) | (None, Some(ty)) if ty.is_number() => ty,
        (Some(time), Some(ColumnType::Interval)) => time,
        _ => return None,
    };
    if let Expr::BinaryOp { left, op, right } = expr
        && ty.is_integer()
        && let Some(name) = checked_function(op)
    {
        *expr = call(name, vec![left.as_ref().clone(), right.as_ref().clone()]);
    }
    Some(ty)
}

/// A cast that the planner makes itself.
pub fn native_cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

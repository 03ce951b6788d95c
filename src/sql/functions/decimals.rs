//! Functions of `numeric` that DataFusion lacks.

use rust_decimal::Decimal;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Function;
use crate::expr::Parameter::Any;
use crate::types::{ColumnType, Value};

pub fn definitions() -> Vec<Function> {
    let numeric = ColumnType::Numeric(None);
    vec![
        Function::new("div", &[Any, Any], numeric.clone(), |_, arguments| {
            let (left, right) = (number(arguments, 0)?, number(arguments, 1)?);
            if right.is_zero() {
                return Err(Error::new(ErrorKind::DivisionByZero, "division by zero"));
            }
            let overflow = || Error::new(ErrorKind::NumericOutOfRange, "value overflows numeric format");
            // What is left over goes, so that the quotient is whole.
            let rest = left.checked_rem(right).ok_or_else(overflow)?;
            let whole = left.checked_sub(rest).and_then(|whole| whole.checked_div(right)).ok_or_else(overflow)?;
            Ok(Value::Numeric(whole.trunc()))
        }),
        Function::new("scale", &[Any], ColumnType::Int4, |_, arguments| Ok(scale(number(arguments, 0)?))),
        Function::new("min_scale", &[Any], ColumnType::Int4, |_, arguments| {
            Ok(scale(number(arguments, 0)?.normalize()))
        }),
        Function::new("trim_scale", &[Any], numeric, |_, arguments| {
            Ok(Value::Numeric(number(arguments, 0)?.normalize()))
        }),
    ]
}

fn number(arguments: &[Value], position: usize) -> Result<Decimal> {
    match arguments.get(position).cloned().unwrap_or_default().cast(&ColumnType::Numeric(None), true)? {
        Value::Numeric(number) => Ok(number),
        _ => Ok(Decimal::ZERO),
    }
}

fn scale(number: Decimal) -> Value {
    Value::Int4(i32::try_from(number.scale()).unwrap_or(i32::MAX))
}

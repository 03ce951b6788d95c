//! Functions of `numeric` that DataFusion lacks.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Function;
use crate::expr::Parameter::Any;
use crate::types::{ColumnType, Numeric, Value};

pub fn definitions() -> Vec<Function> {
    let numeric = ColumnType::Numeric(None);
    vec![
        Function::new("div", &[Any, Any], numeric.clone(), |_, arguments| {
            number(arguments, 0)?.whole_over(&number(arguments, 1)?).map(Value::Numeric)
        }),
        Function::new("scale", &[Any], ColumnType::Int4, |_, arguments| Ok(scale(&number(arguments, 0)?))),
        Function::new("min_scale", &[Any], ColumnType::Int4, |_, arguments| {
            Ok(scale(&number(arguments, 0)?.normalized()))
        }),
        Function::new("trim_scale", &[Any], numeric, |_, arguments| {
            Ok(Value::Numeric(number(arguments, 0)?.normalized()))
        }),
    ]
}

fn number(arguments: &[Value], position: usize) -> Result<Numeric> {
    match arguments.get(position).cloned().unwrap_or_default().cast(&ColumnType::Numeric(None), true)? {
        Value::Numeric(number) => Ok(number),
        _ => Err(Error::new(ErrorKind::Internal, "a function of numerics without one")),
    }
}

/// Digits behind the point; NULL of NaN and the infinities.
fn scale(number: &Numeric) -> Value {
    match number.special() {
        Some(_) => Value::Null,
        None => Value::Int4(i32::try_from(number.scale()).unwrap_or(i32::MAX)),
    }
}

//! Functions of `numeric` that DataFusion lacks.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Parameter::Any;
use crate::expr::{Function, check_call_bytes};
use crate::types::{ColumnType, Numeric, Value};

/// `generate_series` of numerics, as an array.
pub const NUMBER_SERIES: &str = "$number_series";

pub fn definitions() -> Vec<Function> {
    let numeric = ColumnType::Numeric(None);
    vec![
        Function::new("div", &[Any, Any], numeric.clone(), |_, arguments| {
            number(arguments, 0)?.whole_over(&number(arguments, 1)?).map(Value::Numeric)
        }),
        Function::new(NUMBER_SERIES, &[Any, Any, Any], ColumnType::Array(Box::new(numeric.clone())), |_, arguments| {
            let step = if arguments.len() > 2 { number(arguments, 2)? } else { Numeric::ONE };
            series(number(arguments, 0)?, &number(arguments, 1)?, &step)
        })
        .optional(1),
        Function::new("scale", &[Any], ColumnType::Int4, |_, arguments| Ok(scale(&number(arguments, 0)?))),
        Function::new("min_scale", &[Any], ColumnType::Int4, |_, arguments| {
            Ok(scale(&number(arguments, 0)?.normalized()))
        }),
        Function::new("trim_scale", &[Any], numeric, |_, arguments| {
            Ok(Value::Numeric(number(arguments, 0)?.normalized()))
        }),
    ]
}

/// The numbers from a start to an end by a step.
fn series(start: Numeric, end: &Numeric, step: &Numeric) -> Result<Value> {
    for (number, name) in [(&start, "start"), (end, "stop"), (step, "step")] {
        if number.special().is_some() {
            let part = if name == "step" { "step size" } else { &format!("{name} value") };
            let what = if number.is_nan() { "NaN" } else { "infinity" };
            return Err(Error::new(ErrorKind::InvalidParameterValue, format!("{part} cannot be {what}")));
        }
    }
    if step.is_zero() {
        return Err(Error::new(ErrorKind::InvalidParameterValue, "step size cannot equal zero"));
    }
    let (mut numbers, mut held, mut next) = (Vec::new(), 0_usize, start);
    while if step.is_negative() { next >= *end } else { next <= *end } {
        held = held.saturating_add(size_of::<Value>()).saturating_add(next.text_bytes());
        check_call_bytes("generate_series", held)?;
        let following = next.plus(step)?;
        numbers.push(Value::Numeric(std::mem::replace(&mut next, following)));
    }
    Ok(Value::Array(Box::new(ColumnType::Numeric(None)), numbers))
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

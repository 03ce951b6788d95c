//! `round` of a `numeric` as a function of expressions below the planner, with PostgreSQL's digits.

use std::sync::LazyLock;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, Function, Invocation, Parameter};
use crate::types::{ColumnType, Value, decimal};

static ROUND: LazyLock<Function> =
    LazyLock::new(|| Function::new("round", &[Parameter::Any, Parameter::Int], ColumnType::Numeric(None), round));

/// `round(value, digits)` of a numeric.
pub fn rounded(value: Expr, digits: i32) -> Expr {
    Expr::Call { function: &ROUND, arguments: vec![value, Expr::constant(Value::Int4(digits))] }
}

fn round(_: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let [Value::Numeric(number), digits] = arguments else {
        return Err(Error::internal("round lacks a numeric"));
    };
    let digits = digits.as_i64().unwrap_or_default();
    match u32::try_from(digits) {
        Ok(digits) => to_digits(*number, digits),
        Err(_) => to_tens(*number, digits.unsigned_abs()),
    }
    .map(Value::Numeric)
}

/// Half away from zero, with so many digits behind the point as far as there is room for zeros.
fn to_digits(number: Decimal, digits: u32) -> Result<Decimal> {
    let mut rounded =
        number.round_dp_with_strategy(digits.min(Decimal::MAX_SCALE), RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(digits.min(Decimal::MAX_SCALE));
    // Rescaling stops where digits would be lost.
    decimal(rounded.mantissa(), rounded.scale())
}

/// To a power of ten.
fn to_tens(number: Decimal, zeros: u64) -> Result<Decimal> {
    let out_of_range = || Error::new(ErrorKind::NumericOutOfRange, "value overflows numeric format");
    let unit = u32::try_from(zeros).ok().and_then(|zeros| 10_i128.checked_pow(zeros));
    let Some(unit) = unit else { return Ok(Decimal::ZERO) };
    let whole = number.trunc().mantissa();
    // Digits behind the point decide nothing: half of a power of ten is whole.
    let up = i128::from((whole % unit).abs() * 2 >= unit) * whole.signum();
    let rounded = (whole / unit + up).checked_mul(unit).ok_or_else(out_of_range)?;
    decimal(rounded, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerics_round_as_in_postgresql() {
        for (number, digits, rounded) in [
            ("4.5", 2, "4.50"),
            ("-2.5", 0, "-3"),
            ("1234.5", -2, "1200"),
            ("1250", -2, "1300"),
            ("-1250.1", -2, "-1300"),
            ("0.005", 2, "0.01"),
            ("7", -5, "0"),
            ("1.23456", 3, "1.235"),
        ] {
            let number: Decimal = number.parse().unwrap();
            let result = match u32::try_from(digits) {
                Ok(digits) => to_digits(number, digits),
                Err(_) => to_tens(number, u64::from(i32::unsigned_abs(digits))),
            };
            assert_eq!(result.unwrap().to_string(), rounded, "round({number}, {digits})");
        }
    }
}

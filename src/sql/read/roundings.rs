//! `round` of a `numeric` as a function of expressions below the planner, with PostgreSQL's digits.

use std::sync::LazyLock;

use crate::error::{Error, Result};
use crate::expr::{Expr, Function, Invocation, Parameter};
use crate::types::{ColumnType, Value};

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
    let digits = i32::try_from(digits.as_i64().unwrap_or_default()).unwrap_or(i32::MAX);
    number.rounded(digits).map(Value::Numeric)
}

#[cfg(test)]
mod tests {
    use crate::types::Numeric;

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
            let number: Numeric = number.parse().unwrap();
            assert_eq!(number.rounded(digits).unwrap().to_string(), rounded, "round({number}, {digits})");
        }
    }
}

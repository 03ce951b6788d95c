//! DataFusion's functions of floats that answer NaN or an infinity where PostgreSQL reports an error.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::functions::guarded::wrapped::{Around, wrapped};

/// Looks at the arguments and the result of one call, none of them NULL.
type Check = fn(&[f64], f64) -> Result<()>;

const CHECKED: [(&str, Check); 15] = [
    ("ln", logarithm),
    ("log", logarithm),
    ("log2", logarithm),
    ("log10", logarithm),
    ("power", power),
    ("exp", finite),
    ("degrees", finite),
    ("acos", domain),
    ("asin", domain),
    ("acosh", domain),
    ("atanh", domain),
    ("sin", domain),
    ("cos", domain),
    ("tan", domain),
    ("cot", domain),
];

/// Looks at the results of calls.
#[derive(Debug)]
struct Checked(Check);

/// The checked forms of those functions that `find` knows.
pub fn checked_floats(find: impl Fn(&str) -> Option<Arc<ScalarUDF>>) -> Vec<ScalarUDF> {
    CHECKED.into_iter().filter_map(|(name, check)| Some(wrapped(find(name)?, Checked(check)))).collect()
}

fn out_of_range(message: &str) -> Error {
    Error::new(ErrorKind::NumericOutOfRange, message)
}

fn logarithm(arguments: &[f64], _: f64) -> Result<()> {
    let refused = |message: &str| Err(Error::new(ErrorKind::InvalidLogarithm, message));
    if arguments.contains(&0.0) {
        return refused("cannot take logarithm of zero");
    }
    if arguments.iter().any(|argument| *argument < 0.0) {
        return refused("cannot take logarithm of a negative number");
    }
    match arguments {
        [base, _] if base.to_bits() == 1.0_f64.to_bits() => {
            Err(Error::new(ErrorKind::DivisionByZero, "division by zero"))
        }
        _ => Ok(()),
    }
}

fn power(arguments: &[f64], result: f64) -> Result<()> {
    let refused = |message: &str| Err(Error::new(ErrorKind::InvalidPower, message));
    match arguments {
        [base, exponent] if *base == 0.0 && *exponent < 0.0 => refused("zero raised to a negative power is undefined"),
        [base, exponent] if *base < 0.0 && exponent.is_finite() && exponent.fract() != 0.0 => {
            refused("a negative number raised to a non-integer power yields a complex result")
        }
        [base, _] if *base == 0.0 => Ok(()),
        _ => finite(arguments, result),
    }
}

/// Finite arguments have a result that is finite and not nothing.
fn finite(arguments: &[f64], result: f64) -> Result<()> {
    if !arguments.iter().all(|argument| argument.is_finite()) {
        return Ok(());
    }
    if result.is_infinite() {
        return Err(out_of_range("value out of range: overflow"));
    }
    if result == 0.0 && !arguments.contains(&0.0) {
        return Err(out_of_range("value out of range: underflow"));
    }
    Ok(())
}

fn domain(arguments: &[f64], result: f64) -> Result<()> {
    if result.is_nan() && !arguments.iter().any(|argument| argument.is_nan()) {
        return Err(out_of_range("input is out of range"));
    }
    Ok(())
}

impl Checked {
    fn look(&self, arguments: &[ArrayRef], result: &ArrayRef) -> DataFusionResult<()> {
        let float = |array: &ArrayRef| cast(array, &DataType::Float64);
        let columns = arguments.iter().map(float).collect::<std::result::Result<Vec<_>, _>>()?;
        let columns: Vec<_> = columns.iter().map(|column| column.as_primitive::<Float64Type>()).collect();
        let results = float(result)?;
        let results = results.as_primitive::<Float64Type>();
        let mut row_arguments = Vec::with_capacity(columns.len());
        for row in (0..results.len()).filter(|row| results.is_valid(*row)) {
            row_arguments.clear();
            row_arguments.extend(columns.iter().map(|column| column.value(row)));
            (self.0)(&row_arguments, results.value(row)).map_err(to_datafusion)?;
        }
        Ok(())
    }
}

impl Around for Checked {
    fn call(&self, function: &ScalarUDF, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let columns = arguments
            .args
            .iter()
            .map(|argument| argument.to_array(rows))
            .collect::<DataFusionResult<Vec<ArrayRef>>>()?;
        let result = function.invoke_with_args(arguments)?;
        self.look(&columns, &result.to_array(rows)?)?;
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_that_do_not_exist_are_errors() {
        let state = |result: Result<()>| result.err().map(|error| error.sqlstate());
        assert_eq!(state(logarithm(&[0.0], f64::NEG_INFINITY)), Some("2201E"));
        assert_eq!(state(logarithm(&[10.0, -1.0], f64::NAN)), Some("2201E"));
        assert_eq!(state(logarithm(&[f64::NAN], f64::NAN)), None);
        assert_eq!(state(power(&[-1.0, 0.5], f64::NAN)), Some("2201F"));
        assert_eq!(state(power(&[0.0, 2.0], 0.0)), None);
        assert_eq!(state(power(&[10.0, 400.0], f64::INFINITY)), Some("22003"));
        assert_eq!(state(finite(&[-1000.0], 0.0)), Some("22003"));
        assert_eq!(state(finite(&[f64::NEG_INFINITY], 0.0)), None);
        assert_eq!(state(domain(&[2.0], f64::NAN)), Some("22003"));
    }
}

//! Operators and functions of `numeric` whose results are shown as they are: each value with all of its digits, and with as many
//! behind the point as PostgreSQL gives it, which no decimal type of the planner keeps.
//!
//! The planner holds such a result as text. Only what is shown at last is computed so (`sql/analyze/shown.rs`), and what is
//! compared or sorted by goes through [`NUMERIC_KEY`].

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{Error, Result};
use crate::expr::check_call_bytes;
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::{from_datafusion, to_datafusion};
use crate::sql::arrow::types::{data_type_of, field_of, shown_field, type_of};
use crate::sql::arrow::values::{array_bytes, array_of, readable, value_at};
use crate::types::{
    ColumnType, Deviation, Numeric, Value, deviation, factorial, greatest_common_divisor, least_common_multiple,
    width_bucket,
};

/// What the names of these functions begin with.
const PREFIX: &str = "$numeric:";
/// Bytes that are equal and ordered as numbers of any exact type are.
pub const NUMERIC_KEY: &str = "$numeric:key";
/// A number of any type, or the text of one, as it is shown.
pub const SHOWN: &str = "$numeric:shown";
/// `round`.
pub const SHOWN_ROUND: &str = "$numeric:round";
/// The number with the other sign.
pub const SHOWN_MINUS: &str = "$numeric:negative";
/// `width_bucket`, whose result is an integer.
const SHOWN_BUCKET: &str = "$numeric:width_bucket";
/// `avg` of exact numbers.
pub const SHOWN_AVERAGE: &str = "$numeric:avg";

type Body = fn(&[Numeric]) -> Result<Numeric>;

/// A function by the name that it has in SQL, how many arguments it takes, and what it computes.
const FUNCTIONS: [(&str, &str, usize, usize, Body); 33] = [
    ("+", "$numeric:+", 2, 2, |of| first(of)?.plus(second(of)?)),
    ("-", "$numeric:-", 2, 2, |of| first(of)?.minus(second(of)?)),
    ("*", "$numeric:*", 2, 2, |of| first(of)?.times(second(of)?)),
    ("/", "$numeric:/", 2, 2, |of| first(of)?.over(second(of)?)),
    ("%", "$numeric:%", 2, 2, |of| first(of)?.rest_over(second(of)?)),
    ("mod", "$numeric:mod", 2, 2, |of| first(of)?.rest_over(second(of)?)),
    ("div", "$numeric:div", 2, 2, |of| first(of)?.whole_over(second(of)?)),
    ("power", "$numeric:power", 2, 2, |of| first(of)?.power(second(of)?)),
    ("pow", "$numeric:pow", 2, 2, |of| first(of)?.power(second(of)?)),
    ("sqrt", "$numeric:sqrt", 1, 1, |of| first(of)?.square_root()),
    ("exp", "$numeric:exp", 1, 1, |of| first(of)?.exponential()),
    ("ln", "$numeric:ln", 1, 1, |of| first(of)?.natural_logarithm()),
    ("log", "$numeric:log", 1, 2, |of| match of {
        [number] => number.logarithm(&Numeric::from(10)),
        _ => second(of)?.logarithm(first(of)?),
    }),
    ("log10", "$numeric:log10", 1, 1, |of| first(of)?.logarithm(&Numeric::from(10))),
    ("round", SHOWN_ROUND, 1, 2, |of| first(of)?.rounded(digits(of))),
    ("trunc", "$numeric:trunc", 1, 2, |of| first(of)?.truncated(digits(of))),
    ("ceil", "$numeric:ceil", 1, 1, |of| first(of)?.ceiling()),
    ("ceiling", "$numeric:ceiling", 1, 1, |of| first(of)?.ceiling()),
    ("floor", "$numeric:floor", 1, 1, |of| first(of)?.floored()),
    ("abs", "$numeric:abs", 1, 1, |of| Ok(first(of)?.abs())),
    ("sign", "$numeric:sign", 1, 1, |of| Ok(first(of)?.sign())),
    ("signum", "$numeric:signum", 1, 1, |of| Ok(first(of)?.sign())),
    ("gcd", "$numeric:gcd", 2, 2, |of| greatest_common_divisor(first(of)?, second(of)?)),
    ("lcm", "$numeric:lcm", 2, 2, |of| least_common_multiple(first(of)?, second(of)?)),
    ("trim_scale", "$numeric:trim_scale", 1, 1, |of| Ok(first(of)?.normalized())),
    ("factorial", "$numeric:factorial", 1, 1, |of| factorial(first(of)?.to_i64().unwrap_or(i64::MAX))),
    ("width_bucket", SHOWN_BUCKET, 4, 4, bucket),
    ("stddev_samp", "$numeric:stddev_samp", 3, 3, |of| spread(of, true, true)),
    ("stddev_pop", "$numeric:stddev_pop", 3, 3, |of| spread(of, false, true)),
    ("var_samp", "$numeric:var_samp", 3, 3, |of| spread(of, true, false)),
    ("var_pop", "$numeric:var_pop", 3, 3, |of| spread(of, false, false)),
    ("negative", SHOWN_MINUS, 1, 1, |of| Ok(first(of)?.negated())),
    ("shown", SHOWN, 1, 1, |of| first(of).cloned()),
];

fn first(numbers: &[Numeric]) -> Result<&Numeric> {
    numbers.first().ok_or_else(|| Error::internal("a function of numerics without an argument"))
}

fn second(numbers: &[Numeric]) -> Result<&Numeric> {
    numbers.get(1).ok_or_else(|| Error::internal("a function of numerics without a second argument"))
}

/// The digits that are rounded to.
fn digits(numbers: &[Numeric]) -> i32 {
    let digits = numbers.get(1).and_then(Numeric::to_i64).unwrap_or(0);
    i32::try_from(digits).unwrap_or(if digits < 0 { i32::MIN } else { i32::MAX })
}

fn bucket(numbers: &[Numeric]) -> Result<Numeric> {
    let [operand, low, high, count] = numbers else { return Err(Error::internal("width_bucket without its bounds")) };
    let count = count.to_i64().and_then(|count| i32::try_from(count).ok()).unwrap_or(i32::MAX);
    width_bucket(operand, low, high, count).map(Numeric::from)
}

/// The deviation of values, given their count, their sum and that of their squares.
fn spread(numbers: &[Numeric], is_sample: bool, is_root: bool) -> Result<Numeric> {
    let [count, sum, squares] = numbers else { return Err(Error::internal("a deviation without its sums")) };
    deviation(Deviation { is_sample, is_root }, count, sum, squares)
}

/// The function by which what a function or operator of SQL makes of so many exact numbers is shown.
pub fn shown_function(name: &str, arguments: usize) -> Option<&'static str> {
    let function = FUNCTIONS.iter().find(|(plain, ..)| *plain == name)?;
    (function.2..=function.3).contains(&arguments).then_some(function.1)
}

/// The operator or function of SQL that a shown one stands for.
pub fn plain_function(name: &str) -> Option<&'static str> {
    if name == SHOWN_AVERAGE {
        return Some("avg");
    }
    FUNCTIONS.iter().find(|(_, shown, ..)| *shown == name).map(|(plain, ..)| *plain)
}

/// Whether a function of that name has a number as it is shown for its result.
pub fn is_shown(name: &str) -> bool {
    name.starts_with(PREFIX) && !matches!(name, NUMERIC_KEY | SHOWN_BUCKET)
}

/// The function of that name.
pub fn number_function(name: &str) -> Option<Arc<ScalarUDF>> {
    static ALL: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(|| {
        let signature = || Signature::variadic_any(Volatility::Immutable);
        let shown = FUNCTIONS.iter().map(|(_, name, _, _, body)| (*name, Some(*body)));
        let functions = shown.chain([(NUMERIC_KEY, None)]);
        functions
            .map(|(name, body)| Arc::new(ScalarUDF::from(NumberFunction { name, body, signature: signature() })))
            .collect()
    });
    ALL.iter().find(|function| function.name() == name).cloned()
}

/// The key of a number of any exact type.
pub fn numeric_key(expr: Expr) -> Option<Expr> {
    Some(Expr::ScalarFunction(ScalarFunction::new_udf(number_function(NUMERIC_KEY)?, vec![expr])))
}

#[derive(Debug)]
struct NumberFunction {
    name: &'static str,
    /// `None` makes keys.
    body: Option<Body>,
    signature: Signature,
}

impl PartialEq for NumberFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for NumberFunction {}

impl Hash for NumberFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl NumberFunction {
    fn is_integer(&self) -> bool {
        self.name == SHOWN_BUCKET
    }

    /// The result of one row.
    fn result(&self, numbers: &[Numeric]) -> Result<Value> {
        match self.body {
            Some(body) if self.is_integer() => Value::Numeric(body(numbers)?).cast(&ColumnType::Int4, true),
            Some(body) => body(numbers).map(Value::Numeric),
            None => {
                let mut key = Vec::new();
                first(numbers)?.encode_ordered(&mut key);
                Ok(Value::Bytea(key.into()))
            }
        }
    }

    fn run(&self, arguments: &ScalarFunctionArgs, rows: usize) -> Result<Vec<Value>> {
        let mut columns = Vec::with_capacity(arguments.args.len());
        for (argument, field) in arguments.args.iter().zip(&arguments.arg_fields) {
            let is_scalar = matches!(argument, ColumnarValue::Scalar(_));
            let array = argument.to_array(if is_scalar { 1 } else { rows }).map_err(from_datafusion)?;
            columns.push((readable(&array)?, type_of(field), is_scalar));
        }
        let context = ReadContext::of(&arguments.config_options);
        let (mut results, mut held) = (Vec::with_capacity(rows), 0_usize);
        let mut numbers = Vec::with_capacity(columns.len());
        for row in 0..rows {
            context.map_or(Ok(()), |context| context.cancel.check())?;
            numbers.clear();
            for (array, ty, is_scalar) in &columns {
                let value = value_at(array, if *is_scalar { 0 } else { row }, ty)?;
                if let Value::Numeric(number) = value.cast(&ColumnType::Numeric(None), true)? {
                    numbers.push(number);
                }
            }
            // One that is NULL makes the result NULL.
            let result = if numbers.len() < columns.len() { Value::Null } else { self.result(&numbers)? };
            held = held.saturating_add(array_bytes(&result));
            check_call_bytes("numeric", held)?;
            results.push(result);
        }
        Ok(results)
    }
}

impl ScalarUDFImpl for NumberFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(match self.body {
            Some(_) if self.is_integer() => DataType::Int32,
            Some(_) => DataType::Utf8,
            None => DataType::Binary,
        })
    }

    fn return_field_from_args(&self, _arguments: ReturnFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(match self.body {
            Some(_) if self.is_integer() => field_of(self.name, &ColumnType::Int4, true),
            Some(_) => shown_field(self.name),
            None => Field::new(self.name, data_type_of(&ColumnType::Bytea), true),
        }))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let values = self.run(&arguments, rows).map_err(to_datafusion)?;
        let ty = match self.body {
            Some(_) if self.is_integer() => ColumnType::Int4,
            Some(_) => ColumnType::Text,
            None => ColumnType::Bytea,
        };
        let array = array_of(&ty, &values).map_err(to_datafusion)?;
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }

    /// With the casts in it, which the names of other expressions leave out.
    fn schema_name(&self, arguments: &[Expr]) -> DataFusionResult<String> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Ok(format!("{}({})", self.name, arguments.join(", ")))
    }
}

/// The error of an average that was planned for something else than exact numbers, a defect.
pub fn inexact(argument: &DataType) -> DataFusionError {
    DataFusionError::Internal(format!("an exact average of {argument}"))
}

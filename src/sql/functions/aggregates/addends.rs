//! What `sum` and `avg` add up, and what comes out of it: integers and decimals exactly, floats as PostgreSQL does, and with an error
//! where a result does not fit.

use std::fmt::Debug;

use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, Field, FieldRef, Float32Type, Float64Type, Int64Type, i256,
};

use crate::error::{Error, ErrorKind, Result};

/// The Rust type of a value of an Arrow type.
pub type Native<T> = <T as ArrowPrimitiveType>::Native;

/// Digits behind the point of an average of integers or decimals: as many as count at least.
pub const AVERAGE_SCALE: i8 = 16;

/// What a call adds up, and into what.
#[derive(Clone, Debug)]
pub struct Shape {
    pub is_average: bool,
    /// The type of the argument.
    pub argument: DataType,
    /// The type of partial sums.
    pub sum: DataType,
    pub result: DataType,
}

impl Shape {
    /// The shape of `sum` or `avg` over an argument, `None` for types that are not added up here.
    pub fn of(is_average: bool, argument: &DataType, result: &DataType) -> Option<Shape> {
        let sum = match argument {
            DataType::Int64 => DataType::Decimal128(38, 0),
            DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
            DataType::Float32 | DataType::Float64 => DataType::Float64,
            _ => return None,
        };
        Some(Shape { is_average, argument: argument.clone(), sum, result: result.clone() })
    }

    /// What an accumulator hands on to the one that merges.
    pub fn state_fields(&self, name: &str, is_distinct: bool) -> Vec<FieldRef> {
        if is_distinct {
            let values = DataType::new_list(self.argument.clone(), true);
            return vec![Field::new(format!("{name}[values]"), values, true).into()];
        }
        let sum = Field::new(format!("{name}[sum]"), self.sum.clone(), true);
        vec![sum.into(), Field::new(format!("{name}[count]"), DataType::Int64, true).into()]
    }
}

/// Numbers that are added up.
pub trait Addend: Debug + Send + Sync + 'static {
    type Value: ArrowPrimitiveType;
    type Sum: ArrowPrimitiveType + Debug;
    type Result: ArrowPrimitiveType;
    /// What changes no value that it is added to.
    const ZERO: Native<Self::Sum>;

    fn widened(value: Native<Self::Value>) -> Native<Self::Sum>;
    /// # Errors
    /// 22003 for a sum out of range.
    fn plus(sum: Native<Self::Sum>, value: Native<Self::Sum>) -> Result<Native<Self::Sum>>;
    /// The sum without a value that left the frame; `None` where it has to be made again of what is left.
    fn minus(sum: Native<Self::Sum>, value: Native<Self::Sum>) -> Option<Native<Self::Sum>>;
    /// The result of at least one value.
    ///
    /// # Errors
    /// 22003 for a result that its type does not hold.
    fn result(shape: &Shape, sum: Native<Self::Sum>, count: i64) -> Result<Native<Self::Result>>;
}

/// Whole numbers, whose sum is a bigint.
#[derive(Debug)]
pub struct Integers;
/// Whole numbers whose average is a numeric.
#[derive(Debug)]
pub struct AveragedIntegers;
#[derive(Debug)]
pub struct Decimals;
#[derive(Debug)]
pub struct Floats;
/// Floats of 32 bits, which are added up in 64.
#[derive(Debug)]
pub struct SmallFloats;

fn out_of_range(message: &str) -> Error {
    Error::new(ErrorKind::NumericOutOfRange, message)
}

fn numeric_out_of_range() -> Error {
    out_of_range("the sum is out of range for type numeric")
        .with_detail("Within a query that joins or computes it has at most 38 digits.")
}

impl Addend for Integers {
    type Value = Int64Type;
    type Sum = Decimal128Type;
    type Result = Int64Type;
    const ZERO: i128 = 0;

    fn widened(value: i64) -> i128 {
        i128::from(value)
    }

    fn plus(sum: i128, value: i128) -> Result<i128> {
        sum.checked_add(value).ok_or_else(|| out_of_range("bigint out of range"))
    }

    fn minus(sum: i128, value: i128) -> Option<i128> {
        sum.checked_sub(value)
    }

    fn result(_: &Shape, sum: i128, _: i64) -> Result<i64> {
        i64::try_from(sum).map_err(|_| out_of_range("bigint out of range"))
    }
}

impl Addend for Decimals {
    type Value = Decimal128Type;
    type Sum = Decimal128Type;
    type Result = Decimal128Type;
    const ZERO: i128 = 0;

    fn widened(value: i128) -> i128 {
        value
    }

    fn plus(sum: i128, value: i128) -> Result<i128> {
        sum.checked_add(value).ok_or_else(numeric_out_of_range)
    }

    fn minus(sum: i128, value: i128) -> Option<i128> {
        sum.checked_sub(value)
    }

    fn result(shape: &Shape, sum: i128, count: i64) -> Result<i128> {
        decimal_result(shape, sum, count)
    }
}

/// A sum of decimals, or its average, with the digits that the result has; what is behind them is rounded half away from zero.
fn decimal_result(shape: &Shape, sum: i128, count: i64) -> Result<i128> {
    let (DataType::Decimal128(_, from), DataType::Decimal128(precision, to)) = (&shape.sum, &shape.result) else {
        return Err(Error::internal("a sum of decimals is a decimal"));
    };
    let digits = u32::try_from(i32::from(*to) - i32::from(*from)).unwrap_or(0);
    // An average may fit where the sum with its decimals does not.
    let scaled = i256::from_i128(10).checked_pow(digits).and_then(|factor| i256::from_i128(sum).checked_mul(factor));
    let count = if shape.is_average { i128::from(count.max(1)) } else { 1 };
    let half = i256::from_i128(if sum < 0 { -(count / 2) } else { count / 2 });
    let result = scaled
        .and_then(|scaled| scaled.checked_add(half))
        .and_then(|scaled| scaled.checked_div(i256::from_i128(count)))
        .and_then(i256::to_i128);
    let limit = 10_i128.checked_pow(u32::from(*precision));
    let fits = |result: &i128| limit.is_some_and(|limit| result.unsigned_abs() < limit.unsigned_abs());
    result.filter(fits).ok_or_else(numeric_out_of_range)
}

impl Addend for AveragedIntegers {
    type Value = Int64Type;
    type Sum = Decimal128Type;
    type Result = Decimal128Type;
    const ZERO: i128 = 0;

    fn widened(value: i64) -> i128 {
        i128::from(value)
    }

    fn plus(sum: i128, value: i128) -> Result<i128> {
        sum.checked_add(value).ok_or_else(numeric_out_of_range)
    }

    fn minus(sum: i128, value: i128) -> Option<i128> {
        sum.checked_sub(value)
    }

    fn result(shape: &Shape, sum: i128, count: i64) -> Result<i128> {
        decimal_result(shape, sum, count)
    }
}

impl Addend for SmallFloats {
    type Value = Float32Type;
    type Sum = Float64Type;
    type Result = Float32Type;
    const ZERO: f64 = -0.0;

    fn widened(value: f32) -> f64 {
        f64::from(value)
    }

    fn plus(sum: f64, value: f64) -> Result<f64> {
        Floats::plus(sum, value)
    }

    fn minus(_: f64, _: f64) -> Option<f64> {
        None
    }

    #[expect(clippy::cast_possible_truncation, reason = "the nearest real is meant")]
    fn result(_: &Shape, sum: f64, _: i64) -> Result<f32> {
        let small = sum as f32;
        if small.is_infinite() && sum.is_finite() {
            return Err(out_of_range("value out of range: overflow"));
        }
        Ok(small)
    }
}

impl Addend for Floats {
    type Value = Float64Type;
    type Sum = Float64Type;
    type Result = Float64Type;
    const ZERO: f64 = -0.0;

    fn widened(value: f64) -> f64 {
        value
    }

    fn plus(sum: f64, value: f64) -> Result<f64> {
        let result = sum + value;
        if result.is_infinite() && sum.is_finite() && value.is_finite() {
            return Err(out_of_range("value out of range: overflow"));
        }
        Ok(result)
    }

    fn minus(_: f64, _: f64) -> Option<f64> {
        None
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
    fn result(shape: &Shape, sum: f64, count: i64) -> Result<f64> {
        Ok(if shape.is_average { sum / count as f64 } else { sum })
    }
}

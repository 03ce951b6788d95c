//! How large the result of a function becomes, by its arguments.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::ColumnarValue;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::CALL_BYTES_MAX;
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::{from_arrow, from_datafusion};

/// Bytes that an element of a list takes at least in what is made of it.
const ELEMENT_BYTES: usize = 8;
/// How many times its text a list of parts takes at most: each character a part with its place.
const SPLIT_FACTOR: usize = 5;
const NANOS_PER_DAY: i128 = 86_400_000_000_000;
/// Days of the shortest month.
const MONTH_DAYS_MIN: i128 = 28;

/// How a result grows with the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// As all arguments together.
    Sum,
    /// `string_to_array(text, separator, …)`.
    Split,
    /// `replace(text, from, to)`.
    Replace,
    /// The element at the first place as often as the number at the second says; a third one may fill.
    Copies,
    /// A list from a start to an end by a step.
    Series,
}

/// How closely it is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// What it is at most, by lengths; counted only where that is over the bound of a call.
    Bound,
    /// What it is, by a pass over the texts.
    Count,
}

/// The arguments of a call.
pub struct GrowthArguments<'a> {
    pub values: &'a [ColumnarValue],
    pub rows: usize,
    pub context: Option<&'a ReadContext>,
}

impl GrowthArguments<'_> {
    /// Bytes of all arguments, constants counted for each row.
    fn bytes(&self) -> usize {
        let bytes = self.values.iter().map(|value| match value {
            ColumnarValue::Array(array) => slice_bytes(array),
            ColumnarValue::Scalar(scalar) => scalar.size().saturating_mul(self.rows),
        });
        bytes.fold(0, usize::saturating_add)
    }

    /// How many rows differ: one where every argument is a constant.
    fn distinct_rows(&self) -> usize {
        let is_constant = self.values.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        if is_constant { self.rows.min(1) } else { self.rows }
    }

    fn texts(&self, position: usize) -> Result<Option<Texts>> {
        let Some(value) = self.values.get(position) else { return Ok(None) };
        let (array, is_constant) = match value {
            ColumnarValue::Array(array) => (Arc::clone(array), false),
            ColumnarValue::Scalar(scalar) => (scalar.to_array_of_size(1).map_err(from_datafusion)?, true),
        };
        let array = cast(&array, &DataType::Utf8).map_err(from_arrow)?;
        Ok(Some(Texts { array: array.as_string::<i32>().clone(), is_constant }))
    }

    fn scalar(&self, position: usize, row: usize) -> Result<Option<ScalarValue>> {
        Ok(match self.values.get(position) {
            None => None,
            Some(ColumnarValue::Scalar(scalar)) => Some(scalar.clone()),
            Some(ColumnarValue::Array(array)) => {
                Some(ScalarValue::try_from_array(array, row).map_err(from_datafusion)?)
            }
        })
    }

    /// Whether the statement should go on.
    fn check(&self) -> Result<()> {
        self.context.map_or(Ok(()), |context| context.cancel.check())
    }
}

/// An argument of texts.
struct Texts {
    array: StringArray,
    is_constant: bool,
}

impl Texts {
    /// The text of a row; empty for NULL.
    fn get(&self, row: usize) -> &str {
        let row = if self.is_constant { 0 } else { row };
        if self.array.is_null(row) { "" } else { self.array.value(row) }
    }
}

fn slice_bytes(array: &ArrayRef) -> usize {
    array.to_data().get_slice_memory_size().unwrap_or(usize::MAX)
}

impl Growth {
    /// What the call makes at most; `None` where that is over the bound of a call.
    ///
    /// # Errors
    /// 57014 when the statement is stopped, and what the arguments cannot be read for.
    pub fn bytes(self, arguments: &GrowthArguments<'_>, measure: Measure) -> Result<Option<usize>> {
        match self {
            Growth::Sum => Ok(Some(arguments.bytes())),
            Growth::Split if measure == Measure::Bound => Ok(Some(arguments.bytes().saturating_mul(SPLIT_FACTOR))),
            Growth::Split => split_bytes(arguments),
            Growth::Replace => replace_bytes(arguments, measure),
            Growth::Copies => sum_bytes(arguments, copies_bytes),
            Growth::Series => sum_bytes(arguments, series_bytes),
        }
    }
}

/// Adds up what each row makes, as far as the bound.
fn sum_bytes(
    arguments: &GrowthArguments<'_>,
    bytes: impl Fn(&GrowthArguments<'_>, usize) -> Result<usize>,
) -> Result<Option<usize>> {
    let mut sum = 0_usize;
    for row in 0..arguments.distinct_rows() {
        sum = sum.saturating_add(bytes(arguments, row)?);
        if sum > CALL_BYTES_MAX {
            return Ok(None);
        }
    }
    Ok(Some(sum))
}

fn split_bytes(arguments: &GrowthArguments<'_>) -> Result<Option<usize>> {
    let (Some(texts), Some(separators)) = (arguments.texts(0)?, arguments.texts(1)?) else { return Ok(Some(0)) };
    sum_bytes(arguments, |arguments, row| {
        arguments.check()?;
        let (text, separator) = (texts.get(row), separators.get(row));
        // Without a separator each character is a part.
        let parts = if separator.is_empty() { text.chars().count() } else { text.matches(separator).count() + 1 };
        Ok(grown(text.len(), parts, ELEMENT_BYTES))
    })
}

fn replace_bytes(arguments: &GrowthArguments<'_>, measure: Measure) -> Result<Option<usize>> {
    let (Some(texts), Some(from), Some(to)) = (arguments.texts(0)?, arguments.texts(1)?, arguments.texts(2)?) else {
        return Ok(Some(0));
    };
    sum_bytes(arguments, |arguments, row| {
        let (text, from, to) = (texts.get(row), from.get(row), to.get(row));
        if from.is_empty() {
            return Ok(text.len());
        }
        let most = grown(text.len(), text.len() / from.len(), to.len().saturating_sub(from.len()));
        if measure == Measure::Bound && most <= CALL_BYTES_MAX / arguments.rows.max(1) {
            return Ok(most);
        }
        arguments.check()?;
        let count = text.matches(from).count();
        Ok(grown(text.len() - count * from.len(), count, to.len()))
    })
}

fn grown(bytes: usize, count: usize, each: usize) -> usize {
    bytes.saturating_add(count.saturating_mul(each))
}

fn copies_bytes(arguments: &GrowthArguments<'_>, row: usize) -> Result<usize> {
    let count = arguments.scalar(1, row)?.and_then(|count| count.cast_to(&DataType::Int64).ok());
    let Some(ScalarValue::Int64(Some(count))) = count else { return Ok(0) };
    let element = match arguments.values.get(2) {
        // What a list is filled up with.
        Some(_) => arguments.scalar(2, row)?,
        None => arguments.scalar(0, row)?,
    };
    let bytes = element.map_or(0, |element| element.size()).max(ELEMENT_BYTES);
    Ok(usize::try_from(count).unwrap_or(0).saturating_mul(bytes))
}

fn series_bytes(arguments: &GrowthArguments<'_>, row: usize) -> Result<usize> {
    let (start, end, step) = (arguments.scalar(0, row)?, arguments.scalar(1, row)?, arguments.scalar(2, row)?);
    let (start, end) = match (start, end) {
        (Some(start), Some(end)) => (Some(start), end),
        (Some(end), None) => (None, end),
        _ => return Ok(0),
    };
    let start = match start {
        Some(start) => place(&start),
        None => Some(0),
    };
    let (Some(start), Some(end)) = (start, place(&end)) else { return Ok(0) };
    let step = step.as_ref().map_or(Some(1), step_length).unwrap_or(1);
    if step == 0 {
        return Err(Error::new(ErrorKind::InvalidParameterValue, "step size cannot equal zero"));
    }
    let count = usize::try_from((end - start).unsigned_abs() / step.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(count.saturating_mul(ELEMENT_BYTES))
}

/// A place of a series: a number, or nanoseconds since 1970.
fn place(value: &ScalarValue) -> Option<i128> {
    if let ScalarValue::Date32(days) = value {
        return days.map(|days| i128::from(days) * NANOS_PER_DAY);
    }
    if matches!(value.data_type(), DataType::Timestamp(..)) {
        let micros = value.cast_to(&DataType::Timestamp(TimeUnit::Microsecond, None)).ok()?;
        let micros = micros.cast_to(&DataType::Int64).ok()?;
        return match micros {
            ScalarValue::Int64(micros) => micros.map(|micros| i128::from(micros) * 1_000),
            _ => None,
        };
    }
    match value.cast_to(&DataType::Int64).ok()? {
        ScalarValue::Int64(number) => number.map(i128::from),
        _ => None,
    }
}

/// The least length of a step.
fn step_length(value: &ScalarValue) -> Option<i128> {
    match value {
        ScalarValue::IntervalMonthDayNano(Some(step)) => {
            let days = i128::from(step.months) * MONTH_DAYS_MIN + i128::from(step.days);
            Some((days * NANOS_PER_DAY + i128::from(step.nanoseconds)).abs())
        }
        other => match other.cast_to(&DataType::Int64).ok()? {
            ScalarValue::Int64(step) => step.map(|step| i128::from(step).abs()),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: impl Into<String>) -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(text.into())))
    }

    fn number(number: i64) -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::Int64(Some(number)))
    }

    fn holds(growth: Growth, values: &[ColumnarValue]) -> bool {
        let most = growth.bytes(&GrowthArguments { values, rows: 1, context: None }, Measure::Bound).unwrap();
        most.is_some_and(|most| most <= CALL_BYTES_MAX)
    }

    fn counted(growth: Growth, values: &[ColumnarValue]) -> usize {
        growth.bytes(&GrowthArguments { values, rows: 1, context: None }, Measure::Count).unwrap().unwrap()
    }

    #[test]
    fn what_is_counted_is_what_is_made() {
        let long = || text("ab".repeat(1_000));
        assert_eq!(counted(Growth::Replace, &[long(), text("ab"), text("")]), 0);
        assert_eq!(counted(Growth::Replace, &[long(), text("a"), text("xyz")]), 4_000);
        assert_eq!(counted(Growth::Replace, &[long(), text("c"), text("xyz")]), 2_000);
        assert_eq!(counted(Growth::Split, &[long(), text("c")]), 2_000 + ELEMENT_BYTES);
    }

    #[test]
    fn replacements_are_counted_where_the_bound_does_not_tell() {
        let (long, wide) = (text("a".repeat(1_000_000)), text("b".repeat(10_000)));
        assert!(!holds(Growth::Replace, &[long.clone(), text("a"), wide.clone()]));
        assert!(holds(Growth::Replace, &[long.clone(), text("c"), wide.clone()]));
    }

    #[test]
    fn lists_are_measured_by_their_numbers() {
        assert!(holds(Growth::Copies, &[text("abc"), number(1_000)]));
        assert!(!holds(Growth::Copies, &[text("abc"), number(i64::MAX)]));
        assert!(holds(Growth::Series, &[number(1), number(1_000_000)]));
        assert!(!holds(Growth::Series, &[number(1), number(10_000_000_000)]));
        assert!(holds(Growth::Series, &[number(1), number(10_000_000_000), number(1_000_000)]));
        assert!(!holds(Growth::Series, &[number(i64::MIN), number(i64::MAX), number(-1)]));
    }
}

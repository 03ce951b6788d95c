//! `lag`, `lead`, `nth_value` and `ntile` whose offset, default or number of buckets is computed for each row. DataFusion's own take
//! constants alone, and are used where they are.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, Int32Array, Int64Array, new_null_array};
use datafusion::arrow::compute::{cast, interleave};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};

use crate::error::{Error, ErrorKind};
use crate::sql::arrow::errors::to_datafusion;

/// The form of `lag`, `lead`, `nth_value` or `ntile` whose arguments may differ from row to row.
pub fn form_by_row(name: &str) -> Option<&'static str> {
    FunctionByRow::ALL.iter().find(|function| function.plain_name() == name).map(|function| function.name())
}

/// All of them.
pub fn functions_by_row() -> impl Iterator<Item = WindowUDF> {
    FunctionByRow::ALL.into_iter().map(|function| {
        let signature = Signature::variadic_any(Volatility::Immutable);
        WindowUDF::new_from_impl(ByRow { function, signature })
    })
}

/// The place of the `n`th row among those that a frame has.
///
/// # Errors
/// 22016 for a number below one.
pub fn nth_place(n: i64) -> Result<usize> {
    match usize::try_from(n) {
        Ok(n) if n > 0 => Ok(n - 1),
        _ => {
            let message = "argument of nth_value must be greater than zero";
            Err(to_datafusion(Error::new(ErrorKind::InvalidWindowArgument, message)))
        }
    }
}

/// A column of whole numbers as `bigint`.
///
/// # Errors
/// What the cast reports; XX000 for a column that is not there: a defect.
pub fn whole_numbers(values: &[ArrayRef], place: usize) -> Result<Int64Array> {
    let numbers = cast(argument(values, place)?, &DataType::Int64)?;
    let numbers = numbers.as_any().downcast_ref::<Int64Array>().cloned();
    numbers.ok_or_else(|| DataFusionError::Internal("a cast to bigint gives none".to_string()))
}

/// An argument of a window function, of all rows.
///
/// # Errors
/// XX000 where there is none: a defect.
pub fn argument(values: &[ArrayRef], place: usize) -> Result<&ArrayRef> {
    values.get(place).ok_or_else(|| DataFusionError::Internal(format!("a window function has no argument {place}")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum FunctionByRow {
    Lag,
    Lead,
    NthValue,
    Ntile,
}

impl FunctionByRow {
    const ALL: [FunctionByRow; 4] =
        [FunctionByRow::Lag, FunctionByRow::Lead, FunctionByRow::NthValue, FunctionByRow::Ntile];

    fn name(self) -> &'static str {
        match self {
            FunctionByRow::Lag => "$lag",
            FunctionByRow::Lead => "$lead",
            FunctionByRow::NthValue => "$nth_value",
            FunctionByRow::Ntile => "$ntile",
        }
    }

    fn plain_name(self) -> &'static str {
        self.name().trim_start_matches('$')
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ByRow {
    function: FunctionByRow,
    signature: Signature,
}

impl WindowUDFImpl for ByRow {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(RowEvaluator { function: self.function, row: 0 }))
    }

    fn field(&self, arguments: WindowUDFFieldArgs) -> Result<FieldRef> {
        if self.function == FunctionByRow::Ntile {
            return Ok(Arc::new(Field::new(arguments.name(), DataType::Int32, true)));
        }
        let value = arguments.get_input_field(0);
        let value = value.ok_or_else(|| DataFusionError::Internal("a window function without a value".to_string()))?;
        Ok(Arc::new(value.as_ref().clone().with_name(arguments.name()).with_nullable(true)))
    }
}

/// One partition of a window.
#[derive(Debug)]
struct RowEvaluator {
    function: FunctionByRow,
    /// The next row whose frame is asked about.
    row: usize,
}

impl PartitionEvaluator for RowEvaluator {
    fn uses_window_frame(&self) -> bool {
        self.function == FunctionByRow::NthValue
    }

    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        match self.function {
            FunctionByRow::Ntile => buckets(&whole_numbers(values, 0)?, rows),
            _ => at_offsets(values, rows, self.function == FunctionByRow::Lead),
        }
    }

    fn evaluate(&mut self, values: &[ArrayRef], frame: &Range<usize>) -> Result<ScalarValue> {
        let row = self.row;
        self.row += 1;
        let (value, numbers) = (argument(values, 0)?, whole_numbers(&slices(values, row)?, 1)?);
        if numbers.is_null(0) {
            return ScalarValue::try_from(value.data_type());
        }
        let place = frame.start.saturating_add(nth_place(numbers.value(0))?);
        if place < frame.end {
            ScalarValue::try_from_array(value, place)
        } else {
            ScalarValue::try_from(value.data_type())
        }
    }
}

/// One row of each column.
fn slices(values: &[ArrayRef], row: usize) -> Result<Vec<ArrayRef>> {
    let is_there = values.iter().all(|column| row < column.len());
    if !is_there {
        return Err(DataFusionError::Internal("a window function is asked about more rows than there are".to_string()));
    }
    Ok(values.iter().map(|column| column.slice(row, 1)).collect())
}

/// Values of the rows that stand so many before each, or behind it; where there is none, those of the default.
fn at_offsets(values: &[ArrayRef], rows: usize, is_lead: bool) -> Result<ArrayRef> {
    let (value, offsets) = (argument(values, 0)?, whole_numbers(values, 1)?);
    let null = new_null_array(value.data_type(), 1);
    let default = values.get(2).map(|default| cast(default, value.data_type())).transpose()?;
    let places = (0..rows).map(|row| {
        if offsets.is_null(row) {
            return (0, 0);
        }
        let offset = i128::from(offsets.value(row));
        let row_number = i128::try_from(row).unwrap_or(i128::MAX);
        let wanted = if is_lead { row_number + offset } else { row_number - offset };
        match (usize::try_from(wanted).ok().filter(|wanted| *wanted < rows), &default) {
            (Some(wanted), _) => (1, wanted),
            (None, Some(_)) => (2, row),
            (None, None) => (0, 0),
        }
    });
    let places: Vec<(usize, usize)> = places.collect();
    let mut sources: Vec<&dyn Array> = vec![null.as_ref(), value.as_ref()];
    sources.extend(default.as_ref().map(|default| default.as_ref()));
    Ok(interleave(&sources, &places)?)
}

/// The buckets of the rows: as many as the first row says that knows how many (PostgreSQL's `window_ntile`).
fn buckets(numbers: &Int64Array, rows: usize) -> Result<ArrayRef> {
    let first = (0..rows).find(|row| numbers.is_valid(*row));
    let Some(first) = first else { return Ok(new_null_array(&DataType::Int32, rows)) };
    let count = numbers.value(first);
    if count <= 0 {
        let message = "argument of ntile must be greater than zero";
        return Err(to_datafusion(Error::new(ErrorKind::InvalidNtile, message)));
    }
    let total = i64::try_from(rows).unwrap_or(i64::MAX);
    let (least, more) = (total / count, total % count);
    let bucket = |place: i64| {
        // The first buckets have one row more.
        let in_longer = more.saturating_mul(least + 1);
        let bucket = if place < in_longer { place / (least + 1) } else { more + (place - in_longer) / least.max(1) };
        i32::try_from(bucket + 1).ok()
    };
    let buckets = (0..rows).map(|row| row.checked_sub(first).and_then(|place| bucket(i64::try_from(place).ok()?)));
    Ok(Arc::new(buckets.collect::<Int32Array>()))
}

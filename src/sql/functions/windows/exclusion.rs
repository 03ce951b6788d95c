//! Frames that leave rows out: `EXCLUDE CURRENT ROW`, `GROUP` and `TIES`, which DataFusion does not have.
//!
//! [`excluding`] makes one window function of an aggregate, or of `first_value`, `last_value` or `nth_value`, with its frame and its
//! exclusion. It takes the condition of FILTER and the values of the order as arguments behind the function's own, and finds the frame of
//! each row by itself. An aggregate is computed anew for each row, as PostgreSQL does where a frame leaves rows out.

use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array, Int64Array};
use datafusion::arrow::compute::{SortOptions, filter, partition};
use datafusion::arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type, Schema};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::window_state::WindowFrameContext;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, ColumnarValue, PartitionEvaluator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility, WindowFrame, WindowFrameBound, WindowUDF, WindowUDFImpl,
};
use datafusion::physical_expr::PhysicalExpr;

use crate::error::{Error, ErrorKind};
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::functions::windows::by_row::{argument, nth_place, whole_numbers};

/// What a frame leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exclusion {
    CurrentRow,
    /// The current row and its peers.
    Group,
    /// The peers of the current row.
    Ties,
    /// All rows: a frame that ends before it begins.
    All,
    Nothing,
}

/// What stands for a frame in which there is no row.
pub const NO_ROWS: &str = "$exclude_all";

/// What stands among the keys of PARTITION BY for an exclusion, until the plan is made.
pub const EXCLUSION_MARKERS: [(&str, Exclusion); 4] = [
    ("$exclude_current_row", Exclusion::CurrentRow),
    ("$exclude_group", Exclusion::Group),
    ("$exclude_ties", Exclusion::Ties),
    (NO_ROWS, Exclusion::All),
];

/// What stands there for the offsets of a frame of rows or groups that are no constants: of its beginning and of its end, NULL for one
/// that has none.
pub const FRAME_OFFSETS: &str = "$frame_offsets";

/// The function that such a mark is.
pub fn exclusion_marker(name: &str) -> Option<Arc<ScalarUDF>> {
    if name == FRAME_OFFSETS {
        let signature = Signature::any(2, Volatility::Immutable);
        return Some(Arc::new(ScalarUDF::from(Marker { name: FRAME_OFFSETS, signature })));
    }
    let (name, _) = EXCLUSION_MARKERS.iter().find(|(marker, _)| *marker == name)?;
    Some(Arc::new(ScalarUDF::from(Marker { name, signature: Signature::nullary(Volatility::Immutable) })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Marker {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for Marker {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Internal("a frame's exclusion is no value".to_string()))
    }
}

/// A function that sees the rows of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FramedFunction {
    Aggregate(Arc<AggregateUDF>),
    FirstValue,
    LastValue,
    NthValue,
}

impl FramedFunction {
    /// The window function of that name, where it is one of those that see a frame.
    pub fn named(name: &str) -> Option<FramedFunction> {
        Some(match name {
            "first_value" => FramedFunction::FirstValue,
            "last_value" => FramedFunction::LastValue,
            "nth_value" | "$nth_value" => FramedFunction::NthValue,
            _ => return None,
        })
    }
}

/// A window whose frames leave rows out.
#[derive(Clone, Debug)]
pub struct ExcludingWindow {
    pub function: FramedFunction,
    pub exclusion: Exclusion,
    pub frame: Arc<WindowFrame>,
    /// How many of the arguments are the function's own.
    pub arguments: usize,
    /// Whether the condition of FILTER stands behind them.
    pub has_filter: bool,
    /// Whether the offsets of the frame stand behind that.
    pub has_offsets: bool,
    /// For each value of the order, which are the last arguments.
    pub order: Vec<SortOptions>,
}

/// The window function that computes it.
pub fn excluding(window: ExcludingWindow) -> WindowUDF {
    WindowUDF::new_from_impl(Excluding { window, signature: Signature::variadic_any(Volatility::Immutable) })
}

#[derive(Debug)]
struct Excluding {
    window: ExcludingWindow,
    signature: Signature,
}

impl PartialEq for Excluding {
    fn eq(&self, other: &Self) -> bool {
        let parts = |own: &Self| {
            let window = &own.window;
            (window.exclusion, window.arguments, window.has_filter, window.has_offsets)
        };
        parts(self) == parts(other)
            && self.window.function == other.window.function
            && self.window.frame == other.window.frame
            && self.window.order == other.window.order
    }
}

impl Eq for Excluding {}

impl Hash for Excluding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let window = &self.window;
        (&window.function, window.exclusion, &window.frame, window.arguments, window.has_filter).hash(state);
    }
}

impl WindowUDFImpl for Excluding {
    fn name(&self) -> &str {
        "$excluding"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, given: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        let window = self.window.clone();
        let own = window.arguments;
        let exprs = given.input_exprs().get(..own).unwrap_or_default().to_vec();
        let fields = given.input_fields().get(..own).unwrap_or_default().to_vec();
        let aggregate = match &window.function {
            FramedFunction::Aggregate(function) => {
                let result = function.return_field(&fields)?;
                Some(Aggregate { function: Arc::clone(function), result, exprs, fields })
            }
            _ => None,
        };
        Ok(Box::new(ExcludingEvaluator { window, aggregate }))
    }

    fn field(&self, given: WindowUDFFieldArgs) -> Result<FieldRef> {
        let fields = given.input_fields().get(..self.window.arguments).unwrap_or_default();
        let field = match &self.window.function {
            FramedFunction::Aggregate(function) => function.return_field(fields)?,
            _ => fields.first().cloned().ok_or_else(|| lacks("a value"))?,
        };
        Ok(Arc::new(field.as_ref().clone().with_name(given.name()).with_nullable(true)))
    }
}

fn lacks(what: &str) -> DataFusionError {
    DataFusionError::Internal(format!("a window function without {what}"))
}

/// An aggregate with what its accumulators are made of.
#[derive(Debug)]
struct Aggregate {
    function: Arc<AggregateUDF>,
    result: FieldRef,
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    fields: Vec<FieldRef>,
}

impl Aggregate {
    fn accumulator(&self, schema: &Schema) -> Result<Box<dyn Accumulator>> {
        self.function.accumulator(AccumulatorArgs {
            return_field: Arc::clone(&self.result),
            schema,
            ignore_nulls: false,
            order_bys: &[],
            is_reversed: false,
            name: self.function.name(),
            is_distinct: false,
            exprs: &self.exprs,
            expr_fields: &self.fields,
        })
    }
}

#[derive(Debug)]
struct ExcludingEvaluator {
    window: ExcludingWindow,
    aggregate: Option<Aggregate>,
}

impl PartitionEvaluator for ExcludingEvaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let offsets = self.window.arguments + usize::from(self.window.has_filter);
        let behind = offsets + if self.window.has_offsets { 2 } else { 0 };
        let own = values.get(..self.window.arguments).unwrap_or_default();
        let condition = if self.window.has_filter { Some(argument(values, self.window.arguments)?) } else { None };
        let order: Vec<ArrayRef> = values.get(behind..).unwrap_or_default().iter().map(one_zero).collect();
        let all = std::iter::once(0..rows);
        let groups = if order.is_empty() { all.collect() } else { partition(&order)?.ranges() };
        let frame = match self.window.has_offsets {
            true => Arc::new(with_offsets(&self.window.frame, values, offsets)?),
            false => Arc::clone(&self.window.frame),
        };
        let mut frames = WindowFrameContext::new(frame, self.window.order.clone());
        let schema = self.aggregate.as_ref().map(|aggregate| Schema::new(aggregate.fields.clone()));
        let is_nth = self.window.function == FramedFunction::NthValue;
        let numbers = if is_nth { Some(whole_numbers(own, 1)?) } else { None };
        let mut results = Vec::with_capacity(rows);
        let mut last = 0..0;
        for group in groups {
            for row in group.clone() {
                last = frames.calculate_range(&order, &last, rows, row)?;
                let parts = kept_parts(&last, row, &group, self.window.exclusion);
                results.push(match (&self.aggregate, &schema) {
                    (Some(aggregate), Some(schema)) => {
                        aggregated(aggregate.accumulator(schema)?, own, condition, &parts)?
                    }
                    _ => self.value_at(argument(own, 0)?, numbers.as_ref().map(|numbers| (numbers, row)), &parts)?,
                });
            }
        }
        ScalarValue::iter_to_array(results)
    }
}

impl ExcludingEvaluator {
    /// The value of the first, the last, or the nth row of those that are left.
    fn value_at(
        &self,
        value: &ArrayRef,
        number: Option<(&Int64Array, usize)>,
        parts: &[Range<usize>],
    ) -> Result<ScalarValue> {
        let place = match number {
            Some((numbers, row)) if numbers.is_valid(row) => {
                parts.iter().cloned().flatten().nth(nth_place(numbers.value(row))?)
            }
            Some(_) => None,
            None if self.window.function == FramedFunction::LastValue => {
                parts.last().and_then(|part| part.end.checked_sub(1))
            }
            None => parts.first().map(|part| part.start),
        };
        match place {
            Some(place) => ScalarValue::try_from_array(value, place),
            None => ScalarValue::try_from(value.data_type()),
        }
    }
}

/// The frame with the offsets that the first row has.
fn with_offsets(frame: &WindowFrame, values: &[ArrayRef], place: usize) -> Result<WindowFrame> {
    let bound = |bound: &WindowFrameBound, place: usize, side: &str| {
        let offset = || -> Result<ScalarValue> {
            let offsets = whole_numbers(values, place)?;
            let wrong =
                |kind, what: &str| to_datafusion(Error::new(kind, format!("frame {side} offset must not be {what}")));
            if offsets.is_empty() || offsets.is_null(0) {
                return Err(wrong(ErrorKind::NullNotAllowed, "null"));
            }
            let offset = u64::try_from(offsets.value(0));
            Ok(ScalarValue::UInt64(Some(offset.map_err(|_| wrong(ErrorKind::InvalidFrame, "negative"))?)))
        };
        let is_given = argument(values, place)?.data_type() != &DataType::Null;
        Ok::<_, DataFusionError>(match bound {
            WindowFrameBound::Preceding(_) if is_given => WindowFrameBound::Preceding(offset()?),
            WindowFrameBound::Following(_) if is_given => WindowFrameBound::Following(offset()?),
            other => other.clone(),
        })
    };
    let start = bound(&frame.start_bound, place, "starting")?;
    Ok(WindowFrame::new_bounds(frame.units, start, bound(&frame.end_bound, place + 1, "ending")?))
}

/// What is left of a frame, in the order of its rows; no part is empty.
fn kept_parts(frame: &Range<usize>, row: usize, peers: &Range<usize>, exclusion: Exclusion) -> Vec<Range<usize>> {
    let left_out = match exclusion {
        Exclusion::CurrentRow => row..row + 1,
        Exclusion::Group | Exclusion::Ties => peers.clone(),
        Exclusion::All => 0..usize::MAX,
        Exclusion::Nothing => 0..0,
    };
    let current = if exclusion == Exclusion::Ties { row..row + 1 } else { 0..0 };
    let within = |part: Range<usize>| part.start.max(frame.start)..part.end.min(frame.end);
    [within(0..left_out.start), within(current), within(left_out.end..usize::MAX)]
        .into_iter()
        .filter(|part| part.start < part.end)
        .collect()
}

fn aggregated(
    mut accumulator: Box<dyn Accumulator>,
    own: &[ArrayRef],
    condition: Option<&ArrayRef>,
    parts: &[Range<usize>],
) -> Result<ScalarValue> {
    for part in parts {
        let length = part.end - part.start;
        let slices = own.iter().map(|column| column.slice(part.start, length));
        let slices: Vec<ArrayRef> = match condition {
            None => slices.collect(),
            Some(condition) => {
                let condition = condition.slice(part.start, length);
                let condition = condition.as_boolean_opt().ok_or_else(|| lacks("the truth of its condition"))?;
                slices.map(|column| Ok(filter(&column, condition)?)).collect::<Result<_>>()?
            }
        };
        accumulator.update_batch(&slices)?;
    }
    accumulator.evaluate()
}

/// Floats of which one zero and one NaN are left: peers are equal rows.
fn one_zero(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float64 => {
            let floats = column.as_primitive::<Float64Type>();
            Arc::new(floats.unary::<_, Float64Type>(|x| if x.is_nan() { f64::NAN } else { x + 0.0 }) as Float64Array)
        }
        DataType::Float32 => {
            let floats = column.as_primitive::<Float32Type>();
            Arc::new(floats.unary::<_, Float32Type>(|x| if x.is_nan() { f32::NAN } else { x + 0.0 }) as Float32Array)
        }
        _ => Arc::clone(column),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_frame() {
        let (frame, peers) = (2..8, 4..7);
        assert_eq!(kept_parts(&frame, 5, &peers, Exclusion::CurrentRow), [2..5, 6..8]);
        assert_eq!(kept_parts(&frame, 5, &peers, Exclusion::Group), [2..4, 7..8]);
        assert_eq!(kept_parts(&frame, 5, &peers, Exclusion::Ties), [2..4, 5..6, 7..8]);
        assert_eq!(kept_parts(&(0..4), 5, &peers, Exclusion::Ties).first(), Some(&(0..4)));
        let ends_before_it_begins = Range { start: 6, end: 5 };
        assert!(kept_parts(&ends_before_it_begins, 5, &peers, Exclusion::CurrentRow).is_empty());
    }
}

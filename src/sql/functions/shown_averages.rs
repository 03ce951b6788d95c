//! `avg` of exact numbers as it is shown: each average with the digits that PostgreSQL's division gives it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, FieldRef, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};

use crate::error::Result;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::types::shown_field;
use crate::sql::functions::addends::{AVERAGE_SCALE, Shape};
use crate::sql::functions::shown_numbers::{SHOWN_AVERAGE, inexact};
use crate::sql::functions::sums::{accumulator, column, groups, sliding};
use crate::types::Numeric;

/// The aggregate; its name is none that a statement can write.
pub fn shown_average() -> AggregateUDF {
    AggregateUDF::from(ShownAverage { signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug)]
struct ShownAverage {
    signature: Signature,
}

impl PartialEq for ShownAverage {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ShownAverage {}

impl Hash for ShownAverage {
    fn hash<H: Hasher>(&self, state: &mut H) {
        SHOWN_AVERAGE.hash(state);
    }
}

/// What is added up: sum and count are the state of any average.
fn shape(argument: Option<&FieldRef>) -> DataFusionResult<Shape> {
    let argument = argument.map(|field| field.data_type()).unwrap_or(&DataType::Null);
    let result = DataType::Decimal128(38, AVERAGE_SCALE);
    let is_exact = matches!(argument, DataType::Int64 | DataType::Decimal128(..));
    Shape::of(true, argument, &result).filter(|_| is_exact).ok_or_else(|| inexact(argument))
}

/// Digits behind the point of the sum.
fn scale(shape: &Shape) -> i8 {
    if let DataType::Decimal128(_, scale) = shape.sum { scale } else { 0 }
}

/// The text of an average.
fn average(sum: i128, count: i64, scale: i8) -> Result<String> {
    let sum = Numeric::of_parts(sum, u32::try_from(scale).unwrap_or(0))?;
    Ok(sum.over(&Numeric::from(count))?.to_string())
}

impl AggregateUDFImpl for ShownAverage {
    fn name(&self) -> &str {
        SHOWN_AVERAGE
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        Ok(match types {
            [integer] if integer.is_integer() => vec![DataType::Int64],
            [decimal @ DataType::Decimal128(_, 0..)] => vec![decimal.clone()],
            // Of tens.
            [DataType::Decimal128(..)] => vec![DataType::Decimal128(38, 0)],
            _ => return Err(inexact(types.first().unwrap_or(&DataType::Null))),
        })
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field(&self, _fields: &[FieldRef]) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(shown_field(SHOWN_AVERAGE)))
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        let shape = shape(arguments.expr_fields.first())?;
        Ok(Box::new(Averaged { scale: scale(&shape), inner: accumulator(&shape, false)? }))
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        let shape = shape(arguments.expr_fields.first())?;
        Ok(Box::new(Averaged { scale: scale(&shape), inner: sliding(&shape, false)? }))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        Ok(shape(arguments.input_fields.first())?.state_fields(arguments.name, false))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        let shape = shape(arguments.expr_fields.first())?;
        Ok(Box::new(GroupAverages { scale: scale(&shape), inner: groups(&shape)? }))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// The average of an input or a frame.
#[derive(Debug)]
struct Averaged {
    scale: i8,
    inner: Box<dyn Accumulator>,
}

impl Accumulator for Averaged {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.inner.update_batch(values)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        self.inner.merge_batch(states)
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        let state = self.inner.state()?;
        let [ScalarValue::Decimal128(Some(sum), ..), ScalarValue::Int64(Some(count))] = state.as_slice() else {
            return Err(DataFusionError::Internal("an average is of a sum and a count".to_string()));
        };
        let text = (*count > 0).then(|| average(*sum, *count, self.scale)).transpose().map_err(to_datafusion)?;
        Ok(ScalarValue::Utf8(text))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.inner.size()
    }
}

/// The averages of many groups.
struct GroupAverages {
    scale: i8,
    inner: Box<dyn GroupsAccumulator>,
}

impl GroupsAccumulator for GroupAverages {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.inner.update_batch(values, groups, filter, total)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> DataFusionResult<()> {
        self.inner.merge_batch(states, groups, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DataFusionResult<ArrayRef> {
        let states = self.inner.state(emit_to)?;
        let sums = column(&states, 0)?.as_primitive::<Decimal128Type>();
        let counts = column(&states, 1)?.as_primitive::<Int64Type>();
        let text = |row: usize| {
            let count = counts.value(row);
            (count > 0).then(|| average(sums.value(row), count, self.scale)).transpose().map_err(to_datafusion)
        };
        Ok(Arc::new((0..counts.len()).map(text).collect::<DataFusionResult<StringArray>>()?))
    }

    fn state(&mut self, emit_to: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> DataFusionResult<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

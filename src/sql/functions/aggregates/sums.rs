//! How `sum` and `avg` add up: integers and decimals exactly, floats as PostgreSQL does, and with an error where a result does
//! not fit, where the planner's own accumulators wrap around.
//!
//! One description of what is added ([`Addend`]) serves groups, whole inputs, window frames and DISTINCT.

use std::collections::{HashMap, VecDeque};
use std::marker::PhantomData;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, PrimitiveArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::sql::arrow::errors::to_datafusion;
use crate::sql::functions::aggregates::addends::{
    Addend, AveragedIntegers, Decimals, Floats, Integers, Native, Shape, SmallFloats,
};

/// Sums of many groups.
///
/// # Errors
/// XX000 for a shape that there is not, a defect.
pub fn groups(shape: &Shape) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
    Ok(match (&shape.argument, &shape.result) {
        (DataType::Float64, DataType::Float64) => Box::new(GroupSums::<Floats>::new(shape.clone())),
        (DataType::Float32, DataType::Float32) => Box::new(GroupSums::<SmallFloats>::new(shape.clone())),
        (DataType::Int64, DataType::Int64) => Box::new(GroupSums::<Integers>::new(shape.clone())),
        (DataType::Int64, DataType::Decimal128(..)) => Box::new(GroupSums::<AveragedIntegers>::new(shape.clone())),
        (DataType::Decimal128(..), DataType::Decimal128(..)) => Box::new(GroupSums::<Decimals>::new(shape.clone())),
        _ => return Err(unknown(shape)),
    })
}

/// The sum of a whole input.
///
/// # Errors
/// As [`groups`].
pub fn accumulator(shape: &Shape, is_distinct: bool) -> DataFusionResult<Box<dyn Accumulator>> {
    Ok(match (&shape.argument, &shape.result) {
        (DataType::Float64, DataType::Float64) => boxed::<Floats>(shape, is_distinct),
        (DataType::Float32, DataType::Float32) => boxed::<SmallFloats>(shape, is_distinct),
        (DataType::Int64, DataType::Int64) => boxed::<Integers>(shape, is_distinct),
        (DataType::Int64, DataType::Decimal128(..)) => boxed::<AveragedIntegers>(shape, is_distinct),
        (DataType::Decimal128(..), DataType::Decimal128(..)) => boxed::<Decimals>(shape, is_distinct),
        _ => return Err(unknown(shape)),
    })
}

fn unknown(shape: &Shape) -> DataFusionError {
    DataFusionError::Internal(format!("a sum of {} of type {}", shape.argument, shape.result))
}

fn boxed<A: Addend>(shape: &Shape, is_distinct: bool) -> Box<dyn Accumulator> {
    let total = Total::<A>::new(shape.clone());
    if is_distinct { Box::new(Distinct { values: HashMap::new(), total }) } else { Box::new(total) }
}

pub fn column(values: &[ArrayRef], position: usize) -> DataFusionResult<&ArrayRef> {
    values.get(position).ok_or_else(|| DataFusionError::Internal("a sum lacks an argument".to_string()))
}

pub fn is_kept(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

/// The sums of many groups.
struct GroupSums<A: Addend> {
    shape: Shape,
    sums: Vec<Native<A::Sum>>,
    /// Of values that are not NULL.
    counts: Vec<i64>,
    addend: PhantomData<A>,
}

impl<A: Addend> GroupSums<A> {
    fn new(shape: Shape) -> Self {
        GroupSums { shape, sums: Vec::new(), counts: Vec::new(), addend: PhantomData }
    }

    fn grow(&mut self, groups: usize) {
        self.sums.resize(groups, A::ZERO);
        self.counts.resize(groups, 0);
    }

    fn add(&mut self, group: usize, value: Native<A::Sum>, count: i64) -> DataFusionResult<()> {
        if let (Some(sum), Some(counted)) = (self.sums.get_mut(group), self.counts.get_mut(group)) {
            *sum = A::plus(*sum, value).map_err(to_datafusion)?;
            *counted += count;
        }
        Ok(())
    }
}

fn states<A: Addend>(shape: &Shape, sums: Vec<Native<A::Sum>>, counts: Vec<i64>) -> Vec<ArrayRef> {
    let sums = PrimitiveArray::<A::Sum>::from_iter_values(sums).with_data_type(shape.sum.clone());
    vec![Arc::new(sums), std::sync::Arc::new(Int64Array::from(counts))]
}

impl<A: Addend> GroupsAccumulator for GroupSums<A> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.grow(total);
        let values = column(values, 0)?.as_primitive::<A::Value>();
        for (row, group) in groups.iter().enumerate() {
            if values.is_valid(row) && is_kept(filter, row) {
                self.add(*group, A::widened(values.value(row)), 1)?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> DataFusionResult<()> {
        self.grow(total);
        let sums = column(states, 0)?.as_primitive::<A::Sum>();
        let counts = column(states, 1)?.as_primitive::<Int64Type>();
        for (row, group) in groups.iter().enumerate() {
            if counts.is_valid(row) && counts.value(row) > 0 {
                self.add(*group, sums.value(row), counts.value(row))?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DataFusionResult<ArrayRef> {
        let (sums, counts) = (emit_to.take_needed(&mut self.sums), emit_to.take_needed(&mut self.counts));
        let result = |(sum, count): (Native<A::Sum>, &i64)| {
            let result = (*count > 0).then(|| A::result(&self.shape, sum, *count));
            result.transpose().map_err(to_datafusion)
        };
        let results =
            sums.into_iter().zip(&counts).map(result).collect::<DataFusionResult<PrimitiveArray<A::Result>>>()?;
        Ok(Arc::new(results.with_data_type(self.shape.result.clone())))
    }

    fn state(&mut self, emit_to: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        let (sums, counts) = (emit_to.take_needed(&mut self.sums), emit_to.take_needed(&mut self.counts));
        Ok(states::<A>(&self.shape, sums, counts))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> DataFusionResult<Vec<ArrayRef>> {
        let values = column(values, 0)?.as_primitive::<A::Value>();
        let counts = (0..values.len()).map(|row| i64::from(values.is_valid(row) && is_kept(filter, row))).collect();
        let sums = values.values().iter().map(|value| A::widened(*value)).collect();
        Ok(states::<A>(&self.shape, sums, counts))
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<Native<A::Sum>>() + self.counts.capacity() * size_of::<i64>()
    }
}

/// The sum of all values, or of those of a window's frame.
#[derive(Debug)]
struct Total<A: Addend> {
    shape: Shape,
    sum: Native<A::Sum>,
    count: i64,
    /// The values of the frame from their first one on, once one has left it that could not be taken off the sum.
    frame: VecDeque<Native<A::Sum>>,
    keeps_frame: bool,
    is_stale: bool,
}

impl<A: Addend> Total<A> {
    fn new(shape: Shape) -> Self {
        Total { shape, sum: A::ZERO, count: 0, frame: VecDeque::new(), keeps_frame: false, is_stale: false }
    }

    /// As [`Total::new`], for a frame that values leave.
    fn sliding(shape: Shape) -> Self {
        Total { keeps_frame: A::minus(A::ZERO, A::ZERO).is_none(), ..Total::new(shape) }
    }

    fn add(&mut self, value: Native<A::Sum>) -> DataFusionResult<()> {
        if self.keeps_frame {
            self.frame.push_back(value);
            self.is_stale = true;
        } else {
            self.sum = A::plus(self.sum, value).map_err(to_datafusion)?;
        }
        self.count += 1;
        Ok(())
    }
}

/// A sliding accumulator of a shape.
pub fn sliding(shape: &Shape, is_distinct: bool) -> DataFusionResult<Box<dyn Accumulator>> {
    if is_distinct {
        return accumulator(shape, true);
    }
    Ok(match (&shape.argument, &shape.result) {
        (DataType::Float64, DataType::Float64) => Box::new(Total::<Floats>::sliding(shape.clone())),
        (DataType::Float32, DataType::Float32) => Box::new(Total::<SmallFloats>::sliding(shape.clone())),
        (DataType::Int64, DataType::Int64) => Box::new(Total::<Integers>::sliding(shape.clone())),
        (DataType::Int64, DataType::Decimal128(..)) => Box::new(Total::<AveragedIntegers>::sliding(shape.clone())),
        (DataType::Decimal128(..), DataType::Decimal128(..)) => Box::new(Total::<Decimals>::sliding(shape.clone())),
        _ => return Err(unknown(shape)),
    })
}

impl<A: Addend> Accumulator for Total<A> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        for value in column(values, 0)?.as_primitive::<A::Value>().iter().flatten() {
            self.add(A::widened(value))?;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        for value in column(values, 0)?.as_primitive::<A::Value>().iter().flatten() {
            if self.keeps_frame {
                self.frame.pop_front();
                self.is_stale = true;
            } else if let Some(sum) = A::minus(self.sum, A::widened(value)) {
                self.sum = sum;
            } else {
                return Err(DataFusionError::Internal("a value cannot leave this frame".to_string()));
            }
            self.count -= 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        let sums = column(states, 0)?.as_primitive::<A::Sum>();
        let counts = column(states, 1)?.as_primitive::<Int64Type>();
        for row in 0..counts.len() {
            if counts.is_valid(row) && counts.value(row) > 0 {
                self.sum = A::plus(self.sum, sums.value(row)).map_err(to_datafusion)?;
                self.count += counts.value(row);
            }
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let states = states::<A>(&self.shape, vec![self.sum], vec![self.count]);
        states.iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        if self.is_stale {
            let sum = self.frame.iter().try_fold(A::ZERO, |sum, value| A::plus(sum, *value));
            self.sum = sum.map_err(to_datafusion)?;
            self.is_stale = false;
        }
        let result = (self.count > 0).then(|| A::result(&self.shape, self.sum, self.count));
        let result = result.transpose().map_err(to_datafusion)?;
        let array = PrimitiveArray::<A::Result>::from_iter([result]).with_data_type(self.shape.result.clone());
        ScalarValue::try_from_array(&array, 0)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.frame.capacity() * size_of::<Native<A::Sum>>()
    }
}

/// The sum of different values, each with how often it is in the frame.
#[derive(Debug)]
struct Distinct<A: Addend> {
    values: HashMap<ScalarValue, u64>,
    total: Total<A>,
}

impl<A: Addend> Distinct<A> {
    fn sorted(&self) -> Vec<ScalarValue> {
        let mut values: Vec<ScalarValue> = self.values.keys().cloned().collect();
        values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        values
    }
}

impl<A: Addend> Accumulator for Distinct<A> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let values = column(values, 0)?;
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            *self.values.entry(ScalarValue::try_from_array(values, row)?).or_default() += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let values = column(values, 0)?;
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            let value = ScalarValue::try_from_array(values, row)?;
            if let Some(count) = self.values.get_mut(&value) {
                *count -= 1;
                if *count == 0 {
                    self.values.remove(&value);
                }
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        for values in column(states, 0)?.as_list::<i32>().iter().flatten() {
            self.update_batch(&[values])?;
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let values = ScalarValue::iter_to_array(self.sorted().into_iter().chain([self.null()?]))?;
        let values = values.slice(0, values.len() - 1);
        Ok(vec![SingleRowListArrayBuilder::new(values).build_list_scalar()])
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        self.total = Total::new(self.total.shape.clone());
        if !self.values.is_empty() {
            self.total.update_batch(&[ScalarValue::iter_to_array(self.sorted())?])?;
        }
        self.total.evaluate()
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.values.capacity() * (size_of::<ScalarValue>() + size_of::<u64>())
    }
}

impl<A: Addend> Distinct<A> {
    /// What gives an empty list its type.
    fn null(&self) -> DataFusionResult<ScalarValue> {
        ScalarValue::try_from(&self.total.shape.argument)
    }
}

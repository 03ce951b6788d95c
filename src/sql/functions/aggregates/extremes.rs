//! The greatest and the least float of many: of zeros, which are equal, the last, as PostgreSQL's `float8larger` and
//! `float8smaller` choose. NaN is the greatest of all.

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{ArrowPrimitiveType, Float32Type, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::sql::functions::aggregates::frame_candidates::FrameCandidates;
use crate::sql::functions::aggregates::sums::{column, is_kept};

/// Floats, of which one is the greatest and one the least.
pub trait Float: ArrowPrimitiveType + Debug {
    /// Whether a later value is to be kept in place of an earlier one as the greatest, or else the least.
    fn wins(is_greatest: bool, later: Self::Native, earlier: Self::Native) -> bool;
}

impl Float for Float64Type {
    fn wins(is_greatest: bool, later: f64, earlier: f64) -> bool {
        if is_greatest { later >= earlier || later.is_nan() } else { later <= earlier || earlier.is_nan() }
    }
}

impl Float for Float32Type {
    fn wins(is_greatest: bool, later: f32, earlier: f32) -> bool {
        if is_greatest { later >= earlier || later.is_nan() } else { later <= earlier || earlier.is_nan() }
    }
}

/// Keeps the greatest or the least value of each group. Of floats the planner's own begins with the largest finite
/// number, which a group of infinities never passes.
pub struct GroupExtremes<T: Float> {
    extremes: Vec<T::Native>,
    seen: Vec<bool>,
    is_greatest: bool,
}

impl<T: Float> GroupExtremes<T> {
    pub fn new(is_greatest: bool) -> Self {
        GroupExtremes { extremes: Vec::new(), seen: Vec::new(), is_greatest }
    }

    fn emit(&mut self, emit_to: EmitTo) -> ArrayRef {
        let (extremes, seen) = (emit_to.take_needed(&mut self.extremes), emit_to.take_needed(&mut self.seen));
        Arc::new(PrimitiveArray::<T>::new(extremes.into(), Some(NullBuffer::from(seen))))
    }
}

impl<T: Float> GroupsAccumulator for GroupExtremes<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.extremes.resize(total, T::Native::default());
        self.seen.resize(total, false);
        let values = column(values, 0)?.as_primitive::<T>();
        for (row, group) in groups.iter().enumerate() {
            if values.is_null(row) || !is_kept(filter, row) {
                continue;
            }
            if let (Some(kept), Some(seen)) = (self.extremes.get_mut(*group), self.seen.get_mut(*group)) {
                let value = values.value(row);
                if !*seen || T::wins(self.is_greatest, value, *kept) {
                    *kept = value;
                }
                *seen = true;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> DataFusionResult<()> {
        self.update_batch(states, groups, None, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DataFusionResult<ArrayRef> {
        Ok(self.emit(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        Ok(vec![self.emit(emit_to)])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> DataFusionResult<Vec<ArrayRef>> {
        let values = column(values, 0)?.as_primitive::<T>();
        let kept =
            (0..values.len()).map(|row| (values.is_valid(row) && is_kept(filter, row)).then(|| values.value(row)));
        Ok(vec![Arc::new(kept.collect::<PrimitiveArray<T>>())])
    }

    fn size(&self) -> usize {
        self.extremes.capacity() * size_of::<T::Native>() + self.seen.capacity()
    }
}

/// Keeps the greatest or the least value of all rows, or of those of a window's frame.
#[derive(Debug)]
pub struct Extremes<T: Float> {
    is_greatest: bool,
    candidates: FrameCandidates<T::Native>,
}

impl<T: Float> Extremes<T> {
    pub fn new(is_greatest: bool) -> Self {
        Extremes { is_greatest, candidates: FrameCandidates::new() }
    }
}

impl<T: Float> Accumulator for Extremes<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        for value in column(values, 0)?.as_primitive::<T>() {
            self.candidates.take(value, |later, earlier| T::wins(self.is_greatest, *later, *earlier));
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        self.update_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.candidates.leave(column(values, 0)?.len());
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        ScalarValue::new_primitive::<T>(self.candidates.first().copied(), &T::DATA_TYPE)
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn size(&self) -> usize {
        size_of::<bool>() + self.candidates.size()
    }
}

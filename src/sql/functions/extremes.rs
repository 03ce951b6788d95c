//! The greatest and the least float of each group.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::ArrowPrimitiveType;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use crate::sql::functions::sums::{column, is_kept};

/// Keeps the greatest or the least float of each group. The planner's own begins with the largest finite number, which a
/// group of infinities never passes.
pub struct GroupExtremes<T: ArrowPrimitiveType> {
    extremes: Vec<T::Native>,
    seen: Vec<bool>,
    start: T::Native,
    /// Whether a value goes before the one that is kept.
    wins: fn(T::Native, T::Native) -> bool,
}

impl<T: ArrowPrimitiveType> GroupExtremes<T> {
    pub fn new(start: T::Native, wins: fn(T::Native, T::Native) -> bool) -> Self {
        GroupExtremes { extremes: Vec::new(), seen: Vec::new(), start, wins }
    }

    fn emit(&mut self, emit_to: EmitTo) -> ArrayRef {
        let (extremes, seen) = (emit_to.take_needed(&mut self.extremes), emit_to.take_needed(&mut self.seen));
        Arc::new(PrimitiveArray::<T>::new(extremes.into(), Some(NullBuffer::from(seen))))
    }
}

impl<T: ArrowPrimitiveType> GroupsAccumulator for GroupExtremes<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.extremes.resize(total, self.start);
        self.seen.resize(total, false);
        let values = column(values, 0)?.as_primitive::<T>();
        for (row, group) in groups.iter().enumerate() {
            if values.is_null(row) || !is_kept(filter, row) {
                continue;
            }
            if let (Some(kept), Some(seen)) = (self.extremes.get_mut(*group), self.seen.get_mut(*group)) {
                let value = values.value(row);
                if (self.wins)(value, *kept) {
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

//! The greatest and the least of numbers of any length: of equal ones the last, as PostgreSQL's `numeric_larger` and
//! `numeric_smaller` choose. NaN is the greatest of all.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, StringArray};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::sql::arrow::errors::to_datafusion;
use crate::sql::functions::aggregates::frame_candidates::FrameCandidates;
use crate::sql::functions::aggregates::sums::{column, is_kept};
use crate::sql::functions::numbers::number_columns::NumberColumn;
use crate::types::Numeric;

/// Whether a later number is kept in place of an earlier one.
fn wins(is_greatest: bool, later: &Numeric, earlier: &Numeric) -> bool {
    if is_greatest { later >= earlier } else { later <= earlier }
}

fn numbers(values: &[ArrayRef]) -> DataFusionResult<NumberColumn> {
    NumberColumn::of_array(column(values, 0)?).map_err(to_datafusion)
}

fn text(number: &Option<Numeric>) -> Option<String> {
    number.as_ref().map(ToString::to_string)
}

/// Keeps the greatest or the least number of each group.
pub struct GroupNumberExtremes {
    extremes: Vec<Option<Numeric>>,
    is_greatest: bool,
}

impl GroupNumberExtremes {
    pub fn new(is_greatest: bool) -> Self {
        GroupNumberExtremes { extremes: Vec::new(), is_greatest }
    }
}

impl GroupsAccumulator for GroupNumberExtremes {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.extremes.resize(total, None);
        let values = numbers(values)?;
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| is_kept(filter, *row)) {
            if let (Some(number), Some(kept)) = (values.at(row).map_err(to_datafusion)?, self.extremes.get_mut(*group))
                && kept.as_ref().is_none_or(|kept| wins(self.is_greatest, &number, kept))
            {
                *kept = Some(number);
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> DataFusionResult<()> {
        self.update_batch(states, groups, None, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DataFusionResult<ArrayRef> {
        let extremes = emit_to.take_needed(&mut self.extremes);
        Ok(Arc::new(extremes.iter().map(text).collect::<StringArray>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> DataFusionResult<Vec<ArrayRef>> {
        let values = numbers(values)?;
        let kept = (0..values.len()).map(|row| {
            let number = if is_kept(filter, row) { values.at(row) } else { Ok(None) };
            number.map(|number| text(&number)).map_err(to_datafusion)
        });
        Ok(vec![Arc::new(kept.collect::<DataFusionResult<StringArray>>()?)])
    }

    fn size(&self) -> usize {
        let long: usize = self.extremes.iter().flatten().map(Numeric::heap_bytes).sum();
        self.extremes.capacity() * size_of::<Option<Numeric>>() + long
    }
}

/// Keeps the greatest or the least number of all rows, or of those of a window's frame.
#[derive(Debug)]
pub struct NumberExtremes {
    is_greatest: bool,
    candidates: FrameCandidates<Numeric>,
}

impl NumberExtremes {
    pub fn new(is_greatest: bool) -> Self {
        NumberExtremes { is_greatest, candidates: FrameCandidates::new() }
    }
}

impl Accumulator for NumberExtremes {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let values = numbers(values)?;
        for row in 0..values.len() {
            let number = values.at(row).map_err(to_datafusion)?;
            self.candidates.take(number, |later, earlier| wins(self.is_greatest, later, earlier));
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
        Ok(ScalarValue::Utf8(self.candidates.first().map(ToString::to_string)))
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn size(&self) -> usize {
        let long: usize = self.candidates.values().map(Numeric::heap_bytes).sum();
        size_of::<bool>() + self.candidates.size() + long
    }
}

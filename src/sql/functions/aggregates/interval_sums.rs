//! `sum` and `avg` of intervals: part by part, each of which has to fit.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::Accumulator;

use crate::error::Result;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::reading::value_at;
use crate::sql::arrow::types::data_type_of;
use crate::sql::arrow::values::array_of;
use crate::types::{ColumnType, Interval, Value};

/// The sum of intervals that are not NULL.
#[derive(Debug, Default)]
pub struct IntervalSum {
    pub is_average: bool,
    sum: Interval,
    count: i64,
    /// With DISTINCT: the spans that were seen.
    seen: Option<HashSet<i128>>,
}

impl IntervalSum {
    pub fn new(is_average: bool, is_distinct: bool) -> Self {
        IntervalSum { is_average, seen: is_distinct.then(HashSet::new), ..IntervalSum::default() }
    }

    /// What an accumulator hands on to the one that merges.
    pub fn state_fields(name: &str) -> Vec<FieldRef> {
        let sum = Field::new(format!("{name}[sum]"), data_type_of(&ColumnType::Interval), true);
        vec![Arc::new(sum), Arc::new(Field::new(format!("{name}[count]"), DataType::Int64, true))]
    }

    fn add(&mut self, interval: Interval) -> Result<()> {
        if self.seen.as_mut().is_none_or(|seen| seen.insert(interval.span())) {
            self.sum = self.sum.plus(interval)?;
            self.count += 1;
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
    fn result(&self) -> Result<Value> {
        match (self.count, self.is_average) {
            (0, _) => Ok(Value::Null),
            (count, true) => self.sum.divided_by(count as f64).map(Value::Interval),
            (_, false) => Ok(Value::Interval(self.sum)),
        }
    }
}

fn intervals(values: Option<&ArrayRef>) -> Result<Vec<Interval>> {
    let Some(values) = values else { return Ok(Vec::new()) };
    let mut found = Vec::with_capacity(values.len());
    for row in 0..values.len() {
        if let Value::Interval(interval) = value_at(values, row, &ColumnType::Interval)? {
            found.push(interval);
        }
    }
    Ok(found)
}

fn scalar(value: Value) -> DataFusionResult<ScalarValue> {
    ScalarValue::try_from_array(&array_of(&ColumnType::Interval, &[value]).map_err(to_datafusion)?, 0)
}

impl Accumulator for IntervalSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let intervals = intervals(values.first()).map_err(to_datafusion)?;
        intervals.into_iter().try_for_each(|interval| self.add(interval)).map_err(to_datafusion)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        for interval in intervals(values.first()).map_err(to_datafusion)? {
            self.sum = self.sum.minus(interval).map_err(to_datafusion)?;
            self.count -= 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        self.seen.is_none()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        let [sums, counts] = states else {
            return Err(DataFusionError::Internal("a sum of intervals has two states".to_string()));
        };
        let counts = counts.as_primitive::<Int64Type>();
        for row in (0..counts.len()).filter(|row| counts.is_valid(*row) && counts.value(*row) > 0) {
            if let Value::Interval(sum) = value_at(sums, row, &ColumnType::Interval).map_err(to_datafusion)? {
                self.sum = self.sum.plus(sum).map_err(to_datafusion)?;
                self.count += counts.value(row);
            }
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        Ok(vec![scalar(Value::Interval(self.sum))?, ScalarValue::Int64(Some(self.count))])
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        scalar(self.result().map_err(to_datafusion)?)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.seen.as_ref().map_or(0, |seen| seen.capacity() * size_of::<i128>())
    }
}

//! `single_value(x)`: the value of the only row; the aggregate around a correlated scalar subquery.
//!
//! The planner turns such subqueries into joins with an aggregation, which `max` would make lose rows silently.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use crate::error::{Error, ErrorKind};
use crate::sql::errors::to_datafusion;

#[derive(Debug)]
struct SingleValue {
    signature: Signature,
}

pub fn single_value() -> AggregateUDF {
    AggregateUDF::from(SingleValue { signature: Signature::any(1, Volatility::Immutable) })
}

impl PartialEq for SingleValue {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for SingleValue {}

impl Hash for SingleValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        "single_value".hash(state);
    }
}

impl AggregateUDFImpl for SingleValue {
    fn name(&self) -> &str {
        "single_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(types.first().cloned().unwrap_or(DataType::Null))
    }

    fn return_field(&self, fields: &[FieldRef]) -> DataFusionResult<FieldRef> {
        let field =
            fields.first().map_or_else(|| Field::new("value", DataType::Null, true), |field| field.as_ref().clone());
        Ok(Arc::new(field.with_name("single_value").with_nullable(true)))
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        Ok(Box::new(OnlyRow { value: ScalarValue::try_from(arguments.return_field.data_type())?, seen: false }))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        let value = arguments.return_field.as_ref().clone().with_name(format!("{}[value]", arguments.name));
        let seen = Field::new(format!("{}[seen]", arguments.name), DataType::Boolean, true);
        Ok(vec![Arc::new(value), Arc::new(seen)])
    }
}

#[derive(Debug)]
struct OnlyRow {
    value: ScalarValue,
    seen: bool,
}

impl OnlyRow {
    fn take(&mut self, value: ScalarValue) -> DataFusionResult<()> {
        if self.seen {
            return Err(to_datafusion(Error::new(
                ErrorKind::Cardinality,
                "more than one row returned by a subquery used as an expression",
            )));
        }
        self.value = value;
        self.seen = true;
        Ok(())
    }
}

impl Accumulator for OnlyRow {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let Some(values) = values.first() else { return Ok(()) };
        for row in 0..values.len() {
            self.take(ScalarValue::try_from_array(values, row)?)?;
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        let [values, seen] = states else { return Ok(()) };
        for (row, seen) in seen.as_boolean().iter().enumerate() {
            if seen == Some(true) {
                self.take(ScalarValue::try_from_array(values, row)?)?;
            }
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        Ok(vec![self.value.clone(), ScalarValue::Boolean(Some(self.seen))])
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        Ok(self.value.clone())
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.value.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_row_is_refused() {
        let mut only = OnlyRow { value: ScalarValue::Int64(None), seen: false };
        only.take(ScalarValue::Int64(Some(1))).unwrap();
        assert_eq!(only.evaluate().unwrap(), ScalarValue::Int64(Some(1)));
        assert!(only.take(ScalarValue::Int64(Some(2))).is_err());
    }
}

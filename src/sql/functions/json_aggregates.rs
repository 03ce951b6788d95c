//! `jsonb_agg`, `json_agg`, `jsonb_object_agg` and `json_object_agg`.
//!
//! The state is the text between the brackets; two states join with a comma.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use crate::error::{Error, ErrorKind, Result};
use crate::model::limits::ENTRY_BYTES_MAX;
use crate::model::{ColumnType, Value, json_text_of_value, jsonb_text};
use crate::sql::arrow_types::{field_of, type_of};
use crate::sql::arrow_values::{readable, value_at};
use crate::sql::errors::to_datafusion;

#[derive(Debug)]
struct JsonAggregate {
    name: &'static str,
    /// Keys and values instead of elements.
    is_object: bool,
    signature: Signature,
}

pub fn aggregates() -> Vec<AggregateUDF> {
    [("jsonb_agg", false), ("json_agg", false), ("jsonb_object_agg", true), ("json_object_agg", true)]
        .into_iter()
        .map(|(name, is_object)| {
            let signature = Signature::any(if is_object { 2 } else { 1 }, Volatility::Immutable);
            AggregateUDF::from(JsonAggregate { name, is_object, signature })
        })
        .collect()
}

impl PartialEq for JsonAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for JsonAggregate {}

impl Hash for JsonAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for JsonAggregate {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field(&self, _fields: &[FieldRef]) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(field_of(self.name, &ColumnType::Jsonb, true)))
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return Err(DataFusionError::NotImplemented(format!("{}(DISTINCT …) is not supported", self.name)));
        }
        if !arguments.order_bys.is_empty() {
            return Err(DataFusionError::NotImplemented(format!("{}(… ORDER BY …) is not supported", self.name)));
        }
        let types = arguments.expr_fields.iter().map(|field| type_of(field)).collect();
        Ok(Box::new(JsonText { types, text: None, is_object: self.is_object }))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[text]", arguments.name), DataType::Utf8, true))])
    }
}

#[derive(Debug)]
struct JsonText {
    types: Vec<ColumnType>,
    text: Option<String>,
    is_object: bool,
}

impl JsonText {
    fn append(&mut self, part: &str) -> Result<()> {
        let text = self.text.get_or_insert_default();
        if text.len() + part.len() > ENTRY_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("an aggregated JSON value is over {ENTRY_BYTES_MAX} bytes"),
            )
            .with_hint("Aggregate fewer rows, or fewer columns of them."));
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(part);
        Ok(())
    }

    fn row(&mut self, values: &[Value]) -> Result<()> {
        match (self.is_object, values) {
            (true, [Value::Null, _]) => {
                Err(Error::new(ErrorKind::InvalidParameterValue, "field name must not be null"))
            }
            (true, [key, value]) => {
                let key = json_text_of_value(&Value::text(key.to_text()));
                self.append(&format!("{key}: {}", json_text_of_value(value)))
            }
            (_, [value, ..]) => self.append(&json_text_of_value(value)),
            (_, []) => Ok(()),
        }
    }
}

impl Accumulator for JsonText {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let types = std::mem::take(&mut self.types);
        let arrays =
            values.iter().take(types.len()).map(readable).collect::<Result<Vec<_>>>().map_err(to_datafusion)?;
        for row in 0..arrays.first().map_or(0, |array| array.len()) {
            let read = arrays.iter().zip(&types).map(|(array, ty)| value_at(array, row, ty));
            let read = read.collect::<Result<Vec<_>>>().map_err(to_datafusion)?;
            self.row(&read).map_err(to_datafusion)?;
        }
        self.types = types;
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        let Some(texts) = states.first() else { return Ok(()) };
        for text in texts.as_string::<i32>().iter().flatten() {
            self.append(text).map_err(to_datafusion)?;
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Utf8(self.text.clone())])
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        let Some(text) = &self.text else { return Ok(ScalarValue::Utf8(None)) };
        let json = if self.is_object { format!("{{{text}}}") } else { format!("[{text}]") };
        let canonical = jsonb_text(&json).map_err(to_datafusion)?;
        Ok(ScalarValue::Utf8(Some(canonical.into())))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.text.as_ref().map_or(0, String::capacity)
    }
}

//! What `jsonb_agg`, `json_agg`, `jsonb_object_agg` and `json_object_agg` make of their rows.
//!
//! The state is the text between the brackets; two states join with a comma.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::Accumulator;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::values::{readable, value_at};
use crate::types::limits::ENTRY_BYTES_MAX;
use crate::types::{ColumnType, TextStyle, Value, json_key_in, json_text_of_value, jsonb_text};

/// What was gathered so far.
#[derive(Debug)]
pub struct JsonText {
    types: Vec<ColumnType>,
    text: Option<String>,
    /// Keys and values instead of elements.
    is_object: bool,
}

impl JsonText {
    /// Gathers rows of these types.
    pub fn new(types: Vec<ColumnType>, is_object: bool) -> JsonText {
        JsonText { types, text: None, is_object }
    }

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
                let key = json_text_of_value(&Value::text(json_key_in(TextStyle::CANONICAL, key)));
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

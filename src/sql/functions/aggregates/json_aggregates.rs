//! What `jsonb_agg`, `json_agg`, `jsonb_object_agg`, `json_object_agg` and their strict and unique forms make of their rows.
//!
//! The state is the text between the brackets, and behind a mark the names of members that were left out; two states join with a
//! comma.

use std::collections::HashSet;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::Accumulator;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::reading::{readable, value_at};
use crate::sql::functions::json::texts::{check_key_type, duplicate_key, json_text};
use crate::types::json::jsonb;
use crate::types::limits::ENTRY_BYTES_MAX;
use crate::types::{ColumnType, TextStyle, Value, json_key_in, json_text_of_value, jsonb_text};

/// Between the members and the names of those that were left out; no JSON has it.
const MARK: char = '\u{1}';

/// What JSON the rows become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonShape {
    /// Names and values instead of elements.
    pub is_object: bool,
    /// `jsonb` instead of `json`.
    pub is_binary: bool,
    /// Leaves out what is NULL.
    pub is_strict: bool,
    /// Refuses two members of one name.
    pub is_unique: bool,
    /// Arrays and rows each begin a line.
    pub has_lines: bool,
}

impl JsonShape {
    /// What the aggregate of a name makes.
    pub fn of(name: &str) -> JsonShape {
        JsonShape {
            is_object: name.contains("object"),
            is_binary: name.contains("jsonb"),
            is_strict: name.contains("strict"),
            is_unique: name.contains("unique"),
            has_lines: name.contains("rows"),
        }
    }
}

/// What was gathered so far.
#[derive(Debug)]
pub struct JsonText {
    types: Vec<ColumnType>,
    text: Option<String>,
    /// The names of members that were left out, each behind a [`MARK`].
    left_out: String,
    shape: JsonShape,
}

impl JsonText {
    /// Gathers rows of these types.
    pub fn new(types: Vec<ColumnType>, shape: JsonShape) -> JsonText {
        JsonText { types, text: None, left_out: String::new(), shape }
    }

    fn append(&mut self, part: &str) -> Result<()> {
        let text = self.text.get_or_insert_default();
        if text.len() + self.left_out.len() + part.len() > ENTRY_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("an aggregated JSON value is over {ENTRY_BYTES_MAX} bytes"),
            )
            .with_hint("Aggregate fewer rows, or fewer columns of them."));
        }
        if !text.is_empty() && !part.is_empty() {
            text.push_str(", ");
        }
        text.push_str(part);
        Ok(())
    }

    fn row(&mut self, values: &[Value]) -> Result<()> {
        let value_text = |value: &Value, is_binary: bool| {
            if is_binary { json_text_of_value(value).into() } else { json_text(value, TextStyle::CANONICAL) }
        };
        match (self.shape.is_object, values) {
            (true, [Value::Null, _]) if self.shape.is_binary => {
                Err(Error::new(ErrorKind::InvalidParameterValue, "field name must not be null"))
            }
            (true, [Value::Null, _]) => {
                Err(Error::new(ErrorKind::NullNotAllowed, "null value not allowed for object key"))
            }
            (true, [key, value]) => {
                check_key_type(self.types.first(), key)?;
                let key = json_text_of_value(&Value::text(json_key_in(TextStyle::CANONICAL, key)));
                if self.shape.is_strict && value.is_null() {
                    if self.shape.is_unique {
                        self.left_out.push(MARK);
                        self.left_out.push_str(&key);
                    }
                    return self.append("");
                }
                let between = if self.shape.is_binary { ":" } else { " :" };
                self.append(&format!("{key}{between} {}", value_text(value, self.shape.is_binary)))
            }
            (_, [Value::Null, ..]) if self.shape.is_strict => self.append(""),
            (_, [value, ..]) => {
                let begins_line = !self.shape.is_binary
                    && !value.is_null()
                    && (self.shape.has_lines || matches!(value, Value::Array(..)))
                    && self.text.as_ref().is_some_and(|text| !text.is_empty());
                let text = value_text(value, self.shape.is_binary);
                self.append(&if begins_line { format!("\n {text}") } else { text })
            }
            (_, []) => Ok(()),
        }
    }

    /// Refuses two members of one name, those that were left out included.
    fn check_unique(&self, json: &str) -> Result<()> {
        let names = jsonb::members(json).map(|(name, _)| json_text_of_value(&Value::text(name.as_ref())).to_string());
        let left_out = self.left_out.split(MARK).filter(|name| !name.is_empty()).map(ToString::to_string);
        let mut seen = HashSet::new();
        for name in names.chain(left_out) {
            if seen.contains(&name) {
                return Err(duplicate_key(&name, self.shape.is_binary));
            }
            seen.insert(name);
        }
        Ok(())
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
        for state in texts.as_string::<i32>().iter().flatten() {
            let (text, left_out) = state.find(MARK).map_or((state, ""), |at| state.split_at(at));
            self.left_out.push_str(left_out);
            self.append(text).map_err(to_datafusion)?;
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Utf8(self.text.as_ref().map(|text| format!("{text}{}", self.left_out)))])
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        let Some(text) = &self.text else { return Ok(ScalarValue::Utf8(None)) };
        let json = match (self.shape.is_object, self.shape.is_binary) {
            (true, true) => format!("{{{text}}}"),
            (true, false) => format!("{{ {text} }}"),
            (false, _) => format!("[{text}]"),
        };
        if self.shape.is_unique {
            self.check_unique(&json).map_err(to_datafusion)?;
        }
        let json = if self.shape.is_binary { jsonb_text(&json).map_err(to_datafusion)?.into() } else { json };
        Ok(ScalarValue::Utf8(Some(json)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.left_out.capacity() + self.text.as_ref().map_or(0, String::capacity)
    }
}

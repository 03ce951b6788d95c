//! `string_agg` of texts and of bytes: each value behind its own delimiter, but for the first.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::Accumulator;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::errors::to_datafusion;

/// Longest text that is made, as in PostgreSQL.
const TEXT_BYTES_MAX: usize = (1 << 30) - 1;

/// What was joined so far.
#[derive(Debug)]
pub struct JoinedText {
    is_binary: bool,
    /// `None` before the first value.
    joined: Option<Vec<u8>>,
    /// The delimiter of the first value, which stands before it once it follows others.
    first_delimiter: Vec<u8>,
}

impl JoinedText {
    pub fn new(is_binary: bool) -> JoinedText {
        JoinedText { is_binary, joined: None, first_delimiter: Vec::new() }
    }

    fn append(&mut self, value: &[u8], delimiter: &[u8]) -> Result<()> {
        let Some(joined) = &mut self.joined else {
            self.joined = Some(value.to_vec());
            self.first_delimiter = delimiter.to_vec();
            return Ok(());
        };
        if joined.len().saturating_add(value.len()).saturating_add(delimiter.len()) > TEXT_BYTES_MAX {
            let message = format!("an aggregated text is over {TEXT_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::LimitExceeded, message).with_hint("Aggregate fewer rows."));
        }
        joined.extend_from_slice(delimiter);
        joined.extend_from_slice(value);
        Ok(())
    }

    fn scalar(&self, bytes: Option<Vec<u8>>) -> DataFusionResult<ScalarValue> {
        if self.is_binary {
            return Ok(ScalarValue::Binary(bytes));
        }
        let text = bytes.map(String::from_utf8).transpose();
        Ok(ScalarValue::Utf8(text.map_err(|error| DataFusionError::Internal(error.to_string()))?))
    }
}

impl Accumulator for JoinedText {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let [texts, delimiters] = values else { return Ok(()) };
        for row in 0..texts.len() {
            if let Some(value) = bytes_at(texts, row) {
                self.append(value, bytes_at(delimiters, row).unwrap_or_default()).map_err(to_datafusion)?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let delimiter = self.joined.is_some().then(|| self.first_delimiter.clone());
        Ok(vec![self.scalar(self.joined.clone())?, self.scalar(delimiter)?])
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        self.scalar(self.joined.clone())
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.joined.as_ref().map_or(0, Vec::capacity) + self.first_delimiter.capacity()
    }
}

fn bytes_at(array: &ArrayRef, row: usize) -> Option<&[u8]> {
    let is_there = array.is_valid(row);
    match array.data_type() {
        DataType::Utf8 => is_there.then(|| array.as_string::<i32>().value(row).as_bytes()),
        DataType::Binary => is_there.then(|| array.as_binary::<i32>().value(row)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::StringArray;

    use super::*;

    #[test]
    fn parts_are_joined_as_the_whole_would_be() {
        let texts = |texts: &[Option<&str>]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
        let part = |values: &[Option<&str>], delimiters: &[Option<&str>]| {
            let mut joined = JoinedText::new(false);
            joined.update_batch(&[texts(values), texts(delimiters)]).unwrap();
            joined
        };
        let mut first = part(&[Some("a"), None, Some("b")], &[Some("-"), Some("!"), None]);
        for (values, delimiters) in [(&[Some("c"), Some("d")], [Some("+"), Some("*")]), (&[None, None], [None, None])] {
            let states = part(values, &delimiters).state().unwrap();
            let states: Vec<ArrayRef> = states.iter().map(|state| state.to_array().unwrap()).collect();
            first.merge_batch(&states).unwrap();
        }
        assert_eq!(first.evaluate().unwrap(), ScalarValue::from("ab+c*d"));
        assert_eq!(part(&[], &[]).evaluate().unwrap(), ScalarValue::Utf8(None));
    }
}

//! `string_agg` of texts and of bytes: each value behind its own delimiter, but for the first.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::functions::aggregates::sums::is_kept;

/// Longest text that is made, as in PostgreSQL.
const TEXT_BYTES_MAX: usize = (1 << 30) - 1;
/// Most bytes that the texts of one array have together, since its offsets have 32 bits.
const ARRAY_BYTES_MAX: usize = (1 << 31) - 1;

/// The values of one group, joined.
#[derive(Clone, Debug, Default)]
struct Joined {
    /// `None` before the first value.
    text: Option<Vec<u8>>,
    /// The delimiter of the first value, which stands before it once it follows others.
    first_delimiter: Vec<u8>,
}

impl Joined {
    fn append(&mut self, value: &[u8], delimiter: &[u8]) -> Result<()> {
        let Some(text) = &mut self.text else {
            self.text = Some(value.to_vec());
            self.first_delimiter = delimiter.to_vec();
            return Ok(());
        };
        if text.len().saturating_add(value.len()).saturating_add(delimiter.len()) > TEXT_BYTES_MAX {
            let message = format!("an aggregated text is over {TEXT_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::LimitExceeded, message).with_hint("Aggregate fewer rows."));
        }
        text.extend_from_slice(delimiter);
        text.extend_from_slice(value);
        Ok(())
    }

    /// Bytes on the heap.
    fn size(&self) -> usize {
        self.text.as_ref().map_or(0, Vec::capacity) + self.first_delimiter.capacity()
    }
}

/// A column of texts, of bytes, or of nothing but NULL.
enum Column<'a> {
    Texts(&'a StringArray),
    Bytes(&'a BinaryArray),
    Nulls,
}

impl<'a> Column<'a> {
    fn of(array: Option<&'a ArrayRef>) -> Column<'a> {
        match array.map(|array| (array, array.data_type())) {
            Some((array, DataType::Utf8)) => Column::Texts(array.as_string()),
            Some((array, DataType::Binary)) => Column::Bytes(array.as_binary()),
            _ => Column::Nulls,
        }
    }

    fn at(&self, row: usize) -> Option<&'a [u8]> {
        match self {
            Column::Texts(texts) => texts.is_valid(row).then(|| texts.value(row).as_bytes()),
            Column::Bytes(bytes) => bytes.is_valid(row).then(|| bytes.value(row)),
            Column::Nulls => None,
        }
    }
}

/// All rows joined to one text.
#[derive(Debug)]
pub struct JoinedText {
    is_binary: bool,
    joined: Joined,
}

impl JoinedText {
    pub fn new(is_binary: bool) -> JoinedText {
        JoinedText { is_binary, joined: Joined::default() }
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
        let (texts, delimiters) = (Column::of(values.first()), Column::of(values.get(1)));
        for row in 0..values.first().map_or(0, |texts| texts.len()) {
            if let Some(value) = texts.at(row) {
                self.joined.append(value, delimiters.at(row).unwrap_or_default()).map_err(to_datafusion)?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let delimiter = self.joined.text.is_some().then(|| self.joined.first_delimiter.clone());
        Ok(vec![self.scalar(self.joined.text.clone())?, self.scalar(delimiter)?])
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        self.scalar(self.joined.text.clone())
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.joined.size()
    }
}

/// The rows of each group joined to a text of its own.
#[derive(Debug)]
pub struct JoinedTexts {
    is_binary: bool,
    groups: Vec<Joined>,
    /// Bytes on the heap of all groups.
    bytes: usize,
}

impl JoinedTexts {
    pub fn new(is_binary: bool) -> JoinedTexts {
        JoinedTexts { is_binary, groups: Vec::new(), bytes: 0 }
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Joined> {
        let taken = emit_to.take_needed(&mut self.groups);
        self.bytes = self.bytes.saturating_sub(taken.iter().map(Joined::size).sum());
        taken
    }

    fn array(&self, values: Vec<Option<Vec<u8>>>) -> DataFusionResult<ArrayRef> {
        let bytes: usize = values.iter().flatten().map(Vec::len).sum();
        if bytes > ARRAY_BYTES_MAX {
            let message = format!("the aggregated texts of all groups are over {ARRAY_BYTES_MAX} bytes");
            let error = Error::new(ErrorKind::LimitExceeded, message).with_hint("Aggregate fewer rows at once.");
            return Err(to_datafusion(error));
        }
        if self.is_binary {
            return Ok(Arc::new(BinaryArray::from_iter(values)));
        }
        let texts = values.into_iter().map(|bytes| bytes.map(String::from_utf8).transpose());
        let texts: StringArray =
            texts.collect::<Result<_, _>>().map_err(|error| DataFusionError::Internal(error.to_string()))?;
        Ok(Arc::new(texts))
    }
}

impl GroupsAccumulator for JoinedTexts {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.groups.resize_with(total, Joined::default);
        let (texts, delimiters) = (Column::of(values.first()), Column::of(values.get(1)));
        for (row, group) in groups.iter().enumerate() {
            if let Some(value) = texts.at(row).filter(|_| is_kept(filter, row))
                && let Some(joined) = self.groups.get_mut(*group)
            {
                let before = joined.size();
                joined.append(value, delimiters.at(row).unwrap_or_default()).map_err(to_datafusion)?;
                self.bytes += joined.size().saturating_sub(before);
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> DataFusionResult<()> {
        self.update_batch(states, groups, None, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DataFusionResult<ArrayRef> {
        let joined = self.take(emit_to);
        self.array(joined.into_iter().map(|joined| joined.text).collect())
    }

    fn state(&mut self, emit_to: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        let parts = self.take(emit_to).into_iter().map(|joined| {
            let delimiter = joined.text.is_some().then_some(joined.first_delimiter);
            (joined.text, delimiter)
        });
        let (texts, delimiters) = parts.unzip();
        Ok(vec![self.array(texts)?, self.array(delimiters)?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> DataFusionResult<Vec<ArrayRef>> {
        let (texts, delimiters) = (Column::of(values.first()), Column::of(values.get(1)));
        let rows = 0..values.first().map_or(0, |texts| texts.len());
        let parts = rows.map(|row| {
            let text = texts.at(row).filter(|_| is_kept(filter, row)).map(<[u8]>::to_vec);
            let delimiter = text.is_some().then(|| delimiters.at(row).unwrap_or_default().to_vec());
            (text, delimiter)
        });
        let (texts, delimiters) = parts.unzip();
        Ok(vec![self.array(texts)?, self.array(delimiters)?])
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.groups.capacity() * size_of::<Joined>() + self.bytes
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn groups_are_joined_each_by_itself() {
        let texts = |texts: &[Option<&str>]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
        let batch = [texts(&[Some("a"), Some("b"), None, Some("c")]), texts(&[Some("-"), Some("+"), Some("!"), None])];
        let mut whole = JoinedTexts::new(false);
        whole.update_batch(&batch, &[1, 1, 2, 0], None, 3).unwrap();
        // As states, the first group of them given out before the rest.
        let mut merged = JoinedTexts::new(false);
        merged.merge_batch(&whole.convert_to_state(&batch, None).unwrap(), &[1, 1, 2, 0], 3).unwrap();
        let before = merged.size();
        let first = merged.state(EmitTo::First(1)).unwrap();
        assert!(merged.size() < before);
        let rest = merged.state(EmitTo::All).unwrap();
        let mut again = JoinedTexts::new(false);
        again.merge_batch(&first, &[0], 1).unwrap();
        again.merge_batch(&rest, &[1, 2], 3).unwrap();
        let filter = BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]);
        let mut filtered = JoinedTexts::new(false);
        filtered.update_batch(&batch, &[0, 0, 0, 0], Some(&filter), 2).unwrap();
        let shown = |joined: &mut JoinedTexts| {
            let array = joined.evaluate(EmitTo::All).unwrap();
            array.as_string::<i32>().iter().map(|text| text.map(str::to_string)).collect::<Vec<_>>()
        };
        let wanted = [Some("c".to_string()), Some("a+b".to_string()), None];
        assert_eq!(shown(&mut whole), wanted);
        assert_eq!(shown(&mut again), wanted);
        assert_eq!(shown(&mut filtered), [Some("ac".to_string()), None]);
    }
}

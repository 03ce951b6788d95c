//! A column while its entries are read for the first time, one ordinal after the other.
//!
//! What the column is comes from its first chunk that has values: one kind is packed, texts go into a dictionary as long as they
//! repeat, several kinds into one, too. Values of another kind that come later are apart.

use std::sync::Arc;

use crate::db::columns::chunk_draft::ChunkDraft;
use crate::db::columns::column_chunk::{CHUNK_ROWS, ColumnChunk};
use crate::db::columns::dictionary::ColumnDictionary;
use crate::db::columns::value_column::ValueColumn;
use crate::db::columns::value_kind::ValueKind;
use crate::types::Value;

/// Distinct texts that a dictionary has however few rows there are.
const DICTIONARY_VALUES_MIN: usize = 1024;
/// Rows for each distinct text beyond that; with fewer, texts lie in their chunks.
const ROWS_PER_DISTINCT: usize = 4;
/// Of so many rows one may be apart; with more, the column is of no use.
const ROWS_PER_APART: usize = 8;

/// A column whose values come one by one.
#[derive(Default)]
pub(crate) struct ColumnBuilder {
    waiting: Vec<Value>,
    chunks: Vec<Arc<ColumnChunk>>,
    kind: Option<ValueKind>,
    dictionary: Option<ColumnDictionary>,
    bytes: usize,
}

impl ColumnBuilder {
    /// Takes the value of the next ordinal.
    pub fn push(&mut self, value: Value) {
        self.waiting.push(value);
        if self.waiting.len() == CHUNK_ROWS {
            self.pack();
        }
    }

    /// Bytes of memory so far.
    pub fn bytes(&self) -> usize {
        let waiting = self.waiting.capacity() * size_of::<Value>();
        self.bytes + waiting + self.dictionary.as_ref().map_or(0, ColumnDictionary::bytes)
    }

    /// The column; `None` where too many of its values do not fit in it.
    pub fn finish(mut self) -> Option<ValueColumn> {
        if !self.waiting.is_empty() {
            self.pack();
        }
        let kind = self.kind.unwrap_or(ValueKind::Any);
        let rows: usize = self.chunks.iter().map(|chunk| chunk.rows()).sum();
        let repeats =
            |dictionary: &ColumnDictionary| dictionary.len() <= DICTIONARY_VALUES_MIN.max(rows / ROWS_PER_DISTINCT);
        if kind.is_text() && self.dictionary.as_ref().is_some_and(|dictionary| !repeats(dictionary)) {
            self.unfold(kind);
        }
        // A column without any value takes whatever comes.
        let dictionary = if self.kind.is_none() { Some(ColumnDictionary::default()) } else { self.dictionary };
        let column = ValueColumn::new(kind, dictionary.map(Arc::new), self.chunks);
        (column.apart() <= rows / ROWS_PER_APART).then_some(column)
    }

    fn pack(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if self.kind.is_none() {
            self.kind = kind_of(&waiting);
            let has_dictionary = self.kind.is_some_and(|kind| kind.is_text() || kind == ValueKind::Any);
            self.dictionary = has_dictionary.then(ColumnDictionary::default);
        }
        let kind = self.kind.unwrap_or(ValueKind::Any);
        if kind.is_text() && self.dictionary.as_ref().is_some_and(|dictionary| !dictionary.has_room(CHUNK_ROWS)) {
            self.unfold(kind);
        }
        let mut draft = ChunkDraft::nothing(kind, self.dictionary.is_some(), waiting.len());
        for (row, value) in waiting.iter().enumerate() {
            draft.put(row, value, &mut |value| self.dictionary.as_mut()?.take_in(value));
        }
        let chunk = Arc::new(draft.pack());
        self.bytes += chunk.bytes();
        self.chunks.push(chunk);
        self.waiting = waiting;
        self.waiting.clear();
    }

    /// Puts the texts of a dictionary into their chunks: there are too many of them.
    fn unfold(&mut self, kind: ValueKind) {
        let dictionary = self.dictionary.take();
        for chunk in &mut self.chunks {
            let mut draft = ChunkDraft::nothing(kind, false, chunk.rows());
            for row in 0..chunk.rows() {
                if let Some(value) = chunk.value(row, kind, dictionary.as_ref()) {
                    draft.put(row, &value, &mut |_| None);
                } else {
                    draft.set_apart(row);
                }
            }
            *chunk = Arc::new(draft.pack());
        }
        self.bytes = self.chunks.iter().map(|chunk| chunk.bytes()).sum();
    }
}

/// What a column is by its first values; `None` where there are none.
fn kind_of(values: &[Value]) -> Option<ValueKind> {
    let mut kinds = values.iter().filter(|value| !matches!(value, Value::Vector(_))).filter_map(ValueKind::of);
    let first = kinds.next()?;
    Some(if kinds.all(|kind| kind == first) { first } else { ValueKind::Any })
}

/// A value that fits in no column: its row is apart.
pub(crate) fn apart_value() -> Value {
    Value::Vector([].into())
}

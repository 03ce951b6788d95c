//! One operand of all entries of a collection.

use std::sync::Arc;

use crate::db::columns::bitmap::Bitmap;
use crate::db::columns::chunk_draft::ChunkDraft;
use crate::db::columns::column_chunk::{CHUNK_ROWS, ColumnChunk};
use crate::db::columns::dictionary::ColumnDictionary;
use crate::db::columns::value_kind::ValueKind;
use crate::types::Value;

/// One operand of all entries of a collection, by ordinal.
#[derive(Clone, Debug)]
pub(crate) struct ValueColumn {
    kind: ValueKind,
    dictionary: Option<Arc<ColumnDictionary>>,
    chunks: Vec<Arc<ColumnChunk>>,
    apart: usize,
    bytes: usize,
}

impl ValueColumn {
    /// A column of chunks that were packed as values of a kind, by the dictionary where there is one.
    pub fn new(kind: ValueKind, dictionary: Option<Arc<ColumnDictionary>>, chunks: Vec<Arc<ColumnChunk>>) -> Self {
        let apart = chunks.iter().map(|chunk| chunk.zone().apart).sum();
        let dictionary_bytes = dictionary.as_ref().map_or(0, |dictionary| dictionary.bytes());
        let bytes = dictionary_bytes + chunks.iter().map(|chunk| chunk.bytes()).sum::<usize>();
        ValueColumn { kind, dictionary, chunks, apart, bytes }
    }

    /// What its packed values are.
    pub fn kind(&self) -> ValueKind {
        self.kind
    }

    /// The values that its chunks have codes of; `None` for a column whose values lie in the chunks themselves. It may have values
    /// that no entry has any more.
    pub fn dictionary(&self) -> Option<&ColumnDictionary> {
        self.dictionary.as_deref()
    }

    /// The chunks of [`CHUNK_ROWS`] ordinals each, fewer in the last.
    pub fn chunks(&self) -> &[Arc<ColumnChunk>] {
        &self.chunks
    }

    /// How many ordinals it has values of.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows()).sum()
    }

    /// Rows whose value has to be read from the entry.
    pub fn apart(&self) -> usize {
        self.apart
    }

    /// The ordinals of those rows.
    pub fn apart_rows(&self) -> Bitmap {
        let mut rows = Bitmap::none(self.len());
        for (number, chunk) in self.chunks.iter().enumerate() {
            let bits = chunk.apart().into_iter().flatten();
            rows.chunk_mut(number).iter_mut().zip(bits).for_each(|(word, apart)| *word = *apart);
        }
        rows
    }

    /// The value of an ordinal, as it was to the bit, NULL where there is no entry; `None` where it has to be read from the entry.
    pub fn value(&self, ordinal: u32) -> Option<Value> {
        let ordinal = ordinal as usize;
        match self.chunks.get(ordinal / CHUNK_ROWS) {
            Some(chunk) => chunk.value(ordinal % CHUNK_ROWS, self.kind, self.dictionary()),
            None => Some(Value::Null),
        }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The column with other values for some ordinals, given in order, and `len` ordinals in all: those that are new and not given
    /// are NULL. Only chunks that change are made anew.
    pub fn with_values(&self, changed: &[(u32, Value)], len: usize) -> ValueColumn {
        let mut dictionary = self.dictionary.clone();
        let mut chunks = self.chunks.clone();
        let mut rest = changed;
        for number in 0..len.div_ceil(CHUNK_ROWS) {
            let rows = (len - number * CHUNK_ROWS).min(CHUNK_ROWS);
            let end = number * CHUNK_ROWS + rows;
            let (own, others) = rest.split_at(rest.partition_point(|(ordinal, _)| (*ordinal as usize) < end));
            rest = others;
            let old = self.chunks.get(number);
            if own.is_empty() && old.is_some_and(|old| old.rows() == rows) {
                continue;
            }
            let mut draft = match old {
                Some(old) => ChunkDraft::of(old, self.kind, dictionary.is_some(), rows),
                None => ChunkDraft::nothing(self.kind, dictionary.is_some(), rows),
            };
            for (ordinal, value) in own {
                draft.put(*ordinal as usize % CHUNK_ROWS, value, &mut |value| code(dictionary.as_mut()?, value));
            }
            let chunk = Arc::new(draft.pack());
            match chunks.get_mut(number) {
                Some(place) => *place = chunk,
                None => chunks.push(chunk),
            }
        }
        ValueColumn::new(self.kind, dictionary, chunks)
    }
}

/// The code of a value in a dictionary, which is copied only for one that is new.
fn code(dictionary: &mut Arc<ColumnDictionary>, value: &Value) -> Option<u32> {
    match dictionary.code(value) {
        Some(code) => Some(code),
        None if dictionary.is_full() => None,
        None => Arc::make_mut(dictionary).take_in(value),
    }
}

//! Where vectors were seen: while one is there, a column keeps the dimension that it learned.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::model::{CollectionId, ColumnId};

/// A key of each column under which a vector was seen: while that one is there, nobody has to look for another.
#[derive(Default)]
pub(crate) struct Witnesses(Mutex<HashMap<(CollectionId, ColumnId), Vec<u8>>>);

impl Witnesses {
    pub(in crate::db) fn get(&self, column: (CollectionId, ColumnId)) -> Option<Vec<u8>> {
        self.0.lock().get(&column).cloned()
    }

    pub(in crate::db) fn put(&self, column: (CollectionId, ColumnId), key: &[u8]) {
        self.0.lock().insert(column, key.to_vec());
    }
}

//! A set of changes that reaches the disk whole or not at all.

use std::ops::Range;

use crate::store::key::family::Family;
use crate::store::key::key::{Key, KeyRange};

/// Bytes that one change costs besides its key and value.
const CHANGE_OVERHEAD_BYTES: usize = 16;

/// Changes in the order in which they apply. Building one touches no disk.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    changes: Vec<Placed>,
    /// Keys and values one after the other.
    data: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Placed {
    family: Family,
    kind: Kind,
    key: Range<usize>,
    /// The value, or the end of a deleted range.
    second: Range<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Put,
    Delete,
    DeleteRange,
}

/// One change, read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BatchChange<'a> {
    Put {
        key: &'a [u8],
        value: &'a [u8],
    },
    Delete {
        key: &'a [u8],
    },
    /// From the first key up to and without the second.
    DeleteRange {
        from: &'a [u8],
        to: &'a [u8],
    },
}

impl Batch {
    pub fn new() -> Self {
        Batch::default()
    }

    pub fn put(&mut self, key: &Key<'_>, value: &[u8]) {
        let placed = self.append_key(key);
        let second = self.append(value);
        self.changes.push(Placed { family: key.family(), kind: Kind::Put, key: placed, second });
    }

    pub fn delete(&mut self, key: &Key<'_>) {
        let placed = self.append_key(key);
        self.changes.push(Placed { family: key.family(), kind: Kind::Delete, key: placed, second: 0..0 });
    }

    /// Deletes every key of a range, at the cost of one change; reads over it get slower until it is compacted.
    pub fn delete_range(&mut self, range: &KeyRange) {
        if range.is_empty() {
            return;
        }
        let key = self.append(range.lower());
        // No key of any family begins with a longer run of 0xff than a collection id.
        let second = self.append(range.upper().unwrap_or(&[0xff; 8]));
        self.changes.push(Placed { family: range.family(), kind: Kind::DeleteRange, key, second });
    }

    /// Appends the changes of another batch.
    pub fn append_batch(&mut self, other: &Batch) {
        let base = self.data.len();
        self.data.extend_from_slice(&other.data);
        let moved = |range: &Range<usize>| range.start + base..range.end + base;
        self.changes.extend(other.changes.iter().map(|placed| Placed {
            key: moved(&placed.key),
            second: moved(&placed.second),
            ..placed.clone()
        }));
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// About how many bytes the batch takes in memory and in the log.
    pub fn bytes(&self) -> usize {
        self.data.len() + self.changes.len() * CHANGE_OVERHEAD_BYTES
    }

    pub(super) fn changes(&self) -> impl Iterator<Item = (Family, BatchChange<'_>)> {
        self.changes.iter().map(|placed| {
            let key = self.data.get(placed.key.clone()).unwrap_or_default();
            let second = self.data.get(placed.second.clone()).unwrap_or_default();
            let change = match placed.kind {
                Kind::Put => BatchChange::Put { key, value: second },
                Kind::Delete => BatchChange::Delete { key },
                Kind::DeleteRange => BatchChange::DeleteRange { from: key, to: second },
            };
            (placed.family, change)
        })
    }

    fn append_key(&mut self, key: &Key<'_>) -> Range<usize> {
        let start = self.data.len();
        key.write_to(&mut self.data);
        start..self.data.len()
    }

    fn append(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.data.len();
        self.data.extend_from_slice(bytes);
        start..self.data.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CollectionId;

    #[test]
    fn changes_keep_their_order() {
        let id = CollectionId(1);
        let mut first = Batch::new();
        first.put(&Key::Role("a"), b"1");
        let mut batch = Batch::new();
        batch.delete(&Key::Entry(id, b"k"));
        batch.append_batch(&first);
        batch.delete_range(&KeyRange::entries(CollectionId(u32::MAX)));
        let changes: Vec<_> = batch.changes().collect();
        assert_eq!(
            changes,
            [
                (Family::Entries, BatchChange::Delete { key: b"\0\0\0\x01k" }),
                (Family::Catalog, BatchChange::Put { key: b"ra", value: b"1" }),
                (Family::Entries, BatchChange::DeleteRange { from: &[0xff; 4], to: &[0xff; 8] }),
            ]
        );
        assert_eq!((batch.len(), batch.is_empty()), (3, false));
    }
}

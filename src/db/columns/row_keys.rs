//! The encoded primary keys of a collection by ordinal, and back.
//!
//! Those that were there when the columns were made have ordinals in key order, so that an ordinal is found by binary search and
//! needs no table; those that came later are behind them, with a table.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::types::ALLOCATION_BYTES;

/// Ordinals of a collection, at most.
pub(crate) const ORDINALS_MAX: usize = 1 << 30;

/// Keys by ordinal.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowKeys {
    sorted: Arc<SortedKeys>,
    added: Arc<AddedKeys>,
}

/// Keys in order.
#[derive(Debug, Default)]
pub(crate) struct SortedKeys {
    /// Where each key ends in the bytes.
    ends: Vec<u64>,
    bytes: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
struct AddedKeys {
    keys: Vec<Arc<[u8]>>,
    places: HashMap<Arc<[u8]>, u32>,
    bytes: usize,
}

impl SortedKeys {
    /// Takes the next key, which is greater than those before.
    ///
    /// # Errors
    /// 54000 for more keys than there are ordinals.
    pub fn push(&mut self, key: &[u8]) -> Result<()> {
        if self.ends.len() >= ORDINALS_MAX {
            return Err(Error::new(ErrorKind::LimitExceeded, format!("columns have {ORDINALS_MAX} rows at most")));
        }
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len() as u64);
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u64>()
    }

    fn key(&self, place: usize) -> Option<&[u8]> {
        let end = usize::try_from(*self.ends.get(place)?).ok()?;
        let before = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.bytes.get(usize::try_from(before).ok()?..end)
    }

    fn find(&self, key: &[u8]) -> Option<usize> {
        let place = self.place_of(key);
        self.key(place).is_some_and(|found| found == key).then_some(place)
    }

    /// How many keys are less.
    fn place_of(&self, key: &[u8]) -> usize {
        let mut range = 0..self.len();
        while !range.is_empty() {
            let middle = range.start + (range.end - range.start) / 2;
            if self.key(middle).is_some_and(|found| found < key) {
                range.start = middle + 1;
            } else {
                range.end = middle;
            }
        }
        range.start
    }
}

impl RowKeys {
    pub fn new(sorted: SortedKeys) -> RowKeys {
        RowKeys { sorted: Arc::new(sorted), added: Arc::default() }
    }

    /// How many ordinals there are.
    pub fn len(&self) -> usize {
        self.sorted.len() + self.added.keys.len()
    }

    /// How many of them came after the others were put in order.
    pub fn added(&self) -> usize {
        self.added.keys.len()
    }

    /// How many of the keys that were put in order are less.
    pub fn place_of(&self, key: &[u8]) -> usize {
        self.sorted.place_of(key)
    }

    /// The key of an ordinal.
    pub fn key(&self, ordinal: u32) -> Option<&[u8]> {
        let place = ordinal as usize;
        match place.checked_sub(self.sorted.len()) {
            None => self.sorted.key(place),
            Some(place) => self.added.keys.get(place).map(|key| &**key),
        }
    }

    /// The ordinal of a key.
    pub fn ordinal(&self, key: &[u8]) -> Option<u32> {
        let sorted = self.sorted.find(key).and_then(|place| u32::try_from(place).ok());
        sorted.or_else(|| self.added.places.get(key).copied())
    }

    /// The ordinal of a key, which gets the next one where it has none; `None` where there are no more.
    pub fn take_in(&mut self, key: &[u8]) -> Option<u32> {
        if let Some(ordinal) = self.ordinal(key) {
            return Some(ordinal);
        }
        let ordinal = u32::try_from(self.len()).ok().filter(|_| self.len() < ORDINALS_MAX)?;
        let added = Arc::make_mut(&mut self.added);
        let key: Arc<[u8]> = key.into();
        added.bytes += key.len() + 2 * ALLOCATION_BYTES + size_of::<(Arc<[u8]>, u32)>() + size_of::<Arc<[u8]>>();
        added.keys.push(Arc::clone(&key));
        added.places.insert(key, ordinal);
        Some(ordinal)
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.sorted.bytes() + self.added.bytes
    }
}

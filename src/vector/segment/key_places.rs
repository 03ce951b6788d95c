//! Where the current row of each key is: a table of places that holds no key, since the rows have them.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::segment_set::{IndexView, PartPlace};

#[derive(Default)]
pub struct KeyPlaces {
    table: HashTable<Known>,
    hashes: RandomState,
}

/// The place of a key, with part of its hash, so that the table grows without a look at the keys.
#[derive(Clone, Copy)]
struct Known {
    hash: u32,
    place: PartPlace,
}

/// The hash of a table from the part that it remembers, spread over all bits.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl KeyPlaces {
    pub fn with_capacity(keys: usize) -> KeyPlaces {
        KeyPlaces { table: HashTable::with_capacity(keys), hashes: RandomState::new() }
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of the bits are as good")]
    fn hash(&self, key: &[u8]) -> u32 {
        self.hashes.hash_one(key) as u32
    }

    /// Where the row of a key is.
    pub fn find(&self, view: &IndexView, key: &[u8]) -> Option<PartPlace> {
        let hash = self.hash(key);
        let is_key = |known: &Known| known.hash == hash && view.key(known.place) == Some(key);
        self.table.find(spread(hash), is_key).map(|known| known.place)
    }

    /// Notes where the row of a key is from now on, and gives back where it was.
    pub fn put(&mut self, view: &IndexView, key: &[u8], place: PartPlace) -> Option<PartPlace> {
        let hash = self.hash(key);
        let is_key = |known: &Known| known.hash == hash && view.key(known.place) == Some(key);
        match self.table.find_mut(spread(hash), is_key) {
            Some(known) => Some(std::mem::replace(&mut known.place, place)),
            None => {
                self.table.insert_unique(spread(hash), Known { hash, place }, |known| spread(known.hash));
                None
            }
        }
    }

    /// Notes where the row of a key is that has none so far.
    pub fn put_new(&mut self, key: &[u8], place: PartPlace) {
        let hash = self.hash(key);
        self.table.insert_unique(spread(hash), Known { hash, place }, |known| spread(known.hash));
    }

    /// Forgets a key and gives back where its row was.
    pub fn remove(&mut self, view: &IndexView, key: &[u8]) -> Option<PartPlace> {
        let hash = self.hash(key);
        let is_key = |known: &Known| known.hash == hash && view.key(known.place) == Some(key);
        let entry = self.table.find_entry(spread(hash), is_key).ok()?;
        Some(entry.remove().0.place)
    }

    /// Notes that the row of a key has moved; false where it is not the key's current one.
    pub fn follow(&mut self, key: &[u8], from: PartPlace, to: PartPlace) -> bool {
        let found = self.table.find_mut(spread(self.hash(key)), |known| known.place == from);
        found.map(|known| known.place = to).is_some()
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn bytes(&self) -> usize {
        self.table.capacity() * (size_of::<Known>() + 1)
    }
}

//! Where deltas and postings stand in the logs of networks.

use crate::model::{ChainHash, CollectionId, PeerId};

/// Where a delta stands in the log of its network: origin, a NUL, number.
pub fn delta_place(origin: &PeerId, seq: u64) -> Vec<u8> {
    [origin.as_str().as_bytes(), &[0], &seq.to_be_bytes()].concat()
}

/// Where a posting stands: as its last delta, and of two stories of one origin by the start of the hash at its end.
pub fn posting_place(origin: &PeerId, last: u64, hash: &ChainHash) -> Vec<u8> {
    let [a, b, c, d, ..] = *hash;
    [delta_place(origin, last).as_slice(), &[a, b, c, d]].concat()
}

/// The number of a delta from the end of its place.
pub fn delta_seq(place: &[u8]) -> Option<u64> {
    place.last_chunk().map(|seq| u64::from_be_bytes(*seq))
}

/// Where it is kept when an entry was posted to a network: behind its collection, in order of the primary key.
pub fn posted_place(collection: CollectionId, key: &[u8]) -> Vec<u8> {
    [collection.0.to_be_bytes().as_slice(), key].concat()
}

/// The entry at a place that [`posted_place`] gives.
pub fn posted_entry(place: &[u8]) -> Option<(CollectionId, &[u8])> {
    let (id, key) = place.split_first_chunk()?;
    Some((CollectionId(u32::from_be_bytes(*id)), key))
}

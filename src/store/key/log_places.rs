//! Where deltas and postings stand in the logs of networks.

use crate::model::{ChainHash, PeerId};

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

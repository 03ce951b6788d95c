//! The parts of an index: sealed segments with graphs, the tail of recent vectors, and the choice of what is built next.

pub(super) mod key_places;
pub(super) mod keyed_vectors;
mod seeds;
pub(super) mod segment;
pub(super) mod segment_file;
pub(super) mod segment_set;
pub(super) mod tail;

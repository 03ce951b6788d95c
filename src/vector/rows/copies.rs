//! Rows whose vectors are equal: one node of a graph stands for all of them.
//!
//! As nodes of their own, equal vectors would fill one another's links and lose those to everything else, so that a walk
//! could neither reach nor leave them. A segment's rows are therefore in this order: the first row of each vector, which is
//! the node, then the other rows in the order of their nodes.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;

use crate::vector::mapped::flat_array::FlatArray;

/// Which rows are nodes, and whose copies the others are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copies {
    nodes: u32,
    /// For each row behind the nodes, its node; in ascending order.
    of: FlatArray<u32>,
}

impl Copies {
    /// Of rows that have each a vector of their own, however many they become.
    pub fn none() -> Copies {
        Copies { nodes: u32::MAX, of: FlatArray::default() }
    }

    /// What a file said; `None` where it cannot be true of so many rows.
    pub fn from_parts(rows: usize, of: FlatArray<u32>) -> Option<Copies> {
        let nodes = rows.checked_sub(of.len()).and_then(|nodes| u32::try_from(nodes).ok())?;
        let is_sound = of.is_sorted() && of.last().is_none_or(|last| *last < nodes);
        is_sound.then_some(Copies { nodes, of })
    }

    /// The nodes of the rows behind the nodes.
    pub fn as_slice(&self) -> &[u32] {
        &self.of
    }

    pub fn nodes(&self) -> usize {
        self.nodes as usize
    }

    /// The node whose vector a row has: itself, or the one that it is a copy of.
    #[inline(always)]
    pub fn node(&self, row: u32) -> u32 {
        match row.checked_sub(self.nodes) {
            Some(behind) => self.of[behind as usize],
            None => row,
        }
    }

    /// The rows besides the node itself that hold its vector.
    #[inline(always)]
    pub fn of(&self, node: u32) -> Range<u32> {
        if self.of.is_empty() { 0..0 } else { self.find(node) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "rows are numbered in 32 bits")]
    fn find(&self, node: u32) -> Range<u32> {
        let first = self.of.partition_point(|other| *other < node);
        let count = self.of[first..].partition_point(|other| *other == node);
        self.nodes + first as u32..self.nodes + (first + count) as u32
    }

    /// Bytes of memory held, those of a mapped file not counted.
    pub fn heap_bytes(&self) -> usize {
        self.of.heap_bytes()
    }
}

/// The order of so many vectors in a segment, as positions in the given one, and which of them are copies.
pub fn distinct_first<'v>(count: usize, vector: impl Fn(usize) -> &'v [f32]) -> (Vec<usize>, Copies) {
    let hashes = RandomState::new();
    let mut known: HashMap<u64, u32> = HashMap::with_capacity(count);
    let mut order: Vec<usize> = Vec::with_capacity(count);
    let mut copies: Vec<(u32, usize)> = Vec::new();
    for at in 0..count {
        let node = u32::try_from(order.len()).unwrap_or(u32::MAX);
        match known.entry(hash_of(&hashes, vector(at))) {
            Entry::Vacant(entry) => {
                entry.insert(node);
                order.push(at);
            }
            Entry::Occupied(entry) if vector(order[*entry.get() as usize]) == vector(at) => {
                copies.push((*entry.get(), at));
            }
            // Another vector with the same hash goes by itself.
            Entry::Occupied(_) => order.push(at),
        }
    }
    let nodes = u32::try_from(order.len()).unwrap_or(u32::MAX);
    copies.sort_unstable();
    order.extend(copies.iter().map(|(_, at)| *at));
    (order, Copies { nodes, of: copies.into_iter().map(|(node, _)| node).collect::<Vec<u32>>().into() })
}

/// A hash that equal vectors share: -0.0 counts as 0.0.
fn hash_of(hashes: &RandomState, vector: &[f32]) -> u64 {
    let mut hasher = hashes.build_hasher();
    let bits = |component: f32| u64::from((component + 0.0).to_bits());
    let (pairs, rest) = vector.as_chunks::<2>();
    for [first, second] in pairs {
        hasher.write_u64(bits(*first) << 32 | bits(*second));
    }
    for component in rest {
        hasher.write_u64(bits(*component));
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_follow_the_nodes_they_are_of() {
        let vectors = [[1.0, 0.0], [2.0, 0.0], [1.0, -0.0], [3.0, 0.0], [2.0, 0.0], [1.0, 0.0]];
        let (order, copies) = distinct_first(vectors.len(), |at| &vectors[at]);
        assert_eq!(order, [0, 1, 3, 2, 5, 4]);
        assert_eq!((copies.nodes(), copies.as_slice()), (3, &[0, 0, 1][..]));
        assert_eq!([0, 1, 2].map(|node| copies.of(node)), [3..5, 5..6, 6..6]);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|row| copies.node(row)), [0, 1, 2, 0, 0, 1]);
        assert_eq!([0, 7, u32::MAX - 1].map(|row| Copies::none().node(row)), [0, 7, u32::MAX - 1]);
        assert_eq!(Copies::from_parts(6, vec![0, 0, 1].into()), Some(copies));
        assert_eq!(Copies::from_parts(6, vec![1, 0, 1].into()), None);
        assert_eq!(Copies::from_parts(6, vec![0, 0, 3].into()), None);
        assert_eq!(Copies::from_parts(2, vec![0, 0, 0].into()), None);
    }
}

//! The tree of fingerprints over the 65,536 buckets of a collection: each node is the XOR of its sixteen children, so two
//! peers find the buckets in which they differ by walking down where sums differ.

use crate::model::{BUCKETS, Buckets, Fingerprint};
use crate::sync::protocol::message::{TREE_DEPTH, TREE_FANOUT, xor};

/// All levels, the root (one node) first, the buckets last.
#[derive(Debug)]
pub(super) struct Tree {
    levels: Vec<Vec<Fingerprint>>,
}

impl Tree {
    /// From the fingerprints of all buckets; missing ones and those outside of `within` count as empty.
    pub fn new(mut buckets: Vec<Fingerprint>, within: &Buckets) -> Self {
        buckets.resize(BUCKETS, Fingerprint::default());
        if !within.are_all() {
            for (bucket, fingerprint) in (0..=u16::MAX).zip(&mut buckets) {
                if !within.contains(bucket) {
                    *fingerprint = Fingerprint::default();
                }
            }
        }
        let mut levels = vec![buckets];
        for _ in 0..TREE_DEPTH {
            let below = levels.last().map(Vec::as_slice).unwrap_or_default();
            let sum = |children: &[Fingerprint]| children.iter().copied().fold(Fingerprint::default(), xor);
            levels.push(below.chunks(TREE_FANOUT).map(sum).collect());
        }
        levels.reverse();
        Tree { levels }
    }

    /// The fingerprints of a node's children; none for a node that there is not.
    pub fn children(&self, level: u8, node: u16) -> &[Fingerprint] {
        let first = usize::from(node) * TREE_FANOUT;
        let below = self.levels.get(usize::from(level) + 1);
        below.and_then(|below| below.get(first..first + TREE_FANOUT)).unwrap_or_default()
    }

    /// Whether there are no entries, or such that cancel each other out.
    pub fn is_empty(&self) -> bool {
        let buckets = self.levels.last().map(Vec::as_slice).unwrap_or_default();
        buckets.iter().all(|bucket| *bucket == Fingerprint::default())
    }

    /// Those children of a node that a peer sees otherwise, as nodes of the next level.
    pub fn differing(&self, level: u8, node: u16, theirs: &[Fingerprint]) -> Vec<u16> {
        let first = u32::from(node) * 16;
        let pairs = (first..).zip(self.children(level, node).iter().zip(theirs));
        pairs.filter(|(_, (ours, theirs))| ours != theirs).filter_map(|(child, _)| u16::try_from(child).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The buckets in which two trees differ, by the walk of a reconciliation.
    fn walk(ours: &Tree, theirs: &Tree) -> Vec<u16> {
        let mut nodes = vec![0];
        for level in 0..TREE_DEPTH {
            nodes =
                nodes.into_iter().flat_map(|node| ours.differing(level, node, theirs.children(level, node))).collect();
        }
        nodes
    }

    #[test]
    fn the_walk_finds_exactly_what_differs() {
        let sum = |number: usize| *blake3::hash(&number.to_le_bytes()).as_bytes().first_chunk().unwrap();
        let mut buckets: Vec<Fingerprint> = (0..BUCKETS).map(sum).collect();
        let ours = Tree::new(buckets.clone(), &Buckets::all());
        assert!(walk(&ours, &Tree::new(buckets.clone(), &Buckets::all())).is_empty());
        for changed in [0, 15, 16, 4096, 65_535] {
            buckets[changed] = sum(changed + BUCKETS);
        }
        assert_eq!(walk(&ours, &Tree::new(buckets, &Buckets::all())), [0, 15, 16, 4096, 65_535]);
        assert_eq!(walk(&ours, &Tree::new(Vec::new(), &Buckets::all())).len(), BUCKETS);
    }

    #[test]
    fn an_empty_tree_is_empty() {
        assert!(Tree::new(Vec::new(), &Buckets::all()).is_empty());
        let mut buckets = vec![Fingerprint::default(); BUCKETS];
        buckets[300] = [1; 16];
        let tree = Tree::new(buckets, &Buckets::all());
        assert!(!tree.is_empty());
        assert_eq!(tree.children(3, 18)[12], [1; 16]);
        assert!(tree.children(4, 0).is_empty() && tree.children(0, 1).is_empty());
    }
}

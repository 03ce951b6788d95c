//! The hash tree over the deltas of one posting, whole or in part.
//!
//! The root of the whole is what the origin signs. A part knows some of the leaves and, of what lies between, hashes alone: it
//! has the same root, so that it proves its leaves to whoever has the signature, and parts with one root can be joined. A tree
//! of `n` leaves is split behind the greatest power of two below `n` (as in RFC 6962). These bytes are part of the replication
//! protocol: they never change.

use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Result};
use crate::model::DeltaDigest;

const LEAF_KEY: &[u8; 32] = b"nebulusdb 2026 leaf of a posting";
const NODE_KEY: &[u8; 32] = b"nebulusdb 2026 node of a posting";
/// Bytes of a hash.
const HASH: usize = 32;
/// Leaves that a tree can have: far above what is ever posted, and no number near it overflows.
const LEAVES_MAX: u64 = 1 << 62;
/// Leaves below a node from which on its hash is worth remembering: of fewer it is made again as quickly as found.
const REMEMBERED_LEAVES_MIN: u64 = 16;
const HIDDEN: u8 = 0;
const LEAVES: u8 = 1;
const PAIR: u8 = 2;

/// A tree, or a part of one, over leaves numbered from `first` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostingTree {
    first: u64,
    count: u64,
    top: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    /// What lies below is not known.
    Hidden([u8; HASH]),
    /// All leaves below, at least one.
    Leaves(Vec<DeltaDigest>),
    Pair(Box<(Node, Node)>),
}

/// Hashes of nodes of one tree that were computed before. Without them each part of a tree costs as much as hashing all of it.
#[derive(Debug, Default)]
pub struct TreeHashes(HashMap<Span, [u8; HASH]>);

impl TreeHashes {
    fn get_or(&mut self, span: Span, compute: impl FnOnce(&mut TreeHashes) -> [u8; HASH]) -> [u8; HASH] {
        if span.count < REMEMBERED_LEAVES_MIN {
            return compute(self);
        }
        if let Some(known) = self.0.get(&span) {
            return *known;
        }
        let hash = compute(self);
        self.0.insert(span, hash);
        hash
    }
}

/// A range of leaves: the number of the first, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Span {
    first: u64,
    count: u64,
}

impl Span {
    /// The two halves of a range of more than one leaf.
    fn halves(self) -> (Span, Span) {
        let left = (self.count.next_power_of_two() / 2).max(1);
        let second = Span { first: self.first.saturating_add(left), count: self.count.saturating_sub(left) };
        (Span { first: self.first, count: left }, second)
    }

    fn end(self) -> u64 {
        self.first.saturating_add(self.count)
    }
}

impl PostingTree {
    /// The whole tree; `None` without leaves.
    pub fn new(first: u64, leaves: Vec<DeltaDigest>) -> Option<PostingTree> {
        let count = u64::try_from(leaves.len()).ok().filter(|count| (1..=LEAVES_MAX).contains(count))?;
        first.checked_add(count)?;
        Some(PostingTree { first, count, top: Node::Leaves(leaves) })
    }

    pub fn first(&self) -> u64 {
        self.first
    }

    pub fn last(&self) -> u64 {
        self.first + self.count - 1
    }

    /// How many leaves it has, known or not.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether the bytes of a tree have all of its leaves.
    pub fn is_whole_in(bytes: &[u8]) -> bool {
        bytes.first() == Some(&LEAVES)
    }

    pub fn root(&self) -> [u8; HASH] {
        self.top.hash(self.span(), &mut TreeHashes::default())
    }

    /// The leaf of a number, where it is known.
    pub fn leaf(&self, seq: u64) -> Option<&DeltaDigest> {
        let (mut node, mut span) = (&self.top, self.span());
        loop {
            match node {
                Node::Hidden(_) => return None,
                Node::Leaves(leaves) => return leaves.get(usize::try_from(seq.checked_sub(span.first)?).ok()?),
                Node::Pair(pair) => {
                    let (left, right) = span.halves();
                    (node, span) = if seq < right.first { (&pair.0, left) } else { (&pair.1, right) };
                }
            }
        }
    }

    /// The part that proves the leaves with these numbers, which are in order. `hashes` are this tree's, for the next part.
    #[must_use]
    pub fn prove(&self, wanted: &[u64], hashes: &mut TreeHashes) -> PostingTree {
        PostingTree { top: self.top.prove(self.span(), wanted, hashes), ..*self }
    }

    /// Takes over what another part of the same tree knows.
    pub fn join(&mut self, other: PostingTree) {
        let top = std::mem::replace(&mut self.top, Node::Hidden([0; HASH]));
        self.top = top.join(other.top);
    }

    /// Whether it knows no leaf that `other` does not know.
    pub fn is_within(&self, other: &PostingTree) -> bool {
        self.top.is_within(&other.top)
    }

    pub fn write_to(&self, out: &mut Vec<u8>) {
        self.top.write_to(out);
    }

    /// Reads a tree over `count` leaves.
    ///
    /// # Errors
    /// `Corrupted` for bytes that are no such tree.
    pub fn parse(first: u64, count: u64, bytes: &[u8]) -> Result<PostingTree> {
        if !(1..=LEAVES_MAX).contains(&count) || first.checked_add(count).is_none() {
            return Err(damaged());
        }
        let (top, rest) = Node::parse(Span { first, count }, bytes)?;
        if !rest.is_empty() {
            return Err(damaged());
        }
        Ok(PostingTree { first, count, top })
    }

    fn span(&self) -> Span {
        Span { first: self.first, count: self.count }
    }
}

impl Node {
    fn hash(&self, span: Span, hashes: &mut TreeHashes) -> [u8; HASH] {
        match self {
            Node::Hidden(hash) => *hash,
            Node::Leaves(leaves) => hash_leaves(span, leaves, hashes),
            Node::Pair(pair) => hashes.get_or(span, |hashes| {
                let (left, right) = span.halves();
                hash_pair(&pair.0.hash(left, hashes), &pair.1.hash(right, hashes))
            }),
        }
    }

    fn prove(&self, span: Span, wanted: &[u64], hashes: &mut TreeHashes) -> Node {
        let wanted = within(span, wanted);
        if wanted.is_empty() {
            return Node::Hidden(self.hash(span, hashes));
        }
        let (left, right) = span.halves();
        match self {
            Node::Hidden(hash) => Node::Hidden(*hash),
            Node::Leaves(leaves) if wanted.len() == leaves.len() => self.clone(),
            Node::Leaves(leaves) => prove_leaves(span, leaves, wanted, hashes),
            Node::Pair(pair) => {
                let parts = (pair.0.prove(left, wanted, hashes), pair.1.prove(right, wanted, hashes));
                Node::Pair(Box::new(parts))
            }
        }
    }

    fn join(self, other: Node) -> Node {
        match (self, other) {
            (Node::Hidden(_), known) | (known, Node::Hidden(_)) => known,
            (Node::Leaves(leaves), _) | (_, Node::Leaves(leaves)) => Node::Leaves(leaves),
            (Node::Pair(ours), Node::Pair(theirs)) => {
                let ((left, right), (other_left, other_right)) = (*ours, *theirs);
                match (left.join(other_left), right.join(other_right)) {
                    (Node::Leaves(mut leaves), Node::Leaves(others)) => {
                        leaves.extend(others);
                        Node::Leaves(leaves)
                    }
                    pair => Node::Pair(Box::new(pair)),
                }
            }
        }
    }

    fn is_within(&self, other: &Node) -> bool {
        match (self, other) {
            (Node::Hidden(_), _) | (_, Node::Leaves(_)) => true,
            (Node::Pair(ours), Node::Pair(theirs)) => ours.0.is_within(&theirs.0) && ours.1.is_within(&theirs.1),
            (Node::Leaves(_) | Node::Pair(_), _) => false,
        }
    }

    fn write_to(&self, out: &mut Vec<u8>) {
        match self {
            Node::Hidden(hash) => {
                out.push(HIDDEN);
                out.extend_from_slice(hash);
            }
            Node::Leaves(leaves) => {
                out.push(LEAVES);
                leaves.iter().for_each(|leaf| out.extend_from_slice(leaf));
            }
            Node::Pair(pair) => {
                out.push(PAIR);
                pair.0.write_to(out);
                pair.1.write_to(out);
            }
        }
    }

    /// Goes no deeper than the logarithm of the number of leaves.
    fn parse(span: Span, bytes: &[u8]) -> Result<(Node, &[u8])> {
        let (kind, rest) = bytes.split_first().ok_or_else(damaged)?;
        match *kind {
            HIDDEN => {
                let (hash, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
                Ok((Node::Hidden(*hash), rest))
            }
            LEAVES => {
                let count = usize::try_from(span.count).map_err(|_| damaged())?;
                let length = count.checked_mul(HASH).ok_or_else(damaged)?;
                let (leaves, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
                Ok((Node::Leaves(leaves.as_chunks::<HASH>().0.to_vec()), rest))
            }
            PAIR if span.count > 1 => {
                let (left_span, right_span) = span.halves();
                let (left, rest) = Node::parse(left_span, rest)?;
                let (right, rest) = Node::parse(right_span, rest)?;
                Ok((Node::Pair(Box::new((left, right))), rest))
            }
            _ => Err(damaged()),
        }
    }
}

/// Those of some numbers in order that fall into a range.
fn within(span: Span, wanted: &[u64]) -> &[u64] {
    let start = wanted.partition_point(|seq| *seq < span.first);
    let end = wanted.partition_point(|seq| *seq < span.end());
    wanted.get(start..end).unwrap_or_default()
}

fn split_leaves(left: Span, leaves: &[DeltaDigest]) -> (&[DeltaDigest], &[DeltaDigest]) {
    let middle = usize::try_from(left.count).unwrap_or(usize::MAX).min(leaves.len());
    leaves.split_at(middle)
}

fn prove_leaves(span: Span, leaves: &[DeltaDigest], wanted: &[u64], hashes: &mut TreeHashes) -> Node {
    let wanted = within(span, wanted);
    if wanted.is_empty() {
        return Node::Hidden(hash_leaves(span, leaves, hashes));
    }
    if wanted.len() == leaves.len() {
        return Node::Leaves(leaves.to_vec());
    }
    let (left, right) = span.halves();
    let (left_leaves, right_leaves) = split_leaves(left, leaves);
    let left = prove_leaves(left, left_leaves, wanted, hashes);
    Node::Pair(Box::new((left, prove_leaves(right, right_leaves, wanted, hashes))))
}

fn hash_leaves(span: Span, leaves: &[DeltaDigest], hashes: &mut TreeHashes) -> [u8; HASH] {
    if let [leaf] = leaves {
        let mut bytes = [0; 8 + HASH];
        let (seq, digest) = bytes.split_at_mut(8);
        seq.copy_from_slice(&span.first.to_be_bytes());
        digest.copy_from_slice(leaf);
        return *blake3::keyed_hash(LEAF_KEY, &bytes).as_bytes();
    }
    hashes.get_or(span, |hashes| {
        let (left, right) = span.halves();
        let (left_leaves, right_leaves) = split_leaves(left, leaves);
        if left_leaves.is_empty() || right_leaves.is_empty() {
            return [0; HASH];
        }
        hash_pair(&hash_leaves(left, left_leaves, hashes), &hash_leaves(right, right_leaves, hashes))
    })
}

fn hash_pair(left: &[u8; HASH], right: &[u8; HASH]) -> [u8; HASH] {
    let mut bytes = [0; 2 * HASH];
    let (first, second) = bytes.split_at_mut(HASH);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    *blake3::keyed_hash(NODE_KEY, &bytes).as_bytes()
}

fn damaged() -> Error {
    Error::new(ErrorKind::Corrupted, "the hash tree of a posting is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(count: u8) -> PostingTree {
        PostingTree::new(5, (0..count).map(|number| [number; 32]).collect()).unwrap()
    }

    fn prove(tree: &PostingTree, wanted: &[u64]) -> PostingTree {
        tree.prove(wanted, &mut TreeHashes::default())
    }

    #[test]
    fn a_tree_is_hashed_once_for_all_its_parts() {
        let leaves: Vec<DeltaDigest> =
            (0..1000_u64).map(|number| *blake3::hash(&number.to_le_bytes()).as_bytes()).collect();
        let tree = PostingTree::new(5, leaves).unwrap();
        let mut hashes = TreeHashes::default();
        // Scattered and in rows: whatever a part leaves out, the hashes in its place are those of a tree hashed anew.
        for step in [1, 7, 300] {
            for start in (5..1005).step_by(50) {
                let wanted: Vec<u64> = (start..1005).step_by(step).take(50).collect();
                assert_eq!(tree.prove(&wanted, &mut hashes), prove(&tree, &wanted), "{step} {start}");
            }
        }
        let known = hashes.0.len();
        assert_eq!(tree.prove(&[], &mut hashes).root(), tree.root());
        assert!(hashes.0.len() <= known + 1 && hashes.0.len() < 1000 / 4, "{known}");
        assert!(tree.prove(&[6, 900], &mut hashes).root() == tree.root());
    }

    #[test]
    fn a_part_has_the_root_of_the_whole_and_proves_what_was_asked_for() {
        for count in 1..20 {
            let tree = whole(count);
            for mask in 0..1_u32 << count.min(10) {
                let wanted: Vec<u64> =
                    (0..u64::from(count)).filter(|bit| mask >> bit & 1 == 1).map(|n| n + 5).collect();
                let part = prove(&tree, &wanted);
                assert_eq!(part.root(), tree.root(), "{count} {wanted:?}");
                for seq in 5..5 + u64::from(count) {
                    let is_wanted = wanted.contains(&seq);
                    assert_eq!(part.leaf(seq), tree.leaf(seq).filter(|_| is_wanted));
                }
                let mut bytes = Vec::new();
                part.write_to(&mut bytes);
                assert_eq!(PostingTree::parse(5, u64::from(count), &bytes).unwrap(), part);
                assert!(part.is_within(&tree));
                assert_eq!(prove(&part, &wanted), part);
            }
        }
    }

    #[test]
    fn parts_join_to_the_whole_in_any_order() {
        let tree = whole(11);
        let parts: Vec<PostingTree> = (5..16).map(|seq| prove(&tree, &[seq])).collect();
        for start in 0..parts.len() {
            let mut joined = parts[start].clone();
            for step in 1..parts.len() {
                assert!(!tree.is_within(&joined));
                joined.join(parts[(start + step * 3) % parts.len()].clone());
            }
            joined.join(prove(&tree, &[]));
            assert_eq!(joined.root(), tree.root());
            assert_eq!(joined, tree);
        }
    }

    #[test]
    fn a_number_a_leaf_and_the_count_all_change_the_root() {
        let leaves: Vec<DeltaDigest> = (0..6).map(|number| [number; 32]).collect();
        let root = |first, leaves: &[DeltaDigest]| PostingTree::new(first, leaves.to_vec()).unwrap().root();
        let mut changed = leaves.clone();
        changed[3] = [9; 32];
        let mut swapped = leaves.clone();
        swapped.swap(0, 1);
        let roots = [root(5, &leaves), root(6, &leaves), root(5, &changed), root(5, &swapped), root(5, &leaves[..5])];
        for (position, one) in roots.iter().enumerate() {
            assert!(roots[position + 1..].iter().all(|other| other != one), "{position}");
        }
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let mut bytes = Vec::new();
        prove(&whole(6), &[7]).write_to(&mut bytes);
        for end in 0..bytes.len() {
            assert!(PostingTree::parse(5, 6, &bytes[..end]).is_err());
        }
        assert!(PostingTree::parse(5, 5, &bytes).is_ok_and(|tree| tree.root() != whole(5).root()));
        assert!(PostingTree::parse(5, 0, &bytes).is_err() && PostingTree::parse(u64::MAX, 6, &bytes).is_err());
        assert!(PostingTree::parse(1, u64::MAX / 2, &[&[LEAVES], bytes.as_slice()].concat()).is_err());
    }
}

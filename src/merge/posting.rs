//! A posting by what proves its deltas: the end of the hash chain before its root was folded in, its signature, and its tree.
//!
//! ```text
//! record: u64 first, u64 count, u64 legacy end, link (32 bytes), root (32 bytes), signature (64 bytes), tree
//! ```
//!
//! Little-endian. These bytes are stored, and are part of the replication protocol.

use crate::error::{Error, ErrorKind, Result};
use crate::merge::chain::{PostingEnd, chain_fold};
use crate::merge::posting_tree::{PostingTree, TreeHashes};
use crate::model::ChainHash;

const SIGNATURE_BYTES: usize = 64;
/// What stands before the signature in a record: it says which posting it is of.
const IDENTITY_BYTES: usize = 3 * 8 + 2 * 32;

/// A posting, with all or some of the leaves of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The origin's last delta that no tree covers: those up to it come from versions that had none.
    pub legacy_end: u64,
    /// The chain up to its last delta, without the root.
    pub link: ChainHash,
    pub root: [u8; 32],
    pub signature: [u8; SIGNATURE_BYTES],
    pub tree: PostingTree,
}

impl Posting {
    /// The head of the chain that the signature covers.
    pub fn hash(&self) -> ChainHash {
        chain_fold(&self.link, (self.tree.first(), self.tree.last()), self.legacy_end, &self.root)
    }

    /// What the origin signed.
    pub fn end(&self) -> PostingEnd {
        PostingEnd { hash: self.hash(), signature: self.signature, legacy_end: Some(self.legacy_end) }
    }

    /// The same with that part of the tree alone that proves these numbers, which are in order.
    #[must_use]
    pub fn prove(&self, wanted: &[u64]) -> Posting {
        self.prove_with(wanted, &mut TreeHashes::default())
    }

    /// As [`Posting::prove`], one of many parts: `hashes` are those of this posting's tree.
    #[must_use]
    pub fn prove_with(&self, wanted: &[u64], hashes: &mut TreeHashes) -> Posting {
        Posting { tree: self.tree.prove(wanted, hashes), ..*self }
    }

    /// Whether both are of one posting, whatever they know of its leaves.
    pub fn is_same_as(&self, other: &Posting) -> bool {
        (self.legacy_end, self.link, self.root, self.tree.first(), self.tree.last())
            == (other.legacy_end, other.link, other.root, other.tree.first(), other.tree.last())
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.identity();
        out.extend_from_slice(&self.signature);
        self.tree.write_to(&mut out);
        out
    }

    /// The first [`IDENTITY_BYTES`] of its record.
    fn identity(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(&self.tree.first().to_le_bytes());
        out.extend_from_slice(&self.tree.count().to_le_bytes());
        out.extend_from_slice(&self.legacy_end.to_le_bytes());
        out.extend_from_slice(&self.link);
        out.extend_from_slice(&self.root);
        out
    }

    /// Whether the record `known` is of this posting and knows all of its leaves. Its tree is not read.
    pub fn is_whole_in(&self, known: &[u8]) -> bool {
        let tree = known.get(IDENTITY_BYTES + SIGNATURE_BYTES..).unwrap_or_default();
        known.starts_with(&self.identity()) && PostingTree::is_whole_in(tree)
    }

    /// Reads one. That the tree has the root is for [`Posting::is_sound`] to say.
    ///
    /// # Errors
    /// `Corrupted` for bytes that are no posting.
    pub fn parse(bytes: &[u8]) -> Result<Posting> {
        let (first, rest) = take_number(bytes)?;
        let (count, rest) = take_number(rest)?;
        let (legacy_end, rest) = take_number(rest)?;
        let (link, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (root, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (signature, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        if first <= legacy_end {
            return Err(damaged());
        }
        let tree = PostingTree::parse(first, count, rest)?;
        Ok(Posting { legacy_end, link: *link, root: *root, signature: *signature, tree })
    }

    /// The numbers of the first and the last delta of a posting in its bytes, without reading its tree.
    ///
    /// # Errors
    /// XX001 for bytes that are cut off, and for a range that cannot be.
    pub fn range_in(bytes: &[u8]) -> Result<(u64, u64)> {
        let (first, rest) = take_number(bytes)?;
        let (count, _) = take_number(rest)?;
        let last = first.checked_add(count).and_then(|end| end.checked_sub(1)).ok_or_else(damaged)?;
        Ok((first, last))
    }

    /// The signature in the record `known`, where that is of the same posting as another record, whatever the two know of its
    /// leaves. Trees are not read.
    pub fn signature_in(known: &[u8], other: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
        let (identity, rest) = known.split_at_checked(IDENTITY_BYTES)?;
        rest.first_chunk().copied().filter(|_| other.starts_with(identity))
    }

    /// Whether the tree has the root.
    pub fn is_sound(&self) -> bool {
        self.tree.root() == self.root
    }
}

fn take_number(bytes: &[u8]) -> Result<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk().ok_or_else(damaged)?;
    Ok((u64::from_le_bytes(*number), rest))
}

fn damaged() -> Error {
    Error::new(ErrorKind::Corrupted, "the proof of a posting is malformed")
}

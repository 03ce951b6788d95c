//! The hash chain over the deltas of one origin in one network, which its signatures cover.
//!
//! Whoever holds the chain up to some number accepts only the one continuation that the origin signed: a delta cannot be
//! left out, changed or put elsewhere by a peer that relays it, and an origin that signs two continuations is found out.
//! At the end of a posting the chain also takes in the root of the [hash tree](crate::merge::posting_tree::PostingTree) over its deltas, so that
//! the same signature proves each of them without the others. Postings of the first version of the protocol have no tree.
//! These bytes are part of the replication protocol: they never change.

use crate::model::{ChainHash, PeerId};

const START_CONTEXT: &str = "nebulusdb 2026 delta chain start";
const LINK_CONTEXT: &str = "nebulusdb 2026 delta chain link";
const FOLD_CONTEXT: &str = "nebulusdb 2026 delta chain posting tree";
const SIGNED_CONTEXT: &str = "nebulusdb 2026 delta chain signature";
const SIGNED_POSTING_CONTEXT: &str = "nebulusdb 2026 delta chain signature over a posting tree";
const HASH_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;

/// The hash before the first delta.
pub fn chain_start(network: &str, origin: &PeerId) -> ChainHash {
    let mut hasher = blake3::Hasher::new_derive_key(START_CONTEXT);
    write(&mut hasher, network.as_bytes());
    write(&mut hasher, origin.as_str().as_bytes());
    *hasher.finalize().as_bytes()
}

/// The hash up to a delta, from the hash before it.
pub fn chain_next(previous: &ChainHash, seq: u64, ends_posting: bool, body: &[u8]) -> ChainHash {
    let mut hasher = blake3::Hasher::new_derive_key(LINK_CONTEXT);
    hasher.update(previous);
    hasher.update(&seq.to_be_bytes());
    hasher.update(&[u8::from(ends_posting)]);
    write(&mut hasher, body);
    *hasher.finalize().as_bytes()
}

/// The hash at the end of a posting: the chain up to its last delta, its range, and the root of its tree. `legacy_end` is the
/// origin's last delta that no tree covers.
pub fn chain_fold(link: &ChainHash, (first, last): (u64, u64), legacy_end: u64, root: &[u8; 32]) -> ChainHash {
    let mut hasher = blake3::Hasher::new_derive_key(FOLD_CONTEXT);
    hasher.update(link).update(&first.to_be_bytes()).update(&last.to_be_bytes());
    hasher.update(&legacy_end.to_be_bytes()).update(root);
    *hasher.finalize().as_bytes()
}

/// What an origin says at the end of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostingEnd {
    pub hash: ChainHash,
    /// Over the hash.
    pub signature: [u8; SIGNATURE_BYTES],
    /// The origin's last delta that no tree covers; `None` where this posting has no tree either.
    pub legacy_end: Option<u64>,
}

impl PostingEnd {
    /// Bytes of the end of a posting without and with a tree.
    pub const BYTES: [usize; 2] = [HASH_BYTES + SIGNATURE_BYTES, HASH_BYTES + SIGNATURE_BYTES + 8];

    /// `None` for bytes of another length.
    pub fn parse(bytes: &[u8]) -> Option<PostingEnd> {
        let (hash, rest) = bytes.split_first_chunk()?;
        let (signature, rest) = rest.split_first_chunk()?;
        let legacy_end = match rest {
            [] => None,
            rest => Some(u64::from_be_bytes(rest.try_into().ok()?)),
        };
        Some(PostingEnd { hash: *hash, signature: *signature, legacy_end })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let legacy_end = self.legacy_end.map(u64::to_be_bytes);
        let legacy_end = legacy_end.as_ref().map_or([].as_slice(), |bytes| bytes.as_slice());
        [self.hash.as_slice(), &self.signature, legacy_end].concat()
    }

    /// What the signature is over.
    pub fn signed_message(&self, network: &str, origin: &PeerId, seq: u64) -> [u8; 32] {
        match self.legacy_end {
            None => signed_message(network, origin, seq, &self.hash),
            Some(_) => signed_posting(network, origin, seq, &self.hash),
        }
    }
}

/// What the origin signs at the end of a posting that has a tree.
pub fn signed_posting(network: &str, origin: &PeerId, seq: u64, hash: &ChainHash) -> [u8; 32] {
    message_in(SIGNED_POSTING_CONTEXT, network, origin, seq, hash)
}

/// What the origin signs at the end of a posting that has none.
pub fn signed_message(network: &str, origin: &PeerId, seq: u64, hash: &ChainHash) -> [u8; 32] {
    message_in(SIGNED_CONTEXT, network, origin, seq, hash)
}

fn message_in(context: &str, network: &str, origin: &PeerId, seq: u64, hash: &ChainHash) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    write(&mut hasher, network.as_bytes());
    write(&mut hasher, origin.as_str().as_bytes());
    hasher.update(&seq.to_be_bytes());
    hasher.update(hash);
    *hasher.finalize().as_bytes()
}

fn write(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_link_counts() {
        let start = chain_start("n", &PeerId::new("a"));
        let link = chain_next(&start, 1, true, b"body");
        let others = [
            chain_next(&chain_start("m", &PeerId::new("a")), 1, true, b"body"),
            chain_next(&chain_start("n", &PeerId::new("b")), 1, true, b"body"),
            chain_next(&start, 2, true, b"body"),
            chain_next(&start, 1, false, b"body"),
            chain_next(&start, 1, true, b"bodx"),
        ];
        assert!(others.iter().all(|other| *other != link));
        assert_eq!(chain_next(&start, 1, true, b"body"), link);
    }
}

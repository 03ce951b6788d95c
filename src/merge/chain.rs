//! The hash chain over the deltas of one origin in one network, which its signatures cover.
//!
//! Whoever holds the chain up to some number accepts only the one continuation that the origin signed: a delta cannot be
//! left out, changed or put elsewhere by a peer that relays it, and an origin that signs two continuations is found out.
//! These bytes are part of the replication protocol: they never change.

use crate::model::{ChainHash, PeerId};

const START_CONTEXT: &str = "nebulusdb 2026 delta chain start";
const LINK_CONTEXT: &str = "nebulusdb 2026 delta chain link";
const SIGNED_CONTEXT: &str = "nebulusdb 2026 delta chain signature";

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

/// What the origin signs at the end of a posting.
pub fn signed_message(network: &str, origin: &PeerId, seq: u64, hash: &ChainHash) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(SIGNED_CONTEXT);
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

//! What a member signs besides its postings, so that nobody else can say it in its name.

use crate::model::{Bytes, ChainHash, PeerId};

/// Bytes of the signature of a statement (Ed25519, RFC 8032).
pub const STATEMENT_SIGNATURE_BYTES: usize = 64;

const CONTEXT: &str = "nebulusdb 2026 statement of a member";

/// Over everything that a vote in a stability round says.
pub type VoteDigest = [u8; 32];

/// Something that a member says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberStatement {
    /// It can be dialled at these addresses, as of this time of its own clock (milliseconds since 1970).
    Addresses { named_ms: u64, addresses: Vec<String> },
    /// What the marks and collections of a stability round say is true of it.
    Vote { epoch: u64, round: u64, digest: VoteDigest },
    /// This is its head at this time of its own clock (milliseconds since 1970).
    Head { seq: u64, hash: ChainHash, at_ms: u64 },
}

/// A statement with its signature, which nobody has looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub peer: PeerId,
    pub statement: MemberStatement,
    pub signature: Bytes,
}

impl MemberStatement {
    /// What the signature of such a statement defends, as [`is_down`](crate::defence::is_down) knows it.
    pub fn defence(&self) -> &'static str {
        match self {
            MemberStatement::Addresses { .. } => "signatures of addresses",
            MemberStatement::Vote { .. } => "signatures of votes",
            MemberStatement::Head { .. } => "signatures of times",
        }
    }

    /// The bytes that `signer` signs. They name the network, so that what was said in one is worth nothing in another.
    pub fn message(&self, network: &str, signer: &PeerId) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        write(&mut hasher, network.as_bytes());
        write(&mut hasher, signer.as_str().as_bytes());
        match self {
            MemberStatement::Addresses { named_ms, addresses } => {
                hasher.update(&[0]).update(&named_ms.to_be_bytes());
                addresses.iter().for_each(|address| write(&mut hasher, address.as_bytes()));
            }
            MemberStatement::Vote { epoch, round, digest } => {
                hasher.update(&[1]).update(&epoch.to_be_bytes()).update(&round.to_be_bytes()).update(digest);
            }
            MemberStatement::Head { seq, hash, at_ms } => {
                hasher.update(&[2]).update(&seq.to_be_bytes()).update(hash).update(&at_ms.to_be_bytes());
            }
        }
        *hasher.finalize().as_bytes()
    }
}

/// With its length before it, so that two different lists never have the same bytes.
fn write(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_statement_counts() {
        let named = |named_ms, addresses: &[&str]| MemberStatement::Addresses {
            named_ms,
            addresses: addresses.iter().map(ToString::to_string).collect(),
        };
        let vote = |epoch, round, byte| MemberStatement::Vote { epoch, round, digest: [byte; 32] };
        let peer = PeerId::new("a");
        let mut messages: Vec<_> =
            [named(1, &["ab"]), named(2, &["ab"]), named(1, &["a", "b"]), vote(1, 2, 3), vote(2, 2, 3), vote(1, 1, 3)]
                .iter()
                .map(|statement| statement.message("n", &peer))
                .collect();
        let head = |seq, byte, at_ms| MemberStatement::Head { seq, hash: [byte; 32], at_ms };
        messages
            .extend([head(1, 2, 3), head(2, 2, 3), head(1, 1, 3), head(1, 2, 4)].map(|head| head.message("n", &peer)));
        messages.push(vote(1, 2, 4).message("n", &peer));
        messages.push(vote(1, 2, 3).message("m", &peer));
        messages.push(vote(1, 2, 3).message("n", &PeerId::new("b")));
        let count = messages.len();
        messages.sort_unstable();
        messages.dedup();
        assert_eq!(messages.len(), count);
    }
}

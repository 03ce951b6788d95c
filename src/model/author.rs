//! Certificates of authorship: what the key of one peer says of another one.
//!
//! Plain data. An author is a chain of keys: a node that goes on under a new key, and the devices of one person, are tied
//! together by certificates, one signed by each of the two keys. What they mean together is `merge`'s business
//! ([`merge::Authors`](crate::merge::Authors)).

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::clock::PeerId;
use crate::model::network::Bytes;

/// Most certificates of a network.
pub const CERTIFICATES_MAX: usize = 4096;
/// Keys of one author, and peers of which one key certifies anything, at most.
pub const AUTHOR_KEYS_MAX: usize = 64;

/// What one key says of another one. Of two by the same signer of the same subject the one with the greater number counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub signer: PeerId,
    pub subject: PeerId,
    /// 1 and the greatest that its signer had given this subject.
    pub number: u64,
    pub claim: Claim,
    pub signature: Bytes,
}

/// What a certificate claims. Two keys are tied while each claims something of the other that is not the end of it
/// ([`Claim::Unlinked`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// The subject is another device of the same person.
    Linked,
    /// The signer goes on as the subject. As far as the new key knew, the old one had posted so much by then; a copy of its
    /// directory may have posted more.
    SucceededBy { posted: u64 },
    /// The signer was the subject before.
    Succeeds,
    /// The subject has nothing to do with the signer any more. What either has done with what the other made counts on, up to
    /// the last deltas that the signer knew of while they were tied: its own, and the subject's.
    Unlinked { ours: u64, theirs: u64 },
}

impl Claim {
    /// Whether it ends a tie.
    pub fn is_end(&self) -> bool {
        matches!(self, Claim::Unlinked { .. })
    }

    /// Up to which deltas, of its signer and of its subject, each counts as the author of what the other made.
    pub fn lasts(&self) -> (u64, u64) {
        match *self {
            Claim::Unlinked { ours, theirs } => (ours, theirs),
            Claim::Linked | Claim::SucceededBy { .. } | Claim::Succeeds => (u64::MAX, u64::MAX),
        }
    }
}

pub(crate) fn bounded_certificates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Certificate>, D::Error> {
    crate::model::bounded::bounded::<D, Certificate, CERTIFICATES_MAX>(deserializer)
}

//! The charter of a network: who founded it, and what its owners have decreed since, each edict signed.
//!
//! Plain data. Which edicts are in force, and what two charters mean together, is `merge`'s business.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::author::Certificate;
use crate::model::clock::PeerId;
use crate::model::network::Bytes;
use crate::model::rights::{EntryRights, RightsEra};

/// Most edicts of a charter; what owners later in order decreed beyond it is in force nowhere.
pub const EDICTS_MAX: usize = 4096;
/// Peers that were ever removed from one network, at most, and edicts of an owner that whoever drops it may leave in force.
pub const REMOVED_MAX: usize = 4096;
/// Names of removed peers and of edicts that stay in force, in all edicts together: a few megabytes in memory, however short they
/// are on the wire.
pub const NAMED_MAX: usize = 65_536;
/// Peers that were ever owners of one network, at most.
pub const OWNERS_MAX: usize = 64;

/// What names an edict, or a certificate: the first half of the BLAKE3 hash of what was signed.
pub type EdictId = [u8; 16];

/// What a network's members hold of its owners' will: the founding, and edicts in order of signer and number. And what members
/// have certified of their keys, in order of signer and subject, which travels with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    pub founding: Founding,
    #[serde(deserialize_with = "bounded_edicts")]
    pub edicts: Vec<Edict>,
    #[serde(default, deserialize_with = "crate::model::author::bounded_certificates")]
    pub certificates: Vec<Certificate>,
}

impl Charter {
    /// One that says nothing yet.
    pub fn new(founding: Founding) -> Charter {
        Charter { founding, edicts: Vec::new(), certificates: Vec::new() }
    }
}

/// The first line of a charter, signed by whoever made the network. Two networks of one name and one founder differ by the
/// nonce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founding {
    pub founder: PeerId,
    pub nonce: [u8; 16],
    pub signature: Bytes,
}

/// One decision of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edict {
    /// 1 and the greatest that its signer had seen in the charter.
    pub number: u64,
    pub signer: PeerId,
    pub act: Act,
    pub signature: Bytes,
}

/// What an edict does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Makes a peer an owner.
    AddOwner { peer: PeerId },
    /// Takes ownership from a peer. Of what it decreed these edicts stay in force and no other, whatever comes to light later.
    /// Where an owner drops itself, what it decreed before stays.
    DropOwner {
        peer: PeerId,
        #[serde(deserialize_with = "bounded_ids")]
        keeps: Vec<EdictId>,
        /// The number of the last delta of that peer which counts as an owner's.
        #[serde(default)]
        posted: u64,
    },
    /// Its signer goes on under another key, with the same rank among owners.
    Succeed { peer: PeerId },
    /// Begins an epoch.
    Epoch {
        number: u64,
        /// Over the secret of the epoch, which travels apart ([`merge::commitment`](crate::merge::commitment)).
        commitment: [u8; 32],
        /// Peers that it shuts out for ever.
        #[serde(deserialize_with = "bounded_peers")]
        removed: Vec<PeerId>,
        /// Over all who were shut out as its signer knew, these among them: whoever is not may have been told the secret.
        known: EdictId,
    },
    /// Says who may change and delete entries of a collection that others made.
    Rights {
        /// Its name in the network.
        #[serde(deserialize_with = "bounded_name")]
        collection: String,
        rights: EntryRights,
        /// What its signer knows to have been posted before, by origin: the number of the last delta.
        #[serde(deserialize_with = "bounded_numbers")]
        before: Vec<(PeerId, u64)>,
    },
    /// Says whether a peer that has been silent for long is not waited for any more.
    Excuse { peer: PeerId, is_excused: bool },
    /// Of what a peer that is removed has certified, these certificates stay in force and no other, whatever comes to light later.
    Revoke {
        peer: PeerId,
        #[serde(deserialize_with = "bounded_ids")]
        keeps: Vec<EdictId>,
    },
}

impl Act {
    /// How many peers or edicts it lists.
    pub fn named(&self) -> usize {
        match self {
            Act::AddOwner { .. } | Act::Succeed { .. } | Act::Excuse { .. } => 0,
            Act::DropOwner { keeps, .. } | Act::Revoke { keeps, .. } => keeps.len(),
            Act::Epoch { removed, .. } => removed.len(),
            Act::Rights { before, .. } => before.len(),
        }
    }

    /// Whether anything of it outlives the epoch that it began.
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Act::Epoch { removed, .. } if removed.is_empty())
    }
}

/// What of a charter is told in a few bytes, so that peers see whether theirs differ; zeroes where there is none. The second
/// number is over certificates as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CharterDigest {
    pub founding: u64,
    pub edicts: u64,
}

/// What a charter says all in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Most senior first; those that were dropped are not among them.
    pub owners: Vec<PeerId>,
    /// In order.
    pub removed: Vec<PeerId>,
    /// Certificates of peers that were removed which stay in force, in order.
    pub kept: Vec<EdictId>,
    pub epoch: Option<PresentEpoch>,
    /// Peers that nobody waits for, in order.
    pub excused: Vec<PeerId>,
    /// What was said of the entries of collections, by their names in the network, in order.
    pub rights: BTreeMap<String, Vec<RightsEra>>,
    /// Everybody who was ever an owner, with the number of the last delta that counts as an owner's.
    pub rightful: BTreeMap<PeerId, u64>,
}

/// The epoch that all are to be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentEpoch {
    pub number: u64,
    pub commitment: [u8; 32],
    /// Whoever began it knew of everybody who is removed.
    pub is_aware: bool,
}

/// What became of a charter that a peer told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adoption {
    Known,
    News,
    /// It is that of another network of the same name, which this peer has founded.
    OtherFounder(PeerId),
    /// Something in it is not signed by whom it names; nothing was taken over.
    Forged(PeerId),
}

impl Standing {
    pub fn is_owner(&self, peer: &PeerId) -> bool {
        self.owners.contains(peer)
    }
}

fn bounded_edicts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Edict>, D::Error> {
    crate::model::bounded::bounded_by_weight::<D, Edict, EDICTS_MAX>(deserializer, |edict| edict.act.named(), NAMED_MAX)
}

/// Longest name of a collection that an edict may be about, in bytes.
const COLLECTION_BYTES_MAX: usize = 256;

fn bounded_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.len() > COLLECTION_BYTES_MAX {
        return Err(serde::de::Error::custom("the name of a collection is too long"));
    }
    Ok(name)
}

fn bounded_numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(PeerId, u64)>, D::Error> {
    crate::model::bounded::bounded::<D, (PeerId, u64), REMOVED_MAX>(deserializer)
}

fn bounded_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<EdictId>, D::Error> {
    crate::model::bounded::bounded::<D, EdictId, REMOVED_MAX>(deserializer)
}

fn bounded_peers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PeerId>, D::Error> {
    crate::model::bounded::bounded::<D, PeerId, REMOVED_MAX>(deserializer)
}

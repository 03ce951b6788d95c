//! Networks: named consortia of peers, the collections attached to them, and the delta, the unit that replicates.
//!
//! Plain data. What a node does with a network is `sync`'s business, what a delta does to an entry is `merge`'s and `db`'s.

use std::fmt;
use std::sync::Arc;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::charter::Charter;
use crate::model::clock::PeerId;
use crate::model::collection::CollectionId;

/// The number of a network on this node: part of keys, never used again. Shares the number space of collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NetworkId(pub u32);

/// A network as this node keeps it. Its keys lie apart, sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    pub id: NetworkId,
    /// The same on all members.
    pub name: String,
    /// Multiaddresses of members that are dialled first.
    pub bootstrap: Vec<String>,
    pub options: NetworkOptions,
    /// Goes up with every removal of a peer and every new secret; the key belongs to it.
    pub epoch: u64,
    /// Peers that may not take part any more, as the charter says.
    pub removed: Vec<PeerId>,
    pub attachments: Vec<Attachment>,
    /// LEAVE has begun: it goes as soon as its collections are detached.
    #[serde(default)]
    pub leaving: bool,
    /// One drop may be as large as it is: somebody has allowed it here.
    #[serde(default)]
    pub drop_allowed: bool,
    /// What its owners have decreed; nothing before a node that has joined was told by a member.
    #[serde(default)]
    pub charter: Option<Charter>,
    /// Who must have founded it, where the statement that joined it named somebody.
    #[serde(default)]
    pub founder: Option<PeerId>,
}

/// The options of a network: `NetworkConfig` of the specification, and the limits of what it may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkOptions {
    /// Milliseconds between two looks at what is staged. SYNC does not wait for it.
    pub sync_interval_ms: u64,
    /// Entries whose fact `classification` is one of these are staged when they are written.
    pub auto_post_classifications: Vec<String>,
    /// Without it, every commit to an attached collection is posted at once.
    pub private_by_default: bool,
    /// A KNIRVGRAPH endpoint that staged entries are posted to, in place of peers.
    pub posting_url: Option<String>,
    pub replication: Replication,
    /// Copies of an entry in the network, where this node's replication is partial.
    pub replication_factor: u32,
    /// Where this node's replication is partial, it keeps what it has written itself beyond its share.
    pub keep_own: bool,
    /// Looks for members on the local network by multicast DNS.
    pub mdns: bool,
    /// Bytes of the delta log beyond which its oldest part is dropped.
    pub log_bytes_max: u64,
    /// Seconds after which deltas leave the log.
    pub log_age_max_s: u64,
    /// How far stamps may run ahead of the clock here before they wait.
    pub max_clock_drift_ms: u64,
    /// Messages a second that one peer may send in this network.
    pub messages_per_second_max: u32,
    /// Seconds after which a silent member is told of, so that an owner may excuse it.
    pub stability_timeout_s: u64,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        NetworkOptions {
            sync_interval_ms: 1_000,
            auto_post_classifications: Vec::new(),
            private_by_default: true,
            posting_url: None,
            replication: Replication::Full,
            replication_factor: 3,
            keep_own: true,
            mdns: false,
            log_bytes_max: 256 * 1024 * 1024,
            log_age_max_s: 7 * 24 * 3600,
            max_clock_drift_ms: 5 * 60 * 1000,
            messages_per_second_max: 10_000,
            stability_timeout_s: 30 * 24 * 3600,
        }
    }
}

/// Which posted entries this node holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replication {
    /// All of them.
    #[default]
    Full,
    /// Its share, so that each entry has [`NetworkOptions::replication_factor`] copies; others are fetched when they are read.
    Partial,
}

impl NetworkOptions {
    /// Copies of each entry, of which this node holds its share; `None` where it holds all entries.
    pub fn copies(&self) -> Option<u32> {
        match self.replication {
            Replication::Full => None,
            Replication::Partial => Some(self.replication_factor),
        }
    }
}

/// A collection that takes part in a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub collection: CollectionId,
    /// The collection's name in the network: that of the moment of ATTACH.
    pub shared_name: String,
    /// Overrides the network's option.
    pub private_by_default: Option<bool>,
    /// DETACH has begun: nothing goes out or comes in, entries are being taken back into privacy.
    pub detaching: bool,
    /// ATTACH has begun: what the log holds of it is being applied, and until then nobody is told of it, since whoever compared
    /// entries would take what is missing here for collected.
    #[serde(default)]
    pub attaching: bool,
    /// Something of it was posted, here or elsewhere, and its shape is that of the network. Before, nobody is told of it.
    #[serde(default = "yes")]
    pub is_announced: bool,
    /// Others have posted entries of it, and its shape in the network is not known here yet.
    #[serde(default)]
    pub awaits_shape: bool,
    /// Its shape here is not that of the network: nothing is taken or posted.
    #[serde(default)]
    pub halted: Option<Halt>,
}

/// Attachments of before were told of at once.
fn yes() -> bool {
    true
}

/// Why a collection has stopped taking part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Whose shape is the network's.
    pub peer: PeerId,
    /// For people; names both shapes.
    pub reason: String,
}

impl Attachment {
    /// Whether peers are told of the collection and may compare its entries.
    pub fn is_shown(&self) -> bool {
        !self.attaching && self.takes()
    }

    /// Whether what members posted reaches the collection.
    pub fn takes(&self) -> bool {
        !self.detaching && self.is_announced && self.halted.is_none()
    }

    /// Whether entries of it are posted.
    pub fn posts(&self) -> bool {
        !self.detaching && self.halted.is_none() && (self.is_announced || !self.awaits_shape)
    }
}

impl Network {
    pub fn attachment(&self, collection: CollectionId) -> Option<&Attachment> {
        self.attachments.iter().find(|attachment| attachment.collection == collection)
    }

    /// The attachment of a collection by its name in the network.
    pub fn attachment_named(&self, shared_name: &str) -> Option<&Attachment> {
        self.attachments.iter().find(|attachment| attachment.shared_name == shared_name)
    }

    /// Whether every commit to this attached collection is posted at once.
    pub fn posts_at_once(&self, attachment: &Attachment) -> bool {
        !attachment.private_by_default.unwrap_or(self.options.private_by_default)
    }
}

/// How far the deltas of one origin have come: the sequence number of the last one and the hash of the chain up to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    pub origin: PeerId,
    /// Deltas are numbered from 1 by (origin, network), without gaps; 0 means none.
    pub seq: u64,
    pub hash: ChainHash,
    /// The origin's Ed25519 signature over network, number and hash; empty where `seq` is 0.
    pub signature: Bytes,
}

/// What a comparison with a peer has come to: everything up to these heads is here, but for what is partial.
#[derive(Clone, Debug, Default)]
pub struct HeadAdoption {
    pub heads: Vec<Head>,
    /// Of the collections that were known, those of which something up to the heads may be lacking; by their shared names.
    pub partial: Vec<String>,
    /// Collections that were known to be attached. One that has been attached since is partial as soon as a head moves.
    pub known: Vec<String>,
}

/// What became of an [`HeadAdoption`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdoptedHeads {
    pub heads: Vec<Head>,
    /// Attached collections of which something up to the heads may be lacking.
    pub partial: Vec<String>,
}

/// BLAKE3 over a delta and the hash before it: two different deltas with one number are a fork that cannot be hidden.
pub type ChainHash = [u8; 32];

/// One change of one entry on its way: what `store` encodes as its body, its number, and for the last delta of a posting
/// the origin's signature over the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    pub seq: u64,
    /// On the last delta of a posting the hash of the chain up to it and the origin's Ed25519 signature, 32 and 64 bytes;
    /// `None` on those before it, which apply together with it or not at all.
    pub signature: Option<Bytes>,
    /// Collection, key and changed fields with their stamps.
    pub body: Bytes,
}

impl Delta {
    /// Bytes that the delta takes in memory and on the wire, about.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.signature.as_ref().map_or(0, |signature| signature.len()) + 16
    }
}

/// Consecutive deltas of one origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub origin: PeerId,
    pub deltas: Vec<Delta>,
}

impl Run {
    pub fn bytes(&self) -> usize {
        self.deltas.iter().map(Delta::bytes).sum()
    }
}

/// Shared bytes that serde writes as bytes, not one by one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bytes(Arc<[u8]>);

impl Bytes {
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Bytes(bytes.into())
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    /// Never the bytes themselves: they may be somebody's facts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

struct BytesVisitor;

/// Bytes set aside before any has been read: a length that came from outside reserves no more.
const RESERVED_BYTES_MAX: usize = 4096;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes::new(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Bytes, A::Error> {
        let mut bytes = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(RESERVED_BYTES_MAX));
        while let Some(byte) = sequence.next_element()? {
            bytes.push(byte);
        }
        Ok(Bytes::new(bytes))
    }
}

impl Serialize for PeerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Longest text of a peer id, in bytes: that of an Ed25519 key has 52.
const PEER_ID_BYTES_MAX: usize = 128;

impl<'de> Deserialize<'de> for PeerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || text.len() > PEER_ID_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(D::Error::custom("a peer id is base58 text"));
        }
        Ok(PeerId::new(text))
    }
}

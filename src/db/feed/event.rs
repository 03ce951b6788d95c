//! What the change feed tells of: commits with the entries that they changed and the messages that they sent, and what
//! happens in networks.
//!
//! Keys are kept as the store has them and written out by whoever listens, so that the committer does next to nothing. No
//! event holds a value of an entry; of AUTH entries it holds the names.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::error::Result;
use crate::model::{Collection, Notification, PAYLOAD_BYTES_END, PeerId};
use crate::store::decode_key_part;

/// Bytes that an event takes besides its texts and keys, by estimate.
const EVENT_BYTES: usize = 256;
/// Bytes that a changed entry or a collection takes besides its texts, by estimate.
const PART_BYTES: usize = 96;

/// What listeners are told.
#[derive(Debug)]
pub enum FeedEvent {
    Commit(CommitEvent),
    Network(NetworkEvent),
}

/// A commit that changed entries somebody listens to, or sent messages.
#[derive(Debug)]
pub struct CommitEvent {
    /// Number of the commit; one that only sent messages has none of its own.
    pub version: u64,
    pub changes: Vec<CollectionChange>,
    /// What NOTIFY and `pg_notify` sent in it, in their order.
    pub notifications: Arc<[Notification]>,
}

/// The entries of one collection that a commit changed.
#[derive(Debug)]
pub struct CollectionChange {
    pub collection: Arc<Collection>,
    /// Empty where there are too many.
    pub entries: Vec<ChangedEntry>,
    pub count: usize,
}

/// An entry that a commit changed, as a reader here sees it.
#[derive(Debug)]
pub struct ChangedEntry {
    pub operation: EntryOperation,
    pub(crate) key: Box<[u8]>,
    /// Where it came from; `None` for a transaction of this node.
    pub source: Option<ChangeSource>,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryOperation {
    Insert,
    Update,
    Delete,
}

/// Who wrote an entry that came through a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSource {
    pub network: Arc<str>,
    /// `None` where that is not known any more: an entry is gone, and what was known of its end too.
    pub peer: Option<PeerId>,
}

/// Something that happened in a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkEvent {
    pub network: String,
    pub happened: Happened,
}

/// What happened in a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// This node takes part in it now.
    Joined,
    /// This node has left it, or is leaving it.
    Left,
    /// A collection takes part in it now.
    CollectionAdded(String),
    CollectionRemoved(String),
    /// A peer was found on the local network, or named by a member.
    PeerDiscovered(PeerId),
    PeerConnected(PeerId),
    PeerDisconnected(PeerId),
    /// This many entries of this node were posted.
    Posted(u64),
    /// This many entries were received, from one peer where that is known.
    Received(Option<PeerId>, u64),
}

impl EntryOperation {
    /// What became of an entry that lived before, and lives after; `None` where it did neither.
    pub(crate) fn between(lived: bool, lives: bool) -> Option<EntryOperation> {
        match (lived, lives) {
            (false, true) => Some(EntryOperation::Insert),
            (true, true) => Some(EntryOperation::Update),
            (true, false) => Some(EntryOperation::Delete),
            (false, false) => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            EntryOperation::Insert => "insert",
            EntryOperation::Update => "update",
            EntryOperation::Delete => "delete",
        }
    }
}

impl FeedEvent {
    /// Bytes of memory that it takes, by estimate.
    pub(crate) fn bytes(&self) -> usize {
        EVENT_BYTES
            + match self {
                FeedEvent::Commit(commit) => commit.bytes(),
                FeedEvent::Network(_) => 0,
            }
    }
}

impl CommitEvent {
    fn bytes(&self) -> usize {
        let messages = self.notifications.iter().map(Notification::bytes);
        let keys = self.changes.iter().flat_map(|change| &change.entries).map(|entry| PART_BYTES + entry.key.len());
        messages.sum::<usize>() + keys.sum::<usize>() + self.changes.len() * PART_BYTES
    }
}

impl CollectionChange {
    /// What tells how many they are.
    pub fn count_payload(&self) -> String {
        json!({ "collection": self.collection.name, "changed": self.count }).to_string()
    }

    /// What tells of the entries, one text for each; or one text with their number where there are too many.
    ///
    /// # Errors
    /// XX001 for a key that cannot be read.
    pub fn payloads(&self) -> Result<Vec<String>> {
        if self.entries.is_empty() {
            return Ok(vec![self.count_payload()]);
        }
        self.entries.iter().map(|entry| entry.payload(&self.collection)).collect()
    }
}

impl ChangedEntry {
    fn payload(&self, collection: &Collection) -> Result<String> {
        let (origin, network) = match &self.source {
            None => (Some("local"), None),
            Some(source) => (source.peer.as_ref().map(PeerId::as_str), Some(&*source.network)),
        };
        let told = |key: Json| {
            json!({
                "collection": collection.name, "operation": self.operation.name(), "key": key, "origin": origin,
                "network": network,
            })
            .to_string()
        };
        let payload = told(self.key_of(collection)?);
        // A key that does not fit is left out: whoever listens looks for what has changed.
        Ok(if payload.len() < PAYLOAD_BYTES_END { payload } else { told(Json::Null) })
    }

    /// The primary key as text; a list where it has several columns.
    fn key_of(&self, collection: &Collection) -> Result<Json> {
        let parts = collection.key_types();
        let text = |(position, ty)| Ok(Json::String(decode_key_part(&self.key, position, ty)?.to_text()));
        let mut texts = parts.iter().enumerate().map(text).collect::<Result<Vec<Json>>>()?;
        Ok(if texts.len() == 1 { texts.swap_remove(0) } else { Json::Array(texts) })
    }
}

impl NetworkEvent {
    /// What tells of it.
    pub fn payload(&self) -> String {
        let mut told = Map::new();
        let (event, part) = match &self.happened {
            Happened::Joined => ("network:joined", None),
            Happened::Left => ("network:left", None),
            Happened::CollectionAdded(name) => ("collection:added", Some(("collection", json!(name)))),
            Happened::CollectionRemoved(name) => ("collection:removed", Some(("collection", json!(name)))),
            Happened::PeerDiscovered(peer) => ("peer:discovered", Some(("peer", json!(peer.as_str())))),
            Happened::PeerConnected(peer) => ("peer:connected", Some(("peer", json!(peer.as_str())))),
            Happened::PeerDisconnected(peer) => ("peer:disconnected", Some(("peer", json!(peer.as_str())))),
            Happened::Posted(count) => ("entries:posted", Some(("entries", json!(count)))),
            Happened::Received(_, count) => ("entries:received", Some(("entries", json!(count)))),
        };
        told.insert("event".to_string(), json!(event));
        told.insert("network".to_string(), json!(self.network));
        if let Happened::Received(peer, _) = &self.happened {
            told.insert("peer".to_string(), json!(peer.as_ref().map(PeerId::as_str)));
        }
        told.extend(part.map(|(name, value)| (name.to_string(), value)));
        Json::Object(told).to_string()
    }
}

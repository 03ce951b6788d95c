//! What the sync task shows of itself, and what others ask of it: the seam between a database and its peers.
//!
//! `sync` publishes a [`SyncStatus`] now and then, and takes [`SyncCommand`]s from a bounded channel. Where no sync task
//! runs, the status is empty and commands answer that networks are off.

use tokio::sync::oneshot;

use crate::error::{Error, Notice, Result};
use crate::model::{Bytes, ListingPage, ListingPlace, NetworkId, PeerId};
use crate::store::BlobHash;

/// Commands that wait for the sync task, at most; senders wait beyond that.
pub const SYNC_COMMANDS_MAX: usize = 64;

/// Entries that are fetched from a member at a time.
pub const FETCH_KEYS_MAX: usize = 64;

/// Tells the keys of entries that no member holds.
pub type NowhereReply = oneshot::Sender<Result<Vec<Bytes>>>;

/// Tells the next keys of a listing.
pub type ListingReply = oneshot::Sender<Result<ListingPage>>;

/// What the sync task is asked to do.
#[derive(Debug)]
pub enum SyncCommand {
    /// Posts what is staged and exchanges deltas with all connected members, of one network or of all.
    Sync { network: Option<NetworkId>, reply: oneshot::Sender<Result<SyncReport>> },
    /// Brings a blob from a member of the network of its collection into the local blob store.
    FetchBlob { network: NetworkId, hash: BlobHash, size: Option<u64>, reply: oneshot::Sender<Result<()>> },
    /// Brings what there is of entries with these encoded keys from members that hold them into the database; the keys of
    /// those that there are not. The collection by its shared name.
    FetchEntries {
        network: NetworkId,
        collection: String,
        keys: Vec<Bytes>,
        /// Who is asked first.
        holder: Option<PeerId>,
        reply: NowhereReply,
    },
    /// Asks members, one after the other, for the keys of what they hold of a collection and this node does not.
    ListKeys { network: NetworkId, collection: String, place: ListingPlace, reply: ListingReply },
}

impl SyncCommand {
    /// Answers that it will not be done. Whoever asked may have gone.
    pub fn fail(self, error: Error) {
        match self {
            SyncCommand::Sync { reply, .. } => drop(reply.send(Err(error))),
            SyncCommand::FetchBlob { reply, .. } => drop(reply.send(Err(error))),
            SyncCommand::FetchEntries { reply, .. } => drop(reply.send(Err(error))),
            SyncCommand::ListKeys { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}

/// What a SYNC did.
#[derive(Clone, Debug, Default)]
pub struct SyncReport {
    pub networks: u64,
    /// Deltas posted by this SYNC.
    pub posted: u64,
    /// Connected members that were asked and have answered.
    pub peers: u64,
    /// Deltas received while it ran.
    pub received: u64,
    /// What whoever asked should know: nobody is connected, an endpoint refused something.
    pub notices: Vec<Notice>,
}

impl SyncReport {
    /// What there was to do for a node that is in no network.
    pub fn of_no_network() -> Self {
        SyncReport { notices: vec![Notice::new("this node is in no network")], ..SyncReport::default() }
    }
}

/// The node as peers see it, its networks and its peers, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncStatus {
    pub running: bool,
    /// Multiaddresses, each with this node's peer id, that peers can dial.
    pub addresses: Vec<String>,
    pub networks: Vec<NetworkStatus>,
    pub peers: Vec<PeerStatus>,
    /// Peers that speak another version of the protocol.
    pub refused: Vec<RefusedPeer>,
}

/// A peer that is not spoken with.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedPeer {
    /// Those that it is a member of or was dialled for; none where it came by itself: which it means it could not say.
    pub networks: Vec<NetworkId>,
    pub peer_id: PeerId,
    pub addresses: Vec<String>,
    /// Its version, ours, and what to do, for people.
    pub reason: String,
}

/// One network: `NetworkStats` of the specification and more.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkStatus {
    pub network: NetworkId,
    pub connected_peers: u64,
    /// Members that were ever met and not removed, this node among them.
    pub total_peers: u64,
    pub deltas_sent: u64,
    pub deltas_received: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub messages_sent: u64,
    pub messages_received: u64,
    /// Milliseconds; `None` before the first measurement.
    pub average_latency_ms: Option<f64>,
    /// Milliseconds since 1970 of the last exchange that ended with both sides equal.
    pub last_sync_ms: Option<u64>,
    pub sync_in_progress: bool,
    /// Of the last thing that went wrong, for people.
    pub last_error: Option<String>,
    pub quarantine: Vec<Quarantined>,
    /// Columns that differ between members and therefore wait, for people.
    pub schema_conflicts: Vec<String>,
    /// What is wrong with the clock here or those of members, for people.
    pub clock_trouble: Option<String>,
}

/// A peer in one network.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerStatus {
    pub network: NetworkId,
    pub peer_id: PeerId,
    pub addresses: Vec<String>,
    pub connected: bool,
    pub latency_ms: Option<f64>,
    /// Milliseconds since 1970.
    pub last_seen_ms: Option<u64>,
    /// When it last signed how far it had come: milliseconds since 1970, by its own clock.
    pub signed_ms: Option<u64>,
    pub collections: Vec<String>,
    /// Deltas that this node has and the peer has not acknowledged.
    pub behind_deltas: u64,
    /// Age in milliseconds of the oldest of them.
    pub behind_ms: u64,
    /// Deltas that the peer has announced and this node has not applied.
    pub ahead_deltas: u64,
    /// Until when (milliseconds since 1970) nothing is taken from it.
    pub banned_until_ms: Option<u64>,
}

/// Deltas that wait or were set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    pub origin: PeerId,
    pub seq: u64,
    /// Why, in words; never a value of the entry.
    pub reason: String,
    /// When (milliseconds since 1970) it is looked at again; `None` for never.
    pub due_ms: Option<u64>,
}

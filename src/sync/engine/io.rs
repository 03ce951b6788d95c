//! What goes into an engine and what comes out of it: the seam to whoever drives it.
//!
//! A driver (the task that owns the swarm, or the simulator) hands each [`EngineInput`] to the engine of its network and carries
//! out the [`EngineAction`]s: it sends messages, has each [`PendingRequest`] answered by the database and brings back the reply, and
//! logs events. Nothing here knows of a database, a socket or a clock.

use std::borrow::Cow;

use crate::error::Result;
pub use crate::model::Member;
use crate::model::{
    Bytes, CharterDigest, Head, ListingPage, ListingPlace, NetworkId, NetworkOptions, PeerId, Placement,
};
pub use crate::sync::engine::event::EngineEvent;
use crate::sync::engine::limits::Tuning;
pub use crate::sync::engine::requests::{CompletedRequest, PendingRequest};
use crate::sync::protocol::message::{ClaimedShape, CollectionSchema, Message};

/// What an engine has to know of its network; given anew when any of it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineConfig {
    /// This node.
    pub this: PeerId,
    pub network: NetworkId,
    pub options: NetworkOptions,
    pub epoch: u64,
    /// Peers that may not take part any more.
    pub removed: Vec<PeerId>,
    /// This node is an owner of the network.
    pub is_owner: bool,
    /// Everybody who ever was one: what they say of shapes goes first.
    pub owners: Vec<PeerId>,
    /// Over the charter, which says the above.
    pub charter: CharterDigest,
    /// Members whose votes are not waited for in stability rounds, because they have been away for too long.
    pub excused: Vec<PeerId>,
    /// A founder was named when this node joined, and no charter of that founder has come yet: nothing is taken from anybody.
    pub awaits_founder: bool,
    /// Attached collections.
    pub collections: Vec<CollectionSchema>,
    /// What is known of the shapes of the network's collections, in order of name.
    pub shapes: Vec<ClaimedShape>,
    /// Attached collections, by shared name, of which deltas may be missing that the heads cover: attached when the log
    /// did not reach back any more, or not held by the peer whose heads were adopted.
    pub partial: Vec<String>,
    /// How collections were last spread over the members.
    pub placement: Placement,
    /// This node has got another peer id and has not been compared with a member since: it may hold entries that were deleted
    /// while its directory slept, and whose tombstones are gone.
    pub is_returning: bool,
    pub tuning: Tuning,
    /// All randomness of the engine comes from it.
    pub seed: u64,
}

/// Something that happened.
#[derive(Debug)]
pub enum EngineInput {
    /// The time of [`Engine::next_tick_ms`](crate::sync::engine::engine::Engine::next_tick_ms) has come.
    Tick,
    /// Both sides have proved the key of `epoch`.
    PeerUp {
        peer: PeerId,
        epoch: u64,
        addresses: Vec<String>,
    },
    PeerDown {
        peer: PeerId,
    },
    /// The addresses under which other nodes can dial this one.
    Addresses {
        addresses: Vec<String>,
    },
    Received {
        peer: PeerId,
        message: Message,
        bytes: usize,
    },
    /// The peer sent bytes that are no message.
    Malformed {
        peer: PeerId,
    },
    /// A message has left with this many bytes, for the statistics.
    Sent {
        peer: PeerId,
        bytes: usize,
    },
    /// Something else than the engine's own work moved heads in the database.
    HeadsMoved {
        heads: Vec<Head>,
    },
    /// Something was staged: it is posted when the interval since the last posting is over.
    Staged,
    /// Options, epoch, removed peers or attachments have changed.
    Reconfigured(Box<EngineConfig>),
    /// SYNC was asked for; exactly one [`EngineAction::SyncDone`] with the same number follows.
    SyncRequested {
        number: u64,
    },
    /// Entries are read that are not here; exactly one [`EngineAction::FetchDone`] with the same number follows.
    FetchRequested {
        number: u64,
        /// The shared name.
        collection: String,
        /// Encoded primary keys, at most [`FETCH_KEYS_MAX`](crate::sync::protocol::message::FETCH_KEYS_MAX).
        keys: Vec<Bytes>,
        /// Who is asked first.
        holder: Option<PeerId>,
    },
    /// All of a collection is to be read; exactly one [`EngineAction::KeysListed`] with the same number follows.
    KeysRequested {
        number: u64,
        /// The shared name.
        collection: String,
        place: ListingPlace,
    },
    /// Completes an [`EngineAction::Request`].
    Done(CompletedRequest),
}

/// Something to do.
#[derive(Debug)]
pub enum EngineAction {
    Send {
        peer: PeerId,
        message: Message,
    },
    /// A request of the database; exactly one [`EngineInput::Done`] of it must follow.
    Request(PendingRequest),
    /// Ends the session with a peer; until `until_ms` (milliseconds since 1970) no new one is made with it.
    Disconnect {
        peer: PeerId,
        until_ms: u64,
        reason: &'static str,
    },
    SyncDone {
        number: u64,
        report: ExchangeReport,
    },
    /// What there is of the entries asked for has come; the keys of those that there are not.
    FetchDone {
        number: u64,
        result: Result<Vec<Bytes>>,
    },
    /// The next keys of entries that other members hold and this node need not.
    KeysListed {
        number: u64,
        result: Result<ListingPage>,
    },
    /// This node has a new peer id: the swarm has to start again under it, with new engines.
    Renewed {
        peer: PeerId,
    },
    Event(EngineEvent),
}

/// What a SYNC did in one network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExchangeReport {
    /// Deltas posted.
    pub posted: u64,
    /// Connected members that have answered.
    pub peers: u64,
    /// Deltas applied while it ran.
    pub received: u64,
}

/// One network at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineStatus {
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
    /// For people; no byte of an entry.
    pub last_error: Option<String>,
    pub waits: Vec<EngineWait>,
    /// Differences between declared columns, for people.
    pub schema_conflicts: Vec<String>,
    /// What is wrong with the clock here or those of members, for people.
    pub clock_trouble: Option<String>,
    pub peers: Vec<EnginePeer>,
}

/// An origin whose deltas are not taken for now, or whose columns differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineWait {
    pub origin: PeerId,
    /// The first delta that waits; 0 where columns differ.
    pub seq: u64,
    pub reason: Cow<'static, str>,
    /// When (milliseconds since 1970) it is looked at again; `None` where that depends on others.
    pub due_ms: Option<u64>,
}

/// A member other than this node.
#[derive(Clone, Debug, PartialEq)]
pub struct EnginePeer {
    pub peer: PeerId,
    pub addresses: Vec<String>,
    pub connected: bool,
    pub latency_ms: Option<f64>,
    /// Milliseconds since 1970.
    pub last_seen_ms: Option<u64>,
    /// When the member last signed how far it had come, whoever told of it: milliseconds since 1970, by its own clock.
    pub signed_ms: Option<u64>,
    pub collections: Vec<String>,
    /// Deltas that this node has and the peer has not acknowledged, and the age of the oldest of them in milliseconds.
    pub behind_deltas: u64,
    pub behind_ms: u64,
    /// Deltas that the peer has announced and this node has not applied.
    pub ahead_deltas: u64,
    /// Milliseconds since 1970.
    pub banned_until_ms: Option<u64>,
}

//! What members say to each other in a network: the messages of the specification, and what members, epochs and
//! reconciliation need besides.
//!
//! Plain data with limits on every count. Messages travel between peers that have proved the network's key, in order for
//! each (peer, network) and sealed; how they become bytes is `encoding`'s business, what they do is the engine's. Nothing
//! here holds a byte of a private state: bodies come from the delta log and from public states alone.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::model::{Bytes, Charter, CharterDigest, Head, HeadTime, PeerId, Run};
use crate::sync::protocol::bounded_seq::{bounded, bounded_runs, bounded_schemas};
pub use crate::sync::protocol::state_message::{
    Digests, FetchAnswer, FetchRequest, FetchResponse, KeysRequest, KeysResponse, ReconcileAnswer, ReconcileAsk,
    ReconcileRequest, ReconcileResponse, WireDigest,
};
use crate::sync::protocol::statement::VoteDigest;

/// Longest frame of a message, in bytes. A message with a larger delta or entry goes in several.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest message put together from frames, in bytes: one delta or entry of greatest size, with room.
pub const ASSEMBLED_BYTES_MAX: usize = 40 * 1024 * 1024;
/// Largest body of a delta or entry that can travel, in bytes.
pub const BODY_BYTES_MAX: usize = 36 * 1024 * 1024;
/// Bytes of deltas or entries after which a response is full.
pub const SYNC_BATCH_BYTES: usize = 1024 * 1024;
/// Most heads in one heartbeat; more go in several.
pub const HEADS_MAX: usize = 1024;
/// Most heads of a view.
pub const VIEW_HEADS_MAX: usize = 65_536;
/// Most origins asked for in one request.
pub const WANTS_MAX: usize = 64;
/// Most runs in one response.
pub const RUNS_MAX: usize = 64;
/// Most deltas in one run of a message.
pub const RUN_DELTAS_MAX: usize = 16_384;
/// Most deltas of all runs of a message: 4 MiB of them in memory besides their bodies.
pub const DELTAS_PER_MESSAGE_MAX: usize = 65_536;
/// Most members in one message.
pub const MEMBERS_PER_MESSAGE_MAX: usize = 256;
/// Most heads with their times in one message; more go in several.
pub const HEAD_TIMES_MAX: usize = 256;
/// Most addresses told of one member.
pub const ADDRESSES_MAX: usize = 16;
/// Longest address, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 256;
/// Most collections that take part in a network.
pub const COLLECTIONS_MAX: usize = 256;
/// Longest name of a collection, column or type, in bytes.
pub const NAME_BYTES_MAX: usize = 256;
/// Most columns of a collection.
pub const COLUMNS_MAX: usize = crate::types::limits::COLUMNS_MAX;
/// Most columns of all collections in one message: 4 MiB of them in memory besides their names.
pub const COLUMNS_PER_MESSAGE_MAX: usize = 65_536;
/// Most origins in the marks of a stability round.
pub const MARKS_MAX: usize = 65_536;
/// Most members of a network, and bits of a stability round.
pub const NETWORK_MEMBERS_MAX: usize = 16_384;
/// Most votes of a stability round in one message: 66 KiB, so that the votes of a thousand members are one.
pub const VOTES_PER_MESSAGE_MAX: usize = 1024;
/// Most nodes of the fingerprint tree in one request.
pub const TREE_NODES_MAX: usize = 1024;
/// Children of a node of the fingerprint tree.
pub const TREE_FANOUT: usize = 16;
/// Most fingerprints in one answer.
pub const TREE_CHILDREN_MAX: usize = TREE_NODES_MAX * TREE_FANOUT;
/// Levels above the buckets: 16^4 = 65,536.
pub const TREE_DEPTH: u8 = 4;
/// Most digests in one answer.
pub const DIGESTS_MAX: usize = 8_192;
/// Most origins in one clock.
pub const CLOCK_MAX: usize = 4096;
/// Most parts of all clocks in one answer: 4 MiB of them in memory.
pub const CLOCK_PAIRS_MAX: usize = 262_144;
/// Most entries in one request by hash, and in one answer.
pub const ENTRIES_MAX: usize = 8192;
/// Most postings that prove the entries of one message.
pub const POSTINGS_MAX: usize = 65_536;
/// Most keys in one request for entries that a member does not hold.
pub const FETCH_KEYS_MAX: usize = crate::db::FETCH_KEYS_MAX;
/// Most keys in one page of a listing.
pub const KEYS_MAX: usize = 16_384;
/// Most short names of peers that a push has gone to.
pub const PUSHED_MAX: usize = 16;
/// Bytes of the signature of a head, and of what the end of a posting says, without and with a hash tree.
pub const HEAD_SIGNATURE_BYTES: usize = 64;
pub const END_SIGNATURE_BYTES: [usize; 2] = crate::merge::PostingEnd::BYTES;
/// Longest secret of an epoch, in bytes.
pub const SECRET_BYTES_MAX: usize = 1024;

/// Over the applied heads of a node ([`head_digest`]); equal where two nodes hold the same.
pub type HeadsDigest = [u8; 16];
/// One message between two members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    SyncRequest(SyncRequest),
    SyncResponse(SyncResponse),
    Operation(Operation),
    Heartbeat(Heartbeat),
    CollectionAnnounce(CollectionAnnounce),
    CollectionRequest,
    Members(Members),
    Stability(Stability),
    Epoch(EpochNews),
    ReconcileRequest(ReconcileRequest),
    ReconcileResponse(ReconcileResponse),
    FetchRequest(FetchRequest),
    FetchResponse(FetchResponse),
    KeysRequest(KeysRequest),
    KeysResponse(KeysResponse),
    Votes(Votes),
    HeadTimes(HeadTimes),
}

/// The kind of a message, for metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageType {
    SyncRequest,
    SyncResponse,
    Operation,
    Heartbeat,
    CollectionAnnounce,
    CollectionRequest,
    Members,
    Stability,
    Epoch,
    ReconcileRequest,
    ReconcileResponse,
    FetchRequest,
    FetchResponse,
    KeysRequest,
    KeysResponse,
    Votes,
    HeadTimes,
}

impl MessageType {
    pub const ALL: [MessageType; 17] = [
        MessageType::SyncRequest,
        MessageType::SyncResponse,
        MessageType::Operation,
        MessageType::Heartbeat,
        MessageType::CollectionAnnounce,
        MessageType::CollectionRequest,
        MessageType::Members,
        MessageType::Stability,
        MessageType::Epoch,
        MessageType::ReconcileRequest,
        MessageType::ReconcileResponse,
        MessageType::FetchRequest,
        MessageType::FetchResponse,
        MessageType::KeysRequest,
        MessageType::KeysResponse,
        MessageType::Votes,
        MessageType::HeadTimes,
    ];

    /// The name in the specification's form.
    pub fn name(self) -> &'static str {
        match self {
            MessageType::SyncRequest => "sync_request",
            MessageType::SyncResponse => "sync_response",
            MessageType::Operation => "operation",
            MessageType::Heartbeat => "heartbeat",
            MessageType::CollectionAnnounce => "collection_announce",
            MessageType::CollectionRequest => "collection_request",
            MessageType::Members => "members",
            MessageType::Stability => "stability",
            MessageType::Epoch => "epoch",
            MessageType::ReconcileRequest => "reconcile_request",
            MessageType::ReconcileResponse => "reconcile_response",
            MessageType::FetchRequest => "fetch_request",
            MessageType::FetchResponse => "fetch_response",
            MessageType::KeysRequest => "keys_request",
            MessageType::KeysResponse => "keys_response",
            MessageType::Votes => "votes",
            MessageType::HeadTimes => "head_times",
        }
    }
}

impl Message {
    /// How many deltas it carries.
    pub fn deltas(&self) -> u64 {
        let runs = match self {
            Message::SyncResponse(response) => &response.runs,
            Message::Operation(operation) => &operation.runs,
            _ => return 0,
        };
        runs.iter().map(|run| run.deltas.len() as u64).sum()
    }

    pub fn message_type(&self) -> MessageType {
        match self {
            Message::SyncRequest(_) => MessageType::SyncRequest,
            Message::SyncResponse(_) => MessageType::SyncResponse,
            Message::Operation(_) => MessageType::Operation,
            Message::Heartbeat(_) => MessageType::Heartbeat,
            Message::CollectionAnnounce(_) => MessageType::CollectionAnnounce,
            Message::CollectionRequest => MessageType::CollectionRequest,
            Message::Members(_) => MessageType::Members,
            Message::Stability(_) => MessageType::Stability,
            Message::Epoch(_) => MessageType::Epoch,
            Message::ReconcileRequest(_) => MessageType::ReconcileRequest,
            Message::ReconcileResponse(_) => MessageType::ReconcileResponse,
            Message::FetchRequest(_) => MessageType::FetchRequest,
            Message::FetchResponse(_) => MessageType::FetchResponse,
            Message::KeysRequest(_) => MessageType::KeysRequest,
            Message::KeysResponse(_) => MessageType::KeysResponse,
            Message::Votes(_) => MessageType::Votes,
            Message::HeadTimes(_) => MessageType::HeadTimes,
        }
    }
}

/// Asks for deltas out of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// Comes back in the response.
    pub number: u64,
    #[serde(deserialize_with = "bounded::<_, _, WANTS_MAX>")]
    pub wants: Vec<Want>,
    /// Bytes of deltas after which the response is full; one delta may go beyond it.
    pub bytes_max: u32,
}

/// The deltas of an origin from a number on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    pub origin: PeerId,
    pub from_seq: u64,
}

/// Answers a [`SyncRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncResponse {
    pub number: u64,
    /// How many of the wants, from the first on, were looked at; the rest found the response full.
    pub served: u32,
    #[serde(deserialize_with = "bounded_runs")]
    pub runs: Vec<Run>,
    /// Wants that begin before the log does, with the oldest number still there.
    #[serde(deserialize_with = "bounded::<_, _, WANTS_MAX>")]
    pub pruned: Vec<Want>,
}

/// Fresh deltas, not asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    #[serde(deserialize_with = "bounded_runs")]
    pub runs: Vec<Run>,
    /// Short names ([`short_name`]) of the other peers that were sent the same.
    #[serde(deserialize_with = "bounded::<_, _, PUSHED_MAX>")]
    pub pushed_to: Vec<u32>,
}

/// "I am here, and this is what I have": sent when heads move, and now and then when they do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Over all applied heads.
    pub digest: HeadsDigest,
    /// Heads that moved since the last heartbeat to this peer.
    #[serde(deserialize_with = "bounded::<_, _, HEADS_MAX>")]
    pub heads: Vec<Head>,
    /// False where more heads than these differ from what this peer was told: others follow, or wait to be asked for.
    pub complete: bool,
    /// Asks for all heads.
    pub wants_heads: bool,
    /// Over the collections as last announced.
    pub collections: u64,
    /// Over the member list.
    pub members: u64,
    /// Over the charter, zeroes without one.
    pub charter: CharterDigest,
    /// Greater than 0: wants to be answered once everything sent before is applied.
    pub ask: u64,
    /// The number of an `ask` that this answers, else 0.
    pub answer: u64,
    /// The sender's clock, in milliseconds since 1970.
    pub clock_ms: u64,
    /// Deltas of the peer that this goes to wait at the sender, since their stamps lie in the future there.
    pub early: Option<EarlyOrigin>,
}

/// Where an origin's deltas wait for a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyOrigin {
    /// The first of them.
    pub seq: u64,
    /// When (milliseconds since 1970) the sender's clock has come so far.
    pub due_ms: u64,
}

/// The collections that the sender has attached, and what it knows of the shapes of those of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionAnnounce {
    #[serde(deserialize_with = "bounded_schemas")]
    pub collections: Vec<CollectionSchema>,
    #[serde(deserialize_with = "bounded::<_, _, COLLECTIONS_MAX>")]
    pub shapes: Vec<ClaimedShape>,
}

/// The shape of a collection, by the signed word of whoever posted the first of its entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedShape {
    /// The shared name.
    pub collection: String,
    pub is_table: bool,
    /// Names and types in SQL.
    #[serde(deserialize_with = "bounded::<_, _, COLUMNS_MAX>")]
    pub columns: Vec<(String, String)>,
    /// Positions in `columns`.
    #[serde(deserialize_with = "bounded::<_, _, COLUMNS_MAX>")]
    pub primary_key: Vec<u16>,
    /// Milliseconds since 1970.
    pub claimed_ms: u64,
    pub peer: PeerId,
    pub signature: Bytes,
}

/// What a collection looks like to its network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionSchema {
    /// The shared name.
    pub name: String,
    /// Made by CREATE TABLE; otherwise of the shape of `memory`.
    pub is_table: bool,
    #[serde(deserialize_with = "bounded::<_, _, COLUMNS_MAX>")]
    pub columns: Vec<ColumnSchema>,
    /// Positions in `columns`.
    #[serde(deserialize_with = "bounded::<_, _, COLUMNS_MAX>")]
    pub primary_key: Vec<u16>,
}

/// A declared column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSchema {
    pub name: String,
    /// The type's name in SQL, as `format_type` prints it.
    pub type_name: String,
    pub not_null: bool,
}

/// Members that the sender knows of and has not told this peer yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    #[serde(deserialize_with = "bounded::<_, _, MEMBERS_PER_MESSAGE_MAX>")]
    pub members: Vec<MemberNews>,
}

/// What a member says of itself, passed on by whoever knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberNews {
    pub peer: PeerId,
    /// When (milliseconds since 1970, its own clock) the member named these addresses.
    pub named_ms: u64,
    #[serde(deserialize_with = "bounded::<_, _, ADDRESSES_MAX>")]
    pub addresses: Vec<String>,
    /// The member's own, over all of this.
    pub signature: Bytes,
}

/// When members last said how far they had come, passed on by whoever knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadTimes {
    #[serde(deserialize_with = "bounded::<_, _, HEAD_TIMES_MAX>")]
    pub times: Vec<HeadTime>,
}

/// A round of agreement on what all members hold: each adds its bit and its heads once. Where all bits are set, the
/// lesser marks are acknowledged by all, and nothing that anybody held at that time lies above the greater ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stability {
    pub round: u64,
    /// Over epoch and member list; rounds over different lists do not mix.
    pub members: u64,
    /// A bit for each member in order of peer id.
    pub contributed: Bytes,
    #[serde(deserialize_with = "bounded::<_, _, MARKS_MAX>")]
    pub marks: Vec<StabilityMark>,
    /// Collections that every contributor has attached and holds its whole share of, as far as its heads go; in order.
    #[serde(deserialize_with = "bounded::<_, _, COLLECTIONS_MAX>")]
    pub whole: Vec<String>,
}

/// Votes in a round that all have contributed to: each member signs that what the round says is true of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    pub round: u64,
    /// As in [`Stability`].
    pub members: u64,
    /// Over members, marks and collections.
    pub digest: VoteDigest,
    /// A bit for each member, in order of peer id, whose vote the sender has.
    pub signers: Bytes,
    #[serde(deserialize_with = "bounded::<_, _, VOTES_PER_MESSAGE_MAX>")]
    pub votes: Vec<Vote>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Position among the members, in order of peer id.
    pub position: u32,
    pub signature: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StabilityMark {
    pub origin: PeerId,
    /// The least number that a contributor has applied.
    pub least: u64,
    /// The greatest.
    pub greatest: u64,
}

/// What the owners have decreed, told to a member that shows another charter; and to one that proved an older epoch the secret
/// of the present one as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochNews {
    pub charter: Charter,
    pub secret: Option<EpochKey>,
}

/// The secret of an epoch, as its owner began it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochKey {
    pub epoch: u64,
    pub salt: [u8; 16],
    pub secret: WireSecret,
}

/// The secret of an epoch. Wiped on drop and never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireSecret(pub String);

impl fmt::Debug for WireSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }
}

impl Drop for WireSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A peer's id in four bytes, for hints that may be wrong.
pub fn short_name(peer: &PeerId) -> u32 {
    let hash = blake3::hash(peer.as_str().as_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// What one head adds to a [`HeadsDigest`]: digests are XORed, so that a moved head changes one without the others.
pub fn head_digest(head: &Head) -> HeadsDigest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head.seq.to_le_bytes()).update(&head.hash).update(head.origin.as_str().as_bytes());
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    digest
}

/// XOR of two digests or fingerprints.
pub fn xor(a: [u8; 16], b: [u8; 16]) -> [u8; 16] {
    (u128::from_le_bytes(a) ^ u128::from_le_bytes(b)).to_le_bytes()
}

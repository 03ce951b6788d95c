//! What goes into an engine and what comes out of it: the seam to whoever drives it.
//!
//! A driver (the task that owns the swarm, or the simulator) hands each [`EngineInput`] to the engine of its network and carries
//! out the [`EngineAction`]s: it sends messages, has [`EngineWork`] done on the database and brings back each [`EngineOutcome`], and logs
//! events. Nothing here knows of a database, a socket or a clock.

use std::collections::BTreeSet;
use std::sync::Arc;

pub use crate::db::VerifiedHeads;
use crate::error::Result;
use crate::model::{
    AdoptedHeads, Adoption, Applied, Buckets, Bytes, CharterDigest, EntryDigest, Fingerprint, Head, HeadAdoption,
    KeyHash, ListingPage, ListingPlace, LogRead, MergedStates, NetworkId, NetworkOptions, PeerId, Placement,
    PostingProof, PublicEntry, Run, Shares,
};
use crate::sync::engine::Tuning;
pub use crate::sync::engine::event::EngineEvent;
pub use crate::sync::engine::member::Member;
use crate::sync::protocol::message::{ClaimedShape, CollectionSchema, EpochNews, Message};
use crate::sync::protocol::statement::{MemberStatement, Signed};

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
#[derive(Clone, Debug)]
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
    /// Completes an [`EngineAction::Work`].
    Done {
        number: u64,
        outcome: EngineOutcome,
    },
}

/// Something to do.
#[derive(Clone, Debug)]
pub enum EngineAction {
    Send {
        peer: PeerId,
        message: Message,
    },
    /// Work on the database; exactly one [`EngineInput::Done`] with the same number must follow.
    Work {
        number: u64,
        work: EngineWork,
    },
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

/// Work on the database.
#[derive(Clone, Debug)]
pub enum EngineWork {
    /// Posts what is staged.
    Post,
    ReadLog {
        origin: PeerId,
        from_seq: u64,
        bytes_max: usize,
    },
    Apply {
        run: Run,
        /// What this node holds of collections that are spread over the members.
        shares: Option<Shares>,
    },
    /// Drops what waits of an origin for the end of its posting: its origin signed an end within it, so it is made up.
    DropUnsigned {
        origin: PeerId,
    },
    /// Pins the view that this peer's reconciliation is answered from; replaces an older one of the same peer.
    OpenView {
        peer: PeerId,
    },
    CloseView {
        peer: PeerId,
    },
    /// The fingerprints of all buckets; of the view pinned for `view`, or of now.
    Fingerprints {
        view: Option<PeerId>,
        collection: String,
    },
    /// In key order, from behind `after` up to and with `until`.
    DigestsIn {
        view: Option<PeerId>,
        collection: String,
        buckets: Buckets,
        after: Option<Bytes>,
        until: Option<Bytes>,
        count_max: usize,
    },
    /// Entries in key order from behind `after` on: those with these key hashes, or all.
    Entries {
        view: PeerId,
        collection: String,
        key_hashes: Option<Vec<KeyHash>>,
        /// Where all are asked for: those in these buckets.
        within: Buckets,
        after: Option<Bytes>,
        bytes_max: usize,
    },
    MergeStates {
        collection: String,
        offer: EngineOffer,
        /// Origins that, by heads that they signed, had not begun to prove what they post.
        legacy: Arc<BTreeSet<PeerId>>,
        /// Deltas may be missing here that the heads cover: what is not here was not collected.
        is_partial: bool,
    },
    /// For a node that returns: drops entries that a peer with these heads has collected.
    DropCollected {
        collection: String,
        keys: Vec<Bytes>,
        heads: Vec<Head>,
    },
    /// Posts public states once more, as this node's own: an origin has given the numbers that they were posted under to
    /// other deltas.
    Repost {
        collection: String,
        keys: Vec<Bytes>,
    },
    /// Takes over heads, and which collections are partial.
    AdoptHeads {
        adoption: HeadAdoption,
        /// Whose share is here now, where that has changed.
        placement: Option<Placement>,
        /// This node has been compared with a member that holds everything.
        ends_return: bool,
    },
    /// Finds out which heads their origins signed.
    VerifyHeads {
        heads: Vec<Head>,
    },
    CollectTombstones {
        stable: Vec<(PeerId, u64)>,
    },
    /// Remembers how collections are spread.
    Place {
        placement: Placement,
    },
    /// Draws entries at random from those that would be dropped so.
    Draw {
        shares: Vec<(String, Buckets)>,
        stable: Vec<(PeerId, u64)>,
        seed: u64,
        count_max: usize,
    },
    /// Drops what falls outside of the shares and is covered by `stable`.
    Evict {
        shares: Vec<(String, Buckets)>,
        stable: Vec<(PeerId, u64)>,
    },
    /// Public states by key, for a peer that reads what it does not hold; with the heads they are of.
    ReadEntries {
        collection: String,
        keys: Vec<Bytes>,
    },
    /// Keys of living public entries in these buckets, from behind `after` on.
    ListKeys {
        collection: String,
        within: Buckets,
        after: Option<Bytes>,
        count_max: usize,
        bytes_max: usize,
    },
    /// Takes in what a peer with these heads has sent because it is read here.
    MergeFetched {
        collection: String,
        offer: EngineOffer,
        /// Keys of which the peer knows that it holds nothing.
        absent: Vec<Bytes>,
        heads: Vec<Head>,
    },
    PruneLog {
        acknowledged: Vec<(PeerId, u64)>,
    },
    /// In one commit.
    SaveMembers(Vec<Member>),
    /// Signs with the key of this node.
    Sign {
        statement: MemberStatement,
    },
    /// Looks at signatures.
    Verify {
        signed: Vec<Signed>,
    },
    /// Reads the newest epoch for somebody who has missed it.
    ReadEpoch,
    SaveEpoch {
        news: Box<EpochNews>,
    },
    /// A peer showed this head of our own origin. Where its signature holds and our log does not know it, the data directory
    /// is an old copy and gets a new identity.
    CheckOwnHead {
        head: Head,
    },
    /// Members do not take what was posted here, since its stamps lie in the future: where the clock here says so as well, this
    /// node goes on under a new peer id and posts it with stamps of now.
    RenewEarly,
    /// Decrees that an excused member is waited for again.
    CallBack {
        peer: PeerId,
    },
    /// Takes in what a member says of the shapes of the network's collections, and of the columns of attached ones.
    MergeSchema {
        collections: Vec<CollectionSchema>,
        shapes: Vec<ClaimedShape>,
    },
}

/// What became of a [`EngineWork`], one kind for each.
#[derive(Clone, Debug)]
pub enum EngineOutcome {
    /// The own head afterwards, where something was posted.
    Posted(Result<Option<Head>>),
    LogRead(Result<LogRead>),
    Applied(Result<Applied>),
    /// The number of the last delta of the origin that is left in the log.
    UnsignedDropped(Result<u64>),
    ViewOpened(Result<EngineView>),
    ViewClosed,
    /// `BUCKETS` of them.
    Fingerprints(Result<Vec<Fingerprint>>),
    /// Digests, and whether there are more.
    Digests(Result<(Vec<EntryDigest>, bool)>),
    /// Entries, and the key to go on after; `None` at the end.
    Entries(Result<(EngineOffer, Option<Bytes>)>),
    HeadsVerified(Result<VerifiedHeads>),
    Merged(Result<MergedStates>),
    /// How many entries changed.
    Dropped(Result<u64>),
    Reposted(Result<u64>),
    /// All heads, and what is partial now.
    HeadsAdopted(Result<AdoptedHeads>),
    Collected(Result<u64>),
    Placed(Result<()>),
    Drawn(Result<Drawn>),
    Evicted(Result<u64>),
    EntriesRead(Result<(Vec<Head>, EngineOffer)>),
    FetchMerged(Result<u64>),
    /// Keys, and whether there are more.
    KeysListed(Result<(Vec<Bytes>, bool)>),
    Pruned(Result<u64>),
    MembersSaved(Result<()>),
    Signed(Result<Bytes>),
    /// Which signatures are right, in the order in which they were given.
    Verified(Result<Vec<bool>>),
    /// Nothing where this node was told no charter yet.
    EpochRead(Result<Option<Box<EpochNews>>>),
    EpochSaved(Result<Adoption>),
    OwnHeadChecked(Result<OwnHead>),
    /// The new peer id; `None` where nothing that was posted lies in the future here.
    EarlyRenewed(Result<Option<PeerId>>),
    CalledBack(Result<()>),
    SchemaMerged(Result<MergedSchema>),
}

/// Entries outside of the log, and what proves them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineOffer {
    pub entries: Vec<PublicEntry>,
    pub postings: Vec<PostingProof>,
}

/// A pinned view.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineView {
    pub heads: Vec<Head>,
    /// Shared names of attached collections.
    pub collections: Vec<String>,
}

/// What became of what a member says of collections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MergedSchema {
    /// Differences that wait, for people.
    pub differences: Vec<String>,
    /// All shapes that are known now.
    pub shapes: Vec<ClaimedShape>,
}

/// What a head of our own origin, shown by a peer, means.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnHead {
    /// Our log has it; our own heads, for an engine that has not heard of the last postings.
    Known(Vec<Head>),
    /// Nobody signed it.
    Forged,
    /// We signed it and do not know it: from now on this node has another peer id.
    Renewed(PeerId),
}

/// Entries drawn at random, in a random order.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    pub entries: Vec<DrawnEntry>,
    /// There are no others.
    pub are_all: bool,
}

/// An entry as it lies here.
#[derive(Clone, Debug)]
pub struct DrawnEntry {
    pub collection: String,
    pub key: Bytes,
    /// The BLAKE3 hash of its public state, as it travels.
    pub hash: [u8; 32],
}

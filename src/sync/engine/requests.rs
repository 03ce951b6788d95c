//! What an engine asks of the database: one struct for each request, with the type of its reply and the lane that it stands in.
//!
//! The engine hands out a [`PendingRequest`]; whoever drives it may keep it for a while, and makes the [`CompletedRequest`] of
//! it by having it answered. So a reply of another kind than the request cannot be written. A new request is a struct here,
//! an [`Answers`] of the executor, and what the engine does with the reply.

use std::collections::BTreeSet;
use std::sync::Arc;

pub use crate::db::VerifiedHeads;
use crate::error::Result;
use crate::model::Member;
use crate::model::{
    AdoptedHeads, Adoption, Applied, Buckets, Bytes, EntryDigest, Fingerprint, Head, HeadAdoption, KeyHash, LogRead,
    MergedStates, PeerId, Placement, PostingProof, PublicEntry, Run, Shares,
};
use crate::sync::protocol::message::{ClaimedShape, CollectionSchema, EpochNews};
use crate::sync::protocol::statement::{MemberStatement, Signed};

/// Which requests wait for one another: those of one lane are answered one after the other, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Writes,
    Chores,
    /// In none: they wait for nobody.
    Reads,
}

/// Something that an engine asks of the database.
pub trait Request: Into<EngineRequest> {
    type Reply: 'static;
    const LANE: Lane;

    /// The reply, where it is one to a request of this kind.
    fn reply_of(reply: EngineReply) -> Option<Self::Reply>;
}

/// Who can answer requests of a kind.
pub trait Answers<R: Request> {
    fn answer(self, request: R) -> R::Reply;
}

/// A request that waits to be answered.
#[derive(Debug)]
pub struct PendingRequest {
    number: u64,
    request: EngineRequest,
}

/// A request with its reply, on its way back to the engine that has asked.
#[derive(Debug)]
pub struct CompletedRequest {
    number: u64,
    reply: EngineReply,
}

impl PendingRequest {
    /// The engine knows by `number` what it wanted it for.
    pub(super) fn new(number: u64, request: EngineRequest) -> PendingRequest {
        PendingRequest { number, request }
    }

    pub fn request(&self) -> &EngineRequest {
        &self.request
    }

    /// Has it answered, which may take its time: long requests read or write a great deal.
    pub fn answer(self, by: impl AnswersAll) -> CompletedRequest {
        CompletedRequest { number: self.number, reply: self.request.answer(by) }
    }

    /// Has it answered by somebody who knows a few kinds alone.
    #[cfg(test)]
    pub fn answer_with(self, answer: impl FnOnce(EngineRequest) -> EngineReply) -> CompletedRequest {
        let kind = self.request.kind();
        let reply = answer(self.request);
        assert_eq!(kind, reply.kind(), "a reply to another request: {reply:?}");
        CompletedRequest { number: self.number, reply }
    }
}

impl CompletedRequest {
    pub fn reply(&self) -> &EngineReply {
        &self.reply
    }

    pub(super) fn into_parts(self) -> (u64, EngineReply) {
        (self.number, self.reply)
    }
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

/// Makes the struct of each request, and the enums of all requests and all replies, which can be kept and printed.
macro_rules! requests {
    ($(
        $(#[$about:meta])*
        $name:ident {$( $(#[$about_field:meta])* $field:ident: $kind:ty, )*} in $lane:ident -> $reply:ty;
    )*) => {
        $(
            $(#[$about])*
            #[derive(Clone, Debug)]
            pub struct $name {
                $( $(#[$about_field])* pub $field: $kind, )*
            }

            impl Request for $name {
                type Reply = $reply;
                const LANE: Lane = Lane::$lane;

                fn reply_of(reply: EngineReply) -> Option<Self::Reply> {
                    match reply {
                        EngineReply::$name(reply) => Some(reply),
                        _ => None,
                    }
                }
            }

            impl From<$name> for EngineRequest {
                fn from(request: $name) -> EngineRequest {
                    EngineRequest::$name(request)
                }
            }
        )*

        /// A request of any kind.
        #[derive(Clone, Debug)]
        pub enum EngineRequest {
            $( $name($name), )*
        }

        /// The reply to a request of any kind.
        #[derive(Clone, Debug)]
        pub enum EngineReply {
            $( $name(<$name as Request>::Reply), )*
        }

        /// Who can answer everything that an engine asks.
        pub trait AnswersAll: $( Answers<$name> + )* Sized {}
        impl<A: $( Answers<$name> + )* Sized> AnswersAll for A {}

        impl EngineRequest {
            pub fn lane(&self) -> Lane {
                match self {
                    $( EngineRequest::$name(_) => $name::LANE, )*
                }
            }

            fn answer(self, by: impl AnswersAll) -> EngineReply {
                match self {
                    $( EngineRequest::$name(request) => EngineReply::$name(by.answer(request)), )*
                }
            }

            #[cfg(test)]
            fn kind(&self) -> &'static str {
                match self {
                    $( EngineRequest::$name(_) => stringify!($name), )*
                }
            }
        }

        #[cfg(test)]
        impl EngineReply {
            fn kind(&self) -> &'static str {
                match self {
                    $( EngineReply::$name(_) => stringify!($name), )*
                }
            }
        }
    };
}

requests! {
    /// Posts what is staged; the own head afterwards, where something was posted.
    PostStaged {} in Writes -> Result<Option<Head>>;

    ReadLog {
        origin: PeerId,
        from_seq: u64,
        bytes_max: usize,
    } in Reads -> Result<LogRead>;

    ApplyRun {
        run: Run,
        /// What this node holds of collections that are spread over the members.
        shares: Option<Shares>,
    } in Writes -> Result<Applied>;

    /// Drops what waits of an origin for the end of its posting: its origin signed an end within it, so it is made up. The number
    /// of the last delta of the origin that is left in the log.
    DropUnsigned {
        origin: PeerId,
    } in Writes -> Result<u64>;

    /// Pins the view that this peer's reconciliation is answered from; replaces an older one of the same peer.
    OpenView {
        peer: PeerId,
    } in Reads -> Result<EngineView>;

    CloseView {
        peer: PeerId,
    } in Reads -> ();

    /// The fingerprints of all [`BUCKETS`](crate::model::BUCKETS); of the view pinned for `view`, or of now.
    ReadFingerprints {
        view: Option<PeerId>,
        collection: String,
    } in Reads -> Result<Vec<Fingerprint>>;

    /// Digests in key order, from behind `after` up to and with `until`, and whether there are more.
    ReadDigests {
        view: Option<PeerId>,
        collection: String,
        buckets: Buckets,
        after: Option<Bytes>,
        until: Option<Bytes>,
        count_max: usize,
    } in Reads -> Result<(Vec<EntryDigest>, bool)>;

    /// Entries in key order from behind `after` on, those with these key hashes or all, and the key to go on after; `None` at
    /// the end.
    ReadPage {
        view: PeerId,
        collection: String,
        key_hashes: Option<Vec<KeyHash>>,
        /// Where all are asked for: those in these buckets.
        within: Buckets,
        after: Option<Bytes>,
        bytes_max: usize,
    } in Reads -> Result<(EngineOffer, Option<Bytes>)>;

    MergeStates {
        collection: String,
        offer: EngineOffer,
        /// Origins that, by heads that they signed, had not begun to prove what they post.
        legacy: Arc<BTreeSet<PeerId>>,
        /// Deltas may be missing here that the heads cover: what is not here was not collected.
        is_partial: bool,
    } in Writes -> Result<MergedStates>;

    /// For a node that returns: drops entries that a peer with these heads has collected. How many they were.
    DropCollected {
        collection: String,
        keys: Vec<Bytes>,
        heads: Vec<Head>,
    } in Writes -> Result<u64>;

    /// Posts public states once more, as this node's own: an origin has given the numbers that they were posted under to
    /// other deltas. How many they were.
    RepostEntries {
        collection: String,
        keys: Vec<Bytes>,
    } in Writes -> Result<u64>;

    /// Takes over heads, and which collections are partial. All heads, and what is partial then.
    AdoptHeads {
        adoption: HeadAdoption,
        /// Whose share is here now, where that has changed.
        placement: Option<Placement>,
        /// This node has been compared with a member that holds everything.
        ends_return: bool,
    } in Writes -> Result<AdoptedHeads>;

    /// Finds out which heads their origins signed.
    VerifyHeads {
        heads: Vec<Head>,
    } in Reads -> Result<VerifiedHeads>;

    /// Drops tombstones that these numbers cover. How many they were.
    CollectTombstones {
        stable: Vec<(PeerId, u64)>,
    } in Chores -> Result<u64>;

    /// Remembers how collections are spread.
    KeepPlacement {
        placement: Placement,
    } in Chores -> Result<()>;

    /// Draws entries at random from those that [`EvictEntries`] would drop.
    DrawEvictable {
        shares: Vec<(String, Buckets)>,
        stable: Vec<(PeerId, u64)>,
        seed: u64,
        count_max: usize,
    } in Reads -> Result<Drawn>;

    /// Drops what falls outside of the shares and is covered by `stable`. How many entries they were.
    EvictEntries {
        shares: Vec<(String, Buckets)>,
        stable: Vec<(PeerId, u64)>,
    } in Chores -> Result<u64>;

    /// Public states by key, for a peer that reads what it does not hold; with the heads they are of.
    ReadEntries {
        collection: String,
        keys: Vec<Bytes>,
    } in Reads -> Result<(Vec<Head>, EngineOffer)>;

    /// Keys of living public entries in these buckets, from behind `after` on, and whether there are more.
    ListKeys {
        collection: String,
        within: Buckets,
        after: Option<Bytes>,
        count_max: usize,
        bytes_max: usize,
    } in Reads -> Result<(Vec<Bytes>, bool)>;

    /// Takes in what a peer with these heads has sent because it is read here. How many entries changed.
    MergeFetched {
        collection: String,
        offer: EngineOffer,
        /// Keys of which the peer knows that it holds nothing.
        absent: Vec<Bytes>,
        heads: Vec<Head>,
    } in Writes -> Result<u64>;

    /// Drops the part of the log that everybody has. How many deltas they were.
    PruneLog {
        acknowledged: Vec<(PeerId, u64)>,
    } in Chores -> Result<u64>;

    /// In one commit.
    SaveMembers {
        members: Vec<Member>,
    } in Chores -> Result<()>;

    /// Signs with the key of this node.
    SignStatement {
        statement: MemberStatement,
    } in Reads -> Result<Bytes>;

    /// Looks at signatures: which are right, in the order in which they were given.
    VerifyStatements {
        signed: Vec<Signed>,
    } in Reads -> Result<Vec<bool>>;

    /// Reads the newest epoch for somebody who has missed it; nothing where this node was told no charter yet.
    ReadEpoch {} in Reads -> Result<Option<Box<EpochNews>>>;

    SaveEpoch {
        news: Box<EpochNews>,
    } in Chores -> Result<Adoption>;

    /// A peer showed this head of our own origin. Where its signature holds and our log does not know it, the data directory
    /// is an old copy and gets a new identity.
    CheckOwnHead {
        head: Head,
    } in Chores -> Result<OwnHead>;

    /// Members do not take what was posted here, since its stamps lie in the future: where the clock here says so as well, this
    /// node goes on under a new peer id and posts it with stamps of now. The new peer id; `None` where nothing that was
    /// posted lies in the future here.
    RenewEarlyOrigin {} in Chores -> Result<Option<PeerId>>;

    /// Decrees that an excused member is waited for again.
    CallMemberBack {
        peer: PeerId,
    } in Chores -> Result<()>;

    /// Takes in what a member says of the shapes of the network's collections, and of the columns of attached ones.
    MergeSchemas {
        collections: Vec<CollectionSchema>,
        shapes: Vec<ClaimedShape>,
    } in Chores -> Result<MergedSchema>;
}

//! Messages about states of entries, outside of any log: the steps of a reconciliation, and entries that a member reads and
//! does not hold. Part of [`Message`](crate::sync::protocol::message::Message).

use serde::{Deserialize, Serialize};

use crate::model::{Buckets, Bytes, Fingerprint, Head, KeyHash, PeerId, PostingProof, PublicEntry};
use crate::sync::protocol::bounded_seq::{bounded, bounded_digests};
use crate::sync::protocol::message::{
    CLOCK_MAX, COLLECTIONS_MAX, ENTRIES_MAX, FETCH_KEYS_MAX, KEYS_MAX, MARKS_MAX, POSTINGS_MAX, TREE_CHILDREN_MAX,
    TREE_NODES_MAX, VIEW_HEADS_MAX,
};

/// A step of a reconciliation; the peer answers from one view that it keeps from `Open` to `Close`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileRequest {
    /// Comes back in the response.
    pub number: u64,
    pub ask: ReconcileAsk,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReconcileAsk {
    Open {
        /// Over epoch and member list: where both sides have the same, they know each other's share.
        members: u64,
        /// Copies of an entry, of which the sender holds its share; 0 where it holds all entries.
        copies: u32,
        /// It wants its whole share; otherwise what both sides hold.
        is_filling: bool,
    },
    /// The fingerprints of the children of these nodes of a level (0 is the root).
    Tree {
        collection: String,
        level: u8,
        #[serde(deserialize_with = "bounded::<_, _, TREE_NODES_MAX>")]
        nodes: Vec<u16>,
    },
    /// Digests of the entries in these buckets, in key order from behind `after` up to and with `until`.
    Digests {
        collection: String,
        buckets: Buckets,
        after: Option<Bytes>,
        until: Option<Bytes>,
    },
    Entries {
        collection: String,
        #[serde(deserialize_with = "bounded::<_, _, ENTRIES_MAX>")]
        key_hashes: Vec<KeyHash>,
        /// In key order, from behind this key on.
        after: Option<Bytes>,
    },
    /// Entries in key order, for somebody who holds nothing.
    Page {
        collection: String,
        after: Option<Bytes>,
    },
    Close,
    /// The entries behind the page that was asked for before this; none where that was the last. The sender need not have it
    /// yet, so that pages follow one another without a pause.
    NextPage {
        collection: String,
    },
}

/// Answers a [`ReconcileRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileResponse {
    pub number: u64,
    pub answer: ReconcileAnswer,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReconcileAnswer {
    View {
        #[serde(deserialize_with = "bounded::<_, _, VIEW_HEADS_MAX>")]
        heads: Vec<Head>,
        /// Attached collections; what these heads cover of them is all here, as far as it is the sender's share.
        #[serde(deserialize_with = "bounded::<_, _, COLLECTIONS_MAX>")]
        whole: Vec<String>,
        /// Collections of which deltas that these heads cover may be missing here, attached or not.
        #[serde(deserialize_with = "bounded::<_, _, COLLECTIONS_MAX>")]
        partial: Vec<String>,
        /// As in [`ReconcileAsk::Open`].
        members: u64,
        copies: u32,
    },
    /// [`TREE_FANOUT`](crate::sync::protocol::message::TREE_FANOUT) for each node asked for, in the same order.
    Tree {
        #[serde(deserialize_with = "bounded::<_, _, TREE_CHILDREN_MAX>")]
        children: Vec<Fingerprint>,
    },
    Digests(Digests),
    /// Answers `Entries`, `Page` and `NextPage`.
    Entries {
        #[serde(deserialize_with = "bounded::<_, _, ENTRIES_MAX>")]
        entries: Vec<PublicEntry>,
        /// What proves them.
        #[serde(deserialize_with = "bounded::<_, _, POSTINGS_MAX>")]
        postings: Vec<PostingProof>,
        /// The key to go on after; `None` at the end.
        next: Option<Bytes>,
    },
    /// No view is free, or the one asked about is gone: start again later.
    Refused,
}

/// What a peer holds in some buckets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// Origins that the clocks count, by position.
    #[serde(deserialize_with = "bounded::<_, _, MARKS_MAX>")]
    pub origins: Vec<PeerId>,
    #[serde(deserialize_with = "bounded_digests")]
    pub digests: Vec<WireDigest>,
    /// The key of the last one, where there are more.
    pub next: Option<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireDigest {
    pub bucket: u16,
    pub key_hash: KeyHash,
    pub digest: [u8; 16],
    /// (position in `origins`, number).
    #[serde(deserialize_with = "bounded::<_, _, CLOCK_MAX>")]
    pub clock: Vec<(u32, u64)>,
}

/// Asks for entries that the sender does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchRequest {
    /// Comes back in the response.
    pub number: u64,
    /// The shared name.
    pub collection: String,
    #[serde(deserialize_with = "bounded::<_, _, FETCH_KEYS_MAX>")]
    pub keys: Vec<Bytes>,
}

/// Answers a [`FetchRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchResponse {
    pub number: u64,
    /// What the sender has applied.
    #[serde(deserialize_with = "bounded::<_, _, VIEW_HEADS_MAX>")]
    pub heads: Vec<Head>,
    /// For the first keys asked for, in the same order; the others found the response full.
    #[serde(deserialize_with = "bounded::<_, _, FETCH_KEYS_MAX>")]
    pub answers: Vec<FetchAnswer>,
    /// What proves those that were found.
    #[serde(deserialize_with = "bounded::<_, _, POSTINGS_MAX>")]
    pub postings: Vec<PostingProof>,
}

/// What a member knows of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FetchAnswer {
    /// The entry's public state, the deltas that it is made of, and whether it belongs to the member's share: otherwise it may
    /// lack something.
    Found { body: Bytes, contributions: Bytes, is_whole: bool },
    /// It belongs to the member's share, and there is none.
    Absent,
    /// The member does not hold it and need not.
    Unknown,
}

/// Asks for the keys of living entries that the sender does not hold, in order, page by page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRequest {
    /// Comes back in the response.
    pub number: u64,
    /// The shared name.
    pub collection: String,
    /// Over the sender's list of members: only by the same list do both know the same shares.
    pub members: u64,
    pub within: Buckets,
    /// The last key of the page before.
    pub after: Option<Bytes>,
}

/// Answers a [`KeysRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysResponse {
    pub number: u64,
    /// Of how many copies the member holds its share, 0 for everything; `None` where it cannot vouch for its share, and tells of
    /// whatever lies there.
    pub copies: Option<u32>,
    #[serde(deserialize_with = "bounded::<_, _, KEYS_MAX>")]
    pub keys: Vec<Bytes>,
    pub is_more: bool,
}

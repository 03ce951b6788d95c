//! What work an engine has under way, to know what to do with its outcome.

use crate::model::{ChainHash, PeerId, Placement};
use crate::sync::engine::reconcile::serve_views::PagePlace;
use crate::sync::engine::stability::votes::WaitingVote;
use crate::sync::protocol::message::{FetchRequest, HeadTime, MemberNews, Want};
use crate::sync::protocol::statement::VoteDigest;

/// A piece of work, with what its outcome needs.
#[derive(Debug)]
pub(super) enum Task {
    Post,
    Serve {
        peer: PeerId,
        want: Want,
    },
    Push {
        to_seq: u64,
    },
    Apply {
        origin: PeerId,
    },
    DropUnsigned {
        origin: PeerId,
        /// Who sent it.
        from: Option<PeerId>,
    },
    /// For a peer's reconciliation with us.
    View {
        peer: PeerId,
        /// Which of its views, one after the other.
        number: u64,
    },
    /// The next page of a peer's view.
    ReadAhead {
        peer: PeerId,
        number: u64,
        page: PagePlace,
    },
    CloseView {
        peer: PeerId,
    },
    /// For our reconciliation with a peer.
    Reconcile {
        run: u64,
    },
    Collect,
    Place {
        placement: Placement,
    },
    /// Of what is going to be dropped.
    Draw,
    Evict,
    /// For a peer that reads what it does not hold.
    ServeFetch {
        peer: PeerId,
        request: FetchRequest,
    },
    /// For a peer that lists what it does not hold.
    ServeKeys {
        peer: PeerId,
        number: u64,
        copies: Option<u32>,
    },
    /// For a fetch of our own.
    MergeFetched {
        fetch: u64,
    },
    Prune,
    Save {
        peers: Vec<PeerId>,
    },
    SignAddresses {
        named_ms: u64,
        addresses: Vec<String>,
    },
    /// What a peer has told of members.
    VerifyNews {
        peer: PeerId,
        news: Vec<MemberNews>,
    },
    SignVote {
        digest: VoteDigest,
    },
    VerifyVotes {
        digest: VoteDigest,
        votes: Vec<WaitingVote>,
    },
    SignHeadTime {
        seq: u64,
        hash: ChainHash,
        at_ms: u64,
    },
    /// What a peer has told of heads with their times.
    VerifyHeadTimes {
        peer: PeerId,
        times: Vec<HeadTime>,
    },
    ReadEpoch,
    SaveEpoch {
        peer: PeerId,
    },
    CheckOwnHead {
        peer: PeerId,
    },
    RenewEarly,
    CallBack,
    MergeSchema,
    /// The heads of a peer's heartbeat.
    VerifyHeads {
        peer: PeerId,
        number: u64,
    },
}

/// Why a reconciliation is under way, the most urgent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Audit,
    /// Collections are partial: what the peer holds of them is taken over, and its deltas are left to the logs.
    Fill,
    /// Something is lacking: what the peer holds is taken over with its heads.
    Needed,
}

//! What is known of one connected peer.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{CharterDigest, PeerId};
use crate::sync::engine::core::penalties::TokenBucket;
use crate::sync::engine::limits::{BYTES_PER_SECOND_MAX, HEARTBEAT_MS_MIN};
use crate::sync::protocol::message::{EarlyOrigin, EpochNews, HeadsDigest, Heartbeat};

/// A peer that has proved the network's key, from PeerUp to PeerDown. One record for all machines, with many fields, so that all
/// that a session has told ends with it.
#[derive(Debug)]
pub(in crate::sync::engine) struct ConnectedPeer {
    /// The one that it proved.
    pub epoch: u64,
    /// The one that it was told in a session of another one.
    pub told_epoch: Option<u64>,
    /// The charter that it was told, as its digest says.
    pub told_charter: CharterDigest,
    /// When that was.
    pub charter_told_ms: u64,
    /// It shows another charter than ours and has not been told ours.
    pub wants_charter: bool,
    /// What it told of its own that waits until what it told before has been looked at.
    pub next_news: Option<EpochNews>,
    pub is_news_under_way: bool,
    /// It proved another epoch than the present one: it is told that one and nothing else.
    pub is_outdated: bool,
    /// When a session of an older epoch is ended.
    pub end_ms: u64,
    pub seen_ms: u64,
    /// Numbers of the deltas that it has applied, by origin, as far as it has told.
    pub known: BTreeMap<PeerId, u64>,
    /// Numbers up to which fresh deltas were pushed to it.
    pub pushed: BTreeMap<PeerId, u64>,
    /// Its heads' digest as last told.
    pub digest: Option<HeadsDigest>,
    /// It has told all its heads.
    pub has_told_all: bool,
    /// Up to which move of our heads it has been told.
    pub told_moves: u64,
    /// Up to which change of the member list it has been told.
    pub told_members: u64,
    /// Up to which change of the heads with their times it has been told.
    pub told_times: u64,
    pub heartbeat_ms: u64,
    pub heartbeat_interval_ms: u64,
    /// When heads were last asked for, or members repeated.
    pub asked_heads_ms: u64,
    pub repeated_members_ms: u64,
    /// An `ask` of the peer that waits until what came before it is applied.
    pub unanswered: Option<u64>,
    /// Our own last `ask`, and when it left.
    pub ask: Option<(u64, u64)>,
    pub latency_ms: Option<f64>,
    /// Names of its collections, and the digest of its announcement.
    pub collections: Vec<String>,
    pub collections_digest: u64,
    pub requested_collections_ms: u64,
    pub messages: TokenBucket,
    pub bytes: TokenBucket,
    /// Pulls under way to it.
    pub pulls: usize,
    /// Where its log of an origin begins, for those of which it did not reach back to what was asked for.
    pub log_floors: BTreeMap<PeerId, u64>,
    /// Origins whose deltas from it were refused, until when.
    pub distrusted: BTreeMap<PeerId, u64>,
    /// Number of the greatest head of our own origin that it has shown.
    pub own_checked: u64,
    /// Heads that it has told could not be looked at: it has to tell them once more.
    pub has_lost_heads: bool,
    /// Its heartbeats with heads that are being verified, in order; the first is under way, with this number.
    pub unverified: VecDeque<Heartbeat>,
    pub verifying: u64,
    /// Origins in `known` that nobody had proved to be any when they were told, at most.
    pub strange: usize,
    /// Messages of it whose signatures are being looked at.
    pub news_verifying: usize,
    /// How far our clock is ahead of its clock, in milliseconds; `None` before it has told.
    pub clock_ahead_ms: Option<i64>,
    /// Where our own deltas wait there for its clock.
    pub early: Option<EarlyOrigin>,
}

impl ConnectedPeer {
    pub fn new(epoch: u64, messages_per_second: u32, now_ms: u64) -> Self {
        ConnectedPeer {
            epoch,
            told_epoch: None,
            told_charter: CharterDigest::default(),
            charter_told_ms: 0,
            wants_charter: false,
            next_news: None,
            is_news_under_way: false,
            is_outdated: false,
            end_ms: u64::MAX,
            seen_ms: now_ms,
            known: BTreeMap::new(),
            pushed: BTreeMap::new(),
            digest: None,
            has_told_all: false,
            told_moves: 0,
            told_members: 0,
            told_times: 0,
            heartbeat_ms: now_ms,
            heartbeat_interval_ms: HEARTBEAT_MS_MIN,
            asked_heads_ms: 0,
            repeated_members_ms: now_ms,
            unanswered: None,
            ask: None,
            latency_ms: None,
            collections: Vec::new(),
            collections_digest: 0,
            requested_collections_ms: 0,
            messages: TokenBucket::new(u64::from(messages_per_second), now_ms),
            bytes: TokenBucket::new(BYTES_PER_SECOND_MAX, now_ms),
            pulls: 0,
            log_floors: BTreeMap::new(),
            distrusted: BTreeMap::new(),
            own_checked: 0,
            has_lost_heads: false,
            unverified: VecDeque::new(),
            verifying: 0,
            strange: 0,
            news_verifying: 0,
            clock_ahead_ms: None,
            early: None,
        }
    }

    /// The number of the last delta of an origin that the peer is known to have applied.
    pub fn known_seq(&self, origin: &PeerId) -> u64 {
        self.known.get(origin).copied().unwrap_or(0)
    }

    /// As [`known_seq`](ConnectedPeer::known_seq), counting what was pushed to it and is on its way.
    pub fn expected_seq(&self, origin: &PeerId) -> u64 {
        self.known_seq(origin).max(self.pushed.get(origin).copied().unwrap_or(0))
    }

    /// Whether its log has dropped a delta, as far as it has told.
    pub fn has_pruned(&self, origin: &PeerId, seq: u64) -> bool {
        self.log_floors.get(origin).is_some_and(|floor| seq < *floor)
    }

    /// Whether deltas of this origin are taken from it.
    pub fn is_trusted(&self, origin: &PeerId, now_ms: u64) -> bool {
        self.distrusted.get(origin).is_none_or(|until_ms| *until_ms <= now_ms)
    }
}

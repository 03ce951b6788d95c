//! What an engine shows of itself.

use std::borrow::Cow;

use crate::model::{NetworkId, PeerId};
use crate::sync::engine::Engine;

/// Numbers that only go up, and the last things that happened.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub deltas_sent: u64,
    pub deltas_received: u64,
    bytes_sent: u64,
    bytes_received: u64,
    messages_sent: u64,
    messages_received: u64,
    /// When a peer last told that it holds the same.
    pub last_sync_ms: Option<u64>,
    pub last_error: Option<String>,
}

impl Counters {
    pub fn sending(&mut self) {
        self.messages_sent += 1;
    }

    pub fn sent(&mut self, bytes: usize) {
        self.bytes_sent = self.bytes_sent.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    pub fn received(&mut self, bytes: usize) {
        self.messages_received += 1;
        self.bytes_received = self.bytes_received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
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

impl Engine {
    pub fn status(&self, now_ms: u64) -> EngineStatus {
        let now_ms = self.now_ms.max(now_ms);
        let latencies: Vec<f64> = self.sessions.values().filter_map(|session| session.latency_ms).collect();
        let count = u32::try_from(latencies.len()).map_or(f64::MAX, f64::from);
        EngineStatus {
            network: self.config.network,
            connected_peers: u64::try_from(self.sessions.len()).unwrap_or(u64::MAX),
            total_peers: u64::try_from(self.roster.len()).unwrap_or(u64::MAX),
            deltas_sent: self.counters.deltas_sent,
            deltas_received: self.counters.deltas_received,
            bytes_sent: self.counters.bytes_sent,
            bytes_received: self.counters.bytes_received,
            messages_sent: self.counters.messages_sent,
            messages_received: self.counters.messages_received,
            average_latency_ms: (!latencies.is_empty()).then(|| latencies.iter().sum::<f64>() / count),
            last_sync_ms: self.counters.last_sync_ms,
            sync_in_progress: self.is_busy(),
            last_error: self.clock_trouble().or_else(|| self.silence()).or_else(|| self.counters.last_error.clone()),
            waits: self.waits(),
            schema_conflicts: self.schemas.conflicts(),
            clock_trouble: self.clock_trouble(),
            peers: self.shown_peers(now_ms),
        }
    }

    fn is_busy(&self) -> bool {
        !self.pulls.is_empty() || !self.queue.is_empty() || self.reconciling.is_running() || self.exchange.is_syncing()
    }

    fn waits(&self) -> Vec<EngineWait> {
        let waiting = self.origins.iter().filter_map(|(origin, state)| {
            let reason = if state.fork.is_some() || state.is_frozen {
                "its origin signed two deltas with one number"
            } else if state.quarantine_ms.is_some() {
                "its stamps lie in the future"
            } else if state.is_held {
                "no connected member's log reaches back so far"
            } else {
                return None;
            };
            let (seq, due_ms) = (state.received.saturating_add(1), state.quarantine_ms);
            let seq = state.fork.unwrap_or(seq);
            Some(EngineWait { origin: origin.clone(), seq, reason: reason.into(), due_ms })
        });
        // What a column hides that has another type here.
        let conflicts = self.schemas.conflicts_by_peer().map(|(peer, difference)| EngineWait {
            origin: peer.clone(),
            seq: 0,
            reason: difference.clone().into(),
            due_ms: None,
        });
        waiting.chain(self.withheld()).chain(conflicts).collect()
    }

    fn shown_peers(&self, now_ms: u64) -> Vec<EnginePeer> {
        let others = self.roster.peers().filter(|peer| **peer != self.config.this);
        let show = |peer: &PeerId| {
            let session = self.sessions.get(peer);
            let known = session.map(|session| &session.known).or_else(|| self.roster.acknowledged(peer));
            let (behind_deltas, behind_ms) = known.map_or((0, 0), |known| self.heads.behind(known, now_ms));
            let last_seen_ms = session.map(|session| session.seen_ms).or_else(|| self.roster.last_seen_ms(peer));
            EnginePeer {
                peer: peer.clone(),
                addresses: self.roster.addresses(peer).to_vec(),
                connected: session.is_some(),
                latency_ms: session.and_then(|session| session.latency_ms),
                last_seen_ms,
                signed_ms: self.signed_times.at_ms(peer),
                collections: session.map(|session| session.collections.clone()).unwrap_or_default(),
                behind_deltas,
                behind_ms,
                ahead_deltas: known.map_or(0, |known| self.heads.ahead(known)),
                banned_until_ms: self.strikes.banned_until(peer, now_ms),
            }
        };
        others.map(show).collect()
    }
}

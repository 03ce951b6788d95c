//! What an engine shows of itself.

use crate::model::PeerId;
use crate::sync::engine::dispatch::engine::Engine;
use crate::sync::engine::io::{EnginePeer, EngineStatus, EngineWait};
use crate::sync::engine::members::clocks::clock_trouble;

impl Engine {
    pub fn status(&self, now_ms: u64) -> EngineStatus {
        let now_ms = self.core.now_ms.max(now_ms);
        let latencies: Vec<f64> = self.core.peers.values().filter_map(|session| session.latency_ms).collect();
        let count = u32::try_from(latencies.len()).map_or(f64::MAX, f64::from);
        EngineStatus {
            network: self.core.config.network,
            connected_peers: u64::try_from(self.core.peers.len()).unwrap_or(u64::MAX),
            total_peers: u64::try_from(self.core.roster.len()).unwrap_or(u64::MAX),
            deltas_sent: self.core.counters.deltas_sent,
            deltas_received: self.core.counters.deltas_received,
            bytes_sent: self.core.counters.bytes_sent,
            bytes_received: self.core.counters.bytes_received,
            messages_sent: self.core.counters.messages_sent,
            messages_received: self.core.counters.messages_received,
            average_latency_ms: (!latencies.is_empty()).then(|| latencies.iter().sum::<f64>() / count),
            last_sync_ms: self.core.counters.last_sync_ms,
            sync_in_progress: self.is_busy(),
            last_error: self
                .clock_trouble()
                .or_else(|| self.silence.silence(&self.core))
                .or_else(|| self.core.counters.last_error.clone()),
            waits: self.waits(),
            schema_conflicts: self.schemas.conflicts(),
            clock_trouble: self.clock_trouble(),
            peers: self.shown_peers(now_ms),
        }
    }

    /// What is wrong with the clock here or those of connected members, for people.
    pub fn clock_trouble(&self) -> Option<String> {
        clock_trouble(&self.core)
    }

    fn is_busy(&self) -> bool {
        !self.log.is_idle() || self.reconciliation.is_running() || self.exchange.is_syncing()
    }

    fn waits(&self) -> Vec<EngineWait> {
        // What a column hides that has another type here.
        let conflicts = self.schemas.conflicts_by_peer().map(|(peer, difference)| EngineWait {
            origin: peer.clone(),
            seq: 0,
            reason: difference.clone().into(),
            due_ms: None,
        });
        self.log.paused().into_iter().chain(self.log.withheld(&self.core)).chain(conflicts).collect()
    }

    fn shown_peers(&self, now_ms: u64) -> Vec<EnginePeer> {
        let others = self.core.roster.peers().filter(|peer| **peer != self.core.config.this);
        let show = |peer: &PeerId| {
            let session = self.core.peers.get(peer);
            let known = session.map(|session| &session.known).or_else(|| self.core.roster.acknowledged(peer));
            let (behind_deltas, behind_ms) = known.map_or((0, 0), |known| self.core.heads.behind(known, now_ms));
            let last_seen_ms = session.map(|session| session.seen_ms).or_else(|| self.core.roster.last_seen_ms(peer));
            EnginePeer {
                peer: peer.clone(),
                addresses: self.core.roster.addresses(peer).to_vec(),
                connected: session.is_some(),
                latency_ms: session.and_then(|session| session.latency_ms),
                last_seen_ms,
                signed_ms: self.head_times.at_ms(peer),
                collections: session.map(|session| session.collections.clone()).unwrap_or_default(),
                behind_deltas,
                behind_ms,
                ahead_deltas: known.map_or(0, |known| self.core.heads.ahead(known)),
                banned_until_ms: self.core.penalties.banned_until(peer, now_ms),
            }
        };
        others.map(show).collect()
    }
}

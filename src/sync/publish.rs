//! What the node shows of itself: its addresses, networks and peers.

use crate::db::{NetworkStatus, PeerStatus, Quarantined, SyncStatus};
use crate::model::NetworkId;
use crate::sync::engine::{EnginePeer, EngineStatus};
use crate::sync::node::Node;
use crate::sync::posting::Posting;

/// How often the status is shown anew where nothing seems to have changed, in milliseconds: ages grow.
const PUBLISH_MS: u64 = 1_000;

impl Node {
    /// Shows the state, where it has changed or a while has passed.
    pub fn publish_status(&mut self, now_ms: u64) {
        let has_posted = self.postings.values().any(Posting::has_changed);
        let is_old = now_ms >= self.last_published_ms.saturating_add(PUBLISH_MS);
        if !(self.has_news || has_posted || is_old) {
            return;
        }
        self.has_news = false;
        self.last_published_ms = now_ms;
        let mut status = SyncStatus {
            running: true,
            addresses: self.addresses.iter().map(|address| format!("{address}/p2p/{}", self.this)).collect(),
            networks: self.postings.iter().map(|(id, posting)| posting.status(*id)).collect(),
            peers: Vec::new(),
        };
        for running in self.networks.values() {
            let shown = running.engine.status(now_ms);
            let network = shown.network;
            status.peers.extend(shown.peers.iter().map(|peer| peer_status(network, peer)));
            status.networks.push(network_status(shown));
        }
        self.database.publish_sync_status(status);
    }
}

fn network_status(status: EngineStatus) -> NetworkStatus {
    let quarantine = status.waits.into_iter().map(|wait| Quarantined {
        origin: wait.origin,
        seq: wait.seq,
        reason: wait.reason.to_string(),
        due_ms: wait.due_ms,
    });
    NetworkStatus {
        network: status.network,
        connected_peers: status.connected_peers,
        total_peers: status.total_peers,
        deltas_sent: status.deltas_sent,
        deltas_received: status.deltas_received,
        bytes_sent: status.bytes_sent,
        bytes_received: status.bytes_received,
        messages_sent: status.messages_sent,
        messages_received: status.messages_received,
        average_latency_ms: status.average_latency_ms,
        last_sync_ms: status.last_sync_ms,
        sync_in_progress: status.sync_in_progress,
        last_error: status.last_error,
        quarantine: quarantine.collect(),
        schema_conflicts: status.schema_conflicts,
    }
}

fn peer_status(network: NetworkId, peer: &EnginePeer) -> PeerStatus {
    PeerStatus {
        network,
        peer_id: peer.peer.clone(),
        addresses: peer.addresses.clone(),
        connected: peer.connected,
        latency_ms: peer.latency_ms,
        last_seen_ms: peer.last_seen_ms,
        collections: peer.collections.clone(),
        behind_deltas: peer.behind_deltas,
        behind_ms: peer.behind_ms,
        ahead_deltas: peer.ahead_deltas,
        banned_until_ms: peer.banned_until_ms,
    }
}

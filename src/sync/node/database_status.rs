//! An engine's status in the words of the database.

use crate::db::{NetworkStatus, PeerStatus, Quarantined};
use crate::sync::engine::EngineStatus;

/// One network and its members as `nebulus.networks` and `nebulus.peers` show them.
pub fn database_status(status: EngineStatus) -> (NetworkStatus, Vec<PeerStatus>) {
    let network = status.network;
    let peers = status.peers.into_iter().map(|peer| PeerStatus {
        network,
        peer_id: peer.peer,
        addresses: peer.addresses,
        connected: peer.connected,
        latency_ms: peer.latency_ms,
        last_seen_ms: peer.last_seen_ms,
        signed_ms: peer.signed_ms,
        collections: peer.collections,
        behind_deltas: peer.behind_deltas,
        behind_ms: peer.behind_ms,
        ahead_deltas: peer.ahead_deltas,
        banned_until_ms: peer.banned_until_ms,
    });
    let peers = peers.collect();
    let quarantine = status.waits.into_iter().map(|wait| Quarantined {
        origin: wait.origin,
        seq: wait.seq,
        reason: wait.reason.into_owned(),
        due_ms: wait.due_ms,
    });
    let status = NetworkStatus {
        network,
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
        clock_trouble: status.clock_trouble,
    };
    (status, peers)
}

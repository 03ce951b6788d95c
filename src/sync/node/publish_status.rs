//! What the node shows of itself: its addresses, networks and peers.

use crate::db::{RefusedPeer, SyncStatus};
use crate::sync::node::database_status::database_status;
use crate::sync::node::node::Node;
use crate::sync::node::posting::EndpointPosting;
use crate::sync::transport::address::peer_here;

/// How often the status is shown anew where nothing seems to have changed, in milliseconds: ages grow.
const PUBLISH_MS: u64 = 1_000;

impl Node {
    /// Shows the state, where it has changed or a while has passed.
    pub fn publish_status(&mut self, now_ms: u64) {
        let has_posted = self.postings.values().any(EndpointPosting::has_changed);
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
            refused: self.refused_peers(),
        };
        for running in self.networks.values() {
            let (mut network, peers) = database_status(running.engine.status(now_ms));
            if let Some(trouble) = self.troubles.of(network.network) {
                network.last_error = Some(trouble.to_string());
            }
            status.networks.push(network);
            status.peers.extend(peers);
        }
        self.database.publish_sync_status(status);
    }

    /// Peers that speak no version that is spoken here, with the networks that they may be of.
    fn refused_peers(&self) -> Vec<RefusedPeer> {
        let told = self.refused_versions.iter();
        let shown = told.map(|(peer, refused)| {
            let here = peer_here(peer);
            let mut networks = self.dialer.networks_of(*peer);
            let as_member = self.networks.iter().filter(|(_, running)| running.members.contains_key(&here));
            networks.extend(as_member.map(|(id, _)| *id));
            RefusedPeer {
                networks: networks.into_iter().collect(),
                peer_id: here,
                addresses: refused.addresses.iter().map(ToString::to_string).collect(),
                reason: refused.reason.clone(),
            }
        });
        shown.collect()
    }
}

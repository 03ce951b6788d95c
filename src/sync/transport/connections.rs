//! The connections of a node, by peer. Pure.

use std::collections::{BTreeMap, HashMap};

use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};

/// A connection that is there.
#[derive(Clone, Debug)]
pub struct PeerConnection {
    pub id: ConnectionId,
    /// Through a relay: good for agreeing on a better one.
    pub is_relayed: bool,
    /// Begun by this node.
    pub is_dialled: bool,
    /// Where the peer was reached, where this node dialled.
    pub address: Option<Multiaddr>,
    pub since_ms: u64,
}

/// All of them.
#[derive(Default)]
pub struct Connections {
    peers: HashMap<PeerId, Vec<PeerConnection>>,
    /// Round trips in microseconds, as ping measures them.
    delays: BTreeMap<PeerId, u64>,
}

impl Connections {
    /// Whether the peer was reached through relays alone so far.
    pub fn add(&mut self, peer: PeerId, connection: PeerConnection) -> bool {
        let connections = self.peers.entry(peer).or_default();
        let was_relayed = !connections.is_empty() && connections.iter().all(|known| known.is_relayed);
        connections.push(connection);
        was_relayed
    }

    /// Whether that was the last one of the peer.
    pub fn remove(&mut self, peer: PeerId, id: ConnectionId) -> bool {
        let Some(connections) = self.peers.get_mut(&peer) else { return true };
        connections.retain(|connection| connection.id != id);
        if connections.is_empty() {
            self.peers.remove(&peer);
            self.delays.remove(&peer);
            return true;
        }
        false
    }

    /// All connected peers.
    pub fn peers(&self) -> Vec<PeerId> {
        self.peers.keys().copied().collect()
    }

    pub fn is_connected(&self, peer: &PeerId) -> bool {
        self.peers.contains_key(peer)
    }

    /// The connection that new streams go over: the newest direct one, else the newest. A peer that was killed and came
    /// back has its old connections here until they time out, and those lead nowhere.
    pub fn best(&self, peer: &PeerId) -> Option<ConnectionId> {
        let connections = self.peers.get(peer)?;
        let direct = connections.iter().rev().find(|connection| !connection.is_relayed);
        direct.or(connections.last()).map(|connection| connection.id)
    }

    /// Addresses where this peer was reached from here.
    pub fn addresses(&self, peer: &PeerId) -> Vec<Multiaddr> {
        let connections = self.peers.get(peer).into_iter().flatten();
        connections.filter_map(|connection| connection.address.clone()).collect()
    }

    /// Peers that came by themselves before this moment, with nothing but such connections.
    pub fn visitors_since(&self, before_ms: u64) -> Vec<PeerId> {
        let is_visitor = |connections: &[PeerConnection]| {
            connections.iter().all(|connection| !connection.is_dialled && connection.since_ms < before_ms)
        };
        self.peers.iter().filter(|(_, connections)| is_visitor(connections)).map(|(peer, _)| *peer).collect()
    }

    pub fn set_delay(&mut self, peer: PeerId, micros: u64) {
        if self.peers.contains_key(&peer) {
            self.delays.insert(peer, micros);
        }
    }

    /// Microseconds to the peer and back; the greatest number where it was not measured.
    pub fn delay(&self, peer: &PeerId) -> u64 {
        self.delays.get(peer).copied().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(id: usize, is_relayed: bool, is_dialled: bool) -> PeerConnection {
        PeerConnection { id: ConnectionId::new_unchecked(id), is_relayed, is_dialled, address: None, since_ms: 5 }
    }

    #[test]
    fn new_direct_connections_come_first_and_the_last_one_is_noticed() {
        let (mut connections, peer) = (Connections::default(), PeerId::random());
        assert!(!connections.add(peer, connection(1, true, true)));
        assert_eq!(connections.best(&peer), Some(ConnectionId::new_unchecked(1)));
        assert!(connections.add(peer, connection(2, false, true)), "it was relayed before");
        assert!(!connections.add(peer, connection(3, false, true)));
        assert_eq!(connections.best(&peer), Some(ConnectionId::new_unchecked(3)));
        assert!(!connections.add(peer, connection(4, true, true)));
        assert_eq!(connections.best(&peer), Some(ConnectionId::new_unchecked(3)));
        connections.set_delay(peer, 7);
        for id in [2, 1, 4] {
            assert!(!connections.remove(peer, ConnectionId::new_unchecked(id)));
        }
        assert_eq!(connections.delay(&peer), 7);
        assert!(connections.remove(peer, ConnectionId::new_unchecked(3)));
        assert!(!connections.is_connected(&peer) && connections.delay(&peer) == u64::MAX);
    }

    #[test]
    fn visitors_are_those_that_nobody_here_dialled() {
        let (mut connections, visitor, both) = (Connections::default(), PeerId::random(), PeerId::random());
        connections.add(visitor, connection(1, false, false));
        connections.add(both, connection(2, false, false));
        connections.add(both, connection(3, false, true));
        assert_eq!(connections.visitors_since(6), vec![visitor]);
        assert!(connections.visitors_since(5).is_empty());
    }
}

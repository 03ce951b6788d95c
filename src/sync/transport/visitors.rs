//! Places for connections from outside: strangers have few, and lose them to one another and never to members.
//!
//! Whoever knows no network's secret can connect and say nothing. Strangers are counted together and by where they come from;
//! one more than there are places takes that of the oldest of them, from wherever most come, so that a member that is not
//! known yet finds a place while it proves a network. Known members have places of their own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};

use crate::sync::transport::knocking::{KnockSource, source_of};

/// Connections of strangers, at most. Each may hold some 16 MiB of unread bytes.
pub const STRANGERS_MAX: usize = 64;
/// Connections that one member has made, at most: one for each transport, and as many dead ones that wait to be noticed.
const PER_MEMBER_MAX: usize = 8;

/// Denies nobody a connection; ends those of others that have to go.
#[derive(Default)]
pub struct VisitorBehaviour {
    members: HashSet<PeerId>,
    /// Oldest first.
    strangers: Vec<Visit>,
    of_members: HashMap<PeerId, VecDeque<ConnectionId>>,
    ending: VecDeque<(PeerId, ConnectionId)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Visit {
    id: ConnectionId,
    peer: PeerId,
    source: KnockSource,
}

impl VisitorBehaviour {
    /// Who is a member of some network here.
    pub fn set_members(&mut self, members: HashSet<PeerId>) {
        self.strangers.retain(|visit| !members.contains(&visit.peer));
        self.members = members;
    }

    /// A peer has proved a network: from now on its connections are a member's.
    pub fn admit(&mut self, peer: PeerId) {
        self.strangers.retain(|visit| visit.peer != peer);
        self.members.insert(peer);
    }

    fn arrived(&mut self, visit: Visit) {
        if self.members.contains(&visit.peer) {
            let connections = self.of_members.entry(visit.peer).or_default();
            connections.push_back(visit.id);
            if connections.len() > PER_MEMBER_MAX
                && let Some(oldest) = connections.pop_front()
            {
                self.ending.push_back((visit.peer, oldest));
            }
            return;
        }
        self.strangers.push(visit);
        if self.strangers.len() <= STRANGERS_MAX {
            return;
        }
        let from = |source: KnockSource| self.strangers.iter().filter(move |other| other.source == source).count();
        // Of those that have as many, the one with the oldest.
        let crowded = self.strangers.iter().rev().map(|other| other.source).max_by_key(|source| from(*source));
        let oldest = crowded.and_then(|source| self.strangers.iter().position(|other| other.source == source));
        if let Some(oldest) = oldest {
            let Visit { id, peer, .. } = self.strangers.remove(oldest);
            tracing::debug!(%peer, "a stranger has to make room");
            self.ending.push_back((peer, id));
        }
    }

    fn gone(&mut self, id: ConnectionId) {
        self.strangers.retain(|visit| visit.id != id);
        self.ending.retain(|(_, ending)| *ending != id);
        self.of_members.retain(|_, connections| {
            connections.retain(|connection| *connection != id);
            !connections.is_empty()
        });
    }
}

impl NetworkBehaviour for VisitorBehaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.arrived(Visit { id, peer, source: source_of(remote) });
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(closed) => self.gone(closed.connection_id),
            // Another behaviour may deny what has a place here already.
            FromSwarm::ListenFailure(failure) => self.gone(failure.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.ending.pop_front() {
            Some((peer_id, id)) => {
                Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(id) })
            }
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(number: usize, peer: PeerId, host: &str) -> Visit {
        let address: Multiaddr = format!("/ip4/{host}/tcp/4001").parse().unwrap();
        Visit { id: ConnectionId::new_unchecked(number), peer, source: source_of(&address) }
    }

    #[test]
    fn strangers_take_places_from_strangers_and_never_from_members() {
        let (mut places, member) = (VisitorBehaviour::default(), PeerId::random());
        places.set_members(HashSet::from([member]));
        places.arrived(visit(1_000, member, "192.0.2.1"));
        let elsewhere = visit(1_001, PeerId::random(), "203.0.113.9");
        places.arrived(elsewhere);
        for number in 0..200 {
            places.arrived(visit(number, PeerId::random(), "192.0.2.1"));
        }
        assert_eq!(places.strangers.len(), STRANGERS_MAX);
        let left: Vec<_> = places.strangers.iter().map(|visit| visit.id).collect();
        let newest = (200 + 1 - STRANGERS_MAX..200).map(ConnectionId::new_unchecked);
        assert_eq!(
            left,
            [elsewhere.id].into_iter().chain(newest).collect::<Vec<_>>(),
            "the newest, and who is from elsewhere"
        );
        assert!(places.ending.iter().all(|(peer, _)| *peer != member));
        for number in 200..400 {
            places.arrived(visit(number, PeerId::random(), &format!("198.51.100.{}", number % 200)));
        }
        assert_eq!(places.strangers.len(), STRANGERS_MAX);
        let crowded = places.strangers.iter().filter(|other| other.source == visit(0, member, "192.0.2.1").source);
        assert!(crowded.count() < 3, "where most come from, most have to go");
    }

    #[test]
    fn who_proves_a_network_keeps_its_place() {
        let (mut places, newcomer) = (VisitorBehaviour::default(), PeerId::random());
        places.arrived(visit(0, newcomer, "192.0.2.1"));
        places.admit(newcomer);
        for number in 1..100 {
            places.arrived(visit(number, PeerId::random(), "192.0.2.1"));
        }
        assert!(places.ending.iter().all(|(peer, _)| *peer != newcomer));
        for number in 100..100 + PER_MEMBER_MAX + 1 {
            places.arrived(visit(number, newcomer, "192.0.2.1"));
        }
        assert_eq!(places.ending.back(), Some(&(newcomer, ConnectionId::new_unchecked(100))), "a member's own oldest");
        places.gone(ConnectionId::new_unchecked(99));
        assert_eq!(places.strangers.len(), STRANGERS_MAX - 1);
    }
}

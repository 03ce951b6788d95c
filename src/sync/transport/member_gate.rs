//! A protocol that strangers do not get: to them it is not there, not even by name.
//!
//! Kademlia would tell anybody who asks which peers a node knows, and an AutoNAT server dials where it is told. Both are
//! therefore spoken with peers on a list alone: connections of others get a handler without protocols and are never
//! mentioned to the behaviour inside, and what that behaviour would dial beyond the list is refused. Whoever is put on the
//! list or taken off it is treated so from the next connection on.

use std::collections::{HashMap, HashSet};
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
// The crate `either` is not re-exported anywhere else.
use libp2p::swarm::derive_prelude::Either;
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, DialError, DialFailure, FromSwarm, NetworkBehaviour,
    NotifyHandler, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};

use crate::sync::transport::reach::Reach;

/// A behaviour for listed peers only.
pub struct MembersOnly<B> {
    inner: B,
    members: HashSet<PeerId>,
    /// Connections that the inner behaviour knows of.
    connections: HashMap<ConnectionId, PeerId>,
    /// Addresses outside of it are not given to be dialled: others have named them.
    reach: Reach,
}

impl<B: NetworkBehaviour> MembersOnly<B> {
    pub fn new(inner: B) -> Self {
        MembersOnly { inner, members: HashSet::new(), connections: HashMap::new(), reach: Reach::default() }
    }

    /// Replaces the list. Connections that were made under another one have to be closed by the caller.
    pub fn set_members(&mut self, members: HashSet<PeerId>) {
        self.members = members;
    }

    /// Where members may send this node.
    pub fn set_reach(&mut self, reach: Reach) {
        self.reach = reach;
    }

    pub fn inner_mut(&mut self) -> &mut B {
        &mut self.inner
    }

    /// Peers with a connection that the inner behaviour serves.
    pub fn served(&self) -> HashSet<PeerId> {
        self.connections.values().copied().collect()
    }

    fn any_connection(&self, peer: PeerId) -> Option<ConnectionId> {
        self.connections.iter().find(|(_, owner)| **owner == peer).map(|(connection, _)| *connection)
    }

    /// What the inner behaviour wants, as far as it may; `None` where it may not.
    fn permitted(&mut self, action: ToSwarm<B::ToSwarm, THandlerInEvent<B>>) -> Option<Action<B>> {
        match action {
            ToSwarm::Dial { opts } => {
                let peer_id = opts.get_peer_id();
                if peer_id.is_some_and(|peer| self.members.contains(&peer)) {
                    return Some(ToSwarm::Dial { opts });
                }
                let (connection_id, error) = (opts.connection_id(), DialError::Aborted);
                self.inner.on_swarm_event(FromSwarm::DialFailure(DialFailure {
                    peer_id,
                    error: &error,
                    connection_id,
                }));
                None
            }
            ToSwarm::NotifyHandler { peer_id, handler, event } => {
                // Any connection of the peer would do for the inner behaviour, but some may have the empty handler.
                let connection = match handler {
                    NotifyHandler::One(connection) => Some(connection).filter(|id| self.connections.contains_key(id)),
                    NotifyHandler::Any => self.any_connection(peer_id),
                }?;
                Some(ToSwarm::NotifyHandler {
                    peer_id,
                    handler: NotifyHandler::One(connection),
                    event: Either::Left(event),
                })
            }
            ToSwarm::CloseConnection { peer_id, connection } => match connection {
                CloseConnection::One(id) if !self.connections.contains_key(&id) => None,
                connection => Some(ToSwarm::CloseConnection { peer_id, connection }),
            },
            other => Some(other.map_in(Either::Left)),
        }
    }
}

type Action<B> =
    ToSwarm<<B as NetworkBehaviour>::ToSwarm, Either<THandlerInEvent<B>, THandlerInEvent<dummy::Behaviour>>>;

impl<B: NetworkBehaviour> NetworkBehaviour for MembersOnly<B> {
    type ConnectionHandler = Either<THandler<B>, dummy::ConnectionHandler>;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.members.contains(&peer) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        let handler = self.inner.handle_established_inbound_connection(connection, peer, local, remote)?;
        self.connections.insert(connection, peer);
        Ok(Either::Left(handler))
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        // What it knows of others' addresses it has heard of others.
        let mut more = self.inner.handle_pending_outbound_connection(connection, peer, addresses, role)?;
        more.retain(|address| self.reach.permits(address));
        Ok(more)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port_use: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.members.contains(&peer) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        let handler = self.inner.handle_established_outbound_connection(connection, peer, address, role, port_use)?;
        self.connections.insert(connection, peer);
        Ok(Either::Left(handler))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(established) => {
                if self.connections.contains_key(&established.connection_id) {
                    self.inner.on_swarm_event(event);
                }
            }
            FromSwarm::ConnectionClosed(closed) => {
                if self.connections.remove(&closed.connection_id).is_some() {
                    self.inner.on_swarm_event(event);
                }
            }
            FromSwarm::AddressChange(change) => {
                if self.connections.contains_key(&change.connection_id) {
                    self.inner.on_swarm_event(event);
                }
            }
            // A connection may be denied by another behaviour after this one has made its handler.
            FromSwarm::DialFailure(failure) => {
                self.connections.remove(&failure.connection_id);
                self.inner.on_swarm_event(event);
            }
            FromSwarm::ListenFailure(failure) => {
                self.connections.remove(&failure.connection_id);
                self.inner.on_swarm_event(event);
            }
            _ => self.inner.on_swarm_event(event),
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {
            Either::Left(event) => self.inner.on_connection_handler_event(peer, connection, event),
            Either::Right(never) => match never {},
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            match self.inner.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(action) => {
                    if let Some(action) = self.permitted(action) {
                        return Poll::Ready(action);
                    }
                }
            }
        }
    }
}

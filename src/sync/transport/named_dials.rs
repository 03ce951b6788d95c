//! Dials that this node has not thought of itself: a behaviour wants them because a peer has named an address.
//!
//! Kademlia, AutoNAT and DCUtR all dial what they are told. Whatever they want beyond the [`Reach`] is refused here, whoever
//! asks; what this node dials by itself has been asked about before.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io;
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    dummy,
};

use crate::sync::transport::reach::Reach;

/// Refuses dials that others have thought of, where they lead to places that others may not name.
#[derive(Default)]
pub struct NamedDialBehaviour {
    reach: Reach,
    /// Dials of this node itself that are about to begin.
    own: HashSet<ConnectionId>,
}

impl NamedDialBehaviour {
    /// Where others may send this node.
    pub fn set_reach(&mut self, reach: Reach) {
        self.reach = reach;
    }

    /// This node is about to make this connection by itself.
    pub fn begin_own(&mut self, connection: ConnectionId) {
        self.own.insert(connection);
    }
}

impl NetworkBehaviour for NamedDialBehaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        _: Option<PeerId>,
        addresses: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if self.own.remove(&connection) || addresses.iter().all(|address| self.reach.permits(address)) {
            return Ok(Vec::new());
        }
        Err(ConnectionDenied::new(io::Error::other("an address that others may not name")))
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
        if let FromSwarm::DialFailure(failure) = event {
            self.own.remove(&failure.connection_id);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_thought_of_is_dialled_within_reach_alone() {
        let mut dials = NamedDialBehaviour::default();
        let dial = |dials: &mut NamedDialBehaviour, number: usize, address: &str| {
            let (id, addresses) = (ConnectionId::new_unchecked(number), [address.parse().unwrap()]);
            dials.handle_pending_outbound_connection(id, None, &addresses, Endpoint::Dialer).is_ok()
        };
        assert!(dial(&mut dials, 1, "/ip4/198.51.100.7/tcp/4001"));
        assert!(!dial(&mut dials, 2, "/ip4/127.0.0.1/tcp/5432"));
        dials.begin_own(ConnectionId::new_unchecked(3));
        assert!(dial(&mut dials, 3, "/ip4/127.0.0.1/tcp/4001"), "this node knows what it does");
        assert!(!dial(&mut dials, 3, "/ip4/127.0.0.1/tcp/4001"), "once");
    }
}

//! Raw streams between peers: opens them on a connection of choice, and hands over those that peers open.
//!
//! What `libp2p-stream` does, with four differences that matter here: a stream is opened on the connection that was asked
//! for, not on any (the direct one beside a relayed one); nothing is ever dialled on the way; streams that arrive together
//! are queued, not reset; and nothing stays behind when a connection closes.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::task::{Context, Poll, Waker};

use futures::future::{Ready, ready};
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    NotifyHandler, Stream, StreamProtocol, SubstreamProtocol, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{PeerId, swarm};

/// Streams of one connection that wait to be handed over, at most; more are reset.
const WAITING_MAX: usize = 64;
/// Streams of one connection that wait to be opened, at most; more fail at once.
const OPENING_MAX: usize = 64;

/// Opens and takes streams of some protocols.
pub struct RawStreamBehaviour {
    protocols: Vec<StreamProtocol>,
    actions: VecDeque<ToSwarm<StreamEvent, OpenStream>>,
    waker: Option<Waker>,
}

/// A stream is there, or will not be.
#[derive(Debug)]
pub enum StreamEvent {
    /// The peer opened a stream.
    Inbound { peer: PeerId, protocol: StreamProtocol, stream: Stream },
    /// The stream that was asked for with this number.
    Opened { number: u64, protocol: StreamProtocol, stream: Stream },
    /// There will be no stream for this number: the peer does not speak the protocol or the connection broke. When a
    /// connection closes, its numbers go without an event.
    Failed { number: u64 },
}

/// Asks a connection for a stream.
#[derive(Debug)]
pub struct OpenStream {
    number: u64,
    /// The first of them that the peer speaks.
    protocols: Vec<StreamProtocol>,
}

impl RawStreamBehaviour {
    pub fn new(protocols: Vec<StreamProtocol>) -> Self {
        RawStreamBehaviour { protocols, actions: VecDeque::new(), waker: None }
    }

    /// Opens a stream by the first of these protocols that the peer speaks; an [`StreamEvent`] with this number follows unless the
    /// connection closes.
    pub fn open(&mut self, peer: PeerId, connection: ConnectionId, protocols: Vec<StreamProtocol>, number: u64) {
        let event = OpenStream { number, protocols };
        self.actions.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event,
        });
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn handler(&self) -> Handler {
        Handler {
            protocols: self.protocols.clone(),
            opening: VecDeque::new(),
            opening_count: 0,
            waiting: VecDeque::new(),
            waker: None,
        }
    }
}

impl NetworkBehaviour for RawStreamBehaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = StreamEvent;

    fn handle_established_inbound_connection(
        &mut self,
        _connection: ConnectionId,
        _peer: PeerId,
        _local: &Multiaddr,
        _remote: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _connection: ConnectionId,
        _peer: PeerId,
        _address: &Multiaddr,
        _role: Endpoint,
        _port_use: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _event: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, peer: PeerId, _connection: ConnectionId, event: THandlerOutEvent<Self>) {
        let event = match event {
            Arrived::Inbound { protocol, stream } => StreamEvent::Inbound { peer, protocol, stream },
            Arrived::Opened { number, protocol, stream } => StreamEvent::Opened { number, protocol, stream },
            Arrived::Failed { number } => StreamEvent::Failed { number },
        };
        self.actions.push_back(ToSwarm::GenerateEvent(event));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<StreamEvent, THandlerInEvent<Self>>> {
        match self.actions.pop_front() {
            Some(action) => Poll::Ready(action),
            None => {
                self.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// One connection's part of it.
pub struct Handler {
    protocols: Vec<StreamProtocol>,
    opening: VecDeque<OpenStream>,
    /// Streams that the connection has been asked for.
    opening_count: usize,
    waiting: VecDeque<Arrived>,
    waker: Option<Waker>,
}

/// What a connection tells the behaviour.
#[derive(Debug)]
pub enum Arrived {
    Inbound { protocol: StreamProtocol, stream: Stream },
    Opened { number: u64, protocol: StreamProtocol, stream: Stream },
    Failed { number: u64 },
}

impl Handler {
    fn arrived(&mut self, arrived: Arrived) {
        self.waiting.push_back(arrived);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = OpenStream;
    type ToBehaviour = Arrived;
    type InboundProtocol = AnyOf;
    type OutboundProtocol = AnyOf;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = u64;

    fn listen_protocol(&self) -> SubstreamProtocol<AnyOf> {
        SubstreamProtocol::new(AnyOf(self.protocols.clone()), ())
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<AnyOf, u64, Arrived>> {
        if let Some(arrived) = self.waiting.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(arrived));
        }
        if let Some(OpenStream { number, protocols }) = self.opening.pop_front() {
            let protocol = SubstreamProtocol::new(AnyOf(protocols), number);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, open: OpenStream) {
        if self.opening_count >= OPENING_MAX {
            self.arrived(Arrived::Failed { number: open.number });
            return;
        }
        self.opening_count += 1;
        self.opening.push_back(open);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, AnyOf, AnyOf, (), u64>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (protocol, stream), ..
            }) if self.waiting.len() < WAITING_MAX => self.arrived(Arrived::Inbound { protocol, stream }),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (protocol, stream),
                info,
            }) => {
                self.opening_count = self.opening_count.saturating_sub(1);
                self.arrived(Arrived::Opened { number: info, protocol, stream });
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, .. }) => {
                self.opening_count = self.opening_count.saturating_sub(1);
                self.arrived(Arrived::Failed { number: info });
            }
            _ => {}
        }
    }
}

/// Agrees on one of some protocols and leaves the stream as it is.
#[derive(Clone, Debug)]
pub struct AnyOf(Vec<StreamProtocol>);

impl UpgradeInfo for AnyOf {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<swarm::Stream> for AnyOf {
    type Output = (StreamProtocol, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((protocol, stream)))
    }
}

impl OutboundUpgrade<swarm::Stream> for AnyOf {
    type Output = (StreamProtocol, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((protocol, stream)))
    }
}

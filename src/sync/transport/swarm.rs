//! The swarm: the node's identity and its transports.
//!
//! QUIC, TCP and WebSocket with Noise and Yamux, and circuits through relays. TLS and QUIC use ring. Yamux grows its
//! windows with the connection's delay and throughput by itself, up to 1 GiB for all streams of a connection; a stream
//! that nobody reads never holds more than 256 KiB, and the number of streams is limited here. QUIC's windows are fixed
//! and are set here to what a fast local link needs. The limits of a relayed circuit (by default 128 KiB and two minutes)
//! are the relay's to set: such a connection serves to agree on a direct one.

use std::time::Duration;

use futures::io::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::transport::{Boxed, OrTransport};
use libp2p::core::upgrade::Version;
use libp2p::identity::{Keypair, ed25519};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::Config;
use libp2p::{Multiaddr, PeerId, Swarm, Transport, dns, noise, quic, relay, tcp, websocket, yamux};

use crate::error::{Error, ErrorKind, Result};
use crate::store::Identity;
use crate::sync::transport::address::is_relayed;
use crate::sync::transport::behaviour::Behaviour;
use crate::sync::transport::knocking::Knocking;

/// How long a connection may take to be made.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection without streams is kept. Members always have one; this is for those who have just met, or whose
/// proofs wait for their next attempt.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Streams of one connection, at most, both sides counted.
const STREAMS_MAX: usize = 256;
/// Streams of one connection whose protocol is being agreed on, at most.
const NEGOTIATING_MAX: usize = 32;
/// Unread bytes of one stream and of one connection over QUIC.
const QUIC_STREAM_BYTES: u32 = 8 * 1024 * 1024;
const QUIC_CONNECTION_BYTES: u32 = 16 * 1024 * 1024;
const QUIC_IDLE_MS: u32 = 30_000;
/// Largest datagram that is tried, for networks with jumbo frames and for loopback; where it does not pass, smaller ones are used.
const QUIC_PAYLOAD_BYTES_MAX: u16 = 8_952;

/// A swarm for this identity, which listens nowhere yet.
///
/// # Errors
/// F0000 where mDNS is wanted and not to be had; XX000 for a key that the transport refuses.
pub fn build(identity: &Identity, wants_mdns: bool) -> Result<Swarm<Behaviour>> {
    let keypair = ed25519::Keypair::try_from_bytes(identity.keypair_bytes().as_mut_slice())
        .map(Keypair::from)
        .map_err(|error| Error::internal(format!("the node's key: {error}")))?;
    let this = keypair.public().to_peer_id();
    let (relay_transport, relay) = relay::client::new(this);
    let transport = transport(&keypair, relay_transport)?;
    let behaviour = Behaviour::new(&keypair, relay, wants_mdns)?;
    let config = Config::with_tokio_executor()
        .with_idle_connection_timeout(IDLE_TIMEOUT)
        .with_max_negotiating_inbound_streams(NEGOTIATING_MAX);
    Ok(Swarm::new(transport, behaviour, this, config))
}

type Connections = Boxed<(PeerId, StreamMuxerBox)>;

fn transport(keypair: &Keypair, relay: relay::client::Transport) -> Result<Connections> {
    let direct = || -> Result<Connections> {
        let tcp = secured(tcp::tokio::Transport::new(tcp_config()), keypair)?;
        let mut config = quic::Config::new(keypair);
        config.max_stream_data = QUIC_STREAM_BYTES;
        config.max_connection_data = QUIC_CONNECTION_BYTES;
        config.max_idle_timeout = QUIC_IDLE_MS;
        let config = config.mtu_upper_bound(QUIC_PAYLOAD_BYTES_MAX);
        let quic = quic::tokio::Transport::new(config).map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
        Ok(either(quic.boxed(), tcp))
    };
    // A machine without a resolver still reaches addresses.
    let direct = match dns::tokio::Transport::system(direct()?) {
        Ok(resolving) => resolving.boxed(),
        Err(error) => {
            tracing::warn!(%error, "no DNS configuration: peers are reached by their IP addresses only");
            direct()?
        }
    };
    let websocket = match dns::tokio::Transport::system(tcp::tokio::Transport::new(tcp_config())) {
        Ok(resolving) => secured(websocket::Config::new(resolving), keypair)?,
        Err(_) => secured(websocket::Config::new(tcp::tokio::Transport::new(tcp_config())), keypair)?,
    };
    let all = either(secured(relay, keypair)?, either(websocket, direct));
    Ok(Knocking::new(TransportTimeout::new(all, HANDSHAKE_TIMEOUT).boxed()).boxed())
}

fn tcp_config() -> tcp::Config {
    tcp::Config::default().nodelay(true)
}

fn either(first: Connections, second: Connections) -> Connections {
    OrTransport::new(first, second).map(|either, _| either.into_inner()).boxed()
}

/// Noise, so that both ends know each other's peer id, and Yamux above it.
fn secured<T>(transport: T, keypair: &Keypair) -> Result<Connections>
where
    T: Transport + Send + Unpin + 'static,
    T::Output: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T::Error: Send + Sync + 'static,
    T::Dial: Send + 'static,
    T::ListenerUpgrade: Send + 'static,
{
    let noise = noise::Config::new(keypair).map_err(|error| Error::internal(format!("the node's key: {error}")))?;
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(STREAMS_MAX);
    Ok(transport.upgrade(Version::V1Lazy).authenticate(noise).multiplex(yamux).boxed())
}

/// Reads the addresses to listen on.
///
/// # Errors
/// F0000, naming the one that is no address.
pub fn listen_addresses(texts: &[String]) -> Result<Vec<Multiaddr>> {
    let parse = |text: &String| {
        text.parse().map_err(|error| {
            Error::new(ErrorKind::Configuration, format!("{text:?} is no multiaddress to listen on: {error}"))
                .with_hint("Write it like /ip4/0.0.0.0/udp/4001/quic-v1 or /ip4/127.0.0.1/tcp/0.")
        })
    };
    let addresses = texts.iter().map(parse).collect::<Result<Vec<Multiaddr>>>()?;
    match addresses.iter().find(|address| is_relayed(address) && !names_relay(address)) {
        None => Ok(addresses),
        Some(address) => Err(Error::new(ErrorKind::Configuration, format!("{address} does not say which relay"))
            .with_hint("A place at a relay is written like /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…/p2p-circuit.")),
    }
}

/// Whether an address at a relay says where that is and who.
fn names_relay(address: &Multiaddr) -> bool {
    let mut parts = address.iter().collect::<Vec<_>>().into_iter().rev();
    matches!((parts.next(), parts.next()), (Some(Protocol::P2pCircuit), Some(Protocol::P2p(_))))
        && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_at_a_relay_names_the_relay() {
        const PEER: &str = "12D3KooWEChVMMMzV8acJ53mJHrw1pQ27UAGkCxWXLJutbeUMvVu";
        let read = |text: String| listen_addresses(&[text]).map(|addresses| addresses[0].to_string());
        let at_relay = format!("/ip4/192.0.2.1/tcp/4001/p2p/{PEER}/p2p-circuit");
        assert_eq!(read(at_relay.clone()).unwrap(), at_relay);
        for wrong in ["/ip4/192.0.2.1/tcp/4001/p2p-circuit".to_string(), format!("/p2p/{PEER}/p2p-circuit")] {
            let error = read(wrong.clone()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().contains(&wrong), "{error}");
        }
        assert!(listen_addresses(&["192.0.2.1:4001".to_string()]).is_err());
    }
}
